//! Regular mail: up to when it was queued, who reads it, and what there is to
//! tell.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::mail_schema::mail_rounds;
use super::schema::{matches, memberships, organizations, users};
use super::types::Timestamp;
use super::{Conn, Result, sql, stored};
use crate::domain::account::Role;
use crate::domain::ids::{MandateId, OrganizationId, UserId};
use crate::domain::review::{MatchStatus, Response};
use crate::domain::rounds::Place;
use crate::domain::values::OrganizationKind;

/// Somebody who reads for a firm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Who.
    pub user: UserId,
    /// For which firm.
    pub organization: OrganizationId,
    /// By which calendar and clock.
    pub place: Place,
}

/// A match that waits for its investor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// With which mandate.
    pub mandate: MandateId,
    /// Whose.
    pub investor: OrganizationId,
    /// When it came: was shown, or came back after it was put off.
    pub came_at: DateTime<Utc>,
}

/// Up to when a kind of regular mail was queued.
///
/// # Errors
/// A statement failed.
pub fn done_to(conn: &mut Conn, name: &str) -> Result<Option<DateTime<Utc>>> {
    let found = mail_rounds::table
        .find(name)
        .select(mail_rounds::done_to)
        .first(conn)
        .optional()?;
    Ok(found)
}

/// Notes up to when it was queued; never earlier than noted before.
///
/// # Errors
/// A statement failed.
pub fn note_done(conn: &mut Conn, name: &str, to: DateTime<Utc>) -> Result<()> {
    let insert = diesel::insert_into(mail_rounds::table)
        .values((
            mail_rounds::name.eq(name),
            mail_rounds::done_to.eq(Timestamp(to)),
        ))
        .on_conflict_do_nothing();
    if sql::execute(conn, insert)? == 0 {
        let earlier = mail_rounds::table
            .find(name)
            .filter(mail_rounds::done_to.lt(Timestamp(to)));
        diesel::update(earlier)
            .set(mail_rounds::done_to.eq(Timestamp(to)))
            .execute(conn)?;
    }
    Ok(())
}

/// Where the people with these parts in firms of a kind read, each place once.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn places(conn: &mut Conn, kind: OrganizationKind, roles: &[Role]) -> Result<Vec<Place>> {
    let roles = roles.iter().map(|role| role.code());
    let rows: Vec<(Option<String>, String)> = memberships::table
        .inner_join(users::table)
        .inner_join(organizations::table)
        .filter(organizations::kind.eq(kind.code()))
        .filter(memberships::role.eq_any(roles))
        .filter(users::disabled_at.is_null())
        .select((organizations::country, users::zone))
        .distinct()
        .load(conn)?;
    rows.into_iter().map(place).collect()
}

/// The people with these parts in firms of a kind, firm by firm.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn readers(conn: &mut Conn, kind: OrganizationKind, roles: &[Role]) -> Result<Vec<Reader>> {
    type Row = (UserId, OrganizationId, (Option<String>, String));
    let roles = roles.iter().map(|role| role.code());
    let rows: Vec<Row> = memberships::table
        .inner_join(users::table)
        .inner_join(organizations::table)
        .filter(organizations::kind.eq(kind.code()))
        .filter(memberships::role.eq_any(roles))
        .filter(users::disabled_at.is_null())
        .order((organizations::id, users::id))
        .select((
            users::id,
            organizations::id,
            (organizations::country, users::zone),
        ))
        .distinct()
        .load(conn)?;
    rows.into_iter()
        .map(|(user, organization, at)| {
            Ok(Reader {
                user,
                organization,
                place: place(at)?,
            })
        })
        .collect()
}

fn place((country, zone): (Option<String>, String)) -> Result<Place> {
    Ok(Place {
        country: country.as_deref().map(stored::parse).transpose()?,
        zone: stored::parse(&zone)?,
    })
}

/// The matches that came to their investors since then and wait for an answer.
///
/// # Errors
/// A statement failed.
pub fn waiting_since(conn: &mut Conn, since: DateTime<Utc>) -> Result<Vec<Waiting>> {
    type Row = (
        MandateId,
        OrganizationId,
        Option<DateTime<Utc>>,
        Option<DateTime<Utc>>,
    );
    let waits = [
        MatchStatus::Released,
        MatchStatus::OneSided,
        MatchStatus::Snoozed,
    ];
    let came = matches::investor_shown_at
        .gt(Timestamp(since))
        .or(matches::investor_snoozed_until.gt(Timestamp(since)));
    let rows: Vec<Row> = matches::table
        .filter(came)
        .filter(matches::status.eq_any(waits.map(MatchStatus::code)))
        .filter(matches::investor_response.eq(Response::None.code()))
        .select((
            matches::mandate_id,
            matches::investor_id,
            matches::investor_shown_at,
            matches::investor_snoozed_until,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(mandate, investor, shown, back)| {
            Some(Waiting {
                mandate,
                investor,
                came_at: shown.max(back)?,
            })
        })
        .collect())
}
