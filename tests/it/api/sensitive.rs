//! Startups with sensitive tags: shown to nobody until compliance has released
//! them, and then as anybody else.

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

#[test]
fn a_release_covers_one_revision_only() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let matched = stage.matched().await;
        allowed_by(&stage, &matched, &[Who::Compliance]).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let text = json!({"one_liner": {"en": {"text": "Finds leaks in networks."}}});
        stage.edit(Who::Dana, &profile, text).await.expect(200);
        let refused = stage.go(Who::Curator, &matched, release()).await;
        assert_eq!(refused.status, 409);
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
