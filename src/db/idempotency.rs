//! What a request that carries an `Idempotency-Key` came to, so that its
//! repetition is answered and not done again
//! (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! [`begin`] is the first statement of the transaction of the effect and
//! [`finish`] its last. A twin that arrives meanwhile waits: on SQLite for
//! its turn, on PostgreSQL for the row's lock.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use super::prepared::Prepare;
use super::schema::forgotten_answers;
use super::schema::idempotency_keys::{self, dsl};
use super::together::Part;
use super::types::Timestamp;
use super::{Conn, Error, Result, json, sql, transaction};
use crate::domain::event::SubjectKind;
use crate::domain::fault::Fault;

/// How long an outcome is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

/// An erasure is committed no later than this after it had answers forgotten.
/// Whoever began before that may have read what it takes away, and is committed
/// after it (on PostgreSQL, where several write at a time).
const UNTIL_COMMITTED: TimeDelta = TimeDelta::minutes(1);

/// Where a key counts: never alone, or one caller could read another's
/// outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Who asks.
    pub principal: String,
    /// Method and route template.
    pub route: String,
    /// The key as sent.
    pub key: String,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The record was made or moved.
    Created {
        /// Which record.
        id: Uuid,
        /// Its version just after.
        version: i64,
    },
    /// It was refused for good.
    Refused {
        /// The stable code of the refusal.
        code: String,
        /// The sentence for people.
        detail: String,
        /// What would have to be there.
        missing: Vec<Fault>,
    },
    /// Several records were decided, each for itself.
    Settled(Vec<Settled>),
}

/// What became of one of several records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Which of the questions asked it belongs to, from 0.
    pub place: usize,
    /// What kind of record.
    pub kind: SubjectKind,
    /// Which.
    pub id: Uuid,
    /// Where it stands now, or the code of the refusal.
    pub outcome: std::result::Result<String, String>,
}

/// Whether a request is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// It is: go on, then [`finish`].
    Fresh,
    /// It was answered before, like this.
    Replay(Outcome),
    /// The key was used for another request.
    Mismatch,
}

/// Whether a request with that key was taken before, whatever it said.
///
/// # Errors
/// A statement failed.
pub fn is_known(conn: &mut Conn, slot: &Slot) -> Result<bool> {
    let known = idempotency_keys::table
        .filter(dsl::principal.eq(&slot.principal))
        .filter(dsl::route.eq(&slot.route))
        .filter(dsl::key.eq(&slot.key));
    Ok(diesel::select(diesel::dsl::exists(known)).get_result(conn)?)
}

