//! Versions of what records say, and what changed between two of them, the
//! same for every noun.

use std::str::FromStr;

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};

use super::exchange::path_id;
use super::values::time;
use crate::domain::ids::OrganizationId;
use crate::http::paging::{PageQuery, PageView};
use crate::http::preconditions::digested;
use crate::http::problem::{Kind, Problem};
use crate::http::query_string::within;
use crate::services::versions::{self, Version, Versioned};
use crate::services::{Caller, Context};

/// One version of a record.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Version)]
pub struct VersionView {
    /// Its number, from 1; what matches refer to as the revision.
    #[schema(minimum = 1, example = 3)]
    pub version: i64,
    /// When it came.
    #[schema(format = DateTime, max_length = 40)]
    pub created_at: String,
    /// Whether it is what the record says now.
    pub current: bool,
}

impl From<Version> for VersionView {
    fn from(version: Version) -> Self {
        Self {
            version: version.number,
            created_at: time(version.at),
            current: version.current,
        }
    }
}

/// How what a firm's record says is written down.
type Written<R, D> = fn(OrganizationId, &<R as Versioned>::Content) -> D;
/// How a version of it is shown.
type Shown<R, V> = fn(VersionView, OrganizationId, &<R as Versioned>::Content) -> V;

/// A page of a record's versions.
///
/// # Errors
/// As the list.
pub async fn list<R: Versioned + FromStr>(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    id: &str,
    page: PageQuery,
) -> Result<HttpResponse, Problem> {
    let id: R = path_id(id)?;
    let page = versions::of(context, caller, id, page.into()).await?;
    Ok(PageView::of(page, VersionView::from).respond(request))
}

/// What a record said at a version.
///
/// # Errors
/// 404.
pub async fn one<R: Versioned + FromStr, V: Serialize>(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    (id, number): &(String, String),
    shown: Shown<R, V>,
) -> Result<HttpResponse, Problem> {
    let (id, number): (R, i64) = (path_id(id)?, path_id(number)?);
    let mut said = versions::at(context, caller, id, vec![number]).await?;
    let said = said.pop().ok_or(crate::services::Error::NotFound)?;
    let view = shown(said.version.into(), said.organization, &said.content);
    digested(request, &view)
}

/// What changed in a record up to a version.
///
/// # Errors
/// 404, or 400 for what is no version.
pub async fn changes<R: Versioned + FromStr, D: Serialize>(
    context: &Context,
    caller: &Caller,
    (id, number): &(String, String),
    query: &ChangesQuery,
    written: Written<R, D>,
) -> Result<HttpResponse, Problem> {
    let (id, number): (R, i64) = (path_id(id)?, path_id(number)?);
    let since = query.since(number);
    let wanted = std::iter::once(number).chain(since).collect();
    let said = versions::at(context, caller, id, wanted).await?;
    let documents = said.iter().map(|it| written(it.organization, &it.content));
    let documents: Vec<D> = documents.collect();
    let after = documents.first().ok_or(crate::services::Error::NotFound)?;
    let view = ChangesView::between((since, documents.get(1)), (number, after))?;
    Ok(HttpResponse::Ok().json(view))
}

/// Since which version.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// An earlier or a later version; the one before when absent.
    #[serde(default, deserialize_with = "version")]
    #[param(minimum = 1, example = 2)]
    since: Option<i64>,
}

fn version<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    within::<D, i64, 1, { i64::MAX }>(from).map(Some)
}

impl ChangesQuery {
    /// The version to compare with; none when the first is compared with
    /// nothing.
    pub fn since(&self, version: i64) -> Option<i64> {
        match self.since {
            Some(since) => Some(since),
            None => (version > 1).then(|| version - 1),
        }
    }
}

/// What changed between two versions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VersionChanges)]
pub struct ChangesView {
    /// From which version; absent before the first, when there was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, example = 2)]
    since: Option<i64>,
    /// To which one.
    #[schema(minimum = 1, example = 3)]
    version: i64,
    /// Each field that differs, in the order of the document.
    #[schema(max_items = 10_000)]
    changes: Vec<ChangeView>,
}

/// A field that differs.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = VersionChange)]
pub struct ChangeView {
    /// Where: a JSON Pointer (RFC 6901) into the document.
    #[schema(max_length = 300, example = "/summary/en/text")]
    pointer: String,
    /// What stood there; absent if nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value)]
    before: Option<Json>,
    /// What stands there then; absent if nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value)]
    after: Option<Json>,
}

impl ChangesView {
    /// What differs between two documents of the same form.
    ///
    /// # Errors
    /// A document can't be written.
    pub fn between<T: Serialize>(
        (since, before): (Option<i64>, Option<&T>),
        (version, after): (i64, &T),
    ) -> Result<Self, Problem> {
        let json = |it: &T| serde_json::to_value(it).map_err(|_| Problem::new(Kind::Internal));
        let before = before.map(json).transpose()?;
        let empty = Json::Object(serde_json::Map::new());
        let mut changes = Vec::new();
        differ(
            String::new(),
            before.as_ref().unwrap_or(&empty),
            &json(after)?,
            &mut changes,
        );
        Ok(Self {
            since,
            version,
            changes,
        })
    }
}

/// Objects are compared field by field, lists as a whole: what moved within a
/// list has no place of its own to be named by. Nothing and an empty value are
/// the same.
fn differ(at: String, before: &Json, after: &Json, changes: &mut Vec<ChangeView>) {
    if before == after {
        return;
    }
    let (Json::Object(was), Json::Object(is)) = (before, after) else {
        let said = |it: &Json| (!is_nothing(it)).then(|| it.clone());
        let (before, after) = (said(before), said(after));
        if before.is_some() || after.is_some() {
            changes.push(ChangeView {
                pointer: at,
                before,
                after,
            });
        }
        return;
    };
    let nothing = Json::Null;
    let names = was
        .keys()
        .chain(is.keys().filter(|key| !was.contains_key(*key)));
    for name in names {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        let (was, is) = (was.get(name), is.get(name));
        differ(
            format!("{at}/{escaped}"),
            was.unwrap_or(&nothing),
            is.unwrap_or(&nothing),
            changes,
        );
    }
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_field_is_named_with_what_stood_there() {
        let before = json!({
            "summary": { "en": { "text": "Water." }, "he": { "text": "מים" } },
            "tags": ["water"], "team_size": 3, "note": null, "markets": [],
        });
        let after = json!({
            "summary": { "en": { "text": "Air." }, "az": { "text": "Su itkisi" } },
            "tags": ["water", "energy"], "team_size": 3, "a/b~c": true,
        });
        let view = ChangesView::between((Some(1), Some(&before)), (2, &after)).unwrap();
        let change = |pointer: &str, before: Option<Json>, after: Option<Json>| ChangeView {
            pointer: pointer.to_owned(),
            before,
            after,
        };
        let mut found = view.changes;
        found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        assert_eq!(
            found,
            [
                change("/a~1b~0c", None, Some(json!(true))),
                change("/summary/az", None, Some(json!({ "text": "Su itkisi" }))),
                change(
                    "/summary/en/text",
                    Some(json!("Water.")),
                    Some(json!("Air."))
                ),
                change("/summary/he", Some(json!({ "text": "מים" })), None),
                change(
                    "/tags",
                    Some(json!(["water"])),
                    Some(json!(["water", "energy"]))
                ),
            ]
        );
        let same = ChangesView::between((Some(2), Some(&after)), (2, &after)).unwrap();
        assert!(same.changes.is_empty());
    }
}
