//! What people say of matches in words, and what the curators say of a pair
//! whatever becomes of its matches.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::prepared::Prepare;
use super::review_schema::match_curations::{self as curations, dsl};
use super::review_schema::match_notes as notes;
use super::schema::matches;
use super::types::{Id, Timestamp};
use super::{Conn, Result, sql, stored};
use crate::domain::ids::{MandateId, MatchId, ProgrammeId, StartupProfileId, UserId};
use crate::domain::review::Curation;

/// What somebody said when they moved a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchNote {
    /// Its id.
    pub id: Uuid,
    /// About which match.
    pub matched: MatchId,
    /// The code of what was done.
    pub action: String,
    /// The words.
    pub note: String,
    /// Whose.
    pub author: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A pair in a programme.
pub type PairKey = (ProgrammeId, StartupProfileId, MandateId);

/// What the curators say of a pair, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CuratedPair {
    /// Of which pair.
    pub pair: PairKey,
    /// What.
    pub curation: Curation,
    /// Why, in words for the operator's people.
    pub reason: String,
    /// Who says so.
    pub author: UserId,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// Keeps what somebody said.
///
/// # Errors
/// A statement failed.
pub fn insert_note(conn: &mut Conn, note: &MatchNote) -> Result<()> {
    let MatchNote {
        id,
        matched,
        action,
        note,
        author,
        created_at,
    } = note;
    diesel::insert_into(notes::table)
        .values((
            notes::id.eq(Id::of(*id)),
            notes::match_id.eq(matched),
            notes::action.eq(action),
            notes::note.eq(note),
            notes::author_id.eq(author),
            notes::created_at.eq(Timestamp(*created_at)),
        ))
        .execute(conn)?;
    Ok(())
}

type NoteRow = (Id, MatchId, String, String, UserId, DateTime<Utc>);

/// What was said of some matches, oldest first.
///
/// # Errors
/// A statement failed.
pub fn notes_of(conn: &mut Conn, some: &[MatchId]) -> Result<BTreeMap<MatchId, Vec<MatchNote>>> {
    let rows: Vec<NoteRow> = notes::table
        .filter(notes::match_id.eq_any(some.to_vec()))
        .order((notes::created_at, notes::id))
        .load(conn)?;
    let mut by_match: BTreeMap<MatchId, Vec<MatchNote>> = BTreeMap::new();
    for (id, matched, action, note, author, created_at) in rows {
        by_match.entry(matched).or_default().push(MatchNote {
            id: id.uuid(),
            matched,
            action,
            note,
            author,
            created_at,
        });
    }
    Ok(by_match)
}

/// Sets what the curators say of a pair, here and on its matches.
///
/// # Errors
/// A statement failed.
pub fn set(conn: &mut Conn, curated: &CuratedPair) -> Result<()> {
    let CuratedPair {
        pair,
        curation,
        reason,
        author,
        created_at,
    } = curated;
    diesel::delete(curations::table.find(*pair)).execute(conn)?;
    let insert = diesel::insert_into(curations::table)
        .values((
            dsl::programme_id.eq(pair.0),
            dsl::startup_profile_id.eq(pair.1),
            dsl::mandate_id.eq(pair.2),
            dsl::curation.eq(curation.code()),
            dsl::reason.eq(reason),
            dsl::author_id.eq(author),
            dsl::created_at.eq(Timestamp(*created_at)),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    repeat(conn, *pair, Some(*curation))
}

/// Takes back what the curators said of a pair.
///
/// # Errors
/// A statement failed.
pub fn clear(conn: &mut Conn, pair: PairKey) -> Result<()> {
    diesel::delete(curations::table.find(pair)).execute(conn)?;
    repeat(conn, pair, None)
}

/// Repeats it on every match of the pair, for their lists.
fn repeat(conn: &mut Conn, pair: PairKey, curation: Option<Curation>) -> Result<()> {
    let of_pair = matches::table
        .filter(matches::programme_id.eq(pair.0))
        .filter(matches::startup_profile_id.eq(pair.1))
        .filter(matches::mandate_id.eq(pair.2));
    diesel::update(of_pair)
        .set(matches::curation.eq(curation.map(Curation::code)))
        .prepared()
        .execute(conn)?;
    Ok(())
}

type Row = (
    ProgrammeId,
    StartupProfileId,
    MandateId,
    String,
    String,
    UserId,
    DateTime<Utc>,
);

/// What the curators say of a pair.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_pair(conn: &mut Conn, pair: PairKey) -> Result<Option<CuratedPair>> {
    let row: Option<Row> = curations::table.find(pair).first(conn).optional()?;
    row.map(curated).transpose()
}

/// What the curators say of a startup's pairs in a programme.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_startup(
    conn: &mut Conn,
    programme: ProgrammeId,
    profile: StartupProfileId,
) -> Result<BTreeMap<MandateId, CuratedPair>> {
    let rows: Vec<Row> = curations::table
        .filter(dsl::programme_id.eq(programme))
        .filter(dsl::startup_profile_id.eq(profile))
        .load(conn)?;
    let curated = rows.into_iter().map(curated);
    curated
        .map(|one| one.map(|one| (one.pair.2, one)))
        .collect()
}

/// What the curators say of a mandate's pairs in a programme.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_mandate(
    conn: &mut Conn,
    programme: ProgrammeId,
    mandate: MandateId,
) -> Result<BTreeMap<StartupProfileId, CuratedPair>> {
    let rows: Vec<Row> = curations::table
        .filter(dsl::programme_id.eq(programme))
        .filter(dsl::mandate_id.eq(mandate))
        .load(conn)?;
    let curated = rows.into_iter().map(curated);
    curated
        .map(|one| one.map(|one| (one.pair.1, one)))
        .collect()
}

fn curated(row: Row) -> Result<CuratedPair> {
    let (programme, profile, mandate, curation, reason, author, created_at) = row;
    Ok(CuratedPair {
        pair: (programme, profile, mandate),
        curation: stored::code(&curation, Curation::from_code)?,
        reason,
        author,
        created_at,
    })
}
