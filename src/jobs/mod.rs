//! What happens without anybody asking: queued messages go out, the log is
//! sealed, the clock strikes.
//!
//! | module | does |
//! |---|---|
//! | [`outbox`] | claims what is due, sends it, notes what came of it |
//! | [`copies`] | what is kept of an e-mail |
//! | [`domains`] | how many messages go to one domain at a time |
//! | [`patience`] | when a message that failed is tried again |
//! | [`letters`] | turns a prepared notice into an e-mail |
//! | [`sealer`] | gives committed events their place (PostgreSQL; on SQLite the writer does) |
//! | [`index`] | keeps the match index at the end of the log |
//! | [`exports`] | makes the files that people asked for |
//! | [`imports`] | checks files and puts their rows on record |
//! | [`failures`] | writes counted sign-in failures to the log |
//! | [`rematch`] | matches everything of a programme again, when somebody asked for it |
//! | [`retag`] | has those who hold a merged tag hold the other one |
//! | [`clock`] | expires questions, takes up deals from hold, forgets old keys |

pub mod clock;
pub mod copies;
pub mod domains;
pub mod exports;
pub mod failures;
pub mod imports;
pub mod index;
pub mod letters;
pub mod outbox;
pub mod patience;
pub mod rematch;
pub mod retag;
pub mod sealer;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::mail::{DkimKey, Mailer};
use crate::services::Context;

use self::domains::Domains;
use self::patience::Patience;

/// How the workers work.
#[derive(Debug, Clone)]
pub struct Options {
    /// Senders at the same time.
    pub senders: usize,
    /// For how long a sender has what it claimed.
    pub lease: TimeDelta,
    /// How much it claims at once.
    pub batch: usize,
    /// How many messages it hands over at the same time.
    pub at_once: usize,
    /// After how many attempts that may have succeeded, though nobody said so,
    /// a message is given up.
    pub doubts: u32,
    /// When a message that failed is tried again, and when it is given up.
    pub patience: Patience,
    /// How many messages go to one domain at a time.
    pub domains: Domains,
    /// The sender's address.
    pub from_address: String,
    /// The sender's name.
    pub from_name: String,
    /// The keys that sign each mail.
    pub dkim: Vec<Arc<DkimKey>>,
}

/// The running workers.
pub struct Workers {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Workers {
    /// Lets each worker finish what it has in hand, at most for `limit`, then
    /// ends them. A message whose sender was cut off is sent again when its
    /// lease ends, under the same Message-ID.
    pub async fn stop(mut self, limit: Duration) {
        self.stop.cancel();
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, all_ended).await.is_err() {
            warn!("a worker still has something in hand; it is cut off");
            self.tasks.shutdown().await;
        }
    }
}

/// Starts all workers on the current runtime.
pub fn start(context: &Context, mailer: Mailer, options: &Options) -> Workers {
    outbox::describe();
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    for _ in 0..options.senders.max(1) {
        let sender = outbox::Sender::new(context.clone(), mailer.clone(), options.clone());
        tasks.spawn(sender.run(stop.clone()));
    }
    tasks.spawn(sealer::run(context.db.clone(), stop.clone()));
    tasks.spawn(index::run(context.clone(), stop.clone()));
    tasks.spawn(failures::run(context.clone(), stop.clone()));
    tasks.spawn(exports::run(context.clone(), stop.clone()));
    tasks.spawn(imports::run(context.clone(), stop.clone()));
    tasks.spawn(rematch::run(context.clone(), stop.clone()));
    tasks.spawn(retag::run(context.clone(), stop.clone()));
    tasks.spawn(clock::run(context.clone(), stop.clone()));
    Workers { stop, tasks }
}
