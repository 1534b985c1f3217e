//! One admission to a programme by itself: how it stands, what can be done
//! with it, and what happened to it.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::admissions::ProgrammeAdmissionView;
use super::exchange::{check_fields, intent, moved, path_id};
use super::timeline::{
    ADMISSION, PartOf, TimelineQuery, TimelineView, read_part, read_part_for_side,
};
use super::transitions::TransitionsView;
use super::values::code;
use crate::domain::admission::{AdmissionAction, REASON_MAX};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::ProgrammeId;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::admissions::{self, Step};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get_admission)
        .service(list_admission_transitions)
        .service(move_admission)
        .service(list_admission_events);
}

/// The programme and the record of a path.
fn admitted(path: &(String, String)) -> Result<(ProgrammeId, Uuid), Problem> {
    Ok((path_id(&path.0)?, path_id(&path.1)?))
}

/// One admission, also one that was taken back, by the profile or the mandate
/// that it is of.
#[utoipa::path(
    operation_id = "get_admission",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("record" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 200, description = "The admission.", body = ProgrammeAdmissionView, headers(("ETag" = String))))
)]
#[get("/v1/programmes/{id}/admissions/{record}")]
async fn get_admission(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (programme, record) = admitted(&path)?;
    let found = admissions::find(&context, &caller, programme, record).await?;
    let view = ProgrammeAdmissionView::from(&found.shown);
    Ok(versioned(&request, found.version, &view))
}

/// What can be done with an admission now, for curators.
#[utoipa::path(
    operation_id = "list_admission_transitions",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("record" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/programmes/{id}/admissions/{record}/transitions")]
async fn list_admission_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (programme, record) = admitted(&path)?;
    let found = admissions::find(&context, &caller, programme, record).await?;
    let open = found.open.into_iter();
    let actions = open.map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What to do with an admission.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdmissionTransition {
    /// `withdraw`, or `admit` what was withdrawn.
    #[schema(max_length = 20, example = "withdraw")]
    action: String,
    /// Why it is taken back, for the operator's people; with `withdraw` alone.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "It moved to another country."
    )]
    reason: Option<String>,
}

impl NewAdmissionTransition {
    fn read(&self) -> Result<Step, Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, AdmissionAction::ALL);
        let came = [("reason", self.reason.is_some())];
        if let Some(action) = action {
            let needs: &[&str] = match action {
                AdmissionAction::Withdraw => &["reason"],
                AdmissionAction::Admit => &[],
            };
            check_fields(&mut faults, &self.action, &came, needs, &[]);
        }
        let reason = self.reason.as_deref();
        let reason = reason.and_then(|reason| {
            let reason = bounded(reason, REASON_MAX, true);
            faults.take("/reason", "invalid_text", reason)
        });
        match (action, reason) {
            _ if !faults.is_empty() => Err(faults),
            (Some(AdmissionAction::Withdraw), Some(reason)) => Ok(Step::Withdraw(reason)),
            (Some(AdmissionAction::Admit), None) => Ok(Step::Admit),
            _ => Err(faults),
        }
    }
}

/// Takes an admission back, or admits again what was taken back, for curators:
/// see `POST /v1/programmes/{id}/admissions` and `…/admissions/withdrawals`,
/// which do the same.
#[utoipa::path(
    operation_id = "move_admission",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("record" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewAdmissionTransition,
    responses((status = 200, description = "Done.", body = ProgrammeAdmissionView, headers(("ETag" = String))))
)]
#[post("/v1/programmes/{id}/admissions/{record}/transitions")]
async fn move_admission(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (path, version, key): (web::Path<(String, String)>, IfMatch, IdempotencyKey),
    body: DocumentBody<NewAdmissionTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/admissions/{record}/transitions";
    let (programme, record) = admitted(&path)?;
    admissions::find(&context, &caller, programme, record).await?;
    let expected = version.version()?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let step = body.read(|it| it.read())?;
    let of = (programme, record, expected);
    let after = admissions::go(&context, &caller, intent, of, step).await?;
    let view = ProgrammeAdmissionView::from(&after.shown);
    Ok(moved(after.version, &view))
}

/// What happened to an admission, for those who read it.
#[utoipa::path(
    operation_id = "list_admission_events",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("record" = String, Path, format = "uuid", max_length = 36),
        TimelineQuery,
    ),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/programmes/{id}/admissions/{record}/events")]
async fn list_admission_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let (programme, record) = admitted(&path)?;
    admissions::find(&context, &caller, programme, record).await?;
    let subject = Subject::new(SubjectKind::Programme, programme);
    let part = PartOf::one(subject, ("id", Value::Id(record)));
    let kinds = ADMISSION.kinds();
    let view = if caller.reads_everything() {
        read_part(&context, &part, kinds, &query.0).await?.whole()
    } else {
        read_part_for_side(&context, &caller, &part, &query.0, &ADMISSION).await?
    };
    Ok(HttpResponse::Ok().json(view))
}
