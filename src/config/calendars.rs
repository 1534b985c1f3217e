//! Reads working weeks and holidays from TOML (`config/calendars.toml`,
//! described at its head).

use std::collections::BTreeMap;

use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::calendar::{Calendars, WorkingCalendar};
use crate::domain::country::Country;

/// The shipped calendars, compiled in.
pub const DEFAULT: &str = include_str!("../../config/calendars.toml");

/// What the file holds.
#[derive(Debug, Clone)]
pub struct CalendarFile {
    /// Who works when.
    pub calendars: Calendars,
    /// The time zone of each country that has a calendar of its own.
    pub zones: BTreeMap<Country, Tz>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    calendars: Vec<CalendarOfFile>,
    default: WeekOfFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarOfFile {
    country: String,
    zone: String,
    weekend: Vec<String>,
    holidays: Vec<Holiday>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeekOfFile {
    weekend: Vec<String>,
    holidays: Vec<Holiday>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    date: String,
    #[serde(rename = "name")]
    _name: IgnoredAny,
}

/// The calendars of a file.
///
/// # Errors
/// What is unknown, missing or stands twice, with the country it is about.
pub fn parse(text: &str) -> Result<CalendarFile, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut by_country = BTreeMap::new();
    let mut zones = BTreeMap::new();
    for entry in file.calendars {
        let code = entry.country;
        let country: Country = code.parse().map_err(|error| format!("{code}: {error}"))?;
        let zone: Tz = entry
            .zone
            .parse()
            .map_err(|_| format!("{code}: {:?} is no IANA time zone", entry.zone))?;
        let calendar = week(&code, &entry.weekend, &entry.holidays)?;
        if by_country.insert(country, calendar).is_some() {
            return Err(format!("{code}: stands twice"));
        }
        zones.insert(country, zone);
    }
    let fallback = week("default", &file.default.weekend, &file.default.holidays)?;
    Ok(CalendarFile {
        calendars: Calendars::new(by_country, fallback),
        zones,
    })
}

fn week(name: &str, weekend: &[String], holidays: &[Holiday]) -> Result<WorkingCalendar, String> {
    let mut calendar = WorkingCalendar::default();
    for day in weekend {
        let day: Weekday = day
            .parse()
            .map_err(|_| format!("{name}: {day:?} is no day of the week"))?;
        calendar.weekend.push(day);
    }
    for holiday in holidays {
        let date: NaiveDate = holiday
            .date
            .parse()
            .map_err(|error| format!("{name}: {:?}: {error}", holiday.date))?;
        if !calendar.holidays.insert(date) {
            return Err(format!("{name}: {date} stands twice"));
        }
    }
    Ok(calendar)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        code.parse().expect("a country")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn israel_rests_on_fridays_and_azerbaijan_at_novruz() {
        let CalendarFile { calendars, zones } = parse(DEFAULT).expect("the shipped file is sound");
        let works = |code, on| calendars.of(Some(country(code))).is_working_day(day(on));
        // A Friday, a Sunday, Yom Kippur, Novruz.
        assert!(!works("IL", "2026-11-27") && works("AZ", "2026-11-27"));
        assert!(works("IL", "2026-11-29") && !works("AZ", "2026-11-29"));
        assert!(!works("IL", "2026-09-21") && works("AZ", "2026-09-21"));
        assert!(works("IL", "2026-03-24") && !works("AZ", "2026-03-24"));
        assert!(!works("FR", "2026-11-28") && works("FR", "2026-11-27"));
        assert_eq!(zones.get(&country("IL")), Some(&Tz::Asia__Jerusalem));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, named) in [
            ("\"fri\"", "\"doomsday\"", "doomsday"),
            ("Asia/Jerusalem", "Asia/Atlantis", "Atlantis"),
            ("2026-09-21", "2026-09-13", "2026-09-13 stands twice"),
            ("country = \"AZ\"", "country = \"IL\"", "IL: stands twice"),
            ("weekend =", "weekday =", "weekday"),
        ] {
            let text = DEFAULT.replacen(from, to, 1);
            assert_ne!(text, DEFAULT, "{from}");
            let error = parse(&text).expect_err(from);
            assert!(error.contains(named), "{error}");
        }
    }
}
