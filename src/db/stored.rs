//! Stored texts as the domain's values again. They were valid when they were
//! written, so one that isn't any more is damage and not a caller's fault; but
//! for names and web sites, of which more is asked by and by: older ones are
//! read as they are.

use std::fmt;
use std::str::FromStr;

use super::{Error, Result};
use crate::domain::text::{Name, Website};

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

/// A stored name.
pub(super) fn name(text: &str) -> Result<Name> {
    Name::on_record(text).ok_or_else(|| Error::Corrupt("an empty name".to_owned()))
}

/// A stored name that may be absent.
pub(super) fn name_some(text: Option<&str>) -> Result<Option<Name>> {
    text.map(name).transpose()
}

/// A stored web site that may be absent.
pub(super) fn website_some(text: Option<&str>) -> Result<Option<Website>> {
    let read = |text| Website::on_record(text).ok_or_else(|| Error::Corrupt("no web site".into()));
    text.map(read).transpose()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_refused_by_now_are_read_as_they_stand() {
        for old in [
            "\u{200B}",
            "\u{301}",
            "\u{3164}",
            "\u{2800}",
            "\u{2067}a\u{2069}",
        ] {
            assert_eq!(name(old).unwrap().as_str(), old, "{old:?}");
            assert_ne!(old.parse::<Name>().ok(), name(old).ok(), "{old:?}");
        }
        assert!(name(" ").is_err());
        assert_eq!(name_some(None).unwrap(), None);
    }
}
