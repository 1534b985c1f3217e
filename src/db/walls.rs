//! Walls between competitors, and the pairs of firms that they and blocks keep
//! apart.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::prepared::{Prepare, of_few_lengths};
use super::schema::organizations;
use super::types::{Id, Timestamp};
use super::wall_schema::wall_keys::{self as keys, dsl as key};
use super::wall_schema::wall_pairs::{self as pairs, dsl as pair};
use super::wall_schema::walls::{self, dsl};
use super::{Conn, Result, blocks, keyset, sql, stored};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::values::OrganizationKind;
use crate::domain::wall::{Wall, WallReach, WallStatus};

/// A statement takes a limited number of values.
const AT_ONCE: usize = 5_000;
/// States of a wall that may still come to something.
const LIVE: [WallStatus; 2] = [WallStatus::Declared, WallStatus::InForce];

/// Which walls to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of that firm.
    pub organization: Option<OrganizationId>,
    /// That stand there.
    pub status: Option<WallStatus>,
    /// Declared by compliance, or by firms.
    pub by_operator: Option<bool>,
    /// That neither are of these firms nor stand before them.
    pub besides: Vec<OrganizationId>,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    organization_id: OrganizationId,
    name: String,
    website: Option<String>,
    reach: String,
    reason: String,
    by_operator: bool,
    status: String,
    declared_by: UserId,
    decided_by: Option<UserId>,
    note: Option<String>,
    swept_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Stores a new wall with what it is found by.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, wall: &Wall) -> Result<()> {
    diesel::insert_into(walls::table)
        .values((
            dsl::id.eq(Id::of(wall.id)),
            dsl::organization_id.eq(wall.organization),
            dsl::name.eq(wall.name.as_str()),
            dsl::website.eq(wall.website.as_ref().map(ToString::to_string)),
            dsl::reach.eq(wall.reach.code()),
            dsl::reason.eq(&wall.reason),
            dsl::by_operator.eq(wall.by_operator),
            dsl::status.eq(wall.status.code()),
            dsl::declared_by.eq(wall.declared_by),
            dsl::version.eq(wall.version),
            dsl::created_at.eq(Timestamp(wall.created_at)),
            dsl::updated_at.eq(Timestamp(wall.updated_at)),
        ))
        .execute(conn)?;
    keep_keys(conn, wall)
}

/// Stores where a wall stands, its version risen by one; false when somebody
/// else was first. One that is over keeps nobody apart any more.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, wall: &Wall) -> Result<bool> {
    let before = walls::table
        .find(Id::of(wall.id))
        .filter(dsl::version.eq(wall.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::status.eq(wall.status.code()),
            dsl::decided_by.eq(wall.decided_by),
            dsl::note.eq(&wall.note),
            dsl::version.eq(wall.version),
            dsl::updated_at.eq(Timestamp(wall.updated_at)),
        ))
        .execute(conn)?;
    if changed == 0 {
        return Ok(false);
    }
    keep_keys(conn, wall)?;
    if wall.status != WallStatus::InForce {
        diesel::delete(pairs::table.filter(pair::wall_id.eq(Id::of(wall.id)))).execute(conn)?;
    }
    Ok(true)
}

/// Only walls in force are looked for.
fn keep_keys(conn: &mut Conn, wall: &Wall) -> Result<()> {
    let id = Id::of(wall.id);
    if wall.status != WallStatus::InForce {
        diesel::delete(keys::table.filter(key::wall_id.eq(id))).execute(conn)?;
        return Ok(());
    }
    for text in wall.keys() {
        let insert = diesel::insert_into(keys::table)
            .values((key::key.eq(text), key::wall_id.eq(id)))
            .on_conflict_do_nothing();
        sql::execute(conn, insert)?;
    }
    Ok(())
}

/// Has every wall in force be found by the keys that names have by now; those
/// of before stay, and find it too.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn renew_keys(conn: &mut Conn) -> Result<()> {
    let rows: Vec<Row> = walls::table
        .filter(dsl::status.eq(WallStatus::InForce.code()))
        .load(conn)?;
    for row in rows {
        keep_keys(conn, &wall(row)?)?;
    }
    Ok(())
}

/// The wall with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Wall>> {
    let row: Option<Row> = walls::table.find(Id::of(id)).first(conn).optional()?;
    row.map(wall).transpose()
}

