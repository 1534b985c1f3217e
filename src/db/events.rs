//! The log. Writers append events without a position; the sealer gives the
//! committed ones their place and hash; readers follow the positions.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::practice_schema::practices;
use super::prepared::Prepare;
use super::schema::{deals, events, introductions, log_head};
use super::together::Part;
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, chain, json, sql};
use crate::domain::event::{Actor, Event, Subject, SubjectKind, Value};
use crate::domain::ids::{EventId, ProgrammeId};

/// How many events a sealer takes at once.
pub const SEAL_BATCH: usize = 1_000;

/// An event in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEvent {
    /// Its place, from 1, without gaps.
    pub position: i64,
    /// The chain's hash up to and with it; see [`chain`].
    pub hash: [u8; 32],
    /// Its id.
    pub id: EventId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened, as `<record>.<past participle>`.
    pub kind: String,
    /// To which record.
    pub subject: Subject,
    /// By whom.
    pub actor: Actor,
    /// The facts, in their order.
    pub payload: Vec<(String, Value)>,
    /// The payload's text as it was hashed.
    pub payload_text: String,
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last position given, 0 for an empty log.
    pub position: i64,
    /// The last hash, zeros for an empty log.
    pub hash: [u8; 32],
}

/// The fields that go into the hash, as they are stored.
#[derive(Debug, Clone, Queryable)]
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) position: Option<i64>,
    pub(super) hash: Option<Vec<u8>>,
    pub(super) id: EventId,
    pub(super) at: DateTime<Utc>,
    pub(super) kind: String,
    pub(super) subject_kind: String,
    pub(super) subject_id: Id,
    pub(super) actor_kind: String,
    pub(super) actor_id: Option<Id>,
    pub(super) payload: String,
}

/// A row that has just been given its place.
pub(super) struct Placed {
    pub(super) seq: i64,
    pub(super) position: i64,
    pub(super) hash: [u8; 32],
}

/// Adds an event to the log, in the caller's transaction.
///
/// # Errors
/// A statement failed.
pub fn append(conn: &mut Conn, event: &Event) -> Result<()> {
    insertion(event)?.execute(conn)?;
    Ok(())
}

/// What adds an event to the log, together with what it tells of.
///
/// # Errors
/// Its payload can't be written down.
pub fn insertion(event: &Event) -> Result<Part> {
    let insert = diesel::insert_into(events::table).values((
        events::id.eq(event.id),
        events::at.eq(Timestamp(event.at)),
        events::kind.eq(event.kind),
        events::subject_kind.eq(event.subject.kind.code()),
        events::subject_id.eq(Id::of(event.subject.id)),
        events::actor_kind.eq(event.actor.code()),
        events::actor_id.eq(event.actor.id().map(Id::of)),
        events::payload.eq(json::event::encode(&event.payload)?),
    ));
    Ok(Part::new(insert))
}

/// Gives up to `limit` committed events their positions and hashes, in the
/// order of insertion, and answers how many there were. Must run in a
/// transaction; a second sealer waits for it.
///
/// # Errors
/// A statement failed, or the head is damaged.
pub fn seal(conn: &mut Conn, limit: usize) -> Result<usize> {
    if is_unsealed(conn)? {
        seal_waiting(conn, limit).map(|(count, _)| count)
    } else {
        Ok(0)
    }
}

/// Whether an event waits for its position. Most groups of writes append
/// nothing; the head's lock is then not worth taking.
pub(super) fn is_unsealed(conn: &mut Conn) -> Result<bool> {
    let waiting = events::table.filter(events::position.is_null());
    Ok(diesel::select(diesel::dsl::exists(waiting)).get_result(conn)?)
}

/// [`seal`] where some are known to wait; answers the end of the chain as well.
pub(super) fn seal_waiting(conn: &mut Conn, limit: usize) -> Result<(usize, Head)> {
    let mut head = sql::lock_head(conn).and_then(head_of)?;
    // Read after the lock was granted, so that nothing sealed meanwhile is
    // among them and nothing committed before is missing.
    let rows: Vec<Row> = events::table
        .filter(events::position.is_null())
        .order(events::seq)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    if rows.is_empty() {
        return Ok((0, head));
    }
    let mut placed = Vec::with_capacity(rows.len());
    for row in &rows {
        head.position += 1;
        head.hash = chain::link(&head.hash, head.position, row);
        placed.push(Placed {
            seq: row.seq,
            position: head.position,
            hash: head.hash,
        });
    }
    sql::place_events(conn, &placed)?;
    diesel::update(log_head::table)
        .set((
            log_head::position.eq(head.position),
            log_head::hash.eq(&head.hash[..]),
        ))
        .prepared()
        .execute(conn)?;
    Ok((rows.len(), head))
}

