//! Several investors in one deal: the round it fills, what each has promised,
//! and how full the round is; and all deals of a pipeline as a board.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::db::{self, Conn, syndicates};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{DealId, OrganizationId, ProgrammeId};
use crate::domain::money::{Currency, Money, Rates};
use crate::domain::permission::{Hat, Operation};
use crate::domain::pipeline::{Deal, DealStatus};
use crate::domain::refusal::Refusal;
use crate::domain::syndicate::{
    Firmness, Interest, Participant, Pledge, Round, Subscription, allocate, subscription,
};
use crate::domain::text::Slug;

use super::deals::{load, store};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, apart};

/// One investor as its reader sees it.
#[derive(Debug, Clone)]
pub struct Member {
    /// What it promised.
    pub participant: Participant,
    /// What it is called.
    pub name: String,
    /// What it gets of the round's room, in the round's currency; none without
    /// a round or without a binding promise that can be compared.
    pub allocated: Option<i64>,
}

/// The round of a deal and how full it is.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The deal's version.
    pub version: i64,
    /// The round, once it was set.
    pub round: Option<Round>,
    /// Who takes part, as far as the reader may know them.
    pub members: Vec<Member>,
    /// What is promised without binding, in the round's currency.
    pub soft: i64,
    /// What is promised bindingly, in the round's currency.
    pub hard: i64,
    /// How the round is filled; none without one.
    pub subscription: Option<Subscription>,
    /// Promises that no rate was there for; they are in neither sum.
    pub uncompared: usize,
}

/// The round of a deal and who fills it: all for the startup and the
/// operator's people, an investor sees itself and the sums.
pub async fn find(context: &Context, caller: &Caller, id: DealId) -> Result<Seen, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let deal = load(conn, id)?;
            caller.may(Operation::ReadDeal, &[deal.startup, deal.investor])?;
            see(&context_in, conn, &caller, &deal)
        })
        .await
}

fn see(context: &Context, conn: &mut Conn, caller: &Caller, deal: &Deal) -> Result<Seen, Error> {
    let round = syndicates::round(conn, deal.id)?;
    let currency = round.map_or(Currency::USD, |round| round.currency);
    let participants = syndicates::participants(conn, &[deal.id])?
        .remove(&deal.id)
        .unwrap_or_default();
    let mut rates = DayRates::default();
    let (mut soft, mut hard, mut uncompared) = (0_i64, 0_i64, 0);
    let mut binding = Vec::with_capacity(participants.len());
    for participant in &participants {
        let pledge = participant.pledge.filter(|_| counts(participant.interest));
        let value = match &pledge {
            Some(pledge) => rates.value(conn, pledge, currency)?,
            None => None,
        };
        uncompared += usize::from(pledge.is_some() && value.is_none());
        let firm = pledge.is_some_and(|pledge| pledge.firmness == Firmness::Hard);
        match value {
            Some(value) if firm => hard = hard.saturating_add(value),
            Some(value) => soft = soft.saturating_add(value),
            None => {}
        }
        binding.push(value.filter(|_| firm));
    }
    let room = round.map_or(0, |round| round.maximum);
    let shares = allocate(&binding, room);
    let operator = caller.reads_everything();
    let kept_apart = !operator && apart::of_deal(context, conn, deal)?.is_some();
    let all = operator || caller.belongs_to(deal.startup) && !kept_apart;
    let mut members = Vec::new();
    for ((participant, share), value) in participants.into_iter().zip(shares).zip(binding) {
        let own = caller.belongs_to(participant.organization);
        let others = participant.organization;
        let barred = !operator && !own && db::blocks::exists(conn, deal.startup, others)?;
        if !own && (!all || barred) {
            continue;
        }
        let firm = db::organizations::find(conn, participant.organization)?;
        members.push(Member {
            name: firm
                .map(|firm| firm.details.display_name().to_string())
                .unwrap_or_default(),
            allocated: value.and(round).map(|_| share),
            participant,
        });
    }
    Ok(Seen {
        version: deal.version,
        subscription: round.map(|round| subscription(&round, hard)),
        round,
        members,
        soft,
        hard,
        uncompared,
    })
}

/// Whether a promise still stands.
const fn counts(interest: Interest) -> bool {
    !matches!(interest, Interest::Withdrawn)
}

