//! The envelopes of a mail to several: each reader gets it by a transaction of
//! their own, under a return path that speaks of nobody else, and only once
//! whatever becomes of the others.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::mail_schema::mail_recipients::{self, dsl};
use super::schema::outbox;
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, sql, stored};
use crate::domain::event::SubjectKind;
use crate::domain::ids::OutboxId;
use crate::domain::mail_state::EnvelopeOutcome;
use crate::domain::text::Email;

/// To whom a mail to several goes, by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What its return path names.
    pub id: Uuid,
    /// To which address.
    pub email: Email,
    /// What its server said of it so far.
    pub outcome: Option<EnvelopeOutcome>,
}

/// The envelope of a message to an address, made with `id` the first time.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn open(
    conn: &mut Conn,
    message: OutboxId,
    email: &Email,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Envelope> {
    let insert = diesel::insert_into(mail_recipients::table)
        .values((
            dsl::message_id.eq(Id::of(message.uuid())),
            dsl::email_key.eq(email.key()),
            dsl::email.eq(email.as_str()),
            dsl::created_at.eq(Timestamp(now)),
            dsl::return_id.eq(Some(Id::of(id))),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    // A reader noted before there were envelopes has none yet.
    let bare = mail_recipients::table
        .find((Id::of(message.uuid()), email.key()))
        .filter(dsl::return_id.is_null());
    let update = diesel::update(bare).set(dsl::return_id.eq(Some(Id::of(id))));
    sql::execute(conn, update)?;
    let row: (Option<Id>, String, Option<String>) = mail_recipients::table
        .find((Id::of(message.uuid()), email.key()))
        .select((dsl::return_id, dsl::email, dsl::outcome))
        .first(conn)?;
    let (Some(id), email, outcome) = row else {
        return Err(Error::Corrupt(format!(
            "the mail {message} to several has a reader without an envelope"
        )));
    };
    Ok(Envelope {
        id: id.uuid(),
        email: stored::parse(&email)?,
        outcome: stored::code_some(outcome.as_deref(), EnvelopeOutcome::from_code)?,
    })
}

/// Notes what a server said for good of the mail to one reader.
///
/// # Errors
/// A statement failed.
pub fn note(conn: &mut Conn, id: Uuid, outcome: EnvelopeOutcome) -> Result<()> {
    diesel::update(mail_recipients::table.filter(dsl::return_id.eq(Some(Id::of(id)))))
        .set(dsl::outcome.eq(Some(outcome.code())))
        .execute(conn)?;
    Ok(())
}

/// Forgets what was said of the mail to one reader: it came back.
///
/// # Errors
/// A statement failed.
pub fn reopen(conn: &mut Conn, message: OutboxId, email: &Email) -> Result<()> {
    let one = mail_recipients::table.find((Id::of(message.uuid()), email.key()));
    diesel::update(one)
        .set(dsl::outcome.eq(None::<&str>))
        .execute(conn)?;
    Ok(())
}

/// Forgets what servers refused of a message that is tried once more.
///
/// # Errors
/// A statement failed.
pub fn reopen_refused(conn: &mut Conn, message: OutboxId) -> Result<()> {
    let refused = mail_recipients::table
        .filter(dsl::message_id.eq(Id::of(message.uuid())))
        .filter(dsl::outcome.eq(Some(EnvelopeOutcome::Refused.code())));
    diesel::update(refused)
        .set(dsl::outcome.eq(None::<&str>))
        .execute(conn)?;
    Ok(())
}

/// Whether a server took a mail about a record for that address, sent to
/// several.
///
/// # Errors
/// A statement failed.
pub fn has_got(conn: &mut Conn, kind: SubjectKind, record: Uuid, email: &Email) -> Result<bool> {
    let got = mail_recipients::table
        .inner_join(outbox::table.on(outbox::id.eq(dsl::message_id)))
        .filter(outbox::subject_kind.eq(kind.code()))
        .filter(outbox::subject_id.eq(Id::of(record)))
        .filter(dsl::email_key.eq(email.key()))
        .filter(dsl::outcome.eq(Some(EnvelopeOutcome::Sent.code())));
    Ok(diesel::select(diesel::dsl::exists(got)).get_result(conn)?)
}

/// Whether a server took a mail about a record for anybody, sent to several.
///
/// # Errors
/// A statement failed.
pub fn is_taken(conn: &mut Conn, kind: SubjectKind, record: Uuid) -> Result<bool> {
    let taken = mail_recipients::table
        .inner_join(outbox::table.on(outbox::id.eq(dsl::message_id)))
        .filter(outbox::subject_kind.eq(kind.code()))
        .filter(outbox::subject_id.eq(Id::of(record)))
        .filter(dsl::outcome.eq(Some(EnvelopeOutcome::Sent.code())));
    Ok(diesel::select(diesel::dsl::exists(taken)).get_result(conn)?)
}

/// The message and the address of the envelope that a return path names.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<(OutboxId, Email)>> {
    let row: Option<(Id, String)> = mail_recipients::table
        .filter(dsl::return_id.eq(Some(Id::of(id))))
        .select((dsl::message_id, dsl::email))
        .first(conn)
        .optional()?;
    row.map(|(message, email)| Ok((OutboxId::from(message.uuid()), stored::parse(&email)?)))
        .transpose()
}
