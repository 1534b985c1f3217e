//! What is erased of firms, by whom, what goes with it and what stays; and what
//! the law wants kept.

use corridor::domain::ids::OrganizationId;
use corridor::services::export_jobs::work;
use serde_json::{Value, json};
use uuid::Uuid;

use super::documents::files::pdf;
use super::documents::{TITLE, deck, deck_form, path_of, upload};
use super::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

/// Words that stand in a profile and nowhere else.
const SECRET: &str = "Quokkawater";

fn erase() -> Value {
    json!({ "action": "erase" })
}

/// Places a legal hold on a firm; its id.
pub async fn held(stage: &Stage, firm: OrganizationId) -> String {
    let hold = json!({ "organization": firm.to_string(), "reason": "Court file 2026/117." });
    let made = stage.post(Who::Compliance, "/v1/legal-holds", hold).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

/// What of a record is open to somebody, and what stands in the way of it.
async fn open_to(stage: &Stage, who: Who, record: &str, action: &str) -> Option<Value> {
    let open = stage.get(who, &format!("{record}/transitions")).await;
    let open = open.expect(200)["available"].as_array().unwrap().clone();
    let found = open.into_iter().find(|it| it["action"] == action);
    found.map(|it| it["blocked_by"]["code"].clone())
}

/// A file of everything that a firm has, fetched by one of its people.
async fn exported(stage: &Stage, who: Who, firm: OrganizationId) -> String {
    let wanted = json!({
        "kind": "organization", "format": "ndjson", "organization": firm.to_string(),
    });
    let made = stage.post(who, "/v1/exports", wanted).await;
    let export = made.location.clone().unwrap_or_default();
    made.expect(201);
    let holder = Uuid::now_v7();
    while work::work(&stage.context, holder).await.expect("works") {}
    export
}

/// Answers whatever the API says of a startup's profile, in one text.
async fn all_that_is_said(stage: &Stage, profile: &str) -> String {
    let mut said = String::new();
    for who in [Who::Dana, Who::Curator, Who::Compliance] {
        for part in [
            "",
            "/versions",
            "/versions/1",
            "/versions/2",
            "/versions/2/changes",
            "/comments",
            "/events",
        ] {
            let answer = stage.get(who, &format!("{profile}{part}")).await;
            said.push_str(&answer.text);
        }
        let documents = stage.get(who, "/v1/documents").await;
        said.push_str(&documents.text);
    }
    said
}

async fn lifted(stage: &Stage, hold: &str) {
    let path = format!("/v1/legal-holds/{hold}");
    assert_eq!(
        open_to(stage, Who::Compliance, &path, "lift").await,
        Some(Value::Null)
    );
    assert_eq!(open_to(stage, Who::Curator, &path, "lift").await, None);
    let lift = json!({ "action": "lift", "reason": "The court has spoken." });
    let refused = stage.go(Who::Curator, &path, lift.clone()).await;
    assert_eq!(refused.status, 403);
    let over = stage
        .go(Who::Compliance, &path, lift.clone())
        .await
        .expect(200);
    assert!(over["lifted_at"].is_string());
    let again = stage.go(Who::Compliance, &path, lift).await;
    assert_eq!(again.code(409), "transition_not_allowed");
    let list = "/v1/legal-holds?lifted=false";
    let list = stage.get(Who::Auditor, list).await.expect(200);
    assert_eq!(list["items"], json!([]));
    stage.seal().await;
    let events = stage.get(Who::Auditor, &format!("{path}/events")).await;
    let events = events.expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 2);
    assert!(!events.to_string().contains("court"));
}

