//! The account of a score, and what holds of every ranking, on random corpora.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::corpus::{Corpus, Dice};
use super::*;
use crate::domain::scoring::{Band, Outcome, ReasonKey, WHOLE};
use crate::matching::facts::Pair;
use crate::matching::reference::{Filter, mandates_for, startups_for};
use crate::matching::score::judge;

#[test]
fn a_score_is_the_weighted_mean_of_what_is_known() {
    let told = World::with(|_| ()).explain();
    // tags 5 000 (primary drip twice, protein and ai nothing), evidence 7 500,
    // everything else whole.
    let exact = 2_800 * 5_000 + 400 * 7_500 + (10_000 - 2_800 - 400) * 10_000;
    assert_eq!(told.exact, exact);
    assert_eq!((told.score, told.confidence), (8_500, 10_000));
    assert_eq!(told.band, Band::Strong);
    assert_eq!(told.risks, []);
    assert_eq!(told.missing, []);
    assert_eq!(
        told.strengths,
        [
            Factor::Stage,
            Factor::Cheque,
            Factor::DealIntent,
            Factor::Market,
            Factor::BusinessModel,
            Factor::TransferTopics,
            Factor::InstrumentRole,
            Factor::Evidence,
            Factor::Language,
        ]
    );
}

#[test]
fn what_is_missing_counts_nothing_and_lowers_confidence() {
    let told = World::with(|w| {
        w.profile.content.round = None;
        w.mandate.content.languages = set(&["az"]);
    })
    .explain();
    // Cheque and instrument fall away, language counts nought.
    assert_eq!(told.confidence, 10_000 - 1_300 - 500);
    assert_eq!(told.exact, 85_000_000 - (1_300 + 500 + 200) * 10_000);
    // 65 000 000 ÷ 8 200 = 7 926.8, rounded half up.
    assert_eq!(told.score, 7_927);
    assert_eq!(told.missing, [Factor::Cheque, Factor::InstrumentRole]);
    assert_eq!(told.risks, [Factor::Language]);
}

#[test]
fn an_account_names_the_versions_it_comes_from() {
    let world = World::with(|_| ());
    let told = world.explain();
    assert_eq!(told.rule_set, world.rules.id);
    assert_eq!(told.startup, (world.profile.id, 3));
    assert_eq!(told.mandate, (world.mandate.id, 5));
    assert_eq!((told.as_of, told.rate_date), (today(), None));
}

/// One corpus in the setting of a neutral world with rates.
struct Market {
    base: World,
    corpus: Corpus,
}

impl Market {
    fn random(seed: u64) -> Self {
        Self {
            base: World::with(|w| w.rates = Some(corpus::rates())),
            corpus: Corpus::random(seed, 12, 12),
        }
    }

    fn startups(&self) -> Vec<(StartupFacts<'_>, PairFacts)> {
        let startups = self.corpus.startups.iter().map(World::startup);
        startups.zip(self.corpus.known.iter().copied()).collect()
    }

    fn mandates(&self) -> Vec<(MandateFacts<'_>, PairFacts)> {
        let mandates = self.corpus.mandates.iter().map(World::investor);
        mandates.zip(self.corpus.known.iter().copied()).collect()
    }

    /// Every pair of the corpus.
    fn pairs(&self) -> impl Iterator<Item = (StartupFacts<'_>, MandateFacts<'_>, PairFacts)> {
        self.startups().into_iter().flat_map(|(startup, _)| {
            self.mandates()
                .into_iter()
                .map(move |(mandate, known)| (startup, mandate, known))
        })
    }
}

/// The specification of a ranking: explain everything, keep what the filter
/// wants, sort by exact sum, publication and id, take `k`.
fn specified(
    market: &Market,
    startup: &StartupFacts<'_>,
    k: usize,
    filter: &Filter,
) -> Vec<Explanation> {
    let mut all: Vec<_> = market
        .mandates()
        .iter()
        .map(|(mandate, known)| {
            let told = explain(&market.base.setting(), startup, mandate, known);
            let published = mandate.mandate.published_at;
            let place = (
                Reverse(told.exact),
                published.is_none(),
                published,
                told.mandate.0,
            );
            (place, told)
        })
        .filter(|(_, told)| match told.outcome() {
            Outcome::Eligible => filter.eligible,
            Outcome::NeedsReview => filter.undecided,
            Outcome::RuledOut => false,
        })
        .filter(|(_, told)| {
            told.score >= filter.min_score && told.confidence >= filter.min_confidence
        })
        .collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().take(k).map(|(_, told)| told).collect()
}

