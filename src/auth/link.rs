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
use crate::domain::ids::{AskId, PulseId, TicketId};

/// First byte of a link: the layout below, and that it names an ask.
const ASK: u8 = 1;
/// The same layout, naming a ticket.
const TICKET: u8 = 2;
/// The same layout, naming a pulse.
const PULSE: u8 = 3;
const ID_LENGTH: usize = 16;
const TIME_LENGTH: usize = 8;
const NONCE_LENGTH: usize = 16;
/// First byte, id, expiry (seconds since 1970, big-endian), nonce.
const SIGNED_LENGTH: usize = 1 + ID_LENGTH + TIME_LENGTH + NONCE_LENGTH;

/// What a link of an introduction's question says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkToken {
    /// The question it answers.
    pub ask: AskId,
    /// From when on it is void; whole seconds.
    pub expires_at: DateTime<Utc>,
}

/// What a link to a ticket says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketToken {
    /// The ticket it names.
    pub ticket: TicketId,
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
        self.sign(ASK, token.ask.uuid(), token.expires_at)
    }

    /// The text of a new link to a ticket.
    pub fn mint_ticket(&self, token: &TicketToken) -> Result<String, NoEntropy> {
        self.sign(TICKET, token.ticket.uuid(), token.expires_at)
    }

    /// The text of a new link to a pulse.
    pub fn mint_pulse(
        &self,
        pulse: PulseId,
        expires_at: DateTime<Utc>,
    ) -> Result<String, NoEntropy> {
        self.sign(PULSE, pulse.uuid(), expires_at)
    }

    /// Reads a link to a pulse; whether it still holds is the pulse's to say.
    pub fn parse_pulse(&self, text: &str) -> Option<PulseId> {
        self.open(PULSE, text).map(|(pulse, _)| pulse.into())
    }

    fn sign(&self, kind: u8, id: Uuid, expires_at: DateTime<Utc>) -> Result<String, NoEntropy> {
        let mut bytes = Vec::with_capacity(SIGNED_LENGTH + MAC_LENGTH);
        bytes.push(kind);
        bytes.extend_from_slice(id.as_bytes());
        bytes.extend_from_slice(&expires_at.timestamp().to_be_bytes());
        bytes.extend_from_slice(&random::<NONCE_LENGTH>()?);
        bytes.extend_from_slice(&self.key.sign(&bytes));
        Ok(BASE64URL.encode(bytes))
    }

    /// Reads a link that must still hold at `now`.
    pub fn parse(&self, text: &str, now: DateTime<Utc>) -> Result<LinkToken, LinkError> {
        let (ask, expires_at) = self.open(ASK, text).ok_or(LinkError::Invalid)?;
        let token = LinkToken {
            ask: ask.into(),
            expires_at,
        };
        if now >= token.expires_at {
            return Err(LinkError::Expired(token));
        }
        Ok(token)
    }

    /// Reads a link to a ticket; whether it still holds is the ticket's to say.
    pub fn parse_ticket(&self, text: &str) -> Option<TicketToken> {
        let (ticket, expires_at) = self.open(TICKET, text)?;
        Some(TicketToken {
            ticket: ticket.into(),
            expires_at,
        })
    }

    /// What a link of that kind says, if it is one of ours.
    fn open(&self, kind: u8, text: &str) -> Option<(Uuid, DateTime<Utc>)> {
        let bytes = BASE64URL.decode(text).ok()?;
        let (signed, mac) = bytes.split_at_checked(SIGNED_LENGTH)?;
        self.key.verify(signed, mac).then_some(())?;
        let (first, rest) = signed.split_first()?;
        let (id, rest) = rest.split_first_chunk::<ID_LENGTH>()?;
        let (seconds, _nonce) = rest.split_first_chunk::<TIME_LENGTH>()?;
        (*first == kind).then_some(())?;
        let expires_at = DateTime::from_timestamp(i64::from_be_bytes(*seconds), 0)?;
        Some((Uuid::from_bytes(*id), expires_at))
    }
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
    fn a_link_to_a_ticket_answers_no_question_and_the_reverse() {
        let links = links();
        let ticket = TicketToken {
            ticket: Uuid::from_u128(7).into(),
            expires_at: token().expires_at,
        };
        let text = links.mint_ticket(&ticket).unwrap();
        assert_eq!(links.parse_ticket(&text), Some(ticket));
        assert_eq!(links.parse(&text, before()), Err(LinkError::Invalid));
        let ask = links.mint(&token()).unwrap();
        assert_eq!(links.parse_ticket(&ask), None);
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
