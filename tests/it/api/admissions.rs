//! Who takes part in a programme: listed, taken back, and what that ends.

use corridor::db::{self, Conn};
use serde_json::{Value, json};

use super::match_machine::strike;
use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

async fn listed(stage: &Stage, who: Who, query: &str) -> Vec<Value> {
    let path = format!("/v1/programmes/{}/admissions{query}", stage.programme.id);
    let list = stage.get(who, &path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

fn of(all: &[Value], field: &str) -> Vec<Value> {
    let with = all.iter().filter(|it| it[field].is_string());
    with.map(|it| it[field].clone()).collect()
}

const NOTHING: [Value; 0] = [];

/// Everything and by filters, page by page; firms read of their own records.
async fn lists(stage: &Stage) {
    let path = format!("/v1/programmes/{}/admissions", stage.programme.id);
    let (profile, mandate) = (
        json!(stage.profile.id.to_string()),
        json!(stage.mandate.id.to_string()),
    );
    let all = listed(stage, Who::Curator, "").await;
    assert_eq!(all.len(), 2, "{all:#?}");
    assert_eq!(of(&all, "startup_profile"), [profile]);
    assert_eq!(of(&all, "mandate"), std::slice::from_ref(&mandate));
    // Page by page over both kinds, each once.
    let first = stage.get(Who::Curator, &format!("{path}?limit=1")).await;
    let first = first.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = format!("{path}?limit=1&cursor={cursor}");
    let next = stage.get(Who::Curator, &next).await.expect(200);
    assert_ne!(first["items"], next["items"]);
    assert_eq!(next["next_cursor"], Value::Null);
    let mandates = listed(stage, Who::Curator, "?kind=mandate&status=published").await;
    assert_eq!(of(&mandates, "mandate"), [mandate]);
    assert_eq!(listed(stage, Who::Curator, "?status=draft").await, NOTHING);
    assert_eq!(
        of(&listed(stage, Who::Gul, "").await, "organization"),
        [json!(stage.investor.id.to_string())]
    );
    assert_eq!(listed(stage, Who::Stranger, "").await, NOTHING);
}

/// How many mails tell a firm that a record of its takes part no more.
async fn told(stage: &Stage) -> usize {
    let list = |conn: &mut Conn| db::outbox::list(conn, None, None, 1_000);
    let queue = stage.context.db.read(list).await.unwrap();
    let told = queue
        .iter()
        .filter(|it| it.intent_key.starts_with("news:admission_withdrawn"));
    let programme = stage.programme.id.to_string();
    told.filter(|it| it.payload.contains(&programme)).count()
}

#[test]
fn an_admission_taken_back_ends_what_was_not_sent_and_is_kept_with_its_reason() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = format!("/v1/programmes/{}/admissions", stage.programme.id);
        let (profile, mandate) = (
            json!(stage.profile.id.to_string()),
            json!(stage.mandate.id.to_string()),
        );
        lists(&stage).await;

        let introduction = stage.introduction(Who::Dana).await;
        let asked = stage.get(Who::Curator, &introduction).await.expect(200);
        let matched = format!("/v1/matches/{}", asked["match"].as_str().unwrap());
        strike(&stage).await;
        let back = format!("{path}/withdrawals");
        let body = json!({ "mandate": mandate, "reason": "It asked to leave." });
        let bare = json!({ "startup_profile": profile, "mandate": mandate, "reason": "" });
        let faults = stage.post(Who::Curator, &back, bare).await.expect(422);
        assert_eq!(faults["errors"].as_array().unwrap().len(), 2, "{faults}");
        for who in [Who::Gul, Who::Dana, Who::Compliance] {
            let refused = stage.post(who, &back, body.clone()).await;
            assert_eq!(refused.status, 403, "{who:?}");
        }
        let done = stage.post(Who::Curator, &back, body.clone()).await;
        assert_eq!(done.expect(200), json!({ "withdrawn": true }));
        let again = stage.post(Who::Curator, &back, body).await;
        assert_eq!(again.code(409), "not_admitted");
        let ended = stage.get(Who::Curator, &introduction).await.expect(200);
        assert_eq!(ended["status"], "withdrawn");
        assert_eq!(told(&stage).await, 1);
        strike(&stage).await;
        let ended = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(ended["status"], "blocked");

        let left = listed(&stage, Who::Curator, "?withdrawn=true").await;
        assert_eq!(of(&left, "reason"), [json!("It asked to leave.")]);
        assert_eq!(of(&left, "mandate"), std::slice::from_ref(&mandate));
        let own = listed(&stage, Who::Gul, "?withdrawn=true").await;
        assert!(own[0]["withdrawn_at"].is_string() && own[0]["reason"].is_null());
        let others = listed(&stage, Who::Dana, "?withdrawn=true").await;
        assert_eq!(others, NOTHING);
        let still = listed(&stage, Who::Curator, "").await;
        assert_eq!(of(&still, "mandate"), NOTHING);

        // It may come back, and nothing that ended comes with it.
        let body = json!({ "mandate": mandate });
        let anew = stage.post(Who::Curator, &path, body).await.expect(200);
        assert_eq!(anew["new"], true);
        strike(&stage).await;
        let ended = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(ended["status"], "blocked");
        let scorecard = format!("/v1/programmes/{}/scorecard", stage.programme.id);
        let admitted = async || {
            stage.seal().await;
            let card = stage.get(Who::Curator, &scorecard).await.expect(200);
            card["counts"]["mandates_admitted"].clone()
        };
        assert_eq!(admitted().await, 1);
        let body = json!({ "mandate": mandate, "reason": "Once more." });
        stage.post(Who::Curator, &back, body).await.expect(200);
        assert_eq!(admitted().await, 0);
    });
}
