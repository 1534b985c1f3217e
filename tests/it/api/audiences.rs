//! Each gate before each audience: the operator's people read which gate says
//! no and why, a side and a partner read nothing, not even that there was
//! something.

use corridor::domain::account::Role;
use serde_json::{Value, json};

use super::match_machine::strike;
use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

/// Ways in which a gate comes to say no, once a match was shown to both.
const GATES: [&str; 11] = [
    "live",
    "scope",
    "clearance",
    "sensitivity",
    "freeze",
    "conflict",
    "exclusions",
    "deal_intent",
    "stage",
    "cheque",
    "cool_down",
];

/// Both want equity of the same size at the same stage, so that every gate
/// applies.
async fn on_equity(stage: &Stage) {
    let round = json!({
        "deal_intents": ["equity_abroad"], "stage": "seed",
        "round": {"currency": "USD", "target": 100_000_000},
    });
    let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
    stage.edit(Who::Dana, &profile, round).await.expect(200);
    let wish = json!({
        "deal_intents": ["equity_abroad"], "stages": ["seed"],
        "cheque": {"currency": "USD", "min": 20_000_000, "max": 100_000_000},
    });
    let mandate = format!("/v1/mandates/{}", stage.mandate.id);
    stage.edit(Who::Gul, &mandate, wish).await.expect(200);
}

/// Makes the gate say no, or leaves it without an answer.
async fn close(stage: &Stage, gate: &str, matched: &str) {
    let mandate = format!("/v1/mandates/{}", stage.mandate.id);
    let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
    let of_mandate = async |patch: Value| {
        stage.edit(Who::Gul, &mandate, patch).await.expect(200);
    };
    match gate {
        "live" => {
            let withdraw = json!({"action": "withdraw"});
            stage.go(Who::Gul, &mandate, withdraw).await.expect(200);
        }
        "scope" => {
            let programme = format!("/v1/programmes/{}", stage.programme.id);
            let end = json!({"action": "terminate", "reason": "It is over."});
            stage.go(Who::Curator, &programme, end).await.expect(200);
        }
        "clearance" => {
            let finding = json!({
                "organization": stage.startup.id.to_string(), "verdict": "blocked",
                "basis": "A list.", "evidence": { "reference": "Archive 7" }, "valid_to": "2027-06-30",
            });
            stage
                .post(Who::Compliance, "/v1/clearances", finding)
                .await
                .expect(201);
        }
        "sensitivity" => {
            let tags = json!({"primary_tags": ["water_loss", "cyber_commercial"]});
            stage.edit(Who::Dana, &profile, tags).await.expect(200);
        }
        "freeze" => {
            let order = json!({"scope": "country", "value": "IL", "reason": "A standing order."});
            stage
                .post(Who::Compliance, "/v1/freezes", order)
                .await
                .expect(201);
        }
        "conflict" => {
            let apart = json!({
                "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
                "reason": "A conflict of interest.",
            });
            assert_eq!(
                stage
                    .post(Who::Compliance, "/v1/blocks", apart)
                    .await
                    .status,
                204
            );
        }
        "exclusions" => of_mandate(json!({"excluded_countries": ["IL"]})).await,
        "deal_intent" => of_mandate(json!({"deal_intents": ["pilot_poc"]})).await,
        "stage" => of_mandate(json!({"stages": ["growth"]})).await,
        "cheque" => {
            let cheque =
                json!({"currency": "USD", "min": 90_000_000_000_i64, "max": 99_000_000_000_i64});
            of_mandate(json!({"cheque": cheque})).await;
        }
        "cool_down" => {
            let pass = json!({"action": "pass", "reason": "team"});
            stage.go(Who::Gul, matched, pass).await.expect(200);
        }
        other => panic!("no way to close {other}"),
    }
    strike(stage).await;
}

