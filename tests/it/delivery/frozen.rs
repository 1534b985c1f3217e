//! A walk over all mails in a freeze: none that speaks of a counterpart leaves
//! while it is in force, and what is due after it is lifted is true then.

use chrono::TimeDelta;
use corridor::db::Conn;
use corridor::db::{self, outbox::State};
use corridor::domain::compliance::FreezeScope;
use corridor::domain::event::SubjectKind;
use corridor::domain::ids::{DealId, IntroductionId};
use corridor::domain::message::Notice;
use corridor::jobs::clock;
use corridor::services::freezes::{self, NewFreeze};
use corridor::services::{Error, notices};
use serde_json::json;
use uuid::Uuid;

use super::Post;
use super::obsolete::{lift, officer};
use crate::api::stage::{INVESTOR, STARTUP, Who, of};
use crate::support::database::{Database, on_each_backend};

/// The kinds of mail of which the walk sees to it that they wait.
const WALKED: [&str; 8] = [
    "introduction_ask",
    "introduction_reminder",
    "introduction",
    "introduction_closed",
    "introduction_over",
    "pulse",
    "deal_stale",
    "digest",
];

/// Why the other kinds may go out; one that is new is to be put somewhere.
fn speaks_of_a_counterpart(notice: &Notice) -> bool {
    match notice {
        Notice::IntroductionAsk { .. }
        | Notice::IntroductionReminder { .. }
        | Notice::Introduction { .. }
        | Notice::IntroductionClosed { .. }
        | Notice::IntroductionOver { .. }
        | Notice::Pulse { .. }
        | Notice::DealStale { .. }
        | Notice::Digest { .. }
        // Held to it in `meetings` and `copies`.
        | Notice::Meeting { .. }
        | Notice::IntroductionCopy { .. } => true,
        // To the operator's people, about what waits for them.
        Notice::Alert { .. }
        | Notice::Work { .. }
        // To somebody about their own account.
        | Notice::RegistrationExists { .. }
        | Notice::News { .. }
        | Notice::MyConsents { .. }
        | Notice::Ticket { .. }
        // To a firm about its own record; in numbers, and not in a freeze.
        | Notice::ProfileNews { .. }
        | Notice::InvestorNews { .. }
        | Notice::MandateNews { .. }
        | Notice::Status { .. } => false,
    }
}

fn scopes(post: &Post) -> [FreezeScope; 5] {
    [
        FreezeScope::Country(of("AZ")),
        FreezeScope::Tag(of("water_loss")),
        FreezeScope::Organization(post.stage.startup.id),
        FreezeScope::Programme(post.stage.programme.id),
        FreezeScope::All,
    ]
}

async fn freeze(post: &Post, scope: FreezeScope) -> Uuid {
    let officer = officer(post, Who::Compliance).await;
    let reason = "A standing order.".to_owned();
    let order = NewFreeze::of(scope, reason);
    let ordered = freezes::order(&post.stage.context, &officer, None, order);
    ordered.await.unwrap().freeze.id
}

