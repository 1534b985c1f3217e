//! Who of the operator's people has said yes to what takes two of them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::programme_schema::deal_seconds::{self, dsl};
use super::types::Timestamp;
use super::{Conn, Result, sql};
use crate::domain::ids::{DealId, UserId};

/// Notes that somebody says yes to a matter, and why; false when they have
/// before.
///
/// # Errors
/// A statement failed.
pub fn insert(
    conn: &mut Conn,
    deal: DealId,
    matter: &str,
    person: UserId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let insert = diesel::insert_into(deal_seconds::table)
        .values((
            dsl::deal_id.eq(deal),
            dsl::matter.eq(matter),
            dsl::person_id.eq(person),
            dsl::reason.eq(reason),
            dsl::created_at.eq(Timestamp(now)),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// How many people have said yes to a matter.
///
/// # Errors
/// A statement failed.
pub fn count(conn: &mut Conn, deal: DealId, matter: &str) -> Result<i64> {
    Ok(deal_seconds::table
        .filter(dsl::deal_id.eq(deal))
        .filter(dsl::matter.eq(matter))
        .count()
        .get_result(conn)?)
}

/// The matters to which somebody has said yes, as often as somebody has.
///
/// # Errors
/// A statement failed.
pub fn matters(conn: &mut Conn, deal: DealId) -> Result<Vec<String>> {
    Ok(deal_seconds::table
        .filter(dsl::deal_id.eq(deal))
        .select(dsl::matter)
        .load(conn)?)
}

/// Forgets who said yes to a matter, once it is done.
///
/// # Errors
/// A statement failed.
pub fn clear(conn: &mut Conn, deal: DealId, matter: &str) -> Result<()> {
    let done = deal_seconds::table
        .filter(dsl::deal_id.eq(deal))
        .filter(dsl::matter.eq(matter));
    diesel::delete(done).execute(conn)?;
    Ok(())
}
