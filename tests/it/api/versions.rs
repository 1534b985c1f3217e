//! What records said, version by version, and what changed between two of
//! them; and that every record with states has the same sub-resources.

use corridor::domain::account::Role;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::builders::{create, firm, operator, whole_mandate, whole_profile};
use crate::support::client::{Answer, Client};
use crate::support::database::on_each_backend;

/// Pointers with what stood there before and after.
fn changes(answer: &Answer) -> Vec<(String, Value, Value)> {
    let changes = answer.body["changes"].as_array().expect("changes");
    let mut all: Vec<_> = changes
        .iter()
        .map(|it| {
            let pointer = it["pointer"].as_str().unwrap().to_owned();
            (pointer, it["before"].clone(), it["after"].clone())
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// A profile that said three things, by its address.
async fn three_versions(owner: &Client) -> String {
    let (path, made) = create(owner, "/v1/startup-profiles", &whole_profile()).await;
    let patch = json!({
        "summary": {
            "en": { "text": "Panels that collect water." },
            "he": { "text": "לוחות שאוספים מים בלילה" },
            "az": { "text": "Gecə su yığan panellər: İSTİ, ılıq" },
            "ru": { "text": "Панели, которые собирают воду ночью" },
        },
        "primary_tags": ["water", "water_loss"],
        "languages": ["en"],
    });
    let second = owner.patch(&path, made.etag(), &patch).await;
    let second = second.expect(200);
    let third = json!({ "summary": { "ru": null }, "team_size": 7 });
    let third = owner.patch(&path, second.etag(), &third).await;
    third.expect(200);
    path
}

#[test]
fn the_versions_of_a_profile_are_kept_and_compared() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let path = three_versions(&tamar.owner).await;

        let list = |limit: usize| format!("{path}/versions?limit={limit}");
        let all = tamar.owner.get(&list(20)).await.expect(200);
        let numbers = all.body["items"].as_array().unwrap().iter();
        let numbers: Vec<_> = numbers
            .map(|it| (it["version"].clone(), it["current"].clone()))
            .collect();
        assert_eq!(
            numbers,
            [
                (json!(1), json!(false)),
                (json!(2), json!(false)),
                (json!(3), json!(true))
            ]
        );
        let first = curator.get(&list(2)).await.expect(200);
        let next = format!("{}&cursor={}", list(2), first.text("next_cursor"));
        let next = curator.get(&next).await.expect(200);
        assert_eq!(next.body["items"].as_array().unwrap().len(), 1);
        assert_eq!(next.body["items"][0]["version"], 3);

        let one = format!("{path}/versions/1");
        let said = tamar.owner.get(&one).await.expect(200);
        let summary = &said.body["document"]["summary"];
        assert_eq!(summary["en"]["text"], "Panels that collect water at night.");
        assert_eq!(summary.as_object().unwrap().len(), 1);
        let known = curator
            .call("GET", &one)
            .header("If-None-Match", said.etag());
        known.send().await.expect(304);
        let two = tamar.owner.get(&format!("{path}/versions/2")).await;
        let two = two.expect(200);
        let az = &two.body["document"]["summary"]["az"]["text"];
        assert_eq!(az, "Gecə su yığan panellər: İSTİ, ılıq");

        let since_first = tamar.owner.get(&format!("{path}/versions/2/changes")).await;
        let since_first = since_first.expect(200);
        assert_eq!(
            (&since_first.body["since"], &since_first.body["version"]),
            (&json!(1), &json!(2))
        );
        let local = |text: &str| json!({ "text": text, "state": "original" });
        assert_eq!(
            changes(&since_first),
            [
                ("/languages".to_owned(), json!(["en", "he"]), json!(["en"])),
                (
                    "/primary_tags".to_owned(),
                    json!(["water"]),
                    json!(["water", "water_loss"])
                ),
                (
                    "/summary/az".to_owned(),
                    Value::Null,
                    local("Gecə su yığan panellər: İSTİ, ılıq")
                ),
                (
                    "/summary/en/text".to_owned(),
                    json!("Panels that collect water at night."),
                    json!("Panels that collect water.")
                ),
                (
                    "/summary/he".to_owned(),
                    Value::Null,
                    local("לוחות שאוספים מים בלילה")
                ),
                (
                    "/summary/ru".to_owned(),
                    Value::Null,
                    local("Панели, которые собирают воду ночью")
                ),
            ]
        );
        let whole = format!("{path}/versions/3/changes?since=1");
        let whole = changes(&tamar.owner.get(&whole).await.expect(200));
        let pointers: Vec<_> = whole.iter().map(|it| it.0.as_str()).collect();
        assert!(pointers.contains(&"/team_size") && !pointers.contains(&"/summary/ru"));
        let back = format!("{path}/versions/1/changes?since=3");
        let back = changes(&tamar.owner.get(&back).await.expect(200));
        assert_eq!(back.len(), whole.len());
        let beginning = tamar.owner.get(&format!("{path}/versions/1/changes")).await;
        let beginning = beginning.expect(200);
        assert_eq!(beginning.body["since"], Value::Null);
        assert!(changes(&beginning).iter().all(|it| it.1.is_null()));
        let itself = format!("{path}/versions/2/changes?since=2");
        assert!(changes(&tamar.owner.get(&itself).await.expect(200)).is_empty());
    });
}

