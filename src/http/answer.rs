//! The answer to a question as it comes, over the API or from a page's form,
//! read into what the domain means by it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::domain::calendar::end_of_day;
use crate::domain::fault::Faults;
use crate::domain::introduction::{Answer, Delegate, Reply};
use crate::domain::meeting::{Enclosed, Slot};
use crate::domain::text::{Email, bounded};
use crate::domain::values::PassReason;

/// Most characters of a note.
pub const NOTE_MAX: usize = 1_000;

/// Most days for which something can be put off.
pub const PUT_OFF_DAYS: i64 = 365;

/// The parts of an answer; an empty text stands for none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts<'a> {
    /// `accept`, `decline`, `not_now`, `need_more_time`, `delegate` or
    /// `report_abuse`.
    pub answer: &'a str,
    /// Why not.
    pub reason: &'a str,
    /// Whether the requester may read why not.
    pub share_reason: bool,
    /// The day from which it may be asked again.
    pub until: &'a str,
    /// Words for the operator's people.
    pub note: &'a str,
    /// The id of the colleague who is to answer instead.
    pub delegate_person: &'a str,
    /// Or the address of who is.
    pub delegate_email: &'a str,
    /// Whether a curator may get the mail that connects, too.
    pub curator_copy: bool,
    /// When they could meet, read already.
    pub slots: &'a [Slot],
}

/// Reads an answer given at `now` by somebody in `zone`.
///
/// # Errors
/// Every fault, at the name of its part.
pub fn read(parts: Parts<'_>, zone: Tz, now: DateTime<Utc>) -> Result<(Reply, Enclosed), Faults> {
    let mut faults = Faults::new();
    let note = read_note(&mut faults, parts.note);
    let answer = match parts.answer {
        "accept" => Some(Answer::Accept),
        "need_more_time" => Some(Answer::MoreTime),
        "decline" => read_reason(&mut faults, parts.reason).map(|reason| Answer::Decline {
            reason,
            share: parts.share_reason,
        }),
        "not_now" => faults
            .nest("/until", day_ahead(parts.until, zone, now))
            .map(|until| Answer::NotNow { until }),
        "delegate" => Some(Answer::PassOn),
        "report_abuse" => Some(Answer::ReportAbuse),
        _ => {
            faults.push("/answer", "unknown_answer", "Choose one of the answers.");
            None
        }
    };
    let needs_note = matches!(
        answer,
        Some(
            Answer::ReportAbuse
                | Answer::Decline {
                    reason: PassReason::Other,
                    ..
                }
        )
    );
    if needs_note && parts.note.trim().is_empty() {
        let detail = "“other” and a report of abuse need a note in words.";
        faults.push("/note", "required", detail);
    }
    let reply = match answer {
        Some(Answer::PassOn) => read_delegate(&mut faults, parts).map(Reply::PassOn),
        other => other.map(Reply::Answer),
    };
    match reply {
        Some(reply) if faults.is_empty() => {
            let enclosed = Enclosed {
                note,
                curator_copy: parts.curator_copy,
                slots: parts.slots.to_vec(),
            };
            Ok((reply, enclosed))
        }
        _ => Err(faults),
    }
}

fn read_delegate(faults: &mut Faults, parts: Parts<'_>) -> Option<Delegate> {
    match (parts.delegate_person.trim(), parts.delegate_email.trim()) {
        ("", "") => {
            let detail = "Say who is to answer instead.";
            faults.push("/delegate_email", "required", detail);
            None
        }
        ("", email) => {
            let email = email.parse::<Email>();
            let email = faults.take("/delegate_email", "invalid_email", email)?;
            Some(Delegate::Address(email))
        }
        (person, "") => {
            let id = faults.take("/delegate_person", "invalid_id", person.parse())?;
            Some(Delegate::Member(id))
        }
        _ => {
            let detail = "Name a colleague or an address, not both.";
            faults.push("/delegate_email", "not_both", detail);
            None
        }
    }
}

fn read_note(faults: &mut Faults, text: &str) -> Option<String> {
    // Forms send line breaks as CR LF (HTML, "constructing the entry list").
    let text = text.replace("\r\n", "\n");
    if text.trim().is_empty() {
        return None;
    }
    faults.take("/note", "invalid_text", bounded(&text, NOTE_MAX, true))
}

fn read_reason(faults: &mut Faults, code: &str) -> Option<PassReason> {
    match PassReason::from_code(code) {
        // "Not now" is an answer of its own, with a date.
        Some(reason) if reason != PassReason::NotNow => Some(reason),
        _ if code.is_empty() => {
            faults.push("/reason", "required", "A no needs a reason.");
            None
        }
        _ => {
            let known = PassReason::ALL
                .iter()
                .filter(|it| **it != PassReason::NotNow);
            let known: Vec<&str> = known.map(|reason| reason.code()).collect();
            let detail = format!("Must be one of {}.", known.join(", "));
            faults.push("/reason", "unknown_code", detail);
            None
        }
    }
}

