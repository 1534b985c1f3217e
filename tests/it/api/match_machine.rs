//! The whole course of a match: put off and back, passed and kept apart,
//! unanswered, and ended when a gate fails, which tells a side nothing.

use chrono::TimeDelta;
use corridor::jobs;
use serde_json::{Value, json};

use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

/// What the workers would have done by now.
pub async fn strike(stage: &Stage) {
    stage.seal().await;
    jobs::clock::strike(&stage.context).await.unwrap();
}

async fn later(stage: &Stage, days: i64) {
    stage.context.clock.advance(TimeDelta::days(days));
    strike(stage).await;
}

fn day(stage: &Stage, ahead: i64) -> String {
    let day = stage.context.now() + TimeDelta::days(ahead);
    day.date_naive().to_string()
}

async fn status(stage: &Stage, who: Who, matched: &str) -> String {
    let view = stage.get(who, matched).await.expect(200);
    view["status"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_put_off_comes_back_at_its_date_and_is_put_off_once() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        for (until, code) in [
            (day(&stage, 0), "out_of_range"),
            (day(&stage, 91), "out_of_range"),
            ("soon".to_owned(), "not_a_date"),
        ] {
            let body = json!({"action": "snooze", "until": until});
            let refused = stage.go(Who::Gul, &matched, body).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], "#/until");
            assert_eq!(refused["errors"][0]["code"], code);
        }
        let bare = json!({"action": "snooze"});
        let refused = stage.go(Who::Gul, &matched, bare).await.expect(422);
        assert_eq!(refused["errors"][0]["code"], "required");

        let snooze = json!({"action": "snooze", "until": day(&stage, 30)});
        let own = stage.go(Who::Gul, &matched, snooze.clone()).await;
        let own = own.expect(200);
        assert_eq!(own["status"], "snoozed");
        assert_eq!(own["investor_response"], "snoozed");
        assert!(own["snoozed_until"].is_string());
        // The other side learns nothing of it, and can answer as before.
        let other = stage.get(Who::Dana, &matched).await.expect(200);
        assert_eq!(other["status"], "released");
        assert!(other.get("snoozed_until").is_none(), "{other}");
        stage.seal().await;
        let events = stage.get(Who::Dana, &format!("{matched}/events")).await;
        assert!(!events.text.contains("snooze"), "{}", events.text);
        let known = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(known["status"], "snoozed");
        let interested = json!({"action": "interested"});
        let waits = stage.go(Who::Gul, &matched, interested.clone()).await;
        assert_eq!(waits.code(409), "transition_not_allowed");
        let said = stage.go(Who::Dana, &matched, interested.clone()).await;
        assert_eq!(said.expect(200)["status"], "interested");
        assert_eq!(status(&stage, Who::Curator, &matched).await, "snoozed");

        // It does not expire meanwhile, and comes back where the answers put it.
        later(&stage, 29).await;
        assert_eq!(status(&stage, Who::Gul, &matched).await, "snoozed");
        later(&stage, 2).await;
        assert_eq!(status(&stage, Who::Curator, &matched).await, "one_sided");
        assert_eq!(status(&stage, Who::Gul, &matched).await, "released");
        stage.seal().await;
        let events = stage.get(Who::Dana, &format!("{matched}/events")).await;
        assert!(!events.text.contains("wake"), "{}", events.text);
        let snooze = json!({"action": "snooze", "until": day(&stage, 5)});
        let twice = stage.go(Who::Gul, &matched, snooze.clone()).await;
        assert_eq!(twice.code(409), "snoozed_before");
        let own = stage.go(Who::Gul, &matched, interested).await.expect(200);
        assert_eq!(own["status"], "mutual");
        let late = stage.go(Who::Dana, &matched, snooze).await;
        assert_eq!(late.code(409), "transition_not_allowed");
    });
}

#[test]
fn each_side_puts_off_for_itself() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        for (who, ahead) in [(Who::Gul, 10), (Who::Dana, 20)] {
            let body = json!({"action": "snooze", "until": day(&stage, ahead)});
            stage.go(who, &matched, body).await.expect(200);
        }
        later(&stage, 11).await;
        assert_eq!(status(&stage, Who::Gul, &matched).await, "released");
        assert_eq!(status(&stage, Who::Dana, &matched).await, "snoozed");
        let pass = json!({"action": "pass", "reason": "team"});
        stage.go(Who::Gul, &matched, pass).await.expect(200);
        assert_eq!(status(&stage, Who::Curator, &matched).await, "passed");
        later(&stage, 10).await;
        assert_eq!(status(&stage, Who::Curator, &matched).await, "passed");
    });
}

/// The gate of cool-downs, as the curator reads it.
async fn cool_down(stage: &Stage) -> Value {
    let pair = format!(
        "/v1/matches/explain?programme={}&startup_profile={}&mandate={}",
        stage.programme.id, stage.profile.id, stage.mandate.id
    );
    let account = stage.get(Who::Curator, &pair).await.expect(200);
    let gates = account["gates"].as_array().unwrap();
    let gate = gates.iter().find(|gate| gate["gate"] == "cool_down");
    gate.unwrap()["verdict"].clone()
}

