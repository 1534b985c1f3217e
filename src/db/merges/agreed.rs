//! That owners of a firm agree to have it become one with another.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::duplicate_schema::merge_agreements::{self, dsl};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result};
use crate::domain::ids::{OrganizationId, UserId};

/// That an owner of a firm agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeAgreement {
    /// The other firm.
    pub other: OrganizationId,
    /// Who agreed.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// With whom a firm's owners agreed that it becomes one.
///
/// # Errors
/// A statement failed.
pub fn agreements_of(conn: &mut Conn, firm: OrganizationId) -> Result<Vec<MergeAgreement>> {
    let rows: Vec<(OrganizationId, UserId, DateTime<Utc>)> = merge_agreements::table
        .filter(dsl::organization_id.eq(firm))
        .order((dsl::agreed_at, dsl::other_id))
        .select((dsl::other_id, dsl::agreed_by, dsl::agreed_at))
        .load(conn)?;
    let agreement = |(other, by, at)| MergeAgreement { other, by, at };
    Ok(rows.into_iter().map(agreement).collect())
}

/// Stores that somebody agreed, which nobody did before.
///
/// # Errors
/// A statement failed.
pub fn agree(conn: &mut Conn, firm: OrganizationId, agreement: &MergeAgreement) -> Result<()> {
    diesel::insert_into(merge_agreements::table)
        .values((
            dsl::organization_id.eq(firm),
            dsl::other_id.eq(agreement.other),
            dsl::agreed_by.eq(agreement.by),
            dsl::agreed_at.eq(Timestamp(agreement.at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Forgets that somebody agreed; false when nobody had.
///
/// # Errors
/// A statement failed.
pub fn disagree(conn: &mut Conn, firm: OrganizationId, other: OrganizationId) -> Result<bool> {
    let of_both = merge_agreements::table
        .filter(dsl::organization_id.eq(firm))
        .filter(dsl::other_id.eq(other));
    Ok(diesel::delete(of_both).execute(conn)? == 1)
}
