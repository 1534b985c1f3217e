//! A time to meet, in words and as an invitation.

use chrono::TimeDelta;

use crate::db::outbox::Claimed;
use crate::domain::text::Name;
use crate::mail::calendar::{Invitation, Method};
use crate::mail::notice::{Language, Meeting, MeetingMail, MeetingSide};
use crate::mail::{InvalidEmail, Mailbox};
use crate::services::Context;
use crate::services::notices::{Content, MeetingContent, MeetingNews, Ready, Recipient};

/// What a mail says of a meeting.
pub(super) fn times(meeting: &MeetingContent) -> Meeting {
    Meeting {
        at: meeting.starts_at,
        minutes: meeting.minutes,
        sides: meeting.sides.clone().map(|side| MeetingSide {
            organization: side.organization,
            zone: side.zone,
            day_off: side.day_off,
        }),
        others: meeting.others.clone(),
    }
}

/// The mail that tells what became of it.
pub(super) fn mail(news: &MeetingNews) -> MeetingMail {
    MeetingMail {
        programme: news.programme.clone(),
        meeting: times(&news.meeting),
        cancelled: news.meeting.cancelled,
    }
}

/// The invitation that goes with a mail, if it tells of a meeting.
pub(super) fn invitation(
    context: &Context,
    message: &Claimed,
    ready: &Ready,
    language: Language,
    organizer: Mailbox,
) -> Result<Option<Invitation>, InvalidEmail> {
    let (meeting, people) = match &ready.content {
        Content::Introduction(content) => {
            let people = [&content.startup_person, &content.investor_person];
            match &content.meeting {
                Some(meeting) if !meeting.cancelled => (meeting, people),
                _ => return Ok(None),
            }
        }
        Content::Meeting(news) => {
            let [startup, investor] = &news.people;
            (&news.meeting, [startup, investor])
        }
        _ => return Ok(None),
    };
    let mailbox =
        |one: &Recipient| Mailbox::new(one.name.as_ref().map(Name::as_str), one.email.as_str());
    let (summary, description) = times(meeting).entry(language);
    Ok(Some(Invitation {
        method: if meeting.cancelled {
            Method::Cancel
        } else {
            Method::Request
        },
        uid: format!(
            "introduction-{}@{}",
            meeting.introduction, context.settings.mail_domain
        ),
        sequence: meeting.sequence,
        stamp: ready.dated.unwrap_or(message.created_at),
        starts_at: meeting.starts_at,
        ends_at: meeting.starts_at + TimeDelta::minutes(meeting.minutes.into()),
        summary,
        description,
        organizer,
        attendees: people.into_iter().map(mailbox).collect::<Result<_, _>>()?,
    }))
}
