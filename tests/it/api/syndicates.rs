//! Several investors in a deal, the board, and what takes two people.

use corridor::db;
use corridor::domain::account::Role;
use corridor::domain::ids::OrganizationId;
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

pub async fn put(stage: &Stage, who: Who, path: &str, body: Value) -> Answer {
    let request = stage.request(who, "PUT", path).header("If-Match", "*");
    Answer::of(request.json(&body).send().await.unwrap()).await
}

pub(super) async fn syndicate(stage: &Stage, who: Who, deal: &str) -> Value {
    stage
        .get(who, &format!("{deal}/syndicate"))
        .await
        .expect(200)
}

pub fn round() -> Value {
    json!({ "currency": "USD", "minimum": 50_000, "target": 100_000, "maximum": 120_000, "closes_on": "2027-03-31" })
}

pub fn takes_part(firm: &str, firmness: &str, minor: i64, currency: &str) -> Value {
    json!({
        "organization": firm, "interest": "committed", "firmness": firmness,
        "amount": { "amount_minor": minor, "currency": currency },
    })
}

async fn manat_is_worth(stage: &Stage, day: &str, rate: i64) {
    let (day, azn) = (day.parse().unwrap(), "AZN".parse().unwrap());
    let quote = move |conn: &mut db::Conn| db::rates::insert(conn, day, &[(azn, rate)]);
    stage.context.db.write(quote).await.unwrap();
}

#[test]
fn a_round_is_filled_and_shared_out_when_it_is_too_full() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        manat_is_worth(&stage, "2026-11-20", 500_000).await;
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
        assert_eq!(soft["soft"], Value::Null);
        let soft = syndicate(&stage, Who::Dana, &deal).await;
        assert_eq!(
            (&soft["subscription"], &soft["soft"]["amount_minor"]),
            (&json!("below_minimum"), &json!(80_000))
        );
        let binding = takes_part(&own, "hard", 90_000, "USD");
        put(&stage, Who::Gul, &members, binding).await.expect(200);
        let hard = syndicate(&stage, Who::Dana, &deal).await;
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
        // An investor sees itself: by the sums, how full it is, or its share it
        // could tell what the other promised.
        let seen = syndicate(&stage, Who::Gul, &deal).await;
        assert_eq!(seen["participants"].as_array().unwrap().len(), 1);
        for told in ["hard", "soft", "subscription", "uncompared"] {
            assert_eq!(seen[told], Value::Null, "{told}");
        }
        assert_eq!(seen["participants"][0]["allocated"], Value::Null);
        let own_board = stage.get(Who::Gul, "/v1/deal-board").await.expect(200);
        assert_eq!(own_board["items"][0]["total"]["amount_minor"], 90_000);
        let board = stage.get(Who::Dana, "/v1/deal-board").await.expect(200);
        assert_eq!(board["items"][0]["total"]["amount_minor"], 240_000);

        // What was promised is compared by the rates of its day.
        manat_is_worth(&stage, "2026-11-24", 900_000).await;
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
        // Who is of the investor reads as the investor does, whatever else they
        // are.
        join(&stage, Who::Auditor, stage.investor.id).await;
        let own = stage.get(Who::Auditor, "/v1/deal-board").await.expect(200);
        assert_eq!(own["items"][0]["total"]["amount_minor"], 90_000);
        let seen = syndicate(&stage, Who::Auditor, &deal).await;
        assert_eq!(seen["hard"], Value::Null);
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
pub async fn introduced(stage: &Stage, mandate: &corridor::domain::mandate::Mandate) {
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
        frozen_from: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let insert = move |conn: &mut db::Conn| db::introductions::insert(conn, &introduction);
    stage.context.db.write(insert).await.unwrap();
}

/// Makes somebody a reader of a firm as well.
pub async fn join(stage: &Stage, who: Who, firm: OrganizationId) {
    join_as(stage, who, firm, Role::Viewer).await;
}

