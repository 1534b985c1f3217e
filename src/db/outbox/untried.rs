//! What a worker does with a message that it holds and has not tried.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::held;
use crate::db::prepared::Prepare;
use crate::db::schema::outbox::dsl;
use crate::db::types::{Id, Timestamp};
use crate::db::{Conn, Result};
use crate::domain::ids::OutboxId;
use crate::domain::mail_state::Hold;

/// Puts it off until `at` untried, so that the attempt doesn't count, and says
/// why it waits, unless that is only for its turn; false if `holder` no longer
/// has it.
///
/// # Errors
/// A statement failed.
pub fn put_off(
    conn: &mut Conn,
    id: OutboxId,
    holder: Uuid,
    at: DateTime<Utc>,
    why: Option<Hold>,
) -> Result<bool> {
    undate(conn, id, holder)?;
    let changed = diesel::update(held(id, holder).filter(dsl::attempts.gt(0)))
        .set((
            dsl::holder.eq(None::<Id>),
            dsl::available_at.eq(Timestamp(at)),
            dsl::attempts.eq(dsl::attempts - 1),
            dsl::hold.eq(why.map(Hold::code)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Gives it back untried, for a worker that stops; false if `holder` no
/// longer has it.
///
/// # Errors
/// A statement failed.
pub fn release(conn: &mut Conn, id: OutboxId, holder: Uuid, now: DateTime<Utc>) -> Result<bool> {
    undate(conn, id, holder)?;
    let changed = diesel::update(held(id, holder).filter(dsl::attempts.gt(0)))
        .set((
            dsl::holder.eq(None::<Id>),
            dsl::available_at.eq(Timestamp(now)),
            dsl::attempts.eq(dsl::attempts - 1),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// What was never tried, nor may have gone out when a worker died, is dated
/// when it is.
fn undate(conn: &mut Conn, id: OutboxId, holder: Uuid) -> Result<()> {
    let untried = dsl::attempts.le(1).and(dsl::sending_since.is_null());
    diesel::update(held(id, holder).filter(untried))
        .set(dsl::first_tried_at.eq(None::<Timestamp>))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// Takes the attempt that runs out of the count.
///
/// # Errors
/// A statement failed.
pub fn uncount(conn: &mut Conn, id: OutboxId, holder: Uuid) -> Result<()> {
    diesel::update(held(id, holder).filter(dsl::attempts.gt(0)))
        .set(dsl::attempts.eq(dsl::attempts - 1))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// Keeps it for the same worker until `until`; false if `holder` no longer has
/// it, and then it must not go on sending.
///
/// # Errors
/// A statement failed.
pub fn renew(conn: &mut Conn, id: OutboxId, holder: Uuid, until: DateTime<Utc>) -> Result<bool> {
    let changed = diesel::update(held(id, holder))
        .set(dsl::available_at.eq(Timestamp(until)))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}
