//! Practices: what one firm of a programme shows another.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::exchange::{
    body_id, check_fields, created, intent, moved, path_id, query_code, query_id,
};
use super::finding::Wrong;
use super::held_texts::KeptTextView;
use super::transitions::TransitionsView;
use super::values::{code, day, parsed, time};
use crate::domain::fault::Faults;
use crate::domain::ids::PracticeId;
use crate::domain::practice::{Held, PracticeAction, PracticeSession, PracticeStatus};
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, MeantQuery, NoFilters, PageQuery, PageView};
use crate::http::preconditions::{EntityTag, IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::paging::PageRequest;
use crate::services::practices::{self, Filter, Proposal, Seen};
use crate::services::{Caller, Context, practice_openings};

/// Most characters of an aim, a feedback, an evidence, an outcome.
pub(super) const TEXT_MAX: usize = 2_000;
/// Most characters of a name.
const NAME_MAX: usize = 200;
/// Most names of one session.
const NAMES_MAX: usize = 500;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_practices)
        .service(propose_practice)
        .service(get_practice)
        .service(list_practice_transitions)
        .service(move_practice)
        .service(list_practice_sessions)
        .service(note_practice_session)
        .service(take_back_practice_session);
}

/// What a curator proposes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPractice {
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// About which transfer topic of the taxonomy.
    #[schema(max_length = 80, example = "incubator_operation")]
    topic: String,
    /// The firm that shows how it is done.
    #[schema(format = "uuid", max_length = 36)]
    giver: String,
    /// The firm that learns it.
    #[schema(format = "uuid", max_length = 36)]
    taker: String,
    /// What it is for; both read it once they are asked.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "Find leaks in the network of one district"
    )]
    aim: String,
}

impl NewPractice {
    fn read(&self) -> Result<Proposal, Faults> {
        let mut faults = Faults::new();
        let programme = body_id(&mut faults, "/programme", &self.programme);
        let topic = parsed(&mut faults, "/topic", "unknown_topic", &self.topic);
        let giver = body_id(&mut faults, "/giver", &self.giver);
        let taker = body_id(&mut faults, "/taker", &self.taker);
        let aim = bounded(&self.aim, TEXT_MAX, true);
        let aim = faults.take("/aim", "invalid_text", aim);
        match (programme, topic, giver, taker, aim) {
            (Some(programme), Some(topic), Some(giver), Some(taker), Some(aim)) => Ok(Proposal {
                programme,
                topic,
                giver,
                taker,
                aim,
            }),
            _ => Err(faults),
        }
    }
}

/// An engagement: one firm shows another how something is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Practice)]
pub struct PracticeView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// About which transfer topic.
    #[schema(max_length = 80, example = "incubator_operation")]
    topic: String,
    /// Who shows it.
    giver: PracticeFirmView,
    /// Who learns it.
    taker: PracticeFirmView,
    /// What it is for.
    #[schema(max_length = 2000)]
    aim: String,
    /// How it stands.
    #[schema(max_length = 20, example = "running")]
    status: &'static str,
    /// What was adopted; absent while its words wait for compliance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    outcome: Option<String>,
    /// How many sessions were held.
    #[schema(minimum = 0)]
    sessions: i64,
    /// Words of the reader's own side, of all for the operator's people, that
    /// wait for compliance: nobody else knows of them before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    waiting: Vec<KeptTextView>,
    /// Counts changes. The `ETag` is made of it and all that is told here.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was proposed.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

/// One of the two firms.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PracticeFirm)]
pub struct PracticeFirmView {
    /// Its name.
    #[schema(max_length = 200)]
    name: String,
    /// The firm; for the operator's people and the firm itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// Whether it said yes.
    agreed: bool,
}

impl PracticeView {
    /// Its `ETag`: the version, and all that its reader is told.
    pub fn tag(&self) -> Result<EntityTag, Problem> {
        EntityTag::of_view(self.version, self)
    }

    /// What a caller reads of it.
    pub fn of(seen: &Seen, caller: &Caller) -> Self {
        let practice = &seen.practice;
        let firm = |name: &str, id, agreed| PracticeFirmView {
            name: name.to_owned(),
            organization: (caller.reads_everything() || caller.belongs_to(id))
                .then(|| id.to_string()),
            agreed,
        };
        Self {
            id: practice.id.to_string(),
            programme: practice.programme.to_string(),
            topic: practice.topic.to_string(),
            giver: firm(&seen.giver_name, practice.giver, practice.giver_agreed),
            taker: firm(&seen.taker_name, practice.taker, practice.taker_agreed),
            aim: practice.aim.clone(),
            status: practice.status.code(),
            outcome: practice.outcome.clone(),
            sessions: seen.sessions,
            waiting: KeptTextView::all(seen.waiting.all()),
            version: practice.version,
            created_at: time(practice.created_at),
            updated_at: time(practice.updated_at),
        }
    }
}

/// Which engagements.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PracticeFilters {
    /// Under that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// About that transfer topic.
    #[param(max_length = 80, example = "incubator_operation")]
    topic: Option<String>,
    /// That stand so.
    #[param(max_length = 20, example = "running")]
    status: Option<String>,
}

