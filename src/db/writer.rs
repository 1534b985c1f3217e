//! The one thread that writes to SQLite, with group commit.
//!
//! Jobs queue in a bounded channel. Up to [`GROUP`] of them share one
//! `BEGIN IMMEDIATE … COMMIT` and so one `fsync`, each in a savepoint of its
//! own; the log is sealed at the end of the group; nobody hears an answer
//! before the COMMIT stands. If it fails, every job of the group hears
//! [`Error::Unavailable`] and none is run again: a job is not repeatable.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use tokio::sync::{oneshot, watch};

use super::transaction::{depth, transaction};
use super::{Conn, Error, OpenError, Result, events, sql};

/// The most jobs that share a commit.
const GROUP: usize = 64;

/// Hands jobs to the thread.
pub(super) struct Writer {
    jobs: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread, which writes to what `connect` opens. `sealed` hears
    /// the highest position after each group that moved it.
    pub(super) fn start(
        connect: impl Fn() -> std::result::Result<Conn, OpenError> + Send + 'static,
        queue: usize,
        sealed: watch::Sender<i64>,
    ) -> std::result::Result<Self, OpenError> {
        let conn = connect()?;
        let (sender, jobs) = sync_channel(queue.max(1));
        let worker = Worker {
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
        })
    }

    /// Queues a job; its answer comes once the commit stands.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full, [`Error::Unavailable`] after
    /// [`Self::stop`].
    pub(super) fn submit<T, E, F>(
        &self,
        job: F,
    ) -> Result<oneshot::Receiver<std::result::Result<T, E>>>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Conn) -> std::result::Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work: Box<dyn Job> = Box::new(Work { job, answer });
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

/// Tells a caller what became of its job, once the group's fate is known.
type Answer = Box<dyn FnOnce(std::result::Result<(), &str>) + Send>;

/// A job whose types have been erased.
trait Job: Send {
    /// Runs it in a savepoint.
    fn run(self: Box<Self>, conn: &mut Conn) -> Answer;
    /// Answers without running it.
    fn refuse(self: Box<Self>, why: Error);
}

struct Work<T, E, F> {
    job: F,
    answer: oneshot::Sender<std::result::Result<T, E>>,
}

impl<T, E, F> Job for Work<T, E, F>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: FnOnce(&mut Conn) -> std::result::Result<T, E> + Send + 'static,
{
    fn run(self: Box<Self>, conn: &mut Conn) -> Answer {
        let Self { job, answer } = *self;
        let result = transaction(conn, job);
        Box::new(move |committed| {
            let result = match committed {
                Ok(()) => result,
                Err(why) => Err(Error::Unavailable(why.to_owned()).into()),
            };
            // Whoever asked may have stopped waiting.
            let _ = answer.send(result);
        })
    }

    fn refuse(self: Box<Self>, why: Error) {
        let _ = self.answer.send(Err(why.into()));
    }
}

type Connect = dyn Fn() -> std::result::Result<Conn, OpenError> + Send;

struct Worker {
    /// `None` after the connection was lost, until the next group.
    conn: Option<Conn>,
    connect: Box<Connect>,
    sealed: watch::Sender<i64>,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            let group = std::iter::once(first)
                .chain(jobs.try_iter())
                .take(GROUP)
                .collect();
            self.commit(group);
        }
    }

    fn commit(&mut self, group: Vec<Box<dyn Job>>) {
        let conn = match self.begin() {
            Ok(conn) => conn,
            Err(why) => return refuse(group, &why),
        };
        let mut answers = Vec::with_capacity(group.len());
        let mut jobs = group.into_iter();
        for job in jobs.by_ref() {
            answers.push(job.run(conn));
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
            Ok(position) => announce(&self.sealed, position),
            Err(error) => {
                tracing::error!(%error, jobs = answers.len(), "a group of writes was lost");
                self.conn = None;
            }
        }
        for answer in answers {
            answer(fate.as_ref().map(|&()| ()).map_err(String::as_str));
        }
        refuse(
            jobs.collect(),
            &Error::Unavailable("the group was lost".into()),
        );
    }

    fn begin(&mut self) -> Result<&mut Conn> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => (self.connect)().map_err(|error| Error::Unavailable(error.to_string()))?,
        };
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

fn seal_and_commit(conn: &mut Conn) -> Result<i64> {
    if !matches!(depth(conn), Ok(1)) {
        return Err(Error::Unavailable(
            "the transaction was ended by the database".into(),
        ));
    }
    sql::search::put_waiting(conn)?;
    while events::seal(conn, events::SEAL_BATCH)? == events::SEAL_BATCH {}
    let head = events::head(conn)?;
    <Conn as Connection>::TransactionManager::commit_transaction(conn)?;
    Ok(head.position)
}

pub(super) fn announce(sealed: &watch::Sender<i64>, position: i64) {
    sealed.send_if_modified(|known| {
        let moved = *known < position;
        *known = position.max(*known);
        moved
    });
}

fn refuse(jobs: Vec<Box<dyn Job>>, why: &Error) {
    for job in jobs {
        job.refuse(match why {
            Error::Busy => Error::Busy,
            other => Error::Unavailable(other.to_string()),
        });
    }
}
