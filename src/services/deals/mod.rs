//! Deals: what follows an introduction, stage by stage.
//!
//! | module | holds |
//! |---|---|
//! | here | the machine |
//! | [`changes`] | what is written down without moving: facts, the plan |
//! | [`notes`], [`tasks`] | what is noted and to be done, for whom |
//! | `available` | what can be done now |
//! | `gate` | what a freeze, a block or a clearance does to deals under way |
//! | `clock` | holds that end, deals that stand too long |

mod available;
pub mod changes;
mod clock;
pub mod documents;
mod gate;
pub mod notes;
pub mod tasks;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::db::deals;
pub use crate::db::deals::Filter;
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::deal_work::{Camp, DealNote, Marks, NoteState, Plan, Visibility};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::DealId;
use crate::domain::introduction::Introduction;
use crate::domain::permission::{Hat, Operation};
use crate::domain::pipeline::{Deal, DealAction, DealStatus, Pipeline, missing_to_leave, step};
use crate::domain::rate_lock::LockedRate;
use crate::domain::values::CloseCode;
pub(in crate::services) use available::open_to;
pub use available::transitions;
pub use changes::{Changes, PlanChanges, change};
pub use clock::{resume_due, tell_stale};
pub use gate::follow_gate;

use crate::services::caller::in_any_hat;
use crate::services::closings;
use crate::services::locked::{LockedBook, lock};
use crate::services::once::write_once;
use crate::services::paging::{PageRequest, after, read_page};
use crate::services::transitions::{check_version, code};
use crate::services::{Caller, Context, Error, Intent, apart, mandates, startups};

/// A deal with what surrounds it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The record.
    pub deal: Deal,
    /// The startup's name; none to the other side while something keeps the
    /// two apart.
    pub startup_name: Option<String>,
    /// The investor's name, likewise.
    pub investor_name: Option<String>,
    /// Working days that the present stage should take at most.
    pub stage_days: u32,
    /// How likely money is, in bp: what a curator said, else what the stage
    /// says; 0 once it is lost.
    pub probability: u32,
    /// What is planned; the next step only for whom it is still meant.
    pub plan: Plan,
    /// From when on it stands too long; none while its clock stands.
    pub stale_at: Option<DateTime<Utc>>,
    /// What is missing before the stage can be left.
    pub missing: Vec<crate::domain::fault::Fault>,
    /// What the money that arrived was worth in dollars when both confirmed it;
    /// none where it is dollars, before, and to whom the money isn't shown.
    pub rate: Option<LockedRate>,
}

/// Opens the deal that an introduction was converted into, at the first stage
/// of the pipeline that is for what both sides want. Attribution is frozen here
/// for good.
pub(in crate::services) fn open(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
    let now = context.now();
    if apart::of(
        context,
        conn,
        introduction.programme,
        introduction.startup_profile,
        introduction.mandate,
    )?
    .is_some()
    {
        return Err(apart::not_available().into());
    }
    let pipeline = choose_pipeline(context, conn, introduction)?;
    let first = pipeline
        .stages()
        .first()
        .ok_or_else(|| Error::internal("a pipeline without stages"))?;
    let deal = Deal {
        id: context.new_id(),
        programme: introduction.programme,
        matched: introduction.matched,
        introduction: introduction.id,
        startup_profile: introduction.startup_profile,
        startup: introduction.startup,
        mandate: introduction.mandate,
        investor: introduction.investor,
        pipeline: pipeline.slug.clone(),
        stage: first.slug.clone(),
        stage_entered_at: now,
        status: DealStatus::Open,
        resume_on: None,
        close_code: None,
        reported_by: None,
        facts: BTreeMap::new(),
        startup_funding: None,
        investor_funding: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    if !deals::insert(conn, &deal)? {
        return Err(Error::refused(
            "deal_exists",
            "This introduction has a deal already.",
        ));
    }
    clock::start(context, conn, &deal)?;
    context.pen(Actor::System).append(
        conn,
        "deal.opened",
        (SubjectKind::Deal, deal.id),
        vec![
            ("programme", Value::Id(deal.programme.uuid())),
            ("match", Value::Id(deal.matched.uuid())),
            ("introduction", Value::Id(deal.introduction.uuid())),
            ("pipeline", code(deal.pipeline.as_str())),
            ("stage", code(deal.stage.as_str())),
        ],
    )
}

/// The first pipeline that is for a deal intent of both sides, the first of all
/// where there is none.
fn choose_pipeline<'a>(
    context: &'a Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<&'a Pipeline, Error> {
    let profile = db::startup_profiles::find(conn, introduction.startup_profile)?;
    let mandate = db::mandates::find(conn, introduction.mandate)?;
    let (Some(profile), Some(mandate)) = (profile, mandate) else {
        return Err(Error::NotFound);
    };
    let wanted = &mandate.content.deal_intents;
    let common: Vec<_> = profile.content.deal_intents.intersection(wanted).collect();
    let pipelines = || context.pipelines.values();
    pipelines()
        .find(|it| common.iter().any(|intent| it.intents().contains(*intent)))
        .or_else(|| pipelines().next())
        .ok_or_else(|| Error::internal("no pipeline is configured"))
}

pub(in crate::services) fn pipeline_of<'a>(
    context: &'a Context,
    deal: &Deal,
) -> Result<&'a Pipeline, Error> {
    context
        .pipelines
        .get(&deal.pipeline)
        .ok_or_else(|| Error::internal(format!("the pipeline {} is not configured", deal.pipeline)))
}

