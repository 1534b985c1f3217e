//! Partners' programs: made, given tokens, rotated, revoked.

use chrono::TimeDelta;
use corridor::domain::account::Role;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::builders::{Firm, colleague, firm, operator};
use crate::support::client::Answer;
use crate::support::database::on_each_backend;

const TOKEN: &str = "/v1/oauth/token";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn client(partner: &Firm, more: Value) -> Answer {
    let path = format!("/v1/organizations/{}/clients", partner.id);
    let mut body = json!({ "name": "Sync", "scopes": ["organizations:read", "programmes:read"] });
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    partner.owner.post(&path, &body).await
}

fn credentials(made: &Answer) -> (String, String) {
    (
        made.text("id").to_owned(),
        made.text("client_secret").to_owned(),
    )
}

async fn token(app: &App, (id, secret): &(String, String), fields: &[(&str, &str)]) -> Answer {
    app.stranger()
        .oauth(TOKEN, Some((id, secret)), fields)
        .await
}

#[track_caller]
fn says(answer: &Answer, status: u16, error: &str) {
    assert_eq!(
        (answer.status, answer.body["error"].as_str()),
        (status, Some(error)),
        "{:#}",
        answer.body
    );
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn a_client_gets_tokens_and_reads_as_its_partner() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        let made = client(&partner, json!({})).await.expect(201);
        let secret = credentials(&made);
        let granted = token(&app, &secret, &[GRANT]).await.expect(200);
        assert_eq!(granted.header("cache-control"), "no-store");
        assert_eq!(granted.header("pragma"), "no-cache");
        assert_eq!(granted.text("token_type"), "Bearer");
        assert_eq!(granted.text("scope"), "organizations:read programmes:read");
        assert!(granted.body.get("refresh_token").is_none());
        let program = app.stranger().with_token(granted.text("access_token"));
        let own = format!("/v1/organizations/{}", partner.id);
        program.get(&own).await.expect(200);
        program.get("/v1/programmes").await.expect(200);
        program
            .get("/v1/deals")
            .await
            .refused(403, "insufficient_scope");
        program
            .get("/v1/me/sessions")
            .await
            .refused(403, "forbidden");
        let other = firm(&app, "startup", "Tamar", "IL").await;
        let path = format!("/v1/organizations/{}", other.id);
        program.get(&path).await.refused(404, "not_found");
        let shown = partner
            .owner
            .get(&format!("/v1/clients/{}", secret.0))
            .await
            .expect(200);
        assert!(shown.body.get("client_secret").is_none());
        assert!(shown.body["last_used_at"].is_string());
    });
}

#[test]
fn the_token_endpoint_speaks_oauth() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        let own = credentials(&client(&partner, json!({})).await.expect(201));
        let stranger = app.stranger();
        let narrow = token(&app, &own, &[GRANT, ("scope", "programmes:read")]).await;
        assert_eq!(narrow.expect(200).text("scope"), "programmes:read");
        let empty = token(&app, &own, &[GRANT, ("scope", ""), ("unknown", "x")]).await;
        empty.expect(200);
        says(&token(&app, &own, &[]).await, 400, "invalid_request");
        says(
            &token(&app, &own, &[GRANT, GRANT]).await,
            400,
            "invalid_request",
        );
        let grant = [("grant_type", "password")];
        says(
            &token(&app, &own, &grant).await,
            400,
            "unsupported_grant_type",
        );
        for scope in ["deals:read", "everything"] {
            let asked = token(&app, &own, &[GRANT, ("scope", scope)]).await;
            says(&asked, 400, "invalid_scope");
        }
        let wrong = (own.0.clone(), "wrong".to_owned());
        let unknown = (partner.id.clone(), own.1.clone());
        for bad in [&wrong, &unknown] {
            let answer = token(&app, bad, &[GRANT]).await;
            says(&answer, 401, "invalid_client");
            assert!(answer.header("www-authenticate").starts_with("Basic "));
        }
        says(
            &stranger.oauth(TOKEN, None, &[GRANT]).await,
            401,
            "invalid_client",
        );
        let in_form = [GRANT, ("client_id", &own.0), ("client_secret", &own.1)];
        stranger.oauth(TOKEN, None, &in_form).await.expect(200);
        let both = stranger
            .oauth(TOKEN, Some((&own.0, &own.1)), &in_form)
            .await;
        says(&both, 400, "invalid_request");
        let query = format!("{TOKEN}?grant_type=client_credentials");
        let in_query = stranger
            .oauth(&query, Some((&own.0, &own.1)), &[GRANT])
            .await;
        says(&in_query, 400, "invalid_request");
    });
}