/// The last position given, and whether a committed event waits for one.
///
/// # Errors
/// A statement failed.
pub fn outlook(conn: &mut Conn) -> Result<(i64, bool)> {
    let waiting = events::table.filter(events::position.is_null());
    Ok(log_head::table
        .select((log_head::position, diesel::dsl::exists(waiting)))
        .first(conn)?)
}

/// Sealed events after that position, in order.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn page(conn: &mut Conn, after: i64, limit: usize) -> Result<Vec<SealedEvent>> {
    rows_after(conn, after, limit)?
        .into_iter()
        .map(sealed)
        .collect()
}

/// Sealed events of one record after that position, in order.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn timeline(
    conn: &mut Conn,
    subject: Subject,
    after: i64,
    limit: usize,
) -> Result<Vec<SealedEvent>> {
    let rows: Vec<Row> = events::table
        .filter(events::subject_kind.eq(subject.kind.code()))
        .filter(events::subject_id.eq(Id::of(subject.id)))
        .filter(events::position.gt(after))
        .order(events::position)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(sealed).collect()
}

/// Of which kinds events are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinds {
    /// Of these only.
    Only(&'static [&'static str]),
    /// Of all but these.
    AllBut(&'static [&'static str]),
}

/// [`timeline`], as far as the events are of some kinds.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn timeline_of(
    conn: &mut Conn,
    subject: Subject,
    kinds: Kinds,
    after: i64,
    limit: usize,
) -> Result<Vec<SealedEvent>> {
    let mut query = events::table
        .filter(events::subject_kind.eq(subject.kind.code()))
        .filter(events::subject_id.eq(Id::of(subject.id)))
        .filter(events::position.gt(after))
        .into_boxed();
    query = match kinds {
        Kinds::Only(kinds) => query.filter(events::kind.eq_any(kinds)),
        Kinds::AllBut(kinds) => query.filter(events::kind.ne_all(kinds)),
    };
    let rows: Vec<Row> = query
        .order(events::position)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(sealed).collect()
}

/// [`timeline`] of a part of some records of a kind: their events that name the
/// part by that fact. The facts stand in a text of one form (see
/// `json::event`), in which each is followed by a comma or the end.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn timeline_of_part(
    conn: &mut Conn,
    (kind, ids): (SubjectKind, &[Uuid]),
    part: &(&'static str, Value),
    kinds: Kinds,
    after: i64,
    limit: usize,
) -> Result<Vec<SealedEvent>> {
    let fact = json::event::encode_fact(part)?;
    let named = events::payload
        .like(format!("%,{fact},%"))
        .or(events::payload.like(format!("%,{fact}}}")));
    let ids: Vec<Id> = ids.iter().copied().map(Id::of).collect();
    let mut query = events::table
        .filter(events::subject_kind.eq(kind.code()))
        .filter(events::subject_id.eq_any(ids))
        .filter(events::position.gt(after).assume_not_null())
        .into_boxed();
    query = match kinds {
        Kinds::Only(kinds) => query.filter(events::kind.eq_any(kinds)),
        Kinds::AllBut(kinds) => query.filter(events::kind.ne_all(kinds)),
    };
    let rows: Vec<Row> = query
        .filter(named)
        .order(events::position)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(sealed).collect()
}

/// Sealed events about records of a kind that happened before `until`, in
/// order.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn about(
    conn: &mut Conn,
    kind: SubjectKind,
    until: Option<DateTime<Utc>>,
) -> Result<Vec<SealedEvent>> {
    let mut query = events::table
        .filter(events::subject_kind.eq(kind.code()))
        .filter(events::position.is_not_null())
        .into_boxed();
    if let Some(until) = until {
        query = query.filter(events::at.lt(Timestamp(until)));
    }
    let rows: Vec<Row> = query.order(events::position).load(conn)?;
    rows.into_iter().map(sealed).collect()
}

/// The facts of the last event of a kind about a record, sealed or not.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn last_facts(
    conn: &mut Conn,
    subject: Subject,
    kind: &str,
) -> Result<Option<Vec<(String, Value)>>> {
    let payload: Option<String> = events::table
        .filter(events::subject_kind.eq(subject.kind.code()))
        .filter(events::subject_id.eq(Id::of(subject.id)))
        .filter(events::kind.eq(kind))
        .order((events::at.desc(), events::id.desc()))
        .select(events::payload)
        .first(conn)
        .optional()?;
    payload.map(|text| json::event::decode(&text)).transpose()
}

