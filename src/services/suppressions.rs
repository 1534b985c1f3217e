//! Which addresses get no mail, and what people want to be told: by the link in
//! each mail, over their account, and by the operator's support.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::db::page::Page;
use crate::db::suppressions;
pub use crate::db::suppressions::Suppression;
use crate::db::{self, Conn};
use crate::domain::account::is_erased;
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::UserId;
use crate::domain::mail_event::{MailEvent, Wanted};
use crate::domain::message::{SuppressionReason, Topic};
use crate::domain::permission::Operation;
use crate::domain::text::{Email, Language};

use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::code;
use super::{Caller, Context, Error, Intent};

/// What a link to somebody's settings is bound to.
const NAME: &str = "mail_settings";

/// What the reader of an address wants to be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which address.
    pub email: Email,
    /// The language they read, as far as that is known.
    pub language: Language,
    /// What they are mailed of.
    pub wanted: Wanted,
}

/// What stands in the link to the settings of an address: sealed, since an
/// address has no place in a URL. It holds as long as the installation's
/// secret, as an unsubscription must.
pub(super) fn token(context: &Context, email: &Email, topic: Topic) -> Result<String, Error> {
    let plain = format!("{topic}\n{email}");
    context
        .sealer
        .seal_text(NAME, plain.as_bytes())
        .map_err(Error::internal)
}

fn read_token(context: &Context, token: &str) -> Result<(Topic, Email), Error> {
    let plain = context.sealer.open_text(NAME, token);
    let plain = plain.map_err(|_| Error::NotFound)?;
    let text = std::str::from_utf8(&plain).map_err(|_| Error::NotFound)?;
    let (topic, email) = text.split_once('\n').ok_or(Error::NotFound)?;
    match (Topic::from_code(topic), email.parse()) {
        (Some(topic), Ok(email)) => Ok((topic, email)),
        _ => Err(Error::NotFound),
    }
}

/// Why nothing is sent to an address about a topic, or of one thing of it, if so.
pub(super) fn hindrance(
    conn: &mut Conn,
    email: &Email,
    topic: Option<Topic>,
    event: Option<MailEvent>,
) -> Result<Option<&'static str>, Error> {
    if is_erased(email) {
        return Ok(Some("erased"));
    }
    if suppressions::of_address(conn, email)?.is_some() {
        return Ok(Some("suppressed"));
    }
    match topic {
        Some(topic) if !suppressions::wanted(conn, email)?.holds(topic, event) => {
            Ok(Some("unsubscribed"))
        }
        _ => Ok(None),
    }
}

/// The settings behind the link of a mail.
pub async fn settings_of_link(context: &Context, token: &str) -> Result<Settings, Error> {
    let (_, email) = read_token(context, token)?;
    context.db.read(move |conn| settings(conn, email)).await
}

fn settings(conn: &mut Conn, email: Email) -> Result<Settings, Error> {
    let user = db::users::find_by_email(conn, &email.key())?;
    Ok(Settings {
        language: user.map_or_else(Language::english, |user| user.language),
        wanted: suppressions::wanted(conn, &email)?,
        email,
    })
}

/// Stores what the reader of a mail wants to be told.
pub async fn change_by_link(context: &Context, token: &str, wanted: Wanted) -> Result<(), Error> {
    let (_, email) = read_token(context, token)?;
    let context_in = context.clone();
    context
        .db
        .write(move |conn| change(&context_in, conn, &email, &wanted, Actor::System))
        .await
}

/// Takes the reader of a mail off its topic (RFC 8058). Doing it twice is no
/// harm.
pub async fn unsubscribe(context: &Context, token: &str) -> Result<Settings, Error> {
    let (topic, email) = read_token(context, token)?;
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let mut wanted = settings(conn, email.clone())?.wanted;
            wanted.topics.remove(&topic);
            change(&context_in, conn, &email, &wanted, Actor::System)?;
            settings(conn, email)
        })
        .await
}

