//! Where one side's records stand: blocks of 64 slots whose columns are small
//! integers, grouped so that a block's records want the same kinds of deal at
//! the same stages.
//!
//! Everything a reader sees hangs on [`Arc`]s. A change copies the one block
//! it concerns and the short path above it, so a snapshot costs a few dozen
//! counters and no reader ever waits.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Slots of a block.
pub(super) const BLOCK: usize = 64;
/// Blocks of a window: 4 096 slots.
const WINDOW: usize = 64;
/// Distinct codes that a block names before it says "any".
const NAMED: usize = 6;
/// Distinct codes that a window names before it says "any".
const NAMED_BY_WINDOW: usize = 32;
/// Records of one piece of the slab.
const PIECE: usize = 1_024;

/// What the index needs to know of a record besides its columns.
pub trait Record {
    /// Its id.
    fn id(&self) -> Uuid;
    /// When it was first published.
    fn published_at(&self) -> Option<DateTime<Utc>>;
}

/// A record as its columns have it.
#[derive(Debug, Clone)]
pub(super) struct Encoded<const C: usize> {
    /// Kinds of deal and stages: what a group and a window have in common.
    pub(super) cell: (u16, u16),
    pub(super) codes: [u16; C],
    pub(super) tags: Vec<u16>,
    /// Puts records together that are alike, within a cell.
    pub(super) order: u64,
}

/// The distinct codes of one column of a block, or too many to name.
#[derive(Debug, Clone, Copy)]
struct Spread {
    codes: [u16; NAMED],
    count: usize,
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
            if let Some(place) = spread.codes.get_mut(spread.count) {
                *place = *code;
            }
            spread.count += 1;
        }
        spread
    }

    fn names(&self) -> Option<&[u16]> {
        self.codes.get(..self.count)
    }
}

/// Up to 64 records.
#[derive(Debug, Clone)]
pub(super) struct Block<const C: usize> {
    codes: [[u16; BLOCK]; C],
    handles: [u32; BLOCK],
    tag_ends: [u16; BLOCK],
    tags: Vec<u16>,
    len: usize,
    spreads: [Spread; 2],
}

impl<const C: usize> Block<C> {
    fn new() -> Self {
        Self {
            codes: [[0; BLOCK]; C],
            handles: [0; BLOCK],
            tag_ends: [0; BLOCK],
            tags: Vec::new(),
            len: 0,
            spreads: [Spread::of(&[]); 2],
        }
    }

    /// The columns, each as long as there are records.
    pub(super) fn columns(&self) -> impl Iterator<Item = &[u16]> {
        self.codes
            .iter()
            .map(|column| column.get(..self.len).unwrap_or_default())
    }

    /// The distinct codes of the first or second column; `None` for many.
    pub(super) fn names(&self, column: usize) -> Option<&[u16]> {
        self.spreads.get(column)?.names()
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn handle(&self, slot: usize) -> Option<u32> {
        self.handles.get(slot).copied()
    }

    /// The codes of one slot.
    pub(super) fn row(&self, slot: usize) -> impl Iterator<Item = u16> {
        self.codes
            .iter()
            .filter_map(move |column| column.get(slot).copied())
    }

    pub(super) fn tags(&self, slot: usize) -> &[u16] {
        let end = |slot: usize| self.tag_ends.get(slot).map_or(0, |end| usize::from(*end));
        let start = slot.checked_sub(1).map_or(0, end);
        self.tags.get(start..end(slot)).unwrap_or_default()
    }

    fn push(&mut self, record: &Encoded<C>, handle: u32) {
        let at = self.len;
        for (column, code) in self.codes.iter_mut().zip(record.codes) {
            if let Some(place) = column.get_mut(at) {
                *place = code;
            }
        }
        self.tags.extend(&record.tags);
        if let Some(place) = self.handles.get_mut(at) {
            *place = handle;
        }
        if let Some(end) = self.tag_ends.get_mut(at) {
            *end = u16::try_from(self.tags.len()).unwrap_or(u16::MAX);
        }
        self.len += 1;
    }

    /// Takes out the record with that handle; those behind it move up.
    fn take(&mut self, handle: u32) {
        let live = self.handles.get(..self.len).unwrap_or_default();
        let Some(at) = live.iter().position(|other| *other == handle) else {
            return;
        };
        let gone = self.tags(at).len();
        let start = at.checked_sub(1).and_then(|before| self.tag_ends.get(before));
        let start = start.map_or(0, |end| usize::from(*end));
        self.tags.drain(start..start + gone);
        for column in &mut self.codes {
            move_up(column, at);
        }
        move_up(&mut self.handles, at);
        move_up(&mut self.tag_ends, at);
        let gone = u16::try_from(gone).unwrap_or(0);
        for end in self.tag_ends.iter_mut().skip(at) {
            *end = end.saturating_sub(gone);
        }
        self.len -= 1;
    }

    fn summarize(&mut self) {
        let [first, second] = &mut self.spreads;
        for (spread, column) in [first, second].into_iter().zip(&self.codes) {
            *spread = Spread::of(column.get(..self.len).unwrap_or_default());
        }
    }
}

fn move_up<T: Copy>(places: &mut [T], at: usize) {
    let end = places.len();
    if at < end {
        places.copy_within(at + 1..end, at);
    }
}

/// Up to 64 blocks of one cell.
#[derive(Debug, Clone)]
pub(super) struct Window<const C: usize> {
    /// The stages that its records name.
    pub(super) stages: u16,
    pub(super) blocks: Vec<Arc<Block<C>>>,
    sizes: Vec<u8>,
    /// The first column's codes; more may be named than are left. `None` when
    /// there are many.
    pub(super) named: Option<Vec<u16>>,
}

impl<const C: usize> Window<C> {
    const fn new(stages: u16) -> Self {
        Self {
            stages,
            blocks: Vec::new(),
            sizes: Vec::new(),
            named: Some(Vec::new()),
        }
    }

