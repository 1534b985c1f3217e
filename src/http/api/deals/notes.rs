//! Notes about a deal.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::deal_work::{DealNote, NOTE, NoteState, Visibility};
use crate::domain::fault::Faults;
use crate::domain::text::bounded;
use crate::http::api::exchange::{intent, path_id};
use crate::http::api::values::{code, time};
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::deals::notes;
use crate::services::paging::PageRequest;
use crate::services::{Caller, Context};

/// Most characters of a reason.
const REASON_MAX: usize = 2_000;
/// Most characters of a note.
const TEXT_MAX: usize = 4_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_deal_notes)
        .service(write_deal_note)
        .service(decide_deal_note);
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
    /// The move that it gives the reason for; absent on one that stands by
    /// itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "skip")]
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
    responses((status = 201, description = "Noted.", body = NoteView))
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
    Ok(HttpResponse::Created().json(NoteView::of(&note, &caller)))
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
    fn read(&self) -> Result<(bool, String), Faults> {
        let mut faults = Faults::new();
        let release = match self.ruling.as_str() {
            "release" => Some(true),
            "refuse" => Some(false),
            _ => {
                let detail = "Must be one of release, refuse.";
                faults.push("/ruling", "unknown_code", detail);
                None
            }
        };
        let reason = bounded(&self.reason, REASON_MAX, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        match (release, reason) {
            (Some(release), Some(reason)) => Ok((release, reason)),
            _ => Err(faults),
        }
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
    let (release, reason) = body.read(|it| it.read())?;
    let note = notes::decide(&context, &caller, intent, id, release, reason).await?;
    Ok(HttpResponse::Ok().json(NoteView::of(&note, &caller)))
}
