//! Of which trace a write is part, carried from the request to the thread that
//! runs its job: what the job queues is part of it as well.

use std::cell::Cell;

use tokio::task_local;

use super::job::Job;
use crate::domain::trace::TraceId;

task_local! {
    /// Of the request that the task serves.
    static REQUEST: TraceId;
}

thread_local! {
    /// Of the job that the thread runs.
    static JOB: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Serves a request that is part of that trace.
pub async fn within<F: Future>(trace: TraceId, request: F) -> F::Output {
    REQUEST.scope(trace, request).await
}

/// The job, part of the trace of the request that it is made for.
pub(super) fn carried(job: Job) -> Job {
    let trace = REQUEST.try_with(|trace| *trace).ok();
    Box::new(move |conn| {
        let _ended = During(JOB.replace(trace));
        job(conn)
    })
}

/// The trace of the job that runs here.
pub(super) fn of_job() -> Option<TraceId> {
    JOB.get()
}

/// A job's time; what was before it is again when it ends, be it by a panic.
struct During(Option<TraceId>);

impl Drop for During {
    fn drop(&mut self) {
        JOB.set(self.0);
    }
}
