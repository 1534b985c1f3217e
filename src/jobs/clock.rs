//! What falls due: questions and matches nobody answered, matches that were put
//! off or whose records changed, deals whose hold ends or that stand too long,
//! profiles nobody confirmed or that ended long ago, outcomes nobody will ask for again.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::db;
use crate::services::{
    Context, Error, agreements, bounces, consents, deals, documents, erasure, export_jobs, freezes,
    import_jobs, introductions, investors, mandates, matches, messages, promises, releases, rounds,
    signing, standstill, startups, walls,
};

/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(30);
/// How much is done in one transaction, so that nobody waits long behind it.
const BATCH: usize = 50;
/// How many keys are deleted in one transaction.
const KEYS: usize = 500;

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

/// Does everything that is due now. What fails keeps nothing else from being
/// done.
///
/// # Errors
/// The first thing that failed; what was done stays done.
pub async fn strike(context: &Context) -> Result<(), Error> {
    let mut all = All(Ok(()));
    all.note(consents::stop_again(context).await);
    all.note(consents::tell_due(context).await);
    all.note(introductions::expire_due(context).await);
    all.note(matches::wake_due(context).await);
    all.note(introductions::remind_due(context).await);
    all.note(introductions::follow_up_due(context).await);
    all.note(matches::expire_due(context).await);
    all.note(matches::recheck_due(context).await);
    all.note(releases::resume_due(context).await);
    all.note(releases::release_by_rule(context).await);
    all.note(freezes::turn_due(context).await);
    all.note(introductions::follow_freezes(context).await);
    all.note(deals::follow_gate(context).await);
    all.note(deals::resume_due(context).await);
    all.note(deals::tell_stale(context).await);
    all.note(agreements::end_due(context).await);
    all.note(promises::watch_due(context).await);
    all.note(standstill::hold_confirmations(context).await);
    all.note(startups::mark_stale(context).await);
    all.note(mandates::mark_stale(context).await);
    all.note(investors::mark_stale(context).await);
    all.note(startups::archive_due(context).await);
    all.note(mandates::archive_due(context).await);
    all.note(investors::archive_due(context).await);
    all.note(rounds::queue_due(context).await);
    all.note(import_jobs::work::sweep(context, BATCH).await);
    all.note(export_jobs::work::sweep(context, BATCH).await);
    all.note(export_jobs::work::sweep_left_overs(context).await);
    all.note(documents::upkeep::sweep(context).await);
    all.note(bounces::forget_old(context, BATCH).await);
    all.note(messages::erase_old(context, BATCH).await);
    all.note(erasure::forget_spent(context, BATCH).await);
    all.note(signing::refresh(context).await);
    all.note(walls::sweep_due(context).await);
    all.note(forget_answers(context).await);
    all.note(forget_keys(context).await);
    all.0
}

/// What became of all of it: the first fault.
struct All(Result<(), Error>);

impl All {
    fn note<T>(&mut self, step: Result<T, Error>) {
        if let (Ok(()), Err(error)) = (&self.0, step) {
            self.0 = Err(error);
        }
    }
}

/// Deletes the words of answers that nobody is to be told again.
async fn forget_answers(context: &Context) -> Result<(), Error> {
    let now = context.now();
    loop {
        let sweep = move |conn: &mut db::Conn| db::idempotency::sweep_told(conn, now, KEYS);
        if context.db.write(sweep).await.map_err(Error::from)? < KEYS {
            return Ok(());
        }
    }
}

/// Deletes the idempotency keys whose time is over.
async fn forget_keys(context: &Context) -> Result<(), Error> {
    let now = context.now();
    loop {
        let purge = move |conn: &mut db::Conn| db::idempotency::purge(conn, now, KEYS);
        if context.db.write(purge).await.map_err(Error::from)? < KEYS {
            return Ok(());
        }
    }
}
