//! From a decision to a mail in somebody's box: over a real SMTP conversation,
//! on a clock that the tests move, on every back-end.

mod accessible;
mod again;
mod asking;
pub mod bounces;
mod calendars;
mod consents;
mod copies;
mod digests;
mod doubtful;
mod first_day;
mod frozen;
mod leavers;
mod ledger;
mod letters;
mod lists;
mod meetings;
mod my_consents;
mod named;
mod obsolete;
mod pace;
mod paused;
mod pulses;
mod records;
mod round_years;
mod servers;
mod settings;
mod stands_still;
mod states;
mod succession;
mod two_years;
mod walk;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use corridor::db::outbox::{self, State};
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::event::SubjectKind;
use corridor::domain::ids::{AskId, OutboxId};
use corridor::domain::message::Notice;
use corridor::jobs::domains::Domains;
use corridor::jobs::outbox::Sender;
use corridor::jobs::patience::Patience;
use corridor::jobs::{self, Options};
use corridor::mail::{Mailer, Security, Smtp, SmtpSettings};
use corridor::services::Error;
use corridor::services::notices::{self, Attempt};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::letters::id_of;
use crate::api::stage::{Stage, Who};
use crate::support::database::{Database, on_each_backend};
use crate::support::smtp::{Fault, SmtpServer};

/// A stage, a mail server and a sender between them that moves when told to.
struct Post {
    stage: Stage,
    server: SmtpServer,
    sender: Sender,
}

fn options() -> Options {
    Options {
        senders: 2,
        lease: TimeDelta::minutes(2),
        batch: 4,
        at_once: 2,
        doubts: 3,
        patience: Patience {
            attempts: 6,
            quick: 3,
            quick_base: TimeDelta::seconds(30),
            slow_base: TimeDelta::minutes(30),
            cap: TimeDelta::hours(6),
            unwanted: TimeDelta::days(14),
        },
        domains: Domains::new(2),
        from_address: "intro@corridor.example".to_owned(),
        from_name: "Corridor".to_owned(),
        dkim: vec![],
    }
}

fn mailer(server: &SmtpServer) -> Mailer {
    let settings = SmtpSettings {
        helo: Some("corridor.example".to_owned()),
        ..SmtpSettings::new("127.0.0.1", server.address.port(), Security::None)
    };
    Mailer::Smtp(Smtp::new(settings).unwrap())
}

impl Post {
    async fn open(database: &Database) -> Self {
        Self::on(Box::pin(Stage::set(database)).await).await
    }

    /// The same at that time.
    async fn open_at(database: &Database, instant: &str) -> Self {
        Self::on(Box::pin(Stage::at(database, instant)).await).await
    }

    async fn on(stage: Stage) -> Self {
        // What comes by the calendar comes where a test lets it.
        let quiet = |conn: &mut Conn| -> Result<(), db::Error> {
            for name in ["confirmations", "statuses", "work"] {
                db::rounds::note_done(conn, name, "2100-01-01T00:00:00Z".parse().unwrap())?;
            }
            Ok(())
        };
        stage.context.db.write(quiet).await.unwrap();
        let server = SmtpServer::start().await;
        let sender = Sender::new(stage.context.clone(), mailer(&server), options());
        Self {
            stage,
            server,
            sender,
        }
    }

    /// Another sender beside the first.
    fn sender(&self) -> Sender {
        Sender::new(self.stage.context.clone(), mailer(&self.server), options())
    }

    /// Sends until nothing is due; answers how much was claimed.
    async fn send(&self) -> usize {
        work_off(&self.sender).await
    }

    fn advance(&self, by: TimeDelta) {
        self.stage.context.clock.advance(by);
    }

    fn now(&self) -> DateTime<Utc> {
        self.stage.context.now()
    }

    /// Everything queued, oldest first.
    async fn queue(&self) -> Vec<outbox::Message> {
        let list = |conn: &mut Conn| outbox::list(conn, None, None, 1_000);
        self.stage.context.db.read(list).await.unwrap()
    }

