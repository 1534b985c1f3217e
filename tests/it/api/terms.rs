//! Free text in four languages that names what somebody has to look at.

use corridor::domain::account::Role;
use serde_json::json;

use super::stage::{Stage, Who};
use crate::support::app::App;
use crate::support::builders::{create, firm, operator, whole_profile};
use crate::support::database::on_each_backend;

#[test]
fn a_profile_in_such_words_is_approved_once_compliance_agreed() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let officer = operator(&app, "Officer", &[Role::Compliance]).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let mut body = whole_profile();
        body["summary"] = json!({
            "en": { "text": "Panels, and spyware—against anti-drone systems." },
            "he": { "text": "לוחות מים והרוגלות שלנו." },
            "az": { "text": "Su panelləri və silahların satışı." },
            "ru": { "text": "Панели и оружие." },
        });
        let (path, _) = create(&tamar.owner, "/v1/startup-profiles", &body).await;
        let act = async |who: &crate::support::client::Client, action: &str| {
            who.act(&path, "*", &json!({ "action": action })).await
        };
        act(&tamar.owner, "submit").await.expect(200);
        act(&curator, "claim").await.expect(200);
        act(&curator, "approve")
            .await
            .refused(409, "compliance_needed");
        let screening = format!("{path}/screening");
        tamar.owner.get(&screening).await.refused(404, "not_found");
        let found = officer.get(&screening).await.expect(200);
        let marked: Vec<_> = found.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| {
                let text = |field: &str| hit[field].as_str().unwrap().to_owned();
                (text("pointer"), text("words"), text("tag"))
            })
            .collect();
        let expected = [
            ("/summary/az", "silahların", "weapons"),
            ("/summary/en", "spyware", "intrusion_sw"),
            ("/summary/en", "anti-drone", "counter_uas"),
            ("/summary/he", "והרוגלות", "intrusion_sw"),
            ("/summary/ru", "оружие", "weapons"),
        ]
        .map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(marked, expected);
        // The same a page at a time.
        let (mut walked, mut next) = (Vec::new(), String::new());
        loop {
            let page = officer.get(&format!("{screening}?limit=2{next}")).await;
            let page = page.expect(200).body;
            walked.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(json!(walked), found.body["items"]);
        let hit = &found.body["items"][1];
        assert_eq!((&hit["start"], &hit["end"]), (&json!(12), &json!(19)));
        let work = officer
            .get("/v1/worklist?kind=agree_to_profile")
            .await
            .expect(200);
        assert_eq!(work.body["items"].as_array().unwrap().len(), 1);
        // Who plays both parts agrees, and somebody else approves.
        let both = operator(&app, "Both", &[Role::Curator, Role::Compliance]).await;
        let agree = both.call("POST", &format!("{path}/compliance-agreement"));
        agree.header("If-Match", "*").send().await.expect(200);
        act(&both, "approve")
            .await
            .refused(409, "second_person_needed");
        act(&curator, "approve").await.expect(200);
        act(&tamar.owner, "publish").await.expect(200);
        // An edit that names no more stays live, one that does is looked at.
        let patch = json!({ "one_liner": { "en": { "text": "Water from air, spyware none." } } });
        let edited = tamar.owner.patch(&path, "*", &patch).await.expect(200);
        assert_eq!(edited.body["status"], "published");
        let patch = json!({ "one_liner": { "en": { "text": "Water and wiretapping." } } });
        let edited = tamar.owner.patch(&path, "*", &patch).await.expect(200);
        assert_eq!(edited.body["status"], "in_review");
    });
}

#[test]
fn a_request_in_such_words_is_held_until_compliance_has_read_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let blurb = "Sensors that guard a border security post would fit.";
        let made = stage.request_introduction(Who::Dana, &matched, blurb).await;
        let path = made.location.clone().unwrap();
        made.expect(201);
        let held = stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(held["status"], "held");
        assert_eq!(stage.get(Who::Gul, &path).await.status, 404);
        let screening = format!("{path}/screening");
        assert_eq!(stage.get(Who::Dana, &screening).await.status, 404);
        let found = stage.get(Who::Compliance, &screening).await.expect(200);
        assert_eq!(found["items"][0]["words"], "border security");
        let release = json!({
            "action": "release", "reason": "A water post.", "startup_revision": stage.profile.revision,
        });
        let asked = stage.go(Who::Compliance, &path, release).await.expect(200);
        assert_eq!(asked["status"], "asking_first");
    });
}
