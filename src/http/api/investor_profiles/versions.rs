//! The versions of an investor profile.

use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa::ToSchema;

use super::document::InvestorProfileDocument;
use crate::domain::ids::InvestorProfileId;
use crate::http::api::versions::{self, ChangesQuery, ChangesView, VersionView};
use crate::http::caller::Authenticated;
use crate::http::fields::Query;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::services::Context;

/// What an investor profile said at a version.
#[derive(Debug, serde::Serialize, ToSchema)]
#[schema(as = InvestorProfileVersion)]
pub struct InvestorProfileVersionView {
    /// Which version.
    #[serde(flatten)]
    version: VersionView,
    /// What it said then.
    document: InvestorProfileDocument,
}

/// The versions of an investor profile, from the first on, for its investor's people and the operator's.
#[utoipa::path(
    operation_id = "list_investor_profile_versions",
    tag = "investor profiles",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<VersionView>))
)]
#[get("/v1/investor-profiles/{id}/versions")]
pub async fn list_investor_profile_versions(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    versions::list::<InvestorProfileId>(&context, &caller, &request, &id, query.page).await
}

/// What an investor profile said at a version. It never changes.
#[utoipa::path(
    operation_id = "get_investor_profile_version",
    tag = "investor profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("version" = i64, Path, minimum = 1),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The version.", body = InvestorProfileVersionView, headers(("ETag" = String))),
        (status = 304, description = "The caller has it."),
    )
)]
#[get("/v1/investor-profiles/{id}/versions/{version}")]
pub async fn get_investor_profile_version(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let shown = |version, firm, content: &_| InvestorProfileVersionView {
        version,
        document: InvestorProfileDocument::of(firm, content),
    };
    versions::one::<InvestorProfileId, _>(&context, &caller, &request, &path, shown).await
}

/// What changed in an investor profile up to a version: since the one before, or since
/// another one. Objects are compared field by field, lists as a whole.
#[utoipa::path(
    operation_id = "list_investor_profile_changes",
    tag = "investor profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("version" = i64, Path, minimum = 1),
        ChangesQuery,
    ),
    responses((status = 200, description = "What differs.", body = ChangesView))
)]
#[get("/v1/investor-profiles/{id}/versions/{version}/changes")]
pub async fn list_investor_profile_changes(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    path: web::Path<(String, String)>,
    query: Query<ChangesQuery>,
) -> Result<HttpResponse, Problem> {
    let document = InvestorProfileDocument::of;
    versions::changes::<InvestorProfileId, _>(&context, &caller, &path, &query.0, document).await
}
