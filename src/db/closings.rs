//! The closings of rounds.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::programme_schema::deal_closings::{self, dsl};
use super::{Conn, Result, stored};
use crate::domain::closing::{Closing, ClosingStatus};
use crate::domain::ids::DealId;

type Row = (
    DealId,
    i64,
    i64,
    i64,
    NaiveDate,
    String,
    Option<NaiveDate>,
    Option<NaiveDate>,
);

/// The closings of these deals, the first first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_many(conn: &mut Conn, deals: &[DealId]) -> Result<BTreeMap<DealId, Vec<Closing>>> {
    let rows: Vec<Row> = deal_closings::table
        .filter(dsl::deal_id.eq_any(deals.to_vec()))
        .order((dsl::deal_id, dsl::number))
        .load(conn)?;
    let mut by_deal: BTreeMap<DealId, Vec<Closing>> = BTreeMap::new();
    for row in rows {
        let (deal, number, minimum, maximum, closes_on, status, closed_on, funded_on) = row;
        by_deal.entry(deal).or_default().push(Closing {
            number,
            minimum,
            maximum,
            closes_on,
            status: stored::code(&status, ClosingStatus::from_code)?,
            closed_on,
            funded_on,
        });
    }
    Ok(by_deal)
}

/// The closings of one deal, the first first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of(conn: &mut Conn, deal: DealId) -> Result<Vec<Closing>> {
    Ok(of_many(conn, &[deal])?.remove(&deal).unwrap_or_default())
}

/// Stores the closings of a deal in place of those before.
///
/// # Errors
/// A statement failed.
pub fn set(conn: &mut Conn, deal: DealId, closings: &[Closing]) -> Result<()> {
    diesel::delete(deal_closings::table.filter(dsl::deal_id.eq(deal))).execute(conn)?;
    for closing in closings {
        let Closing {
            number,
            minimum,
            maximum,
            closes_on,
            status,
            closed_on,
            funded_on,
        } = closing;
        diesel::insert_into(deal_closings::table)
            .values((
                dsl::deal_id.eq(deal),
                dsl::number.eq(number),
                dsl::minimum.eq(minimum),
                dsl::maximum.eq(maximum),
                dsl::closes_on.eq(closes_on),
                dsl::status.eq(status.code()),
                dsl::closed_on.eq(closed_on),
                dsl::funded_on.eq(funded_on),
            ))
            .execute(conn)?;
    }
    Ok(())
}
