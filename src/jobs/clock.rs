//! What falls due: questions and matches nobody answered, matches that were put
//! off or whose records changed, deals whose hold ends or that stand too long,
//! profiles nobody confirmed, outcomes nobody will ask for again.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::db;
use crate::services::{
    Context, Error, agreements, bounces, deals, documents, export_jobs, import_jobs, introductions,
    mandates, matches, releases, rounds, signing, startups,
};

/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(30);
/// How much is done in one transaction, so that nobody waits long behind it.
const BATCH: usize = 50;

/// Looks at the clock until told to stop.
pub async fn run(context: Context, stop: CancellationToken) {
    loop {
        if let Err(error) = strike(&context).await {
            warn!(%error, "what fell due could not be done; trying again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Does everything that is due now.
///
/// # Errors
/// The store failed; what was done stays done.
pub async fn strike(context: &Context) -> Result<(), Error> {
    let mut expired = 0;
    loop {
        let count = introductions::expire_due(context, BATCH).await?;
        expired += count;
        if count < BATCH {
            break;
        }
    }
    if expired > 0 {
        debug!(expired, "introductions expired");
    }
    while matches::wake_due(context, BATCH).await? == BATCH {}
    while introductions::remind_due(context, BATCH).await? == BATCH {}
    while introductions::follow_up_due(context, BATCH).await? == BATCH {}
    while matches::expire_due(context, BATCH).await? == BATCH {}
    matches::recheck_due(context).await?;
    releases::resume_due(context).await?;
    releases::release_by_rule(context).await?;
    while deals::resume_due(context, BATCH).await? == BATCH {}
    while deals::tell_stale(context, BATCH).await? == BATCH {}
    agreements::end_due(context, BATCH).await?;
    while startups::mark_stale(context, BATCH).await? == BATCH {}
    while mandates::mark_stale(context, BATCH).await? == BATCH {}
    rounds::queue_due(context).await?;
    while import_jobs::work::sweep(context, BATCH).await? == BATCH {}
    while export_jobs::work::sweep(context, BATCH).await? == BATCH {}
    export_jobs::work::sweep_left_overs(context).await?;
    documents::upkeep::sweep(context).await?;
    while bounces::forget_old(context, BATCH).await? == BATCH {}
    signing::refresh(context).await?;
    let now = context.now();
    context
        .db
        .write(move |conn| db::idempotency::purge(conn, now, 500).map(drop))
        .await
        .map_err(Error::from)
}
