//! Export licences of startups.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{created, intent, moved, path_id};
use super::proof::ProofDocument;
use super::transitions::TransitionsView;
use super::values::{code, day, parsed, time};
use super::vocabulary::Vocabulary;
use crate::domain::fault::Faults;
use crate::domain::licence::{Licence, LicenceAction, LicenceContent, MOST_COUNTRIES, MOST_TAGS};
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, JsonBody};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::{Context, licences};

/// Most characters of a reason.
const REASON: usize = 2_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(record_licence)
        .service(list_licences)
        .service(get_licence)
        .service(list_licence_transitions)
        .service(move_licence);
}

/// A licence as it is written down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLicence {
    /// Who gave it.
    #[schema(
        min_length = 1,
        max_length = 200,
        example = "Defense Export Controls Agency"
    )]
    authority: String,
    /// Its number there.
    #[schema(min_length = 1, max_length = 100, example = "2026-1704")]
    number: String,
    /// For counterparts of which countries, ISO 3166-1 alpha-2.
    #[schema(min_items = 1, max_items = 100, example = json!(["AZ"]))]
    countries: Vec<String>,
    /// For what, with all below it; everything the firm makes where none is
    /// named.
    #[serde(default)]
    #[schema(max_items = 50)]
    tags: Vec<String>,
    /// The first day.
    #[schema(format = "date", max_length = 10, example = "2026-11-01")]
    valid_from: String,
    /// The last day.
    #[schema(format = "date", max_length = 10, example = "2027-10-31")]
    valid_to: String,
    /// What it rests on; at least one of its two parts.
    #[serde(default)]
    evidence: ProofDocument,
}

impl NewLicence {
    fn read(&self, context: &Context) -> Result<LicenceContent, Faults> {
        let mut faults = Faults::new();
        for (pointer, found, most) in [
            ("/countries", self.countries.len(), MOST_COUNTRIES),
            ("/tags", self.tags.len(), MOST_TAGS),
        ] {
            if found > most {
                faults.push(pointer, "too_many", format!("At most {most}."));
                return Err(faults);
            }
        }
        let text = |faults: &mut Faults, pointer: &str, text: &str, most| {
            faults.take(pointer, "invalid_text", bounded(text, most, true))
        };
        let authority = text(&mut faults, "/authority", &self.authority, 200);
        let number = text(&mut faults, "/number", &self.number, 100);
        let countries: BTreeSet<_> = self
            .countries
            .iter()
            .enumerate()
            .filter_map(|(place, code)| {
                let pointer = format!("/countries/{place}");
                parsed(&mut faults, &pointer, "unknown_country", code)
            })
            .collect();
        let taxonomy = context.taxonomy();
        let vocabulary = Vocabulary::new(&taxonomy);
        let tags: BTreeSet<_> = self
            .tags
            .iter()
            .enumerate()
            .filter_map(|(place, word)| {
                let known = vocabulary.known(&mut faults, &format!("/tags/{place}"), word);
                known.map(|tag| tag.slug.clone())
            })
            .collect();
        let valid_from = day(&mut faults, "/valid_from", &self.valid_from);
        let valid_to = day(&mut faults, "/valid_to", &self.valid_to);
        let proof = self.evidence.read(&mut faults);
        match (authority, number, valid_from, valid_to, proof) {
            (Some(authority), Some(number), Some(valid_from), Some(valid_to), Some(proof))
                if faults.is_empty() =>
            {
                Ok(LicenceContent {
                    authority,
                    number,
                    countries,
                    tags,
                    valid_from,
                    valid_to,
                    proof,
                })
            }
            _ => Err(faults),
        }
    }
}