/// Takes the slot, or says what it holds. `fingerprint` is the SHA-256 of the
/// canonical request.
///
/// # Errors
/// [`Error::Busy`] when a twin takes longer than the lock's time limit.
pub fn begin(
    conn: &mut Conn,
    slot: &Slot,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Begin> {
    if sql::take_idempotency(conn, slot, fingerprint, now, now + KEPT)? == 1 {
        return Ok(Begin::Fresh);
    }
    look(conn, slot, fingerprint, now)
}

/// What the slot holds, without taking it; what is past its time goes. What a
/// twin has not committed yet is not seen. For who stores the outcome with the
/// effect itself ([`insertion`]): where that fails, the slot is to be looked at
/// again.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn look(
    conn: &mut Conn,
    slot: &Slot,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Begin> {
    let held: Option<(Vec<u8>, Option<String>, DateTime<Utc>)> = row(slot)
        .select((dsl::fingerprint, dsl::outcome, dsl::expires_at))
        .first(conn)
        .optional()?;
    let Some((found, outcome, expires_at)) = held else {
        return Ok(Begin::Fresh);
    };
    if expires_at <= now {
        delete_expired(conn, slot, now)?;
        return Ok(Begin::Fresh);
    }
    if found != fingerprint {
        return Ok(Begin::Mismatch);
    }
    match outcome {
        Some(text) => json::outcome::decode(&text).map(Begin::Replay),
        None => Err(Error::Corrupt(
            "an idempotency key was committed without its outcome".into(),
        )),
    }
}

/// What stores a request with what it came to and what is told of that, together
/// with its effect. It waits for a twin, and fails where that was first.
///
/// # Errors
/// The outcome can't be written down.
pub fn insertion(
    slot: &Slot,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
    outcome: &Outcome,
    told: Option<String>,
) -> Result<Part> {
    let insert = diesel::insert_into(idempotency_keys::table).values((
        dsl::principal.eq(slot.principal.clone()),
        dsl::route.eq(slot.route.clone()),
        dsl::key.eq(slot.key.clone()),
        dsl::fingerprint.eq(fingerprint.to_vec()),
        dsl::outcome.eq(json::outcome::encode(outcome)?),
        dsl::created_at.eq(Timestamp(now)),
        dsl::expires_at.eq(Timestamp(now + KEPT)),
        dsl::told.eq(told),
    ));
    Ok(Part::new(insert))
}

/// Whether a twin has the slot that is not done yet. On SQLite, where one
/// writes at a time, none can be.
///
/// # Errors
/// A statement failed.
#[cfg_attr(
    not(feature = "postgres"),
    expect(unused_variables, reason = "there is nothing to look at")
)]
pub fn is_held(
    conn: &mut Conn,
    slot: &Slot,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool> {
    match conn {
        Conn::Sqlite(_) => Ok(false),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => {
            diesel::sql_query("SET LOCAL lock_timeout = 1").execute(inner)?;
            match sql::take_idempotency(conn, slot, fingerprint, now, now + KEPT) {
                Err(Error::Busy) => Ok(true),
                other => other.map(|_| false),
            }
        }
    }
}

/// What was told of a request, if that was kept and not forgotten.
///
/// # Errors
/// A statement failed.
pub fn told(conn: &mut Conn, slot: &Slot) -> Result<Option<String>> {
    let later = forgotten_answers::table.filter(forgotten_answers::at.ge(dsl::created_at));
    let told: Option<Option<String>> = row(slot)
        .filter(not(exists(later)))
        .select(dsl::told)
        .first(conn)
        .optional()?;
    Ok(told.flatten())
}

/// Keeps what was told of a request that was done.
///
/// # Errors
/// A statement failed.
pub fn keep_told(conn: &mut Conn, slot: &Slot, text: &str) -> Result<()> {
    diesel::update(row(slot).filter(dsl::told.is_null()))
        .set(dsl::told.eq(text))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// Forgets what was told of all requests until `now`, and of those that may run
/// beside: whoever it speaks of is erased. Their repetitions are told what is on
/// record then. It adds a row and waits for nobody; [`sweep_told`] deletes the
/// words.
///
/// # Errors
/// A statement failed.
pub fn forget_told(conn: &mut Conn, now: DateTime<Utc>) -> Result<()> {
    let committed = now + run_for(conn)? + UNTIL_COMMITTED;
    let insert = diesel::insert_into(forgotten_answers::table)
        .values((
            forgotten_answers::at.eq(Timestamp(committed)),
            forgotten_answers::swept.eq(false),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    Ok(())
}

/// How long the open transaction has run by now: an erasure of much takes its
/// time. On SQLite nobody else writes meanwhile.
#[cfg_attr(
    not(feature = "postgres"),
    expect(clippy::unnecessary_wraps, reason = "PostgreSQL's arm can fail")
)]
fn run_for(conn: &mut Conn) -> Result<TimeDelta> {
    match conn {
        Conn::Sqlite(_) => Ok(TimeDelta::zero()),
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            let micros = diesel::dsl::sql::<diesel::sql_types::BigInt>(
                "CAST(extract(epoch FROM clock_timestamp() - transaction_timestamp())
                 * 1000000 AS bigint)",
            );
            let micros: i64 = diesel::select(micros).get_result(conn)?;
            Ok(TimeDelta::microseconds(micros))
        }
    }
}

