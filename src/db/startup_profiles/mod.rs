//! Startup profiles. The row holds the present state; every revision of what
//! a profile said stays, because matches refer to it.

mod agreement;
mod filter;
mod lists;
mod said;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use crate::db::deals::GOING_ON;
use crate::db::head::{Head, HeadRow, Headed};
use crate::db::page::Cursor;
use crate::db::prepared::{FEW, Prepare, of_few_lengths};
use crate::db::schema::startup_profiles::{self, dsl};
use crate::db::schema::{deals, programme_startups, startup_profile_revisions as revisions};
use crate::db::together::{Part, Together};
use crate::db::types::Timestamp;
use crate::db::{Conn, Error, IDS_AT_ONCE, Result, json, organizations, search, sql, stored};
use crate::domain::country::Country;
use crate::domain::ids::{OrganizationId, ProgrammeId, StartupProfileId, UserId};
use crate::domain::organization::Organization;
use crate::domain::pipeline::DealStatus;
use crate::domain::profile::{ProfileStatus, StartupProfile};
use crate::domain::search::{Order, Texts};

pub use agreement::{agree_compliance, agreed_by, compliance_agreed_revision};
pub use filter::{Figure, Filter, rates};
pub(in crate::db) use lists::{ages, count};
pub use lists::{list, list_heads};
pub use said::{content_at, find_revision, forget_said, revisions_of};

#[derive(Queryable)]
struct Row {
    id: StartupProfileId,
    organization_id: OrganizationId,
    country: Option<String>,
    status: String,
    claimed: bool,
    revision: i64,
    content: String,
    _compliance_agreed_revision: Option<i64>,
    published_at: Option<DateTime<Utc>>,
    reconfirm_by: Option<NaiveDate>,
    rejected_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    _round_currency: Option<String>,
    _round_target: Option<i64>,
    _round_low: Option<i64>,
    _round_high: Option<i64>,
    _round_closes: Option<NaiveDate>,
    _compliance_agreed_by: Option<UserId>,
    _team_size: Option<i64>,
    _customers: Option<i64>,
    _pilots: Option<i64>,
    _growth: Option<i64>,
    _revenue_currency: Option<String>,
    _revenue: Option<i64>,
}

impl Headed for StartupProfile {
    type Id = StartupProfileId;

    fn head(&self) -> Head<StartupProfileId> {
        Head {
            id: self.id,
            organization: self.organization,
            version: self.version,
            place: Cursor::at(self.created_at, self.id),
        }
    }
}

type HeadColumns = (
    dsl::id,
    dsl::organization_id,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

const HEAD: HeadColumns = (
    dsl::id,
    dsl::organization_id,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

/// Stores a new profile with its first revision.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, profile: &StartupProfile) -> Result<()> {
    let firm = organizations::hold(conn, profile.organization)?;
    let texts = Texts::of_profile(&profile.content);
    insertion(conn, profile, &firm, texts)?.store(conn)
}

/// What stores a new profile of that firm with its first revision, and the words
/// of its content, by which it is found.
///
/// # Errors
/// It can't be written down.
pub fn insertion<E: From<Error>>(
    conn: &Conn,
    profile: &StartupProfile,
    firm: &Organization,
    texts: Texts,
) -> Result<Together<E>> {
    let kind = search::Kind::StartupProfile;
    let words = search::insertion(conn, kind, profile.id.uuid(), firm, texts);
    Ok(bare_insertion(profile, firm)?.with_all(words))
}

/// [`insertion`] so that it is found by no word: what is only tried is looked
/// for by nobody.
///
/// # Errors
/// It can't be written down.
pub fn bare_insertion<E: From<Error>>(
    profile: &StartupProfile,
    firm: &Organization,
) -> Result<Together<E>> {
    let StartupProfile {
        id,
        organization,
        country,
        content,
        status,
        claimed,
        revision,
        version,
        published_at,
        reconfirm_by,
        rejected_at,
        created_at,
        updated_at,
    } = profile;
    let round = filter::round(content.round.as_ref());
    let figures = filter::figures(content);
    let content = json::startup::encode(content)?;
    let row = diesel::insert_into(startup_profiles::table).values((
        round,
        figures,
        dsl::id.eq(*id),
        dsl::organization_id.eq(*organization),
        dsl::country.eq(country.map(|it| it.to_string())),
        dsl::status.eq(status.code()),
        dsl::claimed.eq(*claimed),
        dsl::revision.eq(*revision),
        dsl::content.eq(content.clone()),
        dsl::published_at.eq(published_at.map(Timestamp)),
        dsl::reconfirm_by.eq(*reconfirm_by),
        dsl::rejected_at.eq(rejected_at.map(Timestamp)),
        dsl::version.eq(*version),
        dsl::created_at.eq(Timestamp(*created_at)),
        dsl::updated_at.eq(Timestamp(*updated_at)),
    ));
    let first = diesel::insert_into(revisions::table).values((
        revisions::profile_id.eq(*id),
        revisions::revision.eq(*revision),
        revisions::content.eq(content),
        revisions::created_at.eq(Timestamp(*updated_at)),
    ));
    Ok(Together::of(firm)
        .with(Part::new(row))
        .with(Part::new(first)))
}

/// The profile with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: StartupProfileId) -> Result<Option<StartupProfile>> {
    let row: Option<Row> = startup_profiles::table.find(id).first(conn).optional()?;
    row.map(profile).transpose()
}

