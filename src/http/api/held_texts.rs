//! Texts of practices and programmes that wait for compliance.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{intent, moved, path_id};
use super::screening::MarkedView;
use super::timeline::{PartOf, TimelineQuery, TimelineView, read_part};
use super::transitions::TransitionsView;
use super::values::{code, time};
use crate::domain::deal_work::NoteAction;
use crate::domain::event::{Subject, Value};
use crate::domain::fault::Faults;
use crate::domain::held_text::HeldText;
use crate::domain::terms::Marked;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::held_texts::{self, Found};
use crate::services::log::Kinds;
use crate::services::once::Recorded;

/// Most characters of a reason.
const REASON_MAX: usize = 2_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get_held_text)
        .service(list_held_text_transitions)
        .service(move_held_text)
        .service(list_held_text_events);
}

/// A text that waits for compliance, or that it keeps from its place for good, as
/// its author's side reads it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeptText)]
pub struct KeptTextView {
    /// Under which id it waits.
    #[schema(format = "uuid", max_length = 36)]
    held: String,
    /// For which place: `aim`, `outcome`, `feedback:SESSION` or
    /// `adoption:SESSION` of a practice; `mou:LANGUAGE`, `scope`,
    /// `signing:ORGANIZATION`, `comment:ID`, `title:COMMITMENT`,
    /// `target:COMMITMENT` or `evidence:ID` of a programme.
    #[schema(max_length = 60, example = "outcome")]
    place: String,
    /// The words.
    #[schema(
        max_length = 100_000,
        example = "The drone's autopilot flies over the dam"
    )]
    text: String,
    /// `waiting`, or `refused`: then it is to be said otherwise.
    #[schema(max_length = 10, example = "waiting")]
    state: &'static str,
    /// Since when.
    #[schema(format = "date-time", max_length = 35)]
    since: String,
}

impl From<&HeldText> for KeptTextView {
    fn from(held: &HeldText) -> Self {
        Self {
            held: held.id.to_string(),
            place: held.place.clone(),
            text: held.text.clone(),
            state: held.state.code(),
            since: time(held.created_at),
        }
    }
}

impl KeptTextView {
    /// Those of some texts.
    pub fn all<'a>(held: impl IntoIterator<Item = &'a HeldText>) -> Vec<Self> {
        held.into_iter().map(Self::from).collect()
    }
}

/// A text that waits for compliance, or did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldText)]
pub struct HeldTextView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// Of which practice; absent on one of the programme's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    practice: Option<String>,
    /// For which place, with `replaced:` before it once another text took it.
    #[schema(max_length = 60, example = "outcome")]
    place: String,
    /// The words.
    #[schema(max_length = 100_000)]
    text: String,
    /// The words in question, where they stand.
    #[schema(max_items = 1000)]
    words: Vec<MarkedView>,
    /// The firm whose people wrote it; absent for the operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// Who wrote it.
    #[schema(format = "uuid", max_length = 36)]
    author: String,
    /// How it stands: `waiting`, `cleared` or `refused`.
    #[schema(max_length = 10, example = "waiting")]
    state: &'static str,
    /// Who was the first of two to let it through.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    first_cleared_by: Option<String>,
    /// Counts what was said of it; the `ETag`.
    #[schema(minimum = 1, maximum = 3, example = 1)]
    version: i64,
    /// Since when it waits.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl HeldTextView {
    fn of(held: &HeldText, words: Vec<Marked>) -> Self {
        Self {
            id: held.id.to_string(),
            programme: held.of.programme().to_string(),
            practice: held.of.practice().map(|id| id.to_string()),
            place: held.place.clone(),
            text: held.text.clone(),
            words: words
                .into_iter()
                .map(|hit| MarkedView::from((String::new(), hit)))
                .collect(),
            organization: held.organization.map(|firm| firm.to_string()),
            author: held.author.to_string(),
            state: held.state.code(),
            first_cleared_by: held.first_cleared_by.map(|by| by.to_string()),
            version: held.version(),
            created_at: time(held.created_at),
        }
    }
}

