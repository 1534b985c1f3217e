//! How much one firm may ask for.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::db::{self, Conn};
use crate::domain::introduction::Introduction;
use crate::services::{Context, Error};

/// The days within which requests are counted.
const WEEK: TimeDelta = TimeDelta::days(7);

/// Refuses a request of a side that has asked for enough, and says when it can
/// ask again. Curators ask as much as they see fit.
pub(super) fn check(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
    let (side, firm) = match (introduction.requester.side(), introduction.partner) {
        (Some(side), _) => (Some(side), introduction.organization(side)),
        (None, Some(partner)) => (None, partner),
        (None, None) => return Ok(()),
    };
    // Two requests at once would each count without the other.
    db::organizations::lock(conn, firm)?;
    let settings = &context.settings;
    let since = context.now() - WEEK;
    let (open, asked) = match side {
        Some(side) => (
            db::introductions::unanswered(conn, side, firm)?,
            db::introductions::asked_since(conn, side, firm, since)?,
        ),
        None => (
            db::introductions::unanswered_of_partner(conn, firm)?,
            db::introductions::asked_by_partner_since(conn, firm, since)?,
        ),
    };
    if open >= settings.open_requests {
        return Err(Error::refused(
            "too_many_requests_open",
            format!(
                "Your organization has asked for {} introductions that nobody has answered yet; another can be asked for when one of them is answered, runs out or is withdrawn.",
                settings.open_requests
            ),
        ));
    }
    let place = usize::try_from(settings.weekly_requests.saturating_sub(1));
    match place.ok().and_then(|place| asked.get(place)) {
        Some(oldest) => Err(Error::refused(
            "too_many_requests_this_week",
            format!(
                "Your organization has asked for {} introductions within seven days; it can ask again from {} on.",
                settings.weekly_requests,
                written(*oldest + WEEK)
            ),
        )),
        None => Ok(()),
    }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
