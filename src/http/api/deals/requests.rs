//! What callers send about deals.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::deal_work::Likelihood;
use crate::domain::fault::Faults;
use crate::domain::money::Money;
use crate::domain::pipeline::{DealAction, Funding};
use crate::domain::text::{Slug, bounded};
use crate::domain::values::{CloseCode, Side};
use crate::http::api::exchange::check_fields;
use crate::http::api::values::code;
use crate::services::deals::{Changes, PlanChanges, Seen};

/// What moves a deal.
pub const ACTIONS: &[&str] = &[
    "report",
    "advance",
    "skip",
    "move_back",
    "hold",
    "resume",
    "lose",
    "withdraw",
    "confirm",
    "vouch",
    "block",
    "unblock",
    "reopen",
    "reroute",
];

/// Most characters of a fact and of a reason in words.
pub(super) const TEXT_MAX: usize = 1_000;
/// Most characters of a next step.
const STEP_MAX: usize = 500;

/// The part of a deal that can be changed by hand.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealChanges {
    /// What exit criteria ask for, by their keys: words; a day as 2027-01-15,
    /// for a decision the day of the yes; an amount as USD 1,200,000; what a
    /// document is called, or its id.
    #[serde(default)]
    #[schema(example = json!({"term_sheet_amount": "USD 1,200,000"}))]
    facts: BTreeMap<String, String>,
    /// What is to happen next, for both sides to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500, example = "Send the data room's index")]
    next_step: Option<String>,
    /// The day on which it is expected to be over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10, example = "2027-06-30")]
    expected_close: Option<String>,
    /// How likely money is, in place of what the stage says; for curators.
    #[serde(skip_serializing_if = "Option::is_none")]
    probability_said: Option<LikelihoodDocument>,
}

/// How likely money is, and why that is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DealLikelihood)]
pub struct LikelihoodDocument {
    /// In basis points.
    #[schema(minimum = 0, maximum = 10000, example = 4000)]
    bp: u32,
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 1000,
        example = "The committee has met twice"
    )]
    reason: String,
}

impl LikelihoodDocument {
    /// As it was said.
    pub fn of(likelihood: &Likelihood) -> Self {
        Self {
            bp: likelihood.bp,
            reason: likelihood.reason.clone(),
        }
    }

    fn read(&self, faults: &mut Faults) -> Option<Likelihood> {
        let reason = bounded(&self.reason, TEXT_MAX, true);
        let reason = faults.take("/probability_said/reason", "invalid_text", reason);
        if self.bp > 10_000 {
            let detail = "At most 10 000 basis points.";
            faults.push("/probability_said/bp", "out_of_range", detail);
            return None;
        }
        reason.map(|reason| Likelihood {
            bp: self.bp,
            reason,
        })
    }
}

impl DealChanges {
    /// What can be changed, as its reader sees it.
    pub fn of(seen: &Seen) -> Self {
        let facts = seen.deal.facts.iter();
        let plan = &seen.plan;
        Self {
            facts: facts
                .map(|(key, value)| (key.to_string(), value.clone()))
                .collect(),
            next_step: plan.next_step.clone(),
            expected_close: plan.expected_close.map(|day| day.to_string()),
            probability_said: plan.likelihood.as_ref().map(LikelihoodDocument::of),
        }
    }

    /// What differs from `before`.
    ///
    /// # Errors
    /// Every fault of what is new.
    pub fn since(&self, before: &Self) -> Result<Changes, Faults> {
        let mut faults = Faults::new();
        let facts = self.facts_since(before, &mut faults);
        let mut plan = PlanChanges::default();
        if self.next_step != before.next_step {
            let text = self.next_step.as_deref();
            let text = text.map(|text| bounded(text, STEP_MAX, true)).transpose();
            plan.next_step = faults.take("/next_step", "invalid_text", text);
        }
        if self.expected_close != before.expected_close {
            let on = self.expected_close.as_deref();
            plan.expected_close = Some(day(&mut faults, "/expected_close", on));
        }
        if self.probability_said != before.probability_said {
            let said = self.probability_said.as_ref();
            plan.likelihood = Some(said.and_then(|said| said.read(&mut faults)));
        }
        faults.finish().map(|()| Changes { facts, plan })
    }