/// One deal, for its sides and the operator's people.
pub async fn find(context: &Context, caller: &Caller, id: DealId) -> Result<Seen, Error> {
    let context_in = context.clone();
    let caller = caller.clone();
    context
        .db
        .look_up(move |conn| {
            let deal = load(conn, id)?;
            caller.may(Operation::ReadDeal, &[deal.startup, deal.investor])?;
            see(&context_in, conn, &caller, deal)
        })
        .await
}

/// A deal that the caller was found to be allowed to read, as they see it.
pub(in crate::services) fn see(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    mut deal: Deal,
) -> Result<Seen, Error> {
    let pipeline = pipeline_of(context, &deal)?;
    let stage = pipeline.find(&deal.stage).map(|(_, stage)| stage);
    let name = |conn: &mut Conn, id| -> Result<String, Error> {
        let firm = db::organizations::find(conn, id)?.ok_or(Error::NotFound)?;
        Ok(firm.details.display_name().to_string())
    };
    let alive = matches!(
        deal.status,
        DealStatus::Open | DealStatus::OnHold | DealStatus::Won
    );
    let mut plan = changes::plan_of(conn, deal.id)?;
    let missing = missing_to_leave(&deal, pipeline).into_vec();
    let reader = notes::reader_of(context, conn, caller, &deal)?;
    let knows = |camp| reader.sees_across || reader.camps.contains(&camp);
    let (knows_startup, knows_investor) = (knows(Camp::Startup), knows(Camp::Investor));
    if !reader.sees_across {
        // What both wrote there stands for either.
        plan.next_step = None;
        deal.facts.clear();
    }
    if !knows_startup {
        deal.startup_funding = None;
    }
    if !knows_investor {
        deal.investor_funding = None;
    }
    let startup_name = name(conn, deal.startup)?;
    let investor_name = name(conn, deal.investor)?;
    let rate = won_rate(conn, &deal)?;
    let clock = db::deal_clocks::find(conn, deal.id)?;
    let likely = plan.likelihood.as_ref().map(|likely| likely.bp);
    let likely = likely.or(stage.map(|stage| stage.probability));
    Ok(Seen {
        stale_at: clock.and_then(|clock| clock.stale_at),
        plan,
        startup_name: Some(startup_name).filter(|_| knows_startup),
        investor_name: Some(investor_name).filter(|_| knows_investor),
        stage_days: stage.map_or(0, |stage| stage.days),
        probability: likely.filter(|_| alive).unwrap_or(0),
        missing,
        rate,
        deal,
    })
}

