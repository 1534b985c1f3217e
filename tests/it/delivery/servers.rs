//! Mail servers that take their time, that don't want us, and that know of no
//! such reader: each mail goes out once, and nobody waits for somebody else's
//! server.

use std::time::Duration;

use chrono::TimeDelta;
use corridor::db::outbox::State;
use corridor::db::{self, Conn};
use corridor::domain::account::User;
use corridor::domain::bounce::BounceOutcome;
use corridor::domain::event::SubjectKind;
use corridor::domain::message::Notice;
use corridor::jobs::domains::Domains;
use corridor::jobs::outbox::Sender;
use corridor::jobs::{self, Options};
use corridor::mail::{Mailer, Relays, Security, Smtp, SmtpSettings, bounce};
use corridor::services::bounces::{self, Taken};
use corridor::services::{Error, notices};
use serde_json::Value;

use super::bounces::notice;
use super::letters::id_of;
use super::{Post, mailer, make_administrator, options, until, work_off};
use crate::api::stage::{Who, of};
use crate::support::database::on_each_backend;
use crate::support::smtp::{Fault, SmtpServer};

impl Post {
    fn sender_with(&self, options: Options) -> Sender {
        Sender::new(self.stage.context.clone(), mailer(&self.server), options)
    }

    /// Queues a notice to somebody whose mail goes to another domain.
    async fn queue_to(&self, domain: &str) {
        let context = self.stage.context.clone();
        let person = User {
            id: context.new_id(),
            email: of(&format!("somebody@{domain}")),
            ..self.stage.user(Who::Stranger).clone()
        };
        let intent = format!("to:{domain}");
        let enqueue = move |conn: &mut Conn| {
            assert!(db::users::insert(conn, &person, "no hash")?);
            let notice = Notice::RegistrationExists { user: person.id };
            let subject = (SubjectKind::User, person.id.uuid());
            notices::enqueue(&context, conn, &intent, subject, &notice)?;
            Ok::<_, Error>(())
        };
        self.stage.context.db.write(enqueue).await.unwrap();
    }
}

#[test]
fn a_server_may_take_longer_than_a_lease_and_gets_the_mail_once() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let lease = TimeDelta::milliseconds(300);
        let brief = Options { lease, ..options() };
        post.queue_others(1).await;
        post.server.fail(Fault::LateAnswer);
        let (slow, other) = (post.sender_with(brief.clone()), post.sender_with(brief));
        let sending = tokio::spawn(async move { work_off(&slow).await });
        until(async || post.server.received().len() == 1).await;
        for _ in 0..3 {
            post.advance(lease - TimeDelta::milliseconds(1));
            let renewed = post.now() + lease;
            until(async || post.last().await.available_at == renewed).await;
            assert_eq!(work_off(&other).await, 0, "it is in other hands");
        }
        post.server.let_go();
        assert_eq!(sending.await.unwrap(), 1);
        let message = post.last().await;
        assert_eq!((message.state, message.attempts), (State::Done, 1));
        assert_eq!(post.server.received().len(), 1);
    });
}

#[test]
fn what_a_server_may_have_taken_is_tried_again_rarely_and_it_shows() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.queue_others(1).await;
        for doubts in 1..=options().doubts {
            post.server.fail(Fault::DropBeforeAnswer);
            post.send().await;
            let message = post.last().await;
            assert_eq!(message.doubts, doubts);
            if doubts < options().doubts {
                assert_eq!(message.state, State::Pending);
                let wait = message.available_at - post.now();
                assert!(wait >= options().patience.slow_base, "{wait}");
                post.advance(wait);
            }
        }
        assert_eq!(post.last().await.state, State::Dead);
        let received = post.server.received();
        assert_eq!(received.len(), 3);
        // Whoever reads them sees one.
        assert!(
            received
                .iter()
                .all(|mail| id_of(mail) == id_of(&received[0]))
        );
        let path = "/v1/messages?state=failed";
        let seen = post.stage.get(Who::Curator, path).await.expect(200);
        assert_eq!(seen["items"][0]["doubts"], 3, "{seen}");
    });
}

#[test]
fn a_mail_is_dated_when_it_is_first_tried() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.queue_others(1).await;
        post.advance(TimeDelta::days(3));
        let tried = post.now();
        post.server.fail(Fault::Mail("451 try later"));
        post.send().await;
        post.advance(TimeDelta::hours(1));
        post.send().await;
        let mail = post.server.received().pop().unwrap();
        let parsed = mail_parser::MessageParser::new().parse(&mail.content);
        let date = parsed.as_ref().and_then(|mail| mail.date()).unwrap();
        assert_eq!(date.to_timestamp(), tried.timestamp());
    });
}