pub async fn join_as(stage: &Stage, who: Who, firm: OrganizationId, role: Role) {
    let (person, now) = (stage.user(who).id, stage.context.now());
    let join =
        move |conn: &mut db::Conn| db::users::insert_membership(conn, person, firm, role, now);
    stage.context.db.write(join).await.unwrap();
}

/// Two closings of the round, 60 000 each.
fn two_closings() -> Value {
    json!({ "closings": [
        { "minimum": 40_000, "maximum": 60_000, "closes_on": "2027-01-31" },
        { "minimum": 10_000, "maximum": 60_000, "closes_on": "2027-03-31" },
    ] })
}

pub(super) async fn close(
    stage: &Stage,
    who: Who,
    deal: &str,
    number: i64,
    action: &str,
) -> Answer {
    let record = format!("{deal}/closings/{number}");
    stage.go(who, &record, json!({ "action": action })).await
}

#[test]
fn closings_are_planned_within_the_round() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let path = format!("{deal}/closings");
        let early = put(&stage, Who::Dana, &path, two_closings()).await;
        assert_eq!(early.code(409), "no_round");
        let rounds = format!("{deal}/round");
        put(&stage, Who::Dana, &rounds, round()).await.expect(200);
        let wrong = json!({ "closings": [
            { "minimum": 40_000, "maximum": 30_000, "closes_on": "2027-02-28" },
            { "minimum": 0, "maximum": 100_000, "closes_on": "2027-01-31" },
            { "minimum": 1, "maximum": 1, "closes_on": "2027-06-30" },
        ] });
        let faults = put(&stage, Who::Dana, &path, wrong).await.expect(422);
        let errors = faults["errors"].as_array().unwrap().iter();
        let said: Vec<_> = errors.map(|it| it["code"].as_str().unwrap()).collect();
        assert_eq!(
            said,
            [
                "below_minimum",
                "too_low",
                "out_of_order",
                "after_round",
                "above_round"
            ]
        );
        assert_eq!(
            put(&stage, Who::Gul, &path, two_closings()).await.status,
            403
        );
        let planned = put(&stage, Who::Dana, &path, two_closings())
            .await
            .expect(200);
        assert_eq!(planned["closings"][1]["status"], "planned");
        assert_eq!(planned["closings"][1]["subscription"], "below_minimum");
        // The round doesn't shrink below what is planned in it.
        let mut small = round();
        small["maximum"] = json!(100_000);
        let faults = put(&stage, Who::Dana, &rounds, small).await.expect(422);
        assert_eq!(faults["errors"][0]["code"], "above_round");
        let none = stage.get(Who::Dana, &format!("{path}/7/transitions")).await;
        assert_eq!(none.status, 404);
        // What happened to it: whole for the operator, where it went for the sides.
        stage.seal().await;
        let events = format!("{path}/1/events");
        let whole = stage.get(Who::Curator, &events).await.expect(200);
        assert_eq!(whole["items"][0]["kind"], "deal.closing_planned");
        let seen = stage.get(Who::Gul, &events).await.expect(200);
        assert_eq!(seen["items"][0]["payload"], json!({ "closing": 1 }));
        assert_eq!(stage.get(Who::Stranger, &events).await.status, 404);
        let none = stage.get(Who::Dana, &format!("{path}/7/events")).await;
        assert_eq!(none.status, 404);
        let dropped = json!({ "closings": [] });
        put(&stage, Who::Dana, &path, dropped).await.expect(200);
    });
}

/// A deal whose round closes in two steps.
pub(super) async fn in_two_closings(stage: &Stage) -> String {
    let deal = deal(stage).await;
    for (part, body) in [("round", round()), ("closings", two_closings())] {
        let path = format!("{deal}/{part}");
        put(stage, Who::Dana, &path, body).await.expect(200);
    }
    deal
}

