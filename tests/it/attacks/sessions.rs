//! Copies of refresh tokens.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::app::App;
use crate::support::builders::{PASSWORD, address, firm};
use crate::support::client::Answer;
use crate::support::database::on_each_backend;

async fn sign_in(app: &App) -> Answer {
    let body = json!({ "email": address("Tamar"), "password": PASSWORD });
    app.stranger().post("/v1/sessions", &body).await.expect(201)
}

async fn refresh(app: &App, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    app.stranger().post("/v1/sessions/refresh", &body).await
}

#[test]
fn of_twenty_at_once_one_succeeds_and_the_family_ends() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let session = sign_in(&app).await;
        let body = json!({ "refresh_token": session.text("refresh_token") });
        let mut racing = JoinSet::new();
        for _ in 0..20 {
            let (client, body): (_, Value) = (app.stranger(), body.clone());
            racing.spawn(async move { client.post("/v1/sessions/refresh", &body).await });
        }
        let answers = racing.join_all().await;
        let won: Vec<_> = answers.iter().filter(|it| it.status == 200).collect();
        assert_eq!(won.len(), 1, "{answers:#?}");
        assert!(answers.iter().all(|it| matches!(it.status, 200 | 401)));
        println!(
            "{} parallel refreshes with one token: {} succeeds",
            answers.len(),
            won.len()
        );
        // The others were copies: what the first one got is void as well.
        let winner = app.stranger().with_token(won[0].text("access_token"));
        winner.get("/v1/me").await.refused(401, "invalid_token");
        let next = refresh(&app, won[0].text("refresh_token")).await;
        next.refused(401, "invalid_token");
    });
}

#[test]
fn a_replay_ends_the_family_at_once_and_the_person_hears_of_it() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let first = sign_in(&app).await;
        let second = refresh(&app, first.text("refresh_token")).await.expect(200);
        let third = refresh(&app, second.text("refresh_token"))
            .await
            .expect(200);
        let holder = app.stranger().with_token(third.text("access_token"));
        holder.get("/v1/me").await.expect(200);
        let replay = refresh(&app, first.text("refresh_token")).await;
        replay.refused(401, "invalid_token");
        holder.get("/v1/me").await.refused(401, "invalid_token");
        let dead = refresh(&app, third.text("refresh_token")).await;
        dead.refused(401, "invalid_token");
        // Another session of the same person is not concerned.
        tamar.owner.get("/v1/me").await.expect(200);
        app.seal().await;
        let events = tamar.owner.get("/v1/me/events").await.expect(200);
        let ended = events.body["items"].as_array().unwrap().iter();
        let mut ended = ended.filter(|event| event["kind"] == "session.ended");
        assert_eq!(ended.next().unwrap()["payload"]["reason"], "reuse");
        let queued = app
            .context
            .db
            .read(|conn| corridor::db::outbox::list(conn, None, None, 100));
        let queued = queued.await.unwrap();
        assert!(
            queued
                .iter()
                .any(|it| it.intent_key.starts_with("news:session_copied:"))
        );
    });
}

#[test]
fn a_session_of_somebody_else_is_not_theirs_to_end() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let other = firm(&app, "investor", "Xezer", "AZ").await;
        let session = sign_in(&app).await;
        let path = format!("/v1/me/sessions/{}", session.text("session"));
        other
            .owner
            .call("DELETE", &path)
            .send()
            .await
            .refused(404, "not_found");
        let holder = app.stranger().with_token(session.text("access_token"));
        holder.get("/v1/me").await.expect(200);
    });
}
