//! What becomes of a profile whose firm took back its consent to be proposed.

use super::{About, Around, Move, apply, event_kind, moved, store_state};
use crate::db::Conn;
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::ids::StartupProfileId;
use crate::domain::permission::Hat;
use crate::domain::profile::{ProfileAction, StartupProfile, step};
use crate::services::transitions::code;
use crate::services::{Caller, Context, Error, consents, introductions};

/// Pauses a profile that is shown, and ends the introductions to it that were
/// not sent.
pub(in crate::services) fn rest(
    context: &Context,
    conn: &mut Conn,
    before: &StartupProfile,
    actor: Actor,
) -> Result<(), Error> {
    let action = ProfileAction::Pause;
    let around = Around::bare(context);
    // One that can't be paused is shown to nobody as it is.
    if let Ok(status) = step(before, action, Hat::Startup, &around.facts()) {
        store_state(conn, &moved(before, status, action, context.now()))?;
        context.pen(actor).append(
            conn,
            event_kind(action, status),
            (SubjectKind::StartupProfile, before.id),
            vec![
                ("from", code(before.status.code())),
                ("to", code(status.code())),
                ("reason", code(consents::WITHDRAWN)),
            ],
        )?;
    }
    let about = About::Profile(before.organization, before.id);
    introductions::end_all(context, conn, about, actor)
}

/// Publishes a profile that was paused so, in the open transaction.
///
/// # Errors
/// A refusal where something else stands against it; then nothing has changed.
pub(in crate::services) fn publish_again(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: StartupProfileId,
) -> Result<(), Error> {
    let action = ProfileAction::Publish;
    let (_, stored) = apply(context, caller, conn, id, None, action, Move::default())?;
    stored.store(conn)
}
