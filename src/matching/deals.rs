//! Past deals as they are learned from: startups with their profiles,
//! investors with their offices, and who put money into what, when. Words are
//! replaced by small numbers; 0 is what is not stated.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

/// A word by its number; 0 is none.
pub type Word = u32;

/// Gives words their numbers.
#[derive(Debug, Clone, Default)]
pub struct Words {
    numbers: BTreeMap<String, Word>,
    texts: Vec<String>,
}

impl Words {
    /// The number of a word, a new one if need be; white space around it and
    /// capitals don't count, and an empty word is none.
    pub fn number(&mut self, text: &str) -> Word {
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return 0;
        }
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        self.texts.push(text.clone());
        let number = Word::try_from(self.texts.len()).unwrap_or(Word::MAX);
        self.numbers.insert(text, number);
        number
    }

    /// The number of a word that has one.
    pub fn find(&self, text: &str) -> Option<Word> {
        self.numbers.get(&text.trim().to_lowercase()).copied()
    }

    /// The word of a number; empty for none.
    pub fn text(&self, number: Word) -> &str {
        let place = usize::try_from(number).unwrap_or(0).checked_sub(1);
        place
            .and_then(|place| self.texts.get(place))
            .map_or("", String::as_str)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

/// Where a firm is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Its country.
    pub country: Word,
    /// Its region.
    pub region: Word,
    /// Its city.
    pub city: Word,
}

/// The stage of a round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Round {
    /// Not stated.
    #[default]
    Unstated,
    /// Before and around the first priced round: angels, seed.
    Seed,
    /// Series A.
    A,
    /// Series B.
    B,
    /// Series C and later, growth.
    Late,
    /// Venture money of an unnamed series.
    Venture,
    /// Anything else: grants, debt, private equity, after the listing.
    Other,
}

impl Round {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Unstated,
        Self::Seed,
        Self::A,
        Self::B,
        Self::Late,
        Self::Venture,
        Self::Other,
    ];

    /// The kind that a source's word means.
    pub fn of(text: &str) -> Self {
        let plain: String = text
            .to_lowercase()
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { ' ' })
            .collect();
        let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        match plain.as_str() {
            "" | "unknown" | "undisclosed" => Self::Unstated,
            "angel" | "seed" | "angel seed" | "pre seed" | "preseed" | "accelerator" => Self::Seed,
            "a" | "series a" => Self::A,
            "b" | "series b" => Self::B,
            "c" | "series c" | "late" | "growth" => Self::Late,
            "venture" | "venture unspecified" | "series unknown" | "venture unknown" => {
                Self::Venture
            }
            later if later.starts_with("series ") => Self::Late,
            _ => Self::Other,
        }
    }

    /// Its place among the rounds; `None` for what stands outside the order.
    pub const fn order(self) -> Option<i64> {
        match self {
            Self::Seed => Some(1),
            Self::A => Some(2),
            Self::B => Some(3),
            Self::Late => Some(4),
            Self::Unstated | Self::Venture | Self::Other => None,
        }
    }

    /// Its place in [`Self::ALL`].
    pub const fn place(self) -> usize {
        match self {
            Self::Unstated => 0,
            Self::Seed => 1,
            Self::A => 2,
            Self::B => 3,
            Self::Late => 4,
            Self::Venture => 5,
            Self::Other => 6,
        }
    }
}

/// A startup as it describes itself before its first round.
#[derive(Debug, Clone)]
pub struct Startup {
    /// Its id in the source.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: BTreeSet<Word>,
    /// Where it is.
    pub place: Place,
    /// The stage it raises at.
    pub round: Round,
    /// The amount it raises, in cents of a dollar.
    pub amount: Option<u64>,
    /// The day of its first known round.
    pub first_funding: NaiveDate,
}

/// An investor.
#[derive(Debug, Clone)]
pub struct Investor {
    /// Its id in the source.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where its office is.
    pub office: Place,
}

/// What came of an investor and a startup that met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// It put money in.
    Funded,
    /// It agreed to be introduced, met, or began a deal.
    TookUp,
    /// It passed.
    Passed,
}

/// What money counts, in bp.
pub const FUNDED: u64 = 10_000;

/// One investor's part in one round, or what came short of one.
#[derive(Debug, Clone, Copy)]
pub struct Deal {
    /// Which startup, by its place in the corpus.
    pub startup: usize,
    /// Which investor, by its place in the corpus.
    pub investor: usize,
    /// When.
    pub date: NaiveDate,
    /// Whether it was the startup's first known round.
    pub first: bool,
    /// The stage of the round.
    pub round: Round,
    /// The whole round, in cents of a dollar.
    pub amount: Option<u64>,
    /// What came of it.
    pub sign: Sign,
    /// What it counts beside money, in bp: [`FUNDED`] for money itself. What
    /// was passed on counts so much against.
    pub worth: u64,
}

