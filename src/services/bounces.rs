//! What comes back of mail: each notice has its effect once, and only when the
//! address it came back to proves that the mail was ours.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::auth::return_path::Returned;
pub use crate::db::bounces::Filter;
use crate::db::outbox::{self, Message};
use crate::db::page::Page;
use crate::db::{self, Conn, envelopes, json};
use crate::domain::bounce::{
    Bounce, BounceKind, BounceOutcome, BounceSource, Delivery, DeliveryAction, Notification,
    RefusedReader, Status,
};
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::ids::{IntroductionId, OutboxId};
use crate::domain::introduction::{Action, AskState, IntroductionStatus};
use crate::domain::meeting_answer::CalendarReply;
use crate::domain::message::{Matter, Notice, SuppressionReason};
use crate::domain::permission::Operation;
use crate::domain::text::Email;

use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::code;
use super::{Caller, Context, Error, Intent, introductions, notices, suppressions};

/// For how long a notice that names no message of ours is on record.
const STRANGE_KEPT: TimeDelta = TimeDelta::days(30);

/// What became of what a notice says about one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// It came to this.
    New(BounceOutcome),
    /// It was on record already and did nothing.
    Repeated,
}

/// Takes notices out of a mailbox, in one transaction, and answers what became
/// of each recipient of each of them.
pub async fn take(
    context: &Context,
    notifications: Vec<Notification>,
) -> Result<Vec<Taken>, Error> {
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let mut taken = Vec::new();
            for notification in &notifications {
                for (bounce, is_new) in digest(&context_in, conn, notification, Actor::System)? {
                    taken.push(if is_new {
                        Taken::New(bounce.outcome)
                    } else {
                        Taken::Repeated
                    });
                }
            }
            Ok(taken)
        })
        .await
}

/// A mail provider says that a mail came back. The same said twice is one
/// notice.
pub async fn report(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    notification: Notification,
) -> Result<Bounce, Error> {
    caller.may(Operation::ReportBounce, &[])?;
    let (context_in, actor) = (context.clone(), caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let mut noted = digest(&context_in, conn, &notification, actor)?;
            let first = noted.drain(..).next();
            first.map(|(bounce, _)| bounce).ok_or(Error::NotFound)
        },
        |conn, id| db::bounces::find(conn, id)?.ok_or(Error::NotFound),
    )
    .await
}

/// Notices, oldest first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Bounce>, Error> {
    caller.may(Operation::ReadMessages, &[])?;
    read_page(
        context,
        format!("bounces {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let limit = crate::db::page::fetch(limit);
            Ok(db::bounces::list(conn, &filter, cursor, limit)?)
        },
        |bounce| after(bounce.created_at, bounce.id),
    )
    .await
}

/// One notice.
pub async fn find(context: &Context, caller: &Caller, id: Uuid) -> Result<Bounce, Error> {
    caller.may(Operation::ReadMessages, &[])?;
    context
        .db
        .read(move |conn| db::bounces::find(conn, id)?.ok_or(Error::NotFound))
        .await
}

/// Forgets notices whose time has passed; answers how many.
pub async fn forget_old(context: &Context, limit: usize) -> Result<usize, Error> {
    let now = context.now();
    let (all, strange) = (now - context.settings.bounces_kept, now - STRANGE_KEPT);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    context
        .db
        .write(move |conn| Ok(db::bounces::purge(conn, all, strange, limit)?))
        .await
}

impl Recorded for Bounce {
    fn id(&self) -> Uuid {
        self.id
    }

    /// What came back is never changed.
    fn version(&self) -> i64 {
        1
    }
}

/// Notes what a notice says about each recipient, and does what follows from
/// what is new.
fn digest(
    context: &Context,
    conn: &mut Conn,
    notification: &Notification,
    actor: Actor,
) -> Result<Vec<(Bounce, bool)>, Error> {
    if notification.deliveries.is_empty() {
        let whole = blank(context, notification, None, BounceOutcome::Ignored);
        return Ok(vec![match &notification.reply {
            Some(reply) => hear(context, conn, whole, reply, actor)?,
            None => keep(conn, whole)?,
        }]);
    }
    let returned = returned(context, notification);
    let (message, reader) = match returned {
        Returned::Message(id) => came_of(conn, id)?,
        Returned::Forged | Returned::Other => (None, None),
    };
    let mut noted = Vec::new();
    for (place, delivery) in notification.deliveries.iter().enumerate() {
        let mut bounce = blank(context, notification, Some(place), BounceOutcome::Unknown);
        if let Some(before) = db::bounces::find_by_fingerprint(conn, &bounce.fingerprint)? {
            noted.push((before, false));
            continue;
        }
        if let Some(message) = &message {
            fill(conn, &mut bounce, message, reader.as_ref(), delivery)?;
            bounce.outcome = judge(context, conn, &bounce, actor)?;
            let reader = bounce.email.clone();
            noted.push(keep(conn, bounce)?);
            follow(context, conn, message, reader.as_ref(), delivery, actor)?;
        } else {
            if returned == Returned::Forged {
                bounce.outcome = BounceOutcome::Forged;
            }
            noted.push(keep(conn, bounce)?);
        }
    }
    Ok(noted)
}

