//! The person asked is reminded twice at most, in the morning of working days
//! of their own.

use chrono::{DateTime, Utc};

use crate::db::{self, Conn, introductions};
use crate::domain::event::SubjectKind;
use crate::domain::introduction::{Ask, REMINDER_DAYS};
use crate::domain::message::Notice;
use crate::services::disclosure::Occasion;
use crate::services::{Context, Error, disclosure, due, notices};

use super::course::still_as_read;
use super::people::asked_person;
use super::{load, pair};

/// The hour at which people are reminded, by their own clock.
pub(super) const HOUR: u32 = 9;

/// When the person asked is reminded for the `done + 1`st time; none when that
/// was often enough, or the question is over by then. What came and went while
/// nothing ran is left out, so that two reminders never come at once.
pub(super) fn next_reminder(
    context: &Context,
    conn: &mut Conn,
    ask: &Ask,
    done: u32,
) -> Result<Option<DateTime<Utc>>, Error> {
    let introduction = load(conn, ask.introduction)?;
    let firm = db::organizations::find(conn, introduction.organization(ask.side))?;
    let country = firm.and_then(|firm| firm.details.country);
    let Some(person) = asked_person(conn, ask)? else {
        return Ok(None);
    };
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    let now = context.now();
    Ok(REMINDER_DAYS
        .into_iter()
        .skip(done)
        .map(|days| {
            let calendars = &context.calendars;
            calendars.working_hour(country, person.zone, ask.created_at, days, HOUR)
        })
        .find(|at| *at > now && *at < ask.expires_at))
}

/// Reminds whoever is to be reminded now; answers how many questions it looked
/// at.
pub async fn remind_due(context: &Context) -> Result<usize, Error> {
    let now = context.now();
    let context_in = context.clone();
    due::each(
        context,
        "introduction.remind",
        |ask: &Ask| ask.introduction.uuid(),
        move |conn, limit| introductions::to_remind(conn, now, limit),
        move |conn, ask: &Ask| remind(&context_in, conn, ask),
    )
    .await
}

fn remind(context: &Context, conn: &mut Conn, ask: &Ask) -> Result<(), Error> {
    let introduction = still_as_read(conn, ask)?;
    let open = ask.expires_at > context.now() && introduction.asked() == Some(ask.side) && {
        let pair = pair(conn, &introduction)?;
        !disclosure::ask(context, conn, &pair, Occasion::Running)?.is_frozen()
    };
    // While nobody can read the question, the reminder is left out.
    let done = ask.reminders + 1;
    let next = next_reminder(context, conn, ask, done)?;
    introductions::note_reminder(conn, ask.id, done, next)?;
    if !open {
        return Ok(());
    }
    notices::enqueue(
        context,
        conn,
        &format!("introduction_reminder:{}:{done}", ask.id),
        (SubjectKind::Introduction, introduction.id.uuid()),
        &Notice::IntroductionReminder { ask: ask.id },
    )
}
