//! How a programme releases matches: many at a time after a look at what it
//! would mean, by itself from a band upwards, and fairly. The settings are the
//! programme's own.

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::{MatchId, ProgrammeId, ReleaseId, UserId};
use super::refusal::Refusal;
use super::review::Audience;
use super::scoring::Band;
use super::values::codes;

/// Most matches of one release.
pub const MOST_LINES: usize = 200;

/// Minutes for which a preview can be confirmed.
pub const PREVIEW_MINUTES: i64 = 60;

/// What a programme releases by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByRule {
    /// From which band upwards.
    pub from: Band,
    /// To whom.
    pub to: Audience,
}

/// How evenly a programme shows its startups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fairness {
    /// How often one startup is shown within the window at most.
    pub cap: i64,
    /// Days that the window is long.
    pub window_days: i64,
    /// The share of each list, in bp, that is kept for startups that were
    /// shown little.
    pub share: i64,
    /// Shown at most so often within the window is little.
    pub little: i64,
}

impl Default for Fairness {
    fn default() -> Self {
        Self {
            cap: 20,
            window_days: 30,
            share: 2_000,
            little: 1,
        }
    }
}

impl Fairness {
    /// From when on showings count.
    pub fn since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - TimeDelta::days(self.window_days)
    }
}

/// How a programme releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseSettings {
    /// Of which programme.
    pub programme: ProgrammeId,
    /// What it releases by itself; nothing where the programme doesn't say.
    pub by_rule: Option<ByRule>,
    /// How evenly it shows its startups; not looked at where there is none.
    pub fairness: Option<Fairness>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it last changed; the programme's beginning for what was never set.
    pub updated_at: DateTime<Utc>,
}

impl ReleaseSettings {
    /// What holds where nothing was set: nothing goes out by itself, and what
    /// goes out is spread.
    pub fn usual(programme: ProgrammeId, since: DateTime<Utc>) -> Self {
        Self {
            programme,
            by_rule: None,
            fairness: Some(Fairness::default()),
            version: 1,
            updated_at: since,
        }
    }
}

codes! {
    /// Where a release of many stands.
    ReleaseStatus {
        /// Looked at; nobody sees anything yet.
        Previewed = "previewed",
        /// Confirmed and going out.
        Running = "running",
        /// Every line is done.
        Done = "done",
        /// Given up before anything went out.
        Cancelled = "cancelled",
    }
}

codes! {
    /// What can be done with a release of many.
    ReleaseAction {
        /// Let it go out as it was looked at.
        Confirm = "confirm",
        /// Give it up.
        Cancel = "cancel",
    }
}

codes! {
    /// Why a match is not released.
    SkipReason {
        /// The gate does not allow it now.
        Gate = "gate",
        /// A curator vetoed the pair.
        Vetoed = "vetoed",
        /// It is in a state from which nothing is released: answered, ended,
        /// under review.
        State = "state",
        /// Those it would be shown to see it already.
        Shown = "shown",
        /// The mandate takes no more this week.
        Capacity = "capacity",
        /// The startup was shown as often as the programme allows.
        Exposure = "exposure",
        /// It changed since it was looked at.
        Changed = "changed",
    }
}

/// One match of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseLine {
    /// Its place, from 1.
    pub place: i64,
    /// Which match.
    pub matched: MatchId,
    /// At which version it was looked at.
    pub version: i64,
    /// Why it is not to go out; none if it is.
    pub skip: Option<SkipReason>,
    /// The rules of the gate that say no.
    pub rules: Vec<String>,
    /// What came of it once it was confirmed.
    pub outcome: Option<Outcome>,
}

/// What came of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is shown.
    Released,
    /// It is not, after all.
    Skipped(SkipReason),
}

/// A release of many matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkRelease {
    /// Its id.
    pub id: ReleaseId,
    /// Of which programme.
    pub programme: ProgrammeId,
    /// To whom.
    pub to: Audience,
    /// Where it stands.
    pub status: ReleaseStatus,
    /// Who asked for it; once it was confirmed who did that, in whose name it
    /// goes out.
    pub by: UserId,
    /// Every match that was looked at, in order.
    pub lines: Vec<ReleaseLine>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was looked at.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl BulkRelease {
    /// Until when it can be confirmed.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.created_at + TimeDelta::minutes(PREVIEW_MINUTES)
    }
}

/// The machine: where a release stands after an action. One that was cut off
/// while it went out is confirmed again to go on.
///
/// # Errors
/// It can't be done now.
pub fn step(
    release: &BulkRelease,
    action: ReleaseAction,
    now: DateTime<Utc>,
) -> Result<ReleaseStatus, Refusal> {
    use ReleaseAction as A;
    use ReleaseStatus as S;
    match (release.status, action) {
        (S::Previewed, A::Confirm) if now > release.expires_at() => Err(Refusal::new(
            "preview_expired",
            format!("A preview holds for {PREVIEW_MINUTES} minutes; look at it again."),
        )),
        (S::Previewed | S::Running, A::Confirm) => Ok(S::Running),
        (S::Previewed, A::Cancel) => Ok(S::Cancelled),
        (_, action) => Err(Refusal::no_transition(action.code())),
    }
}
