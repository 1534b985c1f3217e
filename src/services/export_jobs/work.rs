//! The work on an export: lines are written to a file as they come, and made
//! into a table where one is wanted. A worker that dies leaves nothing behind;
//! whoever takes the job after its lease begins anew.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::db::Conn;
use crate::db::exports;
use crate::db::imports::Lease;
use crate::domain::event::Actor;
use crate::domain::export::{Export, ExportFormat, ExportState};
use crate::domain::ids::ExportId;

use super::super::files::{Incoming, Received};
use super::super::import_jobs::work::{caller_of, lease};
use super::super::log::Pen;
use super::super::{Caller, Context, Error};
use super::{load, log_move, may_have};

/// Lines that may wait for the disk.
const WAITING: usize = 256;
/// After how long the lease is renewed of a worker that makes a table.
const RENEWED: Duration = Duration::from_secs(10);
/// After how long it is looked again whether compliance has decided.
const LOOKED_AT_AGAIN: TimeDelta = TimeDelta::minutes(10);
/// Bytes that are gathered before they are written.
const PIECE: usize = 256 << 10;

/// Works on the oldest export that waits; answers whether there was one.
///
/// # Errors
/// The store or the disk failed; the job is somebody's again after its lease.
pub async fn work(context: &Context, holder: Uuid) -> Result<bool, Error> {
    let now = context.now();
    let due = move |conn: &mut Conn| Ok::<_, Error>(exports::next_due(conn, now)?);
    let Some(id) = context.db.look_up(due).await? else {
        return Ok(false);
    };
    let lease = lease(context, holder);
    let claim = move |conn: &mut Conn| Ok::<_, Error>(exports::claim(conn, id, lease, now)?);
    let Some(export) = context.db.write(claim).await? else {
        return Ok(true);
    };
    match make(context, holder, export).await {
        // Cancelled, or taken by somebody who thought this worker dead.
        Err(Error::StaleVersion | Error::NotFound) => Ok(true),
        // It would break again for ever.
        Err(Error::Internal(cause)) => {
            tracing::error!(%cause, export = %id, "an export broke");
            let found = context.db.look_up(move |conn| load(conn, id)).await?;
            let state = found.state;
            let failed = found.failed("broken", context.now());
            // Unless somebody else makes it, or has made it, meanwhile.
            match store(context, state, failed, None, holder).await {
                Ok(_) | Err(Error::StaleVersion) => Ok(true),
                Err(error) => Err(error),
            }
        }
        made => made.map(|()| true),
    }
}

async fn make(context: &Context, holder: Uuid, export: Export) -> Result<(), Error> {
    let (person, now) = (export.made_by, context.now());
    let caller = context
        .db
        .read(move |conn| caller_of(conn, person, now))
        .await?;
    let allowed = caller.filter(|caller| may_have(caller, &export).is_ok());
    // In the parts in which it was asked for, whatever came to them.
    let allowed = allowed.map(|caller| {
        let mut own = caller.memberships.clone();
        own.retain(|own| export.parts.iter().any(|part| part.is_played_by(own)));
        Caller::new(caller.user.clone(), own)
    });
    let Some(caller) = allowed else {
        let failed = export.clone().failed("no_longer_allowed", now);
        return store(context, export.state, failed, None, holder)
            .await
            .map(drop);
    };
    if export.may_wait(now) && waits(context, &caller, &export).await? {
        let until = now + LOOKED_AT_AGAIN;
        let (state, later) = (export.state, Lease { holder, until });
        return store(context, state, export.waits(now), Some(later), holder)
            .await
            .map(drop);
    }
    let spool = context.exchange.folder.clone();
    let name = context.new_id();
    let incoming = blocking(move || spool.begin(name)).await?;
    let written = spooled(context, holder, caller.clone(), export.clone(), incoming).await;
    let (export, received) = match written {
        Ok(written) => written,
        // Something that it names is gone, or not theirs to read any more.
        Err(Broken::ByWhatIsThere(export)) => {
            let failed = export.clone().failed("not_readable", context.now());
            return store(context, export.state, failed, None, holder)
                .await
                .map(drop);
        }
        Err(Broken::Other(error)) => return Err(error),
    };
    let (export, received) = match export.wanted.format {
        ExportFormat::Ndjson => (export, received),
        ExportFormat::Csv => tabulated(context, holder, export, received).await?,
        ExportFormat::Zip => archived(context, holder, caller, export, received).await?,
    };
    // Nobody else's file is written over: it is still this worker's, for a
    // whole lease from now on.
    let (state, next) = (export.state, export.clone().at(export.lines, context.now()));
    let export = store(context, state, next, Some(lease(context, holder)), holder).await?;
    let (bytes, digest) = (received.bytes, received.digest);
    let (folder, id) = (context.exchange.folder.clone(), export.id);
    blocking(move || folder.keep(received, id)).await?;
    let ready = export
        .clone()
        .ready(bytes, digest, context.now(), context.exchange.fetch);
    match store(context, export.state, ready, None, holder).await {
        Ok(_) => Ok(()),
        Err(error) => {
            // Where somebody else has it by now, the file is theirs to write.
            let left = context.db.look_up(move |conn| load(conn, id)).await;
            let ended = |export: &Export| !export.state.is_running();
            if left.is_ok_and(|left| ended(&left) && left.state != ExportState::Ready) {
                context.exchange.folder.remove(id);
            }
            Err(error)
        }
    }
}

