//! Saved views: lists with their parameters, under names.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{body_id, created, intent, moved, path_id, query_code};
use super::list_filters;
use super::values::{code, parsed, time};
use crate::domain::fault::Faults;
use crate::domain::saved_view::{LONGEST_QUERY, ListKind, SavedView};
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::saved_views::{self, ViewContent};
use crate::services::{Caller, Context, Error};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_saved_view)
        .service(list_saved_views)
        .service(get_saved_view)
        .service(change_saved_view)
        .service(delete_saved_view);
}

/// What a view says: the body of a POST, and what a PATCH is laid over.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedViewDocument {
    /// What it is called.
    #[schema(
        min_length = 1,
        max_length = 200,
        example = "Seed water startups in Israel"
    )]
    name: String,
    /// Of which list: the last part of its address.
    #[schema(max_length = 40, example = "startup-profiles")]
    list: String,
    /// The list's own parameters, filters and order, as a query string; not
    /// the page.
    #[serde(default)]
    #[schema(
        max_length = 2000,
        example = "tag=water&stage=seed&country=IL&sort=-updated_at"
    )]
    query: String,
    /// The organization of the caller's with whose people it is shared; for
    /// the caller alone when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    organization: Option<String>,
}

impl From<&SavedView> for SavedViewDocument {
    fn from(view: &SavedView) -> Self {
        Self {
            name: view.name.to_string(),
            list: view.list.to_string(),
            query: view.query.clone(),
            organization: view.organization.map(|id| id.to_string()),
        }
    }
}

impl SavedViewDocument {
    fn read(&self, context: &Context, caller: &Caller) -> Result<ViewContent, Faults> {
        let mut faults = Faults::new();
        let name = parsed(&mut faults, "/name", "bad_text", &self.name);
        let list = code(&mut faults, "/list", &self.list, ListKind::ALL);
        let organization = (self.organization.as_deref())
            .and_then(|text| body_id(&mut faults, "/organization", text));
        if self.query.len() > LONGEST_QUERY {
            let detail = format!("At most {LONGEST_QUERY} characters.");
            faults.push("/query", "too_long", detail);
        } else if let Some(list) = list {
            let checked = check(context, caller, list, &self.query);
            faults.take("/query", "bad_query", checked);
        }
        match (name, list) {
            (Some(name), Some(list)) if faults.is_empty() => Ok(ViewContent {
                name,
                list,
                query: self.query.clone(),
                organization,
            }),
            _ => Err(faults),
        }
    }
}

/// Whether these are parameters of the list.
fn check(context: &Context, caller: &Caller, list: ListKind, query: &str) -> Result<(), String> {
    let checked = list_filters::check(context, caller, list, query);
    checked.map_err(|problem| problem.detail_or_meaning().to_owned())
}

/// A saved view.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedView)]
pub struct SavedViewView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Who saved it.
    #[schema(format = "uuid", max_length = 36)]
    owner: String,
    /// Where it leads.
    #[schema(
        max_length = 2100,
        example = "/v1/startup-profiles?tag=water&stage=seed"
    )]
    href: String,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it came.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, max_length = 40)]
    updated_at: String,
    /// What it says.
    #[serde(flatten)]
    document: SavedViewDocument,
}

impl From<&SavedView> for SavedViewView {
    fn from(view: &SavedView) -> Self {
        let mark = if view.query.is_empty() { "" } else { "?" };
        Self {
            id: view.id.to_string(),
            owner: view.owner.to_string(),
            href: format!("/v1/{}{mark}{}", view.list, view.query),
            version: view.version,
            created_at: time(view.created_at),
            updated_at: time(view.updated_at),
            document: SavedViewDocument::from(view),
        }
    }
}

/// Saves a view; a person has 50 at most.
///
/// The query string is checked by the list's own parameters. A view that is
/// shared says what to look at, not what may be seen: everybody sees of the
/// list what is theirs to see.
#[utoipa::path(
    operation_id = "create_saved_view",
    tag = "saved views",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = SavedViewDocument,
    responses((status = 201, description = "Saved.", body = SavedViewView,
        headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/saved-views")]
async fn create_saved_view(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<SavedViewDocument>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/saved-views", &request, &key, body.bytes());
    let content = body.read(|it| it.read(&context, &caller))?;
    let view = saved_views::create(&context, &caller, intent, content).await?;
    let view = SavedViewView::from(&view);
    Ok(created(
        format!("/v1/saved-views/{}", view.id),
        view.version,
        &view,
    ))
}

/// Which views.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SavedViewFilters {
    /// Of that list.
    #[param(max_length = 40, example = "startup-profiles")]
    list: Option<String>,
}

/// The caller's views and those that are shared with them, oldest first.
#[utoipa::path(
    operation_id = "list_saved_views",
    tag = "saved views",
    params(SavedViewFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<SavedViewView>))
)]
#[get("/v1/saved-views")]
async fn list_saved_views(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<SavedViewFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, list) =
        query.read(|asked| query_code("list", asked.list.as_deref(), ListKind::from_code))?;
    let page = saved_views::list(&context, &caller, list, page.into()).await?;
    Ok(PageView::of(page, |view| SavedViewView::from(&view)).respond(&request))
}

/// One view.
#[utoipa::path(
    operation_id = "get_saved_view",
    tag = "saved views",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The view.", body = SavedViewView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/saved-views/{id}")]
async fn get_saved_view(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = saved_views::find(&context, &caller, path_id(&id)?).await?;
    let view = SavedViewView::from(&view);
    Ok(versioned(&request, view.version, &view))
}

/// Changes a view: who saved it, and the owners of the organization that it is
/// shared with.
///
/// A merge patch (RFC 7396): null removes, absent keeps.
#[utoipa::path(
    operation_id = "change_saved_view",
    tag = "saved views",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    request_body(content = SavedViewDocument, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Changed.", body = SavedViewView, headers(("ETag" = String))))
)]
#[patch("/v1/saved-views/{id}")]
async fn change_saved_view(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(saved_views::find(&context, &caller, id))
        .await?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let revise = move |before: &SavedView| -> Result<ViewContent, Error> {
        let document: SavedViewDocument = patch.apply_to(&SavedViewDocument::from(before))?;
        Ok(document.read(&context_in, &caller_in)?)
    };
    let view = saved_views::edit(&context, &caller, id, expected, revise).await?;
    let view = SavedViewView::from(&view);
    Ok(moved(view.version, &view))
}

/// Takes a view away.
#[utoipa::path(
    operation_id = "delete_saved_view",
    tag = "saved views",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    responses((status = 204, description = "Gone."))
)]
#[delete("/v1/saved-views/{id}")]
async fn delete_saved_view(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(saved_views::find(&context, &caller, id))
        .await?;
    saved_views::delete(&context, &caller, id, expected).await?;
    Ok(HttpResponse::NoContent().finish())
}
