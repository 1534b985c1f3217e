//! The people of a firm: invited, promoted, gone.

use chrono::TimeDelta;
use corridor::db::Conn;
use corridor::domain::account::Role;
use corridor::domain::event::{Subject, SubjectKind};
use corridor::domain::ids::UserId;
use corridor::domain::ticket::TicketKind;
use corridor::services::accounts::{self, NewUser};
use corridor::services::people;
use serde_json::{Value, json};

use super::stage::{Stage, Who};
use crate::support::app::App;
use crate::support::builders::{
    Firm, PASSWORD, address, colleague, firm, id_of, mailed_token, operator,
};
use crate::support::client::Client;
use crate::support::database::on_each_backend;

async fn id(client: &Client) -> String {
    client.get("/v1/me").await.expect(200).text("id").to_owned()
}

async fn roles(client: &Client) -> Vec<(String, String)> {
    let me = client.get("/v1/me").await.expect(200);
    let parts = me.body["memberships"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    parts
        .map(|part| (text(&part["organization"]), text(&part["role"])))
        .collect()
}

async fn invite(firm: &Firm, email: &str, role: &str) -> crate::support::client::Answer {
    let path = format!("/v1/organizations/{}/invitations", firm.id);
    let body = json!({ "email": email, "role": role });
    firm.owner.post(&path, &body).await
}

#[test]
fn somebody_new_joins_by_the_page_that_was_mailed() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let email = address("Eli");
        invite(&tamar, &email, "editor").await.expect(201);
        let token = mailed_token(&app, TicketKind::Invitation, &email).await;
        let page = format!("/tickets/{token}");
        let stranger = app.stranger();
        let opened = stranger.open(&page).await.expect(200).says("Tamar");
        assert!(!opened.html.contains("/my-consents/"), "nobody known");
        let empty = stranger.submit(&page, &[("action", "confirm")]).await;
        empty.expect(422).says("name of at most 200");
        let fields = [
            ("action", "confirm"),
            ("name", "Eli Cohen"),
            ("language", "he"),
            ("zone", "Asia/Jerusalem"),
            ("password", PASSWORD),
        ];
        let done = stranger.submit(&page, &fields).await.expect(200);
        done.says("dir=\"rtl\"");
        let eli = stranger.signed_in(&email, PASSWORD).await;
        assert_eq!(roles(&eli).await, [(tamar.id.clone(), "editor".to_owned())]);
        stranger.submit(&page, &fields).await.expect(409);
    });
}

#[test]
fn somebody_known_joins_without_a_new_account() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let other = firm(&app, "partner", "Fund", "IL").await;
        invite(&tamar, &address("Fund"), "viewer").await.expect(201);
        let token = mailed_token(&app, TicketKind::Invitation, &address("Fund")).await;
        let page = format!("/tickets/{token}");
        let opened = app.stranger().open(&page).await.expect(200);
        opened.says("/my-consents/");
        let done = app.stranger().submit(&page, &[("action", "confirm")]).await;
        done.expect(200);
        let parts = roles(&other.owner).await;
        assert!(
            parts.contains(&(tamar.id, "viewer".to_owned())),
            "{parts:?}"
        );
        assert_eq!(parts.len(), 2);
    });
}

#[test]
fn an_invitation_is_listed_and_taken_back() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let email = address("Eli");
        let made = invite(&tamar, &email, "editor").await.expect(201);
        let token = mailed_token(&app, TicketKind::Invitation, &email).await;
        let path = format!("/v1/organizations/{}/invitations", tamar.id);
        let listed = tamar.owner.get(&path).await.expect(200);
        assert_eq!(listed.body["items"][0]["id"], made.body["id"]);
        let one = made.header("location").to_owned();
        tamar.owner.call("DELETE", &one).send().await.expect(204);
        tamar.owner.call("DELETE", &one).send().await.expect(404);
        let page = format!("/tickets/{token}");
        let late = app.stranger().submit(&page, &[("action", "confirm")]).await;
        late.expect(409).says("no longer works");
    });
}

