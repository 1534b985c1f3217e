//! Rankings kept as they were when somebody began to walk through them, for a
//! while.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::review_schema::ranking_walk_lines as lines;
use super::review_schema::ranking_walks::{self as walks, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Result, json};
use crate::domain::ids::ProgrammeId;
use crate::domain::scoring::Explanation;

/// A ranking that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Its id.
    pub id: Uuid,
    /// Within which programme.
    pub programme: ProgrammeId,
    /// When it was kept.
    pub created_at: DateTime<Utc>,
}

/// Keeps a ranking, best first.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, walk: &Walk, explanations: &[Explanation]) -> Result<()> {
    diesel::insert_into(walks::table)
        .values((
            dsl::id.eq(Id::of(walk.id)),
            dsl::programme_id.eq(walk.programme),
            dsl::created_at.eq(Timestamp(walk.created_at)),
        ))
        .execute(conn)?;
    for (explanation, place) in explanations.iter().zip(1_i64..) {
        diesel::insert_into(lines::table)
            .values((
                lines::walk_id.eq(Id::of(walk.id)),
                lines::place.eq(place),
                lines::explanation.eq(json::explanation::encode(explanation)?),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// The ranking with that id.
///
/// # Errors
/// A statement failed.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Walk>> {
    let row: Option<(Id, ProgrammeId, DateTime<Utc>)> =
        walks::table.find(Id::of(id)).first(conn).optional()?;
    Ok(row.map(|(id, programme, created_at)| Walk {
        id: id.uuid(),
        programme,
        created_at,
    }))
}

/// The lines after a place, best first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn lines(conn: &mut Conn, id: Uuid, after: i64, limit: usize) -> Result<Vec<Explanation>> {
    let rows: Vec<String> = lines::table
        .filter(lines::walk_id.eq(Id::of(id)))
        .filter(lines::place.gt(after))
        .order(lines::place)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(lines::explanation)
        .load(conn)?;
    rows.iter()
        .map(|text| json::explanation::decode(text))
        .collect()
}

/// Forgets rankings kept before that; answers how many.
///
/// # Errors
/// A statement failed.
pub fn purge(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    let old: Vec<Id> = walks::table
        .filter(dsl::created_at.le(Timestamp(before)))
        .select(dsl::id)
        .load(conn)?;
    if old.is_empty() {
        return Ok(0);
    }
    diesel::delete(lines::table.filter(lines::walk_id.eq_any(old.clone()))).execute(conn)?;
    Ok(diesel::delete(walks::table.filter(dsl::id.eq_any(old))).execute(conn)?)
}
