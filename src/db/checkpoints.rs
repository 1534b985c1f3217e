//! Moving what was committed from SQLite's journal into its file, beside the
//! writer.
//!
//! By itself SQLite does it within a commit, whenever the journal has 1 000
//! pages: the writer and all who wait for it stand still meanwhile. A new record
//! changes some twenty pages, most of them of indexes and the same ones again
//! and again, so that comes every few groups. Here a thread does it, a second
//! after the first commit that was not moved: a page that a hundred commits
//! changed is moved once, and nobody waits (`PASSIVE`). What is durable when
//! doesn't change: a commit is in the journal before it is acknowledged.
//!
//! Where the writer never pauses the journal can't begin anew behind it; at
//! [`JOURNAL_PAGES`] it helps itself, and most is moved by then.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use diesel::connection::SimpleConnection;

use super::{Conn, OpenError};

/// Pages (of 4 KiB) of the journal at which the writer moves them itself.
pub(super) const JOURNAL_PAGES: u32 = 16_384;

/// How long commits are gathered.
const GATHERED: Duration = Duration::from_secs(1);

/// The thread; it ends when this is dropped.
pub(super) struct Checkpoints {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether something was committed that was not moved.
    waiting: bool,
    over: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkpoints {
    /// Starts the thread, on a connection that `connect` opens when something
    /// was committed.
    pub(super) fn start(
        connect: impl Fn() -> Result<Conn, OpenError> + Send + 'static,
    ) -> Result<Self, OpenError> {
        let shared = Arc::<Shared>::default();
        let at = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("corridor-checkpoint".into())
            .spawn(move || run(&at, &connect))
            .map_err(|error| OpenError::Failed(format!("no thread for checkpoints: {error}")))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Something was committed.
    pub(super) fn committed(&self) {
        let mut state = self.shared.state();
        if !state.waiting {
            state.waiting = true;
            self.shared.changed.notify_one();
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.shared.state().over = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It doesn't panic.
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, connect: &dyn Fn() -> Result<Conn, OpenError>) {
    let mut conn = None;
    while wait(shared) {
        if let Err(error) = checkpoint(&mut conn, connect) {
            tracing::warn!(%error, "the journal is not moved into the database; it grows");
            conn = None;
        }
    }
}

/// Waits until something is to be moved; false when all is over.
fn wait(shared: &Shared) -> bool {
    let idle = |state: &mut State| !state.waiting && !state.over;
    let state = shared.changed.wait_while(shared.state(), idle);
    let state = state.unwrap_or_else(PoisonError::into_inner);
    let goes_on = |state: &mut State| !state.over;
    let gathered = shared.changed.wait_timeout_while(state, GATHERED, goes_on);
    let (mut state, _) = gathered.unwrap_or_else(PoisonError::into_inner);
    state.waiting = false;
    !state.over
}

fn checkpoint(
    conn: &mut Option<Conn>,
    connect: &dyn Fn() -> Result<Conn, OpenError>,
) -> Result<(), OpenError> {
    let conn = match conn {
        Some(conn) => conn,
        None => conn.insert(connect()?),
    };
    // Whoever reads what is older, or moves it just now, is not waited for.
    conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")
        .map_err(|error| OpenError::Failed(error.to_string()))
}
