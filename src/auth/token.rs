//! Access tokens: JWTs by RFC 9068 with the care of RFC 8725, signed with
//! Ed25519.
//!
//! Only the signature is left to `jsonwebtoken`. Its own claim checks read the
//! system's clock and leave gaps (60 s leeway, no `nbf`, no `typ`), so the
//! claims are checked here, all of them, against the caller's clock.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use quick_cache::sync::Cache;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keys::KeyRing;

/// The only `typ` that is issued (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";
/// Its long form, equally valid (RFC 7515 §4.1.9).
const TYPE_LONG: &str = "application/at+jwt";
/// Longer texts are refused unread; ours have about 600 characters.
const MAX_LENGTH: usize = 4096;
/// Tokens that are known again, a few hundred bytes each.
const SEEN: usize = 4096;
/// The greatest difference of clocks that may be configured.
const MAX_LEEWAY: Duration = Duration::from_secs(30);

/// What a token says, beside issuer and audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Whose rights it carries: a user's id, or a client's.
    pub subject: String,
    /// To which client it was issued.
    pub client_id: String,
    /// Its own id, by which it can be revoked.
    pub id: Uuid,
    /// When it was issued; whole seconds.
    pub issued_at: DateTime<Utc>,
    /// From when on it is void; whole seconds.
    pub expires_at: DateTime<Utc>,
    /// Space-separated scopes, where it is limited to some (RFC 6749 §3.3).
    pub scope: Option<String>,
}

/// Why a token is not accepted. A client is told `invalid_token` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a JWT, or its parts have the wrong form.
    #[error("the token is malformed")]
    Malformed,
    /// Signed with anything but `EdDSA`.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// Not an access token.
    #[error("the token's type is not at+jwt")]
    Type,
    /// A header that would have us fetch, trust or understand something
    /// (`jku`, `jwk`, `x5u`, `x5c`, `crit`): we issue none of them.
    #[error("the token has a header that isn't allowed")]
    Header,
    /// Names no key, or none that is honoured.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The signature does not belong to it.
    #[error("the token's signature is wrong")]
    Signature,
    /// A required claim is absent or empty.
    #[error("the token has no {0}")]
    Missing(&'static str),
    /// Issued by somebody else.
    #[error("the token is another issuer's")]
    Issuer,
    /// Meant for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// Too late.
    #[error("the token has expired")]
    Expired,
    /// Too early (`nbf`, or issued in the future).
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// The token could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token could not be signed")]
pub struct IssueError;

/// Issues and checks this service's access tokens.
#[derive(Debug)]
pub struct Tokens {
    keys: KeyRing,
    issuer: String,
    audience: String,
    leeway: i64,
    /// Tokens whose signature, issuer and audience were found right: the same
    /// token comes with every request of a session, and its signature costs
    /// more to check than a record to read.
    seen: Cache<Digest, Times>,
}

/// The SHA-256 of a token, by which it is known again: the token itself is not
/// kept.
type Digest = [u8; SHA256_OUTPUT_LEN];

/// What a genuine token says, and between which seconds it is valid.
#[derive(Debug, Clone)]
struct Times {
    claims: Claims,
    not_before: i64,
}

impl Tokens {
    /// Tokens of `issuer` (its URL) for `audience`. `leeway` is how far the
    /// clocks of two nodes may differ, in whole seconds, at most 30.
    pub fn new(keys: KeyRing, issuer: String, audience: String, leeway: Duration) -> Self {
        Self {
            keys,
            issuer,
            audience,
            leeway: i64::try_from(leeway.min(MAX_LEEWAY).as_secs()).unwrap_or(0),
            seen: Cache::new(SEEN),
        }
    }

    /// The keys, for the published set.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Signs `claims` with the active key.
    pub fn issue(&self, claims: &Claims) -> Result<String, IssueError> {
        let key = self.keys.active();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.public().kid().to_owned());
        let wire = WireClaims {
            iss: Some(self.issuer.clone()),
            aud: Some(Audience::One(self.audience.clone())),
            sub: Some(claims.subject.clone()),
            client_id: Some(claims.client_id.clone()),
            jti: Some(claims.id.to_string()),
            iat: Some(claims.issued_at.timestamp()),
            exp: Some(claims.expires_at.timestamp()),
            nbf: None,
            scope: claims.scope.clone(),
        };
        jsonwebtoken::encode(&header, &wire, key.encoding()).map_err(|_| IssueError)
    }

    /// What `token` says, if it is genuine, meant for us and valid at `now`.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        if token.len() > MAX_LENGTH {
            return Err(TokenError::Malformed);
        }
        let digest = digest(&SHA256, token.as_bytes());
        let digest: Digest = (digest.as_ref().try_into()).map_err(|_| TokenError::Malformed)?;
        let read = || self.read(token);
        let genuine = self.seen.get_or_insert_with(&digest, read)?;
        let now = now.timestamp();
        let Times { claims, not_before } = genuine;
        if now >= claims.expires_at.timestamp().saturating_add(self.leeway) {
            return Err(TokenError::Expired);
        }
        if now.saturating_add(self.leeway) < not_before {
            return Err(TokenError::NotYetValid);
        }
        Ok(claims)
    }

    /// What `token` says, if it is genuine and meant for us, at whatever time.
    fn read(&self, token: &str) -> Result<Times, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        check_header(&header)?;
        let key = header
            .kid
            .and_then(|kid| self.keys.find(&kid))
            .ok_or(TokenError::UnknownKey)?;
        let wire = jsonwebtoken::decode::<WireClaims>(token, key.decoding(), &signature_only())
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => TokenError::Signature,
                ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
                _ => TokenError::Malformed,
            })?
            .claims;
        self.check_claims(wire)
    }

    fn check_claims(&self, wire: WireClaims) -> Result<Times, TokenError> {
        if required(wire.iss, "iss")? != self.issuer {
            return Err(TokenError::Issuer);
        }
        if !wire
            .aud
            .ok_or(TokenError::Missing("aud"))?
            .names(&self.audience)
        {
            return Err(TokenError::Audience);
        }
        let subject = required(wire.sub, "sub")?;
        let client_id = required(wire.client_id, "client_id")?;
        let id = required(wire.jti, "jti")?;
        let issued_at = wire.iat.ok_or(TokenError::Missing("iat"))?;
        let expires_at = wire.exp.ok_or(TokenError::Missing("exp"))?;
        Ok(Times {
            claims: Claims {
                subject,
                client_id,
                id: Uuid::try_parse(&id).map_err(|_| TokenError::Malformed)?,
                issued_at: instant(issued_at)?,
                expires_at: instant(expires_at)?,
                scope: wire.scope,
            },
            not_before: wire.nbf.map_or(issued_at, |nbf| nbf.max(issued_at)),
        })
    }
}

