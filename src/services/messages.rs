//! The queue of messages as the operator's people see it: what waits, what
//! went out, what was given up, and another try for that.

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use crate::db::mail_copies::MailCopy;
use crate::db::outbox;
pub use crate::db::outbox::{Filter, Message};
use crate::db::page::Page;
use crate::db::{self, json};
use crate::domain::event::SubjectKind;
use crate::domain::ids::OutboxId;
pub use crate::domain::mail_state::MessageState;
use crate::domain::permission::{Operation, Verdict, decide};
use crate::domain::refusal::Refusal;
use crate::domain::text::Email;

use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error, Intent};

/// Messages, oldest first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Message>, Error> {
    caller.may(Operation::ReadMessages, &[])?;
    search(context, filter, page).await
}

/// The mail that was sent, or tried, to the caller's own address.
pub async fn own(
    context: &Context,
    caller: &Caller,
    page: PageRequest,
) -> Result<Page<Message>, Error> {
    caller.may(Operation::ReadAccount, &[])?;
    let filter = Filter {
        email: Some(caller.user.email.clone()),
        ..Filter::default()
    };
    search(context, filter, page).await
}

async fn search(
    context: &Context,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Message>, Error> {
    read_page(
        context,
        format!("messages {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let limit = crate::db::page::fetch(limit);
            Ok(outbox::search(conn, &filter, cursor, limit)?)
        },
        |message| after(message.created_at, message.id),
    )
    .await
}

/// One message with the addresses that it was sent, or tried, to.
pub async fn find_with_recipients(
    context: &Context,
    caller: &Caller,
    id: OutboxId,
) -> Result<(Message, Vec<Email>), Error> {
    caller.may(Operation::ReadMessages, &[])?;
    context
        .db
        .read(move |conn| {
            let message = outbox::find(conn, id)?.ok_or(Error::NotFound)?;
            Ok((message, db::bounces::recipients(conn, id)?))
        })
        .await
}

/// What a mail said, its links left out, and when it was sent; as long as that
/// is kept.
pub async fn body(
    context: &Context,
    caller: &Caller,
    id: OutboxId,
) -> Result<(MailCopy, DateTime<Utc>), Error> {
    caller.may(Operation::ReadMessages, &[])?;
    caller.may(Operation::ReadMessageBody, &[])?;
    context
        .db
        .read(move |conn| db::mail_copies::find(conn, id)?.ok_or(Error::NotFound))
        .await
}

/// Erases what mails said, and to whom they went, when its time has passed;
/// answers how many records.
pub async fn erase_old(context: &Context, limit: usize) -> Result<usize, Error> {
    let now = context.now();
    let (bodies, addresses) = (
        now - context.settings.bodies_kept,
        now - context.settings.bounces_kept,
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    context
        .db
        .write(move |conn| Ok(db::mail_copies::purge(conn, bodies, addresses, limit)?))
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

/// What a message tells, if this program knows it.
pub fn notice(message: &Message) -> Option<&'static str> {
    json::notice::decode(&message.payload)
        .ok()
        .map(|notice| notice.code())
}

/// Whether the caller can have a message tried again now; none where it isn't
/// theirs to ask for.
pub fn retry_verdict(caller: &Caller, message: &Message) -> Option<Result<(), Refusal>> {
    let may = decide(Operation::RetryMessage, &caller.memberships, &[]);
    (may == Verdict::Allowed).then(|| check_ended(message))
}

/// Has a message tried again that was given up, came back or was kept from its
/// address. Asking twice is no harm: a
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
            check_ended(&found)?;
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

fn check_ended(message: &Message) -> Result<(), Refusal> {
    use MessageState as S;
    match message.standing() {
        S::Failed | S::Bounced | S::Suppressed => Ok(()),
        S::Queued | S::Held | S::Sent | S::Dropped | S::Cancelled => {
            Err(Refusal::no_transition("retry"))
        }
    }
}
