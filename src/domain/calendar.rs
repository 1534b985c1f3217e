//! Working days: whose week, whose holidays.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Timelike as _, Utc, Weekday};
use chrono_tz::Tz;

use super::country::Country;

/// Hours by which the easternmost clocks of the world are ahead of UTC.
const EASTERNMOST: i64 = 14;

/// The last day that has begun somewhere: whoever writes down what happened
/// today may be ahead of UTC.
pub fn latest_day(now: DateTime<Utc>) -> NaiveDate {
    (now + TimeDelta::hours(EASTERNMOST)).date_naive()
}

/// Hours by which the westernmost clocks of the world are behind UTC.
const WESTERNMOST: i64 = 12;

/// The first day that it was somewhere at an instant: what followed it is written
/// down by people who may be behind UTC.
pub fn earliest_day(at: DateTime<Utc>) -> NaiveDate {
    (at - TimeDelta::hours(WESTERNMOST)).date_naive()
}

/// The days on which people of a country don't work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkingCalendar {
    /// Days of the week.
    pub weekend: Vec<Weekday>,
    /// Days of the year.
    pub holidays: BTreeSet<NaiveDate>,
}

impl WorkingCalendar {
    /// Whether people work on that day.
    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        !self.weekend.contains(&day.weekday()) && !self.holidays.contains(&day)
    }

    /// The last day whose holidays are known; none where there are none at all,
    /// as where only the weekend counts.
    pub fn known_until(&self) -> Option<NaiveDate> {
        let last = self.holidays.last()?;
        NaiveDate::from_ymd_opt(last.year(), 12, 31)
    }

    /// Working days after `from` up to and with `to`; none where that is
    /// earlier. As far as 20 years.
    pub fn working_days(&self, from: NaiveDate, to: NaiveDate) -> u32 {
        let days = from
            .iter_days()
            .skip(1)
            .take(7_305)
            .take_while(|day| *day <= to);
        let working = days.filter(|day| self.is_working_day(*day)).count();
        u32::try_from(working).unwrap_or(u32::MAX)
    }

    /// The day that lies `count` working days after `from`; `from` itself
    /// doesn't count. A calendar without a single working day would never
    /// answer, so the search ends after 20 years.
    pub fn add_working_days(&self, from: NaiveDate, count: u32) -> NaiveDate {
        let mut left = count;
        let mut day = from;
        for _ in 0..7_305 {
            if left == 0 {
                break;
            }
            day = day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        day
    }
}

/// The calendars of all countries; one that has none of its own rests on
/// Saturday and Sunday.
#[derive(Debug, Clone, Default)]
pub struct Calendars {
    by_country: BTreeMap<Country, WorkingCalendar>,
    fallback: WorkingCalendar,
}

impl Calendars {
    /// Calendars by country, and the one for all others.
    pub fn new(by_country: BTreeMap<Country, WorkingCalendar>, fallback: WorkingCalendar) -> Self {
        Self {
            by_country,
            fallback,
        }
    }

    /// The countries with a calendar of their own, and until when it is known.
    pub fn known_until(&self) -> impl Iterator<Item = (Country, NaiveDate)> {
        self.by_country
            .iter()
            .filter_map(|(country, days)| Some((*country, days.known_until()?)))
    }

    /// The calendar of a country; one that isn't known has none of its own.
    pub fn of(&self, country: Option<Country>) -> &WorkingCalendar {
        country
            .and_then(|country| self.by_country.get(&country))
            .unwrap_or(&self.fallback)
    }

    /// The last second of the working day that lies `count` working days after
    /// `from`, as people in `zone` count them: a deadline that reads as the day
    /// it belongs to.
    pub fn deadline(
        &self,
        country: Option<Country>,
        zone: Tz,
        from: DateTime<Utc>,
        count: u32,
    ) -> DateTime<Utc> {
        let last = self
            .of(country)
            .add_working_days(from.with_timezone(&zone).date_naive(), count);
        end_of_day(last, zone) - TimeDelta::seconds(1)
    }

