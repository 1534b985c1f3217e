//! Firms, and what identifies them beyond doubt: a web site's host, a number
//! in a register.

use chrono::{DateTime, Utc};
use diesel::dsl::IntoBoxed;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::conn::Backend;
use super::duplicate_schema::{organization_merges as merges, stated_identifiers};
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::memberships;
use super::schema::organization_identifiers as identifiers;
use super::schema::organizations::{self, dsl};
use super::schema::users as users_table;
use super::types::Timestamp;
use super::types::sql::Id;
use super::{Conn, Error, Result, json, keyset, search, sql, stored, users};
use crate::domain::account::Role;
use crate::domain::country::Country;
use crate::domain::identifier::Identifier;
use crate::domain::ids::{OrganizationId, ProgrammeId, UserId};
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::search::{Order, Query};
use crate::domain::text::{Name, Website};
use crate::domain::values::OrganizationKind;

/// Which organizations to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of that kind.
    pub kind: Option<OrganizationKind>,
    /// Registered there.
    pub country: Option<Country>,
    /// Known by that number of a register, whether it was confirmed or is only
    /// stated.
    pub identifier: Option<Identifier>,
    /// With a profile or a mandate that is admitted to that programme.
    pub programme: Option<ProgrammeId>,
    /// Made then or later.
    pub created_since: Option<DateTime<Utc>>,
    /// Changed then or later.
    pub updated_since: Option<DateTime<Utc>>,
    /// Found by that: words of its names.
    pub query: Query,
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
    let rows: Vec<Row> = organizations::table
        .filter(dsl::id.eq_any(ids.to_vec()))
        .order(dsl::id)
        .load(conn)?;
    rows.into_iter().map(organization).collect()
}

/// Organizations from the oldest on, without those that became one with
/// another; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Organization>> {
    list_in(conn, filter, Order::Created, after, limit)
}

/// [`list`] in that order; there is none of fit, nor of when they are due.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list_in(
    conn: &mut Conn,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Organization>> {
    let mut query = narrowed(conn, filter)?.limit(page::fetch(limit));
    if let Some(cursor) = after {
        query = match order {
            Order::Created | Order::Due | Order::Relevance => {
                query.filter(keyset::after(dsl::created_at, dsl::id, cursor))
            }
            Order::CreatedLast => query.filter(keyset::before(dsl::created_at, dsl::id, cursor)),
            Order::Updated => query.filter(keyset::after(dsl::updated_at, dsl::id, cursor)),
            Order::UpdatedLast => query.filter(keyset::before(dsl::updated_at, dsl::id, cursor)),
        };
    }
    let query = match order {
        Order::Created | Order::Due | Order::Relevance => query.order((dsl::created_at, dsl::id)),
        Order::CreatedLast => query.order((dsl::created_at.desc(), dsl::id.desc())),
        Order::Updated => query.order((dsl::updated_at, dsl::id)),
        Order::UpdatedLast => query.order((dsl::updated_at.desc(), dsl::id.desc())),
    };
    let rows: Vec<Row> = query.load(conn)?;
    rows.into_iter().map(organization).collect()
}

/// How many firms there are, those that became one with another too.
pub(super) fn count(conn: &mut Conn) -> Result<i64> {
    Ok(organizations::table.count().get_result(conn)?)
}

/// Up to `limit` ids and ages after the cursor, the oldest first.
pub(super) fn ages(conn: &mut Conn, after: Option<Cursor>, limit: usize) -> Result<Vec<Cursor>> {
    let mut query = organizations::table.into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<(OrganizationId, DateTime<Utc>)> = query
        .order((dsl::created_at, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((dsl::id, dsl::created_at))
        .load(conn)?;
    let age = |(id, created_at): (OrganizationId, DateTime<Utc>)| Cursor {
        created_at,
        id: id.uuid(),
    };
    Ok(rows.into_iter().map(age).collect())
}

type Boxed = IntoBoxed<'static, organizations::table, Backend>;

fn narrowed(conn: &mut Conn, filter: &Filter) -> Result<Boxed> {
    let gone = merges::table
        .filter(merges::gone_id.eq(dsl::id))
        .filter(merges::undone_at.is_null());
    let mut query = organizations::table.into_boxed();
    query = query.filter(diesel::dsl::not(diesel::dsl::exists(gone)));
    if let Some(kind) = filter.kind {
        query = query.filter(dsl::kind.eq(kind.code()));
    }
    if let Some(country) = filter.country {
        query = query.filter(dsl::country.eq(country.to_string()));
    }
    if let Some(identifier) = &filter.identifier {
        query = query.filter(dsl::id.eq_any(known_by(conn, identifier)?));
    }
    if let Some(programme) = filter.programme {
        // Said in SQL, since the same tables stand in it twice.
        let of_startups = diesel::dsl::sql::<Bool>(
            "organizations.id IN (SELECT p.organization_id FROM programme_startups AS a
             JOIN startup_profiles AS p ON p.id = a.profile_id WHERE a.programme_id = ",
        );
        let both = of_startups.bind::<Id, _>(programme).sql(
            " UNION SELECT m.organization_id FROM programme_mandates AS a
             JOIN mandates AS m ON m.id = a.mandate_id WHERE a.programme_id = ",
        );
        query = query.filter(both.bind::<Id, _>(programme).sql(")"));
    }
    if let Some(since) = filter.created_since {
        query = query.filter(dsl::created_at.ge(Timestamp(since)));
    }
    if let Some(since) = filter.updated_since {
        query = query.filter(dsl::updated_at.ge(Timestamp(since)));
    }
    if !filter.query.is_empty() {
        let found = sql::search::found_by(conn, "organizations.id", &filter.query, false);
        query = query.filter(found);
    }
    Ok(query)
}

/// The firms that a number of a register is known of: the one that it was
/// confirmed of, and those that state it.
fn known_by(conn: &mut Conn, identifier: &Identifier) -> Result<Vec<OrganizationId>> {
    let (scheme, value) = (identifier.scheme().code(), identifier.value());
    let mut firms: Vec<OrganizationId> = identifiers::table
        .filter(identifiers::scheme.eq(scheme))
        .filter(identifiers::value.eq(value))
        .select(identifiers::organization_id)
        .load(conn)?;
    let stated: Vec<OrganizationId> = stated_identifiers::table
        .filter(stated_identifiers::scheme.eq(scheme))
        .filter(stated_identifiers::value.eq(value))
        .select(stated_identifiers::organization_id)
        .load(conn)?;
    firms.extend(stated);
    Ok(firms)
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
