//! Whom firms can be reached through that have no account yet, and what those
//! people said to being asked.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::identity_schema::contacts::{self, dsl};
use super::types::Timestamp;
use super::{Conn, Result, sql, stored};
use crate::domain::ids::OrganizationId;
use crate::domain::text::{Email, Language};

/// Puts a firm's contact on record, unless it is; answers whether it is new.
///
/// # Errors
/// A statement failed.
pub fn put(
    conn: &mut Conn,
    organization: OrganizationId,
    email: &Email,
    language: &Language,
    now: DateTime<Utc>,
) -> Result<bool> {
    let insert = diesel::insert_into(contacts::table)
        .values((
            dsl::organization_id.eq(organization),
            dsl::email_key.eq(email.key()),
            dsl::email.eq(email.as_str()),
            dsl::language.eq(language.as_str()),
            dsl::created_at.eq(Timestamp(now)),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// The contact of a firm that came last, and was not asked yet.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn waiting(conn: &mut Conn, organization: OrganizationId) -> Result<Option<(Email, Language)>> {
    let row: Option<(String, String)> = contacts::table
        .filter(dsl::organization_id.eq(organization))
        .filter(dsl::asked_at.is_null())
        .order((dsl::created_at.desc(), dsl::email_key))
        .select((dsl::email, dsl::language))
        .first(conn)
        .optional()?;
    row.map(|(email, language)| Ok((stored::parse(&email)?, stored::parse(&language)?)))
        .transpose()
}

/// Notes that a contact is asked now; false when it was asked before, or is
/// none.
///
/// # Errors
/// A statement failed.
pub fn mark_asked(
    conn: &mut Conn,
    organization: OrganizationId,
    email_key: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let unasked = contacts::table
        .find((organization, email_key))
        .filter(dsl::asked_at.is_null());
    let changed = diesel::update(unasked)
        .set(dsl::asked_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Notes that somebody wants nothing to do with what was written about a firm.
///
/// # Errors
/// A statement failed.
pub fn object(
    conn: &mut Conn,
    organization: OrganizationId,
    email: &Email,
    language: &Language,
    now: DateTime<Utc>,
) -> Result<()> {
    put(conn, organization, email, language, now)?;
    diesel::update(contacts::table.find((organization, email.key())))
        .set(dsl::objected_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    Ok(())
}

/// Who said no for a firm.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn objections(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<(Email, Language)>> {
    let rows: Vec<(String, String)> = contacts::table
        .filter(dsl::organization_id.eq(organization))
        .filter(dsl::objected_at.is_not_null())
        .order(dsl::email_key)
        .select((dsl::email, dsl::language))
        .load(conn)?;
    rows.iter()
        .map(|(email, language)| Ok((stored::parse(email)?, stored::parse(language)?)))
        .collect()
}

/// Whether that address said no for that firm.
///
/// # Errors
/// A statement failed.
pub fn objected(conn: &mut Conn, organization: OrganizationId, email_key: &str) -> Result<bool> {
    let no = contacts::table
        .find((organization, email_key))
        .filter(dsl::objected_at.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(no)).get_result(conn)?)
}

/// Whether anybody said no for that firm, or that address for any firm.
///
/// # Errors
/// A statement failed.
pub fn objected_anywhere(
    conn: &mut Conn,
    organization: OrganizationId,
    email_key: &str,
) -> Result<bool> {
    let no = contacts::table
        .filter(
            dsl::organization_id
                .eq(organization)
                .or(dsl::email_key.eq(email_key)),
        )
        .filter(dsl::objected_at.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(no)).get_result(conn)?)
}

/// What is known of the contacts of some firms: each that there is, whether it
/// was asked, and whether it said no.
///
/// # Errors
/// A statement failed.
pub fn asked_of(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<Vec<(OrganizationId, bool, bool)>> {
    Ok(contacts::table
        .filter(dsl::organization_id.eq_any(organizations.to_vec()))
        .select((
            dsl::organization_id,
            dsl::asked_at.is_not_null(),
            dsl::objected_at.is_not_null(),
        ))
        .load(conn)?)
}

/// The contact of each firm that came last.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn newest_of(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<Vec<(OrganizationId, Email, Language)>> {
    let rows: Vec<(OrganizationId, String, String)> = contacts::table
        .filter(dsl::organization_id.eq_any(organizations))
        .order((dsl::organization_id, dsl::created_at.desc(), dsl::email_key))
        .select((dsl::organization_id, dsl::email, dsl::language))
        .load(conn)?;
    let mut newest: Vec<(OrganizationId, Email, Language)> = Vec::new();
    for (firm, email, language) in rows {
        if newest.last().is_none_or(|(last, ..)| *last != firm) {
            newest.push((firm, stored::parse(&email)?, stored::parse(&language)?));
        }
    }
    Ok(newest)
}
