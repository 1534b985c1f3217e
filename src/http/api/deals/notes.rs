//! Notes about a deal.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::deal_work::{DealNote, NOTE, NoteAction, NoteState, Visibility};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::text::bounded;
use crate::http::api::exchange::{intent, moved, path_id};
use crate::http::api::held_texts::decision;
use crate::http::api::timeline::{PartOf, TimelineQuery, TimelineView, read_part};
use crate::http::api::transitions::TransitionsView;
use crate::http::api::values::{code, time};
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, digested, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::deals::notes::{self, Found};
use crate::services::log::Kinds;
use crate::services::once::Recorded;
use crate::services::paging::PageRequest;
use crate::services::{Caller, Context};

/// Most characters of a note.
const TEXT_MAX: usize = 4_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_deal_notes)
        .service(write_deal_note)
        .service(decide_deal_note)
        .service(get_deal_note)
        .service(list_deal_note_transitions)
        .service(move_deal_note)
        .service(list_deal_note_events);
}

/// A note to be written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealNote {
    /// The words.
    #[schema(
        min_length = 1,
        max_length = 4000,
        example = "They ask for a second site"
    )]
    note: String,
    /// Who learns of it: `private` (the writer), `team` (the writer's people)
    /// or `both` (both sides and the operator's people).
    #[schema(max_length = 10, example = "team")]
    visibility: String,
}

impl NewDealNote {
    fn read(&self) -> Result<(Visibility, String), Faults> {
        let mut faults = Faults::new();
        let visibility = code(
            &mut faults,
            "/visibility",
            &self.visibility,
            Visibility::ALL,
        );
        let note = bounded(&self.note, TEXT_MAX, true);
        let note = faults.take("/note", "invalid_text", note);
        match (visibility, note) {
            (Some(visibility), Some(note)) => Ok((visibility, note)),
            _ => Err(faults),
        }
    }
}

/// A note.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealNote)]
pub struct NoteView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// The move that it gives the reason for, or the place that a text waited or
    /// waits for (`next_step`, `fact:KEY`, `task:ID`, `task_title:ID`,
    /// `document:ID`, with `replaced:` before it once another text took its place);
    /// absent on one that stands by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 140, example = "skip")]
    action: Option<String>,
    /// The words.
    #[schema(max_length = 4000)]
    note: String,
    /// Who learns of it.
    #[schema(max_length = 10, example = "team")]
    visibility: &'static str,
    /// Whose people wrote it, or are meant to read a move's reason.
    #[schema(max_length = 10, example = "startup")]
    camp: &'static str,
    /// How it stands with compliance: `shown` where there is nothing to look at,
    /// `waiting` while the other side doesn't learn of it, `cleared` or `refused`.
    #[schema(max_length = 10, example = "shown")]
    state: &'static str,
    /// Who wrote it; for their own people and the operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    author: Option<String>,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl NoteView {
    /// What a caller reads of it.
    pub fn of(note: &DealNote, caller: &Caller) -> Self {
        let marks = &note.marks;
        let known = caller.reads_everything()
            || marks.author == caller.id()
            || marks.visibility == Visibility::Team;
        Self {
            id: note.id.to_string(),
            action: (note.action != NOTE).then(|| note.action.clone()),
            note: note.note.clone(),
            visibility: marks.visibility.code(),
            camp: marks.camp.code(),
            // That it was looked at is not for the other side to know.
            state: match note.state {
                NoteState::Cleared if !caller.reads_everything() => NoteState::Shown.code(),
                other => other.code(),
            },
            author: known.then(|| marks.author.to_string()),
            created_at: time(note.created_at),
        }
    }
}

/// Lists the notes about a deal that the caller learns of, oldest first.
///
/// For the operator's people the reasons in words that were given for its
/// moves stand among them.
#[utoipa::path(
    operation_id = "list_deal_notes",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<NoteView>))
)]
#[get("/v1/deals/{id}/notes")]
async fn list_deal_notes(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let page = notes::list(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(page, |note| NoteView::of(&note, &caller)).respond(&request))
}

/// Notes something about a deal.
///
/// What both sides are to read waits for compliance where it names something
/// restricted or prohibited (`state` is `waiting`), and the other side doesn't
/// learn of it before.
#[utoipa::path(
    operation_id = "write_deal_note",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewDealNote,
    responses((status = 201, description = "Noted.", body = NoteView, headers(("Location" = String))))
)]
#[post("/v1/deals/{id}/notes")]
async fn write_deal_note(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewDealNote>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/deals/{id}/notes";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let (visibility, text) = body.read(|it| it.read())?;
    let note = notes::write(&context, &caller, intent, id, visibility, text).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/deal-notes/{}", note.id)))
        .json(NoteView::of(&note, &caller)))
}

