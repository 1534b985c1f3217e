//! Pipelines in versions: drafted with every fault named, published by a person,
//! and a deal keeps the version it was opened under.

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::ids::PipelineSetId;
use corridor::domain::pipeline_set::{KeptPipelineSet, PipelineSetStatus};
use corridor::services::pipelines;
use diesel::RunQueryDsl;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::deals::opened;
use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

const SETS: &str = "/v1/pipeline-sets";

/// A draft that says what the programme runs now; its path.
async fn draft(stage: &Stage) -> String {
    let body = json!({"programme": stage.programme.id.to_string()});
    let made = stage.post(Who::Curator, SETS, body).await;
    let location = made.location.clone();
    made.expect(201);
    location.unwrap()
}

async fn publish(stage: &Stage, draft: &str) -> Value {
    let publish = json!({"action": "publish"});
    stage.go(Who::Curator, draft, publish).await.expect(200)
}

fn stage_of(slug: &str, days: u32, probability: u32) -> Value {
    json!({
        "slug": slug, "days": days, "probability_bp": probability, "side_reports": true,
        "exit_criteria": [],
    })
}

/// One pipeline for everything, shorter than those of the service.
fn short() -> Value {
    json!([{
        "slug": "equity",
        "intents": ["equity_abroad", "co_investment"],
        "stages": [
            stage_of("introduced", 3, 1_000), stage_of("talks", 7, 4_000),
            stage_of("signed", 5, 9_000), stage_of("funded", 5, 10_000),
        ],
    }])
}

fn faults(refused: &Value) -> Vec<String> {
    let errors = refused["errors"].as_array().unwrap().iter();
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
    errors
        .map(|it| format!("{} {}", text(it, "pointer"), text(it, "code")))
        .collect()
}

#[test]
fn every_fault_of_pipelines_is_named_at_once() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let programme = stage.programme.id.to_string();
        let mut odd = short();
        odd[0]["stages"][0]["days"] = json!(0);
        odd[0]["stages"][1]["slug"] = json!("introduced");
        odd[0]["stages"][2]["probability_bp"] = json!(10_001);
        let body = json!({
            "programme": programme, "pipelines": odd, "close_codes": ["other", "other"],
        });
        let refused = stage.post(Who::Curator, SETS, body).await.expect(422);
        assert_eq!(
            faults(&refused),
            [
                "#/pipelines/0/stages/0/days out_of_range",
                "#/pipelines/0/stages/1/slug named_twice",
                "#/pipelines/0/stages/2/probability_bp out_of_range",
                "#/close_codes/1 named_twice",
            ]
        );
        let mut odd = short();
        odd[0]["slug"] = json!("No Slug");
        odd[0]["stages"][0]["exit_criteria"] = json!([{
            "key": "meeting", "kind": "feeling", "role": "nobody", "label": "", "required": true,
        }]);
        let body = json!({
            "programme": "nowhere", "pipelines": odd, "close_codes": ["bored"],
        });
        let refused = stage.post(Who::Curator, SETS, body).await.expect(422);
        assert_eq!(
            faults(&refused),
            [
                "#/programme not_an_id",
                "#/pipelines/0/slug invalid_slug",
                "#/pipelines/0/stages/0/exit_criteria/0/kind unknown_code",
                "#/pipelines/0/stages/0/exit_criteria/0/role unknown_code",
                "#/pipelines/0/stages/0/exit_criteria/0/label not_a_label",
                "#/close_codes/0 unknown_code",
            ]
        );
        // The taxonomy has no such intent.
        let mut odd = short();
        odd[0]["intents"] = json!(["friendship"]);
        let body = json!({"programme": programme, "pipelines": odd});
        let refused = stage.post(Who::Curator, SETS, body).await.expect(422);
        assert_eq!(faults(&refused), ["#/pipelines/0/intents unknown_intent"]);
    });
}

