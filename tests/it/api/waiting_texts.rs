//! Texts for both sides of a deal that name what compliance reads first: they
//! wait, whatever their place, and go there when two people let them through.

use chrono::TimeDelta;
use corridor::db::{Conn, deal_notes};
use corridor::domain::compliance::Clearance;
use corridor::services::deals;
use diesel::RunQueryDsl;
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{Stage, Who, clearance};
use crate::support::database::on_each_backend;

const BAD: &str = "Show them the guided missiles.";

async fn items(stage: &Stage, who: Who, path: &str) -> Vec<Value> {
    let list = stage.get(who, path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

/// What waits for compliance, by where it is decided.
async fn queue(stage: &Stage) -> Vec<String> {
    let queue = items(stage, Who::Compliance, "/v1/reviews").await;
    let acts = queue.iter().map(|it| it["record"]["act"].as_str().unwrap());
    acts.map(str::to_owned).collect()
}

async fn release(stage: &Stage, decide: &str) {
    let yes = json!({ "ruling": "release", "reason": "A toy." });
    for who in [Who::Compliance, Who::SecondCompliance] {
        stage.post(who, decide, yes.clone()).await.expect(200);
    }
}

#[test]
fn next_steps_and_facts_wait_and_go_to_their_places() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let both = json!({ "next_step": BAD, "facts": { "pitch_deck": BAD } });
        let written = stage.edit(Who::Dana, &deal, both).await.expect(200);
        let waiting = written["waiting"].as_array().unwrap().iter();
        let places: Vec<_> = waiting.map(|it| it["place"].clone()).collect();
        assert_eq!(places, ["fact:pitch_deck", "next_step"]);
        assert_eq!(written["facts"], json!({}));
        // The other side learns of nothing, nor that there is something.
        let other = stage.get(Who::Gul, &deal).await.expect(200);
        assert!(other.get("waiting").is_none() && other.get("next_step").is_none());
        assert_eq!(
            items(&stage, Who::Gul, &format!("{deal}/notes"))
                .await
                .len(),
            0
        );
        let waits = queue(&stage).await;
        assert_eq!(waits.len(), 2);
        for decide in &waits {
            release(&stage, decide).await;
        }
        let other = stage.get(Who::Gul, &deal).await.expect(200);
        assert_eq!(other["next_step"], BAD);
        assert_eq!(other["facts"]["pitch_deck"], BAD);
        assert!(queue(&stage).await.is_empty());
        // They stand where they are for, not among the other side's notes.
        assert_eq!(
            items(&stage, Who::Gul, &format!("{deal}/notes"))
                .await
                .len(),
            0
        );
    });
}

#[test]
fn another_text_takes_the_place_of_one_that_waits() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let bad = json!({ "next_step": BAD });
        stage.edit(Who::Dana, &deal, bad).await.expect(200);
        let good = json!({ "next_step": "Meet in Baku" });
        let written = stage.edit(Who::Dana, &deal, good).await.expect(200);
        assert!(written.get("waiting").is_none());
        assert!(queue(&stage).await.is_empty(), "nothing is left to read");
        let other = stage.get(Who::Gul, &deal).await.expect(200);
        assert_eq!(other["next_step"], "Meet in Baku");
    });
}

#[test]
fn a_task_waits_as_a_whole_and_another_title_beside_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let path = format!("{deal}/tasks");
        let body = json!({
            "title": BAD, "due": "2027-01-01", "assignee": "investor", "visibility": "both",
        });
        let made = stage.post(Who::Dana, &path, body).await;
        let task = made.location.clone().unwrap();
        made.expect(201);
        assert_eq!(items(&stage, Who::Dana, &path).await.len(), 1);
        assert_eq!(items(&stage, Who::Gul, &path).await.len(), 0);
        stage.get(Who::Gul, &task).await.code(404);
        assert!(
            items(&stage, Who::Gul, "/v1/worklist?kind=do_task")
                .await
                .is_empty()
        );
        release(&stage, &queue(&stage).await[0]).await;
        let seen = stage.get(Who::Gul, &task).await.expect(200);
        assert_eq!(seen["title"], BAD);

        let worse = json!({ "title": "Pack the missiles" });
        let kept = stage.edit(Who::Dana, &task, worse).await.expect(200);
        assert_eq!(kept["title"], BAD, "the present one stands meanwhile");
        release(&stage, &queue(&stage).await[0]).await;
        let seen = stage.get(Who::Gul, &task).await.expect(200);
        assert_eq!(seen["title"], "Pack the missiles");
    });
}

#[test]
fn what_happens_to_a_task_that_waits_stands_on_no_deal() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let body = json!({
            "title": BAD, "due": "2027-01-01", "assignee": "startup", "visibility": "both",
        });
        let made = stage.post(Who::Dana, &format!("{deal}/tasks"), body).await;
        let task = made.location.clone().unwrap();
        made.expect(201);
        let later = json!({ "due": "2027-02-01" });
        stage.edit(Who::Dana, &task, later).await.expect(200);
        let done = json!({ "action": "complete" });
        stage.go(Who::Dana, &task, done).await.expect(200);
        let told = async |path: &str| {
            stage.seal().await;
            let events = items(&stage, Who::Compliance, &format!("{path}/events")).await;
            let of_tasks = events
                .iter()
                .filter(|it| it["kind"] == "deal.task_set")
                .count();
            (of_tasks, events.len())
        };
        assert_eq!(told(&deal).await.0, 0);
        let own = items(&stage, Who::Dana, &format!("{task}/events")).await;
        let kinds: Vec<_> = own.iter().map(|it| it["kind"].clone()).collect();
        assert_eq!(kinds, ["user.task_set", "user.task_set"]);
        // Let through, it stands there as it is by then.
        release(&stage, &queue(&stage).await[0]).await;
        assert_eq!(told(&deal).await.0, 1);
        assert_eq!(told(&task).await, (1, 1));
        let seen = stage.get(Who::Gul, &task).await.expect(200);
        assert_eq!(seen["status"], "done");
    });
}

