//! What was told of a request that made or moved something, so that its
//! repetition is told the same whatever became of the record since.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::db::Conn;
use crate::db::idempotency::{self, Slot};

use super::{Context, Error};

/// How a request is told of, and how it was told of when it came for the first
/// time. Where the words follow from the record alone they are stored in the
/// transaction of the effect ([`Telling::of`]); else whoever answers says them
/// afterwards ([`keep_told`]), and one that dies between leaves its repetition
/// to be told what is on record then.
#[derive(Clone)]
pub struct Telling {
    write: Option<Arc<Write>>,
    told: Arc<OnceLock<Told>>,
    new: Arc<OnceLock<Slot>>,
    withheld: Arc<OnceLock<()>>,
}

type Write = dyn Fn(&dyn Any) -> Option<String> + Send + Sync;

/// What was told the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The version that the record came to; 0 where several were decided.
    pub version: i64,
    /// The words.
    pub text: String,
}

impl fmt::Debug for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telling")
            .field("told", &self.told)
            .field("new", &self.new)
            .finish_non_exhaustive()
    }
}

impl Telling {
    /// Records of type `T` are told of like this.
    pub fn of<T: 'static>(write: impl Fn(&T) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            write: Some(Arc::new(move |record| {
                record.downcast_ref::<T>().and_then(&write)
            })),
            ..Self::afterwards()
        }
    }

    /// Whoever answers says afterwards how it was told of.
    pub fn afterwards() -> Self {
        Self {
            write: None,
            told: Arc::default(),
            new: Arc::default(),
            withheld: Arc::default(),
        }
    }

    /// What was told the first time; none of a request that is new.
    pub fn told(&self) -> Option<&Told> {
        self.told.get()
    }

    /// Whether the request did something and its words are still to be kept.
    pub fn is_untold(&self) -> bool {
        self.write.is_none() && self.new.get().is_some()
    }

    pub(super) fn write(&self, record: &dyn Any) -> Option<String> {
        self.write.as_ref().and_then(|write| write(record))
    }

    /// What was told the first time is not for whoever asks now: it names what is
    /// kept from them by now. A repetition is told what is on record, as far as
    /// they may read it.
    pub(super) fn withhold(&self) {
        let _ = self.withheld.set(());
    }

    /// It is heard once.
    pub(super) fn hear(&self, version: i64, text: String) {
        if self.withheld.get().is_some() {
            return;
        }
        let _ = self.told.set(Told { version, text });
    }

    /// It came for the first time, and stands there.
    pub(super) fn is_new(&self, slot: &Slot) {
        let _ = self.new.set(slot.clone());
    }
}

/// Keeps what was told of a request that is new. Its repetitions find it;
/// nobody has to wait until it is durable.
///
/// # Errors
/// The store failed.
pub async fn keep_told(context: &Context, telling: &Telling, text: String) -> Result<(), Error> {
    let Some(slot) = telling.new.get().cloned() else {
        return Ok(());
    };
    let keep = move |conn: &mut Conn| Ok::<_, Error>(idempotency::keep_told(conn, &slot, &text)?);
    context.db.write_behind(keep).await
}
