//! Which records have to be confirmed soon, and whose they are.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::schema::{mandates, startup_profiles};
use super::{Conn, Result};
use crate::domain::ids::{MandateId, OrganizationId, StartupProfileId};
use crate::domain::mandate::MandateStatus;
use crate::domain::profile::ProfileStatus;

/// The published and paused profiles that count as confirmed until that day at
/// most, by their ids, after one.
///
/// # Errors
/// A statement failed.
pub fn profiles_until(
    conn: &mut Conn,
    until: NaiveDate,
    after: Option<StartupProfileId>,
    limit: usize,
) -> Result<Vec<StartupProfileId>> {
    let live = [ProfileStatus::Published, ProfileStatus::Paused].map(ProfileStatus::code);
    let mut query = startup_profiles::table
        .filter(startup_profiles::status.eq_any(live))
        .filter(startup_profiles::reconfirm_by.le(until))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(startup_profiles::id.gt(after));
    }
    Ok(query
        .order(startup_profiles::id)
        .select(startup_profiles::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?)
}

/// The published and paused mandates that count as confirmed until that day at
/// most, by their ids, after one.
///
/// # Errors
/// A statement failed.
pub fn mandates_until(
    conn: &mut Conn,
    until: NaiveDate,
    after: Option<MandateId>,
    limit: usize,
) -> Result<Vec<MandateId>> {
    let live = [MandateStatus::Published, MandateStatus::Paused].map(MandateStatus::code);
    let mut query = mandates::table
        .filter(mandates::status.eq_any(live))
        .filter(mandates::reconfirm_by.le(until))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(mandates::id.gt(after));
    }
    Ok(query
        .order(mandates::id)
        .select(mandates::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?)
}

/// The startup profiles of a firm, in whatever state.
///
/// # Errors
/// A statement failed.
pub fn profiles_of(conn: &mut Conn, firm: OrganizationId) -> Result<Vec<StartupProfileId>> {
    Ok(startup_profiles::table
        .filter(startup_profiles::organization_id.eq(firm))
        .order(startup_profiles::id)
        .select(startup_profiles::id)
        .load(conn)?)
}
