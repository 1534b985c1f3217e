//! What people write down in a deal without moving it: what exit criteria ask
//! for, what happens next, when it is expected to be over, how likely it is.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::db::{self, Conn};
use crate::domain::calendar::latest_day;
use crate::domain::criterion::{Criterion, CriterionKind, CriterionRole};
use crate::domain::deal_course::{COUNTED_DAYS, MET_ON};
use crate::domain::deal_work::{Likelihood, NoteState, Plan, TextPlace};
use crate::domain::disclosure::Decision;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::DealId;
use crate::domain::permission::{Hat, Operation};
use crate::domain::pipeline::{Deal, DealStatus, Origin, Pipeline};
use crate::domain::refusal::Refusal;
use crate::domain::text::Slug;
use crate::services::disclosure::{self, Occasion, Pair};
use crate::services::transitions::check_version;
use crate::services::{Caller, Context, Error, apart, pipelines};

use super::{days, documents, held, load, notes, store};

/// What is to be written down.
#[derive(Debug, Clone)]
pub struct Changes {
    /// What exit criteria ask for; none takes it back.
    pub facts: BTreeMap<Slug, Option<String>>,
    /// What changes of the plan; what is absent stays.
    pub plan: PlanChanges,
}

/// What changes of a plan; an inner none takes away.
#[derive(Debug, Clone, Default)]
pub struct PlanChanges {
    /// What is to happen next.
    pub next_step: Option<Option<String>>,
    /// When it is expected to be over.
    pub expected_close: Option<Option<NaiveDate>>,
    /// How likely money is.
    pub likelihood: Option<Option<Likelihood>>,
}

impl PlanChanges {
    fn of(self, before: &Plan) -> Plan {
        let before = before.clone();
        Plan {
            next_step: self.next_step.unwrap_or(before.next_step),
            expected_close: self.expected_close.unwrap_or(before.expected_close),
            likelihood: self.likelihood.unwrap_or(before.likelihood),
        }
    }
}

/// What is planned for a deal.
pub(super) fn plan_of(conn: &mut Conn, id: DealId) -> Result<Plan, Error> {
    let mut plans = db::deal_plans::of(conn, &[id])?;
    Ok(plans.remove(&id).unwrap_or_default())
}

/// Writes facts and plan of a deal that is not over. How likely it is is the
/// curators' to say; the next step is read by both sides and screened.
pub async fn change(
    context: &Context,
    caller: &Caller,
    id: DealId,
    expected: Option<i64>,
    changes: Changes,
) -> Result<Deal, Error> {
    let context_in = context.clone();
    let caller = caller.clone();
    context
        .db
        .write(move |conn| {
            let before = load(conn, id)?;
            let owners = [before.startup, before.investor];
            caller.may(Operation::ReadDeal, &owners)?;
            caller.may(Operation::MoveDeal, &owners)?;
            check_version(expected, before.version)?;
            if !matches!(before.status, DealStatus::Open | DealStatus::OnHold) {
                return Err(Refusal::no_transition("record").into());
            }
            let hats = caller.hats(before.startup, before.investor);
            let after = Deal {
                version: before.version + 1,
                updated_at: context_in.now(),
                ..before.clone()
            };
            let after = record_facts(&context_in, conn, &caller, after, changes.facts, &hats)?;
            set_plan(&context_in, conn, &caller, &before, changes.plan, &hats)?;
            store(conn, &after)?;
            Ok(after)
        })
        .await
}

