//! People's keys for scripts.

use chrono::TimeDelta;
use corridor::domain::account::Role;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::builders::{PASSWORD, colleague, firm, whole_profile};
use crate::support::client::{Answer, Client};
use crate::support::database::on_each_backend;

async fn key(app: &App, owner: &Client, scopes: &[&str], more: Value) -> Answer {
    let expires_at = (app.context.now() + TimeDelta::days(30)).to_rfc3339();
    let mut body = json!({
        "name": "Nightly report",
        "scopes": scopes,
        "expires_at": expires_at,
        "password": PASSWORD,
    });
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    owner.post("/v1/me/keys", &body).await
}

#[test]
fn a_key_does_what_its_scopes_say_and_nothing_else() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let made = key(&app, &tamar.owner, &["profiles:read"], json!({})).await;
        let made = made.expect(201);
        assert_eq!(made.header("cache-control"), "no-store");
        let script = app.stranger().with_token(made.text("key"));
        script.get("/v1/startup-profiles").await.expect(200);
        let write = script.post("/v1/startup-profiles", &whole_profile()).await;
        let write = write.refused(403, "insufficient_scope");
        assert_eq!(
            write.header("www-authenticate"),
            "Bearer realm=\"corridor\", error=\"insufficient_scope\", scope=\"profiles:write\""
        );
        assert!(!write.text("detail").is_empty());
        // What only a person in a session does, no key does.
        for path in ["/v1/me/sessions", "/v1/me/keys", "/v1/me/second-factor"] {
            script.get(path).await.refused(403, "forbidden");
        }
        let members = format!("/v1/organizations/{}/invitations", tamar.id);
        script.get(&members).await.refused(403, "forbidden");
    });
}

#[test]
fn a_key_is_shown_once_listed_by_its_beginning_and_revoked_at_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let made = key(&app, &tamar.owner, &["account:read"], json!({}))
            .await
            .expect(201);
        let script = app.stranger().with_token(made.text("key"));
        script.get("/v1/me").await.expect(200);
        let listed = tamar.owner.get("/v1/me/keys").await.expect(200);
        let item = &listed.body["items"][0];
        assert!(item.get("key").is_none());
        assert!(
            made.text("key")
                .starts_with(item["prefix"].as_str().unwrap())
        );
        assert!(item["last_used_at"].is_string());
        let path = made.header("location").to_owned();
        tamar.owner.call("DELETE", &path).send().await.expect(204);
        script.get("/v1/me").await.refused(401, "invalid_token");
        tamar.owner.call("DELETE", &path).send().await.expect(404);
    });
}

#[test]
fn a_key_ends_with_its_time_its_place_and_its_person() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let elsewhere = json!({ "allowed_addresses": ["192.0.2.7"] });
        let made = key(&app, &tamar.owner, &["account:read"], elsewhere)
            .await
            .expect(201);
        let script = app.stranger().with_token(made.text("key"));
        script.get("/v1/me").await.refused(401, "invalid_token");
        let here = json!({ "allowed_addresses": ["127.0.0.0/8"] });
        let made = key(&app, &tamar.owner, &["account:read"], here)
            .await
            .expect(201);
        let script = app.stranger().with_token(made.text("key"));
        script.get("/v1/me").await.expect(200);
        app.context.clock.advance(TimeDelta::days(30));
        script.get("/v1/me").await.refused(401, "invalid_token");
    });
}

#[test]
fn every_fault_of_a_key_is_named() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let wrong = json!({ "name": "", "allowed_addresses": ["here"], "expires_at": "soon" });
        let answer = key(&app, &tamar.owner, &["everything"], wrong).await;
        assert_eq!(
            answer.refused(422, "invalid").faults(),
            [
                "#/name bad_name",
                "#/scopes/0 unknown_code",
                "#/allowed_addresses bad_address",
                "#/expires_at not_an_instant",
            ]
        );
        let blank = json!({ "allowed_addresses": [" "] });
        let answer = key(&app, &tamar.owner, &["account:read"], blank).await;
        assert_eq!(
            answer.refused(422, "invalid").faults(),
            ["#/allowed_addresses bad_address"]
        );
        let wrong = json!({ "password": "wrong password" });
        let answer = key(&app, &tamar.owner, &["account:read"], wrong).await;
        assert_eq!(
            answer.refused(422, "invalid").faults(),
            ["#/password wrong_password"]
        );
    });
}

/// A key never does more than its person, at this moment.
#[test]
fn a_key_follows_its_person_down_and_out() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let eli = colleague(&app, &tamar, "Eli", Role::Owner).await;
        let person = eli.get("/v1/me").await.expect(200).text("id").to_owned();
        let scopes = ["profiles:read", "profiles:write", "organizations:read"];
        let made = key(&app, &eli, &scopes, json!({})).await.expect(201);
        let script = app.stranger().with_token(made.text("key"));
        let profile = whole_profile();
        let write = async || script.post("/v1/startup-profiles", &profile).await;
        write().await.expect(201);
        let member = format!("/v1/organizations/{}/members/{person}", tamar.id);
        let demoted = tamar.owner.call("PUT", &member).header("If-Match", "*");
        let viewer = json!({ "role": "viewer" });
        demoted.json(&viewer).send().await.expect(204);
        write().await.refused(403, "forbidden");
        let firm = format!("/v1/organizations/{}", tamar.id);
        script.get(&firm).await.expect(200);
        let gone = tamar.owner.call("DELETE", &member).header("If-Match", "*");
        gone.send().await.expect(204);
        script.get(&firm).await.refused(404, "not_found");
    });
}