/// What the caller is mailed of.
pub async fn own(context: &Context, caller: &Caller) -> Result<Wanted, Error> {
    caller.may(Operation::ReadAccount, &[])?;
    let email = caller.user.email.clone();
    let settings = context.db.read(move |conn| settings(conn, email)).await?;
    Ok(settings.wanted)
}

/// Stores what the caller wants to be told, if it is still what was expected;
/// without single things, those stay as they are. Answers what holds now.
///
/// These settings count no changes: what stands for them is [`Wanted::number`].
pub async fn change_own(
    context: &Context,
    caller: &Caller,
    expected: Option<i64>,
    topics: BTreeSet<Topic>,
    events: Option<BTreeSet<MailEvent>>,
) -> Result<Wanted, Error> {
    caller.may(Operation::WriteAccount, &[])?;
    let (context_in, email, actor) = (context.clone(), caller.user.email.clone(), caller.actor());
    let person = caller.id();
    context
        .db
        .write(move |conn| {
            // Two who change them at once are two, one after the other.
            db::users::hold(conn, person, None)?;
            let before = suppressions::wanted(conn, &email)?;
            if expected.is_some_and(|expected| expected != before.number()) {
                return Err(Error::StaleVersion);
            }
            let wanted = Wanted {
                topics,
                events: events.unwrap_or(before.events),
            };
            change(&context_in, conn, &email, &wanted, actor)?;
            Ok(wanted)
        })
        .await
}

/// What is a moment: consents that were taken back by earlier releases took
/// their topics off a little later, in the same transaction.
const MOMENT: TimeDelta = TimeDelta::seconds(10);

/// Takes whoever reads an address off these topics, as of a moment by which
/// [`take_up`] knows later that it was this which did so.
pub(super) fn leave(
    context: &Context,
    conn: &mut Conn,
    email: &Email,
    topics: &[Topic],
    at: DateTime<Utc>,
    actor: Actor,
) -> Result<(), Error> {
    let mut changed = false;
    for topic in topics {
        changed |= suppressions::set_opt_out(conn, email, *topic, true, at)?;
    }
    if changed {
        let wanted = suppressions::wanted(conn, email)?;
        note(context, conn, email, &wanted, actor)?;
    }
    Ok(())
}

/// Has whoever reads an address hear of these topics again, as far as it was
/// [`leave`] that took them off at one of these moments: what they switched off
/// themselves stays off.
pub(super) fn take_up(
    context: &Context,
    conn: &mut Conn,
    email: &Email,
    topics: &[Topic],
    left_at: &[DateTime<Utc>],
    actor: Actor,
) -> Result<(), Error> {
    let mut changed = false;
    for topic in topics {
        for at in left_at {
            let moment = (*at, *at + MOMENT);
            changed |= suppressions::lift_opt_out(conn, email, *topic, moment)?;
        }
    }
    if changed {
        let wanted = suppressions::wanted(conn, email)?;
        note(context, conn, email, &wanted, actor)?;
    }
    Ok(())
}

/// Stores it, and says so in the log of an account, if there is one.
fn change(
    context: &Context,
    conn: &mut Conn,
    email: &Email,
    wanted: &Wanted,
    actor: Actor,
) -> Result<(), Error> {
    let (mut changed, now) = (false, context.now());
    for topic in Topic::ALL.iter().copied() {
        let out = !wanted.topics.contains(&topic);
        changed |= suppressions::set_opt_out(conn, email, topic, out, now)?;
    }
    for event in MailEvent::ALL.iter().copied() {
        let out = !wanted.events.contains(&event);
        changed |= suppressions::set_event_out(conn, email, event, out, now)?;
    }
    if changed {
        note(context, conn, email, wanted, actor)?;
    }
    Ok(())
}

