//! The way to somebody's consents, sent to their address on demand. Who asks
//! waits as long, and reads the same, whether the address is known or not: what
//! comes of it is decided when the mail is written.

use chrono::NaiveTime;

use crate::auth::opaque;
use crate::db::outbox::{self, NewMessage};
use crate::db::{self, Conn, json};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::OutboxId;
use crate::domain::message::Notice;
use crate::domain::text::{Email, Language};
use crate::services::notices::{self, Content, Prepared, Recipient};
use crate::services::{Context, Error};

use super::{Person, newest_language, of_person, token};

/// Asked for again within the same so many seconds, one mail stands for all.
const PAUSE_S: i64 = 900;
/// How many there are in a day before one stands for all that are asked for in
/// what is left of it: anybody can ask, and the address is not always theirs.
const FREELY: i64 = 3;
/// What an address in the queue is sealed for; no link opens with it.
const ASKED: &str = "my_consents_asked";

/// Sends whoever reads an address the link to what they agreed to, if there is
/// anything or they have an account.
///
/// # Errors
/// The system has no randomness; a statement failed.
pub async fn send_link(context: &Context, email: &Email) -> Result<(), Error> {
    let id: OutboxId = context.new_id();
    let now = context.now();
    let sealed = context
        .sealer
        .seal_text(ASKED, email.as_str().as_bytes())
        .map_err(Error::internal)?;
    let notice = Notice::MyConsents { address: sealed };
    // The queue's keys are read by the operator's people; the address is not
    // theirs to read.
    let address = opaque::fingerprint(&email.key());
    let intents = format!("my_consents:{address}:");
    let message_id = format!("{id}@{}", context.settings.mail_domain);
    context
        .db
        .write(move |conn| {
            let day = now.date_naive().and_time(NaiveTime::MIN).and_utc();
            let intent = if outbox::count_since(conn, &intents, day)? < FREELY {
                format!("{intents}{}", now.timestamp() / PAUSE_S)
            } else {
                format!("{intents}{}", now.date_naive())
            };
            let message = NewMessage {
                id,
                intent_key: &intent,
                kind: "mail",
                // It is about nothing but itself.
                subject: Subject::new(SubjectKind::Message, id),
                payload: json::notice::encode(&notice)?,
                message_id: Some(message_id),
                available_at: now,
            };
            outbox::enqueue(conn, &message, now)?;
            Ok(())
        })
        .await
}

/// Looks up who gets the link, now that it is written.
pub(in crate::services) fn prepare_link(
    context: &Context,
    conn: &mut Conn,
    address: &str,
) -> Result<Prepared, Error> {
    let plain = context.sealer.open_text(ASKED, address).ok();
    let text = plain.and_then(|plain| String::from_utf8(plain.to_vec()).ok());
    let Some(email) = text.and_then(|text| text.parse::<Email>().ok()) else {
        // Sealed when the installation had another secret.
        return Ok(Prepared::Obsolete("closed"));
    };
    let account = db::users::find_by_email(conn, &email.key())?;
    let person = Person {
        user: account.as_ref().map(|user| user.id),
        language: Language::english(),
        email,
    };
    let mut given = of_person(context, conn, &person)?;
    given.reverse();
    let reader = match account {
        Some(user) => Recipient::from(user),
        None if given.is_empty() => return Ok(Prepared::Obsolete("no_recipient")),
        None => Recipient {
            name: None,
            language: newest_language(&person, &given),
            email: person.email,
            zone: chrono_tz::UTC,
        },
    };
    let link = token(context, &reader.email)?;
    Ok(notices::ready(vec![reader], Content::MyConsents(link)))
}
