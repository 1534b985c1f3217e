//! A deal of two sides that know each other already, opened by a curator.

use corridor::db::{self, Conn};
use serde_json::{Value, json};

use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

const DEALS: &str = "/v1/deals";

fn body(stage: &Stage) -> Value {
    json!({
        "programme": stage.programme.id.to_string(),
        "startup": stage.profile.id.to_string(),
        "mandate": stage.mandate.id.to_string(),
        "reason": "They met at the water fair in Baku.",
        "evidence": "Letter of intent of 3 November.",
    })
}

#[test]
fn a_curator_opens_it_and_both_sides_learn_of_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let made = stage.post(Who::Curator, DEALS, body(&stage)).await;
        let path = made.location.clone().unwrap();
        let deal = made.expect(201);
        assert_eq!(
            (&deal["status"], &deal["stage"]),
            (&json!("open"), &json!("introduced"))
        );
        assert_eq!(
            deal["by_hand"]["reason"],
            "They met at the water fair in Baku."
        );
        assert_eq!(
            deal["by_hand"]["by"],
            stage.user(Who::Curator).id.to_string()
        );
        assert!(deal.get("introduction").is_none() && deal.get("match").is_none());
        for who in [Who::Dana, Who::Gul] {
            let seen = stage.get(who, &path).await.expect(200);
            assert!(seen["startup"]["name"].is_string() && seen["investor"]["name"].is_string());
            assert!(
                seen.get("by_hand").is_none(),
                "why is the operator's to know"
            );
        }
        let told = |conn: &mut Conn| db::outbox::list(conn, None, None, 100);
        let told = stage.context.db.read(told).await.unwrap();
        let mails = told
            .iter()
            .filter(|it| it.intent_key.starts_with("news:deal_opened:"));
        assert_eq!(mails.count(), 2, "one for each side");
        // It goes its way as any other.
        let report = json!({"action": "report"});
        stage.go(Who::Dana, &path, report.clone()).await.expect(200);
        let moved = stage.go(Who::Gul, &path, report).await.expect(200);
        assert_eq!(moved["stage"], "first_meeting");
        stage.seal().await;
        let events = stage
            .get(Who::Gul, &format!("{path}/events"))
            .await
            .expect(200);
        let first = &events["items"][0];
        assert_eq!(first["kind"], "deal.opened");
        let ledger = format!("/v1/organizations/{}/disclosures", stage.startup.id);
        let ledger = stage.get(Who::Compliance, &ledger).await.expect(200);
        assert_eq!(ledger["items"][0]["level"], "l1");
    });
}

#[test]
fn one_deal_of_the_same_two_goes_on_in_a_pipeline() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut by_firm = body(&stage);
        by_firm.as_object_mut().unwrap().remove("mandate");
        by_firm["organization"] = json!(stage.investor.id.to_string());
        by_firm["pipeline"] = json!("equity");
        stage
            .post(Who::Curator, DEALS, by_firm.clone())
            .await
            .expect(201);
        let again = stage.post(Who::Curator, DEALS, by_firm.clone()).await;
        assert_eq!(again.code(409), "deal_going_on");
        by_firm["pipeline"] = json!("pilot");
        stage
            .post(Who::Curator, DEALS, by_firm.clone())
            .await
            .expect(201);
        by_firm["pipeline"] = json!("barter");
        let none = stage.post(Who::Curator, DEALS, by_firm).await;
        assert_eq!(none.code(409), "unknown_pipeline");
    });
}

#[test]
fn only_curators_open_deals_and_every_fault_is_named() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        for who in [Who::Dana, Who::Gul, Who::Compliance] {
            stage.post(who, DEALS, body(&stage)).await.code(403);
        }
        let wrong = json!({
            "programme": "x", "startup": "y", "reason": " ", "evidence": "",
        });
        let refused = stage.post(Who::Curator, DEALS, wrong).await.expect(422);
        let errors = refused["errors"].as_array().unwrap().iter();
        let pointers: Vec<_> = errors.map(|it| it["pointer"].as_str().unwrap()).collect();
        assert_eq!(
            pointers,
            [
                "#/programme",
                "#/startup",
                "#/mandate",
                "#/reason",
                "#/evidence"
            ]
        );
        let mut both = body(&stage);
        both["organization"] = json!(stage.investor.id.to_string());
        let refused = stage.post(Who::Curator, DEALS, both).await.expect(422);
        assert_eq!(refused["errors"][0]["code"], "either_or");
    });
}

