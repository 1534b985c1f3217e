//! What a profile said, revision by revision.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::schema::startup_profile_revisions as revisions;
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, json, page};
use crate::domain::ids::StartupProfileId;
use crate::domain::profile::StartupContent;

/// What a profile said at a revision.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_revision(
    conn: &mut Conn,
    id: StartupProfileId,
    revision: i64,
) -> Result<Option<StartupContent>> {
    let content: Option<String> = revisions::table
        .find((id, revision))
        .select(revisions::content)
        .first(conn)
        .optional()?;
    content.as_deref().map(json::startup::decode).transpose()
}

/// The revisions after that one with when each came, from the first on; one
/// more than `limit` when there are more.
///
/// # Errors
/// A statement failed.
pub fn revisions_of(
    conn: &mut Conn,
    id: StartupProfileId,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, DateTime<Utc>)>> {
    Ok(revisions::table
        .filter(revisions::profile_id.eq(id))
        .filter(revisions::revision.gt(after))
        .order(revisions::revision)
        .limit(page::fetch(limit))
        .select((revisions::revision, revisions::created_at))
        .load(conn)?)
}

/// What it said at a moment; what it first said when it came later, and `None`
/// when there is no such record.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn content_at(
    conn: &mut Conn,
    id: StartupProfileId,
    at: DateTime<Utc>,
) -> Result<Option<StartupContent>> {
    let of = || revisions::table.filter(revisions::profile_id.eq(id));
    let then: Option<String> = of()
        .filter(revisions::created_at.lt(Timestamp(at)))
        .order(revisions::revision.desc())
        .select(revisions::content)
        .first(conn)
        .optional()?;
    let content = match then {
        Some(content) => Some(content),
        None => of()
            .order(revisions::revision)
            .select(revisions::content)
            .first(conn)
            .optional()?,
    };
    content.as_deref().map(json::startup::decode).transpose()
}

/// Empties every revision of an erased record; matches go on referring to them.
///
/// # Errors
/// A statement failed.
pub fn forget_said(conn: &mut Conn, id: StartupProfileId) -> Result<()> {
    let nothing = json::startup::encode(&StartupContent::default())?;
    diesel::update(revisions::table.filter(revisions::profile_id.eq(id)))
        .set(revisions::content.eq(nothing))
        .execute(conn)?;
    Ok(())
}
