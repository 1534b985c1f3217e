//! What came back of mail, and to which addresses mail went.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::mail_schema::mail_bounces::{self, dsl};
use super::mail_schema::{mail_recipients, mail_suppressions};
use super::outbox::SEVERAL;
use super::page::Cursor;
use super::types::{Id, Timestamp};
use super::worklist::Waiting;
use super::{Conn, Result, keyset, sql, stored};
use crate::domain::bounce::{Bounce, BounceKind, BounceOutcome, BounceSource};
use crate::domain::ids::OutboxId;
use crate::domain::message::SuppressionReason;
use crate::domain::text::Email;

/// Most notices that are read to see whether it is ours to mend.
const REFUSALS: i64 = 5_000;

#[derive(Queryable)]
struct Row {
    id: Id,
    fingerprint: String,
    source: String,
    outcome: String,
    message: Option<Id>,
    email: Option<String>,
    _email_key: Option<String>,
    kind: Option<String>,
    status: Option<String>,
    diagnostic: Option<String>,
    created_at: DateTime<Utc>,
}

/// Which notices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// That came to this.
    pub outcome: Option<BounceOutcome>,
    /// About this address.
    pub email: Option<Email>,
    /// About this message.
    pub message: Option<OutboxId>,
}

/// Puts a notice on record; false when it is there already.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, bounce: &Bounce) -> Result<bool> {
    let Bounce {
        id,
        fingerprint,
        source,
        outcome,
        message,
        email,
        kind,
        status,
        diagnostic,
        created_at,
    } = bounce;
    let insert = diesel::insert_into(mail_bounces::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::fingerprint.eq(fingerprint),
            dsl::source.eq(source.code()),
            dsl::outcome.eq(outcome.code()),
            dsl::message_id.eq(message.map(|id| Id::of(id.uuid()))),
            dsl::email.eq(email.as_ref().map(Email::as_str)),
            dsl::email_key.eq(email.as_ref().map(Email::key)),
            dsl::kind.eq(kind.map(BounceKind::code)),
            dsl::status.eq(status.as_deref()),
            dsl::diagnostic.eq(diagnostic.as_deref()),
            dsl::created_at.eq(Timestamp(*created_at)),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// The notice with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Bounce>> {
    let row: Option<Row> = mail_bounces::table
        .find(Id::of(id))
        .first(conn)
        .optional()?;
    row.map(bounce).transpose()
}

/// The notice that is known by that fingerprint.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_by_fingerprint(conn: &mut Conn, fingerprint: &str) -> Result<Option<Bounce>> {
    let row: Option<Row> = mail_bounces::table
        .filter(dsl::fingerprint.eq(fingerprint))
        .first(conn)
        .optional()?;
    row.map(bounce).transpose()
}

/// Notices, from the oldest on; see [`super::page::fetch`] for the limit.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Bounce>> {
    let mut query = mail_bounces::table.into_boxed();
    if let Some(outcome) = filter.outcome {
        query = query.filter(dsl::outcome.eq(outcome.code()));
    }
    if let Some(email) = &filter.email {
        query = query.filter(dsl::email_key.eq(email.key()));
    }
    if let Some(message) = filter.message {
        query = query.filter(dsl::message_id.eq(Id::of(message.uuid())));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(bounce).collect()
}

/// Of how many messages to an address notices since then said that it can't
/// take mail now.
///
/// # Errors
/// A statement failed.
pub fn soft_since(conn: &mut Conn, email: &Email, since: DateTime<Utc>) -> Result<i64> {
    Ok(mail_bounces::table
        .filter(dsl::email_key.eq(email.key()))
        .filter(dsl::kind.eq(BounceKind::Soft.code()))
        .filter(dsl::created_at.ge(Timestamp(since)))
        .select(diesel::dsl::count(dsl::message_id).aggregate_distinct())
        .first(conn)?)
}

/// How many notices came to what since then.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn counts(conn: &mut Conn, since: DateTime<Utc>) -> Result<Vec<(BounceOutcome, i64)>> {
    let rows: Vec<(String, i64)> = mail_bounces::table
        .filter(dsl::created_at.ge(Timestamp(since)))
        .group_by(dsl::outcome)
        .order(dsl::outcome)
        .select((dsl::outcome, diesel::dsl::count_star()))
        .load(conn)?;
    rows.into_iter()
        .map(|(code, count)| Ok((stored::code(&code, BounceOutcome::from_code)?, count)))
        .collect()
}

