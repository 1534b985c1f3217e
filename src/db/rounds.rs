//! Regular mail: up to when it was queued, who reads it, and what there is to
//! tell.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::investor_schema::investor_profiles;
use super::mail_schema::mail_rounds;
use super::schema::{
    introduction_answers, introductions, mandates, matches, memberships, organizations,
    startup_profiles, users,
};
use super::types::Timestamp;
use super::{Conn, Result, sql, stored};
use crate::domain::account::Role;
use crate::domain::ids::{
    InvestorProfileId, MandateId, MatchId, OrganizationId, ProgrammeId, StartupProfileId, UserId,
};
use crate::domain::introduction::Requester;
use crate::domain::mandate::MandateStatus;
use crate::domain::profile::ProfileStatus;
use crate::domain::review::{MatchStatus, Response};
use crate::domain::rounds::Place;
use crate::domain::values::{OrganizationKind, PassReason};

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
    /// Which.
    pub matched: MatchId,
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

/// The matches that came to these investors since then and wait for an answer.
///
/// # Errors
/// A statement failed.
pub fn waiting_since(
    conn: &mut Conn,
    investors: &[OrganizationId],
    since: DateTime<Utc>,
) -> Result<Vec<Waiting>> {
    type Row = (
        (MatchId, MandateId),
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
        .filter(matches::investor_id.eq_any(investors))
        .filter(came)
        .filter(matches::status.eq_any(waits.map(MatchStatus::code)))
        .filter(matches::investor_response.eq(Response::None.code()))
        .select((
            (matches::id, matches::mandate_id),
            matches::investor_id,
            matches::investor_shown_at,
            matches::investor_snoozed_until,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|((matched, mandate), investor, shown, back)| {
            Some(Waiting {
                matched,
                mandate,
                investor,
                came_at: shown.max(back)?,
            })
        })
        .collect())
}

/// A record that has to be confirmed.
pub type ToConfirm<T> = (T, OrganizationId, NaiveDate);

/// The published profiles that count as confirmed until that day at most.
///
/// # Errors
/// A statement failed.
pub fn profiles_to_confirm(
    conn: &mut Conn,
    until: NaiveDate,
) -> Result<Vec<ToConfirm<StartupProfileId>>> {
    let rows: Vec<(StartupProfileId, OrganizationId, Option<NaiveDate>)> = startup_profiles::table
        .filter(startup_profiles::status.eq(ProfileStatus::Published.code()))
        .filter(startup_profiles::reconfirm_by.le(until))
        .order(startup_profiles::id)
        .select((
            startup_profiles::id,
            startup_profiles::organization_id,
            startup_profiles::reconfirm_by,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, firm, by)| Some((id, firm, by?)))
        .collect())
}

/// The published investor profiles that count as confirmed until that day at
/// most.
///
/// # Errors
/// A statement failed.
pub fn investors_to_confirm(
    conn: &mut Conn,
    until: NaiveDate,
) -> Result<Vec<ToConfirm<InvestorProfileId>>> {
    let rows: Vec<(InvestorProfileId, OrganizationId, Option<NaiveDate>)> =
        investor_profiles::table
            .filter(investor_profiles::status.eq(ProfileStatus::Published.code()))
            .filter(investor_profiles::reconfirm_by.le(until))
            .order(investor_profiles::id)
            .select((
                investor_profiles::id,
                investor_profiles::organization_id,
                investor_profiles::reconfirm_by,
            ))
            .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, firm, by)| Some((id, firm, by?)))
        .collect())
}

/// The published mandates that count as confirmed until that day at most.
///
/// # Errors
/// A statement failed.
pub fn mandates_to_confirm(conn: &mut Conn, until: NaiveDate) -> Result<Vec<ToConfirm<MandateId>>> {
    let rows: Vec<(MandateId, OrganizationId, Option<NaiveDate>)> = mandates::table
        .filter(mandates::status.eq(MandateStatus::Published.code()))
        .filter(mandates::reconfirm_by.le(until))
        .order(mandates::id)
        .select((
            mandates::id,
            mandates::organization_id,
            mandates::reconfirm_by,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, firm, by)| Some((id, firm, by?)))
        .collect())
}

/// The published profiles, with their firms.
///
/// # Errors
/// A statement failed.
pub fn published_profiles(conn: &mut Conn) -> Result<Vec<(StartupProfileId, OrganizationId)>> {
    Ok(startup_profiles::table
        .filter(startup_profiles::status.eq(ProfileStatus::Published.code()))
        .order(startup_profiles::id)
        .select((startup_profiles::id, startup_profiles::organization_id))
        .load(conn)?)
}

/// How one match of a profile stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Under which programme.
    pub programme: ProgrammeId,
    /// With which mandate.
    pub mandate: MandateId,
    /// When its investor was shown it.
    pub shown_at: Option<DateTime<Utc>>,
    /// Whether its investor can still answer and hasn't.
    pub waits_for_investor: bool,
    /// Whether the startup was shown it, can still answer and hasn't.
    pub waits_for_startup: bool,
}

/// How the matches of a profile stand.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn standings(conn: &mut Conn, profile: StartupProfileId) -> Result<Vec<Standing>> {
    type Row = (
        ProgrammeId,
        MandateId,
        (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
        String,
        (String, String),
    );
    let rows: Vec<Row> = matches::table
        .filter(matches::startup_profile_id.eq(profile))
        .select((
            matches::programme_id,
            matches::mandate_id,
            (matches::startup_shown_at, matches::investor_shown_at),
            matches::status,
            (matches::startup_response, matches::investor_response),
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|(programme, mandate, (own, shown_at), status, said)| {
            let status = stored::code(&status, MatchStatus::from_code)?;
            let open = matches!(
                status,
                MatchStatus::Released | MatchStatus::OneSided | MatchStatus::Snoozed
            );
            let none = Response::None.code();
            Ok(Standing {
                programme,
                mandate,
                shown_at,
                waits_for_investor: open && shown_at.is_some() && said.1 == none,
                waits_for_startup: open && own.is_some() && said.0 == none,
            })
        })
        .collect()
}

/// The reasons that investors shared with a startup when they declined what it
/// had asked for, from an instant on and before another.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn shared_reasons(
    conn: &mut Conn,
    profile: StartupProfileId,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<PassReason>> {
    let rows: Vec<Option<String>> = introduction_answers::table
        .inner_join(introductions::table)
        .filter(introductions::startup_profile_id.eq(profile))
        .filter(introductions::requester.eq(Requester::Startup.code()))
        .filter(introduction_answers::reason_shared.eq(true))
        .filter(introduction_answers::created_at.ge(Timestamp(since)))
        .filter(introduction_answers::created_at.lt(Timestamp(until)))
        .select(introduction_answers::reason)
        .load(conn)?;
    rows.into_iter()
        .flatten()
        .map(|reason| stored::code(&reason, PassReason::from_code))
        .collect()
}
