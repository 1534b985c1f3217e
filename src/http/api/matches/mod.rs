//! Matches: the live ranking, what is on record, and its moves.

mod explanation;
mod requests;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{created, intent, moved, path_id, query_code, query_id};
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{MandateId, MatchId, ProgrammeId, StartupProfileId};
use crate::domain::review::{Match, MatchStatus, Response};
use crate::domain::values::Side;
use crate::http::caller::Authenticated;
use crate::http::fields::{JsonBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::{Kind, Problem};
use crate::http::registry::ServiceConfig;
use crate::services::matches::{self, Filter, RankFilter};
use crate::services::paging::PageRequest;
use crate::services::{Caller, Context, mandates, startups, teasers};

pub use explanation::ExplanationView;
pub use requests::{NewMatch, NewMatchTransition};
pub use view::{MatchView, PartyView, RankingView, Voice};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_matches)
        .service(create_match)
        .service(explain_pair)
        .service(get_match)
        .service(list_match_transitions)
        .service(move_match)
        .service(list_match_events);
}

/// Which matches.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchFilters {
    /// Of that startup profile.
    #[param(format = "uuid", max_length = 36)]
    startup: Option<String>,
    /// Of that mandate.
    #[param(format = "uuid", max_length = 36)]
    mandate: Option<String>,
    /// Under that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// On record, in that state; for the operator's people.
    #[param(max_length = 40, example = "candidate")]
    status: Option<String>,
    /// Of a ranking: the least score, in basis points.
    #[param(minimum = 0, maximum = 10000)]
    min_score: Option<i64>,
}

/// The live ranking of one record, or a page of what is on record.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Matches)]
pub enum MatchesView {
    /// The live ranking.
    Ranking(RankingView),
    /// On record.
    OnRecord(PageView<MatchView>),
}

/// Ranks, or lists what is on record.
///
/// For the operator's people `startup` or `mandate` asks for the live ranking
/// of that record, every gate and factor explained; with neither, or with
/// `status`, the matches on record are listed. A side gets the matches that
/// were released to it.
#[utoipa::path(
    operation_id = "list_matches",
    tag = "matches",
    params(MatchFilters, PageQuery),
    responses(
        (status = 200, description = "A ranking or a page.", body = MatchesView),
        (status = 409, description = "It is admitted to no programme, so there is nothing to rank it in."),
    )
)]
#[get("/v1/matches")]
async fn list_matches(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: ListQuery<MatchFilters>,
) -> Result<HttpResponse, Problem> {
    let filters = &query.filters;
    let of_one = filters.startup.is_some() || filters.mandate.is_some();
    if of_one && filters.status.is_none() && caller.reads_everything() {
        let ranking = rank(&context, &caller, &query).await?;
        return Ok(HttpResponse::Ok().json(ranking));
    }
    Ok(list(&context, &caller, query).await?.respond(&request))
}

async fn rank(
    context: &Context,
    caller: &Caller,
    query: &ListQuery<MatchFilters>,
) -> Result<RankingView, Problem> {
    let filters = &query.filters;
    let bad = |detail: &str| Problem::new(Kind::BadQuery).detail(detail);
    let of = match (
        query_id("startup", filters.startup.as_deref())?,
        query_id("mandate", filters.mandate.as_deref())?,
    ) {
        (Some(startup), None) => matches::Query::Startup(startup),
        (None, Some(mandate)) => matches::Query::Mandate(mandate),
        _ => return Err(bad("A ranking is of one `startup` or of one `mandate`.")),
    };
    let min_score = filters.min_score.unwrap_or(0);
    if !(0..=10_000).contains(&min_score) {
        return Err(bad("`min_score` must be 0–10000."));
    }
    if query.page.cursor.is_some() {
        return Err(bad("A ranking has one page; `limit` says how long it is."));
    }
    let filter = RankFilter {
        min_score,
        ..RankFilter::default()
    };
    let programme = query_id("programme", filters.programme.as_deref())?;
    let limit = usize::try_from(query.page.limit).unwrap_or(usize::MAX);
    let (programme, ranked) = matches::rank(context, caller, of, programme, limit, filter).await?;
    Ok(RankingView::of(
        Voice::of(context, caller),
        programme,
        &ranked,
    ))
}

