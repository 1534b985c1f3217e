//! Files that are imported, who works on them, and what became of their rows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::exchange_schema::import_jobs::{self, dsl};
use super::exchange_schema::import_rows::{self, dsl as rows_dsl};
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, json, keyset, sql, stored};
use crate::domain::ids::{ImportId, OrganizationId, ProgrammeId, UserId};
use crate::domain::import::{
    FileFormat, Import, ImportFailure, ImportOptions, ImportRow, ImportState, Place, RowFirm,
    RowOutcome, RowTally,
};
use crate::domain::time_order::TimeOrder;

/// Which imports to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of that partner.
    pub partner: Option<OrganizationId>,
    /// Standing there.
    pub state: Option<ImportState>,
    /// In what order.
    pub sort: TimeOrder,
}

/// Who has a job in hand, until when.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// The worker.
    pub holder: Uuid,
    /// When another one may take it.
    pub until: DateTime<Utc>,
}

#[derive(Queryable)]
struct Row {
    id: ImportId,
    partner_id: Option<OrganizationId>,
    made_by: Option<UserId>,
    programme_id: Option<ProgrammeId>,
    format: String,
    dry_run: bool,
    keep_good: bool,
    ask_contacts: bool,
    bytes: i64,
    digest: Vec<u8>,
    state: String,
    place: i64,
    line: i64,
    rows_read: i64,
    rows_bad: i64,
    created: i64,
    updated: i64,
    unchanged: i64,
    kept: i64,
    refused: i64,
    failure_code: Option<String>,
    failure_detail: Option<String>,
    _holder: Option<Uuid>,
    _lease_until: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Queryable)]
struct RowOfFile {
    _job_id: ImportId,
    line: i64,
    external_id: Option<String>,
    outcome: String,
    record_id: Option<Uuid>,
    faults: Option<String>,
    firm: Option<String>,
    firm_digest: Option<Vec<u8>>,
    firm_numbers: Option<String>,
}

/// Has everybody else who imports records of the operator's wait until the open
/// transaction ends. Take it before the firms' own locks.
///
/// # Errors
/// A statement failed.
pub fn lock_records(conn: &mut Conn) -> Result<()> {
    sql::lock_records(conn)
}

/// Stores a new import; with a lease, nobody else works on it meanwhile.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, import: &Import, lease: Option<Lease>) -> Result<()> {
    let tally = &import.tally;
    let until = lease.map_or(import.created_at, |lease| lease.until);
    diesel::insert_into(import_jobs::table)
        .values((
            dsl::id.eq(import.id),
            dsl::partner_id.eq(import.partner),
            dsl::made_by.eq(import.made_by),
            dsl::programme_id.eq(import.options.programme),
            dsl::format.eq(import.format.code()),
            dsl::dry_run.eq(import.options.dry_run),
            dsl::keep_good.eq(import.options.keep_good),
            dsl::ask_contacts.eq(import.options.ask_contacts),
            dsl::bytes.eq(import.bytes),
            dsl::digest.eq(&import.digest[..]),
            dsl::state.eq(import.state.code()),
            dsl::place.eq(import.place.byte),
            dsl::line.eq(import.place.line),
            (
                dsl::rows_read.eq(tally.read),
                dsl::rows_bad.eq(tally.bad),
                dsl::created.eq(tally.created),
                dsl::updated.eq(tally.updated),
                dsl::unchanged.eq(tally.unchanged),
                dsl::kept.eq(tally.kept),
                dsl::refused.eq(tally.refused),
            ),
            dsl::holder.eq(lease.map(|lease| Id::of(lease.holder))),
            dsl::lease_until.eq(Timestamp(until)),
            dsl::expires_at.eq(Timestamp(import.expires_at)),
            dsl::version.eq(import.version),
            dsl::created_at.eq(Timestamp(import.created_at)),
            dsl::updated_at.eq(Timestamp(import.updated_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes down where an import stands, its version risen by one; false when
/// somebody else was first, or when the worker that says so has lost it. With
/// a lease it stays with its worker until then, else it is free.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, import: &Import, lease: Option<Lease>) -> Result<bool> {
    let (tally, failure) = (&import.tally, import.failure.as_ref());
    let holder = lease.map(|lease| Id::of(lease.holder));
    let until = lease.map_or(import.updated_at, |lease| lease.until);
    let mut before = diesel::update(import_jobs::table)
        .filter(dsl::id.eq(import.id))
        .filter(dsl::version.eq(import.version - 1))
        .set((
            dsl::keep_good.eq(import.options.keep_good),
            dsl::state.eq(import.state.code()),
            dsl::place.eq(import.place.byte),
            dsl::line.eq(import.place.line),
            dsl::rows_read.eq(tally.read),
            dsl::rows_bad.eq(tally.bad),
            dsl::created.eq(tally.created),
            dsl::updated.eq(tally.updated),
            dsl::unchanged.eq(tally.unchanged),
            dsl::kept.eq(tally.kept),
            dsl::refused.eq(tally.refused),
            dsl::failure_code.eq(failure.map(|it| it.code.as_str())),
            dsl::failure_detail.eq(failure.map(|it| it.detail.as_str())),
            dsl::holder.eq(holder),
            dsl::lease_until.eq(Timestamp(until)),
            dsl::expires_at.eq(Timestamp(import.expires_at)),
            dsl::version.eq(import.version),
            dsl::updated_at.eq(Timestamp(import.updated_at)),
        ))
        .into_boxed();
    if let Some(holder) = holder {
        before = before.filter(dsl::holder.eq(Some(holder)).assume_not_null());
    }
    Ok(before.execute(conn)? == 1)
}

/// The import with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: ImportId) -> Result<Option<Import>> {
    let row: Option<Row> = import_jobs::table.find(id).first(conn).optional()?;
    row.map(import).transpose()
}

/// Imports in an order of time; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Import>> {
    let mut query = import_jobs::table.into_boxed();
    if let Some(partner) = filter.partner {
        query = query.filter(dsl::partner_id.eq(Some(partner)).assume_not_null());
    }
    if let Some(state) = filter.state {
        query = query.filter(dsl::state.eq(state.code()));
    }
    let by = (dsl::created_at, dsl::updated_at, dsl::id);
    let query = keyset::sorted(query, filter.sort, by, after);
    let rows: Vec<Row> = query.limit(page::fetch(limit)).load(conn)?;
    rows.into_iter().map(import).collect()
}

/// How many imports of a partner, or of the operator, a worker has in hand or
/// will have.
///
/// # Errors
/// A statement failed.
pub fn count_running(conn: &mut Conn, partner: Option<OrganizationId>) -> Result<i64> {
    let running = import_jobs::table.filter(dsl::state.eq_any(running()));
    Ok(match partner {
        Some(partner) => running
            .filter(dsl::partner_id.eq(Some(partner)))
            .count()
            .get_result(conn)?,
        None => running
            .filter(dsl::partner_id.is_null())
            .count()
            .get_result(conn)?,
    })
}

/// The checked imports of a partner, or of the operator, but for the `newest`,
/// at most a hundred.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn checked_before(
    conn: &mut Conn,
    partner: Option<OrganizationId>,
    newest: i64,
) -> Result<Vec<Import>> {
    let mut checked = import_jobs::table
        .filter(dsl::state.eq(ImportState::Checked.code()))
        .into_boxed();
    checked = match partner {
        Some(partner) => checked.filter(dsl::partner_id.eq(Some(partner)).assume_not_null()),
        None => checked.filter(dsl::partner_id.is_null()),
    };
    let rows: Vec<Row> = checked
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .offset(newest)
        .limit(100)
        .load(conn)?;
    rows.into_iter().map(import).collect()
}