/// Events of a programme held at a time.
const OF_PROGRAMME: usize = 1_000;

/// Gives `to` each sealed event about a programme, its introductions, deals and
/// practices that happened before `until`, in order. However long the log is,
/// a thousand of them are held at a time, and the places of the others.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn each_of_programme(
    conn: &mut Conn,
    programme: ProgrammeId,
    until: DateTime<Utc>,
    mut to: impl FnMut(&SealedEvent),
) -> Result<()> {
    let places = places_of_programme(conn, programme, until)?;
    for some in places.chunks(OF_PROGRAMME) {
        let rows: Vec<Row> = events::table
            .filter(events::position.eq_any(some.to_vec()))
            .order(events::position)
            .load(conn)?;
        for row in rows {
            to(&sealed(row)?);
        }
    }
    Ok(())
}

/// The positions of those events.
fn places_of_programme(
    conn: &mut Conn,
    programme: ProgrammeId,
    until: DateTime<Utc>,
) -> Result<Vec<Option<i64>>> {
    let itself = Subject::new(SubjectKind::Programme, programme);
    let sealed_by = |kind: SubjectKind| {
        events::table
            .filter(events::position.is_not_null())
            .filter(events::at.lt(Timestamp(until)))
            .filter(events::subject_kind.eq(kind.code()))
            .select(events::position)
    };
    let mut places: Vec<Option<i64>> = sealed_by(itself.kind)
        .filter(events::subject_id.eq(Id::of(itself.id)))
        .load(conn)?;
    // Which programme an introduction or a deal belongs to never changes.
    let introductions = introductions::table
        .filter(introductions::programme_id.eq(programme))
        .select(introductions::id);
    let of_introductions: Vec<Option<i64>> = sealed_by(SubjectKind::Introduction)
        .filter(events::subject_id.eq_any(introductions))
        .load(conn)?;
    places.extend(of_introductions);
    let deals = deals::table
        .filter(deals::programme_id.eq(programme))
        .select(deals::id);
    let of_deals: Vec<Option<i64>> = sealed_by(SubjectKind::Deal)
        .filter(events::subject_id.eq_any(deals))
        .load(conn)?;
    places.extend(of_deals);
    let practices = practices::table
        .filter(practices::programme_id.eq(programme))
        .select(practices::id);
    let of_practices: Vec<Option<i64>> = sealed_by(SubjectKind::Practice)
        .filter(events::subject_id.eq_any(practices))
        .load(conn)?;
    places.extend(of_practices);
    places.sort_unstable();
    Ok(places)
}

/// The end of the chain.
///
/// # Errors
/// A statement failed, or the head is damaged.
pub fn head(conn: &mut Conn) -> Result<Head> {
    let row = log_head::table
        .select((log_head::position, log_head::hash))
        .first(conn)
        .optional()?;
    head_of(row.ok_or_else(|| Error::Corrupt("the log has no head".into()))?)
}

pub(super) fn head_of((position, hash): (i64, Vec<u8>)) -> Result<Head> {
    Ok(Head {
        position,
        hash: thirty_two(hash)?,
    })
}

pub(super) fn rows_after(conn: &mut Conn, after: i64, limit: usize) -> Result<Vec<Row>> {
    Ok(events::table
        .filter(events::position.gt(after))
        .order(events::position)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?)
}

fn sealed(row: Row) -> Result<SealedEvent> {
    let Row {
        seq,
        position,
        hash,
        id,
        at,
        kind,
        subject_kind,
        subject_id,
        actor_kind,
        actor_id,
        payload,
    } = row;
    let damaged = |what: &str| Error::Corrupt(format!("event {seq}: {what}"));
    Ok(SealedEvent {
        position: position.ok_or_else(|| damaged("no position"))?,
        hash: thirty_two(hash.ok_or_else(|| damaged("no hash"))?)?,
        id,
        at,
        kind,
        subject: Subject::new(
            SubjectKind::from_code(&subject_kind).ok_or_else(|| damaged("its subject"))?,
            subject_id,
        ),
        actor: Actor::from_parts(&actor_kind, actor_id.map(Uuid::from))
            .ok_or_else(|| damaged("its actor"))?,
        payload: json::event::decode(&payload)?,
        payload_text: payload,
    })
}

fn thirty_two(bytes: Vec<u8>) -> Result<[u8; 32]> {
    bytes
        .try_into()
        .map_err(|_| Error::Corrupt("a hash in the log is not 32 bytes long".into()))
}
