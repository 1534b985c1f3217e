//! Matches: the live ranking, what is on record, and its moves.

mod digest;
mod explanation;
mod listing;
mod requests;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::exchange::{created, intent, moved, path_id, query_id};
use super::finding::Wrong;
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{MandateId, MatchId, ProgrammeId, StartupProfileId};
use crate::domain::review::Match;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::{Kind, Problem};
use crate::http::query_string::ReadQuery;
use crate::http::registry::ServiceConfig;
use crate::services::matches;
use crate::services::{Caller, Context, teasers};

pub use explanation::ExplanationView;
pub use listing::{MatchFilters, MatchesView, wanted};
pub use requests::{ACTIONS, NewMatch, NewMatchTransition};
pub use view::{MatchView, PartyView, RankingView, Voice};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(listing::list_matches)
        .service(listing::note_match_visit)
        .service(create_match)
        .service(explain_pair)
        .service(get_match)
        .service(list_match_transitions)
        .service(move_match)
        .service(list_match_events)
        .service(digest::get_mandate_digest);
}

/// Puts a pair on record.
///
/// The score is computed afresh and kept with its whole account. A pair that a
/// gate rules out is refused; one that waits for a decision is under review.
#[utoipa::path(
    operation_id = "create_match",
    tag = "matches",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewMatch,
    responses((status = 201, description = "On record.", body = MatchView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/matches")]
async fn create_match(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewMatch>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/matches", &request, &key, body.bytes());
    let (programme, profile, mandate) = body.read(NewMatch::read)?;
    let made = matches::compute(&context, &caller, intent, programme, profile, mandate).await?;
    let view = view(&context, &caller, made).await?;
    Ok(created(
        format!("/v1/matches/{}", view.id),
        view.tag()?,
        &view,
    ))
}

async fn view(context: &Context, caller: &Caller, found: Match) -> Result<MatchView, Problem> {
    let shown = teasers::show_one(context, caller, found).await?;
    let taxonomy = context.taxonomy();
    Ok(MatchView::of(Voice::of(context, caller, &taxonomy), &shown))
}

/// One match.
#[utoipa::path(
    operation_id = "get_match",
    tag = "matches",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The match.", body = MatchView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/matches/{id}")]
async fn get_match(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = matches::find(&context, &caller, path_id(&id)?).await?;
    let view = view(&context, &caller, found).await?;
    Ok(versioned(&request, view.tag()?, &view))
}

/// Which pair.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PairQuery {
    /// Under that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: String,
    /// Which startup profile.
    #[param(format = "uuid", max_length = 36)]
    startup_profile: String,
    /// Which mandate.
    #[param(format = "uuid", max_length = 36)]
    mandate: String,
}

impl PairQuery {
    fn read(&self) -> Result<(ProgrammeId, StartupProfileId, MandateId), Problem> {
        let mut wrong = Wrong::default();
        let programme = wrong.take(query_id("programme", Some(&self.programme)));
        let profile = wrong.take(query_id("startup_profile", Some(&self.startup_profile)));
        let mandate = wrong.take(query_id("mandate", Some(&self.mandate)));
        wrong.or(())?;
        let pair = profile.zip(mandate);
        let named = programme
            .zip(pair)
            .ok_or_else(|| Problem::new(Kind::BadQuery));
        named.map(|(programme, (profile, mandate))| (programme, profile, mandate))
    }
}

/// Explains any pair as of now.
///
/// Answers “why am I not matched with X?”: every gate and factor, whether the
/// pair is ruled out or not. For the operator's people.
#[utoipa::path(
    operation_id = "explain_pair",
    tag = "matches",
    params(PairQuery),
    responses((status = 200, description = "The account.", body = ExplanationView))
)]
#[get("/v1/matches/explain")]
async fn explain_pair(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    query: ReadQuery<PairQuery>,
) -> Result<HttpResponse, Problem> {
    let (_, (programme, profile, mandate)) = query.meaning(PairQuery::read)?;
    let explanation = matches::explain_pair(&context, &caller, programme, profile, mandate).await?;
    let taxonomy = context.taxonomy();
    let voice = Voice::of(&context, &caller, &taxonomy);
    Ok(HttpResponse::Ok().json(ExplanationView::of(voice, &explanation, None)))
}

/// What can be done with a match now.
#[utoipa::path(
    operation_id = "list_match_transitions",
    tag = "matches",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The actions that are the caller's.", body = TransitionsView))
)]
#[get("/v1/matches/{id}/transitions")]
async fn list_match_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = matches::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// Moves a match.
///
/// Compliance lets it pass (`allow`) or stops it (`block`). With its yes it
/// releases what is sensitive in the profile, at this revision, to investors of
/// that country in this programme, for up to a year; for something restricted
/// two people have to say so. A curator shows it (`release`), a side answers
/// (`interested`, `pass`) or puts it off, once, until a day within 90
/// (`snooze`). A pass keeps the two apart for 180 days, or until the day that
/// `not_now` names. A curator puts the pair above the others (`pin`) or keeps
/// it from being shown (`veto`), whatever becomes of this match, and takes that
/// back (`unpin`, `unveto`); the score never changes.
#[utoipa::path(
    operation_id = "move_match",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewMatchTransition,
    responses((status = 200, description = "Moved.", body = MatchView, headers(("ETag" = String))))
)]
#[post("/v1/matches/{id}/transitions")]
async fn move_match(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewMatchTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/matches/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let wanted = body.read(|it| it.read(caller.user.zone, context.now()))?;
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(matches::find(&context, &caller, id))
        .await?;
    let found = matches::transition(&context, &caller, intent, id, expected, wanted).await?;
    let view = view(&context, &caller, found).await?;
    Ok(moved(view.tag()?, &view))
}

/// What happened to a match.
///
/// A side reads what concerns it, without reasons and without names.
#[utoipa::path(
    operation_id = "list_match_events",
    tag = "matches",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/matches/{id}/events")]
async fn list_match_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: MatchId = path_id(&id)?;
    let found = matches::find(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::Match, id);
    let view = match matches::side_of(&caller, &found)? {
        None => timeline::read(&context, subject, &query.0).await?.whole(),
        Some(_) => {
            timeline::read_for_side(&context, &caller, subject, &query.0, &timeline::MATCH).await?
        }
    };
    Ok(HttpResponse::Ok().json(view))
}
