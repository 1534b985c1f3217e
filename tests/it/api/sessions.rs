//! Sessions: renewed, listed, ended.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::app::App;
use crate::support::builders::{PASSWORD, address, firm};
use crate::support::client::{Answer, Client};
use crate::support::database::on_each_backend;

async fn sign_in(app: &App, name: &str) -> Answer {
    let body = json!({ "email": address(name), "password": PASSWORD });
    let call = app.stranger().call("POST", "/v1/sessions").json(&body);
    call.header("User-Agent", "browser of a test")
        .send()
        .await
        .expect(201)
}

async fn refresh(app: &App, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    app.stranger().post("/v1/sessions/refresh", &body).await
}

fn holder(app: &App, session: &Answer) -> Client {
    app.stranger().with_token(session.text("access_token"))
}

#[test]
fn a_session_is_renewed_as_often_as_one_likes() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let mut session = sign_in(&app, "Tamar").await;
        for _ in 0..3 {
            app.context.clock.advance(app.context.settings.access_token);
            let token = session.text("refresh_token").to_owned();
            let next = refresh(&app, &token).await.expect(200);
            assert_eq!(next.header("cache-control"), "no-store");
            assert_ne!(next.text("refresh_token"), token);
            assert_eq!(next.text("session"), session.text("session"));
            holder(&app, &next).get("/v1/me").await.expect(200);
            session = next;
        }
    });
}

#[test]
fn a_session_ends_whatever_happens() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let mut session = sign_in(&app, "Tamar").await;
        let begun = app.context.now();
        let step = app.context.settings.refresh_token - TimeDelta::seconds(1);
        while app.context.now() + step < begun + app.context.settings.session {
            app.context.clock.advance(step);
            session = refresh(&app, session.text("refresh_token"))
                .await
                .expect(200);
        }
        app.context.clock.advance(step);
        let last = refresh(&app, session.text("refresh_token")).await;
        last.refused(401, "invalid_token");
    });
}

#[test]
fn a_refresh_token_that_nobody_used_runs_out() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let session = sign_in(&app, "Tamar").await;
        app.context
            .clock
            .advance(app.context.settings.refresh_token);
        let late = refresh(&app, session.text("refresh_token")).await;
        late.refused(401, "invalid_token");
    });
}

#[test]
fn sessions_are_listed_and_ended_one_by_one() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let (one, other) = (sign_in(&app, "Tamar").await, sign_in(&app, "Tamar").await);
        let listed = holder(&app, &one).get("/v1/me/sessions").await.expect(200);
        let items = listed.body["items"].as_array().unwrap();
        assert_eq!(items.len(), 3, "the builder's, and two");
        let current = items.iter().find(|item| item["current"] == true).unwrap();
        assert_eq!(current["id"], one.text("session"));
        assert_eq!(current["agent"], "browser of a test");
        assert_eq!(current["address"], "127.0.0.1");
        // A page at a time, and no filter that isn't there.
        let mut walked = vec![];
        let mut next = Some("/v1/me/sessions?limit=2".to_owned());
        while let Some(path) = next {
            let page = holder(&app, &one).get(&path).await.expect(200);
            walked.extend(page.body["items"].as_array().unwrap().iter().cloned());
            let cursor = page.body["next_cursor"].as_str();
            next = cursor.map(|cursor| format!("/v1/me/sessions?limit=2&cursor={cursor}"));
        }
        assert_eq!(&walked, items);
        for path in ["/v1/me/sessions?colour=red", "/v1/me?colour=red&limit=1"] {
            let answer = holder(&app, &one).get(path).await.refused(400, "bad_query");
            assert!(
                answer
                    .text("detail")
                    .contains("`colour` is not known here.")
            );
        }
        // Nothing is done before that is told.
        let ending = format!("/v1/me/sessions/{}?later=1", other.text("session"));
        let ending = holder(&app, &one).call("DELETE", &ending).send().await;
        ending.refused(400, "bad_query");
        let path = format!("/v1/me/sessions/{}", other.text("session"));
        holder(&app, &one)
            .call("DELETE", &path)
            .send()
            .await
            .expect(204);
        let ended = holder(&app, &other).get("/v1/me").await;
        ended.refused(401, "invalid_token");
        let renewed = refresh(&app, other.text("refresh_token")).await;
        renewed.refused(401, "invalid_token");
        holder(&app, &one).get("/v1/me").await.expect(200);
        let again = holder(&app, &one).call("DELETE", &path).send().await;
        again.expect(404);
    });
}

