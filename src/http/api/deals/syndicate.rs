//! Several investors in one deal, and all deals as a board.

use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::closings::ClosingView;
use super::requests::words;
use super::view::LockedRateView;
use crate::domain::fault::Faults;
use crate::domain::ids::DealId;
use crate::domain::money::{Currency, Money};
use crate::domain::rate_lock::RateLock;
use crate::domain::syndicate::{Firmness, Interest, Participant, Pledge, Round, Subscription};
use crate::domain::text::Slug;
use crate::http::api::exchange::{moved, path_id, query_id};
use crate::http::api::finding::{Wrong, query_currency};
use crate::http::api::values::{MoneyView, amount, code, day, parsed};
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::preconditions::IfMatch;
use crate::http::problem::{Kind, Problem};
use crate::http::query_string::ReadQuery;
use crate::services::syndicates::{self, BoardQuery, Column, Member, Seen};
use crate::services::{Context, deals, participants};

/// A round, as it is set.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DealRound)]
pub struct RoundView {
    /// Of which currency its amounts are, ISO 4217.
    #[schema(min_length = 3, max_length = 3, example = "USD")]
    currency: String,
    /// Below it, it doesn't close; in minor units.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 50_000_000)]
    minimum: i64,
    /// What is looked for.
    #[schema(
        minimum = 1,
        maximum = 9_007_199_254_740_991_i64,
        example = 100_000_000
    )]
    target: i64,
    /// Above it, nothing is taken.
    #[schema(
        minimum = 1,
        maximum = 9_007_199_254_740_991_i64,
        example = 150_000_000
    )]
    maximum: i64,
    /// The last day.
    #[schema(format = "date", max_length = 10, example = "2027-03-31")]
    closes_on: String,
}

impl From<&Round> for RoundView {
    fn from(round: &Round) -> Self {
        Self {
            currency: round.currency.to_string(),
            minimum: round.minimum,
            target: round.target,
            maximum: round.maximum,
            closes_on: round.closes_on.to_string(),
        }
    }
}

impl RoundView {
    fn read(&self) -> Result<Round, Faults> {
        let mut faults = Faults::new();
        let currency = parsed(&mut faults, "/currency", "unknown_currency", &self.currency);
        let minimum = amount(&mut faults, "/minimum", self.minimum);
        let target = amount(&mut faults, "/target", self.target);
        let maximum = amount(&mut faults, "/maximum", self.maximum);
        let closes_on = day(&mut faults, "/closes_on", &self.closes_on);
        match (currency, minimum, target, maximum, closes_on) {
            (Some(currency), Some(minimum), Some(target), Some(maximum), Some(closes_on)) => {
                Ok(Round {
                    currency,
                    minimum,
                    target,
                    maximum,
                    closes_on,
                    lock: RateLock::default(),
                })
            }
            _ => Err(faults),
        }
    }
}

/// How far an investor is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewParticipant {
    /// Which firm.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// Whether it leads the round.
    #[serde(default)]
    lead: bool,
    /// `observing`, `considering`, `committed`, `funded` or `withdrawn`.
    #[schema(max_length = 20, example = "committed")]
    interest: String,
    /// How surely the amount is promised: `soft` or `hard`.
    #[schema(max_length = 10, example = "hard")]
    firmness: Option<String>,
    /// How much.
    amount: Option<MoneyView>,
    /// The least that it would still come in with, in minor units.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    minimum: Option<i64>,
    /// For which closing of the round, by its number; a binding promise names
    /// one where the round has several.
    #[schema(minimum = 1, maximum = 10)]
    closing: Option<i64>,
    /// With `funded`, the day on which the money arrived; where neither side
    /// names one, the day on which the last of them said so.
    #[schema(format = "date", max_length = 10, example = "2026-11-30")]
    value_date: Option<String>,
    /// With `funded`, what shows that the money arrived; required of the
    /// operator's people, and read by the people of whoever gives it.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "The bank's advice of 30 November."
    )]
    evidence: Option<String>,
}

