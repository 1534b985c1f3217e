//! Ranges of money in conditions: one span for each currency that records are
//! held in, at the rates of a day.

use chrono::NaiveDate;
use diesel::expression::BoxableExpression;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};

use super::conn::Backend;
use super::schema::{mandates, startup_profiles};
use super::{Conn, Result, rates, sql, stored};
use crate::domain::amounts::{Amounts, Span};
use crate::domain::money::Currency;

/// Whose amounts are compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held {
    /// Those of startups' rounds.
    Rounds,
    /// Those of mandates' cheques.
    Cheques,
    /// What startups earn.
    Revenues,
}

/// A condition on the rows of a table.
pub(super) type Condition<T> = Box<dyn BoxableExpression<T, Backend, SqlType = Nullable<Bool>>>;

/// What a range comes to in each currency that such amounts are held in.
/// Where no rate joins two currencies, nothing of the other is in the range.
pub(super) fn spans(
    conn: &mut Conn,
    held: Held,
    wanted: &Amounts,
    today: NaiveDate,
) -> Result<Vec<Span>> {
    let on = wanted.on.unwrap_or(today);
    let mut spans = Vec::new();
    for currency in currencies(conn, held)? {
        let book = rates::book(conn, currency, wanted.currency, on)?;
        let rate = book.cross(currency, wanted.currency);
        spans.extend(rate.and_then(|rate| wanted.span(&rate)));
    }
    Ok(spans)
}

/// The currencies that amounts are held in; each is a step in the index.
fn currencies(conn: &mut Conn, held: Held) -> Result<Vec<Currency>> {
    let mut all: Vec<Currency> = Vec::new();
    if matches!(held, Held::Revenues) {
        for currency in sql::said::currencies_of_revenue(conn)? {
            all.push(stored::parse(&currency)?);
        }
        return Ok(all);
    }
    let mut last = String::new();
    loop {
        let next: Option<String> = match held {
            Held::Rounds => startup_profiles::table
                .filter(startup_profiles::round_currency.gt(&last))
                .select(diesel::dsl::min(startup_profiles::round_currency))
                .first(conn)?,
            Held::Cheques | Held::Revenues => mandates::table
                .filter(mandates::cheque_currency.gt(&last))
                .select(diesel::dsl::min(mandates::cheque_currency))
                .first(conn)?,
        };
        let Some(next) = next else {
            return Ok(all);
        };
        all.push(stored::parse(&next)?);
        last = next;
    }
}
