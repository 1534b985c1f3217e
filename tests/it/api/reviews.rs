//! Compliance's queue, decisions in bulk, and the file of an introduction.

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::profile::ProfileStatus;
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
fn nobody_reads_or_decides_a_question_about_a_firm_of_their_own() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let matched = stage.matched().await;
        let scope = queue(&stage, "").await[0]["scope"].clone();
        let (user, firm) = (stage.user(Who::Compliance).id, stage.startup.id);
        let now = stage.context.now();
        let join = move |conn: &mut Conn| {
            db::users::insert_membership(conn, user, firm, Role::Viewer, now)
        };
        stage.context.db.write(join).await.unwrap();
        assert_eq!(queue(&stage, "").await, Vec::<Value>::new());
        let counted = "/v1/reviews?count=true&limit=1";
        let counted = stage.get(Who::Compliance, counted).await.expect(200);
        assert_eq!(counted["count"]["value"], 0, "{counted}");
        let other = stage.get(Who::SecondCompliance, "/v1/reviews").await;
        assert_eq!(other.expect(200)["items"].as_array().unwrap().len(), 1);
        decide(&stage, Who::Compliance, &[scope], "release").await;
        let seen = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(seen["status"], "under_review");
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

/// Every entry of the queue, walked in pages of that size.
async fn walked(stage: &Stage, query: &str, limit: usize) -> Vec<Value> {
    let first = format!("/v1/reviews?limit={limit}{query}");
    let (mut path, mut found) = (first.clone(), Vec::new());
    loop {
        let page = stage.get(Who::Compliance, &path).await.expect(200);
        found.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => return found,
        }
    }
}

/// Puts many profiles under review that nobody of compliance has to look at, and
/// then some that somebody has to: those wait least long.
async fn crowd(stage: &Stage, plain: i64, sensitive: i64) {
    let (profile, context) = (stage.profile.clone(), stage.context.clone());
    let now = context.now();
    let fill = move |conn: &mut Conn| -> db::Result<()> {
        for place in 0..plain + sensitive {
            let mut one = profile.clone();
            one.id = context.new_id();
            one.status = ProfileStatus::InReview;
            one.updated_at = now + TimeDelta::milliseconds(place);
            let tag = if place < plain {
                "water_loss"
            } else {
                REVIEW_TAG
            };
            one.content.primary_tags = [tag.parse().unwrap()].into();
            db::startup_profiles::insert(conn, &one)?;
        }
        Ok(())
    };
    stage.context.db.write(fill).await.unwrap();
}

#[test]
fn plain_profiles_under_review_hide_no_sensitive_one() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        crowd(&stage, 530, 7).await;
        let whole = queue(&stage, "").await;
        assert_eq!(whole.len(), 7, "{whole:#?}");
        let ids = |found: &[Value]| -> Vec<Value> {
            let records = found.iter();
            records.map(|it| it["record"]["id"].clone()).collect()
        };
        let kinds = whole.iter().map(|it| it["record"]["kind"].clone());
        assert!(kinds.into_iter().all(|kind| kind == "startup_profile"));
        let since: Vec<_> = whole
            .iter()
            .map(|it| it["since"].as_str().unwrap())
            .collect();
        assert!(since.is_sorted(), "{since:?}");
        // A page at a time it is the same, and it is counted.
        assert_eq!(ids(&walked(&stage, "", 3).await), ids(&whole));
        let counted = stage
            .get(Who::Compliance, "/v1/reviews?count=true&limit=2")
            .await
            .expect(200);
        assert_eq!(counted["count"], json!({ "value": 7, "more": false }));
        // Of those that wait, the ones that are asked for.
        let tagged = format!("&tag={REVIEW_TAG}");
        assert_eq!(walked(&stage, &tagged, 4).await.len(), 7);
        assert_eq!(walked(&stage, "&tag=water_loss", 4).await.len(), 0);
        let from = format!("&since={}", since[5]);
        assert_eq!(ids(&walked(&stage, &from, 1).await), ids(&whole[5..]));
        assert_eq!(walked(&stage, "&kind=document", 4).await.len(), 0);
        assert_eq!(walked(&stage, "&kind=startup_profile", 4).await.len(), 7);
        let wrong = "/v1/reviews?kind=x&tag=nothing_of_the_kind&country=QQ&since=today";
        let wrong = stage.get(Who::Compliance, wrong).await.expect(400);
        for name in ["kind", "tag", "country", "since"] {
            assert!(wrong.to_string().contains(&format!("`{name}`")), "{wrong}");
        }
    });
}

/// What few are asked for of many is not looked for to the end in one request.
#[test]
fn one_request_looks_at_a_part_of_a_long_queue_and_the_next_goes_on() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        crowd(&stage, 2_100, 1).await;
        let first = "/v1/reviews?limit=3&count=true";
        let page = stage.get(Who::Compliance, first).await.expect(200);
        assert_eq!(page["items"], json!([]));
        assert_eq!(page["count"], json!({ "value": 0, "more": true }));
        assert!(page["next_cursor"].is_string(), "{page}");
        let found = walked(&stage, "", 3).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0]["record"]["kind"], "startup_profile");
    });
}

#[test]
fn questions_and_records_stand_in_one_order_across_pages() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, REVIEW_TAG).await;
        let mut waiting = vec![];
        for name in ["First Fund", "Second Fund", "Third Fund"] {
            let mandate = stage.another_investor(name, |_| {}).await;
            let body = json!({
                "programme": stage.programme.id.to_string(),
                "startup_profile": stage.profile.id.to_string(),
                "mandate": mandate.id.to_string(),
            });
            let made = stage.post(Who::Curator, "/v1/matches", body).await;
            let path = made.location.unwrap();
            waiting.push(json!(path.rsplit('/').next().unwrap()));
            stage.context.clock.advance(TimeDelta::minutes(1));
        }
        let other = stage.another_startup("Negev Eye").await;
        stage.matched_with(&other).await;
        crowd(&stage, 3, 2).await;
        let whole = queue(&stage, "").await;
        assert_eq!(whole.len(), 4, "{whole:#?}");
        // What one decision covers is one entry, by what waits longest on it.
        assert_eq!(whole[0]["matches"], json!(waiting));
        assert_eq!(whole[0]["waiting"], 3);
        assert_eq!(whole[1]["waiting"], 1);
        for limit in 1..=4 {
            assert_eq!(walked(&stage, "", limit).await, whole, "{limit}");
        }
        let questions = walked(&stage, "&kind=question", 1).await;
        assert_eq!(questions, whole[..2]);
        assert_eq!(walked(&stage, "&country=AZ", 1).await, whole[..2]);
        let programme = format!("&programme={}", stage.programme.id);
        assert_eq!(walked(&stage, &programme, 1).await, whole[..2]);
        let of_one = format!("&startup_profile={}", other.id);
        assert_eq!(walked(&stage, &of_one, 1).await, whole[1..2]);
    });
}
