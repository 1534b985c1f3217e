//! Freezes over the API: what they may cover, when they begin and end, and how
//! two people lift them.

use chrono::TimeDelta;
use corridor::jobs::clock;
use corridor::services::Context;
use serde_json::{Value, json};

use super::index::ranked;
use super::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

async fn order(stage: &Stage, order: Value) -> Answer {
    stage.post(Who::Compliance, "/v1/freezes", order).await
}

fn faults(answer: Answer) -> Vec<(String, String)> {
    let told = answer.expect(422);
    let errors = told["errors"].as_array().unwrap().iter();
    let text = |fault: &Value, field: &str| fault[field].as_str().unwrap().to_owned();
    errors
        .map(|fault| (text(fault, "pointer"), text(fault, "code")))
        .collect()
}

fn after(context: &Context, minutes: i64) -> String {
    (context.now() + TimeDelta::minutes(minutes)).to_rfc3339()
}

async fn state(stage: &Stage, freeze: &str) -> Value {
    stage.get(Who::Auditor, freeze).await.expect(200)["state"].clone()
}

/// One that covers everything, begins later and ends by itself: the gate goes
/// by the clock, the index and the log hear of it when the clock strikes.
#[test]
fn a_freeze_of_everything_begins_and_ends_at_its_times() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (context, matched) = (&stage.context, stage.released().await);
        let first = ranked(&stage).await;
        assert_eq!(first.len(), 1);
        let body = json!({
            "scope": "all", "reason": "War.",
            "from": after(context, 2), "to": after(context, 5),
        });
        let made = order(&stage, body).await;
        assert_eq!(made.etag.as_deref(), Some("\"v1\""));
        let freeze = made.location.clone().unwrap();
        let made = made.expect(201);
        assert_eq!(
            (&made["state"], &made["value"]),
            (&json!("planned"), &Value::Null)
        );
        clock::strike(context).await.unwrap();
        assert_eq!(stage.get(Who::Dana, &matched).await.status, 200);
        assert_eq!(ranked(&stage).await, first);

        context.clock.advance(TimeDelta::minutes(2));
        // The gate waits for no clock.
        assert_eq!(stage.get(Who::Dana, &matched).await.status, 404);
        for _ in 0..2 {
            clock::strike(context).await.unwrap();
        }
        assert_eq!(ranked(&stage).await, []);
        assert_eq!(state(&stage, &freeze).await, "in_force");

        context.clock.advance(TimeDelta::minutes(3));
        assert_eq!(stage.get(Who::Dana, &matched).await.status, 200);
        assert_eq!(state(&stage, &freeze).await, "ended");
        for _ in 0..2 {
            clock::strike(context).await.unwrap();
        }
        assert_eq!(ranked(&stage).await, first);
        let lift = json!({ "action": "lift", "reason": "Peace." });
        let late = stage.go(Who::Compliance, &freeze, lift).await;
        assert_eq!(late.code(409), "ended_already");
        let over = stage.get(Who::Auditor, "/v1/freezes?lifted=true").await;
        assert_eq!(over.expect(200)["items"].as_array().unwrap().len(), 1);
        let open = stage.get(Who::Auditor, "/v1/freezes").await;
        assert_eq!(open.expect(200)["items"], json!([]));
        context.db.seal_pending().await.unwrap();
        let told = stage.get(Who::Auditor, &format!("{freeze}/events")).await;
        let told = told.expect(200);
        let kinds = told["items"].as_array().unwrap().iter();
        let kinds: Vec<&str> = kinds.map(|it| it["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["freeze.ordered", "freeze.began", "freeze.ended"]);
    });
}

#[test]
fn a_freeze_is_ordered_whole_and_lifted_by_version_with_reasons() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (context, at) = (&stage.context, "#/from".to_owned());
        let bad = json!({
            "scope": "all", "value": "IL", "reason": "",
            "from": "yesterday", "to": "2026-12-31",
        });
        let pointers: Vec<String> = faults(order(&stage, bad).await)
            .into_iter()
            .map(|(pointer, _)| pointer)
            .collect();
        assert_eq!(pointers, ["#/value", "#/reason", "#/from", "#/to"]);
        let past = json!({
            "scope": "all", "reason": "War.",
            "from": after(context, -60), "to": after(context, -30),
        });
        let told = faults(order(&stage, past).await);
        assert_eq!(told.first(), Some(&(at, "in_the_past".to_owned())));
        assert_eq!(told.len(), 2);
        let nothing = json!({ "scope": "country", "reason": "War." });
        let needed = [("#/value".to_owned(), "required".to_owned())];
        assert_eq!(faults(order(&stage, nothing).await), needed);

        // One that has not begun is lifted as one in force.
        let planned = json!({
            "scope": "country", "value": "AZ", "reason": "War.", "from": after(context, 60),
        });
        let freeze = order(&stage, planned).await.location.unwrap();
        let path = format!("{freeze}/transitions");
        let lift = json!({ "action": "lift", "reason": "A mistake." });
        let blind = stage.post(Who::Compliance, &path, lift.clone()).await;
        assert_eq!(blind.status, 428, "{}", blind.text);
        let mute = json!({ "action": "lift", "reason": " " });
        let mute = stage.go(Who::Compliance, &freeze, mute).await;
        assert_eq!(faults(mute).len(), 1);
        stage
            .go(Who::Compliance, &freeze, lift.clone())
            .await
            .expect(200);
        let stale = stage
            .request(Who::SecondCompliance, "POST", &path)
            .header("If-Match", "\"v1\"")
            .json(&lift);
        let stale = Answer::of(stale.send().await.unwrap()).await;
        assert_eq!(stale.status, 412, "{}", stale.text);
        let agreed = json!({ "action": "lift", "reason": "Indeed." });
        let lifted = stage.go(Who::SecondCompliance, &freeze, agreed).await;
        assert_eq!(lifted.expect(200)["lifted"], true);
        let told = stage.get(Who::Auditor, &freeze).await.expect(200);
        let reasons = ["state", "first_lift_reason", "lift_reason"].map(|it| told[it].clone());
        assert_eq!(reasons, ["lifted", "A mistake.", "Indeed."]);
    });
}
