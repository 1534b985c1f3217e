//! Where one side's records stand: blocks of 64 slots whose columns are small
//! integers, kept in an order that puts like beside like (a tree of two
//! levels, whose blocks split when they are full). The order begins with a
//! sector, and a record has a slot in each sector that its tags belong to: a
//! question need not look beyond its own sectors for any record that shares a
//! tag with it.
//!
//! Everything a reader sees hangs on [`Arc`]s. A change copies the one block
//! it concerns and the short path above it, so no reader ever waits.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::slab::{Kept, PIECE, Slab};

/// Slots of a block.
pub(super) const BLOCK: usize = 64;
/// Blocks of a window when it is made: 4 096 slots.
const WINDOW: usize = 64;
/// Blocks with which a window splits.
const TOO_MANY: usize = 96;
/// Distinct codes that a block names before it says "any".
const NAMED: usize = 6;
/// Columns whose codes a block names: kinds of deal, stages, money.
const NAMED_COLUMNS: usize = 3;

/// What the index needs to know of a record besides its columns.
pub trait Record {
    /// Its id.
    fn id(&self) -> Uuid;
    /// When it was first published.
    fn published_at(&self) -> Option<DateTime<Utc>>;
}

/// A record as its columns have it: `C` that are scored, `M` sets of
/// countries, `G` that only open or close.
#[derive(Debug, Clone)]
pub(super) struct Encoded<const C: usize, const M: usize, const G: usize> {
    /// Kinds of deal, stages and money first.
    pub(super) codes: [u16; C],
    pub(super) masks: [u64; M],
    pub(super) gates: [u16; G],
    pub(super) tags: Vec<u16>,
    /// The sectors that its tags belong to, as bits; [`NO_SECTOR`] for none.
    pub(super) sectors: u64,
    /// Puts like beside like within a sector; below [`SECTOR`].
    pub(super) order: u32,
}

/// The bit of records without tags.
pub(super) const NO_SECTOR: u64 = 1 << 62;
/// The bit of records whose tags don't fit the column.
pub(super) const ANY_SECTOR: u64 = 1 << 63;
/// One sector in the order.
pub(super) const SECTOR: u32 = 1 << 26;

impl<const C: usize, const M: usize, const G: usize> Encoded<C, M, G> {
    /// The record's places in the order, one in each of its sectors.
    fn orders(&self) -> impl Iterator<Item = u32> {
        let sectors = (0..64).filter(|sector| self.sectors >> sector & 1 == 1);
        sectors.map(|sector: u32| sector * SECTOR + self.order)
    }
}

/// The distinct codes of one column of a block, or too many to name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    codes: [u16; NAMED],
    count: u8,
}

impl Spread {
    fn of(codes: &[u16]) -> Self {
        let mut spread = Self {
            codes: [0; NAMED],
            count: 0,
        };
        for code in codes {
            if spread.names().is_none_or(|named| named.contains(code)) {
                continue;
            }
            if let Some(place) = spread.codes.get_mut(usize::from(spread.count)) {
                *place = *code;
            }
            spread.count += 1;
        }
        spread
    }

    /// The codes; `None` for too many.
    pub(super) fn names(&self) -> Option<&[u16]> {
        self.codes.get(..usize::from(self.count))
    }
}

/// What bounds need to know of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// No record in a block before it comes later in the order.
    low: u32,
    /// The sectors by which its slots are ordered.
    pub(super) homes: u64,
    /// All sectors of its records, and perhaps of some that are gone.
    pub(super) sectors: u64,
    pub(super) spreads: [Spread; NAMED_COLUMNS],
    /// Its slots that have a record, as bits: here, a look at a block need not
    /// begin at its far end.
    pub(super) filled: u64,
}

