//! What the gate closes for a while: neither read, moved nor replayed, and not
//! lost when it opens again.

use chrono::TimeDelta;
use corridor::domain::account::Role;
use corridor::{db, jobs};
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
        let lift = stage
            .go(
                who,
                freeze,
                json!({"action": "lift", "reason": "It is over."}),
            )
            .await;
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
            stage.seal().await;
            jobs::clock::strike(&stage.context).await.unwrap();
            let introduction = stage.get(Who::Curator, &introduction).await.expect(200);
            let matched = stage.get(Who::Curator, &matched).await.expect(200);
            [introduction, matched].map(|record| record["status"].as_str().unwrap().to_owned())
        };
        assert_eq!(strike().await, ["frozen", "released"]);
        lifted(&stage, &freeze).await;
        stage.seal().await;
        jobs::clock::strike(&stage.context).await.unwrap();
        assert_eq!(stage.get(Who::Gul, &matched).await.status, 200);
        let asked = stage.get(Who::Gul, &introduction).await.expect(200);
        assert!(asked["question"].is_object(), "{asked}");
        assert_eq!(strike().await, ["expired", "expired"]);
    });
}

/// Strikes after some days.
async fn days_later(stage: &Stage, days: i64) {
    stage.context.clock.advance(TimeDelta::days(days));
    stage.seal().await;
    jobs::clock::strike(&stage.context).await.unwrap();
}

/// An order that covers the one programme.
async fn programme_frozen(stage: &Stage) -> String {
    let order = json!({
        "scope": "programme",
        "value": stage.programme.id.to_string(),
        "reason": "A standing order.",
    });
    let freeze = stage.post(Who::Compliance, "/v1/freezes", order).await;
    format!("/v1/freezes/{}", freeze.expect(201)["id"].as_str().unwrap())
}

#[test]
fn a_freeze_longer_than_confirmations_last_ends_nothing() {
    for programme in [false, true] {
        on_each_backend(async |database| {
            let stage = Stage::set(database).await;
            let introduction = stage.introduction(Who::Dana).await;
            let freeze = if programme {
                programme_frozen(&stage).await
            } else {
                frozen(&stage).await
            };
            for _ in 0..4 {
                days_later(&stage, 80).await;
            }
            let yes = json!({"action": "accept"});
            let refused = stage.go(Who::Gul, &introduction, yes.clone()).await;
            assert_eq!(refused.code(409), "paused");
            lifted(&stage, &freeze).await;
            let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
            let seen = stage.get(Who::Dana, &profile).await.expect(200);
            assert_eq!(seen["status"], "published", "{seen}");
            // Nothing but the clearances, which run out by themselves, is to
            // be renewed before the yes that was asked for.
            for firm in [stage.startup.id, stage.investor.id] {
                let clear = json!({
                    "verdict": "clear",
                    "basis": "Registers.",
                    "evidence": { "reference": "Archive 7" },
                    "valid_to": (stage.context.now() + TimeDelta::days(300)).date_naive().to_string(),
                    "organization": firm.to_string(),
                });
                let made = stage.post(Who::Compliance, "/v1/clearances", clear).await;
                made.expect(201);
            }
            // A freeze of the startup's country doesn't cover the mandate,
            // which its investor could have confirmed meanwhile.
            if !programme {
                let mandate = format!("/v1/mandates/{}", stage.mandate.id);
                let publish = json!({"action": "publish"});
                stage.go(Who::Gul, &mandate, publish).await.expect(200);
            }
            let seen = stage.go(Who::Gul, &introduction, yes).await.expect(200);
            assert_eq!(seen["status"], "both_accepted", "{seen}");
        });
    }
}

#[test]
fn what_lapsed_before_a_freeze_stays_lapsed() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        days_later(&stage, 300).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let seen = stage.get(Who::Dana, &profile).await.expect(200);
        assert_eq!(seen["status"], "stale", "{seen}");
        frozen(&stage).await;
        days_later(&stage, 1).await;
        let seen = stage.get(Who::Dana, &profile).await.expect(200);
        assert_eq!(seen["status"], "stale", "{seen}");
    });
}

async fn deal_as(stage: &Stage, who: Who, deal: &str) -> Value {
    stage.get(who, deal).await.expect(200)
}