    /// The message queued last.
    async fn last(&self) -> outbox::Message {
        self.queue().await.pop().unwrap()
    }

    /// The kinds of events about messages, in order.
    async fn noted(&self) -> Vec<String> {
        let db = &self.stage.context.db;
        db.seal_pending().await.unwrap();
        let page = |conn: &mut Conn| db::events::page(conn, 0, 1_000);
        let events = db.read(page).await.unwrap();
        events
            .into_iter()
            .filter(|event| event.kind.starts_with("message."))
            .map(|event| event.kind)
            .collect()
    }

    /// Queues notices that have nothing to do with introductions.
    async fn queue_others(&self, count: usize) {
        let context = self.stage.context.clone();
        let user = self.stage.user(Who::Stranger).id;
        let enqueue = move |conn: &mut Conn| {
            for number in 0..count {
                let notice = Notice::RegistrationExists { user };
                let subject = (SubjectKind::User, user.uuid());
                notices::enqueue(&context, conn, &format!("other:{number}"), subject, &notice)?;
            }
            Ok::<_, Error>(())
        };
        self.stage.context.db.write(enqueue).await.unwrap();
    }

    /// Somebody's yes, where it is their turn.
    async fn accept(&self, who: Who, introduction: &str) -> Value {
        let yes = json!({"action": "accept"});
        self.stage.go(who, introduction, yes).await.expect(200)
    }

    async fn status(&self, introduction: &str) -> String {
        let seen = self.stage.get(Who::Curator, introduction).await.expect(200);
        seen["status"].as_str().unwrap().to_owned()
    }

    /// An introduction to which both have said yes, its questions mailed.
    async fn agreed(&self) -> String {
        let introduction = self.stage.introduction(Who::Dana).await;
        self.send().await;
        self.accept(Who::Gul, &introduction).await;
        introduction
    }
}

async fn work_off(sender: &Sender) -> usize {
    let stop = CancellationToken::new();
    let mut claimed = 0;
    loop {
        match sender.turn(&stop).await.unwrap() {
            0 => return claimed,
            count => claimed += count,
        }
    }
}

#[test]
fn each_intent_is_mailed_once_and_the_introduction_follows() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        assert_eq!(post.status(&introduction).await, "both_accepted");
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        assert_eq!(post.send().await, 0);

        let queue = post.queue().await;
        let received = post.server.received();
        let intents: BTreeSet<_> = queue.iter().map(|it| it.intent_key.clone()).collect();
        assert_eq!((queue.len(), intents.len(), received.len()), (2, 2, 3));
        // The second goes to each of both.
        let messages = queue.iter().chain(queue.last());
        for (message, mail) in messages.zip(&received) {
            assert_eq!((message.state, message.attempts), (State::Done, 1));
            assert_eq!(message.message_id.as_deref(), Some(&*id_of(mail)));
            assert_eq!(mail.to.len(), 1);
        }
    });
}

#[test]
fn the_workers_send_by_themselves() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let workers = jobs::start(&post.stage.context, mailer(&post.server), &options());
        let introduction = post.stage.introduction(Who::Dana).await;
        until(async || post.server.received().len() == 1).await;
        post.accept(Who::Gul, &introduction).await;
        until(async || post.status(&introduction).await == "sent").await;
        workers.stop(std::time::Duration::from_secs(30)).await;
        assert_eq!(post.server.received().len(), 3);
    });
}

