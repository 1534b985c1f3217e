//! What was taken from everybody's sight, and by whom it was brought back. Of
//! a record one suspension at a time is in force.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::prepared::Prepare;
use super::review_schema::decisions;
use super::review_schema::suspensions::{self, dsl};
use super::schema::{introduction_answers as answers, introductions};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, stored};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::suspension::{Ruling, Suspension, SuspensionGround};
use crate::domain::values::Side;

#[derive(Queryable)]
struct Row {
    id: Id,
    subject_kind: String,
    subject_id: Id,
    from_status: String,
    ground: String,
    reason: Option<String>,
    suspended_by: Option<UserId>,
    suspended_at: DateTime<Utc>,
    first_restored_by: Option<UserId>,
    _first_reason: Option<String>,
    _restored_by: Option<UserId>,
    _restored_reason: Option<String>,
    _restored_at: Option<DateTime<Utc>>,
}

/// Stores a new suspension.
///
/// # Errors
/// A statement failed: also when the record has one.
pub fn insert(conn: &mut Conn, suspension: &Suspension) -> Result<()> {
    let Suspension {
        id,
        subject,
        from,
        ground,
        reason,
        by,
        at,
        first_restored_by,
    } = suspension;
    diesel::insert_into(suspensions::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::subject_kind.eq(subject.kind.code()),
            dsl::subject_id.eq(Id::of(subject.id)),
            dsl::from_status.eq(from),
            dsl::ground.eq(ground.code()),
            dsl::reason.eq(reason.as_ref()),
            dsl::suspended_by.eq(*by),
            dsl::suspended_at.eq(Timestamp(*at)),
            dsl::first_restored_by.eq(*first_restored_by),
        ))
        .execute(conn)?;
    Ok(())
}

/// The suspension of a record that is in force.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn in_force(conn: &mut Conn, subject: Subject) -> Result<Option<Suspension>> {
    let row: Option<Row> = suspensions::table
        .filter(dsl::subject_kind.eq(subject.kind.code()))
        .filter(dsl::subject_id.eq(Id::of(subject.id)))
        .filter(dsl::restored_at.is_null())
        .first(conn)
        .optional()?;
    row.map(suspension).transpose()
}

/// Notes the first of the two people who end a suspension, and why; false when
/// somebody did before.
///
/// # Errors
/// A statement failed.
pub fn propose_end(
    conn: &mut Conn,
    id: Uuid,
    by: Option<UserId>,
    reason: Option<&str>,
) -> Result<bool> {
    let untouched = suspensions::table
        .find(Id::of(id))
        .filter(dsl::restored_at.is_null())
        .filter(dsl::first_restored_by.is_null());
    let changed = diesel::update(untouched)
        .set((
            dsl::first_restored_by.eq(by),
            dsl::first_reason.eq(reason.map(str::to_owned)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Ends a suspension by the second of two people; false when it is over, or
/// they are the first.
///
/// # Errors
/// A statement failed.
pub fn end(
    conn: &mut Conn,
    id: Uuid,
    by: UserId,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    // A comparison with an absent first person is never true.
    let asked_for = suspensions::table
        .find(Id::of(id))
        .filter(dsl::restored_at.is_null())
        .filter(dsl::first_restored_by.ne(by));
    let changed = diesel::update(asked_for)
        .set((
            dsl::restored_by.eq(Some(by)),
            dsl::restored_reason.eq(reason.map(str::to_owned)),
            dsl::restored_at.eq(Some(Timestamp(now))),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Ends the suspension of a record that is erased, if one is in force.
///
/// # Errors
/// A statement failed.
pub fn close(conn: &mut Conn, subject: Subject, by: UserId, now: DateTime<Utc>) -> Result<()> {
    let in_force = suspensions::table
        .filter(dsl::subject_kind.eq(subject.kind.code()))
        .filter(dsl::subject_id.eq(Id::of(subject.id)))
        .filter(dsl::restored_at.is_null());
    diesel::update(in_force)
        .set((
            dsl::restored_by.eq(Some(by)),
            dsl::restored_at.eq(Some(Timestamp(now))),
        ))
        .execute(conn)?;
    Ok(())
}

/// The firms that reported what this one asked of them as abuse, but for the
/// reports that were dismissed.
///
/// # Errors
/// A statement failed.
pub fn reporters_of(conn: &mut Conn, firm: OrganizationId) -> Result<BTreeSet<OrganizationId>> {
    let reported = answers::table
        .filter(answers::introduction_id.eq(introductions::id))
        .filter(answers::answer.eq("report_abuse"));
    let asked = introductions::startup_id
        .eq(firm)
        .and(introductions::requester.eq(Side::Startup.code()))
        .or(introductions::investor_id
            .eq(firm)
            .and(introductions::requester.eq(Side::Investor.code())));
    let dismissed = decisions::table
        .filter(decisions::subject_kind.eq(SubjectKind::Introduction.code()))
        .filter(decisions::action.eq(Ruling::Dismiss.action()))
        .select(decisions::subject_id);
    let pairs: Vec<(OrganizationId, OrganizationId)> = introductions::table
        .filter(asked)
        .filter(introductions::id.ne_all(dismissed))
        .filter(diesel::dsl::exists(reported))
        .select((introductions::startup_id, introductions::investor_id))
        .load(conn)?;
    let other = |(startup, investor)| if startup == firm { investor } else { startup };
    Ok(pairs.into_iter().map(other).collect())
}

fn suspension(row: Row) -> Result<Suspension> {
    let kind = SubjectKind::from_code(&row.subject_kind)
        .ok_or_else(|| Error::Corrupt(format!("a suspended \"{}\"", row.subject_kind)))?;
    Ok(Suspension {
        id: row.id.uuid(),
        subject: Subject::new(kind, row.subject_id),
        from: row.from_status,
        ground: stored::code(&row.ground, SuspensionGround::from_code)?,
        reason: row.reason,
        by: row.suspended_by,
        at: row.suspended_at,
        first_restored_by: row.first_restored_by,
    })
}
