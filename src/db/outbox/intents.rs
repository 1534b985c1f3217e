//! What was queued for intents whose keys begin alike.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::State;
use crate::db::schema::outbox::{self, dsl};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result};

/// The keys of what waits, or is in a worker's hands.
///
/// # Errors
/// A statement failed.
pub fn waiting(conn: &mut Conn, prefix: &str) -> Result<Vec<String>> {
    let end = format!("{prefix}{}", char::MAX);
    Ok(outbox::table
        .filter(dsl::intent_key.ge(prefix).and(dsl::intent_key.lt(end)))
        .filter(dsl::state.eq(State::Pending.code()))
        .select(dsl::intent_key)
        .load(conn)?)
}

/// How many were queued since, whatever became of them.
///
/// # Errors
/// A statement failed.
pub fn count_since(conn: &mut Conn, prefix: &str, since: DateTime<Utc>) -> Result<i64> {
    let end = format!("{prefix}{}", char::MAX);
    Ok(outbox::table
        .filter(dsl::intent_key.ge(prefix).and(dsl::intent_key.lt(end)))
        .filter(dsl::created_at.ge(Timestamp(since)))
        .count()
        .get_result(conn)?)
}
