//! What mails said, their links left out, for as long as that is kept.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::mail_schema::mail_copies::{self, dsl};
use super::mail_schema::mail_recipients;
use super::types::{Id, Timestamp};
use super::{Conn, Result, sql};
use crate::domain::ids::OutboxId;

/// What a mail said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailCopy {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Keeps what a mail said; what is kept of an earlier attempt stays.
///
/// # Errors
/// A statement failed.
pub fn insert(
    conn: &mut Conn,
    message: OutboxId,
    copy: &MailCopy,
    now: DateTime<Utc>,
) -> Result<()> {
    let MailCopy {
        subject,
        text,
        html,
    } = copy;
    let insert = diesel::insert_into(mail_copies::table)
        .values((
            dsl::message_id.eq(Id::of(message.uuid())),
            dsl::subject.eq(subject),
            dsl::body_text.eq(text),
            dsl::body_html.eq(html),
            dsl::created_at.eq(Timestamp(now)),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    Ok(())
}

/// What a mail said and when it was sent, if that is still kept.
///
/// # Errors
/// A statement failed.
pub fn find(conn: &mut Conn, message: OutboxId) -> Result<Option<(MailCopy, DateTime<Utc>)>> {
    let row: Option<(String, String, String, DateTime<Utc>)> = mail_copies::table
        .find(Id::of(message.uuid()))
        .select((
            dsl::subject,
            dsl::body_text,
            dsl::body_html,
            dsl::created_at,
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|(subject, text, html, at)| {
        let copy = MailCopy {
            subject,
            text,
            html,
        };
        (copy, at)
    }))
}

/// Erases what mails said that were sent before `bodies`, and to whom they went
/// before `addresses`; answers how many rows.
///
/// # Errors
/// A statement failed.
pub fn purge(
    conn: &mut Conn,
    bodies: DateTime<Utc>,
    addresses: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    let ids: Vec<Id> = mail_copies::table
        .filter(dsl::created_at.lt(Timestamp(bodies)))
        .order(dsl::created_at)
        .select(dsl::message_id)
        .limit(limit)
        .load(conn)?;
    let erased =
        diesel::delete(mail_copies::table.filter(dsl::message_id.eq_any(ids))).execute(conn)?;
    let ids: Vec<Id> = mail_recipients::table
        .filter(mail_recipients::created_at.lt(Timestamp(addresses)))
        .order(mail_recipients::created_at)
        .select(mail_recipients::message_id)
        .limit(limit)
        .load(conn)?;
    let old = mail_recipients::table.filter(mail_recipients::message_id.eq_any(ids));
    Ok(erased + diesel::delete(old).execute(conn)?)
}
