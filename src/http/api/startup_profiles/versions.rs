//! The versions of a profile.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::document::StartupProfileDocument;
use crate::http::api::exchange::path_id;
use crate::http::api::versions::{ChangesQuery, ChangesView, VersionView};
use crate::http::caller::Authenticated;
use crate::http::fields::Query;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::preconditions::digested;
use crate::http::problem::Problem;
use crate::services::Context;
use crate::services::versions;

/// What a profile said at a version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StartupProfileVersion)]
pub struct StartupProfileVersionView {
    /// Which version.
    #[serde(flatten)]
    version: VersionView,
    /// What it said then.
    document: StartupProfileDocument,
}

/// The versions of a profile, from the first on, for its startup's people and the operator's.
#[utoipa::path(
    operation_id = "list_startup_profile_versions",
    tag = "startup profiles",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<VersionView>))
)]
#[get("/v1/startup-profiles/{id}/versions")]
pub async fn list_startup_profile_versions(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let page = versions::of_profile(&context, &caller, id, query.page.into()).await?;
    Ok(PageView::of(page, VersionView::from).respond(&request))
}

/// What a profile said at a version. It never changes.
#[utoipa::path(
    operation_id = "get_startup_profile_version",
    tag = "startup profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("version" = i64, Path, minimum = 1),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The version.", body = StartupProfileVersionView, headers(("ETag" = String))),
        (status = 304, description = "The caller has it."),
    )
)]
#[get("/v1/startup-profiles/{id}/versions/{version}")]
pub async fn get_startup_profile_version(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, number): (_, i64) = (path_id(&path.0)?, path_id(&path.1)?);
    let mut said = versions::profile_at(&context, &caller, id, vec![number]).await?;
    let said = said.pop().ok_or(crate::services::Error::NotFound)?;
    let view = StartupProfileVersionView {
        version: said.version.into(),
        document: StartupProfileDocument::of(said.organization, &said.content),
    };
    digested(&request, &view)
}

/// What changed in a profile up to a version: since the one before, or since
/// another one. Objects are compared field by field, lists as a whole.
#[utoipa::path(
    operation_id = "list_startup_profile_changes",
    tag = "startup profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("version" = i64, Path, minimum = 1),
        ChangesQuery,
    ),
    responses((status = 200, description = "What differs.", body = ChangesView))
)]
#[get("/v1/startup-profiles/{id}/versions/{version}/changes")]
pub async fn list_startup_profile_changes(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    path: web::Path<(String, String)>,
    query: Query<ChangesQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, number): (_, i64) = (path_id(&path.0)?, path_id(&path.1)?);
    let since = query.0.since(number)?;
    let wanted = std::iter::once(number).chain(since).collect();
    let said = versions::profile_at(&context, &caller, id, wanted).await?;
    let documents = said
        .iter()
        .map(|it| StartupProfileDocument::of(it.organization, &it.content));
    let documents: Vec<_> = documents.collect();
    let after = documents.first().ok_or(crate::services::Error::NotFound)?;
    let view = ChangesView::between((since, documents.get(1)), (number, after))?;
    Ok(HttpResponse::Ok().json(view))
}
