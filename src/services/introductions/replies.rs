//! What calendars answer to the invitation of an introduction: into its
//! meeting's record, or why not.

use crate::db::{self, Conn, introductions};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{IntroductionId, OrganizationId};
use crate::domain::introduction::Introduction;
use crate::domain::meeting_answer::{Answered, CalendarReply, NotHeard, hear};
use crate::domain::text::Email;
use crate::domain::values::Side;
use crate::services::notices::answers_for;
use crate::services::transitions::code;
use crate::services::{Context, Error};

use super::people::person_of;

/// Takes an answer into the record of the meeting that it names. It moves
/// nothing: who can't come says so to the other side, or offers other times.
pub(in crate::services) fn hear_reply(
    context: &Context,
    conn: &mut Conn,
    reply: &CalendarReply,
    actor: Actor,
) -> Result<Result<Answered, NotHeard>, Error> {
    let Some(id) = named(context, &reply.uid) else {
        return Ok(Err(NotHeard::NoMeeting));
    };
    introductions::lock(conn, id)?;
    let found = introductions::find(conn, id)?.filter(Introduction::both_accepted);
    let (Some(before), Some(meeting)) = (found, introductions::meeting(conn, id)?) else {
        return Ok(Err(NotHeard::NoMeeting));
    };
    let Some(side) = side_of(conn, &before, reply)? else {
        return Ok(Err(NotHeard::NotInvited));
    };
    let answers = introductions::meeting_answers_of(conn, &[id])?;
    let earlier = answers.iter().find(|answer| answer.side == side);
    let now = context.now();
    let answered = match hear(reply, side, &meeting, earlier, now) {
        Ok(answered) => answered,
        Err(why) => return Ok(Err(why)),
    };
    introductions::put_meeting_answer(conn, &answered, now)?;
    let after = Introduction {
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    if !introductions::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    context.pen(actor).append(
        conn,
        "introduction.meeting_answered",
        (SubjectKind::Introduction, id),
        vec![
            ("side", code(side.code())),
            ("answer", code(answered.answer.code())),
            ("sequence", Value::Int(i64::from(answered.sequence))),
        ],
    )?;
    Ok(Ok(answered))
}

/// Whether somebody answers for a firm.
fn answers_there(conn: &mut Conn, email: &Email, firm: OrganizationId) -> Result<bool, Error> {
    let Some(user) = db::users::find_by_email(conn, &email.key())? else {
        return Ok(false);
    };
    let parts = db::users::memberships(conn, user.id)?;
    let mut here = parts.iter().filter(|part| part.organization == firm);
    Ok(here.any(|part| answers_for(part.role)))
}

/// The introduction that an invitation's name means.
fn named(context: &Context, uid: &str) -> Option<IntroductionId> {
    let (name, domain) = uid.rsplit_once('@')?;
    let is_ours = domain.eq_ignore_ascii_case(&context.settings.mail_domain);
    let id = name.strip_prefix("introduction-").filter(|_| is_ours)?;
    id.parse().ok()
}

/// The side whose person answers, if it is one of the two: by themselves, or by
/// somebody who answers for the same firm, whatever the letter says of that.
fn side_of(
    conn: &mut Conn,
    introduction: &Introduction,
    reply: &CalendarReply,
) -> Result<Option<Side>, Error> {
    let Some(attendee) = &reply.attendee else {
        return Ok(None);
    };
    let key = attendee.key();
    for side in [Side::Startup, Side::Investor] {
        let person = person_of(conn, introduction, side)?;
        if person.is_none_or(|person| person.email.key() != key) {
            continue;
        }
        let firm = introduction.organization(side);
        if reply.from.key() == key || answers_there(conn, &reply.from, firm)? {
            return Ok(Some(side));
        }
    }
    Ok(None)
}
