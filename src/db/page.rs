//! Keyset pages. A cursor names the last row of a page; the next page starts
//! after it in the list's order, with the id breaking ties, so that rows made
//! or deleted while somebody walks are neither repeated nor skipped.
//!
//! On the wire a cursor is opaque: base64url of a version byte, the body and
//! the first 8 bytes of an HMAC-SHA-256 that also covers the filters. Version 1
//! is a time and an id; version 2 begins with the length of a name, which
//! stands at its end.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use ring::hmac;
use uuid::Uuid;

use crate::domain::search::MAX_SORT_NAME as MAX_NAME_KEY;

const BY_TIME: u8 = 1;
const BY_NAME: u8 = 2;
const MAC: usize = 8;

/// The last row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When it was made, or the other time by which the list is in order.
    pub created_at: DateTime<Utc>,
    /// Its id, or the number by which the list is in order.
    pub id: Uuid,
    /// The name by which the list is in order; empty where it is by a time.
    pub name: NameKey,
}

impl Cursor {
    /// The row of that time and id.
    pub fn at(created_at: DateTime<Utc>, id: impl Into<Uuid>) -> Self {
        Self {
            created_at,
            id: id.into(),
            name: NameKey::default(),
        }
    }
}

/// A name as it stands in a list that is in order by names: its first bytes,
/// so that a cursor is small whatever somebody is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NameKey {
    length: u8,
    bytes: [u8; MAX_NAME_KEY],
}

impl NameKey {
    /// The key of a folded name
    /// ([`sort_name`](crate::domain::search::sort_name)), which is no longer
    /// than a key; none for a longer one.
    pub fn new(name: &str) -> Option<Self> {
        let mut key = Self::default();
        key.bytes
            .get_mut(..name.len())?
            .copy_from_slice(name.as_bytes());
        key.length = u8::try_from(name.len()).ok()?;
        Some(key)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length));
        bytes
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl Default for NameKey {
    fn default() -> Self {
        Self {
            length: 0,
            bytes: [0; MAX_NAME_KEY],
        }
    }
}

impl fmt::Debug for NameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// The time by which a record stands in a list in the order of a day: that of
/// what has none comes after all others.
pub fn due(day: Option<NaiveDate>) -> DateTime<Utc> {
    let never = NaiveDate::from_ymd_opt(9_999, 12, 31).unwrap_or(NaiveDate::MAX);
    day.unwrap_or(never).and_time(NaiveTime::MIN).and_utc()
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// The cursor of the next page; none on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of other items.
    pub fn map<U>(self, other: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(other).collect(),
            next: self.next,
        }
    }
}

/// The text is not a cursor of this list: forged, damaged, of another key or
/// of other filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct InvalidCursor;

/// Writes and reads the cursors of one list.
#[derive(Debug, Clone)]
pub struct Cursors {
    key: hmac::Key,
    filters: Vec<u8>,
}

impl Cursors {
    /// Cursors under a secret key, bound to the list and its filters in
    /// whatever canonical text the caller gives them.
    pub fn new(key: &[u8], filters: &str) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
            filters: filters.as_bytes().to_vec(),
        }
    }

    /// The opaque text of a cursor.
    pub fn encode(&self, cursor: &Cursor) -> String {
        let name = cursor.name.as_str();
        let mut bytes = match cursor.name.length {
            0 => vec![BY_TIME],
            length => vec![BY_NAME, length],
        };
        bytes.extend(cursor.created_at.timestamp_micros().to_be_bytes());
        bytes.extend(cursor.id.as_bytes());
        bytes.extend(name.as_bytes());
        let mac = self.mac(&bytes);
        bytes.extend(mac.as_ref().iter().take(MAC));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor of that text.
    ///
    /// # Errors
    /// It is none of this list's.
    pub fn decode(&self, text: &str) -> Result<Cursor, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let end = bytes.len().checked_sub(MAC).ok_or(InvalidCursor)?;
        let (body, mac) = bytes.split_at_checked(end).ok_or(InvalidCursor)?;
        // A truncated tag, so ring's own comparison doesn't apply. Cursors
        // guard against mistakes and guesses; they open nothing by themselves.
        if self.mac(body).as_ref().get(..MAC) != Some(mac) {
            return Err(InvalidCursor);
        }
        read(body).ok_or(InvalidCursor)
    }

    /// Makes a page of rows that were fetched with [`fetch`]`(limit)`.
    pub fn page<T>(&self, rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
        let more = rows.len() > limit;
        let mut items = rows;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|item| self.encode(&cursor(item)));
        Page { items, next }
    }

    fn mac(&self, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        // The body begins with what tells its length, so the two can't run into
        // each other.
        context.update(body);
        context.update(&self.filters);
        context.sign()
    }
}

