//! Keeps this node's match index at the end of the log.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::services::{Context, Error};

/// How often it looks without having been woken: other nodes and commands
/// write too.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long it lets changes gather once there is one: they are read together.
const GATHER: Duration = Duration::from_millis(10);

/// Follows until told to stop. Questions don't depend on it: one that finds
/// the index behind brings it forward itself.
pub async fn run(context: Context, stop: CancellationToken) {
    let mut sealed = context.db.sealed();
    loop {
        if let Err(error) = follow(&context).await {
            warn!(%error, "the match index could not follow the log; trying again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = sealed.changed() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn follow(context: &Context) -> Result<(), Error> {
    let index = context.index.clone();
    context
        .db
        .read(move |conn| index.follow(conn, |_| ()))
        .await
}