#[test]
fn only_owners_let_people_in_and_only_in_parts_that_fit() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let other = firm(&app, "investor", "Xezer", "AZ").await;
        let editor = colleague(&app, &tamar, "Eli", Role::Editor).await;
        let path = format!("/v1/organizations/{}/invitations", tamar.id);
        let body = json!({ "email": address("New"), "role": "viewer" });
        editor.post(&path, &body).await.refused(403, "forbidden");
        other
            .owner
            .post(&path, &body)
            .await
            .refused(404, "not_found");
        for role in ["admin", "curator"] {
            let answer = invite(&tamar, &address("New"), role).await;
            let answer = answer.refused(422, "invalid");
            assert_eq!(answer.faults(), ["#/role role_does_not_fit"]);
        }
        let admin = operator(&app, "Admin", &[Role::Admin]).await;
        admin.post(&path, &body).await.expect(201);
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        curator.post(&path, &body).await.refused(403, "forbidden");
    });
}

#[test]
fn a_part_changes_at_once_and_a_firm_keeps_an_owner() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let eli = colleague(&app, &tamar, "Eli", Role::Viewer).await;
        let members = format!("/v1/organizations/{}/members", tamar.id);
        let (dana_id, eli_id) = (id(&tamar.owner).await, id(&eli).await);
        let set = async |who: &Client, person: &str, role: &str| {
            let call = who.call("PUT", &format!("{members}/{person}"));
            let call = call.header("If-Match", "*");
            call.json(&json!({ "role": role })).send().await
        };
        set(&eli, &eli_id, "owner").await.refused(403, "forbidden");
        let last = set(&tamar.owner, &dana_id, "viewer").await;
        last.refused(409, "last_keeper");
        let dana = format!("{members}/{dana_id}");
        let leave = async |version: &str| {
            let call = tamar.owner.call("DELETE", &dana);
            call.header("If-Match", version).send().await
        };
        leave("*").await.refused(409, "last_keeper");
        set(&tamar.owner, &eli_id, "owner").await.expect(204);
        let read = tamar.owner.get(&dana).await.expect(200);
        leave(read.header("etag")).await.expect(204);
        let path = format!("/v1/organizations/{}", tamar.id);
        tamar.owner.get(&path).await.refused(404, "not_found");
        eli.get(&path).await.expect(200);
        let listed = eli.get(&members).await.expect(200);
        assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_person_without_a_part_is_not_found_in_the_firm() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let other = firm(&app, "investor", "Xezer", "AZ").await;
        let stranger = id(&other.owner).await;
        let path = format!("/v1/organizations/{}/members/{stranger}", tamar.id);
        let role = json!({ "role": "viewer" });
        tamar
            .owner
            .call("PUT", &path)
            .header("If-Match", "*")
            .json(&role)
            .send()
            .await
            .expect(404);
        // That there is nobody is said before what is wrong with the version.
        tamar.owner.call("DELETE", &path).send().await.expect(404);
    });
}

/// Who was made an owner meanwhile is not put out by somebody who read that
/// they were a viewer.
#[test]
fn nobody_is_put_out_by_what_was_read_before() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let eli = colleague(&app, &tamar, "Eli", Role::Viewer).await;
        let member = format!("/v1/organizations/{}/members/{}", tamar.id, id(&eli).await);
        let put_out = async |who: &Client, version: Option<&str>| {
            let mut call = who.call("DELETE", &member);
            if let Some(version) = version {
                call = call.header("If-Match", version);
            }
            call.send().await
        };
        let owner = &tamar.owner;
        let read = owner.get(&member).await.expect(200);
        let read = read.header("etag").to_owned();
        put_out(owner, None).await.refused(428, "version_required");
        app.context.clock.advance(TimeDelta::seconds(1));
        let call = owner.call("PUT", &member).header("If-Match", &read);
        let role = json!({ "role": "owner" });
        call.json(&role).send().await.expect(204);
        put_out(owner, Some(&read))
            .await
            .refused(412, "stale_version");
        eli.get(&member).await.expect(200);
        // Who may not put anybody out learns nothing of versions.
        let dana = format!("/v1/organizations/{}/members/{}", tamar.id, id(owner).await);
        let viewer = colleague(&app, &tamar, "Gad", Role::Viewer).await;
        let call = viewer.call("DELETE", &dana).send().await;
        call.refused(403, "forbidden");
        let now = owner.get(&member).await.expect(200);
        put_out(&eli, Some(now.header("etag"))).await.expect(204);
        owner.get(&member).await.expect(404);
    });
}