/// Takes what a calendar answers into the meeting's record, once; where it
/// doesn't count, what is on record of it says why.
fn hear(
    context: &Context,
    conn: &mut Conn,
    mut letter: Bounce,
    reply: &CalendarReply,
    actor: Actor,
) -> Result<(Bounce, bool), Error> {
    if let Some(before) = db::bounces::find_by_fingerprint(conn, &letter.fingerprint)? {
        return Ok((before, false));
    }
    let said = reply.answer;
    letter.diagnostic = Some(
        match introductions::hear_reply(context, conn, reply, actor)? {
            Ok(_) => {
                letter.outcome = BounceOutcome::Answered;
                letter.email.clone_from(&reply.attendee);
                format!("calendar: {said}")
            }
            Err(why) => format!("calendar: {said}, not heard: {why}"),
        },
    );
    keep(conn, letter)
}

/// The message that came back, and to whom it went where its return path
/// speaks of one of several readers.
fn came_of(conn: &mut Conn, id: OutboxId) -> Result<(Option<Message>, Option<Email>), Error> {
    if let Some(message) = outbox::find(conn, id)? {
        return Ok((Some(message), None));
    }
    Ok(match envelopes::find(conn, id.uuid())? {
        Some((message, reader)) => (outbox::find(conn, message)?, Some(reader)),
        None => (None, None),
    })
}

/// What the addresses prove to which a notice came back.
fn returned(context: &Context, notification: &Notification) -> Returned {
    let read = notification
        .returned_to
        .iter()
        .map(|address| context.return_paths.read(address));
    let mut best = Returned::Other;
    for one in read {
        match one {
            Returned::Message(_) => return one,
            Returned::Forged => best = one,
            Returned::Other => {}
        }
    }
    best
}

fn blank(
    context: &Context,
    notification: &Notification,
    place: Option<usize>,
    outcome: BounceOutcome,
) -> Bounce {
    Bounce {
        id: context.new_id(),
        fingerprint: notification.fingerprint(place),
        source: notification.source,
        outcome,
        message: None,
        email: None,
        kind: None,
        status: None,
        diagnostic: None,
        created_at: context.now(),
    }
}

/// A server said while mail was handed over that its address is no good: noted
/// as if a notice had come back.
pub(super) fn refused(
    context: &Context,
    conn: &mut Conn,
    message: OutboxId,
    reader: &RefusedReader,
) -> Result<(), Error> {
    let identity: Uuid = context.new_id();
    let delivery = Delivery::new(
        vec![reader.email.clone()],
        DeliveryAction::Failed,
        Some(reader.status),
        Some(&reader.text),
    );
    let notification = Notification {
        source: BounceSource::Session,
        // Each attempt is heard once.
        identity: identity.as_bytes().to_vec(),
        returned_to: vec![],
        deliveries: vec![],
        reply: None,
    };
    let mut bounce = Bounce {
        message: Some(message),
        email: Some(reader.email.clone()),
        kind: delivery.kind,
        status: delivery.status.map(|status| status.to_string()),
        diagnostic: delivery.diagnostic,
        ..blank(context, &notification, Some(0), BounceOutcome::Noted)
    };
    bounce.outcome = judge(context, conn, &bounce, Actor::System)?;
    keep(conn, bounce).map(drop)
}

fn keep(conn: &mut Conn, bounce: Bounce) -> Result<(Bounce, bool), Error> {
    if db::bounces::insert(conn, &bounce)? {
        return Ok((bounce, true));
    }
    let before = db::bounces::find_by_fingerprint(conn, &bounce.fingerprint)?;
    Ok((before.ok_or(Error::StaleVersion)?, false))
}

/// What is known of the message: only whom it went to can be meant, whatever
/// the notice says.
fn fill(
    conn: &mut Conn,
    bounce: &mut Bounce,
    message: &Message,
    reader: Option<&Email>,
    delivery: &Delivery,
) -> Result<(), Error> {
    let recipients = db::bounces::recipients(conn, message.id)?;
    bounce.message = Some(message.id);
    bounce.email = match recipients.as_slice() {
        // Its return path is told to nobody else.
        _ if reader.is_some() => reader.cloned(),
        // Forwarded, it comes back from another address.
        [only] => Some(only.clone()),
        several => several
            .iter()
            .find(|email| delivery.addresses.contains(email))
            .cloned(),
    };
    bounce.kind = delivery.kind;
    bounce.status = delivery.status.map(|status| status.to_string());
    bounce.diagnostic.clone_from(&delivery.diagnostic);
    Ok(())
}

