//! Mandates as columns, and a startup's question to them.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::search::{Plan, Tags};
use super::store::{Encoded, Record};
use super::table::{Table, Worth, most, weight};
use super::vocabulary::{
    Countries, Dictionary, Mask, Vocabulary, Words, mask, mask_or_new,
};
use crate::domain::compliance::{ClearanceVerdict, verdict_on};
use crate::domain::mandate::{Cheque, Mandate, MandateContent};
use crate::domain::profile::ControlAnswers;
use crate::domain::scoring::{Factor, GateVerdict as Verdict, Reason, RuleSet};
use crate::domain::tag::{Facet, Kinship, Sensitivity, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::values::{InvestorRole, Stage};
use crate::matching::facts::{Asked, ChequeFit, MandateFacts, Setting, StageFit, StartupFacts};
use crate::matching::factors::tags::{tag_weight, worth};
use crate::matching::factors::{self, days_since_confirmed, evidence_value, mean, traction_facts};
use crate::matching::gates;
use crate::matching::voice::Silent;

/// A firm's last clearance; what it says depends on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cleared {
    /// What came out.
    pub verdict: ClearanceVerdict,
    /// Last day on which it holds.
    pub valid_to: NaiveDate,
}

/// What a clearance says on a day; a firm without one waits.
pub(super) fn clearance_on(cleared: Option<Cleared>, day: NaiveDate) -> ClearanceVerdict {
    cleared.map_or(ClearanceVerdict::Review, |held| {
        verdict_on(held.verdict, held.valid_to, day)
    })
}

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

