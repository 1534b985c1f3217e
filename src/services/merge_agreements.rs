//! That the people of a firm agree to have it become one with another: one of
//! its owners says so, by name, and can take it back until it happened. Only
//! where owners of both said so may two firms with people be merged.

use crate::db::{self, Conn, merges};
use crate::domain::account::Role;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::permission::Operation;

pub use crate::db::merges::MergeAgreement;

use super::duplicates::live_firm;
use super::members::{may_write, still_may_write};
use super::{Caller, Context, Error};

/// Most firms that one agrees with.
const MOST: usize = 20;

/// With whom a firm's owners agreed, for its own people and the operator's.
pub async fn list(
    context: &Context,
    caller: &Caller,
    firm: OrganizationId,
) -> Result<Vec<MergeAgreement>, Error> {
    caller.may(Operation::ReadMembers, &[firm])?;
    let read = move |conn: &mut Conn| {
        db::organizations::find(conn, firm)?.ok_or(Error::NotFound)?;
        Ok(merges::agreements_of(conn, firm)?)
    };
    context.db.read(read).await
}

/// Agrees for a firm of which the caller is an owner; nothing happens the second
/// time.
///
/// # Errors
/// Not found, not an owner, or a refusal: it is the firm itself, or one too many.
pub async fn agree(
    context: &Context,
    caller: &Caller,
    (firm, other): (OrganizationId, OrganizationId),
) -> Result<(), Error> {
    may_write(caller, firm)?;
    let (context_in, caller) = (context.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        owns(conn, &caller, firm)?;
        live_firm(conn, firm)?;
        if firm == other {
            return Err(Error::refused(
                "same_firm",
                "A firm becomes one with another one.",
            ));
        }
        // Whether there is such a firm is not for everybody to learn.
        let before = merges::agreements_of(conn, firm)?;
        if let Some(held) = before.iter().find(|it| it.other == other) {
            if is_owner(conn, held.by, firm)? {
                return Ok(());
            }
            // Who said so answers for the firm no more.
            merges::disagree(conn, firm, other)?;
        } else if before.len() >= MOST {
            return Err(Error::refused(
                "too_many_agreements",
                format!("A firm agrees with {MOST} others at most; take one back first."),
            ));
        }
        let agreement = MergeAgreement {
            other,
            by: caller.id(),
            at: context_in.now(),
        };
        merges::agree(conn, firm, &agreement)?;
        note(
            &context_in,
            conn,
            &caller,
            "organization.merge_agreed",
            (firm, other),
        )
    };
    context.db.write(job).await
}

/// Takes it back; what was merged by then stays so.
///
/// # Errors
/// Not found, or not an owner.
pub async fn take_back(
    context: &Context,
    caller: &Caller,
    (firm, other): (OrganizationId, OrganizationId),
) -> Result<(), Error> {
    may_write(caller, firm)?;
    let (context_in, caller) = (context.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        owns(conn, &caller, firm)?;
        if !merges::disagree(conn, firm, other)? {
            return Err(Error::NotFound);
        }
        let kind = "organization.merge_agreement_taken_back";
        note(&context_in, conn, &caller, kind, (firm, other))
    };
    context.db.write(job).await
}

/// Whether owners of both, who are that still, agreed.
pub(super) fn stands(
    conn: &mut Conn,
    one: OrganizationId,
    other: OrganizationId,
) -> Result<bool, Error> {
    for (firm, with) in [(one, other), (other, one)] {
        let given = merges::agreements_of(conn, firm)?;
        let Some(given) = given.into_iter().find(|it| it.other == with) else {
            return Ok(false);
        };
        if !is_owner(conn, given.by, firm)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Lets an owner of the firm through, and no program: nobody of the operator
/// says so for others.
fn owns(conn: &mut Conn, caller: &Caller, firm: OrganizationId) -> Result<(), Error> {
    still_may_write(conn, caller, firm)?;
    let program = db::clients::find(conn, caller.id())?.is_some();
    if program || !is_owner(conn, caller.id(), firm)? {
        return Err(Error::Forbidden);
    }
    Ok(())
}

fn is_owner(conn: &mut Conn, person: UserId, firm: OrganizationId) -> Result<bool, Error> {
    let people = db::users::members(conn, firm)?;
    let mut owners = people.iter().filter(|(_, role)| *role == Role::Owner);
    Ok(owners.any(|(user, _)| user.id == person))
}

fn note(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    kind: &'static str,
    (firm, other): (OrganizationId, OrganizationId),
) -> Result<(), Error> {
    let subject = (SubjectKind::Organization, firm);
    let facts = vec![("with", Value::Id(other.uuid()))];
    context
        .pen(caller.actor())
        .append(conn, kind, subject, facts)
}
