//! What the investors of a deal paid: told the same by the board, the reports
//! and the scorecard of any day, whatever becomes of the deal.

use chrono::TimeDelta;
use corridor::db;
use corridor::domain::account::Role;
use corridor::domain::programme::{Party, PartyRole};
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{STARTUP, Stage, Who};
use super::syndicates::{close, in_two_closings, introduced, join_as, put, takes_part};
use crate::support::database::{Database, on_each_backend};

/// The stage with the investor as a party to the programme, and a second
/// investor for which somebody speaks.
async fn stage(database: &Database) -> (Stage, String) {
    let stage = Stage::set(database).await;
    let mut programme = stage.programme.clone();
    programme.version += 1;
    programme.details.parties.push(Party {
        organization: stage.investor.id,
        role: PartyRole::Signatory,
    });
    let write = move |conn: &mut db::Conn| db::programmes::update(conn, &programme);
    assert!(stage.context.db.write(write).await.unwrap());
    let second = stage.another_investor("Second Fund", |_| {}).await;
    introduced(&stage, &second).await;
    join_as(&stage, Who::Stranger, second.organization, Role::Owner).await;
    let firm = second.organization.to_string();
    (stage, firm)
}

async fn card(stage: &Stage, who: Who, day: &str) -> Value {
    stage.seal().await;
    let id = stage.programme.id;
    let path = format!("/v1/programmes/{id}/scorecard?as_of={day}");
    stage.get(who, &path).await.expect(200)
}

async fn report(stage: &Stage, report: &str) -> Value {
    stage.seal().await;
    let path = format!("/v1/programmes/{}/reports/{report}", stage.programme.id);
    stage.get(Who::Curator, &path).await.expect(200)
}

/// The column of the board in which the deal stands.
async fn board(stage: &Stage, who: Who) -> Value {
    let board = stage.get(who, "/v1/deal-board").await.expect(200);
    let mut columns = board["items"].as_array().unwrap().iter();
    let there = columns.find(|it| it["open"] == 1 || it["won"] == 1);
    there.unwrap().clone()
}

/// How many firms of a side are behind the money.
async fn payers(stage: &Stage, side: &str) -> i64 {
    let firms = report(stage, "concentration").await;
    let keys = json!({ "side": side, "measure": "money_funded" });
    let mut rows = firms["rows"].as_array().unwrap().iter();
    let row = rows.find(|row| row["keys"] == keys);
    row.map_or(0, |row| row["values"]["firms"].as_i64().unwrap())
}

