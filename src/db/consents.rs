//! Receipts of what people agreed to. They are only added, and taken back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::duplicate_schema::organization_merges;
use super::identity_schema::consent_receipts::{self, dsl};
use super::identity_schema::consents_before;
use super::prepared::{Prepare, of_few_lengths};
use super::schema::{mandates, memberships, startup_profiles};
use super::types::{Id, Timestamp};
use super::{Conn, Result, stored};
use crate::domain::account::Role;
use crate::domain::consent::{ConsentReceipt, PROPOSALS, Standing};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::mandate::MandateStatus;
use crate::domain::profile::ProfileStatus;
use crate::domain::text::Language;

/// Stores a new receipt.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, receipt: &ConsentReceipt) -> Result<()> {
    let ConsentReceipt {
        id,
        user,
        organization,
        purpose,
        person_name,
        person_role,
        law,
        text,
        language,
        method,
        given_at,
        valid_to,
    } = receipt;
    diesel::insert_into(consent_receipts::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::user_id.eq(user),
            dsl::organization_id.eq(organization),
            dsl::purpose.eq(purpose),
            dsl::person_name.eq(person_name.as_str()),
            dsl::person_role.eq(person_role.as_deref()),
            dsl::law.eq(law),
            dsl::text.eq(text),
            dsl::text_hash.eq(&Sha256::digest(text.as_bytes())[..]),
            dsl::language.eq(language.as_str()),
            dsl::method.eq(method),
            dsl::given_at.eq(Timestamp(*given_at)),
            dsl::valid_to.eq(Timestamp(*valid_to)),
        ))
        .execute(conn)?;
    Ok(())
}

