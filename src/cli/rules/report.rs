//! What a fit prints: what it learned from, what changed, what it helps.

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
         (95 % intervals, bootstrap over startups; chosen strictness {})",
        interval(&fitted.start, false),
        interval(&fitted.unseen, false),
        interval(&fitted.gain, true),
        fitted.strictness,
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
    let _ = writeln!(
        out,
        "\nNothing is published: test it with `corridor backtest --rules FILE` on a window it\n\
         has not seen.\n\n{seconds:.1} s"
    );
    out
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