fn won_rate(conn: &mut Conn, deal: &Deal) -> Result<Option<LockedRate>, Error> {
    let funding = deal.startup_funding.as_ref();
    let funding = funding.or(deal.investor_funding.as_ref());
    let Some(funding) = funding.filter(|_| deal.status == DealStatus::Won) else {
        return Ok(None);
    };
    let locks = db::syndicates::locked_rates(conn, &[deal.id])?;
    match locks.get(&deal.id) {
        Some(lock) => LockedBook::default().rate(conn, lock, funding.amount.currency),
        None => Ok(None),
    }
}

/// Deals, oldest first: all for the operator's people, its own for a side.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Seen>, Error> {
    narrow(context, caller, &mut filter).await?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    read_page(
        context,
        format!("deals {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let rows = deals::list(conn, &filter, cursor, limit)?;
            rows.into_iter()
                .map(|deal| see(&context_in, conn, &caller_in, deal))
                .collect()
        },
        |seen| after(seen.deal.created_at, seen.deal.id),
    )
    .await
}

/// Narrows a list down to what the caller may see: a side's deals are its own,
/// and nobody finds out by a filter whose record another firm's deal is of.
pub(in crate::services) async fn narrow(
    context: &Context,
    caller: &Caller,
    filter: &mut Filter,
) -> Result<(), Error> {
    if !caller.reads_everything() {
        let own = caller.memberships.first().map(|member| member.organization);
        let organization = filter.organization.or(own).ok_or(Error::NotFound)?;
        caller.may(Operation::ReadDeal, &[organization])?;
        filter.organization = Some(organization);
    }
    if let Some(id) = filter.startup_profile {
        startups::find(context, caller, id).await?;
    }
    if let Some(id) = filter.mandate {
        mandates::find(context, caller, id).await?;
    }
    Ok(())
}

/// Moves a deal in its machine. Jumps, holds and reopenings need a reason in
/// words, a loss with the code `other` as well.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: DealId,
    expected: Option<i64>,
    action: DealAction,
    note: Option<String>,
) -> Result<Deal, Error> {
    let context_in = context.clone();
    let caller_in = caller.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| apply(&context_in, &caller_in, conn, id, expected, &action, note),
        |conn, id| load(conn, id.into()),
    )
    .await
}

fn apply(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: DealId,
    expected: Option<i64>,
    action: &DealAction,
    note: Option<String>,
) -> Result<Deal, Error> {
    let now = context.now();
    let before = load(conn, id)?;
    let owners = [before.startup, before.investor];
    caller.may(Operation::ReadDeal, &owners)?;
    caller.may(Operation::MoveDeal, &owners)?;
    check_version(expected, before.version)?;
    let pipeline = match action {
        DealAction::Reroute(to) => context.pipelines.get(to).ok_or_else(|| {
            Error::refused("unknown_pipeline", format!("There is no pipeline “{to}”."))
        })?,
        _ => pipeline_of(context, &before)?,
    };
    let hats = caller.hats(before.startup, before.investor);
    let (after, hat) = in_any_hat(&hats, |hat| step(&before, action, hat, pipeline, now))?;
    if !goes_on_apart(action) {
        apart::check(caller, &owners, apart::of_deal(context, conn, &before)?)?;
    }
    if needs_reason(action) && note.is_none() {
        return Err(Error::refused(
            "reason_needed",
            "This needs a reason in words.",
        ));
    }
    if matches!(action, DealAction::Confirm(_) | DealAction::Vouch(..))
        && let Some(refusal) = closings::pending(conn, id)?
    {
        return Err(refusal.into());
    }
    let enough = agreed_by_two(context, caller, conn, &before, action, note.as_deref())?;
    let after = Deal {
        version: before.version + 1,
        updated_at: now,
        ..if enough { after } else { before.clone() }
    };
    store(conn, &after)?;
    clock::follow(context, conn, &before, &after)?;
    if let Some(text) = &note {
        let note = DealNote {
            id: context.new_id(),
            deal: id,
            action: action.code().to_owned(),
            note: text.clone(),
            // Reasons are for the operator's people, whoever gives them.
            marks: Marks {
                visibility: Visibility::Team,
                camp: Camp::Operator,
                author: caller.id(),
            },
            state: NoteState::Shown,
            first_cleared_by: None,
            created_at: now,
        };
        db::deal_notes::insert(conn, &note)?;
    }
    if !enough {
        let subject = (SubjectKind::Deal, id);
        let payload = vec![("matter", code(action.code()))];
        let pen = context.pen(caller.actor());
        pen.append(conn, "deal.seconding", subject, payload)?;
        return Ok(after);
    }
    log(
        context,
        conn,
        caller.actor(),
        &before,
        &after,
        action,
        Some(hat),
        note.as_deref(),
    )?;
    Ok(after)
}

