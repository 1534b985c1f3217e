//! What a mandate said at its revisions, which never change.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::schema::mandate_revisions as revisions;
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, json, page};
use crate::domain::ids::MandateId;
use crate::domain::mandate::MandateContent;

/// What a mandate said at a revision.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_revision(
    conn: &mut Conn,
    id: MandateId,
    revision: i64,
) -> Result<Option<MandateContent>> {
    let content: Option<String> = revisions::table
        .find((id, revision))
        .select(revisions::content)
        .first(conn)
        .optional()?;
    content.as_deref().map(json::mandate::decode).transpose()
}

/// The revisions after that one with when each came, from the first on; one
/// more than `limit` when there are more.
///
/// # Errors
/// A statement failed.
pub fn revisions_of(
    conn: &mut Conn,
    id: MandateId,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, DateTime<Utc>)>> {
    Ok(revisions::table
        .filter(revisions::mandate_id.eq(id))
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
    id: MandateId,
    at: DateTime<Utc>,
) -> Result<Option<MandateContent>> {
    let of = || revisions::table.filter(revisions::mandate_id.eq(id));
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
    content.as_deref().map(json::mandate::decode).transpose()
}

/// Empties every revision of an erased record; matches go on referring to them.
///
/// # Errors
/// A statement failed.
pub fn forget_said(conn: &mut Conn, id: MandateId) -> Result<()> {
    let nothing = json::mandate::encode(&MandateContent::default())?;
    diesel::update(revisions::table.filter(revisions::mandate_id.eq(id)))
        .set(revisions::content.eq(nothing))
        .execute(conn)?;
    Ok(())
}
