//! The JSON of records, kept as long as somebody asks for it. What is kept
//! goes by a record's id and version, and a version never says anything else
//! than it did, so nothing here can be out of date.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::services::Error;

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
    /// The JSON of a version, made of its view unless it is known. A view that
    /// depends on more than the record, on who reads it for example, has no
    /// place here.
    ///
    /// # Errors
    /// Those of `view`.
    pub fn of<V: Serialize>(
        &self,
        id: impl Into<Uuid>,
        version: i64,
        view: impl FnOnce() -> Result<V, Error>,
    ) -> Result<Rendering, Error> {
        let key = (id.into(), version);
        if let Some(json) = self.0.get(&key) {
            return Ok(Rendering { version, json });
        }
        let json = serde_json::value::to_raw_value(&view()?).map_err(Error::internal)?;
        let json: Arc<RawValue> = json.into();
        self.0.insert(key, Arc::clone(&json));
        Ok(Rendering { version, json })
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
    fn each_version_is_rendered_once() {
        let renderings = Renderings::default();
        let id = Uuid::from_u128(7);
        let text = |version, view: &str| {
            let rendering = renderings.of(id, version, || Ok(view.to_owned()));
            serde_json::to_string(&rendering.unwrap()).unwrap()
        };
        assert_eq!(text(1, "first"), r#""first""#);
        assert_eq!(text(1, "not asked for"), r#""first""#);
        assert_eq!(text(2, "second"), r#""second""#);
    }

    #[test]
    fn what_fails_is_not_kept() {
        let renderings = Renderings::default();
        let id = Uuid::from_u128(7);
        assert!(renderings.of::<()>(id, 1, || Err(Error::NotFound)).is_err());
        assert!(renderings.of(id, 1, || Ok(())).is_ok());
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let renderings = Renderings::default();
        let long = "x".repeat(100_000);
        for n in 0..1_000 {
            let id = Uuid::from_u128(n);
            renderings.of(id, 1, || Ok(&long)).unwrap();
        }
        assert!(renderings.0.weight() <= CAPACITY);
    }
}
