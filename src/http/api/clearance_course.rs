//! One check of a firm by itself: what can be recorded after it, and the course
//! of the firm's checks.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::compliance::{ClearanceView, words};
use super::exchange::{intent, path_id};
use super::proof::ProofDocument;
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::day;
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::compliance::{self, NewClearance as Check};
use crate::services::log::Kinds;
use crate::services::once::Recorded;
use crate::services::{Context, Error};

/// What tells of the checks of a firm.
const CLEARANCE_EVENTS: &[&str] = &["organization.screened"];

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get_clearance)
        .service(list_clearance_transitions)
        .service(move_clearance)
        .service(list_clearance_events);
}

/// One check of a firm, also one that another came after, for the operator's
/// people.
#[utoipa::path(
    operation_id = "get_clearance",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The check.", body = ClearanceView, headers(("ETag" = String))))
)]
#[get("/v1/clearances/{id}")]
async fn get_clearance(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = compliance::clearance(&context, &caller, path_id(&id)?).await?;
    let view = ClearanceView::from(&found);
    Ok(versioned(&request, found.version(), &view))
}

/// What compliance can find of the firm next, and what stands in the way:
/// nothing once another check came after this one.
#[utoipa::path(
    operation_id = "list_clearance_transitions",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/clearances/{id}/transitions")]
async fn list_clearance_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let open = compliance::next_verdicts(&context, &caller, path_id(&id)?).await?;
    let open = open.into_iter();
    let actions = open.map(|(verdict, refusal)| (verdict.action(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What compliance finds of the firm of a check next.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClearanceTransition {
    /// `clear`, `clear_enhanced` (politically exposed, risk accepted, looked
    /// at again sooner), `review` or `block`.
    #[schema(max_length = 20, example = "clear")]
    action: String,
    /// On what ground: a list, a registry, a report.
    #[schema(min_length = 1, max_length = 2000)]
    basis: String,
    /// What it rests on; at least one of its two parts.
    #[serde(default)]
    evidence: ProofDocument,
    /// For `clear_enhanced`, and needed there: where the firm's money comes from,
    /// for compliance to read.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "State budget, by decree 1234 of 2021"
    )]
    source_of_funds: Option<String>,
    /// Last day on which it holds: at most a year ahead, half a year for
    /// `clear_enhanced`.
    #[schema(format = "date", max_length = 10, example = "2027-11-23")]
    valid_to: String,
}

impl NewClearanceTransition {
    fn read(&self, organization: OrganizationId, after: Uuid) -> Result<Check, Faults> {
        let mut faults = Faults::new();
        let verdict = ClearanceVerdict::of_action(&self.action);
        if verdict.is_none() {
            let detail = "Must be one of clear, clear_enhanced, review, block.";
            faults.push("/action", "unknown_code", detail);
        }
        let basis = words(&mut faults, "/basis", &self.basis);
        let proof = self.evidence.read(&mut faults);
        let source = self.source_of_funds.as_deref();
        let source = source.map(|text| words(&mut faults, "/source_of_funds", text));
        let valid_to = day(&mut faults, "/valid_to", &self.valid_to);
        match (verdict, basis, proof, valid_to) {
            (Some(verdict), Some(basis), Some(proof), Some(valid_to)) if faults.is_empty() => {
                Ok(Check {
                    organization,
                    verdict,
                    basis,
                    proof,
                    source_of_funds: source.flatten(),
                    valid_to,
                    after: Some(after),
                })
            }
            _ => Err(faults),
        }
    }
}

/// Records what compliance finds of the firm next, decided on this check: a
/// clearance's machine. `POST /v1/clearances` does the same for a firm that was
/// never checked, or whatever was found before.
#[utoipa::path(
    operation_id = "move_clearance",
    tag = "compliance",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewClearanceTransition,
    responses(
        (status = 201, description = "The new check.", body = ClearanceView, headers(("Location" = String))),
        (status = 409, description = "Another check came after this one, or something stands in the way."),
    )
)]
#[post("/v1/clearances/{id}/transitions")]
async fn move_clearance(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, version, key): (web::Path<String>, IfMatch, IdempotencyKey),
    body: DocumentBody<NewClearanceTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/clearances/{id}/transitions";
    let found = compliance::clearance(&context, &caller, path_id(&id)?).await?;
    // A check itself is never changed.
    if version
        .version()?
        .is_some_and(|read| read != found.version())
    {
        return Err(Error::StaleVersion.into());
    }
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let check = body.read(|it| it.read(found.organization, found.id))?;
    let made = compliance::record_clearance(&context, &caller, intent, check).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/clearances/{}", made.id)))
        .json(ClearanceView::from(&made)))
}

/// The course of the checks of the firm that a check is of: this one, those
/// before and those after.
#[utoipa::path(
    operation_id = "list_clearance_events",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/clearances/{id}/events")]
async fn list_clearance_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = compliance::clearance(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::Organization, found.organization);
    let kinds = Kinds::Only(CLEARANCE_EVENTS);
    let told = timeline::read_kinds(&context, subject, kinds, &query.0).await?;
    Ok(HttpResponse::Ok().json(told.for_caller(&caller)))
}
