//! The times at which a side could meet the other, as they come over the API
//! or from a page's form.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::fault::Faults;
use crate::domain::meeting::{MINUTES, MOST_SLOTS, SLOT_DAYS, Slot};

/// A time that is offered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSlot {
    /// When it begins: in the future, and within 180 days.
    #[schema(
        format = "date-time",
        max_length = 35,
        example = "2026-12-08T10:00:00+02:00"
    )]
    starts_at: String,
    /// For how long.
    #[schema(minimum = 15, maximum = 240, example = 30)]
    minutes: u32,
}

/// Reads times from the API, given by the clock of `zone`, or the caller's own.
pub fn read(
    faults: &mut Faults,
    slots: &[NewSlot],
    zone: Option<&str>,
    own: Tz,
    now: DateTime<Utc>,
) -> Vec<Slot> {
    if slots.len() > MOST_SLOTS {
        let detail = format!("At most {MOST_SLOTS} times can be offered.");
        faults.push("/slots", "too_many", detail);
        return vec![];
    }
    let zone = match zone.map(str::parse::<Tz>) {
        None => own,
        Some(Ok(zone)) => zone,
        Some(Err(_)) => {
            let detail = "A zone is one of the IANA's, such as Asia/Baku.";
            faults.push("/zone", "unknown_zone", detail);
            own
        }
    };
    let mut read: Vec<Slot> = Vec::new();
    for (place, slot) in slots.iter().enumerate() {
        let pointer = format!("/slots/{place}");
        let starts_at = DateTime::parse_from_rfc3339(&slot.starts_at);
        let Ok(starts_at) = starts_at.map(|at| at.with_timezone(&Utc)) else {
            let detail = "A time looks like 2026-12-08T10:00:00+02:00.";
            faults.push(format!("{pointer}/starts_at"), "not_a_time", detail);
            continue;
        };
        let starts_at = truncated(starts_at);
        check(
            faults,
            &format!("{pointer}/starts_at"),
            starts_at,
            &read,
            now,
        );
        if !MINUTES.contains(&slot.minutes) {
            let detail = format!(
                "A meeting has from {} to {} minutes.",
                MINUTES.start(),
                MINUTES.end()
            );
            faults.push(format!("{pointer}/minutes"), "out_of_range", detail);
        }
        read.push(Slot {
            starts_at,
            minutes: slot.minutes,
            zone,
        });
    }
    read
}

/// Reads the times of a form, by its reader's clock; empty fields are none.
/// Where a clock is set back, the first of both is meant.
pub fn read_form(
    faults: &mut Faults,
    fields: &[(&'static str, &str)],
    minutes: &str,
    zone: Tz,
    now: DateTime<Utc>,
) -> Vec<Slot> {
    let mut read: Vec<Slot> = Vec::new();
    let given = fields.iter().filter(|(_, text)| !text.trim().is_empty());
    for (name, text) in given {
        let pointer = format!("/{name}");
        let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text.trim(), form).ok());
        let starts_at = local.and_then(|local| local.and_local_timezone(zone).earliest());
        let minutes = minutes
            .parse()
            .ok()
            .filter(|minutes| MINUTES.contains(minutes));
        let (Some(starts_at), Some(minutes)) = (starts_at, minutes) else {
            faults.push(pointer, "not_a_time", "This is no time by your clock.");
            continue;
        };
        let starts_at = starts_at.with_timezone(&Utc);
        check(faults, &pointer, starts_at, &read, now);
        read.push(Slot {
            starts_at,
            minutes,
            zone,
        });
    }
    read
}

fn check(
    faults: &mut Faults,
    pointer: &str,
    starts_at: DateTime<Utc>,
    before: &[Slot],
    now: DateTime<Utc>,
) {
    if starts_at <= now || starts_at > now + TimeDelta::days(SLOT_DAYS) {
        let detail = format!("A time to meet is in the future and within {SLOT_DAYS} days.");
        faults.push(pointer.to_owned(), "out_of_range", detail);
    }
    if before.iter().any(|slot| slot.starts_at == starts_at) {
        faults.push(
            pointer.to_owned(),
            "twice",
            "This time stands there already.",
        );
    }
}

/// To the minute, as calendars show it.
fn truncated(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp().div_euclid(60) * 60, 0).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn every_fault_of_every_time_is_named() {
        let slot = |starts_at: &str, minutes| NewSlot {
            starts_at: starts_at.to_owned(),
            minutes,
        };
        let slots = [
            slot("2026-12-08T10:00:30+02:00", 30),
            slot("2026-12-08T08:00:00Z", 5),
            slot("tomorrow", 30),
            slot("2026-11-24T09:00:00Z", 30),
            slot("2028-01-01T00:00:00Z", 500),
        ];
        let mut faults = Faults::new();
        let read_ones = read(
            &mut faults,
            &slots,
            Some("Mars/Base"),
            chrono_tz::UTC,
            now(),
        );
        assert_eq!(
            read_ones[0].starts_at.to_rfc3339(),
            "2026-12-08T08:00:00+00:00"
        );
        let named: Vec<_> = faults
            .into_vec()
            .into_iter()
            .map(|fault| (fault.pointer, fault.code.into_owned()))
            .collect();
        let expected = [
            ("/zone", "unknown_zone"),
            ("/slots/1/starts_at", "twice"),
            ("/slots/1/minutes", "out_of_range"),
            ("/slots/2/starts_at", "not_a_time"),
            ("/slots/3/starts_at", "out_of_range"),
            ("/slots/4/starts_at", "out_of_range"),
            ("/slots/4/minutes", "out_of_range"),
        ];
        let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned()));
        assert_eq!(named, expected);
    }

    #[test]
    fn a_form_speaks_of_its_readers_clock() {
        let zone = chrono_tz::Asia::Jerusalem;
        let mut faults = Faults::new();
        // The clock is put forward at two in the morning of 26 March 2027.
        let fields = [
            ("slot_1", "2026-12-08T10:00"),
            ("slot_2", ""),
            ("slot_3", "2027-03-26T02:30"),
        ];
        let slots = read_form(&mut faults, &fields, "45", zone, now());
        assert_eq!(slots.len(), 1);
        assert_eq!(slots[0].starts_at.to_rfc3339(), "2026-12-08T08:00:00+00:00");
        assert_eq!(slots[0].minutes, 45);
        let named: Vec<_> = faults
            .into_vec()
            .into_iter()
            .map(|fault| fault.pointer)
            .collect();
        assert_eq!(named, ["/slot_3"]);
    }
}