/// Deletes the words of up to `limit` answers that are forgotten, and answers
/// of how many. They are taken in one order, and none that [`purge`] takes, so
/// that two who do this never wait for each other in a circle.
///
/// # Errors
/// A statement failed.
pub fn sweep_told(conn: &mut Conn, now: DateTime<Utc>, limit: usize) -> Result<usize> {
    // What began before and ended after the last sweep stays hidden until it
    // has expired, and then the row has nothing more to hide.
    let over = forgotten_answers::table.filter(forgotten_answers::at.le(Timestamp(now - KEPT)));
    diesel::delete(over.filter(forgotten_answers::swept.eq(true))).execute(conn)?;
    let until: Option<DateTime<Utc>> = forgotten_answers::table
        .filter(forgotten_answers::swept.eq(false))
        .select(forgotten_answers::at)
        .order(forgotten_answers::at.desc())
        .first(conn)
        .optional()?;
    let Some(until) = until else {
        return Ok(0);
    };
    let told: Vec<(String, String, String)> = dsl::idempotency_keys
        .filter(dsl::told.is_not_null())
        .filter(dsl::created_at.le(Timestamp(until)))
        .filter(dsl::expires_at.gt(Timestamp(now)))
        .order((dsl::principal, dsl::route, dsl::key))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((dsl::principal, dsl::route, dsl::key))
        .load(conn)?;
    let count = told.len();
    for (principal, route, key) in told {
        let slot = Slot {
            principal,
            route,
            key,
        };
        diesel::update(row(&slot))
            .set(dsl::told.eq(None::<&str>))
            .prepared()
            .execute(conn)?;
    }
    if count < limit {
        // Until its time has come, what it forgets may still be written.
        let over = until.min(now);
        let swept = forgotten_answers::table.filter(forgotten_answers::at.le(Timestamp(over)));
        diesel::update(swept)
            .set(forgotten_answers::swept.eq(true))
            .execute(conn)?;
    }
    Ok(count)
}

/// Stores a request that did nothing with what it came to; false where the slot
/// is taken. Waits for a twin.
///
/// # Errors
/// [`Error::Busy`] when a twin takes longer than the lock's time limit; a
/// statement failed.
pub fn keep(
    conn: &mut Conn,
    slot: &Slot,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
    outcome: &Outcome,
) -> Result<bool> {
    transaction(conn, |conn| {
        if sql::take_idempotency(conn, slot, fingerprint, now, now + KEPT)? == 0 {
            return Ok(false);
        }
        finish(conn, slot, outcome)?;
        Ok(true)
    })
}

/// Stores what the request came to.
///
/// # Errors
/// A statement failed, or [`begin`] did not take the slot in this transaction.
pub fn finish(conn: &mut Conn, slot: &Slot, outcome: &Outcome) -> Result<()> {
    let text = json::outcome::encode(outcome)?;
    let changed = diesel::update(row(slot).filter(dsl::outcome.is_null()))
        .set(dsl::outcome.eq(text))
        .prepared()
        .execute(conn)?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::Corrupt(
            "an outcome for an idempotency key that was not begun".into(),
        ))
    }
}

/// Deletes up to `limit` expired keys and answers how many there were.
///
/// # Errors
/// A statement failed.
pub fn purge(conn: &mut Conn, now: DateTime<Utc>, limit: usize) -> Result<usize> {
    let expired: Vec<(String, String, String)> = dsl::idempotency_keys
        .filter(dsl::expires_at.le(Timestamp(now)))
        .order(dsl::expires_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((dsl::principal, dsl::route, dsl::key))
        .load(conn)?;
    let mut deleted = 0;
    for (principal, route, key) in expired {
        let slot = Slot {
            principal,
            route,
            key,
        };
        deleted += delete_expired(conn, &slot, now)?;
    }
    Ok(deleted)
}

fn delete_expired(conn: &mut Conn, slot: &Slot, now: DateTime<Utc>) -> Result<usize> {
    let expired = row(slot).filter(dsl::expires_at.le(Timestamp(now)));
    Ok(diesel::delete(expired).execute(conn)?)
}

type Row<'a> = diesel::dsl::Find<idempotency_keys::table, (&'a str, &'a str, &'a str)>;

fn row(slot: &Slot) -> Row<'_> {
    idempotency_keys::table.find((
        slot.principal.as_str(),
        slot.route.as_str(),
        slot.key.as_str(),
    ))
}