/// Columns of a mandate behind its kinds of deal and its stages.
pub(super) const COLUMNS: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Market {
    country: Countries,
    markets: Countries,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Business {
    models: Mask,
    customers: Mask,
}

impl Business {
    pub(super) const fn new(models: Mask, customers: Mask) -> Self {
        Self { models, customers }
    }

    pub(super) fn value(&self, other: &Self) -> Option<i64> {
        let models = overlap(self.models, other.models);
        let customers = overlap(self.customers, other.customers);
        (models.is_some() || customers.is_some()).then(|| mean([models, customers]))
    }
}

/// What two lists have in common, as a share of the shorter one, in bp.
pub(super) fn overlap(a: Mask, b: Mask) -> Option<i64> {
    factors::share(a.common(b), a.len().min(b.len()))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Paper {
    instruments: Mask,
    role: Option<InvestorRole>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Limits {
    wanted: Countries,
    unwanted: Countries,
    tags: Vec<u16>,
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
    markets: Dictionary<Market>,
    business: Dictionary<Business>,
    topics: Dictionary<Mask>,
    papers: Dictionary<Paper>,
    languages: Dictionary<Mask>,
    limits: Dictionary<Limits>,
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
    markets: Words<Market>,
    business: Words<Business>,
    topics: Words<Mask>,
    papers: Words<Paper>,
    languages: Words<Mask>,
    limits: Words<Limits>,
    confirmed: Words<Option<NaiveDate>>,
    terms: Words<Term>,
    standings: Words<Standing>,
}

/// A wanted tag as the column has it: its number and its weight in two bits.
const WEIGHT_BITS: u32 = 2;
/// Says that a record's tags don't fit the column.
pub(super) const TAGS_BEYOND: u16 = u16::MAX;
/// Tags that a record may have in the column.
pub(super) const MOST_TAGS: usize = 64;

impl Columns {
    pub(super) fn new(room: u16) -> Self {
        Self {
            intents: Dictionary::new(room),
            stages: Dictionary::new(room),
            cheques: Dictionary::new(room),
            markets: Dictionary::new(room),
            business: Dictionary::new(room),
            topics: Dictionary::new(room),
            papers: Dictionary::new(room),
            languages: Dictionary::new(room),
            limits: Dictionary::new(room),
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
            markets: self.markets.words(),
            business: self.business.words(),
            topics: self.topics.words(),
            papers: self.papers.words(),
            languages: self.languages.words(),
            limits: self.limits.words(),
            confirmed: self.confirmed.words(),
            terms: self.terms.words(),
            standings: self.standings.words(),
        }
    }

    pub(super) fn encode(
        &mut self,
        words: &mut Vocabulary,
        entry: &MandateEntry,
    ) -> Encoded<COLUMNS> {
        let Mandate { country, content, .. } = &entry.mandate;
        let intents = mask_or_new(&mut words.intents, &content.deal_intents);
        let market = Market {
            country: words.country_or_new(*country),
            markets: words.countries_or_new(&content.markets),
        };
        let models = mask_or_new(&mut words.models, &content.business_models);
        let customers = mask_or_new(&mut words.customers, &content.customer_types);
        let business = models.zip(customers);
        let instruments = mask_or_new(&mut words.instruments, &content.instruments);
        let paper = instruments.map(|instruments| Paper {
            instruments,
            role: content.role,
        });
        let topics = mask_or_new(&mut words.topics, &content.transfer_topics);
        let languages = words.languages_or_new(&content.languages);
        let market = self.markets.code(Some(market));
        let tags = wanted_tags(words, content);
        let root = tags.first().map_or(0, |tag| u64::from(*tag));
        Encoded {
            cell: (
                self.intents.code(intents),
                self.stages.code(Some(content.stages.clone())),
            ),
            codes: [
                self.cheques.code(Some(content.cheque)),
                market,
                self.business
                    .code(business.map(|(models, customers)| Business::new(models, customers))),
                self.topics.code(topics),
                self.papers.code(paper),
                self.languages.code(languages),
                self.limits.code(limits(words, content)),
                self.confirmed.code(Some(entry.mandate.reconfirm_by)),
                self.terms.code(Some(Term {
                    from: content.active_from,
                    to: content.active_to,
                })),
                self.standings.code(Some(Standing {
                    cleared: entry.cleared,
                    frozen: entry.frozen,
                })),
            ],
            order: order(content.cheque.map_or(0, |cheque| cheque.max), market, root),
            tags,
        }
    }
}

/// Puts records together that ask for like money, in one market, about one
/// subject.
pub(super) fn order(amount: i64, market: u16, subject: u64) -> u64 {
    let size = u64::from(i64::BITS - amount.leading_zeros());
    size << 32 | u64::from(market) << 16 | subject
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

fn limits(words: &mut Vocabulary, content: &MandateContent) -> Option<Limits> {
    let excluded = content.excluded_tags.iter();
    Some(Limits {
        wanted: words.countries_or_new(&content.startup_countries),
        unwanted: words.countries_or_new(&content.excluded_countries),
        tags: excluded
            .map(|slug| words.tag_or_new(slug))
            .collect::<Option<_>>()?,
    })
}

/// A startup's question.
pub(super) struct Question<'a> {
    pub(super) setting: &'a Setting<'a>,
    pub(super) startup: &'a StartupFacts<'a>,
    pub(super) words: &'a Vocabulary,
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

    /// Compiles it; `None` when the startup's side rules everything out.
    pub(super) fn plan(&self, keys: &Keys) -> Option<Plan<COLUMNS>> {
        let content = &self.startup.profile.content;
        let fixed = self.fixed()?;
        let offered = mask(&self.words.intents, &content.deal_intents);
        let taxonomy = self.setting.taxonomy;
        let equity = mask(
            &self.words.intents,
            content.deal_intents.iter().filter(|intent| {
                let value = taxonomy.facet_value(Facet::DealIntent, intent);
                value.is_some_and(|value| value.equity)
            }),
        );
        Some(Plan {
            fixed,
            intents: self.intents(keys, offered),
            equity: (keys.intents.keys.iter())
                .map(|wanted| wanted.meets(equity))
                .collect(),
            stages: self.stages(keys),
            columns: [
                self.cheques(keys),
                self.markets(keys),
                self.business(keys),
                self.topics(keys),
                self.papers(keys),
                self.languages(keys),
                self.limits(keys),
                self.confirmed(keys),
                self.terms(keys),
                self.standings(keys),
            ],
            tags_most: most(self.weight(Factor::Tags)),
        })
    }

    /// What doesn't depend on the mandate.
    fn fixed(&self) -> Option<Worth> {
        let Setting {
            programme,
            rules,
            taxonomy,
            today,
            ..
        } = *self.setting;
        let profile = self.startup.profile;
        let content = &profile.content;
        let scope = &programme.details.scope_tags;
        let in_scope = |tag: &Slug| {
            scope.contains(tag) || taxonomy.ancestors(tag).any(|above| scope.contains(above))
        };
        let level = content.sensitivity(taxonomy);
        let stale = profile.reconfirm_by.is_some_and(|day| day < today);
        if !super::is_live_startup(profile)
            || stale
            || !programme.in_force_on(today)
            || !self.startup.admitted
            || !(scope.is_empty() || content.all_tags().any(in_scope))
            || self.startup.clearance == ClearanceVerdict::Blocked
            || level == Sensitivity::Prohibited
            || self.startup.frozen
        {
            return None;
        }
        let answers = content.controls.as_ref();
        let answered = answers.is_some_and(ControlAnswers::needs_review);
        let days = (profile.reconfirm_by).map(|until| days_since_confirmed(until, today));
        let facts = traction_facts(&content.traction);
        let evidence = evidence_value(rules, facts, days);
        let doubt = profile.reconfirm_by.is_none()
            || profile.country.is_none()
            || self.startup.clearance == ClearanceVerdict::Review;
        let sensitive =
            (level != Sensitivity::None || answered) && !self.startup.sensitivity_released;
        (self.doubt_wanted || !doubt).then(|| Worth {
            doubt,
            sensitive,
            ..Worth::of(self.weight(Factor::Evidence), Some(evidence))
        })
    }

    fn intents(&self, keys: &Keys, offered: Mask) -> Table {
        let weight = self.weight(Factor::DealIntent);
        self.table(&keys.intents, weight, |wanted| {
            let verdict = if offered.is_empty() || wanted.is_empty() {
                Verdict::Unknown
            } else if offered.meets(*wanted) {
                Verdict::Pass
            } else {
                Verdict::Fail
            };
            Worth::of(weight, overlap(offered, *wanted)).behind(verdict)
        })
    }

    fn stages(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::Stage);
        let rules = self.setting.rules;
        let content = &self.startup.profile.content;
        self.table(&keys.stages, weight, |wanted| {
            let fit = StageFit::where_equity(content.stage, content.effective_stage(), wanted);
            stage_worth(rules, weight, fit)
        })
    }

    fn cheques(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::Cheque);
        let Setting { rules, rates, .. } = *self.setting;
        let asked = self.startup.profile.content.round.as_ref().map(Asked::of);
        self.table(&keys.cheques, weight, |cheque| {
            cheque_worth(rules, weight, ChequeFit::where_equity(*cheque, asked, rates))
        })
    }

    /// The market factor, and whether the programme joins the countries.
    fn markets(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::Market);
        let Setting {
            rules, programme, ..
        } = *self.setting;
        let profile = self.startup.profile;
        let wanted = self.words.countries(&profile.content.markets_wanted);
        let now = self.words.countries(&profile.content.markets_now);
        let unstated =
            profile.content.markets_wanted.is_empty() && profile.content.markets_now.is_empty();
        let corridors = programme.details.corridors.iter();
        let joined = self.words.countries(
            corridors
                .filter(|corridor| Some(corridor.startup) == profile.country)
                .map(|corridor| &corridor.investor),
        );
        self.table(&keys.markets, weight, |Market { country, markets }| {
            let opened = if markets.is_empty() { country } else { markets };
            let value = if unstated || opened.is_empty() {
                None
            } else if opened.meets(wanted) {
                Some(rules.market_opened)
            } else if opened.meets(now) {
                Some(rules.market_present)
            } else {
                Some(0)
            };
            let verdict = if profile.country.is_none() || country.is_empty() {
                Verdict::Unknown
            } else if country.meets(joined) {
                Verdict::Pass
            } else {
                Verdict::Fail
            };
            Worth::of(weight, value).behind(verdict)
        })
    }

    fn business(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::BusinessModel);
        let content = &self.startup.profile.content;
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
        let taught = mask(
            &self.words.topics,
            &self.startup.profile.content.transfer_topics,
        );
        self.table(&keys.topics, weight, |wanted| {
            Worth::of(weight, topics_value(taught, *wanted))
        })
    }

    fn papers(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::InstrumentRole);
        let round = self.startup.profile.content.round.as_ref();
        let ours = round.map(|round| {
            let instruments = mask(&self.words.instruments, &round.instruments);
            (instruments, round.lead_wanted)
        });
        self.table(&keys.papers, weight, |Paper { instruments, role }| {
            Worth::of(
                weight,
                paper_value(self.setting.rules, ours, *instruments, *role),
            )
        })
    }

    fn languages(&self, keys: &Keys) -> Table {
        let weight = self.weight(Factor::Language);
        let ours = self.words.languages(&self.startup.profile.content.languages);
        self.table(&keys.languages, weight, |theirs| {
            Worth::of(weight, language_value(self.setting.rules, ours, *theirs))
        })
    }

    fn limits(&self, keys: &Keys) -> Table {
        let profile = self.startup.profile;
        let country = self.words.countries(&profile.country);
        let taxonomy = self.setting.taxonomy;
        // The startup's tags with all above them.
        let mut tags = vec![false; self.words.tags()];
        for tag in profile.content.all_tags() {
            for above in std::iter::once(tag).chain(taxonomy.ancestors(tag)) {
                let number = self.words.tag(above).map(usize::from);
                if let Some(place) = number.and_then(|number| tags.get_mut(number)) {
                    *place = true;
                }
            }
        }
        let has = |tag: &u16| tags.get(usize::from(*tag)).copied().unwrap_or(false);
        self.table(&keys.limits, 0, |limits| {
            let elsewhere = !limits.wanted.is_empty() && !limits.wanted.meets(country);
            let out = (profile.country.is_some()
                && (limits.unwanted.meets(country) || elsewhere))
                || limits.tags.iter().any(has);
            let told = limits.wanted.is_empty() && limits.unwanted.is_empty();
            let verdict = if out {
                Verdict::Fail
            } else if profile.country.is_none() && !told {
                Verdict::Unknown
            } else {
                Verdict::Pass
            };
            Worth::default().behind(verdict)
        })
    }

    fn confirmed(&self, keys: &Keys) -> Table {
        let today = self.setting.today;
        self.table(&keys.confirmed, 0, |until| {
            let verdict = match until {
                None => Verdict::Unknown,
                Some(day) if *day < today => Verdict::Fail,
                Some(_) => Verdict::Pass,
            };
            Worth::default().behind(verdict)
        })
    }

    fn terms(&self, keys: &Keys) -> Table {
        let today = self.setting.today;
        self.table(&keys.terms, 0, |Term { from, to }| {
            let early = from.is_some_and(|day| day > today);
            if early || to.is_some_and(|day| day < today) {
                Worth::OUT
            } else {
                Worth::default()
            }
        })
    }

    fn standings(&self, keys: &Keys) -> Table {
        let today = self.setting.today;
        self.table(&keys.standings, 0, |Standing { cleared, frozen }| {
            Worth::default().behind(standing(*cleared, *frozen, today))
        })
    }

    /// What each wanted tag makes of each of the startup's.
    pub(super) fn tags(&self) -> WantedTags {
        let Setting {
            rules, taxonomy, ..
        } = *self.setting;
        let content = &self.startup.profile.content;
        let ours: Vec<(&Slug, i64)> = content
            .all_tags()
            .map(|tag| {
                let primary = content.primary_tags.contains(tag);
                (tag, tag_weight(rules, tag, primary))
            })
            .collect();
        WantedTags::new(rules, taxonomy, self.words, &ours)
    }
}

