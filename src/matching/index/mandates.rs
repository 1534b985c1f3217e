//! Mandates as columns, and a startup's question to them.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::search::{Ask, BEFORE, Plan};
use super::store::{ANY_SECTOR, Encoded, NO_SECTOR, Record};
use super::table::{Half, Table, Worth, most, weight};
use super::vocabulary::{
    ABROAD, Countries, Dictionary, Mask, Vocabulary, Words, mask, mask_or_new,
};
use crate::domain::compliance::{ClearanceVerdict, verdict_on};
use crate::domain::country::Country;
use crate::domain::mandate::{Cheque, Mandate, MandateContent};
use crate::domain::money::Rates;
use crate::domain::profile::ControlAnswers;
use crate::domain::scoring::{Factor, GateVerdict as Verdict, Reason, RuleSet};
use crate::domain::tag::{Facet, Kinship, Sensitivity, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::values::{InvestorRole, Stage};
use crate::matching::factors::tags::{tag_weight, worth};
use crate::matching::factors::{self, days_since_confirmed, evidence_value, mean, traction_facts};
use crate::matching::facts::{Asked, ChequeFit, MandateFacts, Setting, StageFit, StartupFacts};
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

/// Columns of a mandate that are scored, sets of countries, and columns that
/// only open or close.
pub(super) const SCORED: usize = 8;
pub(super) const MASKS: usize = 1;
pub(super) const GATES: usize = 6;

/// What two lists have in common, as a share of the shorter one, in bp.
pub(super) fn overlap(a: Mask, b: Mask) -> Option<i64> {
    factors::share(a.common(b), a.len().min(b.len()))
}

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

/// The sectors of a column's tags, whose numbers stand above so many bits.
pub(super) fn sectors(words: &Vocabulary, tags: &[u16], bits: u32) -> u64 {
    match tags {
        [] => NO_SECTOR,
        [TAGS_BEYOND] => ANY_SECTOR,
        tags => {
            let sectors = tags.iter().map(|tag| words.sector(tag >> bits));
            sectors.fold(0, |all, sector| all | sector)
        }
    }
}

/// Puts like beside like: by kinds of deal, stages and size.
pub(super) fn order<const C: usize>(codes: &[u16; C], amount: i64) -> u32 {
    let code = |at: usize, most: u16| codes.get(at).map_or(0, |code| u32::from(*code.min(&most)));
    // Twice the binary logarithm.
    let bits = i64::BITS - amount.leading_zeros();
    let half = u32::from(bits > 1 && amount >> (bits.saturating_sub(2)) & 1 == 1);
    code(0, 2_047) << 14 | code(1, 127) << 7 | (2 * bits + half).min(127)
}

/// The one sector at which a record counts for a question about `asked`.
pub(super) fn home(sectors: u64, asked: u64) -> u64 {
    let lowest = |bits: u64| bits & bits.wrapping_neg();
    match sectors & asked {
        0 => lowest(sectors),
        shared => lowest(shared),
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

/// A startup's question.
pub(super) struct Question<'a> {
    pub(super) setting: &'a Setting<'a>,
    pub(super) startup: &'a StartupFacts<'a>,
    pub(super) words: &'a Vocabulary,
    pub(super) keys: &'a Keys,
    /// The cheques in US cents, by code.
    pub(super) cents: &'a [Option<[i64; 2]>],
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

    /// Compiles it; `None` when the startup's side rules everything out.
    pub(super) fn plan(&self) -> Option<Plan<{ SCORED - BEFORE }>> {
        let content = &self.startup.profile.content;
        let fixed = self.fixed()?;
        let offered = mask(&self.words.intents, &content.deal_intents);
        let equity = equity(self.setting.taxonomy, self.words, &content.deal_intents);
        let models = mask(&self.words.models, &content.business_models);
        let customers = mask(&self.words.customers, &content.customer_types);
        Some(Plan {
            fixed,
            intents: self.intents(offered),
            equity: (self.keys.intents.keys.iter())
                .map(|wanted| -i32::from(wanted.meets(equity)))
                .collect(),
            stages: self.stages(),
            money: self.cheques(),
            models: Half::new(&self.keys.models, |theirs| overlap(models, *theirs)),
            customers: Half::new(&self.keys.customers, |theirs| overlap(customers, *theirs)),
            business_weight: self.weight(Factor::BusinessModel),
            others: [self.topics(), self.papers(), self.languages()],
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

    fn intents(&self, offered: Mask) -> Table {
        let weight = self.weight(Factor::DealIntent);
        self.table(&self.keys.intents, weight, |wanted| {
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

    fn stages(&self) -> Table {
        let weight = self.weight(Factor::Stage);
        let rules = self.setting.rules;
        let content = &self.startup.profile.content;
        self.table(&self.keys.stages, weight, |wanted| {
            let fit = StageFit::where_equity(content.stage, content.effective_stage(), wanted);
            stage_worth(rules, weight, fit)
        })
    }

    fn cheques(&self) -> Table {
        let weight = self.weight(Factor::Cheque);
        let Setting { rules, rates, .. } = *self.setting;
        let asked = self.startup.profile.content.round.as_ref().map(Asked::of);
        let of_round = asked
            .zip(rates)
            .and_then(|(asked, rates)| asked.in_cents(rates));
        let mut cents = self.cents.iter();
        self.table(&self.keys.cheques, weight, |cheque| {
            let of_cheque = cents.next().copied().flatten();
            let fit = ChequeFit::with_cents(*cheque, asked, |_, _| of_cheque.zip(of_round));
            cheque_worth(rules, weight, fit)
        })
    }

    fn topics(&self) -> Table {
        let weight = self.weight(Factor::TransferTopics);
        let taught = mask(
            &self.words.topics,
            &self.startup.profile.content.transfer_topics,
        );
        self.table(&self.keys.topics, weight, |wanted| {
            Worth::of(weight, topics_value(taught, *wanted))
        })
    }

    fn papers(&self) -> Table {
        let weight = self.weight(Factor::InstrumentRole);
        let round = self.startup.profile.content.round.as_ref();
        let ours = round.map(|round| {
            let instruments = mask(&self.words.instruments, &round.instruments);
            (instruments, round.lead_wanted)
        });
        self.table(&self.keys.papers, weight, |Paper { instruments, role }| {
            Worth::of(
                weight,
                paper_value(self.setting.rules, ours, *instruments, *role),
            )
        })
    }

    fn languages(&self) -> Table {
        let weight = self.weight(Factor::Language);
        let ours = self
            .words
            .languages(&self.startup.profile.content.languages);
        self.table(&self.keys.languages, weight, |theirs| {
            Worth::of(weight, language_value(self.setting.rules, ours, *theirs))
        })
    }

    /// The parts that no table holds.
    pub(super) fn ask(&self) -> Asking<'a> {
        Asking::new(self)
    }

    /// What each wanted tag makes of each of the startup's.
    fn tags(&self) -> WantedTags {
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

/// The kinds of deal that move shares.
pub(super) fn equity(taxonomy: &Taxonomy, words: &Vocabulary, intents: &BTreeSet<Slug>) -> Mask {
    let equity = intents.iter().filter(|intent| {
        let value = taxonomy.facet_value(Facet::DealIntent, intent);
        value.is_some_and(|value| value.equity)
    });
    mask(&words.intents, equity)
}

/// The parts of a startup's question that no table holds.
pub(super) struct Asking<'a> {
    keys: &'a Keys,
    words: &'a Vocabulary,
    today: NaiveDate,
    country: Option<Country>,
    country_bits: Countries,
    joined: Vec<Country>,
    /// The startup's tags with all above them, by number.
    expanded: Vec<bool>,
    tags: WantedTags,
    markets: Markets,
}

/// What markets are worth to a startup.
struct Markets {
    stated: bool,
    wanted: u64,
    now: u64,
    opened: i64,
    present: i64,
    weight: i32,
}

impl<'a> Asking<'a> {
    fn new(question: &Question<'a>) -> Self {
        let Question {
            setting,
            startup,
            words,
            keys,
            ..
        } = *question;
        let profile = startup.profile;
        let content = &profile.content;
        let taxonomy = setting.taxonomy;
        let mut expanded = vec![false; words.tags()];
        for tag in content.all_tags() {
            for above in std::iter::once(tag).chain(taxonomy.ancestors(tag)) {
                let number = words.tag(above).map(usize::from);
                if let Some(place) = number.and_then(|number| expanded.get_mut(number)) {
                    *place = true;
                }
            }
        }
        let corridors = setting.programme.details.corridors.iter();
        let joined = corridors.filter(|one| Some(one.startup) == profile.country);
        Self {
            keys,
            words,
            today: setting.today,
            country: profile.country,
            country_bits: words.countries(&profile.country),
            joined: joined.map(|one| one.investor).collect(),
            expanded,
            tags: question.tags(),
            markets: Markets {
                stated: !(content.markets_wanted.is_empty() && content.markets_now.is_empty()),
                wanted: words.markets(&content.markets_wanted),
                now: words.markets(&content.markets_now),
                opened: setting.rules.market_opened,
                present: setting.rules.market_present,
                weight: weight(setting.rules, Factor::Market),
            },
        }
    }

    /// Whether the programme joins the countries.
    fn joins(&self, country: Option<Country>) -> Verdict {
        match self.country.and(country) {
            None => Verdict::Unknown,
            Some(country) if self.joined.contains(&country) => Verdict::Pass,
            Some(_) => Verdict::Fail,
        }
    }

    fn within(&self, limits: &Limits) -> Verdict {
        let Limits { wanted, unwanted } = limits;
        if self.country.is_none() {
            return if wanted.is_empty() && unwanted.is_empty() {
                Verdict::Pass
            } else {
                Verdict::Unknown
            };
        }
        let elsewhere = !wanted.is_empty() && !wanted.meets(self.country_bits);
        if unwanted.meets(self.country_bits) || elsewhere {
            Verdict::Fail
        } else {
            Verdict::Pass
        }
    }

    fn excludes(&self, tags: &[u16]) -> bool {
        let mut has = tags.iter().map(|tag| self.expanded.get(usize::from(*tag)));
        has.any(|has| has == Some(&true))
    }

    fn is_over(&self, term: &Term) -> bool {
        term.from.is_some_and(|day| day > self.today) || term.to.is_some_and(|day| day < self.today)
    }
}

impl Ask<MASKS, GATES> for Asking<'_> {
    fn most_of_sectors(&self, homes: u64, sectors: u64) -> i32 {
        self.tags.most_of_sectors(homes, sectors)
    }

    fn counts_at(&self, place: u64, tags: &[u16]) -> bool {
        place == home(sectors(self.words, tags, WEIGHT_BITS), self.tags.asked)
    }

    fn most_of_tags(&self, tags: &[u16]) -> i32 {
        self.tags.most_of(tags)
    }

    fn tags(&self, tags: &[u16]) -> Option<Worth> {
        self.tags.worth(tags)
    }

    fn most_of_markets(&self) -> i32 {
        most(self.markets.weight)
    }

    #[inline]
    fn points_of_markets(&self, masks: [u64; MASKS]) -> i32 {
        let [opened] = masks;
        if opened & ABROAD == 0 {
            self.markets.worth(opened).points
        } else {
            most(self.markets.weight)
        }
    }

    fn markets(&self, masks: [u64; MASKS]) -> Option<Worth> {
        let [opened] = masks;
        (opened & ABROAD == 0).then(|| self.markets.worth(opened))
    }

    fn gates(&self, codes: [u16; GATES]) -> Option<Worth> {
        let [country, limits, excluded, confirmed, term, place] = codes;
        let keys = self.keys;
        let excluded = self.excludes(keys.excluded.key(excluded)?);
        if excluded || self.is_over(keys.terms.key(term)?) {
            return Some(Worth::OUT);
        }
        let Standing { cleared, frozen } = keys.standings.key(place)?;
        let verdicts = [
            self.joins(*keys.countries.key(country)?),
            self.within(keys.limits.key(limits)?),
            fresh(*keys.confirmed.key(confirmed)?, self.today),
            standing(*cleared, *frozen, self.today),
        ];
        let all = verdicts.map(|verdict| Worth::default().behind(verdict));
        Some(all.into_iter().fold(Worth::default(), Worth::and))
    }
}

/// Whether a confirmation holds.
pub(super) fn fresh(until: Option<NaiveDate>, today: NaiveDate) -> Verdict {
    match until {
        None => Verdict::Unknown,
        Some(day) if day < today => Verdict::Fail,
        Some(_) => Verdict::Pass,
    }
}

impl Markets {
    #[inline]
    fn worth(&self, opened: u64) -> Worth {
        let value = if !self.stated || opened == 0 {
            None
        } else if opened & self.wanted != 0 {
            Some(self.opened)
        } else if opened & self.now != 0 {
            Some(self.present)
        } else {
            Some(0)
        };
        Worth::of(self.weight, value)
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
    /// At least the points of a tag and weight as the column has them.
    most: Vec<i32>,
    /// At least the points of all the startup's tags of a sector.
    sectors: Vec<(u64, i32)>,
    /// Those sectors, as bits.
    asked: u64,
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
            most: vec![0; words.tags() << WEIGHT_BITS],
            sectors: Vec::new(),
            asked: 0,
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
        tags.bound(rules, words, ours);
        tags
    }

    /// Notes what each row and each sector can give at most.
    fn bound(&mut self, rules: &RuleSet, words: &Vocabulary, ours: &[(&Slug, i64)]) {
        for (most, first) in self.most.iter_mut().zip(&self.rows_of) {
            let first = as_index(*first);
            if first == 0 {
                continue;
            }
            let rows = self.rows.iter().skip(first).take(self.strips);
            let sums = rows
                .zip(&self.weights)
                .map(|(row, weights)| dot(row, weights));
            *most = points_up(self.weight, sums.sum(), self.sum_of_weights);
        }
        let greatest = worth(rules, Kinship::Same, 3);
        for (slug, weight) in ours {
            let Some(tag) = words.tag(slug) else {
                continue;
            };
            let points = points_up(self.weight, weight * greatest, self.sum_of_weights);
            let sector = words.sector(tag);
            self.asked |= sector;
            match self.sectors.iter_mut().find(|(known, _)| *known == sector) {
                Some((_, sum)) => *sum += points,
                None => self.sectors.push((sector, points)),
            }
        }
    }

    fn all(&self) -> i32 {
        most(self.weight)
    }

    fn most_of_sectors(&self, homes: u64, sectors: u64) -> i32 {
        if homes & ANY_SECTOR != 0 {
            return self.all();
        }
        // Elsewhere only what shares no sector counts.
        if homes & self.asked == 0 {
            return 0;
        }
        let met = self
            .sectors
            .iter()
            .filter(|(sector, _)| sector & sectors != 0);
        met.map(|(_, points)| points).sum::<i32>().min(self.all())
    }

    #[inline]
    fn most_of(&self, wanted: &[u16]) -> i32 {
        let mut sum = 0;
        for tag in wanted {
            sum += match self.most.get(usize::from(*tag)) {
                Some(points) => *points,
                None => self.all(),
            };
        }
        sum.min(self.all())
    }

    fn worth(&self, wanted: &[u16]) -> Option<Worth> {
        if wanted == [TAGS_BEYOND] {
            return None;
        }
        if wanted.is_empty() || self.sum_of_weights == 0 {
            return Some(Worth::default());
        }
        let sum: i64 = (0..self.strips)
            .map(|strip| self.strip(strip, wanted))
            .sum();
        Some(Worth::of(self.weight, Some(sum / self.sum_of_weights)))
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
                self.rows
                    .extend(std::iter::repeat_n([0; LANES], self.strips));
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
            let first = self
                .rows_of
                .get(usize::from(*tag))
                .map_or(0, |row| as_index(*row));
            if first == 0 {
                continue;
            }
            if let Some(row) = self.rows.get(first + strip) {
                for (best, worth) in best.iter_mut().zip(row) {
                    *best = (*best).max(*worth);
                }
            }
        }
        self.weights
            .get(strip)
            .map_or(0, |weights| dot(&best, weights))
    }
}

fn dot(row: &Lanes, weights: &[i64; LANES]) -> i64 {
    let lanes = row.iter().zip(weights);
    lanes
        .map(|(worth, weight)| weight * i64::from(*worth))
        .sum()
}

/// The points of a weighted sum, rounded up.
fn points_up(weight: i32, sum: i64, weights: i64) -> i32 {
    let points = (i64::from(weight) * sum).checked_div(weights).unwrap_or(0);
    i32::try_from(points + 1).unwrap_or(i32::MAX / 64)
}

fn as_index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
