//! Where one side's records stand: blocks of 64 slots whose columns are small
//! integers, kept in an order that puts like beside like (a tree of two
//! levels, whose blocks split when they are full).
//!
//! Everything a reader sees hangs on [`Arc`]s. A change copies the one block
//! it concerns and the short path above it, so no reader ever waits.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use uuid::Uuid;

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
/// Records of one piece of the slab.
const PIECE: usize = 1_024;

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
    /// The sectors that its tags belong to, as bits.
    pub(super) sectors: u64,
    /// Puts like beside like.
    pub(super) order: u32,
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
    pub(super) len: u8,
    pub(super) sectors: u64,
    pub(super) spreads: [Spread; NAMED_COLUMNS],
}

/// Up to 64 records.
#[derive(Debug, Clone)]
pub(super) struct Block<const C: usize, const M: usize, const G: usize> {
    codes: [[u16; BLOCK]; C],
    masks: [[u64; BLOCK]; M],
    gates: [[u16; BLOCK]; G],
    orders: [u32; BLOCK],
    handles: [u32; BLOCK],
    sectors: [u64; BLOCK],
    tag_ends: [u16; BLOCK],
    tags: Vec<u16>,
    len: usize,
}

fn put<T: Copy>(places: &mut [T], at: usize, value: T) {
    if let Some(place) = places.get_mut(at) {
        *place = value;
    }
}

fn at<T: Copy, const N: usize>(columns: &[[T; BLOCK]; N], slot: usize, none: T) -> [T; N] {
    columns.each_ref().map(|column| column.get(slot).copied().unwrap_or(none))
}

impl<const C: usize, const M: usize, const G: usize> Block<C, M, G> {
    fn new() -> Self {
        Self {
            codes: [[0; BLOCK]; C],
            masks: [[0; BLOCK]; M],
            gates: [[0; BLOCK]; G],
            orders: [0; BLOCK],
            handles: [0; BLOCK],
            sectors: [0; BLOCK],
            tag_ends: [0; BLOCK],
            tags: Vec::new(),
            len: 0,
        }
    }

    fn of<'a>(records: impl Iterator<Item = (&'a Encoded<C, M, G>, u32)>) -> Self {
        let mut block = Self::new();
        for (record, handle) in records {
            block.push(record, handle);
        }
        block.tags.shrink_to_fit();
        block
    }

    /// A scored column, as long as there are records.
    pub(super) fn column(&self, column: usize) -> &[u16] {
        let column = self.codes.get(column).and_then(|codes| codes.get(..self.len));
        column.unwrap_or_default()
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

    pub(super) fn tags(&self, slot: usize) -> &[u16] {
        let end = |slot: usize| self.tag_ends.get(slot).map_or(0, |end| usize::from(*end));
        let start = slot.checked_sub(1).map_or(0, end);
        self.tags.get(start..end(slot)).unwrap_or_default()
    }

    fn head(&self, low: u32) -> Head {
        let live = self.sectors.iter().take(self.len);
        Head {
            low,
            len: u8::try_from(self.len).unwrap_or(u8::MAX),
            sectors: live.fold(0, |all, sectors| all | sectors),
            spreads: [0, 1, 2].map(|column| Spread::of(self.column(column))),
        }
    }

    fn push(&mut self, record: &Encoded<C, M, G>, handle: u32) {
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
        self.tags.extend(&record.tags);
        put(&mut self.orders, slot, record.order);
        put(&mut self.handles, slot, handle);
        put(&mut self.sectors, slot, record.sectors);
        let end = u16::try_from(self.tags.len()).unwrap_or(u16::MAX);
        put(&mut self.tag_ends, slot, end);
        self.len += 1;
    }

    /// One slot as it was put in.
    fn record(&self, slot: usize) -> (Encoded<C, M, G>, u32) {
        let record = Encoded {
            codes: self.codes(slot),
            masks: self.masks(slot),
            gates: self.gates(slot),
            tags: self.tags(slot).to_vec(),
            sectors: self.sectors.get(slot).copied().unwrap_or(0),
            order: self.orders.get(slot).copied().unwrap_or(0),
        };
        (record, self.handle(slot).unwrap_or(0))
    }

    /// The block without the record of that handle; `None` when it has none.
    fn without(&self, handle: u32) -> Option<Self> {
        let live = self.handles.get(..self.len)?;
        let gone = live.iter().position(|other| *other == handle)?;
        let mut rest = Self::new();
        rest.tags.reserve(self.tags.len());
        for slot in (0..self.len).filter(|slot| *slot != gone) {
            let (record, handle) = self.record(slot);
            rest.push(&record, handle);
        }
        Some(rest)
    }

    /// The lower and the upper half in the order, and where the upper begins.
    fn halves(&self) -> (Self, Self, u32) {
        let mut records: Vec<_> = (0..self.len).map(|slot| self.record(slot)).collect();
        records.sort_by_key(|(record, _)| record.order);
        let upper = records.split_off(self.len / 2);
        let low = upper.first().map_or(0, |(record, _)| record.order);
        let of = |records: &[(Encoded<C, M, G>, u32)]| {
            Self::of(records.iter().map(|(record, handle)| (record, *handle)))
        };
        (of(&records), of(&upper), low)
    }
}