impl NewParticipant {
    fn read(&self) -> Result<(Participant, Option<String>), Faults> {
        let mut faults = Faults::new();
        let organization = parsed(
            &mut faults,
            "/organization",
            "not_an_id",
            &self.organization,
        );
        let interest = code(&mut faults, "/interest", &self.interest, Interest::ALL);
        let pledge = self.pledge(&mut faults);
        let value_date = self.value_date.as_deref();
        let value_date = value_date.and_then(|text| day(&mut faults, "/value_date", text));
        let evidence = words(&mut faults, "/evidence", self.evidence.as_deref());
        if interest.is_some_and(|interest| interest != Interest::Funded) {
            for (pointer, there) in [
                ("/value_date", self.value_date.is_some()),
                ("/evidence", self.evidence.is_some()),
            ] {
                if there {
                    faults.push(pointer, "not_taken", "It goes with “funded”.");
                }
            }
        }
        let (Some(organization), Some(interest), true) =
            (organization, interest, faults.is_empty())
        else {
            return Err(faults);
        };
        let participant = Participant {
            organization,
            lead: self.lead,
            interest,
            pledge,
            closing: self.closing,
            allocated: None,
            value_date,
        };
        Ok((participant, evidence))
    }

    fn pledge(&self, faults: &mut Faults) -> Option<Pledge> {
        let Some(money) = &self.amount else {
            for (pointer, there) in [
                ("/firmness", self.firmness.is_some()),
                ("/minimum", self.minimum.is_some()),
            ] {
                if there {
                    faults.push(pointer, "not_taken", "It goes with an amount.");
                }
            }
            return None;
        };
        let firmness = self.firmness.as_deref().unwrap_or("soft");
        let firmness = code(faults, "/firmness", firmness, Firmness::ALL);
        let amount = money.read(faults, "/amount");
        Some(Pledge {
            firmness: firmness?,
            amount: amount?,
            minimum: self.minimum,
            lock: RateLock::default(),
        })
    }
}

/// One investor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealParticipant)]
pub struct ParticipantView {
    /// Which firm.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// What it is called.
    #[schema(max_length = 200)]
    name: String,
    /// Whether it leads the round.
    lead: bool,
    /// How far it is.
    #[schema(max_length = 20)]
    interest: &'static str,
    /// How surely the amount is promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10)]
    firmness: Option<&'static str>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<MoneyView>,
    /// The least that it would still come in with, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    minimum: Option<i64>,
    /// For which closing of the round.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    closing: Option<i64>,
    /// What it gets of its closing's (else the round's) maximum, in the round's
    /// currency: all, its share where more is promised than there is room, or
    /// nothing where that share is below its least. An investor reads it once
    /// its closing is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    allocated: Option<i64>,
    /// What the amount is compared by.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_rate: Option<LockedRateView>,
    /// The day on which its money arrived, as far as somebody has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10)]
    value_date: Option<String>,
    /// Who has said that the amount has arrived, where that isn't enough yet:
    /// `startup`, `investor`, `operator`.
    #[schema(max_items = 3)]
    said_paid: Vec<&'static str>,
}

impl From<&Member> for ParticipantView {
    fn from(member: &Member) -> Self {
        let participant = &member.participant;
        let pledge = participant.pledge.as_ref();
        Self {
            organization: participant.organization.to_string(),
            name: member.name.clone(),
            lead: participant.lead,
            interest: participant.interest.code(),
            firmness: pledge.map(|it| it.firmness.code()),
            amount: pledge.map(|it| it.amount.into()),
            minimum: pledge.and_then(|it| it.minimum),
            closing: participant.closing,
            allocated: member.allocated,
            locked_rate: member.rate.as_ref().map(LockedRateView::from),
            value_date: participant.value_date.map(|day| day.to_string()),
            said_paid: member.said_paid.iter().map(|camp| camp.code()).collect(),
        }
    }
}

