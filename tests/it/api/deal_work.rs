//! What is noted, planned and to be done about deals, and until when they may
//! stand: each for those who learn of it, and for nobody else.

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::compliance::Clearance;
use corridor::domain::mandate::{Mandate, MandateStatus};
use corridor::domain::profile::{ProfileStatus, StartupProfile};
use corridor::jobs::clock;
use serde_json::{Value, json};

use super::deals::{deal, opened};
use super::stage::{Answer, Stage, Who, clearance};
use crate::support::database::on_each_backend;

async fn items(stage: &Stage, who: Who, path: &str) -> Vec<Value> {
    let list = stage.get(who, path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn note(stage: &Stage, who: Who, deal: &str, visibility: &str, text: &str) -> Answer {
    let body = json!({ "note": text, "visibility": visibility });
    stage.post(who, &format!("{deal}/notes"), body).await
}

fn texts(notes: &[Value]) -> Vec<&str> {
    let texts = notes.iter().map(|note| note["note"].as_str().unwrap());
    texts.collect()
}

async fn freeze(stage: &Stage, scope: &str, value: &str) -> String {
    let body = json!({ "scope": scope, "value": value, "reason": "A test" });
    let made = stage.post(Who::Compliance, "/v1/freezes", body).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn lift(stage: &Stage, id: &str) {
    for who in [Who::Compliance, Who::SecondCompliance] {
        let path = format!("/v1/freezes/{id}");
        let body = json!({"action": "lift", "reason": "It is over."});
        stage.go(who, &path, body).await.expect(200);
    }
}

#[test]
fn a_deal_opens_in_the_pipeline_for_what_both_want() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = opened(&stage).await;
        let view = stage.get(Who::Dana, &deal).await.expect(200);
        assert_eq!(view["pipeline"], "pilot");
    });
}

#[test]
fn a_note_is_for_those_it_was_written_for() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let before = stage.get(Who::Gul, &deal).await.etag;
        let path = format!("{deal}/notes");
        for (who, visibility, text) in [
            (Who::Dana, "private", "Mine"),
            (Who::Dana, "team", "Ours"),
            (Who::Dana, "both", "Hello"),
            (Who::Gul, "team", "Theirs"),
            (Who::Curator, "team", "The operator's"),
        ] {
            note(&stage, who, &deal, visibility, text).await.expect(201);
        }
        for (who, seen) in [
            (Who::Dana, vec!["Mine", "Ours", "Hello"]),
            (Who::Gul, vec!["Hello", "Theirs"]),
        ] {
            assert_eq!(texts(&items(&stage, who, &path).await), seen, "{who:?}");
        }
        let operators = items(&stage, Who::Auditor, &path).await;
        let written: Vec<_> = operators
            .iter()
            .filter(|note| note["action"].is_null())
            .cloned()
            .collect();
        assert_eq!(texts(&written), ["Hello", "The operator's"]);
        // Who wrote it is nobody's of the other side.
        let hello = &items(&stage, Who::Gul, &path).await[0];
        assert_eq!(
            (&hello["camp"], &hello["author"]),
            (&json!("startup"), &Value::Null)
        );
        assert_eq!(stage.get(Who::Stranger, &path).await.status, 404);
        // Nothing else says that there is one: neither the version nor the
        // timeline.
        assert_eq!(stage.get(Who::Gul, &deal).await.etag, before);
        stage.seal().await;
        let events = items(&stage, Who::Curator, &format!("{deal}/events")).await;
        let noted = events.iter().filter(|event| event["kind"] == "deal.noted");
        assert_eq!(noted.count(), 1);
        let sides = items(&stage, Who::Gul, &format!("{deal}/events")).await;
        assert!(sides.iter().all(|event| event["kind"] != "deal.noted"));

        // A page holds what its reader learns of, whatever lies between.
        let first = stage.get(Who::Gul, &format!("{path}?limit=1")).await;
        let first = first.expect(200);
        let next = first["next_cursor"].as_str().unwrap();
        let rest = items(&stage, Who::Gul, &format!("{path}?limit=1&cursor={next}")).await;
        assert_eq!(texts(&rest), ["Theirs"]);
    });
}

