//! What became of an attempt, noted by the worker that made it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{State, held, short};
use crate::db::prepared::Prepare;
use crate::db::schema::outbox::{self, dsl};
use crate::db::types::{Id, Timestamp};
use crate::db::{Conn, Result, envelopes};
use crate::domain::ids::OutboxId;
use crate::domain::mail_state::KEPT_BACK;

/// Notes that it was sent; false if `holder` no longer has it.
///
/// # Errors
/// A statement failed.
pub fn done(conn: &mut Conn, id: OutboxId, holder: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let changed = diesel::update(held(id, holder))
        .set((
            dsl::state.eq(State::Done.code()),
            dsl::holder.eq(None::<Id>),
            dsl::last_error.eq(None::<&str>),
            dsl::finished_at.eq(Some(Timestamp(now))),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Notes that it was not sent because it is no longer wanted, or, as
/// `cancelled`, because its reader gets no such mail, and why; false if
/// `holder` no longer has it.
///
/// # Errors
/// A statement failed.
pub fn dropped(
    conn: &mut Conn,
    id: OutboxId,
    holder: Uuid,
    (why, cancelled): (&str, bool),
    now: DateTime<Utc>,
) -> Result<bool> {
    let state = if cancelled {
        State::Cancelled
    } else {
        State::Done
    };
    let changed = diesel::update(held(id, holder))
        .set((
            dsl::state.eq(state.code()),
            dsl::holder.eq(None::<Id>),
            dsl::last_error.eq(Some(short(why))),
            dsl::finished_at.eq(Some(Timestamp(now))),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Puts it back to be tried again at `at`; false if `holder` no longer has it.
/// The error is a short code and at most the server's own words.
///
/// # Errors
/// A statement failed.
pub fn retry(
    conn: &mut Conn,
    id: OutboxId,
    holder: Uuid,
    at: DateTime<Utc>,
    error: &str,
) -> Result<bool> {
    let changed = diesel::update(held(id, holder))
        .set((
            dsl::holder.eq(None::<Id>),
            dsl::available_at.eq(Timestamp(at)),
            dsl::last_error.eq(Some(short(error))),
            dsl::hold.eq(None::<&str>),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Counts that it may have gone out without the server's word for it.
///
/// # Errors
/// A statement failed.
pub fn doubted(conn: &mut Conn, id: OutboxId) -> Result<()> {
    diesel::update(outbox::table.find(id))
        .set(dsl::doubts.eq(dsl::doubts + 1))
        .execute(conn)?;
    Ok(())
}

/// Gives it up; false if `holder` no longer has it.
///
/// # Errors
/// A statement failed.
pub fn dead(
    conn: &mut Conn,
    id: OutboxId,
    holder: Uuid,
    error: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = diesel::update(held(id, holder))
        .set((
            dsl::state.eq(State::Dead.code()),
            dsl::holder.eq(None::<Id>),
            dsl::last_error.eq(Some(short(error))),
            dsl::finished_at.eq(Some(Timestamp(now))),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Notes that a message didn't arrive after all; false if that was known.
///
/// # Errors
/// A statement failed.
pub fn bounced(conn: &mut Conn, id: OutboxId, now: DateTime<Utc>) -> Result<bool> {
    let first = outbox::table.find(id).filter(dsl::bounced_at.is_null());
    let changed = diesel::update(first)
        .set(dsl::bounced_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Notes what the mail server said when it took a message.
///
/// # Errors
/// A statement failed.
pub fn answered(conn: &mut Conn, id: OutboxId, answer: &str) -> Result<()> {
    diesel::update(outbox::table.find(id))
        .set(dsl::last_answer.eq(Some(short(answer))))
        .execute(conn)?;
    Ok(())
}

/// Brings a message back that was given up, came back or was kept from its
/// address: due at once, with its attempts and refusals forgotten; false if it
/// is none of these.
///
/// # Errors
/// A statement failed.
pub fn revive(conn: &mut Conn, id: OutboxId, now: DateTime<Utc>) -> Result<bool> {
    let ended = [State::Done, State::Cancelled].map(State::code);
    let came_back = dsl::bounced_at
        .is_not_null()
        .or(dsl::last_error.eq_any(KEPT_BACK));
    let revived = dsl::state
        .eq(State::Dead.code())
        .or(dsl::state.eq_any(ended).and(came_back.assume_not_null()));
    let changed = diesel::update(outbox::table.find(id).filter(revived))
        .set((
            dsl::state.eq(State::Pending.code()),
            dsl::attempts.eq(0),
            dsl::available_at.eq(Timestamp(now)),
            dsl::finished_at.eq(None::<Timestamp>),
            dsl::bounced_at.eq(None::<Timestamp>),
            dsl::hold.eq(None::<&str>),
            dsl::doubts.eq(0),
            dsl::unserved_since.eq(None::<Timestamp>),
        ))
        .execute(conn)?;
    if changed == 1 {
        // What nobody can have got is dated anew.
        let fresh = outbox::table.find(id).filter(dsl::sending_since.is_null());
        diesel::update(fresh)
            .set(dsl::first_tried_at.eq(None::<Timestamp>))
            .execute(conn)?;
        envelopes::reopen_refused(conn, id)?;
    }
    Ok(changed == 1)
}
