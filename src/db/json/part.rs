//! Parts that several stored forms contain; the form around them bears the
//! schema number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::form;
use crate::db::Result;
use crate::domain::money::Money as DomainMoney;
use crate::domain::text::{LocalText, Localized as DomainLocalized, TextState};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Money {
    amount_minor: i64,
    currency: String,
}

impl Money {
    pub(super) fn of(money: DomainMoney) -> Self {
        Self {
            amount_minor: money.amount_minor,
            currency: money.currency.to_string(),
        }
    }

    pub(super) fn restore(&self) -> Result<DomainMoney> {
        Ok(DomainMoney::new(
            self.amount_minor,
            form::parse(&self.currency)?,
        ))
    }
}

/// A text in several languages, by language.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Localized(BTreeMap<String, Text>);

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
    state: String,
}

impl Localized {
    pub(super) fn of(localized: &DomainLocalized) -> Self {
        let texts = localized
            .iter()
            .map(|(language, LocalText { text, state })| {
                let stored = Text {
                    text: text.clone(),
                    state: state.code().to_owned(),
                };
                (language.to_string(), stored)
            });
        Self(texts.collect())
    }

    pub(super) fn restore(self) -> Result<DomainLocalized> {
        self.0
            .into_iter()
            .map(|(language, Text { text, state })| {
                let state = form::code(&state, TextState::from_code)?;
                Ok((form::parse(&language)?, LocalText { text, state }))
            })
            .collect()
    }
}
