//! The match as a record: computed, reviewed, released, answered.

mod machine;

use chrono::{DateTime, Utc};

use super::ids::{MandateId, MatchId, OrganizationId, ProgrammeId, StartupProfileId};
use super::refusal::Refusal;
use super::scoring::{Explanation, Outcome};
use super::values::{Side, codes};

pub use machine::{
    MatchAction, PASS_DAYS, SNOOZE_DAYS, UNANSWERED_DAYS, ended_by, step, suppressed_until,
};

codes! {
    /// Where a match stands.
    MatchStatus {
        /// Every gate passes; the curator may release it.
        Candidate = "candidate",
        /// A gate is unknown; compliance decides.
        UnderReview = "under_review",
        /// Shown to a side.
        Released = "released",
        /// One side is interested.
        OneSided = "one_sided",
        /// Both are.
        Mutual = "mutual",
        /// An introduction came of it.
        Introduced = "introduced",
        /// A side passed.
        Passed = "passed",
        /// A side put it off.
        Snoozed = "snoozed",
        /// Nobody answered in time.
        Expired = "expired",
        /// A newer revision took its place.
        Superseded = "superseded",
        /// A gate fails by now, or compliance said no.
        Blocked = "blocked",
    }
}

impl MatchStatus {
    /// Whether the pair can still come of it.
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            Self::Candidate
                | Self::UnderReview
                | Self::Released
                | Self::OneSided
                | Self::Mutual
                | Self::Snoozed
        )
    }
}

codes! {
    /// To whom a match was released.
    Audience {
        /// To the startup.
        Startup = "startup",
        /// To the investor.
        Investor = "investor",
        /// To both.
        Both = "both",
    }
}

impl Audience {
    /// Whether that side sees it.
    pub const fn includes(self, side: Side) -> bool {
        matches!(
            (self, side),
            (Self::Both, _) | (Self::Startup, Side::Startup) | (Self::Investor, Side::Investor)
        )
    }
}

codes! {
    /// What a side said to a released match.
    Response {
        /// Nothing yet.
        None = "none",
        /// Wants to meet.
        Interested = "interested",
        /// Doesn't.
        Passed = "passed",
        /// Put it off until a date. What it said before comes back with the
        /// match, so this is never stored in its place.
        Snoozed = "snoozed",
    }
}

codes! {
    /// What a curator says of a pair. It changes order or visibility, never
    /// the score.
    Curation {
        /// Stands above the others.
        Pinned = "pinned",
        /// Is shown to nobody.
        Vetoed = "vetoed",
    }
}

/// One value for each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerSide<T> {
    /// Of the startup.
    pub startup: T,
    /// Of the investor.
    pub investor: T,
}

impl<T: Copy> PerSide<T> {
    /// Of that side.
    pub const fn of(&self, side: Side) -> T {
        match side {
            Side::Startup => self.startup,
            Side::Investor => self.investor,
        }
    }

    /// Sets that side's.
    pub fn set(&mut self, side: Side, value: T) {
        match side {
            Side::Startup => self.startup = value,
            Side::Investor => self.investor = value,
        }
    }
}

/// How often what a side is told of a match changed, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Counts the changes; the `ETag` for that side.
    pub version: i64,
    /// The last of them.
    pub at: DateTime<Utc>,
}

impl Told {
    /// What a match begins with.
    pub const fn first(at: DateTime<Utc>) -> PerSide<Self> {
        let told = Self { version: 1, at };
        PerSide {
            startup: told,
            investor: told,
        }
    }
}

