//! Walls between competitors: declared by a firm, raised by compliance, standing
//! before whoever bears the name or has its bearer in the portfolio, and unknown
//! to whom they keep away.

use corridor::db::{self, Conn};
use corridor::services::duplicates;
use diesel::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;

use super::index::ranked;
use super::stage::{Answer, INVESTOR, Stage, Who};
use crate::support::database::on_each_backend;

/// A wall of the startup's, declared by one of these; its path.
async fn declared(stage: &Stage, who: Who, name: &str, reach: &str) -> String {
    let wall = json!({ "name": name, "reach": reach, "reason": "They compete with us." });
    let path = format!("/v1/organizations/{}/walls", stage.startup.id);
    let made = stage.post(who, &path, wall).await;
    let location = made.location.clone();
    made.expect(201);
    location.unwrap()
}

/// One for the attack on every route.
pub async fn declared_by_startup(stage: &Stage) -> String {
    let wall = declared(stage, Who::Dana, "Rival Ltd", "firm").await;
    wall.rsplit('/').next().unwrap().to_owned()
}

async fn go(stage: &Stage, who: Who, wall: &str, action: &str) -> Answer {
    let body = json!({ "action": action, "reason": "So be it." });
    stage.go(who, wall, body).await
}

async fn holds(stage: &Stage, name: &str) -> String {
    let made = stage
        .post(Who::Gul, "/v1/investor-profiles", json!({}))
        .await;
    let profile = made.location.clone().unwrap();
    made.expect(201);
    let portfolio = json!({ "portfolio": [{ "name": name }] });
    let edited = stage.edit(Who::Gul, &profile, portfolio).await;
    assert_eq!(edited.status, 200, "{}", edited.text);
    profile
}

#[test]
fn a_wall_keeps_away_the_firm_of_that_name_once_compliance_raised_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        // As the service does at its start: these firms came in by the store.
        duplicates::catch_up(&stage.context).await.unwrap();
        let matched = stage.released().await;
        let first = ranked(&stage).await;
        assert_eq!(first.len(), 1);
        let seen = async |who| stage.get(who, &matched).await.status;
        let wall = declared(&stage, Who::Dana, "Xəzər Kapital MMC", "firm").await;
        // What is only declared tells its author nothing.
        for who in [Who::Dana, Who::Gul] {
            assert_eq!(seen(who).await, 200, "{INVESTOR}");
        }
        assert_eq!(stage.get(Who::Gul, &wall).await.status, 404);
        assert_eq!(go(&stage, Who::Dana, &wall, "raise").await.status, 409);
        let waiting = stage
            .get(Who::Compliance, "/v1/walls?status=declared")
            .await;
        let waiting = waiting.expect(200)["items"].as_array().unwrap().len();
        assert_eq!(waiting, 1);
        let work = stage
            .get(Who::Compliance, "/v1/worklist?kind=decide_wall")
            .await;
        let work = work.expect(200)["items"][0].clone();
        assert_eq!(work["about"], json!(["Tamar Flow", "Xəzər Kapital MMC"]));
        assert_eq!(work["links"]["self"], wall.as_str());
        assert_eq!(go(&stage, Who::Curator, &wall, "raise").await.status, 403);
        let raised = go(&stage, Who::Compliance, &wall, "raise")
            .await
            .expect(200);
        assert_eq!(raised["status"], "in_force");
        for who in [Who::Dana, Who::Gul] {
            assert_eq!(seen(who).await, 404);
        }
        assert_eq!(ranked(&stage).await, []);
        // Before whom it stands is not the firm's to read.
        let own = stage.get(Who::Dana, &wall).await.expect(200);
        assert_eq!(
            (&own["status"], &own["stands_before"]),
            (&json!("in_force"), &Value::Null)
        );
        let all = stage.get(Who::Auditor, &wall).await.expect(200);
        assert_eq!(all["stands_before"], json!([stage.investor.id.to_string()]));
        let path = format!("/v1/organizations/{}/walls", stage.startup.id);
        assert_eq!(stage.get(Who::Gul, &path).await.status, 404);

        let lifted = go(&stage, Who::Dana, &wall, "lift").await.expect(200);
        assert_eq!(lifted["status"], "lifted");
        for who in [Who::Dana, Who::Gul] {
            assert_eq!(seen(who).await, 200);
        }
        assert_eq!(ranked(&stage).await, first);
        assert_eq!(go(&stage, Who::Dana, &wall, "lift").await.status, 409);
        told(&stage, &wall).await;
    });
}

