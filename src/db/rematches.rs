//! Jobs that match everything of a programme again. One runs per programme.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::review_schema::rematches::{self, dsl};
use super::types::Timestamp;
use super::{Conn, Result, keyset, sql, stored};
use crate::domain::ids::{ProgrammeId, RematchId, RuleSetId, StartupProfileId, UserId};
use crate::domain::rematch::{Rematch, RematchStatus, RematchTally};
use crate::domain::scoring::Band;

#[derive(Queryable)]
struct Row {
    id: RematchId,
    programme_id: ProgrammeId,
    top: i64,
    min_band: String,
    rule_set_id: RuleSetId,
    status: String,
    startups: i64,
    done: i64,
    after_id: Option<StartupProfileId>,
    added: i64,
    replaced: i64,
    ended: i64,
    unchanged: i64,
    started_by: Option<UserId>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Stores a new job; false while another one of the programme runs.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, job: &Rematch) -> Result<bool> {
    let insert = diesel::insert_into(rematches::table)
        .values((
            (
                dsl::id.eq(job.id),
                dsl::programme_id.eq(job.programme),
                dsl::top.eq(job.top),
                dsl::min_band.eq(job.min_band.code()),
                dsl::rule_set_id.eq(job.rule_set),
                dsl::status.eq(job.status.code()),
                dsl::startups.eq(job.startups),
                dsl::done.eq(job.done),
                dsl::after_id.eq(job.after),
            ),
            (
                dsl::added.eq(job.tally.added),
                dsl::replaced.eq(job.tally.replaced),
                dsl::ended.eq(job.tally.ended),
                dsl::unchanged.eq(job.tally.unchanged),
                dsl::started_by.eq(job.by),
                dsl::version.eq(job.version),
                dsl::created_at.eq(Timestamp(job.created_at)),
                dsl::updated_at.eq(Timestamp(job.updated_at)),
            ),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// Stores how far a job has come, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, job: &Rematch) -> Result<bool> {
    let before = rematches::table
        .find(job.id)
        .filter(dsl::version.eq(job.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::status.eq(job.status.code()),
            dsl::rule_set_id.eq(job.rule_set),
            dsl::done.eq(job.done),
            dsl::after_id.eq(job.after),
            dsl::added.eq(job.tally.added),
            dsl::replaced.eq(job.tally.replaced),
            dsl::ended.eq(job.tally.ended),
            dsl::unchanged.eq(job.tally.unchanged),
            dsl::version.eq(job.version),
            dsl::updated_at.eq(Timestamp(job.updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// The job with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: RematchId) -> Result<Option<Rematch>> {
    let row: Option<Row> = rematches::table.find(id).first(conn).optional()?;
    row.map(rematch).transpose()
}

/// Jobs that are not at their end, the oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn running(conn: &mut Conn) -> Result<Vec<Rematch>> {
    let rows: Vec<Row> = rematches::table
        .filter(dsl::status.eq(RematchStatus::Running.code()))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(rematch).collect()
}

/// Jobs of a programme, the oldest first; one more than `limit` when there are
/// more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    programme: ProgrammeId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Rematch>> {
    let mut query = rematches::table
        .filter(dsl::programme_id.eq(programme))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(rematch).collect()
}

fn rematch(row: Row) -> Result<Rematch> {
    let Row {
        id,
        programme_id,
        top,
        min_band,
        rule_set_id,
        status,
        startups,
        done,
        after_id,
        added,
        replaced,
        ended,
        unchanged,
        started_by,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(Rematch {
        id,
        programme: programme_id,
        top,
        min_band: stored::code(&min_band, Band::from_code)?,
        rule_set: rule_set_id,
        status: stored::code(&status, RematchStatus::from_code)?,
        startups,
        done,
        after: after_id,
        tally: RematchTally {
            added,
            replaced,
            ended,
            unchanged,
        },
        by: started_by,
        version,
        created_at,
        updated_at,
    })
}
