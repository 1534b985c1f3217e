//! What a side must not learn, and what the gate closes at once.

use std::time::Duration;

use serde_json::{Value, json};

use super::stage::{BLURB, INVESTOR, STARTUP, Stage, Who};
use crate::support::builders::whole_profile;
use crate::support::database::on_each_backend;

#[test]
fn texts_that_give_their_firm_away_are_neither_submitted_nor_published() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut telling = whole_profile();
        telling["one_liner"]["en"]["text"] = json!("Write to dana@tamar.example.");
        telling["summary"]["en"]["text"] = json!("Call +972 54 123 4567.");
        let draft = stage.post(Who::Dana, "/v1/startup-profiles", telling).await;
        let draft_path = draft.location.clone().unwrap();
        draft.expect(201);
        let submit = json!({"action": "submit"});
        let refused = stage.go(Who::Dana, &draft_path, submit.clone()).await;
        let refused = refused.expect(409);
        assert_eq!(refused["code"], "texts_not_clean");
        let pointers: Vec<_> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| fault["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(pointers, ["#/one_liner/en", "#/summary/en"]);
        let clean = json!({
            "one_liner": {"en": {"text": "Water from desert air."}},
            "summary": {"en": {"text": "Panels that collect it at night."}},
        });
        stage.edit(Who::Dana, &draft_path, clean).await.expect(200);
        stage.go(Who::Dana, &draft_path, submit).await.expect(200);

        let published = format!("/v1/startup-profiles/{}", stage.profile.id);
        let named = json!({"one_liner": {"en": {"text": format!("{STARTUP} finds leaks.")}}});
        let refused = stage.edit(Who::Dana, &published, named).await;
        assert_eq!(refused.code(409), "texts_not_clean");
    });
}

/// Compliance keeps the two apart.
async fn kept_apart(stage: &Stage) {
    let apart = json!({
        "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
        "reason": "A conflict of interest.",
    });
    let kept = stage.post(Who::Compliance, "/v1/blocks", apart).await;
    assert_eq!(kept.status, 204, "{}", kept.text);
}

#[test]
fn a_yes_asks_the_gate_before_it_hands_over_a_name() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        kept_apart(&stage).await;
        let yes = json!({"action": "accept"});
        let seen = stage.go(Who::Gul, &introduction, yes).await.expect(200);
        assert_eq!(seen["status"], "not_available");
        let told = stage.get(Who::Dana, &introduction).await;
        assert!(!told.text.contains(INVESTOR), "{}", told.text);
        let known = stage.get(Who::Curator, &introduction).await.expect(200);
        assert_eq!(known["status"], "blocked");
    });
}

async fn status_of(stage: &Stage, matched: &str) -> Value {
    let view = stage.get(Who::Curator, matched).await.expect(200);
    view["status"].clone()
}

#[test]
fn a_match_is_given_back_when_its_introduction_comes_to_nothing() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let ask = async || {
            let made = stage.request_introduction(Who::Dana, &matched, BLURB).await;
            let introduction = made.location.clone().unwrap();
            made.expect(201);
            assert_eq!(status_of(&stage, &matched).await, "introduced");
            introduction
        };
        let first = ask().await;
        let back = json!({"action": "withdraw"});
        stage.go(Who::Dana, &first, back).await.expect(200);
        assert_eq!(status_of(&stage, &matched).await, "released");
        // Nobody is asked about the same pair again at once.
        stage.context.clock.advance(chrono::TimeDelta::days(15));
        let second = ask().await;
        let no = json!({"action": "decline", "reason": "thesis_mismatch"});
        stage.go(Who::Gul, &second, no).await.expect(200);
        assert_eq!(status_of(&stage, &matched).await, "passed");
    });
}

