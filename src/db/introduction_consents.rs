//! What people agreed to with their yes to an introduction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::mail_schema::introduction_consents::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Result, stored};
use crate::domain::consent::{IntroductionConsent, Method};
use crate::domain::ids::{IntroductionId, UserId};
use crate::domain::values::Side;

#[derive(Queryable)]
struct Row {
    id: Id,
    introduction_id: IntroductionId,
    side: String,
    user_id: Option<UserId>,
    email_key: String,
    person_name: String,
    person_role: Option<String>,
    operator: String,
    law: String,
    text: String,
    _text_hash: Vec<u8>,
    language: String,
    method: String,
    country: Option<String>,
    given_at: DateTime<Utc>,
    valid_to: DateTime<Utc>,
    withdrawn_at: Option<DateTime<Utc>>,
    curator_copy: bool,
}

/// Stores a new consent.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, consent: &IntroductionConsent) -> Result<()> {
    let IntroductionConsent {
        id,
        introduction,
        side,
        user,
        email_key,
        person_name,
        person_role,
        operator,
        law,
        text,
        language,
        method,
        country,
        given_at,
        valid_to,
        withdrawn_at,
        curator_copy,
    } = consent;
    diesel::insert_into(introduction_consents::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::introduction_id.eq(introduction),
            dsl::side.eq(side.code()),
            dsl::user_id.eq(*user),
            dsl::email_key.eq(email_key),
            dsl::person_name.eq(person_name),
            dsl::person_role.eq(person_role.as_deref()),
            dsl::operator.eq(operator),
            dsl::law.eq(law),
            dsl::text.eq(text),
            dsl::text_hash.eq(&Sha256::digest(text.as_bytes())[..]),
            dsl::language.eq(language.as_str()),
            dsl::method.eq(method.code()),
            dsl::country.eq(country.map(|country| country.code().to_owned())),
            dsl::given_at.eq(Timestamp(*given_at)),
            dsl::valid_to.eq(Timestamp(*valid_to)),
            dsl::withdrawn_at.eq(withdrawn_at.map(Timestamp)),
            dsl::curator_copy.eq(*curator_copy),
        ))
        .execute(conn)?;
    Ok(())
}

/// The consents of a person, by their account or their address, oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_person(
    conn: &mut Conn,
    user: Option<UserId>,
    email_key: &str,
) -> Result<Vec<IntroductionConsent>> {
    let rows: Vec<Row> = introduction_consents::table
        .filter(dsl::email_key.eq(email_key).or(dsl::user_id.eq(user)))
        .order((dsl::given_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(consent).collect()
}

/// The consents to an introduction, oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_introduction(conn: &mut Conn, id: IntroductionId) -> Result<Vec<IntroductionConsent>> {
    let rows: Vec<Row> = introduction_consents::table
        .filter(dsl::introduction_id.eq(id))
        .order((dsl::given_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(consent).collect()
}

/// Takes a consent back; false when that was done before.
///
/// # Errors
/// A statement failed.
pub fn withdraw(conn: &mut Conn, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let open = introduction_consents::table
        .find(Id::of(id))
        .filter(dsl::withdrawn_at.is_null());
    let changed = diesel::update(open)
        .set(dsl::withdrawn_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    Ok(changed == 1)
}

fn consent(row: Row) -> Result<IntroductionConsent> {
    let Row {
        id,
        introduction_id,
        side,
        user_id,
        email_key,
        person_name,
        person_role,
        operator,
        law,
        text,
        _text_hash,
        language,
        method,
        country,
        given_at,
        valid_to,
        withdrawn_at,
        curator_copy,
    } = row;
    Ok(IntroductionConsent {
        id: id.uuid(),
        introduction: introduction_id,
        side: stored::code(&side, Side::from_code)?,
        user: user_id,
        email_key,
        person_name,
        person_role,
        operator,
        law,
        text,
        language: stored::parse(&language)?,
        method: stored::code(&method, Method::from_code)?,
        country: country.as_deref().map(stored::parse).transpose()?,
        given_at,
        valid_to,
        withdrawn_at,
        curator_copy,
    })
}
