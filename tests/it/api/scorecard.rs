//! What a programme promises, and what its log says came of it on any day.

use chrono::{NaiveDate, TimeDelta};
use corridor::db;
use corridor::domain::programme::{Party, PartyRole};
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

/// The stage with the investor as a party to the programme.
async fn stage(database: &crate::support::database::Database) -> Stage {
    let stage = Stage::set(database).await;
    let mut programme = stage.programme.clone();
    programme.version += 1;
    programme.details.parties.push(Party {
        organization: stage.investor.id,
        role: PartyRole::Signatory,
    });
    let write = move |conn: &mut db::Conn| db::programmes::update(conn, &programme);
    assert!(stage.context.db.write(write).await.unwrap());
    stage
}

fn promise(stage: &Stage, measure: &str, target: &Value) -> Value {
    let mut body = json!({
        "goal": "capital",
        "title": "What was promised",
        "measure": measure,
        "due": "2027-06-30",
        "owner": stage.investor.id.to_string(),
    });
    for (field, value) in target.as_object().unwrap() {
        body[field.as_str()] = value.clone();
    }
    body
}

async fn promised(stage: &Stage, measure: &str, target: Value) -> String {
    let path = format!("/v1/programmes/{}/commitments", stage.programme.id);
    let body = promise(stage, measure, &target);
    let made = stage.post(Who::Curator, &path, body).await;
    let location = made.location.clone();
    made.expect(201);
    location.unwrap()
}

async fn card(stage: &Stage, query: &str) -> Value {
    stage.seal().await;
    let path = format!("/v1/programmes/{}/scorecard{query}", stage.programme.id);
    stage.get(Who::Curator, &path).await.expect(200)
}

#[test]
fn curators_write_promises_and_parties_add_evidence() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        let path = format!("/v1/programmes/{}/commitments", stage.programme.id);
        let mut wrong = promise(&stage, "introductions_sent", &json!({"target_count": 0}));
        wrong["due"] = json!("2030-01-01");
        wrong["owner"] = json!(stage.startup.id.to_string());
        let faults = stage.post(Who::Curator, &path, wrong).await.expect(422);
        let errors = faults["errors"].as_array().unwrap().iter();
        let pointers: Vec<_> = errors.map(|it| it["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["#/target_count", "#/due", "#/owner"]);
        let two = json!({"target_count": 3, "target_text": "Three"});
        let faults = stage
            .post(Who::Curator, &path, promise(&stage, "manual", &two))
            .await;
        assert_eq!(faults.expect(422)["errors"][0]["code"], "one_of");
        let unfit = promise(&stage, "money_funded", &json!({"target_count": 3}));
        let faults = stage.post(Who::Curator, &path, unfit).await.expect(422);
        assert_eq!(faults["errors"][0]["code"], "measure_unfit");

        let body = promise(
            &stage,
            "manual",
            &json!({"target_count": 3, "unit": "delegations"}),
        );
        for who in [Who::Dana, Who::Gul, Who::Compliance, Who::Auditor] {
            let refused = stage.post(who, &path, body.clone()).await;
            assert_eq!(refused.status, 403, "{who:?}");
        }
        let made = promised(&stage, "manual", json!({"target_count": 3})).await;
        // The programme is no secret, what it promises is its parties'.
        assert_eq!(stage.get(Who::Dana, &path).await.status, 403);
        assert_eq!(stage.get(Who::Dana, &made).await.status, 404);
        assert_eq!(
            stage.get(Who::Gul, &path).await.expect(200)["items"][0]["status"],
            "open"
        );
        let patch = json!({"title": "Three delegations", "unit": "delegations"});
        assert_eq!(stage.edit(Who::Gul, &made, patch.clone()).await.status, 403);
        let changed = stage.edit(Who::Curator, &made, patch).await.expect(200);
        assert_eq!(
            (&changed["unit"], &changed["version"]),
            (&json!("delegations"), &json!(2))
        );

        let given = |count: i64, on: &str| json!({"kind": "delegation", "count": count, "happened_on": on, "note": "Baku, water week"});
        let evidence = format!("{made}/evidence");
        let early = stage
            .post(Who::Gul, &evidence, given(1, "2026-11-25"))
            .await;
        assert_eq!(early.expect(422)["errors"][0]["code"], "in_the_future");
        stage
            .post(Who::Gul, &evidence, given(2, "2026-11-20"))
            .await
            .expect(201);
        assert_eq!(
            stage
                .post(Who::Stranger, &evidence, given(1, "2026-11-20"))
                .await
                .status,
            404
        );
        let meet = json!({"action": "meet"});
        let short = stage.go(Who::Curator, &made, meet.clone()).await;
        assert_eq!(short.code(409), "not_met_yet");
        stage
            .post(Who::Curator, &evidence, given(1, "2026-11-24"))
            .await
            .expect(201);
        // What was acknowledged counts at once, sealed or not.
        assert_eq!(stage.go(Who::Gul, &made, meet.clone()).await.status, 403);
        let met = stage.go(Who::Curator, &made, meet).await.expect(200);
        assert_eq!(met["status"], "met");
        let late = stage
            .post(Who::Gul, &evidence, given(1, "2026-11-20"))
            .await;
        assert_eq!(late.code(409), "transition_not_allowed");
        let list = stage.get(Who::Gul, &evidence).await.expect(200);
        let parties: Vec<_> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["organization"].is_string())
            .collect();
        assert_eq!(parties, [true, false]);
        let bare = stage
            .go(Who::Curator, &made, json!({"action": "reopen"}))
            .await;
        assert_eq!(bare.expect(422)["errors"][0]["pointer"], "#/reason");
    });
}

