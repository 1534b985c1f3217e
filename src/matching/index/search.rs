//! The exact best `k` of one side.
//!
//! A question is compiled to a table per column ([`Table`]). Windows are taken
//! from the highest bound down; the walk ends where no window can hold a
//! better record than the worst of the best `k`. Within a window the same goes
//! for blocks, and within a block for slots, whose tags are looked at last.
//! Bounds are sums of the greatest points there are, so nothing is lost.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::store::{BLOCK, Block, Group, Record, Stock, Window};
use super::table::{Table, Worth, is_beyond};

/// A question, compiled.
#[derive(Debug)]
pub(super) struct Plan<const C: usize> {
    /// What is the same for every record.
    pub(super) fixed: Worth,
    pub(super) intents: Table,
    /// Whether shares are among the common kinds of deal, by code.
    pub(super) equity: Vec<bool>,
    /// Counts only for shares.
    pub(super) stages: Table,
    /// The first is the money, which counts only for shares.
    pub(super) columns: [Table; C],
    /// The most that tags can give.
    pub(super) tags_most: i32,
}

/// What a record's tags are worth to a question.
pub(super) trait Tags {
    /// `None` when the tags don't fit the column.
    fn worth(&self, tags: &[u16]) -> Option<Worth>;
}

/// The sum of a record, as the columns have it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tally {
    /// Exact.
    Of(Worth),
    /// A column is beyond its dictionary: the reference has to say.
    Beyond,
}

/// One of the best: its sum and where it stands among equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) exact: Reverse<i64>,
    unpublished: bool,
    published: Option<DateTime<Utc>>,
    id: Uuid,
    pub(super) handle: u32,
}

/// The best so far, the worst of them on top.
struct Best {
    hits: BinaryHeap<Hit>,
    k: usize,
}

impl Best {
    /// The sum that a record must reach.
    fn floor(&self) -> i32 {
        if self.hits.len() < self.k {
            return 0;
        }
        self.hits
            .peek()
            .map_or(0, |worst| i32::try_from(worst.exact.0).unwrap_or(i32::MAX))
    }

    fn offer(&mut self, hit: Hit) {
        if self.hits.len() < self.k {
            self.hits.push(hit);
        } else if let Some(mut worst) = self.hits.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
    }

    fn takes(&self, hit: &Hit) -> bool {
        self.hits.len() < self.k || self.hits.peek().is_some_and(|worst| hit < worst)
    }
}

/// The best `k`, best first. `judge` gives a record's exact sum, or none when
/// something that no column knows rules it out.
pub(super) fn best<const C: usize, R: Record>(
    stock: &Stock<C, R>,
    plan: &Plan<C>,
    tags: &impl Tags,
    k: usize,
    judge: &mut impl FnMut(&R, Tally) -> Option<i64>,
) -> Vec<Hit> {
    let mut best = Best {
        hits: BinaryHeap::new(),
        k,
    };
    if k == 0 {
        return Vec::new();
    }
    let search = Search::new(stock, plan);
    for walk in search.windows() {
        if walk.bound < best.floor() {
            break;
        }
        for block in &walk.window.blocks {
            if search.bound_of_block(&walk, block) < best.floor() {
                continue;
            }
            search.look_into(&walk, block, tags, &mut best, judge);
        }
    }
    best.hits.into_sorted_vec()
}

struct Search<'a, const C: usize, R> {
    stock: &'a Stock<C, R>,
    plan: &'a Plan<C>,
    /// The most that the columns behind the second can give.
    reach: i32,
}

/// A window that may hold something.
struct Walk<'a, const C: usize> {
    /// No record in it has more.
    bound: i32,
    /// What all its records have.
    base: i32,
    /// Whether the money counts.
    money: bool,
    group: &'a Group<C>,
    window: &'a Arc<Window<C>>,
}

impl<'a, const C: usize, R: Record> Search<'a, C, R> {
    fn new(stock: &'a Stock<C, R>, plan: &'a Plan<C>) -> Self {
        let behind = plan.columns.iter().skip(2);
        Self {
            stock,
            plan,
            reach: behind.map(Table::reach).sum(),
        }
    }

