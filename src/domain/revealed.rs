//! Revealed preference as data: which statistics of an investor's past deals
//! count, by which curve and weight, and how alike two deals are.
//!
//! Every statistic is an integer in milli-nats (thousandths of a natural
//! logarithm): 693 says *twice as often*, −693 *half as often*.

use std::collections::BTreeMap;

use super::reason::Reason;
use super::scoring::{Curve, WHOLE};
use super::values::codes;

codes! {
    /// What an investor's past deals are asked, in the order in which an
    /// explanation lists it.
    Signal {
        /// How many first rounds it joined lately.
        Pace = "pace",
        /// How many rounds of any kind it joined lately.
        Activity = "activity",
        /// How many rounds it ever joined.
        Record = "record",
        /// How much oftener than others it funds the startup's country.
        Country = "country",
        /// How much oftener than its funding of the country leads to expect it
        /// funds the region.
        Region = "region",
        /// How much oftener than its funding of the region leads to expect it
        /// funds the city.
        City = "city",
        /// How near to the startup its own office is.
        Office = "office",
        /// How much oftener than others it funds this stage.
        Stage = "stage",
        /// The same of rounds of about this size.
        Size = "size",
        /// The same of rounds of this very amount.
        Ticket = "ticket",
        /// The same of the startup's tags.
        Tags = "tags",
        /// How many past deals were like this one in all respects together,
        /// each counted by how alike it is.
        Alike = "alike",
    }
}

codes! {
    /// How the places of two startups compare.
    PlaceTie {
        /// Other countries.
        Elsewhere = "elsewhere",
        /// One country, other regions.
        Country = "country",
        /// One region, other cities.
        Region = "region",
        /// One city.
        City = "city",
        /// Neither country is stated.
        BothUnstated = "both_unstated",
        /// One country is not stated.
        OneUnstated = "one_unstated",
        /// One region, a city is not stated.
        RegionNoCity = "region_no_city",
        /// One city, a region is not stated.
        CityNoRegion = "city_no_region",
        /// One country, neither region is stated.
        CountryNoRegion = "country_no_region",
        /// One country, one region is not stated.
        CountryOneRegion = "country_one_region",
        /// The question leaves the place out.
        Hidden = "hidden",
    }
}

codes! {
    /// How the stages of two rounds compare.
    StageTie {
        /// The same stage.
        Same = "same",
        /// Neither is stated.
        BothUnstated = "both_unstated",
        /// One is not stated.
        OneUnstated = "one_unstated",
        /// Neighbours.
        Near = "near",
        /// Two apart.
        Two = "two",
        /// Three or more apart.
        Far = "far",
        /// A kind of round that stands outside the order.
        Other = "other",
        /// The question leaves the stage out.
        Hidden = "hidden",
    }
}

codes! {
    /// How the sizes of two rounds compare, by their ratio.
    SizeTie {
        /// The same amount (within 1 %).
        Same = "same",
        /// Within 10 %.
        Within10 = "within_10",
        /// Within 28 %.
        Within28 = "within_28",
        /// Within 65 %.
        Within65 = "within_65",
        /// Up to 2.2 times.
        Times2 = "times_2",
        /// Up to 3.3 times.
        Times3 = "times_3",
        /// Up to 6 times.
        Times6 = "times_6",
        /// Up to 12 times.
        Times12 = "times_12",
        /// Farther apart.
        Far = "far",
        /// Neither is stated.
        BothUnstated = "both_unstated",
        /// One is not stated.
        OneUnstated = "one_unstated",
        /// The question leaves the size out.
        Hidden = "hidden",
    }
}

codes! {
    /// How much two startups' tags overlap: the share that is common of all,
    /// each tag counted by its rarity.
    TagTie {
        /// Nothing in common.
        None = "none",
        /// Below a tenth.
        Tenth = "tenth",
        /// Below a quarter.
        Quarter = "quarter",
        /// Below a half.
        Half = "half",
        /// Not all.
        Most = "most",
        /// The same tags.
        Same = "same",
        /// Neither has tags.
        BothUnstated = "both_unstated",
        /// One has none.
        OneUnstated = "one_unstated",
        /// The question leaves the tags out.
        Hidden = "hidden",
    }
}

codes! {
    /// How long ago a deal was.
    Age {
        /// Within a month.
        Month = "month",
        /// Within three months.
        Quarter = "quarter",
        /// Within half a year.
        HalfYear = "half_year",
        /// Within a year.
        Year = "year",
        /// Within a year and a half.
        Year18 = "months_18",
        /// Within two years.
        Years2 = "years_2",
        /// Within three years.
        Years3 = "years_3",
        /// Within five years.
        Years5 = "years_5",
        /// Within eight years.
        Years8 = "years_8",
        /// Longer ago.
        Older = "older",
    }
}

/// How alike two deals are: the sum of these, in milli-nats, is the logarithm
/// of what a past deal counts. What is not listed is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Likeness {
    /// By place.
    pub place: BTreeMap<PlaceTie, i64>,
    /// By stage.
    pub stage: BTreeMap<StageTie, i64>,
    /// By size.
    pub size: BTreeMap<SizeTie, i64>,
    /// By tags.
    pub tags: BTreeMap<TagTie, i64>,
    /// By the age of a first round.
    pub first_round: BTreeMap<Age, i64>,
    /// By the age of a later round.
    pub later_round: BTreeMap<Age, i64>,
}

