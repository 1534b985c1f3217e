//! Sessions and their refresh tokens. A token is known by its hash alone, and
//! is used once: the statement that marks it says that it was not.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::identity_schema::refresh_tokens;
use super::identity_schema::sessions::{self, dsl};
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::users;
use super::types::Timestamp;
use super::{Conn, Result, keyset, stored};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::session::{EndReason, Session};

/// SHA-256 of a refresh token.
pub type TokenHash = [u8; 32];

#[derive(Queryable)]
struct Row {
    id: SessionId,
    user_id: UserId,
    second_factor: bool,
    agent: Option<String>,
    address: Option<String>,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    end_reason: Option<String>,
}

/// Stores a new session.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, session: &Session) -> Result<()> {
    let Session {
        id,
        user,
        second_factor,
        agent,
        address,
        created_at,
        last_used_at,
        expires_at,
        ended,
    } = session;
    diesel::insert_into(sessions::table)
        .values((
            dsl::id.eq(id),
            dsl::user_id.eq(user),
            dsl::second_factor.eq(second_factor),
            dsl::agent.eq(agent.as_deref()),
            dsl::address.eq(address.as_deref()),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::last_used_at.eq(Timestamp(*last_used_at)),
            dsl::expires_at.eq(Timestamp(*expires_at)),
            dsl::ended_at.eq(ended.map(|(at, _)| Timestamp(at))),
            dsl::end_reason.eq(ended.map(|(_, reason)| reason.code())),
        ))
        .execute(conn)?;
    Ok(())
}

/// What a session that nobody ended says of its person, whose account is open.
/// As little as can be, since it is asked with every request: who they are
/// follows from the versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Credentials {
    person: UserId,
    expires_at: DateTime<Utc>,
    /// Whether they showed a second factor.
    pub second_factor: bool,
    /// Which version of the account.
    pub version: i64,
    /// Which version of what they are in their organizations.
    pub parts_version: i64,
}

impl Credentials {
    /// Whether the session is that person's and has not run out.
    pub fn hold(&self, person: UserId, now: DateTime<Utc>) -> bool {
        self.person == person && now < self.expires_at
    }
}

const CREDENTIALS: (
    dsl::user_id,
    dsl::expires_at,
    dsl::second_factor,
    users::version,
    users::parts_version,
) = (
    dsl::user_id,
    dsl::expires_at,
    dsl::second_factor,
    users::version,
    users::parts_version,
);

/// What a session says of its person; none when it ended or the account is
/// closed. Whether it holds, [`Credentials::hold`] says.
///
/// # Errors
/// A statement failed.
pub fn credentials(conn: &mut Conn, id: SessionId) -> Result<Option<Credentials>> {
    Ok(sessions::table
        .inner_join(users::table)
        .filter(dsl::id.eq(id))
        .filter(dsl::ended_at.is_null())
        .filter(users::disabled_at.is_null())
        .select(CREDENTIALS)
        .first(conn)
        .optional()?)
}

/// [`credentials`] of several sessions.
///
/// # Errors
/// A statement failed.
pub fn credentials_of(conn: &mut Conn, ids: &[SessionId]) -> Result<Vec<(SessionId, Credentials)>> {
    Ok(sessions::table
        .inner_join(users::table)
        .filter(dsl::id.eq_any(ids.to_vec()))
        .filter(dsl::ended_at.is_null())
        .filter(users::disabled_at.is_null())
        .select((dsl::id, CREDENTIALS))
        .load(conn)?)
}

/// The session with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: SessionId) -> Result<Option<Session>> {
    let row: Option<Row> = sessions::table.find(id).first(conn).optional()?;
    row.map(session).transpose()
}

/// A person's live sessions, the newest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn live(conn: &mut Conn, person: UserId, now: DateTime<Utc>) -> Result<Vec<Session>> {
    let rows: Vec<Row> = sessions::table
        .filter(dsl::user_id.eq(person))
        .filter(dsl::ended_at.is_null())
        .filter(dsl::expires_at.gt(Timestamp(now)))
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .load(conn)?;
    rows.into_iter().map(session).collect()
}