/// What the people of a firm agreed to: purpose and text, and when, the newest
/// first.
///
/// # Errors
/// A statement failed.
pub fn of_organization(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Vec<(String, String, DateTime<Utc>)>> {
    Ok(consent_receipts::table
        .filter(dsl::organization_id.eq(organization))
        .order((dsl::given_at.desc(), dsl::id.desc()))
        .select((dsl::purpose, dsl::text, dsl::given_at))
        .load(conn)?)
}

/// A receipt as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: Uuid,
    /// For which firm.
    pub organization: OrganizationId,
    /// What its giver called themselves.
    pub person_name: String,
    /// Their part in the firm.
    pub person_role: Option<String>,
    /// Under which law.
    pub law: String,
    /// The text.
    pub text: String,
    /// Its language.
    pub language: Language,
    /// How it was given.
    pub method: String,
    /// When.
    pub given_at: DateTime<Utc>,
    /// How long it holds.
    pub valid_to: DateTime<Utc>,
    /// When it was taken back.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// What a person agreed to for firms, oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_user(conn: &mut Conn, user: UserId) -> Result<Vec<Kept>> {
    type Times = (DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>);
    type Row = (
        (Id, OrganizationId),
        (String, Option<String>),
        (String, String, String, String),
        Times,
    );
    let rows: Vec<Row> = consent_receipts::table
        .filter(dsl::user_id.eq(user))
        .order((dsl::given_at, dsl::id))
        .select((
            (dsl::id, dsl::organization_id),
            (dsl::person_name, dsl::person_role),
            (dsl::law, dsl::text, dsl::language, dsl::method),
            (dsl::given_at, dsl::valid_to, dsl::withdrawn_at),
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|((id, organization), who, what, times)| {
            Ok(Kept {
                id: id.uuid(),
                organization,
                person_name: who.0,
                person_role: who.1,
                law: what.0,
                text: what.1,
                language: stored::parse(&what.2)?,
                method: what.3,
                given_at: times.0,
                valid_to: times.1,
                withdrawn_at: times.2,
            })
        })
        .collect()
}

/// Whether the people of a firm agreed that it is proposed to others; see
/// [`standings`].
///
/// # Errors
/// A statement failed.
pub fn standing(conn: &mut Conn, firm: OrganizationId, now: DateTime<Utc>) -> Result<Standing> {
    let found = standings(conn, &[firm], now)?.remove(&firm);
    Ok(found.unwrap_or(Standing::Missing))
}

/// Whether the people of each of these firms agreed that it is proposed to
/// others. Taken back it is where one of their present people did so, and no
/// other present one stands by it or has given it anew: whoever left binds only
/// themselves. What somebody gave for the firm and did not take back goes on
/// holding for it when they leave.
///
/// # Errors
/// A statement failed.
pub fn standings(
    conn: &mut Conn,
    firms: &[OrganizationId],
    now: DateTime<Utc>,
) -> Result<BTreeMap<OrganizationId, Standing>> {
    let receipts = receipts_of(conn, firms)?;
    let none = Vec::new();
    let of = |firm: &OrganizationId| receipts.get(firm).unwrap_or(&none);
    let mut standings = BTreeMap::new();
    for firm in firms {
        let given = of(firm).iter().filter(|it| it.withdrawn_at.is_none());
        let given = given.map(|it| {
            if it.valid_to > now {
                Standing::Given
            } else {
                Standing::RanOut
            }
        });
        standings.insert(*firm, given.min().unwrap_or(Standing::Missing));
    }
    let open = |(firm, standing): (&OrganizationId, &Standing)| {
        (*standing != Standing::Given).then_some(*firm)
    };
    let without: Vec<OrganizationId> = standings.iter().filter_map(open).collect();
    for firm in before(conn, &without, now)?.into_keys() {
        standings.insert(firm, Standing::Before);
    }
    let taken_back = |firm: &&OrganizationId| of(firm).iter().any(|it| it.withdrawn_at.is_some());
    let doubtful: Vec<OrganizationId> = firms.iter().filter(taken_back).copied().collect();
    let present = people_of(conn, &doubtful)?;
    for firm in doubtful {
        let of_present = || {
            let receipts = of(&firm).iter();
            receipts.filter(|it| present.contains(&(firm, it.giver)))
        };
        let stands = of_present().any(|it| it.withdrawn_at.is_none() && it.valid_to > now);
        let taken_back = of_present().any(|it| it.withdrawn_at.is_some());
        if taken_back && !stands {
            standings.insert(firm, Standing::Withdrawn);
        }
    }
    Ok(standings)
}

/// Who answers for these firms now.
fn people_of(
    conn: &mut Conn,
    firms: &[OrganizationId],
) -> Result<BTreeSet<(OrganizationId, UserId)>> {
    if firms.is_empty() {
        return Ok(BTreeSet::new());
    }
    let answering = [Role::Owner.code(), Role::Editor.code()];
    let rows: Vec<(OrganizationId, UserId)> = memberships::table
        .filter(memberships::organization_id.eq_any(of_few_lengths(firms)))
        .filter(memberships::role.eq_any(answering))
        .select((memberships::organization_id, memberships::user_id))
        .prepared()
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Until when a firm goes on as before that was shown before it was asked for a
/// consent; none where it doesn't, or no more. A firm that another one became
/// one with goes on as long as that one would have.
///
/// # Errors
/// A statement failed.
pub fn before_until(
    conn: &mut Conn,
    firm: OrganizationId,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    Ok(before(conn, &[firm], now)?.remove(&firm))
}

/// Those of these firms that go on as before, and until when; see
/// [`before_until`].
///
/// # Errors
/// A statement failed.
pub fn before(
    conn: &mut Conn,
    firms: &[OrganizationId],
    now: DateTime<Utc>,
) -> Result<BTreeMap<OrganizationId, DateTime<Utc>>> {
    let mut found: BTreeMap<OrganizationId, DateTime<Utc>> = BTreeMap::new();
    if firms.is_empty() {
        return Ok(found);
    }
    let names = with_merged(conn, firms)?;
    let ids: Vec<OrganizationId> = names.keys().copied().collect();
    let rows: Vec<(OrganizationId, DateTime<Utc>)> = consents_before::table
        .filter(consents_before::organization_id.eq_any(of_few_lengths(&ids)))
        .filter(consents_before::holds_until.gt(Timestamp(now)))
        .select((
            consents_before::organization_id,
            consents_before::holds_until,
        ))
        .prepared()
        .load(conn)?;
    for (of, until) in rows {
        for firm in names.get(&of).into_iter().flatten() {
            let latest = found.entry(*firm).or_insert(until);
            *latest = until.max(*latest);
        }
    }
    Ok(found)
}

/// How many firms go on as before and have given no consent yet, and until when
/// the first of them does.
///
/// # Errors
/// A statement failed.
pub fn count_before(conn: &mut Conn, now: DateTime<Utc>) -> Result<(i64, Option<DateTime<Utc>>)> {
    let open = || {
        let given = consent_receipts::table
            .filter(dsl::organization_id.eq(consents_before::organization_id))
            .filter(dsl::purpose.eq(PROPOSALS))
            .filter(dsl::withdrawn_at.is_null())
            .filter(dsl::valid_to.gt(Timestamp(now)));
        consents_before::table
            .filter(consents_before::holds_until.gt(Timestamp(now)))
            .filter(not(exists(given)))
    };
    let count: i64 = open().count().get_result(conn)?;
    let first: Option<DateTime<Utc>> = open()
        .order(consents_before::holds_until)
        .select(consents_before::holds_until)
        .first(conn)
        .optional()?;
    Ok((count, first))
}

/// What counts of a receipt.
struct Receipt {
    giver: UserId,
    valid_to: DateTime<Utc>,
    withdrawn_at: Option<DateTime<Utc>>,
}

/// These firms and those that became one with them, each with the firms that it
/// counts for.
fn with_merged(
    conn: &mut Conn,
    firms: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Vec<OrganizationId>>> {
    let merged: Vec<(OrganizationId, OrganizationId)> = organization_merges::table
        .filter(organization_merges::kept_id.eq_any(of_few_lengths(firms)))
        .filter(organization_merges::undone_at.is_null())
        .select((organization_merges::gone_id, organization_merges::kept_id))
        .prepared()
        .load(conn)?;
    let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let own = firms.iter().map(|firm| (*firm, *firm));
    for (of, firm) in own.chain(merged) {
        names.entry(of).or_default().push(firm);
    }
    Ok(names)
}

/// The receipts of these firms and of those that became one with them: what
/// people agreed to for a firm that was merged holds for the other.
fn receipts_of(
    conn: &mut Conn,
    firms: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Vec<Receipt>>> {
    type Row = (OrganizationId, UserId, DateTime<Utc>, Option<DateTime<Utc>>);
    let names = with_merged(conn, firms)?;
    let ids: Vec<OrganizationId> = names.keys().copied().collect();
    let rows: Vec<Row> = consent_receipts::table
        .filter(dsl::organization_id.eq_any(of_few_lengths(&ids)))
        .filter(dsl::purpose.eq(PROPOSALS))
        .select((
            dsl::organization_id,
            dsl::user_id,
            dsl::valid_to,
            dsl::withdrawn_at,
        ))
        .prepared()
        .load(conn)?;
    let mut receipts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (of, giver, valid_to, withdrawn_at) in rows {
        for firm in names.get(&of).into_iter().flatten() {
            receipts.entry(*firm).or_default().push(Receipt {
                giver,
                valid_to,
                withdrawn_at,
            });
        }
    }
    Ok(receipts)
}

/// Until when the consents of a firm that stand now hold; none where none does.
///
/// # Errors
/// A statement failed.
pub fn given_until(
    conn: &mut Conn,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let receipts = receipts_of(conn, &[organization])?.remove(&organization);
    let receipts = receipts.unwrap_or_default();
    let standing = receipts.iter().filter(|it| it.withdrawn_at.is_none());
    Ok(standing
        .map(|it| it.valid_to)
        .filter(|until| *until > now)
        .max())
}

/// Those of some firms whose people took back that they are proposed to others;
/// see [`standing`].
///
/// # Errors
/// A statement failed.
pub fn withdrawn_among(
    conn: &mut Conn,
    organizations: &[OrganizationId],
    now: DateTime<Utc>,
) -> Result<BTreeSet<OrganizationId>> {
    let standings = standings(conn, organizations, now)?.into_iter();
    let withdrawn = standings.filter(|(_, standing)| *standing == Standing::Withdrawn);
    Ok(withdrawn.map(|(firm, _)| firm).collect())
}

/// The receipt with that id, and who gave it.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<(UserId, Kept)>> {
    let user: Option<UserId> = consent_receipts::table
        .find(Id::of(id))
        .select(dsl::user_id)
        .first(conn)
        .optional()?;
    let Some(user) = user else {
        return Ok(None);
    };
    let of_user = of_user(conn, user)?;
    let found = of_user.into_iter().find(|kept| kept.id == id);
    Ok(found.map(|kept| (user, kept)))
}

/// The consent to be proposed that somebody took back last for a firm.
///
/// # Errors
/// A statement failed.
pub fn withdrawn_last(conn: &mut Conn, organization: OrganizationId) -> Result<Option<Uuid>> {
    let id: Option<Id> = consent_receipts::table
        .filter(dsl::organization_id.eq(organization))
        .filter(dsl::purpose.eq(PROPOSALS))
        .filter(dsl::withdrawn_at.is_not_null())
        .order(dsl::withdrawn_at.desc())
        .select(dsl::id)
        .first(conn)
        .optional()?;
    Ok(id.map(Id::uuid))
}

/// A withdrawal: of which firm's consent, when, and of which receipt.
pub type Withdrawal = (OrganizationId, DateTime<Utc>, Uuid);

/// Withdrawals since then of the consent to be proposed, of firms of which
/// something is published; so many of them after another one, in their order.
///
/// # Errors
/// A statement failed.
pub fn withdrawn_and_shown(
    conn: &mut Conn,
    since: DateTime<Utc>,
    after: Option<Withdrawal>,
    limit: usize,
) -> Result<Vec<Withdrawal>> {
    let profiles = startup_profiles::table
        .filter(startup_profiles::organization_id.eq(dsl::organization_id))
        .filter(startup_profiles::status.eq(ProfileStatus::Published.code()));
    let wanted = mandates::table
        .filter(mandates::organization_id.eq(dsl::organization_id))
        .filter(mandates::status.eq(MandateStatus::Published.code()));
    let mut query = consent_receipts::table
        .filter(dsl::withdrawn_at.ge(Timestamp(since)))
        .filter(dsl::purpose.eq(PROPOSALS))
        .filter(exists(profiles).or(exists(wanted)))
        .select((dsl::organization_id, dsl::withdrawn_at, dsl::id))
        .into_boxed();
    if let Some((_, at, id)) = after {
        let later = dsl::withdrawn_at.gt(Timestamp(at));
        let same = dsl::withdrawn_at
            .eq(Timestamp(at))
            .and(dsl::id.gt(Id::of(id)));
        query = query.filter(later.or(same));
    }
    let rows: Vec<(OrganizationId, Option<DateTime<Utc>>, Id)> = query
        .order((dsl::withdrawn_at, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    let found = rows
        .into_iter()
        .filter_map(|(firm, at, id)| Some((firm, at?, id.uuid())));
    Ok(found.collect())
}

/// Those of these firms of which something is published.
///
/// # Errors
/// A statement failed.
pub fn shown_among(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<BTreeSet<OrganizationId>> {
    let mut shown: Vec<OrganizationId> = startup_profiles::table
        .filter(startup_profiles::organization_id.eq_any(organizations.to_vec()))
        .filter(startup_profiles::status.eq(ProfileStatus::Published.code()))
        .select(startup_profiles::organization_id)
        .load(conn)?;
    let of_mandates: Vec<OrganizationId> = mandates::table
        .filter(mandates::organization_id.eq_any(organizations.to_vec()))
        .filter(mandates::status.eq(MandateStatus::Published.code()))
        .select(mandates::organization_id)
        .load(conn)?;
    shown.extend(of_mandates);
    Ok(shown.into_iter().collect())
}

/// Takes a receipt back; false when that was done before.
///
/// # Errors
/// A statement failed.
pub fn withdraw(conn: &mut Conn, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let open = consent_receipts::table
        .find(Id::of(id))
        .filter(dsl::withdrawn_at.is_null());
    let changed = diesel::update(open)
        .set(dsl::withdrawn_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    Ok(changed == 1)
}
