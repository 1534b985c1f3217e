//! Who takes part in programmes, as a list, and whose admission was taken back.
//! Admitting itself is with [`super::programmes`].

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::programme_schema::programme_departures as departures;
use super::schema::{
    mandates, programme_mandates as admitted_mandates, programme_startups as admitted_startups,
    startup_profiles,
};
use super::types::{Id, Timestamp};
use super::{Conn, Result, keyset, stored};
use crate::domain::admission::{Admission, AdmissionFilter, AdmissionKind, Admitted, Departure};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId, UserId};
use crate::domain::profile::ProfileStatus;

/// Admissions in the order in which they were made, or taken back where those
/// are asked for; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &AdmissionFilter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Admitted>> {
    let wanted = |kind| filter.kind.is_none_or(|only| only == kind);
    let mut found = Vec::new();
    if wanted(AdmissionKind::StartupProfile) {
        found.extend(if filter.withdrawn {
            departed_startups(conn, filter, after, limit)?
        } else {
            startups(conn, filter, after, limit)?
        });
    }
    if wanted(AdmissionKind::Mandate) {
        found.extend(if filter.withdrawn {
            departed_mandates(conn, filter, after, limit)?
        } else {
            mandates(conn, filter, after, limit)?
        });
    }
    found.sort_by_key(Admitted::place);
    found.truncate(limit.saturating_add(1));
    Ok(found)
}

type Row<I> = (I, OrganizationId, String, DateTime<Utc>);

fn startups(
    conn: &mut Conn,
    filter: &AdmissionFilter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Admitted>> {
    use admitted_startups::dsl;

    let mut query = admitted_startups::table
        .inner_join(startup_profiles::table)
        .filter(dsl::programme_id.eq(filter.programme))
        .into_boxed();
    if let Some(firm) = filter.organization {
        query = query.filter(startup_profiles::organization_id.eq(firm));
    }
    if let Some(firms) = &filter.known_to {
        query = query.filter(startup_profiles::organization_id.eq_any(firms.clone()));
    }
    if let Some(status) = filter.status {
        query = query.filter(startup_profiles::status.eq(status.code()));
    }
    if let Some(record) = filter.record {
        query = query.filter(startup_profiles::id.eq(StartupProfileId::from(record)));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::admitted_at, dsl::profile_id, cursor));
    }
    let rows: Vec<Row<StartupProfileId>> = query
        .order((dsl::admitted_at, dsl::profile_id))
        .limit(page::fetch(limit))
        .select((
            dsl::profile_id,
            startup_profiles::organization_id,
            startup_profiles::status,
            dsl::admitted_at,
        ))
        .load(conn)?;
    let rows = rows.into_iter().map(|(id, firm, status, at)| {
        admitted(Admission::StartupProfile(id), firm, &status, at, None)
    });
    rows.collect()
}

fn mandates(
    conn: &mut Conn,
    filter: &AdmissionFilter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Admitted>> {
    use admitted_mandates::dsl;

    let mut query = admitted_mandates::table
        .inner_join(mandates::table)
        .filter(dsl::programme_id.eq(filter.programme))
        .into_boxed();
    if let Some(firm) = filter.organization {
        query = query.filter(mandates::organization_id.eq(firm));
    }
    if let Some(firms) = &filter.known_to {
        query = query.filter(mandates::organization_id.eq_any(firms.clone()));
    }
    if let Some(status) = filter.status {
        query = query.filter(mandates::status.eq(status.code()));
    }
    if let Some(record) = filter.record {
        query = query.filter(mandates::id.eq(MandateId::from(record)));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::admitted_at, dsl::mandate_id, cursor));
    }
    let rows: Vec<Row<MandateId>> = query
        .order((dsl::admitted_at, dsl::mandate_id))
        .limit(page::fetch(limit))
        .select((
            dsl::mandate_id,
            mandates::organization_id,
            mandates::status,
            dsl::admitted_at,
        ))
        .load(conn)?;
    let rows = rows
        .into_iter()
        .map(|(id, firm, status, at)| admitted(Admission::Mandate(id), firm, &status, at, None));
    rows.collect()
}

/// A departure's own columns.
type Gone = (Id, DateTime<Utc>, DateTime<Utc>, UserId, String);

fn departed_startups(
    conn: &mut Conn,
    filter: &AdmissionFilter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Admitted>> {
    use departures::dsl;

    let whose =
        startup_profiles::table.on(startup_profiles::id.nullable().eq(departures::profile_id));
    let mut query = departures::table
        .inner_join(whose)
        .filter(dsl::programme_id.eq(filter.programme))
        .into_boxed();
    if let Some(firm) = filter.organization {
        query = query.filter(startup_profiles::organization_id.eq(firm));
    }
    if let Some(firms) = &filter.known_to {
        query = query.filter(startup_profiles::organization_id.eq_any(firms.clone()));
    }
    if let Some(status) = filter.status {
        query = query.filter(startup_profiles::status.eq(status.code()));
    }
    if let Some(record) = filter.record {
        query = query.filter(startup_profiles::id.eq(StartupProfileId::from(record)));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::withdrawn_at, dsl::id, cursor));
    }
    let rows: Vec<(StartupProfileId, OrganizationId, String, Gone)> = query
        .order((dsl::withdrawn_at, dsl::id))
        .limit(page::fetch(limit))
        .select((
            startup_profiles::id,
            startup_profiles::organization_id,
            startup_profiles::status,
            (
                dsl::id,
                dsl::admitted_at,
                dsl::withdrawn_at,
                dsl::withdrawn_by,
                dsl::reason,
            ),
        ))
        .load(conn)?;
    let rows = rows.into_iter().map(|(id, firm, status, gone)| {
        let (at, departure) = departure(gone);
        admitted(Admission::StartupProfile(id), firm, &status, at, departure)
    });
    rows.collect()
}

