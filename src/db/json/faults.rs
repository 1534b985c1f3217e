//! What is wrong with a row of a file.

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use super::outcome::StoredFault;
use crate::db::Result;
use crate::domain::fault::Fault;

#[derive(Serialize, Deserialize)]
struct Stored {
    schema: One,
    faults: Vec<StoredFault>,
}

/// Nothing for none.
pub(in crate::db) fn encode(faults: &[Fault]) -> Result<Option<String>> {
    if faults.is_empty() {
        return Ok(None);
    }
    let faults = faults.iter().cloned().map(StoredFault::from).collect();
    form::write(&Stored {
        schema: One,
        faults,
    })
    .map(Some)
}

pub(in crate::db) fn decode(text: Option<&str>) -> Result<Vec<Fault>> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let stored: Stored = form::read("the faults of a row", text)?;
    Ok(stored.faults.into_iter().map(Fault::from).collect())
}