    /// Facts that differ; none for what was taken back.
    fn facts_since(&self, before: &Self, faults: &mut Faults) -> BTreeMap<Slug, Option<String>> {
        let mut changes = BTreeMap::new();
        let keys: BTreeSet<_> = self.facts.keys().chain(before.facts.keys()).collect();
        for key in keys {
            let (new, old) = (self.facts.get(key), before.facts.get(key));
            if new == old {
                continue;
            }
            let pointer = format!("/facts/{}", key.replace('~', "~0").replace('/', "~1"));
            let slug = faults.take(pointer.as_str(), "unknown_criterion", key.parse::<Slug>());
            let value = new.map(|text| bounded(text, TEXT_MAX, true)).transpose();
            let value = faults.take(pointer, "invalid_text", value);
            if let (Some(slug), Some(value)) = (slug, value) {
                changes.insert(slug, value);
            }
        }
        changes
    }
}

/// An amount as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMoney {
    /// Whole minor units (cents, qəpik, agorot).
    #[schema(minimum = 1, example = 120_000_000)]
    amount_minor: i64,
    /// ISO 4217.
    #[schema(min_length = 3, max_length = 3, example = "USD")]
    currency: String,
}

/// What to do with a deal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealTransition {
    /// `report`, `advance`, `skip`, `move_back`, `hold`, `resume`, `lose`,
    /// `withdraw`, `confirm`, `vouch`, `block`, `unblock`, `reopen` or
    /// `reroute`.
    #[schema(max_length = 40, example = "report")]
    action: String,
    /// `skip`, `move_back`: to which stage.
    #[schema(max_length = 80, example = "due_diligence")]
    to: Option<String>,
    /// `reroute`: through which pipeline, from its first stage on: `equity`,
    /// `joint_venture`, `licence`, `pilot` or `trade`.
    #[schema(max_length = 80, example = "pilot")]
    pipeline: Option<String>,
    /// Why, in words: needed by `skip`, `move_back`, `hold`, `vouch`, `block`,
    /// `unblock`, `reopen` and `reroute`.
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// `hold`: the day on which it goes on by itself, at most 180 days ahead.
    #[schema(format = "date", max_length = 10, example = "2027-02-01")]
    resume_on: Option<String>,
    /// `vouch`: for which side, `startup` or `investor`.
    #[schema(max_length = 10, example = "investor")]
    side: Option<String>,
    /// `lose`: why, as a code.
    #[schema(max_length = 40, example = "valuation")]
    code: Option<String>,
    /// `lose`: why, in words; needed with `other`.
    #[schema(max_length = 1000)]
    note: Option<String>,
    /// `confirm`, `vouch`: how much.
    amount: Option<NewMoney>,
    /// `confirm`, `vouch`: the day the money arrived.
    #[schema(format = "date", max_length = 10, example = "2027-05-04")]
    value_date: Option<String>,
}