#[test]
fn who_leaves_hands_open_questions_over_and_the_old_link_is_dead() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let old = stage.question(&introduction).await;
        let firm = stage.investor.id;
        let (context, now) = (stage.context.clone(), stage.context.now());
        // A second owner of the investor's, who goes on.
        let successor = stage.user(Who::Stranger).id;
        let write = stage.context.db.write(move |conn| {
            corridor::db::users::insert_membership(conn, successor, firm, Role::Owner, now)
        });
        write.await.unwrap();
        let gul = stage.user(Who::Gul).id;
        let path = format!("/v1/organizations/{firm}/members/{gul}?successor={successor}");
        let left = stage
            .request(Who::Gul, "DELETE", &path)
            .header("If-Match", "*")
            .send()
            .await
            .unwrap();
        assert_eq!(left.status(), 204);
        let dead = stage.open(&old).await;
        assert!(!dead.text.contains("<form"), "{}", dead.text);
        let new = stage.question(&introduction).await;
        assert_ne!(new, old);
        let yes = [("answer", "accept"), ("name", "The successor")];
        assert_eq!(stage.submit(&new, &yes).await.status, 303);
        drop(context);
    });
}

#[test]
fn a_closed_account_is_out_at_once_and_can_be_opened_again() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let admin = operator(&app, "Admin", &[Role::Admin]).await;
        let person = id(&tamar.owner).await;
        let path = format!("/v1/people/{person}");
        let act = async |who: &Client, action: &str| {
            who.act(&path, "*", &json!({ "action": action })).await
        };
        act(&tamar.owner, "close").await.refused(404, "not_found");
        let close = json!({ "action": "close" });
        let blind = admin.post(&format!("{path}/transitions"), &close).await;
        blind.refused(428, "version_required");
        let seen = admin.get(&path).await.expect(200);
        let closed = admin.act(&path, seen.etag(), &close).await.expect(200);
        assert_eq!(closed.body["state"], "closed");
        assert_ne!(closed.etag(), seen.etag());
        // Who decides on what was seen before that is told so.
        let open = json!({ "action": "open" });
        let late = admin.act(&path, seen.etag(), &open).await;
        assert!(!late.refused(412, "stale_version").text("detail").is_empty());
        let again = admin.get(&path).await.expect(200);
        assert_eq!(again.body["state"], "closed");
        assert_eq!(again.etag(), closed.etag());
        tamar
            .owner
            .get("/v1/me")
            .await
            .refused(401, "invalid_token");
        let body = json!({ "email": address("Tamar"), "password": PASSWORD });
        let refused = app.stranger().post("/v1/sessions", &body).await;
        refused.refused(401, "invalid_token");
        act(&admin, "open").await.expect(200);
        tamar
            .owner
            .get("/v1/me")
            .await
            .refused(401, "invalid_token");
        app.stranger().signed_in(&address("Tamar"), PASSWORD).await;
    });
}

#[test]
fn a_person_closes_their_own_account_with_the_password() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let eli = colleague(&app, &tamar, "Eli", Role::Editor).await;
        let close = async |who: &Client, password: &str| {
            let body = json!({ "password": password });
            who.post("/v1/me/deactivation", &body).await
        };
        close(&tamar.owner, PASSWORD)
            .await
            .refused(409, "last_keeper");
        close(&eli, "wrong password").await.refused(422, "invalid");
        close(&eli, PASSWORD).await.expect(204);
        eli.get("/v1/me").await.refused(401, "invalid_token");
    });
}

#[test]
fn the_first_admin_comes_by_a_link_that_a_command_prints() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let email: corridor::domain::text::Email = "noa@corridor.example".parse().unwrap();
        let link = corridor::services::tickets::invite_operator(&app.context, email, Role::Admin);
        let page = format!("/tickets/{}", id_of(&link.await.unwrap()));
        let fields = [
            ("action", "confirm"),
            ("name", "Noa Barak"),
            ("language", "en"),
            ("zone", "UTC"),
            ("password", PASSWORD),
        ];
        app.stranger().submit(&page, &fields).await.expect(200);
        let noa = app
            .stranger()
            .signed_in("noa@corridor.example", PASSWORD)
            .await;
        let me = noa.get("/v1/me").await.expect(200);
        assert_eq!(me.body["memberships"][0]["role"], "admin");
        let operator = me.body["memberships"][0]["organization"].as_str().unwrap();
        let path = format!("/v1/organizations/{operator}/invitations");
        let body = json!({ "email": "gal@corridor.example", "role": "curator" });
        noa.post(&path, &body).await.expect(201);
    });
}

