//! Whether this node can do its work: it reads the store, whose schema is at
//! least its own, and the store takes what it writes.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tracing::warn;
use uuid::Uuid;

use crate::db::{self, Conn, Db, leases, migrate};

use super::{Clock, Context};

/// How long an answer holds: who asks often costs the store no more than one
/// small write in that time.
const FRESH: Duration = Duration::from_secs(1);

/// The row that is written to see whether writes are taken.
const ROW: &str = "readiness";

/// What this node found the last time that somebody asked.
pub struct Fitness {
    db: Db,
    clock: Clock,
    node: Uuid,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    last: Option<(Instant, bool)>,
    /// The look that goes on. Whoever asks may stop waiting, and the next one
    /// waits for the same: a store that is stuck isn't asked over and over.
    look: Option<JoinHandle<db::Result<()>>>,
}

impl Fitness {
    /// Of the node with that context.
    pub fn of(context: &Context) -> Self {
        Self {
            db: context.db.clone(),
            clock: context.clock.clone(),
            node: context.new_id(),
            known: Mutex::default(),
        }
    }

    /// Whether it can do its work; why not is in the log.
    pub async fn is_ready(&self) -> bool {
        let mut known = self.known.lock().await;
        if let Some((at, ready)) = known.last
            && at.elapsed() < FRESH
        {
            return ready;
        }
        let (db, clock, node) = (self.db.clone(), self.clock.clone(), self.node);
        let going_on = known
            .look
            .get_or_insert_with(|| tokio::spawn(look(db, clock, node)));
        let ended = going_on.await;
        known.look = None;
        let found = ended.unwrap_or_else(|error| Err(db::Error::Unavailable(error.to_string())));
        if let Err(error) = &found {
            warn!(%error, "not ready");
        }
        known.last = Some((Instant::now(), found.is_ok()));
        found.is_ok()
    }
}

/// Nodes of an older version go on working beside a newer one that has
/// migrated; a store that lacks what this program knows was put in the
/// place of another.
async fn look(db: Db, clock: Clock, node: Uuid) -> db::Result<()> {
    let status = db.read(migrate::status).await?;
    if !status.pending.is_empty() {
        let lacking = status.pending.join(", ");
        return Err(db::Error::Unavailable(format!(
            "its schema lacks the migrations {lacking}"
        )));
    }
    // Through the queue, as every write: a full one, a writer that can't
    // begin and a disk that is full are all found.
    let now = clock.now();
    let write = move |conn: &mut Conn| leases::claim(conn, ROW, node, now, now).map(drop);
    db.write(write).await
}
