//! Invented markets of any size, for measuring: the same for the same seed,
//! and shaped like real ones. A few subjects, places and sizes are common and
//! most are rare (Zipf); tags come in neighbourhoods of the tree; what kind of
//! investor somebody is decides stage, cheque, paper and kinds of deal
//! together.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::facts::PairFacts;
use super::index::{Cleared, MandateEntry, StartupEntry};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::mandate::{Capacity, Cheque, Mandate, MandateContent, MandateStatus};
use crate::domain::money::{Currency, Rates};
use crate::domain::profile::{ProfileStatus, Round, StartupContent, StartupProfile, Traction};
use crate::domain::programme::{Corridor, Programme, ProgrammeDetails, ProgrammeStatus};
use crate::domain::scoring::RuleSet;
use crate::domain::tag::{Facet, FacetValue, Labels, Sensitivity, Tag, TagKind, Taxonomy};
use crate::domain::text::{Language, Slug};
use crate::domain::values::{InvestorRole, Stage};

const SECTORS: usize = 25;
const SUBJECTS_OF_SECTOR: usize = 8;
const LEAVES: usize = 1_500 - SECTORS - SECTORS * SUBJECTS_OF_SECTOR;
const SUBJECTS: usize = SECTORS * SUBJECTS_OF_SECTOR;

const INTENTS: [(&str, bool); 10] = [
    ("equity_abroad", true),
    ("equity_local", true),
    ("convertible", true),
    ("joint_venture", false),
    ("pilot_poc", false),
    ("licence", false),
    ("distribution", false),
    ("acquisition", false),
    ("grant", false),
    ("fund_commitment", false),
];
const MODELS: [&str; 10] = [
    "saas",
    "hardware",
    "marketplace",
    "licensing",
    "services",
    "usage",
    "transaction",
    "advertising",
    "subscription",
    "franchise",
];
const CUSTOMERS: [&str; 9] = [
    "enterprise",
    "smb",
    "farmers",
    "state",
    "consumers",
    "utilities",
    "banks",
    "hospitals",
    "schools",
];
const TOPICS: [&str; 12] = [
    "farm_practice",
    "water_management",
    "export_readiness",
    "ip_strategy",
    "lab_practice",
    "energy_audit",
    "digital_state",
    "cyber_hygiene",
    "clinical_trials",
    "logistics",
    "fintech_rules",
    "training",
];
const INSTRUMENTS: [&str; 10] = [
    "ordinary_equity",
    "preferred_equity",
    "safe",
    "convertible_note",
    "venture_debt",
    "grant",
    "revenue_share",
    "royalty",
    "warrants",
    "islamic_finance",
];
const INVESTOR_COUNTRIES: [&str; 8] = ["AZ", "TR", "KZ", "GE", "AE", "UZ", "SA", "DE"];
const STARTUP_COUNTRIES: [&str; 4] = ["IL", "AZ", "GE", "TR"];
const MARKETS: [&str; 20] = [
    "AZ", "IL", "TR", "US", "GE", "KZ", "AE", "GB", "DE", "UZ", "SA", "FR", "IN", "PL", "IT", "ES",
    "CN", "JP", "BR", "EG",
];
const LANGUAGES: [&str; 8] = ["en", "az", "ru", "he", "tr", "ar", "de", "fr"];
const CURRENCIES: [(&str, i64); 5] = [
    ("USD", 1_000_000),
    ("EUR", 1_080_000),
    ("AZN", 588_235),
    ("ILS", 270_000),
    ("GBP", 1_270_000),
];
/// Cheques in thousands, as people name them.
const SIZES: [i64; 16] = [
    25, 50, 100, 150, 250, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 15_000, 20_000,
    50_000,
];