#[test]
fn a_wall_from_before_is_found_by_what_names_are_recognised_by_now() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let wall = declared(&stage, Who::Dana, "ИП Алиев Ильхам Гейдарович", "firm").await;
        go(&stage, Who::Compliance, &wall, "raise")
            .await
            .expect(200);
        let id: Uuid = wall.rsplit('/').next().unwrap().parse().unwrap();
        let found = async || {
            let look = move |conn: &mut Conn| {
                let wall = db::walls::find(conn, id)?.unwrap();
                Ok::<_, db::Error>(db::walls::found_by(conn, &wall.keys())?.len())
            };
            stage.context.db.read(look).await.unwrap()
        };
        assert_eq!(found().await, 1);
        let forget = |conn: &mut Conn| {
            diesel::sql_query("DELETE FROM wall_keys").execute(conn)?;
            diesel::sql_query("UPDATE organization_faces SET folding = 0").execute(conn)?;
            Ok::<_, db::Error>(())
        };
        stage.context.db.write(forget).await.unwrap();
        assert_eq!(found().await, 0);
        let firms = duplicates::catch_up(&stage.context).await.unwrap();
        assert!(firms > 0);
        assert_eq!(found().await, 1);
    });
}

/// What became of a wall is told to its firm, and to nobody whom it keeps away.
async fn told(stage: &Stage, wall: &str) {
    stage.seal().await;
    let path = format!("{wall}/events");
    for who in [Who::Gul, Who::Stranger] {
        assert_eq!(stage.get(who, &path).await.status, 404, "{who:?}");
    }
    let kinds = |told: &Value| -> Vec<String> {
        let items = told["items"].as_array().unwrap().iter();
        let kinds = items.map(|it| it["kind"].as_str().unwrap().to_owned());
        kinds.collect()
    };
    let own = stage.get(Who::Dana, &path).await.expect(200);
    let declared = ["declared", "raised", "lifted"].map(|it| format!("organization.wall_{it}"));
    assert_eq!(kinds(&own), declared);
    let raised = json!({ "reach": "firm", "status": "in_force" });
    assert_eq!(own["items"][1]["payload"], raised);
    assert!(own["items"][1]["actor"]["id"].is_null());
    let all = stage.get(Who::Auditor, &path).await.expect(200);
    let stands = "organization.wall_stands".to_owned();
    assert!(kinds(&all).contains(&stands), "{all}");
}

#[test]
fn a_wall_stands_before_whoever_takes_the_rival_into_the_portfolio() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let first = ranked(&stage).await;
        // Compliance's own stands at once, and the firm reads nothing of it.
        let wall = declared(&stage, Who::Compliance, "Rival Water Ltd", "portfolio").await;
        for path in [&wall, &format!("{wall}/events")] {
            assert_eq!(stage.get(Who::Dana, path).await.status, 404, "{path}");
        }
        let path = format!("/v1/organizations/{}/walls", stage.startup.id);
        let read = stage.get(Who::Dana, &path).await.expect(200);
        assert_eq!(read["items"], json!([]));
        assert_eq!(ranked(&stage).await, first);
        let profile = holds(&stage, "RIVAL WATER").await;
        assert_eq!(ranked(&stage).await, []);
        // It is not taken down by taking the rival out again.
        let hold = async |portfolio: Value| {
            let portfolio = json!({ "portfolio": portfolio });
            let edited = stage.edit(Who::Gul, &profile, portfolio).await;
            assert_eq!(edited.status, 200, "{}", edited.text);
        };
        hold(json!([])).await;
        assert_eq!(ranked(&stage).await, []);
        let alone = go(&stage, Who::Compliance, &wall, "lift").await;
        assert_eq!(alone.code(409), "second_person_needed");
        go(&stage, Who::SecondCompliance, &wall, "lift")
            .await
            .expect(200);
        assert_eq!(ranked(&stage).await, first);
        // One that comes later finds it there.
        hold(json!([{ "name": "Rival Water" }])).await;
        declared(&stage, Who::Compliance, "Rival Water Ltd", "portfolio").await;
        assert_eq!(ranked(&stage).await, []);
    });
}