/// The cursor of a body whose tag is right.
fn read(body: &[u8]) -> Option<Cursor> {
    let (version, rest) = body.split_first()?;
    let (length, rest) = match *version {
        BY_TIME => (0, rest),
        BY_NAME => rest.split_first().map(|(length, rest)| (*length, rest))?,
        _ => return None,
    };
    let (micros, rest) = rest.split_first_chunk::<8>()?;
    let (id, name) = rest.split_first_chunk::<16>()?;
    if name.len() != usize::from(length) {
        return None;
    }
    Some(Cursor {
        created_at: DateTime::from_timestamp_micros(i64::from_be_bytes(*micros))?,
        id: Uuid::from_bytes(*id),
        name: NameKey::new(std::str::from_utf8(name).ok()?)?,
    })
}

/// How many rows to fetch for a page of `limit`: one more tells whether
/// another page follows.
pub fn fetch(limit: usize) -> i64 {
    i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        Cursor::at(
            DateTime::from_timestamp_micros(1_795_000_000_123_456).expect("in range"),
            Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0001),
        )
    }

    #[test]
    fn a_cursor_is_read_back_as_it_was_written() {
        let cursors = Cursors::new(b"key", "deals?stage=diligence");
        assert_eq!(cursors.decode(&cursors.encode(&cursor())), Ok(cursor()));
        for name in ["eliyev ve ogullari", "שמש הנגב", &"a".repeat(MAX_NAME_KEY)] {
            let cursor = Cursor {
                name: NameKey::new(name).expect("short enough"),
                ..cursor()
            };
            assert_eq!(cursors.decode(&cursors.encode(&cursor)), Ok(cursor));
            assert_eq!(cursor.name.as_str(), name);
        }
        assert_eq!(NameKey::new(&"a".repeat(MAX_NAME_KEY + 1)), None);
    }

    #[test]
    fn a_cursor_with_any_bit_flipped_is_refused() {
        let cursors = Cursors::new(b"key", "deals");
        let bytes = URL_SAFE_NO_PAD
            .decode(cursors.encode(&cursor()))
            .expect("base64");
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let text = URL_SAFE_NO_PAD.encode(&forged);
            assert_eq!(cursors.decode(&text), Err(InvalidCursor), "bit {bit}");
        }
    }

    #[test]
    fn a_cursor_of_other_filters_or_another_key_is_refused() {
        let text = Cursors::new(b"key", "deals?stage=diligence").encode(&cursor());
        assert_eq!(
            Cursors::new(b"key", "deals").decode(&text),
            Err(InvalidCursor)
        );
        assert_eq!(
            Cursors::new(b"other", "deals?stage=diligence").decode(&text),
            Err(InvalidCursor)
        );
    }

    #[test]
    fn what_is_no_cursor_at_all_is_refused() {
        let cursors = Cursors::new(b"key", "deals");
        let whole = cursors.encode(&cursor());
        for text in [
            "",
            "AQ",
            "not base64!",
            &whole[..whole.len() - 2],
            &format!("{whole}AA"),
        ] {
            assert_eq!(cursors.decode(text), Err(InvalidCursor), "{text:?}");
        }
    }

    #[test]
    fn only_a_page_with_more_behind_it_has_a_next_one() {
        let cursors = Cursors::new(b"key", "deals");
        let last = cursors.page(vec![1, 2, 3], 3, |_| cursor());
        assert_eq!((last.items, last.next), (vec![1, 2, 3], None));
        let first = cursors.page(vec![1, 2, 3, 4], 3, |_| cursor());
        assert_eq!(
            (first.items, first.next),
            (vec![1, 2, 3], Some(cursors.encode(&cursor())))
        );
    }
}