/// Up to 64 records.
#[derive(Debug, Clone)]
pub(super) struct Block<const C: usize, const M: usize, const G: usize> {
    codes: [[u16; BLOCK]; C],
    masks: [[u64; BLOCK]; M],
    gates: [[u16; BLOCK]; G],
    orders: [u32; BLOCK],
    handles: [u32; BLOCK],
    tag_ends: [u16; BLOCK],
    tags: Vec<u16>,
    len: usize,
}

/// One slot of a block.
struct Slot<const C: usize, const M: usize, const G: usize> {
    codes: [u16; C],
    masks: [u64; M],
    gates: [u16; G],
    order: u32,
    handle: u32,
}

fn put<T: Copy>(places: &mut [T], at: usize, value: T) {
    if let Some(place) = places.get_mut(at) {
        *place = value;
    }
}

fn at<T: Copy, const N: usize>(columns: &[[T; BLOCK]; N], slot: usize, none: T) -> [T; N] {
    columns
        .each_ref()
        .map(|column| column.get(slot).copied().unwrap_or(none))
}

impl<const C: usize, const M: usize, const G: usize> Block<C, M, G> {
    fn new() -> Self {
        Self {
            codes: [[0; BLOCK]; C],
            masks: [[0; BLOCK]; M],
            gates: [[0; BLOCK]; G],
            orders: [0; BLOCK],
            handles: [0; BLOCK],
            tag_ends: [0; BLOCK],
            tags: Vec::new(),
            len: 0,
        }
    }

    /// The scored columns, noughts behind the last record.
    pub(super) const fn columns(&self) -> &[[u16; BLOCK]; C] {
        &self.codes
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    fn filled(&self) -> u64 {
        let free = u32::try_from(BLOCK - self.len).ok();
        free.and_then(|free| u64::MAX.checked_shr(free))
            .unwrap_or(0)
    }

    pub(super) fn handle(&self, slot: usize) -> Option<u32> {
        self.handles.get(slot).copied()
    }

    pub(super) fn codes(&self, slot: usize) -> [u16; C] {
        at(&self.codes, slot, 0)
    }

    pub(super) fn masks(&self, slot: usize) -> [u64; M] {
        at(&self.masks, slot, 0)
    }

    pub(super) fn gates(&self, slot: usize) -> [u16; G] {
        at(&self.gates, slot, 0)
    }

    /// The sector by which a slot is ordered, as a bit.
    pub(super) fn home(&self, slot: usize) -> u64 {
        1 << (self.orders.get(slot).copied().unwrap_or(0) / SECTOR)
    }

    pub(super) fn tags(&self, slot: usize) -> &[u16] {
        let end = |slot: usize| self.tag_ends.get(slot).map_or(0, |end| usize::from(*end));
        let start = slot.checked_sub(1).map_or(0, end);
        self.tags.get(start..end(slot)).unwrap_or_default()
    }

    fn head(&self, low: u32, sectors: u64) -> Head {
        Head {
            low,
            homes: (0..self.len).fold(0, |homes, slot| homes | self.home(slot)),
            sectors,
            filled: self.filled(),
            spreads: [0, 1, 2].map(|column| {
                let codes = self.codes.get(column);
                Spread::of(
                    codes
                        .and_then(|codes| codes.get(..self.len))
                        .unwrap_or_default(),
                )
            }),
        }
    }

    fn push(&mut self, record: &Slot<C, M, G>, tags: &[u16]) {
        let slot = self.len;
        for (column, code) in self.codes.iter_mut().zip(record.codes) {
            put(column, slot, code);
        }
        for (column, mask) in self.masks.iter_mut().zip(record.masks) {
            put(column, slot, mask);
        }
        for (column, code) in self.gates.iter_mut().zip(record.gates) {
            put(column, slot, code);
        }
        self.tags.extend(tags);
        put(&mut self.orders, slot, record.order);
        put(&mut self.handles, slot, record.handle);
        let end = u16::try_from(self.tags.len()).unwrap_or(u16::MAX);
        put(&mut self.tag_ends, slot, end);
        self.len += 1;
    }

    fn slot(&self, slot: usize) -> Slot<C, M, G> {
        Slot {
            codes: self.codes(slot),
            masks: self.masks(slot),
            gates: self.gates(slot),
            order: self.orders.get(slot).copied().unwrap_or(0),
            handle: self.handle(slot).unwrap_or(0),
        }
    }

    /// A block of some of the slots.
    fn of_slots(&self, slots: impl Iterator<Item = usize>) -> Self {
        let mut some = Self::new();
        some.tags.reserve_exact(self.tags.len());
        for slot in slots {
            some.push(&self.slot(slot), self.tags(slot));
        }
        some
    }

    /// The block without the record of that handle; `None` when it has none.
    fn without(&self, handle: u32) -> Option<Self> {
        let live = self.handles.get(..self.len)?;
        let gone = live.iter().position(|other| *other == handle)?;
        Some(self.of_slots((0..self.len).filter(|slot| *slot != gone)))
    }

    /// The lower and the upper half in the order, and where the upper begins.
    fn halves(&self) -> (Self, Self, u32) {
        let order = |slot: &usize| self.orders.get(*slot).copied().unwrap_or(0);
        let mut slots: Vec<usize> = (0..self.len).collect();
        slots.sort_by_key(order);
        let upper = slots.split_off(self.len / 2);
        let low = upper.first().map_or(0, order);
        (
            self.of_slots(slots.into_iter()),
            self.of_slots(upper.into_iter()),
            low,
        )
    }
}

/// Neighbouring blocks.
#[derive(Debug, Clone)]
pub(super) struct Window<const C: usize, const M: usize, const G: usize> {
    low: u32,
    pub(super) homes: u64,
    pub(super) sectors: u64,
    pub(super) heads: Vec<Head>,
    pub(super) blocks: Vec<Arc<Block<C, M, G>>>,
}

impl<const C: usize, const M: usize, const G: usize> Window<C, M, G> {
    fn new(low: u32) -> Self {
        Self {
            low,
            homes: 0,
            sectors: 0,
            heads: Vec::new(),
            blocks: Vec::new(),
        }
    }

