//! The monthly status of a published profile, to each of those who answer for
//! it, on the first working morning of the month after.

use std::collections::BTreeMap;

use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::event::SubjectKind;
use crate::domain::message::Notice;
use crate::domain::values::OrganizationKind;
use crate::services::{Context, Error};

use super::{Letter, Span, note_done, queue, span};

const NAME: &str = "statuses";
/// Who answers for a profile.
const READERS: [Role; 2] = [Role::Owner, Role::Editor];

/// Queues the statuses whose morning has come.
pub(super) async fn queue_due(context: &Context) -> Result<(), Error> {
    let Some(span) = span(context, NAME).await? else {
        return Ok(());
    };
    let context_in = context.clone();
    let letters = context
        .db
        .read(move |conn| find_due(&context_in, conn, span))
        .await?;
    queue(context, letters).await?;
    note_done(context, NAME, span).await
}

fn find_due(context: &Context, conn: &mut Conn, span: Span) -> Result<Vec<Letter>, Error> {
    let kind = OrganizationKind::Startup;
    let months = |place: &crate::domain::rounds::Place| {
        place.months(&context.calendars, span.after, span.until)
    };
    let places = db::rounds::places(conn, kind, &READERS)?;
    if places.iter().all(|place| months(place).is_empty()) {
        return Ok(Vec::new());
    }
    let mut profiles: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (profile, firm) in db::rounds::published_profiles(conn)? {
        profiles.entry(firm).or_default().push(profile);
    }
    let mut letters = Vec::new();
    for reader in db::rounds::readers(conn, kind, &READERS)? {
        for month in months(&reader.place) {
            for profile in profiles.get(&reader.organization).into_iter().flatten() {
                let user = reader.user;
                let notice = Notice::Status {
                    user,
                    profile: *profile,
                    month,
                };
                letters.push((
                    format!("status:{profile}:{user}:{month}"),
                    (SubjectKind::StartupProfile, profile.uuid()),
                    notice,
                ));
            }
        }
    }
    Ok(letters)
}
