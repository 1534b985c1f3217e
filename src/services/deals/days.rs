//! From which day on something of a deal can have happened. A meeting before the
//! introduction, or money before the programme, would be counted as what came of
//! it, in less than no time.

use chrono::NaiveDate;

use crate::db::{self, Conn};
use crate::domain::calendar::earliest_day;
use crate::domain::fault::Faults;
use crate::domain::introduction::Introduction;
use crate::domain::pipeline::{Deal, Origin};
use crate::services::{Error, programmes};

/// The first day on which something of an introduction can have happened.
pub(in crate::services) fn of_introduction(introduction: &Introduction) -> NaiveDate {
    earliest_day(introduction.created_at)
}

/// The first day on which something of a deal can have happened: that of its
/// introduction; of one between two that knew each other, when it was opened or
/// its programme began, whichever was earlier.
pub(in crate::services) fn of_deal(conn: &mut Conn, deal: &Deal) -> Result<NaiveDate, Error> {
    if let Origin::Introduction { introduction, .. } = &deal.origin {
        let introduction = db::introductions::find(conn, *introduction)?;
        return Ok(of_introduction(&introduction.ok_or(Error::NotFound)?));
    }
    let programme = programmes::load(conn, deal.programme)?;
    let opened = earliest_day(deal.created_at);
    Ok(programme.details.starts_on.min(opened))
}

/// Notes a day that has not come: what is counted by it is counted once it was.
pub(in crate::services) fn check_come(
    faults: &mut Faults,
    pointer: &str,
    day: NaiveDate,
    latest: NaiveDate,
) {
    if day > latest {
        let detail = "It is recorded once the day has come.";
        faults.push(pointer.to_owned(), "in_the_future", detail);
    }
}

/// Notes a day that lies before that. What is on record already may be said
/// again, so that two can agree on it.
pub(in crate::services) fn check(
    faults: &mut Faults,
    pointer: &str,
    (day, on_record): (NaiveDate, &[Option<NaiveDate>]),
    earliest: NaiveDate,
) {
    if day < earliest && !on_record.contains(&Some(day)) {
        let detail = format!("{earliest} is the first day on which it can have been.");
        faults.push(pointer.to_owned(), "too_early", detail);
    }
}
