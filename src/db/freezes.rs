//! Freezes. One person orders a freeze, two lift it; it begins and ends by the
//! clock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::review_schema::freezes::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, keyset, stored};
use crate::domain::compliance::{Freeze, FreezeScope, FreezeState};
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
    /// When it was lifted.
    pub lifted_at: Option<DateTime<Utc>>,
    /// Why the first of them asked for an end to it.
    pub first_lift_reason: Option<String>,
    /// Why the second lifted it.
    pub lift_reason: Option<String>,
    /// Since when it was in force, once the log says so.
    pub began_at: Option<DateTime<Utc>>,
    /// When it ended by itself, once the log says so.
    pub ended_at: Option<DateTime<Utc>>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl FreezeRecord {
    /// Where it stands at an instant.
    pub fn state(&self, now: DateTime<Utc>) -> FreezeState {
        match self.lifted_at {
            Some(_) => FreezeState::Lifted,
            None => self.freeze.state(now),
        }
    }
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
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    began_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    first_lift_reason: Option<String>,
    lift_reason: Option<String>,
}

/// Stores a new freeze at version 1. One that begins when it is ordered is
/// noted as begun.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, freeze: &Freeze, ordered_by: UserId) -> Result<()> {
    let Freeze {
        id,
        scope,
        reason,
        starts_at,
        ends_at,
        created_at,
    } = freeze;
    let began_at = (starts_at <= created_at).then_some(Timestamp(*starts_at));
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
            dsl::starts_at.eq(Timestamp(*starts_at)),
            dsl::ends_at.eq(ends_at.map(Timestamp)),
            dsl::began_at.eq(began_at),
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

/// Freezes from the oldest on, those that are over or the others; one more than
/// `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    over: bool,
    now: DateTime<Utc>,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<FreezeRecord>> {
    let mut query = freezes::table.into_boxed();
    let ended = dsl::ends_at.is_not_null();
    query = if over {
        let ended = ended.and(dsl::ends_at.le(Timestamp(now)));
        query.filter(dsl::lifted_at.is_not_null().or(ended))
    } else {
        let lasts = dsl::ends_at.is_null().or(dsl::ends_at.gt(Timestamp(now)));
        query.filter(dsl::lifted_at.is_null()).filter(lasts)
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

/// Every freeze in force at an instant, by the clock itself.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn active(conn: &mut Conn, now: DateTime<Utc>) -> Result<Vec<Freeze>> {
    let mut standing = standing(conn, now)?;
    standing.retain(|freeze| freeze.starts_at <= now);
    Ok(standing)
}

/// Every freeze that is in force at an instant or begins later.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn standing(conn: &mut Conn, now: DateTime<Utc>) -> Result<Vec<Freeze>> {
    let lasts = dsl::ends_at.is_null().or(dsl::ends_at.gt(Timestamp(now)));
    let rows: Vec<Row> = freezes::table
        .filter(dsl::lifted_at.is_null())
        .filter(lasts)
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter()
        .map(|row| Ok(record(row)?.freeze))
        .collect()
}

/// Every freeze of which the log says that it began, and not that it is over:
/// what those who follow the log go by.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn begun(conn: &mut Conn) -> Result<Vec<Freeze>> {
    let rows: Vec<Row> = freezes::table
        .filter(dsl::lifted_at.is_null())
        .filter(dsl::began_at.is_not_null())
        .filter(dsl::ended_at.is_null())
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter()
        .map(|row| Ok(record(row)?.freeze))
        .collect()
}

