//! One transaction per use case, done once however often it is asked for.

use std::cell::Cell;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::idempotency::{self, Begin, Outcome, Settled, Slot};
use crate::db::together::{self, Together};
use crate::db::{self, Conn};
use crate::domain::ids::UserId;

use super::telling::Telling;
use super::{Context, Error, Refusal};

/// What a client promises to be the same request when it comes again.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Method and route template.
    pub route: &'static str,
    /// The client's key.
    pub key: String,
    /// SHA-256 of the whole request.
    pub fingerprint: [u8; 32],
    /// What is told of the record, where that is kept with it.
    pub telling: Option<Telling>,
}

impl Intent {
    /// What is told of the record a `find` may withhold
    /// ([`Telling::withhold`]), where there is an intent.
    pub(super) fn telling_of(intent: Option<&Self>) -> Option<Telling> {
        intent.and_then(|intent| intent.telling.clone())
    }

    /// The same, whose record is told of like this.
    #[must_use]
    pub fn told_by(self, telling: &Telling) -> Self {
        Self {
            telling: Some(telling.clone()),
            ..self
        }
    }
}

/// Whether a request of `principal` with that key was taken before.
pub(super) fn is_repetition(
    conn: &mut Conn,
    principal: UserId,
    (route, key): (&str, &str),
) -> Result<bool, Error> {
    let slot = Slot {
        principal: principal.to_string(),
        route: route.to_owned(),
        key: key.to_owned(),
    };
    Ok(idempotency::is_known(conn, &slot)?)
}

/// A record that a use case made or moved, as a replay names it.
pub trait Recorded {
    /// Its id.
    fn id(&self) -> Uuid;
    /// Its version.
    fn version(&self) -> i64;
}

macro_rules! recorded {
    ($($record:path),+ $(,)?) => {$(
        impl Recorded for $record {
            fn id(&self) -> Uuid { self.id.uuid() }
            fn version(&self) -> i64 { self.version }
        }
    )+};
}

impl Recorded for crate::domain::compliance::Clearance {
    fn id(&self) -> Uuid {
        self.id
    }

    /// A check is never changed.
    fn version(&self) -> i64 {
        1
    }
}

impl Recorded for crate::domain::wall::Wall {
    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i64 {
        self.version
    }
}

impl Recorded for crate::db::freezes::FreezeRecord {
    fn id(&self) -> Uuid {
        self.freeze.id
    }

    /// As it was ordered.
    fn version(&self) -> i64 {
        1
    }
}

impl Recorded for crate::domain::rule_set::Simulation {
    fn id(&self) -> Uuid {
        self.id
    }

    /// What was found is never changed.
    fn version(&self) -> i64 {
        1
    }
}

impl Recorded for crate::domain::rates::Batch {
    fn id(&self) -> Uuid {
        self.id
    }

    /// As it was said.
    fn version(&self) -> i64 {
        1
    }
}

impl Recorded for crate::domain::licence::Licence {
    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i64 {
        self.version
    }
}

recorded!(
    crate::domain::organization::Organization,
    crate::domain::duplicate::Duplicate,
    crate::domain::profile::StartupProfile,
    crate::domain::mandate::Mandate,
    crate::domain::investor::InvestorProfile,
    crate::domain::programme::Programme,
    crate::domain::practice::Practice,
    crate::domain::commitment::Commitment,
    crate::domain::rule_set::KeptRuleSet,
    crate::domain::pipeline_set::KeptPipelineSet,
    crate::domain::review::Match,
    crate::domain::releasing::BulkRelease,
    crate::domain::rematch::Rematch,
    crate::domain::introduction::Introduction,
    crate::domain::pipeline::Deal,
    crate::domain::tag::keeping::KeptTag,
    crate::domain::deal_work::DealTask,
    crate::domain::saved_view::SavedView,
    crate::domain::export::Export,
    crate::domain::import::Import,
    crate::domain::document::Document,
);

