//! Objects of others, on every route that takes an id. The routes come from
//! the API's document, so that none is forgotten: one that this file knows no
//! object or no body for fails it.
//!
//! A stranger must not be able to tell an object from one that isn't there:
//! both are answered alike, and never with a yes.

use std::collections::BTreeMap;

use corridor::domain::account::Role;
use corridor::domain::organization::OrganizationDetails;
use corridor::domain::permission::{Operation, Scope, Standing, Verdict, verdict};
use corridor::domain::values::OrganizationKind;
use corridor::http;
use corridor::services::accounts::{self, NewUser};
use corridor::services::sessions::{self, Credentials, Origin};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::deals::deal;
use crate::api::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

const PASSWORD: &str = "marble kettle 47 orchard";

/// Routes whose path holds no id of a record.
pub(super) const NO_RECORD: [&str; 24] = [
    // Everybody knows the tags; who may change them has a test of its own.
    "GET /v1/tags/{slug}",
    "PATCH /v1/tags/{slug}",
    "GET /v1/tags/{slug}/transitions",
    "POST /v1/tags/{slug}/transitions",
    "GET /v1/tags/{slug}/decisions",
    "GET /v1/tags/{slug}/events",
    "GET /mail-settings/{token}",
    "POST /mail-settings/{token}",
    "GET /unsubscribe/{token}",
    "POST /unsubscribe/{token}",
    "GET /problems/{code}",
    "GET /consent/{token}",
    "POST /consent/{token}",
    "GET /deals/{token}",
    "POST /deals/{token}",
    "GET /pulse/{token}",
    "POST /pulse/{token}",
    "GET /my-consents/{token}",
    "POST /my-consents/{token}",
    "GET /matches/{token}",
    "POST /matches/{token}",
    "GET /matches/{token}/brief",
    "GET /tickets/{token}",
    "POST /tickets/{token}",
];

