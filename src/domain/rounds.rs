//! When regular mail goes out: in the morning of a working day, by the clock and
//! the calendar of whoever reads it.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use chrono_tz::Tz;

use super::calendar::{Calendars, at_hour};
use super::country::Country;

/// The hour at which it goes out, by the reader's own clock.
pub const HOUR: u32 = 9;

/// How many weeks back a week is looked for that had a digest: nobody rests
/// longer.
const MOST_WEEKS: u64 = 8;

/// Where somebody reads: the calendar of their firm's country, and their clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The country of their firm, if known.
    pub country: Option<Country>,
    /// Their zone.
    pub zone: Tz,
}

impl Place {
    /// The morning of a week's digest: of its Monday, or of the first working
    /// day after that. None when that lies in the next week, which has its own.
    pub fn morning_of_week(
        self,
        calendars: &Calendars,
        monday: NaiveDate,
    ) -> Option<DateTime<Utc>> {
        let day = calendars.working_day_from(self.country, monday);
        let next = monday.checked_add_days(Days::new(7))?;
        (day < next).then(|| at_hour(day, self.zone, HOUR))
    }

    /// The weeks, by their Mondays, whose morning came after `after` and not
    /// after `until`.
    pub fn weeks(
        self,
        calendars: &Calendars,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Vec<NaiveDate> {
        let local = |at: DateTime<Utc>| at.with_timezone(&self.zone).date_naive();
        let last = monday_of(local(until));
        let mut monday = monday_of(local(after));
        let mut weeks = Vec::new();
        while monday <= last {
            let morning = self.morning_of_week(calendars, monday);
            if morning.is_some_and(|at| at > after && at <= until) {
                weeks.push(monday);
            }
            let Some(next) = monday.checked_add_days(Days::new(7)) else {
                break;
            };
            monday = next;
        }
        weeks
    }

    /// What a week's digest is about: from the morning of the one before to its
    /// own, so that whatever was shown is told once.
    pub fn window_of_week(
        self,
        calendars: &Calendars,
        monday: NaiveDate,
    ) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let until = self.morning_of_week(calendars, monday)?;
        let since = (1..=MOST_WEEKS).find_map(|weeks| {
            let before = monday.checked_sub_days(Days::new(7 * weeks))?;
            self.morning_of_week(calendars, before)
        })?;
        Some((since, until))
    }

    /// Whether a later week's digest is due by then.
    pub fn has_newer_week(
        self,
        calendars: &Calendars,
        monday: NaiveDate,
        by: DateTime<Utc>,
    ) -> bool {
        (1..=MOST_WEEKS)
            .filter_map(|weeks| monday.checked_add_days(Days::new(7 * weeks)))
            .filter_map(|later| self.morning_of_week(calendars, later))
            .any(|morning| morning <= by)
    }

