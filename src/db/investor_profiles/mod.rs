//! Investor profiles. The row holds the present state; every revision of what
//! a profile said stays.

mod agreement;
mod comments;
mod erased;
mod lists;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use crate::db::deals::GOING_ON;
use crate::db::head::{Head, HeadRow, Headed};
use crate::db::investor_schema::investor_profile_revisions as revisions;
use crate::db::investor_schema::investor_profiles::{self, dsl};
use crate::db::page::{self, Cursor};
use crate::db::prepared::{FEW, Prepare, of_few_lengths};
use crate::db::schema::deals;
use crate::db::types::{Id, Timestamp};
use crate::db::worklist::{Owners, Waiting};
use crate::db::{Conn, Result, json, organizations, search, sql, stored};
use crate::domain::country::Country;
use crate::domain::ids::{InvestorProfileId, OrganizationId, UserId};
use crate::domain::investor::{AssetsBand, InvestorContent, InvestorProfile};
use crate::domain::pipeline::DealStatus;
use crate::domain::profile::ProfileStatus;
use crate::domain::search::Order;
use crate::domain::text::Slug;

pub use agreement::{agree_compliance, agreed_by, compliance_agreed_revision};
pub use comments::{comments, insert_comment, some_comments};
pub use erased::forget_said;
use lists::HEAD;
pub use lists::{Filter, list, list_heads};
pub(in crate::db) use lists::{ages, count};

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

impl Headed for InvestorProfile {
    type Id = InvestorProfileId;

    fn head(&self) -> Head<InvestorProfileId> {
        Head {
            id: self.id,
            organization: self.organization,
            version: self.version,
            place: Cursor::at(self.created_at, self.id),
        }
    }
}

/// Stores a new profile with its first revision; false when its firm has one.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, profile: &InvestorProfile) -> Result<bool> {
    // Before the record's own row, so that nobody waits in a circle.
    let firm = organizations::hold(conn, profile.organization)?;
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
        search::put_investor(conn, &firm, profile)?;
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

/// The head of the profile with that id.
///
/// # Errors
/// A statement failed.
pub fn find_head(
    conn: &mut Conn,
    id: InvestorProfileId,
) -> Result<Option<Head<InvestorProfileId>>> {
    let row: Option<HeadRow<InvestorProfileId>> = investor_profiles::table
        .find(id)
        .select(HEAD)
        .first(conn)
        .optional()?;
    Ok(row.map(|row| Head::of(row, Order::Created)))
}

/// Those of these profiles that there are, by id.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[InvestorProfileId]) -> Result<Vec<InvestorProfile>> {
    let rows: Vec<Row> = if ids.len() <= FEW {
        investor_profiles::table
            .filter(dsl::id.eq_any(of_few_lengths(ids)))
            .order(dsl::id)
            .prepared()
            .load(conn)?
    } else {
        investor_profiles::table
            .filter(dsl::id.eq_any(ids.to_vec()))
            .order(dsl::id)
            .load(conn)?
    };
    rows.into_iter().map(profile).collect()
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

/// Whether an investor that was shown took itself out; see [`out_among`].
///
/// # Errors
/// A statement failed.
pub fn is_out(conn: &mut Conn, organization: OrganizationId) -> Result<bool> {
    Ok(!out_among(conn, &[organization])?.is_empty())
}

/// Those of these investors that were shown and took themselves out, or were
/// taken out of everybody's sight: no mandate of theirs is proposed. One that
/// says nothing of itself, or took back a draft, is not out.
///
/// # Errors
/// A statement failed.
pub fn out_among(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<BTreeSet<OrganizationId>> {
    let ended = [
        ProfileStatus::Withdrawn,
        ProfileStatus::Archived,
        ProfileStatus::Erased,
    ];
    let ended = dsl::status.eq_any(ended.map(ProfileStatus::code));
    let suspended = dsl::status.eq(ProfileStatus::Suspended.code());
    let found: Vec<OrganizationId> = investor_profiles::table
        .filter(dsl::organization_id.eq_any(of_few_lengths(organizations)))
        .filter(suspended.or(ended.and(dsl::published_at.is_not_null())))
        .select(dsl::organization_id)
        .prepared()
        .load(conn)?;
    Ok(found.into_iter().collect())
}

/// Stores the new state of a profile, its version risen by one, and keeps its
/// revision if that is new; false when somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, profile: &InvestorProfile) -> Result<bool> {
    // Before the record's own row, so that nobody waits in a circle.
    let firm = organizations::hold(conn, profile.organization)?;
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
        search::put_investor(conn, &firm, profile)?;
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
    search::given(conn, id.uuid(), to)?;
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
