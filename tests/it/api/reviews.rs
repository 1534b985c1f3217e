//! Compliance's queue, decisions in bulk, and the file of an introduction.

use corridor::jobs::clock;
use serde_json::{Value, json};

use super::stage::{Answer, BLURB, Stage, Who};
use crate::support::database::on_each_backend;

const REVIEW_TAG: &str = "cyber_commercial";
const RESTRICTED_TAG: &str = "counter_uas";

async fn queue(stage: &Stage, query: &str) -> Vec<Value> {
    let path = format!("/v1/reviews{query}");
    let list = stage.get(Who::Compliance, &path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn decide(stage: &Stage, who: Who, scopes: &[Value], ruling: &str) -> Value {
    let body = json!({ "scopes": scopes, "ruling": ruling, "reason": "Civil use only." });
    stage
        .post(who, "/v1/reviews/decisions", body)
        .await
        .expect(200)
}

#[test]
fn one_decision_covers_everything_that_waits_on_it() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let first = stage.matched().await;
        let other = stage.another_investor("Second Fund", |_| {}).await;
        let body = json!({
            "programme": stage.programme.id.to_string(),
            "startup_profile": stage.profile.id.to_string(),
            "mandate": other.id.to_string(),
        });
        let second = stage.post(Who::Curator, "/v1/matches", body).await;
        let second = second.location.unwrap();
        let open = queue(&stage, "").await;
        assert_eq!(open.len(), 1, "{open:#?}");
        let review = &open[0];
        assert_eq!(review["matches"].as_array().unwrap().len(), 2);
        assert_eq!(review["scope"]["country"], "AZ");
        assert_eq!(review["rules"], json!(["sensitivity"]));
        assert_eq!(review["tags"][0]["slug"], REVIEW_TAG);
        assert_eq!(review["startup_name"], "Tamar Flow");
        assert_eq!(
            (&review["two_people"], &review["released_by"]),
            (&json!(false), &json!(0))
        );

        let scope = review["scope"].clone();
        let decided = decide(
            &stage,
            Who::Compliance,
            std::slice::from_ref(&scope),
            "release",
        )
        .await;
        let records = decided["items"][0]["records"].as_array().unwrap();
        let statuses: Vec<_> = records.iter().map(|it| it["status"].clone()).collect();
        assert_eq!(statuses, ["candidate", "candidate"]);
        for matched in [&first, &second] {
            let seen = stage.get(Who::Curator, matched).await.expect(200);
            assert_eq!(seen["status"], "candidate");
            let why = stage
                .get(Who::Auditor, &format!("{matched}/decisions"))
                .await
                .expect(200);
            assert_eq!(why["items"][0]["reason"], "Civil use only.");
        }
        assert_eq!(queue(&stage, "").await.len(), 0);
        // The same again finds nothing that waits.
        let again = decide(&stage, Who::Compliance, &[scope], "release").await;
        assert_eq!(again["items"][0]["records"], json!([]));
    });
}

/// A decision is about the tags that were sensitive then; another tag that is
/// graded later waits for one of its own.
#[test]
fn a_decision_about_one_tag_stands_for_no_other() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let tags = json!({ "primary_tags": [REVIEW_TAG, "water_loss"] });
        stage.edit(Who::Dana, &profile, tags).await.expect(200);
        let matched = stage.matched().await;
        let scope = queue(&stage, "").await[0]["scope"].clone();
        decide(&stage, Who::Compliance, &[scope], "release").await;
        let release = json!({ "action": "release", "to": "both" });
        stage.go(Who::Curator, &matched, release).await.expect(200);
        let seen = async || stage.get(Who::Dana, &matched).await.status;
        assert_eq!(seen().await, 200);
        let grade = async |to: &str| {
            let grade = json!({ "action": "grade", "sensitivity": to, "reason": "An order." });
            let graded = stage
                .go(Who::Compliance, "/v1/tags/water_loss", grade)
                .await;
            graded.expect(200);
        };
        grade("review").await;
        assert_eq!(seen().await, 404);
        // Compliance is asked about it, and what was decided about the first
        // goes on to stand for that.
        stage.context.db.seal_pending().await.unwrap();
        clock::strike(&stage.context).await.unwrap();
        let asked = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(asked["status"], "under_review");
        let review = queue(&stage, "").await[0].clone();
        let tags = review["tags"].as_array().unwrap().iter();
        let decided: Vec<_> = tags
            .map(|it| (it["slug"].clone(), it["decided"].clone()))
            .collect();
        let of = |slug: &str, decided: bool| (json!(slug), json!(decided));
        assert_eq!(decided, [of(REVIEW_TAG, true), of("water_loss", false)]);
        assert_eq!(review["released_by"], 0);
        let scope = review["scope"].clone();
        decide(&stage, Who::SecondCompliance, &[scope], "release").await;
        assert_eq!(seen().await, 200);
        let again = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(again["status"], "released");
    });
}

#[test]
fn the_same_decision_sent_again_is_answered_as_the_first_time() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, RESTRICTED_TAG).await;
        let matched = stage.matched().await;
        let scope = queue(&stage, "").await[0]["scope"].clone();
        let body = json!({ "scopes": [scope], "ruling": "release", "reason": "Civil use only." });
        let send = async |who, key: &str| {
            let request = stage.request(who, "POST", "/v1/reviews/decisions");
            let request = request.header("Idempotency-Key", key).json(&body);
            Answer::of(request.send().await.unwrap()).await.expect(200)
        };
        let first = send(Who::Compliance, "8e03978e-40d5").await;
        assert_eq!(first["items"][0]["records"][0]["status"], "under_review");
        assert_eq!(send(Who::Compliance, "8e03978e-40d5").await, first);
        assert_eq!(queue(&stage, "").await[0]["released_by"], 1);
        // The key of one is not the key of another.
        let second = send(Who::SecondCompliance, "8e03978e-40d5").await;
        assert_eq!(second["items"][0]["records"][0]["status"], "candidate");
        assert_eq!(send(Who::SecondCompliance, "8e03978e-40d5").await, second);
        let seen = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(seen["status"], "candidate");
    });
}