#[test]
fn a_server_that_does_not_want_our_sender_costs_no_message() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.queue_others(1).await;
        for attempt in 1..=options().patience.attempts + 2 {
            post.server.fail(Fault::Mail("550 5.7.1 sender rejected"));
            assert_eq!(post.send().await, 1, "attempt {attempt}");
            let message = post.last().await;
            assert_eq!((message.state, message.attempts), (State::Pending, 0));
            post.advance(TimeDelta::hours(7));
        }
        // Nor does the first reply that is about the message end it.
        post.server.fail(Fault::Recipient("451 greylisted"));
        post.send().await;
        assert_eq!(post.last().await.attempts, 1);
        post.advance(TimeDelta::hours(1));
        post.send().await;
        assert_eq!(post.last().await.state, State::Done);
    });
}

impl Post {
    /// What is to be done about mail that is not taken from us.
    async fn to_mend(&self, who: Who) -> Vec<Value> {
        let page = self.stage.get(who, "/v1/worklist?kind=mend_mail").await;
        page.expect(200)["items"].as_array().unwrap().clone()
    }
}

#[test]
fn mail_that_several_domains_do_not_take_from_us_waits_and_somebody_is_told() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        make_administrator(&post, Who::Auditor).await;
        post.queue_others(1).await;
        for domain in ["elsewhere.example", "nowhere.example"] {
            post.queue_to(domain).await;
        }
        let refusals = [
            Fault::Content("550 5.7.26 unauthenticated mail"),
            Fault::Recipient("554 5.7.1 listed"),
            Fault::Recipient("550 5.7.1 not from you"),
        ];
        // More often than a message is tried for reasons of its own.
        for round in 0..options().patience.attempts + 2 {
            for refusal in refusals {
                post.server.fail(refusal);
            }
            assert_eq!(post.send().await, 3, "round {round}");
            let queue = post.queue().await;
            // The first ones' first attempts were before the others refused.
            let waits =
                |it: &corridor::db::outbox::Message| it.state == State::Pending && it.attempts <= 1;
            assert!(queue.iter().all(waits), "{queue:?}");
            if round == 0 {
                assert!(post.to_mend(Who::Curator).await.is_empty(), "it may pass");
            }
            post.advance(TimeDelta::hours(7));
        }
        for who in [Who::Curator, Who::Auditor] {
            let items = post.to_mend(who).await;
            let [item] = items.as_slice() else {
                panic!("{items:?}")
            };
            assert_eq!(item["overdue"], true, "{item}");
            let path = format!("/v1/messages/{}", item["record"]["id"].as_str().unwrap());
            let waits = post.stage.get(Who::Curator, &path).await.expect(200);
            assert_eq!(item["since"], waits["unserved_since"], "{waits}");
        }
        assert_eq!(post.send().await, 3);
        assert!(post.to_mend(Who::Curator).await.is_empty());
        let sent = "/v1/messages?state=sent";
        let sent = post.stage.get(Who::Curator, sent).await.expect(200);
        let items = sent["items"].as_array().unwrap();
        assert_eq!(items.len(), 3, "{sent}");
        assert!(items.iter().all(|it| it.get("unserved_since").is_none()));
    });
}

/// With a server between, refusals come back as notices.
#[test]
fn what_several_domains_send_back_for_what_we_are_costs_no_address_and_somebody_is_told() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.queue_others(2).await;
        for domain in ["elsewhere.example", "nowhere.example"] {
            post.queue_to(domain).await;
        }
        assert_eq!(post.send().await, 4);
        let mut received = post.server.received();
        // The second mail to the first domain makes it no third one.
        received.sort_by(|one, other| other.to.cmp(&one.to));
        let statuses = ["5.7.1", "5.7.26", "5.7.1", "5.1.8"];
        for (number, (mail, status)) in received.iter().zip(statuses).enumerate() {
            assert!(post.to_mend(Who::Curator).await.is_empty(), "{number}");
            let bare = |address: &str| address.trim_matches(['<', '>']).to_owned();
            let (reader, path) = (bare(&mail.to[0]), bare(&mail.from));
            let raw = notice(number, &path, &[(&reader, "failed", status)]);
            let read = bounce::read(raw.as_bytes());
            let taken = bounces::take(&post.stage.context, vec![read]).await;
            assert_eq!(taken.unwrap(), [Taken::New(BounceOutcome::Noted)]);
        }
        let items = post.to_mend(Who::Curator).await;
        let [item] = items.as_slice() else {
            panic!("{items:?}")
        };
        let path = format!("/v1/messages/{}", item["record"]["id"].as_str().unwrap());
        let back = post.stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(back["state"], "bounced", "{back}");
        let kept = post.stage.get(Who::Curator, "/v1/suppressions").await;
        assert_eq!(kept.expect(200)["items"], serde_json::json!([]));
        let noted = "/v1/bounces?outcome=noted";
        let noted = post.stage.get(Who::Curator, noted).await.expect(200);
        assert_eq!(noted["items"].as_array().unwrap().len(), 4, "{noted}");
        assert!(noted["items"][0].get("kind").is_none(), "{noted}");
        post.advance(TimeDelta::days(3));
        assert!(post.to_mend(Who::Curator).await.is_empty(), "long ago");
    });
}