/// Whether compliance has to decide about something first that the file would
/// leave out. What can't be read at all is no question of that.
async fn waits(context: &Context, caller: &Caller, export: &Export) -> Result<bool, Error> {
    let scribe = context.exchange.scribe.clone();
    let wanted = export.wanted.clone();
    match scribe.waits(context.clone(), caller.clone(), wanted).await {
        Err(Error::NotFound | Error::Forbidden | Error::Invalid(_)) => Ok(false),
        waits => waits,
    }
}

/// Why no lines came.
enum Broken {
    ByWhatIsThere(Box<Export>),
    Other(Error),
}

impl<E: Into<Error>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// The lines as a file, with how far the export is then.
async fn spooled(
    context: &Context,
    holder: Uuid,
    caller: Caller,
    mut export: Export,
    mut incoming: Incoming,
) -> Result<(Export, Received), Broken> {
    let (to, mut lines) = mpsc::channel(WAITING);
    let scribe = context.exchange.scribe.clone();
    let writing = scribe.write(context.clone(), caller, export.wanted.clone(), to);
    let writing = tokio::spawn(writing);
    let mut piece = Vec::with_capacity(PIECE);
    let mut count = 0;
    while let Some(line) = lines.recv().await {
        count += 1;
        piece.extend_from_slice(&line);
        if piece.len() >= PIECE {
            (incoming, piece) = written(incoming, piece).await?;
            let state = export.state;
            let next = export.at(count, context.now());
            export = store(context, state, next, Some(lease(context, holder)), holder).await?;
        }
    }
    match writing.await.map_err(Error::internal)? {
        Ok(()) => {}
        Err(Error::NotFound | Error::Forbidden | Error::Invalid(_)) => {
            return Err(Broken::ByWhatIsThere(Box::new(export)));
        }
        Err(error) => return Err(error.into()),
    }
    (incoming, _) = written(incoming, piece).await?;
    let received = blocking(move || incoming.finish()).await?;
    let state = export.state;
    let next = export.at(count, context.now());
    let export = store(context, state, next, Some(lease(context, holder)), holder).await?;
    Ok((export, received))
}

async fn written(mut to: Incoming, mut piece: Vec<u8>) -> Result<(Incoming, Vec<u8>), Error> {
    blocking(move || {
        to.write(&piece)?;
        piece.clear();
        Ok((to, piece))
    })
    .await
}

/// The lines as a table. However long that takes, the export stays this
/// worker's meanwhile.
async fn tabulated(
    context: &Context,
    holder: Uuid,
    export: Export,
    lines: Received,
) -> Result<(Export, Received), Error> {
    let (folder, name) = (context.exchange.folder.clone(), context.new_id());
    let (scribe, kind) = (context.exchange.scribe.clone(), export.wanted.kind);
    let table = blocking(move || {
        let mut table = folder.begin(name)?;
        let path: PathBuf = lines.path().to_owned();
        scribe.tabulate(kind, &path, &mut table)?;
        table.finish()
    });
    held(context, holder, export, table).await
}