/// A body that the route takes, so that it gets as far as the record.
pub(super) fn body(route: &str) -> Option<Value> {
    let action = |action: &str| Some(json!({ "action": action }));
    match route {
        "PATCH /v1/startup-profiles/{id}" => Some(json!({ "team_size": 3 })),
        "PATCH /v1/organizations/{id}" => Some(json!({ "trade_name": "Ours" })),
        "PATCH /v1/investor-profiles/{id}" => Some(json!({ "assets": "over_1b" })),
        "PATCH /v1/saved-views/{id}" => Some(json!({ "name": "Ours" })),
        "PATCH /v1/documents/{id}" => Some(json!({ "title": "Ours" })),
        "POST /v1/documents/{id}/transitions" => action("withdraw"),
        "POST /v1/documents/{id}/versions"
        | "POST /v1/startup-profiles/{id}/documents"
        | "POST /v1/deals/{id}/documents" => Some(json!({})),
        "POST /v1/startup-profiles/{id}/grants" => Some(json!({ "level": "l3" })),
        "PATCH /v1/programmes/{id}" => Some(json!({ "title": "Ours" })),
        "PATCH /v1/mandates/{id}" => Some(json!({ "title": "Ours" })),
        "PATCH /v1/pipeline-sets/{id}" => Some(json!({ "close_codes": ["other"] })),
        "PATCH /v1/rule-sets/{id}" => Some(json!({ "rules": { "name": "Ours" } })),
        "PATCH /v1/deals/{id}" => Some(json!({ "facts": { "term_sheet_amount": "USD 1" } })),
        "POST /v1/programmes/{id}/transitions" => action("negotiate"),
        "POST /v1/programmes/{id}/commitments" => Some(json!({
            "goal": "trade", "title": "Evil", "measure": "manual", "target_count": 1,
            "due": "2027-01-01", "owner": Uuid::now_v7().to_string(),
        })),
        "PUT /v1/programmes/{id}/agreement" => Some(json!({ "notice_days": 30 })),
        "POST /v1/programmes/{id}/signings" => Some(json!({
            "action": "decline", "organization": Uuid::now_v7().to_string(), "reason": "Evil",
        })),
        "PUT /v1/programmes/{id}/signings/{organization}/text" => Some(json!({ "text": "Evil" })),
        "POST /v1/programmes/{id}/renewals" => Some(json!({
            "slug": "evil", "starts_on": "2028-01-01", "ends_on": "2029-01-01",
        })),
        "POST /v1/programmes/{id}/comments" => Some(json!({ "comment": "Evil" })),
        "POST /v1/practices/{id}/transitions" => action("agree"),
        "POST /v1/practices/{id}/sessions" => Some(json!({
            "held_on": "2026-11-24", "minutes": 60, "attendees": 1,
        })),
        "POST /v1/deals/{id}/notes" => Some(json!({ "note": "Evil", "visibility": "both" })),
        "POST /v1/deals/{id}/tasks" => Some(json!({
            "title": "Evil", "due": "2027-01-01", "assignee": "startup", "visibility": "both",
        })),
        "PATCH /v1/deal-tasks/{id}" => Some(json!({ "title": "Ours" })),
        "POST /v1/deal-tasks/{id}/transitions" => action("complete"),
        "PUT /v1/deals/{id}/round" => Some(json!({
            "currency": "USD", "minimum": 1, "target": 2, "maximum": 3, "closes_on": "2027-01-01",
        })),
        "PUT /v1/deals/{id}/closings" => Some(json!({ "closings": [] })),
        "POST /v1/deals/{id}/closings/{number}/transitions" => action("close"),
        "PUT /v1/deals/{id}/participants" => Some(json!({
            "organization": Uuid::now_v7().to_string(), "interest": "observing",
        })),
        "POST /v1/organizations/{id}/licences" => Some(json!({
            "authority": "Evil", "number": "1", "countries": ["AZ"], "valid_from": "2026-11-01",
            "valid_to": "2027-11-01", "evidence": { "reference": "Evil" },
        })),
        "POST /v1/licences/{id}/transitions" => action("check"),
        "POST /v1/organizations/{id}/walls" => Some(json!({
            "name": "Rival", "reach": "firm", "reason": "Evil.",
        })),
        "POST /v1/walls/{id}/transitions" => {
            Some(json!({ "action": "lift", "reason": "It is over." }))
        }
        "PATCH /v1/commitments/{id}" => Some(json!({ "title": "Ours" })),
        "POST /v1/commitments/{id}/transitions" => action("meet"),
        "POST /v1/commitments/{id}/evidence" => Some(json!({
            "kind": "statement", "happened_on": "2026-11-01", "note": "Ours",
        })),
        "POST /v1/blocks/{id}/transitions"
        | "POST /v1/freezes/{id}/transitions"
        | "POST /v1/legal-holds/{id}/transitions" => {
            Some(json!({ "action": "lift", "reason": "It is over." }))
        }
        "POST /v1/rule-sets/{id}/transitions" | "POST /v1/pipeline-sets/{id}/transitions" => {
            action("publish")
        }
        "POST /v1/rule-sets/{id}/simulate" => Some(json!({})),
        "POST /v1/startup-profiles/{id}/transitions"
        | "POST /v1/investor-profiles/{id}/transitions"
        | "POST /v1/mandates/{id}/transitions" => action("pause"),
        "POST /v1/matches/{id}/transitions" => action("interested"),
        "POST /v1/introductions/{id}/transitions" => action("accept"),
        "POST /v1/partner-introductions/{id}/transitions" => action("withdraw"),
        "PUT /v1/introductions/{id}/slots" => Some(json!({ "slots": [] })),
        "POST /v1/deals/{id}/transitions" => action("report"),
        "POST /v1/messages/{id}/transitions" => action("retry"),
        "POST /v1/imports/{id}/transitions" | "POST /v1/exports/{id}/transitions" => {
            action("cancel")
        }
        "POST /v1/people/{id}/transitions" => action("close"),
        "PUT /v1/organizations/{id}/identifiers" => Some(json!({ "identifiers": {} })),
        "POST /v1/duplicates/{id}/transitions" => action("reopen"),
        "PUT /v1/organizations/{id}/members/{person}" => Some(json!({ "role": "viewer" })),
        "POST /v1/organizations/{id}/invitations" => {
            Some(json!({ "email": "evil@mail.example", "role": "owner" }))
        }
        "POST /v1/organizations/{id}/claims" => Some(json!({ "email": "evil@mail.example" })),
        "POST /v1/organizations/{id}/clients" => {
            Some(json!({ "name": "Evil", "scopes": ["programmes:read"] }))
        }
        _ => body_of_programme(route).or_else(|| body_of_part(route)),
    }
}

/// A body of what is done with what is given and taken back, and with single
/// checks and notes.
fn body_of_part(route: &str) -> Option<Value> {
    let action = |action: &str| Some(json!({ "action": action }));
    match route {
        "POST /v1/clients/{id}/secrets" => Some(json!({})),
        "POST /v1/deal-notes/{id}/decisions" => {
            Some(json!({ "ruling": "release", "reason": "Evil" }))
        }
        "PUT /v1/practices/{id}/texts" => Some(json!({ "place": "outcome", "text": "Evil" })),
        "POST /v1/practices/{id}/decisions" => {
            Some(json!({ "ruling": "refuse", "reason": "Evil" }))
        }
        "POST /v1/introductions/{id}/abuse-decisions" => {
            Some(json!({ "ruling": "dismiss", "reason": "Evil" }))
        }
        "POST /v1/clients/{id}/transitions"
        | "POST /v1/me/keys/{id}/transitions"
        | "POST /v1/organizations/{id}/invitations/{invitation}/transitions"
        | "POST /v1/startup-profiles/{id}/grants/{grant}/transitions" => action("revoke"),
        "POST /v1/me/consents/{id}/transitions" => action("withdraw"),
        "POST /v1/clearances/{id}/transitions" => Some(json!({
            "action": "clear", "basis": "Evil", "evidence": { "reference": "Evil" },
            "valid_to": "2027-01-01",
        })),
        "POST /v1/deal-notes/{id}/transitions" | "POST /v1/held-texts/{id}/transitions" => {
            Some(json!({ "action": "release", "reason": "Evil" }))
        }
        _ => None,
    }
}

