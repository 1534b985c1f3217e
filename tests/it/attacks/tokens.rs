//! Access tokens that are not what they seem (RFC 8725, RFC 9068).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use corridor::auth::keys::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::App;
use crate::support::builders::{PASSWORD, address, firm};
use crate::support::database::on_each_backend;

/// A genuine token in its parts, and the keys to make others.
struct Forge {
    header: Value,
    claims: Value,
    own: Vec<u8>,
    foreign: Vec<u8>,
    public: Vec<u8>,
}

fn part(token: &str, place: usize) -> Value {
    let part = token.split('.').nth(place).unwrap();
    serde_json::from_slice(&BASE64URL.decode(part).unwrap()).unwrap()
}

fn message(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| BASE64URL.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

fn signed(key: &[u8], header: &Value, claims: &Value) -> String {
    let message = message(header, claims);
    let key = EncodingKey::from_ed_der(key);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA);
    format!("{message}.{}", signature.unwrap())
}

fn with(value: &Value, field: &str, new: Value) -> Value {
    let mut changed = value.clone();
    changed[field] = new;
    changed
}

fn without(value: &Value, field: &str) -> Value {
    let mut changed = value.clone();
    changed.as_object_mut().unwrap().remove(field);
    changed
}

impl Forge {
    fn header(&self, field: &str, value: Value) -> String {
        signed(&self.own, &with(&self.header, field, value), &self.claims)
    }

    fn claim(&self, field: &str, value: Value) -> String {
        signed(&self.own, &self.header, &with(&self.claims, field, value))
    }

    /// Every forgery, by what is wrong with it.
    fn forgeries(&self, now: i64) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        let mut add = |what: &str, token: String| all.push((what.to_owned(), token));
        for alg in ["none", "None", "NONE", "nOnE"] {
            let header = with(&self.header, "alg", json!(alg));
            add(alg, format!("{}.", message(&header, &self.claims)));
        }
        add(
            "no signature",
            format!("{}.", message(&self.header, &self.claims)),
        );
        for (alg, hash) in [
            ("HS256", ring::hmac::HMAC_SHA256),
            ("HS512", ring::hmac::HMAC_SHA512),
        ] {
            let message = message(&with(&self.header, "alg", json!(alg)), &self.claims);
            let key = ring::hmac::Key::new(hash, &self.public);
            let mac = BASE64URL.encode(ring::hmac::sign(&key, message.as_bytes()));
            add(
                &format!("{alg} with the public key"),
                format!("{message}.{mac}"),
            );
        }
        for alg in ["RS256", "PS256", "ES256", "ES512", ""] {
            add(&format!("alg {alg}"), self.header("alg", json!(alg)));
        }
        let foreign = |header: &Value| signed(&self.foreign, header, &self.claims);
        add("another's key under our name", foreign(&self.header));
        let kid = SigningKey::from_pkcs8(&self.foreign).unwrap();
        let kid = kid.public().kid().to_owned();
        add(
            "another's key under its own name",
            foreign(&with(&self.header, "kid", json!(kid))),
        );
        for kid in ["unknown", "../../etc/passwd", "' OR 1=1 --", ""] {
            add(&format!("kid {kid}"), self.header("kid", json!(kid)));
        }
        add(
            "no kid",
            signed(&self.own, &without(&self.header, "kid"), &self.claims),
        );
        let x = SigningKey::from_pkcs8(&self.foreign).unwrap();
        let jwk = serde_json::to_value(corridor::auth::keys::KeyRing::new(x, vec![]).jwks());
        let jwk = jwk.unwrap()["keys"][0].clone();
        for (name, value) in [
            ("jku", json!("https://evil.example/jwks.json")),
            ("x5u", json!("https://evil.example/cert.pem")),
            ("x5c", json!(["MIIB"])),
            ("jwk", jwk),
            ("crit", json!(["exp"])),
        ] {
            let header = with(&self.header, name, value);
            add(
                &format!("{name}, own key"),
                signed(&self.own, &header, &self.claims),
            );
            add(&format!("{name}, another's key"), foreign(&header));
        }
        for typ in ["JWT", "id+jwt", "rt+jwt", ""] {
            add(&format!("typ {typ}"), self.header("typ", json!(typ)));
        }
        add(
            "no typ",
            signed(&self.own, &without(&self.header, "typ"), &self.claims),
        );
        for (claim, value) in [
            ("iss", json!("https://evil.example")),
            ("aud", json!("https://other.example")),
            ("aud", json!([])),
            ("exp", json!(now - 6)),
            ("exp", json!(0)),
            ("nbf", json!(now + 60)),
            ("iat", json!(now + 60)),
            ("sub", json!(Uuid::now_v7().to_string())),
            ("sub", json!("")),
            ("sid", json!(Uuid::now_v7().to_string())),
            ("sid", json!("x")),
            ("jti", json!("x")),
        ] {
            add(&format!("{claim} {value}"), self.claim(claim, value));
        }
        for claim in ["iss", "aud", "exp", "sub", "client_id", "iat", "jti", "sid"] {
            let claims = without(&self.claims, claim);
            add(
                &format!("no {claim}"),
                signed(&self.own, &self.header, &claims),
            );
        }
        all
    }
}