/// Keeps mail from an address that is no good, or that could not take mail too
/// often.
fn judge(
    context: &Context,
    conn: &mut Conn,
    bounce: &Bounce,
    actor: Actor,
) -> Result<BounceOutcome, Error> {
    let status: Option<Status> = bounce.status.as_deref().and_then(|it| it.parse().ok());
    let (reason, otherwise) = match bounce.kind {
        // Ours to mend, not its reader's fault.
        None if status.is_some_and(|it| it.is_failure() && it.is_about_us()) => {
            return Ok(BounceOutcome::Noted);
        }
        None => return Ok(BounceOutcome::Ignored),
        Some(BounceKind::Complaint) => (SuppressionReason::Complaint, BounceOutcome::Noted),
        Some(BounceKind::Hard) => (SuppressionReason::HardBounce, BounceOutcome::Noted),
        Some(BounceKind::Soft) => (SuppressionReason::HardBounce, BounceOutcome::Counted),
    };
    let Some(email) = &bounce.email else {
        return Ok(BounceOutcome::Noted);
    };
    if bounce.kind == Some(BounceKind::Soft) && !is_often(context, conn, bounce, email)? {
        return Ok(BounceOutcome::Counted);
    }
    let note = bounce.diagnostic.clone();
    let made = suppressions::new(context, email.clone(), reason, note, None);
    Ok(match suppressions::suppress(context, conn, &made, actor)? {
        Some(_) => BounceOutcome::Suppressed,
        None => otherwise,
    })
}

/// Whether too many messages to an address came back, with this one.
fn is_often(
    context: &Context,
    conn: &mut Conn,
    bounce: &Bounce,
    email: &Email,
) -> Result<bool, Error> {
    let since = context.now() - context.settings.soft_bounce_window;
    let before = db::bounces::soft_since(conn, email, since)?;
    let filter = Filter {
        email: Some(email.clone()),
        message: bounce.message,
        ..Filter::default()
    };
    let counted = db::bounces::list(conn, &filter, None, 100)?;
    let is_counted = counted
        .iter()
        .any(|one| one.kind == Some(BounceKind::Soft) && one.created_at >= since);
    Ok(before + i64::from(!is_counted) >= context.settings.soft_bounces)
}

/// What follows for the record when a mail didn't arrive.
fn follow(
    context: &Context,
    conn: &mut Conn,
    message: &Message,
    reader: Option<&Email>,
    delivery: &Delivery,
    actor: Actor,
) -> Result<(), Error> {
    let now = context.now();
    if let Some(reader) = reader.filter(|_| delivery.is_final) {
        // Tried again, it goes to this one alone.
        envelopes::reopen(conn, message.id, reader)?;
    }
    if !delivery.is_final || !outbox::bounced(conn, message.id, now)? {
        return Ok(());
    }
    let notice = json::notice::decode(&message.payload)?;
    context.pen(actor).append(
        conn,
        "message.bounced",
        (SubjectKind::Message, message.id),
        vec![("notice", code(notice.code()))],
    )?;
    match notice {
        Notice::Introduction { introduction } => connecting(context, conn, introduction),
        Notice::IntroductionAsk { ask } | Notice::IntroductionReminder { ask } => {
            let ask = db::introductions::find_ask(conn, ask)?;
            match ask.filter(|ask| ask.state == AskState::Open) {
                Some(ask) => {
                    let matter = Matter::QuestionUndelivered;
                    notices::alert(context, conn, ask.introduction, matter)
                }
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The mail that connects both didn't reach one of them: a curator looks into
/// it. Where they talk already, it came another way.
fn connecting(context: &Context, conn: &mut Conn, id: IntroductionId) -> Result<(), Error> {
    use IntroductionStatus as S;
    db::introductions::lock(conn, id)?;
    let before = introductions::load(conn, id)?;
    match before.status {
        S::BothAccepted => {
            // It went out though nobody noted so: both may have been named.
            introductions::record_names(context, conn, &before)?;
        }
        S::Sent => {}
        _ => return Ok(()),
    }
    introductions::apply_system(context, conn, &before, &Action::FailDelivery).map(drop)
}

/// Where the message comes back to that a mail provider means by a Message-ID
/// of ours.
pub fn return_path_of(context: &Context, message_id: &str) -> Option<String> {
    let bare = message_id.trim().trim_matches(['<', '>']);
    let (id, domain) = bare.rsplit_once('@')?;
    let is_ours = domain.eq_ignore_ascii_case(&context.settings.mail_domain);
    let id = is_ours.then(|| id.parse().ok()).flatten()?;
    Some(context.return_paths.address(id))
}
