//! What is wrong with the revealed part of a rule set.

use crate::domain::fault::Faults;
use crate::domain::revealed::{Memory, Revealed, Signal};
use crate::domain::scoring::{Factor, RuleSet, WHOLE};

/// Likenesses and statistics lie within this, in milli-nats.
const FARTHEST: i64 = 20_000;

/// Checks the revealed factors; a rule set that counts past deals must have
/// them.
pub(super) fn check(faults: &mut Faults, rules: &RuleSet) {
    let counted = rules.weights.get(&Factor::RevealedPreference);
    match &rules.revealed {
        None if counted.is_some_and(|weight| *weight > 0) => faults.push(
            "/revealed",
            "required",
            "Past deals have a weight, so what is made of them is required.",
        ),
        None => {}
        Some(revealed) => {
            check_weights(faults, revealed);
            check_curves(faults, revealed);
            check_memory(faults, &revealed.memory);
            check_likeness(faults, revealed);
        }
    }
}

fn check_weights(faults: &mut Faults, revealed: &Revealed) {
    for (signal, weight) in &revealed.weights {
        if !(0..=WHOLE).contains(weight) {
            faults.push(
                format!("/revealed/weights/{signal}"),
                "out_of_range",
                format!("{weight} is not between 0 and {WHOLE} basis points."),
            );
        }
    }
    let sum: i128 = revealed.weights.values().copied().map(i128::from).sum();
    if sum != i128::from(WHOLE) {
        faults.push(
            "/revealed/weights",
            "sum",
            format!("The weights sum to {sum}, not to {WHOLE}."),
        );
    }
}

fn check_curves(faults: &mut Faults, revealed: &Revealed) {
    for signal in Signal::ALL {
        let pointer = format!("/revealed/curves/{signal}");
        let Some(curve) = revealed.curves.get(signal) else {
            if revealed.weight(*signal) > 0 {
                faults.push(pointer, "required", "A factor with a weight needs a curve.");
            }
            continue;
        };
        for (place, (x, y)) in curve.points().iter().enumerate() {
            if !(-FARTHEST..=FARTHEST).contains(x) || !(0..=WHOLE).contains(y) {
                faults.push(
                    format!("{pointer}/{place}"),
                    "out_of_range",
                    format!(
                        "A statistic lies within {FARTHEST} milli-nats and a value \
                         between 0 and {WHOLE} basis points."
                    ),
                );
            }
        }
        if !curve.points().is_sorted_by_key(|(_, y)| *y) {
            faults.push(pointer, "not_monotonic", "This curve must never fall.");
        }
    }
}

fn check_memory(faults: &mut Faults, memory: &Memory) {
    let Memory {
        half_life_days,
        pace_half_life_days,
        activity_half_life_days,
        later_round,
        crowd_deals,
        count_floor,
        alike_floor,
        size_width,
        half_trust_deals,
    } = *memory;
    for (name, number, least, most) in [
        ("half_life_days", half_life_days, 1, 36_500),
        ("pace_half_life_days", pace_half_life_days, 1, 36_500),
        (
            "activity_half_life_days",
            activity_half_life_days,
            1,
            36_500,
        ),
        ("later_round", later_round, 1, WHOLE),
        ("crowd_deals", crowd_deals, 1, 100_000),
        ("count_floor", count_floor, 1, 10_000),
        ("alike_floor", alike_floor, 1, 1_000_000),
        ("size_width", size_width, 1, FARTHEST),
        ("half_trust_deals", half_trust_deals, 0, 1_000_000),
    ] {
        if !(least..=most).contains(&number) {
            faults.push(
                format!("/revealed/memory/{name}"),
                "out_of_range",
                format!("{number} is not between {least} and {most}."),
            );
        }
    }
}

fn check_likeness(faults: &mut Faults, revealed: &Revealed) {
    let likeness = &revealed.likeness;
    let tables: [(&str, Vec<i64>); 6] = [
        ("place", likeness.place.values().copied().collect()),
        ("stage", likeness.stage.values().copied().collect()),
        ("size", likeness.size.values().copied().collect()),
        ("tags", likeness.tags.values().copied().collect()),
        (
            "first_round",
            likeness.first_round.values().copied().collect(),
        ),
        (
            "later_round",
            likeness.later_round.values().copied().collect(),
        ),
    ];
    for (name, entries) in tables {
        if entries.iter().any(|entry| entry.abs() > FARTHEST) {
            faults.push(
                format!("/revealed/likeness/{name}"),
                "out_of_range",
                format!("An entry lies within {FARTHEST} milli-nats."),
            );
        }
    }
}
