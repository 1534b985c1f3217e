//! What partners handed in.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::directory_schema::referrals::{self, dsl};
use super::identity_schema::contacts;
use super::page::{self, Cursor};
use super::schema::{mandates, startup_profiles};
use super::types::Timestamp;
use super::{Conn, Error, Result, keyset};
use crate::domain::ids::{MandateId, OrganizationId, ReferralId, StartupProfileId};
use crate::domain::mandate::MandateStatus;
use crate::domain::profile::ProfileStatus;
use crate::domain::referral::{Referral, ReferralState, Referred};
use crate::domain::time_order::TimeOrder;

/// Which referrals to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of that partner.
    pub partner: Option<OrganizationId>,
    /// Known to the partner by that id.
    pub external_id: Option<String>,
    /// Whose record stands there.
    pub state: Option<ReferralState>,
    /// In what order; the oldest first, where it says nothing.
    pub sort: TimeOrder,
}

#[derive(Queryable)]
struct Row {
    id: ReferralId,
    partner_id: OrganizationId,
    external_id: String,
    organization_id: OrganizationId,
    profile_id: Option<StartupProfileId>,
    mandate_id: Option<MandateId>,
    digest: Vec<u8>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Stores a new referral.
///
/// # Errors
/// A statement failed: also when the partner has that external id already.
pub fn insert(conn: &mut Conn, referral: &Referral) -> Result<()> {
    let Referral {
        id,
        partner,
        external_id,
        organization,
        record,
        digest,
        version,
        created_at,
        updated_at,
    } = referral;
    let (profile, mandate) = match record {
        Referred::StartupProfile(id) => (Some(*id), None),
        Referred::Mandate(id) => (None, Some(*id)),
    };
    diesel::insert_into(referrals::table)
        .values((
            dsl::id.eq(id),
            dsl::partner_id.eq(partner),
            dsl::external_id.eq(external_id),
            dsl::organization_id.eq(organization),
            dsl::profile_id.eq(profile),
            dsl::mandate_id.eq(mandate),
            dsl::digest.eq(&digest[..]),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that something new was handed in, the version risen by one; false
/// when somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, referral: &Referral) -> Result<bool> {
    let before = referrals::table
        .find(referral.id)
        .filter(dsl::version.eq(referral.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::digest.eq(&referral.digest[..]),
            dsl::version.eq(referral.version),
            dsl::updated_at.eq(Timestamp(referral.updated_at)),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// How many contacts of firms that a partner referred were asked since then.
///
/// # Errors
/// A statement failed.
pub fn count_asked(conn: &mut Conn, partner: OrganizationId, since: DateTime<Utc>) -> Result<i64> {
    let referred = referrals::table
        .filter(dsl::partner_id.eq(partner))
        .select(dsl::organization_id);
    Ok(contacts::table
        .filter(contacts::asked_at.gt(Some(Timestamp(since))))
        .filter(contacts::organization_id.eq_any(referred))
        .count()
        .get_result(conn)?)
}

/// The referral with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: ReferralId) -> Result<Option<Referral>> {
    let row: Option<Row> = referrals::table.find(id).first(conn).optional()?;
    row.map(referral).transpose()
}

/// The referral that a partner knows by that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_by_external_id(
    conn: &mut Conn,
    partner: OrganizationId,
    external_id: &str,
) -> Result<Option<Referral>> {
    let row: Option<Row> = referrals::table
        .filter(dsl::partner_id.eq(partner))
        .filter(dsl::external_id.eq(external_id))
        .first(conn)
        .optional()?;
    row.map(referral).transpose()
}

/// The firms that a partner knows by some of these ids, each once, by id.
///
/// # Errors
/// A statement failed.
pub fn firms_of(
    conn: &mut Conn,
    partner: OrganizationId,
    external_ids: &[&str],
) -> Result<Vec<OrganizationId>> {
    Ok(referrals::table
        .filter(dsl::partner_id.eq(partner))
        .filter(dsl::external_id.eq_any(external_ids.to_vec()))
        .select(dsl::organization_id)
        .distinct()
        .order(dsl::organization_id)
        .load(conn)?)
}

/// The ids by which a partner knows these profiles or mandates; those that it
/// did not refer are left out.
///
/// # Errors
/// A statement failed.
pub fn names_of(
    conn: &mut Conn,
    partner: OrganizationId,
    records: &[Uuid],
) -> Result<BTreeMap<Uuid, String>> {
    let profiles = records.iter().map(|id| Some(StartupProfileId::from(*id)));
    let wanted = records.iter().map(|id| Some(MandateId::from(*id)));
    let found: Vec<(Option<StartupProfileId>, Option<MandateId>, String)> = referrals::table
        .filter(dsl::partner_id.eq(partner))
        .filter(
            dsl::profile_id
                .eq_any(profiles.collect::<Vec<_>>())
                .or(dsl::mandate_id.eq_any(wanted.collect::<Vec<_>>())),
        )
        .select((dsl::profile_id, dsl::mandate_id, dsl::external_id))
        .load(conn)?;
    let name = |(profile, mandate, name): (Option<StartupProfileId>, Option<MandateId>, String)| {
        let record = profile.map(StartupProfileId::uuid);
        Some((record.or(mandate.map(MandateId::uuid))?, name))
    };
    Ok(found.into_iter().filter_map(name).collect())
}

/// Referrals from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Referral>> {
    let mut query = referrals::table.into_boxed();
    if let Some(partner) = filter.partner {
        query = query.filter(dsl::partner_id.eq(partner));
    }
    if let Some(external_id) = &filter.external_id {
        query = query.filter(dsl::external_id.eq(external_id.clone()));
    }
    if let Some(state) = filter.state {
        let profiles = startup_profiles::table
            .filter(startup_profiles::status.eq_any(profile_codes(state)))
            .select(startup_profiles::id.nullable());
        let wanted = mandates::table
            .filter(mandates::status.eq_any(mandate_codes(state)))
            .select(mandates::id.nullable());
        let there = dsl::profile_id.eq_any(profiles);
        query = query.filter(there.or(dsl::mandate_id.eq_any(wanted)).assume_not_null());
    }
    let by = (dsl::created_at, dsl::updated_at, dsl::id);
    let query = keyset::sorted(query, filter.sort, by, after);
    let rows: Vec<Row> = query.limit(page::fetch(limit)).load(conn)?;
    rows.into_iter().map(referral).collect()
}

/// The states of a profile that read so to a partner.
fn profile_codes(state: ReferralState) -> Vec<&'static str> {
    let all = ProfileStatus::ALL.iter();
    all.filter(|status| ReferralState::from(**status) == state)
        .map(|status| status.code())
        .collect()
}

/// The states of a mandate that read so to a partner.
fn mandate_codes(state: ReferralState) -> Vec<&'static str> {
    let all = MandateStatus::ALL.iter();
    all.filter(|status| ReferralState::from(**status) == state)
        .map(|status| status.code())
        .collect()
}

fn referral(row: Row) -> Result<Referral> {
    let Row {
        id,
        partner_id,
        external_id,
        organization_id,
        profile_id,
        mandate_id,
        digest,
        version,
        created_at,
        updated_at,
    } = row;
    let record = match (profile_id, mandate_id) {
        (Some(id), None) => Referred::StartupProfile(id),
        (None, Some(id)) => Referred::Mandate(id),
        _ => return Err(Error::Corrupt(format!("referral {id} names no record"))),
    };
    let digest = digest
        .try_into()
        .map_err(|_| Error::Corrupt(format!("referral {id} has no digest")))?;
    Ok(Referral {
        id,
        partner: partner_id,
        external_id,
        organization: organization_id,
        record,
        digest,
        version,
        created_at,
        updated_at,
    })
}
