//! What compliance let be shown of a profile stands for the next revision, too,
//! as far as what it was about is there as it was: it is asked again when an
//! input of its decision changes, and not for a team that grew.

use std::collections::BTreeSet;

use crate::db::Conn;
use crate::db::disclosures::{self, Release};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::profile::StartupProfile;
use crate::domain::{release, terms};
use crate::services::{Context, Error};

/// Has the releases of a profile's last revision that hold stand for the new
/// one, until the day on which they end anyway, in the open transaction.
pub(super) fn carry(
    context: &Context,
    conn: &mut Conn,
    before: &StartupProfile,
    after: &StartupProfile,
) -> Result<(), Error> {
    let (old, new) = (&before.content, &after.content);
    let today = context.now().date_naive();
    let held = disclosures::releases_of_revision(conn, (before.id, before.revision), today)?;
    if held.is_empty() || terms::names_more(old, new, &context.taxonomy()) {
        return Ok(());
    }
    let mut matters = BTreeSet::new();
    for held in held {
        if release::goes_on(&held.about.matter, old, new) {
            matters.insert(held.about.matter.to_string());
            let carried = Release {
                revision: after.revision,
                ..held
            };
            disclosures::insert_release(conn, &carried)?;
        }
    }
    if matters.is_empty() {
        return Ok(());
    }
    context.pen(Actor::System).append(
        conn,
        "startup_profile.releases_carried",
        (SubjectKind::StartupProfile, after.id),
        vec![
            ("revision", Value::Int(after.revision)),
            ("matters", Value::Codes(matters.into_iter().collect())),
        ],
    )
}