#[test]
fn a_deal_keeps_the_version_it_was_opened_under() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        // One of the service's, opened before the programme has its own.
        let old = opened(&stage).await;
        let before = stage.get(Who::Curator, &old).await.expect(200);
        let list = stage.get(Who::Curator, SETS).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(before["pipeline_set"], list["items"][0]["id"]);
        let own = list["items"][0]["pipelines"].as_array().unwrap();
        assert_eq!(own.len(), 5, "the file's five");
        let reroute = json!({"action": "reroute", "pipeline": "equity", "reason": "A share."});
        stage.go(Who::Curator, &old, reroute).await.expect(200);

        let path = draft(&stage).await;
        let patch = json!({"pipelines": short(), "close_codes": ["valuation", "other"]});
        stage.edit(Who::Curator, &path, patch).await.expect(200);
        let published = publish(&stage, &path).await;
        assert_eq!(published["status"], "published");

        // The old one goes on as it was.
        let after = stage.get(Who::Curator, &old).await.expect(200);
        assert_eq!(after["pipeline_set"], before["pipeline_set"]);
        assert_eq!(after["stage_days"], 10);
        let report = json!({"action": "report"});
        stage.go(Who::Dana, &old, report.clone()).await.expect(200);
        let moved = stage.go(Who::Gul, &old, report).await.expect(200);
        assert_eq!(moved["stage"], "first_meeting");
        let lost = json!({"action": "lose", "code": "team"});
        stage.go(Who::Curator, &old, lost).await.expect(200);
        let again = json!({"action": "reopen", "reason": "They talk again."});
        stage.go(Who::Curator, &old, again).await.expect(200);
        // On the board stands what only its version has, where it stood there.
        let path = format!(
            "/v1/deal-board?pipeline=equity&programme={}",
            stage.programme.id
        );
        let board = stage.get(Who::Curator, &path).await.expect(200);
        let columns = board["items"].as_array().unwrap().iter();
        let stages: Vec<_> = columns.map(|it| it["stage"].as_str().unwrap()).collect();
        let (first, rest) = stages.split_first().unwrap();
        assert_eq!((*first, rest[0]), ("introduced", "first_meeting"));
        for stage in ["talks", "signed", "funded", "due_diligence"] {
            assert_eq!(
                stages.iter().filter(|it| **it == stage).count(),
                1,
                "{stage}"
            );
        }
        let open: i64 = board["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["open"].as_i64().unwrap())
            .sum();
        assert_eq!(open, 1, "no deal is left out");
        // Whoever takes it through another pipeline takes it into the present
        // version.
        let none = json!({"action": "reroute", "pipeline": "trade", "reason": "Pumps."});
        let refused = stage.go(Who::Curator, &old, none).await;
        assert_eq!(refused.code(409), "unknown_pipeline");
    });
}

#[test]
fn a_new_deal_is_opened_under_what_is_published() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = draft(&stage).await;
        let patch = json!({"pipelines": short(), "close_codes": ["valuation", "other"]});
        stage.edit(Who::Curator, &path, patch).await.expect(200);
        let published = publish(&stage, &path).await;
        let deal = opened(&stage).await;
        let seen = stage.get(Who::Curator, &deal).await.expect(200);
        assert_eq!(seen["pipeline_set"], published["id"]);
        assert_eq!(
            (&seen["stage_days"], &seen["probability"]),
            (&json!(3), &json!(1_000))
        );
        let report = json!({"action": "report"});
        stage.go(Who::Dana, &deal, report.clone()).await.expect(200);
        let moved = stage.go(Who::Gul, &deal, report).await.expect(200);
        assert_eq!(moved["stage"], "talks");
        let lost = json!({"action": "lose", "code": "team"});
        let refused = stage.go(Who::Curator, &deal, lost).await;
        assert_eq!(refused.code(409), "close_code_not_used");

        // What is published never changes; another takes its place.
        let patch = json!({"close_codes": ["other"]});
        let refused = stage.edit(Who::Curator, &path, patch).await;
        assert_eq!(refused.code(409), "not_a_draft");
        let next = draft(&stage).await;
        let copied = stage.get(Who::Curator, &next).await.expect(200);
        assert_eq!(copied["pipelines"], published["pipelines"]);
        publish(&stage, &next).await;
        let replaced = stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(replaced["status"], "retired");
        let seen = stage.get(Who::Curator, &deal).await.expect(200);
        assert_eq!(seen["pipeline_set"], published["id"], "it keeps its own");

        // What was signed is counted by the name of a stage.
        let odd = draft(&stage).await;
        let mut moved = short();
        moved[0]["stages"] = json!([
            stage_of("introduced", 3, 1_000),
            stage_of("signed", 5, 8_000),
            stage_of("talks", 5, 9_000),
            stage_of("funded", 5, 10_000),
        ]);
        let patch = json!({"pipelines": moved});
        stage.edit(Who::Curator, &odd, patch).await.expect(200);
        let refused = stage
            .go(Who::Curator, &odd, json!({"action": "publish"}))
            .await
            .expect(409);
        assert_eq!(
            faults(&refused),
            ["#/pipelines/0/stages/2/slug moved_over_signature"]
        );
        stage
            .go(Who::Curator, &odd, json!({"action": "retire"}))
            .await
            .expect(200);
        stage.seal().await;
        let told = stage
            .get(Who::Curator, &format!("{path}/events"))
            .await
            .expect(200);
        let items = told["items"].as_array().unwrap().iter();
        let kinds: Vec<_> = items.map(|it| it["kind"].clone()).collect();
        assert_eq!(
            kinds,
            [
                "pipeline_set.created",
                "pipeline_set.edited",
                "pipeline_set.published",
                "pipeline_set.retired",
            ]
        );
    });
}

