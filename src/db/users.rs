//! People with an account, and their parts in organizations. A password's
//! hash leaves this module only through [`credentials`].

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::page::Cursor;
use super::prepared::Prepare;
use super::schema::users::{self, dsl};
use super::schema::{memberships, organizations};
use super::types::Timestamp;
use super::{Conn, Result, keyset, page, sql, stored};
use crate::domain::account::{Membership, Role, User};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::values::OrganizationKind;

/// Stands in the place of a hash for an account that nobody signs in to with a
/// password.
pub const NO_PASSWORD: &str = "!";

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
        .filter(dsl::disabled_at.is_null())
        .filter(dsl::password_hash.ne(NO_PASSWORD))
        .select((dsl::id, dsl::password_hash))
        .first(conn)
        .optional()?)
}

/// The hash of a person's password; none for a closed account.
///
/// # Errors
/// A statement failed.
pub fn password_hash(conn: &mut Conn, id: UserId) -> Result<Option<String>> {
    Ok(users::table
        .find(id)
        .filter(dsl::disabled_at.is_null())
        .select(dsl::password_hash)
        .first(conn)
        .optional()?)
}

/// [`password_hash`], which stays as it is until the open transaction ends.
///
/// # Errors
/// A statement failed.
pub fn lock_password_hash(conn: &mut Conn, id: UserId) -> Result<Option<String>> {
    sql::lock_password_hash(conn, id)
}

/// Closes an account, or opens it again; false when it was so already or
/// there is none.
///
/// # Errors
/// A statement failed.
pub fn set_disabled(
    conn: &mut Conn,
    id: UserId,
    disabled: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let person = users::table.find(id);
    let set = (
        dsl::disabled_at.eq(disabled.then_some(Timestamp(now))),
        dsl::version.eq(dsl::version + 1),
        dsl::updated_at.eq(Timestamp(now)),
    );
    let changed = if disabled {
        diesel::update(person.filter(dsl::disabled_at.is_null()))
            .set(set)
            .prepared()
            .execute(conn)?
    } else {
        // Who was erased is not to be had back.
        diesel::update(person.filter(dsl::disabled_at.is_not_null().and(dsl::erased_at.is_null())))
            .set(set)
            .prepared()
            .execute(conn)?
    };
    Ok(changed == 1)
}

/// Counts the changes of an account and of its parts.
///
/// # Errors
/// A statement failed, or there is no such account.
pub fn account_version(conn: &mut Conn, id: UserId) -> Result<i64> {
    let (own, parts): (i64, i64) = users::table
        .find(id)
        .select((dsl::version, dsl::parts_version))
        .first(conn)?;
    Ok(own + parts)
}

/// Holds the account until the open transaction ends; false when it isn't at
/// the version that was expected.
///
/// # Errors
/// A statement failed.
pub fn hold(conn: &mut Conn, id: UserId, expected: Option<i64>) -> Result<bool> {
    let set = dsl::version.eq(dsl::version);
    let person = users::table.find(id);
    let changed = match expected {
        Some(expected) => {
            let same = (dsl::version + dsl::parts_version).eq(expected);
            diesel::update(person.filter(same)).set(set).execute(conn)?
        }
        None => diesel::update(person).set(set).execute(conn)?,
    };
    Ok(changed == 1)
}

