//! Receipts of what people agreed to. They are only added.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};

use super::identity_schema::consent_receipts::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Result};
use crate::domain::consent::ConsentReceipt;
use crate::domain::ids::OrganizationId;

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