#[test]
fn what_a_startup_said_is_erased_by_compliance_unless_the_law_wants_it_kept() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let firm = stage.startup.id;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let said = json!({ "summary": { "en": { "text": format!("{SECRET} from the air.") } } });
        stage.edit(Who::Dana, &profile, said).await.expect(200);
        let paper = deck(&stage).await;
        let paper = path_of(&paper);
        let introduction = stage.introduction(Who::Gul).await;
        let export = exported(&stage, Who::Dana, firm).await;
        let file = stage.get(Who::Dana, &format!("{export}/file")).await;
        assert!(file.text.contains(SECRET));
        let find = format!("/v1/startup-profiles?q={SECRET}");
        let found = stage.get(Who::Curator, &find).await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1);

        let hold = held(&stage, firm).await;
        for (record, action) in [(&profile, erase()), (&paper, erase())] {
            let who = if *record == paper {
                Who::Dana
            } else {
                Who::Compliance
            };
            let blocked = open_to(&stage, who, record, "erase").await;
            assert_eq!(blocked, Some(json!("legal_hold")), "{record}");
            let refused = stage.go(who, record, action).await;
            assert_eq!(refused.code(409), "legal_hold");
        }
        lifted(&stage, &hold).await;
        for who in [Who::Dana, Who::Curator] {
            assert_eq!(open_to(&stage, who, &profile, "erase").await, None);
            let refused = stage.go(who, &profile, erase()).await;
            assert_eq!(refused.status, 403, "{}", refused.text);
        }

        let gone = stage.go(Who::Compliance, &profile, erase()).await;
        let gone = gone.expect(200);
        assert_eq!(gone["status"], "erased");
        assert_eq!(gone["summary"], json!({}));
        let again = stage.go(Who::Compliance, &profile, erase()).await;
        assert_eq!(again.code(409), "transition_not_allowed");
        stage.seal().await;
        let left = all_that_is_said(&stage, &profile).await;
        assert!(left.contains("startup_profile.erased"));
        assert!(!left.contains(SECRET) && !left.contains(TITLE), "{left}");
        let found = stage.get(Who::Curator, &find).await.expect(200);
        assert_eq!(found["items"], json!([]));
        let file = stage.get(Who::Dana, &format!("{export}/file")).await;
        assert!(file.status >= 400, "{}", file.text);
        let bytes = stage.get(Who::Dana, &format!("{paper}/file")).await;
        assert!(bytes.status >= 400, "{}", bytes.text);
        let ended = stage.get(Who::Curator, &introduction).await.expect(200);
        assert_eq!(ended["status"], "withdrawn");
        // Nothing comes of it any more.
        let edit = stage.edit(Who::Dana, &profile, json!({ "team_size": 9 }));
        assert_eq!(edit.await.code(409), "transition_not_allowed");
        let more = deck_form(&pdf("another deck"));
        let refused = upload(&stage, &more).await;
        assert_eq!(refused.code(409), "transition_not_allowed");
        let anew = exported(&stage, Who::Dana, firm).await;
        let anew = stage.get(Who::Dana, &format!("{anew}/file")).await;
        assert!(anew.text.contains("erased") && !anew.text.contains(SECRET));
    });
}

#[test]
fn what_an_investor_said_and_wanted_is_erased_alike() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let about = super::investors::approved(&stage).await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let title = json!({ "title": SECRET });
        stage.edit(Who::Gul, &mandate, title).await.expect(200);
        let introduction = stage.introduction(Who::Dana).await;
        let hold = held(&stage, stage.investor.id).await;
        for record in [&about, &mandate] {
            let refused = stage.go(Who::Compliance, record, erase()).await;
            assert_eq!(refused.code(409), "legal_hold");
        }
        lifted(&stage, &hold).await;
        for record in [&about, &mandate] {
            let refused = stage.go(Who::Gul, record, erase()).await;
            assert_eq!(refused.status, 403);
            let stale = stage
                .request(Who::Compliance, "POST", &format!("{record}/transitions"))
                .header("If-Match", "\"v99\"")
                .json(&erase());
            assert_eq!(stale.send().await.unwrap().status(), 412);
            let gone = stage.go(Who::Compliance, record, erase()).await;
            assert_eq!(gone.expect(200)["status"], "erased");
            for part in ["", "/versions/1", "/versions/2", "/events"] {
                let left = stage.get(Who::Compliance, &format!("{record}{part}")).await;
                let left: Answer = left;
                assert!(!left.text.contains(SECRET), "{}", left.text);
                assert!(!left.text.contains("Araz Suvarma"), "{}", left.text);
            }
        }
        let ended = stage.get(Who::Curator, &introduction).await.expect(200);
        assert_eq!(ended["status"], "withdrawn");
        let list = "/v1/mandates?status=erased";
        let list = stage.get(Who::Curator, list).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        // A firm has one profile, and begins anew.
        let anew = stage
            .post(Who::Gul, "/v1/investor-profiles", super::investors::whole())
            .await;
        assert_eq!(anew.expect(201)["status"], "draft");
    });
}
