//! What a freeze does to introductions that were not sent: they stand still and
//! say so, and go on where they stood once everything is checked again. And what
//! was agreed to so long ago that it must be asked anew.

use chrono::TimeDelta;
use corridor::db::introduction_consents;
use corridor::db::outbox::State;
use corridor::db::{self, Conn};
use corridor::domain::ids::IntroductionId;
use corridor::domain::introduction::Ask;
use corridor::domain::values::Side;
use serde_json::json;
use uuid::Uuid;

use super::Post;
use super::obsolete::{freeze, keep_apart, lift};
use crate::api::stage::{Answer, BLURB, Who, of};
use crate::support::database::on_each_backend;
use crate::support::smtp::Received;

impl Post {
    /// The clock strikes, and the log is read up to now.
    async fn round(&self) {
        self.stage.seal().await;
        corridor::jobs::clock::strike(&self.stage.context)
            .await
            .unwrap();
    }

    async fn questions_of(&self, introduction: &str) -> Vec<Ask> {
        let id: IntroductionId = of(introduction.rsplit('/').next().unwrap());
        let asks = move |conn: &mut Conn| db::introductions::asks(conn, id);
        self.stage.context.db.read(asks).await.unwrap()
    }

    /// What is newest of what a side agreed to has run out.
    async fn run_out(&self, introduction: &str, side: Side) {
        let id: IntroductionId = of(introduction.rsplit('/').next().unwrap());
        let (new, now) = (Uuid::now_v7(), self.now());
        let write = move |conn: &mut Conn| {
            let given = introduction_consents::of_introduction(conn, id)?;
            let mut newest = given.into_iter().rfind(|it| it.side == side).unwrap();
            newest.id = new;
            newest.given_at = now - TimeDelta::days(730);
            newest.valid_to = now;
            // The older one, which would be newer, is taken out of the way.
            let shift = "DELETE FROM introduction_consents";
            let others = introduction_consents::of_introduction(conn, id)?;
            diesel::RunQueryDsl::execute(diesel::sql_query(shift), conn)?;
            for other in others.into_iter().filter(|it| it.side != side) {
                introduction_consents::insert(conn, &other)?;
            }
            introduction_consents::insert(conn, &newest)
        };
        self.stage.context.db.write(write).await.unwrap();
    }

    fn connecting_mails(&self) -> usize {
        let received = self.server.received().into_iter();
        received.filter(Received::connects).count()
    }
}

#[test]
fn a_freeze_holds_what_was_not_sent_and_it_goes_on_where_it_stood() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        post.round().await;
        let introduction = stage.introduction(Who::Dana).await;
        post.send().await;
        let question = post.questions_of(&introduction).await.remove(0);
        let page = stage.question(&introduction).await;
        let frozen = freeze(&post).await;
        post.round().await;
        assert_eq!(post.status(&introduction).await, "frozen");
        // Neither side learns why, and neither moves it on.
        for who in [Who::Dana, Who::Gul] {
            let seen = stage.get(who, &introduction).await.expect(200);
            assert_eq!(seen["status"], "not_available", "{who:?}");
            assert!(seen.get("question").is_none());
        }
        let yes = json!({"action": "accept"});
        let paused = stage.go(Who::Gul, &introduction, yes).await;
        assert_eq!(paused.code(409), "paused");
        let form = [("answer", "accept"), ("name", "Gül")];
        assert_eq!(stage.submit(&page, &form).await.status, 409);
        for _ in 0..3 {
            post.advance(TimeDelta::days(10));
            post.round().await;
        }
        assert_eq!(post.status(&introduction).await, "frozen");
        post.send().await;
        let told = post.mails().into_iter();
        let told = told.filter(|mail| mail.to == ["<gul@mail.example>"]);
        assert_eq!(told.count(), 1, "nobody is reminded");

        lift(&post, frozen).await;
        post.round().await;
        assert_eq!(post.status(&introduction).await, "asking_first");
        let asks = post.questions_of(&introduction).await;
        assert_eq!((asks.len(), asks[0].id), (1, question.id));
        // Its clock stood still, so that it has what was left, and no more.
        assert_eq!(
            asks[0].expires_at,
            question.expires_at + TimeDelta::days(30)
        );
        assert_eq!(asks[0].reminders, 0);
        assert!(asks[0].remind_at.is_some_and(|at| at > post.now()));
        assert!(stage.open(&page).await.text.contains("<form"));
        assert_eq!(stage.submit(&page, &form).await.status, 303);

        // The mail that connects waits in the queue, and goes out once.
        let frozen = freeze(&post).await;
        post.round().await;
        assert_eq!(post.status(&introduction).await, "frozen");
        post.send().await;
        assert_eq!(post.connecting_mails(), 0);
        assert_eq!(post.last().await.attempts, 0);
        lift(&post, frozen).await;
        post.round().await;
        assert_eq!(post.status(&introduction).await, "both_accepted");
        post.advance(TimeDelta::hours(2));
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        assert_eq!(post.connecting_mails(), 2, "one to each");
        stage.seal().await;
        let events = format!("{introduction}/events");
        let known = stage.get(Who::Compliance, &events).await;
        assert!(known.text.contains("\"freeze\""), "{}", known.text);
        let told = stage.get(Who::Dana, &events).await;
        assert!(!told.text.contains("freeze") && !told.text.contains("frozen"));
    });
}

