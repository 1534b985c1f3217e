//! The log as use cases write and read it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::Conn;
use crate::db::events;
pub use crate::db::events::{Kinds, SealedEvent};
use crate::db::together::Part;
use crate::domain::event::{Actor, Event, Payload, Subject, SubjectKind, Value};
use crate::domain::permission::Operation;

use super::{Caller, Context, Error};

/// Most events of one answer.
pub const PAGE: usize = 100;

/// A use case's pen: appends events of one actor at one instant.
#[derive(Clone)]
pub struct Pen {
    context: Context,
    actor: Actor,
    silent: bool,
}

impl Context {
    /// A pen for what that actor does now.
    pub fn pen(&self, actor: Actor) -> Pen {
        Pen {
            context: self.clone(),
            actor,
            silent: false,
        }
    }
}

impl Pen {
    /// The service's own: what it finds by itself is not on record as found by
    /// whoever happened to write.
    pub(super) fn of_system(&self) -> Self {
        Self {
            silent: self.silent,
            ..self.context.pen(Actor::System)
        }
    }

    /// One that appends nothing, for what is tried and undone: then nobody will
    /// read of it, and whoever looks what follows from an event needn't.
    #[must_use]
    pub(super) fn silent(self) -> Self {
        Self {
            silent: true,
            ..self
        }
    }

    /// Whether it appends nothing.
    pub(super) const fn is_silent(&self) -> bool {
        self.silent
    }

    /// When it writes.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.context.now()
    }

    /// A new id.
    pub(super) fn new_id<T: From<Uuid>>(&self) -> T {
        self.context.new_id()
    }

    /// Appends an event to the open transaction, unless it is silent.
    pub fn append(
        &self,
        conn: &mut Conn,
        kind: &'static str,
        subject: (SubjectKind, impl Into<Uuid>),
        payload: Payload,
    ) -> Result<(), Error> {
        if self.silent {
            return Ok(());
        }
        Ok(events::append(conn, &self.event(kind, subject, payload))?)
    }

    /// What appends an event together with what it tells of.
    pub fn insertion(
        &self,
        kind: &'static str,
        subject: (SubjectKind, impl Into<Uuid>),
        payload: Payload,
    ) -> Result<Part, Error> {
        Ok(events::insertion(&self.event(kind, subject, payload))?)
    }

    fn event(
        &self,
        kind: &'static str,
        subject: (SubjectKind, impl Into<Uuid>),
        payload: Payload,
    ) -> Event {
        Event {
            id: self.context.new_id(),
            at: self.context.now(),
            kind,
            subject: Subject::new(subject.0, subject.1),
            actor: self.actor,
            payload,
        }
    }
}

/// The timeline of a record that the caller was found to be allowed to read.
pub async fn timeline(
    context: &Context,
    subject: Subject,
    after: i64,
    limit: usize,
) -> Result<Vec<SealedEvent>, Error> {
    let limit = limit.min(PAGE);
    context
        .db
        .read(move |conn| Ok(events::timeline(conn, subject, after, limit)?))
        .await
}

/// [`timeline`], as far as the events are of some kinds.
pub async fn timeline_of(
    context: &Context,
    subject: Subject,
    kinds: Kinds,
    after: i64,
) -> Result<Vec<SealedEvent>, Error> {
    context
        .db
        .read(move |conn| Ok(events::timeline_of(conn, subject, kinds, after, PAGE)?))
        .await
}

/// [`timeline`] of a part of some records of a kind, such as a commitment of a
/// programme: of their events those that name it by that fact.
pub async fn timeline_of_part(
    context: &Context,
    (kind, ids): (SubjectKind, Vec<Uuid>),
    part: (&'static str, Value),
    kinds: Kinds,
    after: i64,
    limit: usize,
) -> Result<Vec<SealedEvent>, Error> {
    let limit = limit.min(PAGE);
    let read = move |conn: &mut Conn| {
        let found = events::timeline_of_part(conn, (kind, &ids), &part, kinds, after, limit)?;
        Ok(found)
    };
    context.db.read(read).await
}

/// The whole log after a position, for the auditor.
pub async fn page(
    context: &Context,
    caller: &Caller,
    after: i64,
    limit: usize,
) -> Result<Vec<SealedEvent>, Error> {
    caller.may(Operation::ReadLog, &[])?;
    let limit = limit.min(PAGE);
    context
        .db
        .read(move |conn| Ok(events::page(conn, after, limit)?))
        .await
}
