//! What is planned for deals.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::deal_schema::deal_plans::{self, dsl};
use super::{Conn, Error, Result};
use crate::domain::deal_work::{Likelihood, Plan};
use crate::domain::ids::DealId;

type Row = (
    DealId,
    Option<String>,
    Option<NaiveDate>,
    Option<i64>,
    Option<String>,
);

/// Stores what is planned for a deal in place of what was before.
///
/// # Errors
/// A statement failed.
pub fn set(conn: &mut Conn, deal: DealId, plan: &Plan) -> Result<()> {
    let Plan {
        next_step,
        expected_close,
        likelihood,
    } = plan;
    let before = deal_plans::table.filter(dsl::deal_id.eq(deal));
    diesel::delete(before).execute(conn)?;
    diesel::insert_into(deal_plans::table)
        .values((
            dsl::deal_id.eq(deal),
            dsl::next_step.eq(next_step.as_deref()),
            dsl::expected_close.eq(expected_close),
            dsl::probability.eq(likelihood.as_ref().map(|it| i64::from(it.bp))),
            dsl::reason.eq(likelihood.as_ref().map(|it| it.reason.as_str())),
        ))
        .execute(conn)?;
    Ok(())
}

/// What is planned for these deals; a deal without a plan is left out.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of(conn: &mut Conn, deals: &[DealId]) -> Result<BTreeMap<DealId, Plan>> {
    let rows: Vec<Row> = deal_plans::table
        .filter(dsl::deal_id.eq_any(deals.to_vec()))
        .load(conn)?;
    rows.into_iter().map(plan).collect()
}

fn plan((deal, next_step, expected_close, bp, reason): Row) -> Result<(DealId, Plan)> {
    let bp = bp.map(u32::try_from).transpose();
    let bp = bp.map_err(|_| Error::Corrupt(format!("the probability of deal {deal}")))?;
    let plan = Plan {
        next_step,
        expected_close,
        likelihood: bp.map(|bp| Likelihood {
            bp,
            reason: reason.unwrap_or_default(),
        }),
    };
    Ok((deal, plan))
}
