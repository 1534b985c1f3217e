//! Hashing passwords for async code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::password::{HashError, Hasher, NewPassword, Password, Verdict};

/// How far hashing stands back (nice(2)): with all cores busy it still gets
/// about a tenth of what others do, which keeps the p99 of readers within twice
/// what it is without sign-ins (`cargo bench --bench http -- logins`).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting already; try again shortly (503).
    #[error("too many passwords are being checked")]
    Busy,
    /// See [`HashError`].
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// [`Hasher`] for async code: a few at once, so that a flood of sign-ins does
/// not take all memory.
#[derive(Debug, Clone)]
pub struct Passwords {
    hasher: Arc<Hasher>,
    places: Arc<Semaphore>,
    count: usize,
    /// Started with the first password.
    crew: Arc<OnceLock<Crew>>,
    patience: Duration,
    stands_back: bool,
}

impl Passwords {
    /// Runs `hasher` at most `places` times at once (as many as there are
    /// cores is right); who doesn't get a turn within `patience` is told
    /// [`PasswordError::Busy`].
    pub fn new(hasher: Hasher, places: usize, patience: Duration) -> Self {
        let count = places.max(1);
        Self {
            hasher: Arc::new(hasher),
            places: Arc::new(Semaphore::new(count)),
            count,
            crew: Arc::default(),
            patience,
            stands_back: false,
        }
    }

    /// The same on threads that let others go first, so that a flood of
    /// sign-ins doesn't take the time of those who only read. For a service; a
    /// command has nobody else to serve.
    #[must_use]
    pub fn behind_readers(self) -> Self {
        Self {
            crew: Arc::default(),
            stands_back: true,
            ..self
        }
    }

    /// See [`Hasher::hash`].
    pub async fn hash(&self, password: NewPassword) -> Result<String, PasswordError> {
        self.run(move |hasher| hasher.hash(&password)).await
    }

    /// See [`Hasher::verify`].
    pub async fn verify(
        &self,
        typed: Password,
        stored: Option<String>,
    ) -> Result<Verdict, PasswordError> {
        self.run(move |hasher| hasher.verify(&typed, stored.as_deref()))
            .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hasher) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let waiting = Arc::clone(&self.places).acquire_owned();
        let place = tokio::time::timeout(self.patience, waiting)
            .await
            .map_err(|_| PasswordError::Busy)?
            .map_err(|_| PasswordError::Busy)?;
        let hasher = Arc::clone(&self.hasher);
        let (answer, answered) = oneshot::channel();
        // The place goes with the work: a caller who gives up doesn't free it
        // while the memory is still in use.
        let crew = self
            .crew
            .get_or_init(|| Crew::start(self.count, self.stands_back));
        crew.give(Box::new(move || {
            let result = work(&hasher);
            drop(place);
            // Whoever asked may have stopped waiting.
            let _ = answer.send(result);
        }));
        Ok(answered.await.map_err(|_| HashError::Failed)??)
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that only hash. They are their own because a thread can step back
/// but not forward again, and they stay because each new one would keep the
/// memory of its hash for itself. They end when the crew is dropped.
#[derive(Debug)]
struct Crew(Sender<Job>);

impl Crew {
    fn start(count: usize, stands_back: bool) -> Self {
        let (sender, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..count {
            let jobs = Arc::clone(&jobs);
            // Without a thread its place stays empty; without any the job is
            // dropped, and with it its answer.
            let _ = thread::Builder::new()
                .name("corridor-hash".to_owned())
                .spawn(move || {
                    if stands_back {
                        stand_back();
                    }
                    while let Some(job) = next(&jobs) {
                        // A job that panics takes its answer with it, and
                        // only that.
                        let _ = catch_unwind(AssertUnwindSafe(job));
                    }
                });
        }
        Self(sender)
    }

    fn give(&self, job: Job) {
        // It fails only when no thread is left to take it.
        let _ = self.0.send(job);
    }
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv()
        .ok()
}

/// Lets threads that answer quick questions go before this one.
fn stand_back() {
    // On Linux a thread has a niceness of its own; elsewhere it is the whole
    // process's. Where it may not be changed, all are merely equal.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::password::Cost;

    fn hasher() -> Hasher {
        Hasher::new(Cost::negligible_for_tests()).unwrap()
    }

    fn new(text: &str) -> NewPassword {
        NewPassword::choose(text, "dana@example.org").unwrap()
    }

    #[tokio::test]
    async fn async_callers_get_the_same_answers() {
        let passwords = Passwords::new(hasher(), 2, Duration::from_mins(1));
        let stored = passwords.hash(new("a quiet corridor")).await.unwrap();
        let typed = Password::typed("a quiet corridor");
        assert_eq!(
            passwords.verify(typed.clone(), Some(stored)).await,
            Ok(Verdict::Match { rehash: None })
        );
        assert_eq!(passwords.verify(typed, None).await, Ok(Verdict::NoMatch));
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_so_and_a_free_place_is_used_again() {
        let passwords = Passwords::new(hasher(), 2, Duration::from_millis(1));
        let all = u32::try_from(passwords.places.available_permits()).unwrap();
        let taken = passwords.places.acquire_many(all).await.unwrap();
        let typed = Password::typed("a quiet corridor");
        assert_eq!(
            passwords.verify(typed.clone(), None).await,
            Err(PasswordError::Busy)
        );
        drop(taken);
        assert_eq!(passwords.verify(typed, None).await, Ok(Verdict::NoMatch));
    }
}
