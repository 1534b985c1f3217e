//! Compliance's queue, as the store has it: rows of every kind in the order in
//! which they began to wait.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::page::{self, Cursor};
use super::sql::waiting;
use super::{Conn, Error, Result, stored};
use crate::domain::compliance::WaitingKind;
use crate::domain::country::Country;
use crate::domain::ids::{IntroductionId, MatchId, ProgrammeId, StartupProfileId};

/// Which rows; what is absent doesn't matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which {
    /// Of that kind.
    pub kind: Option<WaitingKind>,
    /// In that programme.
    pub programme: Option<ProgrammeId>,
    /// About that startup's profile.
    pub profile: Option<StartupProfileId>,
    /// Towards firms of that country.
    pub country: Option<Country>,
    /// That began to wait at that time or later.
    pub since: Option<DateTime<Utc>>,
}

/// One row of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// Of what kind.
    pub kind: WaitingKind,
    /// Which record; of a question the first of those that wait on it.
    pub id: Uuid,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What a decision would be about.
    pub about: About,
    /// How many matches wait on it.
    pub matches: usize,
    /// How many introductions.
    pub introductions: usize,
}

/// What a decision would be about, as far as the record has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    /// In which programme.
    pub programme: Option<ProgrammeId>,
    /// About which profile.
    pub profile: Option<StartupProfileId>,
    /// Towards which country.
    pub country: Option<Country>,
}

/// What waits on a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// A match.
    Match(MatchId),
    /// An introduction.
    Introduction(IntroductionId),
}

/// The rows after a cursor, the longest waiting first; one more than `limit`
/// when there are more. What needs no decision by its content (a profile that is
/// plain, a practice that the gate lets through) is among them.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    which: &Which,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Waits>> {
    let country = which.country.as_ref().map(Country::code);
    let wanted = waiting::Which {
        kind: which.kind.map(WaitingKind::code),
        programme: which.programme,
        profile: which.profile,
        country,
        since: which.since,
    };
    let rows = waiting::list(conn, &wanted, after, page::fetch(limit))?;
    rows.into_iter().map(waits).collect()
}

fn waits(row: waiting::Row) -> Result<Waits> {
    let waiting::Row {
        kind,
        id,
        since,
        programme_id,
        profile_id,
        country,
        matches,
        introductions,
    } = row;
    Ok(Waits {
        kind: stored::code(&kind, WaitingKind::from_code)?,
        id: id.uuid(),
        since,
        about: About {
            programme: programme_id.map(|id| id.uuid().into()),
            profile: profile_id.map(|id| id.uuid().into()),
            country: stored::parse_some(country.as_deref())?,
        },
        matches: usize::try_from(matches).unwrap_or_default(),
        introductions: usize::try_from(introductions).unwrap_or_default(),
    })
}

/// What waits on the questions about these profiles, of each question at most
/// `most` matches and as many introductions, the longest waiting first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn members(
    conn: &mut Conn,
    profiles: &[StartupProfileId],
    most: usize,
) -> Result<Vec<(About, Member)>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = waiting::members(conn, profiles, most)?;
    let member = |row: waiting::Member| {
        let about = About {
            programme: Some(row.programme_id.uuid().into()),
            profile: Some(row.profile_id.uuid().into()),
            country: stored::parse_some(row.country.as_deref())?,
        };
        let id = row.id.uuid();
        match row.kind.as_str() {
            "match" => Ok((about, Member::Match(id.into()))),
            "introduction" => Ok((about, Member::Introduction(id.into()))),
            kind => Err(Error::Corrupt(format!("a \"{kind}\" waits on a question"))),
        }
    };
    rows.into_iter().map(member).collect()
}
