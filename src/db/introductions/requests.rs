//! What firms have asked for.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::schema::introduction_asks;
use crate::db::schema::introductions::{self, dsl};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result};
use crate::domain::ids::OrganizationId;
use crate::domain::introduction::IntroductionStatus;
use crate::domain::values::Side;

/// How many introductions that a firm asked for nobody has answered yet.
///
/// # Errors
/// A statement failed.
pub fn unanswered(conn: &mut Conn, side: Side, firm: OrganizationId) -> Result<u32> {
    let waiting = [
        IntroductionStatus::Requested,
        IntroductionStatus::Held,
        IntroductionStatus::AskingFirst,
        IntroductionStatus::AskingSecond,
        IntroductionStatus::Frozen,
    ];
    let of_side = introductions::table
        .filter(dsl::requester.eq(side.code()))
        .filter(dsl::status.eq_any(waiting.map(IntroductionStatus::code)));
    let count: i64 = match side {
        Side::Startup => of_side
            .filter(dsl::startup_id.eq(firm))
            .count()
            .get_result(conn)?,
        Side::Investor => of_side
            .filter(dsl::investor_id.eq(firm))
            .count()
            .get_result(conn)?,
    };
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// When a firm asked for introductions after an instant, the latest first.
///
/// # Errors
/// A statement failed.
pub fn asked_since(
    conn: &mut Conn,
    side: Side,
    firm: OrganizationId,
    since: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>> {
    let of_side = introductions::table
        .filter(dsl::requester.eq(side.code()))
        .filter(dsl::created_at.gt(Timestamp(since)))
        .order(dsl::created_at.desc())
        .select(dsl::created_at);
    Ok(match side {
        Side::Startup => of_side.filter(dsl::startup_id.eq(firm)).load(conn)?,
        Side::Investor => of_side.filter(dsl::investor_id.eq(firm)).load(conn)?,
    })
}

/// The same of what a partner asked for.
///
/// # Errors
/// A statement failed.
pub fn unanswered_of_partner(conn: &mut Conn, partner: OrganizationId) -> Result<u32> {
    let waiting = [
        IntroductionStatus::Requested,
        IntroductionStatus::Held,
        IntroductionStatus::AskingFirst,
        IntroductionStatus::AskingSecond,
        IntroductionStatus::Frozen,
    ];
    let count: i64 = introductions::table
        .filter(dsl::partner_id.eq(partner))
        .filter(dsl::status.eq_any(waiting.map(IntroductionStatus::code)))
        .count()
        .get_result(conn)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// When a partner asked for introductions after an instant, the latest first.
///
/// # Errors
/// A statement failed.
pub fn asked_by_partner_since(
    conn: &mut Conn,
    partner: OrganizationId,
    since: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>> {
    Ok(introductions::table
        .filter(dsl::partner_id.eq(partner))
        .filter(dsl::created_at.gt(Timestamp(since)))
        .order(dsl::created_at.desc())
        .select(dsl::created_at)
        .load(conn)?)
}

/// When an introduction of the two last ended that somebody was asked about and
/// that was taken back or not answered.
///
/// # Errors
/// A statement failed.
pub fn asked_in_vain(
    conn: &mut Conn,
    startup: OrganizationId,
    investor: OrganizationId,
) -> Result<Option<DateTime<Utc>>> {
    let ended = [IntroductionStatus::Withdrawn, IntroductionStatus::Expired];
    let last: Option<DateTime<Utc>> = introductions::table
        .inner_join(introduction_asks::table)
        .filter(dsl::startup_id.eq(startup))
        .filter(dsl::investor_id.eq(investor))
        .filter(dsl::status.eq_any(ended.map(IntroductionStatus::code)))
        .order(dsl::updated_at.desc())
        .select(dsl::updated_at)
        .first(conn)
        .optional()?;
    Ok(last)
}
