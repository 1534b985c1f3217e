//! How far each follower of the log has come.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::prepared::Prepare;
use super::schema::consumers;
use super::{Conn, Result, leases, sql};

/// The last position that the consumer has dealt with; 0 for a new one.
///
/// # Errors
/// A statement failed.
pub fn position(conn: &mut Conn, name: &str) -> Result<i64> {
    let position = consumers::table
        .find(name)
        .select(consumers::position)
        .first(conn)
        .optional()?;
    Ok(position.unwrap_or(0))
}

/// Moves the consumer from `from` to `to`, in the transaction of whatever it
/// did with the events between; false if it no longer stands at `from`.
///
/// # Errors
/// A statement failed.
pub fn advance(conn: &mut Conn, name: &str, from: i64, to: i64) -> Result<bool> {
    let moved = diesel::update(
        consumers::table
            .find(name)
            .filter(consumers::position.eq(from)),
    )
    .set(consumers::position.eq(to))
    .prepared()
    .execute(conn)?;
    Ok(moved == 1 || (from == 0 && sql::insert_consumer(conn, name, to)? == 1))
}

/// Takes or prolongs the right to be the one process that runs the consumer.
///
/// # Errors
/// A statement failed.
pub fn claim_lease(
    conn: &mut Conn,
    name: &str,
    holder: Uuid,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool> {
    leases::claim(conn, &format!("consumer:{name}"), holder, until, now)
}