pub(super) fn running() -> Vec<&'static str> {
    let running = ImportState::ALL.iter().filter(|state| state.is_running());
    running.map(|state| state.code()).collect()
}

/// The oldest import that waits for a worker, if there is one.
///
/// # Errors
/// A statement failed.
pub fn next_due(conn: &mut Conn, now: DateTime<Utc>) -> Result<Option<ImportId>> {
    Ok(import_jobs::table
        .filter(dsl::state.eq_any(running()))
        .filter(dsl::lease_until.le(Timestamp(now)))
        .order((dsl::created_at, dsl::id))
        .select(dsl::id)
        .first(conn)
        .optional()?)
}

/// Takes that import, unless somebody else was faster.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn claim(
    conn: &mut Conn,
    id: ImportId,
    lease: Lease,
    now: DateTime<Utc>,
) -> Result<Option<Import>> {
    // Where two try, the second waits for the first and then sees its lease.
    let taken = diesel::update(import_jobs::table.find(id))
        .filter(dsl::state.eq_any(running()))
        .filter(dsl::lease_until.le(Timestamp(now)))
        .set((
            dsl::holder.eq(Some(Id::of(lease.holder))),
            dsl::lease_until.eq(Timestamp(lease.until)),
        ))
        .execute(conn)?;
    if taken == 1 { find(conn, id) } else { Ok(None) }
}

/// Gives an import back, if that worker still has it.
///
/// # Errors
/// A statement failed.
pub fn release(conn: &mut Conn, id: ImportId, holder: Uuid, at: DateTime<Utc>) -> Result<()> {
    diesel::update(import_jobs::table.find(id))
        .filter(dsl::holder.eq(Some(Id::of(holder))))
        .set(dsl::lease_until.eq(Timestamp(at)))
        .execute(conn)?;
    Ok(())
}

/// Imports that nobody works on and whose time is over.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn over(conn: &mut Conn, now: DateTime<Utc>, limit: usize) -> Result<Vec<Import>> {
    let rows: Vec<Row> = import_jobs::table
        .filter(dsl::state.ne_all(running()))
        .filter(dsl::expires_at.le(Timestamp(now)))
        .order(dsl::expires_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(import).collect()
}

