//! A person is erased: their id leads to nobody, and their firm stays.

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::consent::ConsentReceipt;
use corridor::domain::ids::{OrganizationId, UserId};
use corridor::services::export_jobs::work;
use corridor::services::{Error, erasure};
use serde_json::json;
use uuid::Uuid;

use crate::support::app::App;
use crate::support::builders::{PASSWORD, address, colleague, firm, operator};
use crate::support::client::Client;
use crate::support::database::on_each_backend;

async fn id(client: &Client) -> String {
    client.get("/v1/me").await.expect(200).text("id").to_owned()
}

/// Somebody agreed to something that holds for a day.
async fn agrees(app: &App, person: &str, firm: &str) {
    let now = app.context.now();
    let receipt = ConsentReceipt {
        id: Uuid::now_v7(),
        user: person.parse().unwrap(),
        organization: firm.parse().unwrap(),
        purpose: corridor::domain::consent::PROPOSALS,
        person_name: "Eli Cohen".parse().unwrap(),
        person_role: Some("CTO".to_owned()),
        law: "none",
        text: "You agree.".to_owned(),
        language: "en".parse().unwrap(),
        method: "mailed_link",
        given_at: now,
        valid_to: now + TimeDelta::days(1),
    };
    let insert = move |conn: &mut Conn| Ok::<_, Error>(db::consents::insert(conn, &receipt)?);
    app.context.db.write(insert).await.unwrap();
}

async fn agreed_as(app: &App, person: UserId) -> String {
    let read = move |conn: &mut Conn| db::consents::of_user(conn, person);
    let kept = app.context.db.read(read).await.unwrap();
    kept[0].person_name.clone()
}

#[test]
fn who_is_erased_leads_to_nobody_and_the_firm_stays() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let admin = operator(&app, "Admin", &[Role::Admin]).await;
        let eli = colleague(&app, &tamar, "Eli", Role::Editor).await;
        let person = id(&eli).await;
        agrees(&app, &person, &tamar.id).await;
        let wanted = json!({ "kind": "startup_profiles", "format": "csv" });
        let export = eli.post("/v1/exports", &wanted).await.expect(201);
        while work::work(&app.context, Uuid::now_v7()).await.unwrap() {}
        let export: Uuid = export.text("id").parse().unwrap();
        let file = app.context.exchange.folder.path(export);
        assert!(file.is_file());
        let erase = async |who: &Client, password: &str| {
            let body = json!({ "password": password });
            who.post("/v1/me/erasure", &body).await
        };
        let made = tamar.owner.call("POST", "/v1/startup-profiles");
        let made = made.header("Idempotency-Key", "8e03978e-40d5");
        made.json(&json!({})).send().await.expect(201);
        erase(&tamar.owner, PASSWORD)
            .await
            .refused(409, "last_keeper");
        erase(&eli, "wrong password").await.refused(422, "invalid");
        tamar.owner.get("/v1/me").await.expect(200);
        erase(&eli, PASSWORD).await.expect(204);
        eli.get("/v1/me").await.refused(401, "invalid_token");

        // An answer that was kept to be repeated might name them.
        let now = app.context.now();
        let sweep = move |conn: &mut Conn| db::idempotency::sweep_told(conn, now, 100);
        let swept = [
            app.context.db.write(sweep).await.unwrap(),
            app.context.db.write(sweep).await.unwrap(),
        ];
        assert_eq!(swept, [1, 0]);
        // What was made for nobody but them goes with them.
        work::sweep(&app.context, 100).await.unwrap();
        assert!(!file.exists());
        let path = format!("/v1/people/{person}");
        let seen = admin.get(&path).await.expect(200).body;
        assert_eq!(seen["state"], "erased", "{seen:#}");
        assert_eq!(seen["name"], "Erased person");
        assert_eq!(seen["email"], format!("{person}@erased.invalid"));
        assert_eq!(seen["parts"], json!([]));
        let members = format!("/v1/organizations/{}/members", tamar.id);
        let members = tamar.owner.get(&members).await.expect(200);
        assert!(!members.body.to_string().contains(&person));
        let act = async |id: &str, action: &str| {
            let path = format!("/v1/people/{id}");
            admin.act(&path, "*", &json!({ "action": action })).await
        };
        act(&person, "open").await.refused(409, "erased");
        let possible = admin.get(&format!("{path}/transitions")).await.expect(200);
        assert!(!possible.body.to_string().contains("open"));

        // The proof of what was agreed to holds as long as that does.
        let user: UserId = person.parse().unwrap();
        let forget = async || erasure::forget_spent(&app.context, 100).await.unwrap();
        assert_eq!(forget().await, 0);
        assert_eq!(agreed_as(&app, user).await, "Eli Cohen");
        app.context.clock.advance(TimeDelta::days(2));
        assert_eq!((forget().await, forget().await), (1, 0));
        assert_eq!(agreed_as(&app, user).await, "Erased person");
    });
}

#[test]
fn an_admin_erases_whose_account_is_closed_and_the_address_is_free() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let admin = operator(&app, "Admin", &[Role::Admin]).await;
        let person = id(&colleague(&app, &tamar, "Noa", Role::Owner).await).await;
        let path = format!("/v1/people/{person}");
        let act = async |who: &Client, action: &str| {
            who.act(&path, "*", &json!({ "action": action })).await
        };
        act(&tamar.owner, "erase").await.refused(404, "not_found");
        act(&admin, "erase").await.refused(409, "account_open");
        act(&admin, "close").await.expect(200);
        for _ in 0..2 {
            let erased = act(&admin, "erase").await.expect(200);
            assert_eq!(erased.body["state"], "erased");
        }
        let again = colleague(&app, &tamar, "Noa", Role::Viewer).await;
        assert_ne!(id(&again).await, person);
        let me = again.get("/v1/me").await.expect(200);
        assert_eq!(me.text("email"), address("Noa"));
        // And the one before has no part any more.
        let firm: OrganizationId = tamar.id.parse().unwrap();
        let read = move |conn: &mut Conn| db::users::members(conn, firm);
        let members = app.context.db.read(read).await.unwrap();
        assert!(
            members
                .iter()
                .all(|(user, _)| user.id.to_string() != person)
        );
    });
}
