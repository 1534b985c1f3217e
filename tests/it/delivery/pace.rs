//! When mail goes out, by which server, and how much of it at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use corridor::db::outbox::State;
use corridor::domain::mail_state::Hold;
use corridor::domain::message::News;
use corridor::jobs::domains::Domains;
use corridor::jobs::outbox::Sender;
use corridor::mail::{Mailer, Relays, Security, Smtp, SmtpSettings};
use corridor::services::{Clock, Context, Settings};

use super::letters::id_of;
use super::{Options, Post, options, work_off};
use crate::api::stage::{Who, of};
use crate::support::database::on_each_backend;
use crate::support::smtp::{Fault, SmtpServer};

/// The stage's context with its people's quiet hours, at that time.
pub(super) fn quiet(post: &Post, at: &str) -> Context {
    let mut context = post.stage.context.with_clock(Clock::set(of(at)));
    let settings = Settings {
        quiet_hours: true,
        ..(*context.settings).clone()
    };
    context.settings = settings.into();
    context
}

#[test]
fn what_can_wait_comes_in_the_morning_of_its_readers_next_working_day() {
    // Gul works in Baku, from Monday to Friday; UTC+4.
    for (at, waits_until) in [
        ("2026-11-24T09:00:00Z", None),
        ("2026-11-24T15:59:00Z", None),
        ("2026-11-24T16:00:00Z", Some("2026-11-25T05:00:00Z")),
        ("2026-11-25T03:30:00Z", Some("2026-11-25T05:00:00Z")),
        ("2026-11-27T17:00:00Z", Some("2026-11-30T05:00:00Z")),
        ("2026-11-29T09:00:00Z", Some("2026-11-30T05:00:00Z")),
    ] {
        on_each_backend(async |database| {
            let post = Post::open(database).await;
            post.stage.introduction(Who::Dana).await;
            let context = quiet(&post, at);
            let sender = Sender::new(context.clone(), super::mailer(&post.server), options());
            work_off(&sender).await;
            let message = post.last().await;
            match waits_until {
                None => assert_eq!(message.state, State::Done, "{at}"),
                Some(until) => {
                    assert_eq!(
                        (message.state, message.attempts),
                        (State::Pending, 0),
                        "{at}"
                    );
                    assert_eq!(message.hold, Some(Hold::Quiet));
                    let until: DateTime<Utc> = of(until);
                    assert_eq!(message.available_at, until, "{at}");
                    context.clock.advance(until - context.now());
                    work_off(&sender).await;
                    assert_eq!(post.last().await.state, State::Done);
                }
            }
        });
    }
}

#[test]
fn what_an_account_needs_and_what_both_agreed_to_comes_at_any_hour() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        post.queue_others(1).await;
        post.queue_news(Who::Gul, News::PasswordChanged, "night")
            .await;
        post.queue_news(Who::Gul, News::DocumentCleared, "morning")
            .await;
        let context = quiet(&post, "2026-11-28T22:00:00Z");
        let sender = Sender::new(context, super::mailer(&post.server), options());
        work_off(&sender).await;
        assert_eq!(post.status(&introduction).await, "sent");
        for key in ["other:0", ":night"] {
            assert_eq!(post.queued_as(key).await.state, State::Done, "{key}");
        }
        // What happens to a firm can wait for its people's next working day.
        let waits = post.queued_as(":morning").await;
        assert_eq!(
            (waits.state, waits.hold),
            (State::Pending, Some(Hold::Quiet))
        );
        let until: DateTime<Utc> = of("2026-11-30T05:00:00Z");
        assert_eq!(waits.available_at, until);
    });
}

fn relay(port: u16) -> Smtp {
    let settings = SmtpSettings {
        helo: Some("corridor.example".to_owned()),
        ..SmtpSettings::new("127.0.0.1", port, Security::None)
    };
    Smtp::new(settings).unwrap()
}

#[test]
fn mail_goes_by_the_next_server_while_one_is_away_and_never_by_two() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let second = SmtpServer::start().await;
        let first = &post.server;
        let relays = [first.address.port(), second.address.port()].map(relay);
        let relays = Relays::new(relays.to_vec(), Duration::from_mins(5));
        let mailer = Mailer::Relays(relays);
        let sender = Sender::new(post.stage.context.clone(), mailer, options());
        // The first lets nobody in; from then on it is passed over.
        first.fail(Fault::Greeting("421 closing"));
        post.queue_others(3).await;
        work_off(&sender).await;
        assert_eq!((first.received().len(), second.received().len()), (0, 3));
        assert_eq!(first.connections(), 1);
        // What a server has heard of is no other's.
        second.fail(Fault::DropBeforeAnswer);
        post.queue_others(4).await;
        work_off(&sender).await;
        assert_eq!(post.last().await.state, State::Pending);
        assert!(first.received().is_empty());
        second.fail(Fault::Recipient("550 no such user"));
        post.queue_others(5).await;
        work_off(&sender).await;
        assert_eq!(post.last().await.state, State::Dead);
        assert!(first.received().is_empty());
        // The one that is passed over is better than none.
        second.fail(Fault::DropAfterAnswer);
        post.queue_others(6).await;
        work_off(&sender).await;
        drop(second);
        post.advance(TimeDelta::hours(1));
        work_off(&sender).await;
        work_off(&sender).await;
        assert_eq!(first.received().len(), 1);
        let ids: BTreeSet<_> = first.received().iter().map(id_of).collect();
        assert_eq!(ids.len(), 1);
    });
}

#[test]
fn one_domain_gets_no_more_at_a_time_than_it_is_to() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let options = Options {
            domains: Domains::new(1),
            ..options()
        };
        post.queue_others(6).await;
        let senders: Vec<_> = (0..3)
            .map(|_| {
                let mailer = super::mailer(&post.server);
                Sender::new(post.stage.context.clone(), mailer, options.clone())
            })
            .collect();
        let [a, b, c] = senders.as_slice() else {
            panic!("three")
        };
        tokio::join!(work_off(a), work_off(b), work_off(c));
        assert_eq!(post.server.received().len(), 6);
        assert_eq!(post.server.most_at_once(), 1);
    });
}
