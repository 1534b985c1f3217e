//! Finding out who has an account: by text, by status, or by time. Time is
//! shown by work: both ways compute as many hashes and write as many lines.

use corridor::db::{Conn, outbox};
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::builders::{address, firm, registration};
use crate::support::client::Answer;
use crate::support::database::on_each_backend;

/// What an answer says beside what names the request.
fn told(answer: &Answer) -> (u16, Value, Vec<String>) {
    let mut body = answer.body.clone();
    if let Some(fields) = body.as_object_mut() {
        for field in ["request_id", "id", "email", "created_at", "expires_at"] {
            fields.remove(field);
        }
    }
    let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
    headers.sort();
    (answer.status, body, headers)
}

/// Events and messages in the store: what a request wrote. Failed sign-ins are
/// counted without writing anything, whoever they are of.
async fn written(app: &App) -> (usize, usize) {
    app.context.db.seal_pending().await.unwrap();
    let count = |conn: &mut Conn| -> corridor::db::Result<(usize, usize)> {
        let events = corridor::db::events::page(conn, 0, 10_000)?.len();
        Ok((events, outbox::list(conn, None, None, 1_000)?.len()))
    };
    app.context.db.read(count).await.unwrap()
}

/// Sends both, and holds answers and work against each other.
async fn alike(app: &App, path: &str, known: Value, unknown: Value) {
    let client = app.stranger();
    let before = written(app).await;
    let one = client.post(path, &known).await;
    let between = written(app).await;
    let other = client.post(path, &unknown).await;
    let after = written(app).await;
    assert_eq!(told(&one), told(&other), "{path}");
    let of_one = (between.0 - before.0, between.1 - before.1);
    let of_other = (after.0 - between.0, after.1 - between.1);
    assert_eq!(of_one, of_other, "{path} writes differently");
}

#[test]
fn signing_in_tells_nobody_who_has_an_account() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let body = |email: String| json!({ "email": email, "password": "not the password" });
        alike(
            &app,
            "/v1/sessions",
            body(address("Tamar")),
            body(address("Nobody")),
        )
        .await;
        let odd = body("not an address".to_owned());
        alike(&app, "/v1/sessions", body(address("Tamar")), odd).await;
    });
}

#[test]
fn registering_tells_nobody_who_has_an_account() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let known = registration("startup", "Tamar", "IL");
        let unknown = registration("startup", "Nobody", "IL");
        alike(&app, "/v1/registrations", known, unknown).await;
    });
}

#[test]
fn asking_for_a_new_password_tells_nobody_who_has_an_account() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let body = |name: &str| json!({ "email": address(name) });
        alike(&app, "/v1/password-resets", body("Tamar"), body("Nobody")).await;
    });
}

#[test]
fn inviting_tells_nobody_who_has_an_account() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        firm(&app, "investor", "Xezer", "AZ").await;
        let path = format!("/v1/organizations/{}/invitations", tamar.id);
        let invite = async |name: &str| {
            let before = written(&app).await;
            let body = json!({ "email": address(name), "role": "viewer" });
            let answer = tamar.owner.post(&path, &body).await.expect(201);
            let after = written(&app).await;
            (told(&answer), after.0 - before.0, after.1 - before.1)
        };
        assert_eq!(invite("Xezer").await, invite("Nobody").await);
    });
}

/// Not even whose password is right, where the address was only registered.
#[test]
fn an_address_that_was_never_confirmed_is_no_account() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let body = registration("startup", "Tamar", "IL");
        app.stranger()
            .post("/v1/registrations", &body)
            .await
            .expect(202);
        let right = json!({
            "email": address("Tamar"),
            "password": crate::support::builders::PASSWORD,
        });
        let wrong = json!({ "email": address("Nobody"), "password": "not the password" });
        alike(&app, "/v1/sessions", right, wrong).await;
    });
}
