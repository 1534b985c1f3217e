//! Lists of firms: what they are narrowed down by, and in what order they come.

use chrono::{DateTime, Utc};
use diesel::dsl::IntoBoxed;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::{Row, organization};
use crate::db::conn::Backend;
use crate::db::duplicate_schema::{organization_merges as merges, stated_identifiers};
use crate::db::head::{Head, HeadRow};
use crate::db::limited::Limit;
use crate::db::name_order::by_words;
use crate::db::page::{self, Cursor};
use crate::db::schema::organization_identifiers as identifiers;
use crate::db::schema::organizations::{self, dsl};
use crate::db::types::sql::Id;
use crate::db::{Conn, Result, keyset, search, sql};
use crate::domain::country::Country;
use crate::domain::identifier::Identifier;
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::organization::Organization;
use crate::domain::search::{Order, Query};
use crate::domain::time_order::Within;
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
    /// Made then.
    pub created: Within,
    /// Changed then, for the last time.
    pub updated: Within,
    /// Found by that: words of its names.
    pub query: Query,
}

type HeadColumns = (
    dsl::id,
    dsl::id,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

/// A firm is its own.
const HEAD: HeadColumns = (
    dsl::id,
    dsl::id,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

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
    let query = listed(conn, filter, Order::Created, after)?;
    let rows: Vec<Row> = query.limited(page::fetch(limit)).load(conn)?;
    rows.into_iter().map(organization).collect()
}

/// The heads of organizations in that order, without those that became one with
/// another; one more than `limit` when there are more. They are never due.
///
/// # Errors
/// A statement failed.
pub fn list_heads(
    conn: &mut Conn,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Head<OrganizationId>>> {
    if matches!(order, Order::Name | Order::NameLast | Order::Relevance) {
        return walked(conn, filter, order, after, limit);
    }
    let query = listed(conn, filter, order, after)?.select(HEAD);
    let query = query.limited(page::fetch(limit));
    let rows: Vec<HeadRow<OrganizationId>> = query.load(conn)?;
    Ok(rows.into_iter().map(|row| Head::of(row, order)).collect())
}

/// The heads in an order of the index of words: of fit, or of names.
fn walked(
    conn: &mut Conn,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Head<OrganizationId>>> {
    let mut rest = filter.clone();
    if order == Order::Relevance {
        rest.query = Query::default();
    }
    let heads = |conn: &mut Conn, ids: &[Uuid]| {
        let ids: Vec<OrganizationId> = ids.iter().map(|id| (*id).into()).collect();
        let query = narrowed(conn, &rest)?.filter(dsl::id.eq_any(ids));
        let rows: Vec<HeadRow<OrganizationId>> = query.select(HEAD).load(conn)?;
        let heads = rows.into_iter();
        Ok(heads.map(|row| Head::of(row, order)).collect())
    };
    let few = |conn: &mut Conn| {
        let query = narrowed(conn, &rest)?.limit(page::fetch(search::FEW));
        let ids: Vec<OrganizationId> = query.select(dsl::id).load(conn)?;
        let few = ids.len() <= search::FEW;
        Ok(few.then(|| ids.iter().map(|id| id.uuid()).collect()))
    };
    let list = search::Listed {
        kind: search::Kind::Organization,
        owner: None,
        heads,
        few,
    };
    by_words(conn, list, (order, &filter.query), after, limit)
}

fn listed(conn: &mut Conn, filter: &Filter, order: Order, after: Option<Cursor>) -> Result<Boxed> {
    let query = narrowed(conn, filter)?;
    let columns = (dsl::created_at, dsl::updated_at, dsl::id);
    let order = keyset::by_time(order);
    Ok(keyset::sorted(query, order, columns, after))
}

/// How many firms there are, those that became one with another too.
pub(in crate::db) fn count(conn: &mut Conn) -> Result<i64> {
    Ok(organizations::table.count().get_result(conn)?)
}

/// Up to `limit` ids and ages after the cursor, the oldest first.
pub(in crate::db) fn ages(
    conn: &mut Conn,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Cursor>> {
    let mut query = organizations::table.into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<(OrganizationId, DateTime<Utc>)> = query
        .order((dsl::created_at, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((dsl::id, dsl::created_at))
        .load(conn)?;
    let ages = rows.into_iter();
    Ok(ages
        .map(|(id, created_at)| Cursor::at(created_at, id))
        .collect())
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
    query = keyset::within(query, dsl::created_at, filter.created);
    query = keyset::within(query, dsl::updated_at, filter.updated);
    if !filter.query.is_empty() {
        let found = sql::search::found_by(conn, search::Kind::Organization, &filter.query, false);
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
