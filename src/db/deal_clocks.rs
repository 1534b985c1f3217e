//! Until when deals may stand where they stand.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::deal_schema::deal_clocks::{self, dsl};
use super::schema::deals;
use super::types::{Id, Timestamp};
use super::worklist::{Owners, Placed, Under, Waiting, placed};
use super::{Conn, Error, IDS_AT_ONCE, Result, stored};
use crate::domain::deal_clock::{DealClock, Turn};
use crate::domain::ids::{DealId, ProgrammeId};
use crate::domain::pipeline::DealStatus;

type Row = (
    DealId,
    DateTime<Utc>,
    i64,
    String,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
);

/// Stores the clock of a deal in place of the one before.
///
/// # Errors
/// A statement failed.
pub fn set(conn: &mut Conn, deal: DealId, clock: &DealClock) -> Result<()> {
    let DealClock {
        counted_from,
        days,
        turn,
        stale_at,
        told_at,
    } = clock;
    let before = deal_clocks::table.filter(dsl::deal_id.eq(deal));
    diesel::delete(before).execute(conn)?;
    diesel::insert_into(deal_clocks::table)
        .values((
            dsl::deal_id.eq(deal),
            dsl::counted_from.eq(Timestamp(*counted_from)),
            dsl::days.eq(i64::from(*days)),
            dsl::turn.eq(turn.code()),
            dsl::stale_at.eq(stale_at.map(Timestamp)),
            dsl::told_at.eq(told_at.map(Timestamp)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The clocks of these deals; a deal that has none yet is left out.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of(conn: &mut Conn, deals: &[DealId]) -> Result<BTreeMap<DealId, DealClock>> {
    let mut clocks = BTreeMap::new();
    for some in deals.chunks(IDS_AT_ONCE) {
        let rows: Vec<Row> = deal_clocks::table
            .filter(dsl::deal_id.eq_any(some.to_vec()))
            .load(conn)?;
        for row in rows {
            let (deal, clock) = clock(row)?;
            clocks.insert(deal, clock);
        }
    }
    Ok(clocks)
}

/// Open deals that may stand until a time where they stand, by that time; with
/// each, until when.
///
/// # Errors
/// A statement failed.
pub fn open(
    conn: &mut Conn,
    owners: Owners<'_>,
    under: Under,
    limit: i64,
) -> Result<Vec<(Waiting, DateTime<Utc>)>> {
    type Row = (Id, ProgrammeId, DateTime<Utc>, DateTime<Utc>);
    let mut query = deals::table
        .inner_join(deal_clocks::table.on(dsl::deal_id.eq(deals::id)))
        .filter(deals::status.eq(DealStatus::Open.code()))
        .filter(dsl::stale_at.is_not_null())
        .select((
            deals::id,
            deals::programme_id,
            deals::stage_entered_at,
            dsl::stale_at.assume_not_null(),
        ))
        .into_boxed();
    if let Some(owners) = owners {
        let startup = deals::startup_id.eq_any(owners.to_vec());
        query = query.filter(startup.or(deals::investor_id.eq_any(owners.to_vec())));
    }
    if let Some(programme) = under {
        query = query.filter(deals::programme_id.eq(programme));
    }
    let rows: Vec<Row> = query
        .order((dsl::stale_at, deals::id))
        .limit(limit)
        .load(conn)?;
    let row = |(id, programme, since, until): Row| (placed((id, programme, since)), until);
    Ok(rows.into_iter().map(row).collect())
}

/// Open deals that may stand for as long as they do, by when they came to their
/// stage.
///
/// # Errors
/// A statement failed.
pub fn open_at_ease(
    conn: &mut Conn,
    owners: Owners<'_>,
    under: Under,
    limit: i64,
) -> Result<Vec<Waiting>> {
    let timed = deal_clocks::table
        .filter(dsl::deal_id.eq(deals::id))
        .filter(dsl::stale_at.is_not_null());
    let mut query = deals::table
        .filter(deals::status.eq(DealStatus::Open.code()))
        .filter(diesel::dsl::not(diesel::dsl::exists(timed)))
        .select((deals::id, deals::programme_id, deals::stage_entered_at))
        .into_boxed();
    if let Some(owners) = owners {
        let startup = deals::startup_id.eq_any(owners.to_vec());
        query = query.filter(startup.or(deals::investor_id.eq_any(owners.to_vec())));
    }
    if let Some(programme) = under {
        query = query.filter(deals::programme_id.eq(programme));
    }
    let rows: Vec<Placed> = query
        .order((deals::stage_entered_at, deals::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(placed).collect())
}

/// The clock of one deal.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, deal: DealId) -> Result<Option<DealClock>> {
    Ok(of(conn, &[deal])?.remove(&deal))
}

/// Deals that stand too long by now and of which nobody was told, the longest
/// first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn due(
    conn: &mut Conn,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<BTreeMap<DealId, DealClock>> {
    let rows: Vec<Row> = deal_clocks::table
        .filter(dsl::told_at.is_null())
        .filter(dsl::stale_at.lt(Timestamp(now)))
        .order((dsl::stale_at, dsl::deal_id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(clock).collect()
}

/// Open deals that have no clock: what was opened before there were any.
///
/// # Errors
/// A statement failed.
pub fn missing(conn: &mut Conn, limit: usize) -> Result<Vec<DealId>> {
    let clock = deal_clocks::table.filter(dsl::deal_id.eq(deals::id));
    Ok(deals::table
        .filter(deals::status.eq(DealStatus::Open.code()))
        .filter(diesel::dsl::not(diesel::dsl::exists(clock)))
        .order(deals::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(deals::id)
        .load(conn)?)
}

fn clock((deal, counted_from, days, turn, stale_at, told_at): Row) -> Result<(DealId, DealClock)> {
    let days = u32::try_from(days);
    let clock = DealClock {
        counted_from,
        days: days.map_err(|_| Error::Corrupt(format!("the clock of deal {deal}")))?,
        turn: stored::code(&turn, Turn::from_code)?,
        stale_at,
        told_at,
    };
    Ok((deal, clock))
}
