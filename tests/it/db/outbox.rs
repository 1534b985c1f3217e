//! The outbox: one holder at a time, nothing lost, nothing sent twice while
//! nothing fails.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use corridor::db::outbox::{self, Cancel, Enqueued, NewMessage, State};
use corridor::db::page::Cursor;
use corridor::db::{Conn, Error};
use corridor::domain::event::{Subject, SubjectKind};
use corridor::domain::ids::OutboxId;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::noon;
use crate::support::database::on_each_backend;

const ANN: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);
const LEASE: TimeDelta = TimeDelta::seconds(60);

fn id(number: u128) -> OutboxId {
    Uuid::from_u128(number).into()
}

fn enqueue(conn: &mut Conn, number: u128, due: DateTime<Utc>) -> Result<Enqueued, Error> {
    let message = NewMessage {
        id: id(number),
        intent_key: &format!("intro:{number}:mail"),
        kind: "mail",
        subject: Subject::new(SubjectKind::Introduction, Uuid::from_u128(9)),
        payload: format!("{{\"number\":{number}}}"),
        message_id: Some(format!("<{number}@corridor.example>")),
        available_at: due,
    };
    outbox::enqueue(conn, &message, noon(0))
}

fn claim_ids(conn: &mut Conn, holder: Uuid, now: DateTime<Utc>) -> Result<Vec<OutboxId>, Error> {
    Ok(outbox::claim(conn, holder, now, LEASE, 10)?
        .into_iter()
        .map(|it| it.id)
        .collect())
}

fn state(conn: &mut Conn, number: u128) -> Result<State, Error> {
    Ok(outbox::find(conn, id(number))?.expect("it exists").state)
}

/// Runs assertions in one write on each back-end.
fn check(assertions: fn(&mut Conn) -> Result<(), Error>) {
    on_each_backend(async |database| {
        database
            .open()
            .write(assertions)
            .await
            .expect("no assertion fails");
    });
}

#[test]
fn an_intent_is_queued_once() {
    check(|conn| {
        assert_eq!(enqueue(conn, 1, noon(0))?, Enqueued::New);
        let again = NewMessage {
            id: id(2),
            intent_key: "intro:1:mail",
            kind: "mail",
            subject: Subject::new(SubjectKind::Deal, Uuid::from_u128(3)),
            payload: "{}".into(),
            message_id: None,
            available_at: noon(0),
        };
        assert_eq!(outbox::enqueue(conn, &again, noon(1))?, Enqueued::Already);
        assert_eq!(outbox::find(conn, id(2))?, None);
        let first = outbox::find(conn, id(1))?.expect("it exists");
        assert_eq!(first.payload, "{\"number\":1}");
        assert_eq!(first.message_id.as_deref(), Some("<1@corridor.example>"));
        Ok(())
    });
}

#[test]
fn two_claimers_never_get_the_same_message() {
    const MESSAGES: u128 = 60;
    on_each_backend(async |database| {
        let db = database.open_with(|options| {
            (options.readers, options.connections) = (8, 8);
        });
        db.write(|conn| {
            (1..=MESSAGES).try_for_each(|number| enqueue(conn, number, noon(0)).map(drop))
        })
        .await
        .expect("queued");
        let mut workers = JoinSet::new();
        for worker in 0..6 {
            let db = db.clone();
            workers.spawn(async move {
                let mut got = Vec::new();
                loop {
                    let holder = Uuid::from_u128(100 + worker);
                    let claimed = db
                        .write(move |conn| outbox::claim(conn, holder, noon(1), LEASE, 3))
                        .await
                        .expect("claims");
                    if claimed.is_empty() {
                        return got;
                    }
                    got.extend(claimed.into_iter().map(|it| it.id));
                }
            });
        }
        let all = workers.join_all().await.concat();
        let distinct: BTreeSet<_> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len(), "none twice");
        assert!(
            distinct.into_iter().eq((1..=MESSAGES).map(id)),
            "and all of them"
        );
    });
}

#[test]
fn a_message_is_not_claimed_before_its_time() {
    check(|conn| {
        enqueue(conn, 1, noon(10))?;
        assert_eq!(claim_ids(conn, ANN, noon(9))?, []);
        assert_eq!(claim_ids(conn, ANN, noon(10))?, [id(1)]);
        Ok(())
    });
}

#[test]
fn an_expired_lease_is_claimed_again_and_the_first_holder_is_refused() {
    check(|conn| {
        enqueue(conn, 1, noon(0))?;
        assert_eq!(outbox::claim(conn, ANN, noon(0), LEASE, 1)?[0].attempts, 1);
        assert_eq!(claim_ids(conn, BOB, noon(59))?, [], "ann's lease lasts");
        assert_eq!(outbox::claim(conn, BOB, noon(60), LEASE, 1)?[0].attempts, 2);

        assert!(!outbox::done(conn, id(1), ANN, noon(61))?);
        assert!(!outbox::retry(conn, id(1), ANN, noon(99), "smtp_451")?);
        assert!(!outbox::dead(conn, id(1), ANN, "smtp_550", noon(61))?);
        assert!(!outbox::release(conn, id(1), ANN, noon(61))?);
        assert_eq!(state(conn, 1)?, State::Pending);

        assert!(outbox::done(conn, id(1), BOB, noon(62))?);
        assert!(!outbox::done(conn, id(1), BOB, noon(63))?, "only once");
        assert_eq!(claim_ids(conn, ANN, noon(999))?, []);
        Ok(())
    });
}

