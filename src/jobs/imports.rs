//! Works on files that were handed in, one at a time on each node: whoever has
//! the lease of a job reads on where the last batch ended.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::services::Context;
use crate::services::import_jobs::work;

/// How long a worker rests when there is nothing to do and nobody wakes it.
const REST: Duration = Duration::from_secs(1);

/// Works until told to stop; the batch in hand is finished then.
pub async fn run(context: Context, stop: CancellationToken) {
    let holder = context.new_id();
    let mut sealed = context.db.sealed();
    loop {
        let stopping = || stop.is_cancelled();
        let worked = work::work(&context, holder, &stopping).await;
        if stop.is_cancelled() {
            return;
        }
        match worked {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => warn!(%error, "an import stopped; it goes on when its lease ends"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            // A new one comes with an event.
            _ = sealed.changed() => {}
            () = tokio::time::sleep(REST) => {}
        }
    }
}
