//! What investors say of themselves, in files: corrected until somebody takes
//! it up, and left alone from then on.

use corridor::domain::account::Role;
use corridor::domain::ticket::TicketKind;
use serde_json::{Value, json};

use super::exports::list;
use super::imports::{IMPORTS, NDJSON, imported, lines};
use super::investors::whole;
use super::referrals::{REFERRALS, answer, investor, office};
use crate::support::app::App;
use crate::support::builders::{PASSWORD, act, mailed_token, operator};
use crate::support::client::Client;
use crate::support::database::on_each_backend;

const PROFILES: &str = "/v1/investor-profiles";

fn bare(id: &str) -> Value {
    let mut row = investor(id);
    row["organization"]["legal_name"] = json!(format!("{id} Capital"));
    row["contact"]["email"] = json!(format!("team@{id}.example"));
    row
}

fn saying(id: &str) -> Value {
    let mut row = bare(id);
    row["investor_profile"] = whole();
    row
}

/// A row with other words in that field.
fn with(row: &Value, field: &str, value: Value) -> Value {
    let mut row = row.clone();
    row["investor_profile"][field] = value;
    row
}

/// What became of each row of a file, and of which record.
async fn fates(app: &App, who: &Client, query: &str, file: &[Value]) -> Vec<Value> {
    let import = imported(app, who, query, NDJSON, &lines(file)).await;
    let path = format!(
        "{IMPORTS}/{}/rows?limit=100",
        import["id"].as_str().unwrap()
    );
    let page = who.get(&path).await.expect(200);
    page.body["items"].as_array().unwrap().clone()
}

fn outcomes(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["outcome"].as_str().unwrap())
        .collect()
}

/// What is on record of a firm; null where nothing is.
async fn profile_of(curator: &Client, row: &Value) -> Value {
    let firm = row["id"].as_str().unwrap();
    let path = format!("{PROFILES}?organization={firm}");
    curator.get(&path).await.expect(200).body["items"][0].clone()
}

fn path_of(profile: &Value) -> String {
    format!("{PROFILES}/{}", profile["id"].as_str().unwrap())
}

async fn ask(curator: &Client, row: &Value, id: &str) -> String {
    let claims = format!("/v1/organizations/{}/claims", row["id"].as_str().unwrap());
    let email = format!("team@{id}.example");
    let body = json!({ "email": email, "language": "az" });
    curator.post(&claims, &body).await.expect(202);
    email
}

/// Its contact stands behind its mandate from now on.
async fn confirmed(app: &App, curator: &Client, row: &Value, id: &str) {
    let email = ask(curator, row, id).await;
    let token = mailed_token(app, TicketKind::Claim, &email).await;
    let fields = [
        ("action", "confirm"),
        ("name", "Gül Əliyeva"),
        ("language", "az"),
        ("zone", "Asia/Baku"),
        ("password", PASSWORD),
        ("agree", "yes"),
        ("title", "Dəniz və su"),
    ];
    let page = format!("/tickets/{token}");
    app.stranger().submit(&page, &fields).await.expect(200);
}

#[test]
fn a_file_corrects_what_an_investor_says_until_people_take_it_up() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let first = [saying("araz"), saying("kur"), saying("tartar")];
        let made = fates(&app, &curator, "", &first).await;
        assert_eq!(outcomes(&made), ["created"; 3]);
        let again = fates(&app, &curator, "", &first).await;
        assert_eq!(outcomes(&again), ["unchanged"; 3]);

        // One that waits for its reviewers is corrected, and stays whole.
        let [araz, kur, tartar] = &first;
        let larger = with(araz, "assets", json!("over_1b"));
        let file = [larger.clone(), kur.clone()];
        let rows = fates(&app, &curator, "?dry_run=true", &file).await;
        assert_eq!(outcomes(&rows), ["updated", "unchanged"]);
        let rows = fates(&app, &curator, "", &file).await;
        assert_eq!(outcomes(&rows), ["updated", "unchanged"]);
        let seen = profile_of(&curator, &made[0]).await;
        let said = (&seen["status"], &seen["assets"], &seen["revision"]);
        assert_eq!(said, (&json!("submitted"), &json!("over_1b"), &json!(2)));
        let again = fates(&app, &curator, "", &file).await;
        assert_eq!(outcomes(&again), ["unchanged"; 2]);
        let hole = with(araz, "assets", Value::Null);
        let rows = fates(&app, &curator, "", &[hole]).await;
        assert_eq!(outcomes(&rows), ["refused"]);
        let faults = rows[0]["faults"].as_array().unwrap();
        let lacks = |it: &Value| it["pointer"] == "/investor_profile/assets";
        assert!(faults.iter().any(lacks), "{faults:?}");

        // In review it is left as it is, and keeps no other row back.
        act(&curator, &path_of(&seen), "claim").await;
        let small = with(kur, "assets", json!("over_1b"));
        let file = [araz.clone(), small, tartar.clone()];
        let rows = fates(&app, &curator, "", &file).await;
        assert_eq!(outcomes(&rows), ["kept", "updated", "unchanged"]);
        let seen = profile_of(&curator, &made[0]).await;
        assert_eq!(
            (&seen["status"], &seen["assets"]),
            (&json!("in_review"), &json!("over_1b"))
        );

        // Withdrawn by its firm, the same file again changes nothing, nor does
        // what was exported.
        let email = ask(&curator, &made[2], "tartar").await;
        answer(&app, &email, "refuse").await;
        let seen = profile_of(&curator, &made[2]).await;
        assert_eq!(seen["status"], "withdrawn");
        let rows = fates(&app, &curator, "", &file).await;
        assert_eq!(outcomes(&rows), ["kept", "unchanged", "kept"]);
        let file = list(&app, &curator, "investor_profiles", "ndjson").await;
        let import = imported(&app, &curator, "", NDJSON, &file).await;
        assert_eq!(import["state"], "done", "{import:#}");
        let progress = &import["progress"];
        assert_eq!(
            (&progress["unchanged"], &progress["kept"]),
            (&json!(2), &json!(1))
        );
        let still = profile_of(&curator, &made[2]).await;
        assert_eq!(still["version"], seen["version"]);
    });
}

