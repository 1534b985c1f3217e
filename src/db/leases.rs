//! Leases elect who does something alone: a name, a holder, an end.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::prepared::Prepare;
use super::schema::leases;
use super::types::{Id, Timestamp};
use super::{Conn, Result, sql};

/// Takes or prolongs the lease `name` until `until`: true if `holder` has it
/// now, false while another one's lasts beyond `now`.
///
/// # Errors
/// A statement failed.
pub fn claim(
    conn: &mut Conn,
    name: &str,
    holder: Uuid,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let mine_or_over = leases::holder
        .eq(Id::of(holder))
        .or(leases::until.le(Timestamp(now)));
    let taken = diesel::update(leases::table.find(name).filter(mine_or_over))
        .set((
            leases::holder.eq(Id::of(holder)),
            leases::until.eq(Timestamp(until)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(taken == 1 || sql::insert_lease(conn, name, Id::of(holder), Timestamp(until))? == 1)
}

/// Gives the lease back, if `holder` still has it.
///
/// # Errors
/// A statement failed.
pub fn release(conn: &mut Conn, name: &str, holder: Uuid) -> Result<()> {
    diesel::delete(
        leases::table
            .find(name)
            .filter(leases::holder.eq(Id::of(holder))),
    )
    .execute(conn)?;
    Ok(())
}
