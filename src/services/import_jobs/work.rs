//! The work on a file: a batch of rows is one transaction, which also holds
//! the place in the file, the counts and the report of its rows. A worker that
//! dies leaves off between two batches; whoever takes the job after its lease
//! goes on there, and no row is done twice.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::db::imports::{self, Lease};
use crate::db::{self, Conn};
use crate::domain::account::{Membership, Role};
use crate::domain::event::Actor;
use crate::domain::ids::{ImportId, UserId};
use crate::domain::import::{Import, ImportFailure, ImportState};
use crate::domain::values::OrganizationKind;

use super::super::imports::batches::rest;
use super::super::{Caller, Context, Error};
use super::hand::Hand;
use super::rows::{Batch, RowReader, Unreadable};
use super::{begin_report, load, log_move};

/// Rows of one transaction: few enough that nobody waits long behind it.
const BATCH: usize = 50;

/// How long a worker waits for a store that can't take more now.
const PAUSE: Duration = Duration::from_millis(500);

/// How often a worker asks a disk for the next rows before it lets go of the
/// job, which is somebody's again after its lease, at the same place.
const READS: u32 = 3;

/// How long it waits after the first time; each wait is twice the one before.
const READ_AGAIN: Duration = Duration::from_millis(150);

/// Hours without a row read after which an import is given up: a disk that
/// was busy, full of open files or taken away for a while is back by then.
const PATIENCE_HOURS: i64 = 6;

