//! Keys that all nodes share. Their bytes are sealed by the caller; this
//! layer never sees what is inside.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::schema::secrets;
use super::types::Timestamp;
use super::{Conn, Result, sql};

/// Stores `sealed` under `name` unless something is there already, and
/// answers what is there: nodes that start together agree on the first.
///
/// # Errors
/// A statement failed.
pub fn get_or_insert(
    conn: &mut Conn,
    name: &str,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> Result<Vec<u8>> {
    sql::insert_secret(conn, name, sealed, Timestamp(now))?;
    Ok(secrets::table
        .find(name)
        .select(secrets::sealed)
        .first(conn)?)
}

/// What is stored under `name`.
///
/// # Errors
/// A statement failed.
pub fn find(conn: &mut Conn, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(secrets::table
        .find(name)
        .select(secrets::sealed)
        .first(conn)
        .optional()?)
}
