//! The tags a programme is limited to, in the order of its text.

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use crate::db::Result;
use crate::domain::text::Slug;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    tags: Vec<String>,
}

/// The canonical text of the tags.
pub(in crate::db) fn encode(tags: &[Slug]) -> Result<String> {
    form::write(&Stored {
        schema: One,
        tags: form::texts(tags),
    })
}

/// The tags of that text.
pub(in crate::db) fn decode(text: &str) -> Result<Vec<Slug>> {
    let Stored { schema: One, tags } = form::read("a programme's tags", text)?;
    form::parse_all(&tags)
}
