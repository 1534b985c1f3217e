//! `Idempotency-Key`: what is asked for twice is done once and answered twice.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use serde_json::json;
use tokio::task::JoinSet;

use super::deals::deal;
use super::stage::{Answer, Stage, Who};
use super::twice::draft_programme;
use crate::support::app::App;
use crate::support::builders::firm;
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
        for (who, record, nouns, words, forgotten) in [
            (
                Who::Dana,
                &profile,
                "/v1/startup-profiles",
                json!({"stage": "seed"}),
                [1, 1, 0, 0],
            ),
            (
                Who::Gul,
                &mandate,
                "/v1/mandates",
                json!({"title": "Water in the south"}),
                // And what the other side was told after the first sweep.
                [1, 1, 1, 0],
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
            let now = stage.context.now();
            let forget = move |conn: &mut Conn| db::idempotency::forget_told(conn, now);
            stage.context.db.write(forget).await.unwrap();
            let status = make().await.expect(201)["status"].clone();
            assert_eq!(status, "draft");
            assert_eq!(pause().await.expect(200)["status"], "published");
            // The words go a few at a time, and those that came later stay.
            stage.context.clock.advance(TimeDelta::seconds(61));
            ask(who, nouns, "later-8e03978e", json!({}))
                .await
                .expect(201);
            let now = stage.context.now();
            let sweep = move |conn: &mut Conn| db::idempotency::sweep_told(conn, now, 1);
            let mut swept = Vec::new();
            for _ in 0..4 {
                swept.push(stage.context.db.write(sweep).await.unwrap());
            }
            assert_eq!(swept, forgotten);
        }
    });
}

/// The same holds of every other noun, as soon as it was answered.
#[test]
fn whatever_was_made_or_moved_is_told_of_as_it_was() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let ask = async |path: &str, key: &str, body: serde_json::Value| {
            let request = stage
                .request(Who::Curator, "POST", path)
                .header("If-Match", "*")
                .header("Idempotency-Key", key);
            Answer::of(request.json(&body).send().await.unwrap()).await
        };
        let make = async || ask("/v1/programmes", "make-8e03978e", draft_programme("az-il")).await;
        let made = make().await;
        assert_eq!(made.status, 201, "{made:?}");
        let programme = made.location.clone().unwrap();
        let retitle = async |title: &str| {
            let title = json!({ "title": title });
            let edited = stage.edit(Who::Curator, &programme, title).await;
            edited.expect(200);
        };
        retitle("A bridge of water").await;
        let path = format!("{programme}/transitions");
        let negotiate = async || ask(&path, "move-8e03978e", json!({"action": "negotiate"})).await;
        let moved = negotiate().await;
        assert_eq!(moved.status, 200, "{moved:?}");
        retitle("A bridge of wine").await;
        for (first, again) in [(made, make().await), (moved, negotiate().await)] {
            assert_eq!(first.status, again.status, "{again:?}");
            assert_eq!(first.text, again.text);
            assert_eq!(first.etag, again.etag);
            assert_eq!(first.location, again.location);
        }
        let now = stage.context.now();
        let forget = move |conn: &mut Conn| db::idempotency::forget_told(conn, now);
        stage.context.db.write(forget).await.unwrap();
        assert_eq!(make().await.expect(201)["title"], "A bridge of wine");
    });
}

/// What bears a secret is answered once and kept nowhere.
#[test]
fn a_secret_is_not_kept_to_be_told_again() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        let path = format!("/v1/organizations/{}/clients", partner.id);
        let call = partner.owner.call("POST", &path);
        let call = call.header("Idempotency-Key", "8e03978e-40d5");
        let body = json!({ "name": "Sync", "scopes": ["programmes:read"] });
        call.json(&body).send().await.expect(201);
        let now = app.context.now();
        let forget = move |conn: &mut Conn| -> db::Result<usize> {
            db::idempotency::forget_told(conn, now)?;
            db::idempotency::sweep_told(conn, now, 100)
        };
        assert_eq!(app.context.db.write(forget).await.unwrap(), 0);
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

/// So it is of what stands in a deal: a note, a task, the deal itself.
#[test]
fn what_was_written_in_a_deal_is_not_told_to_who_left() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let note = json!({"visibility": "both", "note": "They ask for a pilot."});
        let task = json!({
            "title": "Send the deck", "due": "2027-01-01", "assignee": "startup",
            "visibility": "both",
        });
        let report = json!({"action": "report"});
        let ask = async |path: &str, body: &serde_json::Value| {
            let request = stage
                .request(Who::Gul, "POST", path)
                .header("If-Match", "*")
                .header("Idempotency-Key", "8e03978e-40d5")
                .json(body);
            Answer::of(request.send().await.unwrap()).await.status
        };
        let asked = [
            (format!("{deal}/notes"), note, 201),
            (format!("{deal}/tasks"), task, 201),
            (format!("{deal}/transitions"), report, 200),
        ];
        for (path, body, status) in &asked {
            let both = (ask(path, body).await, ask(path, body).await);
            assert_eq!(both, (*status, *status), "{path}");
        }
        let (gul, firm) = (stage.user(Who::Gul).id, stage.investor.id);
        let leave =
            move |conn: &mut Conn| db::users::remove_membership(conn, gul, firm, Role::Owner);
        assert!(stage.context.db.write(leave).await.unwrap());
        for (path, body, _) in &asked {
            assert_eq!(ask(path, body).await, 404, "{path}");
        }
    });
}

/// What was told before a freeze names a side that the freeze keeps from the
/// other.
#[test]
fn a_repetition_names_nobody_who_is_kept_apart_by_now() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let report = async || {
            let request = stage
                .request(Who::Gul, "POST", &format!("{deal}/transitions"))
                .header("If-Match", "*")
                .header("Idempotency-Key", "8e03978e-40d5")
                .json(&json!({"action": "report"}));
            let answer = Answer::of(request.send().await.unwrap()).await;
            answer.expect(200)
        };
        let first = report().await;
        assert!(first["startup"]["name"].is_string(), "{first}");
        assert_eq!(report().await, first);
        let freeze = json!({ "scope": "country", "value": "IL", "reason": "A test" });
        let frozen = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        frozen.expect(201);
        let again = report().await;
        assert!(again["startup"].get("name").is_none(), "{again}");
        assert_eq!(again["id"], first["id"]);
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
