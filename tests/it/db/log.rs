//! The log: positions without gaps, and a chain that shows what was touched.

use corridor::db::chain::{self, ChainReport};
use corridor::db::{Conn, Db, Error, consumers, events, leases};
use corridor::domain::event::{Subject, SubjectKind};
use diesel::connection::SimpleConnection;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{event, noon, sealed_numbers};
use crate::support::database::{each_backend, on_each_backend};

/// A store with that many sealed events.
async fn log_of(db: &Db, length: u128) {
    db.write(move |conn| {
        (1..=length).try_for_each(|number| events::append(conn, &event(number, number % 2)))
    })
    .await
    .expect("writes");
    db.seal_pending().await.expect("seals");
}

async fn verify(db: &Db) -> ChainReport {
    db.read(|conn| chain::verify(conn, 3, |_| {}))
        .await
        .expect("verifies")
}

#[test]
fn racing_writers_leave_no_gap_and_failures_no_trace() {
    on_each_backend(async |database| {
        let db = database.open();
        let mut writes = JoinSet::new();
        for number in 1..=120 {
            let db = db.clone();
            writes.spawn(async move {
                db.write(move |conn| {
                    events::append(conn, &event(number, 1))?;
                    if number % 5 == 0 {
                        Err(Error::Corrupt("refused".into()))
                    } else {
                        Ok(())
                    }
                })
                .await
            });
        }
        writes.join_all().await;
        db.seal_pending().await.expect("seals");
        let mut numbers = db.read(sealed_numbers).await.expect("reads");
        numbers.sort_unstable();
        let expected: Vec<u128> = (1..=120).filter(|number| number % 5 != 0).collect();
        assert_eq!(numbers, expected);
        assert_eq!(
            verify(&db).await,
            ChainReport {
                verified: 96,
                first_bad: None
            }
        );
    });
}

#[test]
fn a_follower_sees_every_event_once_while_writers_race() {
    const WRITERS: u128 = 6;
    const EACH: u128 = 40;
    on_each_backend(async |database| {
        let db = database.open_with(|options| {
            (options.readers, options.connections) = (10, 10);
        });
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let db = db.clone();
            writers.spawn(async move {
                for number in 0..EACH {
                    let event = event(writer * EACH + number + 1, 1);
                    db.write(move |conn| events::append(conn, &event))
                        .await
                        .expect("writes");
                }
            });
        }
        // Seals and follows at once, from the first write to the last.
        let mut seen = Vec::new();
        while seen.len() < usize::try_from(WRITERS * EACH).expect("small") {
            db.seal_pending().await.expect("seals");
            let after = i64::try_from(seen.len()).expect("small");
            let page = db
                .read(move |conn| events::page(conn, after, 7))
                .await
                .expect("reads");
            for event in page {
                assert_eq!(usize::try_from(event.position), Ok(seen.len() + 1));
                seen.push(event.id.uuid().as_u128());
            }
        }
        writers.join_all().await;
        seen.sort_unstable();
        assert!(seen.into_iter().eq(1..=WRITERS * EACH), "each once");
    });
}

/// The case that a plain sequence gets wrong: the event inserted first is
/// committed last, after a reader has passed by.
#[cfg(feature = "postgres")]
#[test]
fn an_event_that_commits_late_is_not_skipped() {
    use std::sync::mpsc::channel;
    use std::thread;

    use crate::support::database::{Database, on_runtime};
    use diesel::Connection;

    let Some(database) = Database::postgres() else {
        return;
    };
    let mut other = database.connect();
    let db = database.open();
    let (inserted, has_inserted) = channel();
    let (commit, may_commit) = channel::<()>();
    let slow = thread::spawn(move || {
        other
            .transaction(|conn| {
                events::append(conn, &event(1, 1)).expect("inserts");
                inserted.send(()).expect("somebody waits");
                may_commit.recv().expect("somebody tells");
                Ok::<_, diesel::result::Error>(())
            })
            .expect("commits");
    });
    on_runtime(async {
        has_inserted.recv().expect("inserted");
        db.write(|conn| events::append(conn, &event(2, 1)))
            .await
            .expect("commits first");
        assert_eq!(db.seal_pending().await.expect("seals"), 1);
        let first = db
            .read(|conn| events::page(conn, 0, 10))
            .await
            .expect("reads");
        assert_eq!(
            first
                .iter()
                .map(|it| it.id.uuid().as_u128())
                .collect::<Vec<_>>(),
            [2]
        );

        commit.send(()).expect("the other waits");
        slow.join().expect("no panic");
        assert_eq!(db.seal_pending().await.expect("seals"), 1);
        let after = first[0].position;
        let second = db
            .read(move |conn| events::page(conn, after, 10))
            .await
            .expect("reads");
        assert_eq!(
            second
                .iter()
                .map(|it| it.id.uuid().as_u128())
                .collect::<Vec<_>>(),
            [1]
        );
        assert_eq!(second[0].position, after + 1);
        assert_eq!(verify(&db).await.first_bad, None);
    });
}

#[test]
fn a_timeline_holds_one_records_events_only() {
    on_each_backend(async |database| {
        let db = database.open();
        log_of(&db, 6).await;
        let deal = Subject::new(SubjectKind::Deal, Uuid::from_u128(1));
        let timeline = db
            .read(move |conn| events::timeline(conn, deal, 1, 10))
            .await
            .expect("reads");
        let numbers: Vec<u128> = timeline.iter().map(|it| it.id.uuid().as_u128()).collect();
        assert_eq!(numbers, [3, 5]);
    });
}

