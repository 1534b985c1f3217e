//! Random corpora: startups and mandates of every kind, most of them live and
//! near each other.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use uuid::Uuid;

use super::*;

/// Dice that fall the same way for the same seed (`SplitMix64`).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        *from.get(self.below(from.len())).expect("something to pick")
    }

    pub(super) fn some<T: std::str::FromStr + Ord>(
        &mut self,
        words: &[&str],
        most: usize,
    ) -> BTreeSet<T> {
        let count = self.below(most + 1);
        let picked: Vec<&str> = (0..count).map(|_| self.pick(words)).collect();
        set(&picked)
    }

    /// A day within so many of today, or seldom none.
    fn day(&mut self, around: i64) -> Option<NaiveDate> {
        let spread = usize::try_from(2 * around).expect("a span");
        let days = i64::try_from(self.below(spread)).expect("few days") - around;
        (!self.one_in(12)).then(|| days_from_today(days))
    }
}

pub(super) const TAGS: &[&str] = &[
    "water",
    "irrigation",
    "drip",
    "pivot",
    "reuse",
    "food",
    "protein",
    "ai",
];
const RARE_TAGS: &[&str] = &["labs", "arms", "drones"];
const INTENTS: &[&str] = &["equity", "pilot", "licence"];
const COUNTRIES: &[&str] = &["IL", "AZ", "GE"];
const LANGUAGES: &[&str] = &["en", "en-GB", "he", "az", "ru"];
const CURRENCIES: &[&str] = &["USD", "ILS", "AZN", "EUR"];
const AMOUNTS: &[i64] = &[1_000_000, 5_000_000, 10_000_000, 50_000_000, 200_000_000];

/// Startups and mandates of every kind, most of them live and near each other.
pub(super) struct Corpus {
    pub(super) startups: Vec<World>,
    pub(super) mandates: Vec<World>,
    pub(super) known: Vec<PairFacts>,
}

impl Corpus {
    /// The same for the same seed. Of each [`World`] only one side is used.
    pub(super) fn random(seed: u64, startups: usize, mandates: usize) -> Self {
        let mut dice = Dice::new(seed);
        Self {
            startups: (0..startups)
                .map(|n| random_startup(&mut dice, n))
                .collect(),
            mandates: (0..mandates)
                .map(|n| random_mandate(&mut dice, n))
                .collect(),
            known: (0..startups.max(mandates))
                .map(|_| random_pair(&mut dice))
                .collect(),
        }
    }
}

/// Rates of some of the currencies.
pub(super) fn rates() -> Rates {
    Rates::new(
        days_from_today(-1),
        [(currency("ILS"), 270_000), (currency("AZN"), 588_235)],
    )
}

pub(super) fn random_pair(dice: &mut Dice) -> PairFacts {
    PairFacts {
        conflict: dice.one_in(15),
        suppressed_until: dice.one_in(8).then(|| dice.day(5)).flatten(),
        sensitivity_released: dice.one_in(4),
    }
}

fn random_clearance(dice: &mut Dice) -> ClearanceVerdict {
    match dice.below(12) {
        0 => ClearanceVerdict::Blocked,
        1 | 2 => ClearanceVerdict::Review,
        3 => ClearanceVerdict::ClearEnhanced,
        _ => ClearanceVerdict::Clear,
    }
}

pub(super) fn random_startup(dice: &mut Dice, n: usize) -> World {
    let mut content = StartupContent {
        primary_tags: dice.some(TAGS, 2),
        business_models: dice.some(&["saas", "hardware"], 2),
        customer_types: dice.some(&["farmers", "state", "smb"], 2),
        stage: (!dice.one_in(8)).then(|| dice.pick(Stage::ALL)),
        stage_before: dice.one_in(2).then_some(Stage::Seed),
        markets_now: dice.some(COUNTRIES, 2),
        markets_wanted: dice.some(COUNTRIES, 2),
        languages: dice.some(LANGUAGES, 3),
        deal_intents: dice.some(INTENTS, 3),
        round: (!dice.one_in(5)).then(|| random_round(dice)),
        traction: Traction {
            customers: dice.one_in(2).then_some(1),
            growth_pct: dice.one_in(3).then_some(10),
            pilots: dice.one_in(2).then_some(1),
            revenue_12m: None,
        },
        transfer_topics: dice.some(&["farm_practice", "water_management"], 2),
        controls: (!dice.one_in(6)).then(|| answers(dice.one_in(6))),
        ..StartupContent::default()
    };
    let further: BTreeSet<Slug> = dice.some(TAGS, 3);
    content.tags = &further - &content.primary_tags;
    if dice.one_in(8) {
        content.tags.insert(slug(dice.pick(RARE_TAGS)));
    }
    World::with(|world| {
        world.profile = StartupProfile {
            id: Uuid::from_u128(1_000 + n as u128).into(),
            country: dice.pick(&["IL", "IL", "IL", "GE", "?"]).parse().ok(),
            content,
            status: dice.pick(&[
                ProfileStatus::Published,
                ProfileStatus::Published,
                ProfileStatus::Published,
                ProfileStatus::Paused,
            ]),
            published_at: dice
                .day(3)
                .and_then(|day| day.and_hms_opt(8, 0, 0))
                .map(|t| t.and_utc()),
            reconfirm_by: dice.day(90).map(|day| day + TimeDelta::days(80)),
            ..profile()
        };
        world.startup_clearance = random_clearance(dice);
        world.frozen.0 = dice.one_in(15);
        world.admitted.0 = !dice.one_in(15);
        world.released = dice.one_in(6);
    })
}