/// A body of what is done with who takes part in a programme.
fn body_of_programme(route: &str) -> Option<Value> {
    let action = |action: &str| Some(json!({ "action": action }));
    match route {
        "POST /v1/programmes/{id}/evidence" => Some(json!({
            "kind": "delegation", "happened_on": "2026-11-01", "note": "Evil",
        })),
        "POST /v1/evidence/{id}/transitions" => action("withdraw"),
        "POST /v1/programmes/{id}/admissions" => {
            Some(json!({ "mandate": Uuid::now_v7().to_string() }))
        }
        "POST /v1/programmes/{id}/admissions/withdrawals" => {
            Some(json!({ "mandate": Uuid::now_v7().to_string(), "reason": "Evil" }))
        }
        "POST /v1/programmes/{id}/admissions/{record}/transitions" => {
            Some(json!({ "action": "withdraw", "reason": "Evil" }))
        }
        "POST /v1/programmes/{id}/releases" => Some(json!({ "to": "both" })),
        "POST /v1/programmes/{id}/releases/{release}/transitions" => action("confirm"),
        "POST /v1/programmes/{id}/rematches" => Some(json!({ "top": 1 })),
        "POST /v1/programmes/{id}/rematches/{rematch}/transitions" => action("cancel"),
        "PUT /v1/programmes/{id}/release-settings" => {
            Some(json!({ "by_rule": { "from": "weak", "to": "both" }, "fairness": null }))
        }
        _ => None,
    }
}

/// Routes that take no body though they change something.
fn takes_no_body(route: &str) -> bool {
    const BARE: [&str; 5] = [
        "PUT /v1/organizations/{id}/merge-agreements/{other}",
        "POST /v1/startup-profiles/{id}/compliance-agreement",
        "POST /v1/investor-profiles/{id}/compliance-agreement",
        "POST /v1/me/consents/{id}/withdrawal",
        "POST /v1/me/consents/{id}/renewal",
    ];
    route.starts_with("DELETE ") || BARE.contains(&route)
}

/// Somebody of a firm of that kind, signed in.
async fn attacker(stage: &Stage, kind: OrganizationKind, name: &str) -> String {
    let email = format!("{name}@evil.example");
    let details = OrganizationDetails {
        kind,
        legal_name: format!("Evil {name}").parse().unwrap(),
        trade_name: None,
        names: BTreeMap::new(),
        country: Some("IL".parse().unwrap()),
        website: None,
    };
    let user = NewUser {
        email: email.parse().unwrap(),
        name: "Evil".parse().unwrap(),
        language: "en".parse().unwrap(),
        zone: chrono_tz::UTC,
        password: PASSWORD.to_owned(),
    };
    accounts::found(&stage.context, details, user)
        .await
        .unwrap();
    let credentials = Credentials {
        email,
        password: PASSWORD.to_owned(),
        code: None,
    };
    let granted = sessions::sign_in(&stage.context, credentials, Origin::default()).await;
    granted.unwrap().access_token
}

