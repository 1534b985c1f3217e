//! Which tags find no counterpart: what mandates want that few startups do,
//! and what startups do that few mandates want.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::mandate::Mandate;
use crate::domain::profile::StartupProfile;
use crate::domain::tag::{Sensitivity, Taxonomy};
use crate::domain::text::Slug;

/// A tag on both sides of a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagBalance {
    /// The tag.
    pub tag: Slug,
    /// Mandates that name it.
    pub wanted: usize,
    /// Startups that carry it or something under it: what such a mandate means.
    pub supplied: usize,
    /// Startups that carry it.
    pub offered: usize,
    /// Mandates that name it or something above it: who such a startup is for.
    pub sought: usize,
}

/// How every tag that either side uses stands. What may not be matched at all
/// is left out.
pub fn balance<'a>(
    taxonomy: &Taxonomy,
    startups: impl Iterator<Item = &'a StartupProfile>,
    mandates: impl Iterator<Item = &'a Mandate>,
) -> Vec<TagBalance> {
    let mut balances: BTreeMap<&Slug, TagBalance> = taxonomy
        .tags()
        .filter(|tag| taxonomy.sensitivity(&tag.slug) != Sensitivity::Prohibited)
        .map(|tag| (&tag.slug, TagBalance::of(&tag.slug)))
        .collect();
    for profile in startups {
        let tags: BTreeSet<&Slug> = profile.content.all_tags().collect();
        for tag in &tags {
            add(&mut balances, tag, |balance| &mut balance.offered);
        }
        for tag in with_ancestors(taxonomy, &tags) {
            add(&mut balances, tag, |balance| &mut balance.supplied);
        }
    }
    let below = below(taxonomy);
    for mandate in mandates {
        let mut meant = BTreeSet::new();
        for tag in mandate.content.tags.keys() {
            add(&mut balances, tag, |balance| &mut balance.wanted);
            meant.extend(below.get(tag).into_iter().flatten());
        }
        for tag in meant {
            add(&mut balances, tag, |balance| &mut balance.sought);
        }
    }
    balances
        .into_values()
        .filter(|balance| balance.wanted + balance.offered > 0)
        .collect()
}

/// Every tag with itself and everything under it.
fn below(taxonomy: &Taxonomy) -> BTreeMap<&Slug, Vec<&Slug>> {
    let mut below: BTreeMap<&Slug, Vec<&Slug>> = BTreeMap::new();
    for tag in taxonomy.tags() {
        for above in std::iter::once(&tag.slug).chain(taxonomy.ancestors(&tag.slug)) {
            below.entry(above).or_default().push(&tag.slug);
        }
    }
    below
}

impl TagBalance {
    fn of(tag: &Slug) -> Self {
        Self {
            tag: tag.clone(),
            wanted: 0,
            supplied: 0,
            offered: 0,
            sought: 0,
        }
    }
}

fn with_ancestors<'a>(taxonomy: &'a Taxonomy, tags: &BTreeSet<&'a Slug>) -> BTreeSet<&'a Slug> {
    tags.iter()
        .flat_map(|tag| std::iter::once(*tag).chain(taxonomy.ancestors(tag)))
        .collect()
}

fn add(
    balances: &mut BTreeMap<&Slug, TagBalance>,
    tag: &Slug,
    count: fn(&mut TagBalance) -> &mut usize,
) {
    if let Some(balance) = balances.get_mut(tag) {
        *count(balance) += 1;
    }
}
