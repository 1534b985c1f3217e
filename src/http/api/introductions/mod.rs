//! Introductions: asked for, answered, moved, told.

mod abuse;
mod partners;
mod profile;
mod requests;
mod slots;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::exchange::{created, intent, moved, path_id, query_code, query_id};
use super::finding::{Wrong, query_spans, time_order};
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::IntroductionId;
use crate::domain::introduction::{IntroductionStatus, Requester};
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::introductions::{self, Filter};
use crate::services::{Caller, Context, counts};

pub use requests::{ACTIONS, NewIntroduction, NewIntroductionTransition};
pub use view::{IntroductionView, neutral};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    partners::routes(config);
    config
        .service(list_introductions)
        .service(request_introduction)
        .service(get_introduction)
        .service(list_introduction_transitions)
        .service(move_introduction)
        .service(abuse::decide_abuse_report)
        .service(slots::offer_times)
        .service(list_introduction_events)
        .service(profile::read_counterpart);
}

/// Which introductions.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IntroductionFilters {
    /// Under that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// With that firm; for a side one of its own.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// In that state; for the operator's people.
    #[param(max_length = 40, example = "held")]
    status: Option<String>,
    /// With that startup profile; for a side one of its own.
    #[param(format = "uuid", max_length = 36)]
    startup: Option<String>,
    /// With that mandate; for a side one of its own.
    #[param(format = "uuid", max_length = 36)]
    mandate: Option<String>,
    /// Asked for by `startup`, `investor` or `curator`.
    #[param(max_length = 10, example = "startup")]
    requester: Option<String>,
    /// Asked for then or later: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    created_since: Option<String>,
    /// Asked for before then: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-12-01T00:00:00Z")]
    created_until: Option<String>,
    /// Changed then or later: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    updated_since: Option<String>,
    /// Changed before then, and not since: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-12-01T00:00:00Z")]
    updated_until: Option<String>,
    /// In what order: `created_at`, `-created_at`, `updated_at` or `-updated_at`.
    #[param(
        max_length = 20,
        pattern = "^-?(created|updated)_at$",
        default = "created_at"
    )]
    sort: Option<String>,
    /// Whether to say how many there are over all pages, up to 1000.
    count: Option<bool>,
}

/// Introductions, the oldest first unless it says otherwise.
///
/// A side gets those that it asked for and those that it was asked about.
#[utoipa::path(
    operation_id = "list_introductions",
    tag = "introductions",
    params(IntroductionFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<IntroductionView>))
)]
#[get("/v1/introductions")]
async fn list_introductions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<IntroductionFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, asked, filter) = query.read(|asked| filter(&caller, asked))?;
    let count = match asked.count {
        Some(true) => Some(counts::introductions(&context, &caller, filter).await?),
        _ => None,
    };
    let page = introductions::list(&context, &caller, filter, page.into()).await?;
    let view = PageView {
        items: page.items.iter().map(IntroductionView::of).collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(view.counted(count).respond(&request))
}

/// What filters mean for that caller.
///
/// # Errors
/// 400, naming every parameter that is wrong.
pub fn filter(caller: &Caller, filters: &IntroductionFilters) -> Result<Filter, Problem> {
    let mut wrong = Wrong::default();
    let status = filters.status.as_deref();
    // A side that could filter by state would learn the ones it isn't told.
    if status.is_some() && !caller.reads_everything() {
        let detail = "`status` is for the operator's people.";
        wrong.note(Problem::parameter("status", detail));
    }
    let organization = query_id("organization", filters.organization.as_deref());
    let requester = filters.requester.as_deref();
    let (created, updated) = query_spans(
        [
            filters.created_since.as_deref(),
            filters.created_until.as_deref(),
        ],
        [
            filters.updated_since.as_deref(),
            filters.updated_until.as_deref(),
        ],
        &mut wrong,
    );
    let filter = Filter {
        organization: wrong.take(organization),
        status: wrong.take(query_code("status", status, IntroductionStatus::from_code)),
        programme: wrong.take(query_id("programme", filters.programme.as_deref())),
        startup_profile: wrong.take(query_id("startup", filters.startup.as_deref())),
        mandate: wrong.take(query_id("mandate", filters.mandate.as_deref())),
        requester: wrong.take(query_code("requester", requester, Requester::from_code)),
        created,
        updated,
        visible_to: None,
        sort: time_order(filters.sort.as_deref(), &mut wrong).unwrap_or_default(),
    };
    wrong.or(filter)
}

