//! Profiles that are taken from everybody's sight, and those that are put away
//! long after they ended.

use chrono::TimeDelta;

use super::{Around, event_kind, moved, store_state};
use crate::db::introductions::About;
use crate::db::{Conn, merges, startup_profiles};
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::ids::OrganizationId;
use crate::domain::permission::Hat;
use crate::domain::profile::{ARCHIVE_DAYS, ProfileAction, ProfileStatus, StartupProfile, step};
use crate::services::suspensions::Course;
use crate::services::transitions::{afresh, code};
use crate::services::{Context, Error, due, introductions};

/// Suspends what a startup shows, since its check came out against it; answers
/// how many profiles.
pub(in crate::services) fn suspend_of(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
) -> Result<usize, Error> {
    let mut suspended = 0;
    for (id, ..) in merges::profiles_of(conn, firm)? {
        let suspend = |conn: &mut Conn| {
            let before = super::load(conn, id)?;
            take(context, conn, &before, ProfileAction::Suspend)
        };
        suspended += usize::from(afresh(conn, suspend)?);
    }
    Ok(suspended)
}

/// Puts profiles away that ended long ago and of which no deal goes on; answers
/// how many.
pub async fn archive_due(context: &Context) -> Result<usize, Error> {
    let context_in = context.clone();
    let since = context.now() - TimeDelta::days(ARCHIVE_DAYS);
    due::each(
        context,
        "startup_profile.archive",
        |profile: &StartupProfile| profile.id.uuid(),
        move |conn, limit| startup_profiles::due_for_archiving(conn, since, limit),
        move |conn, before: &StartupProfile| {
            take(&context_in, conn, before, ProfileAction::Archive).map(drop)
        },
    )
    .await
}

/// What the service does by itself; false where the machine has no such step
/// from there.
fn take(
    context: &Context,
    conn: &mut Conn,
    before: &StartupProfile,
    action: ProfileAction,
) -> Result<bool, Error> {
    let around = Around::load(context, conn, before, &[action], None)?;
    let status = match step(before, action, Hat::System, &around.facts()) {
        Ok(status) => status,
        Err(refusal) if refusal.is_about_state() => return Ok(false),
        Err(refusal) => return Err(refusal.into()),
    };
    store_state(conn, &moved(before, status, action, context.now()))?;
    let subject = (SubjectKind::StartupProfile, before.id);
    let course = course(before, status);
    let payload = vec![
        ("from", code(before.status.code())),
        ("to", code(status.code())),
    ];
    let pen = context.pen(Actor::System);
    pen.append(conn, event_kind(action, status), subject, payload)?;
    if course.concerns() {
        around.held.follow(context, conn, &course, None)?;
        let about = About::Profile(before.organization, before.id);
        introductions::end_all(context, conn, about, Actor::System)?;
    }
    Ok(true)
}

/// Where a profile goes from where.
pub(super) fn course(before: &StartupProfile, to: ProfileStatus) -> Course {
    Course {
        firm: before.organization,
        subject: crate::domain::event::Subject::new(SubjectKind::StartupProfile, before.id),
        from: before.status.code(),
        to: to.code(),
    }
}
