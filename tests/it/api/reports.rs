//! Reports on a programme: from its log, in one currency, nothing small told.

use chrono::TimeDelta;
use corridor::db;
use corridor::domain::programme::{Party, PartyRole};
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{Stage, Who};
use crate::support::database::{Database, on_each_backend};

/// The stage with the investor as a party to the programme.
async fn stage(database: &Database) -> Stage {
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

fn path(stage: &Stage, report: &str) -> String {
    format!("/v1/programmes/{}/reports/{report}", stage.programme.id)
}

async fn report(stage: &Stage, who: Who, report: &str) -> Value {
    stage.seal().await;
    stage.get(who, &path(stage, report)).await.expect(200)
}

async fn quote(stage: &Stage, day: &str, per_unit: i64) {
    let (day, azn) = (day.parse().unwrap(), "AZN".parse().unwrap());
    let quote = move |conn: &mut db::Conn| db::rates::insert(conn, day, &[(azn, per_unit)]);
    stage.context.db.write(quote).await.unwrap();
}

#[test]
fn a_cohort_is_followed_from_the_asking_to_the_money() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        let deal = deal(&stage).await;
        stage.context.clock.advance(TimeDelta::days(12));
        let skip = json!({"action": "skip", "to": "funded", "reason": "Signed elsewhere."});
        stage.go(Who::Curator, &deal, skip).await.expect(200);
        let confirm = json!({
            "action": "confirm", "value_date": "2026-11-30",
            "amount": { "amount_minor": 100, "currency": "USD" },
        });
        for who in [Who::Dana, Who::Gul] {
            stage.go(who, &deal, confirm.clone()).await.expect(200);
        }
        let funnel = report(&stage, Who::Curator, "funnel?by=month").await;
        let row = &funnel["rows"][0];
        assert_eq!(row["keys"], json!({ "cohort": "2026-11" }));
        for (column, value) in [
            ("requested", json!(1)),
            ("sent", json!(1)),
            ("deals", json!(1)),
            ("signed", json!(1)),
            ("funded", json!(1)),
            ("funded_bp", json!(10_000)),
            ("days_to_signed", json!(12)),
            ("days_to_met", Value::Null),
        ] {
            assert_eq!(row["values"][column], value, "{column}");
        }
        assert_eq!(funnel["rows"][1]["keys"]["cohort"], "total");
        let then = report(&stage, Who::Curator, "funnel?as_of=2026-11-30").await;
        let values = &then["rows"][0]["values"];
        assert_eq!(
            (&values["deals"], &values["signed"]),
            (&json!(1), &json!(0))
        );
        let later = report(&stage, Who::Curator, "funnel?from=2026-12-01").await;
        assert_eq!(later["rows"].as_array().unwrap().len(), 1, "the total");
        let firms = report(&stage, Who::Curator, "concentration").await;
        let funded = json!({ "side": "investor", "measure": "money_funded" });
        let rows = firms["rows"].as_array().unwrap().iter();
        let funded: Vec<_> = rows.filter(|row| row["keys"] == funded).collect();
        assert_eq!(funded.len(), 1, "{firms}");
        assert_eq!(
            funded[0]["values"],
            json!({ "firms": 1, "top_three_bp": 10_000, "gini_bp": 0 })
        );
    });
}

#[test]
fn answers_are_timed_in_working_days_of_who_was_asked() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        let introduction = stage.introduction(Who::Dana).await;
        // From Tuesday to Monday: in Baku, four working days.
        stage.context.clock.advance(TimeDelta::days(6));
        let yes = json!({"action": "accept"});
        stage.go(Who::Gul, &introduction, yes).await.expect(200);
        let asked = report(&stage, Who::Curator, "introductions").await;
        assert_eq!(
            asked["rows"][0]["values"],
            json!({
                "asked": 1, "accepted": 1, "declined": 0, "unanswered": 0, "others": 0,
                "accepted_bp": 10_000, "response_median": 4, "response_p90": 4,
            })
        );
    });
}

#[test]
fn a_day_of_an_answer_is_one_where_it_was_given() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        // Asked at eleven in the evening in Baku, answered at one in the morning,
        // on one day in UTC.
        stage.context.clock.advance(TimeDelta::hours(10));
        let introduction = stage.introduction(Who::Dana).await;
        stage.context.clock.advance(TimeDelta::hours(2));
        let yes = json!({"action": "accept"});
        stage.go(Who::Gul, &introduction, yes).await.expect(200);
        let asked = report(&stage, Who::Curator, "introductions").await;
        assert_eq!(asked["rows"][0]["values"]["response_median"], 1);
    });
}

#[test]
fn a_pipeline_is_summed_at_locked_rates() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        quote(&stage, "2026-11-20", 500_000).await;
        let deal = deal(&stage).await;
        let pledge = json!({
            "organization": stage.investor.id.to_string(), "interest": "committed",
            "firmness": "soft", "amount": { "amount_minor": 100_000, "currency": "AZN" },
        });
        let put = stage.request(Who::Gul, "PUT", &format!("{deal}/participants"));
        let put = put
            .header("If-Match", "*")
            .json(&pledge)
            .send()
            .await
            .unwrap();
        assert_eq!(put.status(), 200);
        let before = report(&stage, Who::Curator, "pipeline").await;
        let row = &before["rows"][0];
        assert_eq!(
            row["keys"],
            json!({ "pipeline": "equity", "stage": "introduced", "currency": "AZN" })
        );
        assert_eq!(
            row["values"],
            json!({ "open": 1, "on_hold": 0, "won": 0, "amount": 100_000, "compared": 50_000 })
        );
        quote(&stage, "2026-11-24", 900_000).await;
        assert_eq!(
            report(&stage, Who::Curator, "pipeline").await["rows"],
            before["rows"]
        );
    });
}