#[test]
fn what_records_show_is_not_typed_in() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        let made = promised(&stage, "deals_opened", json!({"target_count": 2})).await;
        let evidence = format!("{made}/evidence");
        let body =
            json!({"kind": "contract", "count": 1, "happened_on": "2026-11-20", "note": "Signed"});
        let refused = stage.post(Who::Gul, &evidence, body).await.expect(422);
        assert_eq!(refused["errors"][0]["code"], "adds_unfit");
        let beside = json!({"kind": "contract", "happened_on": "2026-11-20", "note": "Signed"});
        stage.post(Who::Gul, &evidence, beside).await.expect(201);
        assert_eq!(card(&stage, "").await["commitments"][0]["share_bp"], 0);
        deal(&stage).await;
        let progress = &card(&stage, "").await["commitments"][0];
        assert_eq!(
            (&progress["done_count"], &progress["share_bp"]),
            (&json!(1), &json!(5000))
        );

        // What was wrong is put right by another piece, and stays on record.
        let manual = promised(&stage, "manual", json!({"target_count": 4})).await;
        let evidence = format!("{manual}/evidence");
        let given = |count: i64| json!({"kind": "enquiry", "count": count, "happened_on": "2026-11-20", "note": "Enquiries"});
        let done =
            async |query: &str| card(&stage, query).await["commitments"][1]["done_count"].clone();
        let wrong = stage.post(Who::Gul, &evidence, given(4)).await.expect(201);
        assert_eq!(done("").await, 4);
        stage.context.clock.advance(TimeDelta::days(1));
        let mut right = given(1);
        right["replaces"] = wrong["id"].clone();
        let placed = stage
            .post(Who::Gul, &evidence, right.clone())
            .await
            .expect(201);
        assert_eq!(
            (done("").await, done("?as_of=2026-11-24").await),
            (json!(1), json!(4))
        );
        let again = stage.post(Who::Curator, &evidence, right.clone()).await;
        assert_eq!(again.code(409), "already_replaced");
        let list = stage.get(Who::Gul, &evidence).await.expect(200);
        assert_eq!(list["items"][0]["replaced_by"], placed["id"]);
        assert_eq!(list["items"][1]["replaces"], wrong["id"]);
        // A party puts right what it gave itself, and nothing of elsewhere.
        let ours = stage
            .post(Who::Curator, &evidence, given(1))
            .await
            .expect(201);
        right["replaces"] = ours["id"].clone();
        let refused = stage.post(Who::Gul, &evidence, right.clone()).await;
        assert_eq!(refused.code(409), "transition_not_yours");
        let elsewhere = format!("{made}/evidence");
        right.as_object_mut().unwrap().remove("count");
        let refused = stage
            .post(Who::Curator, &elsewhere, right)
            .await
            .expect(422);
        assert_eq!(refused["errors"][0]["code"], "unknown_evidence");
    });
}