#[test]
fn a_freeze_holds_deals_until_it_is_lifted() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = super::deals::deal(&stage).await;
        days_later(&stage, 0).await;
        let open = deal_as(&stage, Who::Curator, &deal).await;
        let freeze = frozen(&stage).await;
        // Before anything has come around.
        let report = json!({"action": "report"});
        let refused = stage.go(Who::Dana, &deal, report.clone()).await;
        assert_eq!(refused.code(409), "not_available");
        let refused = stage
            .go(Who::Curator, &deal, json!({"action": "advance"}))
            .await;
        assert_eq!(refused.code(409), "gate_closed");
        days_later(&stage, 0).await;
        let held = deal_as(&stage, Who::Dana, &deal).await;
        assert_eq!(held["status"], "on_hold", "{held}");
        assert!(held["resume_on"].is_null(), "{held}");
        let refused = stage.go(Who::Gul, &deal, json!({"action": "resume"})).await;
        assert_eq!(refused.code(409), "not_available");
        days_later(&stage, 300).await;
        let held = deal_as(&stage, Who::Curator, &deal).await;
        assert_eq!(held["status"], "on_hold", "{held}");
        assert!(held["stale_at"].is_null(), "{held}");
        let timeline = stage.get(Who::Dana, &format!("{deal}/timeline")).await;
        assert!(!timeline.text.contains("pause"), "{}", timeline.text);
        assert!(!timeline.text.contains("went_stale"), "{}", timeline.text);
        lifted(&stage, &freeze).await;
        days_later(&stage, 0).await;
        let again = deal_as(&stage, Who::Curator, &deal).await;
        assert_eq!(again["status"], "open", "{again}");
        assert_eq!(again["stage"], open["stage"]);
        stage.go(Who::Dana, &deal, report).await.expect(200);
    });
}

#[test]
fn a_suspended_programme_holds_its_deals_until_it_is_resumed_or_over() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = super::deals::deal(&stage).await;
        days_later(&stage, 0).await;
        let programme = format!("/v1/programmes/{}", stage.programme.id);
        let report = json!({"action": "report"});
        for end in ["resume", "terminate"] {
            let suspend = json!({"action": "suspend", "reason": "A court order."});
            let gone = stage.go(Who::Curator, &programme, suspend).await;
            gone.expect(200);
            // Before anything has come around.
            let refused = stage.go(Who::Dana, &deal, report.clone()).await;
            assert_eq!(refused.code(409), "not_available");
            days_later(&stage, 0).await;
            let held = deal_as(&stage, Who::Dana, &deal).await;
            assert_eq!(held["status"], "on_hold", "{held}");
            let mut body = json!({"action": end});
            if end == "terminate" {
                body["reason"] = json!("The court said so.");
            }
            let gone = stage.go(Who::Curator, &programme, body);
            gone.await.expect(200);
            days_later(&stage, 0).await;
            let again = deal_as(&stage, Who::Curator, &deal).await;
            assert_eq!(again["status"], "open", "after {end}: {again}");
        }
        stage.go(Who::Dana, &deal, report).await.expect(200);
    });
}

#[test]
fn a_hold_that_ends_in_a_freeze_waits_for_its_end() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = super::deals::deal(&stage).await;
        let hold = json!({"action": "hold", "resume_on": "2026-12-10", "reason": "A visit."});
        stage.go(Who::Dana, &deal, hold).await.expect(200);
        let freeze = frozen(&stage).await;
        days_later(&stage, 30).await;
        let held = deal_as(&stage, Who::Dana, &deal).await;
        assert_eq!(held["status"], "on_hold", "{held}");
        lifted(&stage, &freeze).await;
        days_later(&stage, 0).await;
        let again = deal_as(&stage, Who::Dana, &deal).await;
        assert_eq!(again["status"], "open", "{again}");
    });
}

#[test]
fn a_blocked_firm_and_a_block_stop_deals_until_two_people_let_them_go_on() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = super::deals::deal(&stage).await;
        days_later(&stage, 0).await;
        let screened = async |verdict: &str| {
            let body = json!({
                "verdict": verdict,
                "basis": "A list.",
                "evidence": { "reference": "Archive 7" },
                "valid_to": "2027-06-01",
                "organization": stage.startup.id.to_string(),
            });
            stage
                .post(Who::Compliance, "/v1/clearances", body)
                .await
                .expect(201);
        };
        screened("blocked").await;
        let report = json!({"action": "report"});
        let refused = stage.go(Who::Gul, &deal, report.clone()).await;
        assert_eq!(refused.code(409), "not_available");
        days_later(&stage, 0).await;
        let seen = deal_as(&stage, Who::Curator, &deal).await;
        assert_eq!(seen["status"], "blocked", "{seen}");
        let unblock = json!({"action": "unblock", "reason": "A namesake."});
        let refused = stage.go(Who::Compliance, &deal, unblock.clone()).await;
        assert_eq!(refused.code(409), "gate_closed");
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        super::holding::settled(&stage, stage.startup.id, &profile).await;
        days_later(&stage, 0).await;
        assert_eq!(
            deal_as(&stage, Who::Curator, &deal).await["status"],
            "blocked"
        );
        for who in [Who::Compliance, Who::SecondCompliance] {
            stage.go(who, &deal, unblock.clone()).await.expect(200);
        }
        stage.go(Who::Gul, &deal, report).await.expect(200);
        let block = json!({
            "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
            "reason": "A dispute.",
        });
        let blocked = stage.post(Who::Compliance, "/v1/blocks", block).await;
        assert_eq!(blocked.status, 204, "{}", blocked.text);
        days_later(&stage, 0).await;
        let seen = deal_as(&stage, Who::Curator, &deal).await;
        assert_eq!(seen["status"], "blocked", "{seen}");
    });
}