/// The revision of the profile with that id.
///
/// # Errors
/// A statement failed.
pub fn revision(conn: &mut Conn, id: StartupProfileId) -> Result<Option<i64>> {
    Ok(startup_profiles::table
        .find(id)
        .select(dsl::revision)
        .first(conn)
        .optional()?)
}

/// The head of the profile with that id.
///
/// # Errors
/// A statement failed.
pub fn find_head(conn: &mut Conn, id: StartupProfileId) -> Result<Option<Head<StartupProfileId>>> {
    let row: Option<HeadRow<StartupProfileId>> = startup_profiles::table
        .find(id)
        .select(HEAD)
        .first(conn)
        .optional()?;
    Ok(row.map(|row| Head::of(row, Order::Created)))
}

/// The heads of those of these profiles that there are.
///
/// # Errors
/// A statement failed.
pub fn find_heads(
    conn: &mut Conn,
    ids: &[StartupProfileId],
) -> Result<Vec<(StartupProfileId, Head<StartupProfileId>)>> {
    let rows: Vec<HeadRow<StartupProfileId>> = startup_profiles::table
        .filter(dsl::id.eq_any(of_few_lengths(ids)))
        .select(HEAD)
        .prepared()
        .load(conn)?;
    let heads = rows.into_iter().map(|row| Head::of(row, Order::Created));
    Ok(heads.map(|head| (head.id, head)).collect())
}

/// Those of these profiles that there are, by id.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[StartupProfileId]) -> Result<Vec<StartupProfile>> {
    if ids.len() <= FEW {
        let rows: Vec<Row> = startup_profiles::table
            .filter(dsl::id.eq_any(of_few_lengths(ids)))
            .order(dsl::id)
            .prepared()
            .load(conn)?;
        return rows.into_iter().map(profile).collect();
    }
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(IDS_AT_ONCE) {
        let rows: Vec<Row> = startup_profiles::table
            .filter(dsl::id.eq_any(some.to_vec()))
            .load(conn)?;
        for row in rows {
            found.push(profile(row)?);
        }
    }
    found.sort_by_key(|profile| profile.id);
    Ok(found)
}

/// Where each of these profiles stands, and whether its firm stands behind it.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn states(
    conn: &mut Conn,
    ids: &[StartupProfileId],
) -> Result<Vec<(StartupProfileId, ProfileStatus, bool)>> {
    let rows: Vec<(StartupProfileId, String, bool)> = startup_profiles::table
        .filter(dsl::id.eq_any(ids.to_vec()))
        .select((dsl::id, dsl::status, dsl::claimed))
        .load(conn)?;
    rows.into_iter()
        .map(|(id, status, claimed)| {
            Ok((
                id,
                stored::code(&status, ProfileStatus::from_code)?,
                claimed,
            ))
        })
        .collect()
}

/// Every profile admitted to a programme, by id.
pub(in crate::db) fn admitted_to(
    conn: &mut Conn,
    programme: ProgrammeId,
) -> Result<Vec<StartupProfile>> {
    let rows: Vec<Row> = startup_profiles::table
        .inner_join(programme_startups::table)
        .filter(programme_startups::programme_id.eq(programme))
        .order(dsl::id)
        .select(startup_profiles::all_columns)
        .load(conn)?;
    rows.into_iter().map(profile).collect()
}

