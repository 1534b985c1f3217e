//! Secrets of one-time codes, sealed by the caller, and hashes of recovery
//! codes. A code is used once: the statement that takes it says so.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::identity_schema::recovery_codes;
use super::identity_schema::second_factors::{self, dsl};
use super::prepared::Prepare;
use super::types::Timestamp;
use super::{Conn, Result};
use crate::domain::ids::UserId;

/// A person's second factor as it is kept.
#[derive(Debug, Clone, Queryable)]
pub struct Stored {
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// The last step whose code was taken.
    pub last_step: i64,
    /// Since when it counts; none while the person is still setting it up.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// A person's second factor, if they have one or are setting one up.
///
/// # Errors
/// A statement failed.
pub fn find(conn: &mut Conn, person: UserId) -> Result<Option<Stored>> {
    Ok(second_factors::table
        .find(person)
        .select((dsl::sealed, dsl::last_step, dsl::confirmed_at))
        .first(conn)
        .optional()?)
}

/// Begins a second factor in place of any that was begun before; false when
/// one counts already.
///
/// # Errors
/// A statement failed.
pub fn begin(conn: &mut Conn, person: UserId, sealed: &[u8], now: DateTime<Utc>) -> Result<bool> {
    let unconfirmed = second_factors::table
        .find(person)
        .filter(dsl::confirmed_at.is_null());
    diesel::delete(unconfirmed).execute(conn)?;
    if find(conn, person)?.is_some() {
        return Ok(false);
    }
    diesel::insert_into(second_factors::table)
        .values((
            dsl::user_id.eq(person),
            dsl::sealed.eq(sealed),
            dsl::last_step.eq(0_i64),
            dsl::created_at.eq(Timestamp(now)),
        ))
        .execute(conn)?;
    Ok(true)
}

/// Takes the code of a step; false when that or a later one was taken before.
///
/// # Errors
/// A statement failed.
pub fn take_step(conn: &mut Conn, person: UserId, step: i64) -> Result<bool> {
    let before = second_factors::table
        .find(person)
        .filter(dsl::last_step.lt(step));
    let changed = diesel::update(before)
        .set(dsl::last_step.eq(step))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Has a second factor count from now on.
///
/// # Errors
/// A statement failed.
pub fn confirm(conn: &mut Conn, person: UserId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(second_factors::table.find(person))
        .set(dsl::confirmed_at.eq(Some(Timestamp(now))))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// Takes a person's second factor away, with its recovery codes.
///
/// # Errors
/// A statement failed.
pub fn remove(conn: &mut Conn, person: UserId) -> Result<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(person)))
        .execute(conn)?;
    diesel::delete(second_factors::table.find(person)).execute(conn)?;
    Ok(())
}

/// Replaces a person's recovery codes.
///
/// # Errors
/// A statement failed.
pub fn replace_recovery_codes(conn: &mut Conn, person: UserId, hashes: &[[u8; 32]]) -> Result<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(person)))
        .execute(conn)?;
    for hash in hashes {
        diesel::insert_into(recovery_codes::table)
            .values((
                recovery_codes::user_id.eq(person),
                recovery_codes::hash.eq(&hash[..]),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Uses a recovery code; false when it is none, or was used before.
///
/// # Errors
/// A statement failed.
pub fn use_recovery_code(
    conn: &mut Conn,
    person: UserId,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool> {
    let unused = recovery_codes::table
        .find((person, &hash[..]))
        .filter(recovery_codes::used_at.is_null());
    let changed = diesel::update(unused)
        .set(recovery_codes::used_at.eq(Some(Timestamp(now))))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// How many of a person's recovery codes are left.
///
/// # Errors
/// A statement failed.
pub fn recovery_codes_left(conn: &mut Conn, person: UserId) -> Result<i64> {
    Ok(recovery_codes::table
        .filter(recovery_codes::user_id.eq(person))
        .filter(recovery_codes::used_at.is_null())
        .count()
        .get_result(conn)?)
}
