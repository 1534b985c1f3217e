//! Startups with sensitive tags: shown to nobody until compliance has released
//! them, and then as anybody else.

use chrono::{Days, TimeDelta};
use corridor::db::Conn;
use corridor::db::disclosures::releases_of_revision;
use serde_json::{Value, json};

use super::stage::{BLURB, Stage, Who};
use crate::support::database::on_each_backend;

const REVIEW_TAG: &str = "cyber_commercial";
const RESTRICTED_TAG: &str = "counter_uas";

fn allow() -> Value {
    json!({"action": "allow", "reason": "Civil use only."})
}

fn release() -> Value {
    json!({"action": "release", "to": "both"})
}

/// Each of `people` says yes in turn, and nobody twice.
async fn allowed_by(stage: &Stage, matched: &str, people: &[Who]) {
    let (last, first) = people.split_last().unwrap();
    for who in first {
        let view = stage.go(*who, matched, allow()).await.expect(200);
        assert_eq!(view["status"], "under_review");
        let again = stage.go(*who, matched, allow()).await;
        assert_eq!(again.code(409), "second_person_needed");
    }
    let early = stage.go(Who::Curator, matched, release()).await;
    assert_eq!(early.status, 409);
    let view = stage.go(*last, matched, allow()).await.expect(200);
    assert_eq!(view["status"], "candidate");
}

/// From the release to a mail to both, nothing is held.
async fn runs_as_any_other(stage: &Stage, matched: &str) {
    let shown = stage.go(Who::Curator, matched, release()).await.expect(200);
    assert_eq!(shown["status"], "released");
    assert_eq!(stage.get(Who::Gul, matched).await.status, 200);
    let made = stage.request_introduction(Who::Dana, matched, BLURB).await;
    assert_eq!(made.expect(201)["status"], "asking_first");
    // The ranking sees the decision as well.
    let path = format!("/v1/matches?startup={}", stage.profile.id);
    let ranking = stage.get(Who::Curator, &path).await.expect(200);
    let account = &ranking["items"][0]["explanation"];
    assert_eq!(account["outcome"], "eligible");
}

#[test]
fn what_is_sensitive_is_shown_once_compliance_lets_it() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let matched = stage.matched().await;
        allowed_by(&stage, &matched, &[Who::Compliance]).await;
        runs_as_any_other(&stage, &matched).await;
    });
}

#[test]
fn what_is_restricted_is_shown_once_two_people_let_it() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, RESTRICTED_TAG).await;
        let matched = stage.matched().await;
        let both = [Who::Compliance, Who::SecondCompliance];
        allowed_by(&stage, &matched, &both).await;
        runs_as_any_other(&stage, &matched).await;
        stage.seal().await;
        // The sides learn nothing of what came before.
        let events = stage.get(Who::Gul, &format!("{matched}/events")).await;
        assert!(!events.text.contains("allow"), "{}", events.text);
        let path = format!("{matched}/decisions");
        let decisions = stage.get(Who::Auditor, &path).await.expect(200);
        let decisions = decisions["items"].as_array().unwrap();
        assert_eq!(decisions.len(), 2);
        assert!(decisions.iter().all(|it| it["reason"] == "Civil use only."));
    });
}

/// What compliance has let be shown of the profile's revision, by its matters.
async fn let_at(stage: &Stage, revision: i64) -> Vec<String> {
    let (id, today) = (stage.profile.id, stage.context.now().date_naive());
    let read = move |conn: &mut Conn| releases_of_revision(conn, (id, revision), today);
    let found = stage.context.db.read(read).await.unwrap().into_iter();
    found.map(|it| it.about.matter.to_string()).collect()
}

#[test]
fn a_release_stands_until_what_it_was_about_changes() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let matched = stage.matched().await;
        allowed_by(&stage, &matched, &[Who::Compliance]).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        // What nobody decided by leaves the decision as it is.
        for (revision, change) in [
            (2, json!({"team_size": 41})),
            (
                3,
                json!({"one_liner": {"en": {"text": "Finds leaks in networks."}}}),
            ),
        ] {
            stage.edit(Who::Dana, &profile, change).await.expect(200);
            assert_eq!(let_at(&stage, revision).await, [REVIEW_TAG]);
        }
        let own = format!("{profile}/events");
        let own = stage.get(Who::Dana, &own).await.expect(200);
        assert!(!own.to_string().contains("releases_carried"), "{own}");
        let shown = stage.go(Who::Curator, &matched, release()).await;
        assert_eq!(shown.expect(200)["status"], "released");
        // Another sensitive tag is asked for by itself.
        let more = json!({"tags": ["ot_sec"]});
        stage.edit(Who::Dana, &profile, more).await.expect(200);
        assert_eq!(let_at(&stage, 4).await, [REVIEW_TAG]);
        // The tag itself is asked for anew once it was away.
        let other = json!({"primary_tags": ["water_loss"], "tags": null});
        stage.edit(Who::Dana, &profile, other).await.expect(200);
        assert_eq!(let_at(&stage, 5).await, [""; 0]);
    });
}