#[test]
fn a_released_match_is_hidden_while_the_gate_is_closed() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let order = json!({"scope": "country", "value": "IL", "reason": "A standing order."});
        let freeze = stage.post(Who::Compliance, "/v1/freezes", order).await;
        let freeze = freeze.expect(201);
        for who in [Who::Dana, Who::Gul] {
            assert_eq!(stage.get(who, &matched).await.status, 404, "{who:?}");
            let listed = stage.get(who, "/v1/matches").await.expect(200);
            assert_eq!(listed["items"], json!([]), "{who:?}");
        }
        assert_eq!(status_of(&stage, &matched).await, "released");
        let freeze = format!("/v1/freezes/{}", freeze["id"].as_str().unwrap());
        for who in [Who::Compliance, Who::SecondCompliance] {
            let lift = json!({"action": "lift", "reason": "It is over."});
            stage.go(who, &freeze, lift).await.expect(200);
        }
        assert_eq!(stage.get(Who::Dana, &matched).await.status, 200);
    });
}

#[test]
fn a_freeze_of_something_unknown_is_refused() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let nobody = "00000000-0000-7000-8000-000000000000";
        for (scope, code) in [
            ("organization", "unknown_organization"),
            ("programme", "unknown_programme"),
        ] {
            let order = json!({"scope": scope, "value": nobody, "reason": "A standing order."});
            let refused = stage.post(Who::Compliance, "/v1/freezes", order).await;
            let fault = refused.expect(422)["errors"][0].clone();
            assert_eq!(
                (fault["pointer"].as_str(), fault["code"].as_str()),
                (Some("#/value"), Some(code))
            );
        }
        let none = stage.get(Who::Compliance, "/v1/freezes").await.expect(200);
        assert_eq!(none["items"], json!([]));
    });
}

#[test]
fn a_side_reads_neither_the_others_answers_nor_its_figures() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let cheque = json!({
            "deal_intents": ["equity_abroad", "pilot_poc"],
            "cheque": {"currency": "USD", "min": 7_100_000, "max": 41_300_000},
        });
        stage.edit(Who::Gul, &mandate, cheque).await.expect(200);
        let round = json!({
            "deal_intents": ["equity_abroad", "pilot_poc"],
            "round": {"currency": "USD", "target": 35_700_000},
        });
        stage.edit(Who::Dana, &profile, round).await.expect(200);
        let matched = stage.released().await;
        let whole = stage.get(Who::Curator, &matched).await;
        assert!(whole.text.contains("413"), "{}", whole.text);
        let interested = json!({"action": "interested"});
        stage.go(Who::Gul, &matched, interested).await.expect(200);
        let seen = stage.get(Who::Dana, &matched).await;
        for figure in ["7100000", "41300000", "71,000", "413,000", "413"] {
            assert!(!seen.text.contains(figure), "{figure} in {}", seen.text);
        }
        let seen = seen.expect(200);
        assert_eq!(seen["status"], "released");
        assert!(seen.get("investor_response").is_none(), "{seen}");

        let made = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        let introduction = made.location.clone().unwrap();
        let yes = json!({"action": "accept", "note": "Only with a board seat."});
        stage.go(Who::Gul, &introduction, yes).await.expect(200);
        let told = stage.get(Who::Dana, &introduction).await;
        assert!(!told.text.contains("board seat"), "{}", told.text);
        assert!(told.expect(200).get("answers").is_none());
        let known = stage.get(Who::Curator, &introduction).await;
        assert!(known.text.contains("board seat"), "{}", known.text);
    });
}

/// Rankings wait for each other, and nothing else waits for them.
#[test]
fn a_ranking_waits_for_its_place_and_holds_nobody_up() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let places = &stage.context.rankings;
        let all = u32::try_from(places.available_permits()).unwrap();
        let taken = places.acquire_many(all).await.unwrap();
        let path = format!("/v1/matches?startup={}", stage.profile.id);
        let mut ranking = Box::pin(stage.get(Who::Curator, &path));
        let early = tokio::time::timeout(Duration::from_millis(300), &mut ranking).await;
        assert!(early.is_err(), "it has no place yet");
        assert_eq!(
            stage.get(Who::Curator, "/v1/introductions").await.status,
            200
        );
        drop(taken);
        assert_eq!(ranking.await.status, 200);
    });
}
