//! Two things at once, of which each alone is harmless.

use corridor::db;
use corridor::domain::account::Role;
use corridor::domain::ids::{OrganizationId, UserId};
use corridor::domain::ticket::TicketKind;
use corridor::services::sessions::{self, Credentials, Origin};
use corridor::services::{clients, signing, tickets};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::app::App;
use crate::support::builders::{PASSWORD, address, colleague, firm, mailed_token};
use crate::support::client::Client;
use crate::support::database::on_each_backend;

async fn id(client: &Client) -> UserId {
    let me = client.get("/v1/me").await.expect(200);
    me.text("id").parse().unwrap()
}

/// Whoever knows the old password signs in again and again while the person
/// chooses a new one: afterwards no session of the old one is left.
#[test]
fn no_session_of_the_old_password_outlives_it() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let person = id(&firm(&app, "startup", "Tamar", "IL").await.owner).await;
        let mut password = PASSWORD.to_owned();
        for round in 0..15 {
            let body = json!({ "email": address("Tamar") });
            let asked = app.stranger().post("/v1/password-resets", &body).await;
            asked.expect(202);
            let token = mailed_token(&app, TicketKind::PasswordReset, &address("Tamar")).await;
            let mut thieves = JoinSet::new();
            for n in 0..8 {
                let (context, password) = (app.context.clone(), password.clone());
                thieves.spawn(async move {
                    for _ in 0..3 {
                        let credentials = Credentials {
                            email: address("Tamar"),
                            password: password.clone(),
                            code: None,
                        };
                        let origin = Origin {
                            address: format!("192.0.{round}.{n}").parse().ok(),
                            agent: None,
                        };
                        let _ = sessions::sign_in(&context, credentials, origin).await;
                    }
                });
            }
            password = format!("seven quiet corridors {round}");
            let reset = tickets::reset_password(&app.context, &token, &password).await;
            reset.expect("a new password");
            thieves.join_all().await;
            let now = app.context.now();
            let live = app
                .context
                .db
                .read(move |conn| db::sessions::live(conn, person, now));
            let live = live.await.unwrap();
            assert!(live.is_empty(), "round {round}: {} are left", live.len());
            app.context.clock.advance(chrono::TimeDelta::minutes(6));
        }
    });
}

/// Both owners leave at once, each while the other is still there.
#[test]
fn a_firm_keeps_an_owner_whoever_leaves_at_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let second = colleague(&app, &tamar, "Eli", Role::Owner).await;
        let organization: OrganizationId = tamar.id.parse().unwrap();
        let both = [
            (tamar.owner.clone(), id(&tamar.owner).await),
            (second.clone(), id(&second).await),
        ];
        for round in 0..25 {
            let mut leaving = JoinSet::new();
            for (client, person) in both.clone() {
                let path = format!("/v1/organizations/{organization}/members/{person}");
                leaving.spawn(async move {
                    let call = client.call("DELETE", &path).header("If-Match", "*");
                    call.send().await.status
                });
            }
            let statuses = leaving.join_all().await;
            let left = app
                .context
                .db
                .read(move |conn| db::users::members(conn, organization));
            let left = left.await.unwrap().len();
            assert_eq!(left, 1, "round {round}: {statuses:?}");
            let (now, people) = (app.context.now(), both.clone().map(|it| it.1));
            let back = app.context.db.write(move |conn| {
                for person in people {
                    db::users::insert_membership(conn, person, organization, Role::Owner, now)?;
                }
                Ok::<_, db::Error>(())
            });
            back.await.unwrap();
        }
    });
}

/// A token that another node signed with a key that this one has not seen.
#[test]
fn a_token_of_a_new_key_is_revoked_all_the_same() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        let path = format!("/v1/organizations/{}/clients", partner.id);
        let body = json!({ "name": "Sync", "scopes": ["programmes:read"] });
        let made = partner.owner.post(&path, &body).await.expect(201);
        let mut other = app.context.clone();
        let lifetime = other.settings.access_token;
        let ring = signing::load(&other.db, &other.sealer, lifetime, other.now()).await;
        let url = other.settings.public_url.clone();
        let leeway = std::time::Duration::from_secs(5);
        let tokens = corridor::auth::token::Tokens::new(ring.unwrap(), url.clone(), url, leeway);
        other.tokens = std::sync::Arc::new(tokens);
        signing::rotate(&other).await.unwrap();
        let (id, secret) = (made.text("id"), made.text("client_secret"));
        let client = clients::authenticate(&other, id, secret, None).await;
        let token = clients::issue(&other, &client.unwrap(), None)
            .await
            .unwrap();
        let token = token.access_token;
        let basic = Some((id, secret));
        let form = [("token", token.as_str())];
        let revoked = app.stranger().oauth("/v1/oauth/revoke", basic, &form).await;
        revoked.expect(200);
        let holder = app.stranger().with_token(&token);
        holder
            .get("/v1/programmes")
            .await
            .refused(401, "invalid_token");
    });
}
