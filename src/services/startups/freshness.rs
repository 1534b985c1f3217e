//! What happens to profiles that nobody confirms.

use super::{Around, event_kind, moved, store_state};
use crate::db::startup_profiles;
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::message::RecordNews;
use crate::domain::permission::Hat;
use crate::domain::profile::{ProfileAction, StartupProfile, step};
use crate::services::notices::records;
use crate::services::transitions::code;
use crate::services::{Context, Error, due};

/// Marks published profiles that nobody confirmed in time as stale; answers
/// how many.
pub async fn mark_stale(context: &Context) -> Result<usize, Error> {
    let (context_in, now) = (context.clone(), context.now());
    due::each(
        context,
        "startup_profile.freshness",
        |profile: &StartupProfile| profile.id.uuid(),
        move |conn, limit| startup_profiles::due_for_freshness(conn, now.date_naive(), limit),
        move |conn, before: &StartupProfile| {
            let action = ProfileAction::FreshnessDue;
            let around = Around::bare(&context_in);
            let status = step(before, action, Hat::System, &around.facts())?;
            let after = moved(before, status, action, now);
            store_state(conn, &after)?;
            context_in.pen(Actor::System).append(
                conn,
                event_kind(action, status),
                (SubjectKind::StartupProfile, before.id),
                vec![
                    ("from", code(before.status.code())),
                    ("to", code(status.code())),
                ],
            )?;
            records::tell_profile(&context_in, conn, &after, RecordNews::Stale, None)
        },
    )
    .await
}
