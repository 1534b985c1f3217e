//! Investor profiles: from a draft to a published one, its review, its
//! versions, and who may say what.

use chrono::TimeDelta;
use corridor::jobs::clock;
use serde_json::{Value, json};

use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

/// A profile with every field.
pub fn whole() -> Value {
    json!({
        "type": "family_office",
        "residence": "AZ",
        "about": {
            "en": {"text": "Patient money from Baku for water and food."},
            "az": {"text": "Bakıdan su və qida üçün səbirli sərmayə."},
        },
        "assets": "10m_50m",
        "portfolio": [{
            "name": "Araz Suvarma",
            "tags": ["water_loss"],
            "date": "2023-05-01",
            "amount": {"amount_minor": 50_000_000, "currency": "USD"},
        }],
        "languages": ["az", "en"],
        "accreditation": {"status": "claimed", "basis": "Law 590-IIIQ", "valid_to": "2027-12-31"},
    })
}

/// A profile that was let through and not shown yet.
pub async fn approved(stage: &Stage) -> String {
    let location = draft(stage).await;
    for (who, action) in [
        (Who::Gul, "submit"),
        (Who::Curator, "claim"),
        (Who::Curator, "approve"),
    ] {
        let action = json!({ "action": action });
        stage.go(who, &location, action).await.expect(200);
    }
    location
}

pub async fn draft(stage: &Stage) -> String {
    let made = stage.post(Who::Gul, "/v1/investor-profiles", whole()).await;
    let location = made.location.clone().unwrap_or_default();
    made.expect(201);
    location
}

fn pointers(faults: &Value) -> Vec<&str> {
    let faults = faults.as_array().into_iter().flatten();
    faults.map(|it| it["pointer"].as_str().unwrap()).collect()
}

/// What it said is kept, and how that differs.
async fn told_apart(stage: &Stage, location: &str) {
    let versions = stage
        .get(Who::Gul, &format!("{location}/versions"))
        .await
        .expect(200);
    assert_eq!(versions["items"].as_array().unwrap().len(), 3);
    let changes = format!("{location}/versions/3/changes");
    let changes = stage.get(Who::Gul, &changes).await.expect(200);
    assert_eq!(changes["changes"][0]["pointer"], "/about/en/text");
    let first = stage
        .get(Who::Gul, &format!("{location}/versions/2"))
        .await
        .expect(200);
    assert_eq!(first["document"]["assets"], "10m_50m");
}

#[test]
fn an_investor_says_who_it_is_and_is_reviewed() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let empty = stage
            .post(Who::Gul, "/v1/investor-profiles", json!({}))
            .await;
        let location = empty.location.clone().unwrap();
        assert_eq!(empty.expect(201)["status"], "draft");
        // A firm has one.
        let second = stage.post(Who::Gul, "/v1/investor-profiles", whole()).await;
        assert_eq!(second.code(409), "profile_exists");
        let open = stage
            .get(Who::Gul, &format!("{location}/transitions"))
            .await
            .expect(200);
        assert_eq!(open["available"][0]["action"], "submit");
        assert_eq!(
            pointers(&open["available"][0]["blocked_by"]["missing"]),
            [
                "#/type",
                "#/residence",
                "#/about/en",
                "#/assets",
                "#/languages"
            ]
        );
        let filled = stage.edit(Who::Gul, &location, whole()).await;
        assert_eq!(filled.etag.as_deref(), Some("\"v2\""));
        let filled = filled.expect(200);
        for (field, value) in whole().as_object().unwrap() {
            if field != "about" {
                assert_eq!(filled[field], *value, "{field}");
            }
        }
        assert_eq!(filled["about"]["az"]["state"], "original");

        let act = |action: &str| json!({"action": action});
        let sent = stage
            .go(Who::Gul, &location, act("submit"))
            .await
            .expect(200);
        assert_eq!(sent["status"], "submitted");
        let work = stage.get(Who::Curator, "/v1/worklist").await.expect(200);
        let items = work["items"].as_array().unwrap();
        let waits = |it: &&Value| it["record"]["kind"] == "investor_profile";
        assert_eq!(items.iter().filter(waits).count(), 1, "{work}");
        stage
            .go(Who::Curator, &location, act("claim"))
            .await
            .expect(200);
        let bare = stage
            .go(Who::Curator, &location, act("request_changes"))
            .await;
        assert_eq!(pointers(&bare.expect(422)["errors"]), ["#/comments"]);
        let asked = json!({
            "action": "request_changes",
            "comments": [{"pointer": "/about/en", "comment": "Which stages?"}],
        });
        let asked = stage.go(Who::Curator, &location, asked).await.expect(200);
        assert_eq!(asked["status"], "changes_requested");
        let comments = stage
            .get(Who::Gul, &format!("{location}/comments"))
            .await
            .expect(200);
        assert_eq!(comments["items"][0]["pointer"], "/about/en");
        let more = json!({"about": {"en": {"text": "Patient money from Baku, seed only."}}});
        stage.edit(Who::Gul, &location, more).await.expect(200);
        for (who, action, status) in [
            (Who::Gul, "submit", "submitted"),
            (Who::Curator, "claim", "in_review"),
            (Who::Curator, "approve", "approved"),
            (Who::Gul, "publish", "published"),
            (Who::Gul, "pause", "paused"),
            (Who::Gul, "publish", "published"),
        ] {
            let moved = stage.go(who, &location, act(action)).await.expect(200);
            assert_eq!(moved["status"], status, "{action}");
        }
        let late = stage.go(Who::Gul, &location, act("approve")).await;
        assert!(late.status == 403 || late.status == 409, "{}", late.text);
        // A live one stays whole.
        let hole = stage
            .edit(Who::Gul, &location, json!({"residence": null}))
            .await;
        assert_eq!(hole.code(409), "incomplete");

        told_apart(&stage, &location).await;

        // Half a year later it has to be confirmed.
        stage.context.clock.advance(TimeDelta::days(181));
        clock::strike(&stage.context).await.unwrap();
        let stale = stage.get(Who::Curator, &location).await.expect(200);
        assert_eq!(stale["status"], "stale");
        stage.seal().await;
        let events = stage
            .get(Who::Curator, &format!("{location}/events"))
            .await
            .expect(200);
        let kinds = events["items"].as_array().unwrap().iter();
        assert!(
            kinds
                .clone()
                .any(|it| it["kind"] == "investor_profile.became_stale")
        );
        assert!(!events.to_string().contains("Baku"), "no text in the log");
    });
}