/// The header is read before the signature is checked: it may refuse, and
/// choose among our own keys, and nothing more.
fn check_header(header: &Header) -> Result<(), TokenError> {
    if header.alg != Algorithm::EdDSA {
        return Err(TokenError::Algorithm);
    }
    let is_access_token = header
        .typ
        .as_deref()
        .is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE) || typ.eq_ignore_ascii_case(TYPE_LONG));
    if !is_access_token {
        return Err(TokenError::Type);
    }
    let points_elsewhere = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.crit.is_some();
    if points_elsewhere {
        return Err(TokenError::Header);
    }
    Ok(())
}

/// Has `jsonwebtoken` check the signature, with one algorithm, and leave the
/// claims to [`Tokens::check_claims`].
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

fn required(claim: Option<String>, name: &'static str) -> Result<String, TokenError> {
    claim
        .filter(|value| !value.is_empty())
        .ok_or(TokenError::Missing(name))
}

fn instant(seconds: i64) -> Result<DateTime<Utc>, TokenError> {
    DateTime::from_timestamp(seconds, 0).ok_or(TokenError::Malformed)
}

/// The claims as they are written; which of them are there is checked after.
#[derive(Debug, Serialize, Deserialize)]
struct WireClaims {
    iss: Option<String>,
    aud: Option<Audience>,
    sub: Option<String>,
    client_id: Option<String>,
    jti: Option<String>,
    iat: Option<i64>,
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// One audience or several (RFC 7519 §4.1.3).
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
    use serde_json::{Value, json};

    use super::*;
    use crate::auth::keys::SigningKey;
    use crate::auth::keys::tests::rfc8037_key;

    const NOW: i64 = 1_800_000_000;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn tokens_with(keys: KeyRing) -> Tokens {
        Tokens::new(
            keys,
            "https://corridor.example".to_owned(),
            "https://corridor.example/v1".to_owned(),
            Duration::from_secs(5),
        )
    }

    fn tokens() -> Tokens {
        tokens_with(KeyRing::new(rfc8037_key(), Vec::new()))
    }

    fn claims() -> Claims {
        Claims {
            subject: "user-1".to_owned(),
            client_id: "corridor-web".to_owned(),
            id: Uuid::from_u128(7),
            issued_at: at(NOW),
            expires_at: at(NOW + 600),
            scope: None,
        }
    }

    fn header() -> Value {
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": rfc8037_key().public().kid()})
    }

    fn body() -> Value {
        json!({
            "iss": "https://corridor.example", "aud": "https://corridor.example/v1",
            "sub": "user-1", "client_id": "corridor-web", "jti": Uuid::from_u128(7).to_string(),
            "iat": NOW, "exp": NOW + 600,
        })
    }

