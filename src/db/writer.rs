//! The one thread that writes to SQLite, with group commit.
//!
//! Jobs queue in a bounded channel. Up to [`GROUP`] of them share one
//! `BEGIN IMMEDIATE … COMMIT` and so one `fsync`, each in a savepoint of its
//! own; the log is sealed at the end of the group; nobody hears an answer
//! before the COMMIT stands. If it fails, every job of the group hears
//! [`Error::Unavailable`] and none is run again: a job is not repeatable.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use tokio::sync::{oneshot, watch};

use super::checkpoints::Checkpoints;
use super::job::{Job, Outcome};
use super::transaction::{depth, transaction};
use super::{Conn, Error, OpenError, Result, events, sql, sqlite};

/// The most jobs that share a commit.
const GROUP: usize = 64;

/// Hands jobs to the thread.
pub(super) struct Writer {
    jobs: Mutex<Option<SyncSender<Work>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    waits: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread, which writes to what `connect` opens. `sealed` hears
    /// the highest position after each group that moved it, `checkpoints` of
    /// each group.
    pub(super) fn start(
        connect: impl Fn() -> std::result::Result<Conn, OpenError> + Send + 'static,
        queue: usize,
        sealed: watch::Sender<i64>,
        checkpoints: Checkpoints,
    ) -> std::result::Result<Self, OpenError> {
        let conn = connect()?;
        let (sender, jobs) = sync_channel(queue.max(1));
        let waits = Arc::new(AtomicBool::new(true));
        let worker = Worker {
            checkpoints,
            shall_wait: Arc::clone(&waits),
            waits: true,
            conn: Some(conn),
            connect: Box::new(connect),
            sealed,
        };
        let thread = thread::Builder::new()
            .name("corridor-writer".into())
            .spawn(move || worker.run(&jobs))
            .map_err(|error| OpenError::Failed(format!("no thread for the writer: {error}")))?;
        Ok(Self {
            jobs: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            waits,
        })
    }

    /// See [`super::Db::wait_for_disk`]; goes for the groups after this one.
    pub(super) fn wait_for_disk(&self, wait: bool) {
        self.waits.store(wait, Ordering::Release);
    }

    /// Queues a job; its answer comes once the commit stands.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full, [`Error::Unavailable`] after
    /// [`Self::stop`].
    pub(super) fn submit(&self, job: Job) -> Result<oneshot::Receiver<Outcome>> {
        let (answer, answered) = oneshot::channel();
        let work = Work { job, answer };
        let jobs = self
            .jobs
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match jobs.as_ref().map(|jobs| jobs.try_send(work)) {
            Some(Ok(())) => Ok(answered),
            Some(Err(TrySendError::Full(_))) => Err(Error::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(closed()),
        }
    }

    /// Takes no more jobs.
    pub(super) fn shut(&self) {
        self.jobs
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
    }

    /// Takes no more jobs, and waits until those in the queue are answered.
    pub(super) fn stop(&self) {
        self.shut();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        // A job that owns the last handle drops it on this very thread.
        if let Some(thread) = thread.filter(|it| it.thread().id() != thread::current().id()) {
            // It can't have panicked: each job is caught.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a job hears when the writer is gone.
pub(super) fn closed() -> Error {
    Error::Unavailable("the store is closed".into())
}

/// A job, and who hears of it.
struct Work {
    job: Job,
    answer: oneshot::Sender<Outcome>,
}

type Connect = dyn Fn() -> std::result::Result<Conn, OpenError> + Send;

struct Worker {
    /// Dropped first, so that its connection is not the last one to be closed,
    /// which would tidy up on its thread.
    checkpoints: Checkpoints,
    /// Whether a commit shall wait for the disk, and whether one does now.
    shall_wait: Arc<AtomicBool>,
    waits: bool,
    /// `None` after the connection was lost, until the next group.
    conn: Option<Conn>,
    connect: Box<Connect>,
    sealed: watch::Sender<i64>,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<Work>) {
        while let Ok(first) = jobs.recv() {
            let group = std::iter::once(first)
                .chain(jobs.try_iter())
                .take(GROUP)
                .collect();
            self.commit(group);
        }
    }

    fn commit(&mut self, group: Vec<Work>) {
        let conn = match self.begin() {
            Ok(conn) => conn,
            Err(why) => return refuse(group, &why),
        };
        let mut answers = Vec::with_capacity(group.len());
        let mut jobs = group.into_iter();
        for Work { job, answer } in jobs.by_ref() {
            answers.push((answer, transaction(conn, job)));
            // An error such as a full disk may have ended the transaction.
            if !matches!(depth(conn), Ok(1)) {
                break;
            }
        }
        let committed = seal_and_commit(conn);
        let fate = match &committed {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        match committed {
            Ok(position) => {
                self.checkpoints.committed();
                if let Some(position) = position {
                    announce(&self.sealed, position);
                }
            }
            Err(error) => {
                tracing::error!(%error, jobs = answers.len(), "a group of writes was lost");
                self.conn = None;
            }
        }
        for (answer, outcome) in answers {
            let outcome = match &fate {
                Ok(()) => outcome,
                Err(why) => Err(Error::Unavailable(why.clone()).into()),
            };
            // Whoever asked may have stopped waiting.
            let _ = answer.send(outcome);
        }
        refuse(
            jobs.collect(),
            &Error::Unavailable("the group was lost".into()),
        );
    }

    fn begin(&mut self) -> Result<&mut Conn> {
        let mut conn = if let Some(conn) = self.conn.take() {
            conn
        } else {
            self.waits = true;
            (self.connect)().map_err(|error| Error::Unavailable(error.to_string()))?
        };
        let shall_wait = self.shall_wait.load(Ordering::Acquire);
        if self.waits != shall_wait {
            conn.batch_execute(sqlite::waiting_for_disk(shall_wait))?;
            self.waits = shall_wait;
        }
        begin_immediate(&mut conn)?;
        Ok(self.conn.insert(conn))
    }
}

/// Takes SQLite's write lock at once: a transaction that begins with a read
/// and then writes can't wait for the lock and fails instead.
pub(super) fn begin_immediate(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => Ok(AnsiTransactionManager::begin_transaction_sql(
            conn,
            "BEGIN IMMEDIATE",
        )?),
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => Ok(AnsiTransactionManager::begin_transaction(conn)?),
    }
}

/// Answers the log's end, if that was moved.
fn seal_and_commit(conn: &mut Conn) -> Result<Option<i64>> {
    if !matches!(depth(conn), Ok(1)) {
        return Err(Error::Unavailable(
            "the transaction was ended by the database".into(),
        ));
    }
    sql::search::put_waiting(conn)?;
    let position = if events::is_unsealed(conn)? {
        Some(seal_all(conn)?.position)
    } else {
        None
    };
    <Conn as Connection>::TransactionManager::commit_transaction(conn)?;
    Ok(position)
}

fn seal_all(conn: &mut Conn) -> Result<events::Head> {
    loop {
        let (count, head) = events::seal_waiting(conn, events::SEAL_BATCH)?;
        if count < events::SEAL_BATCH {
            return Ok(head);
        }
    }
}

pub(super) fn announce(sealed: &watch::Sender<i64>, position: i64) {
    sealed.send_if_modified(|known| {
        let moved = *known < position;
        *known = position.max(*known);
        moved
    });
}

fn refuse(jobs: Vec<Work>, why: &Error) {
    for Work { answer, .. } in jobs {
        let why = match why {
            Error::Busy => Error::Busy,
            other => Error::Unavailable(other.to_string()),
        };
        let _ = answer.send(Err(why.into()));
    }
}
