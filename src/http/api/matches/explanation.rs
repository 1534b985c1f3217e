//! Accounts of scores, as their readers may see them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::view::Voice;
use crate::domain::revealed::RevealedTrace;
use crate::domain::scoring::{Explanation, Factor, FactorTrace, GateTrace, Outcome, Reason, Var};
use crate::domain::values::Side;
use crate::domain::word::Word;
use crate::http::api::values::MoneyView;
use crate::services::teasers::{notes_told, past_in_bands, score_told, tells_figures};

/// The whole account of one score. Shares and values are basis points.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationView {
    /// The rules it was computed by; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub rule_set: Option<String>,
    /// The revision of the startup profile; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub startup_revision: Option<i64>,
    /// The revision of the mandate; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub mandate_revision: Option<i64>,
    /// The day it was computed for.
    #[schema(format = "date", max_length = 10)]
    pub as_of: String,
    /// The day of the exchange rates; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10)]
    pub rate_date: Option<String>,
    /// What the gates come to: `eligible`, `needs_review` or `ruled_out`; for
    /// the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "eligible")]
    pub outcome: Option<&'static str>,
    /// Every gate, in order; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub gates: Option<Vec<GateView>>,
    /// The score, over what is known; to a side over what it is told, since
    /// the whole would tell it the other's figures.
    #[schema(minimum = 0, maximum = 10000, example = 7421)]
    pub score: i64,
    /// How much of it is known.
    #[schema(minimum = 0, maximum = 10000, example = 9300)]
    pub confidence: i64,
    /// The word for the score.
    #[schema(max_length = 20, example = "strong")]
    pub band: &'static str,
    /// The word in the reader's language.
    #[schema(max_length = 100, example = "Strong match")]
    pub band_label: String,
    /// Every factor, in order.
    #[schema(max_items = 20)]
    pub factors: Vec<FactorView>,
    /// What the factor `revealed_preference` is made of, where the rules count
    /// it; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revealed: Option<RevealedView>,
    /// What speaks for it, greatest points first; to a side, what it isn't told
    /// the points of comes last.
    #[schema(max_items = 20)]
    pub strengths: Vec<NoteView>,
    /// What speaks against it, heaviest first.
    #[schema(max_items = 20)]
    pub risks: Vec<NoteView>,
    /// What is not known, heaviest first.
    #[schema(max_items = 20)]
    pub missing: Vec<NoteView>,
}

impl ExplanationView {
    /// An account for a side, or for the operator's people.
    pub fn of(voice: Voice<'_>, explanation: &Explanation, side: Option<Side>) -> Self {
        let operator = side.is_none();
        let notes = |factors: &[Factor]| {
            let told = if operator {
                factors.to_vec()
            } else {
                notes_told(explanation, factors)
            };
            told.into_iter()
                .map(|factor| NoteView::of(voice, explanation, factor, side))
                .collect()
        };
        let gates = explanation.gates.iter();
        let factors = explanation.factors.iter();
        let revealed = explanation.revealed.as_ref();
        Self {
            rule_set: operator.then(|| explanation.rule_set.to_string()),
            startup_revision: operator.then_some(explanation.startup.1),
            mandate_revision: operator.then_some(explanation.mandate.1),
            as_of: explanation.as_of.to_string(),
            rate_date: explanation
                .rate_date
                .filter(|_| operator)
                .map(|day| day.to_string()),
            outcome: operator.then(|| outcome_code(explanation.outcome())),
            gates: operator.then(|| gates.map(|gate| GateView::of(voice, gate)).collect()),
            score: if operator {
                explanation.score
            } else {
                score_told(explanation)
            },
            confidence: explanation.confidence,
            band: explanation.band.code(),
            band_label: voice
                .wording
                .band(explanation.band, voice.language)
                .to_owned(),
            factors: factors
                .map(|factor| FactorView::of(voice, explanation, factor, side))
                .collect(),
            revealed: revealed
                .filter(|_| operator)
                .map(|trace| RevealedView::of(voice, trace)),
            strengths: notes(&explanation.strengths),
            risks: notes(&explanation.risks),
            missing: notes(&explanation.missing),
        }
    }
}

const fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Eligible => "eligible",
        Outcome::NeedsReview => "needs_review",
        Outcome::RuledOut => "ruled_out",
    }
}

/// What one hard rule said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GateTrace)]
pub struct GateView {
    /// Which.
    #[schema(max_length = 40, example = "clearance")]
    pub gate: &'static str,
    /// Its name in the reader's language.
    #[schema(max_length = 200, example = "Clearance")]
    pub label: String,
    /// `pass`, `fail`, `unknown` or `not_applicable`.
    #[schema(max_length = 20, example = "pass")]
    pub verdict: &'static str,
    /// Why.
    pub reason: ReasonView,
}

impl GateView {
    fn of(voice: Voice<'_>, trace: &GateTrace) -> Self {
        Self {
            gate: trace.gate.code(),
            label: voice.wording.gate(trace.gate, voice.language).to_owned(),
            verdict: trace.verdict.code(),
            reason: ReasonView::of(voice, &trace.reason),
        }
    }
}

/// What one scored rule gave.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FactorTrace)]
pub struct FactorView {
    /// Which.
    #[schema(max_length = 40, example = "tags")]
    pub factor: &'static str,
    /// Its name in the reader's language.
    #[schema(max_length = 200, example = "Sector and technology")]
    pub label: String,
    /// Its weight.
    #[schema(minimum = 0, maximum = 10000, example = 3000)]
    pub weight: i64,
    /// Its value; null when a fact is missing, and to a side where it would
    /// tell the other's figures.
    #[schema(minimum = 0, maximum = 10000, example = 10000)]
    pub value: Option<i64>,
    /// Weight × value, its part of the sum; null to a side where it would tell
    /// the other's figures.
    #[schema(minimum = 0, maximum = 100_000_000, example = 30_000_000)]
    pub points: Option<i64>,
    /// Why; absent where it would tell a side the other's figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonView>,
}

impl FactorView {
    fn of(
        voice: Voice<'_>,
        explanation: &Explanation,
        trace: &FactorTrace,
        side: Option<Side>,
    ) -> Self {
        let reason = told(explanation, trace, side);
        Self {
            factor: trace.factor.code(),
            label: voice
                .wording
                .factor(trace.factor, voice.language)
                .to_owned(),
            weight: trace.weight,
            value: trace.value.filter(|_| may_say(trace.factor, side)),
            points: may_say(trace.factor, side).then_some(trace.points),
            reason: reason.map(|reason| ReasonView::of(voice, &reason)),
        }
    }
}

/// What of a factor's reason its reader may know.
fn told<'a>(
    explanation: &Explanation,
    trace: &'a FactorTrace,
    side: Option<Side>,
) -> Option<Cow<'a, Reason>> {
    if may_say(trace.factor, side) {
        Some(Cow::Borrowed(&trace.reason))
    } else if trace.factor == Factor::RevealedPreference {
        // That nothing is known tells nothing.
        let unknown = trace.value.is_none();
        let plain = unknown.then_some(Cow::Borrowed(&trace.reason));
        plain.or_else(|| past_in_bands(explanation).map(Cow::Owned))
    } else {
        None
    }
}

const fn may_say(factor: Factor, side: Option<Side>) -> bool {
    side.is_none() || !tells_figures(factor)
}

/// What an investor did before, factor by factor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RevealedTrace)]
pub struct RevealedView {
    /// What the log said up to this position was counted.
    #[schema(minimum = 0, example = 4711)]
    pub as_of: i64,
    /// Each revealed factor that has a weight.
    #[schema(max_items = 20)]
    pub factors: Vec<SignalView>,
}

