//! What has to be sent. A use case enqueues an intent in its own transaction;
//! a worker claims it with a lease, sends with no transaction open, and notes
//! what came of it. A worker that dies loses its lease, and the message is
//! claimed again: at least once, under an id that stays the same.

mod counts;
mod intents;
mod outcome;
mod search;
mod service;
mod untried;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

pub use self::counts::{Counts, counts};
pub use self::intents::{count_since, waiting};
pub use self::outcome::{answered, bounced, dead, done, doubted, dropped, retry, revive};
pub use self::search::{Filter, search};
pub use self::service::{SEVERAL, is_refused_elsewhere, longest_unserved, note_service};
pub use self::untried::{put_off, release, renew, uncount};
use super::page::Cursor;
use super::prepared::Prepare;
use super::schema::outbox::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, keyset, sql, stored};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::OutboxId;
use crate::domain::mail_state::Hold;
use crate::domain::trace::TraceId;

/// How much of an error is kept, in characters.
pub const ERROR_LENGTH: usize = 500;

/// An intent to send something.
#[derive(Debug, Clone)]
pub struct NewMessage<'a> {
    /// Its id, stable over retries.
    pub id: OutboxId,
    /// What it is for; the same intent is never queued twice.
    pub intent_key: &'a str,
    /// How it is sent, such as `mail`.
    pub kind: &'a str,
    /// The record it is about.
    pub subject: Subject,
    /// What the worker needs to know, as JSON.
    pub payload: String,
    /// The Message-ID (RFC 5322), fixed before the first attempt.
    pub message_id: Option<String>,
    /// Not to be sent before.
    pub available_at: DateTime<Utc>,
}

/// Whether an intent was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It is queued now.
    New,
    /// It was queued before; nothing changed.
    Already,
}

/// A message that a worker holds until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its id.
    pub id: OutboxId,
    /// What it is for.
    pub intent_key: String,
    /// How it is sent.
    pub kind: String,
    /// The record it is about.
    pub subject: Subject,
    /// What the worker needs to know, as JSON.
    pub payload: String,
    /// The Message-ID, if it has one.
    pub message_id: Option<String>,
    /// Attempts, this one included.
    pub attempts: u32,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// Since when it may have gone out, by an earlier attempt whose outcome
    /// nobody knows.
    pub sending_since: Option<DateTime<Utc>>,
    /// How often it may have gone out without the server's word for it.
    pub doubts: u32,
    /// When it was first tried: what it is dated.
    pub first_tried_at: Option<DateTime<Utc>>,
    /// Since when no mail server takes it from us.
    pub unserved_since: Option<DateTime<Utc>>,
    /// The trace of the request for which it was queued.
    pub trace: Option<TraceId>,
}

/// What became of a message so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waiting for its time, or held by a worker.
    Pending,
    /// Sent.
    Done,
    /// Given up; a person may revive it.
    Dead,
    /// No longer wanted.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Done, Self::Dead, Self::Cancelled];

    /// The stable code under which it is stored.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// A message as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: OutboxId,
    /// What it is for.
    pub intent_key: String,
    /// How it is sent.
    pub kind: String,
    /// The record it is about.
    pub subject: Subject,
    /// What the worker needs to know, as JSON.
    pub payload: String,
    /// The Message-ID, if it has one.
    pub message_id: Option<String>,
    /// What became of it.
    pub state: State,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is due, or when the holder's lease ends.
    pub available_at: DateTime<Utc>,
    /// The worker that has it now.
    pub holder: Option<Uuid>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// When it was done, given up or cancelled.
    pub finished_at: Option<DateTime<Utc>>,
    /// Since when it is being handed over, or may have gone out without our
    /// knowing.
    pub sending_since: Option<DateTime<Utc>>,
    /// Since when it is known that it didn't arrive, though it was sent.
    pub bounced_at: Option<DateTime<Utc>>,
    /// Why it waits though it is due.
    pub hold: Option<Hold>,
    /// What the mail server said when it took it.
    pub last_answer: Option<String>,
    /// How often it may have gone out without the server's word for it.
    pub doubts: u32,
    /// When it was first tried: what it is dated.
    pub first_tried_at: Option<DateTime<Utc>>,
    /// Since when no mail server takes it from us.
    pub unserved_since: Option<DateTime<Utc>>,
}

/// Which pending messages to cancel.
#[derive(Debug, Clone, Copy)]
pub enum Cancel<'a> {
    /// That one.
    One(OutboxId),
    /// Those whose intent key starts like this.
    Intents(&'a str),
}

/// Queues an intent in the caller's transaction.
///
/// # Errors
/// A statement failed.
pub fn enqueue(conn: &mut Conn, message: &NewMessage<'_>, now: DateTime<Utc>) -> Result<Enqueued> {
    Ok(match sql::insert_outbox(conn, message, now)? {
        0 => Enqueued::Already,
        _ => Enqueued::New,
    })
}

