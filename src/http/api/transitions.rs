//! What can be done with a record now, the same in every noun that has states.
//!
//! What is only there or not has no machine, and so none of this: saved views,
//! suppressions, agreements to merge, sessions of people and of practices, who
//! belongs to a firm. A test reads the contract for a `state` or `status` without
//! the sub-resources, and names the few that are another record's.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::refusal::Refusal;
use crate::http::problem::FaultView;
use crate::services::consents::Agreement;

use super::timeline::hex;

/// Where the words of a consent to be proposed are read.
const WORDS: &str = "/v1/me/consents/words";

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

/// What somebody agrees to by an action: where its words stand, and which they
/// are.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TransitionAgreement)]
pub struct AgreementView {
    /// Where the caller reads the words.
    #[schema(max_length = 100, example = "/v1/me/consents/words")]
    pub words: &'static str,
    /// The SHA-256 of the words, as the receipt will have it.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub text_hash: String,
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
        Self {
            words: WORDS,
            text_hash: hex(&agreement.hash()),
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
