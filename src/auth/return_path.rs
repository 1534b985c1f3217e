//! Where mail comes back to (variable envelope return paths): each message has
//! a sender address of its own, which names the message and proves that this
//! service wrote it. A notice that comes back to such an address is known by
//! the address alone, whatever its text claims.
//!
//! `bounces+<id and MAC in base32>@domain`: 42 characters beside the
//! configured address, of which a local part may have 64 (RFC 5321 §4.5.3.1.1).
//! Base32, since mail systems on the way may change upper and lower case.

use super::secret::{MAC_LENGTH, MacKey};
use super::totp::base32;
use crate::domain::ids::OutboxId;

/// Octets of the MAC that are kept: 80 bits, the least that RFC 2104 §5 asks
/// for.
const MAC_KEPT: usize = 10;
const ID_LENGTH: usize = 16;
/// Characters of the token.
const TOKEN_LENGTH: usize = 42;
/// Between the configured local part and the token.
const SEPARATOR: char = '+';
/// Longest local part of an address (RFC 5321 §4.5.3.1.1).
const LOCAL_MAX: usize = 64;

/// Longest local part of the configured address, in octets.
pub const OWN_LOCAL_MAX: usize = LOCAL_MAX - TOKEN_LENGTH - 1;

/// What an address that mail came back to proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// This message came back.
    Message(OutboxId),
    /// It has the form of such an address, but this service didn't write it.
    Forged,
    /// Another address altogether.
    Other,
}

/// The address is no place for mail to come back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address whose part before the @ has at most {OWN_LOCAL_MAX} characters")]
pub struct InvalidReturnPath;

/// Writes and checks the addresses that mail comes back to.
#[derive(Debug, Clone)]
pub struct ReturnPaths {
    key: MacKey,
    local: String,
    domain: String,
}

impl ReturnPaths {
    /// Addresses under `address`, signed with `key`; see
    /// [`super::secret::MasterSecret::return_path_key`].
    pub fn new(key: MacKey, address: &str) -> Result<Self, InvalidReturnPath> {
        let (local, domain) = address.rsplit_once('@').ok_or(InvalidReturnPath)?;
        let fits = (1..=OWN_LOCAL_MAX).contains(&local.len()) && !domain.is_empty();
        fits.then(|| Self {
            key,
            local: local.to_owned(),
            domain: domain.to_owned(),
        })
        .ok_or(InvalidReturnPath)
    }

    /// Where that message comes back to; always the same for one message.
    pub fn address(&self, message: OutboxId) -> String {
        let mut token = message.uuid().as_bytes().to_vec();
        token.extend(self.mac(message));
        let token = base32(&token).to_ascii_lowercase();
        format!("{}{SEPARATOR}{token}@{}", self.local, self.domain)
    }

    /// What an address proves, upper and lower case alike.
    pub fn read(&self, address: &str) -> Returned {
        let Some(token) = self.token(address) else {
            return Returned::Other;
        };
        let read = || {
            let bytes = from_base32(token)?;
            let (id, mac) = bytes.split_first_chunk::<ID_LENGTH>()?;
            let message = OutboxId::from(uuid::Uuid::from_bytes(*id));
            // As long as anybody looks: all octets are compared.
            let pairs = self.mac(message).into_iter().zip(mac);
            let differs = pairs.fold(0, |differs, (ours, theirs)| differs | (ours ^ theirs));
            (mac.len() == MAC_KEPT && differs == 0).then_some(message)
        };
        read().map_or(Returned::Forged, Returned::Message)
    }

    /// What stands for a token in an address of ours.
    fn token<'a>(&self, address: &'a str) -> Option<&'a str> {
        let (local, domain) = address.trim_matches(['<', '>']).rsplit_once('@')?;
        let (own, token) = local.split_once(SEPARATOR)?;
        let is_ours =
            own.eq_ignore_ascii_case(&self.local) && domain.eq_ignore_ascii_case(&self.domain);
        is_ours.then_some(token)
    }

    fn mac(&self, message: OutboxId) -> [u8; MAC_KEPT] {
        let whole: [u8; MAC_LENGTH] = self.key.sign(message.uuid().as_bytes());
        let (kept, _) = whole
            .split_first_chunk::<MAC_KEPT>()
            .unwrap_or((&[0; MAC_KEPT], &[]));
        *kept
    }
}

