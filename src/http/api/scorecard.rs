//! What came of a programme, as of any day.

use actix_web::{HttpResponse, get, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::path_id;
use super::finding::query_day;
use super::values::{MoneyView, texts};
use crate::domain::commitment::{EvidenceKind, Health, TargetKind};
use crate::domain::money::{Currency, Money};
use crate::domain::programme::ProgrammeStatus;
use crate::domain::programme_evidence::Apart;
use crate::http::caller::Authenticated;
use crate::http::problem::Problem;
use crate::http::query_string::ReadQuery;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::scorecard::{self, Progress, Scorecard};

/// Registers the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(get_scorecard);
}

/// As of which day.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AsOf {
    /// The day, in UTC; today where none is named.
    #[param(format = "date", max_length = 10, example = "2026-11-20")]
    as_of: Option<String>,
}

impl AsOf {
    fn read(&self, today: NaiveDate) -> Result<Option<NaiveDate>, Problem> {
        match query_day("as_of", self.as_of.as_deref())? {
            Some(day) if day > today => {
                let detail = "`as_of` is a day that has come.";
                Err(Problem::parameter("as_of", detail))
            }
            day => Ok(day),
        }
    }
}

/// What came of a programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Scorecard)]
pub struct ScorecardView {
    /// Which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// As of the end of that day.
    #[schema(format = "date", max_length = 10)]
    as_of: String,
    /// Where it stood; absent before it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "active")]
    status: Option<&'static str>,
    /// The day from which days are counted. Once it is in force, that on which
    /// the last party signed, or its first day by its text where that is later;
    /// where no signature is on record, the day on which it came into force.
    /// Before, its first day by the text of that time.
    #[schema(format = "date", max_length = 10)]
    mou_on: String,
    /// How many of what.
    counts: CountsView,
    /// Money that arrived, as both sides confirmed.
    money_funded: MoneyFundedView,
    /// Days from the MoU to what first came of it.
    days_to: DaysView,
    /// What was promised, and how far it was; dropped promises included.
    #[schema(max_items = 1000)]
    commitments: Vec<ProgressView>,
    /// Evidence on record that no commitment has, by its sort: delegations,
    /// enquiries, contracts of which nobody made a promise.
    #[schema(max_items = 10)]
    evidence: Vec<EvidenceCountView>,
}

/// How much evidence of a sort no commitment has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScorecardEvidence)]
pub struct EvidenceCountView {
    /// Of which sort.
    #[schema(max_length = 20, example = "delegation")]
    kind: &'static str,
    /// How many pieces.
    #[schema(minimum = 1)]
    count: usize,
}

/// What no commitment has, counted by its sort.
fn apart(found: &Apart) -> Vec<EvidenceCountView> {
    let count = |kind: EvidenceKind| found.values().filter(|it| **it == kind).count();
    let kinds = EvidenceKind::ALL.iter().copied();
    let counts = kinds.map(|kind| EvidenceCountView {
        kind: kind.code(),
        count: count(kind),
    });
    counts.filter(|it| it.count > 0).collect()
}

/// How many of what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScorecardCounts)]
pub struct CountsView {
    /// Startups' profiles that were admitted.
    #[schema(minimum = 0)]
    startups_admitted: usize,
    /// Mandates that were admitted.
    #[schema(minimum = 0)]
    mandates_admitted: usize,
    /// Introductions that somebody asked for.
    #[schema(minimum = 0)]
    introductions_requested: usize,
    /// Introductions whose mail went out.
    #[schema(minimum = 0)]
    introductions_sent: usize,
    /// Introductions after which the two met.
    #[schema(minimum = 0)]
    meetings_held: usize,
    /// Deals that were opened. Deals are told to parties as of the end of a
    /// quarter and anew once five more happened; absent below five.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    deals_opened: Option<usize>,
    /// Deals that were signed and were neither lost nor withdrawn since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    deals_signed: Option<usize>,
    /// Deals that brought money, as both sides confirmed of each payment or of
    /// the whole; what became of the rest of such a deal changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    deals_funded: Option<usize>,
    /// Practices that both firms agreed to and neither ended without anything.
    #[schema(minimum = 0)]
    practices: usize,
    /// Practices of which something was adopted.
    #[schema(minimum = 0)]
    practices_completed: usize,
    /// Sessions in which one firm showed another something.
    #[schema(minimum = 0)]
    sessions_held: usize,
    /// Minutes of those sessions.
    #[schema(minimum = 0)]
    session_minutes: i64,
}

/// Money that arrived.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MoneyFunded)]
pub struct MoneyFundedView {
    /// As of the end of which day. To parties that of a quarter, and a later
    /// one only once five more deals have brought money; absent where none is
    /// told to them yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10)]
    as_of: Option<String>,
    /// All of it that could be compared, in US dollars at the rates that were
    /// locked when it was confirmed; absent where it isn't told, which says
    /// nothing of how much there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<MoneyView>,
    /// As it arrived; to parties only where five deals or more are behind each
    /// currency.
    #[schema(max_items = 200)]
    by_currency: Vec<MoneyView>,
    /// Currencies for which no rate was there; they are not in the total.
    #[schema(max_items = 200)]
    uncompared: Vec<String>,
}