#[test]
fn the_chain_shows_whatever_was_done_to_the_log() {
    let cases = [
        (
            "an edited payload",
            "UPDATE events SET payload = '{\"schema\":1}' WHERE position = 4",
            3,
            4,
        ),
        (
            "an edited time",
            "UPDATE events SET at = (SELECT at FROM events WHERE position = 1) WHERE position = 4",
            3,
            4,
        ),
        (
            "an actor slipped in",
            "UPDATE events SET actor_kind = 'user', actor_id = id WHERE position = 4",
            3,
            4,
        ),
        (
            "a deleted row",
            "DELETE FROM events WHERE position = 5",
            4,
            5,
        ),
        (
            "the first row deleted",
            "DELETE FROM events WHERE position = 1",
            0,
            1,
        ),
        (
            "two rows swapped",
            "UPDATE events SET position = 100 WHERE position = 3;
             UPDATE events SET position = 3 WHERE position = 4;
             UPDATE events SET position = 4 WHERE position = 100",
            2,
            3,
        ),
        (
            "the last row deleted",
            "DELETE FROM events WHERE position = 7",
            6,
            6,
        ),
        ("a head set back", "UPDATE log_head SET position = 6", 7, 7),
        (
            "a head's hash changed",
            "UPDATE log_head SET hash = (SELECT hash FROM events WHERE position = 6)",
            7,
            7,
        ),
        ("the head removed", "DELETE FROM log_head", 7, 7),
    ];
    for (what, sql, verified, position) in cases {
        for database in each_backend() {
            eprintln!("{what} on {database}:");
            crate::support::database::on_runtime(async {
                let db = database.open();
                log_of(&db, 7).await;
                assert_eq!(
                    verify(&db).await,
                    ChainReport {
                        verified: 7,
                        first_bad: None
                    }
                );
                database.connect().batch_execute(sql).expect("tampers");
                let report = verify(&db).await;
                assert_eq!(report.verified, verified);
                assert_eq!(report.first_bad.expect("it shows").position, position);
            });
        }
    }
}

#[test]
fn progress_is_told_after_each_batch() {
    on_each_backend(async |database| {
        let db = database.open();
        log_of(&db, 7).await;
        let told = db
            .read(|conn| {
                let mut told = Vec::new();
                chain::verify(conn, 3, |verified| told.push(verified))?;
                Ok::<_, Error>(told)
            })
            .await
            .expect("verifies");
        assert_eq!(told, [3, 6, 7]);
    });
}

#[test]
fn a_consumer_moves_only_from_where_it_stands() {
    on_each_backend(async |database| {
        let db = database.open();
        db.write(|conn| {
            assert_eq!(consumers::position(conn, "mail")?, 0);
            assert!(
                !consumers::advance(conn, "mail", 3, 4)?,
                "it never stood at 3"
            );
            assert!(consumers::advance(conn, "mail", 0, 5)?);
            assert!(
                !consumers::advance(conn, "mail", 0, 6)?,
                "it has moved since"
            );
            assert!(consumers::advance(conn, "mail", 5, 6)?);
            assert_eq!(consumers::position(conn, "mail")?, 6);
            assert_eq!(consumers::position(conn, "webhooks")?, 0);
            Ok::<_, Error>(())
        })
        .await
        .expect("no assertion fails");
    });
}

#[test]
fn a_lease_has_one_holder_until_it_ends() {
    on_each_backend(async |database| {
        let (ann, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        database
            .open()
            .write(move |conn| {
                assert!(leases::claim(conn, "sealer", ann, noon(10), noon(0))?);
                assert!(!leases::claim(conn, "sealer", bob, noon(15), noon(5))?);
                assert!(
                    leases::claim(conn, "sealer", ann, noon(20), noon(9))?,
                    "prolonged"
                );
                assert!(
                    leases::claim(conn, "sealer", bob, noon(30), noon(20))?,
                    "it is over"
                );
                leases::release(conn, "sealer", ann)?;
                assert!(
                    !leases::claim(conn, "sealer", ann, noon(40), noon(21))?,
                    "not ann's to give"
                );
                leases::release(conn, "sealer", bob)?;
                assert!(leases::claim(conn, "sealer", ann, noon(40), noon(21))?);
                assert!(consumers::claim_lease(
                    conn,
                    "sealer",
                    bob,
                    noon(40),
                    noon(21)
                )?);
                Ok::<_, Error>(())
            })
            .await
            .expect("no assertion fails");
    });
}

/// A sealer that woke itself would seal nothing for ever.
#[test]
fn sealing_is_no_reason_to_seal_again() {
    on_each_backend(async |database| {
        let db = database.open();
        let write = |conn: &mut Conn| events::append(conn, &event(1, 1));
        db.write(write).await.unwrap();
        let soon = std::time::Duration::from_millis(200);
        if database.migrations() == "postgres" {
            tokio::time::timeout(soon, db.unsealed())
                .await
                .expect("a write wakes the sealer");
        }
        db.seal_pending().await.unwrap();
        let woken = tokio::time::timeout(soon, db.unsealed()).await;
        assert!(woken.is_err(), "sealing woke the sealer");
    });
}