    /// The windows that no gate of kinds of deal or stages closes, the highest
    /// bound first.
    fn windows(&self) -> Vec<Walk<'a, C>> {
        let plan = self.plan;
        let second = plan.columns.get(1).map_or(0, Table::reach);
        let behind = self.reach + second + plan.tags_most;
        let mut walks = Vec::new();
        for group in &self.stock.groups {
            let deal = plan.fixed.points + plan.intents.points(group.intents);
            if deal < 0 {
                continue;
            }
            let equity = plan.equity.get(usize::from(group.intents));
            for window in &group.windows {
                let (base, money) = match equity {
                    Some(true) => (deal + plan.stages.points(window.stages), true),
                    Some(false) => (deal, false),
                    // Unknown here; the bound has to hold for both.
                    None => {
                        let first = plan.columns.first().map_or(0, |money| money.most);
                        (deal + plan.stages.most + first, false)
                    }
                };
                let most = if money { self.most_money(window) } else { 0 };
                let bound = base + most + behind;
                if base >= 0 && bound >= 0 {
                    walks.push(Walk {
                        bound,
                        base,
                        money,
                        group,
                        window,
                    });
                }
            }
        }
        walks.sort_unstable_by_key(|walk| Reverse(walk.bound));
        walks
    }

    fn most_money(&self, window: &Window<C>) -> i32 {
        let Some(money) = self.plan.columns.first() else {
            return 0;
        };
        match &window.named {
            Some(named) => money.most_of(named),
            None => money.reach(),
        }
    }

    fn bound_of_block(&self, walk: &Walk<'_, C>, block: &Block<C>) -> i32 {
        let mut bound = walk.base + self.reach + self.plan.tags_most;
        for (at, table) in self.plan.columns.iter().take(2).enumerate() {
            if at == 1 || walk.money {
                bound += match block.names(at) {
                    Some(named) => table.most_of(named),
                    None => table.reach(),
                };
            }
        }
        bound
    }

    fn look_into(
        &self,
        walk: &Walk<'_, C>,
        block: &Block<C>,
        tags: &impl Tags,
        best: &mut Best,
        judge: &mut impl FnMut(&R, Tally) -> Option<i64>,
    ) {
        let mut sums = [walk.base; BLOCK];
        let skipped = usize::from(!walk.money);
        let columns = self.plan.columns.iter().zip(block.columns());
        for (table, codes) in columns.skip(skipped) {
            table.add_to(&mut sums, codes);
        }
        for (slot, sum) in sums.iter().take(block.len()).enumerate() {
            if *sum < 0 || *sum + self.plan.tags_most < best.floor() {
                continue;
            }
            let Some(handle) = block.handle(slot) else {
                continue;
            };
            let of_tags = tags.worth(block.tags(slot));
            let most = of_tags.map_or(self.plan.tags_most, |worth| worth.points);
            if sum + most < best.floor() {
                continue;
            }
            let Some(record) = self.stock.records.get(handle) else {
                continue;
            };
            let mut hit = Hit {
                exact: Reverse(i64::from(sum + most)),
                unpublished: record.published_at().is_none(),
                published: record.published_at(),
                id: record.id(),
                handle,
            };
            if !best.takes(&hit) {
                continue;
            }
            let tally = self.tally(walk, block, slot, of_tags);
            if let Some(exact) = judge(record, tally) {
                hit.exact = Reverse(exact);
                best.offer(hit);
            }
        }
    }

    /// The whole sum of one slot.
    fn tally(
        &self,
        walk: &Walk<'_, C>,
        block: &Block<C>,
        slot: usize,
        tags: Option<Worth>,
    ) -> Tally {
        let plan = self.plan;
        let parts = [plan.intents.worth(walk.group.intents), tags];
        let stage = walk.money.then(|| plan.stages.worth(walk.window.stages));
        let columns = plan.columns.iter().zip(block.row(slot));
        let columns = columns
            .skip(usize::from(!walk.money))
            .map(|(table, code)| table.worth(code));
        let mut sum = plan.fixed;
        for part in parts.into_iter().chain(stage).chain(columns) {
            match part {
                Some(part) => sum = sum.and(part),
                None => return Tally::Beyond,
            }
        }
        if is_beyond(walk.group.intents) {
            return Tally::Beyond;
        }
        Tally::Of(sum)
    }
}
