//! The account of a score stays what it was: it is computed again from what
//! was stored, a newer one takes its place, and what nobody answers ends.

use chrono::{NaiveDate, TimeDelta};
use corridor::db::{self, Conn};
use corridor::domain::money::Currency;
use corridor::jobs::clock;
use corridor::services::recompute::{self, Report};
use serde_json::json;

use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

async fn computed_again(stage: &Stage) -> Report {
    stage.context.db.read(recompute::check_all).await.unwrap()
}

fn same(count: usize) -> Report {
    Report {
        same: count,
        ..Report::default()
    }
}

async fn quote(stage: &Stage, day: NaiveDate, micros: i64) {
    let quotes = [("EUR", micros), ("AZN", 588_000)];
    let quotes = quotes.map(|(code, micros)| (code.parse::<Currency>().unwrap(), micros));
    let insert = move |conn: &mut Conn| db::rates::insert(conn, day, &quotes);
    stage.context.db.write(insert).await.unwrap();
}

#[test]
fn every_account_is_computed_again_to_the_byte_whatever_became_of_its_records() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let today = stage.context.now().date_naive();
        quote(&stage, today - TimeDelta::days(3), 1_050_000).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        stage.matched().await;
        // Amounts in two currencies need rates; the second startup is younger.
        let round = json!({
            "deal_intents": ["equity_abroad", "pilot_poc"],
            "round": {"currency": "USD", "target": 90_000_000, "instruments": ["safe"]},
        });
        stage.edit(Who::Dana, &profile, round).await.expect(200);
        let cheque = json!({
            "deal_intents": ["equity_abroad", "pilot_poc"],
            "stages": ["seed"],
            "cheque": {"currency": "EUR", "min": 5_000_000, "max": 40_000_000},
        });
        stage.edit(Who::Gul, &mandate, cheque).await.expect(200);
        let compared = stage.matched().await;
        let view = stage.get(Who::Curator, &compared).await.expect(200);
        assert!(view["explanation"]["rate_date"].is_string(), "{view}");
        stage.context.clock.advance(TimeDelta::days(1));
        let other = stage.another_startup("Negev Sensors").await;
        stage.matched_with(&other).await;
        assert_eq!(computed_again(&stage).await, same(3));

        // Everything that a score looks at becomes something else.
        let now = stage.context.now().date_naive();
        quote(&stage, now, 2_000_000).await;
        quote(&stage, today - TimeDelta::days(3), 3_000_000).await;
        let tags = json!({"primary_tags": ["fintech"], "languages": ["he"], "round": null});
        stage.edit(Who::Dana, &profile, tags).await.expect(200);
        let tags = json!({"tags": {"fintech": 1, "water_loss": null}, "excluded_tags": ["water"]});
        stage.edit(Who::Gul, &mandate, tags).await.expect(200);
        let pause = json!({"action": "pause"});
        stage.go(Who::Dana, &profile, pause).await.expect(200);
        let apart = json!({
            "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
            "reason": "A conflict of interest.",
        });
        let kept = stage.post(Who::Compliance, "/v1/blocks", apart).await;
        assert!(kept.status < 300, "{}", kept.text);
        let order = json!({"scope": "country", "value": "IL", "reason": "A standing order."});
        let frozen = stage.post(Who::Compliance, "/v1/freezes", order).await;
        frozen.expect(201);
        let end = json!({"action": "terminate", "reason": "It is over."});
        let programme = format!("/v1/programmes/{}", stage.programme.id);
        stage.go(Who::Curator, &programme, end).await.expect(200);
        stage.context.clock.advance(TimeDelta::days(100));
        assert_eq!(computed_again(&stage).await, same(3));
    });
}

#[test]
fn a_newer_account_takes_the_place_of_one_from_older_revisions() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let first = stage.released().await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let text = json!({"one_liner": {"en": {"text": "Finds leaks in networks."}}});
        stage.edit(Who::Dana, &profile, text).await.expect(200);
        let second = stage.matched().await;
        assert_ne!(first, second);
        let before = stage.get(Who::Curator, &first).await.expect(200);
        assert_eq!(before["status"], "superseded");
        let after = stage.get(Who::Curator, &second).await.expect(200);
        assert_eq!(after["status"], "candidate");
        let interested = json!({"action": "interested"});
        let late = stage.go(Who::Dana, &first, interested).await;
        assert_eq!(late.code(409), "transition_not_allowed");
    });
}

#[test]
fn a_match_that_was_shown_and_not_answered_ends_after_45_days() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let status = async || {
            clock::strike(&stage.context).await.unwrap();
            let view = stage.get(Who::Curator, &matched).await.expect(200);
            view["status"].as_str().unwrap().to_owned()
        };
        stage.context.clock.advance(TimeDelta::days(44));
        assert_eq!(status().await, "released");
        let interested = json!({"action": "interested"});
        let answered = stage.go(Who::Dana, &matched, interested).await;
        answered.expect(200);
        stage.context.clock.advance(TimeDelta::days(44));
        assert_eq!(status().await, "one_sided");
        stage.context.clock.advance(TimeDelta::days(1));
        assert_eq!(status().await, "expired");
    });
}
