//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07, expired;
//! the common practice): the key a caller gives to a request that it may have
//! to repeat, and the fingerprint that tells a repetition from a new request.

use std::future::{Ready, ready};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderName, HeaderValue};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::problem::{Kind, Problem};
use crate::services::{Context, Telling, keep_told};

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

/// The longest answer that is kept to be told again; of a longer one a repetition
/// is told what is on record then.
const LONGEST: usize = 65_536;

/// Keeps what is answered to a request that made or moved something under a key,
/// and answers a repetition word for word the same, whatever became of the record
/// since. Whether the caller may still read it was asked before: by the use case,
/// up front or as it found the record again, which also withholds the words of the
/// first time where they name a counterpart that is kept from the caller by now.
/// What bears a secret (`no-store`) is never kept.
pub async fn tell_again(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let telling = answer.request().extensions().get::<Telling>().cloned();
    let Some(telling) = telling.filter(|_| answer.status().is_success()) else {
        return answer;
    };
    let (request, response) = answer.into_parts();
    let response = if let Some(told) = telling.told() {
        as_told(response, &told.text)
    } else if telling.is_untold() && !response.headers().contains_key(CACHE_CONTROL) {
        kept(&request, response, &telling).await
    } else {
        response
    };
    ServiceResponse::new(request, response)
}

/// The answer with the version and words of the first time, a line for each.
fn as_told(mut response: HttpResponse, told: &str) -> HttpResponse {
    let Some((version, body)) = told.split_once('\n') else {
        return response;
    };
    if let Ok(version) = HeaderValue::from_str(version)
        && !version.is_empty()
    {
        response.headers_mut().insert(ETAG, version);
    }
    response.set_body(BoxBody::new(body.to_owned()))
}

async fn kept(request: &HttpRequest, response: HttpResponse, telling: &Telling) -> HttpResponse {
    let (response, body) = response.into_parts();
    let body: Bytes = match body.try_into_bytes() {
        Ok(body) => body,
        // It comes piece by piece.
        Err(body) => return response.set_body(body),
    };
    let version = response.headers().get(ETAG);
    let version = version.and_then(|it| it.to_str().ok()).unwrap_or_default();
    if let (Some(context), Ok(text)) = (
        request.app_data::<Data<Context>>(),
        std::str::from_utf8(&body),
    ) && text.len() <= LONGEST
    {
        let told = format!("{version}\n{text}");
        if let Err(error) = keep_told(context, telling, told).await {
            tracing::warn!(%error, "an answer is not kept to be told again");
        }
    }
    response.set_body(BoxBody::new(body))
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