impl NewDealTransition {
    /// What is meant, with the reason in words.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(&self) -> Result<(DealAction, Option<String>), Faults> {
        let mut faults = Faults::new();
        self.check_fields(&mut faults);
        let action = self.action(&mut faults);
        let reason = words(&mut faults, "/reason", self.reason.as_deref());
        let note = words(&mut faults, "/note", self.note.as_deref());
        match action {
            Some(action) if faults.is_empty() => Ok((action, reason.or(note))),
            _ => Err(faults),
        }
    }

    fn check_fields(&self, faults: &mut Faults) {
        let came = [
            ("to", self.to.is_some()),
            ("pipeline", self.pipeline.is_some()),
            ("reason", self.reason.is_some()),
            ("resume_on", self.resume_on.is_some()),
            ("side", self.side.is_some()),
            ("code", self.code.is_some()),
            ("note", self.note.is_some()),
            ("amount", self.amount.is_some()),
            ("value_date", self.value_date.is_some()),
        ];
        let other = self.code.as_deref() == Some(CloseCode::Other.code());
        let (needs, takes): (&[&str], &[&str]) = match self.action.as_str() {
            "skip" | "move_back" => (&["to", "reason"], &[]),
            "hold" => (&["resume_on", "reason"], &[]),
            "lose" if other => (&["code", "note"], &[]),
            "lose" => (&["code"], &["note"]),
            "confirm" => (&["amount", "value_date"], &[]),
            "vouch" => (&["side", "amount", "value_date", "reason"], &[]),
            "block" | "unblock" | "reopen" => (&["reason"], &[]),
            "reroute" => (&["pipeline", "reason"], &[]),
            _ => (&[], &[]),
        };
        check_fields(faults, &self.action, &came, needs, takes);
    }

    fn action(&self, faults: &mut Faults) -> Option<DealAction> {
        match self.action.as_str() {
            "report" => Some(DealAction::Report),
            "advance" => Some(DealAction::Advance),
            "skip" => self.stage(faults).map(DealAction::Skip),
            "move_back" => self.stage(faults).map(DealAction::MoveBack),
            "hold" => day(faults, "/resume_on", self.resume_on.as_deref()).map(DealAction::Hold),
            "resume" => Some(DealAction::Resume),
            "lose" => self.close_code(faults).map(DealAction::Lose),
            "withdraw" => Some(DealAction::Withdraw),
            "confirm" => self.funding(faults).map(DealAction::Confirm),
            "vouch" => self.vouched(faults),
            "block" => Some(DealAction::Block),
            "unblock" => Some(DealAction::Unblock),
            "reopen" => Some(DealAction::Reopen),
            "reroute" => {
                let slug = self.pipeline.as_deref()?.parse();
                let slug = faults.take("/pipeline", "unknown_pipeline", slug);
                slug.map(DealAction::Reroute)
            }
            _ => {
                let detail = format!("A deal knows {}.", ACTIONS.join(", "));
                faults.push("/action", "unknown_action", detail);
                None
            }
        }
    }

    fn stage(&self, faults: &mut Faults) -> Option<Slug> {
        faults.take("/to", "unknown_stage", self.to.as_deref()?.parse())
    }

    fn vouched(&self, faults: &mut Faults) -> Option<DealAction> {
        let side = Side::from_code(self.side.as_deref()?);
        if side.is_none() {
            faults.push("/side", "unknown_code", "Must be one of startup, investor.");
        }
        let funding = self.funding(faults);
        Some(DealAction::Vouch(side?, funding?))
    }

    fn close_code(&self, faults: &mut Faults) -> Option<CloseCode> {
        code(faults, "/code", self.code.as_deref()?, CloseCode::ALL)
    }

    fn funding(&self, faults: &mut Faults) -> Option<Funding> {
        let value_date = day(faults, "/value_date", self.value_date.as_deref());
        let amount = self.amount.as_ref()?;
        if amount.amount_minor <= 0 {
            let detail = "The amount must be above zero.";
            faults.push("/amount/amount_minor", "too_low", detail);
        }
        let currency = amount.currency.parse();
        let currency = faults.take("/amount/currency", "unknown_currency", currency)?;
        Some(Funding {
            amount: Money::new(amount.amount_minor, currency),
            value_date: value_date?,
        })
    }
}

pub(super) fn words(
    faults: &mut Faults,
    pointer: &'static str,
    text: Option<&str>,
) -> Option<String> {
    faults.take(pointer, "invalid_text", bounded(text?, TEXT_MAX, true))
}

fn day(faults: &mut Faults, pointer: &'static str, text: Option<&str>) -> Option<NaiveDate> {
    let day = text?.parse().ok();
    if day.is_none() {
        faults.push(pointer, "not_a_date", "A date looks like 2026-11-30.");
    }
    day
}
