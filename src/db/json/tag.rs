//! The words of a tag: labels with where they come from, and aliases.

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use super::part::Localized;
use crate::db::Result;
use crate::domain::tag::Labels;
use crate::domain::text::Localized as DomainLocalized;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    labels: Localized,
    aliases: Vec<String>,
}

/// The canonical text of a tag's words.
pub(in crate::db) fn encode(labels: &Labels, aliases: &[String]) -> Result<String> {
    form::write(&Stored {
        schema: One,
        labels: Localized::of(&DomainLocalized::from(labels)),
        aliases: aliases.to_vec(),
    })
}

/// The words of that text.
pub(in crate::db) fn decode(text: &str) -> Result<(Labels, Vec<String>)> {
    let Stored {
        schema: One,
        labels,
        aliases,
    } = form::read("the words of a tag", text)?;
    Ok((Labels::from(&labels.restore()?), aliases))
}