#[test]
fn an_invitation_that_is_asked_for_twice_is_mailed_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let path = format!("/v1/organizations/{}/invitations", tamar.id);
        let body = json!({ "email": address("Eli"), "role": "viewer" });
        let invite = async || {
            let call = tamar.owner.call("POST", &path).json(&body);
            call.header("Idempotency-Key", "8e03978e-40d5")
                .send()
                .await
                .expect(201)
        };
        let (first, again) = (invite().await, invite().await);
        assert_eq!(first.body, again.body);
        let listed = tamar.owner.get(&path).await.expect(200);
        assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    });
}

/// Everything that somebody holds is void with the account, and their work goes
/// on in other hands.
#[test]
fn a_closed_account_takes_sessions_keys_and_links_with_it_and_leaves_the_work() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let old = stage.question(&introduction).await;
        let firm = stage.investor.id;
        let (now, gul) = (stage.context.now(), stage.user(Who::Gul));
        let successor = stage.user(Who::Stranger).id;
        let key = corridor::domain::client::ApiKey {
            id: stage.context.new_id(),
            user: gul.id,
            name: "Script".parse().unwrap(),
            prefix: "corridor_key_x".to_owned(),
            scopes: "account:read".parse().unwrap(),
            allowed: corridor::domain::client::AllowedAddresses::default(),
            created_at: now,
            expires_at: now + chrono::TimeDelta::days(1),
            last_used_at: None,
            revoked_at: None,
        };
        let text = corridor::auth::opaque::Opaque::generate("corridor_key_").unwrap();
        let (hash, person) = (text.hash(), gul.id);
        let write = stage.context.db.write(move |conn| {
            corridor::db::users::insert_membership(conn, successor, firm, Role::Owner, now)?;
            corridor::db::api_keys::insert(conn, &key, &hash)
        });
        write.await.unwrap();
        let with_key = async || {
            let request = stage.bare("GET", "/v1/me").bearer_auth(text.expose());
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(with_key().await, 200);
        let invitations = format!("/v1/organizations/{firm}/invitations");
        let body = json!({ "email": "later@mail.example", "role": "owner" });
        let invited = stage.post(Who::Gul, &invitations, body).await;
        assert_eq!(invited.status, 201, "{}", invited.text);
        let admin = NewUser {
            email: "admin@corridor.example".parse().unwrap(),
            name: "Admin".parse().unwrap(),
            language: "en".parse().unwrap(),
            zone: chrono_tz::UTC,
            password: PASSWORD.to_owned(),
        };
        let id = accounts::create_operator_user(&stage.context, admin, vec![Role::Admin]);
        let user = id.await.unwrap();
        let read = stage.context.db.read(move |conn| {
            let user = corridor::db::users::find(conn, user)?.unwrap();
            let memberships = corridor::db::users::memberships(conn, user.id)?;
            Ok::<_, corridor::db::Error>(corridor::services::Caller::new(user, memberships))
        });
        let admin = read.await.unwrap();
        let close = people::AccountAction::Close;
        people::act(&stage.context, &admin, person, None, close, None)
            .await
            .unwrap();
        assert_eq!(stage.get(Who::Gul, "/v1/me").await.status, 401);
        assert_eq!(with_key().await, 401);
        let open = stage.context.db.read(move |conn| {
            let kind = TicketKind::Invitation;
            corridor::db::tickets::open_of(conn, kind, firm, now)
        });
        assert!(open.await.unwrap().is_empty());
        // The question went to the colleague; the old link does nothing.
        let dead = stage.open(&old).await;
        assert!(!dead.text.contains("<form"), "{}", dead.text);
        let new = stage.question(&introduction).await;
        let yes = [("answer", "accept"), ("name", "The successor")];
        assert_eq!(stage.submit(&new, &yes).await.status, 303);
        let again = people::AccountAction::Open;
        people::act(&stage.context, &admin, person, None, again, None)
            .await
            .unwrap();
        assert_eq!(stage.get(Who::Gul, "/v1/me").await.status, 401);
        assert_eq!(with_key().await, 401, "a key does not come back");
    });
}