#[test]
fn signing_out_ends_this_session_at_once_and_no_other() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let (one, other) = (sign_in(&app, "Tamar").await, sign_in(&app, "Tamar").await);
        let out = holder(&app, &one).call("DELETE", "/v1/sessions/current");
        out.send().await.expect(204);
        let ended = holder(&app, &one).get("/v1/me").await;
        ended.refused(401, "invalid_token");
        holder(&app, &other).get("/v1/me").await.expect(200);
    });
}

#[test]
fn everywhere_else_can_be_signed_out_at_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let (one, other) = (sign_in(&app, "Tamar").await, sign_in(&app, "Tamar").await);
        let out = holder(&app, &one).call("DELETE", "/v1/me/sessions");
        out.send().await.expect(204);
        holder(&app, &one).get("/v1/me").await.expect(200);
        let ended = holder(&app, &other).get("/v1/me").await;
        ended.refused(401, "invalid_token");
    });
}

#[test]
fn a_person_reads_what_happened_to_their_account() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let wrong = json!({ "email": address("Tamar"), "password": "not the password" });
        let failed = app.stranger().post("/v1/sessions", &wrong).await;
        failed.expect(401);
        app.seal().await;
        let events = tamar.owner.get("/v1/me/events").await.expect(200);
        let items = events.body["items"].as_array().unwrap();
        let kinds: Vec<_> = items
            .iter()
            .map(|it| it["kind"].as_str().unwrap())
            .collect();
        assert_eq!(
            kinds,
            ["user.joined", "user.signed_in", "user.sign_in_failed"]
        );
        let told = json!({ "factor": "password", "count": 1 });
        assert_eq!(items[2]["payload"], told);
    });
}

#[test]
fn keys_are_rotated_and_tokens_of_the_old_one_hold_until_they_run_out() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let published = async || {
            let keys = app
                .stranger()
                .get("/.well-known/jwks.json")
                .await
                .expect(200);
            let keys = keys.body["keys"].as_array().unwrap().clone();
            keys.iter()
                .map(|key| key["kid"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let before = published().await;
        let kid = corridor::services::signing::rotate(&app.context)
            .await
            .unwrap();
        assert_eq!(published().await, [kid.clone(), before[0].clone()]);
        tamar.owner.get("/v1/me").await.expect(200);
        let session = sign_in(&app, "Tamar").await;
        holder(&app, &session).get("/v1/me").await.expect(200);
        let lifetime = app.context.settings.access_token;
        app.context.clock.advance(lifetime + TimeDelta::minutes(7));
        corridor::services::signing::refresh(&app.context)
            .await
            .unwrap();
        assert_eq!(published().await, [kid]);
    });
}

#[test]
fn a_node_finds_the_key_that_another_one_signs_with() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        // The other node shares the store and the secret, not the keys in memory.
        let mut other = app.context.clone();
        let ring = corridor::services::signing::load(
            &other.db,
            &other.sealer,
            other.settings.access_token,
            other.now(),
        );
        let ring = ring.await.unwrap();
        let url = other.settings.public_url.clone();
        other.tokens = std::sync::Arc::new(corridor::auth::token::Tokens::new(
            ring,
            url.clone(),
            url,
            std::time::Duration::from_secs(5),
        ));
        corridor::services::signing::rotate(&other).await.unwrap();
        let credentials = corridor::services::sessions::Credentials {
            email: address("Tamar"),
            password: PASSWORD.to_owned(),
            code: None,
        };
        let origin = corridor::services::sessions::Origin::default();
        let granted = corridor::services::sessions::sign_in(&other, credentials, origin);
        let granted = granted.await.unwrap();
        let holder = app.stranger().with_token(&granted.access_token);
        holder.get("/v1/me").await.expect(200);
    });
}
