//! The match index behind the ranking: a write is in the next answer, and the
//! answers are those of brute force whatever was written.

use corridor::domain::ids::MandateId;
use corridor::matching::reference::Filter;
use corridor::services::Error;
use corridor::services::matches::Query;
use corridor::services::ranking::{Ground, by_brute_force};
use serde_json::{Value, json};

use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

/// Pairs of the ranking in order, each with its score and confidence.
pub(super) type Lines = Vec<(String, i64, i64)>;

/// What the service answers for the startup.
pub(super) async fn ranked(stage: &Stage) -> Lines {
    let path = format!("/v1/matches?startup={}&limit=50", stage.profile.id);
    lines(&stage.get(Who::Curator, &path).await.expect(200))
}

fn lines(ranking: &Value) -> Lines {
    let items = ranking["items"].as_array().unwrap().iter();
    let line = |item: &Value| {
        let told = &item["explanation"];
        let investor = item["mandate"].as_str().unwrap().to_owned();
        let number = |name: &str| told[name].as_i64().unwrap();
        (investor, number("score"), number("confidence"))
    };
    items.map(line).collect()
}

/// The same by brute force over the store.
pub(super) async fn specified(stage: &Stage) -> Lines {
    let (context, programme, id) = (stage.context.clone(), stage.programme.id, stage.profile.id);
    let told = stage.context.db.read(move |conn| {
        let ground = Ground::load(&context, conn, programme)?;
        let (query, all) = (Query::Startup(id), Filter::default());
        by_brute_force(&context, conn, &ground, query, 50, &all)
    });
    let told: Result<Vec<_>, Error> = told.await;
    let line = |one: &corridor::domain::scoring::Explanation| {
        (one.mandate.0.to_string(), one.score, one.confidence)
    };
    told.unwrap().iter().map(line).collect()
}

/// Another mandate of the investor, published and admitted; its path.
async fn another(stage: &Stage, stages: &[&str], tags: &Value) -> String {
    let content = json!({
        "title": "Second fund",
        "deal_intents": ["equity_abroad", "pilot_poc"],
        "stages": stages,
        "tags": tags,
    });
    let made = stage.post(Who::Gul, "/v1/mandates", content).await;
    let path = made.location.clone();
    let made = made.expect(201);
    let path = path.unwrap();
    let publish = json!({ "action": "publish" });
    stage.go(Who::Gul, &path, publish).await.expect(200);
    let id: MandateId = made["id"].as_str().unwrap().parse().unwrap();
    let admit = format!("/v1/programmes/{}/admissions", stage.programme.id);
    let body = json!({ "mandate": id.to_string() });
    let admitted = stage.post(Who::Curator, &admit, body).await;
    assert!(admitted.status < 300, "{admitted:?}");
    path
}

#[test]
fn a_write_is_in_the_next_answer() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let first = ranked(&stage).await;
        assert_eq!(first.len(), 1);
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        for _ in 0..5 {
            let pause = json!({ "action": "pause" });
            stage.go(Who::Gul, &mandate, pause).await.expect(200);
            assert_eq!(ranked(&stage).await, []);
            let publish = json!({ "action": "publish" });
            stage.go(Who::Gul, &mandate, publish).await.expect(200);
            assert_eq!(ranked(&stage).await, first);
        }
        let second = another(&stage, &["seed"], &json!({ "water": 2 })).await;
        assert_eq!(ranked(&stage).await.len(), 2);
        let withdraw = json!({ "action": "withdraw" });
        stage.go(Who::Gul, &second, withdraw).await.expect(200);
        assert_eq!(ranked(&stage).await, first);
    });
}

#[test]
fn what_compliance_decides_is_in_the_next_answer() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let first = ranked(&stage).await;
        let freeze = json!({ "scope": "country", "value": "AZ", "reason": "War" });
        let frozen = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        let freeze = format!("/v1/freezes/{}", frozen.expect(201)["id"].as_str().unwrap());
        assert_eq!(ranked(&stage).await, []);
        for who in [Who::Compliance, Who::SecondCompliance] {
            let lift = json!({"action": "lift", "reason": "It is over."});
            stage.go(who, &freeze, lift).await.expect(200);
        }
        assert_eq!(ranked(&stage).await, first);
        let verdict = |verdict: &str| {
            json!({
                "organization": stage.investor.id.to_string(),
                "verdict": verdict,
                "basis": "EU list", "evidence": { "reference": "Archive 7" },
                "valid_to": "2027-06-01",
            })
        };
        let path = "/v1/clearances";
        let blocked = stage.post(Who::Compliance, path, verdict("blocked")).await;
        blocked.expect(201);
        assert_eq!(ranked(&stage).await, []);
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        super::holding::settled(&stage, stage.investor.id, &mandate).await;
        assert_eq!(ranked(&stage).await, first);
        let pair = [stage.startup.id.to_string(), stage.investor.id.to_string()];
        let block = json!({ "organizations": pair, "reason": "Former partners" });
        let answer = stage.post(Who::Compliance, "/v1/blocks", block).await;
        assert_eq!(answer.status, 204);
        assert_eq!(ranked(&stage).await, []);
    });
}

#[test]
fn the_index_answers_like_brute_force_whatever_is_written() {
    const STAGES: [&[&str]; 4] = [&["seed"], &["pre_seed", "seed"], &["series_a"], &[]];
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut paths = vec![format!("/v1/mandates/{}", stage.mandate.id)];
        for (n, stages) in STAGES.iter().enumerate() {
            let tags = [json!({ "water": 3 }), json!({ "water_loss": 1 }), json!({})];
            let tags = &tags[n % tags.len()];
            let tags = if stages.is_empty() {
                &json!({ "water": 1 })
            } else {
                tags
            };
            paths.push(another(&stage, stages, tags).await);
        }
        let mut ranks = 0;
        let mut dice = 7_u32;
        for _ in 0..40 {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (place, what) = ((dice >> 8) as usize % paths.len(), dice >> 16 & 15);
            let path = &paths[place];
            let patch = match what {
                0..3 => {
                    let action = json!({ "action": "pause" });
                    stage.go(Who::Gul, path, action).await;
                    None
                }
                3..8 => {
                    let action = json!({ "action": "publish" });
                    stage.go(Who::Gul, path, action).await;
                    None
                }
                8..10 => Some(json!({ "stages": ["seed", "series_b"] })),
                10..12 => Some(json!({
                    "excluded_tags": ["water"], "tags": null, "stages": ["seed"],
                })),
                12..14 => Some(json!({ "excluded_tags": [], "languages": ["en"] })),
                _ => Some(json!({
                    "excluded_tags": [], "tags": { "water": 2 }, "stages": ["seed"],
                })),
            };
            if let Some(patch) = patch {
                let request = stage.request(Who::Gul, "PATCH", path);
                let request = request.header("If-Match", "*");
                let request = request.header("Content-Type", "application/merge-patch+json");
                let answer = request.body(patch.to_string()).send().await.unwrap();
                assert_eq!(answer.status(), 200, "{patch}");
            }
            let found = ranked(&stage).await;
            assert_eq!(found, specified(&stage).await);
            ranks += found.len();
        }
        assert!(ranks > 40, "only {ranks} matches were compared");
    });
}
