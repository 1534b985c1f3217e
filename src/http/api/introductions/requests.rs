//! What callers send about introductions.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::fault::Faults;
use crate::domain::ids::MatchId;
use crate::domain::introduction::{Action, BLURB_MAX};
use crate::domain::meeting::{Enclosed, Slot};
use crate::domain::release::Leave;
use crate::domain::text::bounded;
use crate::http::answer::{self, NOTE_MAX, Parts};
use crate::http::api::exchange::{body_id, check_fields};
use crate::http::api::values::{day, release_until};
use crate::http::slots::{self, NewSlot};
use crate::services::introductions::Step;

/// A request for an introduction.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIntroduction {
    /// The match it comes from.
    #[serde(rename = "match")]
    #[schema(format = "uuid", max_length = 36)]
    matched: String,
    /// Why, in English and in words that name nobody.
    #[schema(
        min_length = 1,
        max_length = 1000,
        example = "We cut water losses by a third in two pilots and look for a partner in the region."
    )]
    blurb: String,
    /// Whether a curator of the programme may get the mail that connects, too;
    /// done only if the other side agrees to it as well. For a side that asks.
    #[schema(default = false)]
    curator_in_copy: Option<bool>,
    /// When the side that asks could meet the other.
    #[serde(default)]
    #[schema(max_items = 5)]
    slots: Vec<NewSlot>,
    /// By whose clock the times are given, if not the caller's own.
    #[schema(max_length = 64, example = "Asia/Baku")]
    zone: Option<String>,
}

impl NewIntroduction {
    /// The match, the blurb, and what comes with them.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(self, own: Tz, now: DateTime<Utc>) -> Result<(MatchId, String, Enclosed), Faults> {
        let mut faults = Faults::new();
        let matched = body_id(&mut faults, "/match", &self.matched);
        let blurb = bounded(&self.blurb, BLURB_MAX, true);
        let blurb = faults.take("/blurb", "invalid_text", blurb);
        let slots = slots::read(&mut faults, &self.slots, self.zone.as_deref(), own, now);
        match (matched, blurb) {
            (Some(matched), Some(blurb)) if faults.is_empty() => {
                let enclosed = Enclosed {
                    curator_copy: self.curator_in_copy.unwrap_or(false),
                    note: None,
                    slots,
                };
                Ok((matched, blurb, enclosed))
            }
            _ => Err(faults),
        }
    }
}

/// What to do with an introduction.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIntroductionTransition {
    /// `accept`, `decline`, `not_now`, `need_more_time`, `delegate`,
    /// `report_abuse`, `withdraw`, `release`, `refuse`, `block`,
    /// `confirm_sent`, `reply`, `met`, `convert`, `close` or `late_yes`.
    #[schema(max_length = 40, example = "accept")]
    action: String,
    /// `decline`: why, as a code. `release`, `refuse`, `block`: why, in words
    /// for the operator's people.
    #[schema(max_length = 1000, example = "thesis_mismatch")]
    reason: Option<String>,
    /// `decline`: whether the other side may read the reason.
    share_reason: Option<bool>,
    /// An answer: words for the operator's people. Needed by `decline` with
    /// `other` and by `report_abuse`.
    #[schema(max_length = 1000)]
    note: Option<String>,
    /// `not_now`: from which day on it may be asked again, within a year.
    #[schema(format = "date", max_length = 10, example = "2027-02-01")]
    until: Option<String>,
    /// `delegate`: the colleague who is to answer instead.
    #[schema(format = "uuid", max_length = 36)]
    delegate_person: Option<String>,
    /// `delegate`: or the address of who is.
    #[schema(format = "email", max_length = 254, example = "leyla@fund.example")]
    delegate_email: Option<String>,
    /// `accept`: whether a curator of the programme may get the mail that
    /// connects, too; done only if both sides agree to it.
    #[schema(default = false)]
    curator_in_copy: Option<bool>,
    /// `accept`: when the caller's side could meet the other.
    #[schema(max_items = 5)]
    slots: Option<Vec<NewSlot>>,
    /// `accept`: by whose clock the times are given, if not the caller's own.
    #[schema(max_length = 64, example = "Asia/Baku")]
    zone: Option<String>,
    /// `met`: on which day; where none is named, on that of the time that was
    /// proposed to both and has come, else on the day on which it is said.
    #[schema(format = "date", max_length = 10, example = "2026-12-03")]
    met_on: Option<String>,
    /// `release`: the revision of the startup's profile that was read.
    #[schema(minimum = 1, example = 2)]
    startup_revision: Option<i64>,
    /// `release`: the last day on which it holds, within 12 months; 12 months
    /// where none is named. It ends earlier with the export licence it rests on.
    #[schema(format = "date", max_length = 10, example = "2027-05-31")]
    valid_to: Option<String>,
}