/// The beginning of a day that comes after today in `zone`, and within
/// [`PUT_OFF_DAYS`].
///
/// # Errors
/// What is wrong with it, at the whole.
pub fn day_ahead(text: &str, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, Faults> {
    day_within(text, PUT_OFF_DAYS, zone, now)
}

/// [`day_ahead`] within that many days.
///
/// # Errors
/// What is wrong with it, at the whole.
pub fn day_within(
    text: &str,
    days: i64,
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Faults> {
    let fault = |code, detail: &str| {
        let mut faults = Faults::new();
        faults.push("", code, detail);
        faults
    };
    if text.is_empty() {
        return Err(fault("required", "“Not now” needs a date."));
    }
    let day: NaiveDate = text
        .parse()
        .map_err(|_| fault("not_a_date", "A date looks like 2026-11-30."))?;
    let (earliest, _) = days_ahead(zone, now);
    let latest = earliest + TimeDelta::days(days - 1);
    if day < earliest || day > latest {
        let detail = format!("The date must be from {earliest} to {latest}.");
        return Err(fault("out_of_range", &detail));
    }
    Ok(end_of_day(day - TimeDelta::days(1), zone))
}

/// The first and the last day to which something can be put off.
pub fn days_ahead(zone: Tz, now: DateTime<Utc>) -> (NaiveDate, NaiveDate) {
    let today = now.with_timezone(&zone).date_naive();
    (
        today + TimeDelta::days(1),
        today + TimeDelta::days(PUT_OFF_DAYS),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-24T21:30:00Z".parse().unwrap()
    }

    fn codes(parts: Parts<'_>) -> Vec<(String, String)> {
        read(parts, chrono_tz::Asia::Jerusalem, now())
            .unwrap_err()
            .into_iter()
            .map(|fault| (fault.pointer, fault.code.into_owned()))
            .collect()
    }

    #[test]
    fn every_answer_needs_what_belongs_to_it() {
        let of = |answer| Parts {
            answer,
            ..Parts::default()
        };
        assert_eq!(codes(of("")), [("/answer".into(), "unknown_answer".into())]);
        assert_eq!(
            codes(of("decline")),
            [("/reason".into(), "required".into())]
        );
        assert_eq!(codes(of("not_now")), [("/until".into(), "required".into())]);
        let other = Parts {
            reason: "other",
            ..of("decline")
        };
        assert_eq!(codes(other), [("/note".into(), "required".into())]);
        let not_now = Parts {
            reason: "not_now",
            ..of("decline")
        };
        assert_eq!(codes(not_now), [("/reason".into(), "unknown_code".into())]);
    }

    #[test]
    fn whoever_passes_it_on_names_one_person() {
        let of = |delegate_person, delegate_email| Parts {
            answer: "delegate",
            delegate_person,
            delegate_email,
            ..Parts::default()
        };
        let fault = |pointer: &str, code: &str| [(pointer.to_owned(), code.to_owned())];
        let email = "/delegate_email";
        assert_eq!(codes(of("", "")), fault(email, "required"));
        assert_eq!(codes(of("", "nobody")), fault(email, "invalid_email"));
        assert_eq!(codes(of("7", "")), fault("/delegate_person", "invalid_id"));
        assert_eq!(codes(of("7", "a@b.example")), fault(email, "not_both"));
        let bare = Parts {
            answer: "report_abuse",
            ..Parts::default()
        };
        assert_eq!(codes(bare), fault("/note", "required"));
    }

    #[test]
    fn a_day_begins_where_the_reader_is() {
        // It is half past eleven at night in Jerusalem: tomorrow is near.
        let zone = chrono_tz::Asia::Jerusalem;
        let tomorrow = day_ahead("2026-11-25", zone, now()).unwrap();
        assert_eq!(tomorrow.to_rfc3339(), "2026-11-24T22:00:00+00:00");
        for bad in ["2026-11-24", "2027-11-25", "25.11.2026"] {
            assert!(day_ahead(bad, zone, now()).is_err(), "{bad}");
        }
    }

    #[test]
    fn parts_of_other_answers_are_left_alone() {
        let accept = Parts {
            answer: "accept",
            reason: "nonsense",
            until: "yesterday",
            note: "Two\r\nlines",
            ..Parts::default()
        };
        let read = read(accept, chrono_tz::UTC, now());
        let yes = Reply::Answer(Answer::Accept);
        let enclosed = Enclosed {
            note: Some("Two\nlines".to_owned()),
            ..Enclosed::default()
        };
        assert_eq!(read, Ok((yes, enclosed)));
    }
}
