//! Many matches released at once: looked at first, confirmed as looked at, by
//! the programme's rule, evenly; and the digest of what came of it.

use corridor::db;
use corridor::domain::ids::ReleaseId;
use corridor::domain::releasing::ReleaseStatus;
use corridor::services::releases;
use serde_json::{Value, json};

use super::match_machine::strike;
use super::stage::{INVESTOR, STARTUP, Stage, Who, of};
use crate::support::database::on_each_backend;

fn path(stage: &Stage) -> String {
    format!("/v1/programmes/{}/releases", stage.programme.id)
}

/// A release that was looked at; its path and what was seen.
async fn preview(stage: &Stage, body: Value) -> (String, Value) {
    let made = stage.post(Who::Curator, &path(stage), body).await;
    let location = made.location.clone().unwrap();
    (location, made.expect(201))
}

fn lines(seen: &Value) -> &Vec<Value> {
    seen["lines"].as_array().unwrap()
}

/// Candidates of the mandate with so many other startups; their paths.
async fn candidates(stage: &Stage, count: usize) -> Vec<String> {
    let mut paths = vec![stage.matched().await];
    for number in 1..count {
        let profile = stage.another_startup(&format!("Source {number}")).await;
        paths.push(stage.matched_with(&profile).await);
    }
    paths
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

async fn confirm(stage: &Stage, release: &str) -> Value {
    let confirm = json!({"action": "confirm"});
    stage.go(Who::Curator, release, confirm).await.expect(200)
}

async fn unfair(stage: &Stage, by_rule: Value) {
    let body = json!({"by_rule": by_rule, "fairness": null});
    settle(stage, body).await;
}

async fn settle(stage: &Stage, body: Value) {
    let path = format!("/v1/programmes/{}/release-settings", stage.programme.id);
    let request = stage.request(Who::Curator, "PUT", &path);
    let request = request.header("If-Match", "*").json(&body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

/// The timeline of one that is done.
async fn steps_are_told(stage: &Stage, release: &str) {
    // Its own steps, not those of another of the same programme.
    let another = json!({ "to": "both" });
    stage.post(Who::Curator, &path(stage), another).await;
    stage.seal().await;
    let told = format!("{release}/events");
    let told = stage.get(Who::Auditor, &told).await.expect(200);
    let steps = told["items"].as_array().unwrap().iter();
    let steps = steps.map(|it| (it["kind"].clone(), it["payload"]["to"].clone()));
    assert_eq!(
        steps.collect::<Vec<_>>(),
        [
            (json!("programme.release_previewed"), Value::Null),
            (json!("programme.release_moved"), json!("running")),
            (json!("programme.release_moved"), json!("done")),
        ]
    );
    let part = format!("{release}/events?limit=2");
    let part = stage.get(Who::Curator, &part).await.expect(200);
    let rest = format!("{release}/events?after={}", part["next_after"]);
    let rest = stage.get(Who::Curator, &rest).await.expect(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
}

#[test]
fn what_would_go_out_is_looked_at_and_goes_out_as_it_was_looked_at() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        unfair(&stage, Value::Null).await;
        // The mandate takes five a week.
        let matches = candidates(&stage, 7).await;
        let (release, seen) = preview(&stage, json!({"to": "both"})).await;
        assert_eq!(seen["status"], "previewed");
        assert_eq!(
            seen["tally"],
            json!({"to_release": 5, "skipped": 2, "released": 0})
        );
        assert_eq!(lines(&seen).len(), 7);
        assert_eq!(lines(&seen)[0]["startup"]["name"], STARTUP);
        assert_eq!(lines(&seen)[0]["investor"]["name"], INVESTOR);
        for line in &lines(&seen)[5..] {
            assert_eq!(
                (&line["verdict"], &line["reason"]),
                (&json!("skip"), &json!("capacity"))
            );
        }
        // Nobody sees anything yet.
        let listed = stage.get(Who::Gul, "/v1/matches").await.expect(200);
        assert_eq!(listed["items"], json!([]));

        // One changes meanwhile, and one is kept apart.
        let block = json!({"action": "block", "reason": "Not this one."});
        stage
            .go(Who::Compliance, &matches[1], block)
            .await
            .expect(200);
        let other = stage.get(Who::Curator, &matches[2]).await.expect(200);
        let apart = json!({
            "organizations": [other["startup"]["organization"], stage.investor.id.to_string()],
            "reason": "A conflict of interest.",
        });
        assert_eq!(
            stage
                .post(Who::Compliance, "/v1/blocks", apart)
                .await
                .status,
            204
        );

        let stale = stage.request(Who::Curator, "POST", &format!("{release}/transitions"));
        let stale = stale
            .header("If-Match", "\"v9\"")
            .json(&json!({"action": "confirm"}));
        assert_eq!(stale.send().await.unwrap().status(), 412);
        let bare = format!("{release}/transitions");
        let bare = stage
            .post(Who::Curator, &bare, json!({"action": "confirm"}))
            .await;
        assert_eq!(bare.code(428), "version_required");
        let open = async |who| {
            let open = stage.get(who, &format!("{release}/transitions")).await;
            let open = open.expect(200)["available"].clone();
            let actions = open.as_array().unwrap().iter();
            actions.map(|it| it["action"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(open(Who::Curator).await, ["confirm", "cancel"]);
        assert!(open(Who::Auditor).await.is_empty());
        let done = confirm(&stage, &release).await;
        assert!(open(Who::Curator).await.is_empty());
        steps_are_told(&stage, &release).await;
        assert_eq!(done["status"], "done");
        assert_eq!(
            done["tally"],
            json!({"to_release": 0, "skipped": 4, "released": 3})
        );
        let outcomes: Vec<_> = lines(&done)[..3]
            .iter()
            .map(|line| (line["outcome"].clone(), line["outcome_reason"].clone()))
            .collect();
        assert_eq!(
            outcomes,
            [
                (json!("released"), Value::Null),
                (json!("skipped"), json!("changed")),
                (json!("skipped"), json!("gate")),
            ]
        );
        let listed = stage.get(Who::Gul, "/v1/matches").await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 3);
        let again = stage.go(Who::Curator, &release, json!({"action": "confirm"}));
        assert_eq!(again.await.code(409), "transition_not_allowed");
        let all = stage.get(Who::Auditor, &path(&stage)).await.expect(200);
        assert_eq!(all["items"][0]["status"], "done");
    });
}

#[test]
fn every_fault_is_named_and_nobody_else_looks() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.matched().await;
        let body = json!({
            "to": "everybody", "limit": 0, "min_band": "fine", "matches": [id(&matched), "x"],
        });
        let refused = stage
            .post(Who::Curator, &path(&stage), body)
            .await
            .expect(422);
        let faults = refused["errors"].as_array().unwrap();
        let pointers: Vec<_> = faults
            .iter()
            .map(|it| it["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(
            pointers,
            ["#/to", "#/matches/1", "#/min_band", "#/limit", "#/matches"]
        );
        let strange = json!({"to": "both", "matches": ["00000000-0000-7000-8000-000000000000"]});
        let refused = stage
            .post(Who::Curator, &path(&stage), strange)
            .await
            .expect(422);
        assert_eq!(refused["errors"][0]["code"], "unknown_match");
        let (release, _) = preview(&stage, json!({"to": "both"})).await;
        for who in [Who::Dana, Who::Gul, Who::Stranger] {
            for path in [path(&stage), release.clone()] {
                stage.get(who, &path).await.code(404);
            }
            let made = stage.post(who, &path(&stage), json!({"to": "both"})).await;
            made.code(404);
        }
        stage.get(Who::Auditor, &release).await.expect(200);
        let made = stage
            .post(Who::Auditor, &path(&stage), json!({"to": "both"}))
            .await;
        made.code(403);
        let moved = stage
            .go(Who::Auditor, &release, json!({"action": "confirm"}))
            .await;
        moved.code(403);
        // A preview does not hold for ever, and can be given up.
        let (other, _) = preview(&stage, json!({"to": "both"})).await;
        let cancel = json!({"action": "cancel"});
        let given_up = stage.go(Who::Curator, &other, cancel).await.expect(200);
        assert_eq!(given_up["status"], "cancelled");
        stage.context.clock.advance(chrono::TimeDelta::minutes(61));
        let late = stage.go(Who::Curator, &release, json!({"action": "confirm"}));
        assert_eq!(late.await.code(409), "preview_expired");
    });
}

#[test]
fn a_repeated_request_is_answered_with_the_first_and_one_that_was_cut_off_goes_on() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        unfair(&stage, Value::Null).await;
        candidates(&stage, 3).await;
        let keyed = async |path: &str, body: Value| {
            let request = stage.request(Who::Curator, "POST", path);
            let request = request
                .header("Idempotency-Key", "8e03978e-0001")
                .header("If-Match", "*");
            let answer = request.json(&body).send().await.unwrap();
            answer.json::<Value>().await.unwrap()
        };
        let first = keyed(&path(&stage), json!({"to": "both"})).await;
        let second = keyed(&path(&stage), json!({"to": "both"})).await;
        assert_eq!(first["id"], second["id"]);

        // As if the process had died when the first line was out.
        let release: ReleaseId = of(first["id"].as_str().unwrap());
        let matched = of(lines(&first)[0]["match"].as_str().unwrap());
        let context = stage.context.clone();
        let write = move |conn: &mut db::Conn| -> Result<(), corridor::services::Error> {
            let mut half = db::releases::find(conn, release)?.unwrap();
            half.status = ReleaseStatus::Running;
            half.version += 1;
            assert!(db::releases::update(conn, &half)?);
            let before = db::matches::find(conn, matched)?.unwrap();
            assert_eq!(before.version, half.lines[0].version);
            let out = corridor::domain::releasing::Outcome::Released;
            assert!(db::releases::finish_line(conn, release, 1, out)?);
            Ok(())
        };
        stage.context.db.write(write).await.unwrap();
        assert_eq!(releases::resume_due(&context).await.unwrap(), 0);
        stage.context.clock.advance(chrono::TimeDelta::minutes(2));
        strike(&stage).await;
        let whole = format!("{}/{release}", path(&stage));
        let whole = stage.get(Who::Curator, &whole).await.expect(200);
        assert_eq!(whole["status"], "done");
        assert_eq!(whole["tally"]["released"], 3);
        // The two that were left went out; the first was not done twice.
        let listed = stage.get(Who::Gul, "/v1/matches").await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_programme_releases_by_its_rule_what_is_strong_enough_and_no_more_than_a_week_takes() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matches = candidates(&stage, 6).await;
        strike(&stage).await;
        let quiet = stage.get(Who::Gul, "/v1/matches").await.expect(200);
        assert_eq!(
            quiet["items"],
            json!([]),
            "nothing goes out unless it is said"
        );
        let band = stage.get(Who::Curator, &matches[0]).await.expect(200);
        let band = band["explanation"]["band"].as_str().unwrap().to_owned();
        unfair(&stage, json!({"from": band, "to": "investor"})).await;
        strike(&stage).await;
        let listed = stage.get(Who::Gul, "/v1/matches").await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 5);
        let none = stage.get(Who::Dana, "/v1/matches").await.expect(200);
        assert_eq!(none["items"], json!([]), "it was for investors");
        stage.seal().await;
        let events = stage
            .get(Who::Curator, &format!("{}/events", matches[0]))
            .await;
        let events = events.expect(200);
        let released = events["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(released["actor"]["kind"], "system");
        assert_eq!(released["payload"]["action"], "release");
        // The rest goes out when the week is over.
        stage.context.clock.advance(chrono::TimeDelta::days(8));
        strike(&stage).await;
        let listed = stage.get(Who::Gul, "/v1/matches").await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 6);
    });
}

