//! The versions of a profile.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::document::StartupProfileDocument;
use crate::domain::ids::StartupProfileId;
use crate::http::api::versions::{self, ChangesQuery, ChangesView, VersionView};
use crate::http::caller::Authenticated;
use crate::http::fields::Query;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::services::Context;

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
    versions::list::<StartupProfileId>(&context, &caller, &request, &id, query.page).await
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
    let shown = |version, firm, content: &_| StartupProfileVersionView {
        version,
        document: StartupProfileDocument::of(firm, content),
    };
    versions::one::<StartupProfileId, _>(&context, &caller, &request, &path, shown).await
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
    let document = StartupProfileDocument::of;
    versions::changes::<StartupProfileId, _>(&context, &caller, &path, &query.0, document).await
}
