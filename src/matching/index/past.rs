//! What investors did before, in the index. It is another value for every pair
//! and stands in no column; but few of many investors have done anything here,
//! so theirs are looked at one by one, and the columns answer for all others.
//! Where rules don't count it, nothing of this is asked.

use std::cmp::Reverse;
use std::sync::Arc;

use super::Ranked;
use super::store::{Record, Stock};
use crate::domain::scoring::Outcome;
use crate::matching::reference::Filter;
use crate::matching::score::Numbers;

/// The best `k` of what the columns gave and of the records that were left to
/// be looked at, best first.
pub(super) fn merge<'a, R: Record + 'a>(
    by_columns: Vec<Ranked<R>>,
    left: impl Iterator<Item = &'a Arc<R>>,
    judge: impl Fn(&R) -> Option<(Outcome, Numbers)>,
    filter: &Filter,
    k: usize,
) -> Vec<Ranked<R>> {
    let mut all = by_columns;
    for record in left {
        if let Some((outcome, numbers)) = judge(record)
            && filter.wants(outcome, &numbers)
        {
            all.push(Ranked {
                record: Arc::clone(record),
                exact: numbers.exact,
            });
        }
    }
    all.sort_by_key(|ranked| {
        let published = ranked.record.published_at();
        let id = ranked.record.id();
        (Reverse(ranked.exact), published.is_none(), published, id)
    });
    all.truncate(k);
    all
}

/// Every record that is here, once. The slab also holds what was replaced, and
/// a record may stand in several sectors, so the blocks are asked.
pub(super) fn here<const C: usize, const M: usize, const G: usize, R: Record>(
    stock: &Stock<C, M, G, R>,
) -> impl Iterator<Item = &Arc<R>> {
    let blocks = stock.windows.iter().flat_map(|window| &window.blocks);
    let mut handles: Vec<u32> = blocks
        .flat_map(|block| (0..block.len()).filter_map(|slot| block.handle(slot)))
        .collect();
    handles.sort_unstable();
    handles.dedup();
    handles
        .into_iter()
        .filter_map(|handle| Some(&stock.records.get(handle)?.record))
}