/// Who keeps the accounts is not to read what firms say.
#[test]
fn no_admin_makes_themselves_a_curator() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let admin = operator(&app, "Admin", &[Role::Admin]).await;
        operator(&app, "Second", &[Role::Admin]).await;
        let me = admin.get("/v1/me").await.expect(200);
        let operator = me.body["memberships"][0]["organization"].as_str().unwrap();
        let own = format!("/v1/organizations/{operator}/members/{}", me.text("id"));
        let call = admin.call("PUT", &own).json(&json!({ "role": "curator" }));
        call.header("If-Match", "*")
            .send()
            .await
            .refused(409, "own_part");
        let path = format!("/v1/organizations/{operator}/invitations");
        let body = json!({ "email": address("Admin"), "role": "curator" });
        let invited = admin.post(&path, &body).await;
        invited.refused(409, "own_part");
        admin
            .get("/v1/startup-profiles")
            .await
            .refused(404, "not_found");
    });
}

/// Whoever can let people in hears by mail that somebody came, also when the
/// invitation was another's.
#[test]
fn owners_are_mailed_when_somebody_joins_their_firm() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let mails = async |client: &Client| {
            let id: UserId = id(client).await.parse().unwrap();
            let subject = Subject::new(SubjectKind::User, id);
            let about = move |conn: &mut Conn| corridor::db::outbox::about(conn, subject);
            let mails = app.context.db.read(about).await.unwrap();
            mails.len()
        };
        let before = mails(&tamar.owner).await;
        let editor = colleague(&app, &tamar, "Editor", Role::Editor).await;
        assert_eq!(mails(&tamar.owner).await, before + 1);
        let at_first = mails(&editor).await;
        colleague(&app, &tamar, "Viewer", Role::Viewer).await;
        assert_eq!(mails(&tamar.owner).await, before + 2);
        assert_eq!(mails(&editor).await, at_first, "an editor lets nobody in");
    });
}

#[test]
fn people_are_read_a_page_at_a_time_and_changed_as_they_were_read() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        for name in ["Eli", "Noa", "Avi"] {
            colleague(&app, &tamar, name, Role::Viewer).await;
        }
        let members = format!("/v1/organizations/{}/members", tamar.id);
        let (mut seen, mut next) = (Vec::new(), None::<String>);
        loop {
            let cursor = next.map_or(String::new(), |it| format!("&cursor={it}"));
            let page = tamar.owner.get(&format!("{members}?limit=3{cursor}")).await;
            let page = page.expect(200).body;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 3);
            seen.extend(items.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(cursor) => next = Some(cursor.to_owned()),
                None => break,
            }
        }
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!((seen.len(), once.len()), (4, 4));
        let endless = tamar.owner.get(&format!("{members}?limit=101")).await;
        assert!(matches!(endless.status, 400 | 422));

        let owner = id(&tamar.owner).await;
        let eli = seen.iter().find(|it| **it != owner).unwrap();
        let path = format!("{members}/{eli}");
        let read = tamar.owner.get(&path).await.expect(200);
        assert_eq!(read.body["roles"], json!(["viewer"]));
        let set = async |role: &str, version: Option<&str>| {
            let mut call = tamar.owner.call("PUT", &path);
            if let Some(version) = version {
                call = call.header("If-Match", version);
            }
            call.json(&json!({ "role": role })).send().await
        };
        set("editor", None).await.refused(428, "version_required");
        app.context.clock.advance(chrono::TimeDelta::seconds(1));
        let changed = set("editor", Some(read.etag())).await.expect(204);
        assert_ne!(changed.etag(), read.etag());
        let stale = set("owner", Some(read.etag())).await;
        stale.refused(412, "stale_version");
        let now = tamar.owner.get(&path).await.expect(200);
        assert_eq!((now.text("role"), now.etag()), ("editor", changed.etag()));
        let other = firm(&app, "investor", "Xezer", "AZ").await;
        other.owner.get(&path).await.refused(404, "not_found");
    });
}
