//! Finds what a calendar answers in a letter (RFC 6047): whatever the mail
//! program wrapped it into, as an alternative or as a file. What else the
//! letter says is not looked at.

use std::borrow::Cow;

use mail_parser::{Message, MessagePart, MimeHeaders as _, PartType};

use crate::domain::calendar_reply::of_calendar;
use crate::domain::meeting_answer::CalendarReply;

/// The answer in a letter, if it is one.
pub(super) fn of_message(message: &Message<'_>) -> Option<CalendarReply> {
    let from = message.from()?.first()?.address()?.parse().ok()?;
    let mut calendars = message.parts.iter().filter(|part| is_calendar(part));
    calendars.find_map(|part| of_calendar(text(part)?.as_ref(), &from))
}

fn is_calendar(part: &MessagePart<'_>) -> bool {
    part.content_type().is_some_and(|kind| {
        let is = |main: &str, sub: &str| {
            kind.ctype().eq_ignore_ascii_case(main)
                && kind
                    .subtype()
                    .is_some_and(|it| it.eq_ignore_ascii_case(sub))
        };
        is("text", "calendar") || is("application", "ics")
    })
}

fn text<'a>(part: &'a MessagePart<'_>) -> Option<Cow<'a, str>> {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => Some(text.as_ref().into()),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            Some(String::from_utf8_lossy(bytes))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