/// Dice that fall the same way for the same seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice of one record of one market.
    pub fn new(seed: u64, kind: u64, number: u64) -> Self {
        let mut dice = Self(seed ^ kind.rotate_left(32));
        let mixed = dice.next() ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self(mixed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        from.get(self.below(from.len()))
            .copied()
            .unwrap_or_default()
    }

    /// One of `end`, the first far more often than the last: how often is
    /// inverse to the rank.
    fn zipf(&mut self, end: usize) -> usize {
        // The harmonic sum grows like a logarithm, so its inverse is a power.
        let doublings = usize::BITS - end.max(1).leading_zeros();
        let scale = self.below(usize::try_from(doublings).unwrap_or(1));
        let from = 1_usize << scale;
        (from + self.below(from) - 1).min(end - 1)
    }

    fn days(&mut self, from: i64, to: i64) -> i64 {
        let span = usize::try_from(to - from).unwrap_or(0);
        from + i64::try_from(self.below(span + 1)).unwrap_or(0)
    }

    /// Some of these words, the first ones oftener.
    fn some<T: FromStr + Ord>(&mut self, words: &[&str], least: usize, most: usize) -> BTreeSet<T> {
        let count = least + self.below(most - least + 1);
        (0..count)
            .filter_map(|_| words.get(self.zipf(words.len()))?.parse().ok())
            .collect()
    }
}

/// What all records of an invented market share.
#[derive(Debug, Clone)]
pub struct Market {
    seed: u64,
    today: NaiveDate,
    tags: Vec<Slug>,
}

/// A kind of investor.
struct Kind {
    share: usize,
    intents: &'static [&'static str],
    stages: (usize, usize),
    sizes: (usize, usize),
    instruments: &'static [&'static str],
    role: InvestorRole,
}

const KINDS: [Kind; 6] = [
    Kind {
        share: 30,
        intents: &["equity_abroad", "convertible"],
        stages: (0, 2),
        sizes: (2, 8),
        instruments: &["safe", "preferred_equity", "convertible_note"],
        role: InvestorRole::Lead,
    },
    Kind {
        share: 20,
        intents: &["equity_abroad", "equity_local"],
        stages: (0, 1),
        sizes: (0, 4),
        instruments: &["safe", "convertible_note", "ordinary_equity"],
        role: InvestorRole::Follow,
    },
    Kind {
        share: 15,
        intents: &["equity_abroad", "acquisition"],
        stages: (2, 4),
        sizes: (8, 14),
        instruments: &["preferred_equity", "ordinary_equity", "warrants"],
        role: InvestorRole::Lead,
    },
    Kind {
        share: 15,
        intents: &["pilot_poc", "distribution", "licence", "equity_abroad"],
        stages: (1, 4),
        sizes: (4, 11),
        instruments: &["ordinary_equity", "royalty", "revenue_share"],
        role: InvestorRole::Co,
    },
    Kind {
        share: 12,
        intents: &["joint_venture", "licence", "pilot_poc", "equity_local"],
        stages: (2, 4),
        sizes: (9, 15),
        instruments: &["ordinary_equity", "grant", "islamic_finance"],
        role: InvestorRole::Any,
    },
    Kind {
        share: 8,
        intents: &["grant", "fund_commitment", "pilot_poc"],
        stages: (0, 3),
        sizes: (0, 7),
        instruments: &["grant", "venture_debt", "royalty"],
        role: InvestorRole::Any,
    },
];

fn word<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn slugs(words: &[&str]) -> BTreeSet<Slug> {
    words.iter().filter_map(|text| word(text)).collect()
}

