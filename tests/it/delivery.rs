//! From a decision to a mail in somebody's box: over a real SMTP conversation,
//! on a clock that the tests move, on every back-end.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use corridor::db::outbox::{self, State};
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::compliance::FreezeScope;
use corridor::domain::event::SubjectKind;
use corridor::domain::ids::{AskId, OutboxId};
use corridor::domain::message::Notice;
use corridor::domain::scoring::Factor;
use corridor::domain::text::Language;
use corridor::jobs::outbox::Sender;
use corridor::jobs::{self, Options};
use corridor::mail::{Mailer, Security, Smtp, SmtpSettings};
use corridor::services::notices::{self, Attempt, Prepared};
use corridor::services::{Caller, Error, compliance};
use mail_parser::{Message, MessageParser};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::api::stage::{BLURB, INVESTOR, STARTUP, Stage, Who};
use crate::support::database::{Database, on_each_backend};
use crate::support::smtp::{Fault, Received, SmtpServer};

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
        max_attempts: 6,
        backoff_base: TimeDelta::seconds(30),
        backoff_cap: TimeDelta::hours(6),
        from_address: "intro@corridor.example".to_owned(),
        from_name: "Corridor".to_owned(),
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
        let stage = Stage::set(database).await;
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

fn parse(mail: &Received) -> Message<'_> {
    MessageParser::default().parse(&mail.content).unwrap()
}

fn id_of(mail: &Received) -> String {
    parse(mail).message_id().unwrap().to_owned()
}

/// All that a reader could find in a mail: its bytes as sent, and its head
/// and bodies decoded, on one line each.
fn all_of(mail: &Received) -> String {
    let message = parse(mail);
    let mut all = vec![String::from_utf8_lossy(&mail.content).into_owned()];
    all.extend(message.subject().map(str::to_owned));
    all.extend(message.headers().iter().map(|it| format!("{:?}", it.value)));
    for place in 0..message.parts.len() {
        all.extend(message.body_text(place).map(String::from));
        all.extend(message.body_html(place).map(String::from));
    }
    all.iter()
        .map(|text| one_line(text))
        .collect::<Vec<_>>()
        .join("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn addresses(list: Option<&mail_parser::Address<'_>>) -> Vec<String> {
    let list = list.into_iter().flat_map(mail_parser::Address::iter);
    list.map(|it| it.address().unwrap().to_owned()).collect()
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
        assert_eq!((queue.len(), intents.len(), received.len()), (2, 2, 2));
        for (message, mail) in queue.iter().zip(&received) {
            assert_eq!((message.state, message.attempts), (State::Done, 1));
            assert_eq!(message.message_id.as_deref(), Some(&*id_of(mail)));
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
        assert_eq!(post.server.received().len(), 2);
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
            Fault::Greeting("421 closing"),
            Fault::Mail("451 try later"),
            Fault::Recipient("450 mailbox busy"),
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
        assert_eq!(post.server.received().len(), 1);

        post.accept(Who::Gul, &introduction).await;
        post.server.fail(Fault::Content("554 refused"));
        post.send().await;
        assert_eq!(post.status(&introduction).await, "delivery_problem");
        revive_the_dead_one(&post).await;
        assert_eq!(post.server.received().len(), 2);
        assert_eq!(post.status(&introduction).await, "sent");
    });
}

/// The operator's people see what was given up, and an administrator has it
/// tried again.
async fn revive_the_dead_one(post: &Post) {
    let stage = &post.stage;
    assert_eq!(post.send().await, 0, "given up");
    let dead = stage.get(Who::Curator, "/v1/messages?state=dead").await;
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
    assert_eq!(after["state"], "done", "{after}");
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
        for _ in 0..options().max_attempts {
            post.server.fail(Fault::Mail("451 try later"));
            assert_eq!(post.send().await, 1);
            post.advance(TimeDelta::hours(8));
        }
        assert_eq!(post.last().await.state, State::Dead);
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
        let received: Vec<_> = received.iter().filter(|mail| mail.to.len() == 2).collect();
        assert_eq!(received.len(), 2);
        assert_eq!(id_of(received[0]), id_of(received[1]));
        assert_eq!(received[0], received[1]);
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
        for _ in 1..options().max_attempts {
            post.advance(TimeDelta::hours(8));
            assert_eq!(post.send().await, 1);
        }
        let queue = post.queue().await;
        let lost = queue.iter().find(|it| it.id == lost).unwrap();
        assert_eq!((lost.state, lost.attempts), (State::Dead, 6));
        assert!(lost.last_error.is_some());
    });
}

