//! The score of one pair: the whole account of it, or, for a ranking, only
//! what the order goes by.

use super::facts::{MandateFacts, Pair, PairFacts, Setting, StartupFacts};
use super::own::Own;
use super::voice::{Aloud, Silent};
use super::{factors, gates, past};
use crate::domain::revealed::RevealedTrace;
use crate::domain::scoring::{
    Explanation, Factor, FactorTrace, Gate, GateTrace, GateVerdict, Outcome, RuleSet, WHOLE,
};

/// The numbers of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Σ weight × value over the known factors: what the order goes by.
    pub exact: i64,
    /// That ÷ Σ weight known, rounded half up once, in bp.
    pub score: i64,
    /// Σ weight known ÷ Σ weight, in bp.
    pub confidence: i64,
}

impl Numbers {
    /// From weights and values, unknown ones included.
    fn of(parts: impl Iterator<Item = (i64, Option<i64>)>) -> Self {
        let (mut exact, mut known, mut all) = (0, 0, 0);
        for (weight, value) in parts {
            all += weight;
            if let Some(value) = value {
                known += weight;
                exact += weight * value;
            }
        }
        Self::from_sums(exact, known, all)
    }

    /// From the exact sum, the weight of what is known and that of everything.
    pub const fn from_sums(exact: i64, known: i64, all: i64) -> Self {
        Self {
            exact,
            score: half_up(exact, known),
            confidence: half_up(known * WHOLE, all),
        }
    }
}

/// `part ÷ whole`, rounded half up; 0 of nothing. Neither is negative.
const fn half_up(part: i64, whole: i64) -> i64 {
    if whole == 0 {
        0
    } else {
        (2 * part + whole) / (2 * whole)
    }
}

/// What the gates and factors of a pair come to, without a word why; `None`
/// when a gate rules it out.
pub fn judge(pair: &Pair<'_>) -> Option<(Outcome, Numbers)> {
    match outcome(pair) {
        Outcome::RuledOut => None,
        outcome => Some((outcome, numbers(pair))),
    }
}

/// What the gates of a pair come to.
pub fn outcome(pair: &Pair<'_>) -> Outcome {
    let mut outcome = Outcome::Eligible;
    for gate in Gate::ALL {
        match gates::ask::<Silent>(*gate, pair).verdict {
            GateVerdict::Fail => return Outcome::RuledOut,
            GateVerdict::Unknown => outcome = Outcome::NeedsReview,
            GateVerdict::Pass | GateVerdict::NotApplicable => {}
        }
    }
    outcome
}

/// What the factors of a pair come to, whatever the gates say.
pub fn numbers(pair: &Pair<'_>) -> Numbers {
    let rules = pair.setting.rules;
    Numbers::of(Factor::ALL.iter().map(|factor| {
        let value = factors::value::<Silent>(*factor, pair).value;
        (weight(rules, *factor), value)
    }))
}

/// The whole account of one pair, ruled out or not. The same versions, rules,
/// rates and day give the same account.
pub fn explain(
    setting: &Setting<'_>,
    startup: &StartupFacts<'_>,
    mandate: &MandateFacts<'_>,
    known: &PairFacts,
) -> Explanation {
    let own = Own::new(setting, startup.profile);
    explain_pair(&Pair::with_own(setting, (startup, &own), mandate, known))
}

/// The same of a pair at hand.
pub fn explain_pair(pair: &Pair<'_>) -> Explanation {
    let fits = pair.fits();
    let pair = &pair.with_fits(&fits);
    let Pair {
        setting,
        startup,
        mandate,
        ..
    } = *pair;
    let rules = setting.rules;
    let traces: Vec<FactorTrace> = Factor::ALL
        .iter()
        .map(|factor| trace_factor(*factor, pair))
        .collect();
    let numbers = Numbers::of(traces.iter().map(|trace| (trace.weight, trace.value)));
    let Summary {
        strengths,
        risks,
        missing,
    } = summarize(&traces, rules);

    Explanation {
        rule_set: rules.id,
        startup: (startup.profile.id, startup.profile.revision),
        mandate: (mandate.mandate.id, mandate.mandate.revision),
        as_of: setting.today,
        rate_date: setting
            .rates
            .filter(|_| pair.cheques().converted())
            .map(|rates| rates.date),
        gates: traces_of(pair),
        factors: traces,
        revealed: trace_past(pair),
        exact: numbers.exact,
        score: numbers.score,
        confidence: numbers.confidence,
        band: rules.bands.of(numbers.score),
        strengths,
        risks,
        missing,
    }
}

