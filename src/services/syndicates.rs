//! Several investors in one deal: the round it fills, what each has promised,
//! and how full the round is; and all deals of a pipeline as a board.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::db::{self, Conn, syndicates};
use crate::domain::closing::{Closing, ClosingStatus};
use crate::domain::deal_money::{Funded, worth};
use crate::domain::deal_work::Camp;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{DealId, OrganizationId, ProgrammeId};
use crate::domain::money::{Currency, Money};
use crate::domain::permission::{Hat, Operation};
use crate::domain::pipeline::{Deal, DealStatus, PipelineStage};
use crate::domain::pipeline_set::stages_of_versions;
use crate::domain::rate_lock::{LockedRate, lock_facts};
use crate::domain::refusal::Refusal;
use crate::domain::syndicate::{Participant, Round, Subscription, subscription};
use crate::domain::text::Slug;

pub use super::shares::Sums;

use super::deals::{load, store};
use super::locked::{LockedBook, lock};
use super::participants::{self, said_paid};
use super::shares::{sums, weigh};
use super::transitions::check_version;
use super::{Caller, Context, Error, apart, closings, payments};

/// One investor as its reader sees it.
#[derive(Debug, Clone)]
pub struct Member {
    /// What it promised.
    pub participant: Participant,
    /// What it is called.
    pub name: String,
    /// What it gets of its closing's or the round's room, in the round's
    /// currency; none without a binding promise that can be compared, and for
    /// an investor before that is fixed.
    pub allocated: Option<i64>,
    /// What its money was worth in dollars when it was promised.
    pub rate: Option<LockedRate>,
    /// Who has said that what it promised has arrived, where that isn't enough
    /// yet for it to be funded.
    pub said_paid: Vec<Camp>,
}

/// A closing and how full it is.
#[derive(Debug, Clone)]
pub struct ClosingSeen {
    /// The closing.
    pub closing: Closing,
    /// What is promised in it; none for an investor.
    pub sums: Option<Sums>,
}

/// The round of a deal and how full it is.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The deal's version.
    pub version: i64,
    /// The round, once it was set.
    pub round: Option<Round>,
    /// What the round's money was worth in dollars when it was set.
    pub round_rate: Option<LockedRate>,
    /// Its closings, the first first; none where it closes at once.
    pub closings: Vec<ClosingSeen>,
    /// Who takes part, as far as the reader may know them.
    pub members: Vec<Member>,
    /// What is promised, in the round's currency; none for whoever may not know
    /// all who promise, and could tell the others' promises from it.
    pub sums: Option<Sums>,
    /// How the round is filled; none without one, and for whoever is told no sums:
    /// an investor could find them out by promising now this, now that.
    pub subscription: Option<Subscription>,
}

/// The round of a deal and who fills it: all for the startup and the
/// operator's people, an investor that takes part sees itself and, once its
/// closing is closed, what it got.
pub async fn find(context: &Context, caller: &Caller, id: DealId) -> Result<Seen, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let deal = load(conn, id)?;
            participants::check_reads(&context_in, conn, &caller, &deal)?;
            see(&context_in, conn, &caller, &deal)
        })
        .await
}

pub(super) fn see(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
) -> Result<Seen, Error> {
    let round = syndicates::round(conn, deal.id)?;
    let closings = db::closings::of(conn, deal.id)?;
    let participants = syndicates::participants(conn, &[deal.id])?
        .remove(&deal.id)
        .unwrap_or_default();
    let mut rates = LockedBook::default();
    let promises = weigh(conn, &mut rates, round.as_ref(), &closings, &participants)?;
    let payments = participants::payments(conn, deal.id)?;
    // Whoever is of one of the investors reads what that one does.
    let mut firms = vec![deal.startup, deal.investor];
    firms.extend(participants.iter().map(|it| it.organization));
    let operator = caller.reads_all_of(&firms);
    let kept_apart = !operator && apart::of_deal(context, conn, deal)?.is_some();
    let all = operator || caller.belongs_to(deal.startup) && !kept_apart;
    let hidden = hidden_from(conn, caller, deal, &participants)?;
    // Of a sum and the others' promises that of a hidden one is the rest.
    let adds_up = all && hidden.is_empty();
    let whole = sums(&promises, &participants, None);
    let closings = closings.into_iter().map(|closing| ClosingSeen {
        sums: adds_up.then(|| sums(&promises, &participants, Some(closing.number))),
        closing,
    });
    let closings = closings.collect();
    let mut members = Vec::new();
    for (participant, promise) in participants.into_iter().zip(promises) {
        let own = caller.belongs_to(participant.organization);
        if !own && (!all || hidden.contains(&participant.organization)) {
            continue;
        }
        let firm = db::organizations::find(conn, participant.organization)?;
        members.push(Member {
            name: firm
                .map(|firm| firm.details.display_name().to_string())
                .unwrap_or_default(),
            allocated: if adds_up {
                promise.share
            } else {
                participant.allocated
            },
            rate: match &participant.pledge {
                Some(pledge) => rates.rate(conn, &pledge.lock, pledge.amount.currency)?,
                None => None,
            },
            said_paid: said_paid(&payments, &participant),
            participant,
        });
    }
    Ok(Seen {
        round_rate: match &round {
            Some(round) => rates.rate(conn, &round.lock, round.currency)?,
            None => None,
        },
        version: deal.version,
        subscription: round
            .filter(|_| adds_up)
            .map(|round| subscription(&round, whole.hard)),
        round,
        closings,
        members,
        sums: adds_up.then_some(whole),
    })
}

