//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07, expired;
//! the common practice): the key a caller gives to a request that it may have
//! to repeat, and the fingerprint that tells a repetition from a new request.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderName;
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::problem::{Kind, Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The key, if one came: 8–255 visible ASCII characters, without the quotes
/// of the header. A bad one is 400, not "none".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Option<String>);

impl IdempotencyKey {
    /// The key, if one came.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut lines = request.headers().get_all(IDEMPOTENCY_KEY);
        let key = match (lines.next(), lines.next()) {
            (None, _) => Ok(None),
            (Some(line), None) => line.to_str().ok().and_then(read).map(Some).ok_or(()),
            (Some(_), Some(_)) => Err(()),
        };
        ready(key.map(Self).map_err(|()| {
            Problem::new(Kind::BadHeader)
                .detail("Idempotency-Key is one text of 8–255 visible ASCII characters.")
        }))
    }
}

/// A structured-field String (RFC 9651 §3.3.3), or the bare text.
fn read(value: &str) -> Option<String> {
    let value = value.trim();
    let key = match value.strip_prefix('"') {
        Some(rest) => unescape(rest.strip_suffix('"')?)?,
        None => value.to_owned(),
    };
    let sane = (8..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    sane.then_some(key)
}

fn unescape(text: &str) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => key.push(characters.next().filter(|c| matches!(c, '"' | '\\'))?),
            '"' => return None,
            other => key.push(other),
        }
    }
    Some(key)
}

/// SHA-256 of method, path and body. A JSON body counts as what it means: the
/// order of its fields and its white space don't matter.
pub fn fingerprint(request: &HttpRequest, body: &[u8]) -> [u8; 32] {
    let (method, path) = (request.method().as_str(), request.path());
    match serde_json::from_slice::<Value>(body) {
        Ok(document) => fingerprint_of(method, path, &document),
        Err(_) => hashed(method, path, body),
    }
}

/// [`fingerprint`] of a document that is sent there, or might have been.
pub fn fingerprint_of(method: &str, path: &str, document: &Value) -> [u8; 32] {
    hashed(method, path, canonical(document).as_bytes())
}

fn hashed(method: &str, path: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [method, path] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.update(body);
    hash.finalize().into()
}

/// `document` with the fields of every object in order and no white space.
fn canonical(document: &Value) -> String {
    match document {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields = fields.into_iter().map(|(name, value)| {
                format!("{}:{}", Value::from(name.as_str()), canonical(value))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        simple => simple.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn keys_come_quoted_or_bare() {
        assert_eq!(read("\"8e03978e-40d5\"").as_deref(), Some("8e03978e-40d5"));
        assert_eq!(read(" 8e03978e-40d5 ").as_deref(), Some("8e03978e-40d5"));
        assert_eq!(read(r#""a\"b\\cdefg""#).as_deref(), Some("a\"b\\cdefg"));
        let long = "k".repeat(256);
        for bad in [
            "short",
            "",
            "\"unclosed-key",
            "has space in it",
            "\"a\"b\"cdefgh\"",
            &long,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_fingerprint_sees_meaning_not_spelling() {
        let post = |path: &str| TestRequest::post().uri(path).to_http_request();
        let one = fingerprint(&post("/v1/a"), br#"{"a":1,"b":{"d":[1,2],"c":"x"}}"#);
        let same = fingerprint(&post("/v1/a"), br#" {"b":{"c":"x","d":[1, 2]},"a":1}"#);
        assert_eq!(one, same);
        let others = [
            fingerprint(&post("/v1/a"), br#"{"a":1,"b":{"d":[2,1],"c":"x"}}"#),
            fingerprint(&post("/v1/b"), br#"{"a":1,"b":{"d":[1,2],"c":"x"}}"#),
            fingerprint(&TestRequest::put().uri("/v1/a").to_http_request(), b"{}"),
            fingerprint(&post("/v1/a"), b"not json"),
        ];
        assert!(others.iter().all(|other| *other != one));
    }
}
