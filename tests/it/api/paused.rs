//! What the gate closes for a while: neither read, moved nor replayed, and not
//! lost when it opens again.

use chrono::TimeDelta;
use corridor::jobs;
use serde_json::{Value, json};

use super::stage::{Answer, BLURB, INVESTOR, STARTUP, Stage, Who};
use crate::support::database::on_each_backend;

/// A standing order that covers the startup; its path.
async fn frozen(stage: &Stage) -> String {
    let order = json!({"scope": "country", "value": "IL", "reason": "A standing order."});
    let freeze = stage.post(Who::Compliance, "/v1/freezes", order).await;
    format!("/v1/freezes/{}", freeze.expect(201)["id"].as_str().unwrap())
}

async fn lifted(stage: &Stage, freeze: &str) {
    for who in [Who::Compliance, Who::SecondCompliance] {
        let lift = stage.go(who, freeze, json!({"action": "lift"})).await;
        assert_eq!(lift.status, 200, "{}", lift.text);
    }
}

/// Moves a record under an idempotency key.
async fn keyed(stage: &Stage, who: Who, record: &str, body: &Value) -> Answer {
    let request = stage
        .request(who, "POST", &format!("{record}/transitions"))
        .header("If-Match", "*")
        .header("Idempotency-Key", "\"the-same\"");
    Answer::of(request.json(body).send().await.unwrap()).await
}

#[test]
fn a_match_that_was_pulled_is_neither_moved_nor_replayed_by_a_side() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let interested = json!({"action": "interested"});
        let first = keyed(&stage, Who::Gul, &matched, &interested).await;
        assert_eq!(first.status, 200, "{}", first.text);
        let freeze = frozen(&stage).await;
        let again = keyed(&stage, Who::Gul, &matched, &interested).await;
        assert_eq!(again.status, 404, "{}", again.text);
        for body in [
            interested.clone(),
            json!({"action": "pass", "reason": "team"}),
        ] {
            for who in [Who::Dana, Who::Gul] {
                let moved = stage.go(who, &matched, body.clone()).await;
                assert_eq!(moved.status, 404, "{}", moved.text);
            }
        }
        lifted(&stage, &freeze).await;
        let again = keyed(&stage, Who::Gul, &matched, &interested).await;
        assert_eq!(again.status, 200, "{}", again.text);
    });
}

#[test]
fn a_side_does_not_ask_for_matches_by_state() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        stage.released().await;
        for who in [Who::Dana, Who::Gul] {
            let told = stage.get(who, "/v1/matches?status=one_sided").await;
            assert_eq!(told.status, 400, "{}", told.text);
        }
        let path = "/v1/matches?status=released";
        let all = stage.get(Who::Curator, path).await.expect(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_yes_during_a_freeze_is_refused_and_counts_afterwards() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let freeze = frozen(&stage).await;
        let yes = json!({"action": "accept"});
        let refused = stage.go(Who::Gul, &introduction, yes.clone()).await;
        assert!(!refused.text.contains("freeze"), "{}", refused.text);
        assert_eq!(refused.code(409), "paused");
        lifted(&stage, &freeze).await;
        let seen = stage.go(Who::Gul, &introduction, yes).await.expect(200);
        assert_eq!(seen["status"], "both_accepted");
    });
}

#[test]
fn a_stranger_learns_nothing_by_leaving_out_the_version() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let made = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        let introduction = made.location.clone().unwrap();
        made.expect(201);
        for (record, action) in [(&matched, "interested"), (&introduction, "accept")] {
            let path = format!("{record}/transitions");
            let body = json!({"action": action});
            let moved = stage.post(Who::Stranger, &path, body.clone()).await;
            assert_eq!(moved.status, 404, "{}", moved.text);
            let moved = stage.post(Who::Gul, &path, body).await;
            assert_eq!(moved.status, 428, "{}", moved.text);
        }
    });
}

#[test]
fn a_side_reads_no_name_and_no_question_while_the_gate_is_closed() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let freeze = frozen(&stage).await;
        for path in [introduction.as_str(), "/v1/introductions"] {
            let seen = stage.get(Who::Gul, path).await;
            assert!(!seen.text.contains(STARTUP), "{}", seen.text);
            assert!(!seen.text.contains("question"), "{}", seen.text);
        }
        lifted(&stage, &freeze).await;
        let seen = stage.get(Who::Gul, &introduction).await.expect(200);
        assert_eq!(seen["startup"]["name"], STARTUP);
        assert!(seen["question"].is_object());
    });
}

#[test]
fn the_ledger_names_nobody_whom_a_stopped_introduction_withholds() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Gul).await;
        let asked = stage.get(Who::Dana, &introduction).await.expect(200);
        assert_eq!(asked["investor"]["name"], INVESTOR);
        let block = json!({"action": "block", "reason": "A sanction."});
        let stopped = stage.go(Who::Compliance, &introduction, block).await;
        stopped.expect(200);
        let ledger = format!("/v1/organizations/{}/disclosures", stage.startup.id);
        for path in [&introduction, &ledger] {
            let seen = stage.get(Who::Dana, path).await;
            assert_eq!(seen.status, 200);
            assert!(!seen.text.contains(INVESTOR), "{}", seen.text);
        }
    });
}

#[test]
fn a_freeze_lets_neither_a_question_nor_a_match_run_out() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let profile = stage.another_startup("Negev Sensors").await;
        let matched = stage.matched_with(&profile).await;
        let release = json!({"action": "release", "to": "both"});
        stage.go(Who::Curator, &matched, release).await.expect(200);
        let freeze = frozen(&stage).await;
        let strike = async || {
            // Within the time in which records have to be confirmed.
            stage.context.clock.advance(TimeDelta::days(70));
            jobs::clock::strike(&stage.context).await.unwrap();
            let introduction = stage.get(Who::Curator, &introduction).await.expect(200);
            let matched = stage.get(Who::Curator, &matched).await.expect(200);
            [introduction, matched].map(|record| record["status"].as_str().unwrap().to_owned())
        };
        assert_eq!(strike().await, ["asking_first", "released"]);
        lifted(&stage, &freeze).await;
        jobs::clock::strike(&stage.context).await.unwrap();
        assert_eq!(stage.get(Who::Gul, &matched).await.status, 200);
        let asked = stage.get(Who::Gul, &introduction).await.expect(200);
        assert!(asked["question"].is_object(), "{asked}");
        assert_eq!(strike().await, ["expired", "expired"]);
    });
}
