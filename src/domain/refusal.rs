//! A rule said no.

use std::borrow::Cow;

use super::fault::{Fault, Faults};

/// Why something can't be done in the present state. The code is stable; the
/// detail is for a person; `missing` names everything that stands in the way
/// at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable snake-case code.
    pub code: Cow<'static, str>,
    /// What was refused and why.
    pub detail: String,
    /// What would have to be there.
    pub missing: Vec<Fault>,
}

impl Refusal {
    /// A refusal with nothing to fill in.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code: Cow::Borrowed(code),
            detail: detail.into(),
            missing: Vec::new(),
        }
    }

    /// The same as faults of a whole document: the rule, and all that it misses.
    #[must_use]
    pub fn into_faults(self) -> Vec<Fault> {
        let whole = Fault::new(String::new(), self.code, self.detail);
        std::iter::once(whole).chain(self.missing).collect()
    }

    /// An action the machine has no transition for.
    /// The state is not named: a side reads some states under a neutral word,
    /// and must not learn the true one from an error.
    pub fn no_transition(action: &str) -> Self {
        Self::new(
            "transition_not_allowed",
            format!("“{action}” is not possible in the present state."),
        )
    }

    /// An action that somebody else may take.
    pub fn not_yours(action: &str) -> Self {
        Self::new(
            "transition_not_yours",
            format!("“{action}” is for somebody in another role."),
        )
    }

    /// Whether something of the record is still missing, all of it named.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.code == "incomplete"
    }

    /// Whether somebody in another role would not have been refused.
    pub fn is_about_capacity(&self) -> bool {
        self.code == "transition_not_yours"
    }

    /// Whether the machine has no such transition at all.
    pub fn is_about_state(&self) -> bool {
        self.code == "transition_not_allowed"
    }

    /// All that stands in the way of one action: it bears the code of the
    /// first, and names every one.
    ///
    /// # Errors
    /// There is a refusal.
    pub fn all(refusals: impl IntoIterator<Item = Result<(), Self>>) -> Result<(), Self> {
        let mut refused: Vec<Self> = refusals.into_iter().filter_map(Result::err).collect();
        if refused.len() < 2 {
            return refused.pop().map_or(Ok(()), Err);
        }
        let first = refused
            .first()
            .map(|it| (it.code.clone(), it.detail.clone()));
        let missing = refused.into_iter().flat_map(Self::named).collect();
        first.map_or(Ok(()), |(code, detail)| {
            Err(Self {
                code,
                detail,
                missing,
            })
        })
    }

    /// What it names, or itself as something about the whole record.
    pub fn named(self) -> Vec<Fault> {
        if !self.missing.is_empty() {
            return self.missing;
        }
        vec![Fault::new(String::new(), self.code, self.detail)]
    }

    /// An action that lacks something.
    pub fn incomplete(missing: Faults) -> Self {
        Self {
            code: Cow::Borrowed("incomplete"),
            detail: "Something is missing; every part is named.".to_owned(),
            missing: missing.into_vec(),
        }
    }
}
