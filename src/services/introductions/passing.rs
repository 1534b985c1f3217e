//! "Not me, ask …": a question goes on to somebody else of the same side,
//! with a link of their own; the old one is dead.
//!
//! Whoever asks could have strangers mailed through us, so a question is passed
//! on a few times at most, a firm passes few on to addresses in a day, and an
//! address gets few in a day from all firms together.

use chrono::TimeDelta;

use crate::db::introductions::StoredDelegate;
use crate::db::{self, Conn, introductions};
use crate::domain::event::SubjectKind;
use crate::domain::ids::UserId;
use crate::domain::introduction::{
    Answer, Ask, Delegate, Introduction, MOST_PASSED_ON, PASSED_ON_DAYS,
};
use crate::domain::mail_event::MailEvent;
use crate::domain::message::{Notice, Topic};
use crate::domain::text::Email;
use crate::services::{Context, Error, notices, suppressions};

use super::people::asked_person;
use super::reminders::next_reminder;

/// Most questions that a firm passes on to addresses in 24 hours.
const MOST_BY_FIRM: i64 = 10;
/// Most questions that reach an address in 24 hours by being passed on.
const MOST_TO_ADDRESS: i64 = 3;

/// To whom a question goes on.
enum Next {
    Member(UserId),
    Stranger(Email),
}

/// Puts the question to somebody else, with the time that is left and a few
/// working days at least.
pub(super) fn pass_on(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    ask: &Ask,
    to: Delegate,
) -> Result<(), Error> {
    let next = find_next(conn, introduction, ask, to)?;
    check_often(conn, introduction, ask)?;
    if !introductions::kill_ask(conn, ask.id)? {
        return Err(super::answers::answered_already());
    }
    let person = match &next {
        Next::Member(id) => *id,
        Next::Stranger(_) => ask.person,
    };
    let zone = asked_person(conn, ask)?.map_or(chrono_tz::UTC, |person| person.zone);
    let organization = introduction.organization(ask.side);
    let firm = db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
    let now = context.now();
    let calendars = &context.calendars;
    let least = calendars.deadline(firm.details.country, zone, now, PASSED_ON_DAYS);
    let mut passed = Ask {
        id: context.new_id(),
        person,
        created_at: now,
        expires_at: ask.expires_at.max(least),
        remind_at: None,
        reminders: 0,
        ..ask.clone()
    };
    introductions::insert_ask(conn, &passed)?;
    if let Next::Stranger(email) = next {
        insert_stranger(context, conn, introduction, &passed, email)?;
    }
    passed.remind_at = next_reminder(context, conn, &passed, 0)?;
    introductions::note_reminder(conn, passed.id, 0, passed.remind_at)?;
    notices::enqueue(
        context,
        conn,
        &format!("introduction_ask:{}", passed.id),
        (SubjectKind::Introduction, introduction.id.uuid()),
        &Notice::IntroductionAsk { ask: passed.id },
    )
}

fn find_next(
    conn: &mut Conn,
    introduction: &Introduction,
    ask: &Ask,
    to: Delegate,
) -> Result<Next, Error> {
    let able: Vec<_> = db::users::members(conn, introduction.organization(ask.side))?
        .into_iter()
        .filter(|(_, role)| notices::answers_for(*role))
        .map(|(user, _)| user)
        .collect();
    let email = match to {
        Delegate::Member(id) => {
            let known = able.iter().find(|user| user.id == id);
            known.ok_or_else(cannot_be_asked)?.email.clone()
        }
        Delegate::Address(email) => email,
    };
    // Somebody who was asked already can't be asked again, themselves included.
    for earlier in introductions::asks(conn, introduction.id)? {
        if asked_person(conn, &earlier)?.is_some_and(|person| person.email == email) {
            return Err(cannot_be_asked());
        }
    }
    // Nor can somebody of the other side, which would answer for both.
    let others = db::users::members(conn, introduction.organization(ask.side.other()))?;
    if others.iter().any(|(user, _)| user.email == email) {
        return Err(cannot_be_asked());
    }
    match able.into_iter().find(|user| user.email == email) {
        Some(user) => Ok(Next::Member(user.id)),
        None => Ok(Next::Stranger(email)),
    }
}

fn check_often(conn: &mut Conn, introduction: &Introduction, ask: &Ask) -> Result<(), Error> {
    let passed = introductions::answers(conn, introduction.id)?
        .into_iter()
        .filter(|given| given.side == ask.side && given.answer == Answer::PassOn)
        .count();
    if passed >= MOST_PASSED_ON {
        return Err(Error::refused(
            "passed_on_too_often",
            "This question was passed on often enough; whoever has it now can answer it.",
        ));
    }
    Ok(())
}

fn insert_stranger(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    passed: &Ask,
    email: Email,
) -> Result<(), Error> {
    let organization = introduction.organization(passed.side);
    let since = context.now() - TimeDelta::days(1);
    let key = email.key();
    if introductions::count_by(conn, organization, since)? >= MOST_BY_FIRM
        || introductions::count_to(conn, &email, since)? >= MOST_TO_ADDRESS
        || db::contacts::objected_anywhere(conn, organization, &key)?
        || suppressions::hindrance(
            conn,
            &email,
            Some(Topic::Questions),
            Some(MailEvent::IntroductionAsk),
        )?
        .is_some()
    {
        return Err(cannot_be_asked());
    }
    // Until they say otherwise, they read what those who know them read.
    let passer = db::users::find(conn, passed.person)?.ok_or(Error::NotFound)?;
    let delegate = StoredDelegate {
        ask: passed.id,
        organization,
        email,
        name: None,
        language: passer.language,
        zone: passer.zone,
        created_at: context.now(),
    };
    Ok(introductions::insert_delegate(conn, &delegate)?)
}

/// The same whatever stands against it: who is known here, and who wants no
/// mail, is nobody's to try out.
fn cannot_be_asked() -> Error {
    Error::refused(
        "delegate_cannot_be_asked",
        "This person can't be asked. Name somebody else who may answer for your organization, or answer yourself.",
    )
}
