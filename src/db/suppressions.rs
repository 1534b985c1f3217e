//! Addresses that get no mail, and what people don't want to be mailed about.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::mail_schema::mail_suppressions::{self, dsl};
use super::mail_schema::{mail_event_opt_outs, mail_opt_outs};
use super::page::Cursor;
use super::types::{Id, Timestamp};
use super::{Conn, Result, keyset, sql, stored};
use crate::domain::ids::UserId;
use crate::domain::mail_event::{MailEvent, Wanted};
use crate::domain::message::{SuppressionReason, Topic};
use crate::domain::text::Email;

/// An address that gets no mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Its id.
    pub id: Uuid,
    /// Which address.
    pub email: Email,
    /// Why.
    pub reason: SuppressionReason,
    /// In words for the operator's people.
    pub note: Option<String>,
    /// Who put it there; none when the service did.
    pub created_by: Option<UserId>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    email: String,
    _email_key: String,
    reason: String,
    note: Option<String>,
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
}

/// Keeps all mail from an address; false when it is kept already.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, suppression: &Suppression) -> Result<bool> {
    let Suppression {
        id,
        email,
        reason,
        note,
        created_by,
        created_at,
    } = suppression;
    let insert = diesel::insert_into(mail_suppressions::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::email.eq(email.as_str()),
            dsl::email_key.eq(email.key()),
            dsl::reason.eq(reason.code()),
            dsl::note.eq(note.as_deref()),
            dsl::created_by.eq(*created_by),
            dsl::created_at.eq(Timestamp(*created_at)),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// The suppression with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Suppression>> {
    let row: Option<Row> = mail_suppressions::table
        .find(Id::of(id))
        .first(conn)
        .optional()?;
    row.map(suppression).transpose()
}

/// The suppression of an address, if it is suppressed.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn of_address(conn: &mut Conn, email: &Email) -> Result<Option<Suppression>> {
    let row: Option<Row> = mail_suppressions::table
        .filter(dsl::email_key.eq(email.key()))
        .first(conn)
        .optional()?;
    row.map(suppression).transpose()
}

/// Lets mail to an address again; false when there is no such suppression.
///
/// # Errors
/// A statement failed.
pub fn delete(conn: &mut Conn, id: Uuid) -> Result<bool> {
    Ok(diesel::delete(mail_suppressions::table.find(Id::of(id))).execute(conn)? == 1)
}

/// Suppressed addresses, or one of them, from the oldest on; see
/// [`super::page::fetch`] for the limit.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    email: Option<&Email>,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Suppression>> {
    let mut query = mail_suppressions::table.into_boxed();
    if let Some(email) = email {
        query = query.filter(dsl::email_key.eq(email.key()));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(suppression).collect()
}

/// What the reader of an address doesn't want to be mailed about.
///
/// # Errors
/// A statement failed, or a row is damaged.
fn opt_outs(conn: &mut Conn, email: &Email) -> Result<Vec<Topic>> {
    let codes: Vec<String> = mail_opt_outs::table
        .filter(mail_opt_outs::email_key.eq(email.key()))
        .order(mail_opt_outs::topic)
        .select(mail_opt_outs::topic)
        .load(conn)?;
    codes
        .iter()
        .map(|code| stored::code(code, Topic::from_code))
        .collect()
}

/// Keeps a topic from an address, or lets it there again; answers whether that
/// changed anything.
///
/// # Errors
/// A statement failed.
pub fn set_opt_out(
    conn: &mut Conn,
    email: &Email,
    topic: Topic,
    out: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let key = email.key();
    if !out {
        let row = mail_opt_outs::table.find((&key, topic.code()));
        return Ok(diesel::delete(row).execute(conn)? == 1);
    }
    let insert = diesel::insert_into(mail_opt_outs::table)
        .values((
            mail_opt_outs::email_key.eq(&key),
            mail_opt_outs::topic.eq(topic.code()),
            mail_opt_outs::created_at.eq(Timestamp(now)),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// Lets a topic to an address again that was kept from it in that time, and not
/// before or since; answers whether it was.
///
/// # Errors
/// A statement failed.
pub fn lift_opt_out(
    conn: &mut Conn,
    email: &Email,
    topic: Topic,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool> {
    let row = mail_opt_outs::table
        .filter(mail_opt_outs::email_key.eq(email.key()))
        .filter(mail_opt_outs::topic.eq(topic.code()))
        .filter(mail_opt_outs::created_at.ge(Timestamp(from)))
        .filter(mail_opt_outs::created_at.le(Timestamp(to)));
    Ok(diesel::delete(row).execute(conn)? == 1)
}

/// What the reader of an address wants to be mailed of.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn wanted(conn: &mut Conn, email: &Email) -> Result<Wanted> {
    let topics = opt_outs(conn, email)?;
    let codes: Vec<String> = mail_event_opt_outs::table
        .filter(mail_event_opt_outs::email_key.eq(email.key()))
        .select(mail_event_opt_outs::event)
        .load(conn)?;
    let events = codes
        .iter()
        .map(|code| stored::code(code, MailEvent::from_code));
    let events = events.collect::<Result<Vec<_>>>()?;
    Ok(Wanted::all_but(&topics, &events))
}

/// Keeps one thing of a topic from an address, or lets it there again; answers
/// whether that changed anything.
///
/// # Errors
/// A statement failed.
pub fn set_event_out(
    conn: &mut Conn,
    email: &Email,
    event: MailEvent,
    out: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let key = email.key();
    if !out {
        let row = mail_event_opt_outs::table.find((&key, event.code()));
        return Ok(diesel::delete(row).execute(conn)? == 1);
    }
    let insert = diesel::insert_into(mail_event_opt_outs::table)
        .values((
            mail_event_opt_outs::email_key.eq(&key),
            mail_event_opt_outs::event.eq(event.code()),
            mail_event_opt_outs::created_at.eq(Timestamp(now)),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

fn suppression(row: Row) -> Result<Suppression> {
    let Row {
        id,
        email,
        _email_key,
        reason,
        note,
        created_by,
        created_at,
    } = row;
    Ok(Suppression {
        id: id.uuid(),
        email: stored::parse(&email)?,
        reason: stored::code(&reason, SuppressionReason::from_code)?,
        note,
        created_by,
        created_at,
    })
}
