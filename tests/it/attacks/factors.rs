//! Ways around the second factor.

use corridor::config::OperatorTotp;
use corridor::domain::account::Role;
use corridor::domain::ids::{OrganizationId, UserId};
use corridor::http::rate_limit::Rates;
use serde_json::json;

use crate::api::second_factor::{enrol, shown};
use crate::support::app::App;
use crate::support::builders::{PASSWORD, firm, operator};
use crate::support::database::on_each_backend;

/// A key that was made by somebody who then became one of the operator's.
#[test]
fn a_key_is_no_way_around_the_second_factor() {
    on_each_backend(async |database| {
        let app = App::start_with(database, OperatorTotp::Required, Rates::unlimited()).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let expires_at = app.context.now() + chrono::TimeDelta::days(30);
        let body = json!({
            "name": "Nightly report",
            "scopes": ["account:read", "programmes:read"],
            "expires_at": expires_at.to_rfc3339(),
            "password": PASSWORD,
        });
        let made = tamar.owner.post("/v1/me/keys", &body).await.expect(201);
        let script = app.stranger().with_token(made.text("key"));
        let me = script.get("/v1/me").await.expect(200);
        let person: UserId = me.text("id").parse().unwrap();
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        enrol(&app, &curator).await;
        let own = curator.get("/v1/me").await.expect(200);
        let operator: OrganizationId = own.body["memberships"][0]["organization"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let now = app.context.now();
        let write = app.context.db.write(move |conn| {
            corridor::db::users::insert_membership(conn, person, operator, Role::Curator, now)
        });
        write.await.unwrap();
        for path in ["/v1/me", "/v1/programmes"] {
            script.get(path).await.refused(403, "second_factor_due");
        }
        enrol(&app, &tamar.owner).await;
        script.get("/v1/programmes").await.expect(200);
    });
}

/// Somebody at an open screen who knows the password, and tries codes.
#[test]
fn codes_can_not_be_guessed_where_the_factor_is_changed() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        for path in ["removal", "recovery-codes"] {
            let tamar = firm(&app, "startup", path, "IL").await;
            let (secret, _) = enrol(&app, &tamar.owner).await;
            let path = format!("/v1/me/second-factor/{path}");
            let wrong = json!({ "password": PASSWORD, "code": "000000" });
            for _ in 0..10 {
                tamar.owner.post(&path, &wrong).await.expect(422);
            }
            let slowed = tamar.owner.post(&path, &wrong).await;
            slowed.refused(429, "too_many_requests");
            let right = json!({ "password": PASSWORD, "code": shown(&app, &secret) });
            tamar.owner.post(&path, &right).await.expect(429);
            app.context.clock.advance(chrono::TimeDelta::seconds(31));
            let right = json!({ "password": PASSWORD, "code": shown(&app, &secret) });
            let done = tamar.owner.post(&path, &right).await;
            assert!(matches!(done.status, 200 | 204), "{done:?}");
        }
    });
}
