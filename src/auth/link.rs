//! Signed links: what an e-mail carries so that somebody without an account
//! can answer one question.
//!
//! A link proves that this service sent it and until when it holds. That it is
//! used once is the store's business, which marks the question as answered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::secret::{MAC_LENGTH, MacKey};
use super::{NoEntropy, random};
use crate::domain::ids::AskId;

/// First byte of every link: the layout below.
const VERSION: u8 = 1;
const ID_LENGTH: usize = 16;
const TIME_LENGTH: usize = 8;
const NONCE_LENGTH: usize = 16;
/// Version, ask, expiry (seconds since 1970, big-endian), nonce.
const SIGNED_LENGTH: usize = 1 + ID_LENGTH + TIME_LENGTH + NONCE_LENGTH;

/// What a link of an introduction's question says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkToken {
    /// The question it answers.
    pub ask: AskId,
    /// From when on it is void; whole seconds.
    pub expires_at: DateTime<Utc>,
}

/// Why a link opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not one of ours, or changed on the way.
    #[error("the link is not valid")]
    Invalid,
    /// Ours, but too late. The content is known to be genuine, so that the
    /// page can say so in the reader's language.
    #[error("the link has expired")]
    Expired(LinkToken),
}

/// Signs and checks links.
#[derive(Debug, Clone)]
pub struct Links {
    key: MacKey,
}

impl Links {
    /// Links signed with `key`, see [`super::secret::MasterSecret::link_key`].
    pub fn new(key: MacKey) -> Self {
        Self { key }
    }

    /// The text of a new link, 98 characters that need no escaping in a URL.
    /// Two links to the same question differ.
    pub fn mint(&self, token: &LinkToken) -> Result<String, NoEntropy> {
        let mut bytes = Vec::with_capacity(SIGNED_LENGTH + MAC_LENGTH);
        bytes.push(VERSION);
        bytes.extend_from_slice(token.ask.uuid().as_bytes());
        bytes.extend_from_slice(&token.expires_at.timestamp().to_be_bytes());
        bytes.extend_from_slice(&random::<NONCE_LENGTH>()?);
        bytes.extend_from_slice(&self.key.sign(&bytes));
        Ok(BASE64URL.encode(bytes))
    }

    /// Reads a link that must still hold at `now`.
    pub fn parse(&self, text: &str, now: DateTime<Utc>) -> Result<LinkToken, LinkError> {
        let bytes = BASE64URL.decode(text).map_err(|_| LinkError::Invalid)?;
        let (signed, mac) = bytes
            .split_at_checked(SIGNED_LENGTH)
            .ok_or(LinkError::Invalid)?;
        if !self.key.verify(signed, mac) {
            return Err(LinkError::Invalid);
        }
        let token = read(signed).ok_or(LinkError::Invalid)?;
        if now >= token.expires_at {
            return Err(LinkError::Expired(token));
        }
        Ok(token)
    }
}

fn read(signed: &[u8]) -> Option<LinkToken> {
    let (version, rest) = signed.split_first()?;
    let (ask, rest) = rest.split_first_chunk::<ID_LENGTH>()?;
    let (seconds, _nonce) = rest.split_first_chunk::<TIME_LENGTH>()?;
    (*version == VERSION).then_some(())?;
    Some(LinkToken {
        ask: Uuid::from_bytes(*ask).into(),
        expires_at: DateTime::from_timestamp(i64::from_be_bytes(*seconds), 0)?,
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::auth::secret::MasterSecret;

    fn links() -> Links {
        Links::new(MasterSecret::generate().unwrap().link_key())
    }

    fn token() -> LinkToken {
        LinkToken {
            ask: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001).into(),
            expires_at: DateTime::from_timestamp(1_900_000_000, 0).unwrap(),
        }
    }

    fn before() -> DateTime<Utc> {
        token().expires_at - TimeDelta::seconds(1)
    }

    #[test]
    fn a_link_says_what_was_put_in() {
        let links = links();
        let text = links.mint(&token()).unwrap();
        assert_eq!(text.len(), 98);
        assert!(
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert_eq!(links.parse(&text, before()), Ok(token()));
    }

    #[test]
    fn a_link_is_void_from_its_expiry_on() {
        let links = links();
        let text = links.mint(&token()).unwrap();
        assert_eq!(
            links.parse(&text, token().expires_at),
            Err(LinkError::Expired(token()))
        );
    }

    #[test]
    fn two_links_to_one_question_differ() {
        let links = links();
        assert_ne!(links.mint(&token()).unwrap(), links.mint(&token()).unwrap());
    }

    #[test]
    fn a_change_of_any_byte_is_noticed() {
        let links = links();
        let bytes = BASE64URL.decode(links.mint(&token()).unwrap()).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(
                links.parse(&BASE64URL.encode(&changed), before()),
                Err(LinkError::Invalid),
                "byte {at}"
            );
            assert_eq!(
                links.parse(&BASE64URL.encode(&bytes[..at]), before()),
                Err(LinkError::Invalid)
            );
        }
    }

    #[test]
    fn a_link_of_another_installation_opens_nothing() {
        let text = links().mint(&token()).unwrap();
        assert_eq!(links().parse(&text, before()), Err(LinkError::Invalid));
    }

    #[test]
    fn a_key_for_another_purpose_signs_no_links() {
        let secret = MasterSecret::generate().unwrap();
        let text = Links::new(secret.cursor_key()).mint(&token()).unwrap();
        assert_eq!(
            Links::new(secret.link_key()).parse(&text, before()),
            Err(LinkError::Invalid)
        );
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["", "é", "====", &"A".repeat(98), &"A".repeat(10_000)] {
            assert_eq!(links().parse(text, before()), Err(LinkError::Invalid));
        }
    }
}
