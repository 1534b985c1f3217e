//! What is asked of both sides after an introduction was sent.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::mail_schema::{
    introduction_follow_ups as follow_ups, introduction_pulses as pulses,
};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, sql, stored};
use crate::domain::ids::{IntroductionId, PulseId};
use crate::domain::pulse::{FollowUp, Pulse, PulseAnswer, PulseKind};
use crate::domain::values::Side;

#[derive(Queryable)]
struct FollowUpRow {
    introduction_id: IntroductionId,
    sent_at: DateTime<Utc>,
    heard_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    rounds: i32,
    next_at: Option<DateTime<Utc>>,
}

#[derive(Queryable)]
struct PulseRow {
    id: PulseId,
    introduction_id: IntroductionId,
    side: String,
    kind: String,
    expires_at: DateTime<Utc>,
    answer: Option<String>,
    _answered_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

/// What is known of an introduction since it was sent.
///
/// # Errors
/// A statement failed.
pub fn follow_up(conn: &mut Conn, id: IntroductionId) -> Result<Option<FollowUp>> {
    let row: Option<FollowUpRow> = follow_ups::table.find(id).first(conn).optional()?;
    Ok(row.map(known))
}

/// Stores what is known of an introduction.
///
/// # Errors
/// A statement failed.
pub fn put_follow_up(conn: &mut Conn, follow_up: &FollowUp) -> Result<()> {
    let FollowUp {
        introduction,
        sent_at,
        heard_at,
        closed_at,
        rounds,
        next_at,
    } = follow_up;
    let rounds = i32::try_from(*rounds).unwrap_or(i32::MAX);
    let facts = (
        follow_ups::sent_at.eq(Timestamp(*sent_at)),
        follow_ups::heard_at.eq(Timestamp(*heard_at)),
        follow_ups::closed_at.eq(closed_at.map(Timestamp)),
        follow_ups::rounds.eq(rounds),
        follow_ups::next_at.eq(next_at.map(Timestamp)),
    );
    let changed = diesel::update(follow_ups::table.find(introduction))
        .set(facts)
        .execute(conn)?;
    if changed == 0 {
        let insert = diesel::insert_into(follow_ups::table)
            .values((follow_ups::introduction_id.eq(introduction), facts))
            .on_conflict_do_nothing();
        sql::execute(conn, insert)?;
    }
    Ok(())
}

/// Up to `limit` introductions whose sides are to be asked now.
///
/// # Errors
/// A statement failed.
pub fn due_follow_ups(conn: &mut Conn, now: DateTime<Utc>, limit: usize) -> Result<Vec<FollowUp>> {
    let rows: Vec<FollowUpRow> = follow_ups::table
        .filter(follow_ups::next_at.le(Timestamp(now)))
        .order((follow_ups::next_at, follow_ups::introduction_id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    Ok(rows.into_iter().map(known).collect())
}

/// Up to `limit` introductions that haven't closed and of which nothing was
/// heard since then.
///
/// # Errors
/// A statement failed.
pub fn silent_follow_ups(
    conn: &mut Conn,
    since: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<FollowUp>> {
    let rows: Vec<FollowUpRow> = follow_ups::table
        .filter(follow_ups::closed_at.is_null())
        .filter(follow_ups::heard_at.le(Timestamp(since)))
        .filter(follow_ups::next_at.is_not_null())
        .order((follow_ups::heard_at, follow_ups::introduction_id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    Ok(rows.into_iter().map(known).collect())
}

/// Stores a new pulse.
///
/// # Errors
/// A statement failed.
pub fn insert_pulse(conn: &mut Conn, pulse: &Pulse) -> Result<()> {
    let Pulse {
        id,
        introduction,
        side,
        kind,
        expires_at,
        answer,
        created_at,
    } = pulse;
    diesel::insert_into(pulses::table)
        .values((
            pulses::id.eq(id),
            pulses::introduction_id.eq(introduction),
            pulses::side.eq(side.code()),
            pulses::kind.eq(kind.code()),
            pulses::expires_at.eq(Timestamp(*expires_at)),
            pulses::answer.eq(answer.map(PulseAnswer::code)),
            pulses::created_at.eq(Timestamp(*created_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The pulse with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_pulse(conn: &mut Conn, id: PulseId) -> Result<Option<Pulse>> {
    let row: Option<PulseRow> = pulses::table.find(id).first(conn).optional()?;
    row.map(pulse).transpose()
}

/// Every pulse of an introduction, oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn pulses_of(conn: &mut Conn, introduction: IntroductionId) -> Result<Vec<Pulse>> {
    let rows: Vec<PulseRow> = pulses::table
        .filter(pulses::introduction_id.eq(introduction))
        .order((pulses::created_at, pulses::id))
        .load(conn)?;
    rows.into_iter().map(pulse).collect()
}

/// Takes the one answer to a pulse; false when it was answered already or is
/// too old.
///
/// # Errors
/// A statement failed.
pub fn answer_pulse(
    conn: &mut Conn,
    id: PulseId,
    answer: PulseAnswer,
    now: DateTime<Utc>,
) -> Result<bool> {
    let open = pulses::table
        .find(id)
        .filter(pulses::answered_at.is_null())
        .filter(pulses::expires_at.gt(Timestamp(now)));
    let changed = diesel::update(open)
        .set((
            pulses::answer.eq(Some(answer.code())),
            pulses::answered_at.eq(Some(Timestamp(now))),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

fn known(row: FollowUpRow) -> FollowUp {
    let FollowUpRow {
        introduction_id,
        sent_at,
        heard_at,
        closed_at,
        rounds,
        next_at,
    } = row;
    FollowUp {
        introduction: introduction_id,
        sent_at,
        heard_at,
        closed_at,
        rounds: u32::try_from(rounds).unwrap_or_default(),
        next_at,
    }
}

fn pulse(row: PulseRow) -> Result<Pulse> {
    let PulseRow {
        id,
        introduction_id,
        side,
        kind,
        expires_at,
        answer,
        _answered_at,
        created_at,
    } = row;
    Ok(Pulse {
        id,
        introduction: introduction_id,
        side: stored::code(&side, Side::from_code)?,
        kind: stored::code(&kind, PulseKind::from_code)?,
        expires_at,
        answer: stored::code_some(answer.as_deref(), PulseAnswer::from_code)?,
        created_at,
    })
}
