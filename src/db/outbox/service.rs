//! What no mail server takes from us: it waits, and somebody is to mend it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{State, held};
use crate::db::prepared::Prepare;
use crate::db::schema::outbox::{self, dsl};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, page};
use crate::domain::ids::OutboxId;
use crate::domain::mail_state::Unserved;

/// How many domains it takes that refuse us until it is ours to mend: whoever
/// has one or two of their own can't make it so.
pub const SEVERAL: usize = 3;

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
        .limit(page::fetch(SEVERAL))
        .load(conn)?;
    Ok(elsewhere.len() + 1 >= SEVERAL)
}

/// A message by which our mail is not taken, and since when, where that is so at
/// least since `before`: since no server takes any, or since the third domain
/// refuses us. What one or two refuse is their own affair.
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
    let begun: Vec<(Option<String>, Option<DateTime<Utc>>)> = waiting()
        .group_by(dsl::unserved_domain)
        .select((dsl::unserved_domain, diesel::dsl::min(dsl::unserved_since)))
        .load(conn)?;
    let (mut outage, mut domains) = (None, Vec::new());
    for (domain, since) in begun {
        match domain {
            None => outage = since,
            Some(_) => domains.extend(since),
        }
    }
    domains.sort_unstable();
    let refused = domains.into_iter().nth(SEVERAL - 1);
    let Some(since) = outage.into_iter().chain(refused).min() else {
        return Ok(None);
    };
    let id: Option<OutboxId> = waiting()
        .filter(dsl::unserved_since.eq(Timestamp(since)))
        .order(dsl::id)
        .select(dsl::id)
        .first(conn)
        .optional()?;
    Ok(id.map(|id| (id, since)))
}