/// The tree of three levels that the invented records take their tags from:
/// 25 sectors, 200 subjects, 1 275 leaves.
///
/// # Panics
/// Never: it is sound by construction.
pub fn taxonomy() -> Taxonomy {
    let sectors = (0..SECTORS).map(|n| tag(format!("s{n}"), None));
    let subjects = (0..SUBJECTS).map(|n| tag(subject_name(n), Some(format!("s{}", n % SECTORS))));
    let leaves = (0..LEAVES).map(|n| tag(leaf_name(n), Some(subject_name(n % SUBJECTS))));
    let tags = sectors.chain(subjects).chain(leaves).flatten().collect();
    let facet = |facet, name: &str, equity| {
        Some(FacetValue {
            facet,
            slug: word(name)?,
            labels: labels(name),
            equity,
        })
    };
    let plain = [
        (Facet::BusinessModel, MODELS.as_slice()),
        (Facet::CustomerType, CUSTOMERS.as_slice()),
        (Facet::TransferTopic, TOPICS.as_slice()),
        (Facet::Instrument, INSTRUMENTS.as_slice()),
    ];
    let intents = INTENTS.map(|(name, equity)| facet(Facet::DealIntent, name, equity));
    let plain = plain
        .into_iter()
        .flat_map(|(kind, names)| names.iter().map(move |name| (kind, *name)));
    let plain = plain.map(|(kind, name)| facet(kind, name, false));
    let facets = intents.into_iter().chain(plain).flatten().collect();
    Taxonomy::new("invented".to_owned(), tags, facets)
        .unwrap_or_else(|faults| panic!("the invented tree: {faults:?}"))
}

fn subject_name(number: usize) -> String {
    format!("s{}_{}", number % SECTORS, number / SECTORS)
}

fn leaf_name(number: usize) -> String {
    format!("{}_{}", subject_name(number % SUBJECTS), number / SUBJECTS)
}

fn tag(name: String, parent: Option<String>) -> Option<Tag> {
    Some(Tag {
        slug: word(&name)?,
        kind: if parent.is_some() {
            TagKind::Tag
        } else {
            TagKind::Sector
        },
        parent: match parent {
            Some(parent) => Some(word(&parent)?),
            None => None,
        },
        labels: labels(&name),
        aliases: Vec::new(),
        sensitivity: Sensitivity::None,
    })
}

fn labels(name: &str) -> Labels {
    Labels {
        texts: BTreeMap::from([(Language::english(), name.to_owned())]),
        machine: Vec::new(),
    }
}

/// Rates of the invented currencies.
pub fn rates(day: NaiveDate) -> Rates {
    let quotes = CURRENCIES.iter();
    Rates::new(
        day,
        quotes.filter_map(|(code, rate)| Some((word(code)?, *rate))),
    )
}

/// Tags count for being rare: the rarer of an ordinary one, up to three times.
pub fn with_rarity(rules: RuleSet, taxonomy: &Taxonomy) -> RuleSet {
    let rarity = taxonomy.tags().map(|tag| {
        let depth = tag.slug.as_str().matches('_').count();
        let depth = i64::try_from(depth).unwrap_or(0);
        (tag.slug.clone(), 8_000 + 4_000 * depth)
    });
    RuleSet {
        rarity: rarity.collect(),
        ..rules
    }
}

/// A programme in force that joins the invented countries.
pub fn programme(rules: &RuleSet, today: NaiveDate) -> Option<Programme> {
    let joined = INVESTOR_COUNTRIES.iter().take(7);
    let corridors = joined
        .filter_map(|investor| {
            Some(Corridor {
                startup: word("IL")?,
                investor: word(investor)?,
            })
        })
        .collect();
    let began = midnight(today) - TimeDelta::days(100);
    Some(Programme {
        id: Uuid::from_u128(3).into(),
        details: ProgrammeDetails {
            slug: word("invented")?,
            title: word("Invented corridor")?,
            corridors,
            scope_tags: Vec::new(),
            parties: Vec::new(),
            starts_on: began.date_naive(),
            ends_on: today + Days::new(365),
        },
        rule_set: rules.id,
        status: ProgrammeStatus::Active,
        version: 1,
        created_at: began,
        updated_at: began,
    })
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}

fn numbered(kind: u128, number: u64) -> Uuid {
    Uuid::from_u128(kind << 64 | u128::from(number))
}

