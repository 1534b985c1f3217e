//! What compliance records: checks of firms, firms kept apart, decisions.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::exchange::{intent, path_id};
use super::proof::ProofDocument;
use super::values::{code, day, parsed, time};
use crate::domain::compliance::{Clearance, ClearanceVerdict};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::compliance::{self, Decision, NewClearance as Check};
use crate::services::paging::PageRequest;
use crate::services::{Caller, Context};

/// Most characters of a ground or reason.
const MOST: usize = 2_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_clearance)
        .service(list_clearances)
        .service(create_block)
        .service(list_match_decisions)
        .service(list_introduction_decisions);
}

pub(super) fn words(faults: &mut Faults, pointer: &str, text: &str) -> Option<String> {
    faults.take(pointer, "invalid_text", bounded(text, MOST, true))
}

/// A check somebody made of a firm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClearance {
    /// Whom it is about.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// `clear`, `clear_enhanced` (politically exposed, risk accepted, looked
    /// at again sooner), `review` or `blocked`.
    #[schema(max_length = 20, example = "clear")]
    verdict: String,
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

impl NewClearance {
    fn read(&self) -> Result<Check, Faults> {
        let mut faults = Faults::new();
        let organization = parsed(
            &mut faults,
            "/organization",
            "not_an_id",
            &self.organization,
        );
        let verdict = code(
            &mut faults,
            "/verdict",
            &self.verdict,
            ClearanceVerdict::ALL,
        );
        let basis = words(&mut faults, "/basis", &self.basis);
        let proof = self.evidence.read(&mut faults);
        let source = self.source_of_funds.as_deref();
        let source = source.map(|text| words(&mut faults, "/source_of_funds", text));
        let valid_to = day(&mut faults, "/valid_to", &self.valid_to);
        match (organization, verdict, basis, proof, valid_to) {
            (Some(organization), Some(verdict), Some(basis), Some(proof), Some(valid_to))
                if faults.is_empty() =>
            {
                Ok(Check {
                    organization,
                    verdict,
                    basis,
                    proof,
                    source_of_funds: source.flatten(),
                    valid_to,
                    after: None,
                })
            }
            _ => Err(faults),
        }
    }
}

/// A recorded check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Clearance)]
pub struct ClearanceView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Whom it is about.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// What came out.
    #[schema(max_length = 20, example = "clear")]
    verdict: &'static str,
    /// On what ground.
    #[schema(max_length = 2000)]
    basis: String,
    /// What it rests on; absent of those from before it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<ProofDocument>,
    /// Where the firm's money comes from, of one that is politically exposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    source_of_funds: Option<String>,
    /// Last day on which it holds.
    #[schema(format = "date", max_length = 10)]
    valid_to: String,
    /// Who recorded it.
    #[schema(format = "uuid", max_length = 36)]
    recorded_by: String,
    /// When it was recorded.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl From<&Clearance> for ClearanceView {
    fn from(clearance: &Clearance) -> Self {
        Self {
            id: clearance.id.to_string(),
            organization: clearance.organization.to_string(),
            verdict: clearance.verdict.code(),
            basis: clearance.basis.clone(),
            evidence: clearance.proof.as_ref().map(ProofDocument::of),
            source_of_funds: clearance.source_of_funds.clone(),
            valid_to: clearance.valid_to.to_string(),
            recorded_by: clearance.by.to_string(),
            created_at: time(clearance.created_at),
        }
    }
}

/// Records a check of a firm, for compliance. The newest one counts.
#[utoipa::path(
    operation_id = "create_clearance",
    tag = "compliance",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewClearance,
    responses((status = 201, description = "Recorded.", body = ClearanceView, headers(("Location" = String))))
)]
#[post("/v1/clearances")]
async fn create_clearance(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewClearance>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/clearances", &request, &key, body.bytes());
    let check = body.read(|it| it.read())?;
    let made = compliance::record_clearance(&context, &caller, intent, check).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/clearances/{}", made.id)))
        .json(ClearanceView::from(&made)))
}