#[test]
fn the_operator_alone_verifies_an_accreditation() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut proud = whole();
        proud["accreditation"]["status"] = json!("verified");
        let refused = stage.post(Who::Gul, "/v1/investor-profiles", proud).await;
        assert_eq!(
            pointers(&refused.expect(422)["errors"]),
            ["#/accreditation/status"]
        );
        let location = draft(&stage).await;
        let proof = json!({"accreditation": {"status": "verified"}});
        let refused = stage.edit(Who::Gul, &location, proof.clone()).await;
        assert_eq!(refused.status, 422);
        let seen = stage.edit(Who::Curator, &location, proof).await.expect(200);
        assert_eq!(seen["accredited"], true);
        // What its firm changes elsewhere leaves it, what it changes there is a
        // claim again.
        let other = stage
            .edit(Who::Gul, &location, json!({"assets": "over_1b"}))
            .await;
        assert_eq!(other.expect(200)["accreditation"]["status"], "verified");
        let basis = json!({"accreditation": {"basis": "Another law"}});
        let again = stage.edit(Who::Gul, &location, basis).await.expect(200);
        assert_eq!(again["accreditation"]["status"], "claimed");
        assert_eq!(again["accredited"], false);
    });
}

#[test]
fn investors_are_found_by_what_they_say_and_by_nobody_else() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let location = draft(&stage).await;
        for query in [
            "type=family_office",
            "type=ail%C9%99%20OFISI",
            "residence=AZ&assets=10m_50m",
            "accreditation=claimed&claimed=true&sort=-updated_at",
            "status=draft&updated_since=2026-01-01T00:00:00Z",
            "status=published,draft",
        ] {
            let list = format!("/v1/investor-profiles?{query}");
            let items = stage.get(Who::Curator, &list).await.expect(200)["items"].clone();
            assert_eq!(items.as_array().unwrap().len(), 1, "{query}");
        }
        for query in ["residence=IL", "status=published,paused", "assets=over_1b"] {
            let list = format!("/v1/investor-profiles?{query}");
            let items = stage.get(Who::Curator, &list).await.expect(200)["items"].clone();
            assert_eq!(items, json!([]), "{query}");
        }
        // By the day on which it is to be confirmed; drafts have none.
        for title in ["One", "Another"] {
            let draft = stage.post(Who::Gul, "/v1/mandates", json!({ "title": title }));
            draft.await.expect(201);
        }
        let (mut days, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/mandates?sort=reconfirm_by&limit=1{cursor}");
            let page = stage.get(Who::Curator, &path).await.expect(200);
            let item = &page["items"][0];
            days.push((item["reconfirm_by"].is_string(), item["id"].clone()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(days[0], (true, json!(stage.mandate.id.to_string())));
        assert_eq!(days.len(), 3);
        assert!(days[1..].iter().all(|(confirmed, _)| !confirmed));
        assert_ne!(days[1].1, days[2].1);
        for list in ["investor-profiles", "startup-profiles"] {
            let list = format!("/v1/{list}?sort=reconfirm_by");
            let items = stage.get(Who::Curator, &list).await.expect(200)["items"].clone();
            assert_eq!(items.as_array().unwrap().len(), 1, "{list}");
        }
        let firms = stage.get(Who::Curator, "/v1/organizations?sort=reconfirm_by");
        assert_eq!(firms.await.code(400), "bad_query");
        let bad = stage
            .get(Who::Curator, "/v1/investor-profiles?type=bank_robber")
            .await;
        assert_eq!(bad.code(400), "bad_query");
        for who in [Who::Dana, Who::Stranger] {
            assert_eq!(stage.get(who, &location).await.status, 404, "{who:?}");
            let list = format!("/v1/investor-profiles?organization={}", stage.investor.id);
            assert_eq!(stage.get(who, &list).await.status, 404, "{who:?}");
            let edited = stage
                .edit(who, &location, json!({"assets": "over_1b"}))
                .await;
            assert_eq!(edited.status, 404, "{who:?}");
        }
        let wrong = json!({
            "type": "bank_robber", "residence": "XX", "assets": "much", "languages": ["?"],
            "portfolio": [{"name": "", "tags": ["nothing_such"], "date": "May"}],
            "accreditation": {"status": "maybe"},
        });
        let refused = stage
            .post(Who::Stranger, "/v1/investor-profiles", wrong)
            .await;
        let refused = refused.expect(422);
        assert_eq!(refused["errors"].as_array().unwrap().len(), 8, "{refused}");
    });
}
