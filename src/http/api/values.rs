//! Values as the API shows them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::money::Money;
use crate::domain::text::{Language, Localized};

/// An amount in minor units of its currency, never a float.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Money)]
pub struct MoneyView {
    /// Whole minor units (cents, qəpik, agorot).
    #[schema(example = 25_000_000)]
    pub amount_minor: i64,
    /// ISO 4217.
    #[schema(min_length = 3, max_length = 3, example = "USD")]
    pub currency: String,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self {
            amount_minor: money.amount_minor,
            currency: money.currency.to_string(),
        }
    }
}

/// A text in the language that fits its reader best.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = LocalizedText)]
pub struct LocalizedView {
    /// The words.
    #[schema(max_length = 10_000)]
    pub text: String,
    /// Their language, BCP 47.
    #[schema(max_length = 35, example = "he")]
    pub lang: String,
    /// Their reading direction, `ltr` or `rtl`.
    #[schema(max_length = 3, example = "rtl")]
    pub dir: &'static str,
    /// `original`, `machine` or `human`.
    #[schema(max_length = 10, example = "original")]
    pub state: &'static str,
}

impl LocalizedView {
    /// The best text for a reader, if there is any.
    pub fn for_reader(text: &Localized, reader: &Language) -> Option<Self> {
        let (language, text) = text.for_reader(reader)?;
        Some(Self {
            text: text.text.clone(),
            lang: language.to_string(),
            dir: language.direction(),
            state: text.state.code(),
        })
    }
}