#[test]
fn what_both_read_is_screened_and_stops_at_a_freeze() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let path = format!("{deal}/notes");
        let bad = "We also make guided missiles.";
        let held = note(&stage, Who::Dana, &deal, "both", bad).await;
        assert_eq!(held.expect(201)["state"], "waiting");
        assert_eq!(texts(&items(&stage, Who::Dana, &path).await), [bad]);
        assert_eq!(items(&stage, Who::Gul, &path).await.len(), 0);
        stage.seal().await;
        let events = format!("{deal}/events");
        let told = items(&stage, Who::Gul, &events).await;
        assert!(told.iter().all(|event| event["kind"] != "deal.noted"));
        // It stands in compliance's queue with the words marked, and takes two.
        let queue = items(&stage, Who::Compliance, "/v1/reviews").await;
        assert_eq!(queue[0]["record"]["kind"], "deal_note");
        assert_eq!(queue[0]["words"], json!(["missiles"]));
        assert_eq!(queue[0]["two_people"], true);
        let work = items(&stage, Who::Compliance, "/v1/worklist?kind=decide_note").await;
        assert_eq!(work.len(), 1);
        let decide = queue[0]["record"]["act"].as_str().unwrap().to_owned();
        let yes = json!({ "ruling": "release", "reason": "A toy." });
        assert_eq!(stage.post(Who::Gul, &decide, yes.clone()).await.status, 404);
        let curator = stage.post(Who::Curator, &decide, yes.clone()).await;
        assert_eq!(curator.status, 403);
        for _ in 0..2 {
            let request = stage.request(Who::Compliance, "POST", &decide);
            let request = request
                .header("Idempotency-Key", "\"once-only\"")
                .json(&yes);
            let first = Answer::of(request.send().await.unwrap()).await;
            assert_eq!(first.expect(200)["state"], "waiting");
        }
        let again = stage.post(Who::Compliance, &decide, yes.clone()).await;
        assert_eq!(again.code(409), "second_person_needed");
        assert_eq!(items(&stage, Who::Gul, &path).await.len(), 0);
        let second = stage
            .post(Who::SecondCompliance, &decide, yes.clone())
            .await;
        assert_eq!(second.expect(200)["state"], "cleared");
        assert_eq!(texts(&items(&stage, Who::Gul, &path).await), [bad]);
        assert_eq!(items(&stage, Who::Compliance, "/v1/reviews").await.len(), 0);
        let over = stage.post(Who::Compliance, &decide, yes).await;
        assert_eq!(over.code(409), "transition_not_allowed");
        let step = stage
            .edit(Who::Dana, &deal, json!({ "next_step": bad }))
            .await;
        let waits = step.expect(200);
        assert_eq!(waits["next_step"], Value::Null);
        assert_eq!(waits["waiting"][0]["place"], "next_step");
        note(&stage, Who::Dana, &deal, "team", bad)
            .await
            .expect(201);
        note(&stage, Who::Dana, &deal, "both", "Hello")
            .await
            .expect(201);
        let step = json!({ "next_step": "Meet in Baku" });
        stage.edit(Who::Dana, &deal, step).await.expect(200);

        let frozen = freeze(&stage, "country", "AZ").await;
        assert_eq!(items(&stage, Who::Gul, &path).await.len(), 0);
        let shown = stage.get(Who::Gul, &deal).await.expect(200);
        assert_eq!(shown["next_step"], Value::Null);
        for who in [Who::Dana, Who::Gul] {
            let refused = note(&stage, who, &deal, "both", "Still there?").await;
            assert_eq!(refused.code(409), "not_available", "{who:?}");
        }
        // What one doesn't see one doesn't take away.
        let close = json!({ "expected_close": "2027-05-01" });
        stage.edit(Who::Gul, &deal, close).await.expect(200);
        note(&stage, Who::Gul, &deal, "team", "Paused?")
            .await
            .expect(201);
        lift(&stage, &frozen).await;
        let shown = stage.get(Who::Gul, &deal).await.expect(200);
        assert_eq!(shown["next_step"], "Meet in Baku");
        let seen = items(&stage, Who::Gul, &path).await;
        assert_eq!(texts(&seen), [bad, "Hello", "Paused?"]);

        let block = json!({
            "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
            "reason": "A conflict",
        });
        let blocked = stage.post(Who::Compliance, "/v1/blocks", block).await;
        assert_eq!(blocked.status, 204);
        let seen = items(&stage, Who::Gul, &path).await;
        assert_eq!(texts(&seen), ["Paused?"]);
    });
}

