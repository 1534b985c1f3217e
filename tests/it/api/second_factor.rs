//! One-time codes, recovery codes, and who needs them.

use chrono::TimeDelta;
use corridor::auth::totp::TotpSecret;
use corridor::config::OperatorTotp;
use corridor::domain::account::Role;
use corridor::http::rate_limit::Rates;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::builders::{PASSWORD, address, firm, operator};
use crate::support::client::{Answer, Client};
use crate::support::database::on_each_backend;

/// What an authenticator app shows at this moment.
pub fn shown(app: &App, secret: &TotpSecret) -> String {
    secret.code_at(app.context.now())
}

fn from_base32(text: &str) -> TotpSecret {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            _ => c - b'2' + 26,
        };
        buffer = (buffer << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).unwrap());
        }
    }
    TotpSecret::from_bytes(&bytes).unwrap()
}

/// Sets up a second factor; the secret, and the recovery codes.
pub async fn enrol(app: &App, person: &Client) -> (TotpSecret, Vec<String>) {
    let body = json!({ "password": PASSWORD });
    let begun = person.post("/v1/me/second-factor", &body).await.expect(201);
    assert!(begun.text("uri").starts_with("otpauth://totp/Corridor:"));
    let secret = from_base32(begun.text("secret"));
    let body = json!({ "code": shown(app, &secret) });
    let path = "/v1/me/second-factor/confirmation";
    let codes = person.post(path, &body).await.expect(200);
    let codes = codes.body["recovery_codes"].as_array().unwrap().iter();
    let codes = codes
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    app.context.clock.advance(TimeDelta::seconds(30));
    (secret, codes)
}

async fn sign_in(app: &App, name: &str, code: Option<&str>) -> Answer {
    let mut body = json!({ "email": address(name), "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = Value::from(code);
    }
    app.stranger().post("/v1/sessions", &body).await
}

#[test]
fn an_account_with_a_second_factor_needs_a_code_that_works_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let (secret, _) = enrol(&app, &tamar.owner).await;
        let asked = sign_in(&app, "Tamar", None).await;
        asked.refused(401, "second_factor_required");
        let wrong = sign_in(&app, "Tamar", Some("000000")).await;
        wrong.refused(401, "invalid_token");
        let code = shown(&app, &secret);
        sign_in(&app, "Tamar", Some(&code)).await.expect(201);
        let again = sign_in(&app, "Tamar", Some(&code)).await;
        again.refused(401, "invalid_token");
        app.context.clock.advance(TimeDelta::seconds(30));
        let next = shown(&app, &secret);
        sign_in(&app, "Tamar", Some(&next)).await.expect(201);
    });
}

#[test]
fn a_recovery_code_works_once_and_is_told() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let (_, codes) = enrol(&app, &tamar.owner).await;
        assert_eq!(codes.len(), 10);
        sign_in(&app, "Tamar", Some(&codes[0])).await.expect(201);
        let again = sign_in(&app, "Tamar", Some(&codes[0])).await;
        again.refused(401, "invalid_token");
        let standing = tamar.owner.get("/v1/me/second-factor").await.expect(200);
        assert_eq!(
            standing.body,
            json!({ "set": true, "recovery_codes_left": 9 })
        );
    });
}

#[test]
fn setting_it_up_ends_sessions_that_never_showed_one() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let other = app.stranger().signed_in(&address("Tamar"), PASSWORD).await;
        enrol(&app, &tamar.owner).await;
        tamar.owner.get("/v1/me").await.expect(200);
        other.get("/v1/me").await.refused(401, "invalid_token");
        let body = json!({ "password": PASSWORD });
        let twice = tamar.owner.post("/v1/me/second-factor", &body).await;
        twice.refused(409, "second_factor_exists");
    });
}

#[test]
fn taking_it_away_needs_password_and_code_and_ends_every_session() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let (secret, _) = enrol(&app, &tamar.owner).await;
        let path = "/v1/me/second-factor/removal";
        let wrong = json!({ "password": PASSWORD, "code": "000000" });
        let wrong = tamar.owner.post(path, &wrong).await.refused(422, "invalid");
        assert_eq!(wrong.faults(), ["#/code wrong_code"]);
        let right = json!({ "password": PASSWORD, "code": shown(&app, &secret) });
        tamar.owner.post(path, &right).await.expect(204);
        tamar
            .owner
            .get("/v1/me")
            .await
            .refused(401, "invalid_token");
        sign_in(&app, "Tamar", None).await.expect(201);
    });
}

#[test]
fn an_admin_helps_somebody_who_lost_app_and_codes() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        enrol(&app, &tamar.owner).await;
        let id = tamar
            .owner
            .get("/v1/me")
            .await
            .expect(200)
            .text("id")
            .to_owned();
        let admin = operator(&app, "Admin", &[Role::Admin]).await;
        let path = format!("/v1/people/{id}/transitions");
        let body = json!({ "action": "remove_second_factor" });
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        curator
            .act(&path[..path.len() - "/transitions".len()], "*", &body)
            .await
            .refused(403, "forbidden");
        admin
            .act(&path[..path.len() - "/transitions".len()], "*", &body)
            .await
            .expect(200);
        tamar
            .owner
            .get("/v1/me")
            .await
            .refused(401, "invalid_token");
        sign_in(&app, "Tamar", None).await.expect(201);
    });
}

#[test]
fn the_operators_people_can_do_nothing_before_they_have_one() {
    on_each_backend(async |database| {
        let rates = Rates::unlimited();
        let app = App::start_with(database, OperatorTotp::Required, rates).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        for path in ["/v1/me", "/v1/programmes", "/v1/startup-profiles"] {
            curator.get(path).await.refused(403, "second_factor_due");
        }
        curator.get("/v1/me/second-factor").await.expect(200);
        enrol(&app, &curator).await;
        curator.get("/v1/programmes").await.expect(200);
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        tamar.owner.get("/v1/me").await.expect(200);
    });
}
