//! How far documents are open to whom. A grant is never changed: it ends, and
//! another may follow.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::document_schema::document_grants::{self as grants, dsl};
use crate::db::page::{self, Cursor};
use crate::db::schema::introductions;
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, keyset, stored};
use crate::domain::disclosure::Level;
use crate::domain::document::Grant;
use crate::domain::ids::{GrantId, IntroductionId, OrganizationId, StartupProfileId, UserId};

type Row = (
    GrantId,
    StartupProfileId,
    Option<IntroductionId>,
    String,
    UserId,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
);

/// Stores a new grant.
///
/// # Errors
/// A statement failed; also when the one before it lives.
pub fn insert_grant(conn: &mut Conn, grant: &Grant) -> Result<()> {
    let Grant {
        id,
        startup_profile,
        introduction,
        level,
        granted_by,
        created_at,
        revoked_at,
    } = grant;
    diesel::insert_into(grants::table)
        .values((
            dsl::id.eq(id),
            dsl::startup_profile_id.eq(startup_profile),
            dsl::introduction_id.eq(introduction),
            dsl::level.eq(level.code()),
            dsl::granted_by.eq(granted_by),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::revoked_at.eq(revoked_at.map(Timestamp)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The grant with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_grant(conn: &mut Conn, id: GrantId) -> Result<Option<Grant>> {
    let row: Option<Row> = grants::table.find(id).first(conn).optional()?;
    row.map(grant).transpose()
}

/// Ends a grant that lives; false when it had ended.
///
/// # Errors
/// A statement failed.
pub fn revoke_grant(conn: &mut Conn, id: GrantId, now: DateTime<Utc>) -> Result<bool> {
    let live = grants::table.find(id).filter(dsl::revoked_at.is_null());
    let changed = diesel::update(live)
        .set(dsl::revoked_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    Ok(changed == 1)
}

/// The live grants of a profile, the newest first; one more than `limit` when
/// there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list_grants(
    conn: &mut Conn,
    profile: StartupProfileId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Grant>> {
    let mut query = grants::table
        .filter(dsl::startup_profile_id.eq(profile))
        .filter(dsl::revoked_at.is_null())
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::before(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(grant).collect()
}

/// The live grant to everybody who is introduced to that profile.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn grant_to_everybody(conn: &mut Conn, profile: StartupProfileId) -> Result<Option<Grant>> {
    let row: Option<Row> = grants::table
        .filter(dsl::startup_profile_id.eq(profile))
        .filter(dsl::introduction_id.is_null())
        .filter(dsl::revoked_at.is_null())
        .first(conn)
        .optional()?;
    row.map(grant).transpose()
}

/// The newest grant to one counterpart, by whichever of their introductions,
/// also if it was taken back.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn grant_to(
    conn: &mut Conn,
    profile: StartupProfileId,
    counterpart: OrganizationId,
) -> Result<Option<Grant>> {
    let theirs = introductions::table
        .filter(introductions::investor_id.eq(counterpart))
        .select(introductions::id.nullable());
    let row: Option<Row> = grants::table
        .filter(dsl::startup_profile_id.eq(profile))
        .filter(dsl::introduction_id.eq_any(theirs))
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .first(conn)
        .optional()?;
    row.map(grant).transpose()
}

/// All live grants to one counterpart, or to everybody when there is none.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn live_grants(
    conn: &mut Conn,
    profile: StartupProfileId,
    counterpart: Option<OrganizationId>,
) -> Result<Vec<Grant>> {
    let Some(counterpart) = counterpart else {
        return Ok(grant_to_everybody(conn, profile)?.into_iter().collect());
    };
    let theirs = introductions::table
        .filter(introductions::investor_id.eq(counterpart))
        .select(introductions::id.nullable());
    let rows: Vec<Row> = grants::table
        .filter(dsl::startup_profile_id.eq(profile))
        .filter(dsl::introduction_id.eq_any(theirs))
        .filter(dsl::revoked_at.is_null())
        .load(conn)?;
    rows.into_iter().map(grant).collect()
}

fn grant(row: Row) -> Result<Grant> {
    let (id, startup_profile, introduction, level, granted_by, created_at, revoked_at) = row;
    Ok(Grant {
        id,
        startup_profile,
        introduction,
        level: stored::code(&level, Level::from_code)?,
        granted_by,
        created_at,
        revoked_at,
    })
}