/// Between two who were connected nobody has to confirm what they show to others;
/// but a check that ran out has somebody look at anything new, as the gate does
/// elsewhere.
#[test]
fn what_is_said_in_a_deal_asks_the_gate_that_two_who_were_connected_ask() {
    const FIRST: &str = "The samples are on their way.";
    const LATER: &str = "They have arrived.";
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let id = stage.profile.id;
        let write = move |conn: &mut Conn| {
            let before = db::startup_profiles::find(conn, id)?.unwrap();
            let stale = StartupProfile {
                status: ProfileStatus::Stale,
                version: before.version + 1,
                ..before
            };
            db::startup_profiles::update(conn, &stale)
        };
        assert!(stage.context.db.write(write).await.unwrap());
        let said = note(&stage, Who::Dana, &deal, "both", FIRST).await;
        assert_eq!(said.expect(201)["state"], "shown");
        let read = async || items(&stage, Who::Gul, &format!("{deal}/notes")).await;
        assert!(texts(&read().await).contains(&FIRST));
        let (context, firm) = (stage.context.clone(), stage.startup.clone());
        let by = stage.user(Who::Compliance).id;
        stage.context.clock.advance(TimeDelta::seconds(1));
        let write = move |conn: &mut Conn| {
            let ran_out = Clearance {
                valid_to: context.now().date_naive() - TimeDelta::days(1),
                ..clearance(&context, &firm, by)
            };
            db::clearances::insert(conn, &ran_out)
        };
        stage.context.db.write(write).await.unwrap();
        let said = note(&stage, Who::Dana, &deal, "both", LATER).await;
        assert_eq!(said.expect(201)["state"], "waiting");
        let told = read().await;
        assert!(texts(&told).contains(&FIRST) && !texts(&told).contains(&LATER));
        let step = json!({ "next_step": "We come in March." });
        stage.edit(Who::Dana, &deal, step).await.expect(200);
        let seen = stage.get(Who::Gul, &deal).await.expect(200);
        assert!(!seen.to_string().contains("March"), "{seen}");
        let day = json!({ "facts": { "first_meeting_date": "2026-11-24" } });
        stage.edit(Who::Dana, &deal, day).await.expect(200);
    });
}

