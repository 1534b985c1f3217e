//! The operator's people decide whether a report of abuse holds.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::fault::Faults;
use crate::domain::ids::IntroductionId;
use crate::domain::suspension::Ruling;
use crate::domain::text::bounded;
use crate::http::api::exchange::{intent, path_id};
use crate::http::api::values::time;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::problem::Problem;
use crate::services::{Context, abuse_reports};

/// Most characters of a reason.
const REASON_MAX: usize = 2_000;

/// Whether a report of abuse holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAbuseDecision {
    /// `uphold` or `dismiss`.
    #[schema(max_length = 10, example = "dismiss")]
    ruling: String,
    /// Why; it is kept with the decision.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "Both were called: a request that was sent twice by mistake."
    )]
    reason: String,
}

impl NewAbuseDecision {
    fn read(&self) -> Result<(Ruling, String), Faults> {
        let mut faults = Faults::new();
        let ruling = Ruling::from_code(&self.ruling);
        if ruling.is_none() {
            let detail = "Must be one of uphold, dismiss.";
            faults.push("/ruling", "unknown_code", detail);
        }
        let reason = bounded(&self.reason, REASON_MAX, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        match (ruling, reason) {
            (Some(ruling), Some(reason)) => Ok((ruling, reason)),
            _ => Err(faults),
        }
    }
}

/// What was decided of a report of abuse.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AbuseDecision)]
pub struct AbuseDecisionView {
    /// About which introduction.
    #[schema(format = "uuid", max_length = 36)]
    introduction: String,
    /// `uphold` or `dismiss`.
    #[schema(max_length = 10, example = "dismiss")]
    ruling: &'static str,
    /// Why.
    #[schema(max_length = 2000)]
    reason: String,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    decided_at: String,
}

/// Decides whether a report of abuse holds, for curators and compliance.
///
/// Who was asked for an introduction may answer with a report (`report_abuse`);
/// it waits in the worklist until this is said of it, once. One that was
/// dismissed counts no more against the firm that it is about: two that weren't
/// are a ground to suspend its records. The two firms stay apart until the block
/// is lifted that the report made. The decision stands among those of
/// `GET /v1/introductions/{id}/decisions` and in the introduction's file.
#[utoipa::path(
    operation_id = "decide_abuse_report",
    tag = "introductions",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewAbuseDecision,
    responses(
        (status = 200, description = "Decided.", body = AbuseDecisionView),
        (status = 409, description = "Nobody reported abuse, or it was decided."),
    )
)]
#[post("/v1/introductions/{id}/abuse-decisions")]
pub async fn decide_abuse_report(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewAbuseDecision>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/introductions/{id}/abuse-decisions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id: IntroductionId = path_id(&id)?;
    let said = body.read(|it| it.read())?;
    let ruling = said.0.code();
    let decided = abuse_reports::decide(&context, &caller, intent, id, said).await?;
    Ok(HttpResponse::Ok().json(AbuseDecisionView {
        introduction: id.to_string(),
        ruling,
        reason: decided.reason,
        decided_at: time(decided.at),
    }))
}