#[test]
fn nothing_is_opened_without_the_gates_yes() {
    on_each_backend(async |database| {
        // What compliance has to look at first is put before it.
        let stage = Stage::with_tag(database, "cyber_commercial").await;
        let held = stage
            .post(Who::Curator, DEALS, body(&stage))
            .await
            .expect(409);
        assert_eq!(held["code"], "held_for_review");
        let waiting = stage
            .get(Who::Compliance, "/v1/matches?status=under_review")
            .await
            .expect(200);
        assert_eq!(waiting["items"].as_array().unwrap().len(), 1);
        for who in [Who::Curator, Who::Dana, Who::Gul] {
            let deals = stage.get(who, DEALS).await.expect(200);
            assert_eq!(deals["items"], json!([]), "{who:?}");
        }
        // Asked again it is the same review, and once that let it the deal is opened.
        let again = stage.post(Who::Curator, DEALS, body(&stage)).await;
        let again = again.expect(409);
        assert_eq!(again["code"], "held_for_review");
        // Which match to look at is said each time.
        let matched = waiting["items"][0]["id"].as_str().unwrap();
        for told in [&held, &again] {
            let errors = told["errors"].as_array().unwrap();
            let named = errors.iter().find(|it| it["pointer"] == "#/match").unwrap();
            assert_eq!(named["code"], "held_as_match");
            assert!(named["detail"].as_str().unwrap().contains(matched));
        }
        let queue = stage.get(Who::Compliance, "/v1/matches?status=under_review");
        let queue = queue.await.expect(200);
        assert_eq!(queue["items"], waiting["items"]);
        let matched = queue["items"][0]["id"].as_str().unwrap();
        let allow = json!({"action": "allow", "reason": "Civil use only."});
        let matched = format!("/v1/matches/{matched}");
        stage.go(Who::Compliance, &matched, allow).await.expect(200);
        stage
            .post(Who::Curator, DEALS, body(&stage))
            .await
            .expect(201);
    });
    on_each_backend(async |database| {
        // And a freeze is a no, for which nothing is kept.
        let stage = Stage::with_tag(database, "cyber_commercial").await;
        let freeze = json!({"scope": "country", "value": "IL", "reason": "A test"});
        stage
            .post(Who::Compliance, "/v1/freezes", freeze)
            .await
            .expect(201);
        let refused = stage.post(Who::Curator, DEALS, body(&stage)).await;
        refused.expect(409);
        let waiting = stage.get(Who::Compliance, "/v1/matches?status=under_review");
        assert_eq!(waiting.await.expect(200)["items"], json!([]));
    });
}

#[test]
fn none_is_opened_while_an_introduction_of_the_two_is_under_way() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        // Who is asked still has not agreed to be named.
        let refused = stage.post(Who::Curator, DEALS, body(&stage)).await;
        assert_eq!(refused.code(409), "introduction_running");
        let deals = stage.get(Who::Dana, DEALS).await.expect(200);
        assert_eq!(deals["items"], json!([]));
        let withdraw = json!({ "action": "withdraw" });
        stage
            .go(Who::Dana, &introduction, withdraw)
            .await
            .expect(200);
        stage
            .post(Who::Curator, DEALS, body(&stage))
            .await
            .expect(201);
    });
}

#[test]
fn no_introduction_becomes_a_second_deal_and_none_is_taken_up_beside_another() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let first = stage.post(Who::Curator, DEALS, body(&stage)).await;
        let first_path = first.location.clone().unwrap();
        first.expect(201);
        let introduction = stage.introduction(Who::Dana).await;
        let yes = json!({ "action": "accept" });
        stage.go(Who::Gul, &introduction, yes).await.expect(200);
        stage.sent(&introduction).await;
        let convert = json!({ "action": "convert" });
        stage
            .go(Who::Dana, &introduction, convert.clone())
            .await
            .expect(200);
        let second = stage.go(Who::Gul, &introduction, convert.clone()).await;
        assert_eq!(second.code(409), "deal_going_on");
        let lose = json!({ "action": "lose", "code": "team" });
        stage.go(Who::Curator, &first_path, lose).await.expect(200);
        stage.go(Who::Gul, &introduction, convert).await.expect(200);
        let reopen = json!({ "action": "reopen", "reason": "They talk again." });
        let beside = stage.go(Who::Curator, &first_path, reopen).await;
        assert_eq!(beside.code(409), "deal_going_on");
    });
}

#[test]
fn no_deal_is_taken_through_a_pipeline_where_another_goes_on() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let open = async |pipeline: &str| {
            let mut wanted = body(&stage);
            wanted["pipeline"] = json!(pipeline);
            let made = stage.post(Who::Curator, DEALS, wanted).await;
            let path = made.location.clone().unwrap();
            made.expect(201);
            path
        };
        let (pilot, equity) = (open("pilot").await, open("equity").await);
        let reroute = json!({
            "action": "reroute", "pipeline": "equity", "reason": "They want a share.",
        });
        let beside = stage.go(Who::Curator, &pilot, reroute.clone()).await;
        assert_eq!(beside.code(409), "deal_going_on");
        let lose = json!({ "action": "lose", "code": "team" });
        stage.go(Who::Curator, &equity, lose).await.expect(200);
        stage.go(Who::Curator, &pilot, reroute).await.expect(200);
    });
}