impl Market {
    /// A market as of a day.
    pub fn new(seed: u64, today: NaiveDate) -> Self {
        let sectors = (0..SECTORS).map(|n| format!("s{n}"));
        let subjects = (0..SUBJECTS).map(subject_name);
        let leaves = (0..LEAVES).map(leaf_name);
        let names = sectors.chain(subjects).chain(leaves);
        Self {
            seed,
            today,
            tags: names.filter_map(|name| word(&name)).collect(),
        }
    }

    /// A tag near a subject: the subject, its sector or a leaf of it.
    fn near(&self, dice: &mut Dice, subject: usize, depths: (usize, usize)) -> Option<Slug> {
        let (sector, middle) = depths;
        let roll = dice.below(100);
        let place = if roll < sector {
            subject % SECTORS
        } else if roll < sector + middle {
            SECTORS + subject
        } else {
            let leaves = (LEAVES - subject).div_ceil(SUBJECTS);
            SECTORS + SUBJECTS + subject + SUBJECTS * dice.below(leaves)
        };
        self.tags.get(place).cloned()
    }

    /// What somebody is interested in: one to three subjects, often of one
    /// sector.
    fn subjects(dice: &mut Dice) -> Vec<usize> {
        let first = dice.zipf(SUBJECTS);
        let more = (0..dice.below(3)).map(|_| {
            if dice.percent(60) {
                first % SECTORS + SECTORS * dice.below(SUBJECTS_OF_SECTOR)
            } else {
                dice.zipf(SUBJECTS)
            }
        });
        std::iter::once(first).chain(more).collect()
    }

    fn cleared(&self, dice: &mut Dice) -> Option<Cleared> {
        let verdict = match dice.below(100) {
            0 => return None,
            1 => ClearanceVerdict::Blocked,
            2..=4 => ClearanceVerdict::Review,
            5..=9 => ClearanceVerdict::ClearEnhanced,
            _ => ClearanceVerdict::Clear,
        };
        Some(Cleared {
            verdict,
            valid_to: self.today + TimeDelta::days(dice.days(-10, 365)),
        })
    }

    fn published(&self, dice: &mut Dice) -> DateTime<Utc> {
        midnight(self.today) - TimeDelta::seconds(dice.days(0, 60_000_000))
    }

    /// The mandate of that number; `draft` makes another of the same number.
    pub fn mandate(&self, number: u64, draft: u64) -> MandateEntry {
        let mut dice = Dice::new(self.seed, 1 + 16 * draft, number);
        let at = self.published(&mut dice);
        let country = INVESTOR_COUNTRIES.get(dice.zipf(INVESTOR_COUNTRIES.len()));
        let known = !dice.percent(1);
        MandateEntry {
            mandate: Mandate {
                id: numbered(1, number).into(),
                organization: numbered(2, number * 5 / 8).into(),
                country: country.filter(|_| known).and_then(|code| word(code)),
                content: self.mandate_content(&mut dice),
                status: MandateStatus::Published,
                claimed: true,
                revision: 1,
                version: 1,
                published_at: Some(at),
                reconfirm_by: Some(self.today + TimeDelta::days(dice.days(-5, 180))),
                created_at: at,
                updated_at: at,
            },
            cleared: self.cleared(&mut dice),
            frozen: dice.below(300) == 0,
        }
    }

