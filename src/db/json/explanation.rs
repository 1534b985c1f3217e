//! The whole account of one score. Recomputing it from the versions it names
//! must give these bytes again.

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use super::part::Money;
use crate::db::Result;
use crate::domain::revealed::{RevealedTrace, Signal, SignalTrace};
use crate::domain::scoring::{
    Band, Explanation, Factor, FactorTrace, Gate, GateTrace, GateVerdict, Place, Reason, ReasonKey,
    Var,
};
use crate::domain::word::Word;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    rule_set: String,
    startup: Revision,
    mandate: Revision,
    as_of: String,
    rate_date: Option<String>,
    gates: Vec<StoredGate>,
    factors: Vec<StoredFactor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revealed: Option<StoredRevealed>,
    exact: i64,
    score: i64,
    confidence: i64,
    band: String,
    strengths: Vec<String>,
    risks: Vec<String>,
    missing: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revision {
    id: String,
    revision: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredGate {
    gate: String,
    verdict: String,
    reason: StoredReason,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFactor {
    factor: String,
    weight: i64,
    value: Option<i64>,
    points: i64,
    reason: StoredReason,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRevealed {
    as_of: i64,
    signals: Vec<StoredSignal>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSignal {
    signal: String,
    weight: i64,
    statistic: Option<i64>,
    value: Option<i64>,
    points: i64,
    reason: StoredReason,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredReason {
    key: String,
    vars: Vec<(String, StoredVar)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum StoredVar {
    Int(i64),
    Code(String),
    Codes(Vec<String>),
    Date(String),
    Money(Money),
}

/// The canonical text of an explanation.
pub(in crate::db) fn encode(explanation: &Explanation) -> Result<String> {
    let Explanation {
        rule_set,
        startup: (startup, startup_revision),
        mandate: (mandate, mandate_revision),
        as_of,
        rate_date,
        gates,
        factors,
        revealed,
        exact,
        score,
        confidence,
        band,
        strengths,
        risks,
        missing,
    } = explanation;
    form::write(&Stored {
        schema: One,
        rule_set: rule_set.to_string(),
        startup: Revision {
            id: startup.to_string(),
            revision: *startup_revision,
        },
        mandate: Revision {
            id: mandate.to_string(),
            revision: *mandate_revision,
        },
        as_of: as_of.to_string(),
        rate_date: rate_date.map(|day| day.to_string()),
        gates: gates.iter().map(store_gate).collect(),
        factors: factors.iter().map(store_factor).collect(),
        revealed: revealed.as_ref().map(store_revealed),
        exact: *exact,
        score: *score,
        confidence: *confidence,
        band: band.to_string(),
        strengths: form::texts(strengths),
        risks: form::texts(risks),
        missing: form::texts(missing),
    })
}

/// The explanation of that text.
pub(in crate::db) fn decode(text: &str) -> Result<Explanation> {
    let stored: Stored = form::read("an explanation", text)?;
    Ok(Explanation {
        rule_set: form::id(&stored.rule_set)?,
        startup: (form::id(&stored.startup.id)?, stored.startup.revision),
        mandate: (form::id(&stored.mandate.id)?, stored.mandate.revision),
        as_of: form::day(&stored.as_of)?,
        rate_date: stored.rate_date.as_deref().map(form::day).transpose()?,
        gates: stored
            .gates
            .into_iter()
            .map(restore_gate)
            .collect::<Result<_>>()?,
        factors: stored
            .factors
            .into_iter()
            .map(restore_factor)
            .collect::<Result<_>>()?,
        revealed: stored.revealed.map(restore_revealed).transpose()?,
        exact: stored.exact,
        score: stored.score,
        confidence: stored.confidence,
        band: form::code(&stored.band, Band::from_code)?,
        strengths: form::codes(&stored.strengths, Factor::from_code)?,
        risks: form::codes(&stored.risks, Factor::from_code)?,
        missing: form::codes(&stored.missing, Factor::from_code)?,
    })
}

fn store_gate(trace: &GateTrace) -> StoredGate {
    let GateTrace {
        gate,
        verdict,
        reason,
    } = trace;
    StoredGate {
        gate: gate.to_string(),
        verdict: verdict.to_string(),
        reason: store_reason(reason),
    }
}

fn restore_gate(stored: StoredGate) -> Result<GateTrace> {
    Ok(GateTrace {
        gate: form::code(&stored.gate, Gate::from_code)?,
        verdict: form::code(&stored.verdict, GateVerdict::from_code)?,
        reason: restore_reason(stored.reason)?,
    })
}

fn store_factor(trace: &FactorTrace) -> StoredFactor {
    let FactorTrace {
        factor,
        weight,
        value,
        points,
        reason,
    } = trace;
    StoredFactor {
        factor: factor.to_string(),
        weight: *weight,
        value: *value,
        points: *points,
        reason: store_reason(reason),
    }
}

fn restore_factor(stored: StoredFactor) -> Result<FactorTrace> {
    Ok(FactorTrace {
        factor: form::code(&stored.factor, Factor::from_code)?,
        weight: stored.weight,
        value: stored.value,
        points: stored.points,
        reason: restore_reason(stored.reason)?,
    })
}

fn store_revealed(trace: &RevealedTrace) -> StoredRevealed {
    let RevealedTrace { as_of, signals } = trace;
    let signals = signals.iter().map(|trace| {
        let SignalTrace {
            signal,
            weight,
            statistic,
            value,
            points,
            reason,
        } = trace;
        StoredSignal {
            signal: signal.to_string(),
            weight: *weight,
            statistic: *statistic,
            value: *value,
            points: *points,
            reason: store_reason(reason),
        }
    });
    StoredRevealed {
        as_of: *as_of,
        signals: signals.collect(),
    }
}

fn restore_revealed(stored: StoredRevealed) -> Result<RevealedTrace> {
    let signals = stored.signals.into_iter().map(|stored| {
        Ok(SignalTrace {
            signal: form::code(&stored.signal, Signal::from_code)?,
            weight: stored.weight,
            statistic: stored.statistic,
            value: stored.value,
            points: stored.points,
            reason: restore_reason(stored.reason)?,
        })
    });
    Ok(RevealedTrace {
        as_of: stored.as_of,
        signals: signals.collect::<Result<_>>()?,
    })
}

pub(super) fn store_reason(reason: &Reason) -> StoredReason {
    let Reason { key, vars } = reason;
    StoredReason {
        key: key.to_string(),
        vars: vars
            .iter()
            .map(|(place, var)| (place.to_string(), store_var(var)))
            .collect(),
    }
}

pub(super) fn restore_reason(stored: StoredReason) -> Result<Reason> {
    Ok(Reason {
        key: form::code(&stored.key, ReasonKey::from_code)?,
        vars: stored
            .vars
            .into_iter()
            .map(|(place, var)| Ok((form::code(&place, Place::from_code)?, restore_var(var)?)))
            .collect::<Result<_>>()?,
    })
}

fn store_var(var: &Var) -> StoredVar {
    match var {
        Var::Int(number) => StoredVar::Int(*number),
        Var::Code(code) => StoredVar::Code(code.to_string()),
        Var::Codes(codes) => StoredVar::Codes(codes.iter().map(Word::to_string).collect()),
        Var::Date(day) => StoredVar::Date(day.to_string()),
        Var::Money(money) => StoredVar::Money(Money::of(*money)),
    }
}

fn restore_var(stored: StoredVar) -> Result<Var> {
    Ok(match stored {
        StoredVar::Int(number) => Var::Int(number),
        StoredVar::Code(code) => Var::code(code.as_str()),
        StoredVar::Codes(codes) => Var::codes(codes.iter().map(String::as_str)),
        StoredVar::Date(day) => Var::Date(form::day(&day)?),
        StoredVar::Money(money) => Var::Money(money.restore()?),
    })
}
