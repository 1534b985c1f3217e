//! Shares work out among the processor's cores; the results come back in order
//! and don't depend on who did what.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many questions a worker takes at a time.
const HANDFUL: usize = 8;

/// Does `work` for every number below `count` on all cores and gives the
/// results in order; `done` hears how many were finished, now and then.
pub fn share_out<T: Send>(
    count: usize,
    work: impl Fn(usize) -> T + Sync,
    done: &(dyn Fn(usize) + Sync),
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let labour = || {
        let mut results = Vec::new();
        loop {
            let from = next.fetch_add(HANDFUL, Ordering::Relaxed);
            if from >= count {
                return results;
            }
            let to = count.min(from + HANDFUL);
            results.extend((from..to).map(|number| (number, work(number))));
            done(to - from);
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let workers: Vec<_> = (1..cores).map(|_| scope.spawn(labour)).collect();
        let mut results = labour();
        for worker in workers {
            match worker.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_back_in_order() {
        let heard = AtomicUsize::new(0);
        let squares = share_out(100, |n| n * n, &|count| {
            heard.fetch_add(count, Ordering::Relaxed);
        });
        assert_eq!(squares, (0..100).map(|n| n * n).collect::<Vec<_>>());
        assert_eq!(heard.into_inner(), 100);
        assert_eq!(share_out(0, |n| n, &|_| {}), Vec::<usize>::new());
    }
}
