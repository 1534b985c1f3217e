//! Which firms are kept from being matched again, and until when.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::prepared::{Prepare, of_few_lengths};
use crate::db::schema::pair_suppressions as suppressions;
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, pair, sql};
use crate::domain::ids::OrganizationId;

/// Keeps two firms from being matched again until a time; of two times the
/// later one stays.
///
/// # Errors
/// A statement failed.
pub fn suppress(
    conn: &mut Conn,
    a: OrganizationId,
    b: OrganizationId,
    until: DateTime<Utc>,
) -> Result<()> {
    let (lower, upper) = pair::ordered(a, b);
    let insert = diesel::insert_into(suppressions::table)
        .values((
            suppressions::lower_organization_id.eq(lower),
            suppressions::upper_organization_id.eq(upper),
            suppressions::until.eq(Timestamp(until)),
        ))
        .on_conflict_do_nothing();
    if sql::execute(conn, insert)? == 0 {
        let earlier = suppressions::table
            .find((lower, upper))
            .filter(suppressions::until.lt(Timestamp(until)));
        diesel::update(earlier)
            .set(suppressions::until.eq(Timestamp(until)))
            .prepared()
            .execute(conn)?;
    }
    Ok(())
}

/// Until when two firms are kept apart, be it over by now or not.
///
/// # Errors
/// A statement failed.
pub fn suppressed_until(
    conn: &mut Conn,
    a: OrganizationId,
    b: OrganizationId,
) -> Result<Option<DateTime<Utc>>> {
    Ok(suppressions::table
        .find(pair::ordered(a, b))
        .select(suppressions::until)
        .first(conn)
        .optional()?)
}

/// From whom a firm is kept apart, and until when, be it over by now or not.
///
/// # Errors
/// A statement failed.
pub fn suppressions_of(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<BTreeMap<OrganizationId, DateTime<Utc>>> {
    let found = suppressions_among(conn, &[organization])?.remove(&organization);
    Ok(found.unwrap_or_default())
}

/// From whom a firm is kept apart, and until when, by the firm.
pub type Suppressions = BTreeMap<OrganizationId, BTreeMap<OrganizationId, DateTime<Utc>>>;

/// From whom each of these firms is kept apart, and until when; nothing of one
/// that is kept from nobody.
///
/// # Errors
/// A statement failed.
pub fn suppressions_among(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<Suppressions> {
    let firms = of_few_lengths(organizations);
    let of_either_side = suppressions::lower_organization_id
        .eq_any(firms.clone())
        .or(suppressions::upper_organization_id.eq_any(firms));
    let rows: Vec<(OrganizationId, OrganizationId, DateTime<Utc>)> = suppressions::table
        .filter(of_either_side)
        .prepared()
        .load(conn)?;
    let mut found = Suppressions::new();
    for (lower, upper, until) in rows {
        found.entry(lower).or_default().insert(upper, until);
        found.entry(upper).or_default().insert(lower, until);
    }
    Ok(found)
}