/// Sets the round that a deal fills, for the startup and curators.
pub async fn set_round(
    context: &Context,
    caller: &Caller,
    id: DealId,
    expected: Option<i64>,
    round: Round,
) -> Result<Seen, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .write(move |conn| {
            let before = writable(conn, &caller, id, expected)?;
            let hats = caller.hats(before.startup, before.investor);
            if !hats.contains(&Hat::Startup) && !hats.contains(&Hat::Curator) {
                return Err(Error::Forbidden);
            }
            round.faults().finish()?;
            syndicates::set_round(conn, id, &round)?;
            let after = touched(&context_in, conn, before)?;
            let money = |minor| Value::Money(Money::new(minor, round.currency));
            context_in.pen(caller.actor()).append(
                conn,
                "deal.round_set",
                (SubjectKind::Deal, id),
                vec![
                    ("minimum", money(round.minimum)),
                    ("target", money(round.target)),
                    ("maximum", money(round.maximum)),
                    ("closes_on", Value::Date(round.closes_on)),
                ],
            )?;
            see(&context_in, conn, &caller, &after)
        })
        .await
}

/// Says how far an investor is: the deal's own for itself, curators for any
/// that the startup was introduced to, so that nobody comes to a deal around
/// the gate.
pub async fn set_participant(
    context: &Context,
    caller: &Caller,
    id: DealId,
    expected: Option<i64>,
    mut participant: Participant,
) -> Result<Seen, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .write(move |conn| {
            let before = writable(conn, &caller, id, expected)?;
            let hats = caller.hats(before.startup, before.investor);
            let own = hats.contains(&Hat::Investor) && participant.organization == before.investor;
            if !own && !hats.contains(&Hat::Curator) {
                return Err(Error::Forbidden);
            }
            participant.faults().finish()?;
            let known = participant.organization == before.investor
                || syndicates::were_introduced(conn, before.startup, participant.organization)?;
            if !known {
                return Err(Error::refused(
                    "not_introduced",
                    "Only an investor that the startup was introduced to takes part.",
                ));
            }
            let now = context_in.now();
            if let Some(pledge) = &mut participant.pledge {
                let rates = db::rates::latest(conn, now.date_naive())?;
                pledge.rates_of = rates.map(|rates| rates.date);
            }
            syndicates::set_participant(conn, id, &participant, now)?;
            let after = touched(&context_in, conn, before)?;
            log(&context_in, conn, &caller, id, &participant)?;
            see(&context_in, conn, &caller, &after)
        })
        .await
}

fn log(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    id: DealId,
    participant: &Participant,
) -> Result<(), Error> {
    let mut facts = vec![
        ("participant", Value::Id(participant.organization.uuid())),
        ("interest", code(participant.interest.code())),
        ("lead", Value::Flag(participant.lead)),
    ];
    if let Some(pledge) = &participant.pledge {
        facts.push(("firmness", code(pledge.firmness.code())));
        facts.push(("amount", Value::Money(pledge.amount)));
        facts.extend(pledge.rates_of.map(|day| ("rates_of", Value::Date(day))));
    }
    let subject = (SubjectKind::Deal, id);
    context
        .pen(caller.actor())
        .append(conn, "deal.participant_set", subject, facts)
}

fn writable(
    conn: &mut Conn,
    caller: &Caller,
    id: DealId,
    expected: Option<i64>,
) -> Result<Deal, Error> {
    let deal = load(conn, id)?;
    let owners = [deal.startup, deal.investor];
    caller.may(Operation::ReadDeal, &owners)?;
    caller.may(Operation::MoveDeal, &owners)?;
    check_version(expected, deal.version)?;
    if !matches!(deal.status, DealStatus::Open | DealStatus::OnHold) {
        return Err(Refusal::no_transition("syndicate").into());
    }
    Ok(deal)
}

/// The deal with a new version, so that whoever decided on the older one is
/// told.
fn touched(context: &Context, conn: &mut Conn, before: Deal) -> Result<Deal, Error> {
    let after = Deal {
        version: before.version + 1,
        updated_at: context.now(),
        ..before
    };
    store(conn, &after)?;
    Ok(after)
}

/// Rates that were looked up already.
#[derive(Default)]
struct DayRates(BTreeMap<NaiveDate, Rates>);

impl DayRates {
    fn value(
        &mut self,
        conn: &mut Conn,
        pledge: &Pledge,
        to: Currency,
    ) -> Result<Option<i64>, Error> {
        self.convert(conn, pledge.amount, pledge.rates_of, to)
    }

    /// An amount in another currency at the rates locked with it; without any,
    /// only what needs none.
    fn convert(
        &mut self,
        conn: &mut Conn,
        amount: Money,
        rates_of: Option<NaiveDate>,
        to: Currency,
    ) -> Result<Option<i64>, Error> {
        let Some(day) = rates_of else {
            return Ok((amount.currency == to).then_some(amount.amount_minor));
        };
        if let std::collections::btree_map::Entry::Vacant(place) = self.0.entry(day) {
            let found = db::rates::latest(conn, day)?;
            place.insert(found.unwrap_or_else(|| Rates::new(day, [])));
        }
        Ok(self.0.get(&day).and_then(|rates| rates.convert(amount, to)))
    }
}

