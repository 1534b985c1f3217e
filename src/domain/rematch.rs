//! Everything of a programme matched again: a job that goes through its
//! startups one after the other and remembers how far it has come.

use chrono::{DateTime, Utc};

use super::ids::{ProgrammeId, RematchId, RuleSetId, StartupProfileId, UserId};
use super::scoring::{Band, Explanation};
use super::values::codes;

/// Most mandates that are put on record for each startup.
pub const MOST_TOP: i64 = 100;

codes! {
    /// Where a job stands.
    RematchStatus {
        /// It goes on, or waits for somebody to go on with it.
        Running = "running",
        /// It went through all startups.
        Done = "done",
        /// It was given up; what it wrote stays.
        Cancelled = "cancelled",
    }
}

/// What became of the pairs that were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RematchTally {
    /// Put on record.
    pub added: i64,
    /// Replaced by a newer account.
    pub replaced: i64,
    /// Ended, since a gate fails by now.
    pub ended: i64,
    /// Left as they were: nothing was written.
    pub unchanged: i64,
}

/// A job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rematch {
    /// Its id.
    pub id: RematchId,
    /// Of which programme.
    pub programme: ProgrammeId,
    /// So many of the best mandates of each startup are put on record.
    pub top: i64,
    /// Only from that band upwards.
    pub min_band: Band,
    /// By these rules; it begins again when others are published.
    pub rule_set: RuleSetId,
    /// Where it stands.
    pub status: RematchStatus,
    /// How many startups there were when it began.
    pub startups: i64,
    /// How many it has gone through.
    pub done: i64,
    /// The last of these.
    pub after: Option<StartupProfileId>,
    /// What became of their pairs.
    pub tally: RematchTally,
    /// Who began it; none for a command of the operator's.
    pub by: Option<UserId>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it last went on.
    pub updated_at: DateTime<Utc>,
}

/// Whether a fresh account says something else than the one on record. The day
/// on which it was computed doesn't count.
pub fn differs(fresh: &Explanation, stored: &Explanation) -> bool {
    let said = |account: &Explanation| {
        (
            account.rule_set,
            account.startup,
            account.mandate,
            (account.exact, account.score, account.confidence),
            account.band,
            account.outcome() == crate::domain::scoring::Outcome::Eligible,
        )
    };
    said(fresh) != said(stored)
}