async fn work(stage: &Stage, who: Who, kind: &str) -> Vec<Value> {
    let path = format!("/v1/worklist?kind={kind}");
    let list = stage.get(who, &path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn promised(stage: &Stage, minor: i64) -> String {
    let path = format!("/v1/programmes/{}/commitments", stage.programme.id);
    let body = json!({
        "goal": "capital", "title": "First tickets", "measure": "money_funded",
        "due": "2027-06-30", "owner": stage.investor.id.to_string(),
        "target_money": { "amount_minor": minor, "currency": "USD" },
    });
    let made = stage.post(Who::Curator, &path, body).await;
    let location = made.location.clone();
    made.expect(201);
    location.unwrap()
}

/// What the three days say to a curator, and what a party is told of each.
async fn three_days(stage: &Stage, days: [(&str, i64); 3]) {
    for (day, minor) in days {
        let whole = card(stage, Who::Curator, day).await;
        let money = &whole["money_funded"];
        assert_eq!(money["total"]["amount_minor"], minor, "{day}");
        assert_eq!(whole["counts"]["deals_funded"], i64::from(minor > 0));
        let done = &whole["commitments"][0]["done_money"]["amount_minor"];
        assert_eq!(*done, minor, "{day}");
        // One deal is too few for a party to be told of: neither its money nor
        // that there is none.
        let told = card(stage, Who::Gul, day).await;
        assert_eq!(told["money_funded"]["total"], Value::Null, "{day}");
        assert_eq!(told["counts"]["deals_funded"], Value::Null);
        let progress = &told["commitments"][0];
        for untold in ["done_money", "share_bp"] {
            assert_eq!(progress[untold], Value::Null, "{untold} on {day}");
        }
        assert_eq!(progress["health"], "not_told", "{day}");
    }
}

/// The second investor is told that its payment waits, and of nothing else.
async fn is_asked_to_confirm(stage: &Stage, deal: &str) {
    let waits = work(stage, Who::Stranger, "confirm_payment").await;
    assert_eq!(waits.len(), 1, "{waits:?}");
    assert_eq!(waits[0]["about"], json!([STARTUP]));
    assert_eq!(waits[0]["actions"], json!(["participant"]));
    let links = &waits[0]["links"];
    assert_eq!(links["self"], format!("{deal}/syndicate"));
    assert_eq!(links["act"], format!("{deal}/participants"));
    let own = links["self"].as_str().unwrap();
    stage.get(Who::Stranger, own).await.expect(200);
}

/// The rest of the round falls through, and what was paid stays paid.
async fn falls_through(stage: &Stage, deal: &str) {
    let lose = json!({ "action": "lose", "code": "geopolitical_event" });
    stage.go(Who::Curator, deal, lose).await.expect(200);
    let lost = card(stage, Who::Curator, "2026-12-01").await;
    assert_eq!(lost["money_funded"]["total"]["amount_minor"], 60_000);
    assert_eq!(lost["counts"]["deals_funded"], 1);
    assert_eq!(payers(stage, "investor").await, 2);
    assert_eq!(payers(stage, "startup").await, 1);
    let funnel = report(stage, "funnel").await;
    let rows = funnel["rows"].as_array().unwrap();
    assert_eq!(rows.last().unwrap()["values"]["funded"], 1, "{funnel}");
}

#[test]
fn money_counts_from_the_day_it_arrived_whatever_becomes_of_the_deal() {
    on_each_backend(async |database| {
        let (stage, firm) = Box::pin(stage(database)).await;
        let promise = promised(&stage, 60_000).await;
        let deal = in_two_closings(&stage).await;
        let members = format!("{deal}/participants");
        let mut first = takes_part(&stage.investor.id.to_string(), "soft", 30_000, "USD");
        first["closing"] = json!(1);
        let mut second = takes_part(&firm, "hard", 90_000, "USD");
        second["closing"] = json!(1);
        second["minimum"] = json!(10_000);
        put(&stage, Who::Gul, &members, first.clone())
            .await
            .expect(200);
        first["firmness"] = json!("hard");
        for (who, part) in [(Who::Gul, &first), (Who::Curator, &second)] {
            put(&stage, who, &members, part.clone()).await.expect(200);
        }
        // 120 000 were promised of 60 000: what was given is what all count.
        close(&stage, Who::Dana, &deal, 1, "close")
            .await
            .expect(200);
        assert_eq!(
            board(&stage, Who::Curator).await["total"]["amount_minor"],
            60_000
        );
        let pipeline = report(&stage, "pipeline").await;
        let values = &pipeline["rows"][0]["values"];
        assert_eq!(
            (&values["amount"], &values["compared"]),
            (&json!(60_000), &json!(60_000))
        );
        assert_eq!(payers(&stage, "investor").await, 0);

        // The first one's money arrived on the 25th, as both say on the 26th.
        stage.context.clock.advance(TimeDelta::days(2));
        for part in [&mut first, &mut second] {
            part["interest"] = json!("funded");
        }
        first["value_date"] = json!("2026-12-01");
        let early = put(&stage, Who::Gul, &members, first.clone())
            .await
            .expect(422);
        assert_eq!(early["errors"][0]["code"], "in_the_future");
        first["value_date"] = json!("2026-11-20");
        let before = put(&stage, Who::Gul, &members, first.clone())
            .await
            .expect(422);
        assert_eq!(before["errors"][0]["code"], "too_early");
        assert_eq!(before["errors"][0]["pointer"], "#/value_date");
        first["value_date"] = json!("2026-11-25");
        put(&stage, Who::Gul, &members, first.clone())
            .await
            .expect(200);
        first["value_date"] = json!("2026-11-26");
        let other = put(&stage, Who::Dana, &members, first.clone()).await;
        assert_eq!(other.code(409), "value_date_differs");
        first.as_object_mut().unwrap().remove("value_date");
        put(&stage, Who::Dana, &members, first).await.expect(200);
        let now = card(&stage, Who::Curator, "2026-11-26").await;
        assert_eq!(now["days_to"]["first_funding"], 1);
        assert_eq!(
            board(&stage, Who::Curator).await["funded"]["amount_minor"],
            15_000
        );
        assert_eq!(payers(&stage, "investor").await, 1);

        // The startup says that the second one's is here, too.
        stage.context.clock.advance(TimeDelta::days(5));
        assert!(
            work(&stage, Who::Stranger, "confirm_payment")
                .await
                .is_empty()
        );
        put(&stage, Who::Dana, &members, second.clone())
            .await
            .expect(200);
        is_asked_to_confirm(&stage, &deal).await;
        put(&stage, Who::Stranger, &members, second)
            .await
            .expect(200);
        assert!(
            work(&stage, Who::Stranger, "confirm_payment")
                .await
                .is_empty()
        );
        let due = work(&stage, Who::Dana, "confirm_closing").await;
        assert_eq!(due[0]["actions"], json!(["fund"]));
        let act = due[0]["links"]["act"].as_str().unwrap();
        assert_eq!(act, format!("{deal}/closings/1/transitions"));
        let days = [
            ("2026-11-25", 0),
            ("2026-11-26", 15_000),
            ("2026-12-01", 60_000),
        ];
        three_days(&stage, days).await;

        // Closed as met, it reads as met to everybody from that day on.
        let meet = json!({ "action": "meet" });
        stage.go(Who::Curator, &promise, meet).await.expect(200);
        for who in [Who::Curator, Who::Gul] {
            let met = card(&stage, who, "2026-12-01").await;
            assert_eq!(met["commitments"][0]["health"], "met", "{who:?}");
        }
        falls_through(&stage, &deal).await;
    });
}

fn confirm(minor: i64) -> Value {
    json!({
        "action": "confirm", "value_date": "2026-11-24",
        "amount": { "amount_minor": minor, "currency": "USD" },
    })
}

/// The firms that a refusal names.
fn missing(problem: &Value) -> usize {
    assert_eq!(problem["code"], "payments_open", "{problem}");
    problem["errors"].as_array().map_or(0, Vec::len)
}

#[test]
fn what_both_confirm_is_what_the_investors_paid() {
    on_each_backend(async |database| {
        let (stage, firm) = Box::pin(stage(database)).await;
        let deal = deal(&stage).await;
        let members = format!("{deal}/participants");
        let mut first = takes_part(&stage.investor.id.to_string(), "hard", 60_000, "USD");
        let mut second = takes_part(&firm, "hard", 30_000, "USD");
        for (who, part) in [(Who::Gul, &first), (Who::Curator, &second)] {
            put(&stage, who, &members, part.clone()).await.expect(200);
        }
        let skip = json!({ "action": "skip", "to": "funded", "reason": "Signed." });
        stage.go(Who::Curator, &deal, skip).await.expect(200);
        for (who, firms) in [(Who::Dana, 2), (Who::Gul, 1)] {
            let owed = stage.go(who, &deal, confirm(60_000)).await.expect(409);
            assert_eq!(missing(&owed), firms, "{who:?}");
            let open = stage.get(who, &format!("{deal}/transitions")).await;
            let open = open.expect(200).to_string();
            assert!(open.contains("payments_open"), "{open}");
        }
        first["interest"] = json!("funded");
        for who in [Who::Gul, Who::Dana] {
            put(&stage, who, &members, first.clone()).await.expect(200);
        }
        // The other one's is a condition that its fellow isn't told the name of.
        for (who, firms) in [(Who::Dana, 1), (Who::Gul, 0)] {
            let owed = stage.go(who, &deal, confirm(60_000)).await.expect(409);
            assert_eq!(missing(&owed), firms, "{who:?}");
            let named = owed.to_string().contains(&firm);
            assert_eq!(named, who == Who::Dana, "{owed}");
        }
        second["interest"] = json!("funded");
        for who in [Who::Stranger, Who::Dana] {
            put(&stage, who, &members, second.clone()).await.expect(200);
        }
        for (who, minor) in [(Who::Dana, 60_000), (Who::Dana, 500_000), (Who::Gul, 1)] {
            let other = stage.go(who, &deal, confirm(minor)).await.expect(422);
            let fault = &other["errors"][0];
            assert_eq!(fault["code"], "differs_from_payments");
            let says = fault["detail"].as_str().unwrap();
            let sum = says.chars().any(|it| it.is_ascii_digit());
            assert_eq!(sum, who == Who::Dana, "{says}");
        }
        for who in [Who::Dana, Who::Gul] {
            stage.go(who, &deal, confirm(90_000)).await.expect(200);
        }
        let won = card(&stage, Who::Curator, "2026-11-24").await;
        assert_eq!(won["money_funded"]["total"]["amount_minor"], 90_000);
        assert_eq!(payers(&stage, "investor").await, 2);
        let whole = board(&stage, Who::Curator).await;
        assert_eq!(whole["funded"]["amount_minor"], 90_000);
        // To the deal's own investor what it paid itself.
        let own = board(&stage, Who::Gul).await;
        assert_eq!(own["total"]["amount_minor"], 60_000);
    });
}

#[test]
fn a_jump_says_nothing_of_a_meeting() {
    on_each_backend(async |database| {
        let (stage, _) = Box::pin(stage(database)).await;
        let deal = deal(&stage).await;
        let skip = json!({ "action": "skip", "to": "screening", "reason": "Known." });
        stage.go(Who::Curator, &deal, skip).await.expect(200);
        let lose = json!({ "action": "lose", "code": "valuation" });
        stage.go(Who::Curator, &deal, lose).await.expect(200);
        let whole = card(&stage, Who::Curator, "2026-11-24").await;
        assert_eq!(whole["counts"]["meetings_held"], 0);
        assert_eq!(whole["days_to"]["first_meeting"], Value::Null);
        let funnel = report(&stage, "funnel").await;
        assert_eq!(funnel["rows"][0]["values"]["met"], 0);
    });
}

/// Days are those on which something happened, not those on which somebody
/// clicked.
#[test]
fn days_are_told_as_people_recorded_them() {
    on_each_backend(async |database| {
        let (stage, _) = Box::pin(stage(database)).await;
        let introduction = stage.introduction(Who::Dana).await;
        let yes = json!({ "action": "accept" });
        stage.go(Who::Gul, &introduction, yes).await.expect(200);
        stage.sent(&introduction).await;
        stage.context.clock.advance(TimeDelta::days(20));
        let early = json!({ "action": "met", "met_on": "2026-12-20" });
        let early = stage.go(Who::Dana, &introduction, early).await.expect(422);
        assert_eq!(early["errors"][0]["code"], "in_the_future");
        let before = json!({ "action": "met", "met_on": "2026-11-22" });
        let before = stage.go(Who::Dana, &introduction, before).await.expect(422);
        assert_eq!(before["errors"][0]["code"], "too_early");
        assert_eq!(before["errors"][0]["pointer"], "#/met_on");
        let met = json!({ "action": "met", "met_on": "2026-11-29" });
        stage.go(Who::Dana, &introduction, met).await.expect(200);
        let days = card(&stage, Who::Curator, "2026-12-14").await["days_to"].clone();
        assert_eq!(days["first_meeting"], 5);
        // As of the day on which nobody had said so, there is none.
        let before = card(&stage, Who::Curator, "2026-12-01").await;
        assert_eq!(before["days_to"]["first_meeting"], Value::Null);

        for who in [Who::Dana, Who::Gul] {
            let convert = json!({ "action": "convert" });
            stage.go(who, &introduction, convert).await.expect(200);
        }
        let deals = stage.get(Who::Gul, "/v1/deals").await.expect(200);
        let deal = format!("/v1/deals/{}", deals["items"][0]["id"].as_str().unwrap());
        let equity = json!({ "action": "reroute", "pipeline": "equity", "reason": "A share." });
        stage.go(Who::Curator, &deal, equity).await.expect(200);
        let skip = json!({ "action": "skip", "to": "signed", "reason": "Signed." });
        stage.go(Who::Curator, &deal, skip).await.expect(200);
        let day = "2026-12-14";
        let signed = async |stage: &Stage| {
            let days = card(stage, Who::Curator, day).await["days_to"].clone();
            (
                days["first_signature"].clone(),
                days["first_meeting"].clone(),
            )
        };
        assert_eq!(signed(&stage).await, (json!(20), json!(5)));
        let before = json!({ "facts": {
            "signed_on": "2026-11-20", "first_meeting_held_on": "2026-11-21",
        } });
        let before = stage.edit(Who::Curator, &deal, before).await.expect(422);
        let named: Vec<_> = before["errors"].as_array().unwrap().iter().collect();
        assert!(named.iter().all(|it| it["code"] == "too_early"));
        let pointers: Vec<_> = named.iter().map(|it| it["pointer"].clone()).collect();
        assert_eq!(
            pointers,
            ["#/facts/first_meeting_held_on", "#/facts/signed_on"]
        );
        let facts = json!({ "facts": {
            "signed_on": "2026-12-04", "first_meeting_held_on": "2026-11-27",
        } });
        stage.edit(Who::Curator, &deal, facts).await.expect(200);
        assert_eq!(signed(&stage).await, (json!(10), json!(3)));
    });
}