impl PracticeFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let bad = |_| Problem::parameter("topic", "`topic` is no topic's name.");
        let topic = self.topic.as_deref().map(str::parse).transpose();
        let status = query_code("status", self.status.as_deref(), PracticeStatus::from_code);
        let filter = Filter {
            programme: wrong.take(query_id("programme", self.programme.as_deref())),
            topic: wrong.take(topic.map_err(bad)),
            status: wrong.take(status),
            known_to: None,
        };
        wrong.or(filter)
    }
}

/// Lists engagements, oldest first: all for the operator's people, for a firm
/// its own from the day on which it was asked.
#[utoipa::path(
    operation_id = "list_practices",
    tag = "practices",
    params(PracticeFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<PracticeView>))
)]
#[get("/v1/practices")]
async fn list_practices(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<PracticeFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(PracticeFilters::read)?;
    let page = practices::list(&context, &caller, filter, PageRequest::from(page)).await?;
    Ok(PageView::of(page, |seen| PracticeView::of(&seen, &caller)).respond(&request))
}

async fn view(context: &Context, caller: &Caller, id: PracticeId) -> Result<PracticeView, Problem> {
    let seen = practices::find(context, caller, id).await?;
    Ok(PracticeView::of(&seen, caller))
}

/// Proposes that one firm shows another how something is done, for curators.
///
/// Neither firm knows of it before it is offered. Where its aim names something
/// restricted or prohibited, two people of compliance let it through first.
#[utoipa::path(
    operation_id = "propose_practice",
    tag = "practices",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewPractice,
    responses((status = 201, description = "Proposed.", body = PracticeView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/practices")]
async fn propose_practice(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewPractice>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/practices", &request, &key, body.bytes());
    let proposal = body.read(|it| it.read())?;
    let made = practices::propose(&context, &caller, intent, proposal).await?;
    let view = view(&context, &caller, made.id).await?;
    Ok(created(
        format!("/v1/practices/{}", made.id),
        view.tag()?,
        &view,
    ))
}

/// One engagement.
#[utoipa::path(
    operation_id = "get_practice",
    tag = "practices",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The engagement.", body = PracticeView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/practices/{id}")]
async fn get_practice(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let seen = practice_openings::open(&context, &caller, path_id(&id)?).await?;
    let view = PracticeView::of(&seen, &caller);
    Ok(versioned(&request, view.tag()?, &view))
}

/// What can be done with an engagement now.
#[utoipa::path(
    operation_id = "list_practice_transitions",
    tag = "practices",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/practices/{id}/transitions")]
async fn list_practice_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = practices::transitions(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What to do with an engagement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPracticeTransition {
    /// `offer`, `agree`, `decline`, `complete` or `end`; `hold` is a session's.
    #[schema(max_length = 20, example = "agree")]
    action: String,
    /// `complete`: what was adopted; needed by it.
    #[schema(max_length = 2000)]
    outcome: Option<String>,
}

impl NewPracticeTransition {
    fn read(&self) -> Result<(PracticeAction, Option<String>), Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, PracticeAction::ALL);
        let needs: &[&str] = match action {
            Some(PracticeAction::Complete) => &["outcome"],
            _ => &[],
        };
        let came = [("outcome", self.outcome.is_some())];
        if action.is_some() {
            check_fields(&mut faults, &self.action, &came, needs, &[]);
        }
        let outcome = text(&mut faults, "/outcome", self.outcome.as_deref());
        match action {
            Some(action) if faults.is_empty() => Ok((action, outcome)),
            _ => Err(faults),
        }
    }
}

fn text(faults: &mut Faults, pointer: &'static str, text: Option<&str>) -> Option<String> {
    faults.take(pointer, "invalid_text", bounded(text?, TEXT_MAX, true))
}

/// Moves an engagement.
///
/// A curator offers it, which shows each firm to the other and needs an open
/// gate; both firms agree or one declines; either completes it once a session
/// was held, saying what was adopted, or ends it. What names something restricted
/// or prohibited waits for compliance (`waiting`), and the other firm doesn't
/// learn of the words before.
#[utoipa::path(
    operation_id = "move_practice",
    tag = "practices",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewPracticeTransition,
    responses((status = 200, description = "Moved.", body = PracticeView, headers(("ETag" = String))))
)]
#[post("/v1/practices/{id}/transitions")]
async fn move_practice(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, if_match): (web::Path<String>, IdempotencyKey, IfMatch),
    body: DocumentBody<NewPracticeTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/practices/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id: PracticeId = path_id(&id)?;
    let found = practices::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let (action, outcome) = body.read(|it| it.read())?;
    practices::transition(&context, &caller, intent, id, expected, action, outcome).await?;
    let view = view(&context, &caller, id).await?;
    Ok(moved(view.tag()?, &view))
}

