//! What an investor's past deals say about what it looks for.
//!
//! Tags: those of the startups it funded, weighted by how many of them have
//! the tag: half or more count 3, a quarter 2, anything 1, and never more than
//! the startups that show it; at most twelve. Stages: all that are known.
//! Cheque: the middle half of the known amounts. These are the amounts of
//! whole rounds, since exports don't say an investor's share; so the cheque is
//! marked flexible and is an upper estimate. Countries stay open: where it
//! invested is no promise of where it won't.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::config::import_mapping::Defaults;
use crate::domain::country::Country;
use crate::domain::investment::Investment;
use crate::domain::mandate::{Cheque, MandateContent};
use crate::domain::money::{Currency, Money};
use crate::domain::text::Slug;
use crate::domain::values::Stage;

use super::rows::Deal;

/// The most tags of a derived mandate.
const TAGS: usize = 12;

/// What the deals of one investor add up to.
#[derive(Debug, Default)]
struct Record {
    startups: BTreeSet<usize>,
    stages: BTreeSet<Stage>,
    amounts: Vec<i64>,
    deals: Vec<(usize, Deal)>,
}

/// A side that a deal names and no file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The startup.
    Startup,
    /// The investor.
    Investor,
}

/// All past deals, by investor.
#[derive(Debug, Default)]
pub struct Portfolios {
    startups: HashMap<String, usize>,
    tags: Vec<Vec<Slug>>,
    countries: Vec<Option<Country>>,
    investors: HashMap<String, Record>,
}

impl Portfolios {
    /// A startup that deals may name.
    pub fn add_startup(&mut self, external_id: &str, tags: Vec<Slug>, country: Option<Country>) {
        self.startups
            .insert(external_id.to_owned(), self.tags.len());
        self.tags.push(tags);
        self.countries.push(country);
    }

    /// An investor that deals may name.
    pub fn add_investor(&mut self, external_id: &str) {
        self.investors
            .insert(external_id.to_owned(), Record::default());
    }

    /// Counts a deal.
    ///
    /// # Errors
    /// The sides that nobody added.
    pub fn add(&mut self, deal: &Deal) -> Result<(), Vec<Unknown>> {
        let startup = self.startups.get(&deal.startup);
        let record = self.investors.get_mut(&deal.investor);
        let (Some(startup), Some(record)) = (startup, record) else {
            let known = [
                (self.startups.contains_key(&deal.startup), Unknown::Startup),
                (
                    self.investors.contains_key(&deal.investor),
                    Unknown::Investor,
                ),
            ];
            let unknown = known.into_iter().filter(|(known, _)| !known);
            return Err(unknown.map(|(_, side)| side).collect());
        };
        record.startups.insert(*startup);
        record.stages.extend(deal.stage);
        record.amounts.extend(deal.amount);
        record.deals.push((*startup, deal.clone()));
        Ok(())
    }

    /// What an investor did before, in amounts of `currency`.
    pub fn past(&self, investor: &str, currency: Currency) -> Vec<Investment> {
        let deals = self.investors.get(investor).map(|record| &record.deals);
        let deals = deals.into_iter().flatten();
        let past = deals.map(|(startup, deal)| Investment {
            startup: deal.startup.clone(),
            country: self.countries.get(*startup).copied().flatten(),
            tags: self.tags.get(*startup).cloned().unwrap_or_default(),
            stage: deal.stage,
            round: deal.amount.map(|minor| Money::new(minor, currency)),
            invested_on: deal.date,
        });
        past.collect()
    }

    /// The mandate that an investor's deals speak of; `None` when they say
    /// neither a tag nor a stage.
    pub fn mandate(&self, investor: &str, defaults: &Defaults) -> Option<MandateContent> {
        let record = self.investors.get(investor)?;
        let tags = self.weighted_tags(record);
        if tags.is_empty() && record.stages.is_empty() {
            return None;
        }
        Some(MandateContent {
            title: Some(defaults.mandate_title.clone()),
            tags,
            stages: record.stages.clone(),
            cheque: middle_half(&record.amounts).map(|(min, max)| Cheque {
                currency: defaults.currency,
                min,
                max,
                flexible: true,
            }),
            deal_intents: defaults.deal_intents.clone(),
            languages: defaults.languages.clone(),
            derived: true,
            ..MandateContent::default()
        })
    }

    fn weighted_tags(&self, record: &Record) -> BTreeMap<Slug, u8> {
        let mut counts: BTreeMap<&Slug, usize> = BTreeMap::new();
        for tag in record
            .startups
            .iter()
            .filter_map(|startup| self.tags.get(*startup))
            .flatten()
        {
            *counts.entry(tag).or_default() += 1;
        }
        let mut by_count: Vec<(&Slug, usize)> = counts.into_iter().collect();
        // Stable: among equals the slug decides.
        by_count.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        by_count
            .into_iter()
            .take(TAGS)
            .map(|(slug, count)| (slug.clone(), weight(count, record.startups.len())))
            .collect()
    }
}

const fn weight(count: usize, startups: usize) -> u8 {
    if count >= 3 && count * 2 >= startups {
        3
    } else if count >= 2 && count * 4 >= startups {
        2
    } else {
        1
    }
}

/// The lower and the upper quartile (nearest rank).
fn middle_half(amounts: &[i64]) -> Option<(i64, i64)> {
    let mut sorted = amounts.to_vec();
    sorted.sort_unstable();
    let rank =
        |quarters: usize| sorted.get((sorted.len() * quarters).div_ceil(4).saturating_sub(1));
    Some((*rank(1)?, *rank(3)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_need_both_share_and_number() {
        let weights = [(1, 1), (2, 2), (3, 3), (3, 6), (3, 7), (2, 9), (40, 200)];
        let found: Vec<u8> = weights.into_iter().map(|(n, of)| weight(n, of)).collect();
        assert_eq!(found, [1, 2, 3, 3, 2, 1, 1]);
    }

    #[test]
    fn the_middle_half_lies_between_the_quartiles() {
        assert_eq!(middle_half(&[]), None);
        assert_eq!(middle_half(&[7]), Some((7, 7)));
        assert_eq!(middle_half(&[4, 1, 3, 2]), Some((1, 3)));
        assert_eq!(middle_half(&[8, 7, 6, 5, 4, 3, 2, 1]), Some((2, 6)));
    }
}