/// Runs `job` in one transaction. With an intent, a repetition is answered
/// with `find` on the record of the first time, or with the refusal it met:
/// `find` asks whether the caller may still read it, unless that was asked before;
/// a refusal undoes what the job did and is stored alone. A twin that arrives
/// meanwhile waits for the first.
pub async fn write_once<T, J, F>(
    context: &Context,
    principal: UserId,
    intent: Option<Intent>,
    job: J,
    find: F,
) -> Result<T, Error>
where
    T: Recorded + Send + 'static,
    J: FnOnce(&mut Conn) -> Result<T, Error> + Send + 'static,
    F: FnOnce(&mut Conn, Uuid) -> Result<T, Error> + Send + 'static,
{
    let find = |conn: &mut Conn, id, _| find(conn, id);
    write_once_versioned(context, principal, intent, job, find).await
}

/// [`write_once`] of a job that may refuse and keep what it wrote: that it was
/// asked, say. A repetition meets the same refusal and writes nothing.
pub async fn write_once_or_refuse<T, J, F>(
    context: &Context,
    principal: UserId,
    intent: Option<Intent>,
    job: J,
    find: F,
) -> Result<T, Error>
where
    T: Recorded + Send + 'static,
    J: FnOnce(&mut Conn) -> Result<Result<T, Refusal>, Error> + Send + 'static,
    F: FnOnce(&mut Conn, Uuid) -> Result<T, Error> + Send + 'static,
{
    let keep = |made: &Result<T, Refusal>| match made {
        Ok(made) => Outcome::Created {
            id: made.id(),
            version: made.version(),
        },
        Err(refusal) => refused(refusal),
    };
    let again = |conn: &mut Conn, outcome| match outcome {
        Outcome::Created { id, .. } => find(conn, id).map(Ok),
        _ => Err(other_outcome()),
    };
    let made = once(context, principal, intent, job, keep, again).await?;
    made.map_err(Error::Refused)
}

/// [`write_once`] of a job that only reads and decides, and answers what is to
/// be stored with its own answer: see [`db::together`].
pub async fn write_once_together<T, J, F>(
    context: &Context,
    principal: UserId,
    intent: Option<Intent>,
    job: J,
    find: F,
) -> Result<T, Error>
where
    T: Recorded + Send + 'static,
    J: FnOnce(&mut Conn) -> Result<(T, Together<Error>), Error> + Send + 'static,
    F: FnOnce(&mut Conn, Uuid) -> Result<T, Error> + Send + 'static,
{
    let Some(intent) = intent else {
        return context.db.write_together(job).await;
    };
    let now = context.now();
    let telling = intent.telling.clone();
    let (slot, fingerprint) = slot(principal, intent);
    let again = move |conn: &mut Conn, outcome| {
        let find = |conn: &mut Conn, id, _| find(conn, id);
        recorded(conn, outcome, find)
    };
    // The outer result may keep a refusal; the inner one is the answer.
    let job = move |conn: &mut Conn| {
        let heard = (&slot, telling.as_ref());
        let before = idempotency::look(conn, &slot, &fingerprint, now)?;
        if before != Begin::Fresh {
            return replayed(conn, heard, before, again);
        }
        let stored = together::whole(conn, |conn| {
            let (made, stored) = job(conn)?;
            let told = telling.as_ref().and_then(|telling| telling.write(&made));
            let outcome = keep(&made);
            let kept = idempotency::insertion(&slot, &fingerprint, now, &outcome, told)?;
            stored.with(kept).store(conn)?;
            Ok(made)
        });
        let failed = match stored {
            Ok(made) => {
                is_new(heard);
                return Ok(Ok(made));
            }
            Err(failed) => failed,
        };
        // A refusal is kept unless a twin was first, which may be what it was
        // about; as may be anything else that stood in the way.
        if let Error::Refused(refusal) = &failed {
            let outcome = refused(refusal);
            match idempotency::keep(conn, &slot, &fingerprint, now, &outcome) {
                Ok(true) => return Ok(Err(failed)),
                Ok(false) => {}
                Err(db::Error::Busy) => return Err(Error::KeyInUse),
                Err(other) => return Err(other.into()),
            }
        }
        match idempotency::look(conn, &slot, &fingerprint, now)? {
            Begin::Fresh if waited_for_twin(conn, &failed, &slot, &fingerprint, now)? => {
                Err(Error::KeyInUse)
            }
            Begin::Fresh => Err(failed),
            before => replayed(conn, heard, before, again),
        }
    };
    context.db.write_open(job).await?
}

