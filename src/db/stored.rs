//! Stored texts as the domain's values again. They were valid when they were
//! written, so one that isn't any more is damage and not a caller's fault.

use std::fmt;
use std::str::FromStr;

use super::{Error, Result};

/// The value of a stored text.
pub(super) fn parse<T>(text: &str) -> Result<T>
where
    T: FromStr<Err: fmt::Display>,
{
    text.parse()
        .map_err(|error| Error::Corrupt(format!("stored \"{text}\": {error}")))
}

/// The value of a stored text that may be absent.
pub(super) fn parse_some<T>(text: Option<&str>) -> Result<Option<T>>
where
    T: FromStr<Err: fmt::Display>,
{
    text.map(parse).transpose()
}

/// The value of a stored code.
pub(super) fn code<T>(code: &str, from_code: impl Fn(&str) -> Option<T>) -> Result<T> {
    from_code(code).ok_or_else(|| Error::Corrupt(format!("stored code \"{code}\"")))
}

/// The value of a stored code that may be absent.
pub(super) fn code_some<T>(
    stored: Option<&str>,
    from_code: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    stored.map(|it| code(it, from_code)).transpose()
}

/// A SHA-256 of bytes that are stored.
pub(super) fn hash(stored: Option<Vec<u8>>) -> Result<Option<[u8; 32]>> {
    let damaged = |_| Error::Corrupt("a hash of another length".to_owned());
    stored.map(|it| it.try_into().map_err(damaged)).transpose()
}
