//! What people write down in a deal without moving it: what exit criteria ask
//! for, what happens next, when it is expected to be over, how likely it is.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::db::{self, Conn};
use crate::domain::calendar::latest_day;
use crate::domain::criterion::{Criterion, CriterionKind, CriterionRole};
use crate::domain::deal_work::{Likelihood, Plan};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::DealId;
use crate::domain::permission::{Hat, Operation};
use crate::domain::pipeline::{Deal, DealStatus, Pipeline};
use crate::domain::refusal::Refusal;
use crate::domain::text::Slug;
use crate::services::transitions::check_version;
use crate::services::{Caller, Context, Error, apart, screening};

use super::{documents, load, pipeline_of, store};

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
    let pipeline = pipeline_of(context, &deal)?;
    let latest = latest_day(context.now());
    let (mut changed, mut faults) = (Vec::new(), Faults::new());
    for (key, value) in facts {
        let criterion = criterion_of(pipeline, &key, hats)?;
        let pointer = format!("/facts/{key}");
        changed.push(key.to_string());
        let Some(value) = value else {
            deal.facts.remove(&key);
            continue;
        };
        if criterion.is_in_words() {
            screening::refuse_sensitive(context, &pointer, &value)?;
        }
        if names_nothing(context, conn, caller, &deal, criterion, &value)? {
            let detail = "No document of this deal that both sides know of has this id.";
            faults.push(pointer, "unknown_document", detail);
            continue;
        }
        let value = as_kept(criterion, value);
        match criterion.read(&value, latest) {
            Ok(value) => drop(deal.facts.insert(key, value)),
            Err((code, detail)) => faults.push(pointer, code, detail),
        }
    }
    faults.finish()?;
    if !changed.is_empty() {
        across(context, conn, caller, &deal)?;
        context.pen(caller.actor()).append(
            conn,
            "deal.facts_recorded",
            (SubjectKind::Deal, deal.id),
            vec![("keys", Value::Codes(changed))],
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
    let plan = changes.of(&before);
    if plan == before {
        return Ok(());
    }
    if plan.likelihood != before.likelihood && !hats.contains(&Hat::Curator) {
        return Err(Error::Forbidden);
    }
    let mut facts = Vec::new();
    if plan.next_step != before.next_step {
        if let Some(text) = &plan.next_step {
            screening::refuse_sensitive(context, "/next_step", text)?;
            across(context, conn, caller, deal)?;
        }
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

/// What stands in the log for a text; no for one that was taken away.
fn text_fact(text: Option<&str>) -> Value {
    text.map_or(Value::Flag(false), Value::hash_of)
}

/// Refuses what a side would say to the other while something keeps them
/// apart.
pub(super) fn across(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
) -> Result<(), Error> {
    let operator = caller.reads_all_of(&[deal.startup, deal.investor]);
    if operator || apart::of_deal(context, conn, deal)?.is_none() {
        return Ok(());
    }
    Err(apart::not_available().into())
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
