//! The double opt-in over HTTP.

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::stage::{BLURB, INVESTOR, STARTUP, Stage, Who};
use crate::support::database::on_each_backend;

const ACCEPT: [(&str, &str); 2] = [("answer", "accept"), ("name", "Gül Həsənova")];

#[test]
fn a_startup_asks_and_the_investor_agrees_on_the_page() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let before = stage.get(Who::Dana, &introduction).await.expect(200);
        assert_eq!(before["status"], "asking_first");
        assert_eq!(before["startup"]["name"], STARTUP);
        assert!(before["investor"].get("name").is_none());
        let asked = stage.get(Who::Gul, &introduction).await.expect(200);
        assert_eq!(asked["startup"]["name"], STARTUP);
        assert!(asked["question"]["expires_at"].is_string());
        let page = stage.question(&introduction).await;
        let sent = stage.submit(&page, &ACCEPT).await;
        assert_eq!((sent.status, sent.location.as_ref()), (303, Some(&page)));
        let after = stage.get(Who::Dana, &introduction).await.expect(200);
        assert_eq!(after["status"], "both_accepted");
        assert_eq!(after["investor"]["name"], INVESTOR);
        let operator = stage.get(Who::Curator, &introduction).await.expect(200);
        assert_eq!(operator["answers"][0]["person_name"], "Gül Həsənova");
        for path in ["", "/transitions", "/events"] {
            let answer = stage
                .get(Who::Stranger, &format!("{introduction}{path}"))
                .await;
            assert_eq!(answer.status, 404);
        }
        let moved = stage.go(Who::Stranger, &introduction, json!({"action": "close"}));
        assert_eq!(moved.await.status, 404);
    });
}

#[test]
fn when_a_curator_asks_the_investor_hears_of_it_after_the_startups_yes() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Curator).await;
        assert_eq!(stage.get(Who::Gul, &introduction).await.status, 404);
        let none = stage.get(Who::Gul, "/v1/introductions").await.expect(200);
        assert_eq!(none["items"], json!([]));
        let asked = stage.get(Who::Dana, &introduction).await;
        assert!(!asked.text.contains(INVESTOR));
        let yes = json!({"action": "accept"});
        let view = stage.go(Who::Dana, &introduction, yes).await.expect(200);
        assert_eq!(view["status"], "asking_second");
        let second = stage.get(Who::Gul, &introduction).await.expect(200);
        assert_eq!(second["startup"]["name"], STARTUP);
        let no = json!({"action": "decline", "reason": "thesis_mismatch"});
        let declined = stage.go(Who::Gul, &introduction, no).await.expect(200);
        assert_eq!(declined["status"], "declined");
        let told = stage.get(Who::Dana, &introduction).await;
        assert!(!told.text.contains("thesis_mismatch") && !told.text.contains(INVESTOR));
        let events = stage
            .get(Who::Dana, &format!("{introduction}/events"))
            .await;
        assert!(!events.text.contains("thesis_mismatch"));
        assert!(!events.text.contains(&stage.user(Who::Gul).id.to_string()));
        let known = stage.get(Who::Curator, &introduction).await.expect(200);
        assert_eq!(known["decline_reason"], "thesis_mismatch");
    });
}

#[test]
fn a_blurb_that_gives_somebody_away_is_refused_and_each_trace_named() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let blurb = format!(
            "{STARTUP} here: write to dana@tamar.example, call +972 54 123 4567, see https://tamar.example."
        );
        let refused = stage
            .request_introduction(Who::Dana, &matched, &blurb)
            .await;
        let refused = refused.expect(409);
        assert_eq!(refused["code"], "blurb_not_clean");
        let named: Vec<_> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| fault["code"].as_str().unwrap())
            .collect();
        assert_eq!(
            named,
            [
                "carries_address",
                "carries_phone",
                "carries_link",
                "carries_organization_name"
            ]
        );
    });
}