/// What a side shows to others is taken back once a round is full, and what it
/// changes is looked at: the two work on, and only the latter waits.
#[test]
fn what_is_taken_back_ends_no_deal_and_what_is_changed_waits() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let said = async |status, text: &str| {
            let id = stage.profile.id;
            let write = move |conn: &mut Conn| {
                let before = db::startup_profiles::find(conn, id)?.unwrap();
                let after = StartupProfile {
                    status,
                    version: before.version + 1,
                    ..before
                };
                db::startup_profiles::update(conn, &after)
            };
            assert!(stage.context.db.write(write).await.unwrap());
            note(&stage, Who::Dana, &deal, "both", text).await
        };
        let id = stage.mandate.id;
        let full = move |conn: &mut Conn| {
            let before = db::mandates::find(conn, id)?.unwrap();
            let after = Mandate {
                status: MandateStatus::Withdrawn,
                version: before.version + 1,
                ..before
            };
            db::mandates::update(conn, &after)
        };
        assert!(stage.context.db.write(full).await.unwrap());
        let shown = said(ProfileStatus::Withdrawn, "The round is full.").await;
        assert_eq!(shown.expect(201)["state"], "shown");
        let day = json!({ "facts": { "first_meeting_date": "2026-11-24" } });
        stage.edit(Who::Dana, &deal, day).await.expect(200);
        let waits = said(ProfileStatus::InReview, "We sell to others, too.").await;
        assert_eq!(waits.expect(201)["state"], "waiting");
        let stopped = said(ProfileStatus::Suspended, "Are you there?").await;
        assert_eq!(stopped.status, 409);
    });
}

#[test]
fn a_plan_is_both_sides_and_how_likely_it_is_the_curators() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let plan = json!({ "next_step": "Send terms", "expected_close": "2027-06-30" });
        let view = stage.edit(Who::Gul, &deal, plan).await.expect(200);
        assert_eq!(
            (
                &view["next_step"],
                &view["expected_close"],
                &view["probability"]
            ),
            (&json!("Send terms"), &json!("2027-06-30"), &json!(500))
        );
        let likely =
            json!({ "probability_said": { "bp": 9000, "reason": "They signed a letter" } });
        assert_eq!(
            stage.edit(Who::Gul, &deal, likely.clone()).await.status,
            403
        );
        let wrong =
            json!({ "probability_said": { "bp": 10_001, "reason": "" }, "expected_close": "soon" });
        let faults = stage.edit(Who::Curator, &deal, wrong).await.expect(422);
        assert_eq!(faults["errors"].as_array().unwrap().len(), 3);
        let view = stage.edit(Who::Curator, &deal, likely).await.expect(200);
        assert_eq!(view["probability"], 9000);
        let side = stage.get(Who::Dana, &deal).await.expect(200);
        assert_eq!(
            (&side["probability"], &side["probability_said"]),
            (&json!(9000), &Value::Null)
        );

        // It weighs on the board.
        let own = stage.investor.id.to_string();
        let pledge = json!({
            "organization": own, "interest": "committed", "firmness": "soft",
            "amount": { "amount_minor": 100_000, "currency": "USD" },
        });
        let put = stage.request(Who::Gul, "PUT", &format!("{deal}/participants"));
        let put = put
            .header("If-Match", "*")
            .json(&pledge)
            .send()
            .await
            .unwrap();
        assert_eq!(put.status(), 200);
        let board = stage.get(Who::Curator, "/v1/deal-board").await.expect(200);
        assert_eq!(board["items"][0]["weighted"]["amount_minor"], 90_000);

        let back = json!({ "probability_said": null, "next_step": null });
        let view = stage.edit(Who::Curator, &deal, back).await.expect(200);
        assert_eq!(
            (&view["probability"], &view["next_step"]),
            (&json!(500), &Value::Null)
        );
        stage.seal().await;
        let events = items(&stage, Who::Dana, &format!("{deal}/events")).await;
        let said: Vec<_> = events
            .iter()
            .filter(|event| event["kind"] == "deal.planned")
            .map(|event| event["payload"].clone())
            .collect();
        assert_eq!(
            said,
            [
                json!({ "expected_close": "2027-06-30" }),
                json!({ "probability": 9000 }),
                json!({ "probability": false }),
            ]
        );
    });
}

fn task(assignee: &str, visibility: &str) -> Value {
    json!({
        "title": "Send the audited accounts", "due": "2026-12-01",
        "assignee": assignee, "visibility": visibility,
    })
}

async fn make(stage: &Stage, who: Who, deal: &str, body: Value) -> Answer {
    stage.post(who, &format!("{deal}/tasks"), body).await
}

