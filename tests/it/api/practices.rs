//! What one firm shows another: behind the gate, and in the scorecard.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::stage::{INVESTOR, STARTUP, Stage, Who};
use crate::support::database::on_each_backend;

/// A proposal that the startup shows the investor something.
pub fn proposal(stage: &Stage) -> Value {
    json!({
        "programme": stage.programme.id.to_string(),
        "topic": "incubator_operation",
        "giver": stage.startup.id.to_string(),
        "taker": stage.investor.id.to_string(),
        "aim": "How an incubator chooses whom it takes.",
    })
}

async fn proposed(stage: &Stage) -> String {
    let made = stage.post(Who::Curator, "/v1/practices", proposal(stage));
    let made = made.await;
    let location = made.location.clone();
    made.expect(201);
    location.unwrap()
}

async fn act(stage: &Stage, who: Who, practice: &str, action: &str) -> Value {
    let moved = stage.go(who, practice, json!({ "action": action })).await;
    moved.expect(200)
}

fn held(on: &str) -> Value {
    json!({ "held_on": on, "minutes": 90, "attendees": 3 })
}

/// An engagement of which a session was held: both ids.
pub async fn running(stage: &Stage) -> (String, String) {
    let practice = proposed(stage).await;
    act(stage, Who::Curator, &practice, "offer").await;
    for who in [Who::Dana, Who::Gul] {
        act(stage, who, &practice, "agree").await;
    }
    let path = format!("{practice}/sessions");
    let on = stage.context.now().date_naive().to_string();
    let session = stage.post(Who::Dana, &path, held(&on)).await.expect(201);
    let id = practice.rsplit('/').next().unwrap().to_owned();
    (id, session["id"].as_str().unwrap().to_owned())
}