#[test]
fn no_deal_is_opened_in_a_freeze() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        stage
            .go(Who::Gul, &introduction, json!({"action": "accept"}))
            .await
            .expect(200);
        stage.sent(&introduction).await;
        let freeze = frozen(&stage).await;
        let convert = json!({"action": "convert"});
        let refused = stage.go(Who::Dana, &introduction, convert.clone()).await;
        assert_eq!(refused.code(409), "not_available");
        let refused = stage.go(Who::Curator, &introduction, convert.clone()).await;
        assert_eq!(refused.code(409), "gate_closed");
        lifted(&stage, &freeze).await;
        stage
            .go(Who::Curator, &introduction, convert)
            .await
            .expect(200);
    });
}

#[test]
fn a_release_of_words_does_not_stand_for_a_tag_that_is_graded_later() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let blurb = "Sensors that guard a border security post would fit.";
        let made = stage.request_introduction(Who::Gul, &matched, blurb).await;
        let held = made.location.clone().unwrap();
        made.expect(201);
        let release = json!({
            "action": "release",
            "reason": "The words are about water.",
            "startup_revision": stage.profile.revision,
        });
        let seen = stage.go(Who::Compliance, &held, release).await.expect(200);
        assert_eq!(seen["status"], "asking_first", "{seen}");
        let (profile, revision) = (stage.profile.id, stage.profile.revision);
        let (programme, mandate) = (stage.programme.id, stage.mandate.clone());
        let today = stage.context.now().date_naive();
        let kept = move |conn: &mut db::Conn| {
            let country = mandate.country.unwrap();
            let profile = (profile, revision);
            db::disclosures::releases(conn, profile, programme, country, today)
        };
        assert_eq!(stage.context.db.read(kept).await.unwrap(), []);
    });
}

/// Somebody of compliance has a part in the startup as well.
async fn second_compliance_joins_the_startup(stage: &Stage) {
    let (person, firm) = (stage.user(Who::SecondCompliance).id, stage.startup.id);
    let now = stage.context.now();
    let join = move |conn: &mut db::Conn| {
        db::users::insert_membership(conn, person, firm, Role::Viewer, now)
    };
    stage.context.db.write(join).await.unwrap();
}

#[test]
fn nobody_clears_freezes_or_reads_the_file_of_their_own_firm() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        second_compliance_joins_the_startup(&stage).await;
        let who = Who::SecondCompliance;
        let (own, other) = (stage.startup.id.to_string(), stage.investor.id.to_string());
        let clear = json!({
            "verdict": "clear",
            "basis": "Known to me.",
            "evidence": { "reference": "Archive 7" },
            "valid_to": "2027-06-01",
            "organization": own,
        });
        let refused = stage.post(who, "/v1/clearances", clear.clone()).await;
        assert!([403, 404].contains(&refused.status), "{}", refused.text);
        let list = format!("/v1/organizations/{own}/clearances");
        assert_ne!(stage.get(who, &list).await.status, 200);
        let block = json!({"organizations": [own, other], "reason": "A quarrel."});
        let refused = stage.post(who, "/v1/blocks", block).await;
        assert!([403, 404].contains(&refused.status), "{}", refused.text);
        for (scope, value) in [
            ("organization", own.clone()),
            ("country", "IL".to_owned()),
            ("programme", stage.programme.id.to_string()),
            ("tag", "water_loss".to_owned()),
        ] {
            let order = json!({"scope": scope, "value": value, "reason": "Why not."});
            let refused = stage.post(who, "/v1/freezes", order).await;
            assert_eq!(refused.status, 403, "{scope}: {}", refused.text);
        }
        for path in ["file", "decisions"] {
            let path = format!("{introduction}/{path}");
            assert_eq!(
                stage.get(Who::Compliance, &path).await.status,
                200,
                "{path}"
            );
            assert_eq!(stage.get(who, &path).await.status, 404, "{path}");
        }
        let freeze = frozen(&stage).await;
        let lift = json!({"action": "lift", "reason": "It is over."});
        assert_eq!(stage.go(who, &freeze, lift.clone()).await.status, 403);
        // Where their firm has no part they are as free as before.
        let clear = json!({
            "verdict": "clear",
            "basis": "Registers.",
            "evidence": { "reference": "Archive 7" },
            "valid_to": "2027-06-01",
            "organization": other,
        });
        stage.post(who, "/v1/clearances", clear).await.expect(201);
        let order = json!({"scope": "organization", "value": other, "reason": "A doubt."});
        stage.post(who, "/v1/freezes", order).await.expect(201);
    });
}
