//! What the gate closes for a while: neither read, moved nor replayed, and not
//! lost when it opens again.

use serde_json::{Value, json};

use super::stage::{Answer, Stage, Who};
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
        let made = stage
            .request_introduction(Who::Dana, &matched, super::stage::BLURB)
            .await;
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