/// A no keeps the two firms apart for a time, by other mandates as well; a side
/// isn't told that it was said, nor until when.
#[test]
fn after_a_no_the_pair_rests_and_may_be_asked_again_later() {
    on_each_backend(async |database| {
        let mut stage = Stage::set(database).await;
        stage.restart_with(|context| {
            let mut settings = (*context.settings).clone();
            settings.cool_down_days = 20;
            context.settings = settings.into();
        });
        let mandate = corridor::domain::mandate::Mandate {
            id: stage.context.new_id(),
            ..stage.mandate.clone()
        };
        let (programme, made) = (stage.programme.id, mandate.clone());
        let now = stage.context.now();
        let write = move |conn: &mut Conn| {
            db::mandates::insert(conn, &made)?;
            db::programmes::admit_mandate(conn, programme, made.id, now)
        };
        stage.context.db.write(write).await.unwrap();
        let introduction = stage.introduction(Who::Dana).await;
        let body = json!({
            "programme": stage.programme.id.to_string(),
            "startup_profile": stage.profile.id.to_string(),
            "mandate": mandate.id.to_string(),
        });
        let other = stage.post(Who::Curator, "/v1/matches", body).await;
        let matched = other.location.clone().unwrap();
        other.expect(201);
        let release = json!({"action": "release", "to": "both"});
        stage.go(Who::Curator, &matched, release).await.expect(200);

        let no = json!({"action": "decline", "reason": "thesis_mismatch"});
        stage.go(Who::Gul, &introduction, no).await.expect(200);
        let ask = async |who| stage.request_introduction(who, &matched, BLURB).await;
        for who in [Who::Dana, Who::Gul] {
            let refused = ask(who).await.expect(409);
            assert_eq!(refused["code"], "not_available_now", "{who:?}");
            assert!(!refused.to_string().contains("2026-12-14"), "{refused}");
        }
        let refused = ask(Who::Curator).await.expect(409);
        assert_eq!(refused["code"], "cooling_down");
        assert!(refused["detail"].as_str().unwrap().contains("2026-12-14"));
        stage.context.clock.advance(TimeDelta::days(21));
        ask(Who::Dana).await.expect(201);
    });
}

#[test]
fn a_blurb_that_is_surely_not_english_is_refused() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        for blurb in [
            "שני פיילוטים הקטינו נזילות בשליש.",
            "Две пилотные установки сократили потери на треть.",
            "İki pilot itkiləri üçdə bir azaltdı.",
            "خفضنا الخسائر بمقدار الثلث.",
        ] {
            let refused = stage.request_introduction(Who::Dana, &matched, blurb).await;
            let refused = refused.expect(409);
            assert_eq!(refused["code"], "blurb_not_clean");
            assert_eq!(refused["errors"][0]["code"], "not_english", "{refused}");
            assert_eq!(refused["errors"][0]["pointer"], "#/blurb");
        }
        // Names of the region don't make it another language.
        let blurb = "Pilots in Gəncə and חיפה cut the losses of two water networks by a third.";
        let made = stage.request_introduction(Who::Dana, &matched, blurb).await;
        made.expect(201);
    });
}

/// Else whoever tries many names is told by the refusal which one is right.
#[test]
fn a_blurb_with_the_other_sides_name_is_read_and_not_refused() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let tried = format!("{INVESTOR}: write to me@tamar.example");
        let refused = stage.request_introduction(Who::Dana, &matched, &tried);
        let refused = refused.await.expect(409);
        let errors = refused["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{refused}");
        assert_eq!(errors[0]["code"], "carries_address");
        let named = format!("We read that {INVESTOR} backs water.");
        let made = stage
            .request_introduction(Who::Dana, &matched, &named)
            .await;
        let introduction = made.location.clone().unwrap();
        made.expect(201);
        let known = stage.get(Who::Compliance, &introduction).await.expect(200);
        assert_eq!(known["status"], "held");
    });
}

#[test]
fn a_pair_has_one_live_introduction_however_many_ask_at_once() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let id = matched.rsplit('/').next().unwrap();
        let mut requests = JoinSet::new();
        for _ in 0..10 {
            let body = json!({"match": id, "blurb": BLURB});
            let request = stage.request(Who::Dana, "POST", "/v1/introductions");
            let request = request.json(&body);
            requests.spawn(async move { request.send().await.unwrap().status().as_u16() });
        }
        let answers = requests.join_all().await;
        assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1);
        assert!(
            answers
                .iter()
                .all(|status| matches!(status, 201 | 409 | 412)),
            "{answers:?}"
        );
        let all = stage
            .get(Who::Curator, "/v1/introductions")
            .await
            .expect(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 1);
    });
}

/// A check of the startup's firm by compliance.
async fn screened(stage: &Stage, verdict: &str) {
    let check = json!({
        "organization": stage.startup.id.to_string(),
        "verdict": verdict,
        "basis": "Registry of companies", "evidence": { "reference": "Archive 7" },
        "valid_to": "2027-11-23",
    });
    let made = stage.post(Who::Compliance, "/v1/clearances", check).await;
    made.expect(201);
}

