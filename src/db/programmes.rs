//! Programmes with the directions they join and their parties, and who was
//! admitted to them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::programmes::{self, dsl};
use super::schema::{
    programme_corridors as corridors, programme_mandates as admitted_mandates,
    programme_parties as parties, programme_startups as admitted_startups,
};
use super::types::Timestamp;
use super::{Conn, Result, json, keyset, mandates as mandate_rows, sql, startup_profiles, stored};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, RuleSetId, StartupProfileId};
use crate::domain::mandate::{Mandate, MandateStatus};
use crate::domain::profile::{ProfileStatus, StartupProfile};
use crate::domain::programme::{
    Corridor, Party, PartyRole, Programme, ProgrammeDetails, ProgrammeStatus,
};
use crate::domain::text::Slug;

/// Which programmes to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In that state.
    pub status: Option<ProgrammeStatus>,
    /// Known to these organizations: public, or one of them is a party.
    pub known_to: Option<Vec<OrganizationId>>,
    /// Of those, only what one of them is a party to.
    pub own_only: bool,
}

#[derive(Queryable)]
struct Row {
    id: ProgrammeId,
    slug: String,
    title: String,
    scope_tags: String,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    rule_set_id: RuleSetId,
    status: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Stores a new programme with its corridors and parties. They are read back
/// in the order of countries and of ids. False when another programme has the
/// slug.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, programme: &Programme) -> Result<bool> {
    let Programme {
        id,
        details,
        rule_set,
        status,
        version,
        created_at,
        updated_at,
    } = programme;
    let insert = diesel::insert_into(programmes::table)
        .values((
            dsl::id.eq(id),
            dsl::slug.eq(details.slug.as_str()),
            dsl::title.eq(details.title.as_str()),
            dsl::scope_tags.eq(json::programme::encode(&details.scope_tags)?),
            dsl::starts_on.eq(details.starts_on),
            dsl::ends_on.eq(details.ends_on),
            dsl::rule_set_id.eq(rule_set),
            dsl::status.eq(status.code()),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .on_conflict(dsl::slug)
        .do_nothing();
    if sql::execute(conn, insert)? == 0 {
        return Ok(false);
    }
    insert_parts(conn, *id, details)?;
    Ok(true)
}

/// The programme with that id.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find(conn: &mut Conn, id: ProgrammeId) -> Result<Option<Programme>> {
    let rows: Vec<Row> = programmes::table.find(id).load(conn)?;
    Ok(whole(conn, rows)?.pop())
}

/// The programme with that slug.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_by_slug(conn: &mut Conn, slug: &Slug) -> Result<Option<Programme>> {
    let rows: Vec<Row> = programmes::table
        .filter(dsl::slug.eq(slug.as_str()))
        .load(conn)?;
    Ok(whole(conn, rows)?.pop())
}

/// Programmes from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Programme>> {
    let mut query = programmes::table.into_boxed();
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(organizations) = &filter.known_to {
        let hidden = ProgrammeStatus::ALL.iter().filter(|it| !it.is_public());
        let hidden: Vec<&str> = hidden.map(|status| status.code()).collect();
        let own: Vec<ProgrammeId> = parties::table
            .filter(parties::organization_id.eq_any(organizations.clone()))
            .select(parties::programme_id)
            .load(conn)?;
        query = if filter.own_only {
            query.filter(dsl::id.eq_any(own))
        } else {
            query.filter(dsl::status.ne_all(hidden).or(dsl::id.eq_any(own)))
        };
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    whole(conn, rows)
}

/// The programmes that are suspended, and since when.
///
/// # Errors
/// A statement failed.
pub fn suspended(conn: &mut Conn) -> Result<Vec<(ProgrammeId, DateTime<Utc>)>> {
    Ok(programmes::table
        .filter(dsl::status.eq(ProgrammeStatus::Suspended.code()))
        .select((dsl::id, dsl::updated_at))
        .order(dsl::id)
        .load(conn)?)
}