    fn add(&mut self, at: usize, head: Head, block: Block<C, M, G>) {
        self.homes |= head.homes;
        self.sectors |= head.sectors;
        self.heads.insert(at, head);
        self.blocks.insert(at, Arc::new(block));
    }

    /// Changes a block to one with more sectors, or none more.
    fn replace(&mut self, at: usize, block: Block<C, M, G>, sectors: u64) {
        if let (Some(head), Some(place)) = (self.heads.get_mut(at), self.blocks.get_mut(at)) {
            *head = block.head(head.low, head.sectors | sectors);
            self.homes |= head.homes;
            self.sectors |= sectors;
            *place = Arc::new(block);
        }
    }

    /// The last block whose records may come this early.
    fn block_for(&self, order: u32) -> usize {
        let after = self.heads.partition_point(|head| head.low <= order);
        after.saturating_sub(1)
    }

    fn insert(&mut self, record: &Slot<C, M, G>, tags: &[u16], sectors: u64) {
        let mut at = self.block_for(record.order);
        if self.blocks.is_empty() {
            let block = Block::new();
            self.add(0, block.head(record.order, 0), block);
        }
        let full = self.blocks.get(at).filter(|block| block.len == BLOCK);
        if let Some((lower, upper, low)) = full.map(|block| block.halves()) {
            let before = self.heads.get(at).map_or(0, |head| head.sectors);
            self.replace(at, lower, before);
            self.add(at + 1, upper.head(low, before), upper);
            at += usize::from(low <= record.order);
        }
        if let Some(block) = self.blocks.get(at) {
            let mut block = Block::clone(block);
            block.push(record, tags);
            self.replace(at, block, sectors);
        }
    }