#[test]
fn random_corpora_meet_every_reason_but_the_withheld() {
    let met: BTreeSet<ReasonKey> = (0..60)
        .flat_map(|seed| {
            let market = Market::random(seed);
            let told: Vec<_> = market
                .pairs()
                .flat_map(|(startup, mandate, known)| {
                    reasons(&explain(&market.base.setting(), &startup, &mandate, &known))
                })
                .collect();
            told
        })
        .map(|reason| reason.key)
        .collect();
    let unmet: Vec<_> = ReasonKey::ALL
        .iter()
        // What past deals say is asked of other corpora.
        .filter(|key| !key.code().starts_with("revealed.") && !key.code().contains(".band_"))
        .filter(|key| !met.contains(key))
        .collect();
    // The corpus stays within one programme that is in force and limited to
    // no tags.
    assert_eq!(
        unmet,
        [
            &ReasonKey::Withheld,
            &ReasonKey::ScopeNotInForce,
            &ReasonKey::ScopeTags
        ]
    );
}

fn reasons(told: &Explanation) -> Vec<crate::domain::scoring::Reason> {
    let gates = told.gates.iter().map(|trace| trace.reason.clone());
    let factors = told.factors.iter().map(|trace| trace.reason.clone());
    gates.chain(factors).collect()
}

