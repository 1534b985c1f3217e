//! Firms that were shown before it was asked whether their people agree, which
//! go on as before until a day: whom to tell so, and who has not agreed yet.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::duplicate_schema::organization_merges as merges;
use super::identity_schema::consents_before::{self, dsl};
use super::types::Timestamp;
use super::{Conn, IDS_AT_ONCE, Result};
use crate::domain::ids::OrganizationId;

/// A firm that goes on as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoesOn {
    /// Which firm.
    pub firm: OrganizationId,
    /// Whose day it is: another firm's, where that became one with it.
    pub of: OrganizationId,
    /// Until when.
    pub until: DateTime<Utc>,
    /// How often its people were told.
    pub told: i64,
}

type Row = (OrganizationId, DateTime<Utc>, i64);

/// Firms whose people were not told yet; or not twice, though it ends by `soon`;
/// or not three times, though it ends by `last`. The first to end come first.
///
/// # Errors
/// A statement failed.
pub fn to_tell(
    conn: &mut Conn,
    now: DateTime<Utc>,
    (soon, last): (DateTime<Utc>, DateTime<Utc>),
    limit: usize,
) -> Result<Vec<GoesOn>> {
    let twice = dsl::told.lt(2).and(dsl::holds_until.le(Timestamp(soon)));
    let thrice = dsl::told.lt(3).and(dsl::holds_until.le(Timestamp(last)));
    let rows: Vec<Row> = consents_before::table
        .filter(dsl::holds_until.gt(Timestamp(now)))
        .filter(dsl::told.lt(1).or(twice).or(thrice))
        .order((dsl::holds_until, dsl::organization_id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((dsl::organization_id, dsl::holds_until, dsl::told))
        .load(conn)?;
    with_firms(conn, rows)
}

/// Every firm that goes on as before, the first to end first.
///
/// # Errors
/// A statement failed.
pub fn list(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<GoesOn>> {
    let rows: Vec<Row> = consents_before::table
        .filter(dsl::holds_until.gt(Timestamp(now)))
        .order((dsl::holds_until, dsl::organization_id))
        .limit(limit)
        .select((dsl::organization_id, dsl::holds_until, dsl::told))
        .load(conn)?;
    with_firms(conn, rows)
}

/// The firms that these are now.
fn with_firms(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<GoesOn>> {
    let ids: Vec<OrganizationId> = rows.iter().map(|(of, ..)| *of).collect();
    let mut kept = BTreeMap::<OrganizationId, OrganizationId>::new();
    for some in ids.chunks(IDS_AT_ONCE) {
        let found: Vec<(OrganizationId, OrganizationId)> = merges::table
            .filter(merges::gone_id.eq_any(some.to_vec()))
            .filter(merges::undone_at.is_null())
            .select((merges::gone_id, merges::kept_id))
            .load(conn)?;
        kept.extend(found);
    }
    let goes_on = |(of, until, told): Row| GoesOn {
        firm: kept.get(&of).copied().unwrap_or(of),
        of,
        until,
        told,
    };
    Ok(rows.into_iter().map(goes_on).collect())
}

/// Notes how often the people of a firm were told by now; false when somebody
/// else did first.
///
/// # Errors
/// A statement failed.
pub fn note_told(conn: &mut Conn, one: &GoesOn, times: i64) -> Result<bool> {
    let before = consents_before::table
        .find(one.of)
        .filter(dsl::told.eq(one.told));
    let changed = diesel::update(before)
        .set(dsl::told.eq(times))
        .execute(conn)?;
    Ok(changed == 1)
}
