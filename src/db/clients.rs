//! Partners' programs, the hashes of their secrets, and the tokens of theirs
//! that were revoked before their time.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::identity_schema::clients::{self, dsl};
use super::identity_schema::{client_secrets, revoked_tokens};
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::organizations;
use super::types::{Id, Timestamp};
use super::{Conn, Result, keyset, sql, stored};
use crate::domain::client::Client;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::values::OrganizationKind;

#[derive(Queryable)]
struct Row {
    id: UserId,
    organization_id: OrganizationId,
    name: String,
    scopes: String,
    allowed_addresses: String,
    created_by: UserId,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    version: i64,
}

/// Stores a new client.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, client: &Client) -> Result<()> {
    let Client {
        id,
        organization,
        name,
        scopes,
        allowed,
        created_by,
        created_at,
        expires_at,
        last_used_at,
        revoked_at,
        version,
    } = client;
    diesel::insert_into(clients::table)
        .values((
            dsl::id.eq(id),
            dsl::organization_id.eq(organization),
            dsl::name.eq(name.as_str()),
            dsl::scopes.eq(scopes.to_string()),
            dsl::allowed_addresses.eq(allowed.to_string()),
            dsl::created_by.eq(created_by),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::expires_at.eq(expires_at.map(Timestamp)),
            dsl::last_used_at.eq(last_used_at.map(Timestamp)),
            dsl::revoked_at.eq(revoked_at.map(Timestamp)),
            dsl::version.eq(version),
        ))
        .execute(conn)?;
    Ok(())
}

/// Stores the new state of a client, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, client: &Client) -> Result<bool> {
    let before = clients::table
        .find(client.id)
        .filter(dsl::version.eq(client.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::name.eq(client.name.as_str()),
            dsl::scopes.eq(client.scopes.to_string()),
            dsl::allowed_addresses.eq(client.allowed.to_string()),
            dsl::expires_at.eq(client.expires_at.map(Timestamp)),
            dsl::revoked_at.eq(client.revoked_at.map(Timestamp)),
            dsl::version.eq(client.version),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// The client with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: UserId) -> Result<Option<Client>> {
    let row: Option<Row> = clients::table.find(id).first(conn).optional()?;
    row.map(client).transpose()
}

/// A client and the kind of its organization, unless that token of it was
/// revoked. Read on every request of a client.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn caller(
    conn: &mut Conn,
    id: UserId,
    token: Uuid,
) -> Result<Option<(Client, OrganizationKind)>> {
    let revoked = revoked_tokens::table.filter(revoked_tokens::jti.eq(Id::of(token)));
    let row: Option<(Row, String)> = clients::table
        .inner_join(organizations::table)
        .filter(dsl::id.eq(id))
        .filter(diesel::dsl::not(diesel::dsl::exists(revoked)))
        .select((clients::all_columns, organizations::kind))
        .first(conn)
        .optional()?;
    row.map(|(row, kind)| {
        Ok((
            client(row)?,
            stored::code(&kind, OrganizationKind::from_code)?,
        ))
    })
    .transpose()
}

/// An organization's clients, the newest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_organization(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<Client>> {
    let rows: Vec<Row> = clients::table
        .filter(dsl::organization_id.eq(organization))
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .load(conn)?;
    rows.into_iter().map(client).collect()
}

/// [`of_organization`], a page at a time; one more than `limit` when there are
/// more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn page_of(
    conn: &mut Conn,
    organization: OrganizationId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Client>> {
    let mut query = clients::table
        .filter(dsl::organization_id.eq(organization))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::before(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(client).collect()
}

/// Notes that a client got a token.
///
/// # Errors
/// A statement failed.
pub fn touch(conn: &mut Conn, id: UserId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(clients::table.find(id))
        .set(dsl::last_used_at.eq(Some(Timestamp(now))))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// A secret of a client, as far as anything of it is kept in the clear.
#[derive(Debug, Clone, Queryable)]
pub struct SecretInfo {
    /// Its first characters.
    pub prefix: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it holds; none is for ever.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The secrets of a client that still hold, the newest first.
///
/// # Errors
/// A statement failed.
pub fn secrets(conn: &mut Conn, id: UserId, now: DateTime<Utc>) -> Result<Vec<SecretInfo>> {
    Ok(client_secrets::table
        .filter(client_secrets::client_id.eq(id))
        .filter(
            client_secrets::expires_at
                .is_null()
                .or(client_secrets::expires_at.gt(Some(Timestamp(now)))),
        )
        .order((client_secrets::created_at.desc(), client_secrets::hash))
        .select((
            client_secrets::prefix,
            client_secrets::created_at,
            client_secrets::expires_at,
        ))
        .load(conn)?)
}

/// Adds a secret.
///
/// # Errors
/// A statement failed.
pub fn insert_secret(
    conn: &mut Conn,
    id: UserId,
    hash: &[u8; 32],
    prefix: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(client_secrets::table)
        .values((
            client_secrets::hash.eq(&hash[..]),
            client_secrets::client_id.eq(id),
            client_secrets::prefix.eq(prefix),
            client_secrets::created_at.eq(Timestamp(now)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Has the secrets that hold without end end at `until`.
///
/// # Errors
/// A statement failed.
pub fn retire_secrets(conn: &mut Conn, id: UserId, until: DateTime<Utc>) -> Result<()> {
    diesel::delete(
        client_secrets::table
            .filter(client_secrets::client_id.eq(id))
            .filter(client_secrets::expires_at.is_not_null()),
    )
    .execute(conn)?;
    diesel::update(client_secrets::table.filter(client_secrets::client_id.eq(id)))
        .set(client_secrets::expires_at.eq(Some(Timestamp(until))))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// The client with that id and a secret of that hash.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn authenticated(
    conn: &mut Conn,
    id: UserId,
    secret_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Client>> {
    let row: Option<Row> = client_secrets::table
        .inner_join(clients::table)
        .filter(client_secrets::hash.eq(&secret_hash[..]))
        .filter(client_secrets::client_id.eq(id))
        .filter(
            client_secrets::expires_at
                .is_null()
                .or(client_secrets::expires_at.gt(Some(Timestamp(now)))),
        )
        .select(clients::all_columns)
        .first(conn)
        .optional()?;
    row.map(client).transpose()
}

/// Revokes a token, and forgets those that have run out since.
///
/// # Errors
/// A statement failed.
pub fn revoke_token(
    conn: &mut Conn,
    token: Uuid,
    expires_at: DateTime<Utc>,
    forget_before: DateTime<Utc>,
) -> Result<()> {
    diesel::delete(
        revoked_tokens::table.filter(revoked_tokens::expires_at.lt(Timestamp(forget_before))),
    )
    .execute(conn)?;
    let insert = diesel::insert_into(revoked_tokens::table)
        .values((
            revoked_tokens::jti.eq(Id::of(token)),
            revoked_tokens::expires_at.eq(Timestamp(expires_at)),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    Ok(())
}

fn client(row: Row) -> Result<Client> {
    let Row {
        id,
        organization_id,
        name,
        scopes,
        allowed_addresses,
        created_by,
        created_at,
        expires_at,
        last_used_at,
        revoked_at,
        version,
    } = row;
    Ok(Client {
        id,
        organization: organization_id,
        name: stored::name(&name)?,
        scopes: stored::parse(&scopes)?,
        allowed: stored::parse(&allowed_addresses)?,
        created_by,
        created_at,
        expires_at,
        last_used_at,
        revoked_at,
        version,
    })
}
