//! Deals: what follows an introduction, stage by stage.
//!
//! | module | holds |
//! |---|---|
//! | here | the machine |
//! | [`by_hand`] | a deal of two that know each other already |
//! | [`changes`] | what is written down without moving: facts, the plan |
//! | [`notes`], [`tasks`] | what is noted and to be done, for whom |
//! | `available` | what can be done now |
//! | `held` | texts for both sides that compliance reads first |
//! | `gate` | what a freeze, a block or a clearance does to deals under way |
//! | `only_one` | one deal of the same two goes on in a pipeline |
//! | `days` | from which day on something of a deal can have happened |
//! | `openings` | who opens a deal, for the ledger |
//! | `sight` | what a reader sees of deals |
//! | `clock` | holds that end, deals that stand too long |

mod available;
pub mod by_hand;
pub mod changes;
mod clock;
pub(in crate::services) mod days;
pub mod documents;
mod gate;
mod held;
pub mod notes;
mod only_one;
mod openings;
mod sight;
pub mod tasks;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::deal_seconds::About;
use crate::db::deals;
pub use crate::db::deals::Filter;
use crate::db::page::{Cursor, Page};
use crate::db::{self, Conn};
use crate::domain::deal_work::{Camp, DealNote, Marks, NoteState, Visibility};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{DealId, PipelineSetId};
use crate::domain::introduction::Introduction;
use crate::domain::permission::{Hat, Operation};
use crate::domain::pipeline::{Deal, DealAction, DealStatus, Origin, Pipeline, step};
use crate::domain::text::Slug;
use crate::domain::values::CloseCode;
pub(in crate::services) use available::open_to;
pub use available::transitions;
pub use changes::{Changes, PlanChanges, change};
pub(in crate::services) use clock::Places;
pub use clock::{resume_due, tell_stale};
pub use gate::follow_gate;
pub use held::screen_old;
pub(in crate::services) use only_one::has_room;
pub use openings::open_record;
pub(in crate::services) use openings::opening_of;
pub use sight::Seen;
pub(in crate::services) use sight::see;
use sight::see_all;

use crate::services::caller::in_any_hat;
use crate::services::closings;
use crate::services::disclosure::Pair;
use crate::services::locked::lock;
use crate::services::once::write_once;
use crate::services::paging::{PageRequest, after, read_page};
use crate::services::transitions::{check_version, code};
use crate::services::{
    Caller, Context, Error, Intent, apart, mandates, payments, pipelines, startups,
};

/// Opens the deal that an introduction was converted into, at the first stage
/// of the pipeline that is for what both sides want. Attribution is frozen here
/// for good.
pub(in crate::services) fn open(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
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
    let (profile, mandate) = (introduction.startup_profile, introduction.mandate);
    let pair = Pair::load(conn, introduction.programme, profile, mandate)?;
    let (set, pipeline) = choose_pipeline(context, conn, &pair, None)?;
    let origin = Origin::Introduction {
        matched: introduction.matched,
        introduction: introduction.id,
    };
    let deal = first_of(context, &pair, (set, &pipeline), origin)?;
    only_one::check(conn, &deal)?;
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
            ("match", Value::Id(introduction.matched.uuid())),
            ("introduction", Value::Id(introduction.id.uuid())),
            ("pipeline", code(deal.pipeline.as_str())),
            ("stage", code(deal.stage.as_str())),
        ],
    )
}

/// A deal of two at the first stage of a pipeline.
fn first_of(
    context: &Context,
    pair: &Pair,
    (pipeline_set, pipeline): (Option<PipelineSetId>, &Pipeline),
    origin: Origin,
) -> Result<Deal, Error> {
    let now = context.now();
    let first = pipeline.stages().first();
    let first = first.ok_or_else(|| Error::internal("a pipeline without stages"))?;
    Ok(Deal {
        id: context.new_id(),
        programme: pair.programme.id,
        origin,
        startup_profile: pair.profile.id,
        startup: pair.profile.organization,
        mandate: pair.mandate.id,
        investor: pair.mandate.organization,
        pipeline_set,
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
    })
}

/// The pipeline of that name that the programme runs now, else the first for a
/// deal intent of both sides, the first of all where there is none; and in which
/// version.
fn choose_pipeline(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    named: Option<&Slug>,
) -> Result<(Option<PipelineSetId>, Arc<Pipeline>), Error> {
    let (id, set) = context.pipelines.running(conn, pair.programme.id)?;
    let found = if let Some(slug) = named {
        set.get(slug).ok_or_else(|| unknown_pipeline(slug))?
    } else {
        let wanted = &pair.mandate.content.deal_intents;
        let common = pair.profile.content.deal_intents.intersection(wanted);
        let found = set.for_any(&common.cloned().collect());
        found.ok_or_else(|| Error::internal("no pipeline is configured"))?
    };
    Ok((id, Arc::clone(found)))
}

