//! A repeated request is answered, not done again.

use chrono::TimeDelta;
use corridor::db::idempotency::{self, Begin, KEPT, Outcome, Slot};
use corridor::db::{Conn, Error, events, transaction};
use corridor::domain::fault::Fault;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{event, noon, sealed_numbers};
use crate::support::database::on_each_backend;

const PRINT: [u8; 32] = [7; 32];

fn slot() -> Slot {
    Slot {
        principal: "user:ann".into(),
        route: "POST /v1/introductions".into(),
        key: "8e03978e-40d5-43dd-bc93-6894a57f9324".into(),
    }
}

fn created() -> Outcome {
    Outcome::Created {
        id: Uuid::from_u128(5),
        version: 1,
    }
}

/// One request with the key: its effect is an event.
fn request(conn: &mut Conn, number: u128) -> Result<Begin, Error> {
    let begin = idempotency::begin(conn, &slot(), &PRINT, noon(0))?;
    if begin == Begin::Fresh {
        events::append(conn, &event(number, 1))?;
        idempotency::finish(conn, &slot(), &created())?;
    }
    Ok(begin)
}

#[test]
fn a_repetition_is_replayed_and_another_request_is_a_mismatch() {
    on_each_backend(async |database| {
        let db = database.open();
        assert_eq!(
            db.write(|conn| request(conn, 1)).await.expect("first"),
            Begin::Fresh
        );
        let again = db.write(|conn| request(conn, 2)).await.expect("second");
        assert_eq!(again, Begin::Replay(created()));
        let other = db
            .write(|conn| idempotency::begin(conn, &slot(), &[8; 32], noon(0)))
            .await
            .expect("third");
        assert_eq!(other, Begin::Mismatch);
        db.seal_pending().await.expect("seals");
        assert_eq!(db.read(sealed_numbers).await.expect("reads"), [1]);
    });
}

#[test]
fn a_key_counts_only_for_its_principal_and_route() {
    on_each_backend(async |database| {
        let db = database.open();
        db.write(|conn| request(conn, 1)).await.expect("first");
        let slots = [
            Slot {
                principal: "user:bob".into(),
                ..slot()
            },
            Slot {
                route: "POST /v1/deals".into(),
                ..slot()
            },
            Slot {
                key: "another".into(),
                ..slot()
            },
        ];
        for slot in slots {
            let begin = db
                .write(move |conn| idempotency::begin(conn, &slot, &PRINT, noon(0)))
                .await
                .expect("begins");
            assert_eq!(begin, Begin::Fresh);
        }
    });
}

#[test]
fn a_refusal_is_replayed_and_its_effect_undone() {
    on_each_backend(async |database| {
        let db = database.open();
        let refused = Outcome::Refused {
            code: "already_open".into(),
            detail: "There is an open introduction.".into(),
            missing: vec![Fault::new("/blurb", "carries_link", "A link.")],
        };
        let outcome = refused.clone();
        db.write(move |conn| {
            assert_eq!(
                idempotency::begin(conn, &slot(), &PRINT, noon(0))?,
                Begin::Fresh
            );
            let effect = transaction(conn, |conn| {
                events::append(conn, &event(1, 1))?;
                Err::<(), _>(Error::Corrupt("refused".into()))
            });
            assert!(effect.is_err());
            idempotency::finish(conn, &slot(), &outcome)
        })
        .await
        .expect("commits its row alone");
        let replay = db.write(|conn| request(conn, 2)).await.expect("replays");
        assert_eq!(replay, Begin::Replay(refused));
        db.seal_pending().await.expect("seals");
        assert_eq!(db.read(sealed_numbers).await.expect("reads"), []);
    });
}

#[test]
fn a_failed_request_leaves_its_key_free() {
    on_each_backend(async |database| {
        let db = database.open();
        let failed: Result<(), Error> = db
            .write(|conn| {
                request(conn, 1)?;
                Err(Error::Corrupt("failed".into()))
            })
            .await;
        failed.expect_err("undone");
        assert_eq!(
            db.write(|conn| request(conn, 2)).await.expect("again"),
            Begin::Fresh
        );
    });
}

