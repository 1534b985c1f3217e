//! Legal holds, as compliance places, reads and lifts them.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::exchange::{created, intent, moved, path_id, query_id};
use super::finding::Wrong;
use super::timeline::{PartOf, TimelineQuery, TimelineView, read_part};
use super::transitions::TransitionsView;
use super::values::{parsed, time};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::legal_holds::{self, Filter, LegalHold};
use crate::services::log::Kinds;

/// Most characters of a reason.
const MOST: usize = 2_000;

/// What tells of a hold.
const EVENTS: &[&str] = &[
    "organization.legal_hold_placed",
    "organization.legal_hold_lifted",
];

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_legal_hold)
        .service(list_legal_holds)
        .service(get_legal_hold)
        .service(list_legal_hold_transitions)
        .service(list_legal_hold_events)
        .service(move_legal_hold);
}

/// An order that nothing of a firm is erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLegalHold {
    /// Of which firm.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "Court file 2026/117: everything has to be kept."
    )]
    reason: String,
}

impl NewLegalHold {
    fn read(&self) -> Result<(OrganizationId, String), Faults> {
        let mut faults = Faults::new();
        let firm = parsed(
            &mut faults,
            "/organization",
            "not_an_id",
            &self.organization,
        );
        let reason = bounded(&self.reason, MOST, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        firm.zip(reason).ok_or(faults)
    }
}

/// A hold on what is on record of a firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LegalHold)]
pub struct LegalHoldView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Of which firm.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// Why.
    #[schema(max_length = 2000)]
    reason: String,
    /// Who placed it.
    #[schema(format = "uuid", max_length = 36)]
    placed_by: String,
    /// Who lifted it; absent while it is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    lifted_by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    lifted_at: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    lift_reason: Option<String>,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// Since when.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl From<LegalHold> for LegalHoldView {
    fn from(hold: LegalHold) -> Self {
        let lifted = hold.lifted.as_ref();
        Self {
            id: hold.id.to_string(),
            organization: hold.organization.to_string(),
            placed_by: hold.placed_by.to_string(),
            lifted_by: lifted.map(|it| it.by.to_string()),
            lifted_at: lifted.map(|it| time(it.at)),
            lift_reason: lifted.map(|it| it.reason.clone()),
            version: hold.version,
            created_at: time(hold.created_at),
            reason: hold.reason,
        }
    }
}

/// Places a legal hold on a firm, for compliance: until it is lifted none of its
/// profiles, mandates and documents is erased, by whomever.
#[utoipa::path(
    operation_id = "create_legal_hold",
    tag = "compliance",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewLegalHold,
    responses((status = 201, description = "In force.", body = LegalHoldView,
        headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/legal-holds")]
async fn create_legal_hold(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewLegalHold>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/legal-holds", &request, &key, body.bytes());
    let (firm, reason) = body.read(|it| it.read())?;
    let made = legal_holds::place(&context, &caller, intent, firm, reason).await?;
    let view = LegalHoldView::from(made);
    let location = format!("/v1/legal-holds/{}", view.id);
    Ok(created(location, view.version, &view))
}

/// Which legal holds.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LegalHoldFilters {
    /// Of that firm.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// Those that were lifted, or those in force; without it both.
    lifted: Option<bool>,
}

impl LegalHoldFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let organization = query_id("organization", self.organization.as_deref());
        let filter = Filter {
            organization: wrong.take(organization),
            lifted: self.lifted,
            ..Filter::default()
        };
        wrong.or(filter)
    }
}

/// Lists legal holds, oldest first, for the operator's people.
#[utoipa::path(
    operation_id = "list_legal_holds",
    tag = "compliance",
    params(LegalHoldFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<LegalHoldView>))
)]
#[get("/v1/legal-holds")]
async fn list_legal_holds(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<LegalHoldFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(LegalHoldFilters::read)?;
    let page = legal_holds::list(&context, &caller, filter, page.into()).await?;
    Ok(PageView::of(page, LegalHoldView::from).respond(&request))
}

/// One legal hold, in force or lifted, for the operator's people.
#[utoipa::path(
    operation_id = "get_legal_hold",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The hold.", body = LegalHoldView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/legal-holds/{id}")]
async fn get_legal_hold(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = legal_holds::find(&context, &caller, path_id(&id)?).await?;
    let version = found.version;
    Ok(versioned(&request, version, &LegalHoldView::from(found)))
}

/// What can be done with a legal hold now, for compliance.
#[utoipa::path(
    operation_id = "list_legal_hold_transitions",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/legal-holds/{id}/transitions")]
async fn list_legal_hold_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let verdict = legal_holds::lift_verdict(&context, &caller, path_id(&id)?).await?;
    let actions = verdict.map(|verdict| ("lift", verdict.err()));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What happened to a legal hold, for the operator's people.
#[utoipa::path(
    operation_id = "list_legal_hold_events",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/legal-holds/{id}/events")]
async fn list_legal_hold_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: Uuid = path_id(&id)?;
    let found = legal_holds::find(&context, &caller, id).await?;
    let firm = Subject::new(SubjectKind::Organization, found.organization);
    let part = PartOf::one(firm, ("hold", Value::Id(id)));
    let timeline = read_part(&context, &part, Kinds::Only(EVENTS), &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}

/// What to do with a legal hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLegalHoldTransition {
    /// `lift`.
    #[schema(max_length = 20, example = "lift")]
    action: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

impl NewLegalHoldTransition {
    fn read(&self) -> Result<String, Faults> {
        let mut faults = Faults::new();
        if self.action != "lift" {
            faults.push("/action", "unknown_action", "A hold can only be lifted.");
        }
        let reason = bounded(&self.reason, MOST, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        reason.filter(|_| faults.is_empty()).ok_or(faults)
    }
}

/// Lifts a legal hold, for compliance.
#[utoipa::path(
    operation_id = "move_legal_hold",
    tag = "compliance",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewLegalHoldTransition,
    responses((status = 200, description = "Lifted.", body = LegalHoldView, headers(("ETag" = String))))
)]
#[post("/v1/legal-holds/{id}/transitions")]
async fn move_legal_hold(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewLegalHoldTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/legal-holds/{id}/transitions";
    let id: Uuid = path_id(&id)?;
    let expected = if_match
        .version_of(legal_holds::find(&context, &caller, id))
        .await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let reason = body.read(|it| it.read())?;
    let lifted = legal_holds::lift(&context, &caller, intent, (id, expected), reason).await?;
    let view = LegalHoldView::from(lifted);
    Ok(moved(view.version, &view))
}
