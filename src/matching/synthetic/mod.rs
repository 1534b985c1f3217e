//! Invented markets of any size, for measuring: the same for the same seed,
//! and shaped like real ones. A few subjects, places and sizes are common and
//! most are rare (Zipf); tags come in neighbourhoods of the tree; what kind of
//! investor somebody is decides stage, cheque, paper and kinds of deal
//! together.

mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::domain::money::Rates;
use crate::domain::programme::{Corridor, Programme, ProgrammeDetails, ProgrammeStatus};
use crate::domain::scoring::RuleSet;
use crate::domain::tag::{Facet, FacetValue, Labels, Sensitivity, Tag, TagKind, Taxonomy, Term};
use crate::domain::text::{Language, Slug};
use crate::domain::values::InvestorRole;

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
        term: Term::default(),
    })
}

fn labels(name: &str) -> Labels {
    Labels {
        texts: BTreeMap::from([(Language::english(), name.to_owned())]),
        machine: Vec::new(),
        human: Vec::new(),
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