/// Walls from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Wall>> {
    let mut query = walls::table.into_boxed();
    if let Some(firm) = filter.organization {
        query = query.filter(dsl::organization_id.eq(firm));
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(by_operator) = filter.by_operator {
        query = query.filter(dsl::by_operator.eq(by_operator));
    }
    if !filter.besides.is_empty() {
        let before_them: Vec<Id> = pairs::table
            .filter(pair::other_id.eq_any(filter.besides.clone()))
            .select(pair::wall_id)
            .load(conn)?;
        query = query
            .filter(dsl::organization_id.ne_all(filter.besides.clone()))
            .filter(dsl::id.ne_all(before_them));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(wall).collect()
}

/// How many walls of a firm are declared or in force.
///
/// # Errors
/// A statement failed.
pub fn count_live(conn: &mut Conn, organization: OrganizationId) -> Result<i64> {
    Ok(walls::table
        .filter(dsl::organization_id.eq(organization))
        .filter(dsl::status.eq_any(LIVE.map(WallStatus::code)))
        .count()
        .get_result(conn)?)
}

/// Whether any wall is in force.
///
/// # Errors
/// A statement failed.
pub fn any_in_force(conn: &mut Conn) -> Result<bool> {
    let some = walls::table.filter(dsl::status.eq(WallStatus::InForce.code()));
    Ok(diesel::select(diesel::dsl::exists(some)).get_result(conn)?)
}

/// The walls in force that are found by one of these keys.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn found_by(conn: &mut Conn, by: &BTreeSet<String>) -> Result<Vec<Wall>> {
    let by: Vec<&String> = by.iter().collect();
    let mut found: BTreeSet<Uuid> = BTreeSet::new();
    for some in by.chunks(AT_ONCE) {
        let some: Vec<String> = some.iter().map(|text| (*text).clone()).collect();
        let ids: Vec<Id> = keys::table
            .filter(key::key.eq_any(some))
            .select(key::wall_id)
            .load(conn)?;
        found.extend(ids.into_iter().map(Id::uuid));
    }
    let mut walls = Vec::new();
    for id in found {
        walls.extend(find(conn, id)?);
    }
    walls.retain(|wall| wall.status == WallStatus::InForce);
    Ok(walls)
}

/// The walls in force of these firms.
///
/// # Errors
/// A statement failed.
pub fn of(conn: &mut Conn, organizations: &[OrganizationId]) -> Result<Vec<Uuid>> {
    let ids: Vec<Id> = walls::table
        .filter(dsl::organization_id.eq_any(organizations.to_vec()))
        .filter(dsl::status.eq(WallStatus::InForce.code()))
        .select(dsl::id)
        .load(conn)?;
    Ok(ids.into_iter().map(Id::uuid).collect())
}