fn weight(rules: &RuleSet, factor: Factor) -> i64 {
    rules.weights.get(&factor).copied().unwrap_or(0)
}

fn trace_past(pair: &Pair<'_>) -> Option<RevealedTrace> {
    let rules = pair.setting.rules.revealed.as_ref()?;
    pair.observation()
        .map(|observation| past::trace(rules, &observation))
}

/// The gates of a pair alone, as [`explain`] has them.
pub fn trace_gates(
    setting: &Setting<'_>,
    startup: &StartupFacts<'_>,
    mandate: &MandateFacts<'_>,
    known: &PairFacts,
) -> Vec<GateTrace> {
    traces_of(&Pair::new(setting, startup, mandate, known))
}

fn traces_of(pair: &Pair<'_>) -> Vec<GateTrace> {
    let gates = Gate::ALL.iter();
    gates.map(|gate| trace_gate(*gate, pair)).collect()
}

fn trace_gate(gate: Gate, pair: &Pair<'_>) -> GateTrace {
    let answer = gates::ask::<Aloud>(gate, pair);
    GateTrace {
        gate,
        verdict: answer.verdict,
        reason: answer.reason,
    }
}

fn trace_factor(factor: Factor, pair: &Pair<'_>) -> FactorTrace {
    let told = factors::value::<Aloud>(factor, pair);
    let weight = weight(pair.setting.rules, factor);
    FactorTrace {
        factor,
        weight,
        value: told.value,
        points: weight * told.value.unwrap_or(0),
        reason: told.reason,
    }
}

struct Summary {
    strengths: Vec<Factor>,
    risks: Vec<Factor>,
    missing: Vec<Factor>,
}

/// What speaks for a pair, against it, and what isn't known. Factors without
/// weight are neither; equals keep the order of [`Factor::ALL`].
fn summarize(traces: &[FactorTrace], rules: &RuleSet) -> Summary {
    let (mut strengths, mut risks, mut missing) = (Ordered::new(), Ordered::new(), Ordered::new());
    for trace in traces.iter().filter(|trace| trace.weight > 0) {
        let FactorTrace { factor, weight, .. } = *trace;
        match trace.value {
            None => missing.add(factor, weight),
            Some(value) => {
                if value >= rules.strength_from {
                    strengths.add(factor, trace.points);
                }
                if value <= rules.risk_to {
                    risks.add(factor, weight);
                }
            }
        }
    }
    Summary {
        strengths: strengths.factors(),
        risks: risks.factors(),
        missing: missing.factors(),
    }
}

/// Factors, the greatest first.
struct Ordered {
    all: [(i64, Factor); Factor::ALL.len()],
    len: usize,
}

impl Ordered {
    const fn new() -> Self {
        Self {
            all: [(0, Factor::Tags); Factor::ALL.len()],
            len: 0,
        }
    }

    /// Behind its equals.
    fn add(&mut self, factor: Factor, rank: i64) {
        let mut coming = (rank, factor);
        let (before, rest) = self.all.split_at_mut(self.len);
        for place in before.iter_mut().filter(|place| place.0 < rank) {
            std::mem::swap(place, &mut coming);
        }
        if let Some(place) = rest.first_mut() {
            *place = coming;
            self.len += 1;
        }
    }

    fn factors(&self) -> Vec<Factor> {
        let all = self.all.iter().take(self.len);
        all.map(|(_, factor)| *factor).collect()
    }
}
