//! Several investors in a deal, the board, and what takes two people.

use corridor::db;
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

async fn put(stage: &Stage, who: Who, path: &str, body: Value) -> Answer {
    let request = stage.request(who, "PUT", path).header("If-Match", "*");
    Answer::of(request.json(&body).send().await.unwrap()).await
}

fn round() -> Value {
    json!({ "currency": "USD", "minimum": 50_000, "target": 100_000, "maximum": 120_000, "closes_on": "2027-03-31" })
}

fn takes_part(firm: &str, firmness: &str, minor: i64, currency: &str) -> Value {
    json!({
        "organization": firm, "interest": "committed", "firmness": firmness,
        "amount": { "amount_minor": minor, "currency": currency },
    })
}

#[test]
fn a_round_is_filled_and_shared_out_when_it_is_too_full() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let day = "2026-11-20".parse().unwrap();
        let azn = "AZN".parse().unwrap();
        let quote = move |conn: &mut db::Conn| db::rates::insert(conn, day, &[(azn, 500_000)]);
        stage.context.db.write(quote).await.unwrap();
        let deal = deal(&stage).await;
        let rounds = format!("{deal}/round");
        let members = format!("{deal}/participants");
        let mut wrong = round();
        wrong["target"] = json!(10);
        wrong["maximum"] = json!(5);
        let faults = put(&stage, Who::Dana, &rounds, wrong).await.expect(422);
        assert_eq!(faults["errors"].as_array().unwrap().len(), 2);
        assert_eq!(put(&stage, Who::Gul, &rounds, round()).await.status, 403);
        put(&stage, Who::Dana, &rounds, round()).await.expect(200);

        let own = stage.investor.id.to_string();
        let bare = json!({ "organization": own, "interest": "committed" });
        let faults = put(&stage, Who::Gul, &members, bare).await.expect(422);
        assert_eq!(faults["errors"][0]["pointer"], "#/amount");
        let soft = put(
            &stage,
            Who::Gul,
            &members,
            takes_part(&own, "soft", 80_000, "USD"),
        )
        .await
        .expect(200);
        assert_eq!(
            (&soft["subscription"], &soft["soft"]["amount_minor"]),
            (&json!("below_minimum"), &json!(80_000))
        );
        let hard = put(
            &stage,
            Who::Gul,
            &members,
            takes_part(&own, "hard", 90_000, "USD"),
        )
        .await
        .expect(200);
        assert_eq!(
            (&hard["subscription"], &hard["hard"]["amount_minor"]),
            (&json!("under"), &json!(90_000))
        );

        // Nobody comes to a deal around the gate.
        let other = stage.another_investor("Second Fund", |_| {}).await;
        let second = other.organization.to_string();
        let body = takes_part(&second, "hard", 300_000, "AZN");
        assert_eq!(
            put(&stage, Who::Gul, &members, body.clone()).await.status,
            403
        );
        let refused = put(&stage, Who::Curator, &members, body.clone()).await;
        assert_eq!(refused.code(409), "not_introduced");
        introduced(&stage, &other).await;
        let over = put(&stage, Who::Curator, &members, body).await.expect(200);
        assert_eq!(
            (&over["subscription"], &over["hard"]["amount_minor"]),
            (&json!("over"), &json!(240_000))
        );
        let shares: Vec<_> = over["participants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["allocated"].as_i64().unwrap())
            .collect();
        assert_eq!(shares.iter().sum::<i64>(), 120_000);
        // An investor sees itself and the sums.
        let seen = stage
            .get(Who::Gul, &format!("{deal}/syndicate"))
            .await
            .expect(200);
        assert_eq!(seen["participants"].as_array().unwrap().len(), 1);
        assert_eq!(seen["participants"][0]["allocated"], 45_000);
        assert_eq!(seen["hard"]["amount_minor"], 240_000);

        // What was promised is compared by the rates of its day.
        let later = "2026-11-24".parse().unwrap();
        let azn = "AZN".parse().unwrap();
        let quote = move |conn: &mut db::Conn| db::rates::insert(conn, later, &[(azn, 900_000)]);
        stage.context.db.write(quote).await.unwrap();
        let board = stage.get(Who::Curator, "/v1/deal-board").await.expect(200);
        let first = &board["items"][0];
        assert_eq!(
            (&first["stage"], &first["open"]),
            (&json!("introduced"), &json!(1))
        );
        assert_eq!(
            first["total"],
            json!({ "amount_minor": 240_000, "currency": "USD" })
        );
        assert_eq!(first["weighted"]["amount_minor"], 12_000);
        let none = stage.get(Who::Stranger, "/v1/deal-board").await.expect(200);
        assert_eq!(none["items"], json!([]));
        let pilots = stage
            .get(Who::Curator, "/v1/deal-board?pipeline=pilot")
            .await
            .expect(200);
        assert_eq!(pilots["items"][0]["open"], 0);
        let wrong = stage.get(Who::Curator, "/v1/deal-board?currency=QQQ").await;
        assert_eq!(wrong.code(400), "bad_query");
    });
}

