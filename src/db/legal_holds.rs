//! Firms of which the law wants everything kept as it is. A hold that was
//! lifted stays on record.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::review_schema::legal_holds::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Result, keyset, merges};
use crate::domain::ids::{OrganizationId, UserId};

/// A hold on what is on record of a firm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalHold {
    /// Its id.
    pub id: Uuid,
    /// Of which firm.
    pub organization: OrganizationId,
    /// Why, in words.
    pub reason: String,
    /// Who placed it.
    pub placed_by: UserId,
    /// Who lifted it, when and why; none while it is in force.
    pub lifted: Option<Lifted>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// How a hold ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    /// By whom.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// Why, in words.
    pub reason: String,
}

/// Which holds to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of none of these firms.
    pub besides: Vec<OrganizationId>,
    /// Of that firm.
    pub organization: Option<OrganizationId>,
    /// Whether it was lifted.
    pub lifted: Option<bool>,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    organization_id: OrganizationId,
    reason: String,
    placed_by: UserId,
    lifted_by: Option<UserId>,
    lifted_at: Option<DateTime<Utc>>,
    lift_reason: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
}

fn hold(row: Row) -> LegalHold {
    let Row {
        id,
        organization_id,
        reason,
        placed_by,
        lifted_by,
        lifted_at,
        lift_reason,
        version,
        created_at,
    } = row;
    let lifted = lifted_by.zip(lifted_at).map(|(by, at)| Lifted {
        by,
        at,
        reason: lift_reason.unwrap_or_default(),
    });
    LegalHold {
        id: id.uuid(),
        organization: organization_id,
        reason,
        placed_by,
        lifted,
        version,
        created_at,
    }
}

/// Stores a new hold.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, hold: &LegalHold) -> Result<()> {
    diesel::insert_into(legal_holds::table)
        .values((
            dsl::id.eq(Id::of(hold.id)),
            dsl::organization_id.eq(hold.organization),
            dsl::reason.eq(&hold.reason),
            dsl::placed_by.eq(hold.placed_by),
            dsl::version.eq(hold.version),
            dsl::created_at.eq(Timestamp(hold.created_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The hold with that id, in force or lifted.
///
/// # Errors
/// A statement failed.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<LegalHold>> {
    let row: Option<Row> = legal_holds::table.find(Id::of(id)).first(conn).optional()?;
    Ok(row.map(hold))
}

/// Holds from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<LegalHold>> {
    let mut query = legal_holds::table.into_boxed();
    if let Some(firm) = filter.organization {
        query = query.filter(dsl::organization_id.eq(firm));
    }
    if !filter.besides.is_empty() {
        query = query.filter(dsl::organization_id.ne_all(filter.besides.clone()));
    }
    query = match filter.lifted {
        Some(true) => query.filter(dsl::lifted_at.is_not_null()),
        Some(false) => query.filter(dsl::lifted_at.is_null()),
        None => query,
    };
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    Ok(rows.into_iter().map(hold).collect())
}

/// Notes that a hold is lifted; false when it is at another version.
///
/// # Errors
/// A statement failed.
pub fn lift(conn: &mut Conn, (id, version): (Uuid, i64), lifted: &Lifted) -> Result<bool> {
    let in_force = legal_holds::table
        .find(Id::of(id))
        .filter(dsl::version.eq(version))
        .filter(dsl::lifted_at.is_null());
    let changed = diesel::update(in_force)
        .set((
            dsl::lifted_by.eq(Some(lifted.by)),
            dsl::lifted_at.eq(Some(Timestamp(lifted.at))),
            dsl::lift_reason.eq(Some(&lifted.reason)),
            dsl::version.eq(version + 1),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Whether anything on record of a firm has to be kept: for itself, or for a
/// firm that led to it, whose records it has.
///
/// # Errors
/// A statement failed.
pub fn is_held(conn: &mut Conn, firm: OrganizationId) -> Result<bool> {
    let led = merges::led_to(conn, &[firm])?;
    let mut firms: Vec<OrganizationId> = led.into_iter().map(|(gone, _)| gone).collect();
    firms.push(firm);
    let in_force = legal_holds::table
        .filter(dsl::organization_id.eq_any(firms))
        .filter(dsl::lifted_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(in_force)).get_result(conn)?)
}
