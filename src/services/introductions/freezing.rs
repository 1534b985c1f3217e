//! Introductions in a freeze: what was not sent stands still with its questions
//! and its mail, and goes on where it stood once everything is checked again.
//! The gate keeps every name and every mail back from the first moment; the
//! state follows within a round of the clock.

use chrono::TimeDelta;

use crate::db::events::SealedEvent;
use crate::db::{self, Conn, introductions, outbox};
use crate::domain::disclosure::Decision;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::IntroductionId;
use crate::domain::introduction::{Action, AskState, Introduction, IntroductionStatus, step};
use crate::domain::permission::Hat;
use crate::services::apart::{self, Apart};
use crate::services::disclosure::{self, Occasion};
use crate::services::{Context, Error, following};

use super::course::{apply_system, put_question};
use super::hand_over::is_still_there;
use super::people::asked_person;
use super::reminders::HOUR;
use super::{load, pair};

/// Its place in the log.
const FOLLOWER: &str = "introductions_frozen";
/// Looks at all once a day.
const DAILY: &str = "introductions_frozen_daily";
/// Events read at once.
const EVENTS: usize = 1_000;
/// Introductions looked at in one transaction.
const AT_ONCE: usize = 50;

/// The introduction as it goes on: one that stood still in a freeze goes on
/// where nothing covers it any more.
///
/// # Errors
/// Somebody was faster, or a statement failed.
pub(in crate::services) fn thaw(
    context: &Context,
    conn: &mut Conn,
    before: Introduction,
) -> Result<Introduction, Error> {
    match let_go(context, conn, &before)? {
        Some(decision) => apply_system(context, conn, &before, &Action::Gate(decision)),
        None => Ok(before),
    }
}

/// The same without storing it, for who only reads.
pub(super) fn as_thawed(
    context: &Context,
    conn: &mut Conn,
    before: Introduction,
) -> Result<Introduction, Error> {
    match let_go(context, conn, &before)? {
        Some(decision) => Ok(step(&before, &Action::Gate(decision), Hat::System)?),
        None => Ok(before),
    }
}

/// What the gate says of one that stood still, if no freeze covers it now.
fn let_go(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
) -> Result<Option<Decision>, Error> {
    if before.status != IntroductionStatus::Frozen {
        return Ok(None);
    }
    if apart::of_introduction(context, conn, before)? == Some(Apart::Frozen) {
        return Ok(None);
    }
    let pair = pair(conn, before)?;
    let decision = disclosure::ask(context, conn, &pair, Occasion::Running)?;
    Ok((!decision.is_frozen()).then_some(decision))
}

/// Goes on with the question that stood still, with the time that was left; who
/// can't answer it any more leaves it to somebody else.
pub(super) fn go_on_asking(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    after: &Introduction,
) -> Result<(), Error> {
    let Some(side) = after.asked() else {
        return Ok(());
    };
    let firm = after.organization(side);
    let asks = introductions::asks(conn, after.id)?;
    let open = asks
        .into_iter()
        .find(|ask| ask.side == side && ask.state == AskState::Open);
    let Some(ask) = open else {
        return put_question(context, conn, after);
    };
    if !is_still_there(conn, ask.person, firm)? {
        introductions::kill_asks(conn, after.id)?;
        return put_question(context, conn, after);
    }
    let person = asked_person(conn, &ask)?.ok_or(Error::NotFound)?;
    let country = db::organizations::find(conn, firm)?.and_then(|firm| firm.details.country);
    let now = context.now();
    // Its clock stood; nobody finds it run out on the morning after.
    let stood = now - before.updated_at;
    let least = context.calendars.deadline(country, person.zone, now, 1);
    let expires_at = (ask.expires_at + stood).max(least);
    introductions::extend_ask(conn, ask.id, expires_at)?;
    // So did that of its reminders, which come in a morning of a working day.
    let Some(at) = ask.remind_at else {
        return Ok(());
    };
    let eve = (at + stood).max(now) - TimeDelta::days(1);
    let calendars = &context.calendars;
    let mut next = calendars.working_hour(country, person.zone, eve, 1, HOUR);
    if next <= now {
        next = calendars.working_hour(country, person.zone, now, 1, HOUR);
    }
    let next = Some(next).filter(|next| *next < expires_at);
    Ok(introductions::note_reminder(
        conn,
        ask.id,
        ask.reminders,
        next,
    )?)
}

