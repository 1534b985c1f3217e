//! Mails of introductions whose sender died, or lost the line, after the
//! server may have taken them.

use chrono::TimeDelta;
use corridor::db::disclosures::Disclosure;
use corridor::db::outbox::{self, State};
use corridor::db::{self, Conn};
use corridor::domain::disclosure::Level;
use corridor::services::notices::{self, Attempt, Prepared};
use serde_json::json;
use uuid::Uuid;

use super::letters::id_of;
use super::obsolete::{freeze, keep_apart, lift};
use super::{Post, make_administrator, options, until};
use crate::api::stage::Who;
use crate::support::database::on_each_backend;
use crate::support::smtp::{Fault, Received};

/// Both have agreed, the server has taken the mail, and the sender dies before
/// it hears so.
async fn crashed_after_the_servers_yes(post: &Post) -> String {
    let introduction = post.agreed().await;
    post.server.fail(Fault::SilentAnswer);
    tokio::select! {
        _ = post.send() => panic!("the server says nothing"),
        () = until(async || !connecting(post).is_empty()) => {}
    }
    post.advance(options().lease);
    introduction
}

/// The mails that connect both sides.
fn connecting(post: &Post) -> Vec<Received> {
    let received = post.server.received().into_iter();
    received.filter(Received::connects).collect()
}

/// The one message that was given up.
async fn given_up(post: &Post) -> outbox::Message {
    let queue = post.queue().await.into_iter();
    let mut dead = queue.filter(|message| message.state == State::Dead);
    let message = dead.next().unwrap();
    assert!(dead.next().is_none());
    message
}

/// By how many lines of the ledger each side was named to the other by an
/// introduction's mail; the startup's includes its own request.
async fn named(post: &Post) -> (usize, usize) {
    let stage = &post.stage;
    let (startup, investor) = (stage.startup.id, stage.investor.id);
    let lines = move |conn: &mut Conn| {
        let named = |lines: Vec<Disclosure>| {
            lines
                .iter()
                .filter(|line| line.level == Level::Named)
                .count()
        };
        Ok::<_, db::Error>((
            named(db::disclosures::list_for(conn, startup, None, 100)?),
            named(db::disclosures::list_for(conn, investor, None, 100)?),
        ))
    };
    stage.context.db.read(lines).await.unwrap()
}

#[test]
fn a_mail_that_may_have_gone_out_is_never_blocked_though_the_gate_closes() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = crashed_after_the_servers_yes(&post).await;
        assert_eq!(named(&post).await, (1, 0));
        keep_apart(&post).await;
        post.send().await;

        assert_eq!(post.status(&introduction).await, "delivery_problem");
        assert_eq!(connecting(&post).len(), 1, "not shown again");
        assert_eq!(named(&post).await, (2, 1));
        let message = given_up(&post).await;
        assert!(message.sending_since.is_some());

        // A curator who asked them says what became of it.
        let arrived = json!({"action": "confirm_sent"});
        let refused = post.stage.go(Who::Gul, &introduction, arrived.clone());
        assert_eq!(refused.await.code(403), "forbidden");
        let seen = post.stage.go(Who::Curator, &introduction, arrived).await;
        assert_eq!(seen.expect(200)["status"], "sent");
    });
}

#[test]
fn a_mail_that_may_have_gone_out_waits_for_a_freeze_to_be_lifted() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = crashed_after_the_servers_yes(&post).await;
        let freeze = freeze(&post).await;
        post.send().await;
        assert_eq!(post.last().await.state, State::Pending);
        assert_eq!(post.status(&introduction).await, "both_accepted");
        lift(&post, freeze).await;
        post.advance(TimeDelta::hours(1));
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
    });
}

#[test]
fn a_mail_that_may_have_gone_out_is_completed_under_its_id() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = crashed_after_the_servers_yes(&post).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        let mails = connecting(&post);
        let [first, again, other] = mails.as_slice() else {
            panic!("{} mails", mails.len())
        };
        assert_eq!(id_of(first), id_of(again));
        assert_eq!(first, again);
        assert_eq!(
            (id_of(first), &first.content),
            (id_of(other), &other.content)
        );
        assert_ne!(first.to, other.to);
        assert_eq!(named(&post).await, (2, 1));
    });
}

