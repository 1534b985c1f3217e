//! What is wrong with a rule set, every fault by its place in the document.

use super::revealed;
use crate::domain::fault::Faults;
use crate::domain::scoring::{Curve, Factor, RoleValues, RuleSet, WHOLE};
use crate::domain::tag::Taxonomy;

/// The greatest factor by which rarity or being primary may multiply a tag:
/// keeps every sum far within 64 bits.
pub(super) const MOST_TIMES: i64 = 100;

/// Which way a curve may run.
#[derive(Clone, Copy)]
enum Run {
    Up,
    Down,
}

/// Checks that a rule set can be published.
///
/// # Errors
/// Every fault, by its pointer into the rule set's document.
pub fn validate(rules: &RuleSet, taxonomy: &Taxonomy) -> Result<(), Faults> {
    let mut faults = Faults::new();
    check_name(&mut faults, rules);
    check_weights(&mut faults, rules);
    check_tags(&mut faults, rules);
    check_rarity(&mut faults, rules, taxonomy);
    check_curve(&mut faults, "stage", &rules.stage, Run::Down);
    check_curve(&mut faults, "cheque", &rules.cheque, Run::Up);
    check_curve(&mut faults, "recency", &rules.recency, Run::Down);
    check_values(&mut faults, rules);
    check_bands(&mut faults, rules);
    revealed::check(&mut faults, rules);
    faults.finish()
}

fn check_name(faults: &mut Faults, rules: &RuleSet) {
    if rules.name.trim().is_empty() {
        faults.push("/name", "required", "A name is required.");
    }
}

/// Notes a value that is no share of a whole.
fn check_share(faults: &mut Faults, pointer: impl Into<String>, value: i64) {
    if !(0..=WHOLE).contains(&value) {
        faults.push(
            pointer,
            "out_of_range",
            format!("{value} is not between 0 and {WHOLE} basis points."),
        );
    }
}

fn check_weights(faults: &mut Faults, rules: &RuleSet) {
    for factor in Factor::ALL {
        let pointer = format!("/weights/{factor}");
        match rules.weights.get(factor) {
            Some(weight) => check_share(faults, pointer, *weight),
            None => faults.push(
                pointer,
                "required",
                "Every factor needs a weight, 0 for none.",
            ),
        }
    }
    // Weights may be anything here, so the sum must not overflow.
    let sum: i128 = rules.weights.values().copied().map(i128::from).sum();
    if sum != i128::from(WHOLE) {
        faults.push(
            "/weights",
            "sum",
            format!("The weights sum to {sum}, not to {WHOLE}."),
        );
    }
}

fn check_tags(faults: &mut Faults, rules: &RuleSet) {
    let values = rules.tag_values;
    let named = [
        ("same", values.same),
        ("parent", values.parent),
        ("child", values.child),
        ("sibling", values.sibling),
    ];
    for (name, value) in named {
        check_share(faults, format!("/tags/{name}"), value);
    }
    if !named.is_sorted_by(|(_, nearer), (_, farther)| nearer >= farther) {
        faults.push(
            "/tags",
            "order",
            "A nearer tag is worth no less: same, parent, child, sibling.",
        );
    }
    for (place, value) in rules.tag_weights.into_iter().enumerate() {
        check_share(faults, format!("/tags/wanted/{place}"), value);
    }
    if !rules.tag_weights.is_sorted() {
        faults.push(
            "/tags/wanted",
            "order",
            "A tag wanted more is worth no less.",
        );
    }
    if !(1..=MOST_TIMES).contains(&rules.primary_times) {
        faults.push(
            "/tags/primary_times",
            "out_of_range",
            format!("A primary tag counts 1 to {MOST_TIMES} times a further one."),
        );
    }
}

fn check_rarity(faults: &mut Faults, rules: &RuleSet, taxonomy: &Taxonomy) {
    for (slug, share) in &rules.rarity {
        let pointer = format!("/tags/rarity/{slug}");
        if taxonomy.tag(slug).is_none() {
            faults.push(&pointer, "unknown_tag", format!("There is no tag {slug}."));
        }
        if !(1..=MOST_TIMES * WHOLE).contains(share) {
            faults.push(
                pointer,
                "out_of_range",
                format!("{share} is not between 1 and {}.", MOST_TIMES * WHOLE),
            );
        }
    }
}

fn check_curve(faults: &mut Faults, name: &str, curve: &Curve, run: Run) {
    for (place, (x, y)) in curve.points().iter().enumerate() {
        check_share(faults, format!("/curves/{name}/{place}/1"), *y);
        if !(0..=1_000_000).contains(x) {
            faults.push(
                format!("/curves/{name}/{place}/0"),
                "out_of_range",
                format!("{x} is not between 0 and 1 000 000."),
            );
        }
    }
    let monotonic = curve
        .points()
        .is_sorted_by(|(_, before), (_, after)| match run {
            Run::Up => before <= after,
            Run::Down => before >= after,
        });
    if !monotonic {
        let way = match run {
            Run::Up => "fall",
            Run::Down => "rise",
        };
        faults.push(
            format!("/curves/{name}"),
            "not_monotonic",
            format!("This curve must never {way}."),
        );
    }
}

fn check_values(faults: &mut Faults, rules: &RuleSet) {
    for (name, value) in [
        ("cheque_flexible", rules.cheque_flexible),
        ("market_opened", rules.market_opened),
        ("market_present", rules.market_present),
        ("language_common", rules.language_common),
    ] {
        check_share(faults, format!("/values/{name}"), value);
    }
    if rules.market_present > rules.market_opened {
        faults.push(
            "/values/market_present",
            "order",
            "A market the startup is in is worth no more than one it wants.",
        );
    }
    check_roles(faults, "lead_wanted", rules.lead_wanted);
    check_roles(faults, "lead_not_wanted", rules.lead_not_wanted);
    if !(0..=4).contains(&rules.max_stage_distance) {
        faults.push(
            "/gates/max_stage_distance",
            "out_of_range",
            "Stages are 0 to 4 apart.",
        );
    }
}

fn check_roles(faults: &mut Faults, name: &str, values: RoleValues) {
    let RoleValues {
        lead,
        co,
        follow,
        any,
    } = values;
    for (role, value) in [("lead", lead), ("co", co), ("follow", follow), ("any", any)] {
        check_share(faults, format!("/values/{name}/{role}"), value);
    }
}

fn check_bands(faults: &mut Faults, rules: &RuleSet) {
    let bands = rules.bands;
    for (name, value) in [
        ("strong", bands.strong),
        ("good", bands.good),
        ("possible", bands.possible),
    ] {
        check_share(faults, format!("/bands/{name}"), value);
    }
    if bands.strong <= bands.good || bands.good <= bands.possible {
        faults.push(
            "/bands",
            "order",
            "Strong begins above good, and good above possible.",
        );
    }
    check_share(faults, "/summary/strength_from", rules.strength_from);
    check_share(faults, "/summary/risk_to", rules.risk_to);
    if rules.risk_to >= rules.strength_from {
        faults.push(
            "/summary/risk_to",
            "order",
            "A factor can't be a strength and a risk at once.",
        );
    }
}