fn record_facts(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    mut deal: Deal,
    facts: BTreeMap<Slug, Option<String>>,
    hats: &[Hat],
) -> Result<Deal, Error> {
    let pipeline = pipelines::of_deal(context, conn, &deal)?;
    let (latest, first) = (latest_day(context.now()), days::of_deal(conn, &deal)?);
    let by_hand = matches!(deal.origin, Origin::ByHand { .. });
    let (mut changed, mut read, mut faults) = (Vec::new(), Vec::new(), Faults::new());
    // Days and amounts stand in the log, words don't.
    let mut values = Vec::new();
    for (key, value) in facts {
        let criterion = criterion_of(&pipeline, &key, hats)?;
        let pointer = format!("/facts/{key}");
        let Some(value) = value else {
            db::deal_notes::replace(conn, deal.id, &TextPlace::Fact(key.clone()))?;
            changed.push(key.to_string());
            deal.facts.remove(&key);
            continue;
        };
        if names_nothing(context, conn, caller, &deal, criterion, &value)? {
            let detail = "No document of this deal that both sides know of has this id.";
            faults.push(pointer, "unknown_document", detail);
            continue;
        }
        let value = as_kept(criterion, value);
        match criterion.read(&value, latest) {
            Ok(value) => {
                if COUNTED_DAYS.contains(&key.as_str())
                    && let Ok(day) = value.parse()
                {
                    days::check_come(&mut faults, &pointer, day, latest);
                    // Who knew each other before have met before.
                    if !by_hand || key.as_str() != MET_ON {
                        let said = [deal.facts.get(&key).and_then(|said| said.parse().ok())];
                        days::check(&mut faults, &pointer, (day, &said), first);
                    }
                }
                read.push((key, value, criterion.is_in_words()));
            }
            Err((code, detail)) => faults.push(pointer, code, detail),
        }
    }
    faults.finish()?;
    for (key, value, in_words) in read {
        let place = TextPlace::Fact(key.clone());
        let words: Vec<&str> = in_words.then_some(value.as_str()).into_iter().collect();
        let state = held::first_state(context, conn, caller, &deal, &words)?;
        if state == NoteState::Waiting {
            let whose = (&deal, notes::camp_of(caller, &deal)?);
            held::keep(context, conn, caller, whose, &place, &value)?;
            continue;
        }
        db::deal_notes::replace(conn, deal.id, &place)?;
        changed.push(key.to_string());
        if !in_words {
            values.push(format!("{key}={value}"));
        }
        deal.facts.insert(key, value);
    }
    if !changed.is_empty() {
        // A day or an amount says nothing that somebody would have to read first.
        crossing(context, conn, caller, &deal)?;
        context.pen(caller.actor()).append(
            conn,
            "deal.facts_recorded",
            (SubjectKind::Deal, deal.id),
            vec![
                ("keys", Value::Codes(changed)),
                ("values", Value::Codes(values)),
            ],
        )?;
    }
    Ok(deal)
}

/// An id of a document in the one form in which ids are kept; anything else as
/// it came.
fn as_kept(criterion: &Criterion, value: String) -> String {
    match value.trim().parse::<Uuid>() {
        Ok(id) if criterion.kind == CriterionKind::Document => id.to_string(),
        _ => value,
    }
}

/// Whether a document is asked for, and the value is an id that no document of
/// the deal has.
fn names_nothing(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
    criterion: &Criterion,
    value: &str,
) -> Result<bool, Error> {
    match value.trim().parse() {
        Ok(id) if criterion.kind == CriterionKind::Document => {
            Ok(!documents::is_known(context, conn, caller, deal, id)?)
        }
        _ => Ok(false),
    }
}

fn set_plan(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
    changes: PlanChanges,
    hats: &[Hat],
) -> Result<(), Error> {
    let before = plan_of(conn, deal.id)?;
    let mut plan = changes.of(&before);
    if plan.next_step != before.next_step {
        plan.next_step = step_or_wait(context, conn, caller, deal, plan.next_step, &before)?;
    }
    if plan == before {
        return Ok(());
    }
    if plan.likelihood != before.likelihood && !hats.contains(&Hat::Curator) {
        return Err(Error::Forbidden);
    }
    let mut facts = Vec::new();
    if plan.next_step != before.next_step {
        facts.push(("next_step", text_fact(plan.next_step.as_deref())));
    }
    if plan.expected_close != before.expected_close {
        let fact = plan.expected_close.map_or(Value::Flag(false), Value::Date);
        facts.push(("expected_close", fact));
    }
    if plan.likelihood != before.likelihood {
        let said = plan.likelihood.as_ref();
        let bp = said.map_or(Value::Flag(false), |it| Value::Int(it.bp.into()));
        facts.push(("probability", bp));
        facts.extend(said.map(|it| ("note", Value::hash_of(&it.reason))));
    }
    db::deal_plans::set(conn, deal.id, &plan)?;
    let subject = (SubjectKind::Deal, deal.id);
    context
        .pen(caller.actor())
        .append(conn, "deal.planned", subject, facts)
}