async fn closings_moved(stage: &Stage, deal: &str) -> usize {
    stage.seal().await;
    let path = format!("{deal}/events?limit=100");
    let events = stage.get(Who::Auditor, &path).await.expect(200);
    let kinds = events["items"].as_array().unwrap().iter();
    let moved = kinds.filter(|it| it["kind"] == "deal.closing_moved");
    moved.count()
}

/// The deal isn't won before its second closing is over.
async fn the_second_closing_is_over_first(stage: &Stage, deal: &str, mut later: Value) {
    let members = format!("{deal}/participants");
    let skip = json!({ "action": "skip", "to": "funded", "reason": "Signed." });
    stage.go(Who::Curator, deal, skip).await.expect(200);
    let confirm = json!({
        "action": "confirm", "value_date": "2026-11-24",
        "amount": { "amount_minor": 60_000, "currency": "USD" },
    });
    let open = stage.go(Who::Dana, deal, confirm.clone()).await;
    assert_eq!(open.code(409), "closings_open");
    later["closing"] = json!(2);
    later["firmness"] = json!("hard");
    put(stage, Who::Curator, &members, later.clone())
        .await
        .expect(200);
    let bound = close(stage, Who::Dana, deal, 2, "cancel").await;
    assert_eq!(bound.code(409), "binding_promises");
    let out = json!({ "organization": later["organization"], "interest": "withdrawn" });
    put(stage, Who::Curator, &members, out).await.expect(200);
    close(stage, Who::Dana, deal, 2, "cancel").await.expect(200);
    let again = close(stage, Who::Dana, deal, 2, "cancel").await;
    assert_eq!(again.code(409), "transition_not_allowed");
    for who in [Who::Dana, Who::Gul] {
        stage.go(who, deal, confirm.clone()).await.expect(200);
    }
}