/// Messages by which it was learnt since then that an address is no good, as
/// long as it gets no mail for that reason.
///
/// # Errors
/// A statement failed.
pub fn to_look_into(conn: &mut Conn, since: DateTime<Utc>, limit: i64) -> Result<Vec<Waiting>> {
    let still = mail_suppressions::table
        .filter(mail_suppressions::reason.eq(SuppressionReason::HardBounce.code()))
        .filter(dsl::email_key.eq(mail_suppressions::email_key.nullable()));
    let rows: Vec<(Option<Id>, DateTime<Utc>)> = mail_bounces::table
        .filter(dsl::message_id.is_not_null())
        .filter(dsl::outcome.eq(BounceOutcome::Suppressed.code()))
        .filter(dsl::created_at.ge(Timestamp(since)))
        .filter(diesel::dsl::exists(still))
        .order((dsl::created_at, dsl::id))
        .select((dsl::message_id, dsl::created_at))
        .limit(limit)
        .load(conn)?;
    let waiting = |(message, since): (Option<Id>, _)| {
        message.map(|message| Waiting {
            id: message.uuid(),
            programme: None,
            since,
            by: None,
        })
    };
    Ok(rows.into_iter().filter_map(waiting).collect())
}

/// A message that came back for what is held against us, and when, where so
/// many domains sent such notices since then that it is ours to mend: that by
/// which they became so many.
///
/// # Errors
/// A statement failed.
pub fn refused_by_several(
    conn: &mut Conn,
    since: DateTime<Utc>,
) -> Result<Option<(OutboxId, DateTime<Utc>)>> {
    // What failed for good, and has no meaning for its address: a server that
    // makes newcomers wait refuses nobody.
    let rows: Vec<(Option<Id>, Option<String>, DateTime<Utc>)> = mail_bounces::table
        .filter(dsl::created_at.ge(Timestamp(since)))
        .filter(dsl::outcome.eq(BounceOutcome::Noted.code()))
        .filter(dsl::kind.is_null())
        .filter(dsl::status.like("5.%"))
        .filter(dsl::message_id.is_not_null())
        .order((dsl::created_at, dsl::id))
        .select((dsl::message_id, dsl::email_key, dsl::created_at))
        .limit(REFUSALS)
        .load(conn)?;
    let mut domains = BTreeSet::new();
    for (message, email, at) in rows {
        let domain = email.as_deref().and_then(|email| email.rsplit_once('@'));
        if let (Some(message), Some((_, domain))) = (message, domain)
            && domains.insert(domain.to_owned())
            && domains.len() >= SEVERAL
        {
            return Ok(Some((OutboxId::from(message.uuid()), at)));
        }
    }
    Ok(None)
}

/// Forgets notices older than `all`, and those that name no message of ours
/// older than `strange`; answers how many.
///
/// # Errors
/// A statement failed.
pub fn purge(
    conn: &mut Conn,
    all: DateTime<Utc>,
    strange: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    let old = dsl::created_at.lt(Timestamp(all)).or(dsl::message_id
        .is_null()
        .and(dsl::created_at.lt(Timestamp(strange))));
    let ids: Vec<Id> = mail_bounces::table
        .filter(old)
        .order((dsl::created_at, dsl::id))
        .select(dsl::id)
        .limit(limit)
        .load(conn)?;
    Ok(diesel::delete(mail_bounces::table.filter(dsl::id.eq_any(ids))).execute(conn)?)
}

/// Notes to which addresses a message was sent, or tried to.
///
/// # Errors
/// A statement failed.
pub fn note_recipients(
    conn: &mut Conn,
    message: OutboxId,
    recipients: &[Email],
    now: DateTime<Utc>,
) -> Result<()> {
    for email in recipients {
        let insert = diesel::insert_into(mail_recipients::table)
            .values((
                mail_recipients::message_id.eq(Id::of(message.uuid())),
                mail_recipients::email_key.eq(email.key()),
                mail_recipients::email.eq(email.as_str()),
                mail_recipients::created_at.eq(Timestamp(now)),
            ))
            .on_conflict_do_nothing();
        sql::execute(conn, insert)?;
    }
    Ok(())
}

/// To which addresses a message was sent, or tried to.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn recipients(conn: &mut Conn, message: OutboxId) -> Result<Vec<Email>> {
    let emails: Vec<String> = mail_recipients::table
        .filter(mail_recipients::message_id.eq(Id::of(message.uuid())))
        .order(mail_recipients::email_key)
        .select(mail_recipients::email)
        .load(conn)?;
    emails.iter().map(|email| stored::parse(email)).collect()
}

fn bounce(row: Row) -> Result<Bounce> {
    let Row {
        id,
        fingerprint,
        source,
        outcome,
        message,
        email,
        _email_key,
        kind,
        status,
        diagnostic,
        created_at,
    } = row;
    Ok(Bounce {
        id: id.uuid(),
        fingerprint,
        source: stored::code(&source, BounceSource::from_code)?,
        outcome: stored::code(&outcome, BounceOutcome::from_code)?,
        message: message.map(|id| OutboxId::from(id.uuid())),
        email: stored::parse_some(email.as_deref())?,
        kind: stored::code_some(kind.as_deref(), BounceKind::from_code)?,
        status,
        diagnostic,
        created_at,
    })
}