/// The round of a deal and how full it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Syndicate)]
pub struct SyndicateView {
    /// The round, once it was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    round: Option<RoundView>,
    /// What its amounts are compared by.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_rate: Option<LockedRateView>,
    /// Who takes part; an investor, the deal's own or another, sees itself alone.
    #[schema(max_items = 200)]
    participants: Vec<ParticipantView>,
    /// Its closings, the first first; none where it closes at once.
    #[schema(max_items = 10)]
    closings: Vec<ClosingView>,
    /// What is promised without binding, in the round's currency, in dollars
    /// without a round; not for an investor, who could tell the others'
    /// promises from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    soft: Option<MoneyView>,
    /// What is promised bindingly; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    hard: Option<MoneyView>,
    /// `below_minimum`, `under`, `filled` or `over`; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "under")]
    subscription: Option<&'static str>,
    /// Promises for which no rate was there; they are in neither sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    uncompared: Option<usize>,
    /// The deal's version; also the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
}

impl From<&Seen> for SyndicateView {
    fn from(seen: &Seen) -> Self {
        let currency = seen.round.map_or(Currency::USD, |round| round.currency);
        Self {
            round: seen.round.as_ref().map(RoundView::from),
            locked_rate: seen.round_rate.as_ref().map(LockedRateView::from),
            participants: seen.members.iter().map(ParticipantView::from).collect(),
            closings: seen
                .closings
                .iter()
                .map(|it| ClosingView::of(it, currency))
                .collect(),
            soft: seen.sums.map(|it| Money::new(it.soft, currency).into()),
            hard: seen.sums.map(|it| Money::new(it.hard, currency).into()),
            subscription: seen.subscription.map(Subscription::code),
            uncompared: seen.sums.map(|it| it.uncompared),
            version: seen.version,
        }
    }
}

/// The round of a deal, who fills it and how full it is.
#[utoipa::path(
    operation_id = "get_deal_syndicate",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The round.", body = SyndicateView, headers(("ETag" = String))))
)]
#[get("/v1/deals/{id}/syndicate")]
pub(super) async fn get_deal_syndicate(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let seen = syndicates::find(&context, &caller, path_id(&id)?).await?;
    Ok(moved(seen.version, &SyndicateView::from(&seen)))
}

/// Sets the round that a deal fills, for the startup and curators.
#[utoipa::path(
    operation_id = "set_deal_round",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-Match" = String, Header, max_length = 100, example = "\"v3\"")),
    request_body = RoundView,
    responses((status = 200, description = "Set.", body = SyndicateView, headers(("ETag" = String))))
)]
#[put("/v1/deals/{id}/round")]
pub(super) async fn set_deal_round(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    body: DocumentBody<RoundView>,
) -> Result<HttpResponse, Problem> {
    let id: DealId = path_id(&id)?;
    let found = deals::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let round = body.read(|it| it.read())?;
    let seen = syndicates::set_round(&context, &caller, id, expected, round).await?;
    Ok(moved(seen.version, &SyndicateView::from(&seen)))
}

/// Says how far an investor is, in place of what was said before: an investor
/// for itself, curators for any that the startup was introduced to.
///
/// The startup invites one by `observing` or `considering`, and says that what
/// was promised has arrived by `funded`. That is so once both sides have said
/// it, or one of them and, for the silent one, two curators on evidence; until
/// then the investor stays `committed` and `said_paid` names who has. Money that
/// arrived stays on record whatever becomes of the deal.
#[utoipa::path(
    operation_id = "set_deal_participant",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-Match" = String, Header, max_length = 100, example = "\"v3\"")),
    request_body = NewParticipant,
    responses((status = 200, description = "Set.", body = SyndicateView, headers(("ETag" = String))))
)]
#[put("/v1/deals/{id}/participants")]
pub(super) async fn set_deal_participant(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    body: DocumentBody<NewParticipant>,
) -> Result<HttpResponse, Problem> {
    let id: DealId = path_id(&id)?;
    let found = syndicates::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let (participant, evidence) = body.read(|it| it.read())?;
    let set = participants::set(&context, &caller, id, expected, participant, evidence);
    let seen = set.await?;
    Ok(moved(seen.version, &SyndicateView::from(&seen)))
}

/// Which deals, and in which currency.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BoardFilters {
    /// Of which pipeline.
    #[serde(default = "equity")]
    #[param(max_length = 80, default = "equity", example = "equity")]
    pipeline: String,
    /// Under that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// In which currency the sums are, ISO 4217.
    #[serde(default = "dollar")]
    #[param(max_length = 3, default = "USD", example = "USD")]
    currency: String,
}

