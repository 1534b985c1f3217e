//! What can be done with a record now, the same in every noun.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::refusal::Refusal;
use crate::http::problem::FaultView;
use crate::services::consents::Agreement;

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
    /// What the caller agrees to by taking it, of which a receipt is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementView>,
}

/// What somebody agrees to by an action.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TransitionAgreement)]
pub struct AgreementView {
    /// The language of the text: the caller's where there is one in it.
    #[schema(max_length = 35, example = "en")]
    pub language: &'static str,
    /// The text, word for word.
    #[schema(max_length = 4000)]
    pub text: String,
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
            agreement: None,
        };
        Self {
            available: actions.into_iter().map(view).collect(),
        }
    }
}

impl TransitionsView {
    /// With what the caller agrees to by one of these actions.
    #[must_use]
    pub fn agreeing(mut self, agreement: Option<Agreement>, by: &[&str]) -> Self {
        for entry in &mut self.available {
            if by.contains(&entry.action.as_str()) {
                entry.agreement = agreement.clone().map(AgreementView::from);
            }
        }
        self
    }
}

impl From<Agreement> for AgreementView {
    fn from(agreement: Agreement) -> Self {
        let Agreement { language, text } = agreement;
        Self { language, text }
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
