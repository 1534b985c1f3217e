//! Firms, and what identifies them beyond doubt: a web site's host, a number
//! in a register.

mod lists;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::duplicate_schema::organization_merges as merges;
use super::head::{Head, Headed};
use super::page::Cursor;
use super::prepared::{FEW, Prepare, of_few_lengths};
use super::schema::memberships;
use super::schema::organization_identifiers as identifiers;
use super::schema::organizations::{self, dsl};
use super::schema::users as users_table;
use super::types::Timestamp;
use super::{Conn, Error, Result, json, search, sql, stored, users};
use crate::domain::account::Role;
use crate::domain::country::Country;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::text::{Name, Website};
use crate::domain::values::OrganizationKind;

pub use lists::{Filter, list, list_heads};
pub(super) use lists::{ages, count};

impl Headed for Organization {
    type Id = OrganizationId;

    fn head(&self) -> Head<OrganizationId> {
        Head {
            id: self.id,
            organization: self.id,
            version: self.version,
            place: Cursor::at(self.created_at, self.id),
        }
    }
}

/// A firm as it is stored.
#[derive(Queryable)]
pub(super) struct Row {
    id: OrganizationId,
    kind: String,
    legal_name: String,
    trade_name: Option<String>,
    names: String,
    country: Option<String>,
    website: Option<String>,
    external_id: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Stores a new organization.
///
/// # Errors
/// A statement failed: also when its kind has that external id already.
pub fn insert(conn: &mut Conn, organization: &Organization) -> Result<()> {
    insert_row(conn, organization)?;
    search::insert_organization(conn, organization)
}

/// Stores a new organization so that it is found by no word: what is only tried
/// is looked for by nobody.
///
/// # Errors
/// As for [`insert`].
pub fn insert_row(conn: &mut Conn, organization: &Organization) -> Result<()> {
    let Organization {
        id,
        details,
        external_id,
        version,
        created_at,
        updated_at,
    } = organization;
    let OrganizationDetails {
        kind,
        legal_name,
        trade_name,
        names,
        country,
        website,
    } = details;
    diesel::insert_into(organizations::table)
        .values((
            dsl::id.eq(id),
            dsl::kind.eq(kind.code()),
            dsl::legal_name.eq(legal_name.as_str()),
            dsl::trade_name.eq(trade_name.as_ref().map(Name::as_str)),
            dsl::names.eq(json::organization::encode(names)?),
            dsl::country.eq(country.as_ref().map(Country::code)),
            dsl::website.eq(website.as_ref().map(Website::as_str)),
            dsl::external_id.eq(external_id.as_deref()),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Stores the new state of an organization, its version risen by one; false
/// when somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, organization: &Organization) -> Result<bool> {
    let Organization {
        id,
        details,
        external_id,
        version,
        created_at: _,
        updated_at,
    } = organization;
    let OrganizationDetails {
        kind,
        legal_name,
        trade_name,
        names,
        country,
        website,
    } = details;
    let before = organizations::table
        .find(id)
        .filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::kind.eq(kind.code()),
            dsl::legal_name.eq(legal_name.as_str()),
            dsl::trade_name.eq(trade_name.as_ref().map(Name::as_str)),
            dsl::names.eq(json::organization::encode(names)?),
            dsl::country.eq(country.as_ref().map(Country::code)),
            dsl::website.eq(website.as_ref().map(Website::as_str)),
            dsl::external_id.eq(external_id.as_deref()),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    if changed == 1 {
        // What its people may do depends on its kind.
        let people: Vec<UserId> = memberships::table
            .filter(memberships::organization_id.eq(id))
            .select(memberships::user_id)
            .load(conn)?;
        users::parts_changed(conn, &people)?;
        search::renamed(conn, organization)?;
    }
    Ok(changed == 1)
}

/// Raises the version of a firm of which something changed that others decide
/// by, though it says the same of itself.
///
/// # Errors
/// A statement failed.
pub fn touch(conn: &mut Conn, id: OrganizationId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(organizations::table.find(id))
        .set((
            dsl::version.eq(dsl::version + 1),
            dsl::updated_at.eq(Timestamp(now)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Has everybody else who changes the firm or its people wait until the open
/// transaction ends.
///
/// # Errors
/// A statement failed.
pub fn lock(conn: &mut Conn, id: OrganizationId) -> Result<()> {
    sql::lock_organization(conn, id)
}

/// Has everybody else who begins something between the two firms wait until the
/// open transaction ends, whichever side each is on. Take it after their records,
/// and nothing that others wait for after it.
///
/// # Errors
/// A statement failed.
pub fn lock_pair(conn: &mut Conn, firms: [OrganizationId; 2]) -> Result<()> {
    sql::lock_pair(conn, super::pair::ordered(firms[0], firms[1]))
}

/// The organization with that id, kept as it is until the transaction ends, so
/// that what is written by its names stays true; others may do so at the same
/// time. Take it before the records of the firm, as [`lock`].
///
/// # Errors
/// A statement failed, the row is damaged, or there is none.
pub fn hold(conn: &mut Conn, id: OrganizationId) -> Result<Organization> {
    let row = sql::share_organization(conn, id)?;
    organization(row.ok_or_else(|| Error::Corrupt(format!("there is no firm {id}")))?)
}

/// The organization with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: OrganizationId) -> Result<Option<Organization>> {
    let row: Option<Row> = organizations::table.find(id).first(conn).optional()?;
    row.map(organization).transpose()
}

/// The organization with that id, and whether it became one with another.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_and_whether_it_went(
    conn: &mut Conn,
    id: OrganizationId,
) -> Result<Option<(Organization, bool)>> {
    let went = merges::table
        .filter(merges::gone_id.eq(id))
        .filter(merges::undone_at.is_null());
    let row: Option<(Row, bool)> = organizations::table
        .find(id)
        .select((organizations::all_columns, diesel::dsl::exists(went)))
        .first(conn)
        .optional()?;
    row.map(|(row, went)| Ok((organization(row)?, went)))
        .transpose()
}

/// The organization with that id and what its people are called whose accounts
/// are open.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_with_people(
    conn: &mut Conn,
    id: OrganizationId,
) -> Result<Option<(Organization, Vec<String>)>> {
    let people = memberships::table.inner_join(users_table::table);
    let of_it = memberships::organization_id
        .eq(organizations::id)
        .and(users_table::disabled_at.is_null());
    let rows: Vec<(Row, Option<String>)> = organizations::table
        .left_join(people.on(of_it))
        .filter(organizations::id.eq(id))
        .order((
            memberships::role.eq(Role::Owner.code()).desc(),
            memberships::created_at,
            memberships::user_id,
        ))
        .select((organizations::all_columns, users_table::name.nullable()))
        .load(conn)?;
    let mut firm = None;
    let mut names = Vec::new();
    for (row, name) in rows {
        names.extend(name);
        firm = Some(row);
    }
    let firm = firm.map(organization).transpose()?;
    Ok(firm.map(|firm| (firm, names)))
}

/// Those of these organizations that there are, by id.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[OrganizationId]) -> Result<Vec<Organization>> {
    let rows: Vec<Row> = if ids.len() <= FEW {
        organizations::table
            .filter(dsl::id.eq_any(of_few_lengths(ids)))
            .order(dsl::id)
            .prepared()
            .load(conn)?
    } else {
        organizations::table
            .filter(dsl::id.eq_any(ids.to_vec()))
            .order(dsl::id)
            .load(conn)?
    };
    rows.into_iter().map(organization).collect()
}

/// Takes an identifier for an organization; false when another one has it.
///
/// # Errors
/// A statement failed.
pub fn claim_identifier(
    conn: &mut Conn,
    id: OrganizationId,
    scheme: &str,
    value: &str,
) -> Result<bool> {
    let insert = diesel::insert_into(identifiers::table)
        .values((
            identifiers::scheme.eq(scheme),
            identifiers::value.eq(value),
            identifiers::organization_id.eq(id),
        ))
        .on_conflict_do_nothing();
    if sql::execute(conn, insert)? == 1 {
        return Ok(true);
    }
    let holder: OrganizationId = identifiers::table
        .find((scheme, value))
        .select(identifiers::organization_id)
        .first(conn)?;
    Ok(holder == id)
}

/// Lets go of an identifier, if it is that organization's.
///
/// # Errors
/// A statement failed.
pub fn release_identifier(
    conn: &mut Conn,
    id: OrganizationId,
    scheme: &str,
    value: &str,
) -> Result<()> {
    let own = identifiers::table
        .find((scheme, value))
        .filter(identifiers::organization_id.eq(id));
    diesel::delete(own).execute(conn)?;
    Ok(())
}

/// The organization that has an identifier.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_by_identifier(
    conn: &mut Conn,
    scheme: &str,
    value: &str,
) -> Result<Option<Organization>> {
    let holder = identifiers::table
        .filter(identifiers::scheme.eq(scheme))
        .filter(identifiers::value.eq(value))
        .select(identifiers::organization_id);
    let row: Option<Row> = organizations::table
        .filter(dsl::id.eq_any(holder))
        .first(conn)
        .optional()?;
    row.map(organization).transpose()
}

/// The organization of that kind with that id in the files it came from.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_by_external_id(
    conn: &mut Conn,
    kind: OrganizationKind,
    external_id: &str,
) -> Result<Option<Organization>> {
    let row: Option<Row> = organizations::table
        .filter(dsl::kind.eq(kind.code()))
        .filter(dsl::external_id.eq(external_id))
        .first(conn)
        .optional()?;
    row.map(organization).transpose()
}

/// The firms of any kind that bear some of these external ids, with those, by
/// id.
///
/// # Errors
/// A statement failed.
pub fn known_as(
    conn: &mut Conn,
    external_ids: &[&str],
) -> Result<Vec<(OrganizationId, Option<String>)>> {
    // The kinds are said, since the index begins with them.
    let kinds = OrganizationKind::ALL.iter().map(|kind| kind.code());
    Ok(organizations::table
        .filter(dsl::kind.eq_any(kinds))
        .filter(dsl::external_id.eq_any(external_ids.to_vec()))
        .select((dsl::id, dsl::external_id))
        .order(dsl::id)
        .load(conn)?)
}

fn organization(row: Row) -> Result<Organization> {
    let Row {
        id,
        kind,
        legal_name,
        trade_name,
        names,
        country,
        website,
        external_id,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(Organization {
        id,
        details: OrganizationDetails {
            kind: stored::code(&kind, OrganizationKind::from_code)?,
            legal_name: stored::name(&legal_name)?,
            trade_name: stored::name_some(trade_name.as_deref())?,
            names: json::organization::decode(&names)?,
            country: stored::parse_some(country.as_deref())?,
            website: stored::website_some(website.as_deref())?,
        },
        external_id,
        version,
        created_at,
        updated_at,
    })
}
