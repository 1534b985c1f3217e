//! Going down without dropping anybody: on SIGTERM or SIGINT the node says at
//! once that it isn't ready, still answers what comes meanwhile (a load
//! balancer needs a moment to notice), and stops when nothing is running any
//! more or the time is up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// Whether the node is going down, and how many requests are running.
#[derive(Debug, Clone, Default)]
pub struct Drain(Arc<State>);

#[derive(Debug, Default)]
struct State {
    draining: AtomicBool,
    running: AtomicUsize,
    ended: Notify,
}

/// A request that is running until this is dropped.
#[derive(Debug)]
pub(super) struct Running(Arc<State>);

impl Drain {
    /// Whether the node is going down.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// From now on `/readyz` answers 503.
    pub fn begin(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    /// Counts a request until the guard is dropped.
    pub(super) fn enter(&self) -> Running {
        self.0.running.fetch_add(1, Ordering::AcqRel);
        Running(Arc::clone(&self.0))
    }

    /// Waits until no request is running, at most for `limit`. Tells whether
    /// all ended.
    pub(super) async fn wait(&self, limit: Duration) -> bool {
        let all_ended = async {
            loop {
                let ended = self.0.ended.notified();
                if self.0.running.load(Ordering::Acquire) == 0 {
                    break;
                }
                ended.await;
            }
        };
        tokio::time::timeout(limit, all_ended).await.is_ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
        self.0.ended.notify_waiters();
    }
}

/// Hears SIGTERM and SIGINT from the moment it is installed; until then they
/// end the process at once.
#[derive(Debug)]
pub struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    /// Installs the handlers.
    ///
    /// # Errors
    /// The operating system refuses them.
    pub fn install() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Ends when the process is asked to stop.
    pub async fn received(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_for_what_is_running_but_not_for_ever() {
        let drain = Drain::default();
        assert!(drain.wait(Duration::ZERO).await);
        let running = drain.enter();
        assert!(!drain.wait(Duration::from_millis(1)).await);
        let waiting = tokio::spawn({
            let drain = drain.clone();
            async move { drain.wait(Duration::from_mins(1)).await }
        });
        tokio::task::yield_now().await;
        drop(running);
        assert!(waiting.await.unwrap());
    }
}
