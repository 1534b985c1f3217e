//! Writes counted failures to the log; see [`crate::services::failures`].

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::services::{Context, failures};

/// How long the first failure of a kind waits at most.
const EVERY: Duration = Duration::from_secs(1);

/// Writes until told to stop, and then what is left.
pub async fn run(context: Context, stop: CancellationToken) {
    loop {
        let stopping = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(EVERY) => false,
        };
        let written = if stopping {
            failures::write_all(&context).await
        } else {
            failures::write_due(&context).await
        };
        if let Err(error) = written {
            warn!(%error, "failures could not be written to the log; they are kept");
        }
        if stopping {
            return;
        }
    }
}
