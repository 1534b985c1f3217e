//! Which addresses get no mail, and what people want to be told: by the link in
//! each mail, over their account, and by the operator's support.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::db::page::Page;
use crate::db::suppressions;
pub use crate::db::suppressions::Suppression;
use crate::db::{self, Conn};
use crate::domain::account::is_erased;
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::UserId;
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
    /// What they are mailed about.
    pub wanted: BTreeSet<Topic>,
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

/// Why nothing is sent to an address about a topic, if so.
pub(super) fn hindrance(
    conn: &mut Conn,
    email: &Email,
    topic: Option<Topic>,
) -> Result<Option<&'static str>, Error> {
    if is_erased(email) {
        return Ok(Some("erased"));
    }
    if suppressions::of_address(conn, email)?.is_some() {
        return Ok(Some("suppressed"));
    }
    match topic {
        Some(topic) if suppressions::opt_outs(conn, email)?.contains(&topic) => {
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
    let out = suppressions::opt_outs(conn, &email)?;
    let wanted = Topic::ALL.iter().copied().filter(|it| !out.contains(it));
    Ok(Settings {
        language: user.map_or_else(Language::english, |user| user.language),
        wanted: wanted.collect(),
        email,
    })
}

/// Stores what the reader of a mail wants to be told.
pub async fn change_by_link(
    context: &Context,
    token: &str,
    wanted: BTreeSet<Topic>,
) -> Result<(), Error> {
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
            wanted.remove(&topic);
            change(&context_in, conn, &email, &wanted, Actor::System)?;
            settings(conn, email)
        })
        .await
}

/// What the caller is mailed about.
pub async fn own(context: &Context, caller: &Caller) -> Result<BTreeSet<Topic>, Error> {
    caller.may(Operation::ReadAccount, &[])?;
    let email = caller.user.email.clone();
    let settings = context.db.read(move |conn| settings(conn, email)).await?;
    Ok(settings.wanted)
}

/// What stands for these settings in an `ETag`: they count no changes, but the
/// same ones have the same number and others another.
pub fn version_of(wanted: &BTreeSet<Topic>) -> i64 {
    let topics = Topic::ALL.iter().enumerate();
    let bits = topics.map(|(place, topic)| i64::from(wanted.contains(topic)) << place);
    1 + bits.sum::<i64>()
}

/// Stores what the caller wants to be told, if it is still what was expected.
pub async fn change_own(
    context: &Context,
    caller: &Caller,
    expected: Option<i64>,
    wanted: BTreeSet<Topic>,
) -> Result<(), Error> {
    caller.may(Operation::WriteAccount, &[])?;
    let (context_in, email, actor) = (context.clone(), caller.user.email.clone(), caller.actor());
    let person = caller.id();
    context
        .db
        .write(move |conn| {
            // Two who change them at once are two, one after the other.
            db::users::hold(conn, person, None)?;
            let before = version_of(&settings(conn, email.clone())?.wanted);
            if expected.is_some_and(|expected| expected != before) {
                return Err(Error::StaleVersion);
            }
            change(&context_in, conn, &email, &wanted, actor)
        })
        .await
}

/// Takes whoever reads an address off these topics.
pub(super) fn leave(
    context: &Context,
    conn: &mut Conn,
    email: &Email,
    topics: &[Topic],
    actor: Actor,
) -> Result<(), Error> {
    let mut wanted = settings(conn, email.clone())?.wanted;
    wanted.retain(|topic| !topics.contains(topic));
    change(context, conn, email, &wanted, actor)
}

/// Has whoever reads an address hear of these topics again.
pub(super) fn take_up(
    context: &Context,
    conn: &mut Conn,
    email: &Email,
    topics: &[Topic],
    actor: Actor,
) -> Result<(), Error> {
    let mut wanted = settings(conn, email.clone())?.wanted;
    wanted.extend(topics);
    change(context, conn, email, &wanted, actor)
}

/// Stores it, and says so in the log of an account, if there is one.
fn change(
    context: &Context,
    conn: &mut Conn,
    email: &Email,
    wanted: &BTreeSet<Topic>,
    actor: Actor,
) -> Result<(), Error> {
    let mut changed = false;
    for topic in Topic::ALL.iter().copied() {
        let out = !wanted.contains(&topic);
        changed |= suppressions::set_opt_out(conn, email, topic, out, context.now())?;
    }
    let user = db::users::find_by_email(conn, &email.key())?;
    match user.filter(|_| changed) {
        Some(user) => context.pen(actor).append(
            conn,
            "user.notifications_changed",
            (SubjectKind::User, user.id),
            vec![("wanted", codes(wanted))],
        ),
        None => Ok(()),
    }
}

fn codes(topics: &BTreeSet<Topic>) -> Value {
    Value::Codes(topics.iter().map(|topic| topic.code().to_owned()).collect())
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
