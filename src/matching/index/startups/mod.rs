//! Startups as columns, and a mandate's question to them.

mod asking;
mod question;
mod tags;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

pub(super) use self::question::Question;
use super::store::{Encoded, Record};
use super::values::{Cleared, MOST_TAGS, TAGS_BEYOND, clearance_on, order, sectors};
use super::vocabulary::{Countries, Dictionary, Mask, Vocabulary, Words, mask_or_new};
use crate::domain::money::Rates;
use crate::domain::profile::{ControlAnswers, StartupContent, StartupProfile};
use crate::domain::tag::{Sensitivity, Taxonomy};
use crate::domain::values::Stage;
use crate::matching::factors::traction_facts;
use crate::matching::facts::{Asked, StartupFacts};

/// An admitted startup with what others decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartupEntry {
    /// What it says of itself.
    pub profile: StartupProfile,
    /// Its firm's last clearance.
    pub cleared: Option<Cleared>,
    /// Whether a freeze covers it.
    pub frozen: bool,
    /// Whether compliance released what is sensitive in it, for everybody.
    pub released: bool,
}

impl StartupEntry {
    /// The facts of a day.
    pub fn facts(&self, day: NaiveDate) -> StartupFacts<'_> {
        StartupFacts {
            profile: &self.profile,
            clearance: clearance_on(self.cleared, day),
            frozen: self.frozen,
            admitted: true,
            sensitivity_released: self.released,
        }
    }
}

impl Record for StartupEntry {
    fn id(&self) -> Uuid {
        self.profile.id.uuid()
    }

    fn published_at(&self) -> Option<DateTime<Utc>> {
        self.profile.published_at
    }
}

/// Columns of a startup that are scored, sets of countries, and columns that
/// only open or close.
pub(super) const SCORED: usize = 9;
pub(super) const MASKS: usize = 2;
pub(super) const GATES: usize = 1;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Staged {
    stated: Option<Stage>,
    effective: Option<Stage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Term {
    country: Countries,
    confirmed: Option<NaiveDate>,
    facts: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Standing {
    cleared: Option<Cleared>,
    frozen: bool,
    prohibited: bool,
    /// Sensitive, and not released to everybody.
    sensitive: bool,
}

/// The dictionaries of the columns, in their order.
#[derive(Debug)]
pub(super) struct Columns {
    intents: Dictionary<Mask>,
    stages: Dictionary<Staged>,
    rounds: Dictionary<Option<Asked>>,
    models: Dictionary<Mask>,
    customers: Dictionary<Mask>,
    topics: Dictionary<Mask>,
    papers: Dictionary<Option<(Mask, bool)>>,
    languages: Dictionary<Mask>,
    terms: Dictionary<Term>,
    standings: Dictionary<Standing>,
}

/// The same as readers see it.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    intents: Words<Mask>,
    stages: Words<Staged>,
    rounds: Words<Option<Asked>>,
    models: Words<Mask>,
    customers: Words<Mask>,
    topics: Words<Mask>,
    papers: Words<Option<(Mask, bool)>>,
    languages: Words<Mask>,
    terms: Words<Term>,
    standings: Words<Standing>,
}

impl Keys {
    /// What rounds ask for in US cents, by code.
    pub(super) fn cents(&self, rates: Option<&Rates>) -> Vec<Option<[i64; 3]>> {
        let rounds = self.rounds.keys.iter();
        rounds
            .map(|asked| asked.as_ref()?.in_cents(rates?))
            .collect()
    }
}

impl Columns {
    pub(super) fn new(room: u16) -> Self {
        Self {
            intents: Dictionary::new(room),
            stages: Dictionary::new(room),
            rounds: Dictionary::new(room),
            models: Dictionary::new(room),
            customers: Dictionary::new(room),
            topics: Dictionary::new(room),
            papers: Dictionary::new(room),
            languages: Dictionary::new(room),
            terms: Dictionary::new(room),
            standings: Dictionary::new(room),
        }
    }

    pub(super) fn keys(&self) -> Keys {
        Keys {
            intents: self.intents.words(),
            stages: self.stages.words(),
            rounds: self.rounds.words(),
            models: self.models.words(),
            customers: self.customers.words(),
            topics: self.topics.words(),
            papers: self.papers.words(),
            languages: self.languages.words(),
            terms: self.terms.words(),
            standings: self.standings.words(),
        }
    }

    pub(super) fn encode(
        &mut self,
        words: &mut Vocabulary,
        taxonomy: &Taxonomy,
        entry: &StartupEntry,
    ) -> Encoded<SCORED, MASKS, GATES> {
        let StartupProfile {
            country, content, ..
        } = &entry.profile;
        let stage = Staged {
            stated: content.stage,
            effective: content.effective_stage(),
        };
        let asked = content.round.as_ref().map(Asked::of);
        let paper = match &content.round {
            None => Some(None),
            Some(round) => mask_or_new(&mut words.instruments, &round.instruments)
                .map(|instruments| Some((instruments, round.lead_wanted))),
        };
        let term = Term {
            country: words.country_or_new(*country),
            confirmed: entry.profile.reconfirm_by,
            facts: traction_facts(&content.traction),
        };
        let tags = own_tags(words, content);
        let codes = [
            self.intents
                .code(mask_or_new(&mut words.intents, &content.deal_intents)),
            self.stages.code(Some(stage)),
            self.rounds.code(Some(asked)),
            self.models
                .code(mask_or_new(&mut words.models, &content.business_models)),
            self.customers
                .code(mask_or_new(&mut words.customers, &content.customer_types)),
            self.topics
                .code(mask_or_new(&mut words.topics, &content.transfer_topics)),
            self.papers.code(paper),
            self.languages
                .code(words.languages_or_new(&content.languages)),
            self.terms.code(Some(term)),
        ];
        let amount = asked.map_or(0, |asked| asked.target());
        Encoded {
            order: order(&codes, amount),
            codes,
            masks: [
                words.markets_or_new(&content.markets_wanted),
                words.markets_or_new(&content.markets_now),
            ],
            gates: [self.standings.code(Some(standing_of(taxonomy, entry)))],
            sectors: sectors(words, &tags, PRIMARY_BITS),
            tags,
        }
    }
}

fn standing_of(taxonomy: &Taxonomy, entry: &StartupEntry) -> Standing {
    let content = &entry.profile.content;
    let level = content.sensitivity(taxonomy);
    let answers = content.controls.as_ref();
    let sensitive = level != Sensitivity::None || answers.is_some_and(ControlAnswers::needs_review);
    Standing {
        cleared: entry.cleared,
        frozen: entry.frozen,
        prohibited: level == Sensitivity::Prohibited,
        sensitive: sensitive && !entry.released,
    }
}

/// The lowest bit of a tag as the column has it says whether it is primary.
const PRIMARY_BITS: u32 = 1;

fn own_tags(words: &mut Vocabulary, content: &StartupContent) -> Vec<u16> {
    let tags: Option<Vec<u16>> = content
        .all_tags()
        .map(|slug| {
            let number = words.tag_or_new(slug)?.checked_mul(1 << PRIMARY_BITS)?;
            Some(number | u16::from(content.primary_tags.contains(slug)))
        })
        .collect();
    tags.filter(|tags| tags.len() <= MOST_TAGS)
        .unwrap_or_else(|| vec![TAGS_BEYOND])
}
