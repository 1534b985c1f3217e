//! Introductions that a partner of the programme asks for.

use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::ids::OrganizationId;
use corridor::domain::programme::{Party, PartyRole};
use serde_json::{Value, json};

use super::stage::{Answer, BLURB, INVESTOR, STARTUP, Stage, Who};
use crate::support::database::on_each_backend;

const ROUTE: &str = "/v1/partner-introductions";

impl Stage {
    /// Makes a firm a party to the programme.
    pub async fn becomes_party(&self, organization: OrganizationId) {
        let id = self.programme.id;
        let write = move |conn: &mut Conn| {
            let mut programme = db::programmes::find(conn, id)?.unwrap();
            programme.version += 1;
            programme.details.parties.push(Party {
                organization,
                role: PartyRole::Referrer,
            });
            db::programmes::update(conn, &programme)
        };
        assert!(self.context.db.write(write).await.unwrap());
    }

    /// The stranger works for a partner firm, which may be a party.
    pub async fn partnered(&self, role: Role, is_party: bool) -> OrganizationId {
        let firm = self.partner().await;
        let (user, now) = (self.user(Who::Stranger).id, self.context.now());
        let join = move |conn: &mut Conn| db::users::insert_membership(conn, user, firm, role, now);
        self.context.db.write(join).await.unwrap();
        if is_party {
            self.becomes_party(firm).await;
        }
        firm
    }

    pub fn wanted(&self) -> Value {
        json!({
            "programme": self.programme.id.to_string(),
            "startup_profile": self.profile.id.to_string(),
            "mandate": self.mandate.id.to_string(),
            "blurb": BLURB,
        })
    }
}

