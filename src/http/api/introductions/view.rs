//! Introductions as their readers may see them.

use serde::Serialize;
use utoipa::ToSchema;

use super::slots::{MeetingView, SlotView};
use crate::domain::introduction::{Answer, Introduction};
use crate::domain::tongue;
use crate::domain::values::{PassReason, Side};
use crate::http::api::values::time;
use crate::http::preconditions::EntityTag;
use crate::http::problem::Problem;
use crate::services::introductions::{GivenAnswer, Seen};

/// A double opt-in.
///
/// Names stand only where they were granted. A side reads states in words
/// that don't say what stopped something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Introduction)]
pub struct IntroductionView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    pub id: String,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    pub programme: String,
    /// The match it comes from; not for the side that was asked.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub matched: Option<String>,
    /// Where it stands. To a side, `in_review` and `not_available` stand for
    /// all that the operator does between.
    #[schema(max_length = 40, example = "asking_first")]
    pub status: &'static str,
    /// Who asked: `startup`, `investor`, `curator` or `partner`.
    #[schema(max_length = 10, example = "startup")]
    pub requester: &'static str,
    /// The caller's side; absent for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, example = "investor")]
    pub your_side: Option<&'static str>,
    /// The startup.
    pub startup: SideView,
    /// The investor.
    pub investor: SideView,
    /// Why, in the requester's words.
    #[schema(max_length = 1000)]
    pub blurb: String,
    /// Its language, as far as its letters tell it: `en`, `he`, `az` or `ru`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 35, example = "en")]
    pub blurb_language: Option<String>,
    /// Why it was declined, where that was shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "thesis_mismatch")]
    pub decline_reason: Option<&'static str>,
    /// The question that waits for the caller's side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<QuestionView>,
    /// The side that reported a deal and waits for the other to confirm.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, example = "startup")]
    pub convert_reported_by: Option<&'static str>,
    /// When the sides could meet; the other one's once both have agreed.
    #[schema(max_items = 10)]
    pub slots: Vec<SlotView>,
    /// The meeting that is proposed to both, once both have agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting: Option<MeetingView>,
    /// Every answer; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 100)]
    pub answers: Option<Vec<AnswerView>>,
    /// Counts changes. The `ETag` is made of it and all that is told here.
    #[schema(minimum = 1, example = 3)]
    pub version: i64,
    /// When it was asked for.
    #[schema(format = "date-time", max_length = 35)]
    pub created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    pub updated_at: String,
}

impl IntroductionView {
    /// Its `ETag`: the version, and all that its reader is told.
    pub fn tag(&self) -> Result<EntityTag, Problem> {
        EntityTag::of_view(self.version, self)
    }

    /// An introduction for its reader.
    pub fn of(seen: &Seen) -> Self {
        let record = &seen.introduction;
        let status = record.status.code();
        let asked_only = seen.side.is_some() && seen.side != record.requester.side();
        let (startup, investor) = (&seen.startup_name, &seen.investor_name);
        Self {
            id: record.id.to_string(),
            programme: record.programme.to_string(),
            matched: (!asked_only).then(|| record.matched.to_string()),
            status: if seen.side.is_some() {
                neutral(status)
            } else {
                status
            },
            requester: record.requester.code(),
            your_side: seen.side.map(Side::code),
            startup: SideView::of(seen, Side::Startup, startup.as_deref()),
            investor: SideView::of(seen, Side::Investor, investor.as_deref()),
            blurb: record.blurb.clone(),
            blurb_language: tongue::of(&record.blurb).map(|it| it.to_string()),
            decline_reason: seen.shared_reason.map(PassReason::code),
            question: QuestionView::of(seen),
            convert_reported_by: record.convert_reported_by.map(Side::code),
            slots: seen.slots.iter().map(SlotView::from).collect(),
            meeting: seen
                .meeting
                .as_ref()
                .map(|meeting| MeetingView::of(meeting, &seen.meeting_answers)),
            answers: seen
                .side
                .is_none()
                .then(|| seen.answers.iter().map(AnswerView::from).collect()),
            version: record.version,
            created_at: time(record.created_at),
            updated_at: time(record.updated_at),
        }
    }
}

/// A state in words for a side: it must not learn that the gate or compliance
/// stopped something, for what that says of the other side.
pub fn neutral(status: &str) -> &str {
    match status {
        "requested" | "held" => "in_review",
        "refused" | "blocked" | "frozen" => "not_available",
        other => other,
    }
}

/// One side of an introduction.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntroductionSide)]
pub struct SideView {
    /// Its name, where it was granted.
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
    /// Whether it said yes, by asking or by answering.
    pub accepted: bool,
}

impl SideView {
    fn of(seen: &Seen, side: Side, name: Option<&str>) -> Self {
        let record = &seen.introduction;
        let own = seen.side.is_none_or(|reader| reader == side);
        Self {
            name: name.map(str::to_owned),
            organization: own.then(|| record.organization(side).to_string()),
            record: own.then(|| record_of(record, side)),
            accepted: record.accepted(side),
        }
    }
}

fn record_of(introduction: &Introduction, side: Side) -> String {
    match side {
        Side::Startup => introduction.startup_profile.to_string(),
        Side::Investor => introduction.mandate.to_string(),
    }
}

/// A question that waits for an answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntroductionQuestion)]
pub struct QuestionView {
    /// Until when an answer counts.
    #[schema(format = "date-time", max_length = 35)]
    pub expires_at: String,
    /// Whether more time was asked for already; it can be once.
    pub extended: bool,
}

impl QuestionView {
    fn of(seen: &Seen) -> Option<Self> {
        let ask = seen.open_ask.as_ref()?;
        Some(Self {
            expires_at: time(ask.expires_at),
            extended: seen.introduction.extended,
        })
    }
}

/// An answer as it was given.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntroductionAnswer)]
pub struct AnswerView {
    /// By which side.
    #[schema(max_length = 10, example = "investor")]
    pub side: &'static str,
    /// What.
    #[schema(max_length = 20, example = "decline")]
    pub answer: &'static str,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "thesis_mismatch")]
    pub reason: Option<&'static str>,
    /// Whether the requester may read why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_shared: Option<bool>,
    /// From when it may be asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    pub until: Option<String>,
    /// In their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
    /// What the person calls themselves.
    #[schema(max_length = 200, example = "Leyla Aliyeva")]
    pub person_name: String,
    /// What they say they are in their firm.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "Partner")]
    pub person_role: Option<String>,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    pub created_at: String,
}

impl From<&GivenAnswer> for AnswerView {
    fn from(given: &GivenAnswer) -> Self {
        let (reason, reason_shared) = match given.answer {
            Answer::Decline { reason, share } => (Some(reason.code()), Some(share)),
            _ => (None, None),
        };
        let until = match given.answer {
            Answer::NotNow { until } => Some(time(until)),
            _ => None,
        };
        Self {
            side: given.side.code(),
            answer: given.answer.code(),
            reason,
            reason_shared,
            until,
            note: given.note.clone(),
            person_name: given.person_name.clone(),
            person_role: given.person_role.clone(),
            created_at: time(given.created_at),
        }
    }
}