#[test]
fn what_awaits_a_clearance_is_held_and_the_sides_never_learn_of_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.matched().await;
        screened(&stage, "review").await;
        let made = stage
            .request_introduction(Who::Curator, &matched, BLURB)
            .await;
        let introduction = made.location.clone().unwrap();
        assert_eq!(made.expect(201)["status"], "held");
        let revision = stage.profile.revision;
        let reason = "Civil use only.";
        let release = json!({"action": "release", "reason": reason, "startup_revision": revision});
        let unread = json!({"action": "release", "reason": reason, "startup_revision": 9});
        let refused = stage.go(Who::Compliance, &introduction, unread).await;
        assert_eq!(refused.code(409), "revision_changed");
        let bare = json!({"action": "release", "reason": reason});
        let faults = stage.go(Who::Compliance, &introduction, bare).await;
        assert_eq!(
            faults.expect(422)["errors"][0]["pointer"],
            "#/startup_revision"
        );
        // A missing clearance only a clearance settles.
        let still = stage.go(Who::Compliance, &introduction, release.clone());
        assert_eq!(still.await.expect(200)["status"], "held");
        screened(&stage, "clear").await;
        let view = stage.go(Who::SecondCompliance, &introduction, release);
        assert_eq!(view.await.expect(200)["status"], "asking_first");
        stage.seal().await;
        let events = stage
            .get(Who::Dana, &format!("{introduction}/events"))
            .await;
        assert_eq!(events.status, 200, "{}", events.text);
        let whole = format!("{introduction}/events");
        let whole = stage.get(Who::Compliance, &whole).await;
        assert!(whole.text.contains("clearance"), "{}", whole.text);
        for word in ["held", "gate", "clearance", "two_people", "release"] {
            assert!(!events.text.contains(word), "{word} in {}", events.text);
        }
        let decisions = stage
            .get(Who::Curator, &format!("{introduction}/decisions"))
            .await;
        let decisions = decisions.expect(200);
        let all = decisions["items"].as_array().unwrap();
        assert_eq!(all.len(), 2);
        let first = format!("{introduction}/decisions?limit=1");
        let first = stage.get(Who::Curator, &first).await.expect(200);
        assert_eq!(first["items"].as_array().unwrap()[..], all[..1]);
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = format!("{introduction}/decisions?limit=1&cursor={cursor}");
        let rest = stage.get(Who::Curator, &rest).await.expect(200);
        assert_eq!(rest["items"].as_array().unwrap()[..], all[1..]);
        assert!(rest["next_cursor"].is_null(), "{rest}");
    });
}

#[test]
fn compliance_says_why_it_refuses_or_stops_an_introduction() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        for action in ["refuse", "block"] {
            let bare = json!({"action": action});
            let faults = stage.go(Who::Compliance, &introduction, bare).await;
            assert_eq!(faults.expect(422)["errors"][0]["pointer"], "#/reason");
        }
        let block = json!({"action": "block", "reason": "A sanction was published."});
        let view = stage.go(Who::Compliance, &introduction, block).await;
        assert_eq!(view.expect(200)["status"], "blocked");
        let path = format!("{introduction}/decisions");
        let decisions = stage.get(Who::Auditor, &path).await.expect(200);
        let [decision] = decisions["items"].as_array().unwrap().as_slice() else {
            panic!("{decisions}")
        };
        assert_eq!(decision["action"], "block");
        assert_eq!(decision["reason"], "A sanction was published.");
        assert_eq!(stage.get(Who::Dana, &path).await.status, 404);
    });
}

#[test]
fn misplaced_and_missing_fields_of_an_answer_are_named() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let bad = json!({"action": "accept", "reason": "team", "until": "2027-01-01"});
        let faults: Value = stage.go(Who::Gul, &introduction, bad).await.expect(422);
        let faults = faults["errors"].as_array().unwrap();
        let pointers: Vec<_> = faults.iter().map(|fault| &fault["pointer"]).collect();
        assert_eq!(pointers, ["#/reason", "#/until"]);
        stage.seal().await;
        let log = stage.get(Who::Auditor, "/v1/events").await.expect(200);
        assert!(log["items"][0]["hash"].as_str().unwrap().len() == 64);
        assert_eq!(stage.get(Who::Curator, "/v1/events").await.status, 403);
        assert_eq!(stage.get(Who::Gul, "/v1/events").await.status, 404);
        let queue = stage.get(Who::Curator, "/v1/messages?state=queued").await;
        assert!(!queue.text.contains("mail.example"));
        assert_eq!(queue.expect(200)["items"].as_array().unwrap().len(), 1);
    });
}
