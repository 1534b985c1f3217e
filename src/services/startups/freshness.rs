//! What happens to profiles that nobody confirms.

use super::{event_kind, moved, store_state};
use crate::db::startup_profiles;
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::message::RecordNews;
use crate::domain::permission::Hat;
use crate::domain::profile::{ProfileAction, ProfileFacts, step};
use crate::services::notices::records;
use crate::services::transitions::code;
use crate::services::{Context, Error};

/// Marks published profiles that nobody confirmed in time as stale; answers
/// how many.
pub async fn mark_stale(context: &Context, limit: usize) -> Result<usize, Error> {
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let now = context_in.now();
            let due = startup_profiles::due_for_freshness(conn, now.date_naive(), limit)?;
            let pen = context_in.pen(Actor::System);
            for before in &due {
                let facts = ProfileFacts {
                    taxonomy: &context_in.taxonomy(),
                    compliance_agreed: false,
                    now,
                };
                let action = ProfileAction::FreshnessDue;
                let status = step(before, action, Hat::System, &facts)?;
                let after = moved(before, status, action, now);
                store_state(conn, &after)?;
                pen.append(
                    conn,
                    event_kind(action),
                    (SubjectKind::StartupProfile, before.id),
                    vec![
                        ("from", code(before.status.code())),
                        ("to", code(status.code())),
                    ],
                )?;
                records::tell_profile(&context_in, conn, &after, RecordNews::Stale, None)?;
            }
            Ok(due.len())
        })
        .await
}