    fn with(mut object: Value, key: &str, value: Value) -> Value {
        object[key] = value;
        object
    }

    /// A token of exactly these parts, well signed with our own key.
    fn signed(header: &Value, body: &Value) -> String {
        let message = message(header, body);
        let signature = jsonwebtoken::crypto::sign(
            message.as_bytes(),
            rfc8037_key().encoding(),
            Algorithm::EdDSA,
        );
        format!("{message}.{}", signature.unwrap())
    }

    fn message(header: &Value, body: &Value) -> String {
        let part = |value: &Value| BASE64URL.encode(value.to_string());
        format!("{}.{}", part(header), part(body))
    }

    fn verify(token: &str) -> Result<Claims, TokenError> {
        tokens().verify(token, at(NOW))
    }

    #[test]
    fn an_issued_token_says_what_was_put_in() {
        let token = tokens().issue(&claims()).unwrap();
        assert_eq!(verify(&token), Ok(claims()));
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(header.kid.as_deref(), Some(rfc8037_key().public().kid()));
    }

    #[test]
    fn a_token_made_by_hand_is_accepted_so_the_refusals_below_mean_something() {
        assert_eq!(verify(&signed(&header(), &body())), Ok(claims()));
    }

    #[test]
    fn the_type_may_be_written_long_and_in_any_case() {
        for typ in ["AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
            assert!(verify(&signed(&with(header(), "typ", json!(typ)), &body())).is_ok());
        }
    }

    #[test]
    fn another_type_is_refused() {
        for typ in [json!("JWT"), json!(""), json!("id+jwt"), Value::Null] {
            let token = signed(&with(header(), "typ", typ), &body());
            assert_eq!(verify(&token), Err(TokenError::Type));
        }
    }

    #[test]
    fn a_token_without_a_signature_is_refused() {
        for alg in ["none", "None", "NONE", "nOnE", ""] {
            let unsigned = format!("{}.", message(&with(header(), "alg", json!(alg)), &body()));
            assert_eq!(verify(&unsigned), Err(TokenError::Malformed), "{alg}");
        }
        let stripped = format!("{}.", message(&header(), &body()));
        assert_eq!(verify(&stripped), Err(TokenError::Signature));
    }

    #[test]
    fn the_public_key_is_no_secret_for_hs256() {
        let public = BASE64URL
            .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
            .unwrap();
        let message = message(&with(header(), "alg", json!("HS256")), &body());
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
        let mac = ring::hmac::sign(&key, message.as_bytes());
        let token = format!("{message}.{}", BASE64URL.encode(mac));
        assert_eq!(verify(&token), Err(TokenError::Algorithm));
    }

    #[test]
    fn every_other_algorithm_is_refused() {
        for alg in ["HS256", "HS512", "RS256", "PS512", "ES256", "ES384"] {
            let token = signed(&with(header(), "alg", json!(alg)), &body());
            assert_eq!(verify(&token), Err(TokenError::Algorithm), "{alg}");
        }
    }

    #[test]
    fn a_header_that_points_elsewhere_is_refused() {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        for (name, value) in [
            ("jku", json!("https://evil.example/jwks")),
            ("jwk", jwk),
            ("x5u", json!("https://evil.example/cert")),
            ("x5c", json!(["AAAA"])),
            ("crit", json!(["exp"])),
        ] {
            let token = signed(&with(header(), name, value), &body());
            assert_eq!(verify(&token), Err(TokenError::Header), "{name}");
        }
    }

    #[test]
    fn a_changed_token_is_refused() {
        let token = signed(&header(), &body());
        let forged = message(&header(), &with(body(), "sub", json!("admin")));
        let signature = token.rsplit('.').next().unwrap();
        assert_eq!(
            verify(&format!("{forged}.{signature}")),
            Err(TokenError::Signature)
        );
    }

    #[test]
    fn a_key_that_is_not_ours_is_refused() {
        let stranger = tokens_with(KeyRing::new(SigningKey::generate().unwrap(), Vec::new()));
        let token = stranger.issue(&claims()).unwrap();
        assert_eq!(verify(&token), Err(TokenError::UnknownKey));
        let unnamed = signed(&with(header(), "kid", Value::Null), &body());
        assert_eq!(verify(&unnamed), Err(TokenError::UnknownKey));
        for kid in ["../../etc/passwd", "' OR 1=1 --", "https://evil.example"] {
            let token = signed(&with(header(), "kid", json!(kid)), &body());
            assert_eq!(verify(&token), Err(TokenError::UnknownKey));
        }
    }

