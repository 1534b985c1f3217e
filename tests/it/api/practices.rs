//! What one firm shows another: behind the gate, and in the scorecard.

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::profile::StartupProfile;
use serde_json::{Value, json};

use super::stage::{Answer, INVESTOR, STARTUP, Stage, Who, of};
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
        // Each was shown to the other, and the ledger says so: once when it was
        // offered, and once a day for whoever opens it.
        stage.get(Who::Gul, &running).await.expect(200);
        let ledger = format!("/v1/organizations/{}/disclosures", stage.startup.id);
        let shown = items(&stage, Who::Dana, &ledger).await;
        assert_eq!(shown.len(), 2, "{shown:?}");

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

/// A startup shows a ministry, a party to the programme, what is sensitive.
async fn sensitive_to_a_party(stage: &Stage) -> String {
    let ministry = stage.partner().await;
    stage.becomes_party(ministry).await;
    let person = stage.user(Who::Stranger).id;
    let now = stage.context.now();
    let write = move |conn: &mut Conn| {
        db::users::insert_membership(conn, person, ministry, Role::Owner, now)
    };
    stage.context.db.write(write).await.unwrap();
    let mut proposal = proposal(stage);
    proposal["taker"] = json!(ministry.to_string());
    let made = stage.post(Who::Curator, "/v1/practices", proposal).await;
    let location = made.location.clone();
    made.expect(201);
    location.unwrap()
}

/// What of it compliance reads that waits for a release.
async fn waiting(stage: &Stage, practice: &str) -> Value {
    let act = format!("{practice}/decisions");
    let waiting = items(stage, Who::SecondCompliance, "/v1/reviews").await;
    let mut waiting = waiting.iter();
    let entry = waiting.find(|it| it["record"]["act"] == act.as_str());
    entry.expect("waits")["held"].clone()
}

async fn released(stage: &Stage, who: Who, practice: &str, held: &Value) -> Answer {
    let reason = "A ministry of the corridor.";
    let body = json!({ "ruling": "release", "reason": reason, "held": held });
    decided(stage, who, practice, body).await
}

async fn decided(stage: &Stage, who: Who, practice: &str, body: Value) -> Answer {
    let path = format!("{practice}/decisions");
    let request = stage.request(who, "POST", &path).header("If-Match", "*");
    Answer::of(request.json(&body).send().await.unwrap()).await
}

#[test]
fn compliance_decides_of_the_version_that_it_read() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let practice = as_far_as(&stage, "agreed").await;
        let read = stage.get(Who::Compliance, &practice).await.expect(200);
        let tag = format!("\"v{}\"", read["version"]);
        let refuse = async |tag: Option<&str>| {
            let path = format!("{practice}/decisions");
            let body = json!({ "ruling": "refuse", "reason": "An order." });
            let request = stage.request(Who::Compliance, "POST", &path).json(&body);
            let request = match tag {
                Some(tag) => request.header("If-Match", tag),
                None => request,
            };
            Answer::of(request.send().await.unwrap()).await
        };
        assert_eq!(refuse(None).await.status, 428);
        // It went on meanwhile.
        let on = stage.context.now().date_naive().to_string();
        let path = format!("{practice}/sessions");
        stage.post(Who::Dana, &path, held(&on)).await.expect(201);
        assert_eq!(refuse(Some(&tag)).await.status, 412);
        let read = stage.get(Who::Compliance, &practice).await.expect(200);
        assert_eq!(read["status"], "running");
        let tag = format!("\"v{}\"", read["version"]);
        assert_eq!(refuse(Some(&tag)).await.expect(200)["status"], "ended");
    });
}

#[test]
fn what_is_sensitive_is_shown_to_a_party_once_compliance_lets_it() {
    const CASES: [(&str, &[Who]); 2] = [
        ("cyber_commercial", &[Who::Compliance]),
        ("counter_uas", &[Who::Compliance, Who::SecondCompliance]),
    ];
    for (tag, people) in CASES {
        on_each_backend(async |database| {
            let stage = Stage::with_tag(database, tag).await;
            let practice = sensitive_to_a_party(&stage).await;
            let offer = json!({ "action": "offer" });
            let closed = stage.go(Who::Curator, &practice, offer.clone()).await;
            assert_eq!(closed.code(409), "gate_closed");
            let held = waiting(&stage, &practice).await;
            let curator = released(&stage, Who::Curator, &practice, &held).await;
            assert_eq!(curator.status, 403);
            for (place, who) in people.iter().enumerate() {
                let said = released(&stage, *who, &practice, &held).await;
                assert_eq!(said.expect(200)["waits"], place + 1 < people.len());
                let again = released(&stage, *who, &practice, &held).await;
                let last = place + 1 == people.len();
                let code = ["second_person_needed", "nothing_to_release"][usize::from(last)];
                assert_eq!(again.code(409), code);
            }
            act(&stage, Who::Curator, &practice, "offer").await;
            stage.get(Who::Dana, &practice).await.expect(200);
        });
    }
}

