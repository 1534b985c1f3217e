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
    /// What kinds of deal bring, by code.
    pub(super) deals: Vec<Deal>,
    /// Count only for shares.
    pub(super) stages: Table,
    pub(super) money: Table,
    pub(super) models: Half,
    pub(super) customers: Half,
    pub(super) business_weight: i32,
    /// The columns behind these.
    pub(super) others: [Table; T],
}

/// What one set of kinds of deal brings.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Deal {
    points: i32,
    /// All bits where shares are among the common ones, so that stages and
    /// money count.
    equity: i32,
}

impl Deal {
    /// Of every code of a table, which says whether shares are among them.
    pub(super) fn all(intents: &Table, equity: impl Iterator<Item = bool>) -> Vec<Self> {
        let points = intents.all_points().iter().zip(equity);
        points
            .map(|(points, equity)| Self {
                points: *points,
                equity: -i32::from(equity),
            })
            .collect()
    }

    /// The points, with those of the shares where they count.
    #[inline]
    const fn with(self, shares: i32) -> i32 {
        self.points + (self.equity & shares)
    }
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
    doubt: Doubt,
    /// The reference has looked at it already.
    referred: bool,
}

/// What keeps a record from passing every gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Doubt {
    /// A gate is unknown, whatever is known of the pair.
    pub(super) waits: bool,
    /// A release for the counterpart has to be found.
    pub(super) sensitive: bool,
}

/// What only a question's own side can say of a record.
pub(super) trait Judge<R> {
    /// Whether a sum is wanted.
    fn wants(&self, sum: &Worth) -> bool;

    /// The exact sum by the reference, when everything lets the record be.
    fn refer(&self, record: &R) -> Option<i64>;

    /// Whether what is known of the pair lets the record be.
    fn admits(&self, record: &R, doubt: Doubt) -> bool;
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
                kept.is_some_and(|kept| hit.referred || judge.admits(&kept.record, hit.doubt))
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
        shares_reach: plan.stages.reach() + plan.money.reach(),
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
    /// The most that stages and money can give.
    shares_reach: i32,
    best: Best,
}

/// A block that may have one of the best.
struct Near<'a, const C: usize, const M: usize, const G: usize> {
    /// The most that a record of it can have.
    bound: i32,
    /// How much of that by its tags.
    tags: i32,
    /// Its slots that have a record, as bits.
    filled: u64,
    block: &'a Block<C, M, G>,
}

/// The sums of a block's slots, and which of them may still be among the best.
struct Live {
    sums: [i32; BLOCK],
    slots: u64,
}

impl Live {
    /// Changes the sum of every slot that is left, and keeps those whose bound
    /// reaches `floor`.
    #[inline]
    fn retain(&mut self, floor: i32, mut change: impl FnMut(usize, i32) -> (i32, i32)) {
        let mut kept = 0;
        for slot in bits(self.slots) {
            if let Some(place) = self.sums.get_mut(slot) {
                let (sum, bound) = change(slot, *place);
                *place = sum;
                // No branch to mispredict.
                kept |= u64::from(bound >= floor) << slot;
            }
        }
        self.slots = kept;
    }
}

/// The places of the bits that are set, each below 64.
#[inline]
fn bits(mut left: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = left.trailing_zeros();
        left &= left.wrapping_sub(1);
        (lowest < u64::BITS).then_some(lowest as usize & (BLOCK - 1))
    })
}

impl<const C: usize, const M: usize, const G: usize, const T: usize, R, A, J>
    Search<'_, C, M, G, T, R, A, J>