/// [`write_once`] whose answer depends on the version that the first time came
/// to, which `find` is given.
pub async fn write_once_versioned<T, J, F>(
    context: &Context,
    principal: UserId,
    intent: Option<Intent>,
    job: J,
    find: F,
) -> Result<T, Error>
where
    T: Recorded + Send + 'static,
    J: FnOnce(&mut Conn) -> Result<T, Error> + Send + 'static,
    F: FnOnce(&mut Conn, Uuid, i64) -> Result<T, Error> + Send + 'static,
{
    let again = |conn: &mut Conn, outcome| recorded(conn, outcome, find);
    once(context, principal, intent, job, keep, again).await
}

/// What is kept of a record that was made or moved.
fn keep<T: Recorded>(made: &T) -> Outcome {
    Outcome::Created {
        id: made.id(),
        version: made.version(),
    }
}

/// What is kept of a refusal.
fn refused(refusal: &Refusal) -> Outcome {
    Outcome::Refused {
        code: refusal.code.to_string(),
        detail: refusal.detail.clone(),
        missing: refusal.missing.clone(),
    }
}

/// Where a request is kept, and who is to hear what was told of it.
type Heard<'a> = (&'a Slot, Option<&'a Telling>);

/// Reads what was told the first time.
fn hear(conn: &mut Conn, (slot, telling): Heard<'_>, version: i64) -> Result<(), Error> {
    if let Some(telling) = telling
        && let Some(text) = idempotency::told(conn, slot)?
    {
        telling.hear(version, text);
    }
    Ok(())
}

/// Says that there is nothing to be heard yet.
fn is_new((slot, telling): Heard<'_>) {
    if let Some(telling) = telling {
        telling.is_new(slot);
    }
}

/// The record that was made or moved the first time.
fn recorded<T>(
    conn: &mut Conn,
    outcome: Outcome,
    find: impl FnOnce(&mut Conn, Uuid, i64) -> Result<T, Error>,
) -> Result<T, Error> {
    match outcome {
        Outcome::Created { id, version } => find(conn, id, version),
        _ => Err(other_outcome()),
    }
}

/// The answer of the first time; the outer result is an error where nothing is
/// to be stored.
fn replayed<T>(
    conn: &mut Conn,
    heard: Heard<'_>,
    before: Begin,
    again: impl FnOnce(&mut Conn, Outcome) -> Result<T, Error>,
) -> Result<Result<T, Error>, Error> {
    match before {
        Begin::Fresh => Err(Error::internal("a request that is new has no outcome")),
        Begin::Mismatch => Err(Error::KeyReused),
        Begin::Replay(Outcome::Refused {
            code,
            detail,
            missing,
        }) => Ok(Err(Error::Refused(Refusal {
            code: code.into(),
            detail,
            missing,
        }))),
        Begin::Replay(outcome) => {
            let version = match outcome {
                Outcome::Created { version, .. } => version,
                _ => 0,
            };
            let found = again(conn, outcome)?;
            hear(conn, heard, version)?;
            Ok(Ok(found))
        }
    }
}

fn slot(principal: UserId, intent: Intent) -> (Slot, [u8; 32]) {
    let slot = Slot {
        principal: principal.to_string(),
        route: intent.route.to_owned(),
        key: intent.key,
    };
    (slot, intent.fingerprint)
}

/// Runs `job`, which decides several records, in one transaction; a repetition
/// is answered with what became of each the first time.
pub async fn settle_once<J>(
    context: &Context,
    principal: UserId,
    intent: Option<Intent>,
    job: J,
) -> Result<Vec<Settled>, Error>
where
    J: FnOnce(&mut Conn) -> Result<Vec<Settled>, Error> + Send + 'static,
{
    let keep = |settled: &Vec<Settled>| Outcome::Settled(settled.clone());
    let again = |_: &mut Conn, outcome| match outcome {
        Outcome::Settled(settled) => Ok(settled),
        _ => Err(other_outcome()),
    };
    once(context, principal, intent, job, keep, again).await
}