/// Whether as many people say so as the action takes. The first of two is
/// noted, and the same person is not the second.
fn agreed_by_two(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    before: &Deal,
    action: &DealAction,
    reason: Option<&str>,
) -> Result<bool, Error> {
    let matter = match action {
        DealAction::Unblock => "unblock".to_owned(),
        // Two who mean different figures don't agree.
        DealAction::Vouch(side, funding) => format!(
            "vouch {side} {} {} {}",
            funding.amount,
            funding.value_date,
            before.stage_entered_at.timestamp_micros()
        ),
        _ => return Ok(true),
    };
    let (person, reason) = (caller.id(), reason.unwrap_or_default());
    let now = context.now();
    if !db::deal_seconds::insert(conn, before.id, &matter, person, reason, now)? {
        return Err(Error::refused(
            "second_person_needed",
            "You have said so already; somebody else has to agree.",
        ));
    }
    let enough = db::deal_seconds::count(conn, before.id, &matter)? >= 2;
    if enough {
        db::deal_seconds::clear(conn, before.id, &matter)?;
    }
    Ok(enough)
}

/// Whether it may happen while a freeze or a bar keeps the two apart: to stop,
/// and for either side to end it.
const fn goes_on_apart(action: &DealAction) -> bool {
    matches!(
        action,
        DealAction::Block | DealAction::Lose(_) | DealAction::Withdraw
    )
}

const fn needs_reason(action: &DealAction) -> bool {
    matches!(
        action,
        DealAction::Skip(_)
            | DealAction::MoveBack(_)
            | DealAction::Hold(_)
            | DealAction::Reopen
            | DealAction::Reroute(_)
            | DealAction::Unblock
            | DealAction::Vouch(..)
            | DealAction::Block
            | DealAction::Lose(CloseCode::Other)
    )
}

#[expect(clippy::too_many_arguments, reason = "one event has that many parts")]
fn log(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    before: &Deal,
    after: &Deal,
    action: &DealAction,
    hat: Option<Hat>,
    note: Option<&str>,
) -> Result<(), Error> {
    let mut payload = vec![
        ("action", code(action.code())),
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
        ("stage_from", code(before.stage.as_str())),
        ("stage_to", code(after.stage.as_str())),
    ];
    if let Some(hat) = hat {
        payload.push(("as", code(hat.code())));
    }
    match action {
        DealAction::Hold(day) => payload.push(("resume_on", Value::Date(*day))),
        DealAction::Lose(reason) => payload.push(("reason", code(reason.code()))),
        DealAction::Reroute(to) => payload.push(("pipeline", code(to.as_str()))),
        DealAction::Confirm(funding) | DealAction::Vouch(_, funding) => {
            payload.push(("amount", Value::Money(funding.amount)));
            payload.push(("value_date", Value::Date(funding.value_date)));
            if after.status == DealStatus::Won {
                // Locked here: whatever rates come later, the amount is
                // compared by these.
                let currency = funding.amount.currency;
                let (lock, facts) = lock(conn, funding.value_date, currency)?;
                let day = lock.rates_of.unwrap_or(funding.value_date);
                db::syndicates::lock_rates(conn, after.id, day, &lock)?;
                payload.extend(facts);
            }
        }
        _ => {}
    }
    if let Some(note) = note {
        payload.push(("note", Value::hash_of(note)));
    }
    context
        .pen(actor)
        .append(conn, "deal.moved", (SubjectKind::Deal, after.id), payload)
}

pub(in crate::services) fn load(conn: &mut Conn, id: DealId) -> Result<Deal, Error> {
    deals::find(conn, id)?.ok_or(Error::NotFound)
}

pub(in crate::services) fn store(conn: &mut Conn, deal: &Deal) -> Result<(), Error> {
    if deals::update(conn, deal)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}
