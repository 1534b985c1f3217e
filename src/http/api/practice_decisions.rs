//! Compliance decides about what is sensitive in a practice.

use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{intent, moved, path_id};
use super::held::{HELD_MOST, HeldView};
use super::values::{no_end_of_a_refusal, release_until, within};
use crate::domain::fault::Faults;
use crate::domain::ids::PracticeId;
use crate::domain::release::Leave;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::IfMatch;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::practice_decisions::Verdict;
use crate::services::{Context, practice_decisions, practices};

/// Most characters of a reason.
const REASON_MAX: usize = 2_000;

/// Registers the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(decide_practice);
}

/// What compliance says of a practice whose firms have something sensitive.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPracticeDecision {
    /// `release` or `refuse`.
    #[schema(max_length = 10, example = "release")]
    ruling: String,
    /// Why; it is kept with the decision.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "Shown to a ministry only"
    )]
    reason: String,
    /// Of a release, the last day on which it holds, within 12 months; 12 months
    /// where none is named. It ends earlier with the export licence it rests on.
    #[schema(format = "date", max_length = 10, example = "2027-05-31")]
    valid_to: Option<String>,
    /// Of a release, what it is about: what was read in `held` of the entry in
    /// `/v1/reviews`. What isn't named stays held.
    #[serde(default)]
    #[schema(max_items = 50)]
    held: Vec<HeldView>,
}

impl NewPracticeDecision {
    fn read(&self, now: DateTime<Utc>) -> Result<(Verdict, Leave), Faults> {
        let mut faults = Faults::new();
        let mut held = Vec::new();
        if within(&mut faults, "/held", self.held.len(), HELD_MOST) {
            for (place, one) in self.held.iter().enumerate() {
                held.extend(one.read(&mut faults, &format!("/held/{place}")));
            }
        }
        let verdict = match self.ruling.as_str() {
            "release" => {
                if self.held.is_empty() {
                    faults.push("/held", "required", "Name what is released.");
                }
                Some(Verdict::Release(held))
            }
            "refuse" => {
                no_end_of_a_refusal(&mut faults, self.valid_to.as_deref());
                Some(Verdict::Refuse)
            }
            _ => {
                let detail = "Must be one of release, refuse.";
                faults.push("/ruling", "unknown_code", detail);
                None
            }
        };
        let reason = bounded(&self.reason, REASON_MAX, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        let until = release_until(&mut faults, self.valid_to.as_deref(), now);
        match (verdict, reason) {
            (Some(verdict), Some(reason)) if faults.is_empty() => {
                Ok((verdict, Leave { reason, until }))
            }
            _ => Err(faults),
        }
    }
}

/// Where a practice stands after a decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PracticeDecision)]
pub struct PracticeDecisionView {
    /// Where it stands.
    #[schema(max_length = 20, example = "proposed")]
    status: &'static str,
    /// Whether something of it waits for another person's release.
    waits: bool,
}

/// Decides about what is sensitive in a practice, for compliance.
///
/// `release` lets what a firm's profile has of it be shown to firms of the
/// other's country in that programme, until `valid_to`, as for a match: what is
/// restricted takes two people. It names in `held` what was read of it in
/// `/v1/reviews`: where that is another by now, as after an edit of the profile or
/// when a tag was graded anew, nothing is released. `refuse` ends the engagement.
/// Either is said of the version that was read.
#[utoipa::path(
    operation_id = "decide_practice",
    tag = "compliance",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewPracticeDecision,
    responses(
        (status = 200, description = "Decided; `waits` after the first of two, and while something that wasn't named is held.", body = PracticeDecisionView, headers(("ETag" = String))),
        (status = 409, description = "Nothing of it waits, it changed since it was read, or the caller was the first of the two."),
    )
)]
#[post("/v1/practices/{id}/decisions")]
async fn decide_practice(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, if_match): (web::Path<String>, IdempotencyKey, IfMatch),
    body: DocumentBody<NewPracticeDecision>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/practices/{id}/decisions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id: PracticeId = path_id(&id)?;
    let found = practices::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let said = body.read(|it| it.read(context.now()))?;
    let release = matches!(said.0, Verdict::Release(_));
    let decided = practice_decisions::decide(&context, &caller, intent, id, expected, said).await?;
    let (status, version) = (decided.status.code(), decided.version);
    let waits = release && practice_decisions::waits(&context, decided).await?;
    Ok(moved(version, &PracticeDecisionView { status, waits }))
}
