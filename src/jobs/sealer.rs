//! Seals committed events that wait for their position.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::db::Db;

/// How often it looks without having been woken: other nodes and commands
/// write too.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long it lets events gather once there is one: they share a transaction,
/// whose trips and commit would else be a fifth of all that the store does.
/// Whoever needs the log's end sooner seals it.
const GATHER: Duration = Duration::from_millis(20);

/// Seals until told to stop. Several nodes may do this at once: the log's head
/// is locked by one at a time.
pub async fn run(db: Db, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = db.unsealed() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Err(error) = db.seal_pending().await {
            warn!(%error, "the log could not be sealed; trying again");
        }
    }
}
