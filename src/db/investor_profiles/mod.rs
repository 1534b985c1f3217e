//! Investor profiles. The row holds the present state; every revision of what
//! a profile said stays.

mod agreement;
mod comments;
mod erased;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::IntoBoxed;
use diesel::prelude::*;

use crate::db::conn::Backend;
use crate::db::deals::GOING_ON;
use crate::db::investor_schema::investor_profile_revisions as revisions;
use crate::db::investor_schema::investor_profiles::{self, dsl};
use crate::db::page::{self, Cursor};
use crate::db::prepared::Prepare;
use crate::db::schema::deals;
use crate::db::types::{Id, Timestamp};
use crate::db::worklist::{Owners, Waiting};
use crate::db::{Conn, Result, json, keyset, sql, stored};
use crate::domain::country::Country;
use crate::domain::ids::{InvestorProfileId, OrganizationId, UserId};
use crate::domain::investor::{AccreditationStatus, AssetsBand, InvestorContent, InvestorProfile};
use crate::domain::pipeline::DealStatus;
use crate::domain::profile::ProfileStatus;
use crate::domain::search::{Order, Query};
use crate::domain::text::{Language, Slug};

pub use agreement::{agree_compliance, agreed_by, compliance_agreed_revision};
pub use comments::{comments, insert_comment, some_comments};
pub use erased::forget_said;

/// Which profiles to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of that firm.
    pub organization: Option<OrganizationId>,
    /// In one of these states; any, where there are none.
    pub statuses: Vec<ProfileStatus>,
    /// Of that sort.
    pub kind: Option<Slug>,
    /// Resident there.
    pub residence: Option<Country>,
    /// With so much under management.
    pub assets: Option<AssetsBand>,
    /// So accredited.
    pub accreditation: Option<AccreditationStatus>,
    /// Whether somebody of the firm stands behind it.
    pub claimed: Option<bool>,
    /// That speaks that language, whatever its region or script.
    pub language: Option<Language>,
    /// That holds a firm with one of these tags.
    pub tags: Option<BTreeSet<Slug>>,
    /// To be confirmed on that day or before.
    pub reconfirm_by: Option<NaiveDate>,
    /// Made then or later.
    pub created_since: Option<DateTime<Utc>>,
    /// Changed then or later.
    pub updated_since: Option<DateTime<Utc>>,
    /// Of a firm that is found by that: words of its names.
    pub query: Query,
}

#[derive(Queryable)]
struct Row {
    id: InvestorProfileId,
    organization_id: OrganizationId,
    status: String,
    claimed: bool,
    revision: i64,
    content: String,
    _kind: Option<String>,
    _residence: Option<String>,
    _assets: Option<String>,
    _accreditation: String,
    published_at: Option<DateTime<Utc>>,
    reconfirm_by: Option<NaiveDate>,
    rejected_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    _compliance_agreed_revision: Option<i64>,
    _compliance_agreed_by: Option<UserId>,
}

/// Stores a new profile with its first revision; false when its firm has one.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, profile: &InvestorProfile) -> Result<bool> {
    let content = json::investor::encode(&profile.content)?;
    let said = &profile.content;
    let insert = diesel::insert_into(investor_profiles::table)
        .values((
            (
                dsl::id.eq(profile.id),
                dsl::organization_id.eq(profile.organization),
                dsl::status.eq(profile.status.code()),
                dsl::claimed.eq(profile.claimed),
                dsl::revision.eq(profile.revision),
                dsl::content.eq(&content),
                dsl::kind.eq(said.kind.as_ref().map(Slug::as_str)),
                dsl::residence.eq(said.residence.as_ref().map(Country::code)),
                dsl::assets.eq(said.assets.map(AssetsBand::code)),
            ),
            (
                dsl::accreditation.eq(said.accreditation.status.code()),
                dsl::published_at.eq(profile.published_at.map(Timestamp)),
                dsl::reconfirm_by.eq(profile.reconfirm_by),
                dsl::rejected_at.eq(profile.rejected_at.map(Timestamp)),
                dsl::version.eq(profile.version),
                dsl::created_at.eq(Timestamp(profile.created_at)),
                dsl::updated_at.eq(Timestamp(profile.updated_at)),
            ),
        ))
        .on_conflict_do_nothing();
    let made = sql::execute(conn, insert)? == 1;
    if made {
        keep_revision(conn, profile, &content)?;
    }
    Ok(made)
}