#[test]
fn a_file_says_nothing_for_a_firm_that_people_took_over() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let first = [bare("araz"), saying("kur"), bare("tartar")];
        let made = fates(&app, &curator, "", &first).await;
        assert_eq!(outcomes(&made), ["created"; 3]);
        for (row, id) in made.iter().zip(["araz", "kur"]) {
            confirmed(&app, &curator, row, id).await;
        }
        let before = profile_of(&curator, &made[1]).await;
        // With a mandate beside it, alone, and by the firm's id.
        let alone = |id: &str| {
            let mut row = saying(id);
            row.as_object_mut().unwrap().remove("mandate");
            row
        };
        let by_firm = |id: &str| {
            let mut row = with(&alone(id), "assets", json!("over_1b"));
            row["external_id"] = json!(format!("{id}-2"));
            row["organization"]["external_id"] = json!(id);
            row["organization"]["legal_name"] = json!("Renamed Capital");
            row
        };
        let larger = with(&saying("kur"), "assets", json!("over_1b"));
        for file in [
            [saying("araz"), larger],
            [alone("araz"), alone("kur")],
            [by_firm("araz"), by_firm("kur")],
        ] {
            for query in ["?dry_run=true", ""] {
                let rows = fates(&app, &curator, query, &file).await;
                assert_eq!(outcomes(&rows), ["kept"; 2], "{file:?}");
            }
        }
        assert_eq!(profile_of(&curator, &made[0]).await, Value::Null);
        assert_eq!(profile_of(&curator, &made[1]).await, before);
        for (row, id) in made.iter().zip(["araz", "kur"]) {
            let firm = format!("/v1/organizations/{}", row["id"].as_str().unwrap());
            let firm = curator.get(&firm).await.expect(200);
            assert_eq!(firm.text("legal_name"), format!("{id} Capital"));
        }
        // Its owner begins as if no file had been.
        let gul = app.stranger();
        let gul = gul.signed_in("team@araz.example", PASSWORD).await;
        gul.post(PROFILES, &whole()).await.expect(201);

        // Of one that nobody took over it may come alone, later.
        let rows = fates(&app, &curator, "", &[alone("tartar")]).await;
        assert_eq!(outcomes(&rows), ["updated"]);
        let seen = profile_of(&curator, &made[2]).await;
        assert_eq!(
            (&seen["status"], &seen["claimed"]),
            (&json!("submitted"), &json!(false))
        );

        // A partner's file says of a referral what the partner may say.
        let office = office(&app).await;
        let file = [saying("ganikh")];
        let rows = fates(&app, &office.owner, "?dry_run=true", &file).await;
        assert_eq!(outcomes(&rows), ["created"]);
        let none = office.owner.get(REFERRALS).await.expect(200);
        assert_eq!(none.body["items"], json!([]));
        for outcome in ["created", "unchanged"] {
            let rows = fates(&app, &office.owner, "", &file).await;
            assert_eq!(outcomes(&rows), [outcome]);
        }
        let proud = json!({ "status": "verified", "basis": "Law 590-IIIQ" });
        for (field, value, outcome, code) in [
            ("assets", json!("over_1b"), "refused", "referral_in_review"),
            ("accreditation", proud, "bad", "not_yours"),
        ] {
            let row = with(&file[0], field, value);
            let rows = fates(&app, &office.owner, "", &[row]).await;
            assert_eq!(outcomes(&rows), [outcome], "{rows:?}");
            assert_eq!(rows[0]["faults"][0]["code"], code, "{rows:?}");
            // What it undoes is named beside it.
            let named = |pointer: &str| {
                let faults = rows[0]["faults"].as_array().unwrap();
                let place = |it: &&Value| it["pointer"].as_str().unwrap().starts_with(pointer);
                faults.iter().find(place).map(|it| it["code"].clone())
            };
            assert_eq!(named("/investor_profile"), Some(json!(code)), "{rows:?}");
            assert_eq!(named("/mandate"), Some(json!("undone")), "{rows:?}");
        }
    });
}
