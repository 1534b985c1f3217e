//! Registering, signing in, and who one is.

use serde_json::json;

use crate::support::app::App;
use crate::support::builders::{PASSWORD, address, confirm_registration, firm, registration};
use crate::support::database::on_each_backend;

#[test]
fn who_registers_can_sign_in_and_sees_who_they_are() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let me = tamar.owner.get("/v1/me").await.expect(200);
        assert_eq!(me.body["email"], address("Tamar"));
        assert_eq!(
            me.body["memberships"],
            json!([{ "organization": tamar.id, "name": "Tamar", "kind": "startup", "role": "owner" }])
        );
        let path = format!("/v1/organizations/{}", tamar.id);
        let own = tamar.owner.get(&path).await.expect(200);
        assert_eq!((own.text("legal_name"), own.etag()), ("Tamar", "\"v1\""));
        let again = tamar.owner.call("GET", &path);
        again
            .header("If-None-Match", "\"v1\"")
            .send()
            .await
            .expect(304);
    });
}

#[test]
fn a_taken_address_gets_the_same_answer() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let stranger = app.stranger();
        let body = registration("startup", "Tamar", "IL");
        let first = stranger.post("/v1/registrations", &body).await.expect(202);
        confirm_registration(&app, &address("Tamar")).await;
        let again = stranger.post("/v1/registrations", &body).await.expect(202);
        assert_eq!(first.body, again.body);
        let owner = stranger.signed_in(&address("Tamar"), PASSWORD).await;
        let me = owner.get("/v1/me").await.expect(200);
        assert_eq!(me.body["memberships"].as_array().map(Vec::len), Some(1));
    });
}

#[test]
fn a_wrong_password_and_an_unknown_address_read_alike() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        for email in [address("Tamar"), address("Nobody")] {
            let body = json!({ "email": email, "password": "not the password" });
            let answer = app.stranger().post("/v1/sessions", &body).await;
            let answer = answer.refused(401, "invalid_token");
            let challenge = answer.header("www-authenticate");
            assert!(
                challenge.starts_with("Bearer realm=\"corridor\", error=\"invalid_token\", res"),
                "{challenge}"
            );
        }
    });
}

#[test]
fn a_session_says_how_long_it_lasts_and_is_not_kept() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let body = json!({ "email": address("Tamar"), "password": PASSWORD });
        let session = app.stranger().post("/v1/sessions", &body).await.expect(201);
        assert_eq!(session.header("cache-control"), "no-store");
        assert_eq!(session.text("token_type"), "Bearer");
        let lifetime = app.context.settings.access_token;
        assert_eq!(session.body["expires_in"], lifetime.num_seconds());
        let owner = app.stranger().with_token(session.text("access_token"));
        owner.get("/v1/me").await.expect(200);
        app.context
            .clock
            .advance(lifetime + chrono::TimeDelta::minutes(5));
        let expired = owner.get("/v1/me").await.refused(401, "invalid_token");
        let challenge = expired.header("www-authenticate");
        assert!(
            challenge.contains("error_description=\"The access token expired\""),
            "{challenge}"
        );
    });
}

#[test]
fn a_missing_token_and_a_bad_one_are_told_apart() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let missing = app.stranger().get("/v1/me").await;
        let missing = missing.refused(401, "unauthenticated");
        let metadata = format!(
            "{}/.well-known/oauth-protected-resource",
            app.context.settings.public_url
        );
        assert_eq!(
            missing.header("www-authenticate"),
            format!("Bearer realm=\"corridor\", resource_metadata=\"{metadata}\"")
        );
        assert!(missing.text("detail").contains("bearer token"));
        let bad = app.stranger().with_token("a.b.c").get("/v1/me").await;
        let bad = bad.refused(401, "invalid_token");
        assert!(
            bad.header("www-authenticate")
                .contains("error=\"invalid_token\"")
        );
    });
}

#[test]
fn every_fault_of_a_registration_is_named() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let mut body = registration("bakery", "Tamar", "XX");
        body["user"]["email"] = json!("not an address");
        body["user"]["time_zone"] = json!("Mars/Olympus");
        let answer = app.stranger().post("/v1/registrations", &body).await;
        let answer = answer.refused(422, "invalid");
        assert_eq!(
            answer.faults(),
            [
                "#/organization/kind unknown_code",
                "#/organization/country unknown_country",
                "#/user/email bad_address",
                "#/user/time_zone unknown_time_zone",
            ]
        );
        let mut body = registration("startup", "Tamar", "IL");
        body["user"]["role"] = json!("admin");
        let answer = app.stranger().post("/v1/registrations", &body).await;
        assert_eq!(
            answer.refused(422, "invalid").faults(),
            ["#/user/role unknown_field"]
        );
    });
}

#[test]
fn the_published_keys_are_public_ones() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let keys = app
            .stranger()
            .get("/.well-known/jwks.json")
            .await
            .expect(200);
        assert_eq!(keys.header("content-type"), "application/jwk-set+json");
        assert!(keys.header("cache-control").contains("max-age"));
        let key = keys.body["keys"][0].as_object().unwrap();
        let mut members: Vec<_> = key.keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
    });
}

#[test]
fn the_taxonomy_is_read_once_a_version() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await.owner;
        let sectors = tamar.get("/v1/tags?kind=sector").await.expect(200);
        let items = sectors.body["items"].as_array().unwrap();
        assert!(items.iter().all(|tag| tag["kind"] == "sector"));
        let water = items.iter().find(|tag| tag["slug"] == "water").unwrap();
        assert_eq!(water["labels"]["en"]["text"], "Water & irrigation");
        let again = tamar.call("GET", "/v1/tags?kind=sector");
        again
            .header("If-None-Match", sectors.etag())
            .send()
            .await
            .expect(304);
        let facets = tamar.get("/v1/facets").await.expect(200);
        let facets = facets.body["items"].as_array().unwrap();
        assert!(facets.iter().any(|value| value["slug"] == "pilot_poc"));
        app.stranger().get("/v1/tags").await.expect(401);
        tamar.get("/v1/tags?kind=x").await.refused(400, "bad_query");
    });
}