fn id_in(path: &str) -> Uuid {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

async fn queue(post: &Post, subject: (SubjectKind, Uuid), notice: Notice) {
    let context = post.stage.context.clone();
    let enqueue = move |conn: &mut Conn| -> Result<(), Error> {
        notices::enqueue(
            &context,
            conn,
            &format!("walk:{}", notice.code()),
            subject,
            &notice,
        )
    };
    post.stage.context.db.write(enqueue).await.unwrap();
}

/// Brings a mail of that kind to where it is due next.
async fn due(post: &Post, kind: &str) {
    let stage = &post.stage;
    match kind {
        "introduction_ask" => drop(stage.introduction(Who::Dana).await),
        "introduction_reminder" => {
            let introduction = stage.introduction(Who::Dana).await;
            post.send().await;
            let id: IntroductionId = id_in(&introduction).into();
            let asks = move |conn: &mut Conn| db::introductions::asks(conn, id);
            let asks = stage.context.db.read(asks).await.unwrap();
            let notice = Notice::IntroductionReminder { ask: asks[0].id };
            queue(post, (SubjectKind::Introduction, id.uuid()), notice).await;
        }
        "introduction" => drop(post.agreed().await),
        "introduction_closed" => {
            let introduction = stage.introduction(Who::Dana).await;
            post.send().await;
            let no = json!({ "action": "decline", "reason": "thesis_mismatch" });
            stage.go(Who::Gul, &introduction, no).await.expect(200);
        }
        "introduction_over" => {
            let introduction = connected(post).await;
            let close = json!({ "action": "close" });
            stage
                .go(Who::Curator, &introduction, close)
                .await
                .expect(200);
        }
        "pulse" => {
            connected(post).await;
            post.at("2026-12-02T07:00:00Z");
            clock::strike(&stage.context).await.unwrap();
        }
        "deal_stale" => {
            let deal = crate::api::deals::deal(stage).await;
            post.send().await;
            post.advance(TimeDelta::days(60));
            let deal: DealId = id_in(&deal).into();
            let user = stage.user(Who::Gul).id;
            let notice = Notice::DealStale { user, deal };
            queue(post, (SubjectKind::Deal, deal.uuid()), notice).await;
        }
        "digest" => {
            stage.released().await;
            post.at("2026-11-30T05:00:00Z");
            clock::strike(&stage.context).await.unwrap();
        }
        other => panic!("say here how {other} comes to be due"),
    }
}

async fn connected(post: &Post) -> String {
    let introduction = post.agreed().await;
    post.send().await;
    introduction
}

/// Mails of that kind that wait or went out.
async fn of_kind(post: &Post, kind: &str, states: &[State]) -> usize {
    let queue = post.queue().await;
    let of_it = queue.iter().filter(|message| {
        let notice = db::json::notice::decode(&message.payload).unwrap();
        notice.code() == kind && states.contains(&message.state)
    });
    of_it.count()
}

async fn walk(database: &Database, kind: &str, scope: usize) {
    let post = Post::open(database).await;
    due(&post, kind).await;
    assert!(
        of_kind(&post, kind, &[State::Pending]).await > 0,
        "{kind} is not due"
    );
    let before = post.server.received().len();
    let scope = scopes(&post)[scope].clone();
    let order = freeze(&post, scope.clone()).await;
    for _ in 0..3 {
        post.send().await;
        post.advance(TimeDelta::hours(2));
    }
    for mail in post.server.received().split_off(before) {
        let to_a_side = mail
            .to
            .iter()
            .any(|to| to.contains("dana") || to.contains("gul"));
        assert!(!to_a_side, "{kind} went out in a freeze of {scope:?}");
    }
    // Long after, nothing of it is true any more but what both agreed to, and
    // that a deal stands where it stood.
    post.advance(TimeDelta::days(90));
    lift(&post, order).await;
    let before = post.mails().len();
    for _ in 0..3 {
        post.advance(TimeDelta::hours(2));
        post.send().await;
    }
    let lasts = ["introduction", "deal_stale"].contains(&kind);
    for mail in post.mails().split_off(before) {
        let names = |name: &str| mail.subject.contains(name) || mail.text.contains(name);
        let other = if mail.to[0].contains("dana") {
            INVESTOR
        } else {
            STARTUP
        };
        assert!(
            lasts || !names(other),
            "{kind} after a freeze of {scope:?}: {}",
            mail.text
        );
    }
    assert_eq!(of_kind(&post, kind, &[State::Dead]).await, 0, "{kind}");
}

#[test]
fn nothing_that_speaks_of_a_counterpart_leaves_in_a_freeze() {
    for (kind, scope) in WALKED.into_iter().zip([4, 1, 2, 3, 0, 4, 2, 3]) {
        on_each_backend(async |database| Box::pin(walk(database, kind, scope)).await);
    }
}

#[test]
fn a_freeze_holds_back_what_something_else_would_stop_as_well() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        due(&post, "pulse").await;
        let before = post.mails().len();
        freeze(&post, FreezeScope::Country(of("AZ"))).await;
        // The gate would say no for more than the freeze now.
        let withdraw = json!({ "action": "withdraw" });
        let mandate = format!("/v1/mandates/{}", post.stage.mandate.id);
        let profile = format!("/v1/startup-profiles/{}", post.stage.profile.id);
        let pause = json!({ "action": "pause" });
        post.stage.go(Who::Gul, &mandate, withdraw).await;
        post.stage.go(Who::Dana, &profile, pause).await;
        post.send().await;
        for mail in post.mails().split_off(before) {
            let names = |name: &str| mail.subject.contains(name) || mail.text.contains(name);
            let other = if mail.to[0].contains("dana") {
                INVESTOR
            } else {
                STARTUP
            };
            assert!(!names(other), "{}", mail.text);
        }
    });
}

#[test]
fn every_kind_of_mail_is_walked_or_said_to_be_of_something_else() {
    // The compiler asks for new kinds; here the two lists are held together.
    let id = Uuid::nil();
    let walked = [
        Notice::IntroductionAsk { ask: id.into() },
        Notice::IntroductionReminder { ask: id.into() },
        Notice::Introduction {
            introduction: id.into(),
        },
        Notice::Pulse { pulse: id.into() },
        Notice::DealStale {
            user: id.into(),
            deal: id.into(),
        },
    ];
    for notice in walked {
        assert!(speaks_of_a_counterpart(&notice));
        assert!(WALKED.contains(&notice.code()), "{}", notice.code());
    }
}

#[test]
fn what_names_the_other_side_waits_while_the_programme_is_suspended() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = connected(&post).await;
        let programme = format!("/v1/programmes/{}", post.stage.programme.id);
        let suspend = json!({ "action": "suspend", "reason": "A court order." });
        let gone = post.stage.go(Who::Curator, &programme, suspend).await;
        gone.expect(200);
        let close = json!({ "action": "close" });
        post.stage
            .go(Who::Dana, &introduction, close)
            .await
            .expect(200);
        let before = post.mails().len();
        post.send().await;
        post.advance(TimeDelta::hours(2));
        post.send().await;
        let told = post.mails().split_off(before);
        assert!(!told.iter().any(|mail| mail.to[0].contains("gul")));
        let resume = json!({ "action": "resume" });
        let gone = post.stage.go(Who::Curator, &programme, resume).await;
        gone.expect(200);
        for _ in 0..3 {
            post.advance(TimeDelta::hours(12));
            post.send().await;
        }
        let told = post.mails().split_off(before);
        assert!(
            told.iter()
                .any(|mail| mail.to[0].contains("gul") && mail.subject.contains(STARTUP))
        );
    });
}