#[test]
fn what_a_freeze_holds_can_be_taken_back_and_is_checked_again_after_it() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        post.round().await;
        // What compliance has to read is not let through by a freeze.
        let matched = stage.released().await;
        let words = "Sensors that guard a border security post would fit.";
        let made = stage.request_introduction(Who::Dana, &matched, words).await;
        let held = made.location.clone().unwrap();
        made.expect(201);
        assert_eq!(post.status(&held).await, "held");
        let frozen = freeze(&post).await;
        post.round().await;
        assert_eq!(post.status(&held).await, "frozen");
        lift(&post, frozen).await;
        post.round().await;
        assert_eq!(post.status(&held).await, "held");
        let release = json!({
            "action": "release", "reason": "A water post.",
            "startup_revision": stage.profile.revision,
        });
        stage.go(Who::Compliance, &held, release).await.expect(200);

        // Who agreed takes it back in a freeze as at any time.
        post.accept(Who::Gul, &held).await;
        let frozen = freeze(&post).await;
        post.round().await;
        let consents = stage.get(Who::Gul, "/v1/me/consents").await.expect(200);
        let id = consents["items"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/me/consents/{id}/withdrawal");
        let taken = stage.request(Who::Gul, "POST", &path);
        let taken = taken.header("Idempotency-Key", "\"taken-back-once\"");
        Answer::of(taken.send().await.unwrap()).await.expect(200);
        assert_eq!(post.status(&held).await, "withdrawn");
        lift(&post, frozen).await;
        post.round().await;
        post.send().await;
        assert_eq!(post.connecting_mails(), 0);
    });
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.round().await;
        let introduction = post.stage.introduction(Who::Dana).await;
        post.send().await;
        let frozen = freeze(&post).await;
        post.round().await;
        keep_apart(&post).await;
        lift(&post, frozen).await;
        post.round().await;
        assert_eq!(post.status(&introduction).await, "blocked");
    });
}

/// What a freeze held back waits for its hour, and a hold after it queues the
/// mail once more: both are due together.
#[test]
fn what_waits_twice_goes_out_once() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        post.round().await;
        let introduction = post.agreed().await;
        let frozen = freeze(&post).await;
        post.round().await;
        post.send().await;
        let screened = async |verdict: &str| {
            let check = json!({
                "organization": stage.investor.id.to_string(),
                "verdict": verdict,
                "basis": "A list of names.",
                "evidence": { "reference": "Archive 7" },
                "valid_to": "2027-05-01",
            });
            let made = stage.post(Who::Compliance, "/v1/clearances", check).await;
            made.expect(201);
        };
        screened("review").await;
        lift(&post, frozen).await;
        post.round().await;
        assert_eq!(post.status(&introduction).await, "held");
        screened("clear").await;
        let release = json!({
            "action": "release", "reason": "Another firm of that name.",
            "startup_revision": stage.profile.revision,
        });
        let released = stage.go(Who::Compliance, &introduction, release).await;
        released.expect(200);
        assert_eq!(post.status(&introduction).await, "both_accepted");
        let queue = post.queue().await;
        let waiting = queue
            .iter()
            .filter(|it| it.intent_key.starts_with("introduction:") && it.state == State::Pending);
        assert_eq!(waiting.count(), 2);
        post.advance(TimeDelta::hours(2));
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        assert_eq!(post.connecting_mails(), 2, "one to each");
        let queue = post.queue().await;
        let sent = queue
            .iter()
            .filter(|it| it.intent_key.starts_with("introduction:") && it.last_error.is_none());
        assert_eq!(sent.count(), 1);
    });
}

#[test]
fn a_yes_that_has_run_out_is_asked_for_once_more_before_anything_is_sent() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        post.run_out(&introduction, Side::Investor).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "asking_first");
        assert_eq!(post.connecting_mails(), 0);
        post.send().await;
        let asked = post.mails().pop().unwrap();
        assert_eq!(asked.to, ["<gul@mail.example>"]);
        post.accept(Who::Gul, &introduction).await;
        assert_eq!(post.status(&introduction).await, "both_accepted");

        // Both, one after the other; also who asked for it.
        post.run_out(&introduction, Side::Startup).await;
        post.run_out(&introduction, Side::Investor).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "asking_first");
        post.accept(Who::Gul, &introduction).await;
        assert_eq!(post.status(&introduction).await, "asking_second");
        post.send().await;
        let asked = post.mails().pop().unwrap();
        assert_eq!(asked.to, ["<dana@mail.example>"]);
        post.accept(Who::Dana, &introduction).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        assert_eq!(post.connecting_mails(), 2, "one to each");
    });
}

/// That it was asked for and refused is for the operator's people to know.
#[test]
fn a_request_that_the_gate_refuses_is_noted_and_no_side_reads_of_it() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let matched = stage.released().await;
        freeze(&post).await;
        let id = matched.rsplit('/').next().unwrap();
        let ask = async |key: &str| {
            let request = stage.request(Who::Dana, "POST", "/v1/introductions");
            let request = request.header("Idempotency-Key", format!("\"{key}\""));
            let body = json!({"match": id, "blurb": BLURB});
            Answer::of(request.json(&body).send().await.unwrap()).await
        };
        for key in ["asked-in-vain", "asked-in-vain", "asked-anew"] {
            assert_eq!(ask(key).await.code(409), "not_available");
            stage.seal().await;
        }
        let events = format!("{matched}/events");
        let known = stage.get(Who::Compliance, &events).await;
        let times = known.text.matches("introduction.denied").count();
        assert_eq!(times, 1, "{}", known.text);
        assert!(known.text.contains("\"freeze\""), "{}", known.text);
        for who in [Who::Dana, Who::Gul] {
            let told = stage.get(who, &events).await;
            assert!(!told.text.contains("denied"), "{}", told.text);
        }
        let made = stage.get(Who::Curator, "/v1/introductions").await;
        assert_eq!(made.expect(200)["items"], json!([]));
    });
}
