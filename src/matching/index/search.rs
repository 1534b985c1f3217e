//! The exact best `k` of one side.
//!
//! A question is compiled to a table per column. Windows are taken from the
//! highest bound down, and the walk ends where no window can hold a better
//! record than the worst of the best `k`; within a window the same goes for
//! blocks. Within a block the columns are added up one after the other, and a
//! slot drops out as soon as what is left can't save it. Bounds are sums of the
//! greatest points there are, so nothing is lost.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use uuid::Uuid;

use super::store::{BLOCK, Block, Head, Record, Stock, Window};
use super::table::{Half, Table, Worth};

/// A question, compiled: what is added up column by column.
#[derive(Debug)]
pub(super) struct Plan<const T: usize> {
    /// What is the same for every record.
    pub(super) fixed: Worth,
    pub(super) intents: Table,
    /// All bits where shares are among the common kinds of deal, by code.
    pub(super) equity: Vec<i32>,
    /// Count only for shares.
    pub(super) stages: Table,
    pub(super) money: Table,
    pub(super) models: Half,
    pub(super) customers: Half,
    pub(super) business_weight: i32,
    /// The columns behind these.
    pub(super) others: [Table; T],
}

/// Columns before the others.
pub(super) const BEFORE: usize = 5;

/// The parts of a question that no table holds.
pub(super) trait Ask<const M: usize, const G: usize> {
    /// The most that tags of these sectors can give to a slot that counts in
    /// one of the homes.
    fn most_of_sectors(&self, homes: u64, sectors: u64) -> i32;

    /// Whether a record of these tags counts where it is ordered by `home`: of
    /// its slots just one does.
    fn counts_at(&self, home: u64, tags: &[u16]) -> bool;

    /// At least what these tags give.
    fn most_of_tags(&self, tags: &[u16]) -> i32;

    /// What these tags give, and what they rule out; `None` when they don't
    /// fit the column.
    fn tags(&self, tags: &[u16]) -> Option<Worth>;

    /// The most that markets can give.
    fn most_of_markets(&self) -> i32;

    /// What these markets give; the most there is for what doesn't fit.
    fn points_of_markets(&self, masks: [u64; M]) -> i32;

    /// The same with all it is worth; `None` for what doesn't fit.
    fn markets(&self, masks: [u64; M]) -> Option<Worth>;

    /// What the gates without points say; `None` for what doesn't fit.
    fn gates(&self, codes: [u16; G]) -> Option<Worth>;
}

/// One of the best: its sum and where it stands among equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) exact: Reverse<i64>,
    published: i64,
    id: Uuid,
    pub(super) handle: u32,
    /// A release for the counterpart has to be found.
    sensitive: bool,
    /// The reference has looked at it already.
    referred: bool,
}

/// What only a question's own side can say of a record.
pub(super) trait Judge<R> {
    /// Whether a sum is wanted.
    fn wants(&self, sum: &Worth) -> bool;

    /// The exact sum by the reference, when everything lets the record be.
    fn refer(&self, record: &R) -> Option<i64>;

    /// Whether what is known of the pair lets the record be.
    fn admits(&self, record: &R, sensitive: bool) -> bool;
}

/// More records than asked for are found, because what is known of a pair may
/// still rule some out; where it rules out more, the search is done again.
const SPARE: usize = 6;

/// The best so far, the worst of them on top.
struct Best {
    hits: BinaryHeap<Hit>,
    k: usize,
    /// The sum that a record must reach.
    floor: i32,
}

impl Best {
    fn offer(&mut self, hit: Hit) {
        if self.hits.len() < self.k {
            self.hits.push(hit);
        } else if let Some(mut worst) = self.hits.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
        if self.hits.len() == self.k {
            let worst = self.hits.peek().map_or(0, |worst| worst.exact.0);
            self.floor = i32::try_from(worst).unwrap_or(i32::MAX);
        }
    }

    /// Whether a sum and a publication come behind all of the best.
    fn is_worse(&self, sum: i32, published: i64) -> bool {
        self.hits.len() == self.k
            && self.hits.peek().is_some_and(|worst| {
                (Reverse(i64::from(sum)), published) > (worst.exact, worst.published)
            })
    }
}

/// The best `k`, best first.
pub(super) fn best<
    const C: usize,
    const M: usize,
    const G: usize,
    const T: usize,
    R: Record,
    A: Ask<M, G>,
>(
    stock: &Stock<C, M, G, R>,
    plan: &Plan<T>,
    ask: &A,
    k: usize,
    judge: &impl Judge<R>,
) -> Vec<Hit> {
    if k == 0 {
        return Vec::new();
    }
    let mut size = k.saturating_add(SPARE);
    loop {
        let found = best_by_columns(stock, plan, ask, size, judge);
        let all = found.len() < size;
        let admitted: Vec<Hit> = found
            .into_iter()
            .filter(|hit| {
                let kept = stock.records.get(hit.handle);
                kept.is_some_and(|kept| hit.referred || judge.admits(&kept.record, hit.sensitive))
            })
            .take(k)
            .collect();
        if all || admitted.len() == k {
            return admitted;
        }
        size = size.saturating_mul(4);
    }
}

