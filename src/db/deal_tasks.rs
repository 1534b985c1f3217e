//! What is to be done about deals.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::deal_notes::shown_camps;
use super::deal_schema::deal_tasks::{self, dsl};
use super::page::{self, Cursor};
use super::types::Timestamp;
use super::worklist::{Owners, Under};
use super::{Conn, Result, keyset, stored};
use crate::domain::deal_work::{Camp, DealTask, Reader, TaskDetails, TaskStatus, Visibility};
use crate::domain::ids::{DealId, DealTaskId, ProgrammeId, UserId};

/// Which tasks to list; what is absent doesn't matter.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// About that deal.
    pub deal: DealId,
    /// That stand so.
    pub status: Option<TaskStatus>,
    /// To be done by those people.
    pub assignee: Option<Camp>,
}

#[derive(Queryable)]
struct Row {
    id: DealTaskId,
    deal_id: DealId,
    title: String,
    due: NaiveDate,
    assignee: String,
    person_id: Option<UserId>,
    visibility: String,
    camp: String,
    author_id: UserId,
    status: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Stores a new task.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, task: &DealTask) -> Result<()> {
    let DealTask {
        id,
        deal,
        details,
        author,
        camp,
        status,
        version,
        created_at,
        updated_at,
    } = task;
    diesel::insert_into(deal_tasks::table)
        .values((
            dsl::id.eq(id),
            dsl::deal_id.eq(deal),
            dsl::title.eq(&details.title),
            dsl::due.eq(details.due),
            dsl::assignee.eq(details.assignee.code()),
            dsl::person_id.eq(details.person),
            dsl::visibility.eq(details.visibility.code()),
            dsl::camp.eq(camp.code()),
            dsl::author_id.eq(author),
            dsl::status.eq(status.code()),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Stores the new state of a task, its version risen by one; false when
/// somebody else was first. Who wrote it and who learns of it never changes.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, task: &DealTask) -> Result<bool> {
    let DealTask {
        id,
        deal: _,
        details,
        author: _,
        camp: _,
        status,
        version,
        created_at: _,
        updated_at,
    } = task;
    let before = deal_tasks::table
        .find(id)
        .filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::title.eq(&details.title),
            dsl::due.eq(details.due),
            dsl::assignee.eq(details.assignee.code()),
            dsl::person_id.eq(details.person),
            dsl::status.eq(status.code()),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// The task with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: DealTaskId) -> Result<Option<DealTask>> {
    let row: Option<Row> = deal_tasks::table.find(id).first(conn).optional()?;
    row.map(task).transpose()
}

/// The tasks of a deal that their reader learns of, from the oldest on; one
/// more than `limit` when there are more. Those that are `veiled` only their own
/// side's people do.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    reader: &Reader,
    veiled: &[DealTaskId],
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<DealTask>> {
    let camps: Vec<_> = reader.camps.iter().map(|camp| camp.code()).collect();
    let across = dsl::visibility
        .eq(Visibility::Both.code())
        .and(dsl::camp.eq_any(shown_camps(reader)))
        .and(dsl::id.ne_all(veiled.to_vec()));
    let own = dsl::visibility
        .eq(Visibility::Private.code())
        .and(dsl::author_id.eq(reader.person));
    let ours = dsl::visibility
        .ne(Visibility::Private.code())
        .and(dsl::camp.eq_any(camps));
    let mut query = deal_tasks::table
        .filter(dsl::deal_id.eq(filter.deal))
        .filter(own.or(ours).or(across))
        .into_boxed();
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(assignee) = filter.assignee {
        query = query.filter(dsl::assignee.eq(assignee.code()));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(task).collect()
}

/// Open tasks that somebody may have to do, the first due first: of the
/// operator's people where `firms` is none, else of those firms where they
/// stand on a side of a deal. What is somebody else's own is left out; whether
/// they learn of the others is still to be asked. Each with its deal's programme.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn waiting(
    conn: &mut Conn,
    person: UserId,
    (firms, under): (Owners<'_>, Under),
    limit: i64,
) -> Result<Vec<(DealTask, ProgrammeId)>> {
    use super::schema::deals;

    let mut query = deal_tasks::table
        .inner_join(deals::table.on(deals::id.eq(dsl::deal_id)))
        .filter(dsl::status.eq(TaskStatus::Open.code()))
        .filter(dsl::person_id.is_null().or(dsl::person_id.eq(person)))
        .into_boxed();
    query = match firms {
        None => query.filter(dsl::assignee.eq(Camp::Operator.code())),
        Some(firms) => {
            let startup = dsl::assignee
                .eq(Camp::Startup.code())
                .and(deals::startup_id.eq_any(firms.to_vec()));
            let investor = dsl::assignee
                .eq(Camp::Investor.code())
                .and(deals::investor_id.eq_any(firms.to_vec()));
            query.filter(startup.or(investor))
        }
    };
    if let Some(programme) = under {
        query = query.filter(deals::programme_id.eq(programme));
    }
    let rows: Vec<(Row, ProgrammeId)> = query
        .order((dsl::due, dsl::id))
        .limit(limit)
        .select((deal_tasks::all_columns, deals::programme_id))
        .load(conn)?;
    rows.into_iter()
        .map(|(row, programme)| Ok((task(row)?, programme)))
        .collect()
}

fn task(row: Row) -> Result<DealTask> {
    let Row {
        id,
        deal_id,
        title,
        due,
        assignee,
        person_id,
        visibility,
        camp,
        author_id,
        status,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(DealTask {
        id,
        deal: deal_id,
        details: TaskDetails {
            title,
            due,
            assignee: stored::code(&assignee, Camp::from_code)?,
            person: person_id,
            visibility: stored::code(&visibility, Visibility::from_code)?,
        },
        author: author_id,
        camp: stored::code(&camp, Camp::from_code)?,
        status: stored::code(&status, TaskStatus::from_code)?,
        version,
        created_at,
        updated_at,
    })
}
