//! People's keys for scripts, known by their hash.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::identity_schema::api_keys::{self, dsl};
use super::prepared::Prepare;
use super::types::Timestamp;
use super::{Conn, Result, stored};
use crate::domain::client::ApiKey;
use crate::domain::ids::{ApiKeyId, UserId};

#[derive(Queryable)]
struct Row {
    id: ApiKeyId,
    user_id: UserId,
    name: String,
    _hash: Vec<u8>,
    prefix: String,
    scopes: String,
    allowed_addresses: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

/// Stores a new key by its hash.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, key: &ApiKey, hash: &[u8; 32]) -> Result<()> {
    let ApiKey {
        id,
        user,
        name,
        prefix,
        scopes,
        allowed,
        created_at,
        expires_at,
        last_used_at,
        revoked_at,
    } = key;
    diesel::insert_into(api_keys::table)
        .values((
            dsl::id.eq(id),
            dsl::user_id.eq(user),
            dsl::name.eq(name.as_str()),
            dsl::hash.eq(&hash[..]),
            dsl::prefix.eq(prefix),
            dsl::scopes.eq(scopes.to_string()),
            dsl::allowed_addresses.eq(allowed.to_string()),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::expires_at.eq(Timestamp(*expires_at)),
            dsl::last_used_at.eq(last_used_at.map(Timestamp)),
            dsl::revoked_at.eq(revoked_at.map(Timestamp)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The key with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: ApiKeyId) -> Result<Option<ApiKey>> {
    let row: Option<Row> = api_keys::table.find(id).first(conn).optional()?;
    row.map(key).transpose()
}

/// The key with that hash.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_by_hash(conn: &mut Conn, hash: &[u8; 32]) -> Result<Option<ApiKey>> {
    let row: Option<Row> = api_keys::table
        .filter(dsl::hash.eq(&hash[..]))
        .first(conn)
        .optional()?;
    row.map(key).transpose()
}

/// A person's keys that were not revoked, the newest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_person(conn: &mut Conn, person: UserId) -> Result<Vec<ApiKey>> {
    let rows: Vec<Row> = api_keys::table
        .filter(dsl::user_id.eq(person))
        .filter(dsl::revoked_at.is_null())
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .load(conn)?;
    rows.into_iter().map(key).collect()
}

/// Revokes a person's key; false when there is none.
///
/// # Errors
/// A statement failed.
pub fn revoke(conn: &mut Conn, id: ApiKeyId, person: UserId, now: DateTime<Utc>) -> Result<bool> {
    let live = api_keys::table
        .find(id)
        .filter(dsl::user_id.eq(person))
        .filter(dsl::revoked_at.is_null());
    let changed = diesel::update(live)
        .set(dsl::revoked_at.eq(Some(Timestamp(now))))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Revokes all keys of a person and answers how many there were.
///
/// # Errors
/// A statement failed.
pub fn revoke_all(conn: &mut Conn, person: UserId, now: DateTime<Utc>) -> Result<usize> {
    let live = api_keys::table
        .filter(dsl::user_id.eq(person))
        .filter(dsl::revoked_at.is_null());
    Ok(diesel::update(live)
        .set(dsl::revoked_at.eq(Some(Timestamp(now))))
        .prepared()
        .execute(conn)?)
}

/// Notes that a key was used.
///
/// # Errors
/// A statement failed.
pub fn touch(conn: &mut Conn, id: ApiKeyId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(api_keys::table.find(id))
        .set(dsl::last_used_at.eq(Some(Timestamp(now))))
        .prepared()
        .execute(conn)?;
    Ok(())
}

fn key(row: Row) -> Result<ApiKey> {
    let Row {
        id,
        user_id,
        name,
        _hash: _,
        prefix,
        scopes,
        allowed_addresses,
        created_at,
        expires_at,
        last_used_at,
        revoked_at,
    } = row;
    Ok(ApiKey {
        id,
        user: user_id,
        name: stored::name(&name)?,
        prefix,
        scopes: stored::parse(&scopes)?,
        allowed: stored::parse(&allowed_addresses)?,
        created_at,
        expires_at,
        last_used_at,
        revoked_at,
    })
}