#[test]
fn versions_that_are_not_there_or_not_theirs_are_not_found() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let other = firm(&app, "startup", "Dekel", "IL").await;
        let (path, made) = create(&tamar.owner, "/v1/startup-profiles", &whole_profile()).await;
        let second = json!({ "team_size": 7 });
        let second = tamar.owner.patch(&path, made.etag(), &second).await;
        second.expect(200);
        for bad in [
            "versions/4",
            "versions/0",
            "versions/x",
            "versions/2/changes?since=9",
        ] {
            let bad = tamar.owner.get(&format!("{path}/{bad}")).await;
            bad.refused(404, "not_found");
        }
        let zero = tamar
            .owner
            .get(&format!("{path}/versions/2/changes?since=0"))
            .await;
        zero.refused(400, "bad_query");
        for theirs in ["versions", "versions/1", "versions/2/changes"] {
            let theirs = other.owner.get(&format!("{path}/{theirs}")).await;
            theirs.refused(404, "not_found");
        }
    });
}

#[test]
fn the_versions_of_a_mandate_are_kept_and_compared() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let fund = firm(&app, "investor", "Xezer", "AZ").await;
        let rival = firm(&app, "investor", "Orbit", "AZ").await;
        let (path, made) = create(&fund.owner, "/v1/mandates", &whole_mandate()).await;
        let patch = json!({ "title": "Su və Enerji", "tags": { "water": 2 } });
        fund.owner
            .patch(&path, made.etag(), &patch)
            .await
            .expect(200);
        let changed = fund.owner.get(&format!("{path}/versions/2/changes")).await;
        assert_eq!(
            changes(&changed.expect(200)),
            [
                ("/tags/water".to_owned(), json!(3), json!(2)),
                (
                    "/title".to_owned(),
                    json!("Water, seed"),
                    json!("Su və Enerji")
                ),
            ]
        );
        let first = fund
            .owner
            .get(&format!("{path}/versions/1"))
            .await
            .expect(200);
        assert_eq!(first.body["document"]["title"], "Water, seed");
        let theirs = rival.owner.get(&format!("{path}/versions/1")).await;
        theirs.refused(404, "not_found");
    });
}