/// What compliance says of a note that waits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNoteDecision {
    /// `release` or `refuse`.
    #[schema(max_length = 10, example = "release")]
    ruling: String,
    /// Why; it is kept with the decision.
    #[schema(min_length = 1, max_length = 2000, example = "The name of a game")]
    reason: String,
}

impl NewNoteDecision {
    fn read(&self) -> Result<(NoteAction, String), Faults> {
        decision(("/ruling", &self.ruling), &self.reason)
    }
}

/// Decides about a note that waits, for compliance.
///
/// Two people let it through to the other side; one keeps it from them. Whose
/// words stand in question is in `GET /v1/reviews`.
#[utoipa::path(
    operation_id = "decide_deal_note",
    tag = "compliance",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewNoteDecision,
    responses(
        (status = 200, description = "Decided; still `waiting` after the first of two.", body = NoteView),
        (status = 409, description = "It doesn't wait, or the caller was the first of the two."),
    )
)]
#[post("/v1/deal-notes/{id}/decisions")]
async fn decide_deal_note(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewNoteDecision>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/deal-notes/{id}/decisions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let (action, reason) = body.read(|it| it.read())?;
    let release = action == NoteAction::Release;
    let note = notes::decide(&context, &caller, intent, (id, None), release, reason).await?;
    Ok(HttpResponse::Ok().json(NoteView::of(&note, &caller)))
}

/// One note about a deal, for those who learn of it.
///
/// Its `ETag` changes with what its reader is shown.
#[utoipa::path(
    operation_id = "get_deal_note",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The note.", body = NoteView, headers(("ETag" = String))))
)]
#[get("/v1/deal-notes/{id}")]
async fn get_deal_note(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let Found { note, .. } = notes::find(&context, &caller, path_id(&id)?).await?;
    let view = NoteView::of(&note, &caller);
    if caller.reads_everything() {
        return Ok(versioned(&request, note.version(), &view));
    }
    // The sides decide nothing by it, and a version would tell them that somebody
    // looked at the note.
    digested(&request, &view)
}

/// What can be decided about a note now, for compliance.
#[utoipa::path(
    operation_id = "list_deal_note_transitions",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/deal-notes/{id}/transitions")]
async fn list_deal_note_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = notes::find(&context, &caller, path_id(&id)?).await?;
    let open = found.open.into_iter();
    let actions = open.map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What to do with a note that waits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealNoteTransition {
    /// `release` or `refuse`.
    #[schema(max_length = 10, example = "release")]
    action: String,
    /// Why; it is kept with the decision.
    #[schema(min_length = 1, max_length = 2000, example = "The name of a game")]
    reason: String,
}

impl NewDealNoteTransition {
    fn read(&self) -> Result<(NoteAction, String), Faults> {
        decision(("/action", &self.action), &self.reason)
    }
}

/// Decides about a note that waits, for compliance: see
/// `POST /v1/deal-notes/{id}/decisions`, which does the same.
#[utoipa::path(
    operation_id = "move_deal_note",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewDealNoteTransition,
    responses(
        (status = 200, description = "Decided; still `waiting` after the first of two.", body = NoteView, headers(("ETag" = String))),
        (status = 409, description = "It doesn't wait, or the caller was the first of the two."),
    )
)]
#[post("/v1/deal-notes/{id}/transitions")]
async fn move_deal_note(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, version, key): (web::Path<String>, IfMatch, IdempotencyKey),
    body: DocumentBody<NewDealNoteTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/deal-notes/{id}/transitions";
    let id = path_id(&id)?;
    notes::find(&context, &caller, id).await?;
    let expected = version.version()?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let (action, reason) = body.read(|it| it.read())?;
    let release = action == NoteAction::Release;
    let note = notes::decide(&context, &caller, intent, (id, expected), release, reason).await?;
    Ok(moved(note.version(), &NoteView::of(&note, &caller)))
}

/// What tells of a note that both sides read.
const NOTE_EVENTS: &[&str] = &["deal.noted"];

/// What happened to a note: that it was written, once both sides know of it.
#[utoipa::path(
    operation_id = "list_deal_note_events",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/deal-notes/{id}/events")]
async fn list_deal_note_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let Found { note, ours, .. } = notes::find(&context, &caller, path_id(&id)?).await?;
    let fact = ("note", Value::Id(note.id));
    let of_deal = PartOf::one(Subject::new(SubjectKind::Deal, note.deal), fact.clone());
    let told = read_part(&context, &of_deal, Kinds::Only(NOTE_EVENTS), &query.0).await?;
    // What not both sides know of stands on its author's own timeline.
    let of_author = PartOf::one(Subject::new(SubjectKind::User, note.marks.author), fact);
    let own = read_part(&context, &of_author, Kinds::Only(&["user.noted"]), &query.0).await?;
    let told = if ours { told.with(own, &query.0) } else { told };
    Ok(HttpResponse::Ok().json(told.for_caller(&caller)))
}