/// Stores the new state of a programme, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, programme: &Programme) -> Result<bool> {
    let Programme {
        id,
        details,
        rule_set,
        status,
        version,
        created_at: _,
        updated_at,
    } = programme;
    let before = programmes::table
        .find(id)
        .filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::slug.eq(details.slug.as_str()),
            dsl::title.eq(details.title.as_str()),
            dsl::scope_tags.eq(json::programme::encode(&details.scope_tags)?),
            dsl::starts_on.eq(details.starts_on),
            dsl::ends_on.eq(details.ends_on),
            dsl::rule_set_id.eq(rule_set),
            dsl::status.eq(status.code()),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    if changed == 1 {
        diesel::delete(corridors::table.filter(corridors::programme_id.eq(id))).execute(conn)?;
        diesel::delete(parties::table.filter(parties::programme_id.eq(id))).execute(conn)?;
        insert_parts(conn, *id, details)?;
    }
    Ok(changed == 1)
}

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
    use super::schema::startup_profiles::dsl as profile;

    let published = || {
        admitted_startups::table
            .inner_join(super::schema::startup_profiles::table)
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
    use super::schema::startup_profiles::dsl as profile;

    let mut query = admitted_startups::table
        .inner_join(super::schema::startup_profiles::table)
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
    use super::schema::startup_profiles::dsl as profile;

    Ok(admitted_startups::table
        .inner_join(super::schema::startup_profiles::table)
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
    use super::schema::mandates::dsl as mandate;

    let rows: Vec<(MandateId, OrganizationId)> = admitted_mandates::table
        .inner_join(super::schema::mandates::table)
        .filter(admitted_mandates::programme_id.eq(programme))
        .filter(mandate::status.eq(MandateStatus::Published.code()))
        .select((mandate::id, mandate::organization_id))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The programmes to which a startup profile is admitted, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn programmes_of_startup(conn: &mut Conn, profile: StartupProfileId) -> Result<Vec<Programme>> {
    let admitting = admitted_startups::table
        .filter(admitted_startups::profile_id.eq(profile))
        .select(admitted_startups::programme_id);
    let rows: Vec<Row> = programmes::table
        .filter(dsl::id.eq_any(admitting))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    whole(conn, rows)
}

/// The programmes to which a mandate is admitted, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn programmes_of_mandate(conn: &mut Conn, mandate: MandateId) -> Result<Vec<Programme>> {
    let admitting = admitted_mandates::table
        .filter(admitted_mandates::mandate_id.eq(mandate))
        .select(admitted_mandates::programme_id);
    let rows: Vec<Row> = programmes::table
        .filter(dsl::id.eq_any(admitting))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    whole(conn, rows)
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

/// Whether an organization is a party.
///
/// # Errors
/// A statement failed.
pub fn is_party(
    conn: &mut Conn,
    programme: ProgrammeId,
    organization: OrganizationId,
) -> Result<bool> {
    let row = parties::table.find((programme, organization));
    Ok(diesel::select(diesel::dsl::exists(row)).get_result(conn)?)
}

fn insert_parts(conn: &mut Conn, id: ProgrammeId, details: &ProgrammeDetails) -> Result<()> {
    for Corridor { startup, investor } in &details.corridors {
        diesel::insert_into(corridors::table)
            .values((
                corridors::programme_id.eq(id),
                corridors::startup_country.eq(startup.code()),
                corridors::investor_country.eq(investor.code()),
            ))
            .execute(conn)?;
    }
    for Party { organization, role } in &details.parties {
        diesel::insert_into(parties::table)
            .values((
                parties::programme_id.eq(id),
                parties::organization_id.eq(organization),
                parties::role.eq(role.code()),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// The programmes of these rows, in their order.
fn whole(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<Programme>> {
    let ids: Vec<ProgrammeId> = rows.iter().map(|row| row.id).collect();
    let mut corridors = corridors_of(conn, &ids)?;
    let mut parties = parties_of(conn, &ids)?;
    rows.into_iter()
        .map(|row| {
            let corridors = corridors.remove(&row.id).unwrap_or_default();
            let parties = parties.remove(&row.id).unwrap_or_default();
            programme(row, corridors, parties)
        })
        .collect()
}

fn corridors_of(
    conn: &mut Conn,
    ids: &[ProgrammeId],
) -> Result<BTreeMap<ProgrammeId, Vec<Corridor>>> {
    let rows: Vec<(ProgrammeId, String, String)> = corridors::table
        .filter(corridors::programme_id.eq_any(ids.to_vec()))
        .order((corridors::startup_country, corridors::investor_country))
        .load(conn)?;
    let mut by_programme: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (id, startup, investor) in rows {
        let corridor = Corridor {
            startup: stored::parse(&startup)?,
            investor: stored::parse(&investor)?,
        };
        by_programme.entry(id).or_default().push(corridor);
    }
    Ok(by_programme)
}

fn parties_of(conn: &mut Conn, ids: &[ProgrammeId]) -> Result<BTreeMap<ProgrammeId, Vec<Party>>> {
    let rows: Vec<(ProgrammeId, OrganizationId, String)> = parties::table
        .filter(parties::programme_id.eq_any(ids.to_vec()))
        .order(parties::organization_id)
        .load(conn)?;
    let mut by_programme: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (id, organization, role) in rows {
        let role = stored::code(&role, PartyRole::from_code)?;
        let party = Party { organization, role };
        by_programme.entry(id).or_default().push(party);
    }
    Ok(by_programme)
}

fn programme(row: Row, corridors: Vec<Corridor>, parties: Vec<Party>) -> Result<Programme> {
    let Row {
        id,
        slug,
        title,
        scope_tags,
        starts_on,
        ends_on,
        rule_set_id,
        status,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(Programme {
        id,
        details: ProgrammeDetails {
            slug: stored::parse(&slug)?,
            title: stored::name(&title)?,
            corridors,
            scope_tags: json::programme::decode(&scope_tags)?,
            parties,
            starts_on,
            ends_on,
        },
        rule_set: rule_set_id,
        status: stored::code(&status, ProgrammeStatus::from_code)?,
        version,
        created_at,
        updated_at,
    })
}
