//! Reads what calendars answer to an invitation (iTIP, RFC 5546): `REPLY` and
//! `COUNTER`, as Google, Outlook and Apple write them.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::meeting_answer::{CalendarReply, MeetingAnswer, Proposal};
use super::text::Email;

/// Lines of a calendar that are looked at.
const MOST_LINES: usize = 2_000;
/// Longest name of a meeting that is looked at.
const MOST_UID: usize = 255;
/// Longest meeting that can be proposed, in minutes.
const LONGEST: i64 = 24 * 60;

/// The zones of Windows, which Outlook names, as far as people of the corridor
/// and of its surroundings use them (Unicode CLDR, windowsZones).
const WINDOWS: [(&str, Tz); 17] = [
    ("Israel Standard Time", chrono_tz::Asia::Jerusalem),
    ("Azerbaijan Standard Time", chrono_tz::Asia::Baku),
    ("UTC", chrono_tz::UTC),
    ("GMT Standard Time", chrono_tz::Europe::London),
    ("W. Europe Standard Time", chrono_tz::Europe::Berlin),
    ("Romance Standard Time", chrono_tz::Europe::Paris),
    ("Central Europe Standard Time", chrono_tz::Europe::Budapest),
    ("Central European Standard Time", chrono_tz::Europe::Warsaw),
    ("FLE Standard Time", chrono_tz::Europe::Kyiv),
    ("GTB Standard Time", chrono_tz::Europe::Bucharest),
    ("Turkey Standard Time", chrono_tz::Europe::Istanbul),
    ("Russian Standard Time", chrono_tz::Europe::Moscow),
    ("Georgian Standard Time", chrono_tz::Asia::Tbilisi),
    ("Arabian Standard Time", chrono_tz::Asia::Dubai),
    ("Eastern Standard Time", chrono_tz::America::New_York),
    ("Central Standard Time", chrono_tz::America::Chicago),
    ("Pacific Standard Time", chrono_tz::America::Los_Angeles),
];

/// One line of a calendar: its name, parameters and value (RFC 5545 §3.1).
struct Line<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    value: &'a str,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (mut quoted, mut end, mut marks) = (false, None, Vec::new());
        for (place, c) in line.char_indices() {
            match c {
                '"' => quoted = !quoted,
                ';' if !quoted => marks.push(place),
                ':' if !quoted => {
                    end = Some(place);
                    break;
                }
                _ => {}
            }
        }
        let end = end?;
        let mut parts = Vec::new();
        let mut start = 0;
        for mark in marks.into_iter().chain([end]) {
            parts.push(line.get(start..mark)?);
            start = mark + 1;
        }
        let mut parts = parts.into_iter();
        let name = parts.next()?;
        let parameters = parts.filter_map(|part| part.split_once('='));
        Some(Self {
            name,
            parameters: parameters
                .map(|(name, value)| (name, value.trim_matches('"')))
                .collect(),
            value: line.get(end + 1..)?.trim(),
        })
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    }

    /// The moment that it names, where its zone is known.
    fn moment(&self) -> Option<DateTime<Utc>> {
        let (text, zone) = match self.value.strip_suffix(['Z', 'z']) {
            Some(text) => (text, chrono_tz::UTC),
            None => (self.value, zone(self.parameter("TZID")?)?),
        };
        let local = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok()?;
        let at = zone.from_local_datetime(&local).earliest()?;
        Some(at.with_timezone(&Utc))
    }
}

fn zone(name: &str) -> Option<Tz> {
    let windows = WINDOWS.iter().find(|(known, _)| *known == name);
    windows
        .map(|(_, zone)| *zone)
        .or_else(|| name.parse().ok())
        // Some put the name of their program before it.
        .or_else(|| {
            let mut parts = name.rsplitn(3, '/');
            let (city, area) = (parts.next()?, parts.next()?);
            format!("{area}/{city}").parse().ok()
        })
}

/// The answer in a calendar that `from` sent, if it is one.
pub fn of_calendar(text: &str, from: &Email) -> Option<CalendarReply> {
    // Folded lines go on after a blank (RFC 5545 §3.1).
    let unfolded = text
        .replace("\r\n", "\n")
        .replace("\n ", "")
        .replace("\n\t", "");
    let lines: Vec<Line<'_>> = unfolded
        .lines()
        .take(MOST_LINES)
        .filter_map(Line::read)
        .collect();
    let method = lines.iter().find(|line| line.is("METHOD"))?.value;
    let event = event(&lines)?;
    let of = |name: &str| event.iter().find(|line| line.is(name));
    let attendees = || event.iter().filter(|line| line.is("ATTENDEE"));
    let is_sender = |email: Option<Email>| email.is_some_and(|email| email.key() == from.key());
    // Whoever sent it, or for whom they say that they answer (RFC 5545 §3.2.18).
    let attendee = attendees()
        .find(|line| is_sender(address(line.value)))
        .or_else(|| attendees().find(|line| is_sender(line.parameter("SENT-BY").and_then(address))))
        .or_else(|| attendees().next());
    let answer = if method.eq_ignore_ascii_case("COUNTER") {
        MeetingAnswer::Countered
    } else if method.eq_ignore_ascii_case("REPLY") {
        part_stat(attendee?.parameter("PARTSTAT")?)?
    } else {
        return None;
    };
    let uid = of("UID")?.value;
    Some(CalendarReply {
        uid: uid.get(..MOST_UID).unwrap_or(uid).to_owned(),
        attendee: attendee.and_then(|line| address(line.value)),
        from: from.clone(),
        sequence: of("SEQUENCE")
            .and_then(|line| line.value.parse().ok())
            .unwrap_or(0),
        written_at: of("DTSTAMP").and_then(|line| line.moment()),
        answer,
        proposes: proposal(of("DTSTART"), of("DTEND"), of("DURATION"))
            .filter(|_| answer == MeetingAnswer::Countered),
    })
}

