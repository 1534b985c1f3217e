//! What no mail server takes from us: it waits, and somebody is to mend it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{State, held};
use crate::db::prepared::Prepare;
use crate::db::schema::outbox::{self, dsl};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result};
use crate::domain::ids::OutboxId;
use crate::domain::mail_state::Unserved;

/// Notes since when no mail server takes a message that `holder` has, and why;
/// none when one does again.
///
/// # Errors
/// A statement failed.
pub fn note_service(
    conn: &mut Conn,
    id: OutboxId,
    holder: Uuid,
    since: Option<(DateTime<Utc>, &Unserved)>,
) -> Result<()> {
    let domain = since.and_then(|(_, why)| why.domain());
    diesel::update(held(id, holder))
        .set((
            dsl::unserved_since.eq(since.map(|(at, _)| Timestamp(at))),
            dsl::unserved_domain.eq(domain),
        ))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// Whether mail to another domain than this is not taken from us at present.
///
/// # Errors
/// A statement failed.
pub fn is_refused_elsewhere(conn: &mut Conn, domain: &str) -> Result<bool> {
    let elsewhere = outbox::table
        .filter(dsl::unserved_since.is_not_null())
        .filter(dsl::state.eq(State::Pending.code()))
        .filter(dsl::unserved_domain.ne(domain));
    Ok(diesel::select(diesel::dsl::exists(elsewhere)).get_result(conn)?)
}

/// The message that waits for longest for a mail server to take it, of those of
/// which that is so at least since `before`, and since when: where no server
/// takes any, or several domains refuse us. What one refuses is its own affair.
///
/// # Errors
/// A statement failed.
pub fn longest_unserved(
    conn: &mut Conn,
    before: DateTime<Utc>,
) -> Result<Option<(OutboxId, DateTime<Utc>)>> {
    let waiting = || {
        outbox::table
            .filter(dsl::unserved_since.le(Timestamp(before)))
            .filter(dsl::state.eq(State::Pending.code()))
    };
    let domains: Vec<Option<String>> = waiting()
        .select(dsl::unserved_domain)
        .distinct()
        .limit(2)
        .load(conn)?;
    // One that is none stands for all of them.
    if domains.len() < 2 && domains.iter().all(Option::is_some) {
        return Ok(None);
    }
    let found: Option<(OutboxId, Option<DateTime<Utc>>)> = waiting()
        .order((dsl::unserved_since, dsl::id))
        .select((dsl::id, dsl::unserved_since))
        .first(conn)
        .optional()?;
    Ok(found.and_then(|(id, since)| Some((id, since?))))
}
