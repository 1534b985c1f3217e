//! The versions of a mandate.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::document::MandateDocument;
use crate::domain::ids::MandateId;
use crate::http::api::versions::{self, ChangesQuery, ChangesView, VersionView};
use crate::http::caller::Authenticated;
use crate::http::fields::Query;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::services::Context;

/// What a mandate said at a version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MandateVersion)]
pub struct MandateVersionView {
    /// Which version.
    #[serde(flatten)]
    version: VersionView,
    /// What it said then.
    document: MandateDocument,
}

/// The versions of a mandate, from the first on, for its investor's people and the operator's.
#[utoipa::path(
    operation_id = "list_mandate_versions",
    tag = "mandates",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<VersionView>))
)]
#[get("/v1/mandates/{id}/versions")]
pub async fn list_mandate_versions(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    versions::list::<MandateId>(&context, &caller, &request, &id, query.page).await
}

/// What a mandate said at a version. It never changes.
#[utoipa::path(
    operation_id = "get_mandate_version",
    tag = "mandates",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("version" = i64, Path, minimum = 1),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The version.", body = MandateVersionView, headers(("ETag" = String))),
        (status = 304, description = "The caller has it."),
    )
)]
#[get("/v1/mandates/{id}/versions/{version}")]
pub async fn get_mandate_version(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let shown = |version, firm, content: &_| MandateVersionView {
        version,
        document: MandateDocument::of(firm, content),
    };
    versions::one::<MandateId, _>(&context, &caller, &request, &path, shown).await
}

/// What changed in a mandate up to a version: since the one before, or since
/// another one. Objects are compared field by field, lists as a whole.
#[utoipa::path(
    operation_id = "list_mandate_changes",
    tag = "mandates",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("version" = i64, Path, minimum = 1),
        ChangesQuery,
    ),
    responses((status = 200, description = "What differs.", body = ChangesView))
)]
#[get("/v1/mandates/{id}/versions/{version}/changes")]
pub async fn list_mandate_changes(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    path: web::Path<(String, String)>,
    query: Query<ChangesQuery>,
) -> Result<HttpResponse, Problem> {
    let document = MandateDocument::of;
    versions::changes::<MandateId, _>(&context, &caller, &path, &query.0, document).await
}
