//! Until when deals may stand where they stand.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::deal_schema::deal_clocks::{self, dsl};
use super::schema::deals;
use super::types::Timestamp;
use super::{Conn, Error, Result, stored};
use crate::domain::deal_clock::{DealClock, Turn};
use crate::domain::ids::DealId;
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
    let rows: Vec<Row> = deal_clocks::table
        .filter(dsl::deal_id.eq_any(deals.to_vec()))
        .load(conn)?;
    rows.into_iter().map(clock).collect()
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
