//! PostgreSQL: connections and writes. A write is one transaction at READ
//! COMMITTED; row locks and version checks do the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, RunQueryDsl};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::job::{Job, Outcome};
use super::pool::Pool;
use super::transaction::transaction;
use super::url::Target;
use super::writer::closed;
use super::{Conn, Error, OpenError, Url};

/// A connection; a statement waits for a lock no longer than `lock_timeout`.
pub(super) fn connect(url: &str, lock_timeout: Option<Duration>) -> Result<Conn, OpenError> {
    let cannot = |reason: String| OpenError::CannotConnect {
        url: Url(Target::Postgres(url.to_owned())).to_string(),
        reason,
    };
    let mut conn = PgConnection::establish(url).map_err(|error| cannot(error.to_string()))?;
    conn.batch_execute(&format!(
        "SET application_name = 'corridor'; SET lock_timeout = {}; {IN_ENGLISH}; {OF_TODAY}",
        lock_timeout.map_or(0, |wait| wait.as_millis())
    ))
    .map_err(|error| cannot(error.to_string()))?;
    let spoken = diesel::dsl::sql::<Text>("SELECT current_setting('lc_messages')");
    let spoken: String = spoken
        .get_result(&mut conn)
        .map_err(|error| cannot(error.to_string()))?;
    if !is_english(&spoken) {
        return Err(cannot(format!(
            "the server speaks {spoken}, and conflicts are told apart by its English messages: \
             a superuser can say ALTER ROLE … SET lc_messages = 'C'"
        )));
    }
    Ok(Conn::Postgres(conn))
}

/// [`connect`] to a store that is only looked at.
pub(super) fn looker(url: &str, lock_timeout: Duration) -> Result<Conn, OpenError> {
    let mut conn = connect(url, Some(lock_timeout))?;
    conn.batch_execute("SET default_transaction_read_only = on")
        .map_err(|error| OpenError::Failed(error.to_string()))?;
    Ok(conn)
}

/// Diesel hands on no error codes, so [`Error`] knows some failures by their
/// English text. Not every role may set the language.
const IN_ENGLISH: &str = "DO $$ BEGIN
    PERFORM set_config('lc_messages', 'C', false);
    EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$";

/// What reading a page in its place costs, beside those in a row. The server's
/// stock value is that of turning disks: by it the plan for any values looks so
/// much dearer than one for these that each page of a list is planned anew. Who
/// has set another knows better.
const OF_TODAY: &str = "DO $$ BEGIN
    IF current_setting('random_page_cost')::float8 = 4 THEN
        PERFORM set_config('random_page_cost', '1.1', false);
    END IF;
END $$";

fn is_english(locale: &str) -> bool {
    locale == "C"
        || locale == "POSIX"
        || locale.starts_with("C.")
        || locale.starts_with("en")
        || locale.starts_with("English")
}

/// Admits writes and tells the sealer of them.
pub(super) struct Writes {
    /// One permit per write that runs or waits.
    queue: Arc<Semaphore>,
    length: u32,
    stopped: AtomicBool,
    unsealed: Notify,
}

impl Writes {
    pub(super) fn new(queue: usize) -> Self {
        let length = u32::try_from(queue.max(1)).unwrap_or(u32::MAX);
        Self {
            queue: Arc::new(Semaphore::new(length as usize)),
            length,
            stopped: AtomicBool::new(false),
            unsealed: Notify::new(),
        }
    }

    /// A serialization failure or deadlock is [`Error::Busy`]; a job can't be
    /// run twice.
    pub(super) async fn run(&self, pool: &Pool, job: Job) -> Outcome {
        let outcome = self.run_quietly(pool, job).await;
        self.unsealed.notify_one();
        outcome
    }

    /// [`Self::run`] of a job that opens its transaction itself, or needs none
    /// because it writes with one statement.
    pub(super) async fn run_open(&self, pool: &Pool, job: Job) -> Outcome {
        let place = self.admit()?;
        let job: Job = Box::new(move |conn| {
            let _place = place;
            job(conn)
        });
        let outcome = pool.run(job).await;
        self.unsealed.notify_one();
        outcome
    }

    /// [`Self::run`] for the sealer itself, which would otherwise wake itself
    /// for ever.
    pub(super) async fn run_quietly(&self, pool: &Pool, job: Job) -> Outcome {
        let place = self.admit()?;
        let job: Job = Box::new(move |conn| {
            let _place = place;
            transaction(conn, job)
        });
        pool.run(job).await
    }

    pub(super) fn run_blocking(&self, pool: &Pool, job: Job) -> Outcome {
        let _place = self.admit()?;
        let outcome = pool.run_blocking(|conn| transaction(conn, job));
        self.unsealed.notify_one();
        outcome
    }

    fn admit(&self) -> Result<OwnedSemaphorePermit, Error> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(closed());
        }
        Arc::clone(&self.queue)
            .try_acquire_owned()
            .map_err(|_| Error::Busy)
    }

    pub(super) async fn unsealed(&self) {
        self.unsealed.notified().await;
    }

    /// Admits no more writes, and waits for those that were admitted.
    pub(super) async fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        // All places are free once every write has given its own back. The
        // queue is never closed, so this can't fail.
        let _ = self.queue.acquire_many(self.length).await;
    }
}