#[test]
fn compliance_cannot_stop_what_may_have_gone_out() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = crashed_after_the_servers_yes(&post).await;
        let block = json!({"action": "block", "reason": "A sanction."});
        let refused = post.stage.go(Who::Compliance, &introduction, block).await;
        assert_eq!(refused.code(409), "mail_under_way");
    });
}

/// A server that said no did not take it, so nothing is doubtful.
#[test]
fn a_mail_that_was_refused_for_now_is_stopped_by_the_gate() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        for _of_both in 0..2 {
            post.server.fail(Fault::Content("452 no room"));
        }
        post.send().await;
        let waiting = post.last().await;
        assert_eq!(
            (waiting.state, waiting.sending_since),
            (State::Pending, None)
        );
        keep_apart(&post).await;
        post.advance(waiting.available_at - post.now());
        post.send().await;
        assert_eq!(post.status(&introduction).await, "blocked");
        assert_eq!(named(&post).await, (1, 0));
    });
}

/// An attempt that nobody knows the end of is not undone by a later one that
/// fails for certain.
#[test]
fn a_later_refusal_does_not_settle_an_earlier_doubt() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        for fault in [Fault::DropBeforeAnswer, Fault::Content("452 no room")] {
            post.server.fail(fault);
            post.send().await;
            let waiting = post.last().await;
            assert!(waiting.sending_since.is_some(), "{fault:?}");
            post.advance(waiting.available_at - post.now());
        }
        keep_apart(&post).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "delivery_problem");
        assert_eq!(named(&post).await, (2, 1));
    });
}

#[test]
fn what_is_tried_again_is_not_closed_while_it_may_go_out() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        make_administrator(&post, Who::Auditor).await;
        let introduction = post.agreed().await;
        post.server.fail(Fault::Content("554 refused"));
        post.send().await;
        assert_eq!(post.status(&introduction).await, "delivery_problem");
        let path = format!("/v1/messages/{}", given_up(&post).await.id);
        let retry = json!({"action": "retry"});
        post.stage.go(Who::Auditor, &path, retry).await.expect(200);
        let context = &post.stage.context;
        let (holder, now) = (Uuid::now_v7(), post.now());
        let claim = move |conn: &mut Conn| outbox::claim(conn, holder, now, options().lease, 10);
        let claimed = context.db.write(claim).await.unwrap();
        let prepared = notices::prepare(context, &claimed[0], holder).await;
        assert!(matches!(prepared.unwrap(), Prepared::Ready(_)));

        let close = json!({"action": "close"});
        let refused = post.stage.go(Who::Dana, &introduction, close).await;
        assert_eq!(refused.code(409), "mail_under_way");
        // Whatever becomes of the record meanwhile, who was named is noted.
        let arrived = json!({"action": "confirm_sent"});
        let seen = post.stage.go(Who::Curator, &introduction, arrived).await;
        seen.expect(200);
        let before = named(&post).await;
        let noted = notices::settle(context, &claimed[0], holder, Attempt::Delivered).await;
        assert!(noted.unwrap());
        assert_eq!(named(&post).await, (before.0 + 1, before.1 + 1));
    });
}

/// Taken back while the server has the mail in hand, and says no then.
#[test]
fn a_consent_that_is_taken_back_meanwhile_ends_what_the_server_refused() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        let context = &post.stage.context;
        let (holder, now) = (Uuid::now_v7(), post.now());
        let claim = move |conn: &mut Conn| outbox::claim(conn, holder, now, options().lease, 10);
        let claimed = context.db.write(claim).await.unwrap();
        let prepared = notices::prepare(context, &claimed[0], holder).await;
        assert!(matches!(prepared.unwrap(), Prepared::Ready(_)));
        let list = post
            .stage
            .get(Who::Gul, "/v1/me/consents")
            .await
            .expect(200);
        let id = list["items"][0]["id"].as_str().unwrap();
        let path = format!("/v1/me/consents/{id}/withdrawal");
        let request = post.stage.request(Who::Gul, "POST", &path);
        assert_eq!(request.send().await.unwrap().status(), 200);
        assert_eq!(post.status(&introduction).await, "both_accepted");
        let refused = Attempt::Retry {
            at: post.now(),
            error: "452 no room".to_owned(),
            uncertain: false,
            counted: true,
            unserved: None,
        };
        let noted = notices::settle(context, &claimed[0], holder, refused).await;
        assert!(noted.unwrap());
        post.send().await;
        assert_eq!(post.status(&introduction).await, "withdrawn");
        assert!(connecting(&post).is_empty());
    });
}