    fn has_room(&self) -> bool {
        self.blocks.len() < WINDOW || self.sizes.iter().any(|size| usize::from(*size) < BLOCK)
    }

    fn name(&mut self, code: u16) {
        if let Some(named) = &mut self.named {
            if named.contains(&code) {
                return;
            }
            named.push(code);
            if named.len() > NAMED_BY_WINDOW {
                self.named = None;
            }
        }
    }

    /// Puts a record where there is room, and answers in which block.
    fn push(&mut self, record: &Encoded<C>, handle: u32) -> usize {
        let free = |size: &u8| usize::from(*size) < BLOCK;
        let at = self.sizes.iter().rposition(free).unwrap_or_else(|| {
            self.blocks.push(Arc::new(Block::new()));
            self.sizes.push(0);
            self.blocks.len() - 1
        });
        if let (Some(block), Some(size)) = (self.blocks.get_mut(at), self.sizes.get_mut(at)) {
            let block = Arc::make_mut(block);
            block.push(record, handle);
            block.summarize();
            *size += 1;
        }
        if let Some(code) = record.codes.first() {
            self.name(*code);
        }
        at
    }

    fn take(&mut self, at: usize, handle: u32) {
        if let (Some(block), Some(size)) = (self.blocks.get_mut(at), self.sizes.get_mut(at)) {
            let block = Arc::make_mut(block);
            block.take(handle);
            block.summarize();
            *size = size.saturating_sub(1);
        }
    }

    /// Fills an empty window, already in order.
    fn fill(&mut self, records: &[(Encoded<C>, u32)]) {
        for some in records.chunks(BLOCK) {
            let mut block = Block::new();
            for (record, handle) in some {
                block.push(record, *handle);
                if let Some(code) = record.codes.first() {
                    self.name(*code);
                }
            }
            block.tags.shrink_to_fit();
            block.summarize();
            self.sizes.push(u8::try_from(some.len()).unwrap_or(u8::MAX));
            self.blocks.push(Arc::new(block));
        }
    }
}

/// The windows whose records want the same kinds of deal.
#[derive(Debug, Clone)]
pub(super) struct Group<const C: usize> {
    pub(super) intents: u16,
    pub(super) windows: Vec<Arc<Window<C>>>,
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
    const fn new() -> Self {
        Self {
            pieces: Vec::new(),
        }
    }

    pub(super) fn get(&self, handle: u32) -> Option<&Arc<R>> {
        let handle = usize::try_from(handle).ok()?;
        self.pieces.get(handle / PIECE)?.get(handle % PIECE)?.get()
    }
}

/// A record's block.
#[derive(Debug, Clone, Copy)]
struct Place {
    group: u16,
    window: u16,
    block: u8,
    handle: u32,
}

/// What readers see of one side.
#[derive(Debug)]
pub(super) struct Stock<const C: usize, R> {
    pub(super) groups: Vec<Arc<Group<C>>>,
    pub(super) records: Arc<Slab<R>>,
}

impl<const C: usize, R> Clone for Stock<C, R> {
    fn clone(&self) -> Self {
        Self {
            groups: self.groups.clone(),
            records: Arc::clone(&self.records),
        }
    }
}

/// One side's records, and the way to each.
#[derive(Debug)]
pub(super) struct Shelf<const C: usize, R> {
    stock: Stock<C, R>,
    places: HashMap<Uuid, Place>,
    groups: HashMap<u16, u16>,
    /// The window of each cell that was last seen to have room.
    open: HashMap<(u16, u16), u16>,
    /// Places of the slab that were given.
    kept: usize,
    churn: usize,
}

impl<const C: usize, R: Record> Shelf<C, R> {
    /// One with these records.
    pub(super) fn new(records: Vec<(Encoded<C>, Arc<R>)>) -> Self {
        let mut shelf = Self {
            stock: Stock {
                groups: Vec::new(),
                records: Arc::new(Slab::new()),
            },
            places: HashMap::with_capacity(records.len()),
            groups: HashMap::new(),
            open: HashMap::new(),
            kept: 0,
            churn: 0,
        };
        let mut placed: Vec<(Encoded<C>, u32, Uuid)> = records
            .into_iter()
            .map(|(encoded, record)| {
                let id = record.id();
                (encoded, shelf.keep(record), id)
            })
            .collect();
        placed.sort_by_key(|(encoded, _, _)| (encoded.cell, encoded.order));
        for cell in placed.chunk_by(|(a, _, _), (b, _, _)| a.cell == b.cell) {
            for records in cell.chunks(WINDOW * BLOCK) {
                shelf.add_window(records);
            }
        }
        shelf
    }

