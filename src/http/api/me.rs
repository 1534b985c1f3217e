//! The caller's own account.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::values::time;
use crate::domain::account::{Membership, User};
use crate::domain::organization::Organization;
use crate::http::caller::Authenticated;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::{Context, accounts};

/// Registers the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(get_me);
}

/// A person's own account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView {
    /// Their id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// The address they sign in with.
    #[schema(format = Email, max_length = 254, example = "dana@tamar.example")]
    email: String,
    /// What they are called.
    #[schema(max_length = 200, example = "Dana Levi")]
    name: String,
    /// The language they read.
    #[schema(max_length = 35, example = "he")]
    language: String,
    /// Where their working day is.
    #[schema(max_length = 64, example = "Asia/Jerusalem")]
    time_zone: String,
    /// When the account was made.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// The parts they play.
    #[schema(max_items = 100)]
    memberships: Vec<MembershipView>,
}

/// A part somebody plays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Membership)]
pub struct MembershipView {
    /// Where.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// What that is called.
    #[schema(max_length = 200, example = "Tamar")]
    name: String,
    /// What kind of organization that is.
    #[schema(max_length = 20, example = "startup")]
    kind: String,
    /// As what.
    #[schema(max_length = 20, example = "owner")]
    role: String,
}

impl MeView {
    fn of(user: User, own: Vec<(Organization, Membership)>) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            name: user.name.to_string(),
            language: user.language.to_string(),
            time_zone: user.zone.to_string(),
            created_at: time(user.created_at),
            memberships: own.into_iter().map(MembershipView::from).collect(),
        }
    }
}

impl From<(Organization, Membership)> for MembershipView {
    fn from((organization, membership): (Organization, Membership)) -> Self {
        Self {
            organization: organization.id.to_string(),
            name: organization.details.display_name().to_string(),
            kind: membership.kind.to_string(),
            role: membership.role.to_string(),
        }
    }
}

/// Who the caller is, and the parts they play.
#[utoipa::path(
    operation_id = "get_me",
    tag = "accounts",
    responses((status = 200, description = "The account.", body = MeView))
)]
#[get("/v1/me")]
async fn get_me(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
) -> Result<HttpResponse, Problem> {
    let own = accounts::own_organizations(&context, &caller).await?;
    Ok(HttpResponse::Ok().json(MeView::of(caller.user.clone(), own)))
}
