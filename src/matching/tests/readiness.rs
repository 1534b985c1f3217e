//! What a founder is told against the whole account of every pair.

use super::corpus::{Dice, random_mandate, random_startup};
use super::*;
use crate::domain::money::Money;
use crate::matching::readiness::{Change, FEWEST, Readiness, readiness};

/// So many mandates like one, each of a firm of its own.
fn like(mandate: &Mandate, count: usize) -> Vec<Mandate> {
    let one = |n: usize| Mandate {
        organization: uuid::Uuid::from_u128(n as u128 + 1).into(),
        ..mandate.clone()
    };
    (0..count).map(one).collect()
}

fn told(profile: &StartupProfile, mandates: &[Mandate]) -> Readiness {
    let facts: Vec<MandateFacts<'_>> = mandates.iter().map(cleared).collect();
    told_of(profile, &facts)
}

fn told_of(profile: &StartupProfile, mandates: &[MandateFacts<'_>]) -> Readiness {
    let world = World::with(|_| {});
    readiness(&world.setting(), profile, mandates)
}

fn cleared(mandate: &Mandate) -> MandateFacts<'_> {
    MandateFacts {
        mandate,
        clearance: ClearanceVerdict::Clear,
        frozen: false,
        admitted: true,
    }
}

fn opens(told: &Readiness, change: &Change) -> Option<usize> {
    let found = told.changes.iter().find(|(other, _)| other == change);
    found.expect("it is named").1.told()
}

#[test]
fn few_mandates_are_not_counted_out() {
    for count in 0..6 {
        let told = told(&profile(), &like(&mandate(), count));
        // In steps: what one more would add is mostly nothing.
        let expected = [None, None, None, Some(FEWEST), Some(3), Some(5)];
        assert_eq!(told.open.told(), expected[count], "{count}");
        assert_eq!(told.undecided.told(), None);
    }
}

#[test]
fn an_investor_with_many_mandates_is_one() {
    let one = mandate();
    let many: Vec<Mandate> = (0..9).map(|_| one.clone()).collect();
    assert_eq!(told(&profile(), &many).open.told(), None);
}

#[test]
fn a_change_opens_the_mandates_that_only_it_keeps_closed() {
    let intent = Change::DealIntent(slug("pilot"));
    let mut startup = profile();
    startup.content.deal_intents = set(&["equity"]);
    let mut closed = mandate();
    closed.content.deal_intents = set(&["pilot"]);
    let mut excluding = closed.clone();
    excluding.content.excluded_countries = set(&["IL"]);
    let mut small = mandate();
    small.content.cheque = Some(cheque(100, 9_000_000));

    let mut mandates = like(&closed, 4);
    mandates.extend(like(&excluding, 5));
    mandates.extend(like(&small, 3));
    let told = told(&startup, &mandates);
    assert_eq!(opens(&told, &intent), Some(3), "not those that exclude it");
    assert_eq!(opens(&told, &Change::NoLeastCheque), Some(3));
    assert_eq!(
        told.changes.first().expect("one").0,
        intent,
        "the most first"
    );
    assert_eq!(told.open.told(), None);
}

#[test]
fn what_others_decided_changes_no_answer() {
    let mandates = like(&mandate(), 4);
    let expected = told(&profile(), &mandates);
    let kept_apart: Vec<MandateFacts<'_>> = mandates
        .iter()
        .map(|mandate| MandateFacts {
            clearance: ClearanceVerdict::Blocked,
            frozen: true,
            ..cleared(mandate)
        })
        .collect();
    let mut draft = profile();
    draft.status = ProfileStatus::Draft;
    draft.reconfirm_by = None;
    assert_eq!(told_of(&draft, &kept_apart), expected);
}

#[test]
fn what_is_named_as_missing_is_unknown_in_every_account() {
    let mut dice = Dice::new(41);
    let mut seen = BTreeSet::new();
    for n in 0..300 {
        let mut world = random_startup(&mut dice, n);
        world.mandate = random_mandate(&mut dice, n).mandate;
        let told = told(&world.profile, &[]);
        let account = world.explain();
        let costly = told.missing.iter().filter(|part| part.confidence > 0);
        for factor in costly.flat_map(|part| &part.factors) {
            let trace = account.factors.iter().find(|trace| trace.factor == *factor);
            assert_eq!(trace.expect("every factor").value, None, "{factor:?}");
            seen.insert(*factor);
        }
    }
    assert!(seen.len() >= 5, "{seen:?}");
}

#[test]
fn a_full_profile_lacks_nothing_and_an_empty_one_everything() {
    let mut full = profile();
    let traction = &mut full.content.traction;
    traction.growth_pct = Some(10);
    traction.revenue_12m = Some(Money::new(1, Currency::USD));
    assert_eq!(told(&full, &[]).missing, []);

    let mut empty = profile();
    empty.content = StartupContent::default();
    let told = told(&empty, &[]);
    let lost: i64 = told.missing.iter().map(|part| part.confidence).sum();
    let weights = rules().weights;
    let kept = [Factor::Evidence, Factor::RevealedPreference]
        .iter()
        .map(|factor| weights.get(factor).copied().unwrap_or(0))
        .sum::<i64>();
    assert_eq!(lost, 10_000 - kept);
    let costs: Vec<i64> = told.missing.iter().map(|part| part.confidence).collect();
    assert!(costs.is_sorted_by(|a, b| a >= b), "the costliest first");
}
