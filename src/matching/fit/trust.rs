//! Finds how far a small record is to be trusted, on small data sets: each
//! country of the corpus with its startups alone.
//!
//! A large corpus says nothing of it, since it is trusted whole in any case. It
//! is one number of a few that are tried, so it is chosen on the windows that
//! all else was learned from.

use std::collections::BTreeSet;

use super::super::backtest::measures::{DEPTH, Estimate, Measures};
use super::super::backtest::{Setup, Split};
use super::super::crew::share_out;
use super::super::deals::{Corpus, Hidden};
use super::super::observed::Scorer;
use super::{REAL_GAIN, Window};
use crate::domain::revealed::{Memory, Revealed};

/// What is tried.
pub(super) const TRIED: [i64; 6] = [0, 25, 50, 100, 200, 400];

/// More startups are no small data set.
const LARGEST: usize = 2_000;

/// What was found.
#[derive(Debug, Clone, Copy)]
pub struct Trusted {
    /// How many deals a record must hold to be trusted half.
    pub half_trust_deals: i64,
    /// Rankings in small data sets that say so.
    pub rankings: usize,
    /// What it is better by there than the number one started from.
    pub gain: Estimate,
}

/// Finds it for these rules; `None` where no small data set tells anything.
pub(super) fn learn(
    corpus: &Corpus,
    windows: &[Window],
    rules: &Revealed,
    done: &(dyn Fn(usize) + Sync),
) -> Option<Trusted> {
    let countries: BTreeSet<_> = corpus.startups.iter().map(|it| it.place.country).collect();
    let parts: Vec<Corpus> = countries
        .into_iter()
        .map(|country| corpus.part(|startup| startup.place.country == country))
        .filter(|part| part.startups.len() <= LARGEST)
        .collect();
    let measure = |half_trust_deals: i64| -> Vec<Measures> {
        let memory = Memory {
            half_trust_deals,
            ..rules.memory
        };
        let rules = Revealed {
            memory,
            ..rules.clone()
        };
        let scorer = Scorer::new(&rules);
        let told = share_out(
            parts.len() * windows.len(),
            |number| {
                let part = parts.get(number / windows.len());
                let window = windows.get(number % windows.len());
                part.zip(window).map_or_else(Vec::new, |(part, window)| {
                    ranked(part, *window, &rules, &scorer)
                })
            },
            &|_| {},
        );
        done(1);
        told.into_iter().flatten().collect()
    };
    let start = measure(rules.memory.half_trust_deals);
    if start.is_empty() {
        return None;
    }
    let ndcg = |measured: &[Measures]| Measures::mean(measured).ndcg_20;
    let mut best = (rules.memory.half_trust_deals, ndcg(&start), start.clone());
    let least = best.1 + REAL_GAIN;
    for half in TRIED {
        let measured = measure(half);
        let gained = ndcg(&measured);
        if gained > least && gained > best.1 {
            best = (half, gained, measured);
        }
    }
    Some(Trusted {
        half_trust_deals: best.0,
        rankings: start.len(),
        gain: Estimate::of_difference(&best.2, &start),
    })
}

/// The startups of a window ranked, as they are and without their amount.
fn ranked(part: &Corpus, window: Window, rules: &Revealed, scorer: &Scorer) -> Vec<Measures> {
    let mut measured = Vec::new();
    for amount in [false, true] {
        let split = Split {
            train_until: window.from,
            test_until: window.until,
            hidden: Hidden {
                amount,
                ..Hidden::default()
            },
            without_head: 0,
        };
        let Ok(setup) = Setup::new(part, &split, rules) else {
            continue;
        };
        let known = setup.cases.iter().filter(|case| !case.investors.is_empty());
        measured.extend(known.map(|case| {
            let statistics = setup.observed.statistics(&case.question);
            let points = scorer.all(&statistics);
            let points: Vec<i64> = points.iter().map(|parts| parts.iter().sum()).collect();
            Measures::of(&setup.best(&points, DEPTH), &case.investors)
        }));
    }
    measured
}
