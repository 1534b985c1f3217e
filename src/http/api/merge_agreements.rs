//! With whom a firm's owners agreed that it becomes one.

use actix_web::{HttpResponse, delete, get, put, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::exchange::path_id;
use super::values::time;
use crate::domain::ids::OrganizationId;
use crate::http::caller::Authenticated;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::merge_agreements::MergeAgreement;
use crate::services::{Context, merge_agreements};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_merge_agreements)
        .service(agree_to_merge)
        .service(take_back_merge_agreement);
}

/// That an owner of a firm agreed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MergeAgreement)]
pub struct MergeAgreementView {
    /// The other firm.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// Who agreed.
    #[schema(format = "uuid", max_length = 36)]
    agreed_by: String,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    agreed_at: String,
}

impl From<&MergeAgreement> for MergeAgreementView {
    fn from(agreement: &MergeAgreement) -> Self {
        Self {
            organization: agreement.other.to_string(),
            agreed_by: agreement.by.to_string(),
            agreed_at: time(agreement.at),
        }
    }
}

/// What a firm's owners agreed to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MergeAgreements)]
pub struct MergeAgreementsView {
    /// Oldest first.
    #[schema(max_items = 20)]
    items: Vec<MergeAgreementView>,
}

/// Lists with which firms a firm's owners agreed that it becomes one, for its own
/// people and the operator's.
#[utoipa::path(
    operation_id = "list_merge_agreements",
    tag = "organizations",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "All of them.", body = MergeAgreementsView))
)]
#[get("/v1/organizations/{id}/merge-agreements")]
async fn list_merge_agreements(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = merge_agreements::list(&context, &caller, path_id(&id)?).await?;
    let items = found.iter().map(MergeAgreementView::from).collect();
    Ok(HttpResponse::Ok().json(MergeAgreementsView { items }))
}

fn both(path: &(String, String)) -> Result<(OrganizationId, OrganizationId), Problem> {
    Ok((path_id(&path.0)?, path_id(&path.1)?))
}

/// Agrees, as an owner of the first firm, that it becomes one with the other.
///
/// Once an owner of the other has agreed as well, and everybody of the one that
/// goes belongs to the one that is kept, a curator may merge the two.
#[utoipa::path(
    operation_id = "agree_to_merge",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("other" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 204, description = "It holds from now on."), (status = 409, description = "It is the same firm, or there are too many."))
)]
#[put("/v1/organizations/{id}/merge-agreements/{other}")]
async fn agree_to_merge(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    merge_agreements::agree(&context, &caller, both(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes that back; what was merged by then stays so.
#[utoipa::path(
    operation_id = "take_back_merge_agreement",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("other" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 204, description = "It is taken back."))
)]
#[delete("/v1/organizations/{id}/merge-agreements/{other}")]
async fn take_back_merge_agreement(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    merge_agreements::take_back(&context, &caller, both(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
