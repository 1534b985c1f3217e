//! The pipelines that deals go through, in versions; those of no programme came
//! with the service.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;

use super::page::{self, Cursor};
use super::rule_schema::pipeline_sets::{self, dsl};
use super::schema::deals;
use super::transaction::transaction;
use super::types::Timestamp;
use super::{Conn, Error, Result, json, keyset, sql, stored};
use crate::domain::ids::{PipelineSetId, ProgrammeId};
use crate::domain::pipeline_set::{KeptPipelineSet, PipelineSetStatus};

/// Which sets to list; what is absent doesn't matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Of that programme.
    pub programme: Option<ProgrammeId>,
    /// In that state.
    pub status: Option<PipelineSetStatus>,
}

#[derive(Queryable)]
struct Row {
    id: PipelineSetId,
    programme_id: Option<ProgrammeId>,
    status: String,
    published_at: Option<DateTime<Utc>>,
    document: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn kept(row: Row) -> Result<KeptPipelineSet> {
    let Row {
        id,
        programme_id,
        status,
        published_at,
        document,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(KeptPipelineSet {
        id,
        programme: programme_id,
        set: json::pipeline_set::decode(&document)?,
        status: stored::code(&status, PipelineSetStatus::from_code)?,
        published_at,
        version,
        created_at,
        updated_at,
    })
}

/// Stores a new set.
///
/// # Errors
/// A statement failed, also where its programme has published another one.
pub fn insert(conn: &mut Conn, new: &KeptPipelineSet) -> Result<()> {
    let KeptPipelineSet {
        id,
        programme,
        set,
        status,
        published_at,
        version,
        created_at,
        updated_at,
    } = new;
    let insert = diesel::insert_into(pipeline_sets::table).values((
        dsl::id.eq(id),
        dsl::programme_id.eq(*programme),
        dsl::status.eq(status.code()),
        dsl::published_at.eq(published_at.map(Timestamp)),
        dsl::document.eq(json::pipeline_set::encode(set)?),
        dsl::version.eq(version),
        dsl::created_at.eq(Timestamp(*created_at)),
        dsl::updated_at.eq(Timestamp(*updated_at)),
    ));
    sql::execute(conn, insert)?;
    Ok(())
}

/// Stores the new state of a set, its version risen by one; false when somebody
/// else was first, with this one or with another of its programme.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, after: &KeptPipelineSet) -> Result<bool> {
    let KeptPipelineSet {
        id,
        programme: _,
        set,
        status,
        published_at,
        version,
        created_at: _,
        updated_at,
    } = after;
    let update = diesel::update(pipeline_sets::table)
        .filter(dsl::id.eq(id))
        .filter(dsl::version.eq(version - 1))
        .set((
            dsl::status.eq(status.code()),
            dsl::published_at.eq(published_at.map(Timestamp)),
            dsl::document.eq(json::pipeline_set::encode(set)?),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ));
    // In a savepoint, as PostgreSQL wants it.
    match transaction(conn, |conn| sql::execute(conn, update)) {
        Err(Error::Diesel(DatabaseError(UniqueViolation, _))) => Ok(false),
        done => Ok(done? == 1),
    }
}

/// The set with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: PipelineSetId) -> Result<Option<KeptPipelineSet>> {
    let row: Option<Row> = pipeline_sets::table.find(id).first(conn).optional()?;
    row.map(kept).transpose()
}

/// Sets from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<KeptPipelineSet>> {
    let mut query = pipeline_sets::table.into_boxed();
    if let Some(programme) = filter.programme {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(kept).collect()
}

/// The set that a programme published and not retired.
///
/// # Errors
/// A statement failed.
pub fn published_of(conn: &mut Conn, programme: ProgrammeId) -> Result<Option<PipelineSetId>> {
    let found = pipeline_sets::table
        .filter(dsl::programme_id.eq(programme))
        .filter(dsl::status.eq(PipelineSetStatus::Published.code()))
        .select(dsl::id)
        .first(conn)
        .optional()?;
    Ok(found)
}

/// Has whoever else puts a set of the service on record wait until the open
/// transaction ends.
///
/// # Errors
/// A statement failed.
pub fn lock(conn: &mut Conn) -> Result<()> {
    sql::lock_pipelines(conn)
}

/// All sets that came with the service, the newest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_service(conn: &mut Conn) -> Result<Vec<KeptPipelineSet>> {
    let rows: Vec<Row> = pipeline_sets::table
        .filter(dsl::programme_id.is_null())
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .load(conn)?;
    rows.into_iter().map(kept).collect()
}

/// The newest set that came with the service.
///
/// # Errors
/// A statement failed.
pub fn newest_of_service(conn: &mut Conn) -> Result<Option<PipelineSetId>> {
    let found = pipeline_sets::table
        .filter(dsl::programme_id.is_null())
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .select(dsl::id)
        .first(conn)
        .optional()?;
    Ok(found)
}

/// The sets under which deals of these programmes may have been opened: their own
/// that were ever published, and the service's.
///
/// # Errors
/// A statement failed.
pub fn ever_published(conn: &mut Conn, programmes: &[ProgrammeId]) -> Result<Vec<PipelineSetId>> {
    let own = dsl::programme_id.eq_any(programmes.to_vec());
    Ok(pipeline_sets::table
        .filter(dsl::published_at.is_not_null())
        .filter(dsl::programme_id.is_null().or(own))
        .order((dsl::created_at, dsl::id))
        .select(dsl::id)
        .load(conn)?)
}

/// Says of deals from before there were versions under which they were opened;
/// answers how many.
///
/// # Errors
/// A statement failed.
pub fn adopt(conn: &mut Conn, id: PipelineSetId) -> Result<usize> {
    let bare = deals::table.filter(deals::dsl::pipeline_set_id.is_null());
    let update = diesel::update(bare).set(deals::dsl::pipeline_set_id.eq(id));
    sql::execute(conn, update)
}

/// Where deals stand: each version, pipeline and stage once.
///
/// # Errors
/// A statement failed.
pub fn places(conn: &mut Conn) -> Result<Vec<(Option<PipelineSetId>, String, String)>> {
    Ok(deals::table
        .select((
            deals::dsl::pipeline_set_id,
            deals::dsl::pipeline,
            deals::dsl::stage,
        ))
        .distinct()
        .load(conn)?)
}
