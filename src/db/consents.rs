//! Receipts of what people agreed to. They are only added, and taken back.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::identity_schema::consent_receipts::{self, dsl};
use super::schema::{mandates, memberships, startup_profiles};
use super::types::{Id, Timestamp};
use super::{Conn, Result, stored};
use crate::domain::account::Role;
use crate::domain::consent::{ConsentReceipt, PROPOSALS};
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

/// Whether somebody agreed to have a firm proposed to others, and that holds.
///
/// # Errors
/// A statement failed.
pub fn stands(conn: &mut Conn, firm: OrganizationId, now: DateTime<Utc>) -> Result<bool> {
    let standing = consent_receipts::table
        .filter(dsl::organization_id.eq(firm))
        .filter(dsl::purpose.eq(PROPOSALS))
        .filter(dsl::withdrawn_at.is_null())
        .filter(dsl::valid_to.gt(Timestamp(now)));
    Ok(diesel::select(diesel::dsl::exists(standing)).get_result(conn)?)
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

/// Those of some firms whose present people took back that the firm is proposed
/// to others, none of whom stands by it or has given it anew. Whoever left binds
/// only themselves.
///
/// # Errors
/// A statement failed.
pub fn withdrawn_among(
    conn: &mut Conn,
    organizations: &[OrganizationId],
    now: DateTime<Utc>,
) -> Result<BTreeSet<OrganizationId>> {
    type Row = (
        (OrganizationId, UserId),
        DateTime<Utc>,
        Option<DateTime<Utc>>,
    );
    let columns = (
        (dsl::organization_id, dsl::user_id),
        dsl::valid_to,
        dsl::withdrawn_at,
    );
    let given = consent_receipts::table
        .filter(dsl::purpose.eq(PROPOSALS))
        .select(columns);
    // PostgreSQL plans a list of unknown length anew each time.
    let rows: Vec<Row> = match organizations {
        [one] => given.filter(dsl::organization_id.eq(one)).load(conn)?,
        several => given
            .filter(dsl::organization_id.eq_any(several.to_vec()))
            .load(conn)?,
    };
    if rows
        .iter()
        .all(|(_, _, withdrawn_at)| withdrawn_at.is_none())
    {
        return Ok(BTreeSet::new());
    }
    let answering = [Role::Owner.code(), Role::Editor.code()];
    let present: BTreeSet<(OrganizationId, UserId)> = memberships::table
        .filter(memberships::organization_id.eq_any(organizations.to_vec()))
        .filter(memberships::role.eq_any(answering))
        .select((memberships::organization_id, memberships::user_id))
        .load(conn)?
        .into_iter()
        .collect();
    let (mut withdrawn, mut standing) = (BTreeSet::new(), BTreeSet::new());
    for (giver, valid_to, withdrawn_at) in rows {
        let organization = giver.0;
        if !present.contains(&giver) {
            continue;
        }
        if withdrawn_at.is_some() {
            withdrawn.insert(organization);
        } else if valid_to > now {
            standing.insert(organization);
        }
    }
    Ok(withdrawn.difference(&standing).copied().collect())
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

/// The firms for which somebody took back, since then, that they are proposed to
/// others, of so many withdrawals.
///
/// # Errors
/// A statement failed.
pub fn withdrawn_since(
    conn: &mut Conn,
    since: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<OrganizationId>> {
    let firms: Vec<OrganizationId> = consent_receipts::table
        .filter(dsl::withdrawn_at.ge(Timestamp(since)))
        .filter(dsl::purpose.eq(PROPOSALS))
        .order(dsl::withdrawn_at.desc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(dsl::organization_id)
        .load(conn)?;
    let firms: BTreeSet<OrganizationId> = firms.into_iter().collect();
    Ok(firms.into_iter().collect())
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