/// The lines and the firm's own files of the documents that they name as an
/// archive.
async fn archived(
    context: &Context,
    holder: Uuid,
    caller: Caller,
    export: Export,
    lines: Received,
) -> Result<(Export, Received), Error> {
    let (folder, name) = (context.exchange.folder.clone(), context.new_id());
    let archive = blocking(move || folder.begin(name)).await?;
    let scribe = context.exchange.scribe.clone();
    let firm = export.wanted.organization;
    let made = scribe.archive(context.clone(), caller, firm, lines, archive);
    held(context, holder, export, made).await
}

/// Waits for something long; the export stays this worker's meanwhile.
async fn held(
    context: &Context,
    holder: Uuid,
    mut export: Export,
    made: impl Future<Output = Result<Received, Error>>,
) -> Result<(Export, Received), Error> {
    let mut made = std::pin::pin!(made);
    loop {
        if let Ok(done) = tokio::time::timeout(RENEWED, &mut made).await {
            return Ok((export, done?));
        }
        let (state, next) = (export.state, export.clone().at(export.lines, context.now()));
        export = store(context, state, next, Some(lease(context, holder)), holder).await?;
    }
}

async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(job).await;
    done.map_err(Error::internal)?.map_err(Error::internal)
}

/// Stores where an export stands now, as long as it is its worker's, and notes
/// a move.
async fn store(
    context: &Context,
    before: ExportState,
    after: Export,
    lease: Option<Lease>,
    holder: Uuid,
) -> Result<Export, Error> {
    let pen = context.pen(Actor::System);
    context
        .db
        .write(move |conn| {
            settle(conn, &pen, before, &after, lease, holder)?;
            Ok(after)
        })
        .await
}

fn settle(
    conn: &mut Conn,
    pen: &Pen,
    before: ExportState,
    after: &Export,
    lease: Option<Lease>,
    holder: Uuid,
) -> Result<(), Error> {
    if !exports::update_held(conn, after, lease, holder)? {
        return Err(Error::StaleVersion);
    }
    if before == after.state {
        return Ok(());
    }
    log_move(conn, pen, before, after)
}

/// Deletes files whose time is over, and later the exports themselves, at most
/// `limit`; answers how many there were.
///
/// # Errors
/// The store failed; what was done stays done.
pub async fn sweep(context: &Context, limit: usize) -> Result<usize, Error> {
    let (now, pen) = (context.now(), context.pen(Actor::System));
    let swept = context
        .db
        .write(move |conn| -> Result<Vec<ExportId>, Error> {
            let over = exports::over(conn, now, limit)?;
            for export in &over {
                if export.state == ExportState::Ready {
                    let after = export.clone().expired(now);
                    if exports::update(conn, &after, None)? {
                        log_move(conn, &pen, export.state, &after)?;
                    }
                } else {
                    exports::delete(conn, export.id)?;
                }
            }
            Ok(over.into_iter().map(|export| export.id).collect())
        })
        .await?;
    for id in &swept {
        context.exchange.folder.remove(*id);
    }
    Ok(swept.len())
}

/// Deletes files that no job knows of: left by a process that died.
///
/// # Errors
/// The store or the disk failed.
pub async fn sweep_left_overs(context: &Context) -> Result<(), Error> {
    let folder = context.exchange.folder.clone();
    let old = blocking(move || folder.old()).await?;
    for file in old {
        let known = context.db.read(move |conn| {
            let import = crate::db::imports::find(conn, file.into())?;
            let export = match load(conn, file.into()) {
                Ok(export) => Some(export),
                Err(Error::NotFound) => None,
                Err(error) => return Err(error),
            };
            Ok::<_, Error>(import.is_some() || export.is_some())
        });
        if !known.await? {
            context.exchange.folder.remove(file);
        }
    }
    Ok(())
}
