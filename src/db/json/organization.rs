//! A firm's name in other scripts, by language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use crate::db::Result;
use crate::domain::text::{Language, Name};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    names: BTreeMap<String, String>,
}

/// The canonical text of the names.
pub(in crate::db) fn encode(names: &BTreeMap<Language, Name>) -> Result<String> {
    form::write(&Stored {
        schema: One,
        names: names
            .iter()
            .map(|(language, name)| (language.to_string(), name.to_string()))
            .collect(),
    })
}

/// The names of that text.
pub(in crate::db) fn decode(text: &str) -> Result<BTreeMap<Language, Name>> {
    let Stored { schema: One, names } = form::read("an organization's names", text)?;
    names
        .iter()
        .map(|(language, name)| Ok((form::parse(language)?, form::name(name)?)))
        .collect()
}
