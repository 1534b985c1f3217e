//! What money is worth: said by the operator's people, derived when asked for,
//! and kept by what used it.

use chrono::Days;
use corridor::db::Conn;
use corridor::domain::rates::{Quotation, Source};
use corridor::services::rates;
use serde_json::{Value, json};

use super::stage::{Answer, Stage, Who, of};
use crate::support::database::on_each_backend;

/// What both banks say of the day before the stage is set.
async fn banks(stage: &Stage) {
    let on = stage.context.now().date_naive() - Days::new(1);
    let quoted = |source, nominal, base: &str, value: &str, quote: &str| Quotation {
        source,
        base: of(base),
        quote: of(quote),
        on,
        nominal,
        value: of(value),
    };
    let ecb = vec![
        quoted(Source::Ecb, 1, "EUR", "1.0823", "USD"),
        quoted(Source::Ecb, 1, "EUR", "3.9871", "ILS"),
    ];
    let cbar = vec![
        quoted(Source::Cbar, 1, "EUR", "1.8401", "AZN"),
        quoted(Source::Cbar, 100, "JPY", "1.1205", "AZN"),
    ];
    for (source, quotations) in [(Source::Ecb, ecb), (Source::Cbar, cbar)] {
        let stored = rates::import(&stage.context, source, quotations, false);
        stored.await.unwrap();
    }
}

async fn rate(stage: &Stage, query: &str) -> Answer {
    stage.get(Who::Gul, &format!("/v1/rates?{query}")).await
}

fn says(on: &str, quotes: Value) -> Value {
    json!({ "on": on, "quotes": quotes })
}

#[test]
fn a_rate_names_the_quotations_that_it_follows_from() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        banks(&stage).await;
        let view = rate(&stage, "base=ILS&quote=AZN").await.expect(200);
        assert_eq!(view["rate"], "0.461513380653");
        assert_eq!(view["exact"], false);
        assert_eq!(view["numerator"], "18401");
        assert_eq!(view["denominator"], "39871");
        assert_eq!(view["quoted_on"], "2026-11-23");
        let steps: Vec<_> = view["steps"].as_array().unwrap().iter().collect();
        assert_eq!(steps[0]["source"], "ecb");
        assert_eq!(steps[0]["inverse"], true);
        assert_eq!(steps[1]["source"], "cbar");
        assert_eq!(steps[1]["value"], "1.8401");
        let yen = rate(&stage, "base=JPY&quote=AZN").await.expect(200);
        assert_eq!(yen["rate"], "0.011205");
        assert_eq!(yen["steps"][0]["nominal"], 100);
        let same = rate(&stage, "base=GEL&quote=GEL").await.expect(200);
        assert_eq!(same["rate"], "1");
        // Nothing is known of the day before, nor of other money.
        assert_eq!(
            rate(&stage, "base=EUR&quote=USD&on=2026-11-22")
                .await
                .status,
            404
        );
        assert_eq!(rate(&stage, "base=KZT&quote=USD").await.status, 404);
        for wrong in [
            "base=USX&quote=USD",
            "base=EUR",
            "base=EUR&quote=USD&on=23.11.2026",
        ] {
            assert_eq!(rate(&stage, wrong).await.code(400), "bad_query", "{wrong}");
        }
        let anonymous = stage
            .bare("GET", "/v1/rates?base=EUR&quote=USD")
            .send()
            .await;
        assert_eq!(anonymous.unwrap().status(), 401);
    });
}

