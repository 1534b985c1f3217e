//! What a backtest prints.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Tested;
use crate::domain::revealed::Signal;
use crate::domain::scoring::{Factor, WHOLE};
use crate::matching::backtest::System;
use crate::matching::backtest::measures::{Estimate, NAMES};
use crate::matching::deals::Hidden;

/// The fields that are hidden.
fn hidden(hidden: Hidden) -> Vec<&'static str> {
    let Hidden {
        tags,
        country,
        region,
        city,
        stage,
        amount,
    } = hidden;
    [
        (tags, "tags"),
        (country, "country"),
        (region, "region"),
        (city, "city"),
        (stage, "stage"),
        (amount, "amount"),
    ]
    .into_iter()
    .filter_map(|(is_hidden, name)| is_hidden.then_some(name))
    .collect()
}

/// What the factor counts in the whole score, in bp.
fn weight(tested: &Tested<'_>, signal: Signal) -> i64 {
    let of_all = tested.rules.weights.get(&Factor::RevealedPreference);
    of_all.copied().unwrap_or(0) * tested.revealed.weight(signal) / WHOLE
}

/// The signals that were tried without, the most useful first.
fn by_use(tested: &Tested<'_>) -> Vec<(Signal, Estimate)> {
    let mut signals: Vec<(Signal, Estimate)> = Signal::ALL
        .iter()
        .filter(|signal| {
            tested
                .outcome
                .systems
                .contains_key(&System::Without(**signal))
        })
        .map(|signal| {
            let without = System::Without(*signal);
            (*signal, tested.outcome.difference(System::Rules, without))
        })
        .collect();
    signals.sort_by(|(_, a), (_, b)| b.mean.ndcg_20.total_cmp(&a.mean.ndcg_20));
    signals
}

/// For people.
pub(super) fn table(tested: &Tested<'_>) -> String {
    let Tested { split, outcome, .. } = tested;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "Rules \"{}\": {} investors with a deal before {} ranked for the {} startups first\n\
         funded from then to before {}, {} of them by {} known investors in all.",
        tested.rules.name,
        outcome.candidates,
        split.train_until,
        outcome.startups,
        split.test_until,
        outcome.measured,
        outcome.investments,
    );
    let hidden = hidden(split.hidden);
    if !hidden.is_empty() {
        let _ = writeln!(out, "Hidden of the startups: {}.", hidden.join(", "));
    }
    if split.without_head > 0 {
        let _ = writeln!(
            out,
            "Left out: the {} most active investors.",
            split.without_head
        );
    }
    let _ = writeln!(
        out,
        "\n{:<20} {:>22} {:>22} {:>22} {:>22}",
        "", "Recall@20", "Recall@50", "NDCG@20", "MRR"
    );
    let systems = System::BASELINES.into_iter().chain([System::Rules]);
    for system in systems {
        line(&mut out, &system.name(), &outcome.estimate(system), false);
    }
    let best = outcome.best_baseline();
    let title = "better by".to_owned();
    line(
        &mut out,
        &title,
        &outcome.difference(System::Rules, best),
        true,
    );
    let _ = writeln!(
        out,
        "{:<20} (than {}; in brackets 95 % intervals, bootstrap over startups)",
        "",
        best.name()
    );

    let _ = writeln!(
        out,
        "\nWhat each factor adds: the rules less the rules without it\n\n{:<20} {:>22} {:>22} {:>22} {:>22}",
        "factor (weight)", "Recall@20", "Recall@50", "NDCG@20", "MRR"
    );
    for (signal, gain) in by_use(tested) {
        let name = format!("{signal} ({})", weight(tested, signal));
        line(&mut out, &name, &gain, true);
    }
    let _ = writeln!(out, "\n{:.1} s", tested.seconds);
    out
}

fn line(out: &mut String, name: &str, estimate: &Estimate, signed: bool) {
    let _ = write!(out, "{name:<20}");
    let all = estimate
        .mean
        .all()
        .into_iter()
        .zip(estimate.low.all())
        .zip(estimate.high.all());
    for ((mean, low), high) in all {
        let cell = if signed {
            format!("{mean:+.4} [{low:+.3}, {high:+.3}]")
        } else {
            format!("{mean:.4} [{low:.3}, {high:.3}]")
        };
        let _ = write!(out, " {cell:>22}");
    }
    let _ = writeln!(out);
}

/// For programs.
pub(super) fn json(tested: &Tested<'_>) -> String {
    let Tested { split, outcome, .. } = tested;
    let systems: serde_json::Map<String, Value> = System::BASELINES
        .into_iter()
        .chain([System::Rules])
        .map(|system| (system.name(), measures(&outcome.estimate(system))))
        .collect();
    let best = outcome.best_baseline();
    let factors: Vec<Value> = by_use(tested)
        .into_iter()
        .map(|(signal, gain)| {
            json!({
                "factor": signal.code(),
                "weight": weight(tested, signal),
                "without": measures(&outcome.estimate(System::Without(signal))),
                "gain": measures(&gain),
            })
        })
        .collect();
    let document = json!({
        "rules": tested.rules.name,
        "train_until": split.train_until.to_string(),
        "test_until": split.test_until.to_string(),
        "hidden": hidden(split.hidden),
        "without_head": split.without_head,
        "candidates": outcome.candidates,
        "startups": outcome.startups,
        "measured": outcome.measured,
        "investments": outcome.investments,
        "systems": systems,
        "best_baseline": best.name(),
        "difference_to_best_baseline": measures(&outcome.difference(System::Rules, best)),
        "factors": factors,
        "seconds": (tested.seconds * 1_000.0).round() / 1_000.0,
    });
    format!("{document:#}\n")
}

fn measures(estimate: &Estimate) -> Value {
    let rounded = |value: f64| (value * 1e6).round() / 1e6;
    let all = estimate
        .mean
        .all()
        .into_iter()
        .zip(estimate.low.all())
        .zip(estimate.high.all());
    NAMES
        .into_iter()
        .zip(all)
        .map(|(name, ((mean, low), high))| {
            let value = json!({"mean": rounded(mean), "low": rounded(low), "high": rounded(high)});
            (name.to_owned(), value)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}