#[test]
fn a_rotated_secret_holds_for_the_overlap() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        let made = client(&partner, json!({})).await.expect(201);
        let old = credentials(&made);
        let path = format!("/v1/clients/{}/secrets", old.0);
        let rotate = async |etag: &str| {
            let call = partner
                .owner
                .call("POST", &path)
                .json(&json!({ "overlap_s": 3600 }));
            call.header("If-Match", etag).send().await
        };
        rotate("\"v7\"").await.refused(412, "stale_version");
        let bare = partner.owner.post(&path, &json!({})).await;
        bare.refused(428, "version_required");
        let new = rotate(made.etag()).await.expect(201);
        assert_eq!(new.body["secrets"].as_array().unwrap().len(), 2);
        let new = credentials(&new);
        token(&app, &old, &[GRANT]).await.expect(200);
        token(&app, &new, &[GRANT]).await.expect(200);
        app.context.clock.advance(TimeDelta::hours(1));
        says(&token(&app, &old, &[GRANT]).await, 401, "invalid_client");
        token(&app, &new, &[GRANT]).await.expect(200);
    });
}

#[test]
fn a_revoked_client_is_out_with_its_tokens_at_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        let made = client(&partner, json!({})).await.expect(201);
        let own = credentials(&made);
        let granted = token(&app, &own, &[GRANT]).await.expect(200);
        let program = app.stranger().with_token(granted.text("access_token"));
        program.get("/v1/programmes").await.expect(200);
        let call = partner
            .owner
            .call("DELETE", &format!("/v1/clients/{}", own.0));
        call.header("If-Match", made.etag())
            .send()
            .await
            .expect(204);
        program
            .get("/v1/programmes")
            .await
            .refused(401, "invalid_token");
        says(&token(&app, &own, &[GRANT]).await, 401, "invalid_client");
    });
}

#[test]
fn a_client_ends_with_its_time_and_keeps_to_its_place() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        let elsewhere = json!({ "allowed_addresses": ["192.0.2.7"] });
        let own = credentials(&client(&partner, elsewhere).await.expect(201));
        says(&token(&app, &own, &[GRANT]).await, 401, "invalid_client");
        let end = app.context.now() + TimeDelta::minutes(1);
        let soon = json!({ "expires_at": end.to_rfc3339() });
        let own = credentials(&client(&partner, soon).await.expect(201));
        let granted = token(&app, &own, &[GRANT]).await.expect(200);
        assert_eq!(granted.body["expires_in"], 60);
        app.context.clock.advance(TimeDelta::minutes(1));
        says(&token(&app, &own, &[GRANT]).await, 401, "invalid_client");
        let program = app.stranger().with_token(granted.text("access_token"));
        program
            .get("/v1/programmes")
            .await
            .refused(401, "invalid_token");
    });
}

