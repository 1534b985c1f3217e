//! Who is asked is not pestered, is asked before being reminded, and a yes is
//! never lost because the other side has nobody.

use chrono::TimeDelta;
use corridor::db::outbox::State;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use serde_json::json;

use super::{Post, letters::id_of};
use crate::api::stage::{BLURB, Who};
use crate::support::database::on_each_backend;
use crate::support::smtp::Fault;

#[test]
fn a_request_taken_back_is_not_made_again_at_once() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let matched = stage.released().await;
        let first = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        let introduction = first.location.clone().unwrap();
        first.expect(201);
        let withdraw = json!({"action": "withdraw"});
        stage
            .go(Who::Dana, &introduction, withdraw.clone())
            .await
            .expect(200);
        let again = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        assert_eq!(again.code(409), "not_available_now");
        // A curator knows why, and two weeks later anybody may.
        let again = stage
            .request_introduction(Who::Curator, &matched, BLURB)
            .await;
        let introduction = again.location.clone().unwrap();
        again.expect(201);
        stage
            .go(Who::Curator, &introduction, withdraw)
            .await
            .expect(200);
        post.advance(TimeDelta::days(15));
        let again = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        again.expect(201);
    });
}

#[test]
fn the_first_sides_yes_stands_though_the_second_has_nobody_to_ask() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Curator).await;
        post.send().await;
        let (gul, fund) = (post.stage.user(Who::Gul).id, post.stage.investor.id);
        let leave = move |conn: &mut Conn| {
            db::users::remove_membership(conn, gul, fund, Role::Owner).map(drop)
        };
        post.stage.context.db.write(leave).await.unwrap();
        post.accept(Who::Dana, &introduction).await;
        assert_eq!(post.status(&introduction).await, "held");
        post.send().await;
        let told = post.server.received().pop().unwrap();
        assert_eq!(told.to, ["<curator@mail.example>"]);
    });
}

#[test]
fn a_reminder_never_overtakes_its_question() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        post.at("2026-11-27T05:00:00Z");
        post.server.fail(Fault::Mail("451 try later"));
        assert_eq!(post.strike().await, 0);
        let queue = post.queue().await;
        let [question, reminder] = queue.as_slice() else {
            panic!("{queue:?}")
        };
        assert_eq!((question.state, question.attempts), (State::Pending, 1));
        assert_eq!((reminder.state, reminder.attempts), (State::Pending, 0));
        post.advance(TimeDelta::hours(1));
        post.send().await;
        let ids: Vec<_> = post.server.received().iter().map(id_of).collect();
        let sent = [&question.message_id, &reminder.message_id];
        assert_eq!(ids, sent.map(|id| id.clone().unwrap()));
    });
}
