//! The pool of connections: SQLite's readers, or all of PostgreSQL's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::r2d2::{ManageConnection, Pool as R2d2, R2D2Connection};
use tokio::sync::{Semaphore, oneshot};

use super::job::{Job, Outcome, boxed, opened};
use super::{Conn, Error, OpenError};

/// How long a caller waits for a connection before it hears [`Error::Busy`].
const PATIENCE: Duration = Duration::from_secs(3);

type Establish = dyn Fn() -> Result<Conn, OpenError> + Send + Sync;

/// Blocking work on pooled connections, off the async threads.
#[derive(Clone)]
pub(super) struct Pool {
    connections: R2d2<Manager>,
    /// One permit per connection, so that waiting costs no thread.
    free: Arc<Semaphore>,
}

impl Pool {
    /// A pool of at most `size` connections, made when they are first needed.
    pub(super) fn new(
        size: usize,
        establish: impl Fn() -> Result<Conn, OpenError> + Send + Sync + 'static,
    ) -> Self {
        let size = size.max(1);
        let connections = R2d2::builder()
            .max_size(u32::try_from(size).unwrap_or(u32::MAX))
            .min_idle(Some(0))
            .idle_timeout(None)
            .max_lifetime(None)
            .connection_timeout(PATIENCE)
            // Costs a comparison, not a round trip: see `is_valid`.
            .test_on_check_out(true)
            .error_handler(Box::new(LogAsWarning))
            .build_unchecked(Manager {
                establish: Box::new(establish),
                generation: AtomicU64::new(0),
            });
        Self {
            connections,
            free: Arc::new(Semaphore::new(size)),
        }
    }

    /// Runs `job` on a connection, on a blocking thread. A caller that stops
    /// waiting doesn't stop the job.
    pub(super) async fn run(&self, job: Job) -> Outcome {
        let free = Arc::clone(&self.free).acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, free).await else {
            return Err(Error::Busy.into());
        };
        let pool = self.clone();
        let (answer, answered) = oneshot::channel();
        drop(tokio::task::spawn_blocking(move || {
            let outcome = pool.run_blocking(job);
            drop(permit);
            // Whoever asked may have stopped waiting.
            let _ = answer.send(outcome);
        }));
        answered
            .await
            .unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    /// Runs `job` on this thread if a connection is free at once, and as
    /// [`Self::run`] does if none is.
    pub(super) async fn run_here<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        match self.connections.try_get() {
            Some(mut pooled) => pooled.run(job),
            None => opened(self.run(boxed(job)).await),
        }
    }

    /// Runs `job` on a connection, on this thread.
    pub(super) fn run_blocking<T, E, F>(&self, job: F) -> Result<T, E>
    where
        E: From<Error>,
        F: FnOnce(&mut Conn) -> Result<T, E>,
    {
        let mut pooled = self.connections.get().map_err(|_| self.why_none())?;
        pooled.run(job)
    }

    /// No connection came in time: either all are in use, or none can be made.
    fn why_none(&self) -> Error {
        if self.connections.state().connections > 0 {
            return Error::Busy;
        }
        match self.connections.get_timeout(Duration::ZERO) {
            Ok(_) => Error::Busy,
            Err(error) => Error::Unavailable(error.to_string()),
        }
    }
}

/// A connection and whether it was found dead.
pub(super) struct Pooled {
    conn: Conn,
    lost: bool,
    generation: u64,
}

impl Pooled {
    fn run<T, E, F>(&mut self, job: F) -> Result<T, E>
    where
        E: From<Error>,
        F: FnOnce(&mut Conn) -> Result<T, E>,
    {
        let result = catch_unwind(AssertUnwindSafe(|| job(&mut self.conn)));
        match result {
            Ok(Ok(value)) => Ok(value),
            // The error is of the job's own type, so the connection is asked.
            Ok(Err(error)) => {
                self.lost = self.conn.ping().is_err();
                Err(error)
            }
            Err(_) => {
                self.lost = true;
                Err(Error::Panicked.into())
            }
        }
    }
}

struct Manager {
    establish: Box<Establish>,
    /// Goes up whenever a connection is found dead: a server that stopped
    /// took the others of its time with it, and each would fail one caller.
    generation: AtomicU64,
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = OpenError;

    fn connect(&self) -> Result<Pooled, OpenError> {
        let generation = self.generation.load(Ordering::Relaxed);
        Ok(Pooled {
            conn: (self.establish)()?,
            lost: false,
            generation,
        })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), OpenError> {
        if pooled.generation == self.generation.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(OpenError::Failed(
                "the connection is of an older time".into(),
            ))
        }
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        if pooled.lost {
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
        pooled.lost || pooled.conn.is_broken()
    }
}

/// r2d2 tries again by itself; the operator should know that it has to.
#[derive(Debug)]
struct LogAsWarning;

impl<E: std::fmt::Display> diesel::r2d2::HandleError<E> for LogAsWarning {
    fn handle_error(&self, error: E) {
        tracing::warn!(%error, "a database connection could not be made");
    }
}
