//! The records of an invented market, one by one.

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::super::facts::PairFacts;
use super::super::index::{Cleared, MandateEntry, StartupEntry};
use super::{
    CURRENCIES, CUSTOMERS, Dice, INSTRUMENTS, INTENTS, INVESTOR_COUNTRIES, KINDS, Kind, LANGUAGES,
    LEAVES, MARKETS, MODELS, Market, SECTORS, SIZES, STARTUP_COUNTRIES, SUBJECTS,
    SUBJECTS_OF_SECTOR, TOPICS, leaf_name, midnight, numbered, slugs, subject_name, word,
};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::mandate::{Capacity, Cheque, Mandate, MandateContent, MandateStatus};
use crate::domain::money::Currency;
use crate::domain::profile::{ProfileStatus, Round, StartupContent, StartupProfile, Traction};
use crate::domain::text::Slug;
use crate::domain::values::Stage;

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
        let technologies = (0..=dice.below(4)).filter_map(|_| near(dice)).collect();
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
            round: dice.percent(85).then(|| round(dice, kind)),
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
    let [first, others @ ..] = &KINDS;
    let mut roll = dice.below(100);
    for kind in others {
        if roll < kind.share {
            return kind;
        }
        roll -= kind.share;
    }
    first
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
