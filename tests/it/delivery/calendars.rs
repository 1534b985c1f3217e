//! Introductions driven by the clock alone through holidays and the change of
//! clocks: whoever is asked is reminded on working days 3 and 6 of their own, in
//! their own morning, and has until the end of the tenth.

use chrono::{DateTime, TimeDelta, Utc};
use corridor::db::outbox::State;
use corridor::jobs::outbox::Sender;

use super::pace::quiet;
use super::{Post, mailer, options, work_off};
use crate::api::stage::{Who, of};
use crate::support::database::on_each_backend;

/// When somebody is asked, and what comes of it while they say nothing.
struct Course {
    /// Who asks; the other side is asked.
    asks: Who,
    asked_at: &'static str,
    /// When something might come and doesn't.
    silent: &'static [&'static str],
    /// When the reminders come.
    reminded_at: [&'static str; 2],
    /// From when on it is over.
    over_at: &'static str,
}

const COURSES: [Course; 3] = [
    // Thursday in Jerusalem. Friday is free, Rosh Hashana is Saturday and
    // Sunday, Yom Kippur the Monday of the week after.
    Course {
        asks: Who::Gul,
        asked_at: "2026-09-10T08:00:00Z",
        silent: &[
            "2026-09-11T06:00:00Z",
            "2026-09-13T06:00:00Z",
            "2026-09-15T06:00:00Z",
        ],
        reminded_at: ["2026-09-16T06:00:00Z", "2026-09-22T06:00:00Z"],
        over_at: "2026-09-28T21:00:00Z",
    },
    // Summer time ends in Jerusalem on Sunday, 25 October, a working day.
    Course {
        asks: Who::Gul,
        asked_at: "2026-10-21T08:00:00Z",
        silent: &["2026-10-25T07:00:00Z", "2026-10-26T06:00:00Z"],
        reminded_at: ["2026-10-26T07:00:00Z", "2026-10-29T07:00:00Z"],
        over_at: "2026-11-04T22:00:00Z",
    },
    // Wednesday in Baku; Novruz is from Saturday to Wednesday.
    Course {
        asks: Who::Dana,
        asked_at: "2027-03-17T08:00:00Z",
        silent: &[
            "2027-03-20T05:00:00Z",
            "2027-03-22T05:00:00Z",
            "2027-03-24T05:00:00Z",
        ],
        reminded_at: ["2027-03-25T05:00:00Z", "2027-03-30T05:00:00Z"],
        over_at: "2027-04-05T20:00:00Z",
    },
];

#[test]
fn reminders_and_the_end_come_by_the_working_days_of_who_is_asked() {
    for course in COURSES {
        on_each_backend(async |database| {
            let post = Post::open_at(database, course.asked_at).await;
            let introduction = post.stage.introduction(course.asks).await;
            post.send().await;
            let mut steps: Vec<(DateTime<Utc>, usize)> = Vec::new();
            for instant in course.silent {
                steps.push((of(instant), 0));
            }
            for instant in course.reminded_at {
                let at: DateTime<Utc> = of(instant);
                steps.push((at - TimeDelta::seconds(1), 0));
                steps.push((at, 1));
            }
            let over: DateTime<Utc> = of(course.over_at);
            steps.push((over - TimeDelta::seconds(2), 0));
            // The one asked, and who asked.
            steps.push((over, 2));
            steps.sort();
            for (instant, mails) in steps {
                post.advance(instant - post.now());
                assert_eq!(post.strike().await, mails, "{instant}");
                assert_eq!(post.strike().await, 0, "once");
            }
            assert_eq!(post.status(&introduction).await, "expired");
        });
    }
}

/// Ten working days more, by the calendar of who asks for them: over Yom Kippur
/// and two Sabbaths, and over Novruz with the weekend that it begins on.
#[test]
fn more_time_is_ten_more_of_their_own_working_days() {
    for (asks, answers, asked_at, first, then) in [
        (
            Who::Gul,
            Who::Dana,
            "2026-08-30T08:00:00Z",
            "2026-09-14T20:59:59Z",
            "2026-09-29T20:59:59Z",
        ),
        (
            Who::Dana,
            Who::Gul,
            "2027-02-24T08:00:00Z",
            "2027-03-15T19:59:59Z",
            "2027-04-01T19:59:59Z",
        ),
    ] {
        on_each_backend(async |database| {
            let post = Post::open_at(database, asked_at).await;
            let introduction = post.stage.introduction(asks).await;
            let until = async || -> DateTime<Utc> {
                let seen = post.stage.get(answers, &introduction).await.expect(200);
                of(seen["question"]["expires_at"].as_str().unwrap())
            };
            assert_eq!(until().await, of::<DateTime<Utc>>(first));
            let more = serde_json::json!({"action": "need_more_time"});
            post.stage
                .go(answers, &introduction, more.clone())
                .await
                .expect(200);
            let last: DateTime<Utc> = of(then);
            assert_eq!(until().await, last);
            let again = post.stage.go(answers, &introduction, more).await;
            assert_eq!(again.code(409), "extended_already");
            // Its first end passes, and it ends with its last second.
            post.send().await;
            post.advance(last - TimeDelta::seconds(1) - post.now());
            post.strike().await;
            assert_eq!(post.status(&introduction).await, "asking_first");
            post.advance(TimeDelta::seconds(1));
            post.strike().await;
            assert_eq!(post.status(&introduction).await, "expired");
        });
    }
}

#[test]
fn a_question_on_an_israeli_friday_comes_on_sunday_morning() {
    for (at, waits_until) in [
        // Thursday evening, Friday noon and Saturday, in Jerusalem.
        ("2026-11-26T18:30:00Z", "2026-11-29T07:00:00Z"),
        ("2026-11-27T10:00:00Z", "2026-11-29T07:00:00Z"),
        ("2026-11-28T10:00:00Z", "2026-11-29T07:00:00Z"),
    ] {
        on_each_backend(async |database| {
            let post = Post::open(database).await;
            post.stage.introduction(Who::Gul).await;
            let context = quiet(&post, at);
            let sender = Sender::new(context.clone(), mailer(&post.server), options());
            work_off(&sender).await;
            let message = post.last().await;
            assert_eq!((message.state, message.attempts), (State::Pending, 0));
            let until: DateTime<Utc> = of(waits_until);
            assert_eq!(message.available_at, until, "{at}");
            context.clock.advance(until - context.now());
            work_off(&sender).await;
            assert_eq!(post.last().await.state, State::Done);
            assert_eq!(post.server.received()[0].to, ["<dana@mail.example>"]);
        });
    }
}
