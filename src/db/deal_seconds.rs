//! Who has said yes to what takes two of them: to a matter of a deal, which has
//! to be the same, word for word, for two to mean the same.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::programme_schema::deal_seconds::{self, dsl};
use super::types::Timestamp;
use super::{Conn, Result, sql};
use crate::domain::deal_work::Camp;
use crate::domain::ids::{DealId, OrganizationId, UserId};

/// What a yes is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// That a blocked deal goes on.
    Unblock,
    /// The funding that a side is silent about.
    Vouch,
    /// That an investor's money has arrived: whose, and for whom it is said.
    Paid(OrganizationId, Camp),
}

impl About {
    pub(super) const UNBLOCK: &str = "unblock";
    pub(super) const VOUCH: &str = "vouch";
    pub(super) const PAID: &str = "paid";

    const fn kind(self) -> &'static str {
        match self {
            Self::Unblock => Self::UNBLOCK,
            Self::Vouch => Self::VOUCH,
            Self::Paid(..) => Self::PAID,
        }
    }

    const fn payment(self) -> Option<(OrganizationId, Camp)> {
        match self {
            Self::Paid(payer, camp) => Some((payer, camp)),
            Self::Unblock | Self::Vouch => None,
        }
    }
}

/// Notes that somebody says yes to a matter, and why; false when they have
/// before.
///
/// # Errors
/// A statement failed.
pub fn insert(
    conn: &mut Conn,
    deal: DealId,
    (about, matter): (About, &str),
    person: UserId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let payment = about.payment();
    let insert = diesel::insert_into(deal_seconds::table)
        .values((
            dsl::deal_id.eq(deal),
            dsl::matter.eq(matter),
            dsl::person_id.eq(person),
            dsl::reason.eq(reason),
            dsl::created_at.eq(Timestamp(now)),
            dsl::kind.eq(about.kind()),
            dsl::payer_id.eq(payment.map(|(payer, _)| payer)),
            dsl::camp.eq(payment.map(|(_, camp)| camp.code())),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// How many people have said yes to a matter.
///
/// # Errors
/// A statement failed.
pub fn count(conn: &mut Conn, deal: DealId, matter: &str) -> Result<i64> {
    Ok(deal_seconds::table
        .filter(dsl::deal_id.eq(deal))
        .filter(dsl::matter.eq(matter))
        .count()
        .get_result(conn)?)
}

/// The matters to which somebody has said yes, as often as somebody has.
///
/// # Errors
/// A statement failed.
pub fn matters(conn: &mut Conn, deal: DealId) -> Result<Vec<String>> {
    Ok(deal_seconds::table
        .filter(dsl::deal_id.eq(deal))
        .select(dsl::matter)
        .load(conn)?)
}

/// Forgets who said yes to a matter, once it is done.
///
/// # Errors
/// A statement failed.
pub fn clear(conn: &mut Conn, deal: DealId, matter: &str) -> Result<()> {
    let done = deal_seconds::table
        .filter(dsl::deal_id.eq(deal))
        .filter(dsl::matter.eq(matter));
    diesel::delete(done).execute(conn)?;
    Ok(())
}

/// Forgets who said that an investor's money arrived, whatever the amount.
///
/// # Errors
/// A statement failed.
pub fn clear_payments(conn: &mut Conn, deal: DealId, payer: OrganizationId) -> Result<()> {
    let said = deal_seconds::table
        .filter(dsl::deal_id.eq(deal))
        .filter(dsl::kind.eq(About::PAID))
        .filter(dsl::payer_id.eq(payer));
    diesel::delete(said).execute(conn)?;
    Ok(())
}