#[test]
fn a_gate_that_closes_after_the_second_yes_lets_no_introduction_out() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        freeze(&post).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "blocked");
        let received = post.server.received();
        assert!(received.iter().all(|mail| mail.to.len() == 1));
        let intent = format!("introduction:{}", introduction.rsplit('/').next().unwrap());
        let queue = post.queue().await;
        let message = queue.iter().find(|it| it.intent_key.starts_with(&intent));
        assert_eq!(message.unwrap().state, State::Done);
        let noted = post.noted().await;
        assert!(noted.iter().any(|kind| kind == "message.dropped"));
        // Nobody's name went out with the mail that says it came to nothing.
        let [_, closed] = received.as_slice() else {
            panic!("{} mails", received.len())
        };
        assert_nothing_of(closed, &secrets(&post, Who::Gul));
    });
}

#[test]
fn a_gate_that_closes_before_the_question_is_mailed_lets_none_out() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        freeze(&post).await;
        post.send().await;
        assert!(post.server.received().is_empty());
    });
}

async fn freeze(post: &Post) {
    let context = &post.stage.context;
    let user = post.stage.user(Who::Compliance).clone();
    let id = user.id;
    let memberships = context
        .db
        .read(move |conn| db::users::memberships(conn, id))
        .await
        .unwrap();
    let officer = Caller { user, memberships };
    let scope = FreezeScope::Country("IL".parse().unwrap());
    let reason = "A standing order.".to_owned();
    compliance::order_freeze(context, &officer, scope, reason)
        .await
        .unwrap();
}

#[test]
fn a_question_whose_time_has_passed_is_not_mailed() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        post.advance(TimeDelta::days(30));
        assert_eq!(post.send().await, 1);
        assert!(post.server.received().is_empty());
        assert_eq!(post.noted().await, ["message.dropped"]);

        jobs::clock::strike(&post.stage.context).await.unwrap();
        assert_eq!(post.status(&introduction).await, "expired");
        post.send().await;
        let received = post.server.received();
        let to: Vec<_> = received.iter().map(|mail| mail.to.clone()).collect();
        assert_eq!(to, [["<dana@mail.example>"]]);
    });
}

#[test]
fn a_question_withdrawn_meanwhile_is_not_mailed() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        let back = json!({"action": "withdraw"});
        post.stage
            .go(Who::Dana, &introduction, back)
            .await
            .expect(200);
        let context = &post.stage.context;
        let (holder, now) = (Uuid::now_v7(), post.now());
        let claim = move |conn: &mut Conn| outbox::claim(conn, holder, now, options().lease, 10);
        let claimed = context.db.write(claim).await.unwrap();
        let asks = claimed
            .iter()
            .filter(|it| it.intent_key.starts_with("introduction_ask"));
        for ask in asks {
            let prepared = notices::prepare(context, ask).await.unwrap();
            assert!(matches!(prepared, Prepared::Obsolete(_)));
        }
    });
}

#[test]
fn the_introduction_connects_both_and_says_who_asked_and_why() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.agreed().await;
        post.send().await;
        let received = post.server.received();
        let mail = received.last().unwrap();
        let message = parse(mail);
        let both = ["dana@mail.example", "gul@mail.example"];
        assert_eq!(mail.to, both.map(|address| format!("<{address}>")));
        assert_eq!(addresses(message.to()), both);
        assert_eq!(addresses(message.reply_to()), both);
        assert_eq!(addresses(message.from()), ["intro@corridor.example"]);
        let auto = message.header("Auto-Submitted").unwrap();
        assert_eq!(auto.as_text(), Some("auto-generated"));
        for part in [message.body_text(0).unwrap(), message.body_html(0).unwrap()] {
            let part = one_line(&part);
            for said in [
                STARTUP,
                INVESTOR,
                "Water bridge",
                "Person dana",
                "Person gul",
                BLURB,
            ] {
                assert!(part.contains(said), "{said}: {part}");
            }
        }
        let text = one_line(&message.body_text(0).unwrap());
        assert!(text.contains(&format!("requested by {STARTUP}")), "{text}");
        assert!(text.contains(&format!("{INVESTOR}: Water")), "{text}");
        let strengths = strengths(&post).await;
        assert!(!strengths.is_empty());
        for strength in strengths.iter().take(3) {
            assert!(text.contains(&one_line(strength)), "{strength}: {text}");
        }
    });
}