where
    R: Record,
    A: Ask<M, G>,
    J: Judge<R>,
{
    fn walk(&mut self) {
        let most = self.plan.fixed.points + self.deal_reach() + self.beside;
        let mut windows: Vec<(i32, &Window<C, M, G>)> = (self.stock.windows.iter())
            .map(|window| {
                (
                    most + self.ask.most_of_sectors(window.homes, window.sectors),
                    &**window,
                )
            })
            .collect();
        windows.sort_by_key(|(bound, _)| Reverse(*bound));
        let mut blocks: Vec<Near<'_, C, M, G>> = Vec::new();
        for (bound, window) in windows {
            if bound < self.best.floor {
                break;
            }
            blocks.clear();
            for (head, block) in window.heads.iter().zip(&window.blocks) {
                let (bound, tags) = self.bound(head);
                if bound >= self.best.floor {
                    blocks.push(Near {
                        bound,
                        tags,
                        filled: head.filled,
                        block,
                    });
                }
            }
            blocks.sort_unstable_by_key(|near| Reverse(near.bound));
            for near in &blocks {
                if near.bound < self.best.floor {
                    break;
                }
                self.look_into(near);
            }
        }
    }

    /// The most that a record of a block can have, and how much of it by its
    /// tags. Where the kinds of deal alone keep it below the best, that will do.
    #[inline]
    fn bound(&self, head: &Head) -> (i32, i32) {
        let [intents, stages, money] = &head.spreads;
        let tags = self.ask.most_of_sectors(head.homes, head.sectors);
        let rest = self.plan.fixed.points + tags + self.beside;
        let Some(named) = intents.names() else {
            return (rest + self.deal_reach(), tags);
        };
        let most_with = |shares: i32| {
            let deals = named.iter().map(|code| self.deal_of(*code).with(shares));
            rest + deals.max().unwrap_or(super::table::OUT)
        };
        let most = most_with(self.shares_reach);
        if most < self.best.floor {
            return (most, tags);
        }
        let stages = self.plan.stages.most_of(stages.names());
        let shares = stages + self.plan.money.most_of(money.names());
        (most_with(shares), tags)
    }

    fn deal_reach(&self) -> i32 {
        self.plan.intents.reach() + self.shares_reach.max(0)
    }

    /// What a code of kinds of deal brings. Beyond the dictionary the bound has
    /// to hold for any.
    #[inline]
    fn deal_of(&self, intents: u16) -> Deal {
        let known = self.plan.deals.get(usize::from(intents)).copied();
        known.unwrap_or(Deal {
            points: self.deal_reach(),
            equity: 0,
        })
    }

    fn look_into(&mut self, near: &Near<'_, C, M, G>) {
        let Near { block, tags, .. } = *near;
        let mut live = self.by_deal(near);
        if live.slots == 0 {
            return;
        }
        // The other columns are a look into a table each, so they come before
        // the tags, which are several.
        self.by_columns(block, tags, &mut live);
        live.retain(self.best.floor, |slot, sum| {
            let most = self.ask.most_of_tags(block.tags(slot)).min(tags);
            (sum, sum + most)
        });
        for slot in bits(live.slots) {
            let sum = live.sums.get(slot).copied().unwrap_or(0);
            self.weigh(block, slot, sum, tags);
        }
    }

    /// Sums up kinds of deal, stages and money of all slots.
    fn by_deal(&self, near: &Near<'_, C, M, G>) -> Live {
        let (mut sums, mut live) = ([0; BLOCK], 0);
        let columns = near.block.columns().first_chunk::<BEFORE>();
        let Some([intents, stages, money, ..]) = columns else {
            return Live { sums, slots: 0 };
        };
        let [of_stages, of_money] =
            [&self.plan.stages, &self.plan.money].map(Table::points_by_code);
        let fixed = self.plan.fixed.points;
        // What is ruled out is below nought.
        let least = (self.best.floor - near.tags - self.beside).max(0);
        // Slots stand in the order of their kinds of deal, so one answer does
        // for many.
        let (mut last, mut deal, mut hopes) = (None, Deal::default(), false);
        let columns = intents.iter().zip(stages).zip(money).zip(&mut sums);
        for (slot, (((intents, stages), money), place)) in (0_u32..).zip(columns) {
            if last != Some(*intents) {
                last = Some(*intents);
                deal = self.deal_of(*intents);
                hopes = fixed + deal.with(self.shares_reach) >= least;
            }
            if hopes {
                let sum = fixed + deal.with(of_stages.of(*stages) + of_money.of(*money));
                *place = sum;
                live |= u64::from(sum >= least) << slot;
            }
        }
        let slots = live & near.filled;
        Live { sums, slots }
    }

    /// Adds all that is one look into a table each.
    fn by_columns(&self, block: &Block<C, M, G>, tags_most: i32, live: &mut Live) {
        let (plan, ask) = (self.plan, self.ask);
        let columns = block.columns().split_first_chunk::<BEFORE>();
        let Some(([_, _, _, models, customers], others)) = columns else {
            return;
        };
        let (of_models, of_customers) = (plan.models.by_code(), plan.customers.by_code());
        let of_others = plan.others.each_ref().map(Table::points_by_code);
        let code = |column: &[u16; BLOCK], slot: usize| column.get(slot).copied().unwrap_or(0);
        live.retain(self.best.floor, |slot, sum| {
            let business = Half::mean_of(
                of_models.of(code(models, slot)) + of_customers.of(code(customers, slot)),
            );
            let mut sum =
                sum + plan.business_weight * business + ask.points_of_markets(block.masks(slot));
            for (table, column) in of_others.iter().zip(others) {
                sum += table.of(code(column, slot));
            }
            (sum, if sum < 0 { i32::MIN } else { sum + tags_most })
        });
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
            doubt: Doubt::default(),
            referred: false,
        };
        match tags
            .zip(gates)
            .and_then(|both| self.tally(block, slot, both))
        {
            Some(sum) if self.judge.wants(&sum) => {
                hit.doubt = Doubt {
                    waits: sum.doubt,
                    sensitive: sum.sensitive,
                };
            }
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
        if plan.deals.get(usize::from(intents))?.equity != 0 {
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
