//! Startups as columns, and a mandate's question to them.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::mandates::{
    Cleared, MOST_TAGS, TAGS_BEYOND, cheque_worth, clearance_on, equity, home, language_value,
    order, overlap, paper_value, sectors, stage_worth, standing, topics_value,
};
use super::search::{Ask, BEFORE, Plan};
use super::store::{ANY_SECTOR, Encoded, Record};
use super::table::{Half, Table, Worth, most, weight};
use super::vocabulary::{
    ABROAD, Countries, Dictionary, Mask, Vocabulary, Words, mask, mask_or_new,
};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::mandate::MandateStatus;
use crate::domain::money::Rates;
use crate::domain::profile::{ControlAnswers, StartupContent, StartupProfile};
use crate::domain::scoring::{Factor, GateVerdict as Verdict, RuleSet, WHOLE};
use crate::domain::tag::{Kinship, Sensitivity, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::values::Stage;
use crate::matching::factors::tags::worth;
use crate::matching::factors::{days_since_confirmed, evidence_value, traction_facts};
use crate::matching::facts::{Asked, ChequeFit, MandateFacts, Setting, StageFit, StartupFacts};

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

/// A mandate's question.
pub(super) struct Question<'a> {
    pub(super) setting: &'a Setting<'a>,
    pub(super) mandate: &'a MandateFacts<'a>,
    pub(super) words: &'a Vocabulary,
    pub(super) keys: &'a Keys,
    /// What rounds ask for in US cents, by code.
    pub(super) cents: &'a [Option<[i64; 3]>],
    /// How much each tag counts for being rare, by its number.
    pub(super) rarity: &'a [i64],
    /// Whether pairs that wait for a decision are wanted.
    pub(super) doubt_wanted: bool,
}

impl<'a> Question<'a> {
    fn weight(&self, factor: Factor) -> i32 {
        weight(self.setting.rules, factor)
    }

    fn table<K>(&self, words: &Words<K>, weight: i32, worth: impl FnMut(&K) -> Worth) -> Table {
        Table::new(words, most(weight), self.doubt_wanted, worth)
    }

