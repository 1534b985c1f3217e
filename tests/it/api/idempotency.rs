//! `Idempotency-Key`: what is asked for twice is done once and answered twice.

use std::collections::BTreeSet;

use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use serde_json::json;
use tokio::task::JoinSet;

use super::stage::{Answer, Stage, Who};
use super::twice::draft_programme;
use crate::support::database::on_each_backend;

#[test]
fn a_refusal_is_repeated_with_all_that_was_missing() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let draft = stage
            .post(Who::Dana, "/v1/startup-profiles", json!({}))
            .await;
        let profile = draft.location.clone().unwrap();
        draft.expect(201);
        let submit = async || {
            let request = stage
                .request(Who::Dana, "POST", &format!("{profile}/transitions"))
                .header("If-Match", "*")
                .header("Idempotency-Key", "8e03978e-40d5")
                .json(&json!({"action": "submit"}));
            Answer::of(request.send().await.unwrap()).await.expect(409)
        };
        let first = submit().await;
        assert!(first["errors"].as_array().unwrap().len() > 1, "{first}");
        // What would be refused otherwise now is refused as it was.
        let stated = json!({"stage": "seed"});
        stage.edit(Who::Dana, &profile, stated).await.expect(200);
        let again = submit().await;
        for part in ["code", "detail", "errors"] {
            assert_eq!(first[part], again[part], "{part}");
        }
    });
}

/// What became of a record since is no answer to what was asked then.
#[test]
fn a_replay_says_what_was_said_whatever_became_of_the_record_since() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let ask = async |who: Who, path: &str, key: &str, body: serde_json::Value| {
            let request = stage
                .request(who, "POST", path)
                .header("If-Match", "*")
                .header("Idempotency-Key", key);
            Answer::of(request.json(&body).send().await.unwrap()).await
        };
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        for (who, record, nouns, words) in [
            (
                Who::Dana,
                &profile,
                "/v1/startup-profiles",
                json!({"stage": "seed"}),
            ),
            (
                Who::Gul,
                &mandate,
                "/v1/mandates",
                json!({"title": "Water in the south"}),
            ),
        ] {
            let path = format!("{record}/transitions");
            let pause =
                async || ask(who, &path, "pause-8e03978e", json!({"action": "pause"})).await;
            let make = async || ask(who, nouns, "make-8e03978e", json!({})).await;
            let (paused, made) = (pause().await, make().await);
            assert_eq!((paused.status, made.status), (200, 201));
            stage
                .go(who, record, json!({"action": "publish"}))
                .await
                .expect(200);
            let draft = made.location.clone().unwrap();
            let edited = stage.edit(who, &draft, words).await;
            assert_ne!(edited.etag, made.etag);
            edited.expect(200);
            for (first, again) in [(paused, pause().await), (made, make().await)] {
                assert_eq!(first.status, again.status, "{again:?}");
                assert_eq!(first.text, again.text);
                assert_eq!(first.etag, again.etag);
                assert_eq!(first.location, again.location);
            }
            // One that was told of nobody's words any more tells what there is.
            let forget = |conn: &mut Conn| db::idempotency::forget_told(conn);
            assert_eq!(stage.context.db.write(forget).await.unwrap(), 2);
            let status = make().await.expect(201)["status"].clone();
            assert_eq!(status, "draft");
            assert_eq!(pause().await.expect(200)["status"], "published");
        }
    });
}

/// Once somebody has left a firm, no old key of theirs reads its records.
#[test]
fn a_replay_asks_again_who_may_read() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let pause = async || {
            let request = stage
                .request(Who::Gul, "POST", &format!("{mandate}/transitions"))
                .header("If-Match", "*")
                .header("Idempotency-Key", "8e03978e-40d5")
                .json(&json!({"action": "pause"}));
            Answer::of(request.send().await.unwrap()).await.status
        };
        assert_eq!((pause().await, pause().await), (200, 200));
        let (gul, firm) = (stage.user(Who::Gul).id, stage.investor.id);
        let leave =
            move |conn: &mut Conn| db::users::remove_membership(conn, gul, firm, Role::Owner);
        assert!(stage.context.db.write(leave).await.unwrap());
        assert_eq!(pause().await, 404);
    });
}

#[test]
fn twins_at_the_same_time_get_the_one_answer() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut twins = JoinSet::new();
        for _ in 0..8 {
            let request = stage
                .request(Who::Curator, "POST", "/v1/programmes")
                .header("Idempotency-Key", "8e03978e-40d5")
                .json(&draft_programme("az-il"));
            twins.spawn(async move { Answer::of(request.send().await.unwrap()).await });
        }
        let answers = twins.join_all().await;
        let made: BTreeSet<_> = answers.iter().map(|it| (it.status, &it.text)).collect();
        assert_eq!(made.len(), 1, "{made:?}");
        assert_eq!(answers[0].status, 201);
    });
}

/// On SQLite there is one writer, and a twin can only ever wait for its turn.
#[cfg(feature = "postgres")]
#[test]
fn a_twin_that_takes_too_long_is_told_so() {
    use corridor::db::idempotency::{Slot, begin};
    use diesel::Connection as _;

    on_each_backend(async |database| {
        if database.migrations() != "postgres" {
            return;
        }
        let stage = Stage::set(database).await;
        let (mut firsts, mut twins) = (Vec::new(), JoinSet::new());
        for (who, route, body) in [
            (
                Who::Curator,
                "POST /v1/programmes",
                draft_programme("az-il"),
            ),
            (Who::Dana, "POST /v1/startup-profiles", json!({})),
        ] {
            let slot = Slot {
                principal: stage.user(who).id.to_string(),
                route: route.to_owned(),
                key: "8e03978e-40d5".to_owned(),
            };
            let mut first = database.connect();
            first.begin_test_transaction().unwrap();
            begin(&mut first, &slot, &[0; 32], stage.context.now()).unwrap();
            firsts.push(first);
            let (method, path) = route.split_once(' ').unwrap();
            let request = stage
                .request(who, method, path)
                .header("Idempotency-Key", "8e03978e-40d5")
                .json(&body);
            twins.spawn(async move { Answer::of(request.send().await.unwrap()).await });
        }
        for answer in twins.join_all().await {
            assert_eq!(answer.code(409), "idempotency_key_in_use");
        }
    });
}
