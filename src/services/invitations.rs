//! The invitations into a firm: those that wait for an answer, and what became
//! of each.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::ids::{OrganizationId, TicketId};
use crate::domain::refusal::Refusal;
use crate::domain::ticket::{Permit, Ticket, TicketKind, TicketOutcome};

use super::members::may_write;
use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::check_version;
use super::{Caller, Context, Error, Intent, tickets};

/// The open invitations into a firm, the newest first, for who may invite.
///
/// # Errors
/// Not found, or forbidden, for everybody else.
pub async fn list(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    page: PageRequest,
) -> Result<Page<Ticket>, Error> {
    may_write(caller, organization)?;
    let now = context.now();
    let kind = TicketKind::Invitation;
    read_page(
        context,
        format!("invitations {organization}"),
        page,
        move |conn, cursor, limit| {
            Ok(db::tickets::page_of(
                conn,
                kind,
                organization,
                now,
                cursor,
                limit,
            )?)
        },
        |ticket| after(ticket.created_at, ticket.id),
    )
    .await
}

/// One invitation into a firm, whatever became of it, for who may invite.
///
/// # Errors
/// Not found, or forbidden, for everybody else.
pub async fn find(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    id: TicketId,
) -> Result<Ticket, Error> {
    may_write(caller, organization)?;
    context
        .db
        .read(move |conn| load(conn, organization, id))
        .await
}

fn load(conn: &mut Conn, organization: OrganizationId, id: TicketId) -> Result<Ticket, Error> {
    let ticket = db::tickets::find(conn, id)?.ok_or(Error::NotFound)?;
    match ticket.permit {
        Permit::Invitation {
            organization: to, ..
        } if to == organization => Ok(ticket),
        _ => Err(Error::NotFound),
    }
}

/// Whether an invitation waits for an answer at that moment.
pub fn waits(ticket: &Ticket, now: DateTime<Utc>) -> bool {
    ticket.closed.is_none() && now < ticket.expires_at
}

/// Takes an invitation back; its link is dead.
///
/// # Errors
/// Not found, or forbidden, for who may not invite; another version; it waits
/// for no answer any more.
pub async fn revoke(
    context: &Context,
    caller: &Caller,
    (organization, id): (OrganizationId, TicketId),
    expected: Option<i64>,
    intent: Option<Intent>,
) -> Result<Ticket, Error> {
    may_write(caller, organization)?;
    let (context_in, actor) = (context.clone(), caller.actor());
    let job = move |conn: &mut Conn| {
        let ticket = load(conn, organization, id)?;
        check_version(expected, ticket.version())?;
        let now = context_in.now();
        if !db::tickets::close(conn, id, TicketOutcome::Revoked, now)? {
            return Err(Refusal::no_transition("revoke").into());
        }
        tickets::note(&context_in, conn, actor, "ticket.revoked", &ticket)?;
        Ok(Ticket {
            closed: Some((now, TicketOutcome::Revoked)),
            ..ticket
        })
    };
    let find = move |conn: &mut Conn, id: Uuid| load(conn, organization, id.into());
    write_once(context, caller.id(), intent, job, find).await
}
