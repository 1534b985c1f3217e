//! The weekly digest of a mandate, to each of those who answer for it.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};

use crate::db::rounds::Waiting;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::event::SubjectKind;
use crate::domain::ids::{MandateId, OrganizationId, UserId};
use crate::domain::message::Notice;
use crate::domain::values::OrganizationKind;
use crate::services::{Context, Error, digest};

use super::{Letter, Span, note_done, queue, span};

const NAME: &str = "digests";
/// Who answers for a mandate.
const READERS: [Role; 2] = [Role::Owner, Role::Editor];
/// How far before its morning a digest's week can begin: a week, and the days
/// of rest that put the one before off.
const LONGEST_WEEK: TimeDelta = TimeDelta::days(21);
/// Lines that are forgotten at a time.
const FORGOTTEN: i64 = 10_000;

/// One digest to one person.
struct Due {
    user: UserId,
    mandate: MandateId,
    week: NaiveDate,
}

/// Queues the digests whose morning has come and that have something to tell.
pub(super) async fn queue_due(context: &Context) -> Result<(), Error> {
    let Some(span) = span(context, NAME).await? else {
        return Ok(());
    };
    let context_in = context.clone();
    let due = context
        .db
        .read(move |conn| find_due(&context_in, conn, span))
        .await?;
    queue(context, due.iter().map(letter).collect()).await?;
    if !due.is_empty() {
        let before = span.until - digest::BACKLOG - LONGEST_WEEK;
        let forget = move |conn: &mut Conn| -> Result<usize, Error> {
            Ok(db::digests::forget(conn, before, FORGOTTEN)?)
        };
        context.db.write(forget).await?;
    }
    note_done(context, NAME, span).await
}

fn letter(due: &Due) -> Letter {
    let Due {
        user,
        mandate,
        week,
    } = due;
    let notice = Notice::Digest {
        user: *user,
        mandate: *mandate,
        week: *week,
    };
    (
        format!("digest:{mandate}:{user}:{week}"),
        (SubjectKind::Mandate, mandate.uuid()),
        notice,
    )
}

fn find_due(context: &Context, conn: &mut Conn, span: Span) -> Result<Vec<Due>, Error> {
    let calendars = &context.calendars;
    let kind = OrganizationKind::Investor;
    let is_due = |place: &crate::domain::rounds::Place| {
        !place.weeks(calendars, span.after, span.until).is_empty()
    };
    // Mostly it is nobody's morning, and then nothing else is read.
    if !db::rounds::places(conn, kind, &READERS)?.iter().any(is_due) {
        return Ok(Vec::new());
    }
    // What came before is told by now, or no longer waits.
    let oldest = span.after - LONGEST_WEEK;
    let untold = digest::untold_since(conn, span.until)?;
    let mut waiting: BTreeMap<OrganizationId, BTreeMap<MandateId, Vec<Waiting>>> = BTreeMap::new();
    for one in db::rounds::waiting_since(conn, untold.min(oldest))? {
        let of_firm = waiting.entry(one.investor).or_default();
        of_firm.entry(one.mandate).or_default().push(one);
    }
    let told = db::digests::all_told(conn, untold.min(oldest))?;
    let mut due = Vec::new();
    for reader in db::rounds::readers(conn, kind, &READERS)? {
        let Some(mandates) = waiting.get(&reader.organization) else {
            continue;
        };
        // After a time away, one digest tells of all of it.
        let weeks = reader.place.weeks(calendars, span.after, span.until);
        let Some((week, (since, until))) = weeks.last().and_then(|week| {
            let window = reader.place.window_of_week(calendars, *week)?;
            Some((*week, window))
        }) else {
            continue;
        };
        let earliest = untold.min(since);
        let is_news = |one: &Waiting| {
            let told = told.get(&(one.matched, reader.user));
            one.came_at > earliest
                && one.came_at <= until
                && told.is_none_or(|at| *at < one.came_at)
        };
        for (mandate, matches) in mandates {
            if matches.iter().any(is_news) {
                due.push(Due {
                    user: reader.user,
                    mandate: *mandate,
                    week,
                });
            }
        }
    }
    Ok(due)
}
