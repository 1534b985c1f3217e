//! What speaks for two records being of one firm.

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use crate::db::Result;
use crate::domain::duplicate::{Ground, Reason};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    reasons: Vec<StoredReason>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredReason {
    ground: String,
    one: String,
    other: String,
    points: u32,
}

/// The canonical text of some reasons.
pub(in crate::db) fn encode(reasons: &[Reason]) -> Result<String> {
    let reasons = reasons.iter().map(|reason| StoredReason {
        ground: reason.ground.code().to_owned(),
        one: reason.one.clone(),
        other: reason.other.clone(),
        points: reason.points,
    });
    form::write(&Stored {
        schema: One,
        reasons: reasons.collect(),
    })
}

/// The reasons of that text.
pub(in crate::db) fn decode(text: &str) -> Result<Vec<Reason>> {
    let Stored {
        schema: One,
        reasons,
    } = form::read("reasons of a duplicate", text)?;
    let reasons = reasons.into_iter().map(|stored| {
        Ok(Reason {
            ground: form::code(&stored.ground, Ground::from_code)?,
            one: stored.one,
            other: stored.other,
            points: stored.points,
        })
    });
    reasons.collect()
}