/// Whether a firm's standing lets it pass.
pub(super) fn standing(cleared: Option<Cleared>, frozen: bool, today: NaiveDate) -> Verdict {
    match clearance_on(cleared, today) {
        _ if frozen => Verdict::Fail,
        ClearanceVerdict::Blocked => Verdict::Fail,
        ClearanceVerdict::Review => Verdict::Unknown,
        ClearanceVerdict::Clear | ClearanceVerdict::ClearEnhanced => Verdict::Pass,
    }
}

pub(super) fn stage_worth(rules: &RuleSet, weight: i32, fit: StageFit) -> Worth {
    let value = factors::fitting_stage::<Silent>(rules, fit, Reason::plain).value;
    let answer = gates::fitting_stage::<Silent>(rules, fit, Reason::plain);
    Worth::of(weight, value).behind(answer.verdict)
}

pub(super) fn cheque_worth(rules: &RuleSet, weight: i32, fit: ChequeFit) -> Worth {
    let value = factors::fitting_cheque::<Silent>(rules, fit).value;
    let answer = gates::fitting_cheque::<Silent>(fit);
    Worth::of(weight, value).behind(answer.verdict)
}

/// How many of the practices wanted are taught.
pub(super) fn topics_value(taught: Mask, wanted: Mask) -> Option<i64> {
    if taught.is_empty() {
        return None;
    }
    factors::share(taught.common(wanted), wanted.len())
}

