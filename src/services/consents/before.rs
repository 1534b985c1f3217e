//! Firms that go on as before until a day: their people are told at the start,
//! and again when it nears its end, unless one of them has agreed meanwhile.

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::consents_before::{self, GoesOn};
use crate::db::{self, Conn};
use crate::domain::consent::Standing;
use crate::domain::message::News;
use crate::services::{Context, Error, due, notices};

/// Days before the end from which they are told a second time.
const SOON_DAYS: i64 = 30;
/// Days before the end from which they are told for the last time.
const LAST_DAYS: i64 = 7;

/// How often the people of a firm are to have been told by now.
fn times(until: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    if until <= now + TimeDelta::days(LAST_DAYS) {
        3
    } else if until <= now + TimeDelta::days(SOON_DAYS) {
        2
    } else {
        1
    }
}

/// Tells the people of firms that go on as before that it ends; answers about
/// how many firms it was looked at.
///
/// # Errors
/// The store fails.
pub async fn tell_due(context: &Context) -> Result<usize, Error> {
    let (context_in, now) = (context.clone(), context.now());
    let by = (
        now + TimeDelta::days(SOON_DAYS),
        now + TimeDelta::days(LAST_DAYS),
    );
    due::each(
        context,
        "consent.before",
        |one: &GoesOn| one.of.uuid(),
        move |conn, limit| consents_before::to_tell(conn, now, by, limit),
        move |conn, one: &GoesOn| tell(&context_in, conn, one),
    )
    .await
}

fn tell(context: &Context, conn: &mut Conn, one: &GoesOn) -> Result<(), Error> {
    let times = times(one.until, context.now());
    if !consents_before::note_told(conn, one, times)? {
        return Err(Error::StaleVersion);
    }
    if is_open(context, conn, one)? {
        let matter = format!("consent_before:{}:{times}", one.firm);
        notices::tell_of_consent(context, conn, one.firm, &matter, News::ConsentNeeded)?;
    }
    Ok(())
}

/// Whether nobody of it has agreed meanwhile, and something of it is shown.
pub(in crate::services) fn is_open(
    context: &Context,
    conn: &mut Conn,
    one: &GoesOn,
) -> Result<bool, Error> {
    let standing = db::consents::standing(conn, one.firm, context.now())?;
    let shown = db::consents::shown_among(conn, &[one.firm])?;
    Ok(standing == Standing::Before && !shown.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_told_at_the_start_and_when_it_nears_its_end() {
        let until = DateTime::UNIX_EPOCH + TimeDelta::days(180);
        let told = |days: i64| times(until, until - TimeDelta::days(days));
        let all = [180, 31, 30, 8, 7, 1].map(told);
        assert_eq!(all, [1, 1, 2, 2, 3, 3]);
    }
}