/// Says in the log of an account, if there is one, what it is mailed of now.
fn note(
    context: &Context,
    conn: &mut Conn,
    email: &Email,
    wanted: &Wanted,
    actor: Actor,
) -> Result<(), Error> {
    match db::users::find_by_email(conn, &email.key())? {
        Some(user) => context.pen(actor).append(
            conn,
            "user.notifications_changed",
            (SubjectKind::User, user.id),
            vec![("wanted", codes(wanted)), ("kept_out", kept_out(wanted))],
        ),
        None => Ok(()),
    }
}

fn codes(wanted: &Wanted) -> Value {
    let topics = wanted.topics.iter();
    Value::Codes(topics.map(|topic| topic.code().to_owned()).collect())
}

/// The single things that they don't want of their topics.
fn kept_out(wanted: &Wanted) -> Value {
    let all = MailEvent::ALL.iter();
    let out = all.filter(|event| !wanted.events.contains(event));
    Value::Codes(out.map(|event| event.code().to_owned()).collect())
}

/// Suppressed addresses, or one of them, oldest first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    email: Option<Email>,
    page: PageRequest,
) -> Result<Page<Suppression>, Error> {
    caller.may(Operation::ReadMessages, &[])?;
    read_page(
        context,
        format!("suppressions {:?}", email.as_ref().map(Email::key)),
        page,
        move |conn, cursor, limit| {
            let limit = crate::db::page::fetch(limit);
            Ok(suppressions::list(conn, email.as_ref(), cursor, limit)?)
        },
        |found| after(found.created_at, found.id),
    )
    .await
}

/// One suppression.
pub async fn find(context: &Context, caller: &Caller, id: Uuid) -> Result<Suppression, Error> {
    caller.may(Operation::ReadMessages, &[])?;
    context
        .db
        .read(move |conn| suppressions::find(conn, id)?.ok_or(Error::NotFound))
        .await
}

/// Support keeps all mail from an address but what its account needs.
pub async fn add(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    email: Email,
    reason: SuppressionReason,
    note: Option<String>,
) -> Result<Suppression, Error> {
    caller.may(Operation::ReadMessages, &[])?;
    caller.may(Operation::RetryMessage, &[])?;
    let (context_in, actor, by) = (context.clone(), caller.actor(), caller.id());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let made = new(&context_in, email, reason, note, Some(by));
            suppress(&context_in, conn, &made, actor)?.ok_or_else(|| {
                Error::refused("suppressed_already", "This address gets no mail already.")
            })
        },
        |conn, id| suppressions::find(conn, id)?.ok_or(Error::NotFound),
    )
    .await
}

/// A suppression that begins now.
pub(super) fn new(
    context: &Context,
    email: Email,
    reason: SuppressionReason,
    note: Option<String>,
    created_by: Option<UserId>,
) -> Suppression {
    Suppression {
        id: context.new_id(),
        email,
        reason,
        note,
        created_by,
        created_at: context.now(),
    }
}

/// Stores it; none when the address is suppressed already.
pub(super) fn suppress(
    context: &Context,
    conn: &mut Conn,
    made: &Suppression,
    actor: Actor,
) -> Result<Option<Suppression>, Error> {
    if !suppressions::insert(conn, made)? {
        return Ok(None);
    }
    context.pen(actor).append(
        conn,
        "suppression.added",
        (SubjectKind::Message, made.id),
        vec![("reason", code(made.reason.code()))],
    )?;
    Ok(Some(made.clone()))
}

/// Support lets mail to an address again.
pub async fn lift(context: &Context, caller: &Caller, id: Uuid) -> Result<(), Error> {
    caller.may(Operation::ReadMessages, &[])?;
    caller.may(Operation::RetryMessage, &[])?;
    let pen = context.pen(caller.actor());
    context
        .db
        .write(move |conn| {
            if !suppressions::delete(conn, id)? {
                return Err(Error::NotFound);
            }
            pen.append(
                conn,
                "suppression.lifted",
                (SubjectKind::Message, id),
                vec![],
            )
        })
        .await
}

impl Recorded for Suppression {
    fn id(&self) -> Uuid {
        self.id
    }

    /// A suppression is there or not, and never changes.
    fn version(&self) -> i64 {
        0
    }
}