    /// The upper half of its blocks, as a window of its own.
    fn split(&mut self) -> Self {
        let half = self.blocks.len() / 2;
        let heads = self.heads.split_off(half);
        let blocks = self.blocks.split_off(half);
        let union = |heads: &[Head]| {
            let each = heads.iter();
            each.fold((0, 0), |(homes, sectors), head| {
                (homes | head.homes, sectors | head.sectors)
            })
        };
        (self.homes, self.sectors) = union(&self.heads);
        let (homes, sectors) = union(&heads);
        Self {
            low: heads.first().map_or(self.low, |head| head.low),
            homes,
            sectors,
            heads,
            blocks,
        }
    }
}

/// What readers see of one side.
#[derive(Debug)]
pub(super) struct Stock<const C: usize, const M: usize, const G: usize, R> {
    pub(super) windows: Vec<Arc<Window<C, M, G>>>,
    pub(super) records: Arc<Slab<R>>,
}

impl<const C: usize, const M: usize, const G: usize, R> Clone for Stock<C, M, G, R> {
    fn clone(&self) -> Self {
        Self {
            windows: self.windows.clone(),
            records: Arc::clone(&self.records),
        }
    }
}

/// One side's records, and the way to each.
#[derive(Debug)]
pub(super) struct Shelf<const C: usize, const M: usize, const G: usize, R> {
    stock: Stock<C, M, G, R>,
    handles: HashMap<Uuid, u32>,
    /// Places of the slab that were given.
    kept: usize,
}

impl<const C: usize, const M: usize, const G: usize, R: Record> Shelf<C, M, G, R> {
    /// One with these records.
    pub(super) fn new(records: Vec<(Encoded<C, M, G>, Arc<R>)>) -> Self {
        let mut shelf = Self {
            stock: Stock {
                windows: Vec::new(),
                records: Arc::new(Slab { pieces: Vec::new() }),
            },
            handles: HashMap::with_capacity(records.len()),
            kept: 0,
        };
        let mut encoded = Vec::with_capacity(records.len());
        let mut orders: Vec<(u32, u32)> = Vec::with_capacity(records.len() * 2);
        for (of_record, record) in records {
            let handle = shelf.keep(record);
            orders.extend(of_record.orders().map(|order| (order, handle)));
            encoded.push(of_record);
        }
        orders.sort_unstable();
        for some in orders.chunks(WINDOW * BLOCK) {
            let mut window = Window::new(first(some));
            for (at, few) in some.chunks(BLOCK).enumerate() {
                let (block, sectors) = block_of(few, &encoded);
                window.add(at, block.head(first(few), sectors), block);
            }
            shelf.stock.windows.push(Arc::new(window));
        }
        shelf
    }

    /// Gives a record a place in the slab.
    fn keep(&mut self, record: Arc<R>) -> u32 {
        let at = self.kept;
        if at / PIECE >= self.stock.records.pieces.len() {
            let piece = (0..PIECE).map(|_| OnceLock::new()).collect();
            let slab = Arc::make_mut(&mut self.stock.records);
            slab.pieces.push(piece);
        }
        self.kept += 1;
        let handle = u32::try_from(at).unwrap_or(u32::MAX);
        let id = record.id();
        self.handles.insert(id, handle);
        let piece = self.stock.records.pieces.get(at / PIECE);
        if let Some(place) = piece.and_then(|piece| piece.get(at % PIECE)) {
            let published = record.published_at();
            // Each place is given once, so there is nothing to be refused.
            let _ = place.set(Kept {
                published: published.map_or(i64::MAX, |at| at.timestamp_micros()),
                id,
                record,
            });
        }
        handle
    }

    /// The last window whose records may come this early.
    fn window_for(&self, order: u32) -> usize {
        let windows = &self.stock.windows;
        let after = windows.partition_point(|window| window.low <= order);
        after.saturating_sub(1)
    }