#[test]
fn twenty_twins_at_once_have_one_effect_and_one_answer() {
    on_each_backend(async |database| {
        let db = database.open_with(|options| {
            (options.readers, options.connections) = (20, 20);
        });
        let mut twins = JoinSet::new();
        for number in 1..=20 {
            let db = db.clone();
            twins.spawn(async move { db.write(move |conn| request(conn, number)).await });
        }
        let answers: Vec<Begin> = twins
            .join_all()
            .await
            .into_iter()
            .map(|answer| answer.expect("answered"))
            .collect();
        assert_eq!(answers.iter().filter(|it| **it == Begin::Fresh).count(), 1);
        let replays = answers
            .iter()
            .filter(|it| **it == Begin::Replay(created()))
            .count();
        assert_eq!(replays, 19);
        db.seal_pending().await.expect("seals");
        assert_eq!(db.read(sealed_numbers).await.expect("reads").len(), 1);
    });
}

#[test]
fn an_expired_key_is_fresh_again_and_purged_when_it_is_not_used() {
    on_each_backend(async |database| {
        let db = database.open();
        db.write(|conn| {
            request(conn, 1)?;
            let again = idempotency::begin(conn, &slot(), &[9; 32], noon(0) + KEPT)?;
            assert_eq!(again, Begin::Fresh);
            idempotency::finish(conn, &slot(), &created())?;
            assert_eq!(idempotency::purge(conn, noon(0) + KEPT, 10)?, 0);
            assert_eq!(idempotency::purge(conn, noon(0) + KEPT + KEPT, 10)?, 1);
            Ok::<_, Error>(())
        })
        .await
        .expect("no assertion fails");
    });
}

#[test]
fn an_outcome_without_a_beginning_is_an_error() {
    on_each_backend(async |database| {
        let result = database
            .open()
            .write(|conn| idempotency::finish(conn, &slot(), &created()))
            .await;
        assert!(matches!(result, Err(Error::Corrupt(_))), "{result:?}");
    });
}

/// A request that ran beside an erasure may have read what that took away,
/// though it was answered after it.
#[test]
fn what_was_answered_while_somebody_was_erased_is_not_told_again() {
    on_each_backend(async |database| {
        let db = database.open();
        let at = |seconds: i64| noon(0) + TimeDelta::seconds(seconds);
        let keyed = |key: &str| Slot {
            key: key.to_owned(),
            ..slot()
        };
        let answer = async |key: &str, begun: i64| {
            let (slot, now) = (keyed(key), at(begun));
            let write = move |conn: &mut Conn| {
                idempotency::begin(conn, &slot, &PRINT, now)?;
                idempotency::finish(conn, &slot, &created())?;
                idempotency::keep_told(conn, &slot, "their name")
            };
            db.write(write).await.expect("answered");
        };
        let told = async |key: &str| {
            let slot = keyed(key);
            let told = db.read(move |conn| idempotency::told(conn, &slot)).await;
            told.expect("read")
        };
        let sweep = async |seconds: i64| {
            let now = at(seconds);
            let swept = db.write(move |conn| idempotency::sweep_told(conn, now, 10));
            swept.await.expect("swept")
        };
        answer("before", 0).await;
        let erased = at(1);
        db.write(move |conn| idempotency::forget_told(conn, erased))
            .await
            .expect("forgotten");
        answer("beside", 5).await;
        assert_eq!(
            (told("before").await, told("beside").await),
            (None, None),
            "what began beside it is hidden too"
        );
        assert_eq!(sweep(6).await, 2);
        // What still runs is looked for again, until none can.
        answer("at last", 30).await;
        assert_eq!(told("at last").await, None);
        assert_eq!((sweep(31).await, sweep(62).await), (1, 0));
        answer("after", 62).await;
        assert_eq!(told("after").await.as_deref(), Some("their name"));
        assert_eq!(sweep(63).await, 0);
        assert_eq!(told("after").await.as_deref(), Some("their name"));
    });
}