/// Notes that a wall keeps its holder and another firm apart.
///
/// # Errors
/// A statement failed.
pub fn keep_apart(
    conn: &mut Conn,
    wall: Uuid,
    holder: OrganizationId,
    other: OrganizationId,
) -> Result<()> {
    let insert = diesel::insert_into(pairs::table)
        .values((
            pair::wall_id.eq(Id::of(wall)),
            pair::organization_id.eq(holder),
            pair::other_id.eq(other),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    Ok(())
}

/// Has the walls that stand before a firm stand before the one that it became
/// as well.
///
/// # Errors
/// A statement failed.
pub fn follow(conn: &mut Conn, gone: OrganizationId, kept: OrganizationId) -> Result<()> {
    let before: Vec<(Id, OrganizationId)> = pairs::table
        .filter(pair::other_id.eq(gone))
        .filter(pair::organization_id.ne(kept))
        .select((pair::wall_id, pair::organization_id))
        .load(conn)?;
    for (wall, holder) in before {
        keep_apart(conn, wall.uuid(), holder, kept)?;
    }
    Ok(())
}

/// Has a firm hold these walls, as the one that another became.
///
/// # Errors
/// A statement failed.
pub fn hold(conn: &mut Conn, walls: &[Uuid], holder: OrganizationId) -> Result<()> {
    let ids: Vec<Id> = walls.iter().map(|id| Id::of(*id)).collect();
    let of_walls = pairs::table.filter(pair::wall_id.eq_any(ids));
    diesel::update(of_walls)
        .set(pair::organization_id.eq(holder))
        .execute(conn)?;
    // Nobody is kept apart from themselves.
    let own = pairs::table
        .filter(pair::organization_id.eq(holder))
        .filter(pair::other_id.eq(holder));
    diesel::delete(own).execute(conn)?;
    Ok(())
}

/// Before whom a wall stands at present.
///
/// # Errors
/// A statement failed.
pub fn others(conn: &mut Conn, wall: Uuid) -> Result<Vec<OrganizationId>> {
    Ok(pairs::table
        .filter(pair::wall_id.eq(Id::of(wall)))
        .select(pair::other_id)
        .order(pair::other_id)
        .load(conn)?)
}

/// Walls in force of which those on record were not all looked at yet.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn unswept(conn: &mut Conn, limit: i64) -> Result<Vec<Wall>> {
    let rows: Vec<Row> = walls::table
        .filter(dsl::status.eq(WallStatus::InForce.code()))
        .filter(dsl::swept_at.is_null())
        .order((dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(wall).collect()
}

/// Notes that everybody on record was looked at; false when that was noted
/// before.
///
/// # Errors
/// A statement failed.
pub fn swept(conn: &mut Conn, wall: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let unswept = walls::table
        .find(Id::of(wall))
        .filter(dsl::status.eq(WallStatus::InForce.code()))
        .filter(dsl::swept_at.is_null());
    let changed = diesel::update(unswept)
        .set(dsl::swept_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Investors by id, from after one on.
///
/// # Errors
/// A statement failed.
pub fn investors_after(
    conn: &mut Conn,
    after: Option<OrganizationId>,
    limit: i64,
) -> Result<Vec<OrganizationId>> {
    let mut query = organizations::table
        .filter(organizations::kind.eq(OrganizationKind::Investor.code()))
        .select(organizations::id)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(organizations::id.gt(after));
    }
    Ok(query.order(organizations::id).limit(limit).load(conn)?)
}

/// Whether a block or a wall stands between two firms.
///
/// # Errors
/// A statement failed.
pub fn stand_between(conn: &mut Conn, a: OrganizationId, b: OrganizationId) -> Result<bool> {
    if blocks::exists(conn, a, b)? {
        return Ok(true);
    }
    let one_way = pair::organization_id.eq(a).and(pair::other_id.eq(b));
    let other_way = pair::organization_id.eq(b).and(pair::other_id.eq(a));
    let between = pairs::table.filter(one_way.or(other_way));
    Ok(diesel::select(diesel::dsl::exists(between)).get_result(conn)?)
}

/// The firms from which a block or a wall keeps each of these firms apart;
/// nothing of one that is kept from nobody.
///
/// # Errors
/// A statement failed.
pub fn kept_from_some(
    conn: &mut Conn,
    firms: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, BTreeSet<OrganizationId>>> {
    let mut apart = blocks::among(conn, firms)?;
    let some = of_few_lengths(firms);
    let held: Vec<(OrganizationId, OrganizationId)> = pairs::table
        .filter(
            pair::organization_id
                .eq_any(some.clone())
                .or(pair::other_id.eq_any(some)),
        )
        .select((pair::organization_id, pair::other_id))
        .prepared()
        .load(conn)?;
    apart.extend(held);
    let mut kept: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (one, other) in apart {
        kept.entry(one).or_default().insert(other);
        kept.entry(other).or_default().insert(one);
    }
    Ok(kept)
}

/// The firms from which a block or a wall keeps a firm apart.
///
/// # Errors
/// A statement failed.
pub fn kept_from(conn: &mut Conn, firm: OrganizationId) -> Result<BTreeSet<OrganizationId>> {
    let kept = kept_from_some(conn, &[firm])?.remove(&firm);
    Ok(kept.unwrap_or_default())
}

fn wall(row: Row) -> Result<Wall> {
    let Row {
        id,
        organization_id,
        name,
        website,
        reach,
        reason,
        by_operator,
        status,
        declared_by,
        decided_by,
        note,
        swept_at,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(Wall {
        id: id.uuid(),
        organization: organization_id,
        name: stored::name(&name)?,
        website: stored::parse_some(website.as_deref())?,
        reach: stored::code(&reach, WallReach::from_code)?,
        reason,
        by_operator,
        status: stored::code(&status, WallStatus::from_code)?,
        declared_by,
        decided_by,
        note,
        swept_at,
        version,
        created_at,
        updated_at,
    })
}
