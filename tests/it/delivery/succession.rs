//! What runs when a programme is over: it goes on under the one that renews
//! that, waits while it is still being agreed, or ends politely.

use chrono::{Days, NaiveDate};
use corridor::db::{self, Conn};
use corridor::domain::programme::{Party, PartyRole, ProgrammeStatus};
use serde_json::{Value, json};

use super::Post;
use crate::api::stage::{BLURB, STARTUP, Stage, Who};
use crate::support::database::on_each_backend;

const YES: [(&str, &str); 2] = [("answer", "accept"), ("name", "Noa Bar")];

impl Post {
    fn today(&self) -> NaiveDate {
        self.now().date_naive()
    }

    /// The programme's last day, some days from now; the investor is a party.
    async fn ends_in(&self, days: u64) {
        let (id, last) = (self.stage.programme.id, self.today() + Days::new(days));
        let party = Party {
            organization: self.stage.investor.id,
            role: PartyRole::Signatory,
        };
        let write = move |conn: &mut Conn| {
            let mut programme = db::programmes::find(conn, id)?.unwrap();
            programme.version += 1;
            let mut parties = programme.details.parties.iter();
            if !parties.any(|it| it.organization == party.organization) {
                programme.details.parties.push(party);
            }
            programme.details.ends_on = last;
            db::programmes::update(conn, &programme)
        };
        assert!(self.stage.context.db.write(write).await.unwrap());
    }

    async fn days(&self, days: u64) {
        for _ in 0..days {
            self.advance(chrono::TimeDelta::days(1));
            self.strike().await;
        }
    }

    async fn programme_status(&self) -> String {
        let path = format!("/v1/programmes/{}", self.stage.programme.id);
        let seen = self.stage.get(Who::Curator, &path).await.expect(200);
        seen["status"].as_str().unwrap().to_owned()
    }

    /// The investor asks a startup that nobody else deals with; the question is
    /// mailed.
    async fn asked(&self, name: &str) -> String {
        let stage = &self.stage;
        let profile = stage.another_startup(name).await;
        let matched = stage.matched_with(&profile).await;
        let both = json!({"action": "release", "to": "both"});
        stage.go(Who::Curator, &matched, both).await.expect(200);
        let made = stage.request_introduction(Who::Gul, &matched, BLURB).await;
        let introduction = made.location.clone().unwrap();
        made.expect(201);
        self.send().await;
        introduction
    }

    /// Drafts the programme that goes on; its path.
    async fn renewal(&self) -> String {
        let path = format!("/v1/programmes/{}/renewals", self.stage.programme.id);
        let renewal = json!({
            "slug": "goes-on", "starts_on": self.today().to_string(), "ends_on": "2031-12-31",
        });
        let made = self.stage.post(Who::Curator, &path, renewal).await;
        let next = made.location.clone().unwrap();
        made.expect(201);
        next
    }

    async fn walk(&self, programme: &str, actions: &[&str]) {
        for action in actions {
            let mut body = json!({"action": action});
            if matches!(*action, "decline" | "suspend" | "terminate") {
                body["reason"] = json!("As the parties wish.");
            }
            self.stage
                .go(Who::Curator, programme, body)
                .await
                .expect(200);
        }
    }
}

async fn startup_name(stage: &Stage, introduction: &str) -> Value {
    let seen = stage.get(Who::Gul, introduction).await.expect(200);
    seen["startup"]["name"].clone()
}

#[test]
fn what_runs_waits_for_the_renewal_and_goes_on_under_it() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        post.ends_in(2).await;
        let connected = post.agreed().await;
        post.send().await;
        assert_eq!(post.status(&connected).await, "sent");
        let asked = post.asked("Negev Sun").await;
        let next = post.renewal().await;
        stage.sign_mou(&next).await;
        post.days(3).await;
        assert_eq!(post.programme_status().await, "expired");

        // The question stands still, and nothing that was asked is lost.
        let page = stage.question(&asked).await;
        assert_ne!(stage.submit(&page, &YES).await.status, 303);
        assert_eq!(post.status(&asked).await, "asking_first");

        let unmatched = stage.another_startup("Galil Air").await;
        post.walk(&next, &["activate"]).await;
        assert_eq!(post.programme_status().await, "renewed");
        let page = stage.question(&asked).await;
        assert_eq!(stage.submit(&page, &YES).await.status, 303);
        post.send().await;
        assert_eq!(post.status(&asked).await, "sent");
        assert_eq!(startup_name(stage, &asked).await, "Negev Sun");
        assert_eq!(startup_name(stage, &connected).await, STARTUP);

        // Whom the one had admitted the other has, for the ranking as well.
        let id = next.rsplit('/').next().unwrap();
        let ranking = format!("/v1/matches?programme={id}&mandate={}", stage.mandate.id);
        let ranked = stage.get(Who::Curator, &ranking).await.expect(200);
        let ranked = ranked["items"].as_array().unwrap();
        let profile = unmatched.id.to_string();
        assert!(
            ranked
                .iter()
                .any(|line| line["startup_profile"]["id"] == profile.as_str()
                    || line["startup_profile"] == profile.as_str()),
            "{ranked:?}"
        );
        let card = stage
            .get(Who::Curator, &format!("{next}/scorecard"))
            .await
            .expect(200);
        assert_eq!(card["counts"]["startups_admitted"], 3, "{card}");
    });
}