/// An introduction of the startup to that mandate's firm whose mail went out.
async fn introduced(stage: &Stage, mandate: &corridor::domain::mandate::Mandate) {
    use corridor::domain::introduction::{Introduction, IntroductionStatus, Requester};
    let body = json!({
        "programme": stage.programme.id.to_string(),
        "startup_profile": stage.profile.id.to_string(),
        "mandate": mandate.id.to_string(),
    });
    let made = stage
        .post(Who::Curator, "/v1/matches", body)
        .await
        .expect(201);
    let now = stage.context.now();
    let introduction = Introduction {
        id: stage.context.new_id(),
        programme: stage.programme.id,
        matched: made["id"].as_str().unwrap().parse().unwrap(),
        startup_profile: stage.profile.id,
        startup: stage.startup.id,
        mandate: mandate.id,
        investor: mandate.organization,
        requester: Requester::Startup,
        requested_by: stage.user(Who::Dana).id,
        blurb: "They fit.".to_owned(),
        status: IntroductionStatus::Sent,
        startup_accepted: true,
        investor_accepted: true,
        extended: false,
        convert_reported_by: None,
        partner: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let insert = move |conn: &mut db::Conn| db::introductions::insert(conn, &introduction);
    stage.context.db.write(insert).await.unwrap();
}

#[test]
fn a_blocked_deal_goes_on_when_two_people_of_compliance_say_so() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let block = json!({ "action": "block", "reason": "A list." });
        stage.go(Who::Compliance, &deal, block).await.expect(200);
        let unblock = json!({ "action": "unblock", "reason": "Another firm of that name." });
        assert_eq!(
            stage.go(Who::Curator, &deal, unblock.clone()).await.status,
            403
        );
        let first = stage
            .go(Who::Compliance, &deal, unblock.clone())
            .await
            .expect(200);
        assert_eq!(first["status"], "blocked");
        let again = stage.go(Who::Compliance, &deal, unblock.clone()).await;
        assert_eq!(again.code(409), "second_person_needed");
        let second = stage
            .go(Who::SecondCompliance, &deal, unblock)
            .await
            .expect(200);
        assert_eq!(second["status"], "open");
    });
}

#[test]
fn two_curators_confirm_on_evidence_for_a_side_that_stays_silent() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let person = stage.user(Who::SecondCompliance).id;
        let now = stage.context.now();
        let appoint = move |conn: &mut db::Conn| {
            let operator = db::users::memberships(conn, person)?[0].organization;
            let curator = corridor::domain::account::Role::Curator;
            db::users::insert_membership(conn, person, operator, curator, now)
        };
        stage.context.db.write(appoint).await.unwrap();
        let skip = json!({ "action": "skip", "to": "funded", "reason": "Signed elsewhere." });
        stage.go(Who::Curator, &deal, skip).await.expect(200);
        let funding = |minor: i64| {
            json!({
                "amount": { "amount_minor": minor, "currency": "USD" }, "value_date": "2026-11-20",
            })
        };
        let vouch = |minor: i64| {
            let mut body = funding(minor);
            body["action"] = json!("vouch");
            body["side"] = json!("investor");
            body["reason"] = json!("The bank's advice of the 20th.");
            body
        };
        let early = stage.go(Who::Curator, &deal, vouch(500)).await;
        assert_eq!(early.code(409), "nothing_to_vouch_for");
        let mut confirm = funding(500);
        confirm["action"] = json!("confirm");
        stage.go(Who::Dana, &deal, confirm).await.expect(200);
        let other = stage.go(Who::Curator, &deal, vouch(400)).await;
        assert_eq!(other.code(409), "nothing_to_vouch_for");
        assert_eq!(stage.go(Who::Dana, &deal, vouch(500)).await.status, 403);
        let first = stage.go(Who::Curator, &deal, vouch(500)).await.expect(200);
        assert_eq!(first["status"], "open");
        let again = stage.go(Who::Curator, &deal, vouch(500)).await;
        assert_eq!(again.code(409), "second_person_needed");
        let won = stage
            .go(Who::SecondCompliance, &deal, vouch(500))
            .await
            .expect(200);
        assert_eq!(won["status"], "won");
        // The log says that it was vouched for.
        stage.seal().await;
        let events = stage
            .get(Who::Auditor, &format!("{deal}/events"))
            .await
            .expect(200);
        let last = events["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&last["payload"]["action"], &last["payload"]["to"]),
            (&json!("vouch"), &json!("won"))
        );
    });
}