    /// Compiles it; `None` when the mandate's side rules everything out.
    pub(super) fn plan(&self) -> Option<Plan<{ SCORED - BEFORE }>> {
        let fixed = self.fixed()?;
        let content = &self.mandate.mandate.content;
        let wanted = mask(&self.words.intents, &content.deal_intents);
        let equity = equity(self.setting.taxonomy, self.words, &content.deal_intents);
        let models = mask(&self.words.models, &content.business_models);
        let customers = mask(&self.words.customers, &content.customer_types);
        Some(Plan {
            fixed,
            intents: self.intents(wanted),
            equity: (self.keys.intents.keys.iter())
                .map(|offered| -i32::from(offered.meets(equity)))
                .collect(),
            stages: self.stages(),
            money: self.rounds(),
            models: Half::new(&self.keys.models, |ours| overlap(*ours, models)),
            customers: Half::new(&self.keys.customers, |ours| overlap(*ours, customers)),
            business_weight: self.weight(Factor::BusinessModel),
            others: [self.topics(), self.papers(), self.languages(), self.terms()],
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

    fn intents(&self, wanted: Mask) -> Table {
        let weight = self.weight(Factor::DealIntent);
        self.table(&self.keys.intents, weight, |offered| {
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

    fn stages(&self) -> Table {
        let weight = self.weight(Factor::Stage);
        let wanted = &self.mandate.mandate.content.stages;
        self.table(&self.keys.stages, weight, |Staged { stated, effective }| {
            let fit = StageFit::where_equity(*stated, *effective, wanted);
            stage_worth(self.setting.rules, weight, fit)
        })
    }

    fn rounds(&self) -> Table {
        let weight = self.weight(Factor::Cheque);
        let Setting { rules, rates, .. } = *self.setting;
        let cheque = self.mandate.mandate.content.cheque;
        let of_cheque = cheque
            .zip(rates)
            .and_then(|(cheque, rates)| cheque.in_cents(rates));
        let mut cents = self.cents.iter();
        self.table(&self.keys.rounds, weight, |asked| {
            let of_round = cents.next().copied().flatten();
            let fit = ChequeFit::with_cents(cheque, *asked, |_, _| of_cheque.zip(of_round));
            cheque_worth(rules, weight, fit)
        })
    }

    fn topics(&self) -> Table {
        let weight = self.weight(Factor::TransferTopics);
        let wanted = &self.mandate.mandate.content.transfer_topics;
        let wanted = mask(&self.words.topics, wanted);
        self.table(&self.keys.topics, weight, |taught| {
            Worth::of(weight, topics_value(*taught, wanted))
        })
    }

    fn papers(&self) -> Table {
        let weight = self.weight(Factor::InstrumentRole);
        let content = &self.mandate.mandate.content;
        let accepted = mask(&self.words.instruments, &content.instruments);
        self.table(&self.keys.papers, weight, |round| {
            let value = paper_value(self.setting.rules, *round, accepted, content.role);
            Worth::of(weight, value)
        })
    }

    fn languages(&self) -> Table {
        let weight = self.weight(Factor::Language);
        let theirs = self
            .words
            .languages(&self.mandate.mandate.content.languages);
        self.table(&self.keys.languages, weight, |ours| {
            Worth::of(weight, language_value(self.setting.rules, *ours, theirs))
        })
    }

    /// The startup's freshness and evidence, and what its country means.
    fn terms(&self) -> Table {
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
        self.table(&self.keys.terms, weight, |term| {
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
            let days = (term.confirmed).map(|until| days_since_confirmed(until, today));
            let value = evidence_value(rules, term.facts, days);
            Worth::of(weight, Some(value)).behind(verdict)
        })
    }

    /// The parts that no table holds.
    pub(super) fn ask(&self) -> Asking<'a> {
        Asking::new(self)
    }
}

/// The parts of a mandate's question that no table holds.
pub(super) struct Asking<'a> {
    keys: &'a Keys,
    words: &'a Vocabulary,
    today: NaiveDate,
    tags: OwnTags<'a>,
    markets: Markets,
}

/// What the markets of startups are worth to a mandate.
struct Markets {
    stated: bool,
    opens: u64,
    opened: i64,
    present: i64,
    weight: i32,
}

impl<'a> Asking<'a> {
    fn new(question: &Question<'a>) -> Self {
        let Question {
            setting,
            mandate,
            words,
            keys,
            ..
        } = *question;
        let mandate = mandate.mandate;
        let markets = &mandate.content.markets;
        Self {
            keys,
            words,
            today: setting.today,
            tags: OwnTags::new(question),
            markets: Markets {
                stated: !markets.is_empty() || mandate.country.is_some(),
                opens: if markets.is_empty() {
                    words.markets(&mandate.country)
                } else {
                    words.markets(markets)
                },
                opened: setting.rules.market_opened,
                present: setting.rules.market_present,
                weight: weight(setting.rules, Factor::Market),
            },
        }
    }
}

impl Ask<MASKS, GATES> for Asking<'_> {
    fn most_of_sectors(&self, homes: u64, sectors: u64) -> i32 {
        self.tags.most_of_sectors(homes, sectors)
    }

    fn counts_at(&self, place: u64, tags: &[u16]) -> bool {
        place == home(sectors(self.words, tags, PRIMARY_BITS), self.tags.asked)
    }

    fn most_of_tags(&self, tags: &[u16]) -> i32 {
        self.tags
            .worth(tags)
            .map_or(most(self.tags.weight), |worth| worth.points)
    }

    fn tags(&self, tags: &[u16]) -> Option<Worth> {
        self.tags.worth(tags)
    }

    fn most_of_markets(&self) -> i32 {
        most(self.markets.weight)
    }

    #[inline]
    fn points_of_markets(&self, masks: [u64; MASKS]) -> i32 {
        let all = most(self.markets.weight);
        self.markets(masks).map_or(all, |worth| worth.points)
    }

    fn markets(&self, [wanted, now]: [u64; MASKS]) -> Option<Worth> {
        let Markets {
            stated,
            opens,
            opened,
            present,
            weight,
        } = self.markets;
        if (wanted | now) & ABROAD != 0 {
            return None;
        }
        let value = if !stated || wanted | now == 0 {
            None
        } else if wanted & opens != 0 {
            Some(opened)
        } else if now & opens != 0 {
            Some(present)
        } else {
            Some(0)
        };
        Some(Worth::of(weight, value))
    }

    fn gates(&self, [place]: [u16; GATES]) -> Option<Worth> {
        let place = self.keys.standings.key(place)?;
        if place.prohibited {
            return Some(Worth::OUT);
        }
        let free = Worth {
            sensitive: place.sensitive,
            ..Worth::default()
        };
        Some(free.behind(standing(place.cleared, place.frozen, self.today)))
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
    /// The most that a tag of a sector is worth.
    sectors: Vec<(u64, i64)>,
    /// Those sectors, as bits.
    asked: u64,
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
            sectors: Vec::new(),
            asked: 0,
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
        tags.bound(words);
        tags
    }

    fn bound(&mut self, words: &Vocabulary) {
        for (tag, of_tag) in (0..).zip(&self.tags) {
            if of_tag.worth == 0 {
                continue;
            }
            let sector = words.sector(tag);
            self.asked |= sector;
            match self.sectors.iter_mut().find(|(known, _)| *known == sector) {
                Some((_, most)) => *most = of_tag.worth.max(*most),
                None => self.sectors.push((sector, of_tag.worth)),
            }
        }
    }

    /// A mean is no more than the greatest that goes into it.
    fn most_of_sectors(&self, homes: u64, sectors: u64) -> i32 {
        if homes & ANY_SECTOR != 0 {
            return most(self.weight);
        }
        // Elsewhere only what shares no sector counts.
        if homes & self.asked == 0 {
            return 0;
        }
        let met = self
            .sectors
            .iter()
            .filter(|(sector, _)| sector & sectors != 0);
        let greatest = met.map(|(_, worth)| *worth).max();
        Worth::of(self.weight, greatest).points
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
        for below in taxonomy
            .node(slug)
            .into_iter()
            .flat_map(|node| taxonomy.below(node))
        {
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

impl OwnTags<'_> {
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
