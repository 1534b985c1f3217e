//! Everything of a programme matched again, after a change of rules; cut off
//! and gone on with.

use corridor::db::{self, Conn};
use corridor::domain::ids::RematchId;
use corridor::domain::rematch::Rematch;
use corridor::services::{recompute, rematch};
use serde_json::{Value, json};

use super::stage::{Stage, Who, of};
use crate::support::database::on_each_backend;

fn path(stage: &Stage) -> String {
    format!("/v1/programmes/{}/rematches", stage.programme.id)
}

async fn start(stage: &Stage, body: Value) -> String {
    let made = stage.post(Who::Curator, &path(stage), body).await;
    let location = made.location.clone().unwrap();
    assert_eq!(made.expect(201)["status"], "running");
    location
}

/// What the worker does; the job as it is then.
async fn worked(stage: &Stage, job: &str) -> Value {
    assert_eq!(rematch::run_due(&stage.context).await.unwrap(), 1);
    stage.get(Who::Auditor, job).await.expect(200)
}

fn tally(job: &Value) -> [i64; 4] {
    ["added", "replaced", "ended", "unchanged"].map(|name| job[name].as_i64().unwrap())
}

/// Rules for which languages are everything, published for the programme.
async fn other_rules(stage: &Stage) {
    let body = json!({"programme": stage.programme.id.to_string()});
    let made = stage.post(Who::Curator, "/v1/rule-sets", body).await;
    let rules = made.location.clone().unwrap();
    made.expect(201);
    let patch = json!({"rules": {"weights": {"tags": 1_800, "language": 1_200}}});
    stage.edit(Who::Curator, &rules, patch).await.expect(200);
    let simulate = format!("{rules}/simulate");
    stage
        .post(Who::Curator, &simulate, json!({}))
        .await
        .expect(200);
    stage
        .go(Who::Curator, &rules, json!({"action": "publish"}))
        .await
        .expect(200);
}

async fn states(stage: &Stage) -> Vec<String> {
    let list = stage
        .get(Who::Curator, "/v1/matches?limit=100")
        .await
        .expect(200);
    let items = list["items"].as_array().unwrap().iter();
    let mut states: Vec<String> = items
        .map(|item| item["status"].as_str().unwrap().to_owned())
        .collect();
    states.sort();
    states
}

#[test]
fn rules_that_are_published_meanwhile_begin_it_again() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        for number in 0..16 {
            stage
                .another_startup(&format!("Carmel Pipes {number}"))
                .await;
        }
        let job = start(&stage, json!({"min_band": "weak"})).await;
        let begun = stage.get(Who::Auditor, &job).await.expect(200);
        // As if it had been cut off after the first startups.
        let id = of(job.rsplit('/').next().unwrap());
        let programme = stage.programme.id;
        let cut = move |conn: &mut Conn| {
            let job = db::rematches::find(conn, id)?.unwrap();
            let some = db::programmes::published_after(conn, programme, None, 16)?;
            let (done, after) = (16, some.last().copied());
            let version = job.version + 1;
            db::rematches::update(
                conn,
                &Rematch {
                    done,
                    after,
                    version,
                    ..job
                },
            )
        };
        assert!(stage.context.db.write(cut).await.unwrap());
        other_rules(&stage).await;
        assert_eq!(rematch::run_due(&stage.context).await.unwrap(), 1);
        let done = stage.get(Who::Auditor, &job).await.expect(200);
        assert_eq!(
            (&done["status"], &done["done"]),
            (&json!("done"), &json!(17))
        );
        assert_ne!(done["rule_set"], begun["rule_set"]);
        let list = stage.get(Who::Curator, "/v1/matches?limit=100").await;
        let list = list.expect(200);
        let items = list["items"].as_array().unwrap();
        assert_eq!(items.len(), 17);
        for item in items {
            assert_eq!(item["explanation"]["rule_set"], done["rule_set"]);
        }
    });
}