/// Neighbouring blocks.
#[derive(Debug, Clone)]
pub(super) struct Window<const C: usize, const M: usize, const G: usize> {
    low: u32,
    pub(super) sectors: u64,
    pub(super) heads: Vec<Head>,
    pub(super) blocks: Vec<Arc<Block<C, M, G>>>,
}

impl<const C: usize, const M: usize, const G: usize> Window<C, M, G> {
    fn new(low: u32) -> Self {
        Self {
            low,
            sectors: 0,
            heads: Vec::new(),
            blocks: Vec::new(),
        }
    }

    fn add(&mut self, at: usize, low: u32, block: Block<C, M, G>) {
        let head = block.head(low);
        self.sectors |= head.sectors;
        self.heads.insert(at, head);
        self.blocks.insert(at, Arc::new(block));
    }

    fn replace(&mut self, at: usize, block: Block<C, M, G>) {
        if let (Some(head), Some(place)) = (self.heads.get_mut(at), self.blocks.get_mut(at)) {
            *head = block.head(head.low);
            self.sectors |= head.sectors;
            *place = Arc::new(block);
        }
    }

    /// The last block whose records may come this early.
    fn block_for(&self, order: u32) -> usize {
        let after = self.heads.partition_point(|head| head.low <= order);
        after.saturating_sub(1)
    }

    fn insert(&mut self, record: &Encoded<C, M, G>, handle: u32) {
        let mut at = self.block_for(record.order);
        let Some(block) = self.blocks.get(at) else {
            self.add(0, record.order, Block::of(std::iter::once((record, handle))));
            return;
        };
        if block.len < BLOCK {
            let mut block = Block::clone(block);
            block.push(record, handle);
            self.replace(at, block);
            return;
        }
        let (lower, upper, low) = block.halves();
        self.replace(at, lower);
        self.add(at + 1, low, upper);
        at += usize::from(low <= record.order);
        if let Some(block) = self.blocks.get(at) {
            let mut block = Block::clone(block);
            block.push(record, handle);
            self.replace(at, block);
        }
    }

    /// The upper half of its blocks, as a window of its own.
    fn split(&mut self) -> Self {
        let half = self.blocks.len() / 2;
        let heads = self.heads.split_off(half);
        let blocks = self.blocks.split_off(half);
        let union = |heads: &[Head]| heads.iter().fold(0, |all, head| all | head.sectors);
        self.sectors = union(&self.heads);
        Self {
            low: heads.first().map_or(self.low, |head| head.low),
            sectors: union(&heads),
            heads,
            blocks,
        }
    }
}

/// Records by handle. A place is written once, so readers share the pieces
/// with the writer; a record that is replaced keeps its place until the next
/// rebuild.
#[derive(Debug)]
pub(super) struct Slab<R> {
    pieces: Vec<Arc<Vec<OnceLock<Arc<R>>>>>,
}

impl<R> Clone for Slab<R> {
    fn clone(&self) -> Self {
        Self {
            pieces: self.pieces.clone(),
        }
    }
}

impl<R> Slab<R> {
    pub(super) fn get(&self, handle: u32) -> Option<&Arc<R>> {
        let handle = usize::try_from(handle).ok()?;
        self.pieces.get(handle / PIECE)?.get(handle % PIECE)?.get()
    }
}

