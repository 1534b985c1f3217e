//! To which revision of a profile compliance agreed, and who of it.

use diesel::prelude::*;

use crate::db::prepared::Prepare;
use crate::db::schema::startup_profiles::{self, dsl};
use crate::db::{Conn, Result};
use crate::domain::ids::{StartupProfileId, UserId};

/// Notes that compliance agrees to a revision, by somebody of it or, where that
/// is absent, by whoever did before; false if the profile says something else by
/// now.
///
/// # Errors
/// A statement failed.
pub fn agree_compliance(
    conn: &mut Conn,
    id: StartupProfileId,
    revision: i64,
    by: Option<UserId>,
) -> Result<bool> {
    let by = match by {
        Some(by) => Some(by),
        None => agreed_by(conn, id)?,
    };
    let at_revision = startup_profiles::table
        .find(id)
        .filter(dsl::revision.eq(revision));
    let changed = diesel::update(at_revision)
        .set((
            dsl::compliance_agreed_revision.eq(Some(revision)),
            dsl::compliance_agreed_by.eq(by),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// The last revision that compliance agreed to.
///
/// # Errors
/// A statement failed.
pub fn compliance_agreed_revision(conn: &mut Conn, id: StartupProfileId) -> Result<Option<i64>> {
    let agreed: Option<Option<i64>> = startup_profiles::table
        .find(id)
        .select(dsl::compliance_agreed_revision)
        .first(conn)
        .optional()?;
    Ok(agreed.flatten())
}

/// Who agreed to that.
///
/// # Errors
/// A statement failed.
pub fn agreed_by(conn: &mut Conn, id: StartupProfileId) -> Result<Option<UserId>> {
    let by: Option<Option<UserId>> = startup_profiles::table
        .find(id)
        .select(dsl::compliance_agreed_by)
        .first(conn)
        .optional()?;
    Ok(by.flatten())
}
