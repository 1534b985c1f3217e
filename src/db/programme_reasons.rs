//! Why programmes were declined, suspended or terminated.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::programme_schema::programme_reasons::{self, dsl};
use super::types::Timestamp;
use super::{Conn, Result, stored};
use crate::domain::ids::{ProgrammeId, UserId};
use crate::domain::programme::{ProgrammeAction, ProgrammeReason, ProgrammeStatus};

type Row = (String, String, String, UserId, DateTime<Utc>);

/// Keeps why a programme was moved to the version that it has since.
///
/// # Errors
/// A statement failed.
pub fn insert(
    conn: &mut Conn,
    programme: ProgrammeId,
    version: i64,
    reason: &ProgrammeReason,
) -> Result<()> {
    let ProgrammeReason {
        action,
        from,
        reason,
        by,
        at,
    } = reason;
    diesel::insert_into(programme_reasons::table)
        .values((
            dsl::programme_id.eq(programme),
            dsl::version.eq(version),
            dsl::action.eq(action.code()),
            dsl::from_status.eq(from.code()),
            dsl::reason.eq(reason),
            dsl::person_id.eq(by),
            dsl::created_at.eq(Timestamp(*at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Why a programme was moved, the latest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of(conn: &mut Conn, programme: ProgrammeId, limit: i64) -> Result<Vec<ProgrammeReason>> {
    let rows: Vec<Row> = programme_reasons::table
        .filter(dsl::programme_id.eq(programme))
        .order(dsl::version.desc())
        .limit(limit)
        .select((
            dsl::action,
            dsl::from_status,
            dsl::reason,
            dsl::person_id,
            dsl::created_at,
        ))
        .load(conn)?;
    let reason = |(action, from, reason, by, at): Row| {
        Ok(ProgrammeReason {
            action: stored::code(&action, ProgrammeAction::from_code)?,
            from: stored::code(&from, ProgrammeStatus::from_code)?,
            reason,
            by,
            at,
        })
    };
    rows.into_iter().map(reason).collect()
}
