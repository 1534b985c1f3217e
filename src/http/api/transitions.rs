//! What can be done with a record now.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::FaultView;
use crate::services::Refusal;

/// The actions that are the caller's to take in the present state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transitions)]
pub struct TransitionsView {
    /// Each with what stands in its way.
    #[schema(max_items = 50)]
    pub items: Vec<TransitionView>,
}

impl TransitionsView {
    /// Actions by code.
    pub fn of(actions: impl IntoIterator<Item = (&'static str, Option<Refusal>)>) -> Self {
        let items = actions.into_iter().map(|(action, refusal)| TransitionView {
            action,
            allowed: refusal.is_none(),
            refusal: refusal.as_ref().map(RefusalView::from),
        });
        Self {
            items: items.collect(),
        }
    }
}

/// One action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transition)]
pub struct TransitionView {
    /// Its code.
    #[schema(max_length = 40, example = "release")]
    pub action: &'static str,
    /// Whether it would be accepted now.
    pub allowed: bool,
    /// What stands in its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalView>,
}

/// The rule that says no.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refusal)]
pub struct RefusalView {
    /// Stable, for programs.
    #[schema(max_length = 100, example = "incomplete")]
    pub code: String,
    /// For people.
    #[schema(max_length = 2000)]
    pub detail: String,
    /// Everything that is missing for a yes.
    #[schema(max_items = 1000)]
    pub missing: Vec<FaultView>,
}

impl From<&Refusal> for RefusalView {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code.to_string(),
            detail: refusal.detail.clone(),
            missing: refusal.missing.iter().map(FaultView::from).collect(),
        }
    }
}