#[test]
fn a_task_is_asked_for_done_and_reopened() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let hidden = make(&stage, Who::Gul, &deal, task("startup", "team")).await;
        assert_eq!(hidden.expect(422)["errors"][0]["pointer"], "#/assignee");
        let mut nobody = task("startup", "both");
        nobody["person"] = json!(stage.user(Who::Dana).id.to_string());
        let refused = make(&stage, Who::Gul, &deal, nobody).await.expect(422);
        assert_eq!(refused["errors"][0]["code"], "not_one_of_them");
        let made = make(&stage, Who::Gul, &deal, task("startup", "both")).await;
        let path = made.location.clone().unwrap();
        made.expect(201);

        let query = "/v1/worklist?kind=do_task";
        let waits = items(&stage, Who::Dana, query).await;
        assert_eq!(waits[0]["links"]["self"], path.as_str());
        assert_eq!(waits[0]["about"], json!(["Send the audited accounts"]));
        assert_eq!(waits[0]["actions"], json!(["complete"]));
        assert_eq!(waits[0]["due"], "2026-12-01T23:59:59.000000Z");
        assert_eq!(items(&stage, Who::Gul, query).await.len(), 0);
        assert_eq!(stage.get(Who::Stranger, &path).await.status, 404);

        let drop_it = json!({ "action": "drop" });
        assert_eq!(stage.go(Who::Dana, &path, drop_it).await.status, 403);
        let reword = json!({ "title": "Something else" });
        assert_eq!(
            stage.edit(Who::Dana, &path, reword.clone()).await.status,
            403
        );
        stage.edit(Who::Gul, &path, reword).await.expect(200);
        let wider = json!({ "visibility": "team", "assignee": "investor" });
        assert_eq!(
            stage.edit(Who::Gul, &path, wider).await.code(409),
            "visibility_fixed"
        );
        let stale = stage.request(Who::Dana, "POST", &format!("{path}/transitions"));
        let stale = stale
            .header("If-Match", "\"v1\"")
            .json(&json!({ "action": "complete" }));
        assert_eq!(stale.send().await.unwrap().status(), 412);
        let done = stage
            .go(Who::Dana, &path, json!({ "action": "complete" }))
            .await;
        assert_eq!(done.expect(200)["status"], "done");
        assert_eq!(items(&stage, Who::Dana, query).await.len(), 0);
        let again = stage
            .go(Who::Gul, &path, json!({ "action": "reopen" }))
            .await;
        assert_eq!(again.expect(200)["status"], "open");
        let open = items(&stage, Who::Curator, &format!("{deal}/tasks?status=open")).await;
        assert_eq!(open.len(), 1);
        assert_eq!(stage.get(Who::Auditor, &path).await.status, 200);
        assert_eq!(
            stage
                .go(Who::Auditor, &path, json!({ "action": "complete" }))
                .await
                .status,
            403
        );

        stage.seal().await;
        let events = format!("{path}/events");
        for who in [Who::Dana, Who::Gul, Who::Auditor] {
            let told = stage.get(who, &events).await.expect(200);
            let told = told["items"].as_array().unwrap();
            let states: Vec<_> = told.iter().map(|it| it["payload"]["to"].clone()).collect();
            assert_eq!(states, ["open", "open", "done", "open"], "{who:?}");
            let (actor, title) = (&told[2]["actor"]["id"], &told[2]["payload"]["title"]);
            let whole = who == Who::Auditor;
            assert_eq!((actor.is_string(), title.is_string()), (whole, whole));
        }
        assert_eq!(stage.get(Who::Stranger, &events).await.status, 404);

        let frozen = freeze(&stage, "organization", &stage.investor.id.to_string()).await;
        assert_eq!(stage.get(Who::Dana, &path).await.status, 404);
        assert_eq!(stage.get(Who::Dana, &events).await.status, 404);
        assert_eq!(items(&stage, Who::Dana, query).await.len(), 0);
        lift(&stage, &frozen).await;
        assert_eq!(items(&stage, Who::Dana, query).await.len(), 1);
    });
}

