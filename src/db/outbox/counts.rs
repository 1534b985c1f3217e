//! How the queue stands, for those who watch it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{State, state_of};
use crate::db::schema::outbox::{self, dsl};
use crate::db::{Conn, Result};

/// How the queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Waiting or held.
    pub pending: i64,
    /// Sent.
    pub done: i64,
    /// Given up.
    pub dead: i64,
    /// No longer wanted.
    pub cancelled: i64,
    /// Since when the longest-waiting pending message is due. In the past, it
    /// tells how far the workers are behind.
    pub oldest_due: Option<DateTime<Utc>>,
}

/// How the queue stands.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn counts(conn: &mut Conn) -> Result<Counts> {
    let by_state: Vec<(String, i64)> = outbox::table
        .group_by(dsl::state)
        .select((dsl::state, diesel::dsl::count_star()))
        .load(conn)?;
    let oldest_due = outbox::table
        .filter(dsl::state.eq(State::Pending.code()))
        .order(dsl::available_at)
        .select(dsl::available_at)
        .first(conn)
        .optional()?;
    let mut counts = Counts {
        oldest_due,
        ..Counts::default()
    };
    for (code, count) in by_state {
        match state_of(&code)? {
            State::Pending => counts.pending = count,
            State::Done => counts.done = count,
            State::Dead => counts.dead = count,
            State::Cancelled => counts.cancelled = count,
        }
    }
    Ok(counts)
}