/// What filters mean for that caller.
///
/// # Errors
/// 400, naming the parameter.
pub fn filter(caller: &Caller, filters: &MatchFilters) -> Result<Filter, Problem> {
    if filters.min_score.is_some() {
        return Err(Problem::new(Kind::BadQuery).detail("`min_score` belongs to a ranking."));
    }
    let status = filters.status.as_deref();
    // A side that could filter by state would learn what the other answered.
    if status.is_some() && !caller.reads_everything() {
        let detail = "`status` is for the operator's people.";
        return Err(Problem::new(Kind::BadQuery).detail(detail));
    }
    Ok(Filter {
        programme: query_id("programme", filters.programme.as_deref())?,
        startup_profile: query_id("startup", filters.startup.as_deref())?,
        mandate: query_id("mandate", filters.mandate.as_deref())?,
        visible_to: None,
        status: query_code("status", status, MatchStatus::from_code)?,
    })
}

async fn list(
    context: &Context,
    caller: &Caller,
    query: ListQuery<MatchFilters>,
) -> Result<PageView<MatchView>, Problem> {
    let filter = filter(caller, &query.filters)?;
    // Nobody finds out by filtering that a match is with a record of another
    // firm's: to whom it is hidden, it is not there.
    if let Some(id) = filter.startup_profile {
        startups::find(context, caller, id).await?;
    }
    if let Some(id) = filter.mandate {
        mandates::find(context, caller, id).await?;
    }
    let page = matches::list(context, caller, filter, PageRequest::from(query.page)).await?;
    let shown = teasers::show(context, caller, page.items).await?;
    let voice = Voice::of(context, caller);
    Ok(PageView {
        items: shown
            .iter()
            .map(|shown| MatchView::of(voice, shown))
            .collect(),
        next_cursor: page.next,
    })
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
    body: JsonBody<NewMatch>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/matches", &request, &key, body.bytes());
    let (programme, profile, mandate) = body.into_inner().read()?;
    let made = matches::compute(&context, &caller, intent, programme, profile, mandate).await?;
    let view = view(&context, &caller, made).await?;
    Ok(created(
        format!("/v1/matches/{}", view.id),
        view.version,
        &view,
    ))
}

async fn view(context: &Context, caller: &Caller, found: Match) -> Result<MatchView, Problem> {
    let shown = teasers::show_one(context, caller, found).await?;
    Ok(MatchView::of(Voice::of(context, caller), &shown))
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
    Ok(versioned(&request, view.version, &view))
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
    query: Query<PairQuery>,
) -> Result<HttpResponse, Problem> {
    let needed = || Problem::new(Kind::BadQuery);
    let pair = &query.0;
    let programme: Option<ProgrammeId> = query_id("programme", Some(&pair.programme))?;
    let profile: Option<StartupProfileId> =
        query_id("startup_profile", Some(&pair.startup_profile))?;
    let mandate: Option<MandateId> = query_id("mandate", Some(&pair.mandate))?;
    let explanation = matches::explain_pair(
        &context,
        &caller,
        programme.ok_or_else(needed)?,
        profile.ok_or_else(needed)?,
        mandate.ok_or_else(needed)?,
    )
    .await?;
    let voice = Voice::of(&context, &caller);
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
/// (`interested`, `pass`).
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
    body: JsonBody<NewMatchTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/matches/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let wanted = body.into_inner().read(caller.user.zone, context.now())?;
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(matches::find(&context, &caller, id))
        .await?;
    let found = matches::transition(&context, &caller, intent, id, expected, wanted).await?;
    let view = view(&context, &caller, found).await?;
    Ok(moved(view.version, &view))
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
    let page = timeline::read(&context, subject, &query.0).await?;
    let view = match matches::side_of(&caller, &found)? {
        None => page.whole(),
        Some(_) => page.for_side(&caller, &timeline::MATCH),
    };
    Ok(HttpResponse::Ok().json(view))
}

/// The state as a side may read it: what it answered itself, not what the
/// other did. An introduction counts once the side has a part in it.
fn status_for(matched: &Match, side: Option<Side>) -> &'static str {
    let Some(side) = side else {
        return matched.status.code();
    };
    let own = matched.response_of(side);
    match (matched.status, own) {
        (MatchStatus::Mutual, _) => MatchStatus::Mutual.code(),
        (MatchStatus::Introduced, Response::Interested) => MatchStatus::Introduced.code(),
        (_, Response::Interested) => "interested",
        (_, Response::Passed) => MatchStatus::Passed.code(),
        (MatchStatus::Expired | MatchStatus::Superseded, Response::None) => matched.status.code(),
        (_, Response::None) => MatchStatus::Released.code(),
    }
}
