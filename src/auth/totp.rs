//! Time-based one-time codes (RFC 6238) as every authenticator app makes them:
//! SHA-1, 30 seconds, six digits.

use std::fmt;

use chrono::{DateTime, Utc};
use ring::hmac;
use zeroize::Zeroizing;

use super::{NoEntropy, random};

/// Seconds of one step.
const STEP: i64 = 30;
/// Digits of a code.
const DIGITS: u32 = 6;
/// Steps before and after the present one whose codes are taken: clocks
/// differ, and people type slowly.
const WINDOW: i64 = 1;
/// 160 bits, as RFC 4226 §4 recommends.
const LENGTH: usize = 20;
/// RFC 4648 §6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The bytes are not a secret of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a one-time code's secret")]
pub struct InvalidSecret;

/// What a person's app and this service share.
pub struct TotpSecret(Zeroizing<[u8; LENGTH]>);

impl TotpSecret {
    /// A new one.
    pub fn generate() -> Result<Self, NoEntropy> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    /// Reads the bytes as [`Self::as_bytes`] gave them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSecret> {
        let bytes = bytes.try_into().map_err(|_| InvalidSecret)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The bytes, to be sealed and stored.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// As people type it into an app that can't read pictures.
    pub fn to_base32(&self) -> String {
        base32(self.as_bytes())
    }

    /// The address that an app reads from a picture (Key URI Format).
    pub fn uri(&self, service: &str, account: &str) -> String {
        format!(
            "otpauth://totp/{service}:{}?secret={}&issuer={service}",
            encoded(account),
            self.to_base32()
        )
    }

    /// The step whose code `typed` is, if it is one around `now` and later
    /// than `after`, the last one taken.
    pub fn check(&self, typed: &str, now: DateTime<Utc>, after: i64) -> Option<i64> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let six = typed.len() == 6 && typed.bytes().all(|b| b.is_ascii_digit());
        let typed = six.then(|| typed.parse::<u32>().ok()).flatten()?;
        let step = now.timestamp().div_euclid(STEP);
        let mut found = None;
        for candidate in step - WINDOW..=step + WINDOW {
            if hotp(self.as_bytes(), candidate, DIGITS) == typed && candidate > after {
                found = Some(candidate);
            }
        }
        found
    }

    /// The code of an instant, as the app shows it.
    pub fn code_at(&self, at: DateTime<Utc>) -> String {
        let step = at.timestamp().div_euclid(STEP);
        format!("{:06}", hotp(self.as_bytes(), step, DIGITS))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// RFC 4226 §5.3, with the step as counter.
fn hotp(secret: &[u8], step: i64, digits: u32) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or(0) & 0x0f);
    let four = bytes
        .get(offset..offset + 4)
        .and_then(|four| <[u8; 4]>::try_from(four).ok())
        .unwrap_or_default();
    (u32::from_be_bytes(four) & 0x7fff_ffff) % 10_u32.pow(digits)
}

/// RFC 4648 §6 without padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(digit((buffer >> bits) & 31));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(digit((buffer << (5 - bits)) & 31));
    }
    text
}

fn digit(value: u32) -> char {
    let place = usize::try_from(value).unwrap_or(0);
    BASE32.get(place).map_or('A', |digit| char::from(*digit))
}

/// Percent-encoded as a path segment, everything but the unreserved.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;

    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Ten new recovery codes of 80 bits, as people keep them:
/// `abcd-efgh-ijkl-mnop`.
pub fn recovery_codes() -> Result<Vec<String>, NoEntropy> {
    (0..10)
        .map(|_| {
            let text = base32(&random::<10>()?).to_lowercase();
            let groups: Vec<&str> = [0..4, 4..8, 8..12, 12..16]
                .into_iter()
                .filter_map(|group| text.get(group))
                .collect();
            Ok(groups.join("-"))
        })
        .collect()
}

/// A recovery code as typed, in the one form that is hashed.
pub fn recovery_form(typed: &str) -> String {
    typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn rfc_secret() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238_appendix_b() {
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000_i64, 65_353_130),
        ] {
            let step = seconds / STEP;
            assert_eq!(hotp(b"12345678901234567890", step, 8), code, "{seconds}");
        }
    }

    #[test]
    fn the_codes_are_those_of_rfc_4226_appendix_d() {
        let codes = (0..10).map(|count| hotp(b"12345678901234567890", count, 6));
        let expected = [
            755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871,
            520_489,
        ];
        assert!(codes.eq(expected));
    }

    #[test]
    fn one_step_before_and_after_is_taken_and_no_more() {
        let secret = rfc_secret();
        let now = at(1_234_567_890);
        for (away, taken) in [
            (-60, false),
            (-30, true),
            (0, true),
            (30, true),
            (60, false),
        ] {
            let code = secret.code_at(at(1_234_567_890 + away));
            assert_eq!(secret.check(&code, now, 0).is_some(), taken, "{away}");
        }
    }

    #[test]
    fn a_code_is_taken_once_and_none_before_it_after_that() {
        let secret = rfc_secret();
        let now = at(1_234_567_890);
        let taken = secret.check(&secret.code_at(now), now, 0).unwrap();
        assert_eq!(secret.check(&secret.code_at(now), now, taken), None);
        assert_eq!(
            secret.check(&secret.code_at(at(1_234_567_860)), now, taken),
            None
        );
        let next = secret.code_at(at(1_234_567_920));
        assert_eq!(secret.check(&next, now, taken), Some(taken + 1));
    }

    #[test]
    fn codes_may_be_typed_with_spaces_but_not_short_or_long() {
        let secret = rfc_secret();
        let now = at(1_234_567_890);
        let code = secret.code_at(now);
        let (one, other) = code.split_at(3);
        assert!(secret.check(&format!(" {one} {other} "), now, 0).is_some());
        for wrong in ["", one, &format!("{code}0")] {
            assert_eq!(secret.check(wrong, now, 0), None);
        }
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        let pairs = [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ];
        for (plain, encoded) in pairs {
            assert_eq!(base32(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn the_uri_is_one_that_apps_read() {
        assert_eq!(
            rfc_secret().uri("Corridor", "dana@tamar.example"),
            "otpauth://totp/Corridor:dana%40tamar.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Corridor"
        );
    }

    #[test]
    fn recovery_codes_differ_and_are_read_however_typed() {
        let codes = recovery_codes().unwrap();
        assert_eq!(codes.len(), 10);
        let different: std::collections::BTreeSet<_> = codes.iter().collect();
        assert_eq!(different.len(), 10);
        let typed = format!(" {} ", codes[0].to_uppercase().replace('-', " "));
        assert_eq!(recovery_form(&typed), recovery_form(&codes[0]));
        assert_eq!(recovery_form(&codes[0]).len(), 16);
    }

    #[test]
    fn a_secret_is_never_printed() {
        assert_eq!(format!("{:?}", rfc_secret()), "TotpSecret(…)");
    }
}
