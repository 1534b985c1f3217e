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

/// Notes since when no mail server takes a message that `holder` has; none when
/// one does again.
///
/// # Errors
/// A statement failed.
pub fn note_service(
    conn: &mut Conn,
    id: OutboxId,
    holder: Uuid,
    since: Option<DateTime<Utc>>,
) -> Result<()> {
    diesel::update(held(id, holder))
        .set(dsl::unserved_since.eq(since.map(Timestamp)))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// The message that no mail server takes for longest, of those of which that is
/// so at least since `before`; and since when.
///
/// # Errors
/// A statement failed.
pub fn longest_unserved(
    conn: &mut Conn,
    before: DateTime<Utc>,
) -> Result<Option<(OutboxId, DateTime<Utc>)>> {
    let found: Option<(OutboxId, Option<DateTime<Utc>>)> = outbox::table
        .filter(dsl::unserved_since.le(Timestamp(before)))
        .filter(dsl::state.eq(State::Pending.code()))
        .order((dsl::unserved_since, dsl::id))
        .select((dsl::id, dsl::unserved_since))
        .first(conn)
        .optional()?;
    Ok(found.and_then(|(id, since)| Some((id, since?))))
}
