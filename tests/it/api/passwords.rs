//! Passwords: changed, forgotten, chosen anew.

use chrono::TimeDelta;
use corridor::domain::ticket::TicketKind;
use serde_json::json;

use crate::support::app::App;
use crate::support::builders::{PASSWORD, address, firm, mailed_token};
use crate::support::database::on_each_backend;

const NEW: &str = "seven quiet corridors 12";

#[test]
fn a_change_needs_the_present_password_and_ends_every_session() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let other = app.stranger().signed_in(&address("Tamar"), PASSWORD).await;
        let change = async |present: &str, new: &str| {
            let body = json!({ "password": present, "new_password": new });
            let call = tamar.owner.call("PUT", "/v1/me/password").json(&body);
            call.send().await
        };
        let wrong = change("wrong password", NEW).await.refused(422, "invalid");
        assert_eq!(wrong.faults(), ["#/password wrong_password"]);
        let weak = change(PASSWORD, "password1").await.refused(422, "invalid");
        assert_eq!(weak.faults(), ["#/new_password unfit_password"]);
        other.get("/v1/me").await.expect(200);
        let changed = change(PASSWORD, NEW).await.expect(200);
        for ended in [&other, &tamar.owner] {
            ended.get("/v1/me").await.refused(401, "invalid_token");
        }
        let fresh = app.stranger().with_token(changed.text("access_token"));
        fresh.get("/v1/me").await.expect(200);
        let old = json!({ "email": address("Tamar"), "password": PASSWORD });
        app.stranger().post("/v1/sessions", &old).await.expect(401);
        app.stranger().signed_in(&address("Tamar"), NEW).await;
    });
}

#[test]
fn a_forgotten_password_is_chosen_anew_by_a_link_that_works_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let body = json!({ "email": address("Tamar") });
        let asked = app.stranger().post("/v1/password-resets", &body).await;
        assert_eq!(asked.expect(202).body, json!({ "status": "accepted" }));
        let token = mailed_token(&app, TicketKind::PasswordReset, &address("Tamar")).await;
        let page = format!("/tickets/{token}");
        let stranger = app.stranger();
        stranger
            .open(&page)
            .await
            .expect(200)
            .says("Choose a new password");
        let weak = [("action", "confirm"), ("password", "password")];
        let weak = stranger.submit(&page, &weak).await.expect(422);
        weak.says("at least 8");
        tamar.owner.get("/v1/me").await.expect(200);
        let good = [("action", "confirm"), ("password", NEW)];
        let done = stranger.submit(&page, &good).await.expect(200);
        done.says("The password is changed");
        tamar
            .owner
            .get("/v1/me")
            .await
            .refused(401, "invalid_token");
        stranger.signed_in(&address("Tamar"), NEW).await;
        let again = [("action", "confirm"), ("password", "another one 77 times")];
        stranger.submit(&page, &again).await.expect(409);
        stranger.signed_in(&address("Tamar"), NEW).await;
    });
}

#[test]
fn a_link_to_a_new_password_is_void_after_an_hour() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let body = json!({ "email": address("Tamar") });
        app.stranger()
            .post("/v1/password-resets", &body)
            .await
            .expect(202);
        let token = mailed_token(&app, TicketKind::PasswordReset, &address("Tamar")).await;
        app.context.clock.advance(TimeDelta::hours(1));
        let page = format!("/tickets/{token}");
        app.stranger().open(&page).await.expect(410);
        let good = [("action", "confirm"), ("password", NEW)];
        app.stranger().submit(&page, &good).await.expect(410);
        app.stranger().signed_in(&address("Tamar"), PASSWORD).await;
    });
}

#[test]
fn a_form_that_another_site_sent_changes_nothing() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let body = json!({ "email": address("Tamar") });
        app.stranger()
            .post("/v1/password-resets", &body)
            .await
            .expect(202);
        let token = mailed_token(&app, TicketKind::PasswordReset, &address("Tamar")).await;
        let call = app.stranger().call("POST", &format!("/tickets/{token}"));
        let call = call.header("Sec-Fetch-Site", "cross-site");
        let call = call.header("Content-Type", "application/x-www-form-urlencoded");
        call.send().await.refused(403, "forbidden");
        app.stranger().signed_in(&address("Tamar"), PASSWORD).await;
    });
}