#[test]
fn what_was_not_shown_gets_a_newer_account_and_nothing_else_is_written() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        stage.another_startup("Beer Sheva Water").await;
        stage.another_startup("Carmel Pipes").await;
        let second = stage.another_investor("Caspian Seed", |_| ()).await;
        let first = start(&stage, json!({"min_band": "weak"})).await;
        let done = worked(&stage, &first).await;
        assert_eq!(
            (&done["status"], &done["startups"]),
            (&json!("done"), &json!(3))
        );
        assert_eq!(done["done"], 3);
        assert_eq!(tally(&done), [6, 0, 0, 0]);
        assert_eq!(states(&stage).await, ["candidate"; 6]);
        // Nothing differs, so nothing is written.
        let again = start(&stage, json!({"min_band": "weak"})).await;
        assert_eq!(tally(&worked(&stage, &again).await), [0, 0, 0, 6]);

        // One is shown, one is vetoed; then other rules hold.
        let list = stage.get(Who::Curator, "/v1/matches").await.expect(200);
        let path_of = |place: usize| {
            format!(
                "/v1/matches/{}",
                list["items"][place]["id"].as_str().unwrap()
            )
        };
        let release = json!({"action": "release", "to": "both"});
        let shown = path_of(0);
        stage.go(Who::Curator, &shown, release).await.expect(200);
        let before = stage.get(Who::Curator, &shown).await.expect(200);
        other_rules(&stage).await;
        let third = start(&stage, json!({"min_band": "weak"})).await;
        assert_eq!(tally(&worked(&stage, &third).await), [0, 5, 0, 1]);
        let after = stage.get(Who::Curator, &shown).await.expect(200);
        assert_eq!(before, after, "what was shown stays as it was shown");
        let mut expected = vec!["candidate"; 5];
        expected.push("released");
        expected.extend(["superseded"; 5]);
        assert_eq!(states(&stage).await, expected);
        // Every account can be computed again to the byte.
        let report = stage.context.db.read(recompute::check_all).await.unwrap();
        assert_eq!((report.same, report.other.len()), (11, 0));

        // A gate fails by now, for what was shown as well.
        let apart = json!({
            "organizations": [stage.startup.id.to_string(), second.organization.to_string()],
            "reason": "A conflict of interest.",
        });
        assert_eq!(
            stage
                .post(Who::Compliance, "/v1/blocks", apart)
                .await
                .status,
            204
        );
        let fourth = start(&stage, json!({"min_band": "weak", "top": 1})).await;
        assert_eq!(tally(&worked(&stage, &fourth).await), [0, 0, 1, 5]);
        stage.context.db.seal_pending().await.unwrap();
        let events = format!("/v1/programmes/{}/events", stage.programme.id);
        let events = stage.get(Who::Curator, &events).await;
        assert!(
            events.text.contains("programme.rematch_ended"),
            "{}",
            events.text
        );
        let own = stage.get(Who::Curator, &format!("{fourth}/events")).await;
        let own = own.expect(200)["items"].clone();
        let kinds = own.as_array().unwrap().iter().map(|it| it["kind"].clone());
        assert_eq!(
            kinds.collect::<Vec<_>>(),
            ["programme.rematch_started", "programme.rematch_ended"]
        );
        let open = stage
            .get(Who::Curator, &format!("{fourth}/transitions"))
            .await;
        assert_eq!(open.expect(200)["available"], json!([]));
        let events = format!("/v1/programmes/{}/events", stage.programme.id);
        let events = stage.get(Who::Gul, &events).await;
        assert!(!events.text.contains("rematch"), "{}", events.text);
    });
}

#[test]
fn a_job_that_is_cut_off_goes_on_where_it_was() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        for number in 0..20 {
            stage.another_startup(&format!("Source {number}")).await;
        }
        let path = start(&stage, json!({"min_band": "weak"})).await;
        let id: RematchId = of(path.rsplit('/').next().unwrap());
        // The process dies when the first startups are through.
        let context = stage.context.clone();
        let cut = tokio::spawn(async move {
            rematch::drive(&context, id, |_| panic!("killed"))
                .await
                .map(drop)
        });
        assert!(cut.await.unwrap_err().is_panic());
        let half = stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(
            (&half["status"], &half["done"]),
            (&json!("running"), &json!(16))
        );
        // Nobody else takes it up before its lease is over, nor starts another.
        assert_eq!(rematch::run_due(&stage.context).await.unwrap(), 0);
        let twin = stage
            .post(Who::Curator, &self::path(&stage), json!({}))
            .await;
        assert_eq!(twin.code(409), "rematch_running");
        stage.context.clock.advance(chrono::TimeDelta::seconds(61));
        let done = worked(&stage, &path).await;
        assert_eq!(
            (&done["status"], &done["done"]),
            (&json!("done"), &json!(21))
        );
        assert_eq!(tally(&done), [21, 0, 0, 0]);
        assert_eq!(states(&stage).await, ["candidate"; 21]);
    });
}

#[test]
fn a_job_is_the_curators_to_start_and_to_give_up() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let bad = json!({"top": 0, "min_band": "fine"});
        let refused = stage
            .post(Who::Curator, &path(&stage), bad)
            .await
            .expect(422);
        assert_eq!(refused["errors"].as_array().unwrap().len(), 2);
        for (who, status) in [(Who::Dana, 404), (Who::Gul, 404), (Who::Auditor, 403)] {
            stage.post(who, &path(&stage), json!({})).await.code(status);
        }
        let job = start(&stage, json!({})).await;
        stage.get(Who::Gul, &job).await.code(404);
        let cancel = json!({"action": "cancel"});
        stage.go(Who::Auditor, &job, cancel.clone()).await.code(403);
        let wrong = stage
            .go(Who::Curator, &job, json!({"action": "pause"}))
            .await;
        assert_eq!(wrong.expect(422)["errors"][0]["code"], "unknown_action");
        let given_up = stage
            .go(Who::Curator, &job, cancel.clone())
            .await
            .expect(200);
        assert_eq!(given_up["status"], "cancelled");
        let again = stage.go(Who::Curator, &job, cancel).await;
        assert_eq!(again.code(409), "transition_not_allowed");
        assert_eq!(rematch::run_due(&stage.context).await.unwrap(), 0);
        let listed = stage.get(Who::Auditor, &path(&stage)).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    });
}