async fn items(stage: &Stage, who: Who, path: &str) -> Vec<Value> {
    let list = stage.get(who, path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn counts(stage: &Stage, query: &str) -> Value {
    stage.seal().await;
    let path = format!("/v1/programmes/{}/scorecard{query}", stage.programme.id);
    stage.get(Who::Curator, &path).await.expect(200)["counts"].clone()
}

#[test]
fn it_goes_from_a_proposal_to_what_was_adopted() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut wrong = proposal(&stage);
        wrong["topic"] = json!("juggling");
        wrong["taker"] = wrong["giver"].clone();
        let faults = stage.post(Who::Curator, "/v1/practices", wrong).await;
        assert_eq!(faults.expect(422)["errors"].as_array().unwrap().len(), 2);
        let sides = stage.post(Who::Dana, "/v1/practices", proposal(&stage));
        assert_eq!(sides.await.status, 403);

        let practice = proposed(&stage).await;
        // Neither firm knows of it.
        for who in [Who::Dana, Who::Gul, Who::Stranger] {
            assert_eq!(items(&stage, who, "/v1/practices").await.len(), 0);
            assert_eq!(stage.get(who, &practice).await.status, 404, "{who:?}");
            let moved = stage.go(who, &practice, json!({ "action": "agree" })).await;
            assert_eq!(moved.status, 404, "{who:?}");
        }
        let waits = items(&stage, Who::Curator, "/v1/worklist?record=practice").await;
        assert_eq!(waits[0]["kind"], "offer_practice");
        act(&stage, Who::Curator, &practice, "offer").await;
        let waits = items(&stage, Who::Gul, "/v1/worklist?record=practice").await;
        assert_eq!(waits[0]["kind"], "answer_practice");
        assert_eq!(waits[0]["about"], json!([STARTUP, INVESTOR]));
        assert_eq!(waits[0]["actions"], json!(["agree", "decline"]));
        assert_eq!(stage.get(Who::Stranger, &practice).await.status, 404);
        let shown = stage.get(Who::Gul, &practice).await.expect(200);
        assert_eq!(
            (&shown["giver"]["name"], &shown["giver"]["organization"]),
            (&json!(STARTUP), &Value::Null)
        );

        let path = format!("{practice}/sessions");
        let early = stage.post(Who::Dana, &path, held("2026-11-24")).await;
        assert_eq!(early.code(409), "transition_not_allowed");
        act(&stage, Who::Dana, &practice, "agree").await;
        let twice = stage
            .go(Who::Dana, &practice, json!({ "action": "agree" }))
            .await;
        assert_eq!(twice.code(409), "agreed_already");
        let curator = stage
            .go(Who::Curator, &practice, json!({ "action": "agree" }))
            .await;
        assert_eq!(curator.status, 403);
        assert_eq!(
            act(&stage, Who::Gul, &practice, "agree").await["status"],
            "agreed"
        );

        let bad = json!({ "held_on": "2027-01-01", "minutes": 0, "attendees": 1, "names": ["A", "B"], "rating": 6 });
        let faults = stage.post(Who::Gul, &path, bad).await.expect(422);
        assert_eq!(faults["errors"].as_array().unwrap().len(), 4);
        let mut session = held("2026-11-24");
        session["names"] = json!(["Aysel Quliyeva", "Dana Levi"]);
        session["feedback"] = json!("Clear and short.");
        let noted = stage.post(Who::Gul, &path, session).await.expect(201);
        let others = items(&stage, Who::Dana, &path).await;
        assert_eq!(others[0]["names"], Value::Null, "names are not passed on");
        assert_eq!(
            items(&stage, Who::Gul, &path).await[0]["names"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        let mine = format!("{path}/{}", noted["id"].as_str().unwrap());
        let take = |who| stage.request(who, "DELETE", &mine).send();
        assert_eq!(take(Who::Dana).await.unwrap().status(), 403);
        assert_eq!(take(Who::Gul).await.unwrap().status(), 204);
        assert_eq!(take(Who::Gul).await.unwrap().status(), 404);
        stage
            .post(Who::Gul, &path, held("2026-11-24"))
            .await
            .expect(201);

        let bare = stage
            .go(Who::Gul, &practice, json!({ "action": "complete" }))
            .await;
        assert_eq!(bare.expect(422)["errors"][0]["pointer"], "#/outcome");
        let done = json!({ "action": "complete", "outcome": "A jury of five, twice a year." });
        let done = stage.go(Who::Gul, &practice, done).await.expect(200);
        assert_eq!(
            (&done["status"], &done["sessions"]),
            (&json!("completed"), &json!(1))
        );
        stage.seal().await;
        let events = format!("{practice}/events");
        let told = stage.get(Who::Dana, &events).await.expect(200);
        let kinds = told["items"].as_array().unwrap().iter();
        let kinds: Vec<_> = kinds.map(|it| it["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds.first(), Some(&"practice.proposed"));
        assert_eq!(kinds.last(), Some(&"practice.moved"));
        let last = told["items"].as_array().unwrap().last().unwrap();
        assert_eq!(last["payload"]["to"], "completed");
        // Who the other is, is not told, and words can be guessed by their hash.
        let other = [stage.startup.id, stage.investor.id].map(|firm| firm.to_string());
        assert!(
            other.iter().all(|firm| !told.to_string().contains(firm)),
            "{told}"
        );
        assert!(last["payload"]["outcome"].is_null() && last["actor"]["id"].is_null());
        let whole = stage.get(Who::Auditor, &events).await.expect(200);
        let last = whole["items"].as_array().unwrap().last().unwrap();
        assert!(last["payload"]["outcome"].is_string());
    });
}

#[test]
fn the_gate_stands_before_it_and_over_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let practice = proposed(&stage).await;
        let freeze = json!({ "scope": "country", "value": "AZ", "reason": "A test" });
        let frozen = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        let frozen = frozen.expect(201)["id"].as_str().unwrap().to_owned();
        let offer = json!({ "action": "offer" });
        let closed = stage.go(Who::Curator, &practice, offer).await;
        assert_eq!(closed.code(409), "gate_closed");
        for who in [Who::Compliance, Who::SecondCompliance] {
            let path = format!("/v1/freezes/{frozen}");
            let lift = json!({"action": "lift", "reason": "It is over."});
            stage.go(who, &path, lift).await.expect(200);
        }
        let (id, _) = running(&stage).await;
        let running = format!("/v1/practices/{id}");
        stage.get(Who::Gul, &running).await.expect(200);
        // Each was shown to the other, and the ledger says so.
        let ledger = format!("/v1/organizations/{}/disclosures", stage.startup.id);
        let shown = items(&stage, Who::Dana, &ledger).await;
        assert_eq!(shown.len(), 1, "{shown:?}");

        let block = json!({
            "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
            "reason": "A conflict",
        });
        let blocked = stage.post(Who::Compliance, "/v1/blocks", block).await;
        assert_eq!(blocked.status, 204);
        for who in [Who::Dana, Who::Gul] {
            for suffix in ["", "/sessions", "/transitions"] {
                let hidden = stage.get(who, &format!("{running}{suffix}")).await;
                assert_eq!(hidden.status, 404, "{who:?} {suffix}");
            }
            assert_eq!(items(&stage, who, "/v1/practices").await.len(), 0);
            let path = format!("{running}/sessions");
            assert_eq!(stage.post(who, &path, held("2026-11-24")).await.status, 404);
        }
        stage.get(Who::Curator, &running).await.expect(200);
    });
}

#[test]
fn an_idea_that_was_given_up_never_shows() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let practice = proposed(&stage).await;
        assert_eq!(
            act(&stage, Who::Curator, &practice, "end").await["status"],
            "withdrawn"
        );
        assert_eq!(stage.get(Who::Gul, &practice).await.status, 404);
        assert_eq!(items(&stage, Who::Gul, "/v1/practices").await.len(), 0);
    });
}

#[test]
fn it_counts_in_the_scorecard_as_of_any_day() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        assert_eq!(counts(&stage, "").await["sessions_held"], 0);
        stage.context.clock.advance(TimeDelta::days(10));
        let (practice, session) = running(&stage).await;
        stage.context.clock.advance(TimeDelta::days(10));
        let path = format!("/v1/practices/{practice}/sessions");
        stage
            .post(Who::Gul, &path, held("2026-12-10"))
            .await
            .expect(201);
        let now = counts(&stage, "").await;
        assert_eq!(
            (
                &now["practices"],
                &now["sessions_held"],
                &now["session_minutes"]
            ),
            (&json!(1), &json!(2), &json!(180))
        );
        stage.context.clock.advance(TimeDelta::days(1));
        let back = stage.request(Who::Curator, "DELETE", &format!("{path}/{session}"));
        assert_eq!(back.send().await.unwrap().status(), 204);
        assert_eq!(counts(&stage, "").await["sessions_held"], 1);
        for (day, sessions) in [("2026-11-30", 0), ("2026-12-05", 1), ("2026-12-14", 2)] {
            let then = counts(&stage, &format!("?as_of={day}")).await;
            assert_eq!(then["sessions_held"], sessions, "{day}");
        }
    });
}
