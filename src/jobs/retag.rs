//! Has those who hold a merged tag hold the other one.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::services::tags::repoint;
use crate::services::{Context, Error};

/// How often it looks for a merge.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Every how many looks it looks for what came late.
const LATE_EVERY: u32 = 60;

/// Works until told to stop. A merge that is cut off then goes on with the
/// next process.
pub async fn run(context: Context, stop: CancellationToken) {
    let mut looks: u32 = 0;
    loop {
        looks = looks.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => return,
            done = look(&context, looks.is_multiple_of(LATE_EVERY)) => match done {
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

async fn look(context: &Context, late: bool) -> Result<usize, Error> {
    if late {
        let moved = repoint::look_again(context).await?;
        if moved > 0 {
            info!(moved, "a merged tag was written once more, and is replaced");
        }
    }
    repoint::run_due(context).await
}