fn random_round(dice: &mut Dice) -> Round {
    Round {
        currency: currency(dice.pick(CURRENCIES)),
        target: dice.pick(AMOUNTS),
        max: dice.one_in(3).then_some(300_000_000),
        min_cheque: dice.one_in(2).then(|| dice.pick(AMOUNTS)),
        instruments: dice.some(&["safe", "ordinary_equity"], 2),
        lead_wanted: dice.one_in(2),
        ..round()
    }
}

pub(super) fn random_mandate(dice: &mut Dice, n: usize) -> World {
    let wanted: BTreeSet<Slug> = dice.some(TAGS, 4);
    let content = MandateContent {
        tags: wanted
            .into_iter()
            .map(|tag| (tag, dice.pick(&[1, 2, 3])))
            .collect(),
        excluded_tags: if dice.one_in(6) {
            dice.some(TAGS, 1)
        } else {
            BTreeSet::new()
        },
        stages: (0..dice.below(3)).map(|_| dice.pick(Stage::ALL)).collect(),
        cheque: (!dice.one_in(5)).then(|| random_cheque(dice)),
        startup_countries: if dice.one_in(6) {
            dice.some(COUNTRIES, 2)
        } else {
            BTreeSet::new()
        },
        excluded_countries: if dice.one_in(10) {
            dice.some(COUNTRIES, 1)
        } else {
            BTreeSet::new()
        },
        markets: dice.some(COUNTRIES, 2),
        instruments: dice.some(&["safe", "ordinary_equity"], 2),
        role: (!dice.one_in(3)).then(|| dice.pick(InvestorRole::ALL)),
        deal_intents: dice.some(INTENTS, 3),
        transfer_topics: dice.some(&["farm_practice", "water_management"], 2),
        business_models: dice.some(&["saas", "hardware"], 2),
        customer_types: dice.some(&["farmers", "state"], 2),
        languages: dice.some(LANGUAGES, 2),
        active_from: dice.one_in(6).then(|| dice.day(10)).flatten(),
        active_to: dice.one_in(6).then(|| dice.day(10)).flatten(),
        ..MandateContent::default()
    };
    World::with(|world| {
        world.mandate = Mandate {
            id: Uuid::from_u128(2_000 + n as u128).into(),
            country: dice.pick(&["AZ", "AZ", "AZ", "GE", "?"]).parse().ok(),
            content,
            status: dice.pick(&[
                MandateStatus::Published,
                MandateStatus::Published,
                MandateStatus::Published,
                MandateStatus::Stale,
            ]),
            published_at: dice
                .day(3)
                .and_then(|day| day.and_hms_opt(8, 0, 0))
                .map(|t| t.and_utc()),
            reconfirm_by: dice.day(90).map(|day| day + TimeDelta::days(80)),
            ..mandate()
        };
        world.investor_clearance = random_clearance(dice);
        world.frozen.1 = dice.one_in(15);
        world.admitted.1 = !dice.one_in(15);
    })
}

fn random_cheque(dice: &mut Dice) -> Cheque {
    let (a, b) = (dice.pick(AMOUNTS), dice.pick(AMOUNTS));
    Cheque {
        currency: currency(dice.pick(CURRENCIES)),
        min: a.min(b),
        max: a.max(b),
        flexible: dice.one_in(3),
    }
}
