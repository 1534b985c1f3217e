//! Startups as columns, and a mandate's question to them.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::mandates::{
    Business, Cleared, MOST_TAGS, TAGS_BEYOND, cheque_worth, clearance_on, language_value, order,
    overlap, paper_value, stage_worth, standing, topics_value,
};
use super::search::{Plan, Tags};
use super::store::{Encoded, Record};
use super::table::{Table, Worth, most, weight};
use super::vocabulary::{Countries, Dictionary, Mask, Vocabulary, Words, mask, mask_or_new};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::mandate::MandateStatus;
use crate::domain::profile::{ControlAnswers, StartupContent, StartupProfile};
use crate::domain::scoring::{Factor, GateVerdict as Verdict, RuleSet, WHOLE};
use crate::domain::tag::{Facet, Kinship, Sensitivity, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::values::Stage;
use crate::matching::facts::{Asked, ChequeFit, MandateFacts, Setting, StageFit, StartupFacts};
use crate::matching::factors::tags::worth;
use crate::matching::factors::{days_since_confirmed, evidence_value, traction_facts};

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

/// Columns of a startup behind its kinds of deal and its stage.
pub(super) const COLUMNS: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Staged {
    stated: Option<Stage>,
    effective: Option<Stage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Market {
    wanted: Countries,
    now: Countries,
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
    markets: Dictionary<Market>,
    business: Dictionary<Business>,
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
    markets: Words<Market>,
    business: Words<Business>,
    topics: Words<Mask>,
    papers: Words<Option<(Mask, bool)>>,
    languages: Words<Mask>,
    terms: Words<Term>,
    standings: Words<Standing>,
}

impl Columns {
    pub(super) fn new(room: u16) -> Self {
        Self {
            intents: Dictionary::new(room),
            stages: Dictionary::new(room),
            rounds: Dictionary::new(room),
            markets: Dictionary::new(room),
            business: Dictionary::new(room),
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
            markets: self.markets.words(),
            business: self.business.words(),
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
    ) -> Encoded<COLUMNS> {
        let StartupProfile {
            country, content, ..
        } = &entry.profile;
        let intents = mask_or_new(&mut words.intents, &content.deal_intents);
        let stage = Staged {
            stated: content.stage,
            effective: content.effective_stage(),
        };
        let asked = content.round.as_ref().map(Asked::of);
        let market = self.markets.code(Some(Market {
            wanted: words.countries_or_new(&content.markets_wanted),
            now: words.countries_or_new(&content.markets_now),
        }));
        let models = mask_or_new(&mut words.models, &content.business_models);
        let customers = mask_or_new(&mut words.customers, &content.customer_types);
        let business = models
            .zip(customers)
            .map(|(models, customers)| Business::new(models, customers));
        let topics = mask_or_new(&mut words.topics, &content.transfer_topics);
        let paper = match &content.round {
            None => Some(None),
            Some(round) => mask_or_new(&mut words.instruments, &round.instruments)
                .map(|instruments| Some((instruments, round.lead_wanted))),
        };
        let languages = words.languages_or_new(&content.languages);
        let term = Term {
            country: words.country_or_new(*country),
            confirmed: entry.profile.reconfirm_by,
            facts: traction_facts(&content.traction),
        };
        let tags = own_tags(words, content);
        let root = tags.first().map_or(0, |tag| u64::from(*tag));
        Encoded {
            cell: (self.intents.code(intents), self.stages.code(Some(stage))),
            codes: [
                self.rounds.code(Some(asked)),
                market,
                self.business.code(business),
                self.topics.code(topics),
                self.papers.code(paper),
                self.languages.code(languages),
                self.terms.code(Some(term)),
                self.standings.code(Some(standing_of(taxonomy, entry))),
            ],
            order: order(asked.map_or(0, |asked| asked.target()), market, root),
            tags,
        }
    }
}

fn standing_of(taxonomy: &Taxonomy, entry: &StartupEntry) -> Standing {
    let content = &entry.profile.content;
    let level = content.sensitivity(taxonomy);
    let answers = content.controls.as_ref();
    let sensitive =
        level != Sensitivity::None || answers.is_some_and(ControlAnswers::needs_review);
    Standing {
        cleared: entry.cleared,
        frozen: entry.frozen,
        prohibited: level == Sensitivity::Prohibited,
        sensitive: sensitive && !entry.released,
    }
}

/// A tag as the column has it: its number, and in the lowest bit whether it is
/// primary.
fn own_tags(words: &mut Vocabulary, content: &StartupContent) -> Vec<u16> {
    let tags: Option<Vec<u16>> = content
        .all_tags()
        .map(|slug| {
            let number = words.tag_or_new(slug)?.checked_mul(2)?;
            Some(number | u16::from(content.primary_tags.contains(slug)))
        })
        .collect();
    tags.filter(|tags| tags.len() <= MOST_TAGS)
        .unwrap_or_else(|| vec![TAGS_BEYOND])
}

/// A mandate's question.
pub(super) struct Question<'a> {
    pub(super) setting: &'a Setting<'a>,
    pub(super) mandate: &'a MandateFacts<'a>,
    pub(super) words: &'a Vocabulary,
    /// How much each tag counts for being rare, by its number.
    pub(super) rarity: &'a [i64],
    /// Whether pairs that wait for a decision are wanted.
    pub(super) doubt_wanted: bool,
}

impl Question<'_> {
    fn weight(&self, factor: Factor) -> i32 {
        weight(self.setting.rules, factor)
    }

    fn table<K>(
        &self,
        words: &Words<K>,
        weight: i32,
        worth: impl FnMut(&K) -> Worth,
    ) -> Table {
        Table::new(words, most(weight), self.doubt_wanted, worth)
    }

    /// Compiles it; `None` when the mandate's side rules everything out.
    pub(super) fn plan(&self, keys: &Keys) -> Option<Plan<COLUMNS>> {
        let fixed = self.fixed()?;
        let content = &self.mandate.mandate.content;
        let taxonomy = self.setting.taxonomy;
        let wanted = mask(&self.words.intents, &content.deal_intents);
        let equity = mask(
            &self.words.intents,
            content.deal_intents.iter().filter(|intent| {
                let value = taxonomy.facet_value(Facet::DealIntent, intent);
                value.is_some_and(|value| value.equity)
            }),
        );
        Some(Plan {
            fixed,
            intents: self.intents(keys, wanted),
            equity: (keys.intents.keys.iter())
                .map(|offered| offered.meets(equity))
                .collect(),
            stages: self.stages(keys),
            columns: [
                self.rounds(keys),
                self.markets(keys),
                self.business(keys),
                self.topics(keys),
                self.papers(keys),
                self.languages(keys),
                self.terms(keys),
                self.standings(keys),
            ],
            tags_most: most(self.weight(Factor::Tags)),
        })
    }

    /// What doesn't depend on the startup.
    fn fixed(&self) -> Option<Worth> {
        let Setting {
            programme, today, ..
        } = *self.setting;
        let mandate = self.mandate.mandate;
        let content = &mandate.content;
        let over = |day: Option<NaiveDate>| day.is_some_and(|day| day < today);
        if mandate.status != MandateStatus::Published
            || over(mandate.reconfirm_by)
            || over(content.active_to)
            || content.active_from.is_some_and(|day| day > today)
            || !programme.in_force_on(today)
            || !self.mandate.admitted
            || self.mandate.clearance == ClearanceVerdict::Blocked
            || self.mandate.frozen
        {
            return None;
        }
        let doubt = mandate.reconfirm_by.is_none()
            || mandate.country.is_none()
            || self.mandate.clearance == ClearanceVerdict::Review;
        (self.doubt_wanted || !doubt).then(|| Worth {
            doubt,
            ..Worth::default()
        })
    }

    fn intents(&self, keys: &Keys, wanted: Mask) -> Table {
        let weight = self.weight(Factor::DealIntent);
        self.table(&keys.intents, weight, |offered| {
            let verdict = if offered.is_empty() || wanted.is_empty() {
                Verdict::Unknown
            } else if offered.meets(wanted) {
                Verdict::Pass
            } else {
                Verdict::Fail
            };
            Worth::of(weight, overlap(*offered, wanted)).behind(verdict)
        })
    }

    fn stages(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::Stage);
        let wanted = &self.mandate.mandate.content.stages;
        self.table(&keys.stages, weight, |Staged { stated, effective }| {
            let fit = StageFit::where_equity(*stated, *effective, wanted);
            stage_worth(self.setting.rules, weight, fit)
        })
    }

    fn rounds(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::Cheque);
        let Setting { rules, rates, .. } = *self.setting;
        let cheque = self.mandate.mandate.content.cheque;
        self.table(&keys.rounds, weight, |asked| {
            cheque_worth(rules, weight, ChequeFit::where_equity(cheque, *asked, rates))
        })
    }

    fn markets(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::Market);
        let rules = self.setting.rules;
        let mandate = self.mandate.mandate;
        let markets = &mandate.content.markets;
        let stated = !markets.is_empty() || mandate.country.is_some();
        let opened = if markets.is_empty() {
            self.words.countries(&mandate.country)
        } else {
            self.words.countries(markets)
        };
        self.table(&keys.markets, weight, |Market { wanted, now }| {
            let value = if !stated || wanted.is_empty() && now.is_empty() {
                None
            } else if wanted.meets(opened) {
                Some(rules.market_opened)
            } else if now.meets(opened) {
                Some(rules.market_present)
            } else {
                Some(0)
            };
            Worth::of(weight, value)
        })
    }

    fn business(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::BusinessModel);
        let content = &self.mandate.mandate.content;
        let ours = Business::new(
            mask(&self.words.models, &content.business_models),
            mask(&self.words.customers, &content.customer_types),
        );
        self.table(&keys.business, weight, |theirs| {
            Worth::of(weight, ours.value(theirs))
        })
    }

    fn topics(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::TransferTopics);
        let wanted = &self.mandate.mandate.content.transfer_topics;
        let wanted = mask(&self.words.topics, wanted);
        self.table(&keys.topics, weight, |taught| {
            Worth::of(weight, topics_value(*taught, wanted))
        })
    }

    fn papers(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::InstrumentRole);
        let content = &self.mandate.mandate.content;
        let accepted = mask(&self.words.instruments, &content.instruments);
        self.table(&keys.papers, weight, |round| {
            let value = paper_value(self.setting.rules, *round, accepted, content.role);
            Worth::of(weight, value)
        })
    }

    fn languages(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::Language);
        let theirs = self.words.languages(&self.mandate.mandate.content.languages);
        self.table(&keys.languages, weight, |ours| {
            Worth::of(weight, language_value(self.setting.rules, *ours, theirs))
        })
    }

    /// The startup's freshness and evidence, and what its country means.
    fn terms(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::Evidence);
        let Setting {
            rules,
            programme,
            today,
            ..
        } = *self.setting;
        let mandate = self.mandate.mandate;
        let content = &mandate.content;
        let corridors = programme.details.corridors.iter();
        let joined = self.words.countries(
            corridors
                .filter(|corridor| Some(corridor.investor) == mandate.country)
                .map(|corridor| &corridor.startup),
        );
        let wanted = self.words.countries(&content.startup_countries);
        let unwanted = self.words.countries(&content.excluded_countries);
        let anywhere = content.startup_countries.is_empty();
        let told = anywhere && content.excluded_countries.is_empty();
        self.table(&keys.terms, weight, |term| {
            let country = term.country;
            let stale = term.confirmed.is_some_and(|day| day < today);
            let known = !country.is_empty();
            let apart = known && mandate.country.is_some() && !country.meets(joined);
            let excluded =
                known && (country.meets(unwanted) || !anywhere && !country.meets(wanted));
            let verdict = if stale || apart || excluded {
                Verdict::Fail
            } else if term.confirmed.is_none() || !known {
                // An unknown country is in doubt for the programme already.
                Verdict::Unknown
            } else {
                Verdict::Pass
            };
            debug_assert!(known || verdict != Verdict::Pass || !told);
            let days = (term.confirmed).map(|until| days_since_confirmed(until, today));
            let value = evidence_value(rules, term.facts, days);
            Worth::of(weight, Some(value)).behind(verdict)
        })
    }

    fn standings(&self, keys: &Keys) -> Table {
        let today = self.setting.today;
        self.table(&keys.standings, 0, |place| {
            let verdict = if place.prohibited {
                Verdict::Fail
            } else {
                standing(place.cleared, place.frozen, today)
            };
            Worth {
                sensitive: place.sensitive,
                ..Worth::default()
            }
            .behind(verdict)
        })
    }

    /// What each tag of a startup is worth to the mandate, and what it does to
    /// its gates.
    pub(super) fn tags(&self) -> OwnTags<'_> {
        OwnTags::new(self)
    }
}