/// A session that was held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPracticeSession {
    /// The day.
    #[schema(format = "date", max_length = 10, example = "2026-12-14")]
    held_on: String,
    /// How long it took, in minutes.
    #[schema(minimum = 1, maximum = 1440, example = 180)]
    minutes: u32,
    /// How many people were there.
    #[schema(minimum = 1, maximum = 10000, example = 12)]
    attendees: u32,
    /// Their names, where they agree to be named; shown to the people of who
    /// notes them and the operator's only.
    #[serde(default)]
    #[schema(max_items = 500)]
    names: Vec<String>,
    /// How good it was, from 1 to 5.
    #[schema(minimum = 1, maximum = 5, example = 4)]
    rating: Option<u32>,
    /// What people said of it.
    #[schema(max_length = 2000)]
    feedback: Option<String>,
    /// What shows that something of it is used.
    #[schema(max_length = 2000)]
    evidence: Option<String>,
}

impl NewPracticeSession {
    fn read(&self) -> Result<Held, Faults> {
        let mut faults = Faults::new();
        let on = day(&mut faults, "/held_on", &self.held_on);
        let names = self.names(&mut faults);
        let feedback = text(&mut faults, "/feedback", self.feedback.as_deref());
        let evidence = text(&mut faults, "/evidence", self.evidence.as_deref());
        match on {
            Some(on) if faults.is_empty() => Ok(Held {
                on,
                minutes: self.minutes,
                attendees: self.attendees,
                names,
                rating: self.rating,
                feedback,
                evidence,
            }),
            _ => Err(faults),
        }
    }

    fn names(&self, faults: &mut Faults) -> Vec<String> {
        if self.names.len() > NAMES_MAX {
            let detail = format!("At most {NAMES_MAX} names.");
            faults.push("/names", "too_many", detail);
            return vec![];
        }
        let mut names = Vec::with_capacity(self.names.len());
        for (place, name) in self.names.iter().enumerate() {
            let name = bounded(name, NAME_MAX, false);
            names.extend(faults.take(format!("/names/{place}"), "invalid_text", name));
        }
        names
    }
}

/// A session that was held.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PracticeSession)]
pub struct PracticeSessionView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// The day.
    #[schema(format = "date", max_length = 10)]
    held_on: String,
    /// How long it took, in minutes.
    #[schema(minimum = 1, maximum = 1440)]
    minutes: u32,
    /// How many people were there.
    #[schema(minimum = 1, maximum = 10000)]
    attendees: u32,
    /// Who was there, as far as they were named; for the people of who noted
    /// it and the operator's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 500)]
    names: Vec<String>,
    /// How good it was, from 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 5)]
    rating: Option<u32>,
    /// What people said of it; absent while its words wait for compliance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    feedback: Option<String>,
    /// What shows that something of it is used; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    evidence: Option<String>,
    /// When it was noted.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl PracticeSessionView {
    /// What a caller reads of it.
    pub fn of(session: &PracticeSession, caller: &Caller) -> Self {
        let held = &session.held;
        let firm = session.organization;
        let ours = firm.is_some_and(|firm| caller.belongs_to(firm));
        let named = ours || caller.reads_everything();
        Self {
            id: session.id.to_string(),
            held_on: held.on.to_string(),
            minutes: held.minutes,
            attendees: held.attendees,
            names: if named { held.names.clone() } else { vec![] },
            rating: held.rating,
            feedback: held.feedback.clone(),
            evidence: held.evidence.clone(),
            created_at: time(session.created_at),
        }
    }
}

/// Lists the sessions of an engagement in the order in which they were noted.
#[utoipa::path(
    operation_id = "list_practice_sessions",
    tag = "practices",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<PracticeSessionView>))
)]
#[get("/v1/practices/{id}/sessions")]
async fn list_practice_sessions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let page = practices::sessions(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(page, |it| PracticeSessionView::of(&it, &caller)).respond(&request))
}

/// Notes a session that was held, for both firms and for curators.
///
/// Feedback and evidence that name something restricted or prohibited wait for
/// compliance: they stand in `waiting` of the practice, for who wrote them, until
/// two people let them through.
#[utoipa::path(
    operation_id = "note_practice_session",
    tag = "practices",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewPracticeSession,
    responses((status = 201, description = "Noted.", body = PracticeSessionView))
)]
#[post("/v1/practices/{id}/sessions")]
async fn note_practice_session(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewPracticeSession>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/practices/{id}/sessions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let held = body.read(|it| it.read())?;
    let session = practices::hold(&context, &caller, intent, id, held).await?;
    Ok(HttpResponse::Created().json(PracticeSessionView::of(&session, &caller)))
}

/// Takes back a session that was noted by mistake, with the names of who was
/// there.
///
/// For the people of who noted it and for curators, while the engagement runs.
#[utoipa::path(
    operation_id = "take_back_practice_session",
    tag = "practices",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("session" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 204, description = "Taken back."))
)]
#[delete("/v1/practices/{id}/sessions/{session}")]
async fn take_back_practice_session(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, session) = path.into_inner();
    let session: Uuid = path_id(&session)?;
    practices::take_back(&context, &caller, path_id(&id)?, session).await?;
    Ok(HttpResponse::NoContent().finish())
}
