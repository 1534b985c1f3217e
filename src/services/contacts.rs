//! Contacts: whom a firm that has not spoken yet is asked through. Once its
//! records are put forward, by an import, a review or an admission, its
//! contact is mailed the claim link (see [`super::claims`]) by itself: once,
//! and not when anybody has said no before.

use crate::auth::opaque;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::event::Actor;
use crate::domain::ids::OrganizationId;
use crate::domain::text::{Email, Language};
use crate::domain::ticket::{Permit, TicketKind};

use super::{Context, Error, claims, tickets};

/// Where a firm can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The address.
    pub email: Email,
    /// The language that is read there.
    pub language: Language,
}

/// Mails a firm's contact, or its first owner, the link to records that nobody
/// of it has confirmed; answers whether a mail is on its way now. Nothing
/// happens when the operator doesn't want it, when a link is open already,
/// when they were asked before, or when somebody said no.
pub(super) fn ask(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    organization: OrganizationId,
) -> Result<bool, Error> {
    if !context.settings.ask_contacts {
        return Ok(false);
    }
    let Some((email, language)) = whom(context, conn, organization)? else {
        return Ok(false);
    };
    let (key, now) = (email.key(), context.now());
    let open = db::tickets::open_of(conn, TicketKind::Claim, organization, now)?;
    if !open.is_empty() || db::contacts::objected_anywhere(conn, organization, &key)? {
        return Ok(false);
    }
    let records = claims::records(conn, organization)?;
    let nothing = records.profiles.is_empty() && records.mandates.is_empty();
    if nothing || !db::contacts::mark_asked(conn, organization, &key, now)? {
        return Ok(false);
    }
    let permit = Permit::Claim { organization };
    let created_by = match actor {
        Actor::User(person) => Some(person),
        Actor::Link(_) | Actor::System => None,
    };
    let ticket = tickets::new(context, email, language, permit, created_by);
    let intent = format!("claim:{organization}:{}", opaque::fingerprint(&key));
    tickets::put(context, conn, &ticket, &intent)?;
    tickets::note(context, conn, actor, "ticket.issued", &ticket)?;
    Ok(true)
}

/// The contact that came last; for a firm that has people, its first owner.
fn whom(
    context: &Context,
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Option<(Email, Language)>, Error> {
    let members = db::users::members(conn, organization)?;
    if members.is_empty() {
        return Ok(db::contacts::waiting(conn, organization)?);
    }
    let owner = members.into_iter().find(|(_, role)| *role == Role::Owner);
    let Some((owner, _)) = owner else {
        return Ok(None);
    };
    let now = context.now();
    db::contacts::put(conn, organization, &owner.email, &owner.language, now)?;
    Ok(Some((owner.email, owner.language)))
}