#[test]
fn a_pass_keeps_the_two_apart_as_long_as_its_reason_says() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let bare = json!({"action": "pass", "reason": "other"});
        let refused = stage.go(Who::Gul, &matched, bare).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "#/note");
        let words = "We took a stake in a competitor.";
        let pass = json!({"action": "pass", "reason": "other", "note": words});
        let own = stage.go(Who::Gul, &matched, pass).await.expect(200);
        assert_eq!(own["status"], "passed");
        // The words are for the operator's people.
        stage.seal().await;
        for path in [matched.clone(), format!("{matched}/events")] {
            let told = stage.get(Who::Dana, &path).await;
            assert!(!told.text.contains("competitor"), "{}", told.text);
            assert!(!told.text.contains("pass"), "{}", told.text);
        }
        let known = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(known["notes"][0]["note"], words);
        assert_eq!(cool_down(&stage).await, "fail");
        later(&stage, 179).await;
        assert_eq!(cool_down(&stage).await, "fail");
        later(&stage, 2).await;
        assert_eq!(cool_down(&stage).await, "pass");
    });
}

#[test]
fn not_now_keeps_them_apart_until_its_day() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let pass = json!({"action": "pass", "reason": "not_now", "until": day(&stage, 20)});
        stage.go(Who::Dana, &matched, pass).await.expect(200);
        later(&stage, 18).await;
        assert_eq!(cool_down(&stage).await, "fail");
        later(&stage, 3).await;
        assert_eq!(cool_down(&stage).await, "pass");
        stage.matched().await;
    });
}

#[test]
fn what_nobody_answers_expires_after_45_days() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        later(&stage, 44).await;
        assert_eq!(status(&stage, Who::Gul, &matched).await, "released");
        later(&stage, 2).await;
        assert_eq!(status(&stage, Who::Gul, &matched).await, "expired");
        let late = stage.go(Who::Gul, &matched, json!({"action": "interested"}));
        assert_eq!(late.await.code(409), "transition_not_allowed");
        // The pair may come again at once.
        stage.matched().await;
    });
}

#[test]
fn a_gate_that_fails_for_good_ends_a_match_and_tells_a_side_nothing() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        strike(&stage).await;
        // A pause only hides it.
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let pause = json!({"action": "pause"});
        stage.go(Who::Gul, &mandate, pause).await.expect(200);
        strike(&stage).await;
        assert_eq!(status(&stage, Who::Curator, &matched).await, "released");
        let publish = json!({"action": "publish"});
        stage.go(Who::Gul, &mandate, publish).await.expect(200);
        strike(&stage).await;
        assert_eq!(status(&stage, Who::Gul, &matched).await, "released");
        // What it wants by now is something else.
        let other = json!({"excluded_countries": ["IL"]});
        stage.edit(Who::Gul, &mandate, other).await.expect(200);
        strike(&stage).await;
        let known = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(known["status"], "blocked");
        for who in [Who::Dana, Who::Gul] {
            let gone = stage.get(who, &matched).await;
            let nobody = "/v1/matches/00000000-0000-7000-8000-000000000000";
            let control = stage.get(who, nobody).await;
            assert_eq!((gone.status, control.status), (404, 404));
            let (gone, control) = (gone.json(), control.json());
            assert_eq!(gone["code"], control["code"]);
            assert_eq!(gone["detail"], control["detail"]);
            let list = stage.get(who, "/v1/matches").await.expect(200);
            assert_eq!(list["items"], json!([]));
        }
        // It is the end, whatever becomes of the mandate.
        let again = json!({"excluded_countries": []});
        stage.edit(Who::Gul, &mandate, again).await.expect(200);
        strike(&stage).await;
        assert_eq!(status(&stage, Who::Curator, &matched).await, "blocked");
    });
}

#[test]
fn a_pass_ends_the_other_matches_of_the_two_firms() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let first = stage.released().await;
        strike(&stage).await;
        let second = json!({
            "title": "Energy", "tags": {"water_loss": 1}, "deal_intents": ["pilot_poc"],
            "languages": ["en"],
        });
        let made = stage.post(Who::Gul, "/v1/mandates", second).await;
        let mandate = made.location.clone().unwrap();
        made.expect(201);
        let publish = json!({"action": "publish"});
        stage.go(Who::Gul, &mandate, publish).await.expect(200);
        let id = mandate.rsplit('/').next().unwrap();
        let admissions = format!("/v1/programmes/{}/admissions", stage.programme.id);
        let admit = json!({"mandate": id});
        stage
            .post(Who::Curator, &admissions, admit)
            .await
            .expect(200);
        let pair = json!({
            "programme": stage.programme.id.to_string(),
            "startup_profile": stage.profile.id.to_string(),
            "mandate": id,
        });
        let made = stage.post(Who::Curator, "/v1/matches", pair).await;
        let other = made.location.clone().unwrap();
        made.expect(201);
        let pass = json!({"action": "pass", "reason": "thesis_mismatch"});
        stage.go(Who::Gul, &first, pass).await.expect(200);
        strike(&stage).await;
        assert_eq!(status(&stage, Who::Curator, &other).await, "blocked");
        assert_eq!(status(&stage, Who::Curator, &first).await, "passed");
    });
}

#[test]
fn terms_that_run_out_are_noticed_within_a_day() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let term = json!({"active_to": day(&stage, 10)});
        stage.edit(Who::Gul, &mandate, term).await.expect(200);
        let matched = stage.released().await;
        later(&stage, 10).await;
        assert_eq!(status(&stage, Who::Curator, &matched).await, "released");
        later(&stage, 1).await;
        assert_eq!(status(&stage, Who::Curator, &matched).await, "blocked");
    });
}
