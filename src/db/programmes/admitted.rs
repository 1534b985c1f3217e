//! Who was admitted to a programme.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::prepared::{Prepare, of_few_lengths};
use crate::db::schema::{
    programme_mandates as admitted_mandates, programme_startups as admitted_startups,
};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, mandates as mandate_rows, sql, startup_profiles};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::mandate::{Mandate, MandateStatus};
use crate::domain::profile::{ProfileStatus, StartupProfile};

/// Admits a startup profile; false if it is admitted already.
///
/// # Errors
/// A statement failed.
pub fn admit_startup(
    conn: &mut Conn,
    programme: ProgrammeId,
    profile: StartupProfileId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let insert = diesel::insert_into(admitted_startups::table)
        .values((
            admitted_startups::programme_id.eq(programme),
            admitted_startups::profile_id.eq(profile),
            admitted_startups::admitted_at.eq(Timestamp(now)),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// Admits a mandate; false if it is admitted already.
///
/// # Errors
/// A statement failed.
pub fn admit_mandate(
    conn: &mut Conn,
    programme: ProgrammeId,
    mandate: MandateId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let insert = diesel::insert_into(admitted_mandates::table)
        .values((
            admitted_mandates::programme_id.eq(programme),
            admitted_mandates::mandate_id.eq(mandate),
            admitted_mandates::admitted_at.eq(Timestamp(now)),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// Whether a startup profile is admitted.
///
/// # Errors
/// A statement failed.
pub fn is_startup_admitted(
    conn: &mut Conn,
    programme: ProgrammeId,
    profile: StartupProfileId,
) -> Result<bool> {
    let row = admitted_startups::table.find((programme, profile));
    Ok(diesel::select(diesel::dsl::exists(row)).get_result(conn)?)
}

/// Whether a mandate is admitted.
///
/// # Errors
/// A statement failed.
pub fn is_mandate_admitted(
    conn: &mut Conn,
    programme: ProgrammeId,
    mandate: MandateId,
) -> Result<bool> {
    let row = admitted_mandates::table.find((programme, mandate));
    Ok(diesel::select(diesel::dsl::exists(row)).get_result(conn)?)
}

/// Which of these startup profiles are admitted to which of these programmes.
///
/// # Errors
/// A statement failed.
pub fn startups_admitted(
    conn: &mut Conn,
    programmes: &[ProgrammeId],
    profiles: &[StartupProfileId],
) -> Result<BTreeSet<(ProgrammeId, StartupProfileId)>> {
    let rows: Vec<(ProgrammeId, StartupProfileId)> = admitted_startups::table
        .filter(admitted_startups::programme_id.eq_any(of_few_lengths(programmes)))
        .filter(admitted_startups::profile_id.eq_any(of_few_lengths(profiles)))
        .select((
            admitted_startups::programme_id,
            admitted_startups::profile_id,
        ))
        .prepared()
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Which of these mandates are admitted to which of these programmes.
///
/// # Errors
/// A statement failed.
pub fn mandates_admitted(
    conn: &mut Conn,
    programmes: &[ProgrammeId],
    mandates: &[MandateId],
) -> Result<BTreeSet<(ProgrammeId, MandateId)>> {
    let rows: Vec<(ProgrammeId, MandateId)> = admitted_mandates::table
        .filter(admitted_mandates::programme_id.eq_any(of_few_lengths(programmes)))
        .filter(admitted_mandates::mandate_id.eq_any(of_few_lengths(mandates)))
        .select((
            admitted_mandates::programme_id,
            admitted_mandates::mandate_id,
        ))
        .prepared()
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Every startup profile that was admitted, by id.
///
/// # Errors
/// A statement failed.
pub fn admitted_startups(conn: &mut Conn, programme: ProgrammeId) -> Result<Vec<StartupProfileId>> {
    Ok(admitted_startups::table
        .filter(admitted_startups::programme_id.eq(programme))
        .order(admitted_startups::profile_id)
        .select(admitted_startups::profile_id)
        .load(conn)?)
}

/// Every mandate that was admitted, by id.
///
/// # Errors
/// A statement failed.
pub fn admitted_mandates(conn: &mut Conn, programme: ProgrammeId) -> Result<Vec<MandateId>> {
    Ok(admitted_mandates::table
        .filter(admitted_mandates::programme_id.eq(programme))
        .order(admitted_mandates::mandate_id)
        .select(admitted_mandates::mandate_id)
        .load(conn)?)
}

/// Every admitted startup profile, whole, by id.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn startups(conn: &mut Conn, programme: ProgrammeId) -> Result<Vec<StartupProfile>> {
    startup_profiles::admitted_to(conn, programme)
}

/// Every admitted mandate, whole, by id.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn mandates(conn: &mut Conn, programme: ProgrammeId) -> Result<Vec<Mandate>> {
    mandate_rows::admitted_to(conn, programme)
}

/// The startups of a programme that are published, the first published ones,
/// and how many there are in all.
///
/// # Errors
/// A statement failed.
pub fn published_startups(
    conn: &mut Conn,
    programme: ProgrammeId,
    limit: usize,
) -> Result<(Vec<StartupProfileId>, i64)> {
    use crate::db::schema::startup_profiles::dsl as profile;

    let published = || {
        admitted_startups::table
            .inner_join(crate::db::schema::startup_profiles::table)
            .filter(admitted_startups::programme_id.eq(programme))
            .filter(profile::status.eq(ProfileStatus::Published.code()))
    };
    let all = published().count().get_result(conn)?;
    let first = published()
        .order((profile::published_at, profile::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(profile::id)
        .load(conn)?;
    Ok((first, all))
}

/// The published startup profiles of a programme by their ids, after one.
///
/// # Errors
/// A statement failed.
pub fn published_after(
    conn: &mut Conn,
    programme: ProgrammeId,
    after: Option<StartupProfileId>,
    limit: usize,
) -> Result<Vec<StartupProfileId>> {
    use crate::db::schema::startup_profiles::dsl as profile;

    let mut query = admitted_startups::table
        .inner_join(crate::db::schema::startup_profiles::table)
        .filter(admitted_startups::programme_id.eq(programme))
        .filter(profile::status.eq(ProfileStatus::Published.code()))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(admitted_startups::profile_id.gt(after));
    }
    Ok(query
        .order(admitted_startups::profile_id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(admitted_startups::profile_id)
        .load(conn)?)
}

/// Whose startup profiles are published in a programme.
///
/// # Errors
/// A statement failed.
pub fn published_firms(conn: &mut Conn, programme: ProgrammeId) -> Result<Vec<OrganizationId>> {
    use crate::db::schema::startup_profiles::dsl as profile;

    Ok(admitted_startups::table
        .inner_join(crate::db::schema::startup_profiles::table)
        .filter(admitted_startups::programme_id.eq(programme))
        .filter(profile::status.eq(ProfileStatus::Published.code()))
        .select(profile::organization_id)
        .distinct()
        .load(conn)?)
}

/// The published mandates of a programme with whose they are.
///
/// # Errors
/// A statement failed.
pub fn published_mandates(
    conn: &mut Conn,
    programme: ProgrammeId,
) -> Result<BTreeMap<MandateId, OrganizationId>> {
    use crate::db::schema::mandates::dsl as mandate;

    let rows: Vec<(MandateId, OrganizationId)> = admitted_mandates::table
        .inner_join(crate::db::schema::mandates::table)
        .filter(admitted_mandates::programme_id.eq(programme))
        .filter(mandate::status.eq(MandateStatus::Published.code()))
        .select((mandate::id, mandate::organization_id))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Which programmes admit these profiles; those that none admits are left out.
///
/// # Errors
/// A statement failed.
pub fn admitting_startups(
    conn: &mut Conn,
    profiles: &[StartupProfileId],
) -> Result<BTreeMap<StartupProfileId, BTreeSet<ProgrammeId>>> {
    let rows: Vec<(StartupProfileId, ProgrammeId)> = admitted_startups::table
        .filter(admitted_startups::profile_id.eq_any(profiles.to_vec()))
        .select((
            admitted_startups::profile_id,
            admitted_startups::programme_id,
        ))
        .load(conn)?;
    Ok(by_first(rows))
}

/// Which programmes admit these mandates; those that none admits are left out.
///
/// # Errors
/// A statement failed.
pub fn admitting_mandates(
    conn: &mut Conn,
    mandates: &[MandateId],
) -> Result<BTreeMap<MandateId, BTreeSet<ProgrammeId>>> {
    let rows: Vec<(MandateId, ProgrammeId)> = admitted_mandates::table
        .filter(admitted_mandates::mandate_id.eq_any(mandates.to_vec()))
        .select((
            admitted_mandates::mandate_id,
            admitted_mandates::programme_id,
        ))
        .load(conn)?;
    Ok(by_first(rows))
}

fn by_first<A: Ord, B: Ord>(pairs: Vec<(A, B)>) -> BTreeMap<A, BTreeSet<B>> {
    let mut sets: BTreeMap<A, BTreeSet<B>> = BTreeMap::new();
    for (a, b) in pairs {
        sets.entry(a).or_default().insert(b);
    }
    sets
}