/// All that tells of the two firms and their people.
fn assert_tells_nothing(text: &str) {
    for secret in [
        STARTUP,
        INVESTOR,
        "mail.example",
        "Person dana",
        "Person gul",
        "asking",
        "accepted",
        "valuation",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn a_party_asks_the_startup_is_asked_first_and_the_partner_learns_its_state_alone() {
    on_each_backend(async |database| {
        let stage = Box::pin(Stage::set(database)).await;
        stage.partnered(Role::Editor, true).await;
        stage.matched().await;
        let made = stage.post(Who::Stranger, ROUTE, stage.wanted()).await;
        let path = made.location.clone().unwrap();
        assert_tells_nothing(&made.text);
        assert_eq!(made.expect(201)["state"], "open");
        let introduction = path.replace("partner-introductions", "introductions");
        // Whoever asked reads it by its own route alone.
        assert_eq!(stage.get(Who::Stranger, &introduction).await.status, 404);
        assert_eq!(stage.get(Who::Dana, &path).await.status, 404);
        assert_eq!(stage.get(Who::Curator, &path).await.status, 404);
        let seen = stage.get(Who::Curator, &introduction).await.expect(200);
        assert_eq!(
            (&seen["requester"], &seen["status"]),
            (&json!("partner"), &json!("asking_first"))
        );
        // The startup is asked first, and the investor isn't named to it.
        assert_eq!(stage.get(Who::Gul, &introduction).await.status, 404);
        let asked = stage.open(&stage.question(&introduction).await).await;
        assert!(asked.text.contains("dir=\"rtl\"") && !asked.text.contains(INVESTOR));
        let before = stage.get(Who::Stranger, &path).await;
        stage
            .go(Who::Dana, &introduction, json!({"action": "accept"}))
            .await
            .expect(200);
        let asked = stage.open(&stage.question(&introduction).await).await;
        assert!(asked.text.contains(STARTUP), "granted by its yes");
        // A yes is none of the partner's business, nor is a no.
        let after = stage.get(Who::Stranger, &path).await;
        assert_eq!(before.text, after.text);
        let no = json!({"action": "decline", "reason": "valuation", "share_reason": true});
        stage.go(Who::Gul, &introduction, no).await.expect(200);
        let closed = stage.get(Who::Stranger, &path).await;
        assert_tells_nothing(&closed.text);
        assert_eq!(closed.expect(200)["state"], "not_taken_up");
        let list = stage.get(Who::Stranger, ROUTE).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(stage.get(Who::Dana, ROUTE).await.status, 404);
    });
}

#[test]
fn who_is_no_party_and_what_stands_against_the_two_are_told_alike() {
    on_each_backend(async |database| {
        let stage = Box::pin(Stage::set(database)).await;
        let firm = stage.partnered(Role::Owner, false).await;
        let ask = async || stage.post(Who::Stranger, ROUTE, stage.wanted()).await;
        assert_eq!(ask().await.status, 404, "no party");
        stage.becomes_party(firm).await;
        assert_eq!(ask().await.code(409), "not_available_now", "no match");
        let with = |blurb: String| {
            let mut wanted = stage.wanted();
            wanted["blurb"] = json!(blurb);
            wanted
        };
        let telling = with("Write to dana@mail.example.".to_owned());
        let refused = stage.post(Who::Stranger, ROUTE, telling).await;
        assert_eq!(refused.code(409), "blurb_not_clean", "match or none");
        stage.matched().await;
        // Whose name it is nobody finds out by trying many.
        let named = with(format!("{STARTUP} finds leaks."));
        let made = stage.post(Who::Stranger, ROUTE, named).await;
        let made = made.expect(201);
        assert_eq!(made["state"], "open");
        let path = format!("/v1/introductions/{}", made["id"].as_str().unwrap());
        let seen = stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(seen["status"], "held");
        // The two have a live introduction now.
        assert_eq!(ask().await.code(409), "not_available_now");
        let dana = stage.post(Who::Dana, ROUTE, stage.wanted()).await;
        assert_ne!(dana.status, 201);
    });
}

#[test]
fn a_viewer_asks_for_nothing_and_a_request_is_withdrawn_once() {
    on_each_backend(async |database| {
        let stage = Box::pin(Stage::set(database)).await;
        stage.partnered(Role::Viewer, true).await;
        stage.matched().await;
        let refused = stage.post(Who::Stranger, ROUTE, stage.wanted()).await;
        assert_eq!(refused.status, 403);
        stage.partnered(Role::Owner, true).await;
    });
    on_each_backend(async |database| {
        let stage = Box::pin(Stage::set(database)).await;
        stage.partnered(Role::Owner, true).await;
        stage.matched().await;
        let send = async |key: &str| {
            let request = stage.request(Who::Stranger, "POST", ROUTE);
            let request = request.header("Idempotency-Key", format!("\"{key}\""));
            Answer::of(request.json(&stage.wanted()).send().await.unwrap()).await
        };
        let first = send("a-key-that-is-one").await;
        let path = first.location.clone().unwrap();
        assert_eq!(send("a-key-that-is-one").await.text, first.text);
        first.expect(201);
        let withdraw = async |version: &str, key: &str| {
            let request = stage.request(Who::Stranger, "POST", &format!("{path}/transitions"));
            let request = request
                .header("If-Match", version)
                .header("Idempotency-Key", key);
            let body = json!({"action": "withdraw"});
            Answer::of(request.json(&body).send().await.unwrap()).await
        };
        let open = async || {
            let open = stage
                .get(Who::Stranger, &format!("{path}/transitions"))
                .await;
            open.expect(200)["available"].clone()
        };
        let withdrawing = json!([{ "action": "withdraw", "blocked_by": null }]);
        assert_eq!(open().await, withdrawing);
        assert_eq!(withdraw("\"v7\"", "\"key-number-one\"").await.status, 412);
        let done = withdraw("\"v1\"", "\"key-number-two\"").await;
        let again = withdraw("\"v1\"", "\"key-number-two\"").await;
        assert_eq!(done.text, again.text);
        assert_eq!(done.expect(200)["state"], "not_taken_up");
        assert_eq!(withdraw("*", "\"key-number-three\"").await.status, 409);
        assert_eq!(open().await, json!([]));
        // What became of it, not what the two firms were asked meanwhile.
        stage.seal().await;
        let events = format!("{path}/events");
        let told = stage.get(Who::Stranger, &events).await.expect(200);
        let told: Vec<_> = told["items"].as_array().unwrap().iter().collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0]["kind"], "introduction.requested");
        let ending = json!({ "from": "open", "to": "not_taken_up" });
        assert_eq!(told[1]["payload"], ending);
        for who in [Who::Dana, Who::Gul, Who::Curator] {
            assert_eq!(stage.get(who, &events).await.status, 404, "{who:?}");
        }
    });
}

#[test]
fn a_partner_asks_for_so_many_a_week() {
    on_each_backend(async |database| {
        let mut stage = Box::pin(Stage::set(database)).await;
        let mut settings = (*stage.context.settings).clone();
        settings.open_requests = 1;
        stage.context.settings = settings.into();
        let firm = stage.partnered(Role::Owner, true).await;
        stage.matched().await;
        let other = stage.another_startup("Second").await;
        stage.matched_with(&other).await;
        let user = stage.user(Who::Stranger).clone();
        let read = move |conn: &mut Conn| db::users::memberships(conn, user.id);
        let parts = stage.context.db.read(read).await.unwrap();
        let caller = corridor::services::Caller::new(stage.user(Who::Stranger).clone(), parts);
        let ask = async |startup_profile| {
            let wanted = corridor::services::introductions::Wanted {
                partner: firm,
                programme: stage.programme.id,
                startup_profile,
                mandate: stage.mandate.id,
                blurb: BLURB.to_owned(),
            };
            corridor::services::introductions::request_for_partner(
                &stage.context,
                &caller,
                None,
                wanted,
            )
            .await
            .map_err(|error| format!("{error:?}"))
        };
        ask(stage.profile.id).await.unwrap();
        let refused = ask(other.id).await.unwrap_err();
        assert!(refused.contains("too_many_requests_open"), "{refused}");
    });
}
