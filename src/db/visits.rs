//! When a person last looked at what was released to a firm.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::prepared::Prepare;
use super::review_schema::match_visits::{self as visits, dsl};
use super::types::Timestamp;
use super::{Conn, Result, sql};
use crate::domain::ids::{OrganizationId, UserId};

/// When a person looked last, by firm.
///
/// # Errors
/// A statement failed.
pub fn of(conn: &mut Conn, person: UserId) -> Result<BTreeMap<OrganizationId, DateTime<Utc>>> {
    let rows: Vec<(OrganizationId, DateTime<Utc>)> = visits::table
        .filter(dsl::user_id.eq(person))
        .select((dsl::organization_id, dsl::seen_at))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Notes that a person looked; a later look stays.
///
/// # Errors
/// A statement failed.
pub fn note(
    conn: &mut Conn,
    person: UserId,
    firm: OrganizationId,
    at: DateTime<Utc>,
) -> Result<()> {
    let insert = diesel::insert_into(visits::table)
        .values((
            dsl::user_id.eq(person),
            dsl::organization_id.eq(firm),
            dsl::seen_at.eq(Timestamp(at)),
        ))
        .on_conflict_do_nothing();
    if sql::execute(conn, insert)? == 0 {
        let earlier = visits::table
            .find((person, firm))
            .filter(dsl::seen_at.lt(Timestamp(at)));
        diesel::update(earlier)
            .set(dsl::seen_at.eq(Timestamp(at)))
            .prepared()
            .execute(conn)?;
    }
    Ok(())
}