/// The value of paper and part for a round; `None` for what isn't said.
pub(super) fn paper_value(
    rules: &RuleSet,
    round: Option<(Mask, bool)>,
    accepted: Mask,
    role: Option<InvestorRole>,
) -> Option<i64> {
    let (instruments, lead_wanted) = round?;
    let values = if lead_wanted {
        &rules.lead_wanted
    } else {
        &rules.lead_not_wanted
    };
    let instruments = overlap(instruments, accepted);
    let role = role.map(|role| values.of(role));
    (instruments.is_some() || role.is_some()).then(|| mean([instruments, role]))
}

/// The value of working languages; `None` when a side states none.
pub(super) fn language_value(rules: &RuleSet, ours: Mask, theirs: Mask) -> Option<i64> {
    if ours.is_empty() || theirs.is_empty() {
        None
    } else if ours.meets(theirs) {
        Some(rules.language_common)
    } else {
        Some(0)
    }
}

/// Tags of the startup that one row holds.
const LANES: usize = 16;
type Lanes = [i16; LANES];

/// What wanted tags are worth to one startup: a row for each that is kin to
/// some of its tags, a lane for each of these.
pub(super) struct WantedTags {
    /// The first row of a tag and weight as the column has them; 0 for none.
    rows_of: Vec<u32>,
    rows: Vec<Lanes>,
    /// Rows per tag: one for every 16 of the startup's.
    strips: usize,
    weights: Vec<[i64; LANES]>,
    sum_of_weights: i64,
    weight: i32,
}

