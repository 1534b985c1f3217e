//! Recorded checks of firms. None is ever changed; the last one counts.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::prepared::{Prepare, of_few_lengths};
use super::schema::clearances::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Result, keyset, stored};
use crate::domain::compliance::{Clearance, ClearanceVerdict, Proof};
use crate::domain::ids::{OrganizationId, UserId};

#[derive(Queryable)]
struct Row {
    id: Id,
    organization_id: OrganizationId,
    verdict: String,
    basis: String,
    valid_to: NaiveDate,
    recorded_by: UserId,
    created_at: DateTime<Utc>,
    evidence: Option<String>,
    evidence_sha256: Option<Vec<u8>>,
    source_of_funds: Option<String>,
}

/// Stores a check.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, clearance: &Clearance) -> Result<()> {
    let Clearance {
        id,
        organization,
        verdict,
        basis,
        proof,
        source_of_funds,
        valid_to,
        by,
        created_at,
    } = clearance;
    let proof = proof.as_ref();
    diesel::insert_into(clearances::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::organization_id.eq(organization),
            dsl::verdict.eq(verdict.code()),
            dsl::basis.eq(basis),
            dsl::valid_to.eq(valid_to),
            dsl::recorded_by.eq(by),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::evidence.eq(proof.and_then(|it| it.reference.clone())),
            dsl::evidence_sha256.eq(proof.and_then(|it| it.document).map(|it| it.to_vec())),
            dsl::source_of_funds.eq(source_of_funds.as_deref()),
        ))
        .execute(conn)?;
    Ok(())
}

/// The check with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Clearance>> {
    let row: Option<Row> = clearances::table.find(Id::of(id)).first(conn).optional()?;
    row.map(clearance).transpose()
}

/// The last check of a firm.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn latest(conn: &mut Conn, organization: OrganizationId) -> Result<Option<Clearance>> {
    let row: Option<Row> = clearances::table
        .filter(dsl::organization_id.eq(organization))
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .first(conn)
        .optional()?;
    row.map(clearance).transpose()
}

/// The last check of each of these firms that was checked at all.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn latest_many(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Clearance>> {
    let rows: Vec<Row> = clearances::table
        .filter(dsl::organization_id.eq_any(of_few_lengths(organizations)))
        .order((dsl::created_at, dsl::id))
        .prepared()
        .load(conn)?;
    // The last of each firm replaces the ones before it.
    rows.into_iter()
        .map(|row| Ok((row.organization_id, clearance(row)?)))
        .collect()
}

/// Every check of a firm, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<Clearance>> {
    let rows: Vec<Row> = clearances::table
        .filter(dsl::organization_id.eq(organization))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(clearance).collect()
}

/// The checks of a firm, from the oldest on, a page at a time; one more than
/// `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_organization(
    conn: &mut Conn,
    organization: OrganizationId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Clearance>> {
    let mut query = clearances::table
        .filter(dsl::organization_id.eq(organization))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(clearance).collect()
}

fn clearance(row: Row) -> Result<Clearance> {
    let Row {
        id,
        organization_id,
        verdict,
        basis,
        valid_to,
        recorded_by,
        created_at,
        evidence,
        evidence_sha256,
        source_of_funds,
    } = row;
    Ok(Clearance {
        id: id.uuid(),
        organization: organization_id,
        verdict: stored::code(&verdict, ClearanceVerdict::from_code)?,
        basis,
        proof: Proof::of(evidence, stored::hash(evidence_sha256)?),
        source_of_funds,
        valid_to,
        by: recorded_by,
        created_at,
    })
}
