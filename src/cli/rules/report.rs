//! What a fit prints: what it learned from, what changed, what it helps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::domain::revealed::Signal;
use crate::domain::scoring::{Factor, RuleSet, WHOLE};
use crate::matching::backtest::measures::Estimate;
use crate::matching::fit::Fitted;

/// The report. Writing to a string cannot fail.
pub(super) fn text(
    fitted: &Fitted,
    default: &RuleSet,
    start: &RuleSet,
    rules: &RuleSet,
    seconds: f64,
) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "Learned from");
    for window in &fitted.windows {
        let _ = writeln!(
            out,
            "  {} startups first funded from {} to before {}",
            window.startups, window.from, window.until
        );
    }
    let _ = writeln!(
        out,
        "\nOn the last of these windows, by a fit to the earlier ones alone (NDCG@20):\n  \
         start   {}\n  fitted  {}\n  better  {}\n  \
         (95 % intervals, bootstrap over startups; chosen strictness {}, {})",
        interval(&fitted.start, false),
        interval(&fitted.unseen, false),
        interval(&fitted.gain, true),
        fitted.strictness,
        match fitted.likeness_strictness {
            Some(strictness) => format!("of likeness {strictness}"),
            None => "the tables of likeness are kept".to_owned(),
        },
    );

    let _ = writeln!(
        out,
        "\nWeights in bp\n  {:<22} {:>8} {:>8} {:>8}",
        "factor", "default", "start", "fitted"
    );
    for factor in Factor::ALL {
        let of = |rules: &RuleSet| rules.weights.get(factor).copied().unwrap_or(0);
        line(&mut out, factor.code(), [of(default), of(start), of(rules)]);
    }
    for signal in Signal::ALL {
        let of = |rules: &RuleSet| {
            let whole = rules.weights.get(&Factor::RevealedPreference);
            let part = rules.revealed.as_ref().map(|part| part.weight(*signal));
            whole.copied().unwrap_or(0) * part.unwrap_or(0) / WHOLE
        };
        let name = format!("· {signal}");
        line(&mut out, &name, [of(default), of(start), of(rules)]);
    }

    let _ = writeln!(out, "\nCurves that changed, as [milli-nats, bp]");
    for signal in Signal::ALL {
        let of = |rules: &RuleSet| {
            let revealed = rules.revealed.as_ref();
            revealed.and_then(|revealed| revealed.curves.get(signal).cloned())
        };
        let (before, after) = (of(start), of(rules));
        if before != after {
            let told = |curve: Option<crate::domain::scoring::Curve>| {
                curve.map_or_else(
                    || "none".to_owned(),
                    |curve| format!("{:?}", curve.points()),
                )
            };
            let _ = writeln!(
                out,
                "  {signal}\n    - {}\n    + {}",
                told(before),
                told(after)
            );
        }
    }
    likeness(&mut out, start, rules);
    if let (Some(trust), Some(before)) = (&fitted.trust, &start.revealed) {
        let _ = writeln!(
            out,
            "\nA record is trusted half that holds {} deals; so far {}. Better by {}\n             in {} rankings of single countries, which it was chosen on.",
            trust.half_trust_deals,
            before.memory.half_trust_deals,
            interval(&trust.gain, true),
            trust.rankings,
        );
    }
    let _ = writeln!(
        out,
        "\nNothing is published: test it with `corridor backtest --rules FILE` on a window it\n\
         has not seen.\n\n{seconds:.1} s"
    );
    out
}

/// The entries of likeness that changed.
fn likeness(out: &mut String, start: &RuleSet, rules: &RuleSet) {
    let (Some(before), Some(after)) = (&start.revealed, &rules.revealed) else {
        return;
    };
    let (before, after) = (&before.likeness, &after.likeness);
    if before == after {
        return;
    }
    let _ = writeln!(
        out,
        "\nLikeness of past deals in milli-nats\n  {:<32} {:>8} {:>8}",
        "entry", "start", "fitted"
    );
    entries(out, "place", &before.place, &after.place);
    entries(out, "stage", &before.stage, &after.stage);
    entries(out, "size", &before.size, &after.size);
    entries(out, "tags", &before.tags, &after.tags);
    let (first, later) = ("first_round", "later_round");
    entries(out, first, &before.first_round, &after.first_round);
    entries(out, later, &before.later_round, &after.later_round);
}

fn entries<T: Copy + Ord + std::fmt::Display>(
    out: &mut String,
    table: &str,
    before: &BTreeMap<T, i64>,
    after: &BTreeMap<T, i64>,
) {
    let keys: BTreeSet<T> = before.keys().chain(after.keys()).copied().collect();
    for key in keys {
        let of = |list: &BTreeMap<T, i64>| list.get(&key).copied().unwrap_or(0);
        let (before, after) = (of(before), of(after));
        if before != after {
            let name = format!("{table}.{key}");
            let _ = writeln!(out, "  {name:<32} {before:>8} {after:>8}");
        }
    }
}

fn line(out: &mut String, name: &str, weights: [i64; 3]) {
    if weights.iter().any(|weight| *weight != 0) {
        let [default, start, fitted] = weights;
        let _ = writeln!(out, "  {name:<22} {default:>8} {start:>8} {fitted:>8}");
    }
}

fn interval(estimate: &Estimate, signed: bool) -> String {
    let (mean, low, high) = (
        estimate.mean.ndcg_20,
        estimate.low.ndcg_20,
        estimate.high.ndcg_20,
    );
    if signed {
        format!("{mean:+.4} [{low:+.4}, {high:+.4}]")
    } else {
        format!("{mean:.4} [{low:.4}, {high:.4}]")
    }
}