#[test]
fn tokens_are_revoked_and_asked_about_by_their_own_client_only() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        let own = credentials(&client(&partner, json!({})).await.expect(201));
        let other = credentials(&client(&partner, json!({})).await.expect(201));
        let granted = token(&app, &own, &[GRANT]).await.expect(200);
        let access = granted.text("access_token").to_owned();
        let ask = async |who: &(String, String), path: &str, token: &str| {
            let basic = Some((who.0.as_str(), who.1.as_str()));
            app.stranger().oauth(path, basic, &[("token", token)]).await
        };
        let (introspect, revoke) = ("/v1/oauth/introspect", "/v1/oauth/revoke");
        let active = ask(&own, introspect, &access).await.expect(200);
        assert_eq!(active.body["active"], true);
        assert_eq!(active.body["client_id"], own.0);
        assert_eq!(active.body["scope"], "organizations:read programmes:read");
        for (who, what) in [(&other, access.as_str()), (&own, "garbage")] {
            let inactive = ask(who, introspect, what).await.expect(200);
            assert_eq!(inactive.body, json!({ "active": false }));
        }
        let nobody = app
            .stranger()
            .oauth(introspect, None, &[("token", &access)])
            .await;
        says(&nobody, 401, "invalid_client");
        let program = app.stranger().with_token(&access);
        for (who, what) in [(&other, access.as_str()), (&own, "garbage")] {
            ask(who, revoke, what).await.expect(200);
            program.get("/v1/programmes").await.expect(200);
        }
        ask(&own, revoke, &access).await.expect(200);
        program
            .get("/v1/programmes")
            .await
            .refused(401, "invalid_token");
        let inactive = ask(&own, introspect, &access).await.expect(200);
        assert_eq!(inactive.body, json!({ "active": false }));
    });
}

#[test]
fn partners_owners_and_admins_make_clients_and_nobody_else() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let editor = colleague(&app, &partner, "Eli", Role::Editor).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let admin = operator(&app, "Admin", &[Role::Admin]).await;
        let path = format!("/v1/organizations/{}/clients", partner.id);
        let body = json!({ "name": "Sync", "scopes": ["programmes:read"] });
        editor.post(&path, &body).await.refused(403, "forbidden");
        curator.post(&path, &body).await.refused(403, "forbidden");
        tamar
            .owner
            .post(&path, &body)
            .await
            .refused(404, "not_found");
        let made = admin.post(&path, &body).await.expect(201);
        tamar
            .owner
            .get(&format!("/v1/clients/{}", made.text("id")))
            .await
            .expect(404);
        let own = format!("/v1/organizations/{}/clients", tamar.id);
        admin.post(&own, &body).await.refused(409, "not_a_partner");
    });
}

#[test]
fn the_metadata_names_what_there_is() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let path = "/.well-known/oauth-authorization-server";
        let metadata = app.stranger().get(path).await.expect(200);
        let issuer = app.context.settings.public_url.clone();
        assert_eq!(metadata.body["issuer"], issuer);
        assert_eq!(metadata.body["token_endpoint"], format!("{issuer}{TOKEN}"));
        assert_eq!(
            metadata.body["grant_types_supported"],
            json!(["client_credentials"])
        );
        assert_eq!(metadata.body["response_types_supported"], json!([]));
        let path = "/.well-known/oauth-protected-resource";
        let resource = app.stranger().get(path).await.expect(200);
        assert_eq!(resource.body["authorization_servers"], json!([issuer]));
    });
}

#[test]
fn a_client_that_is_asked_for_twice_is_made_once_and_its_secret_shown_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        let path = format!("/v1/organizations/{}/clients", partner.id);
        let body = json!({ "name": "Sync", "scopes": ["programmes:read"] });
        let make = async || {
            let call = partner.owner.call("POST", &path).json(&body);
            call.header("Idempotency-Key", "8e03978e-40d5")
                .send()
                .await
                .expect(201)
        };
        let (first, again) = (make().await, make().await);
        assert_eq!(first.body["id"], again.body["id"]);
        assert!(again.body.get("client_secret").is_none());
        token(&app, &credentials(&first), &[GRANT])
            .await
            .expect(200);
    });
}