#[test]
fn each_closing_is_closed_and_paid_on_its_own() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = in_two_closings(&stage).await;
        let members = format!("{deal}/participants");
        let own = stage.investor.id.to_string();
        let mut first = takes_part(&own, "hard", 30_000, "USD");
        let faults = put(&stage, Who::Gul, &members, first.clone())
            .await
            .expect(422);
        assert_eq!(faults["errors"][0]["pointer"], "#/closing");
        first["closing"] = json!(1);
        put(&stage, Who::Gul, &members, first.clone())
            .await
            .expect(200);
        let short = close(&stage, Who::Dana, &deal, 1, "close").await;
        assert_eq!(short.code(409), "below_minimum");
        let early = close(&stage, Who::Dana, &deal, 2, "close").await;
        assert_eq!(early.code(409), "earlier_closing_open");

        // Two more: one whose least can't be met, and one for later.
        let second = stage.another_investor("Second Fund", |_| {}).await;
        introduced(&stage, &second).await;
        let mut other = takes_part(&second.organization.to_string(), "hard", 90_000, "USD");
        other["closing"] = json!(1);
        other["minimum"] = json!(10_000);
        put(&stage, Who::Curator, &members, other).await.expect(200);
        let third = stage.another_investor("Third Fund", |_| {}).await;
        introduced(&stage, &third).await;
        let mut later = takes_part(&third.organization.to_string(), "soft", 20_000, "USD");
        later["closing"] = json!(1);
        put(&stage, Who::Curator, &members, later.clone())
            .await
            .expect(200);
        let not_theirs = close(&stage, Who::Gul, &deal, 1, "close").await;
        assert_eq!(not_theirs.status, 403);
        let mut paid = first.clone();
        paid["interest"] = json!("funded");
        let open = put(&stage, Who::Gul, &members, paid.clone()).await;
        assert_eq!(open.code(409), "closing_open");
        let closed = close(&stage, Who::Dana, &deal, 1, "close")
            .await
            .expect(200);
        assert_eq!(closed["closings"][0]["subscription"], "over");
        let got = |view: &Value, firm: &str| {
            let members = view["participants"].as_array().unwrap().iter();
            let mut of_it = members.filter(|it| it["organization"] == firm);
            let member = of_it.next().unwrap().clone();
            (member["allocated"].clone(), member["closing"].clone())
        };
        assert_eq!(got(&closed, &own), (json!(15_000), json!(1)));
        // What didn't bind is in no closing any more.
        let loose = got(&closed, &third.organization.to_string());
        assert_eq!(loose, (Value::Null, Value::Null));
        // Now the investor reads what it got, and that stays.
        let seen = syndicate(&stage, Who::Gul, &deal).await;
        assert_eq!(seen["participants"][0]["allocated"], 15_000);
        let mut more = first.clone();
        more["amount"]["amount_minor"] = json!(50_000);
        let fixed = put(&stage, Who::Gul, &members, more).await;
        assert_eq!(fixed.code(409), "closing_fixed");
        let board = stage.get(Who::Curator, "/v1/deal-board").await.expect(200);
        assert_eq!(board["items"][0]["total"]["amount_minor"], 60_000 + 20_000);
        assert_eq!(board["items"][0]["hard"]["amount_minor"], 60_000);

        let unpaid = close(&stage, Who::Dana, &deal, 1, "fund").await;
        assert_eq!(unpaid.code(409), "not_paid");
        let mut other = takes_part(&second.organization.to_string(), "hard", 90_000, "USD");
        other["closing"] = json!(1);
        other["minimum"] = json!(10_000);
        other["interest"] = json!("funded");
        join_as(&stage, Who::Stranger, second.organization, Role::Owner).await;
        let said = put(&stage, Who::Gul, &members, paid.clone()).await;
        let said = said.expect(200)["participants"][0].clone();
        assert_eq!(
            said["interest"], "committed",
            "the startup has to say so, too"
        );
        assert_eq!(said["said_paid"], json!(["investor"]));
        put(&stage, Who::Stranger, &members, other.clone())
            .await
            .expect(200);
        let unpaid = close(&stage, Who::Dana, &deal, 1, "fund").await;
        assert_eq!(unpaid.code(409), "not_paid");
        let mut more = other.clone();
        more["amount"]["amount_minor"] = json!(90_001);
        let more = put(&stage, Who::Dana, &members, more).await;
        assert_eq!(more.code(409), "not_promised");
        for said in [paid, other] {
            put(&stage, Who::Dana, &members, said).await.expect(200);
        }
        let funded = close(&stage, Who::Curator, &deal, 1, "fund")
            .await
            .expect(200);
        assert_eq!(funded["closings"][0]["status"], "funded");

        the_second_closing_is_over_first(&stage, &deal, later).await;
        assert_eq!(closings_moved(&stage, &deal).await, 3);
    });
}

#[test]
fn a_side_does_not_learn_that_compliance_stopped_a_deal_for_a_time() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let history = format!("{deal}/history");
        let block = json!({ "action": "block", "reason": "A list." });
        stage.go(Who::Compliance, &deal, block).await.expect(200);
        stage.context.clock.advance(chrono::TimeDelta::hours(5));
        let unblock = json!({ "action": "unblock", "reason": "Another firm." });
        for who in [Who::Compliance, Who::SecondCompliance] {
            stage.go(who, &deal, unblock.clone()).await.expect(200);
        }
        stage.seal().await;
        let whole = stage.get(Who::Curator, &history).await.expect(200);
        assert_eq!(whole["items"][0]["held_s"], 5 * 3_600);
        for who in [Who::Dana, Who::Gul] {
            let seen = stage.get(who, &history).await.expect(200);
            assert_eq!(seen["items"][0]["held_s"], 0, "{who:?}");
            let events = stage.get(who, &format!("{deal}/events")).await.expect(200);
            assert!(!events.to_string().contains("block"), "{events}");
        }
    });
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
                "amount": { "amount_minor": minor, "currency": "USD" }, "value_date": "2026-11-24",
            })
        };
        let vouch = |minor: i64| {
            let mut body = funding(minor);
            body["action"] = json!("vouch");
            body["side"] = json!("investor");
            body["reason"] = json!("The bank's advice of the 24th.");
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