/// Whether a message is due.
///
/// # Errors
/// A statement failed.
pub fn is_anything_due(conn: &mut Conn, now: DateTime<Utc>) -> Result<bool> {
    let due = outbox::table
        .filter(outbox::state.eq("pending"))
        .filter(outbox::available_at.le(Timestamp(now)));
    Ok(diesel::select(diesel::dsl::exists(due)).get_result(conn)?)
}

/// Claims up to `limit` due messages for `holder` until `now + lease`, the
/// longest due first. No two holders get the same one.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn claim(
    conn: &mut Conn,
    holder: Uuid,
    now: DateTime<Utc>,
    lease: chrono::TimeDelta,
    limit: usize,
) -> Result<Vec<Claimed>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sql::claim_outbox(
        conn,
        Id::of(holder),
        Timestamp(now),
        Timestamp(now + lease),
        limit,
    )?;
    let mut claimed: Vec<Claimed> = rows.into_iter().map(claimed).collect::<Result<_>>()?;
    // RETURNING promises no order.
    claimed.sort_by_key(|message| (message.created_at, message.id));
    Ok(claimed)
}

/// Notes that it is about to be handed over and may go out from now on; the
/// first time stays. False if `holder` no longer has it, and then it must not
/// be sent.
///
/// # Errors
/// A statement failed.
pub fn begin_sending(
    conn: &mut Conn,
    id: OutboxId,
    holder: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    let first = held(id, holder).filter(dsl::sending_since.is_null());
    let marked = diesel::update(first)
        .set(dsl::sending_since.eq(Some(Timestamp(now))))
        .prepared()
        .execute(conn)?;
    if marked == 1 {
        return Ok(true);
    }
    let still: i64 = held(id, holder).count().get_result(conn)?;
    Ok(still == 1)
}

/// Notes that the server said no, so that it has not gone out after all;
/// false if `holder` no longer has it.
///
/// # Errors
/// A statement failed.
pub fn not_sent(conn: &mut Conn, id: OutboxId, holder: Uuid) -> Result<bool> {
    let changed = diesel::update(held(id, holder))
        .set(dsl::sending_since.eq(None::<Timestamp>))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Whether a message about a record is being handed over, or may have gone
/// out without our knowing.
///
/// # Errors
/// A statement failed.
pub fn is_sending(conn: &mut Conn, subject: Subject) -> Result<bool> {
    is_marked(conn, subject, &[State::Pending, State::Dead])
}

/// Whether a message about a record is being handed over, or will be tried
/// again though it may have gone out.
///
/// # Errors
/// A statement failed.
pub fn is_under_way(conn: &mut Conn, subject: Subject) -> Result<bool> {
    is_marked(conn, subject, &[State::Pending])
}

fn is_marked(conn: &mut Conn, subject: Subject, states: &[State]) -> Result<bool> {
    let marked = outbox::table
        .filter(dsl::subject_kind.eq(subject.kind.code()))
        .filter(dsl::subject_id.eq(Id::of(subject.id)))
        .filter(dsl::state.eq_any(states.iter().map(|state| state.code())))
        .filter(dsl::sending_since.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(marked)).get_result(conn)?)
}

/// Cancels what is pending and in nobody's hands, and answers how many. What
/// a worker holds is being sent and can't be called back.
///
/// # Errors
/// A statement failed.
pub fn cancel(conn: &mut Conn, which: Cancel<'_>, now: DateTime<Utc>) -> Result<usize> {
    let free = dsl::holder
        .is_null()
        .or(dsl::available_at.le(Timestamp(now)));
    let pending = outbox::table
        .filter(dsl::state.eq(State::Pending.code()))
        .filter(free);
    let cancelled = (
        dsl::state.eq(State::Cancelled.code()),
        dsl::holder.eq(None::<Id>),
        dsl::finished_at.eq(Some(Timestamp(now))),
    );
    Ok(match which {
        Cancel::One(id) => diesel::update(pending.filter(dsl::id.eq(id)))
            .set(cancelled)
            .prepared()
            .execute(conn)?,
        // Keys compare by bytes on both sides, and no text that continues the
        // prefix sorts after its continuation with the last code point.
        Cancel::Intents(prefix) => {
            let end = format!("{prefix}{}", char::MAX);
            let range = dsl::intent_key.ge(prefix).and(dsl::intent_key.lt(end));
            diesel::update(pending.filter(range))
                .set(cancelled)
                .prepared()
                .execute(conn)?
        }
    })
}

/// Messages in a state, or all, from the oldest on; see
/// [`super::page::fetch`] for the limit.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    state: Option<State>,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Message>> {
    let mut query = outbox::table.into_boxed();
    if let Some(state) = state {
        query = query.filter(dsl::state.eq(state.code()));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(message).collect()
}

/// Everything that was queued about a record, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn about(conn: &mut Conn, subject: Subject) -> Result<Vec<Message>> {
    let rows: Vec<Row> = outbox::table
        .filter(dsl::subject_kind.eq(subject.kind.code()))
        .filter(dsl::subject_id.eq(Id::of(subject.id)))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(message).collect()
}