/// What moves an introduction.
pub const ACTIONS: &[&str] = &[
    "accept",
    "decline",
    "not_now",
    "need_more_time",
    "delegate",
    "report_abuse",
    "withdraw",
    "release",
    "refuse",
    "block",
    "confirm_sent",
    "reply",
    "met",
    "convert",
    "close",
    "late_yes",
];

impl NewIntroductionTransition {
    /// What is meant, by somebody in `zone` at `now`.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(self, zone: Tz, now: DateTime<Utc>) -> Result<Step, Faults> {
        let mut faults = self.misplaced();
        let step = match self.action.as_str() {
            "accept" | "decline" | "not_now" | "need_more_time" | "delegate" | "report_abuse" => {
                let given = self.slots.as_deref().unwrap_or_default();
                let slots = slots::read(&mut faults, given, self.zone.as_deref(), zone, now);
                let answer = answer::read(self.answer(&slots), zone, now);
                let answer = faults.nest("", answer);
                answer.map(|(answer, enclosed)| Step::Answer(answer, enclosed))
            }
            "release" => {
                let until = release_until(&mut faults, self.valid_to.as_deref(), now);
                let read = self.words(&mut faults).zip(self.startup_revision);
                read.map(|(reason, revision)| Step::Release(Leave { reason, until }, revision))
            }
            "refuse" => self.words(&mut faults).map(Step::Refuse),
            "block" => self.words(&mut faults).map(Step::Block),
            "withdraw" => Some(Step::Other(Action::Withdraw)),
            "confirm_sent" => Some(Step::Other(Action::ConfirmSent)),
            "reply" => Some(Step::Other(Action::Reply)),
            "met" => match self.met_on.as_deref() {
                Some(text) => day(&mut faults, "/met_on", text).map(Step::Met),
                None => Some(Step::Other(Action::Meet)),
            },
            "convert" => Some(Step::Other(Action::Convert)),
            "close" => Some(Step::Other(Action::Close)),
            "late_yes" => Some(Step::Other(Action::LateYes)),
            _ => {
                let detail = format!("An introduction knows {}.", ACTIONS.join(", "));
                faults.push("/action", "unknown_action", detail);
                None
            }
        };
        match step {
            Some(step) if faults.is_empty() => Ok(step),
            _ => Err(faults),
        }
    }

    /// The fields that don't belong to the action. What an answer lacks is
    /// named when it is read.
    fn misplaced(&self) -> Faults {
        let mut faults = Faults::new();
        let came = [
            ("reason", self.reason.is_some()),
            ("share_reason", self.share_reason.is_some()),
            ("note", self.note.is_some()),
            ("until", self.until.is_some()),
            ("delegate_person", self.delegate_person.is_some()),
            ("delegate_email", self.delegate_email.is_some()),
            ("curator_in_copy", self.curator_in_copy.is_some()),
            ("slots", self.slots.is_some()),
            ("zone", self.zone.is_some()),
            ("met_on", self.met_on.is_some()),
            ("startup_revision", self.startup_revision.is_some()),
            ("valid_to", self.valid_to.is_some()),
        ];
        let (needs, takes): (&[&str], &[&str]) = match self.action.as_str() {
            "accept" => (&[], &["curator_in_copy", "note", "slots", "zone"]),
            "need_more_time" | "report_abuse" => (&[], &["note"]),
            "delegate" => (&[], &["delegate_person", "delegate_email", "note"]),
            "decline" => (&[], &["reason", "share_reason", "note"]),
            "not_now" => (&[], &["until", "note"]),
            "release" => (&["reason", "startup_revision"], &["valid_to"]),
            "refuse" | "block" => (&["reason"], &[]),
            "met" => (&[], &["met_on"]),
            _ => (&[], &[]),
        };
        check_fields(&mut faults, &self.action, &came, needs, takes);
        faults
    }

    fn words(&self, faults: &mut Faults) -> Option<String> {
        let reason = bounded(self.reason.as_deref()?, NOTE_MAX, true);
        faults.take("/reason", "invalid_text", reason)
    }

    fn answer<'a>(&'a self, slots: &'a [Slot]) -> Parts<'a> {
        Parts {
            answer: &self.action,
            reason: self.reason.as_deref().unwrap_or_default(),
            share_reason: self.share_reason.unwrap_or(false),
            until: self.until.as_deref().unwrap_or_default(),
            note: self.note.as_deref().unwrap_or_default(),
            delegate_person: self.delegate_person.as_deref().unwrap_or_default(),
            delegate_email: self.delegate_email.as_deref().unwrap_or_default(),
            curator_copy: self.curator_in_copy.unwrap_or(false),
            slots,
        }
    }
}