#[test]
fn every_forged_token_is_refused_alike() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let body = json!({ "email": address("Tamar"), "password": PASSWORD });
        let session = app.stranger().post("/v1/sessions", &body).await.expect(201);
        let genuine = session.text("access_token");
        let keys = app.context.tokens.keys();
        let jwk = &keys.jwks().keys[0];
        let forge = Forge {
            header: part(genuine, 0),
            claims: part(genuine, 1),
            own: keys.active().pkcs8().to_vec(),
            foreign: SigningKey::generate().unwrap().pkcs8().to_vec(),
            public: BASE64URL.decode(&jwk.x).unwrap(),
        };
        // What is made by hand is taken where nothing is wrong with it, so the
        // refusals below mean something.
        let same = signed(&forge.own, &forge.header, &forge.claims);
        app.stranger()
            .with_token(&same)
            .get("/v1/me")
            .await
            .expect(200);
        let forgeries = forge.forgeries(app.context.now().timestamp());
        println!("{} forged tokens are refused", forgeries.len());
        for (what, token) in forgeries {
            let answer = app.stranger().with_token(&token).get("/v1/me").await;
            assert_eq!(answer.status, 401, "{what}");
            assert_eq!(answer.text("code"), "invalid_token", "{what}");
            // Only who once held a token is told that its time is over.
            let lapsed = what.starts_with("exp ");
            let detail = answer.text("detail");
            assert_eq!(detail.contains("has expired"), lapsed, "{what}: {detail}");
            if !lapsed {
                assert_eq!(
                    detail, "The credentials are wrong, expired or revoked.",
                    "{what}"
                );
            }
        }
    });
}

#[test]
fn a_token_that_was_tampered_with_anywhere_is_refused() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let body = json!({ "email": address("Tamar"), "password": PASSWORD });
        let session = app.stranger().post("/v1/sessions", &body).await.expect(201);
        let genuine = session.text("access_token");
        // The last character of a part holds bits that mean nothing, and the
        // decoder refuses those: every change is noticed.
        for place in (0..genuine.len()).step_by(7) {
            let mut bytes = genuine.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(bytes).unwrap();
            let answer = app.stranger().with_token(&tampered).get("/v1/me").await;
            assert_eq!(answer.status, 401, "at {place}");
        }
        for tampered in [
            format!("{genuine}A"),
            format!("{genuine}."),
            genuine[1..].to_owned(),
        ] {
            let answer = app.stranger().with_token(&tampered).get("/v1/me").await;
            answer.refused(401, "invalid_token");
        }
    });
}

#[test]
fn a_refresh_token_and_a_link_open_no_routes() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let body = json!({ "email": address("Tamar"), "password": PASSWORD });
        let session = app.stranger().post("/v1/sessions", &body).await.expect(201);
        for token in [
            session.text("refresh_token"),
            "corridor_key_wrong",
            "corridor_secret_x",
        ] {
            let answer = app.stranger().with_token(token).get("/v1/me").await;
            answer.refused(401, "invalid_token");
        }
        let in_query = format!("/v1/me?access_token={}", session.text("access_token"));
        app.stranger().get(&in_query).await.expect(401);
    });
}
