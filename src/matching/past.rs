//! Revealed preference in the score of a pair: what an investor did before,
//! beside what its mandate says.
//!
//! A [`Past`] answers for pairs of one question. [`Asked`] answers from all that
//! was observed; [`Kept`] from what was observed when a match was computed.

use std::collections::BTreeMap;
use std::fmt;

use super::deals::Question;
use super::observed::account::traces;
use super::observed::{Observed, SIGNALS};
use crate::domain::ids::{OrganizationId, StartupProfileId};
use crate::domain::reason::{Reason, ReasonKey};
use crate::domain::revealed::{Observation, Revealed, RevealedTrace, Signal, SignalTrace};

/// What investors were observed to do.
pub trait Past: fmt::Debug + Sync {
    /// Whether anything was observed of an investor.
    fn knows(&self, investor: OrganizationId) -> bool;

    /// The value of a pair in bp; `None` where nothing was observed.
    fn value(&self, startup: StartupProfileId, investor: OrganizationId) -> Option<i64>;

    /// What the value is made of.
    fn observation(
        &self,
        startup: StartupProfileId,
        investor: OrganizationId,
    ) -> Option<Observation>;
}

/// What revealed factors come to: Σ weight × value over the known ones ÷
/// Σ weight known, rounded down; `None` when none with a weight is known.
pub fn value(parts: impl IntoIterator<Item = (i64, Option<i64>)>) -> Option<i64> {
    let (mut sum, mut known) = (0, 0);
    for (weight, value) in parts {
        if let Some(value) = value {
            sum += weight * value;
            known += weight;
        }
    }
    (known > 0).then(|| sum / known)
}

/// The account of an observation by these rules.
pub fn trace(rules: &Revealed, observation: &Observation) -> RevealedTrace {
    RevealedTrace {
        as_of: observation.as_of,
        signals: traces(rules, &observation.facts),
    }
}

/// The reason of the factor as a whole: what was done with startups of the same
/// tags, or, where there was none, what was done so far.
pub fn reason(observation: &Observation) -> Reason {
    let of = |signal| {
        let mut facts = observation.facts.iter();
        facts.find(|fact| fact.signal == signal)
    };
    let tags = of(Signal::Tags).filter(|fact| {
        use ReasonKey as K;
        matches!(fact.reason.key, K::RevealedTags | K::RevealedMixedTags)
    });
    tags.or_else(|| of(Signal::Record)).map_or_else(
        || Reason::plain(ReasonKey::RevealedNone),
        |fact| fact.reason.clone(),
    )
}

/// Answers from all that was observed, for the questions that it was asked.
#[derive(Debug)]
pub struct Asked<'a> {
    observed: &'a Observed<'a>,
    rules: &'a Revealed,
    as_of: i64,
    candidates: &'a BTreeMap<OrganizationId, usize>,
    questions: BTreeMap<StartupProfileId, Question>,
    values: BTreeMap<(StartupProfileId, OrganizationId), i64>,
}

impl<'a> Asked<'a> {
    /// Nothing asked yet. `candidates` says where investors stand among the
    /// candidates of `observed`, and `as_of` up to which position of the log
    /// was counted.
    pub const fn new(
        observed: &'a Observed<'a>,
        rules: &'a Revealed,
        as_of: i64,
        candidates: &'a BTreeMap<OrganizationId, usize>,
    ) -> Self {
        Self {
            observed,
            rules,
            as_of,
            candidates,
            questions: BTreeMap::new(),
            values: BTreeMap::new(),
        }
    }

    /// Asks about a startup, for every investor or for one.
    pub fn ask(
        &mut self,
        startup: StartupProfileId,
        question: Question,
        only: Option<OrganizationId>,
    ) {
        let statistics = self.observed.statistics(&question);
        let wanted = |investor: &OrganizationId| only.is_none_or(|only| only == *investor);
        for (investor, place) in self.candidates {
            let Some(row) = statistics.rows.get(*place).filter(|_| wanted(investor)) else {
                continue;
            };
            let value = self.value_of(&statistics.known, row);
            if let Some(value) = value {
                self.values.insert((startup, *investor), value);
            }
        }
        self.questions.insert(startup, question);
    }

    fn value_of(&self, known: &[bool; SIGNALS], row: &[i64; SIGNALS]) -> Option<i64> {
        let parts = Signal::ALL.iter().zip(known).zip(row);
        value(parts.map(|((signal, known), statistic)| {
            let value = known.then(|| self.rules.value(*signal, *statistic));
            (self.rules.weight(*signal), value)
        }))
    }
}

impl Past for Asked<'_> {
    fn knows(&self, investor: OrganizationId) -> bool {
        self.candidates.contains_key(&investor)
    }

    fn value(&self, startup: StartupProfileId, investor: OrganizationId) -> Option<i64> {
        self.values.get(&(startup, investor)).copied()
    }

    fn observation(
        &self,
        startup: StartupProfileId,
        investor: OrganizationId,
    ) -> Option<Observation> {
        let question = self.questions.get(&startup)?;
        let place = *self.candidates.get(&investor)?;
        Some(Observation {
            as_of: self.as_of,
            facts: self.observed.facts(question, place),
        })
    }
}

/// Answers from what was kept of one pair.
#[derive(Debug, Clone)]
pub struct Kept<'a> {
    /// By these rules.
    pub rules: &'a Revealed,
    /// What was kept.
    pub observation: Observation,
}

impl Past for Kept<'_> {
    fn knows(&self, _: OrganizationId) -> bool {
        true
    }

    fn value(&self, _: StartupProfileId, _: OrganizationId) -> Option<i64> {
        let traces = traces(self.rules, &self.observation.facts);
        value(
            traces
                .iter()
                .map(|trace: &SignalTrace| (trace.weight, trace.value)),
        )
    }

    fn observation(&self, _: StartupProfileId, _: OrganizationId) -> Option<Observation> {
        Some(self.observation.clone())
    }
}
