//! Erasing a person, and what erasing a record has in common. A person goes by
//! their own wish, or by an admin for somebody whose account is closed. The
//! account, its parts and all that bears their address goes; what firms say, did
//! and agreed to stays, by an id that leads to nobody. What the law wants kept,
//! the proof of what they agreed to, stays until it ends and is then without a
//! name, too.

use chrono::{DateTime, Utc};

use crate::db::{self, Conn, erasure};
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::refusal::Refusal;

use super::accounts::check_password;
use super::people::{keeps_its_keepers, switch};
use super::{Caller, Context, Error};

/// Erases the caller; needs the password.
///
/// # Errors
/// The password is wrong, or a firm would have nobody who could let people in.
pub async fn erase_own(context: &Context, caller: &Caller, password: &str) -> Result<(), Error> {
    check_password(context, caller.id(), password).await?;
    let (context_in, caller) = (context.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        keeps_its_keepers(conn, caller.id())?;
        switch(&context_in, conn, caller.actor(), caller.id(), true)?;
        erase(&context_in, conn, caller.actor(), caller.id())
    };
    context.db.write(job).await
}

/// Erases somebody whose account is closed; nothing happens the second time.
pub(super) fn erase(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    person: UserId,
) -> Result<(), Error> {
    let user = db::users::find(conn, person)?.ok_or(Error::NotFound)?;
    if erasure::erased_at(conn, person)?.is_some() {
        return Ok(());
    }
    let parts = db::users::memberships(conn, person)?;
    if !erasure::erase(conn, person, &user.email.key(), context.now())? {
        return Err(not_closed().into());
    }
    // Anything that was answered of late may name them.
    db::idempotency::forget_told(conn, context.now())?;
    let parts = i64::try_from(parts.len()).unwrap_or(i64::MAX);
    context.pen(actor).append(
        conn,
        "user.erased",
        (SubjectKind::User, person),
        vec![("parts", Value::Int(parts))],
    )
}

/// An account that is open has somebody who uses it.
pub(super) fn not_closed() -> Refusal {
    Refusal::new("account_open", "Close the account first.")
}

/// Somebody who was erased is not to be had back.
pub(super) fn erased() -> Refusal {
    Refusal::new("erased", "This person was erased.")
}

/// Has nobody place a legal hold on a firm, or change it, until the open
/// transaction ends.
pub(super) fn hold_firm(conn: &mut Conn, firm: OrganizationId) -> Result<(), Error> {
    Ok(db::organizations::lock(conn, firm)?)
}

/// Deletes what is left elsewhere of a record of that firm that is erased by
/// somebody now: files, names, and a suspension that is in force.
pub(super) fn forget_traces(
    conn: &mut Conn,
    record: Subject,
    firm: OrganizationId,
    (by, now): (UserId, DateTime<Utc>),
) -> Result<(), Error> {
    db::suspensions::close(conn, record, by, now)?;
    Ok(db::wipe::files(conn, record, firm, now)?)
}

/// Takes the names out of what erased people agreed to once it has ended, at
/// most `limit` of each kind; answers how many.
///
/// # Errors
/// The store failed.
pub async fn forget_spent(context: &Context, limit: usize) -> Result<usize, Error> {
    let now = context.now();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    context
        .db
        .write(move |conn| Ok(erasure::forget_spent(conn, now, limit)?))
        .await
}