/// Lists the checks of a firm, oldest first, for the operator's people.
#[utoipa::path(
    operation_id = "list_clearances",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ClearanceView>))
)]
#[get("/v1/organizations/{id}/clearances")]
async fn list_clearances(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let page = compliance::clearances(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(page, |it| ClearanceView::from(&it)).respond(&request))
}

/// Why compliance let a record through or stopped it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub struct DecisionView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What was done.
    #[schema(max_length = 40, example = "allow")]
    action: String,
    /// Why.
    #[schema(max_length = 2000)]
    reason: String,
    /// Who decided.
    #[schema(format = "uuid", max_length = 36)]
    decided_by: String,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

async fn decisions(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    subject: Subject,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let found = compliance::decisions(context, caller, subject, page).await?;
    let view = |decision: Decision| DecisionView {
        id: decision.id.to_string(),
        action: decision.action,
        reason: decision.reason,
        decided_by: decision.by.to_string(),
        created_at: time(decision.at),
    };
    Ok(PageView::of(found, view).respond(request))
}

/// Lists what compliance decided about a match and why, for the operator's
/// people.
///
/// A page at a time: `next_cursor` and the `Link` header lead to the rest.
#[utoipa::path(
    operation_id = "list_match_decisions",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "Oldest first.", body = PageView<DecisionView>))
)]
#[get("/v1/matches/{id}/decisions")]
async fn list_match_decisions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, query): (web::Path<String>, ListQuery),
) -> Result<HttpResponse, Problem> {
    let subject = Subject::new(SubjectKind::Match, path_id::<Uuid>(&id)?);
    decisions(&context, &caller, &request, subject, query).await
}

/// Lists what compliance decided about an introduction and why, for the
/// operator's people.
///
/// A page at a time: `next_cursor` and the `Link` header lead to the rest.
#[utoipa::path(
    operation_id = "list_introduction_decisions",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "Oldest first.", body = PageView<DecisionView>))
)]
#[get("/v1/introductions/{id}/decisions")]
async fn list_introduction_decisions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, query): (web::Path<String>, ListQuery),
) -> Result<HttpResponse, Problem> {
    let subject = Subject::new(SubjectKind::Introduction, path_id::<Uuid>(&id)?);
    decisions(&context, &caller, &request, subject, query).await
}

/// Two firms to keep apart.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBlock {
    /// Both, in any order.
    #[schema(
        min_items = 2,
        max_items = 2,
        example = json!(["01a21635-fc97-7752-b7ad-e0c316d4dbe2", "01a21635-fc98-7d30-8f0e-5f0c3a7e6b11"])
    )]
    organizations: Vec<String>,
    /// Why: a conflict of interest, a wish.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

impl NewBlock {
    fn read(&self) -> Result<(OrganizationId, OrganizationId, String), Faults> {
        let mut faults = Faults::new();
        let mut id = |place: usize| {
            let text = self.organizations.get(place).map_or("", String::as_str);
            parsed(
                &mut faults,
                &format!("/organizations/{place}"),
                "not_an_id",
                text,
            )
        };
        let (a, b): (Option<OrganizationId>, Option<OrganizationId>) = (id(0), id(1));
        if self.organizations.len() != 2 || (a.is_some() && a == b) {
            faults.push(
                "/organizations",
                "two_needed",
                "Name two different organizations.",
            );
        }
        let reason = words(&mut faults, "/reason", &self.reason);
        match (a, b, reason) {
            (Some(a), Some(b), Some(reason)) if faults.is_empty() => Ok((a, b, reason)),
            _ => Err(faults),
        }
    }
}

/// Keeps two firms apart, in both directions, for compliance.
#[utoipa::path(
    operation_id = "create_block",
    tag = "compliance",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewBlock,
    responses((status = 204, description = "Kept apart."))
)]
#[post("/v1/blocks")]
async fn create_block(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewBlock>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/blocks", &request, &key, body.bytes());
    let (a, b, reason) = body.read(|it| it.read())?;
    compliance::block(&context, &caller, intent, a, b, reason).await?;
    Ok(HttpResponse::NoContent().finish())
}
