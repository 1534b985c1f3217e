//! Tokens as they should be, and every way in which they should not.

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
        session: None,
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
    let jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
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