#[test]
fn a_release_may_be_given_for_less_than_a_year() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let matched = stage.matched().await;
        let today = stage.context.now().date_naive();
        let day = |days: u64| (today + Days::new(days)).to_string();
        let until = |day: &str| {
            let mut body = allow();
            body["valid_to"] = json!(day);
            body
        };
        for (wrong, code) in [
            (day(366), "too_far"),
            ("2020-01-01".to_owned(), "in_the_past"),
            ("soon".to_owned(), "not_a_day"),
        ] {
            let faults = stage.go(Who::Compliance, &matched, until(&wrong)).await;
            let fault = faults.expect(422)["errors"][0].clone();
            assert_eq!(
                (&fault["pointer"], &fault["code"]),
                (&json!("#/valid_to"), &json!(code))
            );
        }
        let block = json!({"action": "block", "reason": "No.", "valid_to": day(30)});
        let misplaced = stage.go(Who::Compliance, &matched, block).await;
        assert_eq!(misplaced.expect(422)["errors"][0]["pointer"], "#/valid_to");

        let view = stage.go(Who::Compliance, &matched, until(&day(30))).await;
        assert_eq!(view.expect(200)["status"], "candidate");
        let of_day = async |days: u64| {
            let (id, day) = (stage.profile.id, today + Days::new(days));
            let read = move |conn: &mut Conn| releases_of_revision(conn, (id, 1), day);
            stage.context.db.read(read).await.unwrap().len()
        };
        assert_eq!((of_day(30).await, of_day(31).await), (1, 0));
        // Once it is over it is asked again before anything is shown.
        stage.context.clock.advance(TimeDelta::days(31));
        let late = stage.go(Who::Curator, &matched, release()).await;
        assert_eq!(late.status, 409, "{}", late.text);
    });
}

#[test]
fn who_names_another_day_says_it_of_what_they_released_before() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, RESTRICTED_TAG).await;
        let matched = stage.matched().await;
        let today = stage.context.now().date_naive();
        let say = async |days: u64| {
            let mut body = allow();
            body["valid_to"] = json!((today + Days::new(days)).to_string());
            stage.go(Who::Compliance, &matched, body).await
        };
        for days in [30, 20] {
            assert_eq!(say(days).await.expect(200)["status"], "under_review");
        }
        assert_eq!(say(20).await.code(409), "second_person_needed");
        let id = stage.profile.id;
        for (days, held) in [(20, 1), (21, 0)] {
            let day = today + Days::new(days);
            let read = move |conn: &mut Conn| releases_of_revision(conn, (id, 1), day);
            assert_eq!(stage.context.db.read(read).await.unwrap().len(), held);
        }
    });
}

#[test]
fn many_are_released_at_once_for_less_than_a_year() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        stage.matched().await;
        let open = stage.get(Who::Compliance, "/v1/reviews").await.expect(200);
        let today = stage.context.now().date_naive();
        let body = |days: u64| {
            json!({
                "scopes": [open["items"][0]["scope"]], "ruling": "release",
                "reason": "Civil use only.", "valid_to": (today + Days::new(days)).to_string(),
            })
        };
        let path = "/v1/reviews/decisions";
        let wrong = stage
            .post(Who::Compliance, path, body(400))
            .await
            .expect(422);
        assert_eq!(wrong["errors"][0]["pointer"], "#/valid_to");
        stage.post(Who::Compliance, path, body(7)).await.expect(200);
        let id = stage.profile.id;
        for (days, held) in [(7, 1), (8, 0)] {
            let day = today + Days::new(days);
            let read = move |conn: &mut Conn| releases_of_revision(conn, (id, 1), day);
            let found = stage.context.db.read(read).await.unwrap();
            assert_eq!(found.len(), held, "after {days} days");
        }
    });
}

#[test]
fn compliance_decides_on_the_revision_that_it_was_shown() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let matched = stage.matched().await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let graver = json!({"primary_tags": [RESTRICTED_TAG]});
        stage.edit(Who::Dana, &profile, graver).await.expect(200);
        let refused = stage.go(Who::Compliance, &matched, allow()).await;
        assert_eq!(refused.code(409), "revision_changed");
    });
}

#[test]
fn compliance_says_why() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let matched = stage.matched().await;
        for action in ["allow", "block"] {
            let bare = stage.go(Who::Compliance, &matched, json!({"action": action}));
            let faults = bare.await.expect(422);
            assert_eq!(faults["errors"][0]["pointer"], "#/reason");
        }
        let block = json!({"action": "block", "reason": "Sold to an army."});
        let view = stage.go(Who::Compliance, &matched, block).await.expect(200);
        assert_eq!(view["status"], "blocked");
    });
}
