//! Exchange rates by day. A score names the day of the rates it used, so the
//! rates of a day stay as they were first stored.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::schema::rates::{self, dsl};
use super::{Conn, Result, sql, stored};
use crate::domain::money::{Currency, Rates};

/// Stores what one unit of each currency was worth on a day, in millionths of
/// a US dollar (above zero), and answers how many were new.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, date: NaiveDate, quotes: &[(Currency, i64)]) -> Result<usize> {
    let mut new = 0;
    for (currency, usd_micros) in quotes {
        let insert = diesel::insert_into(rates::table)
            .values((
                dsl::quoted_on.eq(date),
                dsl::currency.eq(currency.code()),
                dsl::usd_micros.eq(usd_micros),
            ))
            .on_conflict_do_nothing();
        new += sql::execute(conn, insert)?;
    }
    Ok(new)
}

/// The rates of the last day up to and with `on_or_before` that has any.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn latest(conn: &mut Conn, on_or_before: NaiveDate) -> Result<Option<Rates>> {
    let date: Option<NaiveDate> = rates::table
        .filter(dsl::quoted_on.le(on_or_before))
        .order(dsl::quoted_on.desc())
        .select(dsl::quoted_on)
        .first(conn)
        .optional()?;
    let Some(date) = date else { return Ok(None) };
    let rows: Vec<(String, i64)> = rates::table
        .filter(dsl::quoted_on.eq(date))
        .select((dsl::currency, dsl::usd_micros))
        .load(conn)?;
    let quotes: Vec<(Currency, i64)> = rows
        .into_iter()
        .map(|(currency, rate)| Ok((stored::parse(&currency)?, rate)))
        .collect::<Result<_>>()?;
    Ok(Some(Rates::new(date, quotes)))
}
