//! DKIM signatures (RFC 6376): relaxed/relaxed, over the whole body, with
//! ed25519-sha256 (RFC 8463), rsa-sha256 of 2048 bits or more (RFC 8301), or
//! both, since many receivers know only the second.

mod generate;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use sha2::{Digest as _, Sha256};

/// What a signature covers, where it is there: all that RFC 6376 §5.4.1 names
/// and this service sends, and what RFC 8058 wants.
const SIGNED: [&str; 15] = [
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "auto-submitted",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// What is named once more than it is there, so that nobody can put another one
/// on top that readers see instead (RFC 6376 §8.15).
const SEALED: [&str; 8] = [
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// Smallest RSA modulus in bytes: 2048 bits (RFC 8301 §3.2).
const RSA_MIN: usize = 256;

/// What stands before the key of RFC 8017 in a `SubjectPublicKeyInfo`
/// (RFC 5280 §4.1), between two lengths.
const RSA_ALGORITHM: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// Why there is no key to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DkimError {
    /// Neither a PKCS#8 key for ed25519 nor one for RSA of 2048 bits or more.
    #[error("not a PKCS#8 private key for ed25519, or for RSA of 2048 bits or more")]
    Key,
    /// Not the name of a domain or of a selector.
    #[error("a domain and a selector are letters, digits, hyphens and dots")]
    Name,
    /// The system gave no randomness.
    #[error("the system gives no randomness")]
    NoEntropy,
}

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DkimKind {
    /// ed25519-sha256 (RFC 8463): small, and unknown to many receivers.
    Ed25519,
    /// rsa-sha256 of 2048 bits, which every receiver can check.
    Rsa,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// A key that signs mail of a domain.
pub struct DkimKey {
    domain: String,
    selector: String,
    pair: Pair,
}

impl fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DkimKey({}._domainkey.{})", self.selector, self.domain)
    }
}

impl DkimKey {
    /// A new key, as PKCS#8. One for RSA takes up to some seconds.
    pub fn generate(kind: DkimKind) -> Result<Vec<u8>, DkimError> {
        match kind {
            DkimKind::Ed25519 => {
                let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
                Ok(made.map_err(|_| DkimError::NoEntropy)?.as_ref().to_vec())
            }
            DkimKind::Rsa => generate::rsa(),
        }
    }

    /// The key in a PKCS#8 document, for that domain under that selector.
    pub fn new(domain: &str, selector: &str, pkcs8: &[u8]) -> Result<Self, DkimError> {
        if !is_name(domain) || !is_name(selector) {
            return Err(DkimError::Name);
        }
        let pair = match Ed25519KeyPair::from_pkcs8(pkcs8) {
            Ok(pair) => Pair::Ed25519(pair),
            Err(_) => Pair::Rsa(Box::new(rsa(pkcs8)?)),
        };
        Ok(Self {
            domain: domain.to_ascii_lowercase(),
            selector: selector.to_ascii_lowercase(),
            pair,
        })
    }

    /// Where the record stands in the DNS.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// What the record says (RFC 6376 §3.6.1, RFC 8463 §4).
    pub fn record(&self) -> String {
        match &self.pair {
            Pair::Ed25519(pair) => {
                let key = BASE64.encode(pair.public_key());
                format!("v=DKIM1; k=ed25519; p={key}")
            }
            Pair::Rsa(pair) => {
                let key = BASE64.encode(public_key_info(pair.public_key().as_ref()));
                format!("v=DKIM1; k=rsa; p={key}")
            }
        }
    }

    /// Whether it signs by RSA, which every receiver can check.
    pub const fn is_rsa(&self) -> bool {
        matches!(self.pair, Pair::Rsa(_))
    }