/// Everything that a side can ask about a match.
fn questions(stage: &Stage, matched: &str) -> Vec<String> {
    let pair = format!(
        "programme={}&startup_profile={}&mandate={}",
        stage.programme.id, stage.profile.id, stage.mandate.id
    );
    vec![
        matched.to_owned(),
        format!("{matched}/events"),
        format!("{matched}/transitions"),
        "/v1/matches".to_owned(),
        "/v1/matches?new=true".to_owned(),
        format!("/v1/matches/explain?{pair}"),
        format!("/v1/matches?startup={}", stage.profile.id),
        format!("/v1/matches?mandate={}", stage.mandate.id),
        format!("/v1/mandates/{}/digest", stage.mandate.id),
        format!("/v1/programmes/{}/exposure", stage.programme.id),
        format!("/v1/programmes/{}/releases", stage.programme.id),
        format!("/v1/programmes/{}/rematches", stage.programme.id),
    ]
}

/// A person of a partner firm.
async fn partner(stage: &Stage) -> String {
    let firm = stage.partner().await;
    let person = stage.user(Who::Stranger).id;
    let now = stage.context.now();
    let write = move |conn: &mut corridor::db::Conn| {
        corridor::db::users::insert_membership(conn, person, firm, Role::Owner, now)
    };
    stage.context.db.write(write).await.unwrap();
    firm.to_string()
}

async fn nothing_leaks(stage: &Stage, gate: &str, matched: &str) {
    let words = [
        format!("\"{gate}\""),
        "gate".to_owned(),
        "blocked".to_owned(),
        "inputs_changed".to_owned(),
        "ask_again".to_owned(),
        "conflict".to_owned(),
        "standing order".to_owned(),
        "verdict".to_owned(),
        "needs_review".to_owned(),
        "ruled_out".to_owned(),
    ];
    for who in [Who::Dana, Who::Gul, Who::Stranger] {
        for question in questions(stage, matched) {
            let told = stage.get(who, &question).await;
            assert!(
                matches!(told.status, 200 | 404),
                "{question}: {}",
                told.text
            );
            // A field of every list of transitions.
            let text = told.text.replace("blocked_by", "");
            for word in &words {
                // Its own factors bear the names of gates.
                let own = word == "\"stage\"" || word == "\"cheque\"" || word == "\"deal_intent\"";
                let shown = gate == "cool_down" && own;
                assert!(
                    shown || !text.contains(word),
                    "{gate}: {who:?} reads {word} in {question}: {}",
                    told.text
                );
            }
        }
        if gate == "cool_down" && who != Who::Stranger {
            // Who passed knows it; the other side reads on as before.
            let view = stage.get(who, matched).await.expect(200);
            let status = if who == Who::Gul {
                "passed"
            } else {
                "released"
            };
            assert_eq!(view["status"], status);
        } else {
            assert_eq!(stage.get(who, matched).await.status, 404, "{gate} {who:?}");
            let list = stage.get(who, "/v1/matches").await.expect(200);
            assert_eq!(list["items"], json!([]), "{gate} {who:?}");
        }
    }
}

/// The operator's people read the gate trace: why are these two not matched?
async fn the_operator_knows(stage: &Stage, gate: &str) {
    let pair = format!(
        "/v1/matches/explain?programme={}&startup_profile={}&mandate={}",
        stage.programme.id, stage.profile.id, stage.mandate.id
    );
    for who in [Who::Curator, Who::Compliance, Who::Auditor] {
        let account = stage.get(who, &pair).await.expect(200);
        let gates = account["gates"].as_array().unwrap();
        let trace = gates.iter().find(|trace| trace["gate"] == gate).unwrap();
        let no = ["fail", "unknown"].map(Value::from);
        assert!(no.contains(&trace["verdict"]), "{gate}: {trace}");
        let key = trace["reason"]["key"].as_str().unwrap();
        assert!(key.starts_with(&format!("gate.{gate}.")), "{gate}: {trace}");
        let sentence = trace["reason"]["sentence"].as_str().unwrap();
        assert!(!sentence.is_empty() && !sentence.contains('{'), "{trace}");
    }
}

#[test]
fn whatever_gate_closes_the_operator_reads_why_and_nobody_else_reads_that() {
    for gate in GATES {
        on_each_backend(async |database| {
            let stage = Stage::set(database).await;
            on_equity(&stage).await;
            let matched = stage.released().await;
            partner(&stage).await;
            assert_eq!(stage.get(Who::Gul, &matched).await.status, 200);
            close(&stage, gate, &matched).await;
            nothing_leaks(&stage, gate, &matched).await;
            the_operator_knows(&stage, gate).await;
        });
    }
}
