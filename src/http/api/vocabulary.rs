//! Words of the taxonomy that a document names: an alias or a label stands
//! for its slug, an unknown word is a fault with the nearest known ones.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::values::each;
use crate::domain::fault::{Fault, Faults};
use crate::domain::tag::{Facet, FacetValue, LONGEST_SUGGESTED_FOR, Tag, Taxonomy};
use crate::domain::text::{Slug, fold};

/// From which likeness on a word is suggested, as for tags.
const ALIKE: f64 = 0.82;

/// Reads words of one taxonomy.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary<'a> {
    taxonomy: &'a Taxonomy,
    /// What the record holds already, and so may go on to hold.
    held: Option<&'a BTreeSet<Slug>>,
}

impl<'a> Vocabulary<'a> {
    /// Of that taxonomy.
    pub const fn new(taxonomy: &'a Taxonomy) -> Self {
        Self {
            taxonomy,
            held: None,
        }
    }

    /// For a record that holds these tags: they stay, also where they can't be
    /// chosen any more.
    #[must_use]
    pub const fn holding(self, held: &'a BTreeSet<Slug>) -> Self {
        Self {
            held: Some(held),
            ..self
        }
    }

    /// The last day that has begun anywhere, if the day is known.
    pub fn latest_day(self) -> Option<NaiveDate> {
        self.taxonomy.day().and_then(|day| day.succ_opt())
    }

    /// The tag that `word` names, whether or not it can be chosen.
    pub fn known(self, faults: &mut Faults, pointer: &str, word: &str) -> Option<&'a Tag> {
        let found = self.taxonomy.resolve(word);
        if found.is_none() {
            let near = self.taxonomy.suggest(word).into_iter();
            let near = near.map(Slug::as_str).collect();
            unknown(faults, pointer, "unknown_tag", "tag", near);
        }
        found
    }

    /// The tag that `word` names, if it can be chosen.
    pub fn tag(self, faults: &mut Faults, pointer: &str, word: &str) -> Option<Slug> {
        // Who holds a tag that redirects keeps it as it is.
        let as_held = |held: &'a BTreeSet<Slug>| held.iter().find(|slug| slug.as_str() == word);
        if let Some(slug) = self.held.and_then(as_held) {
            return Some(slug.clone());
        }
        let found = self.known(faults, pointer, word)?;
        let held = self.held.is_some_and(|held| held.contains(&found.slug));
        if !held && !self.taxonomy.offers(found) {
            let detail = format!("The tag “{}” can't be chosen today.", found.slug);
            faults.push(pointer, "tag_not_offered", detail);
            return None;
        }
        Some(found.slug.clone())
    }

    /// At most `max` tags.
    pub fn tags(
        self,
        faults: &mut Faults,
        pointer: &str,
        words: &[String],
        max: usize,
    ) -> BTreeSet<Slug> {
        each(faults, pointer, words, max, |faults, place, word| {
            self.tag(faults, place, word)
        })
    }

    /// The taxonomy.
    pub const fn taxonomy(self) -> &'a Taxonomy {
        self.taxonomy
    }

    /// Values of a facet, at most as many as there are.
    pub fn facet(
        self,
        faults: &mut Faults,
        pointer: &str,
        words: &[String],
        facet: Facet,
    ) -> BTreeSet<Slug> {
        let max = self.taxonomy.facet(facet).count();
        each(faults, pointer, words, max, |faults, place, word| {
            self.facet_value(faults, place, word, facet)
        })
    }

    fn facet_value(
        self,
        faults: &mut Faults,
        pointer: &str,
        word: &str,
        facet: Facet,
    ) -> Option<Slug> {
        // Programs say the slug; folding every label for it would cost more
        // than all else in reading a document.
        let slug = |value: &&FacetValue| value.slug.as_str() == word;
        if let Some(value) = self.taxonomy.facet(facet).find(slug) {
            return Some(value.slug.clone());
        }
        let folded = fold(word);
        let named = |value: &&FacetValue| names(value).any(|name| name == folded);
        let found = self.taxonomy.facet(facet).find(named);
        if found.is_none() {
            let near = self.near(&folded, facet);
            unknown(faults, pointer, "unknown_value", facet.code(), near);
        }
        found.map(|value| value.slug.clone())
    }

    /// Up to three values of a facet that a mistyped word may mean, nearest
    /// first.
    fn near(&self, folded: &str, facet: Facet) -> Vec<&str> {
        if folded.chars().nth(LONGEST_SUGGESTED_FOR).is_some() {
            return Vec::new();
        }
        let likeness = |value: &FacetValue| {
            names(value)
                .map(|name| strsim::jaro_winkler(folded, &name))
                .fold(0.0, f64::max)
        };
        let mut near: Vec<(f64, &str)> = self
            .taxonomy
            .facet(facet)
            .map(|value| (likeness(value), value.slug.as_str()))
            .filter(|(likeness, _)| *likeness >= ALIKE)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        near.into_iter().take(3).map(|(_, slug)| slug).collect()
    }
}

/// The slug and labels of a value, folded.
fn names(value: &FacetValue) -> impl Iterator<Item = String> + '_ {
    let labels = value.labels.texts.values().map(String::as_str);
    labels.chain([value.slug.as_str()]).map(fold)
}

fn unknown(faults: &mut Faults, pointer: &str, code: &'static str, what: &str, near: Vec<&str>) {
    let hint = if near.is_empty() {
        "GET /v1/tags and GET /v1/facets list what there is.".to_owned()
    } else {
        format!("Did you mean {}?", near.join(", "))
    };
    let detail = format!("There is no such {what}. {hint}");
    faults.add(Fault::new(pointer, code, detail).suggesting(near));
}
