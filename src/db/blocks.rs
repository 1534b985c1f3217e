//! Pairs of firms that are not to meet, whichever of them wanted it so.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::schema::blocks::{self, dsl};
use super::types::Timestamp;
use super::{Conn, Result, pair, sql};
use crate::domain::ids::OrganizationId;

/// Keeps two firms apart; false if they are kept apart already.
///
/// # Errors
/// A statement failed.
pub fn insert(
    conn: &mut Conn,
    a: OrganizationId,
    b: OrganizationId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (lower, upper) = pair::ordered(a, b);
    let insert = diesel::insert_into(blocks::table)
        .values((
            dsl::lower_organization_id.eq(lower),
            dsl::upper_organization_id.eq(upper),
            dsl::reason.eq(reason),
            dsl::created_at.eq(Timestamp(now)),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// Whether two firms are kept apart.
///
/// # Errors
/// A statement failed.
pub fn exists(conn: &mut Conn, a: OrganizationId, b: OrganizationId) -> Result<bool> {
    let row = blocks::table.find(pair::ordered(a, b));
    Ok(diesel::select(diesel::dsl::exists(row)).get_result(conn)?)
}

/// The firms from which a firm is kept apart, by id.
///
/// # Errors
/// A statement failed.
pub fn of(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<OrganizationId>> {
    let of_either_side = dsl::lower_organization_id
        .eq(organization)
        .or(dsl::upper_organization_id.eq(organization));
    let pairs: Vec<(OrganizationId, OrganizationId)> = blocks::table
        .filter(of_either_side)
        .select((dsl::lower_organization_id, dsl::upper_organization_id))
        .load(conn)?;
    let mut others: Vec<_> = pairs
        .into_iter()
        .map(|it| pair::counterpart(organization, it))
        .collect();
    others.sort_unstable();
    Ok(others)
}
