//! Deals as their readers see them.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::requests::LikelihoodDocument;
use crate::domain::deal_work::DealNote;
use crate::domain::pipeline::{DealStatus, Funding, Origin};
use crate::domain::rate_lock::LockedRate;
use crate::domain::values::{CloseCode, Side};
use crate::http::api::values::{MoneyView, time};
use crate::http::preconditions::EntityTag;
use crate::http::problem::{FaultView, Problem};
use crate::services::Caller;
use crate::services::deals::Seen;

/// What followed an introduction. Both sides know each other by now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deal)]
pub struct DealView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    pub id: String,
    /// Attribution, kept for good: the programme.
    #[schema(format = "uuid", max_length = 36)]
    pub programme: String,
    /// The introduction it came from; absent where it was opened by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub introduction: Option<String>,
    /// Why a curator opened it by hand; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHandView>,
    /// The match; for the operator's people.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub matched: Option<String>,
    /// The startup.
    pub startup: DealSideView,
    /// The investor.
    pub investor: DealSideView,
    /// The version of the programme's pipelines that it was opened under.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub pipeline_set: Option<String>,
    /// Which pipeline of it.
    #[schema(max_length = 80, example = "equity")]
    pub pipeline: String,
    /// Where in it.
    #[schema(max_length = 80, example = "screening")]
    pub stage: String,
    /// Since when.
    #[schema(format = "date-time", max_length = 35)]
    pub stage_entered_at: String,
    /// Working days that the stage should take at most.
    #[schema(minimum = 0, example = 20)]
    pub stage_days: u32,
    /// How likely money is from here, in basis points.
    #[schema(minimum = 0, maximum = 10000, example = 2000)]
    pub probability: u32,
    /// What a curator said of that, in place of what the stage says; for the
    /// operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability_said: Option<LikelihoodDocument>,
    /// What is to happen next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500, example = "Send the data room's index")]
    pub next_step: Option<String>,
    /// The day on which it is expected to be over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10)]
    pub expected_close: Option<String>,
    /// From when on it stands longer at its stage than it should, in working
    /// days of whoever has to act; absent while its clock stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    pub stale_at: Option<String>,
    /// How it stands.
    #[schema(max_length = 40, example = "open")]
    pub status: &'static str,
    /// The day on which it goes on by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10)]
    pub resume_on: Option<String>,
    /// Why it was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "valuation")]
    pub close_code: Option<&'static str>,
    /// The side that reported the next stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, example = "startup")]
    pub reported_by: Option<&'static str>,
    /// What the money that arrived is compared by, whatever is quoted later;
    /// absent where it is dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_rate: Option<LockedRateView>,
    /// What is recorded for exit criteria.
    pub facts: BTreeMap<String, String>,
    /// Texts of the caller's side that compliance has to read before the other side
    /// does and before they stand at their places; of both sides for the
    /// operator's people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub waiting: Vec<WaitingTextView>,
    /// What is missing before the stage can be left.
    #[schema(max_items = 50)]
    pub missing: Vec<FaultView>,
    /// Counts changes. The `ETag` is made of it and all that is told here.
    #[schema(minimum = 1, example = 3)]
    pub version: i64,
    /// When it was opened.
    #[schema(format = "date-time", max_length = 35)]
    pub created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    pub updated_at: String,
}

/// The status as a side may read it: that compliance stopped a deal is not
/// said.
const fn neutral(status: DealStatus) -> &'static str {
    match status {
        DealStatus::Blocked => "not_available",
        other => other.code(),
    }
}

impl DealView {
    /// Its `ETag`: the version, and all that its reader is told.
    pub fn tag(&self) -> Result<EntityTag, Problem> {
        EntityTag::of_view(self.version, self)
    }

    /// A deal for its reader.
    pub fn of(seen: &Seen, caller: &Caller) -> Self {
        let deal = &seen.deal;
        let operator = caller.reads_all_of(&[deal.startup, deal.investor]);
        let own = |organization| operator || caller.belongs_to(organization);
        Self {
            id: deal.id.to_string(),
            programme: deal.programme.to_string(),
            introduction: deal.introduction().map(|id| id.to_string()),
            by_hand: ByHandView::of(&deal.origin).filter(|_| operator),
            matched: deal.matched().filter(|_| operator).map(|id| id.to_string()),
            startup: DealSideView {
                name: seen.startup_name.clone(),
                organization: own(deal.startup).then(|| deal.startup.to_string()),
                record: own(deal.startup).then(|| deal.startup_profile.to_string()),
                funding: deal.startup_funding.as_ref().map(FundingView::from),
            },
            investor: DealSideView {
                name: seen.investor_name.clone(),
                organization: own(deal.investor).then(|| deal.investor.to_string()),
                record: own(deal.investor).then(|| deal.mandate.to_string()),
                funding: deal.investor_funding.as_ref().map(FundingView::from),
            },
            pipeline_set: deal.pipeline_set.map(|id| id.to_string()),
            pipeline: deal.pipeline.to_string(),
            stage: deal.stage.to_string(),
            stage_entered_at: time(deal.stage_entered_at),
            stage_days: seen.stage_days,
            probability: seen.probability,
            probability_said: seen
                .plan
                .likelihood
                .as_ref()
                .filter(|_| operator)
                .map(LikelihoodDocument::of),
            next_step: seen.plan.next_step.clone(),
            expected_close: seen.plan.expected_close.map(|day| day.to_string()),
            stale_at: seen.stale_at.map(time),
            status: if operator {
                deal.status.code()
            } else {
                neutral(deal.status)
            },
            resume_on: deal.resume_on.map(|day| day.to_string()),
            close_code: deal.close_code.map(CloseCode::code),
            reported_by: deal.reported_by.map(Side::code),
            locked_rate: seen.rate.as_ref().map(LockedRateView::from),
            facts: deal
                .facts
                .iter()
                .map(|(key, value)| (key.to_string(), value.clone()))
                .collect(),
            waiting: seen.waiting.iter().map(WaitingTextView::of).collect(),
            missing: seen.missing.iter().map(FaultView::from).collect(),
            version: deal.version,
            created_at: time(deal.created_at),
            updated_at: time(deal.updated_at),
        }
    }
}

