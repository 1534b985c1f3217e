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

/// How many domains it takes that refuse us until it is ours to mend: whoever
/// has one or two of their own can't make it so.
const SEVERAL: i64 = 3;

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

/// Whether mail to so many other domains than this is not taken from us at
/// present that it is ours to mend.
///
/// # Errors
/// A statement failed.
pub fn is_refused_elsewhere(conn: &mut Conn, domain: &str) -> Result<bool> {
    let elsewhere: Vec<Option<String>> = outbox::table
        .filter(dsl::unserved_since.is_not_null())
        .filter(dsl::state.eq(State::Pending.code()))
        .filter(dsl::unserved_domain.ne(domain))
        .select(dsl::unserved_domain)
        .distinct()
        .limit(SEVERAL - 1)
        .load(conn)?;
    Ok(elsewhere.len() + 1 >= usize::try_from(SEVERAL).unwrap_or(usize::MAX))
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
        // With the one that is none, which stands for all of them.
        .limit(SEVERAL + 1)
        .load(conn)?;
    let named = domains.iter().flatten().count();
    let are_several = named >= usize::try_from(SEVERAL).unwrap_or(usize::MAX);
    if !are_several && !domains.contains(&None) {
        return Ok(None);
    }
    let mut waiting = waiting().into_boxed();
    if !are_several {
        // What one domain refused before tells nothing of an outage.
        waiting = waiting.filter(dsl::unserved_domain.is_null());
    }
    let found: Option<(OutboxId, Option<DateTime<Utc>>)> = waiting
        .order((dsl::unserved_since, dsl::id))
        .select((dsl::id, dsl::unserved_since))
        .first(conn)
        .optional()?;
    Ok(found.and_then(|(id, since)| Some((id, since?))))
}