#[test]
fn what_is_ones_own_to_do_nobody_else_finds() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let mut own = task("startup", "private");
        own["person"] = json!(stage.user(Who::Dana).id.to_string());
        let path = make(&stage, Who::Dana, &deal, own).await.location.unwrap();
        let team = make(&stage, Who::Dana, &deal, task("startup", "team")).await;
        let team = team.location.unwrap();
        let list = format!("{deal}/tasks");
        assert_eq!(items(&stage, Who::Dana, &list).await.len(), 2);
        for who in [Who::Gul, Who::Curator, Who::Compliance, Who::Auditor] {
            assert_eq!(items(&stage, who, &list).await.len(), 0, "{who:?}");
            for path in [&path, &team] {
                for suffix in ["", "/transitions", "/events"] {
                    let found = stage.get(who, &format!("{path}{suffix}")).await;
                    assert_eq!(found.status, 404, "{who:?}");
                }
                let moved = stage.go(who, path, json!({ "action": "complete" })).await;
                assert_eq!(moved.status, 404, "{who:?}");
            }
        }
        assert_eq!(
            items(&stage, Who::Dana, "/v1/worklist?kind=do_task")
                .await
                .len(),
            2
        );
        stage.seal().await;
        for path in [&path, &team] {
            let told = items(&stage, Who::Dana, &format!("{path}/events")).await;
            assert_eq!(told.len(), 1, "of its own");
        }
    });
}

#[test]
fn a_deal_that_stands_too_long_is_told_once_to_whoever_has_to_act() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let days = |days| stage.context.clock.advance(TimeDelta::days(days));
        let told = async || {
            clock::strike(&stage.context).await.unwrap();
            let queue = |conn: &mut db::Conn| db::outbox::list(conn, None, None, 100);
            let queued = stage.context.db.read(queue).await.unwrap();
            let stale = queued
                .iter()
                .filter(|it| it.intent_key.starts_with("deal_stale"));
            stale.count()
        };
        // Ten working days after Tuesday 24 November: 8 December in both
        // countries.
        days(14);
        assert_eq!(told().await, 0);
        let view = stage.get(Who::Dana, &deal).await.expect(200);
        assert_eq!(view["stale_at"], "2026-12-08T21:59:59.000000Z");
        days(1);
        assert_eq!(told().await, 2, "both have to act");
        assert_eq!(told().await, 2, "once");
        assert_eq!(
            items(&stage, Who::Curator, "/v1/worklist?kind=chase_deal")
                .await
                .len(),
            1
        );

        let report = json!({ "action": "report" });
        stage.go(Who::Dana, &deal, report.clone()).await.expect(200);
        assert_eq!(told().await, 2, "the turn has passed on");
        days(5);
        assert_eq!(told().await, 3, "to the investor");
        stage.go(Who::Gul, &deal, report).await.expect(200);
        let view = stage.get(Who::Dana, &deal).await.expect(200);
        assert_eq!(view["stage"], "first_meeting");
        let hold = json!({ "action": "hold", "resume_on": "2027-03-01", "reason": "Holidays." });
        stage.go(Who::Dana, &deal, hold).await.expect(200);
        days(40);
        assert_eq!(told().await, 3, "its clock stands");
        stage
            .go(Who::Gul, &deal, json!({ "action": "resume" }))
            .await
            .expect(200);
        assert_eq!(told().await, 3);
        days(20);
        assert_eq!(told().await, 5);

        let waits = items(&stage, Who::Dana, "/v1/worklist?record=deal").await;
        assert_eq!(
            (&waits[0]["kind"], &waits[0]["overdue"]),
            (&json!("report_deal"), &json!(true))
        );
    });
}
