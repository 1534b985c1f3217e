//! The weekly digest of a mandate, to each of those who answer for it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::event::SubjectKind;
use crate::domain::ids::{MandateId, OrganizationId, UserId};
use crate::domain::message::Notice;
use crate::domain::values::OrganizationKind;
use crate::services::{Context, Error};

use super::{Letter, Span, note_done, queue, span};

const NAME: &str = "digests";
/// Who answers for a mandate.
const READERS: [Role; 2] = [Role::Owner, Role::Editor];
/// How far before its morning a digest's week can begin: a week, and the days
/// of rest that put the one before off.
const LONGEST_WEEK: TimeDelta = TimeDelta::days(21);

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
    let mut news: BTreeMap<OrganizationId, BTreeMap<MandateId, BTreeSet<DateTime<Utc>>>> =
        BTreeMap::new();
    for waiting in db::rounds::waiting_since(conn, span.after - LONGEST_WEEK)? {
        let of_firm = news.entry(waiting.investor).or_default();
        let of_mandate = of_firm.entry(waiting.mandate).or_default();
        of_mandate.insert(waiting.came_at);
    }
    let mut due = Vec::new();
    for reader in db::rounds::readers(conn, kind, &READERS)? {
        let Some(mandates) = news.get(&reader.organization) else {
            continue;
        };
        for week in reader.place.weeks(calendars, span.after, span.until) {
            let Some((since, until)) = reader.place.window_of_week(calendars, week) else {
                continue;
            };
            for (mandate, came) in mandates {
                if came.iter().any(|at| *at > since && *at <= until) {
                    due.push(Due {
                        user: reader.user,
                        mandate: *mandate,
                        week,
                    });
                }
            }
        }
    }
    Ok(due)
}