/// The best `k` by what the columns know, best first.
fn best_by_columns<
    const C: usize,
    const M: usize,
    const G: usize,
    const T: usize,
    R: Record,
    A: Ask<M, G>,
>(
    stock: &Stock<C, M, G, R>,
    plan: &Plan<T>,
    ask: &A,
    k: usize,
    judge: &impl Judge<R>,
) -> Vec<Hit> {
    let business = plan.business_weight * plan.models.reach(&plan.customers);
    let others: i32 = plan.others.iter().map(Table::reach).sum();
    let mut search = Search {
        stock,
        plan,
        ask,
        judge,
        beside: ask.most_of_markets() + business + others,
        best: Best {
            hits: BinaryHeap::with_capacity(k.min(1_024)),
            k,
            floor: 0,
        },
    };
    search.walk();
    search.best.hits.into_sorted_vec()
}

struct Search<'a, const C: usize, const M: usize, const G: usize, const T: usize, R, A, J> {
    stock: &'a Stock<C, M, G, R>,
    plan: &'a Plan<T>,
    ask: &'a A,
    judge: &'a J,
    /// The most that all but kinds of deal, stages, money and tags can give.
    beside: i32,
    best: Best,
}

/// The slots of a block that may still be among the best, with their sums.
struct Live {
    slots: [u8; BLOCK],
    sums: [i32; BLOCK],
    len: usize,
}

impl Live {
    /// Changes every sum, and keeps those that reach `floor`.
    #[inline]
    fn retain(&mut self, floor: i32, mut change: impl FnMut(usize, i32) -> (i32, i32)) {
        let mut kept = 0;
        for at in 0..self.len {
            let (Some(slot), Some(sum)) = (self.slots.get(at), self.sums.get(at)) else {
                break;
            };
            let slot = *slot;
            let (sum, bound) = change(usize::from(slot), *sum);
            // Written always, counted only when kept: no branch to mispredict.
            if let (Some(place), Some(of_sum)) = (self.slots.get_mut(kept), self.sums.get_mut(kept))
            {
                *place = slot;
                *of_sum = sum;
            }
            kept += usize::from(bound >= floor);
        }
        self.len = kept;
    }
}

impl<const C: usize, const M: usize, const G: usize, const T: usize, R, A, J>
    Search<'_, C, M, G, T, R, A, J>
