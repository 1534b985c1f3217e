//! A round that closes in several steps.

use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::syndicate::SyndicateView;
use crate::domain::closing::{self, ClosingAction};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::DealId;
use crate::domain::money::{Currency, Money};
use crate::domain::syndicate::Subscription;
use crate::http::api::exchange::{intent, moved, path_id};
use crate::http::api::timeline::{
    CLOSING, PartOf, TimelineQuery, TimelineView, read_part, read_part_for_side,
};
use crate::http::api::transitions::TransitionsView;
use crate::http::api::values::{MoneyView, amount, code, day};
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, JsonBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::services::closings::{self, NewClosing};
use crate::services::syndicates::{self, ClosingSeen};
use crate::services::{Context, Error, deals};

/// A closing as it is planned, in the round's currency.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewClosing)]
pub struct ClosingDocument {
    /// Below it, it doesn't close; in minor units.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 30_000_000)]
    minimum: i64,
    /// Above it, nothing is taken.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 60_000_000)]
    maximum: i64,
    /// The day that is planned for it.
    #[schema(format = "date", max_length = 10, example = "2027-01-31")]
    closes_on: String,
}

/// The closings of a round.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClosings {
    /// The first first; those that were closed or cancelled are named again as
    /// they are.
    #[schema(max_items = 10)]
    closings: Vec<ClosingDocument>,
}

impl NewClosings {
    fn read(&self) -> Result<Vec<NewClosing>, Faults> {
        let mut faults = Faults::new();
        let mut planned = Vec::new();
        if self.closings.len() > closing::MOST {
            let detail = format!("A round has at most {} closings.", closing::MOST);
            faults.push("/closings", "too_many", detail);
            return Err(faults);
        }
        for (place, document) in self.closings.iter().enumerate() {
            let at = |field: &str| format!("/closings/{place}/{field}");
            let minimum = amount(&mut faults, &at("minimum"), document.minimum);
            let maximum = amount(&mut faults, &at("maximum"), document.maximum);
            let closes_on = day(&mut faults, &at("closes_on"), &document.closes_on);
            if let (Some(minimum), Some(maximum), Some(closes_on)) = (minimum, maximum, closes_on) {
                planned.push(NewClosing {
                    minimum,
                    maximum,
                    closes_on,
                });
            }
        }
        faults.finish().map(|()| planned)
    }
}

/// One closing of a round and how full it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealClosing)]
pub struct ClosingView {
    /// The first is 1.
    #[schema(minimum = 1, maximum = 10)]
    number: i64,
    /// Below it, it doesn't close.
    minimum: MoneyView,
    /// Above it, nothing is taken.
    maximum: MoneyView,
    /// The day that is planned for it.
    #[schema(format = "date", max_length = 10)]
    closes_on: String,
    /// `planned`, `closed`, `funded` or `cancelled`.
    #[schema(max_length = 20, example = "planned")]
    status: &'static str,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10)]
    closed_on: Option<String>,
    /// When the last of its money was confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10)]
    funded_on: Option<String>,
    /// What is promised in it without binding; not for an investor.
    #[serde(skip_serializing_if = "Option::is_none")]
    soft: Option<MoneyView>,
    /// What is promised in it bindingly; not for an investor.
    #[serde(skip_serializing_if = "Option::is_none")]
    hard: Option<MoneyView>,
    /// `below_minimum`, `under`, `filled` or `over`; not for an investor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "under")]
    subscription: Option<&'static str>,
}

impl ClosingView {
    pub(super) fn of(seen: &ClosingSeen, currency: Currency) -> Self {
        let money = |minor| MoneyView::from(Money::new(minor, currency));
        let ClosingSeen { closing, sums } = seen;
        Self {
            number: closing.number,
            minimum: money(closing.minimum),
            maximum: money(closing.maximum),
            closes_on: closing.closes_on.to_string(),
            status: closing.status.code(),
            closed_on: closing.closed_on.map(|day| day.to_string()),
            funded_on: closing.funded_on.map(|day| day.to_string()),
            soft: sums.map(|sums| money(sums.soft)),
            hard: sums.map(|sums| money(sums.hard)),
            subscription: sums
                .map(|sums| closing.subscription(sums.hard))
                .map(Subscription::code),
        }
    }
}