/// What speaks for the match, in English, less what would tell figures.
async fn strengths(post: &Post) -> Vec<String> {
    let context = &post.stage.context;
    let list = |conn: &mut Conn| db::matches::list(conn, &db::matches::Filter::default(), None, 10);
    let matches = context.db.read(list).await.unwrap();
    let explanation = &matches[0].explanation;
    explanation
        .strengths
        .iter()
        .filter(|factor| !matches!(factor, Factor::Cheque | Factor::Evidence))
        .filter_map(|factor| explanation.factors.iter().find(|it| it.factor == *factor))
        .map(|trace| {
            let english = Language::english();
            context
                .wording
                .sentence(&trace.reason, &english, &context.taxonomy)
        })
        .collect()
}

/// What nobody may learn of that person's side before both have agreed.
fn secrets(post: &Post, of: Who) -> Vec<String> {
    let user = post.stage.user(of);
    let firm = match of {
        Who::Dana => STARTUP,
        _ => INVESTOR,
    };
    vec![
        user.email.to_string(),
        user.name.to_string(),
        firm.to_owned(),
    ]
}

fn assert_nothing_of(mail: &Received, secrets: &[String]) {
    let all = all_of(mail);
    for secret in secrets {
        assert!(!all.contains(secret.as_str()), "{secret} in {all}");
    }
}

/// Takes a mail to its reader's side and checks that it gives away nothing of
/// the other's but, where it was granted, the organization's name.
fn assert_discreet(post: &Post, mail: &Received, granted: bool) {
    let to_dana = mail.to == ["<dana@mail.example>"];
    assert!(
        to_dana || mail.to == ["<gul@mail.example>"],
        "{:?}",
        mail.to
    );
    let mut hidden = secrets(post, if to_dana { Who::Gul } else { Who::Dana });
    if granted {
        let name = hidden.pop().unwrap();
        assert!(all_of(mail).contains(&name), "{name} was granted");
    }
    assert_nothing_of(mail, &hidden);
}

#[test]
fn before_both_agree_no_mail_tells_more_than_was_granted() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Curator).await;
        post.send().await;
        post.accept(Who::Dana, &introduction).await;
        post.send().await;
        let no = json!({"action": "decline", "reason": "thesis_mismatch", "share_reason": true});
        let declined = post.stage.go(Who::Gul, &introduction, no).await;
        declined.expect(200);
        post.send().await;
        let received = post.server.received();
        let [first, second, closed] = received.as_slice() else {
            panic!("{} mails", received.len())
        };
        assert_discreet(&post, first, false);
        // Dana's yes grants her firm's name to the investor.
        assert_discreet(&post, second, true);
        assert_eq!(closed.to, ["<curator@mail.example>"]);
        for who in [Who::Dana, Who::Gul] {
            assert_nothing_of(closed, &secrets(&post, who));
        }
    });
}

/// Who asks is named to the one who is asked; the asker learns nothing from a
/// no, not even its reason where that isn't shared.
async fn a_no_is_discreet(database: &Database, asker: Who, asked: Who) {
    let post = Post::open(database).await;
    let introduction = post.stage.introduction(asker).await;
    post.send().await;
    let no = json!({"action": "decline", "reason": "thesis_mismatch", "share_reason": false});
    let declined = post.stage.go(asked, &introduction, no).await;
    declined.expect(200);
    post.send().await;
    let received = post.server.received();
    let [question, closed] = received.as_slice() else {
        panic!("{} mails", received.len())
    };
    assert_discreet(&post, question, true);
    assert_discreet(&post, closed, false);
    assert!(!all_of(closed).contains("thesis"));
}

#[test]
fn a_startup_that_hears_no_learns_nothing() {
    on_each_backend(async |database| a_no_is_discreet(database, Who::Dana, Who::Gul).await);
}

#[test]
fn an_investor_that_hears_no_learns_nothing() {
    on_each_backend(async |database| a_no_is_discreet(database, Who::Gul, Who::Dana).await);
}