where
    R: Record,
    A: Ask<M, G>,
    J: Judge<R>,
{
    fn walk(&mut self) {
        let most = self.plan.fixed.points
            + self.plan.intents.reach()
            + self.plan.stages.reach()
            + self.plan.money.reach()
            + self.beside;
        let mut windows: Vec<(i32, &Window<C, M, G>)> = (self.stock.windows.iter())
            .map(|window| {
                (
                    most + self.ask.most_of_sectors(window.homes, window.sectors),
                    &**window,
                )
            })
            .collect();
        windows.sort_by_key(|(bound, _)| Reverse(*bound));
        let mut blocks: Vec<(i32, i32, &Block<C, M, G>)> = Vec::new();
        for (bound, window) in windows {
            if bound < self.best.floor {
                break;
            }
            blocks.clear();
            for (head, block) in window.heads.iter().zip(&window.blocks) {
                let (bound, tags) = self.bound(head);
                if bound >= self.best.floor {
                    blocks.push((bound, tags, block));
                }
            }
            blocks.sort_unstable_by_key(|(bound, _, _)| Reverse(*bound));
            for (bound, tags, block) in &blocks {
                if *bound < self.best.floor {
                    break;
                }
                self.look_into(block, *tags);
            }
        }
    }

    /// The most that a record of a block can have, and how much of it by its
    /// tags.
    #[inline]
    fn bound(&self, head: &Head) -> (i32, i32) {
        let [intents, stages, money] = &head.spreads;
        let tags = self.ask.most_of_sectors(head.homes, head.sectors);
        let rest = self.plan.fixed.points + tags + self.beside;
        let deal = match intents.names() {
            None => return (rest + self.deal_reach(), tags),
            Some(named) => {
                let shares = self.plan.stages.most_of(stages.names())
                    + self.plan.money.most_of(money.names());
                let deals = named.iter().map(|code| {
                    let points = self.plan.intents.points(*code);
                    match self.plan.equity.get(usize::from(*code)) {
                        Some(equity) => points + (equity & shares),
                        None => points + shares.max(0),
                    }
                });
                deals.max().unwrap_or(super::table::OUT)
            }
        };
        (rest + deal, tags)
    }

    fn deal_reach(&self) -> i32 {
        self.plan.intents.reach() + self.plan.stages.reach() + self.plan.money.reach()
    }

    /// What kinds of deal, stages and money give.
    #[inline]
    fn deal(&self, intents: u16, stages: u16, money: u16) -> i32 {
        let points = self.plan.intents.points(intents);
        match self.plan.equity.get(usize::from(intents)) {
            Some(equity) => {
                let shares = self.plan.stages.points(stages) + self.plan.money.points(money);
                points + (equity & shares)
            }
            // Beyond the dictionary: the bound has to hold for any.
            None => self.deal_reach(),
        }
    }

    fn look_into(&mut self, block: &Block<C, M, G>, tags_most: i32) {
        let (plan, ask) = (self.plan, self.ask);
        let mut live = Live {
            slots: [0; BLOCK],
            sums: [0; BLOCK],
            len: 0,
        };
        let fixed = plan.fixed.points;
        let rest = tags_most + self.beside;
        let columns = block
            .column(0)
            .iter()
            .zip(block.column(1))
            .zip(block.column(2));
        for (slot, ((intents, stages), money)) in (0_u8..).zip(columns) {
            let sum = fixed + self.deal(*intents, *stages, *money);
            put(&mut live, slot, sum);
            live.len += usize::from(sum >= 0 && sum + rest >= self.best.floor);
        }
        // The other columns are a look into a table each, so they come before
        // the tags, which are several.
        let (models, customers) = (block.column(3), block.column(4));
        live.retain(self.best.floor, |slot, sum| {
            let business = match (models.get(slot), customers.get(slot)) {
                (Some(models), Some(customers)) => {
                    plan.models.mean(*models, &plan.customers, *customers)
                }
                _ => 0,
            };
            let codes = block.codes(slot);
            let others = plan.others.iter().zip(codes.iter().skip(BEFORE));
            let sum = sum
                + plan.business_weight * business
                + ask.points_of_markets(block.masks(slot))
                + others.map(|(table, code)| table.points(*code)).sum::<i32>();
            (sum, if sum < 0 { i32::MIN } else { sum + tags_most })
        });
        live.retain(self.best.floor, |slot, sum| {
            let most = ask.most_of_tags(block.tags(slot)).min(tags_most);
            (sum, sum + most)
        });
        for (slot, sum) in live.slots.iter().zip(live.sums).take(live.len) {
            self.weigh(block, usize::from(*slot), sum, tags_most);
        }
    }

    /// One slot whose columns are added up.
    fn weigh(&mut self, block: &Block<C, M, G>, slot: usize, sum: i32, tags_most: i32) {
        if sum + tags_most < self.best.floor {
            return;
        }
        let tags = self.ask.tags(block.tags(slot));
        let sum = sum + tags.map_or(tags_most, |worth| worth.points);
        if sum < self.best.floor {
            return;
        }
        if !self.ask.counts_at(block.home(slot), block.tags(slot)) {
            return;
        }
        let gates = self.ask.gates(block.gates(slot));
        if gates.is_some_and(|gates| gates.points < 0) {
            return;
        }
        let Some(handle) = block.handle(slot) else {
            return;
        };
        let Some(kept) = self.stock.records.get(handle) else {
            return;
        };
        if self.best.is_worse(sum, kept.published) {
            return;
        }
        let mut hit = Hit {
            exact: Reverse(i64::from(sum)),
            published: kept.published,
            id: kept.id,
            handle,
            sensitive: false,
            referred: false,
        };
        match tags
            .zip(gates)
            .and_then(|both| self.tally(block, slot, both))
        {
            Some(sum) if self.judge.wants(&sum) => hit.sensitive = sum.sensitive,
            Some(_) => return,
            // A column is beyond its dictionary: the reference has to say.
            None => match self.judge.refer(&kept.record) {
                Some(exact) => {
                    hit.exact = Reverse(exact);
                    hit.referred = true;
                }
                None => return,
            },
        }
        self.best.offer(hit);
    }

    /// The whole sum of one slot; `None` when a column is beyond its
    /// dictionary.
    fn tally(
        &self,
        block: &Block<C, M, G>,
        slot: usize,
        (tags, gates): (Worth, Worth),
    ) -> Option<Worth> {
        let plan = self.plan;
        let codes = block.codes(slot);
        let [intents, stages, money, models, customers] = *codes.first_chunk::<BEFORE>()?;
        let mut sum = plan
            .fixed
            .and(tags)
            .and(gates)
            .and(plan.intents.worth(intents)?);
        if *plan.equity.get(usize::from(intents))? != 0 {
            sum = sum
                .and(plan.stages.worth(stages)?)
                .and(plan.money.worth(money)?);
        }
        let business =
            (plan.models).worth(models, &plan.customers, customers, plan.business_weight);
        sum = sum.and(business?).and(self.ask.markets(block.masks(slot))?);
        for (table, code) in plan.others.iter().zip(codes.iter().skip(BEFORE)) {
            sum = sum.and(table.worth(*code)?);
        }
        Some(sum)
    }
}

#[inline]
fn put(live: &mut Live, slot: u8, sum: i32) {
    let at = live.len;
    if let (Some(place), Some(of_sum)) = (live.slots.get_mut(at), live.sums.get_mut(at)) {
        *place = slot;
        *of_sum = sum;
    }
}