async fn until(holds: impl AsyncFn() -> bool) {
    let all = async {
        while !holds().await {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let limit = std::time::Duration::from_secs(30);
    tokio::time::timeout(limit, all).await.expect("in time");
}

#[test]
fn a_message_refused_for_now_is_tried_again_after_growing_waits() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        let faults = [
            Fault::Mail("451 try later"),
            Fault::Recipient("450 mailbox busy"),
            Fault::Data("452 no room"),
            Fault::Content("452 no room"),
        ];
        let mut waited = TimeDelta::zero();
        for (attempt, fault) in (1..).zip(faults) {
            post.server.fail(fault);
            assert_eq!(post.send().await, 1, "{fault:?}");
            let waiting = post.last().await;
            assert_eq!((waiting.state, waiting.attempts), (State::Pending, attempt));
            assert!(waiting.last_error.is_some());
            let wait = waiting.available_at - post.now();
            assert!(wait > waited, "{wait} after {waited}");
            waited = wait;
            post.advance(wait - TimeDelta::microseconds(1));
            assert_eq!(post.send().await, 0, "not yet due");
            post.advance(TimeDelta::microseconds(1));
        }
        assert!(post.server.received().is_empty());
        assert_eq!(post.send().await, 1);
        let sent = post.last().await;
        assert_eq!((sent.state, sent.attempts), (State::Done, 5));
        let received = post.server.received();
        assert_eq!(received.len(), 1);
        assert_eq!(sent.message_id, Some(id_of(&received[0])));
    });
}

#[test]
fn a_message_refused_for_good_is_seen_revived_and_delivered() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        make_administrator(&post, Who::Auditor).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        post.server.fail(Fault::Recipient("550 no such user"));
        post.send().await;
        revive_the_dead_one(&post).await;
        let received = post.server.received();
        let to: Vec<_> = received.iter().flat_map(|mail| mail.to.clone()).collect();
        assert_eq!(to, ["<curator@mail.example>", "<gul@mail.example>"]);

        post.accept(Who::Gul, &introduction).await;
        post.server.fail(Fault::Content("554 refused"));
        post.send().await;
        assert_eq!(post.status(&introduction).await, "delivery_problem");
        // The curator is told while both wait.
        let told = post.server.received().pop().unwrap();
        assert_eq!(told.to, ["<curator@mail.example>"]);
        revive_the_dead_one(&post).await;
        // It went to the investor at once, and only the startup is tried again.
        let received = post.server.received();
        let connecting = received.iter().filter(|mail| mail.connects());
        let to: Vec<_> = connecting.flat_map(|mail| mail.to.clone()).collect();
        assert_eq!(to, ["<gul@mail.example>", "<dana@mail.example>"]);
        assert_eq!(post.status(&introduction).await, "sent");
    });
}

/// The operator's people see what was given up, and an administrator has it
/// tried again.
async fn revive_the_dead_one(post: &Post) {
    let stage = &post.stage;
    assert_eq!(post.send().await, 0, "given up");
    let dead = stage.get(Who::Curator, "/v1/messages?state=failed").await;
    let dead = dead.expect(200);
    let [message] = dead["items"].as_array().unwrap().as_slice() else {
        panic!("{dead}")
    };
    assert!(message["last_error"].as_str().unwrap().contains("refused"));
    let path = format!("/v1/messages/{}", message["id"].as_str().unwrap());
    stage
        .go(Who::Auditor, &path, json!({"action": "retry"}))
        .await
        .expect(200);
    assert_eq!(post.send().await, 1);
    let after = stage.get(Who::Curator, &path).await.expect(200);
    assert_eq!(after["state"], "sent", "{after}");
}

async fn make_administrator(post: &Post, who: Who) {
    let (user, now) = (post.stage.user(who).id, post.now());
    let appoint = move |conn: &mut Conn| {
        let operator = db::users::memberships(conn, user)?[0].organization;
        db::users::insert_membership(conn, user, operator, Role::Admin, now)
    };
    post.stage.context.db.write(appoint).await.unwrap();
}

