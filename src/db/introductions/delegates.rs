//! People outside a firm's accounts to whom its question was passed on.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;

use crate::db::mail_schema::ask_delegates::{self, dsl};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, stored};
use crate::domain::ids::{AskId, OrganizationId};
use crate::domain::text::{Email, Language, Name};

/// Whom a question was passed on to.
#[derive(Debug, Clone)]
pub struct StoredDelegate {
    /// Which question.
    pub ask: AskId,
    /// For which firm they answer.
    pub organization: OrganizationId,
    /// Where they are reached.
    pub email: Email,
    /// What they call themselves, once they answered.
    pub name: Option<Name>,
    /// What they probably read.
    pub language: Language,
    /// Where their working day probably is.
    pub zone: Tz,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

#[derive(Queryable)]
struct Row {
    ask_id: AskId,
    organization_id: OrganizationId,
    email: String,
    _email_key: String,
    name: Option<String>,
    language: String,
    zone: String,
    created_at: DateTime<Utc>,
}

/// Stores whom a question was passed on to.
///
/// # Errors
/// A statement failed.
pub fn insert_delegate(conn: &mut Conn, delegate: &StoredDelegate) -> Result<()> {
    let StoredDelegate {
        ask,
        organization,
        email,
        name,
        language,
        zone,
        created_at,
    } = delegate;
    diesel::insert_into(ask_delegates::table)
        .values((
            dsl::ask_id.eq(ask),
            dsl::organization_id.eq(organization),
            dsl::email.eq(email.as_str()),
            dsl::email_key.eq(email.key()),
            dsl::name.eq(name.as_ref().map(Name::as_str)),
            dsl::language.eq(language.as_str()),
            dsl::zone.eq(zone.name()),
            dsl::created_at.eq(Timestamp(*created_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Whom that question was passed on to, if to somebody without an account.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_delegate(conn: &mut Conn, ask: AskId) -> Result<Option<StoredDelegate>> {
    let row: Option<Row> = ask_delegates::table.find(ask).first(conn).optional()?;
    row.map(delegate).transpose()
}

/// Notes what they call themselves.
///
/// # Errors
/// A statement failed.
pub fn name_delegate(conn: &mut Conn, ask: AskId, name: &str) -> Result<()> {
    diesel::update(ask_delegates::table.find(ask))
        .set(dsl::name.eq(Some(name)))
        .execute(conn)?;
    Ok(())
}

/// How often a firm passed a question on to an address since then.
///
/// # Errors
/// A statement failed.
pub fn count_by(
    conn: &mut Conn,
    organization: OrganizationId,
    since: DateTime<Utc>,
) -> Result<i64> {
    Ok(ask_delegates::table
        .filter(dsl::organization_id.eq(organization))
        .filter(dsl::created_at.gt(Timestamp(since)))
        .count()
        .get_result(conn)?)
}

/// How often a question was passed on to that address since then, by whomever.
///
/// # Errors
/// A statement failed.
pub fn count_to(conn: &mut Conn, email: &Email, since: DateTime<Utc>) -> Result<i64> {
    Ok(ask_delegates::table
        .filter(dsl::email_key.eq(email.key()))
        .filter(dsl::created_at.gt(Timestamp(since)))
        .count()
        .get_result(conn)?)
}

fn delegate(row: Row) -> Result<StoredDelegate> {
    let Row {
        ask_id,
        organization_id,
        email,
        _email_key,
        name,
        language,
        zone,
        created_at,
    } = row;
    Ok(StoredDelegate {
        ask: ask_id,
        organization: organization_id,
        email: stored::parse(&email)?,
        name: stored::name_some(name.as_deref())?,
        language: stored::parse(&language)?,
        zone: stored::parse(&zone)?,
        created_at,
    })
}
