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

/// Something sealed, under its name.
#[derive(Debug, Clone, Queryable)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// What was sealed.
    pub sealed: Vec<u8>,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
}

/// What is stored under `name`, and under `name` with a dot and more behind.
///
/// # Errors
/// A statement failed.
pub fn list(conn: &mut Conn, name: &str) -> Result<Vec<Stored>> {
    Ok(secrets::table
        .filter(
            secrets::name
                .eq(name)
                .or(secrets::name.like(format!("{name}.%"))),
        )
        .order(secrets::name)
        .select((secrets::name, secrets::sealed, secrets::created_at))
        .load(conn)?)
}

/// Forgets what is stored under `name`.
///
/// # Errors
/// A statement failed.
pub fn remove(conn: &mut Conn, name: &str) -> Result<()> {
    diesel::delete(secrets::table.find(name)).execute(conn)?;
    Ok(())
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