/// Has what was not sent stand still where a freeze covers it by now, or its
/// programme is suspended, and lets go on what nothing covers any more: after
/// each turn of a freeze or a programme, and once a day. Answers how many moved.
///
/// # Errors
/// A statement failed.
pub async fn follow_freezes(context: &Context) -> Result<usize, Error> {
    let mut moved = 0;
    // The first daily round sees to what was before.
    while let Some((some, turn)) = following::news(context, FOLLOWER, EVENTS).await? {
        if some.iter().any(is_turn) {
            moved += look(context).await?;
        }
        following::done(context, turn).await?;
    }
    if let Some(turn) = following::daily(context, DAILY).await? {
        moved += look(context).await?;
        following::done(context, turn).await?;
    }
    Ok(moved)
}

/// Whether something begins or ends to stand still with it.
fn is_turn(event: &SealedEvent) -> bool {
    match event.subject.kind {
        SubjectKind::Freeze => event.kind != "freeze.lifting_proposed",
        SubjectKind::Programme => event.kind == "programme.moved",
        _ => false,
    }
}

async fn look(context: &Context) -> Result<usize, Error> {
    let (mut after, mut moved) = (None, 0);
    loop {
        let context_in = context.clone();
        let (due, last) = context
            .db
            .read(move |conn| {
                let some = introductions::unsent_after(conn, after, AT_ONCE)?;
                let last = some.last().filter(|_| some.len() == AT_ONCE);
                let last = last.map(|introduction| introduction.id);
                let mut due = Vec::new();
                for introduction in some {
                    if wanted(&context_in, conn, &introduction)?.is_some() {
                        due.push(introduction.id);
                    }
                }
                Ok::<_, Error>((due, last))
            })
            .await?;
        if !due.is_empty() {
            moved += move_all(context, due).await?;
        }
        match last {
            Some(last) => after = Some(last),
            None => return Ok(moved),
        }
    }
}

/// Moves introductions, each looked at once more in the transaction that moves
/// it; one that fails keeps no other.
async fn move_all(context: &Context, due: Vec<IntroductionId>) -> Result<usize, Error> {
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let mut moved = 0;
            for id in due {
                let one = db::transaction(conn, |conn| obey(&context_in, conn, id));
                match one {
                    Ok(done) => moved += usize::from(done),
                    Err(Error::StaleVersion) => {}
                    Err(error) => tracing::error!(%id, %error, "the freeze was not followed"),
                }
            }
            Ok(moved)
        })
        .await
}

fn obey(context: &Context, conn: &mut Conn, id: IntroductionId) -> Result<bool, Error> {
    introductions::lock(conn, id)?;
    let before = load(conn, id)?;
    match wanted(context, conn, &before)? {
        Some(action) => apply_system(context, conn, &before, &action).map(|_| true),
        None => Ok(false),
    }
}

/// What is to happen to one for the freezes that are in force now. What is on
/// its way to a mail server can't be called back.
fn wanted(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<Option<Action>, Error> {
    if introduction.status == IntroductionStatus::Frozen {
        return Ok(let_go(context, conn, introduction)?.map(Action::Gate));
    }
    let subject = Subject::new(SubjectKind::Introduction, introduction.id);
    let frozen = apart::of_introduction(context, conn, introduction)? == Some(Apart::Frozen);
    Ok((frozen && !outbox::is_sending(conn, subject)?).then_some(Action::Freeze))
}