/// The lines of the first event, without what is nested in it.
fn event<'l, 'a>(lines: &'l [Line<'a>]) -> Option<Vec<&'l Line<'a>>> {
    let begins = |line: &Line<'_>| line.is("BEGIN") && line.value.eq_ignore_ascii_case("VEVENT");
    let start = lines.iter().position(begins)?;
    let mut depth = 1_u32;
    let mut event = Vec::new();
    for line in lines.iter().skip(start + 1) {
        if line.is("BEGIN") {
            depth += 1;
        } else if line.is("END") {
            depth -= 1;
            if depth == 0 {
                break;
            }
        } else if depth == 1 {
            event.push(line);
        }
    }
    Some(event)
}

/// The address of `mailto:dana@example.org`.
fn address(value: &str) -> Option<Email> {
    let (scheme, address) = value.split_once(':')?;
    scheme
        .eq_ignore_ascii_case("mailto")
        .then(|| address.trim().parse().ok())
        .flatten()
}

fn part_stat(code: &str) -> Option<MeetingAnswer> {
    match code.to_ascii_uppercase().as_str() {
        "ACCEPTED" => Some(MeetingAnswer::Accepted),
        "TENTATIVE" => Some(MeetingAnswer::Tentative),
        "DECLINED" => Some(MeetingAnswer::Declined),
        // No answer yet, or somebody else's.
        _ => None,
    }
}

fn proposal(
    starts: Option<&&Line<'_>>,
    ends: Option<&&Line<'_>>,
    lasts: Option<&&Line<'_>>,
) -> Option<Proposal> {
    let starts_at = starts?.moment()?;
    let length = ends
        .and_then(|line| line.moment())
        .map(|end| end - starts_at)
        .or_else(|| lasts.and_then(|line| duration(line.value)));
    let minutes = length
        .map(|length| length.num_minutes())
        .filter(|minutes| (1..=LONGEST).contains(minutes));
    Some(Proposal {
        starts_at,
        minutes: minutes.and_then(|minutes| u32::try_from(minutes).ok()),
    })
}

/// `PT1H30M` and the like (RFC 5545 §3.3.6); days and weeks are none of a
/// meeting's.
fn duration(text: &str) -> Option<TimeDelta> {
    let mut rest = text.strip_prefix("PT")?;
    let mut minutes = 0_i64;
    while let Some(place) = rest.find(|c: char| !c.is_ascii_digit()) {
        let number = rest
            .get(..place)?
            .parse::<i64>()
            .ok()
            .filter(|it| *it <= LONGEST)?;
        match rest.get(place..=place)? {
            "H" => minutes += number * 60,
            "M" => minutes += number,
            "S" => {}
            _ => return None,
        }
        rest = rest.get(place + 1..)?;
    }
    rest.is_empty().then(|| TimeDelta::minutes(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALENDAR: &str = "BEGIN:VCALENDAR
METHOD:COUNTER
VERSION:2.0
BEGIN:VEVENT
DTSTART;TZID=Israel Standard Time:20261203T100000
DURATION:PT45M
DTSTAMP:20261201T101112Z
ORGANIZER;CN=Water bridge:mailto:intro@corridor.example
UID:introduction-1@corridor.example
ATTENDEE;PARTSTAT=ACCEPTED;CN=\"Levi,
  Dana: CEO\":mailto:Dana@tamar.example
SEQUENCE:1
END:VEVENT
END:VCALENDAR
";

    fn from() -> Email {
        "dana@tamar.example".parse().unwrap()
    }

    #[test]
    fn another_time_is_understood_in_whatever_zone_it_is_named() {
        let proposed = |calendar: &str| of_calendar(calendar, &from()).unwrap().proposes;
        let eight = Some(Proposal {
            starts_at: "2026-12-03T08:00:00Z".parse().unwrap(),
            minutes: Some(45),
        });
        for zone in [
            "Israel Standard Time",
            "Asia/Jerusalem",
            "/freeassociation.sourceforge.net/Asia/Jerusalem",
        ] {
            let calendar = CALENDAR.replace("Israel Standard Time", zone);
            assert_eq!(proposed(&calendar), eight, "{zone}");
        }
        assert_eq!(proposed(&CALENDAR.replace('\n', "\r\n")), eight);
        let unknown = CALENDAR.replace("Israel Standard Time", "Customized Time Zone");
        assert_eq!(proposed(&unknown), None);
        for broken in ["", "PT", "P1D", "PT5", "PT99999999999999999999H", "PT1X"] {
            let length = duration(broken).filter(|length| !length.is_zero());
            assert_eq!(length, None, "{broken}");
        }
        assert_eq!(duration("PT1H30M0S"), Some(TimeDelta::minutes(90)));
    }

    #[test]
    fn whatever_comes_is_read_without_a_fault() {
        for end in 0..CALENDAR.len() {
            if let Some(cut) = CALENDAR.get(..end) {
                of_calendar(cut, &from());
                of_calendar(&cut.replace('\n', "\r\n ;\":"), &from());
            }
        }
    }
}