#[test]
fn a_retry_waits_for_its_time_and_keeps_a_short_error() {
    check(|conn| {
        enqueue(conn, 1, noon(0))?;
        claim_ids(conn, ANN, noon(0))?;
        assert!(outbox::retry(
            conn,
            id(1),
            ANN,
            noon(300),
            &"ü".repeat(600)
        )?);
        let message = outbox::find(conn, id(1))?.expect("it exists");
        assert_eq!(message.last_error, Some("ü".repeat(outbox::ERROR_LENGTH)));
        assert_eq!(message.holder, None);
        assert_eq!(claim_ids(conn, BOB, noon(299))?, []);
        assert_eq!(
            outbox::claim(conn, BOB, noon(300), LEASE, 1)?[0].attempts,
            2
        );
        Ok(())
    });
}

#[test]
fn a_released_message_is_due_at_once_and_its_attempt_does_not_count() {
    check(|conn| {
        enqueue(conn, 1, noon(0))?;
        claim_ids(conn, ANN, noon(0))?;
        assert!(outbox::release(conn, id(1), ANN, noon(1))?);
        assert_eq!(outbox::claim(conn, BOB, noon(1), LEASE, 1)?[0].attempts, 1);
        Ok(())
    });
}

#[test]
fn a_dead_message_stays_visible_until_a_person_revives_it() {
    check(|conn| {
        enqueue(conn, 1, noon(0))?;
        claim_ids(conn, ANN, noon(0))?;
        assert!(outbox::dead(
            conn,
            id(1),
            ANN,
            "smtp_550 no such user",
            noon(1)
        )?);
        assert_eq!(claim_ids(conn, BOB, noon(999))?, []);
        let dead = outbox::list(conn, Some(State::Dead), None, 10)?;
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].last_error.as_deref(), Some("smtp_550 no such user"));
        assert_eq!(dead[0].finished_at, Some(noon(1)));

        assert!(outbox::revive(conn, id(1), noon(1_000))?);
        assert!(!outbox::revive(conn, id(1), noon(1_000))?, "it is alive");
        assert_eq!(
            outbox::claim(conn, BOB, noon(1_000), LEASE, 1)?[0].attempts,
            1
        );
        Ok(())
    });
}

#[test]
fn cancelling_takes_what_nobody_holds() {
    check(|conn| {
        for number in [1, 10, 11, 2] {
            enqueue(conn, number, noon(0))?;
        }
        assert_eq!(outbox::claim(conn, ANN, noon(0), LEASE, 1)?.len(), 1);
        let held = outbox::list(conn, None, None, 10)?
            .into_iter()
            .find(|it| it.holder.is_some())
            .expect("ann has one");
        assert_eq!(
            outbox::cancel(conn, Cancel::One(held.id), noon(1))?,
            0,
            "it is being sent"
        );
        assert_eq!(
            outbox::cancel(conn, Cancel::One(held.id), noon(60))?,
            1,
            "the lease is over"
        );
        assert_eq!(state(conn, held.id.uuid().as_u128())?, State::Cancelled);

        let expected = [10, 11]
            .iter()
            .filter(|number| id(**number) != held.id)
            .count();
        assert_eq!(
            outbox::cancel(conn, Cancel::Intents("intro:1"), noon(60))?,
            {
                // "intro:1:mail" too starts like that.
                expected + usize::from(held.id != id(1))
            }
        );
        let left = if held.id == id(2) {
            vec![]
        } else {
            vec![id(2)]
        };
        assert_eq!(claim_ids(conn, BOB, noon(60))?, left);
        Ok(())
    });
}

#[test]
fn a_prefix_is_no_pattern() {
    check(|conn| {
        enqueue(conn, 1, noon(0))?;
        for pattern in ["intro_1", "%", "INTRO:1", "intro:1:mail "] {
            assert_eq!(
                outbox::cancel(conn, Cancel::Intents(pattern), noon(1))?,
                0,
                "{pattern}"
            );
        }
        assert_eq!(
            outbox::cancel(conn, Cancel::Intents("intro:1:"), noon(1))?,
            1
        );
        Ok(())
    });
}

#[test]
fn counts_tell_how_far_behind_the_workers_are() {
    check(|conn| {
        for number in 1..=4 {
            enqueue(conn, number, noon(i64::try_from(number).expect("small")))?;
        }
        claim_ids(conn, ANN, noon(2))?;
        outbox::done(conn, id(1), ANN, noon(2))?;
        outbox::dead(conn, id(2), ANN, "gone", noon(2))?;
        outbox::cancel(conn, Cancel::One(id(4)), noon(2))?;
        let counts = outbox::counts(conn)?;
        assert_eq!(
            (counts.pending, counts.done, counts.dead, counts.cancelled),
            (1, 1, 1, 1)
        );
        assert_eq!(counts.oldest_due, Some(noon(3)));
        Ok(())
    });
}

#[test]
fn a_list_is_walked_by_cursor_although_all_were_made_at_once() {
    check(|conn| {
        for number in 1..=5 {
            enqueue(conn, number, noon(0))?;
        }
        let mut walked = Vec::new();
        let mut after = None;
        loop {
            let page = outbox::list(conn, Some(State::Pending), after, 2)?;
            let Some(last) = page.last() else { break };
            after = Some(Cursor::at(last.created_at, last.id));
            walked.extend(page.into_iter().map(|it| it.id));
        }
        assert!(walked.into_iter().eq((1..=5).map(id)));
        Ok(())
    });
}