/// What a startup adds, or is graded, between the reading and the decision.
#[test]
fn nothing_is_released_that_compliance_did_not_read() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, "cyber_commercial").await;
        let practice = sensitive_to_a_party(&stage).await;
        let unnamed = released(&stage, Who::Compliance, &practice, &json!([])).await;
        assert_eq!(unnamed.expect(422)["errors"][0]["pointer"], "#/held");
        let read = waiting(&stage, &practice).await;
        assert_eq!(
            read[0]["matters"],
            json!([{ "matter": "cyber_commercial", "sensitivity": "review" }])
        );
        let id = stage.profile.id;
        let more = move |conn: &mut Conn| {
            let before = db::startup_profiles::find(conn, id)?.unwrap();
            let mut content = before.content.clone();
            content.tags.insert(of("counter_uas"));
            let after = StartupProfile {
                content,
                revision: before.revision + 1,
                version: before.version + 1,
                ..before
            };
            db::startup_profiles::update(conn, &after)
        };
        assert!(stage.context.db.write(more).await.unwrap());
        let late = released(&stage, Who::Compliance, &practice, &read).await;
        assert_eq!(late.code(409), "changed");
        // Nor does the new revision let what was not read through.
        let now = waiting(&stage, &practice).await;
        assert_eq!(now[0]["matters"].as_array().unwrap().len(), 2);
        let mut part = now.clone();
        part[0]["matters"] = read[0]["matters"].clone();
        let late = released(&stage, Who::Compliance, &practice, &part).await;
        assert_eq!(late.code(409), "changed");
        assert_eq!(waiting(&stage, &practice).await, now);
        let said = released(&stage, Who::Compliance, &practice, &now).await;
        assert_eq!(said.expect(200)["waits"], true);
        // What one person settles is no more open for the second.
        let rest = waiting(&stage, &practice).await;
        assert_eq!(rest[0]["matters"][0]["matter"], "counter_uas");
        let said = released(&stage, Who::SecondCompliance, &practice, &rest).await;
        assert_eq!(said.expect(200)["waits"], false);
    });
}

/// An engagement that went as far as that state.
async fn as_far_as(stage: &Stage, state: &str) -> String {
    let practice = proposed(stage).await;
    act(stage, Who::Curator, &practice, "offer").await;
    if state != "offered" {
        for who in [Who::Dana, Who::Gul] {
            act(stage, who, &practice, "agree").await;
        }
    }
    if state == "running" {
        let on = stage.context.now().date_naive().to_string();
        let path = format!("{practice}/sessions");
        stage.post(Who::Dana, &path, held(&on)).await.expect(201);
    }
    let seen = stage.get(Who::Gul, &practice).await.expect(200);
    assert_eq!(seen["status"], state);
    practice
}

/// Its firms don't read it then, and only compliance can open it again.
#[test]
fn what_turns_sensitive_later_waits_for_compliance_however_far_it_went() {
    for state in ["offered", "agreed", "running"] {
        on_each_backend(async |database| {
            let stage = Stage::set(database).await;
            let practice = as_far_as(&stage, state).await;
            let queue = "/v1/reviews?kind=practice";
            assert_eq!(items(&stage, Who::Compliance, queue).await.len(), 0);
            let grade = json!({
                "action": "grade", "sensitivity": "review", "reason": "An order.",
            });
            let graded = stage.go(Who::Compliance, "/v1/tags/water_loss", grade);
            graded.await.expect(200);
            for who in [Who::Dana, Who::Gul] {
                assert_eq!(stage.get(who, &practice).await.status, 404, "{who:?}");
            }
            let waiting = items(&stage, Who::Compliance, queue).await;
            let acts: Vec<_> = waiting.iter().map(|it| &it["record"]["act"]).collect();
            assert_eq!(acts, [&json!(format!("{practice}/decisions"))]);
            assert_eq!(waiting[0]["rules"], json!(["sensitivity"]));
            let held = &waiting[0]["held"];
            let said = released(&stage, Who::SecondCompliance, &practice, held).await;
            assert_eq!(said.expect(200)["waits"], false);
            let seen = stage.get(Who::Gul, &practice).await.expect(200);
            assert_eq!(seen["status"], state);
            assert_eq!(items(&stage, Who::Compliance, queue).await.len(), 0);
        });
    }
}

#[test]
fn what_compliance_refuses_is_never_offered() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, "cyber_commercial").await;
        let practice = sensitive_to_a_party(&stage).await;
        let refuse = json!({ "ruling": "refuse", "reason": "Not to a ministry." });
        let said = decided(&stage, Who::Compliance, &practice, refuse).await;
        assert_eq!(said.expect(200)["status"], "withdrawn");
        let waiting = items(&stage, Who::Compliance, "/v1/reviews").await;
        let act = format!("{practice}/decisions");
        assert!(waiting.iter().all(|it| it["record"]["act"] != act.as_str()));
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
        // The first session was the one that is none any more.
        let path = format!("/v1/programmes/{}/scorecard", stage.programme.id);
        let card = async |query: &str| {
            let card = stage.get(Who::Curator, &format!("{path}{query}")).await;
            card.expect(200)["days_to"]["first_session"].clone()
        };
        let (then, now) = (card("?as_of=2026-12-14").await, card("").await);
        assert!(
            then.as_i64().unwrap() < now.as_i64().unwrap(),
            "{then} {now}"
        );
        for (day, sessions) in [("2026-11-30", 0), ("2026-12-05", 1), ("2026-12-14", 2)] {
            let then = counts(&stage, &format!("?as_of={day}")).await;
            assert_eq!(then["sessions_held"], sessions, "{day}");
        }
    });
}