/// The next step as it stands from now on: what was there before while another
/// one waits.
fn step_or_wait(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
    step: Option<String>,
    before: &Plan,
) -> Result<Option<String>, Error> {
    let place = TextPlace::NextStep;
    if let Some(text) = &step
        && held::first_state(context, conn, caller, deal, &[text.as_str()])? == NoteState::Waiting
    {
        let whose = (deal, notes::camp_of(caller, deal)?);
        held::keep(context, conn, caller, whose, &place, text)?;
        return Ok(before.next_step.clone());
    }
    db::deal_notes::replace(conn, deal.id, &place)?;
    Ok(step)
}

/// What stands in the log for a text; no for one that was taken away.
fn text_fact(text: Option<&str>) -> Value {
    text.map_or(Value::Flag(false), Value::hash_of)
}

/// How something goes to the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crossing {
    /// At once.
    Now,
    /// Once somebody of compliance has looked at what stands in the way.
    Waits,
}

/// How what one side would say now goes to the other; none while something keeps
/// the two apart. What was said before stays where it is; anything new asks the
/// gate, as any disclosure does.
pub(super) fn between(
    context: &Context,
    conn: &mut Conn,
    deal: &Deal,
) -> Result<Option<Crossing>, Error> {
    if apart::of_deal(context, conn, deal)?.is_some() {
        return Ok(None);
    }
    let pair = Pair::going_on(conn, deal.programme, deal.startup_profile, deal.mandate)?;
    Ok(
        match disclosure::ask(context, conn, &pair, Occasion::Connected)? {
            Decision::Allow => Some(Crossing::Now),
            Decision::Review { .. } => Some(Crossing::Waits),
            Decision::Deny { .. } => None,
        },
    )
}

/// [`between`] for somebody who says it; the operator's people always do.
///
/// # Errors
/// A refusal while something keeps the two apart.
pub(super) fn crossing(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
) -> Result<Crossing, Error> {
    if caller.reads_all_of(&[deal.startup, deal.investor]) {
        return Ok(Crossing::Now);
    }
    let crossing = between(context, conn, deal)?;
    crossing.ok_or_else(|| apart::not_available().into())
}

/// What the pipeline asks for under a key, of whom the caller is one.
fn criterion_of<'a>(
    pipeline: &'a Pipeline,
    key: &Slug,
    hats: &[Hat],
) -> Result<&'a Criterion, Error> {
    let mut criteria = pipeline
        .stages()
        .iter()
        .flat_map(|stage| &stage.exit_criteria);
    let criterion = criteria
        .find(|criterion| criterion.key == *key)
        .ok_or_else(|| {
            Error::refused(
                "unknown_criterion",
                format!("The pipeline asks for no “{key}”."),
            )
        })?;
    let theirs = hats.iter().any(|hat| {
        matches!(
            (criterion.role, hat),
            (_, Hat::Curator)
                | (CriterionRole::Either, Hat::Startup | Hat::Investor)
                | (CriterionRole::Startup, Hat::Startup)
                | (CriterionRole::Investor, Hat::Investor)
        )
    });
    if theirs {
        Ok(criterion)
    } else {
        Err(Error::refused(
            "criterion_not_yours",
            format!(
                "“{key}” is for somebody else to record: {}.",
                criterion.role
            ),
        ))
    }
}
