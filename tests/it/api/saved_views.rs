//! Saved views, and how many a list has.

use serde_json::{Value, json};

use super::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

fn water(name: &str) -> Value {
    json!({
        "name": name,
        "list": "startup-profiles",
        "query": "tag=water&stage=seed&sort=-updated_at",
    })
}

async fn save(stage: &Stage, who: Who, view: Value) -> String {
    let made = stage.post(who, "/v1/saved-views", view).await;
    let location = made.location.clone().unwrap_or_default();
    made.expect(201);
    location
}

async fn delete(stage: &Stage, who: Who, view: &str) -> Answer {
    let request = stage.request(who, "DELETE", view).header("If-Match", "*");
    Answer::of(request.send().await.unwrap()).await
}

#[test]
fn a_view_is_its_owners_and_leads_to_its_list() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let view = save(&stage, Who::Dana, water("Mine")).await;
        let seen = stage.get(Who::Dana, &view).await.expect(200);
        let href = seen["href"].as_str().unwrap();
        assert_eq!(
            href,
            "/v1/startup-profiles?tag=water&stage=seed&sort=-updated_at"
        );
        stage.get(Who::Dana, href).await.expect(200);
        for who in [Who::Gul, Who::Curator, Who::Auditor] {
            assert_eq!(stage.get(who, &view).await.status, 404, "{who:?}");
            let edited = stage.edit(who, &view, json!({"name": "Theirs"})).await;
            assert_eq!(edited.status, 404, "{who:?}");
            assert_eq!(delete(&stage, who, &view).await.status, 404, "{who:?}");
            let all = stage.get(who, "/v1/saved-views").await.expect(200);
            assert_eq!(all["items"], json!([]), "{who:?}");
        }
        // By the list's own parameters, all that is wrong at once.
        for (list, query, count) in [
            ("startup-profiles", "colour=red", 1),
            ("startup-profiles", "tag=nothing_such", 1),
            ("startup-profiles", "limit=5", 1),
            ("mandates", "sort=relevance", 1),
            ("deals", "status=maybe", 1),
            ("horses", "", 1),
        ] {
            let wrong = json!({"name": "", "list": list, "query": query});
            let refused = stage
                .post(Who::Dana, "/v1/saved-views", wrong)
                .await
                .expect(422);
            let errors = refused["errors"].as_array().unwrap();
            assert_eq!(errors.len(), count + 1, "{list} {query}: {refused}");
        }
        let renamed = stage.edit(Who::Dana, &view, json!({"name": "Ours"})).await;
        assert_eq!(renamed.etag.as_deref(), Some("\"v2\""));
        assert_eq!(delete(&stage, Who::Dana, &view).await.status, 204);
        assert_eq!(stage.get(Who::Dana, &view).await.status, 404);
    });
}

#[test]
fn a_shared_view_is_read_by_the_firm_and_changed_by_who_saved_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let me = stage.get(Who::Curator, "/v1/me").await.expect(200);
        let operator = me["memberships"][0]["organization"].clone();
        assert!(operator.is_string(), "{me}");
        let mut shared = water("For all of us");
        shared["organization"] = operator.clone();
        let view = save(&stage, Who::Curator, shared.clone()).await;
        for who in [Who::Compliance, Who::Auditor] {
            assert_eq!(
                stage.get(who, &view).await.expect(200)["name"],
                "For all of us"
            );
            let all = stage
                .get(who, "/v1/saved-views?list=startup-profiles")
                .await;
            assert_eq!(all.expect(200)["items"].as_array().unwrap().len(), 1);
            let edited = stage.edit(who, &view, json!({"name": "Mine"})).await;
            assert_eq!(edited.status, 403, "{who:?}");
            assert_eq!(delete(&stage, who, &view).await.status, 403, "{who:?}");
        }
        assert_eq!(stage.get(Who::Gul, &view).await.status, 404);
        // Not with people of another firm, and not by who only reads.
        let elsewhere = stage
            .post(Who::Gul, "/v1/saved-views", shared.clone())
            .await;
        assert_eq!(elsewhere.status, 404);
        let reader = stage.post(Who::Auditor, "/v1/saved-views", shared).await;
        assert_eq!(reader.status, 403);
        let alone = stage
            .edit(Who::Curator, &view, json!({"organization": null}))
            .await;
        alone.expect(200);
        assert_eq!(stage.get(Who::Compliance, &view).await.status, 404);
    });
}

#[test]
fn a_person_saves_so_many_and_no_more() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        for at in 0..50 {
            save(&stage, Who::Gul, water(&format!("View {at}"))).await;
        }
        let more = stage
            .post(Who::Gul, "/v1/saved-views", water("Too many"))
            .await;
        assert_eq!(more.code(409), "too_many_views");
        let page = stage
            .get(Who::Gul, "/v1/saved-views?limit=30")
            .await
            .expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), 30);
        let next = page["next_cursor"].as_str().unwrap();
        let rest = format!("/v1/saved-views?limit=30&cursor={next}");
        let rest = stage.get(Who::Gul, &rest).await.expect(200);
        assert_eq!(rest["items"].as_array().unwrap().len(), 20);
    });
}

#[test]
fn lists_count_what_the_caller_may_see_when_asked() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        stage.another_startup("Negev Sensors").await;
        let count = async |who, list: &str| {
            let page = stage.get(who, list).await.expect(200);
            page["count"].clone()
        };
        let two = json!({"value": 2, "more": false});
        let one = json!({"value": 1, "more": false});
        let list = "/v1/startup-profiles?count=true&limit=1";
        assert_eq!(count(Who::Curator, list).await, two);
        assert_eq!(count(Who::Dana, list).await, one);
        assert_eq!(
            count(Who::Curator, "/v1/startup-profiles").await,
            Value::Null
        );
        let none = "/v1/startup-profiles?count=true&tag=fintech";
        assert_eq!(count(Who::Curator, none).await["value"], 0);
        assert_eq!(count(Who::Gul, "/v1/mandates?count=true").await, one);
        assert_eq!(
            count(Who::Gul, "/v1/investor-profiles?count=true").await["value"],
            0
        );
        let firms = count(Who::Curator, "/v1/organizations?count=true&kind=startup").await;
        assert_eq!(firms, two);
    });
}