#[test]
fn attempts_come_to_an_end() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        for attempt in 1..=options().patience.attempts {
            post.server.fail(Fault::Mail("451 try later"));
            let is_last = attempt == options().patience.attempts;
            // The curators hear of a question that is given up.
            assert_eq!(post.send().await, 1 + usize::from(is_last));
            post.advance(TimeDelta::hours(8));
        }
        assert_eq!(post.queue().await[0].state, State::Dead);
        let received = post.server.received();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].to, ["<curator@mail.example>"]);
        assert_eq!(post.send().await, 0);
    });
}

#[test]
fn a_lost_connection_means_the_same_mail_again() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.agreed().await;
        for fault in [Fault::DropInContent, Fault::DropBeforeAnswer] {
            post.server.fail(fault);
            post.send().await;
            let waiting = post.last().await;
            assert_eq!(waiting.state, State::Pending, "{fault:?}");
            post.advance(waiting.available_at - post.now());
        }
        post.send().await;
        assert_eq!(post.last().await.state, State::Done);
        // The server took it before its answer was lost; to a reader's mail
        // program the second one is the first.
        let received = post.server.received();
        let received: Vec<_> = received.iter().filter(|mail| mail.connects()).collect();
        let [other, first, second] = received.as_slice() else {
            panic!("{} mails", received.len())
        };
        assert_eq!(id_of(first), id_of(second));
        assert_eq!(first, second);
        // Who has got it isn't bothered with what became of the other.
        assert_eq!(other.to, ["<gul@mail.example>"]);
        assert_eq!(first.to, ["<dana@mail.example>"]);
        assert_eq!(other.content, first.content);
        assert_ne!(other.from, first.from);
    });
}

#[test]
fn two_senders_never_send_the_same_message() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.queue_others(40).await;
        let other = post.sender();
        let (one, two) = tokio::join!(post.send(), work_off(&other));
        assert_eq!(one + two, 40);
        let received = post.server.received();
        let ids: BTreeSet<_> = received.iter().map(id_of).collect();
        assert_eq!((received.len(), ids.len()), (40, 40));
    });
}

#[test]
fn a_sender_whose_lease_ran_out_marks_nothing() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        let context = &post.stage.context;
        let (slow, now, lease) = (Uuid::now_v7(), post.now(), options().lease);
        let claim = move |conn: &mut Conn| outbox::claim(conn, slow, now, lease, 10);
        let claimed = context.db.write(claim).await.unwrap();
        assert_eq!(post.send().await, 0, "it is in other hands");
        post.advance(lease);
        assert_eq!(post.send().await, 1);
        for attempt in [
            Attempt::Delivered,
            Attempt::Retry {
                at: now,
                error: "late".to_owned(),
                uncertain: false,
                counted: true,
                unserved: None,
            },
        ] {
            let held = notices::settle(context, &claimed[0], slow, attempt).await;
            assert!(!held.unwrap());
        }
        let message = post.last().await;
        assert_eq!((message.state, message.attempts), (State::Done, 2));
        assert_eq!(post.noted().await, ["message.delivered"]);
    });
}

#[test]
fn a_message_that_cannot_be_prepared_holds_nobody_up_and_is_given_up() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let context = post.stage.context.clone();
        let enqueue = move |conn: &mut Conn| {
            let ask: AskId = Uuid::now_v7().into();
            let subject = (SubjectKind::Introduction, Uuid::now_v7());
            notices::enqueue(
                &context,
                conn,
                "lost",
                subject,
                &Notice::IntroductionAsk { ask },
            )
        };
        post.stage.context.db.write(enqueue).await.unwrap();
        let lost: OutboxId = post.last().await.id;
        post.queue_others(2).await;
        post.send().await;
        assert_eq!(post.server.received().len(), 2);
        for _ in 1..options().patience.attempts {
            post.advance(TimeDelta::hours(8));
            assert_eq!(post.send().await, 1);
        }
        let queue = post.queue().await;
        let lost = queue.iter().find(|it| it.id == lost).unwrap();
        assert_eq!((lost.state, lost.attempts), (State::Dead, 6));
        assert!(lost.last_error.is_some());
    });
}
