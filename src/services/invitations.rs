//! The invitations into a firm that wait for an answer.

use crate::db;
use crate::db::page::Page;
use crate::domain::ids::OrganizationId;
use crate::domain::ticket::{Ticket, TicketKind};

use super::members::may_write;
use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error};

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
