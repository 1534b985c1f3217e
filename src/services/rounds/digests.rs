//! The weekly digest of a mandate, to each of those who answer for it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::db::rounds::{Reader, Waiting};
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::calendar::Calendars;
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

/// Firms whose matches are read at a time.
const FIRMS: usize = 20;

/// Somebody whose morning has come.
struct Turn {
    user: UserId,
    week: NaiveDate,
    /// What came from then on…
    since: DateTime<Utc>,
    /// …until then is of that week.
    until: DateTime<Utc>,
}

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
    let mut firms: BTreeMap<OrganizationId, Vec<Turn>> = BTreeMap::new();
    for reader in db::rounds::readers(conn, kind, &READERS)? {
        if let Some(turn) = turn(calendars, &reader, span) {
            firms.entry(reader.organization).or_default().push(turn);
        }
    }
    let untold = digest::untold_since(conn, span.until)?;
    let firms: Vec<_> = firms.into_iter().collect();
    let mut due = Vec::new();
    for some in firms.chunks(FIRMS) {
        find_of_firms(conn, some, untold, span, &mut due)?;
    }
    Ok(due)
}

/// Whose morning has come, and of which week the digest tells. After a time
/// away, one tells of all of it.
fn turn(calendars: &Calendars, reader: &Reader, span: Span) -> Option<Turn> {
    let weeks = reader.place.weeks(calendars, span.after, span.until);
    let week = *weeks.last()?;
    let (since, until) = reader.place.window_of_week(calendars, week)?;
    Some(Turn {
        user: reader.user,
        week,
        since,
        until,
    })
}

/// What there is to tell the readers of a few firms: a firm has thousands of
/// matches that wait, and all of them together need not be in memory.
fn find_of_firms(
    conn: &mut Conn,
    firms: &[(OrganizationId, Vec<Turn>)],
    untold: DateTime<Utc>,
    span: Span,
    due: &mut Vec<Due>,
) -> Result<(), Error> {
    let ids: Vec<OrganizationId> = firms.iter().map(|(firm, _)| *firm).collect();
    // What came before is told by now, or no longer waits.
    let oldest = untold.min(span.after - LONGEST_WEEK);
    let mut waiting: BTreeMap<OrganizationId, BTreeMap<MandateId, Vec<Waiting>>> = BTreeMap::new();
    for one in db::rounds::waiting_since(conn, &ids, oldest)? {
        let of_firm = waiting.entry(one.investor).or_default();
        of_firm.entry(one.mandate).or_default().push(one);
    }
    if waiting.is_empty() {
        return Ok(());
    }
    let told = db::digests::told_of(conn, &ids, oldest)?;
    for (firm, turns) in firms {
        let Some(mandates) = waiting.get(firm) else {
            continue;
        };
        for turn in turns {
            let earliest = untold.min(turn.since);
            let is_news = |one: &Waiting| {
                let told = told.get(&(one.matched, turn.user));
                one.came_at > earliest
                    && one.came_at <= turn.until
                    && told.is_none_or(|at| *at < one.came_at)
            };
            for (mandate, matches) in mandates {
                if matches.iter().any(is_news) {
                    due.push(Due {
                        user: turn.user,
                        mandate: *mandate,
                        week: turn.week,
                    });
                }
            }
        }
    }
    Ok(())
}