/// Stores the new state of a profile, its version risen by one, and keeps its
/// revision if that is new; false when somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, profile: &StartupProfile) -> Result<bool> {
    let StartupProfile {
        id,
        organization,
        country,
        content,
        status,
        claimed,
        revision,
        version,
        published_at,
        reconfirm_by,
        rejected_at,
        created_at: _,
        updated_at,
    } = profile;
    // Before the record's own row, so that nobody waits in a circle.
    let firm = organizations::hold(conn, *organization)?;
    let round = filter::round(content.round.as_ref());
    let figures = filter::figures(content);
    let content = json::startup::encode(content)?;
    let before = startup_profiles::table
        .find(id)
        .filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            round,
            figures,
            dsl::country.eq(country.as_ref().map(Country::code)),
            dsl::status.eq(status.code()),
            dsl::claimed.eq(claimed),
            dsl::revision.eq(revision),
            dsl::content.eq(&content),
            dsl::published_at.eq(published_at.map(Timestamp)),
            dsl::reconfirm_by.eq(reconfirm_by),
            dsl::rejected_at.eq(rejected_at.map(Timestamp)),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    if changed == 1 {
        keep_revision(conn, profile, &content)?;
        search::put_profile(conn, &firm, profile)?;
    }
    Ok(changed == 1)
}

/// [`update`] of a profile that says what it said: only where it stands.
///
/// # Errors
/// [`Error::Outdated`] when somebody else was first; a statement failed.
pub fn update_state(conn: &mut Conn, profile: &StartupProfile) -> Result<()> {
    moving(profile).store(conn)
}

/// What stores where a profile stands now, its version risen by one, that says
/// what it said.
pub fn moving<E: From<Error>>(profile: &StartupProfile) -> Together<E> {
    let before = startup_profiles::table
        .find(profile.id)
        .filter(dsl::version.eq(profile.version - 1));
    Together::moving(diesel::update(before).set((
        dsl::status.eq(profile.status.code()),
        dsl::claimed.eq(profile.claimed),
        dsl::published_at.eq(profile.published_at.map(Timestamp)),
        dsl::reconfirm_by.eq(profile.reconfirm_by),
        dsl::rejected_at.eq(profile.rejected_at.map(Timestamp)),
        dsl::version.eq(profile.version),
        dsl::updated_at.eq(Timestamp(profile.updated_at)),
    )))
}

/// Up to `limit` published profiles that were to be confirmed before today,
/// the longest due first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn due_for_freshness(
    conn: &mut Conn,
    today: NaiveDate,
    limit: usize,
) -> Result<Vec<StartupProfile>> {
    let rows: Vec<Row> = startup_profiles::table
        .filter(dsl::status.eq(ProfileStatus::Published.code()))
        .filter(dsl::reconfirm_by.lt(today))
        .order((dsl::reconfirm_by, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(profile).collect()
}

/// Up to `limit` profiles that ended before that instant and of which no deal
/// goes on, the longest ended first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn due_for_archiving(
    conn: &mut Conn,
    before: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<StartupProfile>> {
    let ended = [ProfileStatus::Withdrawn, ProfileStatus::Rejected].map(ProfileStatus::code);
    let going_on = deals::table
        .filter(deals::status.eq_any(GOING_ON.map(DealStatus::code)))
        .select(deals::startup_profile_id);
    let rows: Vec<Row> = startup_profiles::table
        .filter(dsl::status.eq_any(ended))
        .filter(dsl::updated_at.lt(Timestamp(before)))
        .filter(dsl::id.ne_all(going_on))
        .order((dsl::updated_at, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(profile).collect()
}

/// A revision's content never changes once it is kept.
fn keep_revision(conn: &mut Conn, profile: &StartupProfile, content: &str) -> Result<()> {
    let insert = diesel::insert_into(revisions::table)
        .values((
            revisions::profile_id.eq(profile.id),
            revisions::revision.eq(profile.revision),
            revisions::content.eq(content),
            revisions::created_at.eq(Timestamp(profile.updated_at)),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    Ok(())
}

fn profile(row: Row) -> Result<StartupProfile> {
    let Row {
        id,
        organization_id,
        country,
        status,
        claimed,
        revision,
        content,
        _compliance_agreed_revision,
        published_at,
        reconfirm_by,
        rejected_at,
        version,
        created_at,
        updated_at,
        _round_currency,
        _round_target,
        _round_low,
        _round_high,
        _round_closes,
        _compliance_agreed_by,
        _team_size,
        _customers,
        _pilots,
        _growth,
        _revenue_currency,
        _revenue,
    } = row;
    Ok(StartupProfile {
        id,
        organization: organization_id,
        country: stored::parse_some(country.as_deref())?,
        content: json::startup::decode(&content)?,
        status: stored::code(&status, ProfileStatus::from_code)?,
        claimed,
        revision,
        version,
        published_at,
        reconfirm_by,
        rejected_at,
        created_at,
        updated_at,
    })
}
