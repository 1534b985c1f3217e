//! How alike past deals are to a question: the tables of a rule set, and each
//! deal by what its likeness is made of.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::super::deals::{Deal, Question};
use super::{Observed, ties};
use crate::domain::revealed::{Age, PlaceTie, Revealed, SizeTie, StageTie, TagTie, Trust};

/// [`crate::domain::revealed::Likeness`] as tables by the place of a value in
/// its list, as far as the record is trusted.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) place: Vec<i64>,
    pub(super) stage: Vec<i64>,
    pub(super) size: Vec<i64>,
    pub(super) tags: Vec<i64>,
}

impl Tables {
    pub(super) fn new(rules: &Revealed, trust: Trust) -> Self {
        fn table<T: Copy + Ord>(all: &[T], listed: &BTreeMap<T, i64>, trust: Trust) -> Vec<i64> {
            all.iter()
                .map(|value| trust.of(listed.get(value).copied().unwrap_or(0)))
                .collect()
        }
        let likeness = &rules.likeness;
        Self {
            place: table(PlaceTie::ALL, &likeness.place, trust),
            stage: table(StageTie::ALL, &likeness.stage, trust),
            size: table(SizeTie::ALL, &likeness.size, trust),
            tags: table(TagTie::ALL, &likeness.tags, trust),
        }
    }
}

/// What a deal's age adds to its likeness.
pub(super) fn of_age(rules: &Revealed, until: NaiveDate, deal: &Deal) -> i64 {
    let age = ties::age((until - deal.date).num_days());
    let likeness = &rules.likeness;
    let table = if deal.first {
        &likeness.first_round
    } else {
        &likeness.later_round
    };
    table.get(&age).copied().unwrap_or(0)
}

/// A past deal by how it compares with a question: one entry of each table of
/// likeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Likened {
    /// Its startup's place.
    pub place: PlaceTie,
    /// Its startup's tags.
    pub tags: TagTie,
    /// The round's stage.
    pub stage: StageTie,
    /// The round's size.
    pub size: SizeTie,
    /// Whether it was a first round.
    pub first: bool,
    /// How long ago it was.
    pub age: Age,
    /// Whether it counts against what it agrees with.
    pub against: bool,
    /// What came of it, in bp of money.
    pub worth: u64,
}

impl Observed<'_> {
    /// The deals of some candidates by how they compare with a question, a list
    /// a candidate.
    pub fn likened(&self, asked: &Question, places: &[usize]) -> Vec<Vec<Likened>> {
        let compared = self.compare(asked);
        let of_deal = |past: &super::Past| {
            let startup = compared.startups.get(past.startup)?;
            let (size, _) = compared.amounts.get(past.amount)?;
            let (stage, _) = compared.rounds.get(past.round.place())?;
            let deal = self.corpus.deals.get(past.deal)?;
            Some(Likened {
                place: startup.place,
                tags: startup.tags,
                stage: *stage,
                size: *size,
                first: deal.first,
                age: ties::age((self.until - deal.date).num_days()),
                against: past.against,
                worth: past.worth,
            })
        };
        places
            .iter()
            .map(|place| {
                let candidate = self.candidates.get(*place);
                let own = candidate.and_then(|candidate| self.past.get(candidate.deals.clone()));
                own.unwrap_or_default().iter().filter_map(of_deal).collect()
            })
            .collect()
    }

    /// How far the record is trusted to tell investors apart.
    pub const fn trust(&self) -> Trust {
        self.trust
    }
}