fn departed_mandates(
    conn: &mut Conn,
    filter: &AdmissionFilter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Admitted>> {
    use departures::dsl;

    let whose = mandates::table.on(mandates::id.nullable().eq(departures::mandate_id));
    let mut query = departures::table
        .inner_join(whose)
        .filter(dsl::programme_id.eq(filter.programme))
        .into_boxed();
    if let Some(firm) = filter.organization {
        query = query.filter(mandates::organization_id.eq(firm));
    }
    if let Some(firms) = &filter.known_to {
        query = query.filter(mandates::organization_id.eq_any(firms.clone()));
    }
    if let Some(status) = filter.status {
        query = query.filter(mandates::status.eq(status.code()));
    }
    if let Some(record) = filter.record {
        query = query.filter(mandates::id.eq(MandateId::from(record)));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::withdrawn_at, dsl::id, cursor));
    }
    let rows: Vec<(MandateId, OrganizationId, String, Gone)> = query
        .order((dsl::withdrawn_at, dsl::id))
        .limit(page::fetch(limit))
        .select((
            mandates::id,
            mandates::organization_id,
            mandates::status,
            (
                dsl::id,
                dsl::admitted_at,
                dsl::withdrawn_at,
                dsl::withdrawn_by,
                dsl::reason,
            ),
        ))
        .load(conn)?;
    let rows = rows.into_iter().map(|(id, firm, status, gone)| {
        let (at, departure) = departure(gone);
        admitted(Admission::Mandate(id), firm, &status, at, departure)
    });
    rows.collect()
}

/// Whose admission was taken back, whatever became of it since.
///
/// # Errors
/// A statement failed.
pub fn departed(conn: &mut Conn, programme: ProgrammeId) -> Result<BTreeSet<Uuid>> {
    let rows: Vec<(Option<Id>, Option<Id>)> = departures::table
        .filter(departures::programme_id.eq(programme))
        .select((departures::profile_id, departures::mandate_id))
        .load(conn)?;
    let records = rows
        .into_iter()
        .filter_map(|(profile, mandate)| profile.or(mandate));
    Ok(records.map(Id::uuid).collect())
}

fn departure((id, admitted_at, at, by, reason): Gone) -> (DateTime<Utc>, Option<Departure>) {
    let id = id.uuid();
    let departure = Departure { id, at, by, reason };
    (admitted_at, Some(departure))
}

fn admitted(
    admission: Admission,
    organization: OrganizationId,
    status: &str,
    admitted_at: DateTime<Utc>,
    departure: Option<Departure>,
) -> Result<Admitted> {
    Ok(Admitted {
        admission,
        organization,
        status: stored::code(status, ProfileStatus::from_code)?,
        admitted_at,
        departure,
    })
}

/// Takes an admission back, and keeps that it was there; false where there is
/// none.
///
/// # Errors
/// A statement failed.
pub fn withdraw(
    conn: &mut Conn,
    programme: ProgrammeId,
    admission: Admission,
    departure: &Departure,
) -> Result<bool> {
    let admitted_at: Option<DateTime<Utc>> = match admission {
        Admission::StartupProfile(id) => {
            let row = admitted_startups::table.find((programme, id));
            row.select(admitted_startups::admitted_at)
                .first(conn)
                .optional()?
        }
        Admission::Mandate(id) => {
            let row = admitted_mandates::table.find((programme, id));
            row.select(admitted_mandates::admitted_at)
                .first(conn)
                .optional()?
        }
    };
    let Some(admitted_at) = admitted_at else {
        return Ok(false);
    };
    let taken = match admission {
        Admission::StartupProfile(id) => {
            diesel::delete(admitted_startups::table.find((programme, id))).execute(conn)?
        }
        Admission::Mandate(id) => {
            diesel::delete(admitted_mandates::table.find((programme, id))).execute(conn)?
        }
    };
    if taken == 0 {
        return Ok(false);
    }
    let Departure { id, at, by, reason } = departure;
    let (profile, mandate): (Option<Uuid>, Option<Uuid>) = match admission {
        Admission::StartupProfile(id) => (Some(id.uuid()), None),
        Admission::Mandate(id) => (None, Some(id.uuid())),
    };
    diesel::insert_into(departures::table)
        .values((
            departures::id.eq(Id::of(*id)),
            departures::programme_id.eq(programme),
            departures::profile_id.eq(profile.map(Id::of)),
            departures::mandate_id.eq(mandate.map(Id::of)),
            departures::admitted_at.eq(Timestamp(admitted_at)),
            departures::withdrawn_at.eq(Timestamp(*at)),
            departures::withdrawn_by.eq(by),
            departures::reason.eq(reason),
        ))
        .execute(conn)?;
    Ok(true)
}