#[test]
fn any_day_of_the_past_reads_as_it_did_and_later_rates_change_nothing() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        let quote = async |day: &str, micros: i64| {
            let day: NaiveDate = day.parse().unwrap();
            let azn = "AZN".parse().unwrap();
            let write = move |conn: &mut db::Conn| db::rates::insert(conn, day, &[(azn, micros)]);
            stage.context.db.write(write).await.unwrap();
        };
        quote("2026-11-20", 588_000).await;
        promised(
            &stage,
            "money_funded",
            json!({
                "target_money": {"amount_minor": 100_000_000, "currency": "USD"},
            }),
        )
        .await;
        let deal = deal(&stage).await;
        let tomorrow = |days| stage.context.clock.advance(TimeDelta::days(days));
        tomorrow(2);
        for who in [Who::Dana, Who::Gul] {
            stage
                .go(who, &deal, json!({"action": "report"}))
                .await
                .expect(200);
        }
        tomorrow(2);
        let skip = json!({"action": "skip", "to": "funded", "reason": "Signed elsewhere."});
        stage.go(Who::Curator, &deal, skip).await.expect(200);
        let confirm = json!({
            "action": "confirm",
            "amount": {"amount_minor": 50_000_000, "currency": "AZN"},
            "value_date": "2026-11-25",
        });
        for who in [Who::Dana, Who::Gul] {
            stage.go(who, &deal, confirm.clone()).await.expect(200);
        }
        tomorrow(1);
        let funded = card(&stage, "").await;
        assert_eq!(funded["counts"]["deals_funded"], 1);
        assert_eq!(
            funded["money_funded"]["total"],
            json!({"amount_minor": 29_400_000, "currency": "USD"})
        );
        assert_eq!(funded["commitments"][0]["share_bp"], 2_940);
        assert_eq!(
            funded["days_to"],
            json!({
                "first_meeting": 2, "first_deal": 0, "first_signature": 4, "first_funding": 1,
            })
        );
        // A rate that is learnt later, even for an earlier day.
        quote("2026-11-24", 500_000).await;
        assert_eq!(
            card(&stage, "").await["money_funded"],
            funded["money_funded"]
        );

        let before = card(&stage, "?as_of=2026-11-27").await;
        assert_eq!(before["counts"]["deals_funded"], 0);
        assert_eq!(before["counts"]["meetings_held"], 1);
        assert_eq!(before["commitments"][0]["share_bp"], 0);
        let first = card(&stage, "?as_of=2026-11-24").await;
        assert_eq!(
            (
                &first["counts"]["deals_opened"],
                &first["counts"]["meetings_held"]
            ),
            (&json!(1), &json!(0))
        );
        let none = card(&stage, "?as_of=2026-11-23").await;
        assert_eq!(
            (&none["counts"]["deals_opened"], &none["commitments"]),
            (&json!(0), &json!([]))
        );
        let path = format!("/v1/programmes/{}/scorecard", stage.programme.id);
        for wrong in ["2026-12-24", "soon"] {
            let answer = stage
                .get(Who::Curator, &format!("{path}?as_of={wrong}"))
                .await;
            assert_eq!(answer.code(400), "bad_query");
        }
        assert_eq!(stage.get(Who::Stranger, &path).await.status, 403);
        assert_eq!(stage.get(Who::Gul, &path).await.status, 200);
    });
}

/// What parties read of money must not tell what one deal brought, whatever two
/// days they ask for.
#[test]
fn from_two_cards_nobody_works_out_what_one_deal_brought() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        let deal = deal(&stage).await;
        let skip = json!({"action": "skip", "to": "funded", "reason": "Signed elsewhere."});
        stage.go(Who::Curator, &deal, skip).await.expect(200);
        let confirm = json!({
            "action": "confirm", "value_date": "2026-11-24",
            "amount": { "amount_minor": 123_456, "currency": "USD" },
        });
        for who in [Who::Dana, Who::Gul] {
            stage.go(who, &deal, confirm.clone()).await.expect(200);
        }
        stage.context.clock.advance(TimeDelta::days(60));
        let path = format!("/v1/programmes/{}/scorecard", stage.programme.id);
        let made = promise(
            &stage,
            "money_funded",
            &json!({
                "target_money": { "amount_minor": 1_000_000, "currency": "USD" },
            }),
        );
        let commitments = format!("/v1/programmes/{}/commitments", stage.programme.id);
        stage
            .post(Who::Curator, &commitments, made)
            .await
            .expect(201);
        stage.seal().await;
        for day in ["2026-11-23", "2026-11-24", "2026-12-31", "2027-01-20"] {
            let path = format!("{path}?as_of={day}");
            let told = stage.get(Who::Gul, &path).await.expect(200);
            assert_eq!(told["money_funded"]["total"], Value::Null, "{day}");
            assert!(!told.to_string().contains("123456"), "{day}: {told}");
            assert_eq!(told["money_funded"]["as_of"], Value::Null);
        }
        let whole = stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(whole["money_funded"]["total"]["amount_minor"], 123_456);
        assert_eq!(
            whole["commitments"][0]["done_money"]["amount_minor"],
            123_456
        );
    });
}

/// Days are counted from the day on which the last party signed, whenever
/// somebody put the programme in force here.
#[test]
fn the_day_of_an_mou_is_that_of_its_signatures() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        let draft = json!({
            "slug": "il-az-signed", "title": "Signed before",
            "corridors": [{ "startup": "IL", "investor": "AZ" }],
            "parties": [{
                "organization": stage.investor.id.to_string(), "role": "signatory",
            }],
            "starts_on": "2026-06-01", "ends_on": "2028-06-01",
        });
        let made = stage.post(Who::Curator, "/v1/programmes", draft).await;
        let path = made.location.clone().unwrap();
        made.expect(201);
        stage.sign_mou(&path).await;
        let mou_on = async |query: &str| {
            stage.seal().await;
            let path = format!("{path}/scorecard{query}");
            let card = stage.get(Who::Curator, &path).await.expect(200);
            card["mou_on"].clone()
        };
        stage.context.clock.advance(TimeDelta::days(10));
        assert_eq!(mou_on("").await, "2026-06-01", "by its text");
        let activate = json!({ "action": "activate" });
        stage.go(Who::Curator, &path, activate).await.expect(200);
        assert_eq!(mou_on("").await, "2026-11-24");
        assert_eq!(mou_on("?as_of=2026-11-30").await, "2026-06-01");
    });
}