    #[test]
    fn an_older_key_is_honoured_until_it_is_dropped() {
        let old = tokens().issue(&claims()).unwrap();
        let next = || SigningKey::generate().unwrap();
        let rotated = KeyRing::new(next(), vec![rfc8037_key().public().clone()]);
        assert!(tokens_with(rotated).verify(&old, at(NOW)).is_ok());
        let dropped = KeyRing::new(next(), Vec::new());
        assert_eq!(
            tokens_with(dropped).verify(&old, at(NOW)),
            Err(TokenError::UnknownKey)
        );
    }

    #[test]
    fn every_required_claim_is_required() {
        for name in ["iss", "aud", "exp", "sub", "client_id", "iat", "jti"] {
            let mut body = body();
            body.as_object_mut().unwrap().remove(name);
            assert_eq!(
                verify(&signed(&header(), &body)),
                Err(TokenError::Missing(name))
            );
        }
        for name in ["iss", "sub", "client_id", "jti"] {
            let token = signed(&header(), &with(body(), name, json!("")));
            assert_eq!(verify(&token), Err(TokenError::Missing(name)));
        }
    }

    #[test]
    fn issuer_and_audience_must_be_ours() {
        let issuer = signed(
            &header(),
            &with(body(), "iss", json!("https://evil.example")),
        );
        assert_eq!(verify(&issuer), Err(TokenError::Issuer));
        let audience = signed(
            &header(),
            &with(body(), "aud", json!("https://else.example")),
        );
        assert_eq!(verify(&audience), Err(TokenError::Audience));
        let both = json!(["https://else.example", "https://corridor.example/v1"]);
        assert!(verify(&signed(&header(), &with(body(), "aud", both))).is_ok());
        let none = signed(&header(), &with(body(), "aud", json!([])));
        assert_eq!(verify(&none), Err(TokenError::Audience));
    }

    #[test]
    fn a_token_expires_on_the_second_with_the_configured_leeway() {
        let token = tokens().issue(&claims()).unwrap();
        let at_second = |seconds| tokens().verify(&token, at(NOW + seconds)).map(|_| ());
        assert_eq!(at_second(604), Ok(()));
        assert_eq!(at_second(605), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_from_the_future_is_refused() {
        let token = tokens().issue(&claims()).unwrap();
        let at_second = |seconds| tokens().verify(&token, at(NOW + seconds)).map(|_| ());
        assert_eq!(at_second(-5), Ok(()));
        assert_eq!(at_second(-6), Err(TokenError::NotYetValid));
        let later = signed(&header(), &with(body(), "nbf", json!(NOW + 60)));
        assert_eq!(verify(&later), Err(TokenError::NotYetValid));
    }

    #[test]
    fn a_token_that_was_seen_is_held_to_the_time_and_to_every_letter() {
        let tokens = tokens();
        let token = tokens.issue(&claims()).unwrap();
        assert_eq!(tokens.verify(&token, at(NOW)), Ok(claims()));
        assert_eq!(tokens.verify(&token, at(NOW + 1)), Ok(claims()));
        assert_eq!(
            tokens.verify(&token, at(NOW + 605)),
            Err(TokenError::Expired)
        );
        assert_eq!(
            tokens.verify(&token, at(NOW - 6)),
            Err(TokenError::NotYetValid)
        );
        assert_eq!(tokens.verify(&token, at(NOW + 2)), Ok(claims()));
        let flipped = token.strip_suffix(|_: char| true).unwrap();
        assert!(tokens.verify(flipped, at(NOW)).is_err());
        assert!(tokens.verify(&format!("{token} "), at(NOW)).is_err());
    }

    #[test]
    fn the_leeway_is_thirty_seconds_at_most() {
        let keys = KeyRing::new(rfc8037_key(), Vec::new());
        let generous = Tokens::new(
            keys,
            "https://corridor.example".to_owned(),
            "https://corridor.example/v1".to_owned(),
            Duration::from_hours(1),
        );
        let token = generous.issue(&claims()).unwrap();
        assert!(generous.verify(&token, at(NOW + 629)).is_ok());
        assert_eq!(
            generous.verify(&token, at(NOW + 630)),
            Err(TokenError::Expired)
        );
    }

    #[test]
    fn times_that_no_calendar_has_are_refused() {
        for time in [i64::MAX, i64::MIN] {
            let token = signed(&header(), &with(body(), "exp", json!(time)));
            assert_eq!(verify(&token), Err(TokenError::Malformed), "{time}");
        }
    }

    #[test]
    fn garbage_is_refused() {
        for token in ["", ".", "..", "a.b.c", "é.é.é", &"a".repeat(5000)] {
            assert_eq!(verify(token), Err(TokenError::Malformed), "{token}");
        }
        let fractional = signed(&header(), &with(body(), "exp", json!(1.5)));
        assert_eq!(verify(&fractional), Err(TokenError::Malformed));
    }
}