    const fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ed25519(_) => "ed25519-sha256",
            Pair::Rsa(_) => "rsa-sha256",
        }
    }

    /// The signature header of a message, line end included; `at` is the time
    /// it names.
    pub fn sign(&self, message: &[u8], at: DateTime<Utc>) -> Result<String, DkimError> {
        let message = String::from_utf8_lossy(message);
        let (head, body) = message.split_once("\r\n\r\n").unwrap_or((&message, ""));
        let fields = fields(head);
        let mut covered = Vec::new();
        let mut input = String::new();
        for name in SIGNED {
            // The last one first (RFC 6376 §5.4.2).
            for (_, value) in fields.iter().rev().filter(|(field, _)| field == name) {
                covered.push(name);
                input.extend([name, ":", value.as_str(), "\r\n"]);
            }
            if SEALED.contains(&name) {
                covered.push(name);
            }
        }
        let hash = BASE64.encode(Sha256::digest(relaxed_body(body).as_bytes()));
        let unsigned = format!(
            "v=1; a={}; c=relaxed/relaxed; d={};\r\n s={}; t={};\r\n h={};\r\n bh={hash};\r\n b=",
            self.algorithm(),
            self.domain,
            self.selector,
            at.timestamp(),
            covered.join(":\r\n  "),
        );
        input.push_str("dkim-signature:");
        input.push_str(&relaxed_value(&unsigned));
        let signature = BASE64.encode(self.signature(input.as_bytes())?);
        Ok(format!(
            "DKIM-Signature: {unsigned}{}\r\n",
            folded(&signature)
        ))
    }

    fn signature(&self, input: &[u8]) -> Result<Vec<u8>, DkimError> {
        match &self.pair {
            // RFC 8463 §3: over the hash, not over the text.
            Pair::Ed25519(pair) => Ok(pair.sign(&Sha256::digest(input)).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    input,
                    &mut signature,
                )
                .map_err(|_| DkimError::NoEntropy)?;
                Ok(signature)
            }
        }
    }
}

fn rsa(pkcs8: &[u8]) -> Result<RsaKeyPair, DkimError> {
    let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| DkimError::Key)?;
    if pair.public().modulus_len() < RSA_MIN {
        return Err(DkimError::Key);
    }
    Ok(pair)
}

/// RFC 5280's form of a key of RFC 8017, as DKIM records hold it.
fn public_key_info(key: &[u8]) -> Vec<u8> {
    let bits = der(0x03, &[&[0], key].concat());
    der(0x30, &[&RSA_ALGORITHM[..], &bits].concat())
}

/// A value in DER: tag, length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut all = vec![tag];
    match significant.as_slice() {
        [] => all.push(0),
        [short] if *short < 0x80 => all.push(*short),
        long => {
            all.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            all.extend_from_slice(long);
        }
    }
    all.extend_from_slice(content);
    all
}

fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.len() <= 200 && text.split('.').all(label)
}

/// The fields of a header in order: name in small letters, value in its
/// relaxed form (RFC 6376 §3.4.2).
fn fields(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim_end().to_ascii_lowercase(), value.to_owned()));
        }
    }
    for (_, value) in &mut fields {
        *value = relaxed_value(value);
    }
    fields
}

/// Unfolded, white space in one blank, none at the ends.
fn relaxed_value(value: &str) -> String {
    let words = value.split([' ', '\t', '\r', '\n']);
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// White space within lines in one blank, none at their ends, no empty lines
/// at the end (RFC 6376 §3.4.4).
fn relaxed_body(body: &str) -> String {
    let mut lines: Vec<String> = body.split("\r\n").map(relaxed_line).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.into_iter().map(|line| line + "\r\n").collect()
}

fn relaxed_line(line: &str) -> String {
    let mut relaxed = String::with_capacity(line.len());
    let mut blank = false;
    for c in line.chars() {
        if matches!(c, ' ' | '\t') {
            blank = true;
        } else {
            if std::mem::take(&mut blank) {
                relaxed.push(' ');
            }
            relaxed.push(c);
        }
    }
    relaxed
}

/// In lines that a header may have.
fn folded(signature: &str) -> String {
    signature
        .as_bytes()
        .chunks(72)
        .map(|chunk| String::from_utf8_lossy(chunk).into_owned())
        .collect::<Vec<_>>()
        .join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6376 §3.4.5, the example of the canonical forms.
    #[test]
    fn the_relaxed_forms_are_those_of_the_standard() {
        let fields = fields("A: X\r\nB : Y\t\r\n\tZ  ");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields, [pair("a", "X"), pair("b", "Y Z")]);
        assert_eq!(relaxed_body(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
        assert_eq!(relaxed_body(""), "");
    }

    #[test]
    fn names_that_could_end_a_header_are_refused() {
        let pkcs8 = DkimKey::generate(DkimKind::Ed25519).unwrap();
        for bad in ["", "a b", "a\r\nb", "a;b", "a..b", "."] {
            assert_eq!(DkimKey::new(bad, "s", &pkcs8).err(), Some(DkimError::Name));
            assert_eq!(
                DkimKey::new("d.example", bad, &pkcs8).err(),
                Some(DkimError::Name)
            );
        }
        let garbage = DkimKey::new("d.example", "s", b"garbage").err();
        assert_eq!(garbage, Some(DkimError::Key));
    }
}