#[test]
fn restricted_takes_two_people_and_a_refusal_one() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, RESTRICTED_TAG).await;
        let matched = stage.matched().await;
        let scope = queue(&stage, "?two_people=true").await[0]["scope"].clone();
        assert_eq!(queue(&stage, "?two_people=false").await.len(), 0);
        let one = decide(
            &stage,
            Who::Compliance,
            std::slice::from_ref(&scope),
            "release",
        )
        .await;
        assert_eq!(one["items"][0]["records"][0]["status"], "under_review");
        assert_eq!(queue(&stage, "").await[0]["released_by"], 1);
        let again = decide(
            &stage,
            Who::Compliance,
            std::slice::from_ref(&scope),
            "release",
        )
        .await;
        assert_eq!(
            again["items"][0]["records"][0]["refused"],
            "second_person_needed"
        );
        decide(&stage, Who::SecondCompliance, &[scope], "release").await;
        let seen = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(seen["status"], "candidate");

        let other = stage.another_startup("Negev Eye").await;
        let stopped = stage.matched_with(&other).await;
        let scope =
            queue(&stage, &format!("?startup_profile={}", other.id)).await[0]["scope"].clone();
        let refused = decide(&stage, Who::Compliance, &[scope], "refuse").await;
        assert_eq!(refused["items"][0]["records"][0]["status"], "blocked");
        let seen = stage.get(Who::Curator, &stopped).await.expect(200);
        assert_eq!(seen["status"], "blocked");
    });
}

#[test]
fn only_compliance_decides_and_every_fault_is_named() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        stage.matched().await;
        let scope = queue(&stage, "").await[0]["scope"].clone();
        let body = json!({ "scopes": [scope], "ruling": "release", "reason": "x" });
        for (who, status) in [(Who::Curator, 403), (Who::Auditor, 403), (Who::Dana, 404)] {
            let path = "/v1/reviews/decisions";
            assert_eq!(
                stage.post(who, path, body.clone()).await.status,
                status,
                "{who:?}"
            );
        }
        assert_eq!(stage.get(Who::Gul, "/v1/reviews").await.status, 404);
        assert_eq!(stage.get(Who::Auditor, "/v1/reviews").await.status, 200);
        let wrong = json!({
            "scopes": [{ "startup_profile": "x", "revision": 1, "programme": "y", "country": "QQ" }],
            "ruling": "perhaps",
            "reason": " ",
        });
        let faults = stage
            .post(Who::Compliance, "/v1/reviews/decisions", wrong)
            .await
            .expect(422);
        let pointers: Vec<_> = faults["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(
            pointers,
            [
                "#/scopes/0/startup_profile",
                "#/scopes/0/programme",
                "#/scopes/0/country",
                "#/ruling",
                "#/reason"
            ]
        );
    });
}

#[test]
fn the_file_of_an_introduction_holds_what_was_decided_and_shown() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let matched = stage.matched().await;
        let scope = queue(&stage, "").await[0]["scope"].clone();
        decide(&stage, Who::Compliance, &[scope], "release").await;
        let to_both = json!({ "action": "release", "to": "both" });
        stage.go(Who::Curator, &matched, to_both).await.expect(200);
        let made = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        let introduction = made.location.clone().unwrap();
        made.expect(201);
        stage
            .go(Who::Gul, &introduction, json!({ "action": "accept" }))
            .await
            .expect(200);
        stage.seal().await;
        let path = format!("{introduction}/file");
        for who in [Who::Dana, Who::Gul, Who::Stranger] {
            assert_eq!(stage.get(who, &path).await.status, 404, "{who:?}");
        }
        let file = stage.get(Who::Auditor, &path).await.expect(200);
        assert_eq!(file["decisions"][0]["about"], "match");
        assert_eq!(file["decisions"][0]["reason"], "Civil use only.");
        assert_eq!(file["answers"][0]["answer"], "accept");
        // What was decided of the scope before, and what else the gate went by.
        let release = &file["releases"][0];
        assert_eq!(release["matter"], REVIEW_TAG);
        assert_eq!(release["reason"], "Civil use only.");
        assert_eq!(release["country"], "AZ");
        assert_eq!(file["clearances"].as_array().unwrap().len(), 2);
        assert_eq!(file["licences"], json!([]));
        for line in file["disclosures"].as_array().unwrap() {
            assert_eq!(line["verdict"], "allow", "{line}");
            assert!(line["decision"].is_string(), "{line}");
            let rules = line["rules"].as_array().unwrap();
            assert!(rules.contains(&json!("sensitivity:released")), "{line}");
        }
        let levels: Vec<_> = file["disclosures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["level"].as_str().unwrap())
            .collect();
        assert_eq!(levels, ["l0", "l0", "l1"]);
        assert!(
            file["messages"]
                .as_array()
                .unwrap()
                .iter()
                .all(|it| it["content_sha256"].as_str().unwrap().len() == 64)
        );
        let positions: Vec<_> = file["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["position"].as_i64().unwrap())
            .collect();
        assert!(
            positions.is_sorted() && positions.len() > 5,
            "{positions:?}"
        );
        assert!(file["head"]["position"].as_i64() >= positions.last().copied());
        assert!(
            !file.to_string().contains("pilots cut losses"),
            "texts stand as hashes"
        );
    });
}
