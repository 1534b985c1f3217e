//! Firms that curators make, and those that say something else of themselves.

use corridor::domain::ids::OrganizationId;
use corridor::domain::text::Website;
use serde_json::{Value, json};

use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

fn firm(name: &str) -> Value {
    json!({ "kind": "startup", "legal_name": name, "country": "IL" })
}

async fn verdict(stage: &Stage, id: OrganizationId) -> Value {
    let path = format!("/v1/organizations/{id}/clearances");
    let all = stage.get(Who::Compliance, &path).await.expect(200);
    all["items"].as_array().unwrap().last().unwrap()["verdict"].clone()
}

async fn names(stage: &Stage, query: &str) -> Vec<String> {
    let path = format!("/v1/startup-profiles?q={query}");
    let found = stage.get(Who::Curator, &path).await.expect(200);
    let items = found["items"].as_array().unwrap().iter();
    items
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_web_site_that_reads_as_another_is_refused_unless_it_was_there_before() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = format!("/v1/organizations/{}", stage.startup.id);
        let cyrillic = "https://аррӏе.com";
        let refused = stage.edit(Who::Dana, &path, json!({ "website": cyrillic }));
        let refused = refused.await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "#/website", "{refused:#}");
        let ascii = json!({ "website": "https://xn--80ak6aa92e.com" });
        stage.edit(Who::Dana, &path, ascii).await.expect(200);

        let id = stage.startup.id;
        let write = stage.context.db.write(move |conn| {
            use corridor::db::organizations;
            let mut firm = organizations::find(conn, id)?.unwrap();
            firm.details.website = Website::on_record(cyrillic);
            firm.version += 1;
            assert!(organizations::update(conn, &firm)?);
            Ok::<_, corridor::services::Error>(())
        });
        write.await.unwrap();
        let other = json!({ "trade_name": "Something else" });
        let changed = stage.edit(Who::Dana, &path, other).await.expect(200);
        assert_eq!(changed["website"], cyrillic, "{changed:#}");
    });
}

#[test]
fn a_curator_makes_a_firm_and_writes_for_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let wrong = json!({
            "kind": "fund", "legal_name": "", "country": "XX", "website": "no address",
            "names": { "zz-": "Нил" },
        });
        let refused = stage.post(Who::Curator, "/v1/organizations", wrong).await;
        assert!(refused.expect(422)["errors"].as_array().unwrap().len() > 3);
        let mut operator = firm("Second Operator");
        operator["kind"] = json!("operator");
        let refused = stage
            .post(Who::Curator, "/v1/organizations", operator)
            .await;
        assert_eq!(refused.status, 422);
        for who in [Who::Compliance, Who::Auditor] {
            let refused = stage.post(who, "/v1/organizations", firm("Nil")).await;
            assert_eq!(refused.status, 403);
        }
        for who in [Who::Dana, Who::Gul] {
            let refused = stage.post(who, "/v1/organizations", firm("Nil")).await;
            assert_eq!(refused.status, 404);
        }
        let made = stage
            .post(Who::Curator, "/v1/organizations", firm("Nil Water"))
            .await;
        let (path, etag) = (made.location.clone().unwrap(), made.etag.clone());
        let made = made.expect(201);
        let found = stage.get(Who::Curator, &path).await;
        assert_eq!(
            (found.etag.clone(), found.expect(200)),
            (etag, made.clone())
        );
        let draft = json!({ "organization": made["id"], "stage": "seed" });
        let draft = stage
            .post(Who::Curator, "/v1/startup-profiles", draft)
            .await;
        assert_eq!(draft.expect(201)["organization"], made["id"]);
        // Another record of a firm is found as by registering.
        let twin = stage
            .post(Who::Curator, "/v1/organizations", firm("Nil Water Ltd"))
            .await;
        twin.expect(201);
        let found = stage.get(Who::Curator, "/v1/duplicates").await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_firm_changes_what_it_says_of_itself() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = format!("/v1/organizations/{}", stage.startup.id);
        let before = stage.get(Who::Dana, &path).await;
        let etag = before.etag.clone().unwrap();
        // A spelling and a web site are no other firm.
        let spelt = json!({ "names": { "he": "תמר פלו" }, "website": "https://tamarflow.example" });
        let request = stage
            .request(Who::Dana, "PATCH", &path)
            .header("If-Match", &etag)
            .header("Content-Type", "application/merge-patch+json")
            .body(spelt.to_string());
        let changed = super::stage::Answer::of(request.send().await.unwrap()).await;
        assert_ne!(changed.etag.as_deref(), Some(etag.as_str()));
        assert_eq!(changed.expect(200)["names"]["he"], "תמר פלו");
        assert_eq!(verdict(&stage, stage.startup.id).await, "clear");
        let same = stage.edit(Who::Dana, &path, spelt.clone()).await;
        assert_eq!(same.etag, stage.get(Who::Dana, &path).await.etag);
        let stale = stage
            .request(Who::Dana, "PATCH", &path)
            .header("If-Match", &etag)
            .header("Content-Type", "application/merge-patch+json")
            .body(spelt.to_string());
        assert_eq!(stale.send().await.unwrap().status(), 412);
        let wrong = json!({ "legal_name": null, "country": "XX", "website": "x" });
        let wrong = stage.edit(Who::Dana, &path, wrong).await.expect(422);
        let faults = wrong["errors"].as_array().unwrap().iter();
        let pointers: Vec<&Value> = faults.map(|it| &it["pointer"]).collect();
        assert_eq!(pointers, ["#/legal_name", "#/country", "#/website"]);
        let kind = stage
            .edit(Who::Dana, &path, json!({ "kind": "investor" }))
            .await;
        assert_eq!(kind.status, 422);
        for (who, status) in [(Who::Gul, 404), (Who::Compliance, 403), (Who::Auditor, 403)] {
            let refused = stage.edit(who, &path, json!({ "country": "AZ" })).await;
            assert_eq!(refused.status, status, "{who:?}");
        }
    });
}

