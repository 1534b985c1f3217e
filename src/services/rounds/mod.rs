//! Regular mail: queued when its reader's morning has come, once for each reader
//! and week, month or day.
//!
//! How far each kind has come is on record, so that a service that was down
//! makes up for it; the intent of a letter is unique, so that going over the
//! same time twice, or on two nodes at once, sends nothing twice.

mod confirmations;
mod digests;
mod statuses;
mod work;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use uuid::Uuid;

use crate::db::{self, Conn};
use crate::domain::event::SubjectKind;
use crate::domain::message::Notice;

use super::{Context, Error, notices};

/// Mornings lie on quarters of an hour, whatever the zone.
const STEP: TimeDelta = TimeDelta::minutes(15);
/// How far a service that never queued any looks back.
const FIRST: TimeDelta = TimeDelta::days(1);
/// Letters queued in one transaction, so that nobody waits long behind it.
const BATCH: usize = 100;

/// The time whose letters are queued: after one instant, not after the other.
#[derive(Debug, Clone, Copy)]
struct Span {
    after: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// Queues the regular mail whose time has come.
///
/// # Errors
/// The store failed; what was queued stays queued.
pub async fn queue_due(context: &Context) -> Result<(), Error> {
    digests::queue_due(context).await?;
    queue_kind(context, "confirmations", confirmations::due).await?;
    queue_kind(context, "statuses", statuses::due).await?;
    queue_kind(context, "work", work::due).await
}

/// A letter to be queued: its intent, the record it is about, what it is.
type Letter = (String, (SubjectKind, Uuid), Notice);

/// Finds the letters of one kind that are to be queued.
type Due = fn(&Context, &mut Conn, Span) -> Result<Vec<Letter>, Error>;

/// Queues the letters of one kind.
async fn queue_kind(context: &Context, name: &'static str, due: Due) -> Result<(), Error> {
    let Some(span) = span(context, name).await? else {
        return Ok(());
    };
    let context_in = context.clone();
    let read = move |conn: &mut Conn| due(&context_in, conn, span);
    let letters = context.db.read(read).await?;
    queue(context, letters).await?;
    note_done(context, name, span).await
}

/// Queues letters, some at a time.
async fn queue(context: &Context, letters: Vec<Letter>) -> Result<(), Error> {
    for some in letters.chunks(BATCH) {
        let (context_in, some) = (context.clone(), some.to_vec());
        context
            .db
            .write(move |conn| {
                for (key, subject, notice) in &some {
                    notices::enqueue(&context_in, conn, key, *subject, notice)?;
                }
                Ok::<_, Error>(())
            })
            .await?;
    }
    Ok(())
}

/// What of a kind is still to be queued; none when nothing can have come since.
async fn span(context: &Context, name: &'static str) -> Result<Option<Span>, Error> {
    let now = context.now();
    let until = now.duration_trunc(STEP).unwrap_or(now);
    let done = context
        .db
        .read(move |conn| db::rounds::done_to(conn, name))
        .await?;
    let after = done.unwrap_or(until - FIRST);
    Ok((after < until).then_some(Span { after, until }))
}

/// Notes that all of it is queued.
async fn note_done(context: &Context, name: &'static str, span: Span) -> Result<(), Error> {
    context
        .db
        .write(move |conn| Ok(db::rounds::note_done(conn, name, span.until)?))
        .await
}
