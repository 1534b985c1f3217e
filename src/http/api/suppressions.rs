//! What people are mailed about, and addresses that get no mail.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{intent, moved, path_id, query_email};
use super::notifications::NotificationsView;
use super::values::time;
use crate::domain::fault::Faults;
use crate::domain::message::SuppressionReason;
use crate::domain::text::{Email, bounded};
use crate::http::answer::NOTE_MAX;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, JsonBody};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::paging::PageRequest;
use crate::services::suppressions::{self, Suppression};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get_notifications)
        .service(change_notifications)
        .service(list_suppressions)
        .service(add_suppression)
        .service(get_suppression)
        .service(lift_suppression);
}

/// What the caller is mailed about.
#[utoipa::path(
    operation_id = "get_notifications",
    tag = "accounts",
    responses((status = 200, description = "The settings.", body = NotificationsView, headers(("ETag" = String))))
)]
#[get("/v1/me/notifications")]
async fn get_notifications(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let wanted = suppressions::own(&context, &caller).await?;
    Ok(versioned(
        &request,
        wanted.number(),
        &NotificationsView::of(&wanted),
    ))
}

/// Says what the caller wants to be mailed about.
///
/// It holds for what is queued already, too.
#[utoipa::path(
    operation_id = "change_notifications",
    tag = "accounts",
    params(("If-Match" = String, Header, max_length = 100, example = "\"v256\"")),
    request_body = NotificationsView,
    responses((status = 200, description = "The settings from now on.", body = NotificationsView, headers(("ETag" = String))))
)]
#[put("/v1/me/notifications")]
async fn change_notifications(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    if_match: IfMatch,
    body: JsonBody<NotificationsView>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.version()?;
    let view = body.into_inner();
    let (topics, events) = (view.topics(), view.events());
    let wanted = suppressions::change_own(&context, &caller, expected, topics, events).await?;
    Ok(moved(wanted.number(), &NotificationsView::of(&wanted)))
}

/// Which suppressions.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SuppressionFilters {
    /// Of that address.
    #[param(max_length = 254, example = "dana@tamar.example")]
    email: Option<String>,
}

/// An address that gets no mail but what its account needs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suppression)]
pub struct SuppressionView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Which address.
    #[schema(format = "email", max_length = 254, example = "dana@tamar.example")]
    email: String,
    /// Why: `hard_bounce`, `complaint` or `support`.
    #[schema(max_length = 20, example = "support")]
    reason: &'static str,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    note: Option<String>,
    /// Who put it there; absent when the service did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    created_by: Option<String>,
    /// Since when.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl From<&Suppression> for SuppressionView {
    fn from(found: &Suppression) -> Self {
        Self {
            id: found.id.to_string(),
            email: found.email.to_string(),
            reason: found.reason.code(),
            note: found.note.clone(),
            created_by: found.created_by.map(|by| by.to_string()),
            created_at: time(found.created_at),
        }
    }
}

/// An address that is to get no mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuppression {
    /// Which address.
    #[schema(format = "email", max_length = 254, example = "dana@tamar.example")]
    email: String,
    /// Why: `hard_bounce`, `complaint` or `support`.
    #[schema(max_length = 20, example = "support")]
    reason: String,
    /// In words for the operator's people.
    #[schema(max_length = 1000, example = "Asked by telephone.")]
    note: Option<String>,
}

impl NewSuppression {
    fn read(self) -> Result<(Email, SuppressionReason, Option<String>), Faults> {
        let mut faults = Faults::new();
        let email = faults.take("/email", "invalid_email", self.email.parse());
        let reason = SuppressionReason::from_code(&self.reason);
        if reason.is_none() {
            faults.push("/reason", "unknown_code", "This is no reason for it.");
        }
        let note = self.note.as_deref();
        let note =
            note.map(|note| faults.take("/note", "invalid_text", bounded(note, NOTE_MAX, true)));
        match (email, reason) {
            (Some(email), Some(reason)) if faults.is_empty() => Ok((email, reason, note.flatten())),
            _ => Err(faults),
        }
    }
}

/// Addresses that get no mail, oldest first.
#[utoipa::path(
    operation_id = "list_suppressions",
    tag = "messages",
    params(SuppressionFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<SuppressionView>))
)]
#[get("/v1/suppressions")]
async fn list_suppressions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<SuppressionFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, email) = query.read(|asked| query_email("email", asked.email.as_deref()))?;
    let page = PageRequest::from(page);
    let page = suppressions::list(&context, &caller, email, page).await?;
    let view = PageView {
        items: page.items.iter().map(SuppressionView::from).collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(view.respond(&request))
}

/// Keeps all mail from an address but what its account needs.
#[utoipa::path(
    operation_id = "add_suppression",
    tag = "messages",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewSuppression,
    responses((status = 201, description = "Nothing is mailed there from now on.", body = SuppressionView, headers(("Location" = String))), (status = 409, description = "It is suppressed already."))
)]
#[post("/v1/suppressions")]
async fn add_suppression(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewSuppression>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/suppressions", &request, &key, body.bytes());
    let (email, reason, note) = body.read(NewSuppression::read)?;
    let made = suppressions::add(&context, &caller, intent, email, reason, note).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/suppressions/{}", made.id)))
        .json(SuppressionView::from(&made)))
}

/// One address that gets no mail.
#[utoipa::path(
    operation_id = "get_suppression",
    tag = "messages",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The suppression.", body = SuppressionView))
)]
#[get("/v1/suppressions/{id}")]
async fn get_suppression(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = suppressions::find(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(SuppressionView::from(&found)))
}

/// Lets mail to an address again.
#[utoipa::path(
    operation_id = "lift_suppression",
    tag = "messages",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 204, description = "Mail goes there again."))
)]
#[delete("/v1/suppressions/{id}")]
async fn lift_suppression(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    suppressions::lift(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