/// A slot belongs to one route, and a route has one kind of outcome.
fn other_outcome() -> Error {
    db::Error::Corrupt("an idempotency key holds the outcome of another route".into()).into()
}

/// `keep` says what is stored of an answer, `again` makes the answer of that.
async fn once<T, J, K, A>(
    context: &Context,
    principal: UserId,
    intent: Option<Intent>,
    job: J,
    keep: K,
    again: A,
) -> Result<T, Error>
where
    T: Send + 'static,
    J: FnOnce(&mut Conn) -> Result<T, Error> + Send + 'static,
    K: FnOnce(&T) -> Outcome + Send + 'static,
    A: FnOnce(&mut Conn, Outcome) -> Result<T, Error> + Send + 'static,
{
    let Some(intent) = intent else {
        return context.db.write(job).await;
    };
    let now = context.now();
    let telling = intent.telling.clone();
    let (slot, fingerprint) = slot(principal, intent);
    let write = move |conn: &mut Conn| {
        let answer = Cell::new(None);
        let (mut job, mut again) = (Some((job, keep)), Some(again));
        let mut first = |conn: &mut Conn| {
            let (job, keep) = job.take().ok_or_else(twice)?;
            let made = job(conn)?;
            let outcome = keep(&made);
            answer.set(Some(made));
            Ok(outcome)
        };
        let mut again = |conn: &mut Conn, outcome: Outcome| {
            let again = again.take().ok_or_else(twice)?;
            answer.set(Some(again(conn, outcome)?));
            Ok(())
        };
        let (heard, of) = ((&slot, telling.as_ref()), (&fingerprint, now));
        let done = in_slot(conn, heard, of, &mut first, &mut again)?;
        Ok::<_, Error>(done.and_then(|()| answer.take().ok_or_else(twice)))
    };
    // The outer result commits the slot; the inner one is the answer.
    context.db.write(write).await?
}

/// What is asked for once is done once.
fn twice() -> Error {
    Error::internal("a job was run twice or not at all")
}

/// Does the job for the first time, or again what came of it; both leave the
/// answer with their caller. The outer result is an error where nothing is to be
/// stored. It is one function for all use cases.
fn in_slot(
    conn: &mut Conn,
    heard: Heard<'_>,
    (fingerprint, now): (&[u8; 32], DateTime<Utc>),
    first: &mut dyn FnMut(&mut Conn) -> Result<Outcome, Error>,
    again: &mut dyn FnMut(&mut Conn, Outcome) -> Result<(), Error>,
) -> Result<Result<(), Error>, Error> {
    let (slot, _) = heard;
    match begin(conn, slot, fingerprint, now)? {
        Begin::Fresh => match db::transaction(conn, first) {
            Ok(outcome) => {
                idempotency::finish(conn, slot, &outcome)?;
                is_new(heard);
                Ok(Ok(()))
            }
            Err(Error::Refused(refusal)) => {
                idempotency::finish(conn, slot, &refused(&refusal))?;
                Ok(Err(Error::Refused(refusal)))
            }
            // Anything else did nothing and may come out otherwise next time,
            // so the slot is given back.
            Err(other) => Err(other),
        },
        before => replayed(conn, heard, before, again),
    }
}

/// Whether it was a twin that was waited for in vain.
fn waited_for_twin(
    conn: &mut Conn,
    failed: &Error,
    slot: &Slot,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    if !matches!(failed, Error::Busy { .. }) {
        return Ok(false);
    }
    let mut held = false;
    // Looking takes the slot if it is free, so that is undone.
    let undone = db::transaction(conn, |conn| {
        held = idempotency::is_held(conn, slot, fingerprint, now)?;
        Err::<(), _>(db::Error::Busy)
    });
    match undone {
        Err(db::Error::Busy) | Ok(()) => Ok(held),
        Err(other) => Err(other.into()),
    }
}

/// Takes the slot once no twin has it; one that takes too long is told apart
/// from a store that is busy.
fn begin(
    conn: &mut Conn,
    slot: &Slot,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Begin, Error> {
    match idempotency::begin(conn, slot, fingerprint, now) {
        Err(db::Error::Busy) => Err(Error::KeyInUse),
        other => Ok(other?),
    }
}
