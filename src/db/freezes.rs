//! Freezes. One person orders a freeze, two lift it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::freezes::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, keyset, stored};
use crate::domain::compliance::{Freeze, FreezeScope};
use crate::domain::ids::UserId;

/// A freeze with its paperwork.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezeRecord {
    /// What is frozen and why.
    pub freeze: Freeze,
    /// Who ordered it.
    pub ordered_by: UserId,
    /// Who first asked to lift it.
    pub first_lifted_by: Option<UserId>,
    /// Who then lifted it.
    pub lifted_by: Option<UserId>,
    /// Since when it is over.
    pub lifted_at: Option<DateTime<Utc>>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    scope: String,
    value: String,
    reason: String,
    ordered_by: UserId,
    first_lifted_by: Option<UserId>,
    lifted_by: Option<UserId>,
    lifted_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Stores a new freeze at version 1.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, freeze: &Freeze, ordered_by: UserId) -> Result<()> {
    let Freeze {
        id,
        scope,
        reason,
        created_at,
    } = freeze;
    let (scope, value) = scope_parts(scope);
    diesel::insert_into(freezes::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::scope.eq(scope),
            dsl::value.eq(value),
            dsl::reason.eq(reason),
            dsl::ordered_by.eq(ordered_by),
            dsl::version.eq(1_i64),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*created_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The freeze with that id, lifted or not.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<FreezeRecord>> {
    let row: Option<Row> = freezes::table.find(Id::of(id)).first(conn).optional()?;
    row.map(record).transpose()
}

/// Freezes from the oldest on, those that are over or those in force; one more
/// than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    lifted: bool,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<FreezeRecord>> {
    let mut query = freezes::table.into_boxed();
    query = if lifted {
        query.filter(dsl::lifted_at.is_not_null())
    } else {
        query.filter(dsl::lifted_at.is_null())
    };
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(record).collect()
}

/// Every freeze in force.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn active(conn: &mut Conn) -> Result<Vec<Freeze>> {
    let rows: Vec<Row> = freezes::table
        .filter(dsl::lifted_at.is_null())
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter()
        .map(|row| Ok(record(row)?.freeze))
        .collect()
}

/// Notes the first of the two people who lift a freeze; false when it is at
/// another version, already noted or already lifted.
///
/// # Errors
/// A statement failed.
pub fn first_lift(
    conn: &mut Conn,
    id: Uuid,
    by: UserId,
    now: DateTime<Utc>,
    version: i64,
) -> Result<bool> {
    let untouched = freezes::table
        .find(Id::of(id))
        .filter(dsl::version.eq(version))
        .filter(dsl::lifted_at.is_null())
        .filter(dsl::first_lifted_by.is_null());
    let changed = diesel::update(untouched)
        .set((
            dsl::first_lifted_by.eq(Some(by)),
            dsl::version.eq(version + 1),
            dsl::updated_at.eq(Timestamp(now)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Lifts a freeze; false when it is at another version, already lifted, or
/// `by` is nobody else than the first to ask for it.
///
/// # Errors
/// A statement failed.
pub fn lift(
    conn: &mut Conn,
    id: Uuid,
    by: UserId,
    now: DateTime<Utc>,
    version: i64,
) -> Result<bool> {
    // A comparison with an absent first person is never true.
    let asked_for = freezes::table
        .find(Id::of(id))
        .filter(dsl::version.eq(version))
        .filter(dsl::lifted_at.is_null())
        .filter(dsl::first_lifted_by.ne(by));
    let changed = diesel::update(asked_for)
        .set((
            dsl::lifted_by.eq(Some(by)),
            dsl::lifted_at.eq(Some(Timestamp(now))),
            dsl::version.eq(version + 1),
            dsl::updated_at.eq(Timestamp(now)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

fn scope_parts(scope: &FreezeScope) -> (&'static str, String) {
    match scope {
        FreezeScope::Country(country) => ("country", country.to_string()),
        FreezeScope::Tag(tag) => ("tag", tag.to_string()),
        FreezeScope::Organization(id) => ("organization", id.to_string()),
        FreezeScope::Programme(id) => ("programme", id.to_string()),
    }
}

fn scope_of(scope: &str, value: &str) -> Result<FreezeScope> {
    Ok(match scope {
        "country" => FreezeScope::Country(stored::parse(value)?),
        "tag" => FreezeScope::Tag(stored::parse(value)?),
        "organization" => FreezeScope::Organization(stored::parse(value)?),
        "programme" => FreezeScope::Programme(stored::parse(value)?),
        other => return Err(Error::Corrupt(format!("a freeze of a \"{other}\""))),
    })
}

fn record(row: Row) -> Result<FreezeRecord> {
    let Row {
        id,
        scope,
        value,
        reason,
        ordered_by,
        first_lifted_by,
        lifted_by,
        lifted_at,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(FreezeRecord {
        freeze: Freeze {
            id: id.uuid(),
            scope: scope_of(&scope, &value)?,
            reason,
            created_at,
        },
        ordered_by,
        first_lifted_by,
        lifted_by,
        lifted_at,
        version,
        updated_at,
    })
}