    fn add_window(&mut self, records: &[(Encoded<C>, u32, Uuid)]) {
        let Some((first, _, _)) = records.first() else {
            return;
        };
        let (group, window) = self.new_window(first.cell);
        let filled: Vec<(Encoded<C>, u32)> = records
            .iter()
            .map(|(encoded, handle, _)| (encoded.clone(), *handle))
            .collect();
        if let Some(window) = self.window_mut(group, window) {
            window.fill(&filled);
        }
        for (slot, (_, handle, id)) in records.iter().enumerate() {
            let place = Place {
                group,
                window,
                block: u8::try_from(slot / BLOCK).unwrap_or(u8::MAX),
                handle: *handle,
            };
            self.places.insert(*id, place);
        }
    }

    fn new_window(&mut self, cell: (u16, u16)) -> (u16, u16) {
        let stock = &mut self.stock;
        let group = *self.groups.entry(cell.0).or_insert_with(|| {
            stock.groups.push(Arc::new(Group {
                intents: cell.0,
                windows: Vec::new(),
            }));
            // There are no more groups than codes.
            u16::try_from(stock.groups.len() - 1).unwrap_or(u16::MAX)
        });
        let mut window = 0;
        if let Some(group) = stock.groups.get_mut(usize::from(group)) {
            let group = Arc::make_mut(group);
            group.windows.push(Arc::new(Window::new(cell.1)));
            window = u16::try_from(group.windows.len() - 1).unwrap_or(u16::MAX);
        }
        self.open.insert(cell, window);
        (group, window)
    }

    fn window_mut(&mut self, group: u16, window: u16) -> Option<&mut Window<C>> {
        let group = Arc::make_mut(self.stock.groups.get_mut(usize::from(group))?);
        Some(Arc::make_mut(group.windows.get_mut(usize::from(window))?))
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

    /// Puts a record in its place, and takes it out of its former one.
    pub(super) fn put(&mut self, encoded: &Encoded<C>, record: Arc<R>) {
        let id = record.id();
        self.remove(id);
        let handle = self.keep(record);
        let (group, window) = self.window_with_room(encoded.cell);
        let block = self
            .window_mut(group, window)
            .map_or(0, |window| window.push(encoded, handle));
        let place = Place {
            group,
            window,
            block: u8::try_from(block).unwrap_or(u8::MAX),
            handle,
        };
        self.places.insert(id, place);
        self.churn += 1;
    }

    fn window_with_room(&mut self, cell: (u16, u16)) -> (u16, u16) {
        let known = self.groups.get(&cell.0).copied().zip(self.open.get(&cell).copied());
        let open = known.filter(|(group, window)| {
            self.stock
                .groups
                .get(usize::from(*group))
                .and_then(|group| group.windows.get(usize::from(*window)))
                .is_some_and(|window| window.has_room())
        });
        open.unwrap_or_else(|| self.new_window(cell))
    }

    /// Takes a record out; false when it is not here.
    pub(super) fn remove(&mut self, id: Uuid) -> bool {
        let Some(place) = self.places.remove(&id) else {
            return false;
        };
        let group = self.stock.groups.get(usize::from(place.group));
        let intents = group.map_or(0, |group| group.intents);
        if let Some(window) = self.window_mut(place.group, place.window) {
            window.take(usize::from(place.block), place.handle);
            let cell = (intents, window.stages);
            self.open.insert(cell, place.window);
        }
        self.churn += 1;
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

    /// Changes since it was put in order.
    pub(super) const fn churn(&self) -> usize {
        self.churn
    }

    pub(super) fn stock(&self) -> Stock<C, R> {
        self.stock.clone()
    }

    /// Bytes of everything but the records themselves.
    pub(super) fn bytes(&self) -> usize {
        let mut bytes = self.places.capacity() * (size_of::<(Uuid, Place)>() + 1);
        for piece in &self.stock.records.pieces {
            bytes += piece.capacity() * size_of::<OnceLock<Arc<R>>>();
        }
        for window in self.stock.groups.iter().flat_map(|group| &group.windows) {
            bytes += size_of::<Window<C>>() + window.blocks.capacity() * size_of::<usize>();
            bytes += window.sizes.capacity();
            bytes += window.named.as_ref().map_or(0, |named| 2 * named.capacity());
            for block in &window.blocks {
                // Two counters stand before what an `Arc` holds.
                bytes += 2 * size_of::<usize>() + size_of::<Block<C>>() + 2 * block.tags.capacity();
            }
        }
        bytes
    }
}