/// A licence on record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Licence)]
pub struct LicenceView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Whose.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// Who gave it.
    #[schema(max_length = 200)]
    authority: String,
    /// Its number there.
    #[schema(max_length = 100)]
    number: String,
    /// For counterparts of which countries.
    #[schema(max_items = 100)]
    countries: Vec<String>,
    /// For what; everything the firm makes where none is named.
    #[schema(max_items = 50)]
    tags: Vec<String>,
    /// The first day.
    #[schema(format = "date", max_length = 10)]
    valid_from: String,
    /// The last day.
    #[schema(format = "date", max_length = 10)]
    valid_to: String,
    /// What it rests on.
    evidence: ProofDocument,
    /// `recorded`, `checked`, `refused` or `revoked`; only a checked one
    /// counts.
    #[schema(max_length = 20, example = "checked")]
    status: &'static str,
    /// Why it was refused or revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    reason: Option<String>,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was written down.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl From<&Licence> for LicenceView {
    fn from(licence: &Licence) -> Self {
        let content = &licence.content;
        Self {
            id: licence.id.to_string(),
            organization: licence.organization.to_string(),
            authority: content.authority.clone(),
            number: content.number.clone(),
            countries: content.countries.iter().map(ToString::to_string).collect(),
            tags: content.tags.iter().map(ToString::to_string).collect(),
            valid_from: content.valid_from.to_string(),
            valid_to: content.valid_to.to_string(),
            evidence: ProofDocument::of(&content.proof),
            status: licence.status.code(),
            reason: licence.reason.clone(),
            version: licence.version,
            created_at: time(licence.created_at),
            updated_at: time(licence.updated_at),
        }
    }
}

/// Writes an export licence of a startup down, for its people and compliance.
/// It counts once somebody else of compliance has checked it.
#[utoipa::path(
    operation_id = "record_licence",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewLicence,
    responses((status = 201, description = "Recorded.", body = LicenceView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/organizations/{id}/licences")]
async fn record_licence(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    key: IdempotencyKey,
    body: DocumentBody<NewLicence>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/organizations/{id}/licences";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let content = body.read(|it| it.read(&context))?;
    let made = licences::record(&context, &caller, intent, id, content).await?;
    let location = format!("/v1/licences/{}", made.id);
    Ok(created(location, made.version, &LicenceView::from(&made)))
}

/// Lists the export licences of a startup, oldest first, for its people and the
/// operator's.
#[utoipa::path(
    operation_id = "list_licences",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<LicenceView>))
)]
#[get("/v1/organizations/{id}/licences")]
async fn list_licences(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = licences::list(&context, &caller, path_id(&id)?, query.page.into()).await?;
    Ok(PageView::of(page, |it| LicenceView::from(&it)).respond(&request))
}

/// One licence.
#[utoipa::path(
    operation_id = "get_licence",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The licence.", body = LicenceView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/licences/{id}")]
async fn get_licence(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = licences::find(&context, &caller, path_id(&id)?).await?;
    Ok(versioned(
        &request,
        found.version,
        &LicenceView::from(&found),
    ))
}

/// What can be done with a licence now, for compliance.
#[utoipa::path(
    operation_id = "list_licence_transitions",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/licences/{id}/transitions")]
async fn list_licence_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = licences::transitions(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What is done with a licence.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLicenceTransition {
    /// `check` finds it to be what it says, `refuse` not to be, `revoke` says
    /// that it is no longer in force.
    #[schema(max_length = 20, example = "check")]
    action: String,
    /// Why; for `refuse` and `revoke`.
    #[schema(min_length = 1, max_length = 2000)]
    reason: Option<String>,
}

/// Decides of a licence, for compliance; nobody checks what they recorded.
#[utoipa::path(
    operation_id = "move_licence",
    tag = "compliance",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewLicenceTransition,
    responses((status = 200, description = "Moved.", body = LicenceView, headers(("ETag" = String))))
)]
#[post("/v1/licences/{id}/transitions")]
async fn move_licence(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: JsonBody<NewLicenceTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/licences/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(licences::find(&context, &caller, id))
        .await?;
    let NewLicenceTransition { action, reason } = body.into_inner();
    let mut faults = Faults::new();
    let action = code(&mut faults, "/action", &action, LicenceAction::ALL);
    let reason = reason.and_then(|text| {
        let text = bounded(&text, REASON, true);
        faults.take("/reason", "invalid_text", text)
    });
    let Some(action) = action.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let made =
        licences::transition(&context, &caller, intent, id, expected, action, reason).await?;
    Ok(moved(made.version, &LicenceView::from(&made)))
}