/// One text of a practice or a programme that waits for compliance, or did, for
/// its people and the auditor.
///
/// Words that name something restricted or prohibited are kept from their place,
/// and from everybody but their author's side, until two people of compliance let
/// them through. What waits is in `GET /v1/reviews`.
#[utoipa::path(
    operation_id = "get_held_text",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The text.", body = HeldTextView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/held-texts/{id}")]
async fn get_held_text(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = held_texts::find(&context, &caller, path_id(&id)?).await?;
    let Found { held, words, .. } = found;
    let view = HeldTextView::of(&held, words);
    Ok(versioned(&request, view.version, &view))
}

/// What can be decided about a text now, for compliance.
#[utoipa::path(
    operation_id = "list_held_text_transitions",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/held-texts/{id}/transitions")]
async fn list_held_text_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = held_texts::find(&context, &caller, path_id(&id)?).await?;
    let open = found.open.into_iter();
    let actions = open.map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What to do with a text that waits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHeldTextTransition {
    /// `release` or `refuse`.
    #[schema(max_length = 10, example = "release")]
    action: String,
    /// Why; it is kept with the decision.
    #[schema(min_length = 1, max_length = 2000, example = "The name of a game")]
    reason: String,
}

impl NewHeldTextTransition {
    fn read(&self) -> Result<(NoteAction, String), Faults> {
        decision(("/action", &self.action), &self.reason)
    }
}

/// What compliance decides about words that wait, by the field that says it, and
/// why.
///
/// # Errors
/// Everything that is wrong.
pub fn decision(
    (pointer, action): (&str, &str),
    reason: &str,
) -> Result<(NoteAction, String), Faults> {
    let mut faults = Faults::new();
    let action = code(&mut faults, pointer, action, NoteAction::ALL);
    let reason = bounded(reason, REASON_MAX, true);
    let reason = faults.take("/reason", "invalid_text", reason);
    action.zip(reason).ok_or(faults)
}

/// Decides about a text that waits, for compliance.
///
/// Two people let it through to its place; one keeps it from there for good: its
/// author says it otherwise. Nobody decides about a text of their own firm's.
#[utoipa::path(
    operation_id = "move_held_text",
    tag = "compliance",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewHeldTextTransition,
    responses(
        (status = 200, description = "Decided; still `waiting` after the first of two.", body = HeldTextView, headers(("ETag" = String))),
        (status = 409, description = "It doesn't wait, or the caller was the first of the two."),
    )
)]
#[post("/v1/held-texts/{id}/transitions")]
async fn move_held_text(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, if_match): (web::Path<String>, IdempotencyKey, IfMatch),
    body: DocumentBody<NewHeldTextTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/held-texts/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let found = held_texts::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let said = body.read(|it| it.read())?;
    let held = held_texts::decide(&context, &caller, intent, (id, expected), said).await?;
    let words = held_texts::words_of(&context, &held);
    Ok(moved(held.version(), &HeldTextView::of(&held, words)))
}

/// What tells of a text that is kept from its place.
const EVENTS: &[&str] = &[
    "programme.text_kept",
    "programme.text_decided",
    "practice.text_kept",
    "practice.text_decided",
];

/// What happened to a text, for compliance and the auditor.
#[utoipa::path(
    operation_id = "list_held_text_events",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/held-texts/{id}/events")]
async fn list_held_text_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let held = held_texts::find(&context, &caller, path_id(&id)?)
        .await?
        .held;
    let (kind, record) = held.of.record();
    let subject = Subject::new(kind, record);
    let part = PartOf::one(subject, ("held", Value::Id(held.id)));
    let told = read_part(&context, &part, Kinds::Only(EVENTS), &query.0).await?;
    Ok(HttpResponse::Ok().json(told.whole()))
}