fn unknown_pipeline(slug: &Slug) -> Error {
    let detail = format!("The programme runs no pipeline “{slug}”.");
    Error::refused("unknown_pipeline", detail)
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

/// Deals in an order of time: all for the operator's people, its own for a side.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Seen>, Error> {
    narrow(context, caller, &mut filter).await?;
    let key: fn(&Seen) -> Cursor = if filter.sort.is_by_change() {
        |seen| after(seen.deal.updated_at, seen.deal.id)
    } else {
        |seen| after(seen.deal.created_at, seen.deal.id)
    };
    let (context_in, caller_in) = (context.clone(), caller.clone());
    read_page(
        context,
        format!("deals {filter:?}"),
        page,
        move |conn, cursor, limit| list_in(&context_in, conn, &caller_in, &filter, cursor, limit),
        key,
    )
    .await
}

/// A page of those deals in the open transaction: what surrounds its rows is
/// looked up together.
///
/// # Errors
/// The store can't be read.
pub fn list_in(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Seen>, Error> {
    let rows = deals::list(conn, filter, cursor, limit)?;
    see_all(context, conn, caller, rows)
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
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (context_again, caller_again) = (context.clone(), caller.clone());
    let telling = Intent::telling_of(intent.as_ref());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| apply(&context_in, &caller_in, conn, id, expected, &action, note),
        move |conn, id| {
            let deal = notes::readable(conn, &caller_again, id.into())?;
            let reader = notes::reader_of(&context_again, conn, &caller_again, &deal)?;
            if let Some(telling) = telling.filter(|_| !reader.sees_across) {
                telling.withhold();
            }
            Ok(deal)
        },
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
    let (pipeline_set, pipeline) = course_of(context, conn, &before, action)?;
    let hats = caller.hats(before.startup, before.investor);
    let (after, hat) = in_any_hat(&hats, |hat| step(&before, action, hat, &pipeline, now))?;
    if !goes_on_apart(action) {
        apart::check(caller, &owners, apart::of_deal(context, conn, &before)?)?;
    }
    only_one::check_move(conn, &before, &after)?;
    if needs_reason(action) && note.is_none() {
        return Err(Error::refused(
            "reason_needed",
            "This needs a reason in words.",
        ));
    }
    if let DealAction::Confirm(funding) | DealAction::Vouch(_, funding) = action {
        if let Some(refusal) = closings::pending(conn, id)? {
            return Err(refusal.into());
        }
        let (mut faults, first) = (Faults::new(), days::of_deal(conn, &before)?);
        let said = [before.startup_funding, before.investor_funding];
        let said = said.map(|it| it.map(|funding| funding.value_date));
        days::check(
            &mut faults,
            "/value_date",
            (funding.value_date, &said),
            first,
        );
        faults.finish()?;
        payments::check_sum(conn, caller, &before, funding)?;
    }
    let enough = agreed_by_two(context, caller, conn, &before, action, note.as_deref())?;
    let after = Deal {
        version: before.version + 1,
        updated_at: now,
        pipeline_set,
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
            gate_only: false,
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

/// The pipeline that an action goes by, in its version: the deal's own, or for
/// a deal that is to go through another the one that its programme runs now.
fn course_of(
    context: &Context,
    conn: &mut Conn,
    deal: &Deal,
    action: &DealAction,
) -> Result<(Option<PipelineSetId>, Arc<Pipeline>), Error> {
    let own = context.pipelines.of(conn, deal.pipeline_set)?;
    match action {
        DealAction::Reroute(to) => {
            let (id, set) = context.pipelines.running(conn, deal.programme)?;
            let found = set.get(to).ok_or_else(|| unknown_pipeline(to))?;
            return Ok((id, Arc::clone(found)));
        }
        DealAction::Lose(code) if !own.close_codes().contains(code) => {
            let codes: Vec<_> = own.close_codes().iter().map(|it| it.code()).collect();
            let codes = codes.join(", ");
            let detail = format!("Deals of this programme are lost with one of {codes}.");
            return Err(Error::refused("close_code_not_used", detail));
        }
        _ => {}
    }
    let pipeline = pipelines::of_deal(context, conn, deal)?;
    Ok((deal.pipeline_set, pipeline))
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
    let (about, matter) = match action {
        DealAction::Unblock => (About::Unblock, "unblock".to_owned()),
        // Two who mean different figures don't agree.
        DealAction::Vouch(side, funding) => {
            let matter = format!(
                "vouch {side} {} {} {}",
                funding.amount,
                funding.value_date,
                before.stage_entered_at.timestamp_micros()
            );
            (About::Vouch, matter)
        }
        _ => return Ok(true),
    };
    let (person, reason) = (caller.id(), reason.unwrap_or_default());
    let now = context.now();
    let said = (about, matter.as_str());
    if !db::deal_seconds::insert(conn, before.id, said, person, reason, now)? {
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
