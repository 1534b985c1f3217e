//! What money is worth: quotations of central banks come from files, those of
//! the operator's people over the API; rates are derived when they are asked
//! for.

use chrono::{Days, NaiveDate};
use uuid::Uuid;

pub use crate::db::rates::Stored;
use crate::db::{self, Conn};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::fault::Fault;
use crate::domain::ids::UserId;
use crate::domain::money::Currency;
use crate::domain::permission::Operation;
pub use crate::domain::rates::{Batch, Coverage, Cross, Quotation, Source};
use crate::domain::refusal::Refusal;

use super::log::Pen;
use super::once::write_once;
use super::transitions::code;
use super::{Caller, Context, Error, Intent};

/// How far back gaps are looked for.
const LOOKED_BACK: Days = Days::new(365);

/// The rate between two currencies by the last quotations up to and with a
/// day; not found where no chain joins them.
pub async fn look_up(
    context: &Context,
    caller: &Caller,
    base: Currency,
    quote: Currency,
    on: NaiveDate,
) -> Result<Cross, Error> {
    caller.may(Operation::ReadRates, &[])?;
    let read = move |conn: &mut Conn| {
        let book = db::rates::book(conn, base, quote, on)?;
        book.cross(base, quote).ok_or(Error::NotFound)
    };
    context.db.read(read).await
}

/// Somebody of the operator's says what money was worth. What was said before
/// of the same pair and day stays, unless it is to be put right.
pub async fn record(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    quotations: Vec<Quotation>,
    replace: bool,
) -> Result<Batch, Error> {
    caller.may(Operation::WriteRates, &[])?;
    let made = Making {
        id: context.new_id(),
        source: Source::Operator,
        made_by: Some(caller.id()),
        replace,
    };
    let pen = context.pen(caller.actor());
    let context_in = context.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let (batch, stored) = store(&context_in, conn, &pen, &made, &quotations)?;
            let conflicts = conflicts(&quotations, &stored);
            if !replace && !conflicts.is_empty() {
                return Err(Error::Refused(Refusal {
                    code: "rate_conflict".into(),
                    detail:
                        "Another rate of that day is on record; send `replace` to put it right."
                            .to_owned(),
                    missing: conflicts,
                }));
            }
            batch.ok_or(Error::NotFound)
        },
        |conn, id| db::rates::find_batch(conn, id)?.ok_or(Error::NotFound),
    )
    .await
}

/// Stores what a file of one bank says, in one transaction, and answers what
/// became of each quotation; nothing is written when it is only tried.
pub async fn import(
    context: &Context,
    source: Source,
    quotations: Vec<Quotation>,
    dry_run: bool,
) -> Result<Vec<(Quotation, Stored)>, Error> {
    if dry_run {
        let look = move |conn: &mut Conn| {
            let one = |quotation: Quotation| Ok((quotation, db::rates::look_at(conn, &quotation)?));
            quotations.into_iter().map(one).collect()
        };
        return context.db.read(look).await;
    }
    let made = Making {
        id: context.new_id(),
        source,
        made_by: None,
        replace: false,
    };
    let pen = context.pen(Actor::System);
    let context_in = context.clone();
    let write = move |conn: &mut Conn| {
        let (_, stored) = store(&context_in, conn, &pen, &made, &quotations)?;
        Ok(quotations.into_iter().zip(stored).collect())
    };
    context.db.write(write).await
}

/// The quotations of each source on its last day up to and with another.
pub async fn last_days(context: &Context, on: NaiveDate) -> Result<Vec<Quotation>, Error> {
    let read = move |conn: &mut Conn| {
        let mut all = Vec::new();
        for source in Source::ALL {
            all.extend(db::rates::of_last_day(conn, *source, on)?);
        }
        Ok(all)
    };
    context.db.read(read).await
}

