//! Who stands for a side, with an account or without.

use crate::db::{self, Conn, introductions};
use crate::domain::account::{Role, User};
use crate::domain::ids::OrganizationId;
use crate::domain::introduction::{Ask, AskState, Introduction};
use crate::domain::values::Side;
use crate::services::Error;
use crate::services::notices::{self, Recipient};

use super::hand_over::is_still_there;

/// Whom a question is put to.
pub(in crate::services) fn asked_person(
    conn: &mut Conn,
    ask: &Ask,
) -> Result<Option<Recipient>, Error> {
    if let Some(delegate) = introductions::find_delegate(conn, ask.id)? {
        return Ok(Some(Recipient {
            name: delegate.name,
            email: delegate.email,
            language: delegate.language,
            zone: delegate.zone,
        }));
    }
    Ok(db::users::find(conn, ask.person)?.map(Recipient::from))
}

/// The first who may answer for an organization.
pub(super) fn person_to_ask(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Option<User>, Error> {
    Ok(db::users::members(conn, organization)?
        .into_iter()
        .find(|(_, role)| notices::answers_for(*role))
        .map(|(user, _)| user))
}

/// The curator who gets the mail that connects, where both sides agreed: who
/// asked for the introduction, else who has been one for longest.
pub(in crate::services) fn curator_of(
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<Option<Recipient>, Error> {
    let mut curators = db::users::with_role(conn, Role::Curator)?;
    let asked = curators
        .iter()
        .position(|user| user.id == introduction.requested_by);
    let one = asked.unwrap_or(0);
    Ok((one < curators.len()).then(|| Recipient::from(curators.swap_remove(one))))
}

/// The person who stands for a side: who asked for it, who answered, else the
/// first who may answer for the organization.
pub(in crate::services) fn person_of(
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
) -> Result<Option<Recipient>, Error> {
    let organization = introduction.organization(side);
    let answered = introductions::asks(conn, introduction.id)?
        .into_iter()
        .find(|ask| ask.side == side && ask.state == AskState::Answered);
    let stood = match &answered {
        _ if introduction.requester.side() == Some(side) => Some(introduction.requested_by),
        // Whoever passed it on answers for it as long as they are there.
        Some(ask) if is_still_there(conn, ask.person, organization)? => {
            return asked_person(conn, ask);
        }
        Some(_) | None => None,
    };
    match stood {
        Some(person) if is_still_there(conn, person, organization)? => {
            Ok(db::users::find(conn, person)?.map(Recipient::from))
        }
        _ => Ok(person_to_ask(conn, organization)?.map(Recipient::from)),
    }
}
