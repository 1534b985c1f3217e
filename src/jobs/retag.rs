//! Has those who hold a merged tag hold the other one.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::services::Context;
use crate::services::tags::repoint;

/// How often it looks for a merge.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Works until told to stop. A merge that is cut off then goes on with the
/// next process.
pub async fn run(context: Context, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            done = repoint::run_due(&context) => match done {
                Ok(0) => {}
                Ok(ended) => info!(ended, "tags were merged"),
                Err(error) => warn!(%error, "a tag could not be merged; trying again"),
            },
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
