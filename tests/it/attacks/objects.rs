//! Objects of others, on every route that takes an id. The routes come from
//! the API's document, so that none is forgotten: one that this file knows no
//! object or no body for fails it.
//!
//! A stranger must not be able to tell an object from one that isn't there:
//! both are answered alike, and never with a yes.

use std::collections::BTreeMap;

use corridor::domain::account::Role;
use corridor::domain::organization::OrganizationDetails;
use corridor::domain::permission::{Operation, Standing, Verdict, verdict};
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
const NO_RECORD: [&str; 5] = [
    "GET /problems/{code}",
    "GET /consent/{token}",
    "POST /consent/{token}",
    "GET /tickets/{token}",
    "POST /tickets/{token}",
];

/// A body that the route takes, so that it gets as far as the record.
fn body(route: &str) -> Option<Value> {
    let action = |action: &str| Some(json!({ "action": action }));
    match route {
        "PATCH /v1/startup-profiles/{id}" => Some(json!({ "team_size": 3 })),
        "PATCH /v1/mandates/{id}" => Some(json!({ "title": "Ours" })),
        "PATCH /v1/rule-sets/{id}" => Some(json!({ "rules": { "name": "Ours" } })),
        "PATCH /v1/deals/{id}" => Some(json!({ "facts": { "term_sheet_amount": "x" } })),
        "POST /v1/programmes/{id}/transitions" => action("negotiate"),
        "POST /v1/freezes/{id}/transitions" => action("lift"),
        "POST /v1/rule-sets/{id}/transitions" => action("publish"),
        "POST /v1/rule-sets/{id}/simulate" => Some(json!({})),
        "POST /v1/startup-profiles/{id}/transitions" | "POST /v1/mandates/{id}/transitions" => {
            action("pause")
        }
        "POST /v1/matches/{id}/transitions" => action("interested"),
        "POST /v1/introductions/{id}/transitions" => action("accept"),
        "POST /v1/deals/{id}/transitions" => action("report"),
        "POST /v1/messages/{id}/transitions" => action("retry"),
        "POST /v1/people/{id}/transitions" => action("close"),
        "POST /v1/programmes/{id}/admissions" => {
            Some(json!({ "mandate": Uuid::now_v7().to_string() }))
        }
        "PUT /v1/organizations/{id}/members/{person}" => Some(json!({ "role": "viewer" })),
        "POST /v1/organizations/{id}/invitations" => {
            Some(json!({ "email": "evil@mail.example", "role": "owner" }))
        }
        "POST /v1/organizations/{id}/claims" => Some(json!({ "email": "evil@mail.example" })),
        "POST /v1/organizations/{id}/clients" => {
            Some(json!({ "name": "Evil", "scopes": ["programmes:read"] }))
        }
        "POST /v1/clients/{id}/secrets" => Some(json!({})),
        _ => None,
    }
}

/// Routes that take no body though they change something.
fn takes_no_body(route: &str) -> bool {
    route.starts_with("DELETE ") || route == "POST /v1/startup-profiles/{id}/compliance-agreement"
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
async fn objects(stage: &Stage) -> BTreeMap<&'static str, String> {
    let last = |path: String| path.rsplit('/').next().unwrap().to_owned();
    let deal = last(deal(stage).await);
    let items = async |who, path: &str| {
        let list = stage.get(who, path).await.expect(200);
        list["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let freeze = json!({ "scope": "country", "value": "GE", "reason": "A test" });
    let freeze = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
    let freeze = freeze.expect(201)["id"].as_str().unwrap().to_owned();
    let partner = accounts_partner(stage).await;
    BTreeMap::from([
        ("/v1/organizations/{id}", stage.startup.id.to_string()),
        ("/v1/startup-profiles/{id}", stage.profile.id.to_string()),
        ("/v1/mandates/{id}", stage.mandate.id.to_string()),
        ("/v1/programmes/{id}", stage.programme.id.to_string()),
        (
            "/v1/rule-sets/{id}",
            items(Who::Curator, "/v1/rule-sets").await,
        ),
        ("/v1/matches/{id}", items(Who::Curator, "/v1/matches").await),
        (
            "/v1/introductions/{id}",
            items(Who::Gul, "/v1/introductions").await,
        ),
        ("/v1/deals/{id}", deal),
        (
            "/v1/messages/{id}",
            items(Who::Curator, "/v1/messages").await,
        ),
        ("/v1/freezes/{id}", freeze),
        ("/v1/people/{id}", stage.user(Who::Dana).id.to_string()),
        ("/v1/clients/{id}", partner),
        ("/v1/me/sessions/{id}", own(stage, "/v1/me/sessions").await),
        ("/v1/me/keys/{id}", key(stage).await),
        ("{person}", stage.user(Who::Dana).id.to_string()),
        ("{invitation}", invitation(stage).await),
    ])
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

async fn invitation(stage: &Stage) -> String {
    let path = format!("/v1/organizations/{}/invitations", stage.startup.id);
    let body = json!({ "email": "eli@mail.example", "role": "viewer" });
    let made = stage.post(Who::Dana, &path, body).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// A client of a partner that none of the attackers belongs to.
async fn accounts_partner(stage: &Stage) -> String {
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
    made["id"].as_str().unwrap().to_owned()
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
fn filled(path: &str, objects: Option<&BTreeMap<&'static str, String>>) -> String {
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
    for inner in ["{person}", "{invitation}"] {
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
        let document = serde_json::to_value(http::openapi::document(http::api::routes)).unwrap();
        let mut tried = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let method = method.to_uppercase();
                let route = format!("{method} {path}");
                let skipped = !path.contains('{') || NO_RECORD.contains(&route.as_str());
                if operation["operationId"].is_null() || skipped {
                    continue;
                }
                let body = body(&route);
                assert!(
                    method == "GET" || body.is_some() || takes_no_body(&route),
                    "say here what {route} takes"
                );
                for (kind, token) in &attackers {
                    let theirs = filled(path, Some(&objects));
                    let nobodys = filled(path, None);
                    let answer = with_token(&stage, token, &method, &theirs, body.clone()).await;
                    let control = with_token(&stage, token, &method, &nobodys, body.clone()).await;
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
            }
        }
        assert!(tried > 100, "{tried}");
    });
}

/// Programmes are everybody's to read, so that one exists is no secret;
/// changing one is the curators' all the same.
fn is_public(route: &str, kind: OrganizationKind) -> bool {
    let standing = Standing::Other(kind, Role::Owner);
    let reads = verdict(Operation::ReadProgramme, standing) == Verdict::Allowed;
    reads && route.contains(" /v1/programmes/{id}")
}
