//! What all stored forms have in common: how they are written and read, and
//! how texts in them become the domain's values again.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

pub(super) use crate::db::stored::{code, name, parse};
use crate::db::{Error, Result};

/// The schema number 1; a form that bears another one is refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct One;

impl Serialize for One {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_u32(1)
    }
}

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            1 => Ok(Self),
            other => Err(D::Error::custom(format!("schema {other} is not known"))),
        }
    }
}

/// The canonical text of a stored form.
pub(super) fn write(stored: &impl Serialize) -> Result<String> {
    serde_json::to_string(stored).map_err(|error| Error::Corrupt(error.to_string()))
}

/// The stored form of that text; `what` names it in the error.
pub(super) fn read<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::Corrupt(format!("{what}: {error}")))
}

/// As [`parse`], for several.
pub(super) fn parse_all<T, C>(texts: &[String]) -> Result<C>
where
    T: FromStr<Err: fmt::Display>,
    C: FromIterator<T>,
{
    texts.iter().map(|text| parse(text)).collect()
}

/// The texts of values, in their order.
pub(super) fn texts<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

/// As [`code`], for several.
pub(super) fn codes<T, C>(codes: &[String], from_code: impl Fn(&str) -> Option<T>) -> Result<C>
where
    C: FromIterator<T>,
{
    codes.iter().map(|it| code(it, &from_code)).collect()
}

/// The day of a stored `YYYY-MM-DD`.
pub(super) fn day(text: &str) -> Result<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|error| Error::Corrupt(format!("stored day \"{text}\": {error}")))
}

/// The id of a stored UUID.
pub(super) fn id<T: From<Uuid>>(text: &str) -> Result<T> {
    Uuid::try_parse(text)
        .map(T::from)
        .map_err(|error| Error::Corrupt(format!("stored id \"{text}\": {error}")))
}
