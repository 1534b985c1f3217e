//! Fields that are not the caller's to set.

use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::builders::{create, firm, registration, whole_mandate, whole_profile};
use crate::support::database::on_each_backend;

/// `body` with one more field at `pointer`.
fn with(body: &Value, pointer: &str, value: &Value) -> Value {
    let mut body = body.clone();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[field] = value.clone();
    body
}

#[test]
fn nothing_privileged_comes_in_with_a_registration() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let body = registration("startup", "Tamar", "IL");
        for (pointer, value) in [
            ("/user/role", json!("admin")),
            ("/user/id", json!("01940000-0000-7000-8000-000000000001")),
            ("/user/memberships", json!([])),
            ("/user/disabled_at", json!(null)),
            ("/organization/id", json!("x")),
            ("/organization/external_id", json!("1")),
            ("/organization/version", json!(9)),
            ("/status", json!("verified")),
            ("/role", json!("owner")),
        ] {
            let answer = app
                .stranger()
                .post("/v1/registrations", &with(&body, pointer, &value))
                .await;
            let faults = answer.refused(422, "invalid").faults();
            assert_eq!(faults, [format!("#{pointer} unknown_field")]);
        }
        let operator = with(&body, "/organization/kind", &json!("operator"));
        let answer = app.stranger().post("/v1/registrations", &operator).await;
        answer.refused(422, "invalid");
    });
}

#[test]
fn nothing_privileged_comes_in_with_a_record() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let xezer = firm(&app, "investor", "Xezer", "AZ").await;
        let privileged = [
            ("status", json!("published")),
            ("claimed", json!(true)),
            ("version", json!(9)),
            ("revision", json!(9)),
            ("published_at", json!("2026-01-01T00:00:00Z")),
            ("reconfirm_by", json!("2099-01-01")),
            ("owner", json!(xezer.id)),
            ("id", json!("x")),
        ];
        let sides = [
            (&tamar.owner, "/v1/startup-profiles", whole_profile()),
            (&xezer.owner, "/v1/mandates", whole_mandate()),
        ];
        for (owner, path, body) in sides {
            let (record, made) = create(owner, path, &body).await;
            for (field, value) in &privileged {
                let post = with(&body, &format!("/{field}"), value);
                let answer = owner.post(path, &post).await;
                assert_eq!(answer.status, 422, "POST {path} {field}: {:#}", answer.body);
                let patch = json!({ *field: value });
                let answer = owner.patch(&record, made.etag(), &patch).await;
                assert_eq!(
                    answer.status, 422,
                    "PATCH {path} {field}: {:#}",
                    answer.body
                );
            }
        }
        // A record stays with its firm.
        let (record, made) = create(&tamar.owner, "/v1/startup-profiles", &whole_profile()).await;
        let patch = json!({ "organization": xezer.id });
        let answer = tamar.owner.patch(&record, made.etag(), &patch).await;
        answer.refused(422, "invalid");
        let body = with(&whole_profile(), "/organization", &json!(xezer.id));
        tamar
            .owner
            .post("/v1/startup-profiles", &body)
            .await
            .expect(404);
    });
}

#[test]
fn nothing_privileged_comes_in_with_people_keys_and_clients() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Fund", "IL").await;
        let organization = format!("/v1/organizations/{}", partner.id);
        let bodies = [
            (
                format!("{organization}/invitations"),
                json!({ "email": "a@b.example", "role": "viewer" }),
                vec!["organization", "created_by", "expires_at", "id"],
            ),
            (
                format!("{organization}/clients"),
                json!({ "name": "Sync", "scopes": ["programmes:read"] }),
                vec![
                    "organization",
                    "id",
                    "client_secret",
                    "created_by",
                    "version",
                ],
            ),
            (
                "/v1/me/keys".to_owned(),
                json!({
                    "name": "K",
                    "scopes": ["account:read"],
                    "expires_at": "2026-12-31T00:00:00Z",
                    "password": crate::support::builders::PASSWORD,
                }),
                vec!["user", "key", "id", "last_used_at"],
            ),
            (
                "/v1/sessions".to_owned(),
                json!({ "email": "a@b.example", "password": "x" }),
                vec!["second_factor", "scope", "client_id", "expires_at"],
            ),
        ];
        for (path, body, fields) in bodies {
            for field in fields {
                let post = with(&body, &format!("/{field}"), &json!("x"));
                let answer = partner.owner.post(&path, &post).await;
                let faults = answer.refused(422, "invalid").faults();
                assert_eq!(faults, [format!("#/{field} unknown_field")], "{path}");
            }
        }
    });
}
