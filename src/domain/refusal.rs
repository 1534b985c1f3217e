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

    /// Whether somebody in another role would not have been refused.
    pub fn is_about_capacity(&self) -> bool {
        self.code == "transition_not_yours"
    }

    /// Whether the machine has no such transition at all.
    pub fn is_about_state(&self) -> bool {
        self.code == "transition_not_allowed"
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