/// Whoever has a domain of their own could raise the alarm by it.
#[test]
fn what_one_domain_holds_against_us_is_no_alarm_and_its_introduction_is_looked_after() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        let refused = Fault::Recipient("550 5.7.1 blocked by its reader");
        post.server.fail(refused);
        post.send().await;
        assert_eq!(post.last().await.attempts, 1);
        post.advance(TimeDelta::hours(25));
        post.server.fail(refused);
        post.send().await;
        assert!(post.to_mend(Who::Curator).await.is_empty());
        let told = post.server.received();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].to, ["<curator@mail.example>"]);
        // Nobody is told twice, and in the end it is given up as before.
        for _ in 2..options().patience.attempts {
            post.advance(TimeDelta::hours(7));
            post.server.fail(refused);
            post.send().await;
        }
        assert_eq!(post.server.received().len(), 1);
        let failed = "/v1/messages?state=failed";
        let failed = post.stage.get(Who::Curator, failed).await.expect(200);
        assert_eq!(failed["items"].as_array().unwrap().len(), 1, "{failed}");
    });
}

#[test]
fn a_mail_goes_by_the_next_server_when_one_does_not_want_our_sender() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let second = SmtpServer::start().await;
        let relay = |port| {
            let settings = SmtpSettings {
                helo: Some("corridor.example".to_owned()),
                ..SmtpSettings::new("127.0.0.1", port, Security::None)
            };
            Smtp::new(settings).unwrap()
        };
        let relays = [post.server.address.port(), second.address.port()].map(relay);
        let relays = Relays::new(relays.to_vec(), Duration::from_mins(5));
        let mailer = Mailer::Relays(relays);
        let sender = Sender::new(post.stage.context.clone(), mailer, options());
        // What the first doesn't take from us the second may, and the first is
        // asked for the next again.
        post.server.fail(Fault::Recipient("554 5.7.1 listed"));
        post.queue_others(1).await;
        work_off(&sender).await;
        assert_eq!(second.received().len(), 1);
        post.server.fail(Fault::Mail("553 5.1.8 sender rejected"));
        post.queue_others(3).await;
        work_off(&sender).await;
        assert_eq!(post.server.connections(), 1);
        assert_eq!(second.received().len(), 3);
    });
}

#[test]
fn an_address_that_a_server_does_not_know_gets_no_more_mail_and_the_curators_hear_of_it() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        post.server
            .fail(Fault::Recipient("550 5.1.1 <gul@mail.example> unknown"));
        post.send().await;
        let told = post.server.received();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].to, ["<curator@mail.example>"]);
        let items = async |path: &str| {
            let page = post.stage.get(Who::Curator, path).await.expect(200);
            page["items"].as_array().unwrap().clone()
        };
        let bounces = items("/v1/bounces").await;
        let [bounce] = bounces.as_slice() else {
            panic!("{bounces:?}")
        };
        for (field, value) in [
            ("source", "session"),
            ("kind", "hard"),
            ("status", "5.1.1"),
            ("outcome", "suppressed"),
        ] {
            assert_eq!(bounce[field], value, "{bounce}");
        }
        let suppressed = items("/v1/suppressions").await;
        assert_eq!(suppressed[0]["email"], "gul@mail.example");
        let kinds: Vec<Value> = items("/v1/worklist").await;
        let kinds: Vec<_> = kinds.iter().map(|it| it["kind"].clone()).collect();
        assert!(kinds.contains(&"correct_address".into()), "{kinds:?}");
    });
}

#[test]
fn a_domain_that_is_slow_holds_up_nobody_elses_mail() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let few = Options {
            senders: 1,
            at_once: 2,
            domains: Domains::new(1).waiting(Duration::from_millis(20)),
            ..options()
        };
        post.server.fail(Fault::LateAnswer);
        post.queue_others(4).await;
        post.queue_to("elsewhere.example").await;
        let workers = jobs::start(&post.stage.context, mailer(&post.server), &few);
        until(async || {
            let received = post.server.received();
            received
                .iter()
                .any(|mail| mail.to == ["<somebody@elsewhere.example>"])
        })
        .await;
        // One is in the slow server's hands, and the others have lost nothing.
        let queue = post.queue().await;
        let untried = |it: &&corridor::db::outbox::Message| it.attempts == 0;
        assert!(queue.iter().filter(untried).all(|it| it.hold.is_none()));
        post.server.let_go();
        until(async || {
            let queue = post.queue().await;
            if queue.iter().all(|it| it.holder.is_none()) {
                post.advance(TimeDelta::minutes(1));
            }
            queue.iter().all(|it| it.state == State::Done)
        })
        .await;
        workers.stop(Duration::from_secs(30)).await;
        let ids: std::collections::BTreeSet<_> = post.server.received().iter().map(id_of).collect();
        assert_eq!(ids.len(), 5);
        let queue = post.queue().await;
        assert!(
            queue
                .iter()
                .all(|it| it.state == State::Done && it.attempts == 1)
        );
    });
}
