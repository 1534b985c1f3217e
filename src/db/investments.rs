//! What investors did before, as imported files say.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::rule_schema::investments::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Result, json, sql, stored};
use crate::domain::ids::OrganizationId;
use crate::domain::investment::Investment;
use crate::domain::money::Money;
use crate::domain::values::Stage;

#[derive(Queryable)]
struct Row {
    _id: Id,
    investor_id: OrganizationId,
    startup: String,
    country: Option<String>,
    tags: String,
    stage: Option<String>,
    round_minor: Option<i64>,
    round_currency: Option<String>,
    invested_on: NaiveDate,
    _created_at: DateTime<Utc>,
}

impl Row {
    fn read(self) -> Result<(OrganizationId, Investment)> {
        let Self {
            _id: _,
            investor_id,
            startup,
            country,
            tags,
            stage,
            round_minor,
            round_currency,
            invested_on,
            _created_at: _,
        } = self;
        let currency = stored::parse_some(round_currency.as_deref())?;
        let investment = Investment {
            startup,
            country: stored::parse_some(country.as_deref())?,
            tags: json::programme::decode(&tags)?,
            stage: stored::code_some(stage.as_deref(), Stage::from_code)?,
            round: round_minor
                .zip(currency)
                .map(|(minor, currency)| Money::new(minor, currency)),
            invested_on,
        };
        Ok((investor_id, investment))
    }
}

/// Has an investor's past be this and nothing else; false when it is so
/// already. `new_id` makes ids for the rows.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn replace(
    conn: &mut Conn,
    investor: OrganizationId,
    past: &[Investment],
    new_id: impl Fn() -> Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    let rows: Vec<Row> = investments::table
        .filter(dsl::investor_id.eq(investor))
        .order((dsl::invested_on, dsl::startup, dsl::id))
        .load(conn)?;
    let before: Vec<Investment> = rows
        .into_iter()
        .map(|row| Ok(row.read()?.1))
        .collect::<Result<_>>()?;
    let mut past: Vec<&Investment> = past.iter().collect();
    past.sort_by(|a, b| (a.invested_on, &a.startup).cmp(&(b.invested_on, &b.startup)));
    if before.iter().eq(past.iter().copied()) {
        return Ok(false);
    }
    let delete = diesel::delete(investments::table).filter(dsl::investor_id.eq(investor));
    sql::execute(conn, delete)?;
    for investment in past {
        let Investment {
            startup,
            country,
            tags,
            stage,
            round,
            invested_on,
        } = investment;
        let insert = diesel::insert_into(investments::table).values((
            dsl::id.eq(Id::of(new_id())),
            dsl::investor_id.eq(investor),
            dsl::startup.eq(startup),
            dsl::country.eq(country.map(|country| country.to_string())),
            dsl::tags.eq(json::programme::encode(tags)?),
            dsl::stage.eq(stage.map(Stage::code)),
            dsl::round_minor.eq(round.map(|round| round.amount_minor)),
            dsl::round_currency.eq(round.map(|round| round.currency.to_string())),
            dsl::invested_on.eq(invested_on),
            dsl::created_at.eq(Timestamp(now)),
        ));
        sql::execute(conn, insert)?;
    }
    Ok(true)
}

/// What one investor did before, the oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of(conn: &mut Conn, investor: OrganizationId) -> Result<Vec<Investment>> {
    let rows: Vec<Row> = investments::table
        .filter(dsl::investor_id.eq(investor))
        .order((dsl::invested_on, dsl::startup, dsl::id))
        .load(conn)?;
    let read = |row: Row| Ok(row.read()?.1);
    rows.into_iter().map(read).collect()
}

/// Everything that investors did before, the oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(conn: &mut Conn) -> Result<Vec<(OrganizationId, Investment)>> {
    let rows: Vec<Row> = investments::table
        .order((dsl::invested_on, dsl::id))
        .load(conn)?;
    rows.into_iter().map(Row::read).collect()
}