#[test]
fn what_is_refused_stays_from_the_other_side() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let path = format!("{deal}/tasks");
        let body = json!({
            "title": BAD, "due": "2027-01-01", "assignee": "investor", "visibility": "both",
        });
        let made = stage.post(Who::Dana, &path, body).await;
        let task = made.location.clone().unwrap();
        made.expect(201);
        let no = json!({ "ruling": "refuse", "reason": "It is one." });
        let decide = queue(&stage).await[0].clone();
        stage.post(Who::Compliance, &decide, no).await.expect(200);
        stage.get(Who::Gul, &task).await.code(404);
        // Said otherwise it is theirs to read.
        let other = json!({ "title": "Send the price list" });
        stage.edit(Who::Dana, &task, other).await.expect(200);
        stage.get(Who::Gul, &task).await.expect(200);
    });
}

#[test]
fn notes_from_before_the_screening_are_read_once() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let path = format!("{deal}/notes");
        let note = json!({ "note": BAD, "visibility": "both" });
        stage.post(Who::Dana, &path, note).await.expect(201);
        let hello = json!({ "note": "Hello", "visibility": "both" });
        stage.post(Who::Dana, &path, hello).await.expect(201);
        // As they stood before such notes were looked at.
        let old = |conn: &mut Conn| -> corridor::db::Result<()> {
            let sql = match conn {
                Conn::Sqlite(_) => "UPDATE deal_notes SET state = 'shown', screened = 0",
                #[cfg(feature = "postgres")]
                Conn::Postgres(_) => "UPDATE deal_notes SET state = 'shown', screened = FALSE",
            };
            diesel::sql_query(sql).execute(conn)?;
            Ok(())
        };
        stage.context.db.write(old).await.unwrap();
        assert_eq!(items(&stage, Who::Gul, &path).await.len(), 2);
        assert_eq!(deals::screen_old(&stage.context).await.unwrap(), 3);
        assert_eq!(items(&stage, Who::Gul, &path).await.len(), 1);
        assert_eq!(queue(&stage).await.len(), 1);
        let left = |conn: &mut Conn| deal_notes::unscreened(conn, 10);
        assert!(stage.context.db.read(left).await.unwrap().is_empty());
        assert_eq!(deals::screen_old(&stage.context).await.unwrap(), 0);
    });
}

/// A check of the startup that ran out yesterday.
pub async fn check_runs_out(stage: &Stage) {
    let (context, firm) = (stage.context.clone(), stage.startup.clone());
    let by = stage.user(Who::Compliance).id;
    stage.context.clock.advance(TimeDelta::seconds(1));
    let write = move |conn: &mut Conn| {
        let ran_out = Clearance {
            valid_to: context.now().date_naive() - TimeDelta::days(1),
            ..clearance(&context, &firm, by)
        };
        corridor::db::clearances::insert(conn, &ran_out)
    };
    stage.context.db.write(write).await.unwrap();
}

#[test]
fn what_waits_for_the_gate_alone_goes_on_when_it_lets_things_across() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        check_runs_out(&stage).await;
        let path = format!("{deal}/notes");
        for text in ["We come in March.", BAD] {
            let note = json!({ "note": text, "visibility": "both" });
            let kept = stage.post(Who::Dana, &path, note).await.expect(201);
            assert_eq!(kept["state"], "waiting");
        }
        let step = json!({ "next_step": "Send the price list" });
        stage.edit(Who::Dana, &deal, step).await.expect(200);
        let reviews = "/v1/reviews?kind=deal_note";
        // Each names what is open between the two, and its words where it has some.
        let waits = items(&stage, Who::Compliance, reviews).await;
        let rules: Vec<_> = waits.iter().map(|it| it["rules"].clone()).collect();
        let gate = json!(["clearance"]);
        assert_eq!(rules, [gate.clone(), json!(["clearance", "terms"]), gate]);
        // Whoever follows begins where the log ends.
        stage.seal().await;
        deals::follow_gate(&stage.context).await.unwrap();
        assert_eq!(items(&stage, Who::Gul, &path).await.len(), 0);

        let check = json!({
            "organization": stage.startup.id.to_string(), "verdict": "clear",
            "basis": "EU list", "evidence": { "reference": "Archive 7" },
            "valid_to": "2027-06-01",
        });
        let checked = stage.post(Who::Compliance, "/v1/clearances", check).await;
        checked.expect(201);
        stage.seal().await;
        assert_eq!(deals::follow_gate(&stage.context).await.unwrap(), 1);
        let notes = items(&stage, Who::Gul, &path).await;
        assert_eq!(notes.len(), 1);
        assert_eq!(notes[0]["note"], "We come in March.");
        let seen = stage.get(Who::Gul, &deal).await.expect(200);
        assert_eq!(seen["next_step"], "Send the price list");
        let left = items(&stage, Who::Compliance, reviews).await;
        assert_eq!((left.len(), &left[0]["rules"]), (1, &json!(["terms"])));
    });
}
