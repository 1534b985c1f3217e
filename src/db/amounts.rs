//! Ranges of money in conditions: one span for each currency that records are
//! held in, at the rates of a day.

use chrono::NaiveDate;
use diesel::expression::BoxableExpression;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};

use super::conn::Backend;
use super::schema::{mandates, startup_profiles};
use super::{Conn, Result, rates, stored};
use crate::domain::amounts::{Amounts, Held, Rates};
use crate::domain::ids::OrganizationId;
use crate::domain::money::Currency;
use crate::domain::rates::Cross;

/// A condition on the rows of a table.
pub(super) type Condition<T> = Box<dyn BoxableExpression<T, Backend, SqlType = Nullable<Bool>>>;

/// Looks up the rates at which these amounts are compared, those of a firm
/// alone where one is named: in what money others have theirs is not its
/// business.
pub(super) fn rates(
    conn: &mut Conn,
    wanted: impl IntoIterator<Item = (Held, Amounts)>,
    owner: Option<OrganizationId>,
    today: NaiveDate,
) -> Result<Rates> {
    let mut all: Vec<(Held, Cross)> = Vec::new();
    for (held, wanted) in wanted {
        if all.iter().any(|(of, _)| *of == held) {
            continue;
        }
        let on = wanted.on.unwrap_or(today);
        for currency in currencies(conn, held, owner)? {
            let book = rates::book(conn, currency, wanted.currency, on)?;
            let rate = book.cross(currency, wanted.currency);
            all.extend(rate.map(|rate| (held, rate)));
        }
    }
    Ok(Rates::new(all))
}

/// The currencies that amounts are held in; each is a step in the index.
fn currencies(conn: &mut Conn, held: Held, owner: Option<OrganizationId>) -> Result<Vec<Currency>> {
    let mut all: Vec<Currency> = Vec::new();
    if let Some(owner) = owner {
        for currency in of_firm(conn, held, owner)? {
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
            Held::Revenues => startup_profiles::table
                .filter(startup_profiles::revenue_currency.gt(&last))
                .select(diesel::dsl::min(startup_profiles::revenue_currency))
                .first(conn)?,
            Held::Cheques => mandates::table
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

/// In what money a firm's own amounts are.
fn of_firm(conn: &mut Conn, held: Held, owner: OrganizationId) -> Result<Vec<String>> {
    let rows: Vec<Option<String>> = match held {
        Held::Rounds => startup_profiles::table
            .filter(startup_profiles::organization_id.eq(owner))
            .select(startup_profiles::round_currency)
            .distinct()
            .load(conn)?,
        Held::Revenues => startup_profiles::table
            .filter(startup_profiles::organization_id.eq(owner))
            .select(startup_profiles::revenue_currency)
            .distinct()
            .load(conn)?,
        Held::Cheques => mandates::table
            .filter(mandates::organization_id.eq(owner))
            .select(mandates::cheque_currency)
            .distinct()
            .load(conn)?,
    };
    Ok(rows.into_iter().flatten().collect())
}