/// A text that waits for compliance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealWaitingText)]
pub struct WaitingTextView {
    /// The note under which it waits.
    #[schema(format = "uuid", max_length = 36)]
    note: String,
    /// For which place: `next_step`, `fact:KEY`, `task:ID`, `task_title:ID` or
    /// `document:ID`.
    #[schema(max_length = 120, example = "next_step")]
    place: String,
    /// The words.
    #[schema(max_length = 4000, example = "Show them the drone's autopilot")]
    text: String,
    /// Since when.
    #[schema(format = "date-time", max_length = 35)]
    since: String,
}

impl WaitingTextView {
    fn of(note: &DealNote) -> Self {
        Self {
            note: note.id.to_string(),
            place: note.action.clone(),
            text: note.note.clone(),
            since: time(note.created_at),
        }
    }
}

/// Why a curator opened a deal that came of no introduction.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealByHand)]
pub struct ByHandView {
    /// Who.
    #[schema(format = "uuid", max_length = 36)]
    by: String,
    /// Why.
    #[schema(max_length = 1000, example = "They met at the water fair in Baku.")]
    reason: String,
    /// By what it is known that the two are in talks.
    #[schema(max_length = 1000, example = "Letter of intent of 3 November 2026.")]
    evidence: String,
}

impl ByHandView {
    fn of(origin: &Origin) -> Option<Self> {
        match origin {
            Origin::Introduction { .. } => None,
            Origin::ByHand {
                by,
                reason,
                evidence,
            } => Some(Self {
                by: by.to_string(),
                reason: reason.clone(),
                evidence: evidence.clone(),
            }),
        }
    }
}

/// One side of a deal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealSide)]
pub struct DealSideView {
    /// Its name; absent to the other side while the two are kept apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Tamar Flow")]
    pub name: Option<String>,
    /// The firm; for the operator's people and the firm itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub organization: Option<String>,
    /// Its profile or mandate; for the operator's people and the firm itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub record: Option<String>,
    /// What it confirmed of the funding. The deal is won when both confirm
    /// the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funding: Option<FundingView>,
}

/// What one side confirmed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Funding)]
pub struct FundingView {
    /// How much.
    pub amount: MoneyView,
    /// The day the money arrived.
    #[schema(format = "date", max_length = 10)]
    pub value_date: String,
}

impl From<&Funding> for FundingView {
    fn from(funding: &Funding) -> Self {
        Self {
            amount: funding.amount.into(),
            value_date: funding.value_date.to_string(),
        }
    }
}

/// A rate that was locked with an amount.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LockedRate)]
pub struct LockedRateView {
    /// Dollars for one unit of the amount's currency, as a decimal number.
    #[schema(max_length = 60, example = "0.588235294118")]
    rate: String,
    /// Whether `rate` is all of it; else it is rounded to twelve significant
    /// digits.
    exact: bool,
    /// The same as a fraction in lowest terms, in digits: above the line.
    #[schema(max_length = 39, pattern = "^[0-9]+$", example = "10")]
    numerator: String,
    /// Below the line.
    #[schema(max_length = 39, pattern = "^[0-9]+$", example = "17")]
    denominator: String,
    /// The day of the oldest quotation that it follows from.
    #[schema(format = "date", max_length = 10)]
    on: String,
    /// Who quoted: `ecb`, `cbar`, `operator`.
    #[schema(max_items = 3)]
    sources: Vec<&'static str>,
}

impl From<&LockedRate> for LockedRateView {
    fn from(locked: &LockedRate) -> Self {
        let LockedRate { ratio, on, sources } = locked;
        let (rate, exact) = ratio.decimal();
        Self {
            rate,
            exact,
            numerator: ratio.numerator().to_string(),
            denominator: ratio.denominator().to_string(),
            on: on.to_string(),
            sources: sources.iter().map(|it| it.code()).collect(),
        }
    }
}