/// Since when an account is closed, if it is.
///
/// # Errors
/// A statement failed.
pub fn disabled_at(conn: &mut Conn, id: UserId) -> Result<Option<DateTime<Utc>>> {
    Ok(users::table
        .find(id)
        .select(dsl::disabled_at)
        .first::<Option<DateTime<Utc>>>(conn)
        .optional()?
        .flatten())
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
        .prepared()
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

/// Takes a person's part in an organization away; false if they had none.
///
/// # Errors
/// A statement failed.
pub fn remove_membership(
    conn: &mut Conn,
    user: UserId,
    organization: OrganizationId,
    role: Role,
) -> Result<bool> {
    let part = memberships::table.find((user, organization, role.code()));
    let removed = diesel::delete(part).execute(conn)? == 1;
    if removed {
        parts_changed(conn, &[user])?;
    }
    Ok(removed)
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
    if sql::execute(conn, insert)? == 1 {
        parts_changed(conn, &[user])?;
    }
    Ok(())
}

/// Notes that what these people are in their organizations has changed: what
/// was remembered of them holds no longer (see
/// [`sessions::credentials`](super::sessions::credentials)).
///
/// # Errors
/// A statement failed.
pub(super) fn parts_changed(conn: &mut Conn, people: &[UserId]) -> Result<()> {
    diesel::update(users::table.filter(dsl::id.eq_any(people.to_vec())))
        .set(dsl::parts_version.eq(dsl::parts_version + 1))
        .execute(conn)?;
    Ok(())
}

/// The people of an organization whose accounts are open: owners first, then by how long they have
/// been there.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn members(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<(User, Role)>> {
    let rows: Vec<(Row, String)> = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .filter(dsl::disabled_at.is_null())
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

/// Somebody of an organization, with the parts they have in it.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub user: User,
    /// As what and since when; never none.
    pub parts: Vec<(Role, DateTime<Utc>)>,
}

/// The people of an organization whose accounts are open, in the order of their
/// accounts; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn page_of_members(
    conn: &mut Conn,
    organization: OrganizationId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Member>> {
    let theirs = memberships::table
        .filter(memberships::user_id.eq(dsl::id))
        .filter(memberships::organization_id.eq(organization));
    let mut query = dsl::users
        .filter(dsl::disabled_at.is_null())
        .filter(diesel::dsl::exists(theirs))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .select(COLUMNS)
        .load(conn)?;
    let people = rows.into_iter().map(user).collect::<Result<Vec<_>>>()?;
    with_parts(conn, organization, people)
}

/// One of the people of an organization; none for a stranger to it, or one whose
/// account is closed.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn member(
    conn: &mut Conn,
    organization: OrganizationId,
    person: UserId,
) -> Result<Option<Member>> {
    if disabled_at(conn, person)?.is_some() {
        return Ok(None);
    }
    let people = find(conn, person)?.into_iter().collect();
    Ok(with_parts(conn, organization, people)?.pop())
}

/// Those of the people who have a part in an organization, with it.
fn with_parts(
    conn: &mut Conn,
    organization: OrganizationId,
    people: Vec<User>,
) -> Result<Vec<Member>> {
    let ids: Vec<UserId> = people.iter().map(|user| user.id).collect();
    let rows: Vec<(UserId, String, DateTime<Utc>)> = memberships::table
        .filter(memberships::organization_id.eq(organization))
        .filter(memberships::user_id.eq_any(ids))
        .order((memberships::created_at, memberships::role))
        .select((
            memberships::user_id,
            memberships::role,
            memberships::created_at,
        ))
        .load(conn)?;
    let mut parts: BTreeMap<UserId, Vec<(Role, DateTime<Utc>)>> = BTreeMap::new();
    for (person, role, since) in rows {
        let role = stored::code(&role, Role::from_code)?;
        parts.entry(person).or_default().push((role, since));
    }
    let members = people.into_iter().filter_map(|user| {
        let parts = parts.remove(&user.id)?;
        Some(Member { user, parts })
    });
    Ok(members.collect())
}

/// The names of the people of several organizations whose accounts are open.
///
/// # Errors
/// A statement failed.
pub fn names_of_members(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Vec<String>>> {
    let rows: Vec<(OrganizationId, String)> = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq_any(organizations.to_vec()))
        .filter(dsl::disabled_at.is_null())
        .select((memberships::organization_id, dsl::name))
        .load(conn)?;
    let mut names: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (organization, name) in rows {
        names.entry(organization).or_default().push(name);
    }
    Ok(names)
}

/// The people who have that part in any organization and whose account is
/// open, in the order in which they got it.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn with_role(conn: &mut Conn, role: Role) -> Result<Vec<User>> {
    let rows: Vec<Row> = memberships::table
        .inner_join(users::table)
        .filter(memberships::role.eq(role.code()))
        .filter(dsl::disabled_at.is_null())
        .order((memberships::created_at, memberships::user_id))
        .select(COLUMNS)
        .load(conn)?;
    rows.into_iter().map(user).collect()
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
        name: stored::name(&name)?,
        language: stored::parse(&language)?,
        zone: stored::parse(&zone)?,
        version,
        created_at,
    })
}