fn equity() -> String {
    "equity".to_owned()
}

fn dollar() -> String {
    "USD".to_owned()
}

impl BoardFilters {
    fn read(&self) -> Result<BoardQuery, Problem> {
        let mut wrong = Wrong::default();
        let bad = |_| Problem::parameter("pipeline", "`pipeline` is no pipeline's name.");
        let pipeline = self.pipeline.parse::<Slug>().map(Some).map_err(bad);
        let pipeline = wrong.take(pipeline);
        let programme = wrong.take(query_id("programme", self.programme.as_deref()));
        let currency = wrong.take(query_currency("currency", &self.currency));
        wrong.or(())?;
        let both = pipeline
            .zip(currency)
            .ok_or_else(|| Problem::new(Kind::BadQuery));
        both.map(|(pipeline, currency)| BoardQuery {
            pipeline,
            programme,
            currency,
        })
    }
}

/// The deals of a pipeline by stage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealBoard)]
pub struct BoardView {
    /// Which pipeline.
    #[schema(max_length = 80)]
    pipeline: String,
    /// Its stages in their order; among them those that only older versions have,
    /// under which some of these deals were opened.
    #[schema(max_items = 600)]
    items: Vec<ColumnView>,
}

/// One stage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealBoardStage)]
pub struct ColumnView {
    /// Which.
    #[schema(max_length = 80, example = "screening")]
    stage: String,
    /// How likely it leads to the end, in basis points.
    #[schema(minimum = 0, maximum = 10000)]
    probability: u32,
    /// Deals under way.
    #[schema(minimum = 0)]
    open: usize,
    /// Deals on hold.
    #[schema(minimum = 0)]
    on_hold: usize,
    /// Deals that were won.
    #[schema(minimum = 0)]
    won: usize,
    /// Open deals that stand there longer than they should.
    #[schema(minimum = 0)]
    overdue: usize,
    /// What they are worth: what arrived, else what a closing gave, else what is
    /// promised, at the rates that were locked then; to an investor its own.
    total: MoneyView,
    /// How much of it is promised bindingly or arrived.
    hard: MoneyView,
    /// How much of it arrived.
    funded: MoneyView,
    /// Closings that should have been closed by now.
    #[schema(minimum = 0)]
    closings_overdue: usize,
    /// The total, each deal as likely as its stage, or as a curator said.
    weighted: MoneyView,
    /// Deals that say no amount, or one that no rate was there for.
    #[schema(minimum = 0)]
    without_amount: usize,
}

impl ColumnView {
    fn of(column: &Column, currency: Currency) -> Self {
        Self {
            stage: column.stage.to_string(),
            probability: column.probability,
            open: column.open,
            on_hold: column.on_hold,
            won: column.won,
            overdue: column.overdue,
            total: Money::new(column.total, currency).into(),
            hard: Money::new(column.hard, currency).into(),
            funded: Money::new(column.funded, currency).into(),
            closings_overdue: column.closings_overdue,
            weighted: Money::new(column.weighted, currency).into(),
            without_amount: column.without_amount,
        }
    }
}

/// The deals of a pipeline by stage, with sums in one currency: all for the
/// operator's people, for a firm its own and those in which it takes part.
///
/// An investor that joined a deal finds it here with its own money alone, as long
/// as nothing keeps it from the startup; whether the deal is overdue, and how
/// likely a curator says it is, its two sides read.
#[utoipa::path(
    operation_id = "get_deal_board",
    tag = "deals",
    params(BoardFilters),
    responses(
        (status = 200, description = "The board.", body = BoardView),
        (status = 409, description = "There is no such pipeline."),
    )
)]
#[get("/v1/deal-board")]
pub(super) async fn get_deal_board(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    query: ReadQuery<BoardFilters>,
) -> Result<HttpResponse, Problem> {
    let (_, query) = query.meaning(BoardFilters::read)?;
    let (pipeline, currency) = (query.pipeline.to_string(), query.currency);
    let columns = syndicates::board(&context, &caller, query).await?;
    let items = columns.iter().map(|it| ColumnView::of(it, currency));
    let items = items.collect();
    Ok(HttpResponse::Ok().json(BoardView { pipeline, items }))
}
