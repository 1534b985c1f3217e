//! Which side has read the other's named profile.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::mail_schema::introduction_readings::{self, dsl};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result};
use crate::domain::ids::IntroductionId;
use crate::domain::values::Side;

/// Notes that a side reads the other's profile; false when it was noted before.
///
/// # Errors
/// A statement failed.
pub fn note_reading(
    conn: &mut Conn,
    introduction: IntroductionId,
    by: Side,
    at: DateTime<Utc>,
) -> Result<bool> {
    if has_read(conn, introduction, by)? {
        return Ok(false);
    }
    diesel::insert_into(introduction_readings::table)
        .values((
            dsl::introduction_id.eq(introduction),
            dsl::side.eq(by.code()),
            dsl::created_at.eq(Timestamp(at)),
        ))
        .execute(conn)?;
    Ok(true)
}

/// Whether a side has read the other's profile.
///
/// # Errors
/// A statement failed.
pub fn has_read(conn: &mut Conn, introduction: IntroductionId, by: Side) -> Result<bool> {
    let found: i64 = introduction_readings::table
        .filter(dsl::introduction_id.eq(introduction))
        .filter(dsl::side.eq(by.code()))
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}