/// What one revealed factor gave.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RevealedFactorTrace)]
pub struct SignalView {
    /// Which.
    #[schema(max_length = 40, example = "tags")]
    pub factor: &'static str,
    /// Its name in the reader's language.
    #[schema(max_length = 200, example = "Past deals with these tags")]
    pub label: String,
    /// Its weight among the revealed factors.
    #[schema(minimum = 0, maximum = 10000, example = 1200)]
    pub weight: i64,
    /// What was counted, in thousandths of a natural logarithm: 693 is twice
    /// as often as everybody. Null where the startup does not tell enough.
    #[schema(minimum = -100_000, maximum = 100_000, example = 693)]
    pub statistic: Option<i64>,
    /// Its value.
    #[schema(minimum = 0, maximum = 10000, example = 7000)]
    pub value: Option<i64>,
    /// Why.
    pub reason: ReasonView,
}

impl RevealedView {
    fn of(voice: Voice<'_>, trace: &RevealedTrace) -> Self {
        let weighty = trace.signals.iter().filter(|trace| trace.weight > 0);
        Self {
            as_of: trace.as_of,
            factors: weighty
                .map(|trace| SignalView {
                    factor: trace.signal.code(),
                    label: voice
                        .wording
                        .signal(trace.signal, voice.language)
                        .to_owned(),
                    weight: trace.weight,
                    statistic: trace.statistic,
                    value: trace.value,
                    reason: ReasonView::of(voice, &trace.reason),
                })
                .collect(),
        }
    }
}

/// A factor that stands out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FactorNote)]
pub struct NoteView {
    /// Which.
    #[schema(max_length = 40, example = "market")]
    pub factor: &'static str,
    /// Its name in the reader's language.
    #[schema(max_length = 200, example = "Market")]
    pub label: String,
    /// What it says; absent where it would tell a side the other's figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        max_length = 2000,
        example = "The investor opens AZ, which the startup wants."
    )]
    pub sentence: Option<String>,
}

impl NoteView {
    fn of(voice: Voice<'_>, explanation: &Explanation, factor: Factor, side: Option<Side>) -> Self {
        let mut traces = explanation.factors.iter();
        let trace = traces.find(|trace| trace.factor == factor);
        let reason = trace.and_then(|trace| told(explanation, trace, side));
        Self {
            factor: factor.code(),
            label: voice.wording.factor(factor, voice.language).to_owned(),
            sentence: reason.map(|reason| voice.sentence(&reason)),
        }
    }
}

/// Why: a sentence for people, a key with variables for programs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reason)]
pub struct ReasonView {
    /// Stable, for programs.
    #[schema(max_length = 80, example = "factor.tags.common")]
    pub key: &'static str,
    /// In the reader's language.
    #[schema(max_length = 2000, example = "Both name leak detection.")]
    pub sentence: String,
    /// What the sentence speaks of, by place: numbers, codes, lists of codes,
    /// days and amounts.
    #[schema(value_type = Object)]
    pub vars: BTreeMap<&'static str, VarView>,
}

impl ReasonView {
    fn of(voice: Voice<'_>, reason: &Reason) -> Self {
        Self {
            key: reason.key.code(),
            sentence: voice.sentence(reason),
            vars: reason
                .vars
                .iter()
                .map(|(place, var)| (place.code(), VarView::from(var)))
                .collect(),
        }
    }
}

/// One variable of a reason.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum VarView {
    /// A number.
    Int(i64),
    /// A code or a day.
    Text(String),
    /// Several codes.
    Texts(Vec<String>),
    /// An amount.
    Money(MoneyView),
}

impl From<&Var> for VarView {
    fn from(var: &Var) -> Self {
        match var {
            Var::Int(number) => Self::Int(*number),
            Var::Code(code) => Self::Text(code.to_string()),
            Var::Codes(codes) => Self::Texts(codes.iter().map(Word::to_string).collect()),
            Var::Date(day) => Self::Text(day.to_string()),
            Var::Money(money) => Self::Money(MoneyView::from(*money)),
        }
    }
}
