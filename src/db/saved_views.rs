//! Saved views.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::directory_schema::saved_views::{self, dsl};
use super::page::{self, Cursor};
use super::types::Timestamp;
use super::{Conn, Result, keyset, sql, stored};
use crate::domain::ids::{OrganizationId, SavedViewId, UserId};
use crate::domain::saved_view::{ListKind, SavedView};

#[derive(Queryable)]
struct Row {
    id: SavedViewId,
    owner_id: UserId,
    organization_id: Option<OrganizationId>,
    name: String,
    list: String,
    query: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Stores a new view.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, view: &SavedView) -> Result<()> {
    let insert = diesel::insert_into(saved_views::table).values((
        dsl::id.eq(view.id),
        dsl::owner_id.eq(view.owner),
        dsl::organization_id.eq(view.organization),
        dsl::name.eq(view.name.as_str()),
        dsl::list.eq(view.list.code()),
        dsl::query.eq(&view.query),
        dsl::version.eq(view.version),
        dsl::created_at.eq(Timestamp(view.created_at)),
        dsl::updated_at.eq(Timestamp(view.updated_at)),
    ));
    sql::execute(conn, insert)?;
    Ok(())
}

/// The view with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: SavedViewId) -> Result<Option<SavedView>> {
    let row: Option<Row> = saved_views::table.find(id).first(conn).optional()?;
    row.map(view).transpose()
}

/// How many views a person has.
///
/// # Errors
/// A statement failed.
pub fn count(conn: &mut Conn, owner: UserId) -> Result<i64> {
    Ok(saved_views::table
        .filter(dsl::owner_id.eq(owner))
        .count()
        .get_result(conn)?)
}

/// A person's own views and those that are shared with these organizations, of
/// one list or all, from the oldest on; one more than `limit` when there are
/// more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    owner: UserId,
    organizations: &[OrganizationId],
    of: Option<ListKind>,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<SavedView>> {
    let shared = dsl::organization_id
        .assume_not_null()
        .eq_any(organizations.to_vec());
    let private = dsl::organization_id.is_null().and(dsl::owner_id.eq(owner));
    let mut query = saved_views::table.filter(private.or(shared)).into_boxed();
    if let Some(list) = of {
        query = query.filter(dsl::list.eq(list.code()));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(view).collect()
}

/// Stores what a view is now, its version risen by one; false when somebody
/// else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, view: &SavedView) -> Result<bool> {
    let before = saved_views::table
        .find(view.id)
        .filter(dsl::version.eq(view.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::organization_id.eq(view.organization),
            dsl::name.eq(view.name.as_str()),
            dsl::list.eq(view.list.code()),
            dsl::query.eq(&view.query),
            dsl::version.eq(view.version),
            dsl::updated_at.eq(Timestamp(view.updated_at)),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Takes a view away at that version; false when somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn delete(conn: &mut Conn, id: SavedViewId, version: i64) -> Result<bool> {
    let there = saved_views::table.find(id).filter(dsl::version.eq(version));
    Ok(diesel::delete(there).execute(conn)? == 1)
}

fn view(row: Row) -> Result<SavedView> {
    let Row {
        id,
        owner_id,
        organization_id,
        name,
        list,
        query,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(SavedView {
        id,
        owner: owner_id,
        organization: organization_id,
        name: stored::name(&name)?,
        list: stored::code(&list, ListKind::from_code)?,
        query,
        version,
        created_at,
        updated_at,
    })
}