    /// The first working day from `day` on, `day` itself included.
    pub fn working_day_from(&self, country: Option<Country>, day: NaiveDate) -> NaiveDate {
        let calendar = self.of(country);
        if calendar.is_working_day(day) {
            day
        } else {
            calendar.add_working_days(day, 1)
        }
    }

    /// `hour` o'clock in `zone` on the working day that lies `count` working
    /// days after `from`. Where the clock skips that hour, the next one.
    pub fn working_hour(
        &self,
        country: Option<Country>,
        zone: Tz,
        from: DateTime<Utc>,
        count: u32,
        hour: u32,
    ) -> DateTime<Utc> {
        let day = self
            .of(country)
            .add_working_days(from.with_timezone(&zone).date_naive(), count);
        at_hour(day, zone, hour)
    }

    /// Until when mail that can wait is kept from somebody: nobody is disturbed
    /// on days off, before 8 in the morning or from 8 in the evening on, by
    /// their own clock; it comes at 9 of the next working day. None when it may
    /// come now.
    pub fn quiet_until(
        &self,
        country: Option<Country>,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let local = now.with_timezone(&zone);
        let calendar = self.of(country);
        let today = local.date_naive();
        let works = calendar.is_working_day(today);
        if works && (QUIET_UNTIL..QUIET_FROM).contains(&local.hour()) {
            return None;
        }
        let day = if works && local.hour() < QUIET_UNTIL {
            today
        } else {
            calendar.add_working_days(today, 1)
        };
        Some(at_hour(day, zone, MORNING))
    }
}

/// The hours between which mail that can wait does not come, and the one at
/// which it comes.
const QUIET_FROM: u32 = 20;
const QUIET_UNTIL: u32 = 8;
const MORNING: u32 = 9;

/// `hour` o'clock of `day` in `zone`. Where the clock skips that hour, the next
/// one.
pub fn at_hour(day: NaiveDate, zone: Tz, hour: u32) -> DateTime<Utc> {
    (hour..24)
        .filter_map(|hour| day.and_hms_opt(hour, 0, 0))
        .find_map(|local| local.and_local_timezone(zone).earliest())
        .map_or_else(|| end_of_day(day, zone), |at| at.with_timezone(&Utc))
}

/// The first instant after `day` in `zone`. Where the clock skips midnight the
/// day ends when it next strikes.
pub fn end_of_day(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let next = day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
    (0..24)
        .filter_map(|hour| next.and_hms_opt(hour, 0, 0))
        .find_map(|local| local.and_local_timezone(zone).earliest())
        .map_or(DateTime::<Utc>::MAX_UTC, |at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap_or_default()
    }

    #[test]
    fn a_friday_is_no_working_day_in_israel_and_a_sunday_none_in_azerbaijan() {
        let israel = WorkingCalendar {
            weekend: vec![Weekday::Fri, Weekday::Sat],
            holidays: [day(2026, 9, 13)].into(),
        };
        let azerbaijan = WorkingCalendar {
            weekend: vec![Weekday::Sat, Weekday::Sun],
            holidays: BTreeSet::new(),
        };
        // Thursday 10 September 2026; the 13th is a holiday in Israel.
        assert_eq!(
            israel.add_working_days(day(2026, 9, 10), 1),
            day(2026, 9, 14)
        );
        assert_eq!(
            azerbaijan.add_working_days(day(2026, 9, 10), 1),
            day(2026, 9, 11)
        );
        assert_eq!(
            azerbaijan.add_working_days(day(2026, 9, 11), 1),
            day(2026, 9, 14)
        );
        assert_eq!(
            israel.add_working_days(day(2026, 9, 10), 0),
            day(2026, 9, 10)
        );
    }

    #[test]
    fn a_day_ends_by_the_readers_clock() {
        // Daylight saving ends in Jerusalem on 25 October 2026.
        let before = end_of_day(day(2026, 10, 24), chrono_tz::Asia::Jerusalem);
        let after = end_of_day(day(2026, 10, 25), chrono_tz::Asia::Jerusalem);
        assert_eq!((after - before).num_hours(), 25);
    }
}
