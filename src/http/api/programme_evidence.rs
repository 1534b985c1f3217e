//! What came of a programme that no commitment asks for yet.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::evidence::adds;
use super::exchange::{body_id, check_fields, created, intent, moved, path_id, query_code};
use super::held_texts::KeptTextView;
use super::programmes::reads_all;
use super::timeline::{
    EVIDENCE, PartOf, TimelineQuery, TimelineView, read_part, read_part_for_side,
};
use super::transitions::TransitionsView;
use super::values::{MoneyView, code, day, time};
use crate::domain::commitment::EvidenceKind;
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::held_text::{HeldPlace, TextOf};
use crate::domain::programme_evidence::{EvidenceAction, EvidenceState, ProgrammeEvidence};
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{EntityTag, IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::held_texts::{self, Waiting};
use crate::services::paging::PageRequest;
use crate::services::programme_evidence::{self, Happened, Move};
use crate::services::{Caller, Context, programmes};

/// Most characters of a note, and of a reason.
const TEXT_MAX: usize = 2_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_programme_evidence)
        .service(give_programme_evidence)
        .service(get_programme_evidence)
        .service(list_programme_evidence_transitions)
        .service(move_programme_evidence)
        .service(list_programme_evidence_events);
}

/// Something that came of a programme.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgrammeEvidence {
    /// `delegation`, `enquiry`, `contract`, `event`, `document` or
    /// `statement`.
    #[schema(max_length = 20, example = "delegation")]
    kind: String,
    /// The day it happened.
    #[schema(format = "date", max_length = 10, example = "2026-10-12")]
    happened_on: String,
    /// What and where.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "Twelve firms at the water week in Baku"
    )]
    note: String,
}

impl NewProgrammeEvidence {
    fn read(&self) -> Result<Happened, Faults> {
        let mut faults = Faults::new();
        let kind = code(&mut faults, "/kind", &self.kind, EvidenceKind::ALL);
        let on = day(&mut faults, "/happened_on", &self.happened_on);
        let note = bounded(&self.note, TEXT_MAX, true);
        let note = faults.take("/note", "invalid_text", note);
        match (kind, on, note) {
            (Some(kind), Some(on), Some(note)) => Ok(Happened { kind, on, note }),
            _ => Err(faults),
        }
    }
}

/// Something that came of a programme, on record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProgrammeEvidence)]
pub struct ProgrammeEvidenceView {
    /// Its id, which it keeps as a commitment's.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// Of what sort.
    #[schema(max_length = 20, example = "delegation")]
    kind: &'static str,
    /// The day it happened.
    #[schema(format = "date", max_length = 10)]
    happened_on: String,
    /// What and where; absent while its words wait for compliance, and where it
    /// keeps them from the other parties.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// Words of the reader's own side that wait.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1)]
    waiting: Vec<KeptTextView>,
    /// The party that gave it; absent for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// `open`; `linked` once a commitment has it; or `withdrawn`.
    #[schema(max_length = 20, example = "open")]
    state: &'static str,
    /// Which commitment has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    commitment: Option<String>,
    /// Why it was taken back, where that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000, example = "It was entered twice.")]
    withdrawn_for: Option<String>,
    /// Counts changes. The `ETag` is made of it and all that is told here.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was given.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl ProgrammeEvidenceView {
    /// Its `ETag`: the version, and all that its reader is told.
    fn tag(&self) -> Result<EntityTag, Problem> {
        EntityTag::of_view(self.version, self)
    }

    fn of(given: &ProgrammeEvidence, waiting: &Waiting) -> Self {
        let words = waiting.at(&[HeldPlace::Evidence(given.id)]);
        Self {
            waiting: KeptTextView::all(words),
            id: given.id.to_string(),
            programme: given.programme.to_string(),
            kind: given.kind.code(),
            happened_on: given.happened_on.to_string(),
            note: Some(given.note.clone()).filter(|note| !note.is_empty()),
            organization: given.organization.map(|firm| firm.to_string()),
            state: given.state.code(),
            commitment: given.commitment.map(|id| id.to_string()),
            withdrawn_for: given.withdrawn_for.clone(),
            version: given.version,
            created_at: time(given.created_at),
            updated_at: time(given.updated_at),
        }
    }
}