/// The victim's objects, by the path that leads to them.
pub(super) async fn objects(stage: &Stage) -> BTreeMap<&'static str, String> {
    let last = |path: String| path.rsplit('/').next().unwrap().to_owned();
    let path = deal(stage).await;
    let task = json!({
        "title": "Send terms", "due": "2027-01-01", "assignee": "startup", "visibility": "both",
    });
    let task = stage.post(Who::Gul, &format!("{path}/tasks"), task).await;
    let task = last(task.location.unwrap());
    let paper = crate::api::deal_documents::kept(stage, &path).await;
    let note = json!({ "note": "Spares for missiles", "visibility": "both" });
    let note = stage.post(Who::Gul, &format!("{path}/notes"), note).await;
    let note = note.expect(201)["id"].as_str().unwrap().to_owned();
    let deal = last(path);
    let items = async |who, path: &str| {
        let list = stage.get(who, path).await.expect(200);
        list["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let freeze = json!({ "scope": "country", "value": "GE", "reason": "A test" });
    let freeze = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
    let freeze = freeze.expect(201)["id"].as_str().unwrap().to_owned();
    keep_apart(stage).await;
    let block = items(Who::Compliance, "/v1/blocks").await;
    let partner = accounts_partner(stage).await;
    let promise = commitment(stage).await;
    let practice = crate::api::practices::running(stage).await;
    let mut all = BTreeMap::from([
        ("/v1/commitments/{id}", promise),
        ("/v1/organizations/{id}", stage.startup.id.to_string()),
        ("/v1/startup-profiles/{id}", stage.profile.id.to_string()),
        ("/v1/investor-profiles/{id}", investor_profile(stage).await),
        ("/v1/saved-views/{id}", saved_view(stage).await),
        ("/v1/mandates/{id}", stage.mandate.id.to_string()),
        ("/v1/programmes/{id}", stage.programme.id.to_string()),
        (
            "/v1/rule-sets/{id}",
            items(Who::Curator, "/v1/rule-sets").await,
        ),
        (
            "/v1/pipeline-sets/{id}",
            items(Who::Curator, "/v1/pipeline-sets").await,
        ),
        ("/v1/matches/{id}", items(Who::Curator, "/v1/matches").await),
        (
            "/v1/introductions/{id}",
            items(Who::Gul, "/v1/introductions").await,
        ),
        ("/v1/deals/{id}", deal),
        ("/v1/deal-tasks/{id}", task),
        ("/v1/deal-notes/{id}", note),
        ("/v1/practices/{id}", practice.0),
        ("{session}", practice.1),
        ("{report}", "funnel".to_owned()),
        (
            "/v1/messages/{id}",
            items(Who::Curator, "/v1/messages").await,
        ),
        ("/v1/suppressions/{id}", suppression(stage).await),
        ("/v1/bounces/{id}", bounce(stage).await),
        ("/v1/freezes/{id}", freeze),
        ("/v1/blocks/{id}", block),
        (
            "/v1/legal-holds/{id}",
            crate::api::erased_records::held(stage, stage.startup.id).await,
        ),
        ("/v1/people/{id}", stage.user(Who::Dana).id.to_string()),
        ("/v1/clients/{id}", partner.1),
        ("/v1/referrals/{id}", partner.0),
        (
            "/v1/partner-introductions/{id}",
            partner_introduction(stage).await,
        ),
        ("/v1/imports/{id}", partner.2),
        ("/v1/exports/{id}", export(stage).await),
        ("/v1/duplicates/{id}", duplicate(stage).await),
        ("/v1/me/sessions/{id}", own(stage, "/v1/me/sessions").await),
        ("/v1/me/keys/{id}", key(stage).await),
        ("/v1/me/consents/{id}", own(stage, "/v1/me/consents").await),
        ("/v1/documents/{id}", document(stage).await),
        ("/v1/deal-documents/{id}", paper),
        (
            "/v1/licences/{id}",
            crate::api::licences::recorded(stage).await,
        ),
        (
            "/v1/walls/{id}",
            crate::api::walls::declared_by_startup(stage).await,
        ),
    ]);
    all.extend(parts(stage).await);
    all
}

/// The victim's, in the places of a path after the first.
async fn parts(stage: &Stage) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("{record}", stage.profile.id.to_string()),
        ("/v1/clearances/{id}", clearance(stage).await),
        ("/v1/evidence/{id}", programme_evidence(stage).await),
        ("/v1/held-texts/{id}", held_text(stage).await),
        ("{grant}", grant(stage).await),
        ("{person}", stage.user(Who::Dana).id.to_string()),
        ("{other}", stage.investor.id.to_string()),
        ("{organization}", stage.investor.id.to_string()),
        ("{version}", "1".to_owned()),
        ("{number}", "1".to_owned()),
        ("{invitation}", invitation(stage).await),
        (
            "{release}",
            of_programme(stage, "releases", json!({ "to": "both" })).await,
        ),
        (
            "{rematch}",
            of_programme(stage, "rematches", json!({ "top": 1 })).await,
        ),
    ])
}

/// What a curator said of the programme that has to be read first.
async fn held_text(stage: &Stage) -> String {
    let path = format!("/v1/programmes/{}/comments", stage.programme.id);
    let said = json!({ "comment": "Spares for missiles" });
    let said = stage.post(Who::Curator, &path, said).await.expect(201);
    said["id"].as_str().unwrap().to_owned()
}

/// The newest check of the startup.
async fn clearance(stage: &Stage) -> String {
    let path = format!("/v1/organizations/{}/clearances", stage.startup.id);
    let list = stage.get(Who::Compliance, &path).await.expect(200);
    let newest = list["items"].as_array().unwrap().last().unwrap();
    newest["id"].as_str().unwrap().to_owned()
}

/// What came of the programme, as a curator put it on record.
async fn programme_evidence(stage: &Stage) -> String {
    let happened = json!({
        "kind": "delegation", "happened_on": "2026-11-20", "note": "Twelve firms in Baku",
    });
    of_programme(stage, "evidence", happened).await
}

/// A block between the victim and somebody it has nothing to do with.
async fn keep_apart(stage: &Stage) {
    let apart = stage.another_investor("Kept Apart", |_| ()).await;
    let apart = json!({
        "organizations": [stage.startup.id.to_string(), apart.organization.to_string()],
        "reason": "A test",
    });
    let made = stage.post(Who::Compliance, "/v1/blocks", apart).await;
    assert_eq!(made.status, 204, "{}", made.text);
}