/// Plans the closings of a round in place of those planned before, for the
/// startup and curators.
#[utoipa::path(
    operation_id = "set_deal_closings",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-Match" = String, Header, max_length = 100, example = "\"v3\"")),
    request_body = NewClosings,
    responses((status = 200, description = "Planned.", body = SyndicateView, headers(("ETag" = String))))
)]
#[put("/v1/deals/{id}/closings")]
pub(super) async fn set_deal_closings(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    body: DocumentBody<NewClosings>,
) -> Result<HttpResponse, Problem> {
    let id: DealId = path_id(&id)?;
    let found = deals::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let planned = body.read(|it| it.read())?;
    let seen = closings::plan(&context, &caller, id, expected, planned).await?;
    Ok(moved(seen.version, &SyndicateView::from(&seen)))
}

/// The number in the path; not found where it is none.
fn number(text: &str) -> Result<i64, Error> {
    text.parse().map_err(|_| Error::NotFound)
}

/// One closing of a round, for those who read the round. It changes with its
/// deal, whose version is its own.
#[utoipa::path(
    operation_id = "get_deal_closing",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("number" = String, Path, max_length = 2, example = "1")),
    responses((status = 200, description = "The closing.", body = ClosingView, headers(("ETag" = String))))
)]
#[get("/v1/deals/{id}/closings/{number}")]
pub(super) async fn get_deal_closing(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, closing) = path.into_inner();
    let (id, closing) = (path_id(&id)?, number(&closing)?);
    let seen = syndicates::find(&context, &caller, id).await?;
    let currency = seen.round.map_or(Currency::USD, |round| round.currency);
    let mut closings = seen.closings.iter();
    let found = closings.find(|it| it.closing.number == closing);
    let view = ClosingView::of(found.ok_or(Error::NotFound)?, currency);
    Ok(versioned(&request, seen.version, &view))
}

/// What can be done with a closing now.
#[utoipa::path(
    operation_id = "list_deal_closing_transitions",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("number" = String, Path, max_length = 2, example = "1")),
    responses((status = 200, description = "The actions that are the caller's.", body = TransitionsView))
)]
#[get("/v1/deals/{id}/closings/{number}/transitions")]
pub(super) async fn list_deal_closing_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, closing) = path.into_inner();
    let (id, closing) = (path_id(&id)?, number(&closing)?);
    let actions = closings::transitions(&context, &caller, id, closing).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What happened to a closing: for those who may act on it, where it went; all
/// of it for the operator's people.
#[utoipa::path(
    operation_id = "list_deal_closing_events",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("number" = String, Path, max_length = 2, example = "1"),
        TimelineQuery,
    ),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/deals/{id}/closings/{number}/events")]
pub(super) async fn list_deal_closing_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, closing) = path.into_inner();
    let (id, closing): (DealId, i64) = (path_id(&id)?, number(&closing)?);
    closings::transitions(&context, &caller, id, closing).await?;
    let deal = deals::find(&context, &caller, id).await?.deal;
    let reads_all = caller.reads_all_of(&[deal.startup, deal.investor]);
    let deal = Subject::new(SubjectKind::Deal, id);
    let part = PartOf::one(deal, ("closing", Value::Int(closing)));
    let view = if reads_all {
        let all = read_part(&context, &part, CLOSING.kinds(), &query.0);
        all.await?.whole()
    } else {
        read_part_for_side(&context, &caller, &part, &query.0, &CLOSING).await?
    };
    Ok(HttpResponse::Ok().json(view))
}

/// What is done with a closing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClosingTransition {
    /// `close` fixes who gets what, `fund` says that all of it arrived,
    /// `cancel` calls it off.
    #[schema(max_length = 20, example = "close")]
    action: String,
}

/// Moves a closing, for the startup and curators.
#[utoipa::path(
    operation_id = "move_deal_closing",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("number" = String, Path, max_length = 2, example = "1"),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewClosingTransition,
    responses((status = 200, description = "Moved.", body = SyndicateView, headers(("ETag" = String))))
)]
#[post("/v1/deals/{id}/closings/{number}/transitions")]
pub(super) async fn move_deal_closing(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: JsonBody<NewClosingTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/deals/{id}/closings/{number}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let (id, closing) = path.into_inner();
    let (id, closing) = (path_id(&id)?, number(&closing)?);
    let expected = if_match
        .version_of(deals::find(&context, &caller, id))
        .await?;
    let mut faults = Faults::new();
    let action = body.into_inner().action;
    let action = code(&mut faults, "/action", &action, ClosingAction::ALL);
    let action = action.ok_or(faults)?;
    closings::transition(&context, &caller, intent, id, expected, closing, action).await?;
    let seen = syndicates::find(&context, &caller, id).await?;
    Ok(moved(seen.version, &SyndicateView::from(&seen)))
}