/// [`live`], a page of it; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn live_page(
    conn: &mut Conn,
    person: UserId,
    now: DateTime<Utc>,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Session>> {
    let mut query = sessions::table
        .filter(dsl::user_id.eq(person))
        .filter(dsl::ended_at.is_null())
        .filter(dsl::expires_at.gt(Timestamp(now)))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::before(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(session).collect()
}

/// Ends a live session of that person; false when there is none.
///
/// # Errors
/// A statement failed.
pub fn end(
    conn: &mut Conn,
    id: SessionId,
    person: UserId,
    reason: EndReason,
    now: DateTime<Utc>,
) -> Result<bool> {
    let live = sessions::table
        .find(id)
        .filter(dsl::user_id.eq(person))
        .filter(dsl::ended_at.is_null())
        .filter(dsl::expires_at.gt(Timestamp(now)));
    let changed = diesel::update(live)
        .set((
            dsl::ended_at.eq(Some(Timestamp(now))),
            dsl::end_reason.eq(Some(reason.code())),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Ends all live sessions of a person but one, and answers how many.
///
/// # Errors
/// A statement failed.
pub fn end_all(
    conn: &mut Conn,
    person: UserId,
    but: Option<SessionId>,
    reason: EndReason,
    now: DateTime<Utc>,
) -> Result<usize> {
    let live = sessions::table
        .filter(dsl::user_id.eq(person))
        .filter(dsl::ended_at.is_null())
        .filter(dsl::expires_at.gt(Timestamp(now)));
    let set = (
        dsl::ended_at.eq(Some(Timestamp(now))),
        dsl::end_reason.eq(Some(reason.code())),
    );
    Ok(match but {
        Some(but) => diesel::update(live.filter(dsl::id.ne(but)))
            .set(set)
            .prepared()
            .execute(conn)?,
        None => diesel::update(live).set(set).prepared().execute(conn)?,
    })
}

/// Notes that a session has shown a second factor.
///
/// # Errors
/// A statement failed.
pub fn strengthen(conn: &mut Conn, id: SessionId) -> Result<()> {
    diesel::update(sessions::table.find(id))
        .set(dsl::second_factor.eq(true))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// Forgets a person's sessions that were over before `before`, with their
/// tokens.
///
/// # Errors
/// A statement failed.
pub fn forget(conn: &mut Conn, person: UserId, before: DateTime<Utc>) -> Result<usize> {
    let over = sessions::table.filter(dsl::user_id.eq(person)).filter(
        dsl::expires_at
            .lt(Timestamp(before))
            .or(dsl::ended_at.lt(Some(Timestamp(before)))),
    );
    Ok(diesel::delete(over).execute(conn)?)
}

/// Stores the next refresh token of a session.
///
/// # Errors
/// A statement failed.
pub fn insert_token(
    conn: &mut Conn,
    hash: &TokenHash,
    session: SessionId,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::hash.eq(&hash[..]),
            refresh_tokens::session_id.eq(session),
            refresh_tokens::expires_at.eq(Timestamp(expires_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// What became of a refresh token that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// It was good, and is used now.
    First(Session),
    /// It was used before: somebody has a copy.
    Again(Session),
    /// It never was one, or has run out.
    Unknown,
}

/// Uses a refresh token. Of several that come at once with the same one, one
/// is the first.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn use_token(conn: &mut Conn, hash: &TokenHash, now: DateTime<Utc>) -> Result<Use> {
    let fresh = refresh_tokens::table
        .find(&hash[..])
        .filter(refresh_tokens::used_at.is_null());
    let changed = diesel::update(fresh)
        .set(refresh_tokens::used_at.eq(Some(Timestamp(now))))
        .prepared()
        .execute(conn)?;
    let found: Option<(SessionId, DateTime<Utc>)> = refresh_tokens::table
        .find(&hash[..])
        .select((refresh_tokens::session_id, refresh_tokens::expires_at))
        .first(conn)
        .optional()?;
    let Some((id, expires_at)) = found else {
        return Ok(Use::Unknown);
    };
    let Some(session) = find(conn, id)? else {
        return Ok(Use::Unknown);
    };
    Ok(match changed {
        0 => Use::Again(session),
        _ if expires_at <= now => Use::Unknown,
        _ => Use::First(session),
    })
}

/// Notes that a session's tokens were renewed.
///
/// # Errors
/// A statement failed.
pub fn touch(conn: &mut Conn, id: SessionId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(sessions::table.find(id))
        .set(dsl::last_used_at.eq(Timestamp(now)))
        .prepared()
        .execute(conn)?;
    Ok(())
}

fn session(row: Row) -> Result<Session> {
    let Row {
        id,
        user_id,
        second_factor,
        agent,
        address,
        created_at,
        last_used_at,
        expires_at,
        ended_at,
        end_reason,
    } = row;
    let reason = stored::code_some(end_reason.as_deref(), EndReason::from_code)?;
    Ok(Session {
        id,
        user: user_id,
        second_factor,
        agent,
        address,
        created_at,
        last_used_at,
        expires_at,
        ended: ended_at.zip(reason),
    })
}