    fn mandate_content(&self, dice: &mut Dice) -> MandateContent {
        let kind = kind(dice);
        let intents = INTENTS.map(|(name, _)| name);
        let subjects = Self::subjects(dice);
        let wanted = 2 + dice.below(6);
        let tags: Vec<Slug> = (0..wanted)
            .filter_map(|_| {
                let subject = dice.pick(&subjects);
                self.near(dice, subject, (20, 45))
            })
            .collect();
        MandateContent {
            tags: tags
                .into_iter()
                .map(|tag| (tag, dice.pick(&[3, 2, 2, 1])))
                .collect(),
            excluded_tags: if dice.percent(8) {
                let subject = dice.zipf(SUBJECTS);
                self.near(dice, subject, (20, 60)).into_iter().collect()
            } else {
                BTreeSet::new()
            },
            stages: stages(dice, kind.stages),
            cheque: (!dice.percent(8)).then(|| cheque(dice, kind.sizes)),
            startup_countries: few(dice, 12, &STARTUP_COUNTRIES, 3),
            excluded_countries: few(dice, 3, &STARTUP_COUNTRIES, 1),
            markets: few(dice, 60, &MARKETS, 4),
            instruments: part(dice, kind.instruments, &INSTRUMENTS, 80),
            role: dice.percent(80).then_some(kind.role),
            deal_intents: part(dice, kind.intents, &intents, 100),
            transfer_topics: few(dice, 45, &TOPICS, 3),
            business_models: few(dice, 65, &MODELS, 3),
            customer_types: few(dice, 65, &CUSTOMERS, 3),
            languages: few(dice, 92, &LANGUAGES, 3),
            capacity: Capacity::default(),
            active_from: dice
                .percent(10)
                .then(|| self.today - TimeDelta::days(30 * dice.days(-1, 12))),
            active_to: dice
                .percent(10)
                .then(|| self.today + TimeDelta::days(30 * dice.days(-1, 12))),
            ..MandateContent::default()
        }
    }

    /// The startup of that number; `draft` makes another of the same number.
    pub fn startup(&self, number: u64, draft: u64) -> StartupEntry {
        let mut dice = Dice::new(self.seed, 2 + 16 * draft, number);
        let at = self.published(&mut dice);
        let abroad = dice.percent(5);
        let country = if abroad {
            dice.pick(&STARTUP_COUNTRIES)
        } else {
            "IL"
        };
        StartupEntry {
            profile: StartupProfile {
                id: numbered(3, number).into(),
                organization: numbered(4, number).into(),
                country: word(country),
                content: self.startup_content(&mut dice),
                status: ProfileStatus::Published,
                claimed: true,
                revision: 1,
                version: 1,
                published_at: Some(at),
                reconfirm_by: Some(self.today + TimeDelta::days(dice.days(0, 90))),
                rejected_at: None,
                created_at: at,
                updated_at: at,
            },
            cleared: self.cleared(&mut dice),
            frozen: dice.below(300) == 0,
            released: false,
        }
    }

    fn startup_content(&self, dice: &mut Dice) -> StartupContent {
        let kind = kind(dice);
        let intents = INTENTS.map(|(name, _)| name);
        let subjects = Self::subjects(dice);
        let near = |dice: &mut Dice| {
            let subject = dice.pick(&subjects);
            self.near(dice, subject, (10, 35))
        };
        let primary_tags: BTreeSet<Slug> = (0..=dice.below(3)).filter_map(|_| near(dice)).collect();
        let tags: BTreeSet<Slug> = (0..3 + dice.below(7)).filter_map(|_| near(dice)).collect();
        let technologies = (0..1 + dice.below(4)).filter_map(|_| near(dice)).collect();
        let (first, last) = kind.stages;
        let stage = first + dice.below(last - first + 1);
        StartupContent {
            tags: &tags - &primary_tags,
            primary_tags,
            technologies,
            business_models: dice.some(&MODELS, 1, 3),
            customer_types: dice.some(&CUSTOMERS, 1, 3),
            stage: Stage::ALL.get(stage).copied(),
            markets_now: dice.some(&MARKETS, 0, 3),
            markets_wanted: dice.some(&MARKETS, 1, 4),
            languages: ["en", "he"].iter().filter_map(|code| word(code)).collect(),
            deal_intents: part(dice, kind.intents, &intents, 100),
            round: dice.percent(85).then(|| round(dice, &kind)),
            traction: Traction {
                customers: dice.percent(60).then_some(7),
                pilots: dice.percent(50).then_some(2),
                growth_pct: dice.percent(30).then_some(40),
                revenue_12m: None,
            },
            transfer_topics: dice.some(&TOPICS, 0, 4),
            ..StartupContent::default()
        }
    }