/// A record's way to its block.
#[derive(Debug, Clone, Copy)]
struct Place {
    order: u32,
    handle: u32,
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
    places: HashMap<Uuid, Place>,
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
            places: HashMap::with_capacity(records.len()),
            kept: 0,
        };
        let mut placed: Vec<(Encoded<C, M, G>, u32)> = Vec::with_capacity(records.len());
        for (encoded, record) in records {
            let id = record.id();
            let (order, handle) = (encoded.order, shelf.keep(record));
            shelf.places.insert(id, Place { order, handle });
            placed.push((encoded, handle));
        }
        placed.sort_by_key(|(encoded, _)| encoded.order);
        for some in placed.chunks(WINDOW * BLOCK) {
            let mut window = Window::new(first_order(some));
            for (at, few) in some.chunks(BLOCK).enumerate() {
                let block = Block::of(few.iter().map(|(record, handle)| (record, *handle)));
                window.add(at, first_order(few), block);
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
            slab.pieces.push(Arc::new(piece));
        }
        self.kept += 1;
        let piece = self.stock.records.pieces.get(at / PIECE);
        if let Some(place) = piece.and_then(|piece| piece.get(at % PIECE)) {
            // Each place is given once, so there is nothing to be refused.
            let _ = place.set(record);
        }
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// The last window whose records may come this early.
    fn window_for(&self, order: u32) -> usize {
        let windows = &self.stock.windows;
        let after = windows.partition_point(|window| window.low <= order);
        after.saturating_sub(1)
    }

    /// Puts a record in its place, and takes it out of its former one.
    pub(super) fn put(&mut self, encoded: &Encoded<C, M, G>, record: Arc<R>) {
        let id = record.id();
        self.remove(id);
        let handle = self.keep(record);
        let order = encoded.order;
        self.places.insert(id, Place { order, handle });
        if self.stock.windows.is_empty() {
            self.stock.windows.push(Arc::new(Window::new(order)));
        }
        let at = self.window_for(order);
        if let Some(window) = self.stock.windows.get_mut(at) {
            let window = Arc::make_mut(window);
            window.insert(encoded, handle);
            if window.blocks.len() > TOO_MANY {
                let upper = window.split();
                self.stock.windows.insert(at + 1, Arc::new(upper));
            }
        }
    }

    /// Takes a record out; false when it is not here.
    pub(super) fn remove(&mut self, id: Uuid) -> bool {
        let Some(Place { order, handle }) = self.places.remove(&id) else {
            return false;
        };
        // Records of one order may reach back over several blocks.
        for at in (0..=self.window_for(order)).rev() {
            let Some(window) = self.stock.windows.get(at) else {
                break;
            };
            for of_block in (0..=window.block_for(order)).rev() {
                let block = window.blocks.get(of_block);
                if let Some(rest) = block.and_then(|block| block.without(handle)) {
                    if let Some(window) = self.stock.windows.get_mut(at) {
                        Arc::make_mut(window).replace(of_block, rest);
                    }
                    return true;
                }
            }
        }
        true
    }

    /// The record with that id.
    pub(super) fn get(&self, id: Uuid) -> Option<&Arc<R>> {
        self.stock.records.get(self.places.get(&id)?.handle)
    }

    /// Every record.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<R>> {
        let handles = self.places.values().map(|place| place.handle);
        handles.filter_map(|handle| self.stock.records.get(handle))
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Records that were replaced or taken out and are still kept.
    pub(super) fn worn(&self) -> usize {
        self.kept - self.places.len()
    }

    pub(super) fn stock(&self) -> Stock<C, M, G, R> {
        self.stock.clone()
    }

    /// Bytes of everything but the records themselves.
    pub(super) fn bytes(&self) -> usize {
        let mut bytes = self.places.capacity() * (size_of::<(Uuid, Place)>() + 1);
        for piece in &self.stock.records.pieces {
            bytes += piece.capacity() * size_of::<OnceLock<Arc<R>>>();
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

fn first_order<const C: usize, const M: usize, const G: usize>(
    records: &[(Encoded<C, M, G>, u32)],
) -> u32 {
    records.first().map_or(0, |(record, _)| record.order)
}