#[test]
fn without_a_renewal_what_was_not_sent_ends_and_both_are_told() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        post.ends_in(1).await;
        let connected = post.agreed().await;
        post.send().await;
        let asked = post.asked("Negev Sun").await;
        let drafted = post.asked("Galil Air").await;
        let before = post.server.received().len();
        post.days(2).await;
        assert_eq!(post.programme_status().await, "expired");
        for ended in [&asked, &drafted] {
            assert_eq!(post.status(ended).await, "expired");
        }
        let told: Vec<_> = post.server.received()[before..]
            .iter()
            .flat_map(|mail| mail.to.clone())
            .collect();
        for reader in ["<gul@mail.example>", "<negev.sun@mail.example>"] {
            assert!(told.iter().any(|to| to == reader), "{told:?}");
        }
        // Whom it had connected it had connected.
        assert_eq!(post.status(&connected).await, "sent");
        assert_eq!(startup_name(stage, &connected).await, STARTUP);
        stage
            .go(Who::Gul, &connected, json!({"action": "met"}))
            .await
            .expect(200);
    });
}

#[test]
fn a_renewal_that_fails_ends_what_waited_for_it() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.ends_in(1).await;
        let asked = post.asked("Negev Sun").await;
        let next = post.renewal().await;
        post.walk(&next, &["negotiate"]).await;
        post.days(2).await;
        assert_eq!(post.status(&asked).await, "asking_first");
        post.walk(&next, &["decline"]).await;
        assert_eq!(post.status(&asked).await, "expired");
    });
}

#[test]
fn a_stopped_programme_ends_on_its_day_and_can_be_renewed() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let programme = format!("/v1/programmes/{}", stage.programme.id);
        post.ends_in(300).await;
        let next = post.renewal().await;
        stage.sign_mou(&next).await;
        post.walk(&programme, &["suspend"]).await;
        let id = stage.programme.id.to_string();
        let freeze = json!({"scope": "programme", "value": id, "reason": "A court order"});
        let frozen = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        let frozen = frozen.expect(201)["id"].as_str().unwrap().to_owned();
        let activate = json!({"action": "activate"});
        let refused = stage.go(Who::Curator, &next, activate.clone()).await;
        assert_eq!(refused.code(409), "predecessor_frozen");
        for who in [Who::Compliance, Who::SecondCompliance] {
            let path = format!("/v1/freezes/{frozen}");
            let lift = json!({"action": "lift", "reason": "It is over."});
            stage.go(who, &path, lift).await.expect(200);
        }
        stage.go(Who::Curator, &next, activate).await.expect(200);
        assert_eq!(post.programme_status().await, "renewed");

        // One that is suspended when its last day is over ends like any other.
        post.walk(&next, &["suspend"]).await;
        let id = next.rsplit('/').next().unwrap().parse().unwrap();
        let yesterday = post.today() - Days::new(1);
        let write = move |conn: &mut Conn| {
            let mut programme = db::programmes::find(conn, id)?.unwrap();
            programme.version += 1;
            programme.details.starts_on = yesterday;
            programme.details.ends_on = yesterday;
            db::programmes::update(conn, &programme)?;
            Ok::<_, db::Error>(programme.status)
        };
        let status = stage.context.db.write(write).await.unwrap();
        assert_eq!(status, ProgrammeStatus::Suspended);
        post.strike().await;
        let seen = stage.get(Who::Curator, &next).await.expect(200);
        assert_eq!(seen["status"], "expired");
    });
}

/// How many mails about a programme's notice were queued.
async fn told_of_notice(post: &Post) -> usize {
    let list = |conn: &mut Conn| db::outbox::list(conn, None, None, 1_000);
    let queue = post.stage.context.db.read(list).await.unwrap();
    let of_notice = queue
        .iter()
        .filter(|it| it.intent_key.starts_with("news:programme_expiring:"));
    of_notice.count()
}

#[test]
fn a_programme_that_was_stopped_in_its_notice_is_in_it_when_it_goes_on() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let programme = format!("/v1/programmes/{}", post.stage.programme.id);
        let stop = |action: &str| json!({ "action": action, "reason": "A court order." });
        for (body, code) in [
            (json!({ "action": "suspend" }), "required"),
            (stop("resume"), "not_taken"),
        ] {
            let bare = post.stage.go(Who::Curator, &programme, body).await;
            assert_eq!(bare.expect(422)["errors"][0]["code"], code);
        }
        // Before its notice it comes back in force.
        post.ends_in(300).await;
        post.walk(&programme, &["suspend", "resume"]).await;
        assert_eq!(post.programme_status().await, "active");
        post.ends_in(20).await;
        post.strike().await;
        assert_eq!(post.programme_status().await, "expiring");
        let told = told_of_notice(&post).await;
        assert!(told > 0);
        let stopped = post.stage.go(Who::Curator, &programme, stop("suspend"));
        stopped.await.expect(200);
        post.walk(&programme, &["resume"]).await;
        assert_eq!(post.programme_status().await, "expiring");
        post.days(1).await;
        assert_eq!(told_of_notice(&post).await, told, "once");

        // Why is for the operator's people, and its hash is in the log.
        let agreement = format!("{programme}/agreement");
        let seen = post.stage.get(Who::Auditor, &agreement).await.expect(200);
        let reasons = seen["reasons"].as_array().unwrap();
        assert_eq!(reasons.len(), 2);
        let last = &reasons[0];
        assert_eq!(
            (&last["action"], &last["from"], &last["reason"]),
            (
                &json!("suspend"),
                &json!("expiring"),
                &json!("A court order.")
            )
        );
        let party = post.stage.get(Who::Gul, &agreement).await.expect(200);
        assert_eq!(party["reasons"], json!([]));
        post.stage.seal().await;
        let events = format!("{programme}/events?limit=100");
        let events = post.stage.get(Who::Auditor, &events).await.expect(200);
        let moves = events["items"].as_array().unwrap().iter();
        let reasons = moves.filter(|it| it["payload"]["reason"].is_string());
        assert_eq!(reasons.count(), 2);
    });
}