/// The octets of a token (RFC 4648 §6, without padding), if it is one.
fn from_base32(token: &str) -> Option<Vec<u8>> {
    if token.len() != TOKEN_LENGTH {
        return None;
    }
    let mut bytes = Vec::with_capacity(ID_LENGTH + MAC_KEPT);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for digit in token.bytes() {
        let value = match digit.to_ascii_lowercase() {
            letter @ b'a'..=b'z' => letter - b'a',
            number @ b'2'..=b'7' => number - b'2' + 26,
            _ => return None,
        };
        held = (held << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    // What is left over says nothing, so it must be nothing: else one message
    // had several addresses.
    (held == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::auth::secret::MasterSecret;

    fn paths() -> ReturnPaths {
        let key = MasterSecret::generate().unwrap().return_path_key();
        ReturnPaths::new(key, "bounces@corridor.example").unwrap()
    }

    #[test]
    fn the_longest_address_fits_a_local_part() {
        let key = || MasterSecret::generate().unwrap().return_path_key();
        let longest = format!("{}@corridor.example", "b".repeat(OWN_LOCAL_MAX));
        let paths = ReturnPaths::new(key(), &longest).unwrap();
        let address = paths.address(Uuid::now_v7().into());
        assert_eq!(address.find('@'), Some(LOCAL_MAX));
        for address in ["nowhere", "@b", "b@", &format!("b{longest}")] {
            assert!(ReturnPaths::new(key(), address).is_err(), "{address}");
        }
    }

    #[test]
    fn an_address_of_another_installation_is_forged_and_any_other_is_none_of_ours() {
        let message = Uuid::now_v7().into();
        let ours = ReturnPaths::new(
            MasterSecret::generate().unwrap().return_path_key(),
            "bounces@corridor.example",
        )
        .unwrap();
        let theirs = ReturnPaths::new(
            MasterSecret::generate().unwrap().return_path_key(),
            "bounces@corridor.example",
        )
        .unwrap();
        assert_eq!(ours.read(&theirs.address(message)), Returned::Forged);
        for address in [
            "",
            "bounces@corridor.example",
            "dana+x@corridor.example",
            "bounces+x@b",
        ] {
            assert_eq!(ours.read(address), Returned::Other, "{address}");
        }
        for token in [
            "",
            "é",
            "1",
            &"a".repeat(42),
            &"z".repeat(42),
            &"a".repeat(1_000),
        ] {
            let address = format!("bounces+{token}@corridor.example");
            assert_eq!(ours.read(&address), Returned::Forged, "{address}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_whatever_becomes_of_its_case(id: u128, upper: bool) {
            let message = OutboxId::from(Uuid::from_u128(id));
            let paths = paths();
            let address = paths.address(message);
            prop_assert!(address.find('@').unwrap() <= LOCAL_MAX);
            prop_assert!(address.parse::<crate::domain::text::Email>().is_ok());
            let address = if upper { address.to_uppercase() } else { address };
            prop_assert_eq!(paths.read(&address), Returned::Message(message));
            prop_assert_eq!(paths.read(&format!("<{address}>")), Returned::Message(message));
        }

        #[test]
        fn a_change_of_any_character_is_noticed(id: u128, at in 0..TOKEN_LENGTH, to in "[a-z2-7]") {
            let paths = paths();
            let address = paths.address(Uuid::from_u128(id).into());
            let at = "bounces+".len() + at;
            let changed = format!("{}{to}{}", &address[..at], &address[at + 1..]);
            prop_assume!(changed != address);
            prop_assert_eq!(paths.read(&changed), Returned::Forged);
        }
    }
}
