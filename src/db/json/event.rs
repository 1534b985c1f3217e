//! The payload of an event: `{"schema":1,…}`, then the facts in their order.
//!
//! A code is a string, a whole number a number, a flag a boolean, several
//! codes an array of strings; the rest are objects of one member, which names
//! the kind: `{"id":"…"}`, `{"date":"2026-01-31"}`, `{"hash":"hex"}`,
//! `{"money":{"amount_minor":1,"currency":"EUR"}}`.

use std::fmt;

use chrono::NaiveDate;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::db::{Error, Result};
use crate::domain::event::Value;
use crate::domain::money::Money;

const SCHEMA: u32 = 1;

/// The canonical text of a payload.
pub(in crate::db) fn encode(payload: &[(&'static str, Value)]) -> Result<String> {
    serde_json::to_string(&Writing(payload)).map_err(|error| Error::Corrupt(error.to_string()))
}

/// One fact as it stands among the others of a payload.
pub(in crate::db) fn encode_fact((key, value): &(&'static str, Value)) -> Result<String> {
    let wrong = |error: serde_json::Error| Error::Corrupt(error.to_string());
    let key = serde_json::to_string(key).map_err(wrong)?;
    let value = serde_json::to_string(&stored(value)).map_err(wrong)?;
    Ok(format!("{key}:{value}"))
}

/// The payload of that text.
pub(in crate::db) fn decode(text: &str) -> Result<Vec<(String, Value)>> {
    let Reading(payload) = serde_json::from_str(text)
        .map_err(|error| Error::Corrupt(format!("an event's payload: {error}")))?;
    Ok(payload)
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Flag(bool),
    Int(i64),
    Code(String),
    Codes(Vec<String>),
    Tagged(Tagged),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tagged {
    Id(String),
    Date(NaiveDateText),
    Hash(String),
    Money { amount_minor: i64, currency: String },
}

/// `%Y-%m-%d`; chrono's own serde support isn't built.
#[derive(Serialize, Deserialize)]
struct NaiveDateText(String);

struct Writing<'a>(&'a [(&'static str, Value)]);

impl Serialize for Writing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len() + 1))?;
        map.serialize_entry("schema", &SCHEMA)?;
        for (key, value) in self.0 {
            map.serialize_entry(key, &stored(value))?;
        }
        map.end()
    }
}

struct Reading(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Reading {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder).map(Self)
    }
}

/// Keeps the order, which a map of `serde_json` need not.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object that starts with its schema number")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        match map.next_entry::<String, IgnoredAnyOr>()? {
            Some((key, IgnoredAnyOr::Number(SCHEMA))) if key == "schema" => {}
            _ => return Err(A::Error::custom("no schema number that is known")),
        }
        let mut payload = Vec::new();
        while let Some((key, stored)) = map.next_entry::<String, Stored>()? {
            let value = value(stored)
                .ok_or_else(|| A::Error::custom(format!("\"{key}\" holds no such value")))?;
            payload.push((key, value));
        }
        Ok(payload)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum IgnoredAnyOr {
    Number(u32),
    Other(IgnoredAny),
}

fn stored(value: &Value) -> Stored {
    match value {
        Value::Code(code) => Stored::Code(code.clone()),
        Value::Id(id) => Stored::Tagged(Tagged::Id(id.hyphenated().to_string())),
        Value::Int(number) => Stored::Int(*number),
        Value::Flag(flag) => Stored::Flag(*flag),
        Value::Money(money) => Stored::Tagged(Tagged::Money {
            amount_minor: money.amount_minor,
            currency: money.currency.code().to_owned(),
        }),
        Value::Date(date) => Stored::Tagged(Tagged::Date(NaiveDateText(date.to_string()))),
        Value::Hash(hash) => Stored::Tagged(Tagged::Hash(hex(hash))),
        Value::Codes(codes) => Stored::Codes(codes.clone()),
    }
}

fn value(stored: Stored) -> Option<Value> {
    Some(match stored {
        Stored::Flag(flag) => Value::Flag(flag),
        Stored::Int(number) => Value::Int(number),
        Stored::Code(code) => Value::Code(code),
        Stored::Codes(codes) => Value::Codes(codes),
        Stored::Tagged(Tagged::Id(id)) => Value::Id(Uuid::try_parse(&id).ok()?),
        Stored::Tagged(Tagged::Date(NaiveDateText(date))) => {
            Value::Date(NaiveDate::parse_from_str(&date, "%Y-%m-%d").ok()?)
        }
        Stored::Tagged(Tagged::Hash(text)) => Value::Hash(unhex(&text)?),
        Stored::Tagged(Tagged::Money {
            amount_minor,
            currency,
        }) => Value::Money(Money::new(amount_minor, currency.parse().ok()?)),
    })
}

fn hex(bytes: &[u8; 32]) -> String {
    use fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    fn one_of_each() -> Vec<(&'static str, Value)> {
        vec![
            ("to", Value::Code("published".into())),
            ("by", Value::Id(Uuid::from_u128(7))),
            ("score", Value::Int(-8150)),
            ("anonymous", Value::Flag(true)),
            (
                "asked",
                Value::Money(Money::new(125_000_000, Currency::USD)),
            ),
            (
                "due",
                Value::Date(NaiveDate::from_ymd_opt(2026, 1, 31).expect("a day")),
            ),
            ("note", Value::hash_of("free text")),
            (
                "gates",
                Value::Codes(vec!["stage".into(), "country".into()]),
            ),
        ]
    }

    #[test]
    fn the_text_is_canonical() {
        let text = encode(&one_of_each()[..6]).expect("encodes");
        assert_eq!(
            text,
            r#"{"schema":1,"to":"published","by":{"id":"00000000-0000-0000-0000-000000000007"},"score":-8150,"anonymous":true,"asked":{"money":{"amount_minor":125000000,"currency":"USD"}},"due":{"date":"2026-01-31"}}"#
        );
    }

    #[test]
    fn what_was_written_is_read_in_the_same_order() {
        let written = one_of_each();
        let read = decode(&encode(&written).expect("encodes")).expect("decodes");
        let expected: Vec<_> = written
            .into_iter()
            .map(|(key, it)| (key.to_owned(), it))
            .collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn a_payload_of_an_unknown_schema_is_refused() {
        for text in [r#"{"schema":2}"#, r#"{"to":"x","schema":1}"#, "{}", "[]"] {
            assert!(matches!(decode(text), Err(Error::Corrupt(_))), "{text}");
        }
    }
}