/// It, with those of its reader's words that wait.
async fn shown(
    context: &Context,
    caller: &Caller,
    given: &ProgrammeEvidence,
) -> Result<ProgrammeEvidenceView, Problem> {
    let of = TextOf::Programme(given.programme);
    let places = vec![HeldPlace::Evidence(given.id)];
    let waiting = held_texts::waiting(context, caller, of, places).await?;
    Ok(ProgrammeEvidenceView::of(given, &waiting))
}

/// Which evidence.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProgrammeEvidenceFilters {
    /// That stands so.
    #[param(max_length = 10, example = "open")]
    state: Option<String>,
}

/// Lists what was put on record of a programme without a commitment, oldest
/// first, for its parties and the operator's people.
///
/// What was given to a commitment since is in it as well, with which one.
#[utoipa::path(
    operation_id = "list_programme_evidence",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), ProgrammeEvidenceFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ProgrammeEvidenceView>))
)]
#[get("/v1/programmes/{id}/evidence")]
async fn list_programme_evidence(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: MeantQuery<ProgrammeEvidenceFilters>,
) -> Result<HttpResponse, Problem> {
    let state = |filters: &ProgrammeEvidenceFilters| {
        query_code("state", filters.state.as_deref(), EvidenceState::from_code)
    };
    let (page, _, state) = query.read(state)?;
    let (of, page) = ((path_id(&id)?, state), PageRequest::from(page));
    let page = programme_evidence::list(&context, &caller, of, page).await?;
    let words = page.items.iter().map(|it| HeldPlace::Evidence(it.id));
    let (of, words) = (TextOf::Programme(of.0), words.collect());
    let waiting = held_texts::waiting(&context, &caller, of, words).await?;
    Ok(PageView::of(page, |it| ProgrammeEvidenceView::of(&it, &waiting)).respond(&request))
}

/// Puts something on record that came of a programme, for its parties and for
/// curators.
///
/// It needs no commitment: a delegation or an enquiry that nobody promised stands
/// in the scorecard apart, until a curator gives it to one (`link`). A note that
/// names something sensitive waits for compliance (`waiting`).
#[utoipa::path(
    operation_id = "give_programme_evidence",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewProgrammeEvidence,
    responses((status = 201, description = "On record.", body = ProgrammeEvidenceView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/programmes/{id}/evidence")]
async fn give_programme_evidence(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewProgrammeEvidence>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/evidence";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let programme = path_id(&id)?;
    let new = body.read(|it| it.read())?;
    let given = programme_evidence::give(&context, &caller, intent, programme, new).await?;
    let location = format!("/v1/evidence/{}", given.id);
    let view = shown(&context, &caller, &given).await?;
    Ok(created(location, view.tag()?, &view))
}

/// One piece of what came of a programme.
#[utoipa::path(
    operation_id = "get_programme_evidence",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The evidence.", body = ProgrammeEvidenceView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/evidence/{id}")]
async fn get_programme_evidence(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = programme_evidence::find(&context, &caller, path_id(&id)?).await?;
    let view = shown(&context, &caller, &found).await?;
    Ok(versioned(&request, view.tag()?, &view))
}

/// What can be done with it now.
#[utoipa::path(
    operation_id = "list_programme_evidence_transitions",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/evidence/{id}/transitions")]
