//! Matches: one live per profile and mandate in a programme. Their
//! explanation is stored once and never changed.

mod due;
mod lists;
mod suppressions;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::prepared::Prepare;
use super::schema::matches::{self, dsl};
use super::types::Timestamp;
use super::{Conn, Result, json, sql, stored};
use crate::domain::grounds::Grounds;
use crate::domain::ids::{MandateId, MatchId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::review::{Audience, Curation, Match, MatchStatus, PerSide, Response, Told};
use crate::domain::scoring::Explanation;

pub use due::{LiveOf, live, to_wake, unanswered_since};
pub use lists::{Filter, best, best_ids, find_many, list, listed, showings};
pub use suppressions::{
    Suppressions, suppress, suppressed_until, suppressions_among, suppressions_of,
};

/// Whether a match could be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertOutcome {
    /// It is.
    Inserted,
    /// The profile and the mandate have a live match in the programme.
    LiveMatchExists,
}

#[derive(Queryable)]
struct Row {
    id: MatchId,
    programme_id: ProgrammeId,
    startup_profile_id: StartupProfileId,
    startup_id: OrganizationId,
    mandate_id: MandateId,
    investor_id: OrganizationId,
    explanation: String,
    status: String,
    released_to: Option<String>,
    startup_response: String,
    investor_response: String,
    startup_snoozed_until: Option<DateTime<Utc>>,
    investor_snoozed_until: Option<DateTime<Utc>>,
    wakes_at: Option<DateTime<Utc>>,
    startup_shown_at: Option<DateTime<Utc>>,
    investor_shown_at: Option<DateTime<Utc>>,
    curation: Option<String>,
    startup_version: i64,
    investor_version: i64,
    startup_updated_at: DateTime<Utc>,
    investor_updated_at: DateTime<Utc>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

type Columns = (
    dsl::id,
    dsl::programme_id,
    dsl::startup_profile_id,
    dsl::startup_id,
    dsl::mandate_id,
    dsl::investor_id,
    dsl::explanation,
    dsl::status,
    dsl::released_to,
    dsl::startup_response,
    dsl::investor_response,
    dsl::startup_snoozed_until,
    dsl::investor_snoozed_until,
    dsl::wakes_at,
    dsl::startup_shown_at,
    dsl::investor_shown_at,
    dsl::curation,
    dsl::startup_version,
    dsl::investor_version,
    dsl::startup_updated_at,
    dsl::investor_updated_at,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

/// The rest repeats parts of the explanation for queries by hand and for the
/// tables' own checks.
const COLUMNS: Columns = (
    dsl::id,
    dsl::programme_id,
    dsl::startup_profile_id,
    dsl::startup_id,
    dsl::mandate_id,
    dsl::investor_id,
    dsl::explanation,
    dsl::status,
    dsl::released_to,
    dsl::startup_response,
    dsl::investor_response,
    dsl::startup_snoozed_until,
    dsl::investor_snoozed_until,
    dsl::wakes_at,
    dsl::startup_shown_at,
    dsl::investor_shown_at,
    dsl::curation,
    dsl::startup_version,
    dsl::investor_version,
    dsl::startup_updated_at,
    dsl::investor_updated_at,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

/// Stores a new match.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, matched: &Match) -> Result<InsertOutcome> {
    let Match {
        id,
        programme,
        startup_profile,
        startup,
        mandate,
        investor,
        explanation,
        status,
        released_to,
        startup_response,
        investor_response,
        snoozed,
        wakes_at,
        shown_at,
        curation,
        told,
        version,
        created_at,
        updated_at,
    } = matched;
    let insert = diesel::insert_into(matches::table)
        .values((
            dsl::id.eq(id),
            dsl::programme_id.eq(programme),
            dsl::startup_profile_id.eq(startup_profile),
            dsl::startup_revision.eq(explanation.startup.1),
            dsl::startup_id.eq(startup),
            dsl::mandate_id.eq(mandate),
            dsl::mandate_revision.eq(explanation.mandate.1),
            dsl::investor_id.eq(investor),
            dsl::rule_set_id.eq(explanation.rule_set),
            dsl::score.eq(explanation.score),
            dsl::confidence.eq(explanation.confidence),
            dsl::exact.eq(explanation.exact),
            dsl::band.eq(explanation.band.code()),
            dsl::explanation.eq(json::explanation::encode(explanation)?),
            dsl::status.eq(status.code()),
            dsl::released_to.eq(released_to.map(Audience::code)),
            dsl::startup_response.eq(startup_response.code()),
            dsl::investor_response.eq(investor_response.code()),
            dsl::startup_snoozed_until.eq(snoozed.startup.map(Timestamp)),
            dsl::investor_snoozed_until.eq(snoozed.investor.map(Timestamp)),
            dsl::wakes_at.eq(wakes_at.map(Timestamp)),
            dsl::startup_shown_at.eq(shown_at.startup.map(Timestamp)),
            dsl::investor_shown_at.eq(shown_at.investor.map(Timestamp)),
            dsl::curation.eq(curation.map(Curation::code)),
            dsl::startup_version.eq(told.startup.version),
            dsl::investor_version.eq(told.investor.version),
            dsl::startup_updated_at.eq(Timestamp(told.startup.at)),
            dsl::investor_updated_at.eq(Timestamp(told.investor.at)),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .on_conflict_do_nothing();
    Ok(match sql::execute(conn, insert)? {
        0 => InsertOutcome::LiveMatchExists,
        _ => InsertOutcome::Inserted,
    })
}

/// Keeps what the explanation of a match was computed from.
///
/// # Errors
/// A statement failed.
pub fn keep_grounds(conn: &mut Conn, id: MatchId, grounds: &Grounds) -> Result<()> {
    diesel::update(matches::table.find(id))
        .set(dsl::grounds.eq(Some(json::grounds::encode(grounds)?)))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// What the explanation of a match was computed from; none for matches from
/// before this was kept.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn grounds(conn: &mut Conn, id: MatchId) -> Result<Option<Grounds>> {
    let text: Option<Option<String>> = matches::table
        .find(id)
        .select(dsl::grounds)
        .first(conn)
        .optional()?;
    text.flatten()
        .as_deref()
        .map(json::grounds::decode)
        .transpose()
}

/// The explanation of a match as it is stored.
///
/// # Errors
/// A statement failed, or there is no such match.
pub fn stored_explanation(conn: &mut Conn, id: MatchId) -> Result<String> {
    Ok(matches::table
        .find(id)
        .select(dsl::explanation)
        .first(conn)?)
}

/// The bytes in which an explanation is stored.
///
/// # Errors
/// It can't be written.
pub fn canonical(explanation: &Explanation) -> Result<String> {
    json::explanation::encode(explanation)
}

/// The match with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: MatchId) -> Result<Option<Match>> {
    let row: Option<Row> = matches::table
        .find(id)
        .select(COLUMNS)
        .first(conn)
        .optional()?;
    row.map(matched).transpose()
}

/// Stores the new state of a match, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, matched: &Match) -> Result<bool> {
    let Match {
        id,
        programme: _,
        startup_profile: _,
        startup: _,
        mandate: _,
        investor: _,
        explanation: _,
        status,
        released_to,
        startup_response,
        investor_response,
        snoozed,
        wakes_at,
        shown_at,
        curation,
        told,
        version,
        created_at: _,
        updated_at,
    } = matched;
    let before = matches::table.find(id).filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::status.eq(status.code()),
            dsl::released_to.eq(released_to.map(Audience::code)),
            dsl::startup_response.eq(startup_response.code()),
            dsl::investor_response.eq(investor_response.code()),
            dsl::startup_snoozed_until.eq(snoozed.startup.map(Timestamp)),
            dsl::investor_snoozed_until.eq(snoozed.investor.map(Timestamp)),
            dsl::wakes_at.eq(wakes_at.map(Timestamp)),
            dsl::startup_shown_at.eq(shown_at.startup.map(Timestamp)),
            dsl::investor_shown_at.eq(shown_at.investor.map(Timestamp)),
            dsl::curation.eq(curation.map(Curation::code)),
            dsl::startup_version.eq(told.startup.version),
            dsl::investor_version.eq(told.investor.version),
            dsl::startup_updated_at.eq(Timestamp(told.startup.at)),
            dsl::investor_updated_at.eq(Timestamp(told.investor.at)),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// The live match of a profile and a mandate in a programme.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn live_of(
    conn: &mut Conn,
    programme: ProgrammeId,
    profile: StartupProfileId,
    mandate: MandateId,
) -> Result<Option<Match>> {
    let row: Option<Row> = matches::table
        .filter(dsl::programme_id.eq(programme))
        .filter(dsl::startup_profile_id.eq(profile))
        .filter(dsl::mandate_id.eq(mandate))
        .filter(dsl::status.eq_any(due::live_codes()))
        .select(COLUMNS)
        .first(conn)
        .optional()?;
    row.map(matched).transpose()
}

fn matched(row: Row) -> Result<Match> {
    let Row {
        id,
        programme_id,
        startup_profile_id,
        startup_id,
        mandate_id,
        investor_id,
        explanation,
        status,
        released_to,
        startup_response,
        investor_response,
        startup_snoozed_until,
        investor_snoozed_until,
        wakes_at,
        startup_shown_at,
        investor_shown_at,
        curation,
        startup_version,
        investor_version,
        startup_updated_at,
        investor_updated_at,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(Match {
        id,
        programme: programme_id,
        startup_profile: startup_profile_id,
        startup: startup_id,
        mandate: mandate_id,
        investor: investor_id,
        explanation: json::explanation::decode(&explanation)?,
        status: stored::code(&status, MatchStatus::from_code)?,
        released_to: stored::code_some(released_to.as_deref(), Audience::from_code)?,
        startup_response: stored::code(&startup_response, Response::from_code)?,
        investor_response: stored::code(&investor_response, Response::from_code)?,
        snoozed: PerSide {
            startup: startup_snoozed_until,
            investor: investor_snoozed_until,
        },
        wakes_at,
        shown_at: PerSide {
            startup: startup_shown_at,
            investor: investor_shown_at,
        },
        curation: stored::code_some(curation.as_deref(), Curation::from_code)?,
        told: PerSide {
            startup: Told {
                version: startup_version,
                at: startup_updated_at,
            },
            investor: Told {
                version: investor_version,
                at: investor_updated_at,
            },
        },
        version,
        created_at,
        updated_at,
    })
}
