//! Opaque tokens: random texts that mean something only to the store, which
//! keeps their hash. They are long enough that a fast hash is the right one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{NoEntropy, random};

/// Random bytes of a token: 256 bits.
const LENGTH: usize = 32;

/// A token that was just made: shown once, kept as its hash.
pub struct Opaque(Zeroizing<String>);

impl Opaque {
    /// A new one, `prefix` before 43 characters that need no escaping in a URL.
    pub fn generate(prefix: &str) -> Result<Self, NoEntropy> {
        let bytes = Zeroizing::new(random::<LENGTH>()?);
        let text = Zeroizing::new(BASE64URL.encode(bytes.as_slice()));
        Ok(Self(Zeroizing::new(format!("{prefix}{}", text.as_str()))))
    }

    /// The text, for the one answer that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the store keeps.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opaque(…)")
    }
}

/// What the store keeps of a token that came.
pub fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// A text that stands for another one and can't be read back, in 43 characters.
pub fn fingerprint(text: &str) -> String {
    BASE64URL.encode(hash(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_found_by_their_hash() {
        let (one, other) = (
            Opaque::generate("x_").unwrap(),
            Opaque::generate("x_").unwrap(),
        );
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.hash(), hash(one.expose()));
        assert_eq!(one.expose().len(), 2 + 43);
    }

    #[test]
    fn a_token_is_never_printed() {
        let token = Opaque::generate("x_").unwrap();
        assert_eq!(format!("{token:?}"), "Opaque(…)");
    }
}
