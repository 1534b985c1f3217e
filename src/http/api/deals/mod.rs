//! Deals: what follows an introduction, stage by stage.

mod closings;
mod documents;
mod history;
mod notes;
mod opening;
mod parts;
mod requests;
mod syndicate;
mod tasks;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::exchange::{intent, moved, path_id, query_code, query_id};
use super::finding::{Wrong, query_day, query_spans, time_order};
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::DealId;
use crate::domain::pipeline::DealStatus;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::deals::{self, Filter};
use crate::services::{Caller, Context, counts};

pub use documents::DealDocumentView;
pub use notes::NoteView;
pub use parts::PartView;
pub use requests::{ACTIONS, DealChanges, NewDealTransition};
pub use syndicate::SyndicateView;
pub use tasks::TaskView;
pub use view::DealView;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_deals)
        .service(opening::open_deal)
        .service(get_deal)
        .service(change_deal)
        .service(list_deal_transitions)
        .service(move_deal)
        .configure(notes::routes)
        .configure(tasks::routes)
        .configure(documents::routes)
        .service(list_deal_events)
        .service(history::get_deal_history)
        .service(syndicate::get_deal_board)
        .service(syndicate::get_deal_syndicate)
        .service(syndicate::set_deal_round)
        .service(syndicate::set_deal_participant)
        .service(parts::list_deal_participations)
        .service(closings::set_deal_closings)
        .service(closings::get_deal_closing)
        .service(closings::list_deal_closing_transitions)
        .service(closings::list_deal_closing_events)
        .service(closings::move_deal_closing);
}

/// Which deals.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DealFilters {
    /// That stand so.
    #[param(max_length = 40, example = "open")]
    status: Option<String>,
    /// At that stage.
    #[param(max_length = 80, example = "screening")]
    stage: Option<String>,
    /// Under that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// With that firm on either side; for a side one of its own.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// Of that startup profile; for a side one of its own.
    #[param(format = "uuid", max_length = 36)]
    startup: Option<String>,
    /// Of that mandate; for a side one of its own.
    #[param(format = "uuid", max_length = 36)]
    mandate: Option<String>,
    /// On hold until that day or before.
    #[param(format = Date, max_length = 10, example = "2026-12-14")]
    resume_by: Option<String>,
    /// Opened then or later: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    created_since: Option<String>,
    /// Opened before then: RFC 3339.
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

impl DealFilters {
    /// What they mean.
    ///
    /// # Errors
    /// 400, naming every parameter that is wrong.
    pub fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let stage = self.stage.as_deref().map(str::parse).transpose();
        let bad_stage = |_| Problem::parameter("stage", "`stage` is no stage's name.");
        let organization = query_id("organization", self.organization.as_deref());
        let status = query_code("status", self.status.as_deref(), DealStatus::from_code);
        let (created, updated) = query_spans(
            [self.created_since.as_deref(), self.created_until.as_deref()],
            [self.updated_since.as_deref(), self.updated_until.as_deref()],
            &mut wrong,
        );
        let filter = Filter {
            organization: wrong.take(organization),
            participants: None,
            status: wrong.take(status),
            stage: wrong.take(stage.map_err(bad_stage)),
            programme: wrong.take(query_id("programme", self.programme.as_deref())),
            startup_profile: wrong.take(query_id("startup", self.startup.as_deref())),
            mandate: wrong.take(query_id("mandate", self.mandate.as_deref())),
            resume_by: wrong.take(query_day("resume_by", self.resume_by.as_deref())),
            created,
            updated,
            sort: time_order(self.sort.as_deref(), &mut wrong).unwrap_or_default(),
        };
        wrong.or(filter)
    }
}

/// Deals, the oldest first unless it says otherwise: all for the operator's people, its own for a side.
#[utoipa::path(
    operation_id = "list_deals",
    tag = "deals",
    params(DealFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<DealView>))
)]
#[get("/v1/deals")]
async fn list_deals(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<DealFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, asked, filter) = query.read(DealFilters::read)?;
    let count = match asked.count {
        Some(true) => Some(counts::deals(&context, &caller, filter.clone()).await?),
        _ => None,
    };
    let page = deals::list(&context, &caller, filter, page.into()).await?;
    let view = PageView {
        items: page
            .items
            .iter()
            .map(|seen| DealView::of(seen, &caller))
            .collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(view.counted(count).respond(&request))
}

async fn view(context: &Context, caller: &Caller, id: DealId) -> Result<DealView, Problem> {
    let seen = deals::find(context, caller, id).await?;
    Ok(DealView::of(&seen, caller))
}

/// One deal.
#[utoipa::path(
    operation_id = "get_deal",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The deal.", body = DealView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/deals/{id}")]
async fn get_deal(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let seen = deals::open_record(&context, &caller, path_id(&id)?).await?;
    let view = DealView::of(&seen, &caller);
    Ok(versioned(&request, view.tag()?, &view))
}

/// Records what exit criteria ask for, and what is planned.
///
/// Only `facts`, `next_step`, `expected_close` and, for curators,
/// `probability_said` can be changed so; what is set to null is taken back.
#[utoipa::path(
    operation_id = "change_deal",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-Match" = String, Header, max_length = 100, example = "\"v3\"")),
    request_body(content = DealChanges, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Recorded.", body = DealView, headers(("ETag" = String))))
)]
#[patch("/v1/deals/{id}")]
async fn change_deal(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let current = deals::find(&context, &caller, id).await?;
    let expected = if_match.version()?;
    let before = DealChanges::of(&current);
    let changes = patch.apply_to::<DealChanges>(&before)?.since(&before)?;
    // `*` stands for the version that the patch was laid over.
    let expected = expected.or(Some(current.deal.version));
    deals::change(&context, &caller, id, expected, changes).await?;
    let view = view(&context, &caller, id).await?;
    Ok(moved(view.tag()?, &view))
}

/// What can be done with a deal now.
#[utoipa::path(
    operation_id = "list_deal_transitions",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The actions that are the caller's.", body = TransitionsView))
)]
#[get("/v1/deals/{id}/transitions")]
async fn list_deal_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = deals::transitions(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// Moves a deal.
///
/// Either side reports the next stage (`report`), confirms the funding
/// (`confirm`), holds, resumes, loses or withdraws; a curator advances, skips,
/// moves back, reopens or has it go through another pipeline (`reroute`), two
/// of them confirm on evidence for a side that stays silent (`vouch`);
/// compliance blocks, two of them let it go on (`unblock`).
#[utoipa::path(
    operation_id = "move_deal",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewDealTransition,
    responses((status = 200, description = "Moved.", body = DealView, headers(("ETag" = String))))
)]
#[post("/v1/deals/{id}/transitions")]
async fn move_deal(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewDealTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/deals/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let (action, note) = body.read(|it| it.read())?;
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(deals::find(&context, &caller, id))
        .await?;
    deals::transition(&context, &caller, intent, id, expected, action, note).await?;
    let view = view(&context, &caller, id).await?;
    Ok(moved(view.tag()?, &view))
}

/// What happened to a deal.
#[utoipa::path(
    operation_id = "list_deal_events",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/deals/{id}/events")]
async fn list_deal_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: DealId = path_id(&id)?;
    let deal = deals::find(&context, &caller, id).await?.deal;
    let subject = Subject::new(SubjectKind::Deal, id);
    let view = if caller.reads_all_of(&[deal.startup, deal.investor]) {
        timeline::read(&context, subject, &query.0).await?.whole()
    } else {
        timeline::read_for_side(&context, &caller, subject, &query.0, &timeline::DEAL).await?
    };
    Ok(HttpResponse::Ok().json(view))
}