/// A match on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its id.
    pub id: MatchId,
    /// Under which programme.
    pub programme: ProgrammeId,
    /// Which startup profile.
    pub startup_profile: StartupProfileId,
    /// Whose.
    pub startup: OrganizationId,
    /// Which mandate.
    pub mandate: MandateId,
    /// Whose.
    pub investor: OrganizationId,
    /// The account of its score.
    pub explanation: Explanation,
    /// Where it stands.
    pub status: MatchStatus,
    /// Who sees it, once released.
    pub released_to: Option<Audience>,
    /// What the startup said.
    pub startup_response: Response,
    /// What the investor said.
    pub investor_response: Response,
    /// Until when each side put it off, once; kept when that is over.
    pub snoozed: PerSide<Option<DateTime<Utc>>>,
    /// When the next of these is over; none when it is put off by nobody.
    pub wakes_at: Option<DateTime<Utc>>,
    /// When each side was first shown it.
    pub shown_at: PerSide<Option<DateTime<Utc>>>,
    /// What the curators say of the pair.
    pub curation: Option<Curation>,
    /// What each side can tell of its changes.
    pub told: PerSide<Told>,
    /// Counts changes; the `ETag` for the operator's people.
    pub version: i64,
    /// When it was computed.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Match {
    /// Whether that side may see it: it was released to it, is not blocked,
    /// and the pair is not vetoed. What the two agreed on already stays.
    pub fn visible_to(&self, side: Side) -> bool {
        let vetoed = self.is_vetoed() && self.status != MatchStatus::Introduced;
        !matches!(self.status, MatchStatus::Blocked | MatchStatus::UnderReview)
            && !vetoed
            && self.released_to.is_some_and(|to| to.includes(side))
    }

    /// Whether the curators keep the pair from being shown.
    pub fn is_vetoed(&self) -> bool {
        self.curation == Some(Curation::Vetoed)
    }

    /// The match after a step, as it is to be stored: its version risen, and
    /// that of each side which is told something else by now.
    #[must_use]
    pub fn following(self, before: &Self, now: DateTime<Utc>) -> Self {
        let mut told = before.told;
        for side in [Side::Startup, Side::Investor] {
            if self.told_to(side) != before.told_to(side) {
                let version = before.told.of(side).version + 1;
                told.set(side, Told { version, at: now });
            }
        }
        Self {
            told,
            version: before.version + 1,
            updated_at: now,
            ..self
        }
    }

    /// All of a match that changes and that a side is told; none while it is
    /// hidden from it.
    fn told_to(&self, side: Side) -> Option<(&'static str, Response, Option<DateTime<Utc>>)> {
        let until = self.snoozed.of(side).filter(|_| self.is_put_off_by(side));
        self.visible_to(side)
            .then(|| (self.status_for(side), self.response_of(side), until))
    }

    /// Its version for that side, or for the operator's people.
    pub fn version_for(&self, side: Option<Side>) -> i64 {
        side.map_or(self.version, |side| self.told.of(side).version)
    }

    /// When it last changed for that side, or for the operator's people.
    pub fn updated_for(&self, side: Option<Side>) -> DateTime<Utc> {
        side.map_or(self.updated_at, |side| self.told.of(side).at)
    }

    /// The state as a side may read it: what it answered itself, not what the
    /// other did. An introduction counts once the side has a part in it.
    pub fn status_for(&self, side: Side) -> &'static str {
        match (self.status, self.response_of(side)) {
            (MatchStatus::Mutual, _) => MatchStatus::Mutual.code(),
            (MatchStatus::Introduced, Response::Interested) => MatchStatus::Introduced.code(),
            (_, Response::Interested) => "interested",
            (_, Response::Passed) => MatchStatus::Passed.code(),
            (_, Response::Snoozed) => MatchStatus::Snoozed.code(),
            (MatchStatus::Expired | MatchStatus::Superseded, Response::None) => self.status.code(),
            (_, Response::None) => MatchStatus::Released.code(),
        }
    }

    /// Whether it came to something behind that side's back: the other passed,
    /// or an introduction was asked for that it has no part in yet.
    fn is_settled_unseen(&self, side: Side) -> bool {
        match self.status {
            MatchStatus::Passed => self.said_by(side) != Response::Passed,
            MatchStatus::Introduced => self.said_by(side) == Response::None,
            _ => false,
        }
    }

    /// Whether that side's putting off lasts: it is over once the match woke
    /// for it. It lasts through what the other side does meanwhile.
    pub fn is_put_off_by(&self, side: Side) -> bool {
        let lasts = matches!(
            self.status,
            MatchStatus::Snoozed | MatchStatus::Passed | MatchStatus::Introduced
        );
        lasts
            && matches!((self.snoozed.of(side), self.wakes_at), (Some(own), Some(next)) if own >= next)
    }

    /// What that side said.
    pub fn response_of(&self, side: Side) -> Response {
        if self.is_put_off_by(side) {
            return Response::Snoozed;
        }
        self.said_by(side)
    }

    /// What that side said, whether it put the match off afterwards or not.
    pub const fn said_by(&self, side: Side) -> Response {
        match side {
            Side::Startup => self.startup_response,
            Side::Investor => self.investor_response,
        }
    }
}

/// The state of a freshly computed match; a pair that a gate rules out is none.
pub fn initial_status(explanation: &Explanation) -> Result<MatchStatus, Refusal> {
    match explanation.outcome() {
        Outcome::Eligible => Ok(MatchStatus::Candidate),
        Outcome::NeedsReview => Ok(MatchStatus::UnderReview),
        Outcome::RuledOut => Err(Refusal::new(
            "ruled_out",
            "A gate rules this pair out; the gate trace of the ranking says which.",
        )),
    }
}
