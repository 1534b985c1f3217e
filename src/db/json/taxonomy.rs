//! What scores look at in a taxonomy: the tree, what is sensitive, and which
//! deals move shares. What people read is left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use crate::db::{Error, Result};
use crate::domain::tag::{
    Facet, FacetValue, Labels, Sensitivity, Tag, TagKind, Taxonomy, TaxonomyFault, Term,
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    version: String,
    tags: Vec<StoredTag>,
    facets: Vec<StoredValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTag {
    slug: String,
    kind: String,
    parent: Option<String>,
    sensitivity: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredValue {
    facet: String,
    slug: String,
    equity: bool,
}

/// The canonical text of a taxonomy.
pub(in crate::db) fn encode(taxonomy: &Taxonomy) -> Result<String> {
    let tags = taxonomy.tags().map(|tag| StoredTag {
        slug: tag.slug.to_string(),
        kind: tag.kind.code().to_owned(),
        parent: tag.parent.as_ref().map(ToString::to_string),
        sensitivity: tag.sensitivity.code().to_owned(),
    });
    let values = Facet::ALL.iter().flat_map(|facet| taxonomy.facet(*facet));
    let values = values.map(|value| StoredValue {
        facet: value.facet.code().to_owned(),
        slug: value.slug.to_string(),
        equity: value.equity,
    });
    form::write(&Stored {
        schema: One,
        version: taxonomy.version().to_owned(),
        tags: tags.collect(),
        facets: values.collect(),
    })
}

/// The taxonomy of that text, without labels and aliases.
pub(in crate::db) fn decode(text: &str) -> Result<Taxonomy> {
    let Stored {
        schema: One,
        version,
        tags,
        facets,
    } = form::read("a taxonomy", text)?;
    let tags = tags.into_iter().map(|tag| {
        Ok(Tag {
            slug: form::parse(&tag.slug)?,
            kind: form::code(&tag.kind, TagKind::from_code)?,
            parent: tag.parent.as_deref().map(form::parse).transpose()?,
            labels: no_labels(),
            aliases: vec![],
            sensitivity: form::code(&tag.sensitivity, Sensitivity::from_code)?,
            // Scores look at the tree alone.
            term: Term::default(),
        })
    });
    let facets = facets.into_iter().map(|value| {
        Ok(FacetValue {
            facet: form::code(&value.facet, Facet::from_code)?,
            slug: form::parse(&value.slug)?,
            labels: no_labels(),
            equity: value.equity,
        })
    });
    let (tags, facets) = (tags.collect::<Result<_>>()?, facets.collect::<Result<_>>()?);
    Taxonomy::new(version, tags, facets).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(TaxonomyFault::to_string).collect();
        Error::Corrupt(faults.join("; "))
    })
}

fn no_labels() -> Labels {
    Labels {
        texts: BTreeMap::new(),
        machine: vec![],
        human: vec![],
    }
}
