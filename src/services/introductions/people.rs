//! Who stands for a side, with an account or without.

use crate::db::{self, Conn, introduction_consents, introductions};
use crate::domain::account::{Role, User, is_erased};
use crate::domain::consent::IntroductionConsent;
use crate::domain::ids::OrganizationId;
use crate::domain::introduction::{Ask, AskState, Introduction};
use crate::domain::values::Side;
use crate::services::notices::{self, Recipient};
use crate::services::{Error, consents};

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

/// The first who may answer for an organization, and did not take back that it
/// is proposed to others; where all did, the first.
pub(super) fn person_to_ask(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Option<User>, Error> {
    let mut able: Vec<User> = db::users::members(conn, organization)?
        .into_iter()
        .filter(|(_, role)| notices::answers_for(*role))
        .map(|(user, _)| user)
        .collect();
    let mut first = 0;
    for (place, user) in able.iter().enumerate() {
        if !consents::keeps_out(conn, user.id, organization)? {
            first = place;
            break;
        }
    }
    Ok((first < able.len()).then(|| able.swap_remove(first)))
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

/// The person who stands for a side: who agreed last, whoever was asked; else who
/// asked for it, who answered, or the first who may answer for the organization.
pub(in crate::services) fn person_of(
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
) -> Result<Option<Recipient>, Error> {
    let organization = introduction.organization(side);
    let agreed = agreed_last(conn, introduction, side)?;
    if let Some(person) = agreed.as_ref().and_then(|consent| consent.user)
        && is_still_there(conn, person, organization)?
    {
        return Ok(db::users::find(conn, person)?.map(Recipient::from));
    }
    let answered = introductions::asks(conn, introduction.id)?
        .into_iter()
        .rfind(|ask| ask.side == side && ask.state == AskState::Answered);
    let asked_for = introduction.requester.side() == Some(side);
    let without_account = agreed.is_some_and(|consent| consent.user.is_none());
    if let Some(ask) = &answered
        && (without_account || !asked_for)
        // Whoever passed it on answers for it as long as they are there.
        && is_still_there(conn, ask.person, organization)?
    {
        return asked_person(conn, ask);
    }
    if asked_for && is_still_there(conn, introduction.requested_by, organization)? {
        return Ok(db::users::find(conn, introduction.requested_by)?.map(Recipient::from));
    }
    Ok(person_to_ask(conn, organization)?.map(Recipient::from))
}

/// What was agreed to last for a side, if anybody did.
fn agreed_last(
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
) -> Result<Option<IntroductionConsent>, Error> {
    let given = introduction_consents::of_introduction(conn, introduction.id)?;
    Ok(given.into_iter().rfind(|consent| consent.side == side))
}

/// Whom the mail that connected both named for a side, as far as they are on
/// record: who stands for it now, or who agreed and has left since. The name of
/// anybody else is not the service's to hand over.
pub(in crate::services) fn named_for(
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
    now: &Recipient,
) -> Result<Option<Recipient>, Error> {
    if consents::has_agreed(conn, introduction.id, side, &now.email, None)? {
        return Ok(Some(now.clone()));
    }
    let agreed = agreed_last(conn, introduction, side)?;
    let Some(person) = agreed.and_then(|consent| consent.user) else {
        return Ok(None);
    };
    let person = db::users::find(conn, person)?.map(Recipient::from);
    Ok(person.filter(|person| !is_erased(&person.email)))
}
