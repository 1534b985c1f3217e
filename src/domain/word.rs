//! Short words that stay where they are. Slugs and codes are mostly shorter
//! than 23 bytes; kept in place, cloning one asks for no memory and comparing
//! two follows no pointer, which is what rankings and their accounts do most.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use super::country::Country;
use super::money::Currency;
use super::text::{Language, Slug};

/// Bytes that are kept in place.
const ROOM: usize = 22;

/// A word, as small as a `String`.
#[derive(Clone, PartialEq, Eq)]
pub struct Word(Kept);

#[derive(Clone, PartialEq, Eq)]
enum Kept {
    /// Text of `len` bytes, and noughts behind it.
    Short {
        len: u8,
        bytes: [u8; ROOM],
    },
    Long(Box<str>),
}

impl Word {
    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Kept::Short { len, bytes } => {
                let text = bytes.get(..usize::from(*len)).unwrap_or_default();
                // Only whole texts are put in.
                std::str::from_utf8(text).unwrap_or_default()
            }
            Kept::Long(text) => text,
        }
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        let mut bytes = [0; ROOM];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(text.as_bytes());
                Self(Kept::Short { len, bytes })
            }
            _ => Self(Kept::Long(text.into())),
        }
    }
}

impl Default for Word {
    fn default() -> Self {
        Self::from("")
    }
}

impl PartialOrd for Word {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Word {
    /// The order of the texts.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (
                Kept::Short { len, bytes },
                Kept::Short {
                    len: of_other,
                    bytes: theirs,
                },
            ) => {
                // What is behind the texts compares like their end.
                let ((ours, rest), (theirs, of_theirs)) = (halves(bytes), halves(theirs));
                (ours.cmp(&theirs))
                    .then_with(|| rest.cmp(&of_theirs))
                    .then(len.cmp(of_other))
            }
            _ => self.as_str().cmp(other.as_str()),
        }
    }
}

/// The bytes as two numbers that compare as they do.
#[inline]
fn halves(bytes: &[u8; ROOM]) -> (u128, u64) {
    let (mut first, mut second) = ([0; 16], [0; 8]);
    for (place, byte) in first.iter_mut().chain(&mut second).zip(bytes) {
        *place = *byte;
    }
    (u128::from_be_bytes(first), u64::from_be_bytes(second))
}

impl Hash for Word {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Kept::Short { bytes, .. } => state.write(bytes),
            Kept::Long(text) => state.write(text.as_bytes()),
        }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::ops::Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

/// Hashes words in a few steps. Somebody who may choose the keys of a table
/// can make them collide, so it is for tables of our own words only.
#[derive(Debug, Clone, Copy, Default)]
pub struct OwnWords(u64);

/// For a table whose keys are our own.
pub type OfOwnWords = BuildHasherDefault<OwnWords>;

impl OwnWords {
    fn add(&mut self, part: u64) {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        self.0 = (self.0.rotate_left(23) ^ part).wrapping_mul(ODD);
    }
}

impl Hasher for OwnWords {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (parts, rest) = bytes.as_chunks::<8>();
        for part in parts {
            self.add(u64::from_le_bytes(*part));
        }
        let mut last = [0; 8];
        for (place, byte) in last.iter_mut().zip(rest) {
            *place = *byte;
        }
        self.add(u64::from_le_bytes(last));
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }
}

/// What has a stable code.
pub trait Coded {
    /// The code.
    fn word(&self) -> Word;
}

impl<T: Coded + ?Sized> Coded for &T {
    fn word(&self) -> Word {
        T::word(self)
    }
}

impl Coded for str {
    fn word(&self) -> Word {
        self.into()
    }
}

impl Coded for Slug {
    fn word(&self) -> Word {
        self.to_word()
    }
}

impl Coded for Language {
    fn word(&self) -> Word {
        self.as_str().into()
    }
}

impl Coded for Country {
    fn word(&self) -> Word {
        self.code().into()
    }
}

impl Coded for Currency {
    fn word(&self) -> Word {
        self.code().into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_word_is_its_text(a in "\\PC{0,30}", b in "[ab\\x00]{0,26}", c in "[ab\\x00]{0,26}") {
            for (left, right) in [(&a, &b), (&b, &c), (&a, &a)] {
                let (one, other) = (Word::from(left.as_str()), Word::from(right.as_str()));
                prop_assert_eq!(one.as_str(), left);
                prop_assert_eq!(one == other, left == right);
                prop_assert_eq!(one.cmp(&other), left.cmp(right));
                prop_assert_eq!(format!("{one:?} {one}"), format!("{left:?} {left}"));
                let hash = |word: &Word| {
                    let mut state = OwnWords::default();
                    word.hash(&mut state);
                    state.finish()
                };
                prop_assert!(left != right || hash(&one) == hash(&other));
            }
        }
    }
}