#[test]
fn the_operator_says_what_no_bank_does_and_puts_it_right() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        banks(&stage).await;
        let quote =
            |value: &str| json!([{"base": "KZT", "quote": "AZN", "nominal": 100, "value": value}]);
        for who in [Who::Dana, Who::Gul, Who::Compliance, Who::Auditor] {
            let refused = stage
                .post(who, "/v1/rates", says("2026-11-24", quote("0.33")))
                .await;
            assert_eq!(refused.code(403), "forbidden", "{who:?}");
        }
        let first = says("2026-11-24", quote("0.3271"));
        let made = stage.post(Who::Curator, "/v1/rates", first.clone()).await;
        let location = made.location.clone().unwrap();
        assert_eq!(made.expect(201)["quotes"], 1);
        let view = stage.get(Who::Dana, &location).await.expect(200);
        assert_eq!(view["rate"], "0.003271");
        // Euro in tenge: by the bank's manat and the operator's word.
        let view = rate(&stage, "base=EUR&quote=KZT").await.expect(200);
        assert_eq!(view["steps"][1]["source"], "operator");
        // The same again changes nothing; another value is a conflict.
        let again = stage.post(Who::Curator, "/v1/rates", first).await;
        assert_eq!(again.expect(201)["quotes"], 0);
        let other = says("2026-11-24", quote("0.3333"));
        let refused = stage.post(Who::Curator, "/v1/rates", other.clone()).await;
        let problem = refused.expect(409);
        assert_eq!(problem["code"], "rate_conflict");
        assert_eq!(problem["errors"][0]["pointer"], "#/quotes/0/value");
        assert!(
            problem["errors"][0]["detail"]
                .as_str()
                .unwrap()
                .contains("0.3271")
        );
        let mut right = other;
        right["replace"] = json!(true);
        stage
            .post(Who::Curator, "/v1/rates", right)
            .await
            .expect(201);
        assert_eq!(
            stage.get(Who::Dana, &location).await.expect(200)["rate"],
            "0.003333"
        );
        // All that is wrong is named at once.
        let wrong = json!({"on": "2026-11-25", "quotes": [
            {"base": "USX", "quote": "AZN", "value": "-1"},
            {"base": "EUR", "quote": "EUR", "value": "1"},
            {"base": "EUR", "quote": "USD", "nominal": 7, "value": "1.1"},
        ]});
        let problem = stage
            .post(Who::Curator, "/v1/rates", wrong)
            .await
            .expect(422);
        let pointers = problem["errors"].as_array().unwrap().iter();
        let pointers: Vec<_> = pointers.map(|it| it["pointer"].as_str().unwrap()).collect();
        let expected = [
            "#/on",
            "#/quotes/0/base",
            "#/quotes/0/value",
            "#/quotes/1",
            "#/quotes/2",
        ];
        assert_eq!(pointers, expected);
    });
}

#[test]
fn a_match_keeps_the_rates_it_was_computed_with() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        banks(&stage).await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        // Amounts are compared where both want equity.
        let intents = json!(["equity_abroad", "pilot_poc"]);
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let round = json!({
            "deal_intents": intents,
            "round": {"currency": "USD", "target": 90_000_000, "instruments": ["safe"]},
        });
        stage.edit(Who::Dana, &profile, round).await.expect(200);
        let cheque = json!({
            "deal_intents": intents,
            "stages": ["seed"],
            "cheque": {"currency": "AZN", "min": 5_000_000, "max": 40_000_000},
        });
        stage.edit(Who::Gul, &mandate, cheque).await.expect(200);
        let matched = stage.matched().await;
        let before = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(before["explanation"]["rate_date"], "2026-11-23");
        let quotes = json!([{"base": "USD", "quote": "AZN", "value": "9.9"}]);
        let said = stage.post(Who::Curator, "/v1/rates", says("2026-11-24", quotes));
        said.await.expect(201);
        let after = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(after["explanation"], before["explanation"]);
        let check = corridor::services::recompute::check_all;
        let report = stage.context.db.read(check).await.unwrap();
        assert_eq!((report.same, report.other.len()), (1, 0));
        let today = stage.context.now().date_naive();
        let latest = move |conn: &mut Conn| corridor::db::rates::latest(conn, today);
        let latest = stage.context.db.read(latest).await.unwrap().unwrap();
        let dollars: Vec<_> = latest
            .nanos()
            .map(|(code, it)| (code.to_string(), it / 1_000))
            .collect();
        assert!(
            dollars.contains(&("AZN".to_owned(), 101_010)),
            "{dollars:?}"
        );
    });
}
