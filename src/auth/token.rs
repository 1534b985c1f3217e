//! Access tokens: JWTs by RFC 9068 with the care of RFC 8725, signed with
//! Ed25519.
//!
//! Only the signature is left to `jsonwebtoken`. Its own claim checks read the
//! system's clock and leave gaps (60 s leeway, no `nbf`, no `typ`), so the
//! claims are checked here, all of them, against the caller's clock.

use std::sync::{Arc, PoisonError, RwLock};
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
    /// The session it belongs to (`sid`); none for a client's.
    pub session: Option<Uuid>,
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
    keys: RwLock<Arc<KeyRing>>,
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
    /// Which key signed it.
    kid: String,
}

impl Tokens {
    /// Tokens of `issuer` (its URL) for `audience`. `leeway` is how far the
    /// clocks of two nodes may differ, in whole seconds, at most 30.
    pub fn new(keys: KeyRing, issuer: String, audience: String, leeway: Duration) -> Self {
        Self {
            keys: RwLock::new(Arc::new(keys)),
            issuer,
            audience,
            leeway: i64::try_from(leeway.min(MAX_LEEWAY).as_secs()).unwrap_or(0),
            seen: Cache::new(SEEN),
        }
    }

    /// The keys, for the published set.
    pub fn keys(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs and checks with other keys from now on, after a rotation.
    pub fn replace_keys(&self, keys: KeyRing) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Signs `claims` with the active key.
    pub fn issue(&self, claims: &Claims) -> Result<String, IssueError> {
        let keys = self.keys();
        let key = keys.active();
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
            sid: claims.session.map(|id| id.to_string()),
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
        let Times {
            claims,
            not_before,
            kid,
        } = genuine;
        // A key may have been given up since the token was read.
        if self.keys().find(&kid).is_none() {
            return Err(TokenError::UnknownKey);
        }
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
        let keys = self.keys();
        let kid = header.kid.ok_or(TokenError::UnknownKey)?;
        let key = keys.find(&kid).ok_or(TokenError::UnknownKey)?;
        let wire = jsonwebtoken::decode::<WireClaims>(token, key.decoding(), &signature_only())
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => TokenError::Signature,
                ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
                _ => TokenError::Malformed,
            })?
            .claims;
        self.check_claims(wire, kid)
    }

    fn check_claims(&self, wire: WireClaims, kid: String) -> Result<Times, TokenError> {
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
                session: wire
                    .sid
                    .map(|sid| Uuid::try_parse(&sid).map_err(|_| TokenError::Malformed))
                    .transpose()?,
            },
            not_before: wire.nbf.map_or(issued_at, |nbf| nbf.max(issued_at)),
            kid,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
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
mod tests;