/// The message with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: OutboxId) -> Result<Option<Message>> {
    let row: Option<Row> = outbox::table.find(id).first(conn).optional()?;
    row.map(message).transpose()
}

/// The message that was queued for an intent.
///
/// # Errors
/// A statement failed.
pub fn of_intent(conn: &mut Conn, intent_key: &str) -> Result<Option<OutboxId>> {
    Ok(outbox::table
        .filter(dsl::intent_key.eq(intent_key))
        .select(dsl::id)
        .first(conn)
        .optional()?)
}

/// The Message-ID of the newest message that was sent for an intent whose key
/// starts like this: what a later one continues.
///
/// # Errors
/// A statement failed.
pub fn sent_before(conn: &mut Conn, prefix: &str) -> Result<Option<String>> {
    let end = format!("{prefix}{}", char::MAX);
    let sent: Option<Option<String>> = outbox::table
        .filter(dsl::intent_key.ge(prefix).and(dsl::intent_key.lt(end)))
        .filter(dsl::state.eq(State::Done.code()))
        .filter(dsl::last_error.is_null())
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .select(dsl::message_id)
        .first(conn)
        .optional()?;
    Ok(sent.flatten())
}

#[derive(Queryable)]
pub(super) struct Row {
    id: OutboxId,
    intent_key: String,
    kind: String,
    subject_kind: String,
    subject_id: Id,
    payload: String,
    message_id: Option<String>,
    state: String,
    attempts: i32,
    available_at: DateTime<Utc>,
    holder: Option<Id>,
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    sending_since: Option<DateTime<Utc>>,
    bounced_at: Option<DateTime<Utc>>,
    hold: Option<String>,
    last_answer: Option<String>,
    doubts: i32,
    first_tried_at: Option<DateTime<Utc>>,
    unserved_since: Option<DateTime<Utc>>,
    _unserved_domain: Option<String>,
    trace_id: Option<String>,
}

type Held = diesel::dsl::Filter<
    diesel::dsl::Find<outbox::table, OutboxId>,
    diesel::dsl::And<diesel::dsl::Eq<dsl::holder, Id>, diesel::dsl::Eq<dsl::state, &'static str>>,
>;

/// The row, while it is that holder's. A lease that has ended still counts
/// until somebody else takes it.
fn held(id: OutboxId, holder: Uuid) -> Held {
    outbox::table.find(id).filter(
        dsl::holder
            .eq(Id::of(holder))
            .and(dsl::state.eq(State::Pending.code())),
    )
}

fn message(row: Row) -> Result<Message> {
    let Row {
        id,
        intent_key,
        kind,
        subject_kind,
        subject_id,
        payload,
        message_id,
        state,
        attempts,
        available_at,
        holder,
        last_error,
        created_at,
        finished_at,
        sending_since,
        bounced_at,
        hold,
        last_answer,
        doubts,
        first_tried_at,
        unserved_since,
        _unserved_domain,
        trace_id: _,
    } = row;
    Ok(Message {
        id,
        intent_key,
        kind,
        subject: subject(&subject_kind, subject_id)?,
        payload,
        message_id,
        state: state_of(&state)?,
        attempts: u32::try_from(attempts).unwrap_or_default(),
        available_at,
        holder: holder.map(Uuid::from),
        last_error,
        created_at,
        finished_at,
        sending_since,
        bounced_at,
        hold: stored::code_some(hold.as_deref(), Hold::from_code)?,
        last_answer,
        doubts: u32::try_from(doubts).unwrap_or_default(),
        first_tried_at,
        unserved_since,
    })
}

fn claimed(row: Row) -> Result<Claimed> {
    // Only log lines need it, so one that was damaged is none.
    let trace = row.trace_id.as_deref().and_then(TraceId::of_hex);
    let Message {
        id,
        intent_key,
        kind,
        subject,
        payload,
        message_id,
        attempts,
        created_at,
        sending_since,
        doubts,
        first_tried_at,
        unserved_since,
        ..
    } = message(row)?;
    Ok(Claimed {
        id,
        intent_key,
        kind,
        subject,
        payload,
        message_id,
        attempts,
        created_at,
        sending_since,
        doubts,
        first_tried_at,
        unserved_since,
        trace,
    })
}

fn subject(kind: &str, id: Id) -> Result<Subject> {
    let kind = SubjectKind::from_code(kind)
        .ok_or_else(|| Error::Corrupt(format!("a message about a \"{kind}\"")))?;
    Ok(Subject::new(kind, id))
}

fn state_of(code: &str) -> Result<State> {
    State::from_code(code).ok_or_else(|| Error::Corrupt(format!("a message in state \"{code}\"")))
}

fn short(error: &str) -> String {
    error.chars().take(ERROR_LENGTH).collect()
}