#[test]
fn a_rule_lets_nothing_out_that_a_gate_holds() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.matched().await;
        unfair(&stage, json!({"from": "weak", "to": "both"})).await;
        let order = json!({"scope": "country", "value": "IL", "reason": "A standing order."});
        stage
            .post(Who::Compliance, "/v1/freezes", order)
            .await
            .expect(201);
        strike(&stage).await;
        let known = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(known["status"], "candidate");
        let (_, seen) = preview(&stage, json!({"to": "both"})).await;
        assert_eq!(lines(&seen)[0]["reason"], "gate");
        assert_eq!(lines(&seen)[0]["rules"], json!(["freeze"]));
    });
}

#[test]
fn a_programme_shows_its_startups_evenly_and_says_how_evenly() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let settings = format!("/v1/programmes/{}/release-settings", stage.programme.id);
        let usual = stage.get(Who::Auditor, &settings).await.expect(200);
        assert_eq!(usual["by_rule"], Value::Null);
        assert_eq!(
            usual["fairness"],
            json!({"cap": 20, "window_days": 30, "share": 2000, "little": 1})
        );
        let bad = json!({
            "by_rule": {"from": "best", "to": "all"},
            "fairness": {"cap": 0, "window_days": 0, "share": 10_001, "little": -1},
        });
        let request = stage.request(Who::Curator, "PUT", &settings);
        let refused = request
            .header("If-Match", "\"v1\"")
            .json(&bad)
            .send()
            .await
            .unwrap();
        let refused: Value = refused.json().await.unwrap();
        assert_eq!(refused["errors"].as_array().unwrap().len(), 6, "{refused}");
        for (who, status) in [(Who::Dana, 404), (Who::Auditor, 403)] {
            let request = stage.request(who, "PUT", &settings).header("If-Match", "*");
            let body = json!({"by_rule": null, "fairness": null});
            let answer = request.json(&body).send().await.unwrap();
            assert_eq!(answer.status(), status, "{who:?}");
        }

        // One startup may be shown once; it stands first in two lists.
        settle(
            &stage,
            json!({
                "by_rule": null,
                "fairness": {"cap": 1, "window_days": 30, "share": 2000, "little": 0},
            }),
        )
        .await;
        let matched = stage.matched().await;
        let second = stage.another_investor("Caspian Seed", |_| ()).await;
        let pair = json!({
            "programme": stage.programme.id.to_string(),
            "startup_profile": stage.profile.id.to_string(),
            "mandate": second.id.to_string(),
        });
        stage
            .post(Who::Curator, "/v1/matches", pair)
            .await
            .expect(201);
        stage.another_startup("Never Seen").await;
        let (release, seen) = preview(&stage, json!({"to": "both"})).await;
        let reasons: Vec<_> = lines(&seen)
            .iter()
            .map(|line| line["reason"].clone())
            .collect();
        assert_eq!(reasons, [Value::Null, json!("exposure")]);
        confirm(&stage, &release).await;
        let exposure = format!("/v1/programmes/{}/exposure?days=7", stage.programme.id);
        let report = stage.get(Who::Auditor, &exposure).await.expect(200);
        assert_eq!(
            (&report["showings"], &report["startups"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(report["never_shown"], 1);
        assert_eq!(
            (&report["top_three"], &report["gini"]),
            (&json!(10_000), &json!(5_000))
        );
        assert_eq!(report["most"][0]["startup"]["name"], STARTUP);
        assert_eq!(report["least"][0]["startup"]["name"], "Never Seen");
        stage.get(Who::Gul, &exposure).await.code(404);
        // The ranking knows nothing of it.
        let ranking = format!("/v1/matches?mandate={}", second.id);
        let ranking = stage.get(Who::Curator, &ranking).await.expect(200);
        assert_eq!(ranking["items"][0]["startup"]["name"], STARTUP);
        drop(matched);
    });
}

