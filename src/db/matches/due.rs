//! Matches that the clock or a change of their records may move.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{COLUMNS, Row, matched};
use crate::db::schema::matches::{self, dsl};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result};
use crate::domain::ids::{MandateId, MatchId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::review::{Match, MatchStatus};

/// Matches that a side was shown and that have not changed since a time, the
/// longest unchanged first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn unanswered_since(conn: &mut Conn, since: DateTime<Utc>, limit: usize) -> Result<Vec<Match>> {
    let shown = [MatchStatus::Released, MatchStatus::OneSided].map(MatchStatus::code);
    let rows: Vec<Row> = matches::table
        .filter(dsl::status.eq_any(shown))
        .filter(dsl::updated_at.le(Timestamp(since)))
        .order(dsl::updated_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(COLUMNS)
        .load(conn)?;
    rows.into_iter().map(matched).collect()
}

/// Matches that come back by now, the longest due first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn to_wake(conn: &mut Conn, now: DateTime<Utc>, limit: usize) -> Result<Vec<Match>> {
    let off = [
        MatchStatus::Snoozed,
        MatchStatus::Passed,
        MatchStatus::Introduced,
    ];
    let rows: Vec<Row> = matches::table
        .filter(dsl::status.eq_any(off.map(MatchStatus::code)))
        .filter(dsl::wakes_at.le(Timestamp(now)))
        .order(dsl::wakes_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(COLUMNS)
        .load(conn)?;
    rows.into_iter().map(matched).collect()
}

/// Which live matches somebody wants to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveOf {
    /// All.
    All,
    /// Of that profile.
    Startup(StartupProfileId),
    /// Of that mandate.
    Mandate(MandateId),
    /// With that firm on either side.
    Firm(OrganizationId),
    /// Of the two firms of that match, whatever became of it.
    BesideMatch(MatchId),
    /// Under that programme.
    Programme(ProgrammeId),
}

/// Live matches by their ids, after one.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn live(
    conn: &mut Conn,
    of: LiveOf,
    after: Option<MatchId>,
    limit: usize,
) -> Result<Vec<Match>> {
    let mut query = matches::table
        .filter(dsl::status.eq_any(live_codes()))
        .select(COLUMNS)
        .into_boxed();
    query = match of {
        LiveOf::All => query,
        LiveOf::Startup(id) => query.filter(dsl::startup_profile_id.eq(id)),
        LiveOf::Mandate(id) => query.filter(dsl::mandate_id.eq(id)),
        LiveOf::Firm(id) => query.filter(dsl::startup_id.eq(id).or(dsl::investor_id.eq(id))),
        LiveOf::BesideMatch(id) => {
            let firms: Option<(OrganizationId, OrganizationId)> = matches::table
                .find(id)
                .select((dsl::startup_id, dsl::investor_id))
                .first(conn)
                .optional()?;
            let Some((startup, investor)) = firms else {
                return Ok(Vec::new());
            };
            query
                .filter(dsl::startup_id.eq(startup))
                .filter(dsl::investor_id.eq(investor))
        }
        LiveOf::Programme(id) => query.filter(dsl::programme_id.eq(id)),
    };
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows: Vec<Row> = query
        .order(dsl::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(matched).collect()
}

pub(super) fn live_codes() -> impl Iterator<Item = &'static str> {
    MatchStatus::ALL
        .iter()
        .filter(|status| status.is_live())
        .map(|status| status.code())
}
