//! The parts of a mandate's question that no table holds.

use chrono::NaiveDate;

use super::super::search::Ask;
use super::super::table::{Worth, most, weight};
use super::super::values::{home, sectors, standing};
use super::super::vocabulary::{ABROAD, Vocabulary};
use super::question::Question;
use super::tags::OwnTags;
use super::{GATES, Keys, MASKS, PRIMARY_BITS};
use crate::domain::scoring::Factor;

/// The parts of a mandate's question that no table holds.
pub(in crate::matching::index) struct Asking<'a> {
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
    pub(super) fn new(question: &Question<'a>) -> Self {
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
