//! The queue of messages as the operator's people see it: what waits, what
//! went out, what was given up, and another try for that.

use uuid::Uuid;

use crate::db::outbox;
pub use crate::db::outbox::{Message, State};
use crate::db::page::Page;
use crate::domain::event::SubjectKind;
use crate::domain::ids::OutboxId;
use crate::domain::permission::{Operation, Verdict, decide};
use crate::domain::refusal::Refusal;

use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error, Intent};

/// Messages in a state, or all, oldest first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    state: Option<State>,
    page: PageRequest,
) -> Result<Page<Message>, Error> {
    caller.may(Operation::ReadMessages, &[])?;
    read_page(
        context,
        format!("messages {state:?}"),
        page,
        move |conn, cursor, limit| {
            Ok(outbox::list(
                conn,
                state,
                cursor,
                crate::db::page::fetch(limit),
            )?)
        },
        |message| after(message.created_at, message.id),
    )
    .await
}

/// One message.
pub async fn find(context: &Context, caller: &Caller, id: OutboxId) -> Result<Message, Error> {
    caller.may(Operation::ReadMessages, &[])?;
    context
        .db
        .read(move |conn| outbox::find(conn, id)?.ok_or(Error::NotFound))
        .await
}

/// Whether the caller can have a message tried again now; none where it isn't
/// theirs to ask for.
pub fn retry_verdict(caller: &Caller, message: &Message) -> Option<Result<(), Refusal>> {
    let may = decide(Operation::RetryMessage, &caller.memberships, &[]);
    (may == Verdict::Allowed).then(|| check_dead(message))
}

/// Has a message tried again that was given up. Asking twice is no harm: a
/// message that waits already is refused.
pub async fn retry(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: OutboxId,
) -> Result<Message, Error> {
    caller.may(Operation::ReadMessages, &[])?;
    caller.may(Operation::RetryMessage, &[])?;
    let now = context.now();
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let found = outbox::find(conn, id)?.ok_or(Error::NotFound)?;
            check_dead(&found)?;
            if !outbox::revive(conn, id, now)? {
                return Err(Error::StaleVersion);
            }
            pen.append(conn, "message.retried", (SubjectKind::Message, id), vec![])?;
            outbox::find(conn, id)?.ok_or(Error::NotFound)
        },
        |conn, id| outbox::find(conn, id.into())?.ok_or(Error::NotFound),
    )
    .await
}

impl Recorded for Message {
    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    /// A message has none that its readers know of.
    fn version(&self) -> i64 {
        0
    }
}

fn check_dead(message: &Message) -> Result<(), Refusal> {
    match message.state {
        State::Dead => Ok(()),
        _ => Err(Refusal::no_transition("retry")),
    }
}
