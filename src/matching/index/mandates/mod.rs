//! Mandates as columns, and a startup's question to them.

mod asking;
mod question;
mod tags;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

pub(super) use self::question::Question;
use super::store::{Encoded, Record};
use super::values::{Cleared, MOST_TAGS, TAGS_BEYOND, clearance_on, order, sectors};
use super::vocabulary::{Countries, Dictionary, Mask, Vocabulary, Words, mask_or_new};
use crate::domain::country::Country;
use crate::domain::mandate::{Cheque, Mandate, MandateContent};
use crate::domain::money::Rates;
use crate::domain::values::{InvestorRole, Stage};
use crate::matching::facts::MandateFacts;

/// An admitted mandate with what others decided about its firm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MandateEntry {
    /// What it says.
    pub mandate: Mandate,
    /// Its firm's last clearance.
    pub cleared: Option<Cleared>,
    /// Whether a freeze covers it.
    pub frozen: bool,
}

impl MandateEntry {
    /// The facts of a day.
    pub fn facts(&self, day: NaiveDate) -> MandateFacts<'_> {
        MandateFacts {
            mandate: &self.mandate,
            clearance: clearance_on(self.cleared, day),
            frozen: self.frozen,
            admitted: true,
        }
    }
}

impl Record for MandateEntry {
    fn id(&self) -> Uuid {
        self.mandate.id.uuid()
    }

    fn published_at(&self) -> Option<DateTime<Utc>> {
        self.mandate.published_at
    }
}

/// Columns of a mandate that are scored, sets of countries, and columns that
/// only open or close.
pub(super) const SCORED: usize = 8;
pub(super) const MASKS: usize = 1;
pub(super) const GATES: usize = 6;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Paper {
    instruments: Mask,
    role: Option<InvestorRole>,
}

/// Countries that startups must be in, and must not be in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Limits {
    wanted: Countries,
    unwanted: Countries,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Term {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Standing {
    cleared: Option<Cleared>,
    frozen: bool,
}

/// The dictionaries of the columns, in their order.
#[derive(Debug)]
pub(super) struct Columns {
    intents: Dictionary<Mask>,
    stages: Dictionary<BTreeSet<Stage>>,
    cheques: Dictionary<Option<Cheque>>,
    models: Dictionary<Mask>,
    customers: Dictionary<Mask>,
    topics: Dictionary<Mask>,
    papers: Dictionary<Paper>,
    languages: Dictionary<Mask>,
    countries: Dictionary<Option<Country>>,
    limits: Dictionary<Limits>,
    excluded: Dictionary<Vec<u16>>,
    confirmed: Dictionary<Option<NaiveDate>>,
    terms: Dictionary<Term>,
    standings: Dictionary<Standing>,
}

/// The same as readers see it.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    intents: Words<Mask>,
    stages: Words<BTreeSet<Stage>>,
    cheques: Words<Option<Cheque>>,
    models: Words<Mask>,
    customers: Words<Mask>,
    topics: Words<Mask>,
    papers: Words<Paper>,
    languages: Words<Mask>,
    countries: Words<Option<Country>>,
    limits: Words<Limits>,
    excluded: Words<Vec<u16>>,
    confirmed: Words<Option<NaiveDate>>,
    terms: Words<Term>,
    standings: Words<Standing>,
}

impl Keys {
    /// The cheques in US cents, by code.
    pub(super) fn cents(&self, rates: Option<&Rates>) -> Vec<Option<[i64; 2]>> {
        let cheques = self.cheques.keys.iter();
        cheques
            .map(|cheque| cheque.as_ref()?.in_cents(rates?))
            .collect()
    }
}

/// A wanted tag as the column has it: its number and its weight in two bits.
const WEIGHT_BITS: u32 = 2;
impl Columns {
    pub(super) fn new(room: u16) -> Self {
        Self {
            intents: Dictionary::new(room),
            stages: Dictionary::new(room),
            cheques: Dictionary::new(room),
            models: Dictionary::new(room),
            customers: Dictionary::new(room),
            topics: Dictionary::new(room),
            papers: Dictionary::new(room),
            languages: Dictionary::new(room),
            countries: Dictionary::new(room),
            limits: Dictionary::new(room),
            excluded: Dictionary::new(room),
            confirmed: Dictionary::new(room),
            terms: Dictionary::new(room),
            standings: Dictionary::new(room),
        }
    }

    pub(super) fn keys(&self) -> Keys {
        Keys {
            intents: self.intents.words(),
            stages: self.stages.words(),
            cheques: self.cheques.words(),
            models: self.models.words(),
            customers: self.customers.words(),
            topics: self.topics.words(),
            papers: self.papers.words(),
            languages: self.languages.words(),
            countries: self.countries.words(),
            limits: self.limits.words(),
            excluded: self.excluded.words(),
            confirmed: self.confirmed.words(),
            terms: self.terms.words(),
            standings: self.standings.words(),
        }
    }

    pub(super) fn encode(
        &mut self,
        words: &mut Vocabulary,
        entry: &MandateEntry,
    ) -> Encoded<SCORED, MASKS, GATES> {
        let Mandate {
            country, content, ..
        } = &entry.mandate;
        let instruments = mask_or_new(&mut words.instruments, &content.instruments);
        let paper = instruments.map(|instruments| Paper {
            instruments,
            role: content.role,
        });
        let opened = if content.markets.is_empty() {
            words.markets_or_new(country)
        } else {
            words.markets_or_new(&content.markets)
        };
        let limits = Limits {
            wanted: words.countries_or_new(&content.startup_countries),
            unwanted: words.countries_or_new(&content.excluded_countries),
        };
        let excluded = content.excluded_tags.iter();
        let excluded = excluded.map(|slug| words.tag_or_new(slug)).collect();
        let term = Term {
            from: content.active_from,
            to: content.active_to,
        };
        let standing = Standing {
            cleared: entry.cleared,
            frozen: entry.frozen,
        };
        let tags = wanted_tags(words, content);
        let sectors = sectors(words, &tags, WEIGHT_BITS);
        let codes = [
            self.intents
                .code(mask_or_new(&mut words.intents, &content.deal_intents)),
            self.stages.code(Some(content.stages.clone())),
            self.cheques.code(Some(content.cheque)),
            self.models
                .code(mask_or_new(&mut words.models, &content.business_models)),
            self.customers
                .code(mask_or_new(&mut words.customers, &content.customer_types)),
            self.topics
                .code(mask_or_new(&mut words.topics, &content.transfer_topics)),
            self.papers.code(paper),
            self.languages
                .code(words.languages_or_new(&content.languages)),
        ];
        let amount = content.cheque.map_or(0, |cheque| cheque.max);
        Encoded {
            order: order(&codes, amount),
            codes,
            masks: [opened],
            gates: [
                self.countries.code(Some(*country)),
                self.limits.code(Some(limits)),
                self.excluded.code(excluded),
                self.confirmed.code(Some(entry.mandate.reconfirm_by)),
                self.terms.code(Some(term)),
                self.standings.code(Some(standing)),
            ],
            tags,
            sectors,
        }
    }
}

fn wanted_tags(words: &mut Vocabulary, content: &MandateContent) -> Vec<u16> {
    let tags: Option<Vec<u16>> = content
        .tags
        .iter()
        .map(|(slug, weight)| {
            let number = words.tag_or_new(slug)?.checked_mul(1 << WEIGHT_BITS)?;
            Some(number | u16::from((*weight).clamp(1, 3)))
        })
        .collect();
    tags.filter(|tags| tags.len() <= MOST_TAGS)
        .unwrap_or_else(|| vec![TAGS_BEYOND])
}
