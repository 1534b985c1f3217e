//! From the live ranking to a released match.

use serde_json::{Value, json};

use super::stage::{INVESTOR, STARTUP, Stage, Who};
use crate::support::database::on_each_backend;

#[test]
fn a_ranking_explains_every_gate_and_factor() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = format!("/v1/matches?startup={}", stage.profile.id);
        let ranking = stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(ranking["programme"], stage.programme.id.to_string());
        let best = &ranking["items"][0];
        assert_eq!(best["startup"]["name"], STARTUP);
        assert_eq!(best["investor"]["name"], INVESTOR);
        assert_eq!(best["on_record"], Value::Null);
        let account = &best["explanation"];
        assert_eq!(account["outcome"], "eligible");
        assert_eq!(account["gates"].as_array().unwrap().len(), 11);
        let factors = account["factors"].as_array().unwrap();
        assert_eq!(factors.len(), 11);
        for trace in account["gates"].as_array().unwrap().iter().chain(factors) {
            let sentence = trace["reason"]["sentence"].as_str().unwrap();
            assert!(!sentence.is_empty() && !sentence.contains('{'), "{trace}");
        }
        let matched = stage.matched().await;
        let again = stage.get(Who::Auditor, &path).await.expect(200);
        let on_record = &again["items"][0]["on_record"];
        assert_eq!(
            format!("/v1/matches/{}", on_record["id"].as_str().unwrap()),
            matched
        );
        assert_eq!(on_record["status"], "candidate");
        let twice = json!({
            "programme": stage.programme.id.to_string(),
            "startup_profile": stage.profile.id.to_string(),
            "mandate": stage.mandate.id.to_string(),
        });
        let twice = stage.post(Who::Curator, "/v1/matches", twice).await;
        assert_eq!(twice.code(409), "match_exists");
        let bad = format!("{path}&min_score=10001");
        assert_eq!(stage.get(Who::Curator, &bad).await.code(400), "bad_query");
    });
}

#[test]
fn a_side_sees_the_score_and_a_teaser_but_not_the_other_side() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.matched().await;
        for who in [Who::Dana, Who::Gul, Who::Stranger] {
            assert_eq!(stage.get(who, &matched).await.status, 404, "{who:?}");
        }
        let release = json!({"action": "release", "to": "both"});
        stage.go(Who::Curator, &matched, release).await.expect(200);
        stage.seal().await;
        let of_investor = [
            INVESTOR.to_owned(),
            stage.investor.id.to_string(),
            stage.mandate.id.to_string(),
            stage.user(Who::Gul).id.to_string(),
            stage.user(Who::Gul).email.to_string(),
        ];
        let of_startup = [
            STARTUP.to_owned(),
            stage.startup.id.to_string(),
            stage.profile.id.to_string(),
            stage.user(Who::Dana).id.to_string(),
            stage.user(Who::Dana).email.to_string(),
        ];
        for (who, secrets) in [(Who::Dana, of_investor), (Who::Gul, of_startup)] {
            for path in [
                matched.clone(),
                "/v1/matches".to_owned(),
                format!("{matched}/events"),
                format!("{matched}/transitions"),
            ] {
                let answer = stage.get(who, &path).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                for secret in &secrets {
                    assert!(!answer.text.contains(secret), "{who:?} {path} {secret}");
                }
            }
            let view = stage.get(who, &matched).await.expect(200);
            let account = &view["explanation"];
            assert!(account.get("gates").is_none() && account.get("rule_set").is_none());
            for factor in account["factors"].as_array().unwrap() {
                let figures = ["cheque", "evidence", "instrument_role"];
                let figures = figures.contains(&factor["factor"].as_str().unwrap());
                assert_eq!(factor.get("reason").is_none(), figures, "{factor}");
            }
            // The score is that of what is told: what isn't told can't be
            // worked out from it.
            let told: Vec<&Value> = (account["factors"].as_array().unwrap().iter())
                .filter(|factor| !factor["value"].is_null())
                .collect();
            let sum = |key: &str| told.iter().map(|it| it[key].as_i64().unwrap()).sum::<i64>();
            let (points, weights) = (sum("points"), sum("weight"));
            let score = (2 * points + weights) / (2 * weights);
            assert_eq!(account["score"], score, "{account}");
            let whole = stage.get(Who::Curator, &matched).await.expect(200);
            assert_ne!(whole["explanation"]["score"], account["score"]);
            let events = stage.get(who, &format!("{matched}/events")).await;
            assert!(!events.text.contains("score"), "{}", events.text);
            assert_eq!(view["counterpart"]["tags"][0]["slug"], "water_loss");
        }
        let teaser = stage.get(Who::Gul, &matched).await.expect(200);
        let one_liner = &teaser["counterpart"]["one_liner"];
        assert_eq!(one_liner["text"], "Finds leaks before they show.");
        assert_eq!(
            (&one_liner["lang"], &one_liner["dir"]),
            (&json!("en"), &json!("ltr"))
        );
        let foreign = format!("/v1/matches?mandate={}", stage.mandate.id);
        assert_eq!(stage.get(Who::Dana, &foreign).await.status, 404);
        let own = format!("/v1/matches?startup={}", stage.profile.id);
        let own = stage.get(Who::Dana, &own).await.expect(200);
        assert_eq!(own["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn moves_need_the_version_and_every_fault_is_named() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let path = format!("{matched}/transitions");
        let pass = json!({"action": "pass", "reason": "not_now", "to": "both"});
        let bare = stage
            .post(Who::Gul, &path, json!({"action": "interested"}))
            .await;
        assert_eq!(bare.code(428), "version_required");
        let faults = stage.go(Who::Gul, &matched, pass).await.expect(422);
        let faults = faults["errors"].as_array().unwrap();
        let pointers: Vec<_> = faults.iter().map(|fault| &fault["pointer"]).collect();
        assert_eq!(pointers, ["#/to", "#/until"]);
        let stale = stage
            .request(Who::Gul, "POST", &path)
            .header("If-Match", "\"v1\"")
            .json(&json!({"action": "interested"}));
        assert_eq!(stale.send().await.unwrap().status(), 412);
        let current = stage.get(Who::Gul, &matched).await;
        let etag = current.etag.clone().unwrap();
        let once = || {
            stage
                .request(Who::Gul, "POST", &path)
                .header("If-Match", &etag)
                .header("Idempotency-Key", "8e03978e-40d5")
                .json(&json!({"action": "interested"}))
        };
        let first: Value = once().send().await.unwrap().json().await.unwrap();
        let second: Value = once().send().await.unwrap().json().await.unwrap();
        assert_eq!(first["status"], "interested");
        assert_eq!(first, second);
    });
}