async fn list_programme_evidence_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = programme_evidence::transitions(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What to do with it. Of `count`, `amount` and `fulfils` at most one is there,
/// and only where the commitment's measure is `manual`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgrammeEvidenceTransition {
    /// `link` or `withdraw`.
    #[schema(max_length = 20, example = "withdraw")]
    action: String,
    /// `link`: the commitment that it is given to, an open one of the same
    /// programme.
    #[schema(format = "uuid", max_length = 36)]
    commitment: Option<String>,
    /// `link`: how many more it adds there.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 1)]
    count: Option<i64>,
    /// `link`: how much more.
    amount: Option<MoneyView>,
    /// `link`: that what was promised is done.
    fulfils: Option<bool>,
    /// `withdraw`: why, in words that all parties read; what names something
    /// restricted or prohibited is refused.
    #[schema(max_length = 2000, example = "It was entered twice.")]
    reason: Option<String>,
}

impl NewProgrammeEvidenceTransition {
    fn read(&self) -> Result<Move, Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, EvidenceAction::ALL);
        let (needs, takes): (&[&str], &[&str]) = match action {
            Some(EvidenceAction::Link) => (&["commitment"], &["count", "amount", "fulfils"]),
            Some(EvidenceAction::Withdraw) => (&[], &["reason"]),
            None => return Err(faults),
        };
        let came = [
            ("commitment", self.commitment.is_some()),
            ("count", self.count.is_some()),
            ("amount", self.amount.is_some()),
            ("fulfils", self.fulfils.is_some()),
            ("reason", self.reason.is_some()),
        ];
        check_fields(&mut faults, &self.action, &came, needs, takes);
        let wanted = if action == Some(EvidenceAction::Link) {
            let id = self.commitment.as_deref();
            let id = id.and_then(|id| body_id(&mut faults, "/commitment", id));
            let adds = adds(&mut faults, self.count, self.amount.as_ref(), self.fulfils);
            id.zip(adds).map(|(id, adds)| Move::Link(id, adds))
        } else {
            let reason = self.reason.as_deref();
            let reason = reason
                .map(|words| bounded(words, TEXT_MAX, true))
                .transpose();
            let reason = faults.take("/reason", "invalid_text", reason);
            reason.map(Move::Withdraw)
        };
        wanted.filter(|_| faults.is_empty()).ok_or(faults)
    }
}

/// Gives it to a commitment, for curators, or takes it back, for them and for
/// the party that gave it.
///
/// Once it is a commitment's it counts there as what was given to it at once,
/// and is put right there by `replaces`.
#[utoipa::path(
    operation_id = "move_programme_evidence",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewProgrammeEvidenceTransition,
    responses((status = 200, description = "Moved.", body = ProgrammeEvidenceView, headers(("ETag" = String))))
)]
#[post("/v1/evidence/{id}/transitions")]
async fn move_programme_evidence(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, if_match): (web::Path<String>, IdempotencyKey, IfMatch),
    body: DocumentBody<NewProgrammeEvidenceTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/evidence/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id: Uuid = path_id(&id)?;
    let found = programme_evidence::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let wanted = body.read(|it| it.read())?;
    let of = (id, expected);
    let after = programme_evidence::transition(&context, &caller, intent, of, wanted).await?;
    let view = shown(&context, &caller, &after).await?;
    Ok(moved(view.tag()?, &view))
}

/// What happened to it, for the parties of its programme and the operator's
/// people.
#[utoipa::path(
    operation_id = "list_programme_evidence_events",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/evidence/{id}/events")]
async fn list_programme_evidence_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = programme_evidence::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::Programme, found.programme);
    let part = PartOf::one(subject, ("evidence", Value::Id(found.id)));
    let programme = programmes::find(&context, &caller, found.programme).await?;
    let view = if reads_all(&caller, &programme) {
        read_part(&context, &part, EVIDENCE.kinds(), &query.0)
            .await?
            .whole()
    } else {
        read_part_for_side(&context, &caller, &part, &query.0, &EVIDENCE).await?
    };
    Ok(HttpResponse::Ok().json(view))
}