/// Which deals a board shows.
#[derive(Debug, Clone)]
pub struct BoardQuery {
    /// Of that pipeline.
    pub pipeline: Slug,
    /// Under that programme.
    pub programme: Option<ProgrammeId>,
    /// Its sums are in that currency.
    pub currency: Currency,
}

/// One stage of a board.
#[derive(Debug, Clone)]
pub struct Column {
    /// Which.
    pub stage: Slug,
    /// How likely it leads to the end, in bp.
    pub probability: u32,
    /// Deals under way.
    pub open: usize,
    /// Deals on hold.
    pub on_hold: usize,
    /// Deals that were won.
    pub won: usize,
    /// Open deals that stand there longer than they should.
    pub overdue: usize,
    /// What they are worth, in minor units of the board's currency.
    pub total: i64,
    /// The same, each deal as likely as it is.
    pub weighted: i64,
    /// Deals that say no amount, or one that no rate was there for.
    pub without_amount: usize,
}

/// What an amount is worth that comes with a likelihood in bp.
fn weighted(amount: i64, bp: u32) -> i64 {
    let weighted = i128::from(amount) * i128::from(bp) / 10_000;
    i64::try_from(weighted).unwrap_or(i64::MAX)
}

/// The deals of a pipeline by stage: all for the operator's people, its own
/// for a side, to which one without any is empty. A deal is worth what arrived,
/// else what is promised in it, at the rates that were locked then.
pub async fn board(
    context: &Context,
    caller: &Caller,
    query: BoardQuery,
) -> Result<Vec<Column>, Error> {
    let own: Option<Vec<OrganizationId>> = if caller.reads_everything() {
        None
    } else {
        let own: Vec<_> = caller
            .memberships
            .iter()
            .map(|it| it.organization)
            .collect();
        caller.may(Operation::ReadDeal, &own)?;
        Some(own)
    };
    let context_in = context.clone();
    context
        .db
        .read(move |conn| columns(&context_in, conn, &query, own.as_deref()))
        .await
}

fn columns(
    context: &Context,
    conn: &mut Conn,
    query: &BoardQuery,
    own: Option<&[OrganizationId]>,
) -> Result<Vec<Column>, Error> {
    let pipeline = context
        .pipelines
        .get(&query.pipeline)
        .ok_or_else(|| Error::refused("unknown_pipeline", "There is no such pipeline."))?;
    let mut columns: Vec<Column> = pipeline
        .stages()
        .iter()
        .map(|stage| Column {
            stage: stage.slug.clone(),
            probability: stage.probability,
            open: 0,
            on_hold: 0,
            won: 0,
            overdue: 0,
            total: 0,
            weighted: 0,
            without_amount: 0,
        })
        .collect();
    let deals = db::deals::of_pipeline(conn, &query.pipeline, query.programme, own)?;
    if own.is_some() && deals.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<DealId> = deals.iter().map(|deal| deal.id).collect();
    let mut participants = syndicates::participants(conn, &ids)?;
    let locked = syndicates::locked_rates(conn, &ids)?;
    let clocks = db::deal_clocks::of(conn, &ids)?;
    let plans = db::deal_plans::of(conn, &ids)?;
    let now = context.now();
    let mut rates = DayRates::default();
    for deal in &deals {
        let Some(column) = columns.iter_mut().find(|it| it.stage == deal.stage) else {
            continue;
        };
        match deal.status {
            DealStatus::Open => column.open += 1,
            DealStatus::OnHold => column.on_hold += 1,
            DealStatus::Won => column.won += 1,
            _ => continue,
        }
        let stale_at = clocks.get(&deal.id).and_then(|clock| clock.stale_at);
        column.overdue += usize::from(stale_at.is_some_and(|at| at < now));
        let members = participants.remove(&deal.id).unwrap_or_default();
        let amounts: Vec<_> = match (deal.status, &deal.startup_funding) {
            (DealStatus::Won, Some(funding)) => {
                vec![(funding.amount, locked.get(&deal.id).copied())]
            }
            _ => members
                .iter()
                .filter(|member| counts(member.interest))
                .filter_map(|member| member.pledge)
                .map(|pledge| (pledge.amount, pledge.rates_of))
                .collect(),
        };
        let mut worth = None;
        for (amount, day) in amounts {
            if let Some(value) = rates.convert(conn, amount, day, query.currency)? {
                worth = Some(worth.unwrap_or(0_i64).saturating_add(value));
            }
        }
        match worth {
            Some(worth) => {
                let said = plans
                    .get(&deal.id)
                    .and_then(|plan| plan.likelihood.as_ref());
                let bp = said.map_or(column.probability, |likely| likely.bp);
                column.total = column.total.saturating_add(worth);
                column.weighted = column.weighted.saturating_add(weighted(worth, bp));
            }
            None => column.without_amount += 1,
        }
    }
    Ok(columns)
}
