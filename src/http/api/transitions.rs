//! What can be done with a record now, the same in every noun.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::refusal::Refusal;
use crate::http::problem::FaultView;

/// The actions that are the caller's to take, now or when what stands in the
/// way is gone.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Transitions)]
pub struct TransitionsView {
    /// In the order in which they usually come.
    #[schema(max_items = 50)]
    pub available: Vec<TransitionView>,
}

/// One action.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Transition)]
pub struct TransitionView {
    /// Its name, as `POST …/transitions` takes it.
    #[schema(max_length = 50, pattern = "^[a-z][a-z0-9_]*$", example = "submit")]
    pub action: String,
    /// What stands in its way; null if nothing does.
    pub blocked_by: Option<BlockView>,
}

/// What stands in the way of an action.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TransitionBlock)]
pub struct BlockView {
    /// The rule that says no.
    #[schema(
        max_length = 100,
        pattern = "^[a-z][a-z0-9_]*$",
        example = "incomplete"
    )]
    pub code: String,
    /// What it says, for people.
    #[schema(max_length = 2000)]
    pub detail: String,
    /// Everything that would have to be there.
    #[schema(max_items = 100)]
    pub missing: Vec<FaultView>,
}

impl TransitionsView {
    /// What a service answers about a record, by the codes of the actions.
    pub fn of(actions: impl IntoIterator<Item = (&'static str, Option<Refusal>)>) -> Self {
        let view = |(action, refusal): (&str, Option<Refusal>)| TransitionView {
            action: action.to_owned(),
            blocked_by: refusal.map(BlockView::from),
        };
        Self {
            available: actions.into_iter().map(view).collect(),
        }
    }
}

impl From<Refusal> for BlockView {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code.into_owned(),
            detail: refusal.detail,
            missing: refusal.missing.iter().map(FaultView::from).collect(),
        }
    }
}