    /// Puts in a record that is not here.
    pub(super) fn put(&mut self, encoded: &Encoded<C, M, G>, record: Arc<R>) {
        let handle = self.keep(record);
        for order in encoded.orders() {
            if self.stock.windows.is_empty() {
                self.stock.windows.push(Arc::new(Window::new(order)));
            }
            let at = self.window_for(order);
            let Some(window) = self.stock.windows.get_mut(at) else {
                continue;
            };
            let window = Arc::make_mut(window);
            let slot = Slot {
                codes: encoded.codes,
                masks: encoded.masks,
                gates: encoded.gates,
                order,
                handle,
            };
            window.insert(&slot, &encoded.tags, encoded.sectors);
            if window.blocks.len() > TOO_MANY {
                let upper = window.split();
                self.stock.windows.insert(at + 1, Arc::new(upper));
            }
        }
    }

    /// Takes out a record that was put in as `encoded`.
    pub(super) fn remove(&mut self, id: Uuid, encoded: &Encoded<C, M, G>) {
        if let Some(handle) = self.handles.remove(&id) {
            for order in encoded.orders() {
                self.remove_from(order, handle);
            }
        }
    }

    fn remove_from(&mut self, order: u32, handle: u32) {
        // Records of one order may reach back over several blocks.
        for at in (0..=self.window_for(order)).rev() {
            let Some(window) = self.stock.windows.get(at) else {
                return;
            };
            for of_block in (0..=window.block_for(order)).rev() {
                let block = window.blocks.get(of_block);
                if let Some(rest) = block.and_then(|block| block.without(handle)) {
                    if let Some(window) = self.stock.windows.get_mut(at) {
                        Arc::make_mut(window).replace(of_block, rest, 0);
                    }
                    return;
                }
            }
        }
    }

    /// The record with that id.
    pub(super) fn get(&self, id: Uuid) -> Option<&Arc<R>> {
        let kept = self.stock.records.get(*self.handles.get(&id)?)?;
        Some(&kept.record)
    }

    /// Every record.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<R>> {
        let kept = self.handles.values();
        kept.filter_map(|handle| Some(&self.stock.records.get(*handle)?.record))
    }

    pub(super) fn len(&self) -> usize {
        self.handles.len()
    }

    /// Records that were replaced or taken out and are still kept.
    pub(super) fn worn(&self) -> usize {
        self.kept - self.handles.len()
    }

    pub(super) fn stock(&self) -> Stock<C, M, G, R> {
        self.stock.clone()
    }

    /// Bytes of everything but the records themselves.
    pub(super) fn bytes(&self) -> usize {
        let mut bytes = self.handles.capacity() * (size_of::<(Uuid, u32)>() + 1);
        for piece in &self.stock.records.pieces {
            bytes += piece.len() * size_of::<OnceLock<Kept<R>>>();
        }
        for window in &self.stock.windows {
            bytes += size_of::<Window<C, M, G>>() + window.heads.capacity() * size_of::<Head>();
            for block in &window.blocks {
                // Two counters stand before what an `Arc` holds.
                let counters = 3 * size_of::<usize>();
                let fixed = counters + size_of::<Block<C, M, G>>();
                bytes += fixed + size_of::<u16>() * block.tags.capacity();
            }
        }
        bytes
    }
}

fn first(orders: &[(u32, u32)]) -> u32 {
    orders.first().map_or(0, |(order, _)| *order)
}

/// A block of records by their places in the order, and their sectors.
fn block_of<const C: usize, const M: usize, const G: usize>(
    orders: &[(u32, u32)],
    encoded: &[Encoded<C, M, G>],
) -> (Block<C, M, G>, u64) {
    let mut block = Block::new();
    let mut sectors = 0;
    for (order, handle) in orders {
        let record = usize::try_from(*handle).ok().and_then(|at| encoded.get(at));
        if let Some(record) = record {
            let slot = Slot {
                codes: record.codes,
                masks: record.masks,
                gates: record.gates,
                order: *order,
                handle: *handle,
            };
            block.push(&slot, &record.tags);
            sectors |= record.sectors;
        }
    }
    block.tags.shrink_to_fit();
    (block, sectors)
}