/// How past deals are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Days after which a deal counts half.
    pub half_life_days: i64,
    /// Days after which a first round counts half for [`Signal::Pace`].
    pub pace_half_life_days: i64,
    /// Days after which a round counts half for [`Signal::Activity`].
    pub activity_half_life_days: i64,
    /// What a later round counts beside a first one, in bp.
    pub later_round: i64,
    /// How many deals of the crowd are mixed into everybody's own, in
    /// hundredths: what shrinks an investor with few deals towards the crowd.
    pub crowd_deals: i64,
    /// How many deals are added before the logarithm of a count is taken, in
    /// hundredths.
    pub count_floor: i64,
    /// What is added to [`Signal::Alike`] before its logarithm is taken, in
    /// hundred-thousandths of a deal.
    pub alike_floor: i64,
    /// By how much a size may differ and count more than 6/10, in milli-nats.
    pub size_width: i64,
    /// How many deals the whole record must hold to be trusted half
    /// ([`Trust`]); with 0 it is trusted whole however small it is.
    pub half_trust_deals: i64,
}

/// How far a record of so many deals is trusted to tell investors apart, in
/// bp: deals ÷ (deals + [`Memory::half_trust_deals`]), as an empirical Bayes
/// estimate weighs what was seen against what is usual.
///
/// Of a record that is trusted less, likenesses are nearer to nought, more of
/// the crowd is mixed into everybody's deals, and deals fade later. Where
/// nothing is trusted, who funded more comes first, and nothing else counts but
/// offices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trust(i64);

impl Trust {
    /// Nothing is trusted less than this, so that what is divided by it stays
    /// within bounds.
    const LEAST: i64 = 10;

    /// The trust in a record whose deals count so much in bp: 10 000 for each
    /// that was funded.
    pub fn new(memory: &Memory, deals_bp: u64) -> Self {
        let half = i128::from(memory.half_trust_deals.max(0)) * i128::from(WHOLE);
        let deals = i128::from(deals_bp);
        let share = match deals + half {
            0 => i128::from(WHOLE),
            all => i128::from(WHOLE) * deals / all,
        };
        Self(i64::try_from(share).map_or(WHOLE, |share| share.clamp(Self::LEAST, WHOLE)))
    }

    /// In bp.
    pub const fn bp(self) -> i64 {
        self.0
    }

    /// What is left of a likeness.
    pub const fn of(self, likeness: i64) -> i64 {
        likeness * self.0 / WHOLE
    }

    /// What grows as trust falls: deals of the crowd, half-lives.
    pub const fn against(self, amount: i64) -> i64 {
        amount * WHOLE / self.0
    }
}

/// The revealed factors of a rule set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revealed {
    /// Weight of each in bp; they sum to 10 000.
    pub weights: BTreeMap<Signal, i64>,
    /// Statistic → value in bp, never falling.
    pub curves: BTreeMap<Signal, Curve>,
    /// How past deals are counted.
    pub memory: Memory,
    /// How alike deals are.
    pub likeness: Likeness,
}

impl Revealed {
    /// The weight of a signal; 0 of what is not listed.
    pub fn weight(&self, signal: Signal) -> i64 {
        self.weights.get(&signal).copied().unwrap_or(0)
    }

    /// The value of a statistic, in bp.
    pub fn value(&self, signal: Signal, statistic: i64) -> i64 {
        self.curves
            .get(&signal)
            .map_or(0, |curve| curve.at(statistic).clamp(0, WHOLE))
    }
}

/// What was observed of an investor beside one startup: kept with a match, so
/// that its score can be computed again when more has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What the log said up to this position was counted.
    pub as_of: i64,
    /// Every statistic, in the order of [`Signal::ALL`].
    pub facts: Vec<ObservedFact>,
}

/// One statistic, and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedFact {
    /// Which.
    pub signal: Signal,
    /// In milli-nats; `None` where the startup does not tell enough.
    pub statistic: Option<i64>,
    /// What it is made of.
    pub reason: Reason,
}

/// What the revealed factors of a pair gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevealedTrace {
    /// What the log said up to this position was counted.
    pub as_of: i64,
    /// Each of them, in the order of [`Signal::ALL`].
    pub signals: Vec<SignalTrace>,
}

/// What one revealed factor gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalTrace {
    /// Which factor.
    pub signal: Signal,
    /// Its weight in bp.
    pub weight: i64,
    /// Its statistic in milli-nats; `None` where the startup does not tell
    /// enough.
    pub statistic: Option<i64>,
    /// Its value in bp.
    pub value: Option<i64>,
    /// Weight × value, its part of the sum; 0 when unknown.
    pub points: i64,
    /// Why.
    pub reason: Reason,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_trusted_the_more_the_larger_it_is() {
        let memory = |half_trust_deals| Memory {
            half_life_days: 730,
            pace_half_life_days: 180,
            activity_half_life_days: 365,
            later_round: 5_000,
            crowd_deals: 100,
            count_floor: 100,
            alike_floor: 100,
            size_width: 700,
            half_trust_deals,
        };
        let trust = |deals: u64| Trust::new(&memory(50), deals * 10_000);
        assert_eq!(trust(50).bp(), 5_000);
        assert_eq!(trust(150).bp(), 7_500);
        assert!((0..2_000).is_sorted_by_key(|deals| trust(deals).bp()));
        assert!(trust(0).bp() > 0, "what is divided by it stays finite");
        assert_eq!((trust(50).of(-300), trust(50).against(300)), (-150, 600));

        assert_eq!(Trust::new(&memory(0), 0).bp(), WHOLE);
        assert_eq!(Trust::new(&memory(0), 1).bp(), WHOLE);
        assert_eq!(trust(u64::MAX / 10_000).bp(), 9_999);
        assert_eq!(trust(u64::MAX / 10_000).against(300), 300);
    }
}
