//! The plain rule score: what a rule set makes of a mandate that was derived
//! from an investor's past deals, as a matchmaking service does that knows
//! stated wishes only: tags, stage, cheque and market.

use std::collections::BTreeSet;

use super::super::deals::{Corpus, Deal, Place, Question, Sign, Word};
use super::super::observed::Observed;
use crate::domain::scoring::{Factor, RuleSet, WHOLE};

/// A mandate as past deals suggest it.
#[derive(Debug, Clone, Default)]
struct Derived {
    tags: BTreeSet<Word>,
    orders: BTreeSet<i64>,
    countries: BTreeSet<Word>,
    /// The middle one of the rounds it joined, in cents.
    typical_round: Option<u64>,
}

/// The derived mandates of all candidates.
#[derive(Debug)]
pub struct Plain<'a> {
    rules: &'a RuleSet,
    derived: Vec<Derived>,
}

impl<'a> Plain<'a> {
    /// Derives them from the deals before the day of `observed`.
    pub fn new(observed: &Observed<'_>, rules: &'a RuleSet) -> Self {
        let derived = observed
            .candidates
            .iter()
            .map(|candidate| derive(observed.corpus, &observed.deals_of(candidate)))
            .collect();
        Self { rules, derived }
    }

    /// Σ weight × value for every candidate; what can't be told counts nothing.
    pub fn points(&self, asked: &Question) -> Vec<i64> {
        let weight = |factor| self.rules.weights.get(&factor).copied().unwrap_or(0);
        let (tags, stage, cheque, market) = (
            weight(Factor::Tags),
            weight(Factor::Stage),
            weight(Factor::Cheque),
            weight(Factor::Market),
        );
        self.derived
            .iter()
            .map(|mandate| {
                tags * self.tags(asked, mandate)
                    + stage * self.stage(asked, mandate)
                    + cheque * self.cheque(asked, mandate)
                    + market * self.market(asked.place, mandate)
            })
            .collect()
    }

    /// The share of tags in common of all.
    fn tags(&self, asked: &Question, mandate: &Derived) -> i64 {
        let common = asked.tags.intersection(&mandate.tags).count();
        let all = asked.tags.union(&mandate.tags).count().max(1);
        let ratio = |a: usize, b: usize| i64::try_from(a).ok().zip(i64::try_from(b).ok());
        ratio(common, all).map_or(0, |(common, all)| self.rules.tag_values.same * common / all)
    }

    fn stage(&self, asked: &Question, mandate: &Derived) -> i64 {
        let Some(ours) = asked.round.order() else {
            return 0;
        };
        let nearest = mandate
            .orders
            .iter()
            .map(|order| (order - ours).abs())
            .min();
        nearest.map_or(0, |distance| self.rules.stage.at(distance))
    }

    fn cheque(&self, asked: &Question, mandate: &Derived) -> i64 {
        let (Some(asked), Some(typical)) = (asked.amount, mandate.typical_round) else {
            return 0;
        };
        let (small, large) = (asked.min(typical), asked.max(typical).max(1));
        let share = u128::from(small) * 10_000 / u128::from(large);
        i64::try_from(share).map_or(0, |share| self.rules.cheque.at(share).min(WHOLE))
    }

    fn market(&self, place: Place, mandate: &Derived) -> i64 {
        if mandate.countries.contains(&place.country) {
            self.rules.market_opened
        } else {
            0
        }
    }
}

fn derive(corpus: &Corpus, deals: &[&Deal]) -> Derived {
    let mut mandate = Derived::default();
    let mut amounts = Vec::new();
    for deal in deals.iter().filter(|deal| deal.sign != Sign::Passed) {
        if let Some(startup) = corpus.startups.get(deal.startup) {
            mandate.tags.extend(&startup.tags);
            if startup.place.country != 0 {
                mandate.countries.insert(startup.place.country);
            }
        }
        mandate.orders.extend(deal.round.order());
        amounts.extend(deal.amount);
    }
    amounts.sort_unstable();
    mandate.typical_round = amounts.get(amounts.len() / 2).copied();
    mandate
}