/// How fresh and whole the banks' quotations are.
pub fn coverage(conn: &mut Conn, today: NaiveDate) -> db::Result<Vec<Coverage>> {
    let since = today.checked_sub_days(LOOKED_BACK).unwrap_or(today);
    let mut all = Vec::new();
    for source in [Source::Ecb, Source::Cbar] {
        let mut days = db::rates::days(conn, source, since)?;
        if days.is_empty() {
            days.extend(db::rates::last_day(conn, source, today)?);
        }
        all.extend(Coverage::of(source, &days));
    }
    Ok(all)
}

/// A batch on its way.
struct Making {
    id: Uuid,
    source: Source,
    made_by: Option<UserId>,
    replace: bool,
}

impl Making {
    fn batch(&self, context: &Context, quotations: &[Quotation], new: usize) -> Option<Batch> {
        let days = || quotations.iter().map(|it| it.on);
        Some(Batch {
            id: self.id,
            source: self.source,
            made_by: self.made_by,
            quotes: i64::try_from(new).unwrap_or(i64::MAX),
            first_day: days().min()?,
            last_day: days().max()?,
            created_at: context.now(),
        })
    }
}

/// Stores quotations as one batch, if any of them is new or put right; answers
/// what became of each.
fn store(
    context: &Context,
    conn: &mut Conn,
    pen: &Pen,
    made: &Making,
    quotations: &[Quotation],
) -> Result<(Option<Batch>, Vec<Stored>), Error> {
    let mut stored = Vec::with_capacity(quotations.len());
    for quotation in quotations {
        stored.push(db::rates::look_at(conn, quotation)?);
    }
    let counts = |it: &&Stored| match it {
        Stored::New => true,
        Stored::Same => false,
        Stored::Conflict(_) => made.replace,
    };
    let new = stored.iter().filter(counts).count();
    // What a person sends is answered with a batch, also when it says nothing new.
    let kept = new > 0 || made.made_by.is_some();
    let batch = made.batch(context, quotations, new).filter(|_| kept);
    let Some(batch) = batch else {
        return Ok((None, stored));
    };
    db::rates::insert_batch(conn, &batch)?;
    for (quotation, place) in quotations.iter().zip(&mut stored) {
        // Somebody else may have been first meanwhile.
        if *place == Stored::New {
            *place = db::rates::put(conn, quotation, Some(&batch))?;
        }
        let replaced = made.replace && matches!(place, Stored::Conflict(_));
        if replaced {
            db::rates::replace(conn, quotation, &batch)?;
        }
        if made.source == Source::Operator && (replaced || *place == Stored::New) {
            quoted(conn, pen, &batch, quotation, replaced)?;
        }
    }
    pen.append(
        conn,
        "rate_batch.stored",
        (SubjectKind::RateBatch, batch.id),
        vec![
            ("source", code(batch.source.code())),
            ("quotes", Value::Int(batch.quotes)),
            ("first_day", Value::Date(batch.first_day)),
            ("last_day", Value::Date(batch.last_day)),
        ],
    )?;
    Ok((Some(batch), stored))
}

/// What a person says stands in the log in full.
fn quoted(
    conn: &mut Conn,
    pen: &Pen,
    batch: &Batch,
    quotation: &Quotation,
    replaced: bool,
) -> Result<(), Error> {
    pen.append(
        conn,
        "rate_batch.quoted",
        (SubjectKind::RateBatch, batch.id),
        vec![
            ("base", code(quotation.base.code())),
            ("quote", code(quotation.quote.code())),
            ("on", Value::Date(quotation.on)),
            ("nominal", Value::Int(quotation.nominal)),
            ("value", Value::Code(quotation.value.to_string())),
            ("replaced", Value::Flag(replaced)),
        ],
    )
}

fn conflicts(quotations: &[Quotation], stored: &[Stored]) -> Vec<Fault> {
    let both = quotations.iter().zip(stored).enumerate();
    both.filter_map(|(place, (quotation, stored))| match stored {
        Stored::Conflict(before) => Some(Fault::new(
            format!("/quotes/{place}/value"),
            "rate_conflict",
            format!(
                "{} {} were {} {} on {}, as it is on record.",
                before.nominal, quotation.base, before.value, quotation.quote, quotation.on
            ),
        )),
        Stored::New | Stored::Same => None,
    })
    .collect()
}