#[test]
fn only_the_operators_people_know_of_pipelines() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = draft(&stage).await;
        stage.get(Who::Compliance, &path).await.expect(200);
        for who in [Who::Dana, Who::Gul] {
            stage.get(who, &path).await.expect(404);
        }
        let body = json!({"programme": stage.programme.id.to_string()});
        stage.post(Who::Compliance, SETS, body).await.expect(403);
    });
}

/// The service's own sets on record, the newest first.
async fn of_service(stage: &Stage) -> Vec<KeptPipelineSet> {
    let read = stage.context.db.read(db::pipeline_sets::of_service);
    read.await.unwrap()
}

#[test]
fn what_came_with_the_program_is_published_once_whoever_starts() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let first = of_service(&stage).await;
        assert_eq!(first.len(), 1);
        // Of an empty store, several nodes at a time.
        let empty = |conn: &mut Conn| -> db::Result<()> {
            for kept in db::pipeline_sets::of_service(conn)? {
                forget(conn, kept.id)?;
            }
            Ok(())
        };
        stage.context.db.write(empty).await.unwrap();
        assert!(of_service(&stage).await.is_empty());
        let mut nodes = JoinSet::new();
        for _ in 0..6 {
            let context = stage.context.clone();
            nodes.spawn(async move { pipelines::publish_shipped(&context).await });
        }
        for started in nodes.join_all().await {
            started.unwrap();
        }
        let kept = of_service(&stage).await;
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].set, first[0].set);

        assert_eq!(pipelines::replaced(&stage.context).await.unwrap(), None);

        // A newer program has replaced it: one of before that starts beside it
        // takes nothing back.
        let own = draft(&stage).await;
        let patch = json!({"pipelines": short(), "close_codes": ["valuation", "other"]});
        stage.edit(Who::Curator, &own, patch).await.expect(200);
        let own = own.rsplit('/').next().unwrap().parse().unwrap();
        let (context, before) = (stage.context.clone(), kept[0].clone());
        let replace = move |conn: &mut Conn| -> db::Result<()> {
            let drafted = db::pipeline_sets::find(conn, own)?.unwrap();
            let retired = KeptPipelineSet {
                status: PipelineSetStatus::Retired,
                version: before.version + 1,
                ..before
            };
            assert!(db::pipeline_sets::update(conn, &retired)?);
            let newer = KeptPipelineSet {
                id: context.new_id(),
                programme: None,
                status: PipelineSetStatus::Published,
                published_at: Some(context.now()),
                created_at: context.now() + TimeDelta::seconds(1),
                ..drafted
            };
            db::pipeline_sets::insert(conn, &newer)
        };
        stage.context.db.write(replace).await.unwrap();
        let replaced = of_service(&stage).await;
        pipelines::publish_shipped(&stage.context).await.unwrap();
        assert_eq!(of_service(&stage).await, replaced);
        // That is told of, by who looks after the service.
        let newer = pipelines::replaced(&stage.context).await.unwrap().unwrap();
        assert_eq!(newer, replaced[0]);
    });
}

fn forget(conn: &mut Conn, id: PipelineSetId) -> db::Result<()> {
    let id = id.uuid().simple();
    let sql = match conn {
        Conn::Sqlite(_) => format!("DELETE FROM pipeline_sets WHERE id = X'{id}'"),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => format!("DELETE FROM pipeline_sets WHERE id = '{id}'"),
    };
    diesel::sql_query(sql).execute(conn)?;
    Ok(())
}