    /// The months, by their first days, whose first working morning came after
    /// `after` and not after `until`.
    pub fn months(
        self,
        calendars: &Calendars,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Vec<NaiveDate> {
        let local = |at: DateTime<Utc>| at.with_timezone(&self.zone).date_naive();
        let (mut day, last) = (local(after).with_day(1), local(until));
        let mut months = Vec::new();
        while let Some(first) = day.filter(|first| *first <= last) {
            let at = at_hour(
                calendars.working_day_from(self.country, first),
                self.zone,
                HOUR,
            );
            if at > after && at <= until {
                months.push(first);
            }
            day = first.checked_add_months(chrono::Months::new(1));
        }
        months
    }

    /// The working days whose morning came after `after` and not after `until`.
    pub fn days(
        self,
        calendars: &Calendars,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Vec<NaiveDate> {
        let local = |at: DateTime<Utc>| at.with_timezone(&self.zone).date_naive();
        local(after)
            .iter_days()
            .take_while(|day| *day <= local(until))
            .filter(|day| calendars.of(self.country).is_working_day(*day))
            .filter(|day| {
                let at = at_hour(*day, self.zone, HOUR);
                at > after && at <= until
            })
            .collect()
    }
}

/// The Monday of a day's week.
fn monday_of(day: NaiveDate) -> NaiveDate {
    let since = u64::from(day.weekday().num_days_from_monday());
    day.checked_sub_days(Days::new(since)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::calendars;

    fn shipped() -> Calendars {
        calendars::parse(calendars::DEFAULT).unwrap().calendars
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn baku() -> Place {
        Place {
            country: Some("AZ".parse().unwrap()),
            zone: chrono_tz::Asia::Baku,
        }
    }

    fn jerusalem() -> Place {
        Place {
            country: Some("IL".parse().unwrap()),
            zone: chrono_tz::Asia::Jerusalem,
        }
    }

    #[test]
    fn a_monday_at_nine_is_each_readers_own() {
        let (calendars, week) = (shipped(), day("2026-11-30"));
        let morning = |place: Place| place.morning_of_week(&calendars, week).unwrap();
        assert_eq!(morning(baku()), at("2026-11-30T05:00:00Z"));
        assert_eq!(morning(jerusalem()), at("2026-11-30T07:00:00Z"));
        // Summer time in Jerusalem.
        let july = jerusalem().morning_of_week(&calendars, day("2027-07-05"));
        assert_eq!(july, Some(at("2027-07-05T06:00:00Z")));
    }

    #[test]
    fn a_week_is_told_once_however_often_the_clock_is_looked_at() {
        let calendars = shipped();
        let weeks = |after, until| baku().weeks(&calendars, at(after), at(until));
        let week = vec![day("2026-11-30")];
        assert_eq!(weeks("2026-11-29T05:00:00Z", "2026-11-30T05:00:00Z"), week);
        assert!(weeks("2026-11-30T05:00:00Z", "2026-12-07T04:59:59Z").is_empty());
        assert!(weeks("2026-11-29T00:00:00Z", "2026-11-30T04:59:59Z").is_empty());
        let both = weeks("2026-11-29T05:00:00Z", "2026-12-07T05:00:00Z");
        assert_eq!(both, [day("2026-11-30"), day("2026-12-07")]);
    }

    #[test]
    fn rest_days_put_it_off_and_nothing_is_lost_between_two_windows() {
        let calendars = shipped();
        // Novruz: the days of rest begin on a weekend and go on.
        let mut end = None;
        for week in [
            "2027-03-08",
            "2027-03-15",
            "2027-03-22",
            "2027-03-29",
            "2027-04-05",
        ] {
            let Some((since, until)) = baku().window_of_week(&calendars, day(week)) else {
                continue;
            };
            let local = until.with_timezone(&chrono_tz::Asia::Baku).date_naive();
            let country = baku().country;
            assert!(calendars.of(country).is_working_day(local), "{local}");
            assert!(end.is_none_or(|end| end == since), "{week}");
            end = Some(until);
        }
        let novruz = baku()
            .morning_of_week(&calendars, day("2027-03-22"))
            .unwrap();
        assert!(novruz > at("2027-03-23T00:00:00Z"), "{novruz}");
        // In a week of rest the one before stays the newest.
        let newer = |by| baku().has_newer_week(&calendars, day("2027-03-15"), at(by));
        assert!(!newer("2027-03-15T06:00:00Z"));
        assert!(!newer("2027-03-22T06:00:00Z"));
        assert!(newer("2027-03-29T06:00:00Z"));
        // Rosh Hashana 5788 begins on a Saturday, 2 October 2027; Yom Kippur
        // is the Monday after next.
        let kippur = jerusalem().morning_of_week(&calendars, day("2027-10-11"));
        assert_eq!(kippur, Some(at("2027-10-12T06:00:00Z")));
    }

    #[test]
    fn months_begin_on_a_working_day_and_days_of_rest_have_no_morning() {
        let calendars = shipped();
        let months = jerusalem().months(
            &calendars,
            at("2026-12-30T00:00:00Z"),
            at("2027-02-10T00:00:00Z"),
        );
        assert_eq!(months, [day("2027-01-01"), day("2027-02-01")]);
        // The first of January is a Friday: its letter comes on Sunday.
        let early = |until| {
            let from = at("2026-12-30T00:00:00Z");
            jerusalem().months(&calendars, from, at(until)).len()
        };
        assert_eq!(early("2027-01-02T23:00:00Z"), 0);
        assert_eq!(early("2027-01-03T07:00:00Z"), 1);
        let days = jerusalem().days(
            &calendars,
            at("2026-11-26T00:00:00Z"),
            at("2026-11-30T07:00:00Z"),
        );
        let expected = ["2026-11-26", "2026-11-29", "2026-11-30"].map(day);
        assert_eq!(days, expected);
    }
}
