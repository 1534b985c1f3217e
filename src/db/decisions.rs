//! Why compliance let a record through or stopped it. None is ever changed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::review_schema::decisions::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, keyset};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::UserId;

/// One person's decision about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its id.
    pub id: Uuid,
    /// About which record.
    pub subject: Subject,
    /// What was done, by the action's code.
    pub action: String,
    /// Why, in words.
    pub reason: String,
    /// Who decided.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    subject_kind: String,
    subject_id: Id,
    action: String,
    reason: String,
    decided_by: UserId,
    created_at: DateTime<Utc>,
}

/// Stores a decision.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, decision: &Decision) -> Result<()> {
    let Decision {
        id,
        subject,
        action,
        reason,
        by,
        at,
    } = decision;
    diesel::insert_into(decisions::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::subject_kind.eq(subject.kind.code()),
            dsl::subject_id.eq(Id::of(subject.id)),
            dsl::action.eq(action),
            dsl::reason.eq(reason),
            dsl::decided_by.eq(by),
            dsl::created_at.eq(Timestamp(*at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// One decision.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Decision>> {
    let row: Option<Row> = decisions::table.find(Id::of(id)).first(conn).optional()?;
    row.map(decision).transpose()
}

/// The decisions about a record, from the oldest on; one more than `limit` when
/// there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    subject: Subject,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Decision>> {
    let mut query = decisions::table
        .filter(dsl::subject_kind.eq(subject.kind.code()))
        .filter(dsl::subject_id.eq(Id::of(subject.id)))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(decision).collect()
}

fn decision(row: Row) -> Result<Decision> {
    let Row {
        id,
        subject_kind,
        subject_id,
        action,
        reason,
        decided_by,
        created_at,
    } = row;
    let kind = SubjectKind::from_code(&subject_kind)
        .ok_or_else(|| Error::Corrupt(format!("a decision about a \"{subject_kind}\"")))?;
    Ok(Decision {
        id: id.uuid(),
        subject: Subject::new(kind, subject_id),
        action,
        reason,
        by: decided_by,
        at: created_at,
    })
}