/// Deletes an import with the report of its rows.
///
/// # Errors
/// A statement failed.
pub fn delete(conn: &mut Conn, id: ImportId) -> Result<()> {
    clear_rows(conn, id)?;
    diesel::delete(import_jobs::table.find(id)).execute(conn)?;
    Ok(())
}

/// Forgets what was said of the rows.
///
/// # Errors
/// A statement failed.
pub fn clear_rows(conn: &mut Conn, id: ImportId) -> Result<()> {
    diesel::delete(import_rows::table.filter(rows_dsl::job_id.eq(id))).execute(conn)?;
    Ok(())
}

/// Writes down what became of rows, in place of what was written before. They
/// are in order and without others between.
///
/// # Errors
/// A statement failed.
pub fn put_rows(conn: &mut Conn, job: ImportId, rows: &[ImportRow]) -> Result<()> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Ok(());
    };
    let before = import_rows::table
        .filter(rows_dsl::job_id.eq(job))
        .filter(rows_dsl::line.ge(first.line))
        .filter(rows_dsl::line.le(last.line));
    diesel::delete(before).prepared().execute(conn)?;
    sql::batches::import_rows(conn, job, rows)
}

/// On which lines before that one these ids were already.
///
/// # Errors
/// A statement failed.
pub fn lines_of(
    conn: &mut Conn,
    job: ImportId,
    before: i64,
    ids: &[&str],
) -> Result<BTreeMap<String, i64>> {
    let found: Vec<(Option<String>, i64)> = import_rows::table
        .filter(rows_dsl::job_id.eq(job))
        .filter(rows_dsl::external_id.eq_any(ids.iter().map(|id| Some(*id))))
        .filter(rows_dsl::line.lt(before))
        .order(rows_dsl::line.desc())
        .select((rows_dsl::external_id, rows_dsl::line))
        .load(conn)?;
    let found = found.into_iter();
    Ok(found.filter_map(|(id, line)| Some((id?, line))).collect())
}

/// The good rows before that line that are of these firms, in order.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn rows_of_firms(
    conn: &mut Conn,
    job: ImportId,
    before: i64,
    firms: &[String],
) -> Result<Vec<ImportRow>> {
    let left_out = [RowOutcome::Bad, RowOutcome::Refused].map(RowOutcome::code);
    let found: Vec<RowOfFile> = import_rows::table
        .filter(rows_dsl::job_id.eq(job))
        .filter(rows_dsl::firm.eq_any(firms.iter().map(|firm| Some(firm.as_str()))))
        .filter(rows_dsl::line.lt(before))
        .filter(rows_dsl::outcome.ne_all(left_out))
        .order(rows_dsl::line)
        .load(conn)?;
    found.into_iter().map(row).collect()
}

/// What became of the rows after a line, in order; one more than `limit` when
/// there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn rows(
    conn: &mut Conn,
    job: ImportId,
    outcome: Option<RowOutcome>,
    after: i64,
    limit: usize,
) -> Result<Vec<ImportRow>> {
    let mut query = import_rows::table
        .filter(rows_dsl::job_id.eq(job))
        .filter(rows_dsl::line.gt(after))
        .into_boxed();
    if let Some(outcome) = outcome {
        query = query.filter(rows_dsl::outcome.eq(outcome.code()));
    }
    let rows: Vec<RowOfFile> = query
        .order(rows_dsl::line)
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(row).collect()
}

fn import(row: Row) -> Result<Import> {
    let digest = (row.digest.try_into())
        .map_err(|_| Error::Corrupt(format!("import {} has no digest", row.id)))?;
    let failure = row.failure_code.map(|code| ImportFailure {
        code,
        detail: row.failure_detail.unwrap_or_default(),
    });
    Ok(Import {
        id: row.id,
        partner: row.partner_id,
        made_by: row.made_by,
        options: ImportOptions {
            programme: row.programme_id,
            dry_run: row.dry_run,
            keep_good: row.keep_good,
            ask_contacts: row.ask_contacts,
        },
        format: stored::code(&row.format, FileFormat::from_code)?,
        bytes: row.bytes,
        digest,
        state: stored::code(&row.state, ImportState::from_code)?,
        place: Place {
            byte: row.place,
            line: row.line,
        },
        tally: RowTally {
            read: row.rows_read,
            bad: row.rows_bad,
            created: row.created,
            updated: row.updated,
            unchanged: row.unchanged,
            kept: row.kept,
            refused: row.refused,
        },
        failure,
        expires_at: row.expires_at,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn row(row: RowOfFile) -> Result<ImportRow> {
    let firm = row.firm.zip(stored::hash(row.firm_digest)?);
    let numbers = row.firm_numbers.unwrap_or_default();
    Ok(ImportRow {
        line: row.line,
        external_id: row.external_id,
        outcome: stored::code(&row.outcome, RowOutcome::from_code)?,
        record: row.record_id,
        faults: json::faults::decode(row.faults.as_deref())?,
        firm: firm.map(|(key, digest)| RowFirm {
            key,
            digest,
            numbers,
        }),
    })
}