/// Everything that was read.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    /// Countries.
    pub countries: Words,
    /// Regions.
    pub regions: Words,
    /// Cities.
    pub cities: Words,
    /// Tags.
    pub tags: Words,
    /// Startups, in the order of their ids.
    pub startups: Vec<Startup>,
    /// Investors, in the order of their ids.
    pub investors: Vec<Investor>,
    /// Deals; their order doesn't matter.
    pub deals: Vec<Deal>,
}

impl Corpus {
    /// The startups that are wanted, with their deals; words and investors keep
    /// their numbers.
    #[must_use]
    pub fn part(&self, wanted: impl Fn(&Startup) -> bool) -> Self {
        let mut places = BTreeMap::new();
        let mut startups = Vec::new();
        for (place, startup) in self.startups.iter().enumerate() {
            if wanted(startup) {
                places.insert(place, startups.len());
                startups.push(startup.clone());
            }
        }
        let moved = |deal: &Deal| {
            let startup = *places.get(&deal.startup)?;
            Some(Deal { startup, ..*deal })
        };
        Self {
            startups,
            deals: self.deals.iter().filter_map(moved).collect(),
            investors: self.investors.clone(),
            countries: self.countries.clone(),
            regions: self.regions.clone(),
            cities: self.cities.clone(),
            tags: self.tags.clone(),
        }
    }
}

/// What a question leaves out of a startup's profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Its tags.
    pub tags: bool,
    /// Its country.
    pub country: bool,
    /// Its region.
    pub region: bool,
    /// Its city.
    pub city: bool,
    /// Its stage.
    pub stage: bool,
    /// Its amount.
    pub amount: bool,
}

/// A part of a profile: what may be hidden.
pub const FIELDS: [&str; 6] = ["tags", "country", "region", "city", "stage", "amount"];

impl Hidden {
    /// Hides a field by its name; `None` when there is no such field.
    pub fn hide(&mut self, field: &str) -> Option<()> {
        let flag = match field {
            "tags" => &mut self.tags,
            "country" => &mut self.country,
            "region" => &mut self.region,
            "city" => &mut self.city,
            "stage" => &mut self.stage,
            "amount" => &mut self.amount,
            _ => return None,
        };
        *flag = true;
        Some(())
    }
}

/// A question: which investors for a startup of this description?
#[derive(Debug, Clone)]
pub struct Question {
    /// Its tags, as far as they are told.
    pub tags: BTreeSet<Word>,
    /// Where it is, as far as it is told.
    pub place: Place,
    /// The stage it raises at.
    pub round: Round,
    /// The amount it raises, in cents of a dollar.
    pub amount: Option<u64>,
    /// What is left out; such a field says nothing, while one that is merely
    /// not stated may be compared with others that don't state it.
    pub hidden: Hidden,
}

impl Question {
    /// What a startup's profile says, but for what is hidden.
    pub fn of(startup: &Startup, hidden: Hidden) -> Self {
        let told = |hide: bool, word: Word| if hide { 0 } else { word };
        Self {
            tags: if hidden.tags {
                BTreeSet::new()
            } else {
                startup.tags.clone()
            },
            place: Place {
                country: told(hidden.country, startup.place.country),
                region: told(hidden.region, startup.place.region),
                city: told(hidden.city, startup.place.city),
            },
            round: if hidden.stage {
                Round::Unstated
            } else {
                startup.round
            },
            amount: if hidden.amount { None } else { startup.amount },
            hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_differ_in_capitals_only_are_one() {
        let mut words = Words::default();
        let water = words.number(" Water ");
        assert_eq!(words.number("water"), water);
        assert_ne!(words.number("fire"), water);
        assert_eq!(words.number("  "), 0);
        assert_eq!(
            (words.text(water), words.text(0), words.len()),
            ("water", "", 2)
        );
    }

    #[test]
    fn sources_name_rounds_in_many_ways() {
        for (text, round) in [
            ("", Round::Unstated),
            ("angel/seed", Round::Seed),
            ("Pre-Seed", Round::Seed),
            ("series-a", Round::A),
            ("series_b", Round::B),
            ("series-c+", Round::Late),
            ("Series F", Round::Late),
            ("venture-unspecified", Round::Venture),
            ("private-equity", Round::Other),
        ] {
            assert_eq!(Round::of(text), round, "{text}");
        }
    }
}
