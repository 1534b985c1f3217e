//! Files that are made of records, and who works on them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::exchange_schema::export_jobs::{self, dsl};
use super::imports::Lease;
use super::page::{self, Cursor};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, keyset, stored};
use crate::domain::account::Role;
use crate::domain::export::{Export, ExportFormat, ExportKind, ExportState, Part, Wanted};
use crate::domain::ids::{ExportId, OrganizationId, UserId};

#[derive(Queryable)]
struct Row {
    id: ExportId,
    made_by: UserId,
    organization_id: Option<OrganizationId>,
    kind: String,
    format: String,
    filters: String,
    state: String,
    lines: i64,
    bytes: i64,
    digest: Option<Vec<u8>>,
    failure_code: Option<String>,
    _holder: Option<Uuid>,
    _lease_until: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    parts: String,
    waits: bool,
}

/// Stores a new export.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, export: &Export) -> Result<()> {
    let wanted = &export.wanted;
    diesel::insert_into(export_jobs::table)
        .values((
            dsl::id.eq(export.id),
            dsl::made_by.eq(export.made_by),
            dsl::organization_id.eq(wanted.organization),
            dsl::kind.eq(wanted.kind.code()),
            dsl::format.eq(wanted.format.code()),
            dsl::filters.eq(&wanted.filters),
            dsl::parts.eq(written(&export.parts)),
            dsl::waits.eq(wanted.wait),
            dsl::state.eq(export.state.code()),
            dsl::lines.eq(export.lines),
            dsl::bytes.eq(export.bytes),
            dsl::lease_until.eq(Timestamp(export.created_at)),
            dsl::expires_at.eq(Timestamp(export.expires_at)),
            dsl::version.eq(export.version),
            dsl::created_at.eq(Timestamp(export.created_at)),
            dsl::updated_at.eq(Timestamp(export.updated_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes down where an export stands, its version risen by one; false when
/// somebody else was first. With a lease it stays with its worker until then.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, export: &Export, lease: Option<Lease>) -> Result<bool> {
    write(conn, export, lease, None)
}

/// [`update`] by the worker `holder`; false as well when that lost it.
///
/// # Errors
/// A statement failed.
pub fn update_held(
    conn: &mut Conn,
    export: &Export,
    lease: Option<Lease>,
    holder: Uuid,
) -> Result<bool> {
    write(conn, export, lease, Some(holder))
}

fn write(
    conn: &mut Conn,
    export: &Export,
    lease: Option<Lease>,
    holder: Option<Uuid>,
) -> Result<bool> {
    let until = lease.map_or(export.updated_at, |lease| lease.until);
    let mut before = diesel::update(export_jobs::table)
        .filter(dsl::id.eq(export.id))
        .filter(dsl::version.eq(export.version - 1))
        .set((
            dsl::state.eq(export.state.code()),
            dsl::lines.eq(export.lines),
            dsl::bytes.eq(export.bytes),
            dsl::digest.eq(export.digest.as_ref().map(|digest| &digest[..])),
            dsl::failure_code.eq(export.failure.as_deref()),
            dsl::holder.eq(lease.map(|lease| Id::of(lease.holder))),
            dsl::lease_until.eq(Timestamp(until)),
            dsl::expires_at.eq(Timestamp(export.expires_at)),
            dsl::version.eq(export.version),
            dsl::updated_at.eq(Timestamp(export.updated_at)),
        ))
        .into_boxed();
    if let Some(holder) = holder.map(Id::of) {
        before = before.filter(dsl::holder.eq(Some(holder)).assume_not_null());
    }
    Ok(before.execute(conn)? == 1)
}

/// Parts as they are stored.
fn written(parts: &[Part]) -> String {
    let parts = parts
        .iter()
        .map(|part| format!("{} {}", part.organization, part.role.code()));
    parts.collect::<Vec<_>>().join(",")
}

fn parts(stored: &str) -> Result<Vec<Part>> {
    let damaged = || Error::Corrupt(format!("{stored:?} are no parts"));
    let parts = stored.split(',').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (organization, role) = part.split_once(' ').ok_or_else(damaged)?;
            Ok(Part {
                organization: organization.parse().map_err(|_| damaged())?,
                role: Role::from_code(role).ok_or_else(damaged)?,
            })
        })
        .collect()
}

/// The export with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: ExportId) -> Result<Option<Export>> {
    let row: Option<Row> = export_jobs::table.find(id).first(conn).optional()?;
    row.map(export).transpose()
}

