//! The Ed25519 keys (RFC 8032, RFC 8037) that sign access tokens: one that
//! signs, and older ones that stay published until the last token signed with
//! them has expired.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use jsonwebtoken::{DecodingKey, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{NoEntropy, provider};

/// The bytes are not an Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 key")]
pub struct InvalidKey;

/// A private key with its public half.
pub struct SigningKey {
    pkcs8: Zeroizing<Vec<u8>>,
    encoding: EncodingKey,
    public: VerifyingKey,
}

impl SigningKey {
    /// A new random key.
    pub fn generate() -> Result<Self, NoEntropy> {
        let document =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| NoEntropy)?;
        // What was generated a line above reads back.
        Self::from_pkcs8(document.as_ref()).map_err(|InvalidKey| NoEntropy)
    }

    /// Reads a key in PKCS #8 version 2 (RFC 5958), as [`Self::pkcs8`] gives it.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, InvalidKey> {
        provider::install();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| InvalidKey)?;
        Ok(Self {
            pkcs8: Zeroizing::new(pkcs8.to_vec()),
            encoding: EncodingKey::from_ed_der(pkcs8),
            public: VerifyingKey::from_bytes(pair.public_key().as_ref())?,
        })
    }

    /// The private key, to be sealed and stored.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public half.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    pub(super) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

/// A public key and its name.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    kid: String,
    x: String,
    decoding: DecodingKey,
}

impl VerifyingKey {
    /// Reads the 32 bytes of a public key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        provider::install();
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| InvalidKey)?;
        let x = BASE64URL.encode(bytes);
        Ok(Self {
            kid: thumbprint(&x),
            decoding: DecodingKey::from_ed_der(bytes),
            x,
        })
    }

    /// The key's name in tokens and in the key set: its thumbprint (RFC 7638),
    /// which no two keys share.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    fn jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            key_use: "sig",
            kid: self.kid.clone(),
            x: self.x.clone(),
        }
    }
}

/// RFC 7638 with the members that RFC 8037 §2 requires, in their order.
fn thumbprint(x: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    BASE64URL.encode(Sha256::digest(members))
}

/// The key that signs now, and those whose tokens are still honoured.
#[derive(Debug)]
pub struct KeyRing {
    active: SigningKey,
    older: Vec<VerifyingKey>,
}

impl KeyRing {
    /// A ring that signs with `active` and honours `older` too.
    pub fn new(active: SigningKey, older: Vec<VerifyingKey>) -> Self {
        Self { active, older }
    }

    /// The key that signs.
    pub fn active(&self) -> &SigningKey {
        &self.active
    }

    /// The key of that name. A name is data: it is compared, never followed.
    pub fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.public_keys().find(|key| key.kid == kid)
    }

    /// The published key set (RFC 7517): public members only.
    pub fn jwks(&self) -> JwkSet {
        JwkSet {
            keys: self.public_keys().map(VerifyingKey::jwk).collect(),
        }
    }

    fn public_keys(&self) -> impl Iterator<Item = &VerifyingKey> {
        std::iter::once(&self.active.public).chain(&self.older)
    }
}

/// A key set as it is published, `application/jwk-set+json`.
#[derive(Debug, Clone, Serialize)]
pub struct JwkSet {
    /// The keys, the signing one first.
    pub keys: Vec<Jwk>,
}

/// One public key as it is published.
#[derive(Debug, Clone, Serialize)]
pub struct Jwk {
    /// Key type, `OKP` (RFC 8037).
    pub kty: &'static str,
    /// Curve.
    pub crv: &'static str,
    /// The one algorithm it may be used with (RFC 8725 §3.1).
    pub alg: &'static str,
    /// `sig`: for signatures only.
    #[serde(rename = "use")]
    pub key_use: &'static str,
    /// Its name.
    pub kid: String,
    /// The public key, base64url.
    pub x: String,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The private key of RFC 8037 appendix A.1, as PKCS #8.
    pub(crate) fn rfc8037_key() -> SigningKey {
        let seed = BASE64URL
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let public = BASE64URL
            .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
            .unwrap();
        let pkcs8 = [
            b"\x30\x51\x02\x01\x01\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20",
            &seed[..],
            b"\x81\x21\x00",
            &public,
        ]
        .concat();
        SigningKey::from_pkcs8(&pkcs8).unwrap()
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037_appendix_a_3() {
        assert_eq!(
            rfc8037_key().public().kid(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn the_signature_is_that_of_rfc_8037_appendix_a_4() {
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let key = rfc8037_key();
        let algorithm = jsonwebtoken::Algorithm::EdDSA;
        assert_eq!(
            jsonwebtoken::crypto::sign(message, key.encoding(), algorithm).unwrap(),
            signature
        );
        let verify = |message: &[u8]| {
            jsonwebtoken::crypto::verify(signature, message, key.public().decoding(), algorithm)
        };
        assert!(verify(message).unwrap());
        assert!(!verify(b"another message").unwrap());
    }

    #[test]
    fn the_jwk_tools_of_jsonwebtoken_agree() {
        use jsonwebtoken::Algorithm::EdDSA;
        use jsonwebtoken::jwk::{Jwk, ThumbprintHash};

        let key = rfc8037_key();
        // They take private keys in PKCS #8 version 1 only.
        let mut version_1 = key.pkcs8()[..48].to_vec();
        version_1[1] = 46;
        version_1[4] = 0;
        for jwk in [
            Jwk::from_encoding_key(&EncodingKey::from_ed_der(&version_1), EdDSA),
            Jwk::from_decoding_key(key.public().decoding(), Some(EdDSA)),
        ] {
            let thumbprint = jwk.unwrap().thumbprint(ThumbprintHash::SHA256).unwrap();
            assert_eq!(thumbprint, key.public().kid());
        }
    }

    #[test]
    fn a_generated_key_survives_its_stored_form() {
        let key = SigningKey::generate().unwrap();
        let read = SigningKey::from_pkcs8(key.pkcs8()).unwrap();
        assert_eq!(read.public().kid(), key.public().kid());
        assert_ne!(
            SigningKey::generate().unwrap().public().kid(),
            key.public().kid()
        );
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        assert_eq!(SigningKey::from_pkcs8(b"no").unwrap_err(), InvalidKey);
        assert_eq!(VerifyingKey::from_bytes(&[0; 31]).unwrap_err(), InvalidKey);
    }

    #[test]
    fn the_key_set_holds_public_members_only() {
        let ring = KeyRing::new(
            rfc8037_key(),
            vec![SigningKey::generate().unwrap().public().clone()],
        );
        let json = serde_json::to_value(ring.jwks()).unwrap();
        let keys = json["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 2);
        assert_eq!(
            keys[0],
            serde_json::json!({
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            })
        );
        assert!(keys.iter().all(|key| key.get("d").is_none()));
    }

    #[test]
    fn a_private_key_is_never_printed() {
        let shown = format!("{:?}", rfc8037_key());
        assert_eq!(
            shown,
            "SigningKey(kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k)"
        );
    }
}
