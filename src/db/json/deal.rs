//! What is recorded for a deal's exit criteria, and what a side confirmed of
//! the funding.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use super::part::Money;
use crate::db::Result;
use crate::domain::pipeline::Funding;
use crate::domain::text::Slug;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFacts {
    schema: One,
    facts: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFunding {
    schema: One,
    amount: Money,
    value_date: String,
}

/// The canonical text of the facts.
pub(in crate::db) fn encode_facts(facts: &BTreeMap<Slug, String>) -> Result<String> {
    form::write(&StoredFacts {
        schema: One,
        facts: facts
            .iter()
            .map(|(key, value)| (key.to_string(), value.clone()))
            .collect(),
    })
}

/// The facts of that text.
pub(in crate::db) fn decode_facts(text: &str) -> Result<BTreeMap<Slug, String>> {
    let StoredFacts { schema: One, facts } = form::read("a deal's facts", text)?;
    facts
        .into_iter()
        .map(|(key, value)| Ok((form::parse(&key)?, value)))
        .collect()
}

/// The canonical text of a confirmation.
pub(in crate::db) fn encode_funding(funding: &Funding) -> Result<String> {
    let Funding { amount, value_date } = funding;
    form::write(&StoredFunding {
        schema: One,
        amount: Money::of(*amount),
        value_date: value_date.to_string(),
    })
}

/// The confirmation of that text.
pub(in crate::db) fn decode_funding(text: &str) -> Result<Funding> {
    let StoredFunding {
        schema: One,
        amount,
        value_date,
    } = form::read("a deal's funding", text)?;
    Ok(Funding {
        amount: amount.restore()?,
        value_date: form::day(&value_date)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_and_funding_survive_storage() {
        let key = |key: &str| key.parse::<Slug>().expect("a slug");
        let facts = BTreeMap::from([
            (key("lead_investor"), "Xəzər Kapital".to_owned()),
            (key("terms"), "מזכר הבנות".to_owned()),
        ]);
        let text = encode_facts(&facts).expect("encodes");
        assert_eq!(
            text,
            r#"{"schema":1,"facts":{"lead_investor":"Xəzər Kapital","terms":"מזכר הבנות"}}"#
        );
        assert_eq!(decode_facts(&text).expect("decodes"), facts);

        let text = r#"{"schema":1,"amount":{"amount_minor":125000000,"currency":"AZN"},"value_date":"2027-03-01"}"#;
        let funding = decode_funding(text).expect("decodes");
        assert_eq!(encode_funding(&funding).expect("encodes"), text);
    }

    #[test]
    fn unknown_fields_and_schemas_are_refused() {
        for text in [
            r#"{"schema":2,"facts":{}}"#,
            r#"{"schema":1,"facts":{},"more":1}"#,
            r#"{"facts":{}}"#,
        ] {
            assert!(decode_facts(text).is_err(), "{text}");
        }
    }
}
