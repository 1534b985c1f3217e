//! Mail that can wait comes in its reader's working hours.

use chrono::{DateTime, Utc};

use super::content::Recipient;
use crate::db::{self, Conn};
use crate::domain::country::Country;
use crate::services::{Context, Error};

/// Zones whose people keep a calendar of their own, where it isn't known for
/// which firm they work.
const HOMES: [(chrono_tz::Tz, &str); 3] = [
    (chrono_tz::Asia::Jerusalem, "IL"),
    (chrono_tz::Asia::Tel_Aviv, "IL"),
    (chrono_tz::Asia::Baku, "AZ"),
];

/// Until when a mail waits for all its readers; none when it may go now.
pub(super) fn until(
    context: &Context,
    conn: &mut Conn,
    readers: &[Recipient],
) -> Result<Option<DateTime<Utc>>, Error> {
    let mut latest = None;
    for reader in readers {
        let country = country(conn, reader)?;
        let until = context
            .calendars
            .quiet_until(country, reader.zone, context.now());
        latest = latest.max(until);
    }
    Ok(latest)
}

/// Whose days off a reader has: those of the firm they belong to, or of where
/// their clock is.
fn country(conn: &mut Conn, reader: &Recipient) -> Result<Option<Country>, Error> {
    if let Some(user) = db::users::find_by_email(conn, &reader.email.key())? {
        for part in db::users::memberships(conn, user.id)? {
            let firm = db::organizations::find(conn, part.organization)?;
            if let Some(country) = firm.and_then(|firm| firm.details.country) {
                return Ok(Some(country));
            }
        }
    }
    let home = HOMES.iter().find(|(zone, _)| *zone == reader.zone);
    Ok(home.and_then(|(_, country)| country.parse().ok()))
}
