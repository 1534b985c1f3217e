//! Questions to the people of a side. One is answered once: the change of
//! its state is one statement that says what it expects.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::prepared::Prepare;
use crate::db::schema::introduction_asks::{self, dsl};
use crate::db::schema::introductions;
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, stored};
use crate::domain::ids::{AskId, IntroductionId, UserId};
use crate::domain::introduction::{Ask, AskState, IntroductionStatus};
use crate::domain::values::Side;

/// The clock of a question stands while its introduction does.
const FROZEN: &str = IntroductionStatus::Frozen.code();

#[derive(Queryable)]
struct Row {
    id: AskId,
    introduction_id: IntroductionId,
    side: String,
    person_id: UserId,
    state: String,
    expires_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    remind_at: Option<DateTime<Utc>>,
    reminders: i32,
}

/// Stores a new question.
///
/// # Errors
/// A statement failed.
pub fn insert_ask(conn: &mut Conn, ask: &Ask) -> Result<()> {
    let Ask {
        id,
        introduction,
        side,
        person,
        state,
        expires_at,
        created_at,
        remind_at,
        reminders,
    } = ask;
    diesel::insert_into(introduction_asks::table)
        .values((
            dsl::id.eq(id),
            dsl::introduction_id.eq(introduction),
            dsl::side.eq(side.code()),
            dsl::person_id.eq(person),
            dsl::state.eq(state.code()),
            dsl::expires_at.eq(Timestamp(*expires_at)),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::remind_at.eq(remind_at.map(Timestamp)),
            dsl::reminders.eq(i32::try_from(*reminders).unwrap_or(i32::MAX)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The question with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_ask(conn: &mut Conn, id: AskId) -> Result<Option<Ask>> {
    let row: Option<Row> = introduction_asks::table.find(id).first(conn).optional()?;
    row.map(ask).transpose()
}

/// The questions of an introduction, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn asks(conn: &mut Conn, introduction: IntroductionId) -> Result<Vec<Ask>> {
    let rows: Vec<Row> = introduction_asks::table
        .filter(dsl::introduction_id.eq(introduction))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(ask).collect()
}

/// The questions of several introductions, of each from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn asks_of(conn: &mut Conn, introductions: &[IntroductionId]) -> Result<Vec<Ask>> {
    let rows: Vec<Row> = introduction_asks::table
        .filter(dsl::introduction_id.eq_any(introductions.to_vec()))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(ask).collect()
}

/// Takes the one answer to a question; false when it was answered already, is
/// void or has run out.
///
/// # Errors
/// A statement failed.
pub fn answer_ask(conn: &mut Conn, id: AskId, now: DateTime<Utc>) -> Result<bool> {
    let open = introduction_asks::table
        .find(id)
        .filter(dsl::state.eq(AskState::Open.code()))
        .filter(dsl::expires_at.gt(Timestamp(now)));
    let changed = diesel::update(open)
        .set(dsl::state.eq(AskState::Answered.code()))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Voids the open questions of an introduction and answers how many there
/// were.
///
/// # Errors
/// A statement failed.
pub fn kill_asks(conn: &mut Conn, introduction: IntroductionId) -> Result<usize> {
    let open = introduction_asks::table
        .filter(dsl::introduction_id.eq(introduction))
        .filter(dsl::state.eq(AskState::Open.code()));
    Ok(diesel::update(open)
        .set(dsl::state.eq(AskState::Dead.code()))
        .prepared()
        .execute(conn)?)
}

/// The open questions to a person.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn open_asks_to(conn: &mut Conn, person: UserId) -> Result<Vec<Ask>> {
    let rows: Vec<Row> = introduction_asks::table
        .filter(dsl::person_id.eq(person))
        .filter(dsl::state.eq(AskState::Open.code()))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(ask).collect()
}

/// Voids one open question; false when it isn't open.
///
/// # Errors
/// A statement failed.
pub fn kill_ask(conn: &mut Conn, id: AskId) -> Result<bool> {
    let open = introduction_asks::table
        .find(id)
        .filter(dsl::state.eq(AskState::Open.code()));
    let changed = diesel::update(open)
        .set(dsl::state.eq(AskState::Dead.code()))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Gives an open question more time; false when it isn't open.
///
/// # Errors
/// A statement failed.
pub fn extend_ask(conn: &mut Conn, id: AskId, expires_at: DateTime<Utc>) -> Result<bool> {
    let open = introduction_asks::table
        .find(id)
        .filter(dsl::state.eq(AskState::Open.code()));
    let changed = diesel::update(open)
        .set(dsl::expires_at.eq(Timestamp(expires_at)))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Up to `limit` open questions whose time has run out, the longest due
/// first; none of what stands still in a freeze.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn due_asks(conn: &mut Conn, now: DateTime<Utc>, limit: usize) -> Result<Vec<Ask>> {
    let rows: Vec<Row> = introduction_asks::table
        .filter(dsl::state.eq(AskState::Open.code()))
        .filter(dsl::expires_at.le(Timestamp(now)))
        .filter(diesel::dsl::exists(
            introductions::table
                .filter(introductions::id.eq(dsl::introduction_id))
                .filter(introductions::status.ne(FROZEN)),
        ))
        .order((dsl::expires_at, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(ask).collect()
}

/// Whether anybody is to be reminded now.
///
/// # Errors
/// A statement failed.
pub fn is_any_to_remind(conn: &mut Conn, now: DateTime<Utc>) -> Result<bool> {
    let due = introduction_asks::table
        .filter(dsl::state.eq("open"))
        .filter(dsl::remind_at.le(Timestamp(now)));
    Ok(diesel::select(diesel::dsl::exists(due)).get_result(conn)?)
}

/// Up to `limit` open questions whose person is to be reminded, the longest
/// due first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn to_remind(conn: &mut Conn, now: DateTime<Utc>, limit: usize) -> Result<Vec<Ask>> {
    let rows: Vec<Row> = introduction_asks::table
        .filter(dsl::state.eq("open"))
        .filter(dsl::remind_at.le(Timestamp(now)))
        .filter(diesel::dsl::exists(
            introductions::table
                .filter(introductions::id.eq(dsl::introduction_id))
                .filter(introductions::status.ne(FROZEN)),
        ))
        .order((dsl::remind_at, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(ask).collect()
}

/// Notes how often the person was reminded, and when they are next.
///
/// # Errors
/// A statement failed.
pub fn note_reminder(
    conn: &mut Conn,
    id: AskId,
    reminders: u32,
    next: Option<DateTime<Utc>>,
) -> Result<()> {
    diesel::update(introduction_asks::table.find(id))
        .set((
            dsl::reminders.eq(i32::try_from(reminders).unwrap_or(i32::MAX)),
            dsl::remind_at.eq(next.map(Timestamp)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(())
}

fn ask(row: Row) -> Result<Ask> {
    let Row {
        id,
        introduction_id,
        side,
        person_id,
        state,
        expires_at,
        created_at,
        remind_at,
        reminders,
    } = row;
    Ok(Ask {
        id,
        introduction: introduction_id,
        side: stored::code(&side, Side::from_code)?,
        person: person_id,
        state: stored::code(&state, AskState::from_code)?,
        expires_at,
        created_at,
        remind_at,
        reminders: u32::try_from(reminders).unwrap_or_default(),
    })
}