/// Asks for an introduction.
///
/// The side that asks counts as accepted: the other one reads the name of its
/// organisation and what it has published as soon as it is asked, and the name
/// and address of whoever asks once it has said yes, too. What is agreed to
/// with that stands under `GET /v1/me/consents`. The blurb is read before both
/// have agreed: an address, a number, a link or a name in it is refused.
#[utoipa::path(
    operation_id = "request_introduction",
    tag = "introductions",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewIntroduction,
    responses((status = 201, description = "Asked for.", body = IntroductionView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/introductions")]
async fn request_introduction(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewIntroduction>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/introductions", &request, &key, body.bytes());
    let (matched, blurb, enclosed) = body.read(|it| it.read(caller.user.zone, context.now()))?;
    let made = introductions::request(&context, &caller, intent, matched, blurb, enclosed).await?;
    let view = shown(&context, &caller, made.id).await?;
    Ok(created(
        format!("/v1/introductions/{}", view.id),
        view.tag()?,
        &view,
    ))
}

async fn shown(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
) -> Result<IntroductionView, Problem> {
    let seen = introductions::find(context, caller, id).await?;
    Ok(IntroductionView::of(&seen))
}

/// One introduction.
#[utoipa::path(
    operation_id = "get_introduction",
    tag = "introductions",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The introduction.", body = IntroductionView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/introductions/{id}")]
async fn get_introduction(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let seen = introductions::open(&context, &caller, path_id(&id)?).await?;
    let view = IntroductionView::of(&seen);
    Ok(versioned(&request, view.tag()?, &view))
}

/// What can be done with an introduction now.
#[utoipa::path(
    operation_id = "list_introduction_transitions",
    tag = "introductions",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The actions that are the caller's.", body = TransitionsView))
)]
#[get("/v1/introductions/{id}/transitions")]
async fn list_introduction_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = introductions::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions.into_iter().map(|action| (action, None));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// Moves an introduction.
///
/// The asked side answers (`accept`, `decline`, `not_now`, `need_more_time`,
/// `report_abuse`) or has somebody else asked (`delegate`), who asked takes it back (`withdraw`), compliance decides what is held
/// (`release`, `refuse`) or stops it (`block`), a curator who learnt that a
/// mail arrived in spite of a delivery problem says so (`confirm_sent`), and
/// either side or a curator tells what became of it (`reply`, `met`,
/// `convert`, `close`, and `late_yes` where a deal came of one that had
/// closed).
#[utoipa::path(
    operation_id = "move_introduction",
    tag = "introductions",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewIntroductionTransition,
    responses((status = 200, description = "Moved.", body = IntroductionView, headers(("ETag" = String))))
)]
#[post("/v1/introductions/{id}/transitions")]
async fn move_introduction(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewIntroductionTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/introductions/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let step = body.read(|it| it.read(caller.user.zone, context.now()))?;
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(introductions::find(&context, &caller, id))
        .await?;
    introductions::transition(&context, &caller, intent, id, expected, step).await?;
    let view = shown(&context, &caller, id).await?;
    Ok(moved(view.tag()?, &view))
}

/// What happened to an introduction.
///
/// A side reads what concerns it, in words that don't say what stopped it.
#[utoipa::path(
    operation_id = "list_introduction_events",
    tag = "introductions",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/introductions/{id}/events")]
async fn list_introduction_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: IntroductionId = path_id(&id)?;
    let seen = introductions::find(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::Introduction, id);
    let rules = &timeline::INTRODUCTION;
    let view = match seen.side {
        None => timeline::read(&context, subject, &query.0).await?.whole(),
        Some(_) => timeline::read_for_side(&context, &caller, subject, &query.0, rules).await?,
    };
    Ok(HttpResponse::Ok().json(view))
}