/// The investors of a deal that a block or a wall keeps its startup's people from;
/// none for the operator's.
fn hidden_from(
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
    participants: &[Participant],
) -> Result<BTreeSet<OrganizationId>, Error> {
    let mut hidden = BTreeSet::new();
    let mut firms = vec![deal.startup, deal.investor];
    firms.extend(participants.iter().map(|it| it.organization));
    if caller.reads_all_of(&firms) {
        return Ok(hidden);
    }
    for firm in participants.iter().map(|it| it.organization) {
        if !caller.belongs_to(firm) && db::walls::stand_between(conn, deal.startup, firm)? {
            hidden.insert(firm);
        }
    }
    Ok(hidden)
}

/// Sets the round that a deal fills, for the startup and curators.
pub async fn set_round(
    context: &Context,
    caller: &Caller,
    id: DealId,
    expected: Option<i64>,
    mut round: Round,
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
            let kept = closings::fit_round(conn, id, &round)?;
            let today = context_in.now().date_naive();
            let (locked, rates) = match kept {
                Some(kept) => {
                    let rate = LockedBook::default().rate(conn, &kept, round.currency)?;
                    (kept, lock_facts(&kept, rate.as_ref()))
                }
                None => lock(conn, today, round.currency)?,
            };
            round.lock = locked;
            syndicates::set_round(conn, id, &round)?;
            let after = touched(&context_in, conn, before)?;
            let money = |minor| Value::Money(Money::new(minor, round.currency));
            let mut facts = vec![
                ("minimum", money(round.minimum)),
                ("target", money(round.target)),
                ("maximum", money(round.maximum)),
                ("closes_on", Value::Date(round.closes_on)),
            ];
            facts.extend(rates);
            let subject = (SubjectKind::Deal, id);
            let pen = context_in.pen(caller.actor());
            pen.append(conn, "deal.round_set", subject, facts)?;
            see(&context_in, conn, &caller, &after)
        })
        .await
}

pub(super) fn writable(
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
pub(super) fn touched(context: &Context, conn: &mut Conn, before: Deal) -> Result<Deal, Error> {
    let after = Deal {
        version: before.version + 1,
        updated_at: context.now(),
        ..before
    };
    store(conn, &after)?;
    Ok(after)
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
    /// How much of it is promised bindingly or arrived.
    pub hard: i64,
    /// How much of it arrived.
    pub funded: i64,
    /// Closings that should have been closed by now.
    pub closings_overdue: usize,
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

/// The deals of a pipeline by stage: all for the operator's people, for a firm
/// its own and those that it joined, to which one without any is empty. A deal is
/// worth what arrived, else what is promised in it, at the rates that were locked
/// then. Who joined a deal reads how far it is and its own money, not whose turn
/// it is nor how likely somebody says it is.
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
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| columns(&context_in, conn, &caller, &query, own.as_deref()))
        .await
}

fn is_overdue(closing: &Closing, today: NaiveDate) -> bool {
    closing.status == ClosingStatus::Planned && closing.closes_on < today
}

/// A column for each stage that the pipeline has now, and for those that only
/// older versions have, under which some of these deals were opened.
fn empty_columns(
    context: &Context,
    conn: &mut Conn,
    query: &BoardQuery,
    deals: &[Deal],
) -> Result<Vec<Column>, Error> {
    let running = match query.programme {
        Some(programme) => context.pipelines.running(conn, programme)?.1,
        None => context.pipelines.of(conn, None)?,
    };
    let mut sets = vec![running];
    let versions: BTreeSet<_> = deals.iter().map(|deal| deal.pipeline_set).collect();
    for version in versions.into_iter().rev() {
        sets.push(context.pipelines.of(conn, version)?);
    }
    let found = sets.iter().filter_map(|set| set.get(&query.pipeline));
    let stages = stages_of_versions(found.map(AsRef::as_ref));
    if stages.is_empty() {
        return Err(Error::refused(
            "unknown_pipeline",
            "There is no such pipeline.",
        ));
    }
    let column = |stage: &PipelineStage| Column {
        stage: stage.slug.clone(),
        probability: stage.probability,
        open: 0,
        on_hold: 0,
        won: 0,
        overdue: 0,
        total: 0,
        hard: 0,
        funded: 0,
        closings_overdue: 0,
        weighted: 0,
        without_amount: 0,
    };
    Ok(stages.into_iter().map(column).collect())
}

