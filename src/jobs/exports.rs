//! Makes the files that people asked for, one at a time on each node.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::services::Context;
use crate::services::export_jobs::work;

/// How long a worker rests when there is nothing to do and nobody wakes it.
const REST: Duration = Duration::from_secs(1);

/// Works until told to stop. One that is cut off is made anew elsewhere when
/// its lease ends.
pub async fn run(context: Context, stop: CancellationToken) {
    let holder = context.new_id();
    let mut sealed = context.db.sealed();
    loop {
        let worked = tokio::select! {
            () = stop.cancelled() => return,
            worked = work::work(&context, holder) => worked,
        };
        match worked {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => warn!(%error, "an export stopped; it is made anew when its lease ends"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            // A new one comes with an event.
            _ = sealed.changed() => {}
            () = tokio::time::sleep(REST) => {}
        }
    }
}
