//! Reading query strings: what is wrong with the shape of a parameter, and with
//! what the parameters mean, is told at once.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::{DeserializeOwned, Error, Unexpected};
use serde::{Deserialize, Deserializer};

use super::fields::{MOST_FAULTS, expectation, quoted_after};
use super::problem::{Kind, Problem};

/// Reads a query string; parameters that are unknown, repeated, missing or
/// unreadable are 400, and all of them are named.
pub(super) fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let read = read_query(query).meaning(|_| Ok(()));
    read.map(|(value, ())| value)
}

/// A query string that was read as far as it could be. Nothing of it can be had
/// without reading what it means, so that all that is wrong is told at once.
#[derive(Debug)]
pub(super) struct ReadQuery<T> {
    /// The rest, without the parameters that are wrong.
    value: Option<T>,
    wrong: Option<Problem>,
}

/// Reads a query string whose meaning is read with it, so that what is wrong
/// with either is told at once.
pub(super) fn read_query<T: DeserializeOwned>(query: &str) -> ReadQuery<T> {
    match decoded(query) {
        Ok(value) => ReadQuery {
            value: Some(value),
            wrong: None,
        },
        Err(error) => {
            let fault_of = |rest: &str| decoded::<T>(rest).err();
            let (wrong, rest) = all_wrong(query, &error, fault_of);
            ReadQuery {
                value: rest.and_then(|rest| decoded(&rest).ok()),
                wrong: Some(wrong),
            }
        }
    }
}

impl<T> ReadQuery<T> {
    /// The parameters and what they mean.
    ///
    /// # Errors
    /// 400, naming every parameter that is wrong, be it in itself or in what it
    /// means; what `meaning` says where nothing is wrong with the shape.
    pub(super) fn meaning<R>(
        self,
        meaning: impl FnOnce(&T) -> Result<R, Problem>,
    ) -> Result<(T, R), Problem> {
        match (self.value, self.wrong) {
            (Some(value), None) => {
                let meant = meaning(&value)?;
                Ok((value, meant))
            }
            (Some(value), Some(wrong)) => Err(match meaning(&value) {
                Err(meant) if meant.kind() == wrong.kind() => wrong.and_elsewhere(meant),
                _ => wrong,
            }),
            (None, wrong) => Err(wrong.unwrap_or_else(|| Problem::new(Kind::BadQuery))),
        }
    }
}

impl<T: DeserializeOwned> FromRequest for ReadQuery<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(read_query(request.query_string())))
    }
}

/// A whole number of a range, for `deserialize_with`: one outside of it is told
/// with what can't be read.
pub(super) fn within<'de, D, T, const LEAST: i64, const MOST: i64>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    let number = i64::deserialize(from)?;
    let fits = (LEAST..=MOST).contains(&number);
    let read = T::try_from(number).ok().filter(|_| fits);
    read.ok_or_else(|| {
        let wanted = if MOST == i64::MAX {
            format!("a whole number from {LEAST}")
        } else {
            format!("a whole number from {LEAST} to {MOST}")
        };
        D::Error::invalid_value(Unexpected::Signed(number), &wanted.as_str())
    })
}

type QueryError = serde_path_to_error::Error<serde::de::value::Error>;

fn decoded<T: DeserializeOwned>(query: &str) -> Result<T, QueryError> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
}

/// All that is wrong with a query, whose first fault is known: the others are
/// looked for in what is left without the parameter of each. With it what is
/// left when nothing of it is wrong.
fn all_wrong(
    query: &str,
    first: &QueryError,
    fault_of: fn(&str) -> Option<QueryError>,
) -> (Problem, Option<String>) {
    let (mut name, mut told) = bad_parameter(first);
    let mut rest = query.to_owned();
    while told.places() < MOST_FAULTS {
        let Some(others) = without(&rest, &name) else {
            return (told, None);
        };
        rest = others;
        let Some(error) = fault_of(&rest) else {
            return (told, Some(rest));
        };
        let (other, problem) = bad_parameter(&error);
        (name, told) = (other, told.and(problem));
    }
    (told, None)
}

/// A query without a parameter; none where it hasn't got it.
fn without(query: &str, name: &str) -> Option<String> {
    let all: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let others: Vec<_> = all.iter().filter(|(other, _)| *other != name).collect();
    let left = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(others.iter().map(|(name, value)| (name, value)))
        .finish();
    (others.len() < all.len()).then_some(left)
}

/// The parameter that can't be read, and what is wrong with it.
fn bad_parameter(error: &QueryError) -> (String, Problem) {
    let message = error.inner().to_string();
    let (name, detail) = if let Some(name) = quoted_after("missing field `", &message) {
        (name.to_owned(), format!("`{name}` is required."))
    } else if let Some(name) = quoted_after("duplicate field `", &message) {
        (name.to_owned(), format!("`{name}` comes twice."))
    } else {
        let name = error.path().to_string();
        let detail = if message.starts_with("unknown field") {
            format!("`{name}` is not known here.")
        } else {
            format!("`{name}`: {}", expectation(&message))
        };
        (name, detail)
    };
    let problem = Problem::parameter(&name, detail);
    (name, problem)
}
