//! The parts of a startup's question that no table holds.

use chrono::NaiveDate;

use super::super::search::Ask;
use super::super::table::{Worth, most, weight};
use super::super::values::{fresh, home, sectors, standing};
use super::super::vocabulary::{ABROAD, Countries, Vocabulary};
use super::question::Question;
use super::tags::WantedTags;
use super::{GATES, Keys, Limits, MASKS, Standing, Term, WEIGHT_BITS};
use crate::domain::country::Country;
use crate::domain::scoring::{Factor, GateVerdict as Verdict};

/// The parts of a startup's question that no table holds.
pub(in crate::matching::index) struct Asking<'a> {
    keys: &'a Keys,
    words: &'a Vocabulary,
    today: NaiveDate,
    country: Option<Country>,
    country_bits: Countries,
    joined: Vec<Country>,
    tags: WantedTags,
    markets: Markets,
}

/// What markets are worth to a startup.
struct Markets {
    stated: bool,
    wanted: u64,
    now: u64,
    opened: Worth,
    present: Worth,
    apart: Worth,
    /// What those that have no bit may give.
    most: i32,
}

impl<'a> Asking<'a> {
    pub(super) fn new(question: &Question<'a>) -> Self {
        let Question {
            setting,
            startup,
            words,
            keys,
            ..
        } = *question;
        let profile = startup.profile;
        let content = &profile.content;
        let weight = weight(setting.rules, Factor::Market);
        let corridors = setting.programme.details.corridors.iter();
        let joined = corridors.filter(|one| Some(one.startup) == profile.country);
        Self {
            keys,
            words,
            today: setting.today,
            country: profile.country,
            country_bits: words.countries(&profile.country),
            joined: joined.map(|one| one.investor).collect(),
            tags: question.tags(),
            markets: Markets {
                stated: !(content.markets_wanted.is_empty() && content.markets_now.is_empty()),
                wanted: words.markets(&content.markets_wanted),
                now: words.markets(&content.markets_now),
                opened: Worth::of(weight, Some(setting.rules.market_opened)),
                present: Worth::of(weight, Some(setting.rules.market_present)),
                apart: Worth::of(weight, Some(0)),
                most: most(weight),
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
        tags.iter().any(|tag| self.tags.has(*tag))
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
        self.markets.most
    }

    #[inline]
    fn points_of_markets(&self, masks: [u64; MASKS]) -> i32 {
        let [opened] = masks;
        if opened & ABROAD == 0 {
            self.markets.worth(opened).points
        } else {
            self.markets.most
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

impl Markets {
    #[inline]
    fn worth(&self, opened: u64) -> Worth {
        if !self.stated || opened == 0 {
            Worth::default()
        } else if opened & self.wanted != 0 {
            self.opened
        } else if opened & self.now != 0 {
            self.present
        } else {
            self.apart
        }
    }
}