/// The profile with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: InvestorProfileId) -> Result<Option<InvestorProfile>> {
    let row: Option<Row> = investor_profiles::table.find(id).first(conn).optional()?;
    row.map(profile).transpose()
}

/// The profile of a firm.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn of(conn: &mut Conn, organization: OrganizationId) -> Result<Option<InvestorProfile>> {
    let row: Option<Row> = investor_profiles::table
        .filter(dsl::organization_id.eq(organization))
        .first(conn)
        .optional()?;
    row.map(profile).transpose()
}

/// The profiles of these firms that others wrote and nobody of the firm stands
/// behind.
///
/// # Errors
/// A statement failed.
pub fn unclaimed_of(
    conn: &mut Conn,
    firms: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, InvestorProfileId>> {
    let found: Vec<(OrganizationId, InvestorProfileId)> = investor_profiles::table
        .filter(dsl::organization_id.eq_any(firms.to_vec()))
        .filter(dsl::claimed.eq(false))
        .select((dsl::organization_id, dsl::id))
        .load(conn)?;
    Ok(found.into_iter().collect())
}

/// Whether an investor that was shown took itself out, or was taken out of
/// everybody's sight: then no mandate of its is proposed. One that says nothing
/// of itself, or took back a draft, is not out.
///
/// # Errors
/// A statement failed.
pub fn is_out(conn: &mut Conn, organization: OrganizationId) -> Result<bool> {
    let ended = [
        ProfileStatus::Withdrawn,
        ProfileStatus::Archived,
        ProfileStatus::Erased,
    ];
    let ended = dsl::status.eq_any(ended.map(ProfileStatus::code));
    let suspended = dsl::status.eq(ProfileStatus::Suspended.code());
    let found: Option<InvestorProfileId> = investor_profiles::table
        .filter(dsl::organization_id.eq(organization))
        .filter(suspended.or(ended.and(dsl::published_at.is_not_null())))
        .select(dsl::id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// Profiles in that order; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<InvestorProfile>> {
    let mut query = narrowed(conn, filter).limit(page::fetch(limit));
    if let Some(cursor) = after {
        query = match order {
            Order::Created | Order::Relevance => {
                query.filter(keyset::after(dsl::created_at, dsl::id, cursor))
            }
            Order::CreatedLast => query.filter(keyset::before(dsl::created_at, dsl::id, cursor)),
            Order::Updated => query.filter(keyset::after(dsl::updated_at, dsl::id, cursor)),
            Order::UpdatedLast => query.filter(keyset::before(dsl::updated_at, dsl::id, cursor)),
            Order::Due => due_after(query, cursor),
        };
    }
    let query = match order {
        Order::Created | Order::Relevance => query.order((dsl::created_at, dsl::id)),
        Order::CreatedLast => query.order((dsl::created_at.desc(), dsl::id.desc())),
        Order::Updated => query.order((dsl::updated_at, dsl::id)),
        Order::UpdatedLast => query.order((dsl::updated_at.desc(), dsl::id.desc())),
        Order::Due => query.order((dsl::reconfirm_by.is_null(), dsl::reconfirm_by, dsl::id)),
    };
    let rows: Vec<Row> = query.load(conn)?;
    rows.into_iter().map(profile).collect()
}

type Boxed = IntoBoxed<'static, investor_profiles::table, Backend>;

/// What comes after a cursor in the order of the day by which it is confirmed.
fn due_after(query: Boxed, cursor: Cursor) -> Boxed {
    let later = dsl::id.gt(Id::of(cursor.id));
    if cursor.created_at == page::due(None) {
        return query.filter(dsl::reconfirm_by.is_null().and(later));
    }
    let day = cursor.created_at.date_naive();
    let same = dsl::reconfirm_by.eq(day).assume_not_null().and(later);
    let after = dsl::reconfirm_by.gt(day).assume_not_null().or(same);
    query.filter(after.or(dsl::reconfirm_by.is_null()))
}

fn narrowed(conn: &Conn, filter: &Filter) -> Boxed {
    let mut query = investor_profiles::table.into_boxed();
    if let Some(organization) = filter.organization {
        query = query.filter(dsl::organization_id.eq(organization));
    }
    if !filter.statuses.is_empty() {
        let codes: Vec<&str> = filter.statuses.iter().map(|it| it.code()).collect();
        query = query.filter(dsl::status.eq_any(codes));
    }
    if let Some(kind) = &filter.kind {
        query = query.filter(dsl::kind.eq(kind.to_string()));
    }
    if let Some(residence) = filter.residence {
        query = query.filter(dsl::residence.eq(residence.to_string()));
    }
    if let Some(assets) = filter.assets {
        query = query.filter(dsl::assets.eq(assets.code()));
    }
    if let Some(accreditation) = filter.accreditation {
        query = query.filter(dsl::accreditation.eq(accreditation.code()));
    }
    if let Some(claimed) = filter.claimed {
        query = query.filter(dsl::claimed.eq(claimed));
    }
    if let Some(language) = &filter.language {
        query = query.filter(sql::contents::speaks(conn, language));
    }
    if let Some(tags) = &filter.tags {
        query = query.filter(sql::contents::holds_one_of(conn, tags));
    }
    if let Some(day) = filter.reconfirm_by {
        query = query.filter(dsl::reconfirm_by.le(day));
    }
    if let Some(since) = filter.created_since {
        query = query.filter(dsl::created_at.ge(Timestamp(since)));
    }
    if let Some(since) = filter.updated_since {
        query = query.filter(dsl::updated_at.ge(Timestamp(since)));
    }
    if !filter.query.is_empty() {
        let (firm, owned) = (
            "investor_profiles.organization_id",
            filter.organization.is_some(),
        );
        query = query.filter(sql::search::found_by(conn, firm, &filter.query, owned));
    }
    query
}

/// Stores the new state of a profile, its version risen by one, and keeps its
/// revision if that is new; false when somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, profile: &InvestorProfile) -> Result<bool> {
    let content = json::investor::encode(&profile.content)?;
    let said = &profile.content;
    let before = investor_profiles::table
        .find(profile.id)
        .filter(dsl::version.eq(profile.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::organization_id.eq(profile.organization),
            dsl::status.eq(profile.status.code()),
            dsl::claimed.eq(profile.claimed),
            dsl::revision.eq(profile.revision),
            dsl::content.eq(&content),
            dsl::kind.eq(said.kind.as_ref().map(Slug::as_str)),
            dsl::residence.eq(said.residence.as_ref().map(Country::code)),
            dsl::assets.eq(said.assets.map(AssetsBand::code)),
            dsl::accreditation.eq(said.accreditation.status.code()),
            dsl::published_at.eq(profile.published_at.map(Timestamp)),
            dsl::reconfirm_by.eq(profile.reconfirm_by),
            dsl::rejected_at.eq(profile.rejected_at.map(Timestamp)),
            dsl::version.eq(profile.version),
            dsl::updated_at.eq(Timestamp(profile.updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    if changed == 1 {
        keep_revision(conn, profile, &content)?;
    }
    Ok(changed == 1)
}

/// Gives a profile at that version to another investor, in that state; false
/// when somebody else changed it meanwhile.
///
/// # Errors
/// A statement failed: also when the other one has a profile.
pub fn give(
    conn: &mut Conn,
    (id, version): (InvestorProfileId, i64),
    to: OrganizationId,
    status: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let before = investor_profiles::table
        .find(id)
        .filter(dsl::version.eq(version));
    let changed = diesel::update(before)
        .set((
            dsl::organization_id.eq(to),
            dsl::status.eq(status),
            dsl::version.eq(version + 1),
            dsl::updated_at.eq(Timestamp(now)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

type Dated = (Id, DateTime<Utc>, Option<NaiveDate>);

fn dated((id, since, by): Dated) -> Waiting {
    Waiting {
        id: id.uuid(),
        programme: None,
        since,
        by,
    }
}

/// Profiles that stand at one of these states.
///
/// # Errors
/// A statement failed.
pub fn waiting(
    conn: &mut Conn,
    statuses: &[ProfileStatus],
    owners: Owners<'_>,
    limit: i64,
) -> Result<Vec<Waiting>> {
    let codes: Vec<&str> = statuses.iter().map(|status| status.code()).collect();
    let mut query = investor_profiles::table
        .filter(dsl::status.eq_any(codes))
        .select((dsl::id, dsl::updated_at, dsl::reconfirm_by))
        .into_boxed();
    if let Some(owners) = owners {
        query = query.filter(dsl::organization_id.eq_any(owners.to_vec()));
    }
    let rows: Vec<Dated> = query
        .order((dsl::updated_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(dated).collect())
}

/// Published profiles of these firms that are to be confirmed until a day, and
/// those that were not in time.
///
/// # Errors
/// A statement failed.
pub fn to_confirm(
    conn: &mut Conn,
    owners: &[OrganizationId],
    until: NaiveDate,
    limit: i64,
) -> Result<Vec<Waiting>> {
    let soon = dsl::status
        .eq(ProfileStatus::Published.code())
        .and(dsl::reconfirm_by.le(until).assume_not_null());
    let rows: Vec<Dated> = investor_profiles::table
        .filter(dsl::organization_id.eq_any(owners.to_vec()))
        .filter(soon.or(dsl::status.eq(ProfileStatus::Stale.code())))
        .select((dsl::id, dsl::updated_at, dsl::reconfirm_by))
        .order((dsl::reconfirm_by, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(dated).collect())
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
) -> Result<Vec<InvestorProfile>> {
    let rows: Vec<Row> = investor_profiles::table
        .filter(dsl::status.eq(ProfileStatus::Published.code()))
        .filter(dsl::reconfirm_by.lt(today))
        .order((dsl::reconfirm_by, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(profile).collect()
}

/// Up to `limit` profiles that ended before that instant and of whose firm no
/// deal goes on, the longest ended first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn due_for_archiving(
    conn: &mut Conn,
    before: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<InvestorProfile>> {
    let ended = [ProfileStatus::Withdrawn, ProfileStatus::Rejected].map(ProfileStatus::code);
    let going_on = deals::table
        .filter(deals::status.eq_any(GOING_ON.map(DealStatus::code)))
        .select(deals::investor_id);
    let rows: Vec<Row> = investor_profiles::table
        .filter(dsl::status.eq_any(ended))
        .filter(dsl::updated_at.lt(Timestamp(before)))
        .filter(dsl::organization_id.ne_all(going_on))
        .order((dsl::updated_at, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(profile).collect()
}

/// Profiles after an id that may mention a tag, by id; see
/// [`super::tags::startups_mentioning`].
///
/// # Errors
/// A statement failed.
pub fn mentioning(
    conn: &mut Conn,
    slug: &Slug,
    after: Option<InvestorProfileId>,
    limit: usize,
) -> Result<Vec<InvestorProfileId>> {
    let mut query = investor_profiles::table.into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    Ok(query
        .filter(dsl::content.like(super::tags::mention(slug)))
        .order(dsl::id)
        .limit(page::fetch(limit))
        .select(dsl::id)
        .load(conn)?)
}

/// A revision's content never changes once it is kept.
fn keep_revision(conn: &mut Conn, profile: &InvestorProfile, content: &str) -> Result<()> {
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

/// What a profile said at a revision.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_revision(
    conn: &mut Conn,
    id: InvestorProfileId,
    revision: i64,
) -> Result<Option<InvestorContent>> {
    let content: Option<String> = revisions::table
        .find((id, revision))
        .select(revisions::content)
        .first(conn)
        .optional()?;
    content.as_deref().map(json::investor::decode).transpose()
}

/// The revisions after that one with when each came, from the first on; one
/// more than `limit` when there are more.
///
/// # Errors
/// A statement failed.
pub fn revisions_of(
    conn: &mut Conn,
    id: InvestorProfileId,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, DateTime<Utc>)>> {
    Ok(revisions::table
        .filter(revisions::profile_id.eq(id))
        .filter(revisions::revision.gt(after))
        .order(revisions::revision)
        .limit(page::fetch(limit))
        .select((revisions::revision, revisions::created_at))
        .load(conn)?)
}

fn profile(row: Row) -> Result<InvestorProfile> {
    let Row {
        id,
        organization_id,
        status,
        claimed,
        revision,
        content,
        _kind,
        _residence,
        _assets,
        _accreditation,
        published_at,
        reconfirm_by,
        rejected_at,
        version,
        created_at,
        updated_at,
        _compliance_agreed_revision,
        _compliance_agreed_by,
    } = row;
    Ok(InvestorProfile {
        id,
        organization: organization_id,
        content: json::investor::decode(&content)?,
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