#[test]
fn random_corpora_have_something_to_rank() {
    let (mut eligible, mut undecided, mut ruled_out) = (0, 0, 0);
    for seed in 0..20 {
        let market = Market::random(seed);
        for (startup, mandate, known) in market.pairs() {
            let told = explain(&market.base.setting(), &startup, &mandate, &known);
            match told.outcome() {
                Outcome::Eligible => eligible += 1,
                Outcome::NeedsReview => undecided += 1,
                Outcome::RuledOut => ruled_out += 1,
            }
        }
    }
    // Of 2 880 pairs.
    let least = [eligible, undecided, ruled_out].into_iter().min();
    assert!(least >= Some(30), "{eligible} {undecided} {ruled_out}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_ranking_is_all_accounts_sorted(
        seed: u64,
        k in 0_usize..15,
        undecided: bool,
        eligible: bool,
        min_score in 0_i64..9_000,
        min_confidence in 0_i64..9_000,
    ) {
        let market = Market::random(seed);
        let filter = Filter { undecided, eligible, min_score, min_confidence };
        for (startup, _) in market.startups() {
            let ranked =
                mandates_for(&market.base.setting(), &startup, &market.mandates(), k, &filter);
            prop_assert_eq!(ranked, specified(&market, &startup, k, &filter));
        }
    }

    #[test]
    fn the_silent_and_the_told_score_agree(seed: u64) {
        let market = Market::random(seed);
        let setting = market.base.setting();
        for (startup, mandate, known) in market.pairs() {
            let told = explain(&setting, &startup, &mandate, &known);
            let silent = judge(&Pair::new(&setting, &startup, &mandate, &known));
            let expected = (told.outcome() != Outcome::RuledOut)
                .then(|| (told.outcome(), told.exact, told.score, told.confidence));
            let judged = silent.map(|(outcome, n)| (outcome, n.exact, n.score, n.confidence));
            prop_assert_eq!(judged, expected);
        }
    }

    #[test]
    fn an_account_adds_up(seed: u64) {
        let market = Market::random(seed);
        let setting = market.base.setting();
        for (startup, mandate, known) in market.pairs() {
            let told = explain(&setting, &startup, &mandate, &known);
            let points: i64 = told.factors.iter().map(|trace| trace.points).sum();
            let weight: i64 = told
                .factors
                .iter()
                .filter(|trace| trace.value.is_some())
                .map(|trace| trace.weight)
                .sum();
            prop_assert_eq!(told.exact, points);
            prop_assert_eq!(told.confidence, weight);
            prop_assert!((0..=WHOLE).contains(&told.score));
            // Half a point at most is lost or won by rounding.
            prop_assert!((2 * (told.score * weight - points)).abs() <= weight);
            for trace in &told.factors {
                prop_assert!(trace.value.is_none_or(|value| (0..=WHOLE).contains(&value)));
            }
            prop_assert_eq!(&told, &explain(&setting, &startup, &mandate, &known));
        }
    }

    #[test]
    fn every_reason_fills_its_places(seed: u64) {
        let market = Market::random(seed);
        for (startup, mandate, known) in market.pairs() {
            let told = explain(&market.base.setting(), &startup, &mandate, &known);
            for reason in reasons(&told) {
                let filled: Vec<_> = reason.vars.iter().map(|(place, _)| *place).collect();
                prop_assert_eq!(filled.as_slice(), reason.key.places(), "{}", reason.key);
            }
        }
    }

    #[test]
    fn the_order_of_candidates_does_not_matter(seed: u64, k in 1_usize..12) {
        let market = Market::random(seed);
        let setting = market.base.setting();
        let mut dice = Dice::new(seed ^ 1);
        for (mandate, _) in market.mandates() {
            let startups = market.startups();
            let mut shuffled = startups.clone();
            for at in (1..shuffled.len()).rev() {
                shuffled.swap(at, dice.below(at + 1));
            }
            let filter = Filter::default();
            prop_assert_eq!(
                startups_for(&setting, &mandate, &startups, k, &filter),
                startups_for(&setting, &mandate, &shuffled, k, &filter)
            );
        }
    }

    #[test]
    fn who_is_ruled_out_changes_nothing(seed: u64, k in 1_usize..12) {
        let market = Market::random(seed);
        let setting = market.base.setting();
        let ruled_out = World::with(|w| w.mandate.status = MandateStatus::Withdrawn);
        for (startup, _) in market.startups() {
            let before = market.mandates();
            let mut after = before.clone();
            after.insert(0, (ruled_out.investor(), PairFacts::default()));
            let filter = Filter::default();
            prop_assert_eq!(
                mandates_for(&setting, &startup, &before, k, &filter),
                mandates_for(&setting, &startup, &after, k, &filter)
            );
        }
    }

    #[test]
    fn both_directions_find_the_same_pairs(seed: u64) {
        let market = Market::random(seed);
        let setting = market.base.setting();
        let all = Filter::default();
        let unknown = PairFacts::default();
        let startups: Vec<_> =
            market.startups().into_iter().map(|(startup, _)| (startup, unknown)).collect();
        let mandates: Vec<_> =
            market.mandates().into_iter().map(|(mandate, _)| (mandate, unknown)).collect();
        let by_pair = |told: Explanation| ((told.startup.0, told.mandate.0), told);
        let from_startups: BTreeMap<_, _> = startups
            .iter()
            .flat_map(|(startup, _)| mandates_for(&setting, startup, &mandates, 99, &all))
            .map(by_pair)
            .collect();
        let from_mandates: BTreeMap<_, _> = mandates
            .iter()
            .flat_map(|(mandate, _)| startups_for(&setting, mandate, &startups, 99, &all))
            .map(by_pair)
            .collect();
        prop_assert_eq!(from_startups, from_mandates);
    }

    #[test]
    fn a_longer_list_begins_with_the_shorter(seed: u64, k in 0_usize..12) {
        let market = Market::random(seed);
        let setting = market.base.setting();
        for (mandate, _) in market.mandates() {
            let startups = market.startups();
            let ask = |k| startups_for(&setting, &mandate, &startups, k, &Filter::default());
            let (shorter, longer) = (ask(k), ask(k + 1));
            prop_assert!(longer.starts_with(&shorter));
        }
    }

    #[test]
    fn a_factor_that_gives_more_never_lowers_the_score(
        seed: u64,
        co in 0_i64..=10_000,
        more in 0_i64..=10_000,
        weights in prop::collection::vec(0_i64..2_000, 10),
    ) {
        let market = Market::random(seed);
        let mut poorer = World::with(|w| w.rates = Some(corpus::rates()));
        for (factor, weight) in Factor::ALL.iter().zip(weights) {
            poorer.rules.weights.insert(*factor, weight);
        }
        poorer.rules.lead_wanted = RoleValues { lead: co, co, follow: co, any: co };
        poorer.rules.language_common = co;
        let mut richer = World::with(|w| w.rates = Some(corpus::rates()));
        let better = (co + more).min(WHOLE);
        richer.rules = RuleSet {
            lead_wanted: RoleValues { lead: better, co: better, follow: better, any: better },
            language_common: better,
            ..poorer.rules.clone()
        };
        for (startup, mandate, known) in market.pairs() {
            let before = explain(&poorer.setting(), &startup, &mandate, &known);
            let after = explain(&richer.setting(), &startup, &mandate, &known);
            prop_assert!(after.score >= before.score && after.exact >= before.exact);
            prop_assert_eq!(after.confidence, before.confidence);
        }
    }
}