/// What one tag of a startup does.
#[derive(Debug, Clone, Copy, Default)]
struct OwnTag {
    worth: i64,
    excluded: bool,
    in_scope: bool,
}

/// What the tags of startups are worth to one mandate.
pub(super) struct OwnTags<'a> {
    tags: Vec<OwnTag>,
    rarity: &'a [i64],
    primary_times: i64,
    weight: i32,
    stated: bool,
    scoped: bool,
}

impl<'a> OwnTags<'a> {
    fn new(question: &Question<'a>) -> Self {
        let Question {
            setting,
            mandate,
            words,
            rarity,
            ..
        } = *question;
        let Setting {
            rules,
            taxonomy,
            programme,
            ..
        } = *setting;
        let content = &mandate.mandate.content;
        let scope = &programme.details.scope_tags;
        let mut tags = Self {
            tags: vec![OwnTag::default(); words.tags()],
            rarity,
            primary_times: rules.primary_times,
            weight: weight(rules, Factor::Tags),
            stated: !content.tags.is_empty(),
            scoped: !scope.is_empty(),
        };
        for (slug, weight) in &content.tags {
            tags.want(rules, taxonomy, words, slug, *weight);
        }
        for slug in &content.excluded_tags {
            tags.each_under(taxonomy, words, slug, |tag| tag.excluded = true);
        }
        for slug in scope {
            tags.each_under(taxonomy, words, slug, |tag| tag.in_scope = true);
        }
        tags
    }

