//! Every fault of a rule set is named, all at once.

use super::*;
use crate::matching::rules::validate;

/// The pointers and codes of the faults after a change.
fn faults(change: impl FnOnce(&mut RuleSet)) -> Vec<(String, String)> {
    let mut rules = rules();
    change(&mut rules);
    match validate(&rules, &taxonomy()) {
        Ok(()) => Vec::new(),
        Err(faults) => faults
            .into_vec()
            .into_iter()
            .map(|fault| (fault.pointer, fault.code.into_owned()))
            .collect(),
    }
}

fn fault(pointer: &str, code: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), code.to_owned())]
}

#[test]
fn the_default_rules_have_no_fault() {
    assert_eq!(faults(|_| ()), []);
}

#[test]
fn weights_are_shares_of_one_whole_and_none_is_forgotten() {
    assert_eq!(
        faults(|r| {
            r.weights.insert(Factor::Tags, 2_799);
        }),
        fault("/weights", "sum")
    );
    assert_eq!(
        faults(|r| {
            r.weights.insert(Factor::Tags, -200);
            r.weights.insert(Factor::Stage, 4_300);
        }),
        fault("/weights/tags", "out_of_range")
    );
    assert_eq!(
        faults(|r| {
            r.weights.remove(&Factor::RevealedPreference);
        }),
        fault("/weights/revealed_preference", "required")
    );
    assert_eq!(
        faults(|r| {
            r.weights.insert(Factor::Tags, i64::MAX);
        }),
        [
            ("/weights/tags".to_owned(), "out_of_range".to_owned()),
            ("/weights".to_owned(), "sum".to_owned()),
        ]
    );
}

#[test]
fn curves_run_one_way_and_stay_within_bounds() {
    assert_eq!(
        faults(|r| r.stage = curve(&[(0, 5_000), (1, 6_000)])),
        fault("/curves/stage", "not_monotonic")
    );
    assert_eq!(
        faults(|r| r.cheque = curve(&[(0, 5_000), (1, 4_000)])),
        fault("/curves/cheque", "not_monotonic")
    );
    assert_eq!(
        faults(|r| r.recency = curve(&[(0, 10_001), (1, 0)])),
        fault("/curves/recency/0/1", "out_of_range")
    );
    assert_eq!(
        faults(|r| r.stage = curve(&[(-1, 10_000), (1, 0)])),
        fault("/curves/stage/0/0", "out_of_range")
    );
}

#[test]
fn nearer_tags_are_worth_no_less() {
    assert_eq!(
        faults(|r| r.tag_values.child = 9_000),
        fault("/tags", "order")
    );
    assert_eq!(
        faults(|r| r.tag_weights = [7_000, 6_000, 10_000]),
        fault("/tags/wanted", "order")
    );
    assert_eq!(
        faults(|r| r.primary_times = 0),
        fault("/tags/primary_times", "out_of_range")
    );
}

#[test]
fn rarity_is_positive_and_of_known_tags() {
    assert_eq!(
        faults(|r| {
            r.rarity.insert(slug("drip"), 0);
        }),
        fault("/tags/rarity/drip", "out_of_range")
    );
    assert_eq!(
        faults(|r| {
            r.rarity.insert(slug("nowhere"), 10_000);
        }),
        fault("/tags/rarity/nowhere", "unknown_tag")
    );
}

#[test]
fn bands_are_in_order_and_single_values_are_shares() {
    assert_eq!(
        faults(|r| r.bands.good = r.bands.strong),
        fault("/bands", "order")
    );
    assert_eq!(
        faults(|r| r.risk_to = r.strength_from),
        fault("/summary/risk_to", "order")
    );
    assert_eq!(
        faults(|r| r.market_present = 10_001),
        [
            (
                "/values/market_present".to_owned(),
                "out_of_range".to_owned()
            ),
            ("/values/market_present".to_owned(), "order".to_owned()),
        ]
    );
    assert_eq!(
        faults(|r| r.lead_wanted.co = -1),
        fault("/values/lead_wanted/co", "out_of_range")
    );
    assert_eq!(
        faults(|r| r.max_stage_distance = 5),
        fault("/gates/max_stage_distance", "out_of_range")
    );
    assert_eq!(faults(|r| r.name = " ".into()), fault("/name", "required"));
}
