//! Mailed links: used by others, used late, and used to fill mailboxes.

use chrono::TimeDelta;
use corridor::db::outbox;
use corridor::domain::account::Role;
use corridor::domain::ticket::TicketKind;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::app::App;
use crate::support::builders::{
    Firm, PASSWORD, address, colleague, firm, mailed_token, registration,
};
use crate::support::client::Client;
use crate::support::database::on_each_backend;

const NEW: &str = "seven quiet corridors 12";

async fn queued(app: &App) -> usize {
    let list = app
        .context
        .db
        .read(|conn| outbox::list(conn, None, None, 1_000));
    list.await.unwrap().len()
}

async fn id(client: &Client) -> String {
    client.get("/v1/me").await.expect(200).text("id").to_owned()
}

async fn invited(app: &App, firm: &str, who: &Client, email: &str) -> String {
    let path = format!("/v1/organizations/{firm}/invitations");
    let body = json!({ "email": email, "role": "owner" });
    who.post(&path, &body).await.expect(201);
    let token = mailed_token(app, TicketKind::Invitation, email).await;
    format!("/tickets/{token}")
}

#[test]
fn of_a_link_that_is_used_by_ten_at_once_one_does_something() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let body = json!({ "email": address("Tamar") });
        app.stranger()
            .post("/v1/password-resets", &body)
            .await
            .expect(202);
        let reset = mailed_token(&app, TicketKind::PasswordReset, &address("Tamar")).await;
        let invitation = invited(&app, &tamar.id, &tamar.owner, &address("Eli")).await;
        for page in [format!("/tickets/{reset}"), invitation] {
            let mut racing = JoinSet::new();
            for n in 0..10 {
                let (client, page) = (app.stranger(), page.clone());
                racing.spawn(async move {
                    let password = format!("{NEW} {n}");
                    let fields = [
                        ("action", "confirm"),
                        ("name", "Eli"),
                        ("language", "en"),
                        ("zone", "UTC"),
                        ("password", password.as_str()),
                    ];
                    (n, client.submit(&page, &fields).await.status)
                });
            }
            let answers = racing.join_all().await;
            let won: Vec<_> = answers.iter().filter(|it| it.1 == 200).collect();
            assert_eq!(won.len(), 1, "{answers:?}");
            assert!(answers.iter().all(|it| matches!(it.1, 200 | 409)));
        }
        let members = format!("/v1/organizations/{}/members", tamar.id);
        let now = app.stranger();
        // The password is the winner's, whoever that was; the invitation made
        // one account.
        let key = address("Eli");
        let eli = app.context.db.read(move |conn| {
            let user = corridor::db::users::find_by_email(conn, &key)?.unwrap();
            corridor::db::users::memberships(conn, user.id)
        });
        assert_eq!(eli.await.unwrap().len(), 1);
        now.get(&members).await.expect(401);
    });
}

/// Who asks for a link and then changes the password doesn't want the link.
#[test]
fn a_changed_password_makes_links_to_a_new_one_void() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let body = json!({ "email": address("Tamar") });
        let asked = app.stranger().post("/v1/password-resets", &body).await;
        asked.expect(202);
        let token = mailed_token(&app, TicketKind::PasswordReset, &address("Tamar")).await;
        let body = json!({ "password": PASSWORD, "new_password": NEW });
        let call = tamar.owner.call("PUT", "/v1/me/password").json(&body);
        call.send().await.expect(200);
        let fields = [("action", "confirm"), ("password", "another 41 orchards")];
        let page = format!("/tickets/{token}");
        app.stranger().submit(&page, &fields).await.expect(409);
        app.stranger().signed_in(&address("Tamar"), NEW).await;
    });
}

/// An owner who is about to be put out invites a second self.
#[test]
fn invitations_end_with_the_part_of_whoever_sent_them() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let leave = async |firm: &Firm, name: &str, how: &str| {
            let second = colleague(&app, firm, name, Role::Owner).await;
            let page = invited(&app, &firm.id, &second, &address(&format!("{name} again"))).await;
            let person = id(&second).await;
            let members = format!("/v1/organizations/{}/members/{person}", firm.id);
            match how {
                "put out" => {
                    let call = firm.owner.call("DELETE", &members).header("If-Match", "*");
                    call.send().await.expect(204)
                }
                "made viewer" => {
                    let call = firm.owner.call("PUT", &members).header("If-Match", "*");
                    let body = json!({ "role": "viewer" });
                    call.json(&body).send().await.expect(204)
                }
                _ => {
                    let body = json!({ "password": PASSWORD });
                    second.post("/v1/me/deactivation", &body).await.expect(204)
                }
            };
            let fields = [
                ("action", "confirm"),
                ("name", "Second self"),
                ("language", "en"),
                ("zone", "UTC"),
                ("password", PASSWORD),
            ];
            let late = app.stranger().submit(&page, &fields).await;
            assert_eq!(late.status, 409, "{how}");
        };
        leave(&tamar, "Mallory", "put out").await;
        leave(&tamar, "Trudy", "made viewer").await;
        leave(&tamar, "Craig", "closes the account").await;
    });
}

#[test]
fn nobodys_mailbox_is_filled_by_registrations() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let body = registration("startup", "Victim", "IL");
        let stranger = app.stranger();
        for _ in 0..12 {
            stranger.post("/v1/registrations", &body).await.expect(202);
        }
        assert_eq!(queued(&app).await, 3);
        app.context.clock.advance(TimeDelta::minutes(61));
        stranger.post("/v1/registrations", &body).await.expect(202);
        assert_eq!(queued(&app).await, 4);
    });
}

#[test]
fn taking_invitations_back_is_no_way_to_send_more() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let path = format!("/v1/organizations/{}/invitations", tamar.id);
        let body = json!({ "email": address("Victim"), "role": "viewer" });
        let mut made = 0;
        let refused = loop {
            let answer = tamar.owner.post(&path, &body).await;
            if answer.status != 201 {
                break answer;
            }
            made += 1;
            assert!(made <= 200, "no end");
            let one = answer.header("location").to_owned();
            tamar.owner.call("DELETE", &one).send().await.expect(204);
        };
        refused.refused(409, "too_many_invitations");
        assert_eq!(made, 200);
        app.context.clock.advance(TimeDelta::days(1));
        let tamar = app.stranger().signed_in(&address("Tamar"), PASSWORD).await;
        tamar.post(&path, &body).await.expect(201);
    });
}

/// A stranger registers with somebody else's address and waits for the owner of
/// the address to press the button.
#[test]
fn nobody_finishes_what_a_stranger_began_with_their_address() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let stranger = app.stranger();
        let body = registration("startup", "Victim", "IL");
        stranger.post("/v1/registrations", &body).await.expect(202);
        let token = mailed_token(&app, TicketKind::Registration, &address("Victim")).await;
        let page = format!("/tickets/{token}");
        stranger
            .open(&page)
            .await
            .expect(200)
            .says("you registered");
        for password in ["", "seven quiet corridors 12"] {
            let fields = [("action", "confirm"), ("password", password)];
            let refused = stranger.submit(&page, &fields).await.expect(422);
            refused.says("not the password that was chosen");
        }
        let known = json!({ "email": address("Victim"), "password": PASSWORD });
        stranger.post("/v1/sessions", &known).await.expect(401);
        let fields = [("action", "confirm"), ("password", PASSWORD)];
        stranger.submit(&page, &fields).await.expect(200);
        stranger.signed_in(&address("Victim"), PASSWORD).await;
    });
}
