//! Goes on with jobs that match everything of a programme again.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::services::{Context, rematch};

/// How often it looks for one.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Works until told to stop. A job that is cut off then goes on with the next
/// process.
pub async fn run(context: Context, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            done = rematch::run_due(&context) => match done {
                Ok(0) => {}
                Ok(ended) => debug!(ended, "programmes were matched again"),
                Err(error) => warn!(%error, "a programme could not be matched again; trying again"),
            },
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