/// Whether the caller is of one of a deal's two sides.
fn is_side(caller: &Caller, deal: &Deal) -> bool {
    caller.belongs_to(deal.startup) || caller.belongs_to(deal.investor)
}

/// The deals of the board, of those that a firm joined only the ones whose round
/// it may read now.
fn shown_deals(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    query: &BoardQuery,
    own: Option<&[OrganizationId]>,
) -> Result<Vec<Deal>, Error> {
    let deals = db::deals::of_pipeline(conn, &query.pipeline, query.programme, own)?;
    let mut shown = Vec::with_capacity(deals.len());
    for deal in deals {
        if own.is_none() || is_side(caller, &deal) {
            shown.push(deal);
            continue;
        }
        match participants::check_reads(context, conn, caller, &deal) {
            Ok(()) => shown.push(deal),
            Err(Error::NotFound | Error::Forbidden) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(shown)
}

fn columns(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    query: &BoardQuery,
    own: Option<&[OrganizationId]>,
) -> Result<Vec<Column>, Error> {
    let deals = shown_deals(context, conn, caller, query, own)?;
    let mut columns = empty_columns(context, conn, query, &deals)?;
    if own.is_some() && deals.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<DealId> = deals.iter().map(|deal| deal.id).collect();
    let mut participants = syndicates::participants(conn, &ids)?;
    let locked = syndicates::locked_rates(conn, &ids)?;
    let clocks = db::deal_clocks::of(conn, &ids)?;
    let mut closings = db::closings::of_many(conn, &ids)?;
    let plans = db::deal_plans::of(conn, &ids)?;
    let in_rounds = participants.iter();
    let in_rounds: Vec<DealId> = in_rounds
        .filter(|(_, members)| payments::needs_round(members))
        .map(|(id, _)| *id)
        .collect();
    let rounds = syndicates::rounds(conn, &in_rounds)?;
    let now = context.now();
    let mut rates = LockedBook::default();
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
        let joined = own.is_some() && !is_side(caller, deal);
        let clock = clocks.get(&deal.id).filter(|_| !joined);
        let stale_at = clock.and_then(|clock| clock.stale_at);
        column.overdue += usize::from(stale_at.is_some_and(|at| at < now));
        let members = participants.remove(&deal.id).unwrap_or_default();
        let overdue = closings.remove(&deal.id).unwrap_or_default();
        let overdue = overdue.iter().filter(|it| is_overdue(it, now.date_naive()));
        column.closings_overdue += overdue.count();
        let parts = payments::parts_of(&members, rounds.get(&deal.id));
        let won = deal
            .startup_funding
            .filter(|_| deal.status == DealStatus::Won);
        let won = won.map(|funding| Funded {
            amount: funding.amount,
            value_date: funding.value_date,
            lock: locked.get(&deal.id).copied().unwrap_or_default(),
        });
        // To an investor its own promises only, and so to those of the
        // operator's people who are of it.
        let all =
            caller.reads_all_of(&[deal.startup, deal.investor]) || caller.belongs_to(deal.startup);
        let hidden = hidden_from(conn, caller, deal, &members)?;
        let theirs = |firm| (all && !hidden.contains(&firm)) || caller.belongs_to(firm);
        let amounts = worth(&parts, won.as_ref()).into_iter();
        let mut total = None;
        for amount in amounts.filter(|it| theirs(it.firm.unwrap_or(deal.investor))) {
            let value = rates.convert(conn, amount.amount, &amount.lock, query.currency)?;
            if let Some(value) = value {
                total = Some(total.unwrap_or(0_i64).saturating_add(value));
                let add = |sum: &mut i64, counts| {
                    *sum = sum.saturating_add(if counts { value } else { 0 });
                };
                add(&mut column.hard, amount.hard);
                add(&mut column.funded, amount.arrived_on.is_some());
            }
        }
        match total {
            Some(worth) => {
                let plan = plans.get(&deal.id).filter(|_| !joined);
                let said = plan.and_then(|plan| plan.likelihood.as_ref());
                let own = context.pipelines.of(conn, deal.pipeline_set)?;
                let own = own.get(&deal.pipeline).and_then(|it| it.find(&deal.stage));
                let own = own.map_or(column.probability, |(_, stage)| stage.probability);
                let bp = said.map_or(own, |likely| likely.bp);
                column.total = column.total.saturating_add(worth);
                column.weighted = column.weighted.saturating_add(weighted(worth, bp));
            }
            None => column.without_amount += 1,
        }
    }
    Ok(columns)
}