#[test]
fn another_name_is_found_and_looked_at_again_and_records_go_where_the_firm_goes() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = format!("/v1/organizations/{}", stage.startup.id);
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let renamed = json!({ "legal_name": "Carmel Springs Ltd", "trade_name": "Carmel Springs" });
        stage.edit(Who::Curator, &path, renamed).await.expect(200);
        assert_eq!(verdict(&stage, stage.startup.id).await, "review");
        assert_eq!(
            names(&stage, "carmel").await,
            [stage.profile.id.to_string()]
        );
        assert!(names(&stage, "tamar").await.is_empty());
        let work = stage.get(Who::Compliance, "/v1/worklist").await;
        assert!(work.text.contains("renew_clearance"), "{}", work.text);
        let moved = json!({ "country": "GE" });
        stage.edit(Who::Dana, &path, moved).await.expect(200);
        let seen = stage.get(Who::Dana, &profile).await.expect(200);
        assert_eq!(seen["country"], "GE");
        assert_eq!(seen["status"], "published");
        stage.seal().await;
        let events = stage.get(Who::Dana, &format!("{path}/events")).await;
        assert!(
            events.text.contains("organization.changed"),
            "{}",
            events.text
        );
        assert!(!events.text.contains("material_change"), "{}", events.text);
        // What was let through goes on being so until it changes again.
        let mandate = format!("/v1/organizations/{}", stage.investor.id);
        let numbers = json!({ "identifiers": { "az_voen": "1234567891" } });
        let put = stage
            .request(Who::Gul, "PUT", &format!("{mandate}/identifiers"))
            .header("If-Match", "*")
            .json(&numbers);
        assert_eq!(put.send().await.unwrap().status(), 200);
        assert_eq!(verdict(&stage, stage.investor.id).await, "review");
    });
}

#[test]
fn nobody_leaves_a_freeze_by_saying_that_they_are_elsewhere() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = format!("/v1/organizations/{}", stage.investor.id);
        let freeze = json!({ "scope": "country", "value": "AZ", "reason": "A test" });
        let freeze = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        freeze.expect(201);
        let moved = json!({ "country": "GE" });
        let refused = stage.edit(Who::Gul, &path, moved.clone()).await;
        assert_eq!(refused.code(409), "operator_needed");
        let named = json!({ "trade_name": "Khazar" });
        stage.edit(Who::Gul, &path, named).await.expect(200);
        let done = stage.edit(Who::Curator, &path, moved).await;
        assert_eq!(done.expect(200)["country"], "GE");
        assert_eq!(verdict(&stage, stage.investor.id).await, "review");
    });
}
