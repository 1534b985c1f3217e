//! What callers send about matches.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::fault::Faults;
use crate::domain::ids::{MandateId, ProgrammeId, StartupProfileId};
use crate::domain::review::{Audience, MatchAction, SNOOZE_DAYS};
use crate::domain::text::bounded;
use crate::domain::values::PassReason;
use crate::http::answer::{NOTE_MAX, day_ahead, day_within};
use crate::http::api::exchange::{body_id, check_fields};
use crate::http::api::values::{code, release_until};
use crate::services::matches::Move;

/// A pair to put on record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMatch {
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// Which startup profile.
    #[schema(format = "uuid", max_length = 36)]
    startup_profile: String,
    /// Which mandate.
    #[schema(format = "uuid", max_length = 36)]
    mandate: String,
}

impl NewMatch {
    /// The ids.
    ///
    /// # Errors
    /// Every one that is none.
    pub fn read(self) -> Result<(ProgrammeId, StartupProfileId, MandateId), Faults> {
        let mut faults = Faults::new();
        let programme = body_id(&mut faults, "/programme", &self.programme);
        let profile = body_id(&mut faults, "/startup_profile", &self.startup_profile);
        let mandate = body_id(&mut faults, "/mandate", &self.mandate);
        match (programme, profile, mandate) {
            (Some(programme), Some(profile), Some(mandate)) => Ok((programme, profile, mandate)),
            _ => Err(faults),
        }
    }
}

/// What to do with a match.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMatchTransition {
    /// `allow`, `block`, `release`, `interested`, `snooze`, `pass`, `pin`,
    /// `unpin`, `veto` or `unveto`.
    #[schema(max_length = 40, example = "release")]
    action: String,
    /// `release`: to whom, `startup`, `investor` or `both`.
    #[schema(max_length = 10, example = "both")]
    to: Option<String>,
    /// `pass`: why, as a code. `allow`, `block`, `pin`, `veto` and taking these
    /// back: why, in words for the operator's people.
    #[schema(max_length = 1000, example = "thesis_mismatch")]
    reason: Option<String>,
    /// `pass` with `not_now`: from which day on it may come again, within a
    /// year. `snooze`: on which day it comes back, within 90 days.
    #[schema(format = "date", max_length = 10, example = "2027-02-01")]
    until: Option<String>,
    /// `pass`: words for the operator's people; needed with `other`.
    #[schema(max_length = 1000, example = "We took a stake in a competitor.")]
    note: Option<String>,
    /// `allow`: the last day on which what it releases may be shown, within 12
    /// months; 12 months where none is named. It ends earlier with the export
    /// licence it rests on.
    #[schema(format = "date", max_length = 10, example = "2027-05-31")]
    valid_to: Option<String>,
}

/// What moves a match.
pub const ACTIONS: &[&str] = &[
    "allow",
    "block",
    "release",
    "interested",
    "snooze",
    "pass",
    "pin",
    "unpin",
    "veto",
    "unveto",
];

impl NewMatchTransition {
    /// What is meant, by somebody in `zone` at `now`.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(&self, zone: Tz, now: DateTime<Utc>) -> Result<Move, Faults> {
        let mut faults = Faults::new();
        let pass = self.action == "pass";
        let reason_is = |code: PassReason| pass && self.reason.as_deref() == Some(code.code());
        let not_now = reason_is(PassReason::NotNow);
        let (needs, action): (&[&str], _) = match self.action.as_str() {
            "allow" => (&["reason"], Some(MatchAction::Allow)),
            "block" => (&["reason"], Some(MatchAction::Block)),
            "interested" => (&[], Some(MatchAction::Interested)),
            "pin" => (&["reason"], Some(MatchAction::Pin)),
            "unpin" => (&["reason"], Some(MatchAction::Unpin)),
            "veto" => (&["reason"], Some(MatchAction::Veto)),
            "unveto" => (&["reason"], Some(MatchAction::Unveto)),
            "snooze" => (&["until"], self.snooze(&mut faults, zone, now)),
            "release" => (&["to"], self.release(&mut faults)),
            "pass" if not_now => (&["reason", "until"], self.pass(&mut faults)),
            "pass" if reason_is(PassReason::Other) => (&["reason", "note"], self.pass(&mut faults)),
            "pass" => (&["reason"], self.pass(&mut faults)),
            _ => {
                let detail = format!("A match knows {}.", ACTIONS.join(", "));
                faults.push("/action", "unknown_action", detail);
                return Err(faults);
            }
        };
        let came = [
            ("to", self.to.is_some()),
            ("reason", self.reason.is_some()),
            ("until", self.until.is_some()),
            ("note", self.note.is_some()),
            ("valid_to", self.valid_to.is_some()),
        ];
        let takes: &[&str] = match action {
            Some(MatchAction::Allow) => &["valid_to"],
            _ if pass => &["note"],
            _ => &[],
        };
        check_fields(&mut faults, &self.action, &came, needs, takes);
        let until = self.until.as_deref().filter(|_| not_now);
        let until = until.and_then(|day| faults.nest("/until", day_ahead(day, zone, now)));
        let decided = action.is_some_and(|action| {
            matches!(action, MatchAction::Allow | MatchAction::Block) || action.curates()
        });
        let words = self.reason.as_deref().filter(|_| decided);
        let reason = words.and_then(|words| {
            faults.take("/reason", "invalid_text", bounded(words, NOTE_MAX, true))
        });
        let note = self.note.as_deref();
        let note = note
            .and_then(|note| faults.take("/note", "invalid_text", bounded(note, NOTE_MAX, true)));
        let holds_until = release_until(&mut faults, self.valid_to.as_deref(), now);
        match action {
            Some(action) if faults.is_empty() => Ok(Move {
                action,
                until,
                reason,
                note,
                holds_until,
            }),
            _ => Err(faults),
        }
    }

    fn release(&self, faults: &mut Faults) -> Option<MatchAction> {
        let code = self.to.as_deref()?;
        let to = Audience::from_code(code);
        if to.is_none() {
            let detail = "A match is released to “startup”, “investor” or “both”.";
            faults.push("/to", "unknown_code", detail);
        }
        to.map(MatchAction::Release)
    }

    fn snooze(&self, faults: &mut Faults, zone: Tz, now: DateTime<Utc>) -> Option<MatchAction> {
        let day = self.until.as_deref()?;
        let until = faults.nest("/until", day_within(day, SNOOZE_DAYS, zone, now));
        until.map(MatchAction::Snooze)
    }

    fn pass(&self, faults: &mut Faults) -> Option<MatchAction> {
        let reason = code(faults, "/reason", self.reason.as_deref()?, PassReason::ALL);
        reason.map(MatchAction::Pass)
    }
}
