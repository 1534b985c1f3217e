//! Pairs of firms that are not to meet, whichever of them wanted it so.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::prepared::{Prepare, of_few_lengths};
use super::review_schema::blocks::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Result, keyset, pair, sql};
use crate::domain::ids::{OrganizationId, UserId};

/// What keeps two firms apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRecord {
    /// Its id.
    pub id: Uuid,
    /// Both firms.
    pub organizations: [OrganizationId; 2],
    /// Why, in words.
    pub reason: String,
    /// Who was the first to ask for an end to it.
    pub first_lifted_by: Option<UserId>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// Which blocks to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of none of these firms.
    pub besides: Vec<OrganizationId>,
    /// Of that firm.
    pub organization: Option<OrganizationId>,
    /// Whether somebody has asked for an end to it.
    pub lifting: Option<bool>,
}

type Columns = (
    dsl::id,
    dsl::lower_organization_id,
    dsl::upper_organization_id,
    dsl::reason,
    dsl::first_lifted_by,
    dsl::version,
    dsl::created_at,
);
type Row = (
    Id,
    OrganizationId,
    OrganizationId,
    String,
    Option<UserId>,
    i64,
    DateTime<Utc>,
);

const COLUMNS: Columns = (
    dsl::id,
    dsl::lower_organization_id,
    dsl::upper_organization_id,
    dsl::reason,
    dsl::first_lifted_by,
    dsl::version,
    dsl::created_at,
);

fn record((id, lower, upper, reason, first_lifted_by, version, created_at): Row) -> BlockRecord {
    BlockRecord {
        id: id.uuid(),
        organizations: [lower, upper],
        reason,
        first_lifted_by,
        version,
        created_at,
    }
}

/// A pair has one block at a time, which is known by both of its ids.
fn id_of(lower: OrganizationId, upper: OrganizationId) -> Uuid {
    Uuid::from_u128(lower.uuid().as_u128() ^ upper.uuid().as_u128().rotate_left(1))
}

/// Blocks from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<BlockRecord>> {
    let mut query = blocks::table.select(COLUMNS).into_boxed();
    if let Some(firm) = filter.organization {
        let either = dsl::lower_organization_id
            .eq(firm)
            .or(dsl::upper_organization_id.eq(firm));
        query = query.filter(either);
    }
    if !filter.besides.is_empty() {
        query = query
            .filter(dsl::lower_organization_id.ne_all(filter.besides.clone()))
            .filter(dsl::upper_organization_id.ne_all(filter.besides.clone()));
    }
    query = match filter.lifting {
        Some(true) => query.filter(dsl::first_lifted_by.is_not_null()),
        Some(false) => query.filter(dsl::first_lifted_by.is_null()),
        None => query,
    };
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    Ok(rows.into_iter().map(record).collect())
}

/// The block with that id.
///
/// # Errors
/// A statement failed.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<BlockRecord>> {
    let row: Option<Row> = blocks::table
        .filter(dsl::id.eq(Id::of(id)))
        .select(COLUMNS)
        .first(conn)
        .optional()?;
    Ok(row.map(record))
}

/// Notes the first of the two people who lift a block; false when it is at
/// another version, or already noted.
///
/// # Errors
/// A statement failed.
pub fn propose_lifting(conn: &mut Conn, block: &BlockRecord, by: UserId) -> Result<bool> {
    let untouched = blocks::table
        .filter(dsl::id.eq(Id::of(block.id)))
        .filter(dsl::version.eq(block.version))
        .filter(dsl::first_lifted_by.is_null());
    let changed = diesel::update(untouched)
        .set((
            dsl::first_lifted_by.eq(Some(by)),
            dsl::version.eq(block.version + 1),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Takes a block away; false when it is at another version, or `by` is nobody
/// else than the first to ask for it.
///
/// # Errors
/// A statement failed.
pub fn lift(conn: &mut Conn, block: &BlockRecord, by: UserId) -> Result<bool> {
    // A comparison with an absent first person is never true.
    let asked_for = blocks::table
        .filter(dsl::id.eq(Id::of(block.id)))
        .filter(dsl::version.eq(block.version))
        .filter(dsl::first_lifted_by.ne(by));
    Ok(diesel::delete(asked_for).execute(conn)? == 1)
}

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
            dsl::id.eq(Id::of(id_of(lower, upper))),
            dsl::version.eq(1_i64),
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

/// The pairs that one of these firms is one of.
///
/// # Errors
/// A statement failed.
pub fn among(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<Vec<(OrganizationId, OrganizationId)>> {
    let firms = of_few_lengths(organizations);
    let of_either_side = dsl::lower_organization_id
        .eq_any(firms.clone())
        .or(dsl::upper_organization_id.eq_any(firms));
    Ok(blocks::table
        .filter(of_either_side)
        .select((dsl::lower_organization_id, dsl::upper_organization_id))
        .prepared()
        .load(conn)?)
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
