//! People with an account, and their parts in organizations. A password's
//! hash leaves this module only through [`credentials`].

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::schema::users::{self, dsl};
use super::schema::{memberships, organizations};
use super::types::Timestamp;
use super::{Conn, Result, sql, stored};
use crate::domain::account::{Membership, Role, User};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::values::OrganizationKind;

#[derive(Queryable)]
struct Row {
    id: UserId,
    email: String,
    name: String,
    language: String,
    zone: String,
    version: i64,
    created_at: DateTime<Utc>,
}

type Columns = (
    dsl::id,
    dsl::email,
    dsl::name,
    dsl::language,
    dsl::zone,
    dsl::version,
    dsl::created_at,
);

const COLUMNS: Columns = (
    dsl::id,
    dsl::email,
    dsl::name,
    dsl::language,
    dsl::zone,
    dsl::version,
    dsl::created_at,
);

/// The organization, its kind, and the part.
type MembershipRow = (OrganizationId, String, String);

const MEMBERSHIP: (organizations::id, organizations::kind, memberships::role) =
    (organizations::id, organizations::kind, memberships::role);

/// Stores a new account; false when somebody has the address already.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, user: &User, password_hash: &str) -> Result<bool> {
    let User {
        id,
        email,
        name,
        language,
        zone,
        version,
        created_at,
    } = user;
    let insert = diesel::insert_into(users::table)
        .values((
            dsl::id.eq(id),
            dsl::email.eq(email.as_str()),
            dsl::email_key.eq(email.key()),
            dsl::name.eq(name.as_str()),
            dsl::language.eq(language.as_str()),
            dsl::zone.eq(zone.name()),
            dsl::password_hash.eq(password_hash),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*created_at)),
        ))
        .on_conflict(dsl::email_key)
        .do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// The person with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: UserId) -> Result<Option<User>> {
    let row: Option<Row> = users::table
        .find(id)
        .select(COLUMNS)
        .first(conn)
        .optional()?;
    row.map(user).transpose()
}

/// The person with that id and their parts, from the oldest on: one statement,
/// since it is asked with every request.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_with_memberships(
    conn: &mut Conn,
    id: UserId,
) -> Result<Option<(User, Vec<Membership>)>> {
    let rows: Vec<(Row, Option<MembershipRow>)> = users::table
        // Two joins side by side: one inside the other would be carried out for
        // everybody first (SQLite materialises it).
        .left_join(memberships::table)
        .left_join(
            organizations::table.on(organizations::id
                .nullable()
                .eq(memberships::organization_id.nullable())),
        )
        .filter(dsl::id.eq(id))
        .order((
            memberships::created_at,
            memberships::organization_id,
            memberships::role,
        ))
        .select((COLUMNS, MEMBERSHIP.nullable()))
        .load(conn)?;
    let mut person = None;
    let mut parts = Vec::with_capacity(rows.len());
    for (row, part) in rows {
        person.get_or_insert(row);
        parts.extend(part.map(membership).transpose()?);
    }
    Ok(person.map(user).transpose()?.map(|user| (user, parts)))
}

/// The person with that address, given by its key
/// ([`Email::key`](crate::domain::text::Email::key)).
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_by_email(conn: &mut Conn, email_key: &str) -> Result<Option<User>> {
    let row: Option<Row> = users::table
        .filter(dsl::email_key.eq(email_key))
        .select(COLUMNS)
        .first(conn)
        .optional()?;
    row.map(user).transpose()
}

/// Who signs in with that address, and the hash of their password.
///
/// # Errors
/// A statement failed.
pub fn credentials(conn: &mut Conn, email_key: &str) -> Result<Option<(UserId, String)>> {
    Ok(users::table
        .filter(dsl::email_key.eq(email_key))
        .select((dsl::id, dsl::password_hash))
        .first(conn)
        .optional()?)
}

/// Puts another hash in place of the old one; false if there is no such
/// person. The version stays: nobody reads the hash.
///
/// # Errors
/// A statement failed.
pub fn set_password_hash(
    conn: &mut Conn,
    id: UserId,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = diesel::update(users::table.find(id))
        .set((
            dsl::password_hash.eq(password_hash),
            dsl::updated_at.eq(Timestamp(now)),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// A person's parts, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn memberships(conn: &mut Conn, user: UserId) -> Result<Vec<Membership>> {
    let rows: Vec<MembershipRow> = memberships::table
        .inner_join(organizations::table)
        .filter(memberships::user_id.eq(user))
        .order((
            memberships::created_at,
            memberships::organization_id,
            memberships::role,
        ))
        .select(MEMBERSHIP)
        .load(conn)?;
    rows.into_iter().map(membership).collect()
}

/// Gives a person a part in an organization; nothing happens if they have it.
///
/// # Errors
/// A statement failed.
pub fn insert_membership(
    conn: &mut Conn,
    user: UserId,
    organization: OrganizationId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<()> {
    let insert = diesel::insert_into(memberships::table)
        .values((
            memberships::user_id.eq(user),
            memberships::organization_id.eq(organization),
            memberships::role.eq(role.code()),
            memberships::created_at.eq(Timestamp(now)),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    Ok(())
}

/// The people of an organization: owners first, then by how long they have
/// been there.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn members(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<(User, Role)>> {
    let rows: Vec<(Row, String)> = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .order((
            memberships::role.eq(Role::Owner.code()).desc(),
            memberships::created_at,
            memberships::user_id,
        ))
        .select((COLUMNS, memberships::role))
        .load(conn)?;
    rows.into_iter()
        .map(|(row, role)| Ok((user(row)?, stored::code(&role, Role::from_code)?)))
        .collect()
}

fn membership((organization, kind, role): MembershipRow) -> Result<Membership> {
    Ok(Membership {
        organization,
        kind: stored::code(&kind, OrganizationKind::from_code)?,
        role: stored::code(&role, Role::from_code)?,
    })
}

fn user(row: Row) -> Result<User> {
    let Row {
        id,
        email,
        name,
        language,
        zone,
        version,
        created_at,
    } = row;
    Ok(User {
        id,
        email: stored::parse(&email)?,
        name: stored::parse(&name)?,
        language: stored::parse(&language)?,
        zone: stored::parse(&zone)?,
        version,
        created_at,
    })
}
