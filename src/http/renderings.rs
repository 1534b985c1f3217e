//! The JSON of records, kept as long as somebody asks for it. What is kept
//! goes by a record's id and version, and a version never says anything else
//! than it did, so nothing here can be out of date.

use std::marker::PhantomData;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::services::Error;
use crate::services::paging::{Headed, Show};

/// Bytes of JSON that are kept at most.
const CAPACITY: u64 = 16 * 1024 * 1024;
/// How many records that is, more or less.
const RECORDS: usize = 8 * 1024;

/// What was rendered lately.
#[derive(Debug)]
pub struct Renderings(Cache<(Uuid, i64), Arc<RawValue>, Length>);

/// One version of a record as callers read it.
#[derive(Debug, Clone)]
pub struct Rendering {
    /// Which version.
    pub version: i64,
    json: Arc<RawValue>,
}

impl Serialize for Rendering {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl Default for Renderings {
    fn default() -> Self {
        Self(Cache::with_weighter(RECORDS, CAPACITY, Length))
    }
}

impl Renderings {
    fn known(&self, id: Uuid, version: i64) -> Option<Rendering> {
        let json = self.0.get(&(id, version))?;
        Some(Rendering { version, json })
    }

    fn keep<V: Serialize>(&self, id: Uuid, version: i64, view: &V) -> Result<Rendering, Error> {
        let json = serde_json::value::to_raw_value(view).map_err(Error::internal)?;
        let json: Arc<RawValue> = json.into();
        self.0.insert((id, version), Arc::clone(&json));
        Ok(Rendering { version, json })
    }
}

/// Shows records as the JSON of their view `V`. A view that depends on more
/// than the record, on who reads it for example, has no place here.
#[derive(Debug)]
pub struct Shown<V> {
    renderings: Arc<Renderings>,
    view: PhantomData<fn() -> V>,
}

impl<V> Shown<V> {
    /// Out of what was rendered lately, and into it.
    pub fn of(renderings: Arc<Renderings>) -> Self {
        Self {
            renderings,
            view: PhantomData,
        }
    }
}

impl<R: Headed, V: From<R> + Serialize + 'static> Show<R> for Shown<V> {
    type Seen = Rendering;

    fn known(&self, id: Uuid, version: i64) -> Option<Rendering> {
        self.renderings.known(id, version)
    }

    fn show(&self, record: R) -> Result<Rendering, Error> {
        let head = record.head();
        let view = V::from(record);
        self.renderings.keep(head.id.into(), head.version, &view)
    }
}

/// What an entry takes: the length of its JSON.
#[derive(Debug, Clone)]
struct Length;

impl Weighter<(Uuid, i64), Arc<RawValue>> for Length {
    fn weight(&self, _: &(Uuid, i64), json: &Arc<RawValue>) -> u64 {
        json.get().len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_once_it_was_rendered() {
        let renderings = Renderings::default();
        let id = Uuid::from_u128(7);
        assert!(renderings.known(id, 1).is_none());
        renderings.keep(id, 1, &"first").unwrap();
        let known = renderings.known(id, 1).unwrap();
        assert_eq!(known.version, 1);
        assert_eq!(serde_json::to_string(&known).unwrap(), r#""first""#);
        assert!(renderings.known(id, 2).is_none());
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let renderings = Renderings::default();
        let long = "x".repeat(100_000);
        for n in 0..1_000 {
            renderings.keep(Uuid::from_u128(n), 1, &long).unwrap();
        }
        assert!(renderings.0.weight() <= CAPACITY);
    }
}