/// What a partner of the programme asked for.
async fn partner_introduction(stage: &Stage) -> String {
    let token = attacker(stage, OrganizationKind::Partner, "asking").await;
    let me = with_token(stage, &token, "GET", "/v1/me", None).await;
    let own = me.expect(200)["memberships"][0]["organization"].clone();
    stage
        .becomes_party(own.as_str().unwrap().parse().unwrap())
        .await;
    let startup = stage.another_startup("Asked for").await;
    stage.matched_with(&startup).await;
    let mut wanted = stage.wanted();
    wanted["startup_profile"] = json!(startup.id.to_string());
    let path = "/v1/partner-introductions";
    let made = with_token(stage, &token, "POST", path, Some(wanted)).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

/// What Dana looks at.
async fn saved_view(stage: &Stage) -> String {
    let view = json!({ "name": "Mine", "list": "mandates" });
    let made = stage.post(Who::Dana, "/v1/saved-views", view).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

/// What Gul says of her firm.
async fn investor_profile(stage: &Stage) -> String {
    let made = stage
        .post(Who::Gul, "/v1/investor-profiles", json!({}))
        .await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

/// A file that Dana asked for.
async fn export(stage: &Stage) -> String {
    let body = json!({ "kind": "deals", "format": "csv" });
    let made = stage.post(Who::Dana, "/v1/exports", body).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// A promise of the victim's programme, stored as it would be.
async fn commitment(stage: &Stage) -> String {
    use corridor::domain::commitment::{
        Commitment, CommitmentDetails, CommitmentStatus, Goal, Measure, Target,
    };
    let now = stage.context.now();
    let promise = Commitment {
        id: stage.context.new_id(),
        programme: stage.programme.id,
        details: CommitmentDetails {
            goal: Goal::Trade,
            title: "Ten contracts".to_owned(),
            measure: Measure::Manual,
            target: Target::Count(10),
            unit: None,
            due: now.date_naive(),
            owner: stage.startup.id,
        },
        status: CommitmentStatus::Open,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let id = promise.id.to_string();
    let write =
        move |conn: &mut corridor::db::Conn| corridor::db::commitments::insert(conn, &promise);
    stage.context.db.write(write).await.unwrap();
    id
}

/// Two records of the startup, as a curator sees them.
async fn duplicate(stage: &Stage) -> String {
    let token = attacker(stage, OrganizationKind::Startup, "double").await;
    let me = with_token(stage, &token, "GET", "/v1/me", None).await;
    let me = me.expect(200);
    let body = json!({
        "organizations": [stage.startup.id.to_string(), me["memberships"][0]["organization"]],
        "reason": "A test",
    });
    let made = stage.post(Who::Curator, "/v1/duplicates", body).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

/// An address that gets no mail, stored as it would be.
async fn suppression(stage: &Stage) -> String {
    let id = Uuid::now_v7();
    let made = corridor::db::suppressions::Suppression {
        id,
        email: "bounced@mail.example".parse().unwrap(),
        reason: corridor::domain::message::SuppressionReason::HardBounce,
        note: None,
        created_by: None,
        created_at: stage.context.now(),
    };
    let write = stage
        .context
        .db
        .write(move |conn| corridor::db::suppressions::insert(conn, &made));
    write.await.unwrap();
    id.to_string()
}

/// A deck of the startup's.
async fn document(stage: &Stage) -> String {
    let made = crate::api::documents::deck(stage).await;
    made["id"].as_str().unwrap().to_owned()
}

/// What the startup grants to everybody who is introduced.
async fn grant(stage: &Stage) -> String {
    let path = format!("/v1/startup-profiles/{}/grants", stage.profile.id);
    let made = stage.post(Who::Dana, &path, json!({ "level": "l3" })).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

/// A notice that came back, stored as it would be.
async fn bounce(stage: &Stage) -> String {
    use corridor::domain::bounce::{Bounce, BounceOutcome, BounceSource};
    let id = Uuid::now_v7();
    let made = Bounce {
        id,
        fingerprint: "a test".to_owned(),
        source: BounceSource::Mailbox,
        outcome: BounceOutcome::Unknown,
        message: None,
        email: Some("bounced@mail.example".parse().unwrap()),
        kind: None,
        status: None,
        diagnostic: None,
        created_at: stage.context.now(),
    };
    let write = move |conn: &mut corridor::db::Conn| corridor::db::bounces::insert(conn, &made);
    assert!(stage.context.db.write(write).await.unwrap());
    id.to_string()
}

async fn own(stage: &Stage, path: &str) -> String {
    let list = stage.get(Who::Dana, path).await.expect(200);
    list["items"][0]["id"].as_str().unwrap().to_owned()
}

/// A key of Dana's, stored as it would be.
async fn key(stage: &Stage) -> String {
    let now = stage.context.now();
    let key = corridor::domain::client::ApiKey {
        id: stage.context.new_id(),
        user: stage.user(Who::Dana).id,
        name: "Script".parse().unwrap(),
        prefix: "corridor_key_x".to_owned(),
        scopes: "account:read".parse().unwrap(),
        allowed: corridor::domain::client::AllowedAddresses::default(),
        created_at: now,
        expires_at: now + chrono::TimeDelta::days(1),
        last_used_at: None,
        revoked_at: None,
    };
    let id = key.id.to_string();
    let write = stage
        .context
        .db
        .write(move |conn| corridor::db::api_keys::insert(conn, &key, &[7; 32]));
    write.await.unwrap();
    id
}

async fn of_programme(stage: &Stage, what: &str, body: Value) -> String {
    let path = format!("/v1/programmes/{}/{what}", stage.programme.id);
    let made = stage.post(Who::Curator, &path, body).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn invitation(stage: &Stage) -> String {
    let path = format!("/v1/organizations/{}/invitations", stage.startup.id);
    let body = json!({ "email": "eli@mail.example", "role": "viewer" });
    let made = stage.post(Who::Dana, &path, body).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// A referral, a client and an import of a partner that none of the attackers belongs to.
async fn accounts_partner(stage: &Stage) -> (String, String, String) {
    let token = attacker(stage, OrganizationKind::Partner, "victim").await;
    let me = with_token(stage, &token, "GET", "/v1/me", None)
        .await
        .expect(200);
    let own = me["memberships"][0]["organization"].as_str().unwrap();
    let path = format!("/v1/organizations/{own}/clients");
    let body = json!({ "name": "Sync", "scopes": ["programmes:read"] });
    let made = with_token(stage, &token, "POST", &path, Some(body))
        .await
        .expect(201);
    let client = made["id"].as_str().unwrap().to_owned();
    let mut body = naming("POST /v1/referrals");
    body["partner"] = json!(own);
    let made = with_token(stage, &token, "POST", "/v1/referrals", Some(body));
    let made = made.await.expect(201);
    let file = stage.bare("POST", "/v1/imports").bearer_auth(&token);
    let file = file.header("Content-Type", "application/x-ndjson");
    let import = Answer::of(file.body("{}").send().await.unwrap()).await;
    let import = import.expect(201)["id"].as_str().unwrap().to_owned();
    (made["id"].as_str().unwrap().to_owned(), client, import)
}

async fn with_token(
    stage: &Stage,
    token: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Answer {
    assert!(Method::from_bytes(method.as_bytes()).is_ok());
    let mut request = stage
        .bare(method, path)
        .bearer_auth(token)
        .header("If-Match", "*");
    if let Some(body) = body {
        request = match method {
            "PATCH" => request
                .header("Content-Type", "application/merge-patch+json")
                .body(body.to_string()),
            _ => request.json(&body),
        };
    }
    Answer::of(request.send().await.unwrap()).await
}

/// The path with ids in place: the victim's, or ones that nobody has.
pub(super) fn filled(path: &str, objects: Option<&BTreeMap<&'static str, String>>) -> String {
    let (head, rest) = path.split_once("{id}").unwrap();
    let key = format!("{head}{{id}}");
    let nobody = || Uuid::now_v7().to_string();
    let object = |key: &str| match objects {
        None => nobody(),
        Some(objects) => objects
            .get(key)
            .unwrap_or_else(|| panic!("say here which object {path} is about"))
            .clone(),
    };
    let mut filled = format!("{head}{}{rest}", object(&key));
    for inner in [
        "{person}",
        "{invitation}",
        "{version}",
        "{release}",
        "{rematch}",
        "{grant}",
        "{record}",
        "{session}",
        "{report}",
        "{number}",
        "{other}",
        "{organization}",
    ] {
        if filled.contains(inner) {
            filled = filled.replace(inner, &object(inner));
        }
    }
    assert!(!filled.contains('{'), "say here what stands in {filled}");
    filled
}

/// What an answer says beside what names the request.
fn told(answer: &Answer) -> (u16, Value) {
    let mut body = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
    if let Some(fields) = body.as_object_mut() {
        fields.remove("instance");
        fields.remove("request_id");
    }
    (answer.status, body)
}

#[test]
fn nobody_reaches_or_even_notices_an_object_of_others() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let objects = objects(&stage).await;
        let attackers = [
            (
                OrganizationKind::Startup,
                attacker(&stage, OrganizationKind::Startup, "rival").await,
            ),
            (
                OrganizationKind::Investor,
                attacker(&stage, OrganizationKind::Investor, "fund").await,
            ),
            (
                OrganizationKind::Partner,
                attacker(&stage, OrganizationKind::Partner, "office").await,
            ),
        ];
        let program = program(&stage, &attackers[2].1).await;
        let script = script(&stage, &attackers[0].1).await;
        let (mut tried, mut routes) = (0, 0);
        for (method, path, _) in operations() {
            {
                let route = format!("{method} {path}");
                if !path.contains('{') || NO_RECORD.contains(&route.as_str()) {
                    continue;
                }
                let (path, method) = (path.as_str(), method.as_str());
                routes += 1;
                let body = body(&route);
                assert!(
                    method == "GET" || body.is_some() || takes_no_body(&route),
                    "say here what {route} takes"
                );
                for (kind, token) in &attackers {
                    let theirs = filled(path, Some(&objects));
                    let nobodys = filled(path, None);
                    let answer = with_token(&stage, token, method, &theirs, body.clone()).await;
                    let control = with_token(&stage, token, method, &nobodys, body.clone()).await;
                    tried += 1;
                    if is_public(&route, *kind) {
                        let reads = method == "GET" && answer.status == 200;
                        assert!(reads || answer.status == 403, "{route} as {kind}");
                        continue;
                    }
                    assert_eq!(told(&answer), told(&control), "{route} as {kind}");
                    assert!(
                        matches!(answer.status, 403 | 404),
                        "{route} as {kind}: {} {}",
                        answer.status,
                        answer.text
                    );
                }
                // Programs reach no further than the people they are of.
                for (kind, token) in [
                    (OrganizationKind::Partner, &program),
                    (OrganizationKind::Startup, &script),
                ] {
                    let theirs = filled(path, Some(&objects));
                    let nobodys = filled(path, None);
                    let answer = with_token(&stage, token, method, &theirs, body.clone()).await;
                    let control = with_token(&stage, token, method, &nobodys, body.clone()).await;
                    tried += 1;
                    if is_public(&route, kind) {
                        let reads = method == "GET" && answer.status == 200;
                        assert!(reads || answer.status == 403, "{route} as a program");
                        continue;
                    }
                    assert_eq!(told(&answer), told(&control), "{route} as a program");
                    assert!(matches!(answer.status, 403 | 404), "{route} as a program");
                }
                let theirs = filled(path, Some(&objects));
                let nobody = stage.bare(method, &theirs).send().await.unwrap();
                tried += 1;
                assert_eq!(nobody.status(), 401, "{route} as nobody");
            }
        }
        println!("{routes} routes with an id, {tried} requests of strangers refused");
        assert!(routes >= 45 && tried >= 6 * routes, "{routes} {tried}");
    });
}

/// Every operation of the document: method, path, and what it says.
pub(super) fn operations() -> Vec<(String, String, Value)> {
    let document = serde_json::to_value(http::openapi::document(http::api::routes)).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !operation["operationId"].is_null() {
                operations.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    operations
}

/// Every scope that there is.
fn all_scopes() -> Vec<&'static str> {
    Scope::ALL.iter().map(|scope| scope.code()).collect()
}

/// A token of a client that a partner's owner made, with every scope.
async fn program(stage: &Stage, owner: &str) -> String {
    let me = with_token(stage, owner, "GET", "/v1/me", None).await;
    let me = me.expect(200);
    let own = me["memberships"][0]["organization"].as_str().unwrap();
    let path = format!("/v1/organizations/{own}/clients");
    let body = json!({ "name": "Evil", "scopes": all_scopes() });
    let made = with_token(stage, owner, "POST", &path, Some(body)).await;
    let made = made.expect(201);
    let request = stage.bare("POST", "/v1/oauth/token").form(&[
        ("grant_type", "client_credentials"),
        ("client_id", made["id"].as_str().unwrap()),
        ("client_secret", made["client_secret"].as_str().unwrap()),
    ]);
    let answer = Answer::of(request.send().await.unwrap()).await;
    answer.expect(200)["access_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A key of a person, with every scope.
async fn script(stage: &Stage, person: &str) -> String {
    let expires_at = stage.context.now() + chrono::TimeDelta::days(1);
    let body = json!({
        "name": "Evil",
        "scopes": all_scopes(),
        "expires_at": expires_at.to_rfc3339(),
        "password": PASSWORD,
    });
    let made = with_token(stage, person, "POST", "/v1/me/keys", Some(body)).await;
    made.expect(201)["key"].as_str().unwrap().to_owned()
}

/// The path that leads to what a field of a query or a body names.
fn named(field: &str) -> &'static str {
    match field {
        "organization" | "partner" | "owner" | "giver" | "taker" => "/v1/organizations/{id}",
        "programme" => "/v1/programmes/{id}",
        "startup" | "startup_profile" => "/v1/startup-profiles/{id}",
        "mandate" => "/v1/mandates/{id}",
        "match" => "/v1/matches/{id}",
        "message" => "/v1/messages/{id}",
        "subject" => "/v1/introductions/{id}",
        "successor" => "{person}",
        other => panic!("say here which object {other} names"),
    }
}

/// A body that names objects, complete but for them.
fn naming(route: &str) -> Value {
    match route {
        "POST /v1/startup-profiles"
        | "POST /v1/investor-profiles"
        | "POST /v1/mandates"
        | "POST /v1/me/consents"
        | "POST /v1/matches"
        | "POST /v1/rule-sets"
        | "POST /v1/pipeline-sets" => json!({}),
        "POST /v1/introductions" | "POST /v1/partner-introductions" => {
            json!({ "blurb": "They fit." })
        }
        "POST /v1/referrals" => json!({
            "external_id": "crm-1",
            "organization": { "kind": "startup", "legal_name": "Negev", "country": "IL" },
            "contact": { "email": "dana@negev.example" },
            "startup_profile": {},
        }),
        "POST /v1/deals" => json!({ "reason": "They met.", "evidence": "A letter." }),
        "POST /v1/saved-views" => json!({ "name": "Ours", "list": "mandates" }),
        "POST /v1/practices" => json!({ "topic": "incubator_operation", "aim": "Evil" }),
        "POST /v1/exports" => json!({ "kind": "organization", "format": "ndjson" }),
        "POST /v1/legal-holds" => json!({ "reason": "A court file." }),
        "POST /v1/clearances" => json!({
            "verdict": "clear",
            "basis": "register", "evidence": { "reference": "Archive 7" },
            "valid_to": "2027-06-30",
        }),
        other => panic!("say here what {other} takes"),
    }
}

/// The fields of the document's schema of a body that hold an id.
fn ids_of(operation: &Value) -> Vec<String> {
    let document = serde_json::to_value(http::openapi::document(http::api::routes)).unwrap();
    let content = &operation["requestBody"]["content"]["application/json"];
    let Some(name) = content["schema"]["$ref"].as_str() else {
        return Vec::new();
    };
    let name = name.rsplit('/').next().unwrap();
    let fields = &document["components"]["schemas"][name]["properties"];
    let fields = fields.as_object().into_iter().flatten();
    fields
        .filter(|(_, schema)| schema["format"] == "uuid")
        .map(|(field, _)| field.clone())
        .collect()
}

/// An id may also come in a query or in a body.
#[test]
fn naming_an_object_of_others_in_a_query_or_a_body_gives_nothing() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let objects = objects(&stage).await;
        let attackers = [
            attacker(&stage, OrganizationKind::Startup, "rival").await,
            attacker(&stage, OrganizationKind::Investor, "fund").await,
            attacker(&stage, OrganizationKind::Partner, "office").await,
        ];
        let object = |field: &str| objects[named(field)].clone();
        let (mut places, mut tried) = (0, 0);
        for (method, path, operation) in operations() {
            let route = format!("{method} {path}");
            if path.contains('{') {
                continue;
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let asked: Vec<String> = parameters
                .filter(|it| it["in"] == "query" && it["schema"]["format"] == "uuid")
                .map(|it| it["name"].as_str().unwrap().to_owned())
                .collect();
            let written = ids_of(&operation);
            places += asked.len() + written.len();
            for token in &attackers {
                let send = async |id: &dyn Fn(&str) -> String, only: Option<&str>| {
                    let pick = |field: &&String| only.is_none_or(|only| only == field.as_str());
                    let query: Vec<String> = asked
                        .iter()
                        .filter(pick)
                        .map(|field| format!("{field}={}", id(field)))
                        .collect();
                    let body = (!written.is_empty()).then(|| {
                        let mut body = naming(&route);
                        for field in written.iter().filter(pick) {
                            body[field.as_str()] = json!(id(field));
                        }
                        body
                    });
                    let address = format!("{path}?{}", query.join("&"));
                    let address = address.trim_end_matches('?');
                    with_token(&stage, token, &method, address, body).await
                };
                let all = asked.iter().chain(&written);
                // Each by itself, and all of them together.
                let choices = all.map(|field| Some(field.as_str()));
                let choices: Vec<_> = choices.chain([None]).collect();
                if choices.len() == 1 {
                    continue;
                }
                for only in choices {
                    let answer = send(&object, only).await;
                    let nobody = |_: &str| Uuid::now_v7().to_string();
                    let control = send(&nobody, only).await;
                    tried += 1;
                    let empty = serde_json::from_str::<Value>(&answer.text)
                        .is_ok_and(|body| body["items"].as_array().is_some_and(Vec::is_empty));
                    assert!(
                        answer.status >= 400 || empty,
                        "{route} {only:?}: {} {}",
                        answer.status,
                        answer.text
                    );
                    assert_eq!(told(&answer), told(&control), "{route} {only:?}");
                }
            }
        }
        println!("{places} ids in queries and bodies, {tried} requests of strangers give nothing");
        assert!(places >= 15, "{places}");
    });
}

/// Programmes are everybody's to read, so that one exists is no secret;
/// changing one is the curators' all the same.
fn is_public(route: &str, kind: OrganizationKind) -> bool {
    let standing = Standing::Other(kind, Role::Owner);
    let reads = verdict(Operation::ReadProgramme, standing) == Verdict::Allowed;
    // What the operator does with a programme's matches is its own.
    let operators = [
        "/releases",
        "/release-settings",
        "/rematches",
        "/exposure",
        // Whose record it is reads of its admission.
        "/admissions/{record}",
    ];
    let own = operators.iter().any(|part| route.contains(part));
    // A partner knows of those that it is a party to.
    let for_it = kind != OrganizationKind::Partner;
    reads && for_it && route.contains(" /v1/programmes/{id}") && !own
}