    /// What is known of a pair: now and then a conflict or a cool-down.
    pub fn known(&self, startup: Uuid, investor: Uuid) -> PairFacts {
        let (startup, investor) = (startup.as_u64_pair().1, investor.as_u64_pair().1);
        let mixed = (startup ^ investor.rotate_left(17)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        PairFacts {
            conflict: mixed % 997 == 0,
            suppressed_until: (mixed % 499 == 1).then(|| self.today + Days::new(30)),
            sensitivity_released: false,
        }
    }
}

/// With this chance in a hundred some words, else none.
fn few<T: FromStr + Ord>(
    dice: &mut Dice,
    chance: usize,
    words: &[&str],
    most: usize,
) -> BTreeSet<T> {
    if dice.percent(chance) {
        dice.some(words, 1, most)
    } else {
        BTreeSet::new()
    }
}

fn kind(dice: &mut Dice) -> &'static Kind {
    const LAST: &Kind = &KINDS[KINDS.len() - 1];
    let mut roll = dice.below(100);
    for kind in &KINDS {
        if roll < kind.share {
            return kind;
        }
        roll -= kind.share;
    }
    LAST
}

/// Most of what a kind of investor takes, now and then something else.
fn part(dice: &mut Dice, words: &[&str], others: &[&str], chance: usize) -> BTreeSet<Slug> {
    if !dice.percent(chance) {
        return BTreeSet::new();
    }
    let mut chosen = slugs(words);
    chosen.retain(|_| dice.percent(75));
    if dice.percent(15) {
        chosen.extend(word::<Slug>(dice.pick(others)));
    }
    if chosen.is_empty() {
        chosen.extend(words.first().and_then(|first| word::<Slug>(first)));
    }
    chosen
}

fn stages(dice: &mut Dice, (first, last): (usize, usize)) -> BTreeSet<Stage> {
    if dice.percent(12) {
        return BTreeSet::new();
    }
    let from = first + dice.below(last - first + 1);
    let to = (from + dice.below(2)).min(last);
    let mut stages: BTreeSet<Stage> = Stage::ALL
        .iter()
        .copied()
        .skip(from)
        .take(to - from + 1)
        .collect();
    if dice.percent(10) {
        stages.insert(Stage::Bridge);
    }
    stages
}

fn currency(dice: &mut Dice) -> Currency {
    let (code, _) = CURRENCIES
        .get(dice.zipf(CURRENCIES.len()))
        .copied()
        .unwrap_or_default();
    word(code).unwrap_or(Currency::USD)
}

/// A sum of money as people name it, in minor units.
fn size(place: usize) -> i64 {
    SIZES.get(place).copied().unwrap_or(50) * 100_000
}

fn cheque(dice: &mut Dice, (first, last): (usize, usize)) -> Cheque {
    let from = first + dice.below(last - first);
    let to = from + 1 + dice.below(4);
    Cheque {
        currency: currency(dice),
        min: size(from),
        max: size(to.min(SIZES.len() - 1)),
        flexible: dice.percent(35),
    }
}

fn round(dice: &mut Dice, kind: &Kind) -> Round {
    let (first, last) = kind.sizes;
    let place = first + 1 + dice.below(last - first);
    let target = size(place) * 2;
    Round {
        currency: currency(dice),
        min: None,
        target,
        max: dice.percent(40).then_some(target + target / 2),
        min_cheque: dice.percent(60).then(|| size(place.saturating_sub(4))),
        instruments: part(dice, kind.instruments, &INSTRUMENTS, 100),
        lead_wanted: dice.percent(50),
        close_by: None,
    }
}