/// Works on the oldest import that waits, until it is over, is taken away, or
/// `stop` says so; answers whether there was one.
///
/// # Errors
/// The store or the disk failed; the job is somebody's again after its lease.
pub async fn work(
    context: &Context,
    holder: Uuid,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<bool, Error> {
    let now = context.now();
    let due = move |conn: &mut Conn| Ok::<_, Error>(imports::next_due(conn, now)?);
    let Some(id) = context.db.look_up(due).await? else {
        return Ok(false);
    };
    let lease = lease(context, holder);
    let claim = move |conn: &mut Conn| Ok::<_, Error>(imports::claim(conn, id, lease, now)?);
    let Some(import) = context.db.write(claim).await? else {
        return Ok(true);
    };
    work_on(context, holder, import, stop, &mut |_| ()).await?;
    Ok(true)
}

/// Who has a job in hand from now on.
pub fn lease(context: &Context, holder: Uuid) -> Lease {
    Lease {
        holder,
        until: context.now() + context.exchange.lease,
    }
}

/// Works on an import that `holder` has, batch by batch, and tells `progress`
/// after each; answers it as it was left.
///
/// # Errors
/// As for [`work`].
pub async fn work_on(
    context: &Context,
    holder: Uuid,
    import: Import,
    stop: &(dyn Fn() -> bool + Sync),
    progress: &mut (dyn FnMut(&Import) + Send),
) -> Result<Import, Error> {
    go_on(context, (holder, false), import, stop, progress).await
}

/// [`work_on`] in a process of its own: what it leaves of the time another one
/// on the same store has.
///
/// # Errors
/// As for [`work`].
pub async fn work_beside(
    context: &Context,
    holder: Uuid,
    import: Import,
    progress: &mut (dyn FnMut(&Import) + Send),
) -> Result<Import, Error> {
    go_on(context, (holder, true), import, &|| false, progress).await
}

async fn go_on(
    context: &Context,
    (holder, rests): (Uuid, bool),
    mut import: Import,
    stop: &(dyn Fn() -> bool + Sync),
    progress: &mut (dyn FnMut(&Import) + Send),
) -> Result<Import, Error> {
    let mut ahead: Option<Result<Read, Error>> = None;
    let mut failed_reads = 0;
    while import.state.is_running() {
        if stop() {
            let (id, now) = (import.id, context.now());
            let release =
                move |conn: &mut Conn| Ok::<_, Error>(imports::release(conn, id, holder, now)?);
            context.db.write(release).await?;
            return Ok(import);
        }
        let (mut kept, begun) = (None, Instant::now());
        let reading = match ahead.take() {
            Some(reading) => reading,
            None => read(context, &import, None).await,
        };
        let next = match reading? {
            Read::Rows(reader, batch) => {
                failed_reads = 0;
                // The second pass begins at the top.
                let goes_on = !batch.is_last;
                let advancing = advance(context, holder, import.clone(), batch);
                if goes_on {
                    // The next rows are read while these are put on record.
                    let reading = read(context, &import, Some(reader));
                    let (next, reading) = tokio::join!(advancing, reading);
                    kept = Some(reading);
                    next
                } else {
                    advancing.await
                }
            }
            Read::Nothing(failure) => fail(context, import.clone(), failure).await,
            Read::Disk(error) => {
                failed_reads += 1;
                if failed_reads < READS {
                    tokio::time::sleep(READ_AGAIN * 2_u32.pow(failed_reads - 1)).await;
                    continue;
                }
                if context.now() - import.updated_at < TimeDelta::hours(PATIENCE_HOURS) {
                    return Err(Error::internal(error));
                }
                tracing::error!(%error, import = %import.id, "the file of an import can't be read");
                fail(context, import.clone(), file_unreadable()).await
            }
        };
        import = match next {
            Err(Error::StaleVersion | Error::NotFound) => {
                let id = import.id;
                let now = context.db.look_up(move |conn| load(conn, id)).await?;
                if now.version != import.version {
                    // Somebody cancelled it, or thought this worker dead.
                    return Ok(now);
                }
                // One of its records was changed by somebody meanwhile.
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(Error::Busy { .. }) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            // It would break again at the same row for ever.
            Err(Error::Internal(cause)) => {
                tracing::error!(%cause, import = %import.id, "an import broke");
                fail(context, import, broken()).await?
            }
            next => next?,
        };
        ahead = kept;
        progress(&import);
        if rests {
            rest(begun).await;
        }
    }
    if !import.state.is_open() {
        context.exchange.folder.remove(import.id);
    }
    Ok(import)
}

/// What came of reading on.
enum Read {
    /// The next rows, and who reads on.
    Rows(Box<dyn RowReader>, Batch),
    /// There is nothing to be read there, now or later.
    Nothing(ImportFailure),
    /// The disk would not give it, this time.
    Disk(io::Error),
}

/// Reads the next rows, off the async threads.
async fn read(
    context: &Context,
    import: &Import,
    reader: Option<Box<dyn RowReader>>,
) -> Result<Read, Error> {
    let open = Arc::clone(&context.exchange.open_rows);
    let path = context.exchange.folder.path(import.id);
    let (format, place) = (import.format, import.place);
    let taxonomy = context.taxonomy();
    let job = move || {
        let mut reader = match reader {
            Some(reader) => reader,
            None => open(&path, format, place, taxonomy)?,
        };
        let batch = reader.next(BATCH)?;
        Ok((reader, batch))
    };
    let read: Result<_, Unreadable> = tokio::task::spawn_blocking(job)
        .await
        .map_err(Error::internal)?;
    Ok(match read {
        Ok((reader, batch)) => Read::Rows(reader, batch),
        Err(Unreadable::Form(failure)) => Read::Nothing(failure),
        Err(Unreadable::Header(_)) => Read::Nothing(file_missing()),
        // A shared folder that is not there at all comes back.
        Err(Unreadable::Disk(error))
            if error.kind() == io::ErrorKind::NotFound && context.exchange.folder.is_there() =>
        {
            Read::Nothing(file_missing())
        }
        Err(Unreadable::Disk(error)) => Read::Disk(error),
    })
}

fn file_missing() -> ImportFailure {
    ImportFailure {
        code: "file_missing".to_owned(),
        detail: "The file is not where it was put; hand it in again.".to_owned(),
    }
}

fn file_unreadable() -> ImportFailure {
    ImportFailure {
        code: "file_unreadable".to_owned(),
        detail: "The disk has not given the file back for hours; what is on record by now stays. Hand it in again."
            .to_owned(),
    }
}

fn broken() -> ImportFailure {
    ImportFailure {
        code: "broken".to_owned(),
        detail: "Something broke on our side and was noted; what is on record by now stays."
            .to_owned(),
    }
}

async fn fail(context: &Context, import: Import, failure: ImportFailure) -> Result<Import, Error> {
    let (pen, now) = (context.pen(Actor::System), context.now());
    context
        .db
        .write(move |conn| {
            let after = import.clone().failed(failure, now);
            if !imports::update(conn, &after, None)? {
                return Err(Error::StaleVersion);
            }
            log_move(conn, &pen, &import, &after)?;
            Ok(after)
        })
        .await
}

/// One batch: its rows, their report, the place and the counts.
async fn advance(
    context: &Context,
    holder: Uuid,
    import: Import,
    batch: Batch,
) -> Result<Import, Error> {
    let (lease, context_in) = (lease(context, holder), context.clone());
    context
        .db
        .write(move |conn| {
            // What was decided meanwhile goes first.
            if load(conn, import.id)?.version != import.version {
                return Err(Error::StaleVersion);
            }
            let Some(mut hand) = Hand::of(&context_in, conn, &import)? else {
                let after = import.clone().failed(no_longer_allowed(), context_in.now());
                return finish(&context_in, conn, &import, after, lease);
            };
            let Batch {
                rows,
                place,
                is_last,
            } = batch;
            let rows = if import.is_trial() {
                tried(conn, |conn| hand.put_all(conn, (import.id, true), rows))?
            } else {
                hand.put_all(conn, (import.id, false), rows)?
            };
            imports::put_rows(conn, import.id, &rows)?;
            let mut after = Import {
                place,
                version: import.version + 1,
                updated_at: context_in.now(),
                ..import.clone()
            };
            for row in &rows {
                after.tally.count(row.outcome);
            }
            if is_last {
                let counted = after.clone();
                after = Import {
                    version: import.version + 1,
                    ..after.after_last_row(context_in.now())
                };
                return finish(&context_in, conn, &counted, after, lease);
            }
            finish(&context_in, conn, &import, after, lease)
        })
        .await
}

/// Stores where an import stands now, and notes a move.
fn finish(
    context: &Context,
    conn: &mut Conn,
    before: &Import,
    after: Import,
    lease: Lease,
) -> Result<Import, Error> {
    let lease = Some(lease).filter(|_| after.state.is_running());
    if !imports::update(conn, &after, lease)? {
        return Err(Error::StaleVersion);
    }
    if before.state != after.state {
        begin_report(conn, &after)?;
        log_move(conn, &context.pen(Actor::System), before, &after)?;
    }
    Ok(after)
}

fn no_longer_allowed() -> ImportFailure {
    ImportFailure {
        code: "no_longer_allowed".to_owned(),
        detail: "Whoever handed it in may not do so any more.".to_owned(),
    }
}

/// Why a transaction is undone.
enum Undone<T> {
    Tried(T),
    Failed(Error),
}

impl<T, E: Into<Error>> From<E> for Undone<T> {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What `job` comes to, undone.
pub(in super::super) fn tried<T>(
    conn: &mut Conn,
    job: impl FnOnce(&mut Conn) -> Result<T, Error>,
) -> Result<T, Error> {
    let outcome: Result<(), Undone<T>> =
        db::transaction(conn, |conn| Err(Undone::Tried(job(conn)?)));
    match outcome {
        Err(Undone::Tried(came_to)) => Ok(came_to),
        Err(Undone::Failed(error)) => Err(error),
        Ok(()) => Err(Error::internal("a trial was not undone")),
    }
}

/// A person or a program as it may act at this moment; none when it may not
/// act at all.
pub fn caller_of(conn: &mut Conn, id: UserId, now: DateTime<Utc>) -> Result<Option<Caller>, Error> {
    let Some(user) = db::users::find(conn, id)? else {
        return Ok(None);
    };
    if db::users::disabled_at(conn, id)?.is_some() {
        return Ok(None);
    }
    let Some(client) = db::clients::find(conn, id)? else {
        let memberships = db::users::memberships(conn, id)?;
        return Ok(Some(Caller::new(user, memberships)));
    };
    if !client.is_live(now) {
        return Ok(None);
    }
    let membership = Membership {
        organization: client.organization,
        kind: OrganizationKind::Partner,
        role: if client.scopes.write() {
            Role::Editor
        } else {
            Role::Viewer
        },
    };
    Ok(Some(Caller::new(user, vec![membership])))
}

/// Ends what nobody started in time and deletes what has been over for long,
/// at most `limit` of them; answers how many there were.
///
/// # Errors
/// The store failed; what was done stays done.
pub async fn sweep(context: &Context, limit: usize) -> Result<usize, Error> {
    let (now, pen) = (context.now(), context.pen(Actor::System));
    let swept = context
        .db
        .write(move |conn| -> Result<Vec<ImportId>, Error> {
            let over = imports::over(conn, now, limit)?;
            for import in &over {
                if import.state == ImportState::Checked {
                    let after = import.clone().expired(now);
                    if imports::update(conn, &after, None)? {
                        log_move(conn, &pen, import, &after)?;
                    }
                } else {
                    imports::delete(conn, import.id)?;
                }
            }
            Ok(over.into_iter().map(|import| import.id).collect())
        })
        .await?;
    for id in &swept {
        context.exchange.folder.remove(*id);
    }
    Ok(swept.len())
}