impl WantedTags {
    fn new(
        rules: &RuleSet,
        taxonomy: &Taxonomy,
        words: &Vocabulary,
        ours: &[(&Slug, i64)],
    ) -> Self {
        let strips = ours.len().div_ceil(LANES).max(1);
        let mut tags = Self {
            rows_of: vec![0; words.tags() << WEIGHT_BITS],
            rows: vec![[0; LANES]; strips],
            strips,
            weights: vec![[0; LANES]; strips],
            sum_of_weights: ours.iter().map(|(_, weight)| weight).sum(),
            weight: weight(rules, Factor::Tags),
        };
        for (lane, (slug, weight)) in ours.iter().enumerate() {
            let strip = tags.weights.get_mut(lane / LANES);
            if let Some(place) = strip.and_then(|strip| strip.get_mut(lane % LANES)) {
                *place = *weight;
            }
            let Some(node) = taxonomy.node(slug) else {
                if let Some(tag) = words.tag(slug) {
                    tags.set(rules, tag, lane, Kinship::Same);
                }
                continue;
            };
            for (kin, kinship) in taxonomy.kin(node) {
                if let Some(tag) = words.node(kin) {
                    tags.set(rules, tag, lane, kinship);
                }
            }
        }
        tags
    }

    fn set(&mut self, rules: &RuleSet, tag: u16, lane: usize, kinship: Kinship) {
        for weight in 1..=3 {
            let worth = i16::try_from(worth(rules, kinship, weight)).unwrap_or(0);
            let at = usize::from(tag) << WEIGHT_BITS | usize::from(weight);
            let Some(first) = self.rows_of.get_mut(at) else {
                return;
            };
            if *first == 0 {
                let Ok(next) = u32::try_from(self.rows.len()) else {
                    return;
                };
                *first = next;
                self.rows.extend(std::iter::repeat_n([0; LANES], self.strips));
            }
            let row = as_index(*first) + lane / LANES;
            let row = self.rows.get_mut(row);
            if let Some(place) = row.and_then(|row| row.get_mut(lane % LANES)) {
                *place = (*place).max(worth);
            }
        }
    }

    /// The best of each lane of one strip, weighted and added up.
    fn strip(&self, strip: usize, wanted: &[u16]) -> i64 {
        let mut best: Lanes = [0; LANES];
        for tag in wanted {
            let first = self.rows_of.get(usize::from(*tag)).map_or(0, |row| as_index(*row));
            if first == 0 {
                continue;
            }
            if let Some(row) = self.rows.get(first + strip) {
                for (best, worth) in best.iter_mut().zip(row) {
                    *best = (*best).max(*worth);
                }
            }
        }
        let weights = self.weights.get(strip);
        let lanes = weights.into_iter().flatten().zip(best);
        lanes.map(|(weight, worth)| weight * i64::from(worth)).sum()
    }
}

impl Tags for WantedTags {
    fn worth(&self, wanted: &[u16]) -> Option<Worth> {
        if wanted == [TAGS_BEYOND] {
            return None;
        }
        if wanted.is_empty() || self.sum_of_weights == 0 {
            return Some(Worth::default());
        }
        let sum: i64 = (0..self.strips).map(|strip| self.strip(strip, wanted)).sum();
        Some(Worth::of(self.weight, Some(sum / self.sum_of_weights)))
    }
}

fn as_index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