#[test]
fn records_that_have_states_say_what_can_be_done_and_what_happened() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let compliance = operator(&app, "Compliance", &[Role::Compliance]).await;
        let second = operator(&app, "Second", &[Role::Compliance]).await;
        let auditor = operator(&app, "Auditor", &[Role::Auditor]).await;
        let admin = operator(&app, "Admin", &[Role::Admin]).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let kinds = |answer: Answer| -> Vec<String> {
            let items = answer.expect(200).body["items"].clone();
            let items = items.as_array().unwrap().clone().into_iter();
            items
                .map(|it| it["kind"].as_str().unwrap().to_owned())
                .collect()
        };
        let actions = |answer: Answer| -> Vec<(String, Value)> {
            let items = answer.expect(200).body["available"].clone();
            let items = items.as_array().unwrap().clone().into_iter();
            items
                .map(|it| {
                    (
                        it["action"].as_str().unwrap().to_owned(),
                        it["blocked_by"]["code"].clone(),
                    )
                })
                .collect()
        };

        // A freeze.
        let freeze = json!({ "scope": "country", "value": "GE", "reason": "A test" });
        let freeze = compliance.post("/v1/freezes", &freeze).await.expect(201);
        let freeze = format!("/v1/freezes/{}", freeze.text("id"));
        let list = format!("{freeze}/transitions");
        assert_eq!(
            actions(compliance.get(&list).await),
            [("lift".to_owned(), Value::Null)]
        );
        let lift = json!({"action": "lift", "reason": "It is over."});
        compliance.act(&freeze, "*", &lift).await.expect(200);
        let blocked = actions(compliance.get(&list).await);
        assert_eq!(
            blocked,
            [("lift".to_owned(), json!("second_person_needed"))]
        );
        assert_eq!(
            actions(second.get(&list).await),
            [("lift".to_owned(), Value::Null)]
        );
        second.act(&freeze, "*", &lift).await.expect(200);
        let blocked = actions(second.get(&list).await);
        assert_eq!(blocked, [("lift".to_owned(), json!("lifted_already"))]);
        assert!(actions(auditor.get(&list).await).is_empty());
        app.seal().await;
        let events = kinds(auditor.get(&format!("{freeze}/events")).await);
        assert_eq!(
            events,
            ["freeze.ordered", "freeze.lifting_proposed", "freeze.lifted"]
        );
        let theirs = tamar.owner.get(&format!("{freeze}/events")).await;
        theirs.refused(404, "not_found");

        // A firm: its own people don't read what compliance did.
        let check = json!({ "organization": tamar.id, "verdict": "review",
                            "basis": "register", "evidence": { "reference": "Archive 7" }, "valid_to": "2027-06-30" });
        compliance.post("/v1/clearances", &check).await.expect(201);
        app.seal().await;
        let events = format!("/v1/organizations/{}/events", tamar.id);
        let own = kinds(tamar.owner.get(&events).await);
        assert_eq!(own, ["organization.registered"]);
        let all = kinds(compliance.get(&events).await);
        assert!(all.contains(&"organization.screened".to_owned()), "{all:?}");

        // An account.
        let me = tamar.owner.get("/v1/me").await.expect(200);
        let person = format!("/v1/people/{}", me.body["id"].as_str().unwrap());
        let list = format!("{person}/transitions");
        let open = actions(admin.get(&list).await);
        assert_eq!(open[0], ("close".to_owned(), Value::Null));
        admin
            .act(&person, "*", &json!({ "action": "close" }))
            .await
            .expect(200);
        let closed = actions(admin.get(&list).await);
        assert_eq!(closed[0], ("open".to_owned(), Value::Null));
        app.seal().await;
        let happened = kinds(admin.get(&format!("{person}/events")).await);
        assert!(happened.contains(&"user.joined".to_owned()), "{happened:?}");
        let me = admin.get("/v1/me").await.expect(200);
        let own = format!("/v1/people/{}/transitions", me.body["id"].as_str().unwrap());
        let own = actions(admin.get(&own).await);
        assert_eq!(own[0], ("close".to_owned(), json!("own_account")));
    });
}
