//! Programmes with the directions they join and their parties, and who was
//! admitted to them.

mod admitted;

pub use admitted::{
    admit_mandate, admit_startup, admitted_mandates, admitted_startups, admitting_mandates,
    admitting_startups, is_mandate_admitted, is_startup_admitted, mandates, mandates_admitted,
    published_after, published_firms, published_mandates, published_startups, startups,
    startups_admitted,
};

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::Eq;
use diesel::prelude::*;

use super::conn::MultiBackend;
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::programmes::{self, dsl};
use super::schema::{
    programme_corridors as corridors, programme_mandates as admitted_mandates,
    programme_parties as parties, programme_startups as admitted_startups,
};
use super::types::Timestamp;
use super::{Conn, Result, json, keyset, sql, stored};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, RuleSetId, StartupProfileId};
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
            said(details)?,
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
    oldest_first(conn, query.limit(page::fetch(limit)))
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

/// Has what is done about a programme wait for whoever is at it, without a change
/// of its own; false where it has another version by now.
///
/// # Errors
/// A statement failed.
pub fn hold(conn: &mut Conn, programme: &Programme) -> Result<bool> {
    let same = programmes::table
        .find(programme.id)
        .filter(dsl::version.eq(programme.version));
    let held = diesel::update(same)
        .set(dsl::version.eq(programme.version))
        .execute(conn)?;
    Ok(held == 1)
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
            said(details)?,
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

/// The programmes to which a startup profile is admitted, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn programmes_of_startup(conn: &mut Conn, profile: StartupProfileId) -> Result<Vec<Programme>> {
    let admitting = admitted_startups::table
        .filter(admitted_startups::profile_id.eq(profile))
        .select(admitted_startups::programme_id);
    let query = programmes::table.filter(dsl::id.eq_any(admitting));
    oldest_first(conn, query.into_boxed())
}

/// The programmes to which a mandate is admitted, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn programmes_of_mandate(conn: &mut Conn, mandate: MandateId) -> Result<Vec<Programme>> {
    let admitting = admitted_mandates::table
        .filter(admitted_mandates::mandate_id.eq(mandate))
        .select(admitted_mandates::programme_id);
    let query = programmes::table.filter(dsl::id.eq_any(admitting));
    oldest_first(conn, query.into_boxed())
}

fn oldest_first(
    conn: &mut Conn,
    query: programmes::BoxedQuery<'static, MultiBackend>,
) -> Result<Vec<Programme>> {
    let rows: Vec<Row> = query.order((dsl::created_at, dsl::id)).load(conn)?;
    whole(conn, rows)
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

/// What a programme says of itself in its own row.
type Said<'a> = (
    Eq<dsl::slug, &'a str>,
    Eq<dsl::title, &'a str>,
    Eq<dsl::scope_tags, String>,
    Eq<dsl::starts_on, NaiveDate>,
    Eq<dsl::ends_on, NaiveDate>,
);

fn said(details: &ProgrammeDetails) -> Result<Said<'_>> {
    Ok((
        dsl::slug.eq(details.slug.as_str()),
        dsl::title.eq(details.title.as_str()),
        dsl::scope_tags.eq(json::programme::encode(&details.scope_tags)?),
        dsl::starts_on.eq(details.starts_on),
        dsl::ends_on.eq(details.ends_on),
    ))
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