#[test]
fn stages_tell_how_many_went_on_and_how_soon() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        let deal = deal(&stage).await;
        stage.context.clock.advance(TimeDelta::days(9));
        for who in [Who::Dana, Who::Gul] {
            let report = json!({ "action": "report" });
            stage.go(who, &deal, report).await.expect(200);
        }
        stage.context.clock.advance(TimeDelta::days(3));
        let lose = json!({ "action": "lose", "code": "valuation" });
        stage.go(Who::Curator, &deal, lose).await.expect(200);
        let stages = report(&stage, Who::Curator, "stages?by=month").await;
        // The deal was opened in another pipeline, in which it went nowhere.
        let all = stages["rows"].as_array().unwrap().iter();
        let rows: Vec<_> = all
            .filter(|row| row["keys"]["pipeline"] == "equity")
            .collect();
        let keys: Vec<_> = rows
            .iter()
            .map(|row| {
                let keys = &row["keys"];
                (
                    keys["stage"].as_str().unwrap(),
                    keys["cohort"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            keys,
            [
                ("introduced", "2026-11"),
                ("introduced", "total"),
                ("first_meeting", "2026-11"),
                ("first_meeting", "total"),
            ]
        );
        for row in &rows[..2] {
            let values = json!({
                "entered": 1, "went_on": 1, "closed": 0, "others": 0,
                "went_on_bp": 10_000, "days_median": 9, "days_p90": 9,
            });
            assert_eq!(row["values"], values);
        }
        let last = &rows[3]["values"];
        assert_eq!((&last["closed"], &last["went_on"]), (&json!(1), &json!(0)));
        assert_eq!(last["days_median"], Value::Null);
        // One deal is too few for its parties to read of.
        let told = report(&stage, Who::Gul, "stages?as_of=2026-09-30").await;
        assert_eq!(told["rows"], json!([]));
        stage.context.clock.advance(TimeDelta::days(60));
        let told = report(&stage, Who::Gul, "stages").await;
        assert_eq!(told["rows"], json!([]));
    });
}

#[test]
fn parties_read_whole_quarters_and_nothing_small() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        stage.introduction(Who::Dana).await;
        stage.context.clock.advance(TimeDelta::days(60));
        let funnel = report(&stage, Who::Gul, "funnel").await;
        assert_eq!(
            (&funnel["as_of"], &funnel["small_numbers_hidden"]),
            (&json!("2026-12-31"), &json!(true))
        );
        let row = &funnel["rows"][0];
        assert_eq!(row["values"]["requested"], Value::Null);
        let hidden = row["hidden"].as_array().unwrap();
        assert!(hidden.contains(&json!("requested")) && hidden.contains(&json!("sent_bp")));
        for query in [
            "by=month",
            "from=2026-11-01",
            "as_of=2026-11-30",
            "as_of=2027-01-20",
        ] {
            let narrow = stage
                .get(Who::Gul, &path(&stage, &format!("funnel?{query}")))
                .await;
            assert_eq!(narrow.code(409), "whole_quarters_only", "{query}");
        }
        for report in [
            "funnel",
            "introductions",
            "pipeline",
            "stages",
            "concentration",
        ] {
            for who in [Who::Dana, Who::Stranger] {
                let others = stage.get(who, &path(&stage, report)).await;
                assert_eq!(others.status, 403, "{report} {who:?}");
            }
            stage
                .get(Who::Auditor, &path(&stage, report))
                .await
                .expect(200);
            let csv = stage
                .get(Who::Gul, &path(&stage, &format!("{report}?format=csv")))
                .await;
            assert!(!csv.text.contains(",1,"), "{}", csv.text);
        }
        let unknown = stage.get(Who::Curator, &path(&stage, "gossip")).await;
        assert_eq!(unknown.status, 404);
        for query in [
            "format=xls",
            "currency=QQQ",
            "by=week",
            "from=2027-01-01&to=2026-01-01",
            "as_of=2099-01-01",
        ] {
            let wrong = stage
                .get(Who::Curator, &path(&stage, &format!("funnel?{query}")))
                .await;
            assert_eq!(wrong.code(400), "bad_query", "{query}");
        }
    });
}

#[test]
fn it_comes_as_a_table_and_as_a_chart() {
    on_each_backend(async |database| {
        let stage = Box::pin(stage(database)).await;
        stage.introduction(Who::Dana).await;
        stage.seal().await;
        let csv = stage
            .get(Who::Curator, &path(&stage, "introductions?format=csv"))
            .await;
        assert_eq!(csv.status, 200);
        let lines: Vec<_> = csv.text.lines().collect();
        assert_eq!(
            lines[0],
            "cohort,asked,accepted,declined,unanswered,others,accepted_bp,response_median,response_p90"
        );
        assert_eq!(lines[1], "2026-Q4,1,0,0,0,1,,,");
        let svg = stage
            .get(Who::Curator, &path(&stage, "funnel?format=svg"))
            .await;
        assert_eq!(svg.status, 200);
        assert!(svg.text.starts_with("<svg ") && svg.text.ends_with("</svg>"));
        for part in [
            "<title id=\"title\">Water bridge: funnel",
            "<desc id=\"desc\">2026-Q4: requested 1,",
            "role=\"img\"",
        ] {
            assert!(svg.text.contains(part), "{part} is not in {}", svg.text);
        }
        assert!(!svg.text.contains("<script"));
    });
}