/// Exports of a person, the newest first; one more than `limit` when there
/// are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    made_by: UserId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Export>> {
    let mut query = export_jobs::table
        .filter(dsl::made_by.eq(made_by))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::before(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(export).collect()
}

/// How many files of a person are being made or can be fetched.
///
/// # Errors
/// A statement failed.
pub fn count_live(conn: &mut Conn, made_by: UserId) -> Result<i64> {
    let mut live = running();
    live.push(ExportState::Ready.code());
    Ok(export_jobs::table
        .filter(dsl::made_by.eq(made_by))
        .filter(dsl::state.eq_any(live))
        .count()
        .get_result(conn)?)
}

fn running() -> Vec<&'static str> {
    let running = ExportState::ALL.iter().filter(|state| state.is_running());
    running.map(|state| state.code()).collect()
}

/// The oldest export that waits for a worker, if there is one.
///
/// # Errors
/// A statement failed.
pub fn next_due(conn: &mut Conn, now: DateTime<Utc>) -> Result<Option<ExportId>> {
    Ok(export_jobs::table
        .filter(dsl::state.eq_any(running()))
        .filter(dsl::lease_until.le(Timestamp(now)))
        .order((dsl::created_at, dsl::id))
        .select(dsl::id)
        .first(conn)
        .optional()?)
}

/// Takes that export, unless somebody else was faster.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn claim(
    conn: &mut Conn,
    id: ExportId,
    lease: Lease,
    now: DateTime<Utc>,
) -> Result<Option<Export>> {
    let taken = diesel::update(export_jobs::table.find(id))
        .filter(dsl::state.eq_any(running()))
        .filter(dsl::lease_until.le(Timestamp(now)))
        .set((
            dsl::holder.eq(Some(Id::of(lease.holder))),
            dsl::lease_until.eq(Timestamp(lease.until)),
            // Who had it before comes too late by that as well.
            dsl::version.eq(dsl::version + 1),
        ))
        .execute(conn)?;
    if taken == 1 { find(conn, id) } else { Ok(None) }
}

/// Exports that nobody works on and whose time is over.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn over(conn: &mut Conn, now: DateTime<Utc>, limit: usize) -> Result<Vec<Export>> {
    let rows: Vec<Row> = export_jobs::table
        .filter(dsl::state.ne_all(running()))
        .filter(dsl::expires_at.le(Timestamp(now)))
        .order(dsl::expires_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(export).collect()
}

/// Ends the time of those files that are there, and has those that are being
/// made begin anew, which may hold something that is gone.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn forget(
    conn: &mut Conn,
    may_hold: impl Fn(&Export) -> bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut live = running();
    live.push(ExportState::Ready.code());
    let rows: Vec<Row> = export_jobs::table
        .filter(dsl::state.eq_any(live))
        .load(conn)?;
    for row in rows {
        let export = export(row)?;
        if !may_hold(&export) {
            continue;
        }
        let begun = diesel::update(export_jobs::table.find(export.id))
            .filter(dsl::state.eq_any(running()))
            .set((
                // Who writes it comes too late by that.
                dsl::version.eq(dsl::version + 1),
                dsl::holder.eq(None::<Id>),
                dsl::lease_until.eq(Timestamp(now)),
            ))
            .execute(conn)?;
        // Also where it was made just now.
        if begun == 0 {
            diesel::update(export_jobs::table.find(export.id))
                .filter(dsl::state.eq(ExportState::Ready.code()))
                .set(dsl::expires_at.eq(Timestamp(now)))
                .execute(conn)?;
        }
    }
    Ok(())
}

/// Deletes an export.
///
/// # Errors
/// A statement failed.
pub fn delete(conn: &mut Conn, id: ExportId) -> Result<()> {
    diesel::delete(export_jobs::table.find(id)).execute(conn)?;
    Ok(())
}

fn export(row: Row) -> Result<Export> {
    let damaged = |_| Error::Corrupt(format!("export {} has no digest", row.id));
    let digest = row.digest.map(TryInto::try_into).transpose();
    Ok(Export {
        id: row.id,
        made_by: row.made_by,
        parts: parts(&row.parts)?,
        wanted: Wanted {
            kind: stored::code(&row.kind, ExportKind::from_code)?,
            organization: row.organization_id,
            filters: row.filters,
            format: stored::code(&row.format, ExportFormat::from_code)?,
            wait: row.waits,
        },
        state: stored::code(&row.state, ExportState::from_code)?,
        lines: row.lines,
        bytes: row.bytes,
        digest: digest.map_err(damaged)?,
        failure: row.failure_code,
        expires_at: row.expires_at,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