/// Freezes that began or ended by the clock and of which that isn't noted yet.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn turning(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<FreezeRecord>> {
    let ends = dsl::ended_at
        .is_null()
        .and(dsl::ends_at.is_not_null())
        .and(dsl::ends_at.le(Timestamp(now)));
    let begins = dsl::began_at
        .is_null()
        .and(dsl::ended_at.is_null())
        .and(dsl::starts_at.le(Timestamp(now)));
    let rows: Vec<Row> = freezes::table
        .filter(dsl::lifted_at.is_null())
        .filter(ends.or(begins))
        .order((dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(record).collect()
}

/// Notes that a freeze began, or that it ended where `over`; false when it is
/// at another version.
///
/// # Errors
/// A statement failed.
pub fn turn(conn: &mut Conn, found: &FreezeRecord, over: bool, now: DateTime<Utc>) -> Result<bool> {
    let FreezeRecord {
        freeze, version, ..
    } = found;
    let began = (!over).then_some(Timestamp(freeze.starts_at));
    let ended = freeze.ends_at.filter(|_| over).map(Timestamp);
    let same = freezes::table
        .find(Id::of(freeze.id))
        .filter(dsl::version.eq(version))
        .filter(dsl::lifted_at.is_null());
    let noted = (
        dsl::version.eq(version + 1),
        dsl::updated_at.eq(Timestamp(now)),
    );
    let changed = if over {
        diesel::update(same)
            .set((dsl::ended_at.eq(ended), noted))
            .execute(conn)?
    } else {
        diesel::update(same)
            .set((dsl::began_at.eq(began), noted))
            .execute(conn)?
    };
    Ok(changed == 1)
}

/// What one of the two people who lift a freeze says.
#[derive(Debug, Clone)]
pub struct Lift {
    /// Who.
    pub by: UserId,
    /// Why, in words.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Notes the first of the two people who lift a freeze; false when it is at
/// another version, already noted or already lifted.
///
/// # Errors
/// A statement failed.
pub fn first_lift(conn: &mut Conn, id: Uuid, version: i64, lift: &Lift) -> Result<bool> {
    let Lift { by, reason, at } = lift;
    let by = *by;
    let untouched = freezes::table
        .find(Id::of(id))
        .filter(dsl::version.eq(version))
        .filter(dsl::lifted_at.is_null())
        .filter(dsl::first_lifted_by.is_null());
    let changed = diesel::update(untouched)
        .set((
            dsl::first_lifted_by.eq(Some(by)),
            dsl::first_lift_reason.eq(Some(reason)),
            dsl::version.eq(version + 1),
            dsl::updated_at.eq(Timestamp(*at)),
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
pub fn lift(conn: &mut Conn, id: Uuid, version: i64, lift: &Lift) -> Result<bool> {
    let Lift { by, reason, at } = lift;
    let by = *by;
    // A comparison with an absent first person is never true.
    let asked_for = freezes::table
        .find(Id::of(id))
        .filter(dsl::version.eq(version))
        .filter(dsl::lifted_at.is_null())
        .filter(dsl::first_lifted_by.ne(by));
    let changed = diesel::update(asked_for)
        .set((
            dsl::lifted_by.eq(Some(by)),
            dsl::lifted_at.eq(Some(Timestamp(*at))),
            dsl::lift_reason.eq(Some(reason)),
            dsl::version.eq(version + 1),
            dsl::updated_at.eq(Timestamp(*at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

fn scope_parts(scope: &FreezeScope) -> (&'static str, String) {
    match scope {
        FreezeScope::All => ("all", String::new()),
        FreezeScope::Country(country) => ("country", country.to_string()),
        FreezeScope::Tag(tag) => ("tag", tag.to_string()),
        FreezeScope::Organization(id) => ("organization", id.to_string()),
        FreezeScope::Programme(id) => ("programme", id.to_string()),
    }
}

fn scope_of(scope: &str, value: &str) -> Result<FreezeScope> {
    Ok(match scope {
        "all" => FreezeScope::All,
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
        starts_at,
        ends_at,
        began_at,
        ended_at,
        first_lift_reason,
        lift_reason,
    } = row;
    Ok(FreezeRecord {
        freeze: Freeze {
            id: id.uuid(),
            scope: scope_of(&scope, &value)?,
            reason,
            starts_at,
            ends_at,
            created_at,
        },
        ordered_by,
        first_lifted_by,
        lifted_by,
        lifted_at,
        first_lift_reason,
        lift_reason,
        began_at,
        ended_at,
        version,
        updated_at,
    })
}
