//! What regular mail says, looked up just before it is sent.

use chrono::NaiveDate;

use super::answers_for;
use super::content::{Content, DigestContent, DigestEntry, Prepared};
use super::facts::ready;
use crate::db::{self, Conn};
use crate::domain::account::User;
use crate::domain::ids::{MandateId, OrganizationId, UserId};
use crate::domain::organization::Organization;
use crate::domain::rounds::Place;
use crate::services::{Context, Error, digest, entries};

/// A person who still answers for a firm, with the firm.
fn reader_of(
    conn: &mut Conn,
    user: UserId,
    organization: OrganizationId,
) -> Result<Option<(User, Organization)>, Error> {
    let members = db::users::members(conn, organization)?;
    let found = members
        .into_iter()
        .find(|(member, role)| member.id == user && answers_for(*role));
    let firm = db::organizations::find(conn, organization)?;
    Ok(found.map(|(member, _)| member).zip(firm))
}

/// The digest of a week: each match is asked about afresh, so that one that was
/// frozen, blocked or answered since is not in it. None is sent where nothing
/// is left.
pub(super) fn prepare_digest(
    context: &Context,
    conn: &mut Conn,
    user: UserId,
    id: MandateId,
    week: NaiveDate,
) -> Result<Prepared, Error> {
    let mandate = db::mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    let Some((reader, firm)) = reader_of(conn, user, mandate.organization)? else {
        return Ok(Prepared::Obsolete("no_recipient"));
    };
    let place = Place {
        country: firm.details.country,
        zone: reader.zone,
    };
    // Who moved meanwhile reads of the week by the clock they have now.
    let Some(window) = place.window_of_week(&context.calendars, week) else {
        return Ok(Prepared::Obsolete("nothing_new"));
    };
    let digest = digest::of_window(context, conn, id, &reader.language, window)?;
    if digest.entries.is_empty() {
        return Ok(Prepared::Obsolete("nothing_new"));
    }
    let mut told = Vec::new();
    for entry in digest.entries {
        let token = entries::token(context, entry.id, user)?;
        let url = &context.settings.public_url;
        told.push(DigestEntry {
            facts: entries::facts(context, &entry.teaser, &reader.language),
            link: format!("{url}/matches/{token}"),
            brief: format!("{url}/matches/{token}/brief"),
            entry,
        });
    }
    let name = firm.details.display_name();
    let content = DigestContent {
        mandate: mandate.content.title.as_ref().unwrap_or(name).to_string(),
        entries: told,
        more: digest.more,
    };
    Ok(ready(vec![reader], Content::Digest(Box::new(content))))
}
