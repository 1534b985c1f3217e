//! The monthly status of a published profile, to each of those who answer for
//! it, on the first working morning of the month after.

use std::collections::BTreeMap;

use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::event::SubjectKind;
use crate::domain::message::Notice;
use crate::domain::values::OrganizationKind;
use crate::services::{Context, Error};

use super::{Letter, Span};

/// Who answers for a profile.
const READERS: [Role; 2] = [Role::Owner, Role::Editor];

/// The statuses whose morning has come.
pub(super) fn due(context: &Context, conn: &mut Conn, span: Span) -> Result<Vec<Letter>, Error> {
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