    fn want(
        &mut self,
        rules: &RuleSet,
        taxonomy: &Taxonomy,
        words: &Vocabulary,
        slug: &Slug,
        weight: u8,
    ) {
        let Some(node) = taxonomy.node(slug) else {
            self.change(words.tag(slug), |tag| {
                tag.worth = tag.worth.max(worth(rules, Kinship::Same, weight));
            });
            return;
        };
        for (kin, theirs) in taxonomy.kin(node) {
            // Seen from the startup's tag: what is above the mandate's is the
            // startup's wider one.
            let kinship = match theirs {
                Kinship::Parent => Kinship::Child,
                Kinship::Child => Kinship::Parent,
                other => other,
            };
            let worth = worth(rules, kinship, weight);
            self.change(words.node(kin), |tag| tag.worth = tag.worth.max(worth));
        }
    }

    fn each_under(
        &mut self,
        taxonomy: &Taxonomy,
        words: &Vocabulary,
        slug: &Slug,
        change: impl Fn(&mut OwnTag),
    ) {
        self.change(words.tag(slug), &change);
        for below in taxonomy.node(slug).into_iter().flat_map(|node| taxonomy.below(node)) {
            self.change(words.node(below), &change);
        }
    }

    fn change(&mut self, number: Option<u16>, change: impl FnOnce(&mut OwnTag)) {
        let number = number.map(usize::from);
        if let Some(tag) = number.and_then(|number| self.tags.get_mut(number)) {
            change(tag);
        }
    }
}

impl Tags for OwnTags<'_> {
    fn worth(&self, own: &[u16]) -> Option<Worth> {
        if own == [TAGS_BEYOND] {
            return None;
        }
        let (mut sum, mut weights) = (0, 0);
        let mut in_scope = !self.scoped;
        for tag in own {
            let number = usize::from(tag / 2);
            let times = if tag % 2 == 1 { self.primary_times } else { 1 };
            let of_tag = self.tags.get(number).copied().unwrap_or_default();
            let weight = times * self.rarity.get(number).copied().unwrap_or(WHOLE);
            if of_tag.excluded {
                return Some(Worth::OUT);
            }
            in_scope |= of_tag.in_scope;
            sum += weight * of_tag.worth;
            weights += weight;
        }
        if !in_scope {
            return Some(Worth::OUT);
        }
        let value = (self.stated && weights > 0).then(|| sum / weights);
        Some(Worth::of(self.weight, value))
    }
}
