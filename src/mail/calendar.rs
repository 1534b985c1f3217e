//! Invitations for calendars: iCalendar (RFC 5545) with the methods of iTIP
//! (RFC 5546), as a part of an e-mail (RFC 6047).
//!
//! Written by hand, since it is one event in UTC: the same [`Invitation`]
//! always gives the same bytes, as the mail around it does.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::message::Mailbox;

/// Longest line, in octets, without its break (RFC 5545 §3.1).
const LINE: usize = 75;

/// What the receiver is to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Answer whether they come.
    Request,
    /// Take it out of the calendar.
    Cancel,
}

impl Method {
    /// As it stands in the calendar and in the part's `Content-Type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

/// A meeting to which people are invited, or which is called off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// What is to be done with it.
    pub method: Method,
    /// The meeting's name in the whole world, the same whatever changes.
    pub uid: String,
    /// Rises with each change.
    pub sequence: u32,
    /// When it was written.
    pub stamp: DateTime<Utc>,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// In one line.
    pub summary: String,
    /// In several.
    pub description: String,
    /// Who sends it, and gets the answers.
    pub organizer: Mailbox,
    /// Who is invited.
    pub attendees: Vec<Mailbox>,
}

impl Invitation {
    /// The calendar, with CRLF line ends.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |content: &str| fold(&mut text, content);
        line("BEGIN:VCALENDAR");
        line("PRODID:-//Corridor//Introductions//EN");
        line("VERSION:2.0");
        line("CALSCALE:GREGORIAN");
        line(&format!("METHOD:{}", self.method.name()));
        line("BEGIN:VEVENT");
        line(&format!("UID:{}", escaped(&self.uid)));
        line(&format!("SEQUENCE:{}", self.sequence));
        line(&format!("DTSTAMP:{}", utc(self.stamp)));
        line(&format!("DTSTART:{}", utc(self.starts_at)));
        line(&format!("DTEND:{}", utc(self.ends_at)));
        line(&format!("SUMMARY:{}", escaped(&self.summary)));
        line(&format!("DESCRIPTION:{}", escaped(&self.description)));
        let (status, answer) = match self.method {
            Method::Request => ("TENTATIVE", ";PARTSTAT=NEEDS-ACTION;RSVP=TRUE"),
            Method::Cancel => ("CANCELLED", ""),
        };
        line(&format!("STATUS:{status}"));
        line(&format!(
            "ORGANIZER{}:mailto:{}",
            named(&self.organizer),
            self.organizer.address()
        ));
        for attendee in &self.attendees {
            line(&format!(
                "ATTENDEE{};CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT{answer}:mailto:{}",
                named(attendee),
                attendee.address()
            ));
        }
        line("END:VEVENT");
        line("END:VCALENDAR");
        text
    }
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// A name as a parameter, where there is one. A quotation mark can't stand in
/// it (RFC 5545 §3.2).
fn named(who: &Mailbox) -> String {
    who.name().map_or_else(String::new, |name| {
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        format!(";CN=\"{}\"", name.replace('"', "'"))
    })
}

/// A value of type TEXT (RFC 5545 §3.3.11).
fn escaped(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => {
                whole.push('\\');
                whole.push(c);
            }
            '\n' => whole.push_str("\\n"),
            c if c.is_control() => {}
            c => whole.push(c),
        }
    }
    whole
}

/// Adds a line, folded between characters at 75 octets.
fn fold(text: &mut String, content: &str) {
    let mut width = 0;
    for c in content.chars() {
        if width + c.len_utf8() > LINE {
            text.push_str("\r\n ");
            width = 1;
        }
        // Writing into a string doesn't fail.
        let _ = write!(text, "{c}");
        width += c.len_utf8();
    }
    text.push_str("\r\n");
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn invitation() -> Invitation {
        let mailbox = |name, address| Mailbox::new(Some(name), address).unwrap();
        Invitation {
            method: Method::Request,
            uid: "introduction-0192@corridor.example".to_owned(),
            sequence: 2,
            stamp: "2026-11-29T09:00:00Z".parse().unwrap(),
            starts_at: "2026-12-01T08:00:00Z".parse().unwrap(),
            ends_at: "2026-12-01T08:30:00Z".parse().unwrap(),
            summary: "Tamar; Khazar, “Təmas”".to_owned(),
            description: "One\nשתיים \\ three".to_owned(),
            organizer: mailbox("Water \"bridge\": one", "intro@corridor.example"),
            attendees: vec![
                mailbox("דנה לוי", "dana@x.example"),
                mailbox("Gül Əliyeva", "gul@y.example"),
            ],
        }
    }

    /// As a reader reads it: lines put together again, escapes undone.
    fn unfolded(text: &str) -> String {
        text.replace("\r\n ", "")
    }

    fn unescaped(value: &str) -> String {
        let mut whole = String::new();
        let mut chars = value.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n' | 'N') => whole.push('\n'),
                    Some(c) => whole.push(c),
                    None => {}
                },
                c => whole.push(c),
            }
        }
        whole
    }

    fn value<'a>(text: &'a str, name: &str) -> &'a str {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        &line[name.len() + 1..]
    }

    #[test]
    fn a_request_holds_what_the_standard_wants() {
        let text = unfolded(&invitation().to_text());
        for line in [
            "METHOD:REQUEST",
            "UID:introduction-0192@corridor.example",
            "SEQUENCE:2",
            "DTSTAMP:20261129T090000Z",
            "DTSTART:20261201T080000Z",
            "DTEND:20261201T083000Z",
            "STATUS:TENTATIVE",
            "ORGANIZER;CN=\"Water 'bridge': one\":mailto:intro@corridor.example",
            "ATTENDEE;CN=\"Gül Əliyeva\";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:gul@y.example",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}: {text}");
        }
        let summary = invitation().summary;
        assert_eq!(unescaped(value(&text, "SUMMARY")), summary);
        let cancelled = Invitation {
            method: Method::Cancel,
            ..invitation()
        };
        let text = unfolded(&cancelled.to_text());
        assert!(
            text.contains("\r\nMETHOD:CANCEL\r\n") && text.contains("\r\nSTATUS:CANCELLED\r\n")
        );
        assert!(!text.contains("RSVP"));
    }

    proptest! {
        #[test]
        fn whatever_people_write_folds_and_comes_back(
            summary in "\\PC{0,120}",
            description in "(\\PC|\n|\r\n|;|,|\\\\){0,300}",
            name in "\\PC{1,80}",
        ) {
            let mailbox = Mailbox::new(Some(&name), "a@b.example");
            prop_assume!(mailbox.is_ok());
            let written = Invitation {
                summary: summary.clone(),
                description: description.clone(),
                attendees: vec![mailbox.unwrap()],
                ..invitation()
            }
            .to_text();
            for line in written.split("\r\n") {
                prop_assert!(line.len() <= LINE, "{}", line.len());
                prop_assert!(!line.contains(['\n', '\r']));
            }
            let text = unfolded(&written);
            // Nothing that was written adds a line of its own.
            prop_assert_eq!(text.split("\r\n").count(), 19);
            let of = |name: &str| {
                let line = text.split("\r\n").find(|line| line.starts_with(name)).unwrap();
                unescaped(&line[name.len()..])
            };
            prop_assert_eq!(of("SUMMARY:"), summary);
            prop_assert_eq!(of("DESCRIPTION:"), description.replace("\r\n", "\n").replace('\r', ""));
        }
    }
}
