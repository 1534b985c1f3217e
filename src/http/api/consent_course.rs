//! One consent of the caller's by itself: how it stands, what can be done with
//! it, and what happened to it.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::consents::ConsentView;
use super::exchange::{check_fields, intent, moved, path_id};
use super::timeline::{PartOf, Timeline, TimelineQuery, TimelineView, read_part};
use super::transitions::TransitionsView;
use super::values::code;
use crate::domain::consent::ConsentAction;
use crate::domain::fault::Faults;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::log::Kinds;
use crate::services::once::Recorded;
use crate::services::{Context, consents};

/// What tells of a consent.
const CONSENT_EVENTS: &[&str] = &["consent.given", "consent.withdrawn"];

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get_consent)
        .service(list_consent_transitions)
        .service(move_consent)
        .service(list_consent_events);
}

/// One of the caller's consents.
#[utoipa::path(
    operation_id = "get_consent",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The consent.", body = ConsentView, headers(("ETag" = String))))
)]
#[get("/v1/me/consents/{id}")]
async fn get_consent(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = consents::find(&context, &caller, path_id(&id)?).await?;
    let view = ConsentView::of(&found.given, context.now());
    Ok(versioned(&request, found.given.version(), &view))
}

/// What can be done with a consent now, and what stands in the way.
#[utoipa::path(
    operation_id = "list_consent_transitions",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/me/consents/{id}/transitions")]
async fn list_consent_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = consents::find(&context, &caller, path_id(&id)?).await?;
    let open = found.open.into_iter();
    let actions = open.map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What to do with a consent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsentTransition {
    /// `withdraw`, or `renew` what was taken back or ends soon.
    #[schema(max_length = 20, example = "withdraw")]
    action: String,
    /// Whether what was paused when it was taken back is published again; with
    /// `renew` alone.
    publish: Option<bool>,
}

impl NewConsentTransition {
    fn read(&self) -> Result<(ConsentAction, bool), Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, ConsentAction::ALL);
        if action == Some(ConsentAction::Withdraw) {
            let came = [("publish", self.publish.is_some())];
            check_fields(&mut faults, &self.action, &came, &[], &[]);
        }
        match action {
            Some(action) if faults.is_empty() => Ok((action, self.publish.unwrap_or(false))),
            _ => Err(faults),
        }
    }
}

/// Takes a consent back, or gives it again: see
/// `POST /v1/me/consents/{id}/withdrawal` and `…/renewal`, which do the same.
/// The answer to `renew` is the new consent.
#[utoipa::path(
    operation_id = "move_consent",
    tag = "accounts",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewConsentTransition,
    responses(
        (status = 200, description = "Done.", body = ConsentView, headers(("ETag" = String))),
        (status = 409, description = "It stands, was taken back before, or the caller no longer answers for the firm."),
    )
)]
#[post("/v1/me/consents/{id}/transitions")]
async fn move_consent(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, version, key): (web::Path<String>, IfMatch, IdempotencyKey),
    body: DocumentBody<NewConsentTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/me/consents/{id}/transitions";
    let id: Uuid = path_id(&id)?;
    let find = consents::find(&context, &caller, id);
    let expected = version.version_of(find).await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let (action, publish) = body.read(|it| it.read())?;
    let of = (id, expected);
    let given = match action {
        ConsentAction::Withdraw => consents::withdraw_own(&context, &caller, intent, of).await?,
        ConsentAction::Renew => consents::renew_own(&context, &caller, intent, of, publish).await?,
    };
    let view = ConsentView::of(&given, context.now());
    Ok(moved(given.version(), &view))
}

/// What happened to a consent: that it was given, and taken back.
#[utoipa::path(
    operation_id = "list_consent_events",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/me/consents/{id}/events")]
async fn list_consent_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = consents::find(&context, &caller, path_id(&id)?).await?;
    let mut told = Timeline::default();
    for (subject, fact) in found.told {
        let part = PartOf::one(subject, fact);
        let more = read_part(&context, &part, Kinds::Only(CONSENT_EVENTS), &query.0).await?;
        told = told.with(more, &query.0);
    }
    Ok(HttpResponse::Ok().json(told.for_caller(&caller)))
}
