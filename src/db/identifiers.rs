//! Numbers of registers, as firms state them. Two firms may state the same
//! one, and neither learns of the other by it.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::duplicate_schema::stated_identifiers::{self, dsl};
use super::{Conn, Result, stored};
use crate::domain::identifier::{Identifier, IdentifierScheme};
use crate::domain::ids::OrganizationId;

/// What a firm states.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of(conn: &mut Conn, organization: OrganizationId) -> Result<BTreeSet<Identifier>> {
    let mut all = of_many(conn, &[organization])?;
    Ok(all.remove(&organization).unwrap_or_default())
}

/// What some firms state; those that state nothing are left out.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_many(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, BTreeSet<Identifier>>> {
    let rows: Vec<(OrganizationId, String, String)> = stated_identifiers::table
        .filter(dsl::organization_id.eq_any(organizations.to_vec()))
        .load(conn)?;
    let mut all: BTreeMap<OrganizationId, BTreeSet<Identifier>> = BTreeMap::new();
    for (organization, scheme, value) in rows {
        let scheme = stored::code(&scheme, IdentifierScheme::from_code)?;
        let identifier = stored::parse(&format!("{scheme}:{value}"))?;
        all.entry(organization).or_default().insert(identifier);
    }
    Ok(all)
}

/// Has a firm state these and no others.
///
/// # Errors
/// A statement failed.
pub fn replace(
    conn: &mut Conn,
    organization: OrganizationId,
    identifiers: &BTreeSet<Identifier>,
) -> Result<()> {
    let own = stated_identifiers::table.filter(dsl::organization_id.eq(organization));
    diesel::delete(own).execute(conn)?;
    for identifier in identifiers {
        diesel::insert_into(stated_identifiers::table)
            .values((
                dsl::organization_id.eq(organization),
                dsl::scheme.eq(identifier.scheme().code()),
                dsl::value.eq(identifier.value()),
            ))
            .execute(conn)?;
    }
    Ok(())
}
