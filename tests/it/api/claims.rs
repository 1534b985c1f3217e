//! Records that others wrote, put before the firm they are about.

use corridor::db;
use corridor::domain::account::Role;
use corridor::domain::ids::OrganizationId;
use corridor::domain::ticket::TicketKind;
use serde_json::json;

use crate::support::app::App;
use crate::support::builders::{
    PASSWORD, address, create, firm, mailed_token, operator, whole_profile,
};
use crate::support::client::Client;
use crate::support::database::{Database, on_each_backend};

const CONTACT: &str = "office@negev.example";

/// A startup that a curator wrote a profile for; its page, its profile.
async fn asked(app: &App, language: &str) -> (Client, String, String, String) {
    let curator = operator(app, "Curator", &[Role::Curator]).await;
    // Nobody of the firm has an account: it came by an import.
    let organization: OrganizationId = app.context.new_id();
    let now = app.context.now();
    let firm = corridor::domain::organization::Organization {
        id: organization,
        details: corridor::domain::organization::OrganizationDetails {
            kind: corridor::domain::values::OrganizationKind::Startup,
            legal_name: "Negev Sun Ltd".parse().unwrap(),
            trade_name: None,
            names: std::collections::BTreeMap::new(),
            country: Some("IL".parse().unwrap()),
            website: None,
        },
        external_id: Some("42".to_owned()),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let write = app
        .context
        .db
        .write(move |conn| db::organizations::insert(conn, &firm));
    write.await.unwrap();
    let mut profile = whole_profile();
    profile["organization"] = json!(organization.to_string());
    let (path, _) = create(&curator, "/v1/startup-profiles", &profile).await;
    let claims = format!("/v1/organizations/{organization}/claims");
    let body = json!({ "email": CONTACT, "language": language });
    curator.post(&claims, &body).await.expect(202);
    let token = mailed_token(app, TicketKind::Claim, CONTACT).await;
    (curator, path, format!("/tickets/{token}"), claims)
}

const WHO: [(&str, &str); 6] = [
    ("action", "confirm"),
    ("name", "Dana Levi"),
    ("language", "he"),
    ("zone", "Asia/Jerusalem"),
    ("password", PASSWORD),
    ("agree", "yes"),
];

async fn start(database: &Database) -> App {
    App::start(database).await
}

#[test]
fn who_confirms_becomes_the_owner_and_leaves_a_receipt() {
    on_each_backend(async |database| {
        let app = start(database).await;
        let (curator, profile, page, claims) = asked(&app, "he").await;
        let shown = app.stranger().open(&page).await.expect(200);
        let shown = shown
            .says("Negev Sun Ltd")
            .says("Drinking water from desert air.");
        shown.says("dir=\"rtl\"");
        let mut fields = WHO.to_vec();
        fields.push(("one_liner", "Drinking water from the night air."));
        fields.push(("summary", "Panels that collect water at night."));
        app.stranger().submit(&page, &fields).await.expect(200);
        let dana = app.stranger().signed_in(CONTACT, PASSWORD).await;
        let seen = dana.get(&profile).await.expect(200);
        let sentence = &seen.body["one_liner"]["en"]["text"];
        assert_eq!(sentence, "Drinking water from the night air.");
        assert_eq!(seen.body["claimed"], true);
        let me = dana.get("/v1/me").await.expect(200);
        assert_eq!(me.body["memberships"][0]["role"], "owner");
        let firm: OrganizationId = me.body["memberships"][0]["organization"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let read = move |conn: &mut db::Conn| db::consents::of_organization(conn, firm);
        let receipts = app.context.db.read(read).await.unwrap();
        assert_eq!(receipts.len(), 1);
        assert!(receipts[0].1.contains("לשנתיים"), "{receipts:?}");
        app.stranger().submit(&page, &fields).await.expect(409);
        let body = json!({ "email": CONTACT });
        let again = curator.post(&claims, &body).await;
        again.refused(409, "nothing_to_claim");
    });
}

#[test]
fn nothing_happens_without_agreement_or_with_texts_that_tell() {
    on_each_backend(async |database| {
        let app = start(database).await;
        let (_, profile, page, _) = asked(&app, "en").await;
        let silent: Vec<_> = WHO
            .into_iter()
            .filter(|(name, _)| *name != "agree")
            .collect();
        let silent = app.stranger().submit(&page, &silent).await.expect(422);
        silent.says("tick that you agree");
        let curator = app.stranger();
        let curator = curator.signed_in("curator@firms.example", PASSWORD).await;
        let seen = curator.get(&profile).await.expect(200);
        assert_eq!(seen.body["claimed"], false);
    });
}

#[test]
fn a_firm_that_refuses_is_taken_back() {
    on_each_backend(async |database| {
        let app = start(database).await;
        let (curator, profile, page, _) = asked(&app, "en").await;
        let refused = app.stranger().submit(&page, &[("action", "refuse")]).await;
        refused.expect(200).says("Nothing more happens");
        let seen = curator.get(&profile).await.expect(200);
        assert_eq!(seen.body["status"], "withdrawn");
        app.stranger().submit(&page, &WHO).await.expect(409);
    });
}

#[test]
fn only_a_curator_asks_and_a_newer_link_kills_the_older() {
    on_each_backend(async |database| {
        let app = start(database).await;
        let (curator, _, page, claims) = asked(&app, "en").await;
        let body = json!({ "email": "other@negev.example" });
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        tamar
            .owner
            .post(&claims, &body)
            .await
            .refused(404, "not_found");
        let auditor = operator(&app, "Auditor", &[Role::Auditor]).await;
        auditor.post(&claims, &body).await.refused(403, "forbidden");
        curator.post(&claims, &body).await.expect(202);
        let old = app.stranger().submit(&page, &WHO).await;
        old.expect(409).says("no longer works");
    });
}

#[test]
fn a_firm_that_has_people_is_claimed_by_no_link() {
    on_each_backend(async |database| {
        let app = start(database).await;
        let (curator, profile, page, claims) = asked(&app, "en").await;
        let admin = operator(&app, "Admin", &[Role::Admin]).await;
        let organization = claims.trim_end_matches("/claims").to_owned();
        let body = json!({ "email": address("Noa"), "role": "owner" });
        let invitations = format!("{organization}/invitations");
        admin.post(&invitations, &body).await.expect(201);
        let token = mailed_token(&app, TicketKind::Invitation, &address("Noa")).await;
        let joining = format!("/tickets/{token}");
        app.stranger().submit(&joining, &WHO[..5]).await.expect(200);
        let late = app.stranger().submit(&page, &WHO).await;
        late.expect(409).says("no longer works");
        let seen = curator.get(&profile).await.expect(200);
        assert_eq!(seen.body["claimed"], json!(false));
        let again = curator.post(&claims, &json!({ "email": CONTACT })).await;
        again.refused(409, "firm_has_people");
    });
}
