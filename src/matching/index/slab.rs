//! The records themselves, each once, by handle.

use std::sync::{Arc, OnceLock};

use uuid::Uuid;

/// Records of one piece of the slab.
pub(super) const PIECE: usize = 1_024;

/// What is kept once of each record, in how many sectors it may stand.
#[derive(Debug)]
pub(super) struct Kept<R> {
    pub(super) record: Arc<R>,
    /// Microseconds of the first publication; the latest there is for none.
    pub(super) published: i64,
    /// The record's id: reading it here spares a trip to the record.
    pub(super) id: Uuid,
}

/// Records by handle. A place is written once, so readers share the pieces
/// with the writer; a record that is replaced keeps its place until the next
/// rebuild.
#[derive(Debug)]
pub(super) struct Slab<R> {
    pub(super) pieces: Vec<Piece<R>>,
}

pub(super) type Piece<R> = Arc<[OnceLock<Kept<R>>]>;

impl<R> Clone for Slab<R> {
    fn clone(&self) -> Self {
        Self {
            pieces: self.pieces.clone(),
        }
    }
}

impl<R> Slab<R> {
    pub(super) fn get(&self, handle: u32) -> Option<&Kept<R>> {
        let handle = usize::try_from(handle).ok()?;
        self.pieces.get(handle / PIECE)?.get(handle % PIECE)?.get()
    }
}