/// Days from the MoU; absent for what has not happened or is not told, below
/// zero for what happened before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DaysTo)]
pub struct DaysView {
    /// To the first meeting, by the day that was recorded or named for it, else
    /// the one on which somebody said so.
    #[serde(rename = "first_meeting", skip_serializing_if = "Option::is_none")]
    meeting: Option<i64>,
    /// To the first session of a practice, by its day.
    #[serde(rename = "first_session", skip_serializing_if = "Option::is_none")]
    session: Option<i64>,
    /// To the first deal.
    #[serde(rename = "first_deal", skip_serializing_if = "Option::is_none")]
    deal: Option<i64>,
    /// To the first signature, by the day that was recorded for it, else the one
    /// on which the deal came to that stage.
    #[serde(rename = "first_signature", skip_serializing_if = "Option::is_none")]
    signature: Option<i64>,
    /// To the first money, by its value date.
    #[serde(rename = "first_funding", skip_serializing_if = "Option::is_none")]
    funding: Option<i64>,
}

/// How far a commitment was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommitmentProgress)]
pub struct ProgressView {
    /// Which commitment.
    #[schema(format = "uuid", max_length = 36)]
    commitment: String,
    /// What people read, today.
    #[schema(max_length = 200)]
    title: String,
    /// To what end.
    #[schema(max_length = 40, example = "capital")]
    goal: &'static str,
    /// What counted.
    #[schema(max_length = 40, example = "money_funded")]
    measure: &'static str,
    /// The last day.
    #[schema(format = "date", max_length = 10)]
    due: String,
    /// Which party saw to it.
    #[schema(format = "uuid", max_length = 36)]
    owner: String,
    /// How many were promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    target_count: Option<i64>,
    /// How much was promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_money: Option<MoneyView>,
    /// How many there were; absent where that isn't told to the reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    done_count: Option<i64>,
    /// How much there was, in the target's currency; absent likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_money: Option<MoneyView>,
    /// Money that counts but for which no rate was there.
    #[schema(max_items = 1000)]
    uncompared: Vec<MoneyView>,
    /// The share of the target, in basis points; absent likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, example = 4200)]
    share_bp: Option<i64>,
    /// `met`, `on_track`, `at_risk`, `missed`, `dropped`, or `not_told` where
    /// it hangs on deals of which parties are not told yet. At risk is what
    /// stays a quarter of the whole behind the time that has passed, and what
    /// is done or not a month before it is due. One that was closed as met is
    /// met.
    #[schema(max_length = 10, example = "on_track")]
    health: &'static str,
}

impl From<&Progress> for ProgressView {
    fn from(progress: &Progress) -> Self {
        let state = &progress.state;
        let count = state.kind == TargetKind::Count;
        let money = |minor: i64| state.money.map(|it| Money::new(minor, it.currency).into());
        Self {
            commitment: progress.commitment.id.to_string(),
            title: progress.commitment.details.title.clone(),
            goal: state.goal.code(),
            measure: state.measure.code(),
            due: state.due.to_string(),
            owner: state.owner.to_string(),
            target_count: count.then_some(state.count),
            target_money: state.money.map(MoneyView::from),
            done_count: progress.done.filter(|_| count),
            done_money: progress.done.and_then(money),
            uncompared: progress.uncompared.iter().map(|it| (*it).into()).collect(),
            share_bp: progress.share,
            health: progress.health.map_or("not_told", Health::code),
        }
    }
}

impl From<&Scorecard> for ScorecardView {
    fn from(card: &Scorecard) -> Self {
        let account = &card.account;
        let amounts = card.money.by_currency.iter();
        Self {
            programme: card.programme.id.to_string(),
            as_of: card.as_of.to_string(),
            status: card.status.map(ProgrammeStatus::code),
            mou_on: card.mou_on.to_string(),
            counts: CountsView {
                startups_admitted: account.startups.len(),
                mandates_admitted: account.mandates.len(),
                introductions_requested: account.requested.len(),
                introductions_sent: account.sent.len(),
                meetings_held: account.meetings().len(),
                deals_opened: card.deals.opened,
                deals_signed: card.deals.signed,
                deals_funded: card.deals.funded,
                practices: account.practices_agreed(),
                practices_completed: account.practices_completed(),
                sessions_held: account.sessions.len(),
                session_minutes: account.sessions.values().map(|it| it.minutes).sum(),
            },
            money_funded: MoneyFundedView {
                as_of: card.money_until.map(|day| day.to_string()),
                total: card
                    .money_until
                    .map(|_| Money::new(card.money.usd_cents, Currency::USD).into()),
                by_currency: amounts
                    .map(|(currency, minor)| Money::new(*minor, *currency).into())
                    .collect(),
                uncompared: texts(&card.money.uncompared),
            },
            days_to: DaysView {
                meeting: card.days_to(card.firsts.meeting),
                session: card.days_to(card.firsts.session),
                deal: card.days_to(card.firsts.deal),
                signature: card.days_to(card.firsts.signature),
                funding: card.days_to(card.firsts.funding),
            },
            commitments: card.commitments.iter().map(ProgressView::from).collect(),
            evidence: apart(&account.apart),
        }
    }
}

/// What came of a programme as of a day, for its parties and the operator's
/// people.
///
/// It is rebuilt from the log, so that any day of the past reads as it did
/// then: states, stages, amounts at the rates that were locked with them.
#[utoipa::path(
    operation_id = "get_scorecard",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), AsOf),
    responses((status = 200, description = "The scorecard.", body = ScorecardView))
)]
#[get("/v1/programmes/{id}/scorecard")]
async fn get_scorecard(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: ReadQuery<AsOf>,
) -> Result<HttpResponse, Problem> {
    let today = context.now().date_naive();
    let (_, as_of) = query.meaning(|asked| asked.read(today))?;
    let card = scorecard::read(&context, &caller, path_id(&id)?, as_of).await?;
    Ok(HttpResponse::Ok().json(ScorecardView::from(&card)))
}
