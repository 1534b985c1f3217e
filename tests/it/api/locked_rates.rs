//! An amount keeps the rates that it was locked with: what is quoted of the
//! same day later changes no account.

use corridor::db;
use corridor::domain::rates::{Quotation, Source};
use corridor::services::rates;
use diesel::RunQueryDsl;
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{Stage, Who, of};
use crate::support::database::on_each_backend;

async fn says(stage: &Stage, value: &str) {
    let body = json!({
        "on": "2026-11-24", "replace": true,
        "quotes": [{ "base": "AZN", "quote": "USD", "value": value }],
    });
    let said = stage.post(Who::Curator, "/v1/rates", body).await;
    said.expect(201);
}

/// A bank's file of the same day, which comes later and is read first.
async fn bank_says(stage: &Stage) {
    let quoted = |base: &str, value: &str| Quotation {
        source: Source::Cbar,
        base: of(base),
        quote: of("AZN"),
        on: of("2026-11-24"),
        nominal: 1,
        value: of(value),
    };
    let quotations = vec![quoted("USD", "1.1111"), quoted("EUR", "1.2222")];
    let stored = rates::import(&stage.context, Source::Cbar, quotations, false);
    stored.await.unwrap();
}

/// Everything that says what the money of a deal is worth.
async fn accounts(stage: &Stage, deal: &str) -> Vec<Value> {
    stage.seal().await;
    let programme = format!("/v1/programmes/{}", stage.programme.id);
    let paths = [
        "/v1/deal-board".to_owned(),
        "/v1/deal-board?currency=AZN".to_owned(),
        "/v1/deal-board?currency=EUR".to_owned(),
        deal.to_owned(),
        format!("{deal}/syndicate"),
        format!("{programme}/scorecard"),
        format!("{programme}/reports/pipeline"),
        format!("{programme}/reports/pipeline?currency=EUR"),
        format!("{programme}/reports/concentration"),
    ];
    let mut all = Vec::new();
    for path in paths {
        all.push(stage.get(Who::Curator, &path).await.expect(200));
    }
    all
}

async fn put(stage: &Stage, path: String, body: Value) {
    let request = stage.request(Who::Curator, "PUT", &path);
    let request = request.header("If-Match", "*").json(&body);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

async fn promised(stage: &Stage) -> String {
    says(stage, "0.58").await;
    let path = format!("/v1/programmes/{}/commitments", stage.programme.id);
    let body = json!({
        "goal": "trade", "title": "Contracts", "measure": "manual", "due": "2027-06-30",
        "owner": stage.programme.details.parties[0].organization.to_string(),
        "target_money": { "amount_minor": 100_000, "currency": "USD" },
    });
    let made = stage.post(Who::Curator, &path, body).await;
    let location = made.location.clone().unwrap();
    made.expect(201);
    let contract = json!({
        "kind": "contract", "happened_on": "2026-11-24", "note": "Pumps for Gəncə",
        "amount": { "amount_minor": 20_000, "currency": "AZN" },
    });
    let evidence = format!("{location}/evidence");
    stage
        .post(Who::Curator, &evidence, contract)
        .await
        .expect(201);
    let deal = deal(stage).await;
    let round = json!({ "currency": "USD", "minimum": 10_000, "target": 50_000, "maximum": 90_000, "closes_on": "2027-03-31" });
    put(stage, format!("{deal}/round"), round).await;
    let pledge = json!({
        "organization": stage.investor.id.to_string(), "interest": "committed",
        "firmness": "hard", "amount": { "amount_minor": 100_000, "currency": "AZN" },
    });
    put(stage, format!("{deal}/participants"), pledge).await;
    deal
}

async fn stage(database: &crate::support::database::Database) -> Stage {
    use corridor::domain::programme::{Party, PartyRole};
    let mut stage = Stage::set(database).await;
    let mut programme = stage.programme.clone();
    programme.version += 1;
    programme.details.parties = vec![Party {
        organization: stage.investor.id,
        role: PartyRole::Signatory,
    }];
    stage.programme = programme.clone();
    let write = move |conn: &mut db::Conn| db::programmes::update(conn, &programme);
    assert!(stage.context.db.write(write).await.unwrap());
    stage
}

async fn won(stage: &Stage, deal: &str) {
    let skip = json!({ "action": "skip", "to": "funded", "reason": "Signed elsewhere." });
    stage.go(Who::Curator, deal, skip).await.expect(200);
    let confirm = json!({
        "action": "confirm", "value_date": "2026-11-24",
        "amount": { "amount_minor": 90_000, "currency": "AZN" },
    });
    for who in [Who::Dana, Who::Gul] {
        stage.go(who, deal, confirm.clone()).await.expect(200);
    }
}

#[test]
fn amounts_of_closed_deals_never_change_when_rates_do() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        let deal = promised(&stage).await;
        let open = accounts(&stage, &deal).await;
        assert_eq!(open[0]["items"][0]["total"]["amount_minor"], 58_000);
        assert_eq!(open[4]["hard"]["amount_minor"], 58_000);
        let rate = &open[4]["participants"][0]["locked_rate"];
        assert_eq!(
            rate,
            &json!({
                "rate": "0.58", "exact": true, "numerator": "29", "denominator": "50",
                "on": "2026-11-24", "sources": ["operator"],
            })
        );
        assert_eq!(
            open[5]["commitments"][0]["done_money"]["amount_minor"],
            11_600
        );

        says(&stage, "0.99").await;
        bank_says(&stage).await;
        assert_eq!(accounts(&stage, &deal).await, open);

        says(&stage, "0.6").await;
        won(&stage, &deal).await;
        let closed = accounts(&stage, &deal).await;
        assert_eq!(closed[3]["locked_rate"]["rate"], "0.6");
        assert_eq!(
            closed[5]["money_funded"]["total"]["amount_minor"], 54_000,
            "{}",
            closed[5]
        );
        says(&stage, "0.123").await;
        assert_eq!(accounts(&stage, &deal).await, closed);

        // The log says the rate itself.
        let events = format!("{deal}/events?limit=100");
        let events = stage.get(Who::Auditor, &events).await.expect(200);
        let events = events["items"].as_array().unwrap();
        let last = &events.last().unwrap()["payload"];
        assert_eq!(
            (&last["usd_numerator"], &last["usd_denominator"]),
            (&json!("3"), &json!("5"))
        );
        assert_eq!(last["rate_sources"], json!(["operator"]));
        assert_eq!(last["rates"].as_str().unwrap().len(), 64);
    });
}

#[test]
fn what_was_locked_by_its_day_alone_is_locked_by_the_migration() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        let deal = promised(&stage).await;
        // As rows were before values were kept.
        let age = |conn: &mut db::Conn| -> db::Result<()> {
            for sql in [
                "UPDATE deal_participants SET rates_digest = NULL",
                "INSERT INTO rate_days (rates_on) VALUES ('2026-11-24')",
            ] {
                diesel::sql_query(sql).execute(conn)?;
            }
            db::rate_locks::lock_old_days(conn)
        };
        stage.context.db.write(age).await.unwrap();
        let before = accounts(&stage, &deal).await;
        assert_eq!(before[0]["items"][0]["total"]["amount_minor"], 58_000);
        says(&stage, "0.99").await;
        let again = |conn: &mut db::Conn| db::rate_locks::lock_old_days(conn);
        stage.context.db.write(again).await.unwrap();
        assert_eq!(accounts(&stage, &deal).await, before);
    });
}
