//! Quotations of money by source, pair and day, and the rates that follow from
//! them. A result names the day of the rates it used and keeps what it was
//! computed from, so that a quotation put right later changes no account.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::prepared::Prepare;
use super::rate_schema::rate_batches;
use super::rate_schema::rate_quotes::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, sql, stored};
use crate::domain::ids::UserId;
use crate::domain::money::{Currency, Rates};
use crate::domain::rates::{Batch, Book, Decimal, OUTDATED, Quotation, Source};

#[derive(Queryable)]
struct Row {
    source: String,
    base: String,
    quote: String,
    quoted_on: NaiveDate,
    nominal: i64,
    mantissa: i64,
    scale: i32,
    _batch_id: Option<Id>,
}

#[derive(Queryable)]
struct BatchRow {
    id: Id,
    source: String,
    made_by: Option<UserId>,
    quotes: i64,
    first_day: NaiveDate,
    last_day: NaiveDate,
    created_at: DateTime<Utc>,
}

/// What became of a quotation that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is new.
    New,
    /// It is there already, and says the same.
    Same,
    /// The source said this of the same day before.
    Conflict(Quotation),
}

/// Stores a batch; its quotations refer to it.
///
/// # Errors
/// A statement failed.
pub fn insert_batch(conn: &mut Conn, batch: &Batch) -> Result<()> {
    let Batch {
        id,
        source,
        made_by,
        quotes,
        first_day,
        last_day,
        created_at,
    } = batch;
    diesel::insert_into(rate_batches::table)
        .values((
            rate_batches::id.eq(Id::of(*id)),
            rate_batches::source.eq(source.code()),
            rate_batches::made_by.eq(made_by),
            rate_batches::quotes.eq(quotes),
            rate_batches::first_day.eq(first_day),
            rate_batches::last_day.eq(last_day),
            rate_batches::created_at.eq(Timestamp(*created_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The batch with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_batch(conn: &mut Conn, id: uuid::Uuid) -> Result<Option<Batch>> {
    let row: Option<BatchRow> = rate_batches::table
        .find(Id::of(id))
        .first(conn)
        .optional()?;
    row.map(batch).transpose()
}

/// Says what storing a quotation would come to.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn look_at(conn: &mut Conn, quotation: &Quotation) -> Result<Stored> {
    let row: Option<Row> = rate_quotes::table
        .find((
            quotation.source.code(),
            quotation.base.code(),
            quotation.quote.code(),
            quotation.on,
        ))
        .first(conn)
        .optional()?;
    Ok(match row.map(read).transpose()? {
        None => Stored::New,
        Some(stored) if stored.agrees_with(quotation) => Stored::Same,
        Some(stored) => Stored::Conflict(stored),
    })
}

/// Stores a quotation unless its source quoted the pair on that day already.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn put(conn: &mut Conn, quotation: &Quotation, batch: Option<&Batch>) -> Result<Stored> {
    let Quotation {
        source,
        base,
        quote,
        on,
        nominal,
        value,
    } = quotation;
    let insert = diesel::insert_into(rate_quotes::table)
        .values((
            dsl::source.eq(source.code()),
            dsl::base.eq(base.code()),
            dsl::quote.eq(quote.code()),
            dsl::quoted_on.eq(on),
            dsl::nominal.eq(nominal),
            dsl::mantissa.eq(value.mantissa),
            dsl::scale.eq(scale(*value)?),
            dsl::batch_id.eq(batch.map(|batch| Id::of(batch.id))),
        ))
        .on_conflict_do_nothing();
    if sql::execute(conn, insert)? == 1 {
        return Ok(Stored::New);
    }
    look_at(conn, quotation)
}

/// Puts right what a source said of a pair on a day.
///
/// # Errors
/// A statement failed.
pub fn replace(conn: &mut Conn, quotation: &Quotation, batch: &Batch) -> Result<()> {
    let Quotation {
        source,
        base,
        quote,
        on,
        nominal,
        value,
    } = quotation;
    diesel::update(rate_quotes::table.find((source.code(), base.code(), quote.code(), on)))
        .set((
            dsl::nominal.eq(nominal),
            dsl::mantissa.eq(value.mantissa),
            dsl::scale.eq(scale(*value)?),
            dsl::batch_id.eq(Id::of(batch.id)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// Stores what one unit of each currency was worth on a day, in millionths of
/// a US dollar (above zero), as the operator's word, and answers how many were
/// new.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, date: NaiveDate, quotes: &[(Currency, i64)]) -> Result<usize> {
    let mut new = 0;
    for (currency, usd_micros) in quotes {
        if *currency == Currency::USD {
            continue;
        }
        let quotation = Quotation {
            source: Source::Operator,
            base: *currency,
            quote: Currency::USD,
            on: date,
            nominal: 1,
            value: Decimal {
                mantissa: *usd_micros,
                scale: 6,
            },
        };
        new += usize::from(put(conn, &quotation, None)? == Stored::New);
    }
    Ok(new)
}

/// What every currency is worth in dollars on a day: by the last quotations of
/// each source up to and with it.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn latest(conn: &mut Conn, on_or_before: NaiveDate) -> Result<Option<Rates>> {
    let book = latest_book(conn, on_or_before)?;
    Ok(book.and_then(|book| book.in_dollars()))
}

/// The last quotations of each source up to and with a day; none before the
/// first one.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn latest_book(conn: &mut Conn, on_or_before: NaiveDate) -> Result<Option<Book>> {
    let mut last = Vec::new();
    for source in Source::ALL {
        if let Some(day) = last_day(conn, *source, on_or_before)? {
            last.push((*source, day));
        }
    }
    let Some(newest) = last.iter().map(|(_, day)| *day).max() else {
        return Ok(None);
    };
    let mut quotations: Vec<Quotation> = Vec::new();
    for (source, day) in last {
        // A bank quotes all its money every day; an operator now this, now that.
        let first = match source {
            Source::Operator => newest - OUTDATED,
            Source::Cbar | Source::Ecb => day,
        };
        let rows: Vec<Row> = rate_quotes::table
            .filter(dsl::source.eq(source.code()))
            .filter(dsl::quoted_on.between(first, day))
            .order((dsl::quoted_on.desc(), dsl::base, dsl::quote))
            .load(conn)?;
        for row in rows {
            let quotation = read(row)?;
            let pair = |it: &Quotation| (it.source, it.base, it.quote);
            if !quotations.iter().any(|it| pair(it) == pair(&quotation)) {
                quotations.push(quotation);
            }
        }
    }
    Ok(Some(Book::new(quotations)))
}

/// The last quotations up to and with a day, of each source, among two
/// currencies and the pivots.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn book(
    conn: &mut Conn,
    base: Currency,
    quote: Currency,
    on_or_before: NaiveDate,
) -> Result<Book> {
    let mut money = vec![base, quote];
    money.extend(Currency::PIVOTS);
    money.sort_unstable();
    money.dedup();
    let mut quotations = Vec::new();
    for source in Source::ALL {
        for from in &money {
            for to in &money {
                // Each bank quotes by its own money only.
                let quoted = match source {
                    Source::Ecb => *from == Currency::EUR,
                    Source::Cbar => *to == Currency::AZN,
                    Source::Operator => true,
                };
                if !quoted || from == to {
                    continue;
                }
                let row: Option<Row> = rate_quotes::table
                    .filter(dsl::source.eq(source.code()))
                    .filter(dsl::base.eq(from.code()))
                    .filter(dsl::quote.eq(to.code()))
                    .filter(dsl::quoted_on.le(on_or_before))
                    .order(dsl::quoted_on.desc())
                    .first(conn)
                    .optional()?;
                quotations.extend(row.map(read).transpose()?);
            }
        }
    }
    Ok(Book::new(quotations))
}

/// The quotations of one source on the last day up to and with another.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_last_day(
    conn: &mut Conn,
    source: Source,
    on_or_before: NaiveDate,
) -> Result<Vec<Quotation>> {
    let Some(day) = last_day(conn, source, on_or_before)? else {
        return Ok(Vec::new());
    };
    let rows: Vec<Row> = rate_quotes::table
        .filter(dsl::source.eq(source.code()))
        .filter(dsl::quoted_on.eq(day))
        .order((dsl::base, dsl::quote))
        .load(conn)?;
    rows.into_iter().map(read).collect()
}

/// The days on which a source quoted since one, in order.
///
/// # Errors
/// A statement failed.
pub fn days(conn: &mut Conn, source: Source, since: NaiveDate) -> Result<Vec<NaiveDate>> {
    Ok(rate_quotes::table
        .filter(dsl::source.eq(source.code()))
        .filter(dsl::quoted_on.ge(since))
        .select(dsl::quoted_on)
        .distinct()
        .order(dsl::quoted_on)
        .load(conn)?)
}

/// The last day up to and with another on which a source quoted.
///
/// # Errors
/// A statement failed.
pub fn last_day(
    conn: &mut Conn,
    source: Source,
    on_or_before: NaiveDate,
) -> Result<Option<NaiveDate>> {
    Ok(rate_quotes::table
        .filter(dsl::source.eq(source.code()))
        .filter(dsl::quoted_on.le(on_or_before))
        .order(dsl::quoted_on.desc())
        .select(dsl::quoted_on)
        .first(conn)
        .optional()?)
}

fn scale(value: Decimal) -> Result<i32> {
    i32::try_from(value.scale).map_err(|_| Error::Corrupt("a quotation without end".to_owned()))
}

fn read(row: Row) -> Result<Quotation> {
    let Row {
        source,
        base,
        quote,
        quoted_on,
        nominal,
        mantissa,
        scale,
        _batch_id,
    } = row;
    Ok(Quotation {
        source: stored::code(&source, Source::from_code)?,
        base: stored::parse(&base)?,
        quote: stored::parse(&quote)?,
        on: quoted_on,
        nominal,
        value: Decimal {
            mantissa,
            scale: u32::try_from(scale).unwrap_or_default(),
        },
    })
}

fn batch(row: BatchRow) -> Result<Batch> {
    let BatchRow {
        id,
        source,
        made_by,
        quotes,
        first_day,
        last_day,
        created_at,
    } = row;
    Ok(Batch {
        id: id.uuid(),
        source: stored::code(&source, Source::from_code)?,
        made_by,
        quotes,
        first_day,
        last_day,
        created_at,
    })
}