#[test]
fn a_digest_names_what_waits_and_nobody() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        unfair(&stage, Value::Null).await;
        let matches = candidates(&stage, 3).await;
        let (release, _) = preview(&stage, json!({"to": "both"})).await;
        confirm(&stage, &release).await;
        let digest = format!("/v1/mandates/{}/digest", stage.mandate.id);
        let told = stage.get(Who::Gul, &digest).await;
        for secret in [
            STARTUP,
            &stage.startup.id.to_string(),
            &stage.profile.id.to_string(),
        ] {
            assert!(!told.text.contains(secret), "{secret} in {}", told.text);
        }
        let told = told.expect(200);
        let items = told["items"].as_array().unwrap();
        assert_eq!((items.len(), &told["more"]), (3, &json!(0)));
        let first = &items[0];
        assert_eq!(first["counterpart"]["tags"][0]["slug"], "water_loss");
        let reasons = first["reasons"].as_array().unwrap();
        assert_eq!(reasons.len(), 3);
        // In the reader's own language.
        assert_eq!(stage.user(Who::Gul).language.to_string(), "az");
        let english = stage.get(Who::Curator, &digest).await.expect(200);
        assert_eq!(
            english["items"][0]["reasons"][0]["factor"],
            reasons[0]["factor"]
        );
        assert_ne!(
            english["items"][0]["reasons"][0]["sentence"],
            reasons[0]["sentence"]
        );
        for who in [Who::Dana, Who::Stranger] {
            stage.get(who, &digest).await.code(404);
        }
        // What was answered or put off is not in it, nor what is older.
        let interested = json!({"action": "interested"});
        stage
            .go(Who::Gul, &matches[0], interested)
            .await
            .expect(200);
        let snooze = json!({"action": "snooze", "until": "2026-12-20"});
        stage.go(Who::Gul, &matches[1], snooze).await.expect(200);
        let told = stage.get(Who::Gul, &digest).await.expect(200);
        let items = told["items"].as_array().unwrap();
        assert_eq!(items.len(), 1);
        assert_eq!(items[0]["id"], id(&matches[2]));
        stage.context.clock.advance(chrono::TimeDelta::days(8));
        let told = stage.get(Who::Gul, &digest).await.expect(200);
        assert_eq!(told["items"], json!([]));
    });
}
