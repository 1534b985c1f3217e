//! Reading, writing, and everything that may go wrong with it.

use std::task::Poll;
use std::time::{Duration, Instant};

use corridor::db::{Conn, Db, Error, events, transaction};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::{QueryableByName, RunQueryDsl};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::{event, sealed_numbers};
use crate::support::database::{Database, on_each_backend, on_runtime};

/// A write that stays in its transaction until it is told to go on.
struct Blocker {
    go: std::sync::mpsc::Sender<()>,
    write: JoinHandle<Result<(), Error>>,
}

impl Blocker {
    async fn start(db: &Db) -> Self {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (started, has_started) = oneshot::channel();
        let db = db.clone();
        let write = tokio::spawn(async move {
            db.write(move |_| {
                started.send(()).expect("somebody waits");
                wait.recv().expect("somebody tells");
                Ok(())
            })
            .await
        });
        has_started.await.expect("the job runs");
        Self { go, write }
    }

    async fn finish(self) {
        self.go.send(()).expect("the job waits");
        self.write.await.expect("no panic").expect("commits");
    }
}

async fn append(db: &Db, number: u128) -> Result<(), Error> {
    db.write(move |conn| events::append(conn, &event(number, 1)))
        .await
}

async fn numbers(db: &Db) -> Vec<u128> {
    db.seal_pending().await.expect("seals");
    let mut numbers = db.read(sealed_numbers).await.expect("reads");
    numbers.sort_unstable();
    numbers
}

/// How many events there are, sealed or not.
fn stored(conn: &mut Conn) -> Result<i64, Error> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let Count { count } =
        diesel::sql_query("SELECT count(*) AS count FROM events").get_result(conn)?;
    Ok(count)
}

/// The file of a store on SQLite.
fn file(conn: &mut Conn) -> Result<String, Error> {
    #[derive(QueryableByName)]
    struct Of {
        #[diesel(sql_type = Text)]
        file: String,
    }
    let of = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let Of { file } = diesel::sql_query(of).get_result(conn)?;
    Ok(file)
}

/// The journal is moved into the file while the store is open, long before the
/// writer would stop for it.
#[test]
fn what_was_committed_is_moved_into_the_file_meanwhile() {
    on_runtime(async {
        let database = Database::sqlite();
        let db = database.open();
        let file = db.read(file).await.expect("a file");
        let size = || std::fs::metadata(&file).expect("a file").len();
        let before = size();
        db.write(|conn| (1..=600).try_for_each(|number| events::append(conn, &event(number, 1))))
            .await
            .expect("writes");
        let end = Instant::now() + Duration::from_secs(20);
        while size() == before {
            assert!(Instant::now() < end, "the file stays as it was");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(numbers(&db).await.len(), 600);
    });
}

/// 2 is FULL: each commit waits for the disk.
#[test]
fn a_commit_waits_for_the_disk_unless_it_is_told_not_to() {
    on_runtime(async {
        let database = Database::sqlite();
        let db = database.open();
        let mut seen = vec![];
        for wait in [true, false, true] {
            db.wait_for_disk(wait);
            seen.push(db.write(synchronous).await.expect("writes"));
        }
        assert_eq!(seen, [2, 1, 2]);
    });
}

fn synchronous(conn: &mut Conn) -> Result<i32, Error> {
    #[derive(QueryableByName)]
    struct Level {
        #[diesel(sql_type = Integer)]
        synchronous: i32,
    }
    let Level { synchronous } =
        diesel::sql_query("SELECT synchronous FROM pragma_synchronous").get_result(conn)?;
    Ok(synchronous)
}

#[test]
fn what_was_written_is_read() {
    on_each_backend(async |database| {
        let db = database.open();
        append(&db, 1).await.expect("writes");
        db.seal_pending().await.expect("seals");
        assert_eq!(*db.sealed().borrow(), 1);

        let read = db
            .read(|conn| events::page(conn, 0, 10))
            .await
            .expect("reads");
        let written = event(1, 1);
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].id, written.id);
        assert_eq!(read[0].at, written.at);
        assert_eq!(read[0].kind, written.kind);
        assert_eq!(read[0].subject, written.subject);
        assert_eq!(read[0].actor, written.actor);
        assert_eq!(read[0].payload_text, r#"{"schema":1,"to":"stage_1"}"#);
    });
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    on_each_backend(async |database| {
        let db = database.open();
        append(&db, 1).await.expect("writes");
        db.close().await;
        assert_eq!(numbers(&database.open()).await, [1]);
    });
}

#[test]
fn commands_write_and_read_without_a_runtime() {
    for database in crate::support::database::each_backend() {
        let db = database.open();
        db.write_blocking(|conn| events::append(conn, &event(1, 1)))
            .expect("writes");
        db.write_blocking(|conn| events::seal(conn, 10))
            .expect("seals");
        assert_eq!(
            db.read_blocking(sealed_numbers).expect("reads"),
            [1],
            "on {database}"
        );
    }
}

#[test]
fn a_failing_job_undoes_only_itself() {
    on_each_backend(async |database| {
        let db = database.open();
        // On SQLite the three queue up behind this one and share a group.
        let blocker = Blocker::start(&db).await;
        let mut jobs = Vec::new();
        for number in 1..=3 {
            let db = db.clone();
            jobs.push(tokio::spawn(async move {
                db.write(move |conn| {
                    events::append(conn, &event(number, 1))?;
                    if number == 2 {
                        Err(Error::Corrupt("two".into()))
                    } else {
                        Ok(())
                    }
                })
                .await
            }));
        }
        blocker.finish().await;
        let mut results = Vec::new();
        for job in jobs {
            results.push(
                job.await
                    .expect("no panic")
                    .map_err(|error| error.to_string()),
            );
        }
        let two = Error::Corrupt("two".into()).to_string();
        assert_eq!(results, [Ok(()), Err(two), Ok(())]);
        assert_eq!(numbers(&db).await, [1, 3]);
    });
}

#[test]
fn a_panicking_job_is_undone_and_the_store_goes_on() {
    on_each_backend(async |database| {
        let db = database.open();
        let result: Result<(), Error> = db
            .write(|conn| {
                events::append(conn, &event(1, 1))?;
                // Two savepoints deep, to be unwound as well.
                transaction(conn, |conn| {
                    diesel::Connection::transaction(conn, |_| -> Result<(), Error> {
                        panic!("the job's own fault")
                    })
                })
            })
            .await;
        assert!(matches!(result, Err(Error::Panicked)), "{result:?}");
        append(&db, 2).await.expect("writes");
        let read: Result<(), Error> = db.read(|_| panic!("the reader's fault")).await;
        assert!(matches!(read, Err(Error::Panicked)), "{read:?}");
        assert_eq!(numbers(&db).await, [2]);
    });
}

#[test]
fn a_refused_effect_can_be_undone_while_its_note_stays() {
    on_each_backend(async |database| {
        let db = database.open();
        db.write(|conn| {
            let refused = transaction(conn, |conn| {
                events::append(conn, &event(1, 1))?;
                Err::<(), _>(Error::Corrupt("refused".into()))
            });
            assert!(refused.is_err());
            events::append(conn, &event(2, 1))
        })
        .await
        .expect("writes");
        assert_eq!(numbers(&db).await, [2]);
    });
}

#[test]
fn a_full_queue_answers_busy() {
    on_each_backend(async |database| {
        let db = database.open_with(|options| options.queue = 1);
        let blocker = Blocker::start(&db).await;
        let mut writes = JoinSet::new();
        for number in 1..=2 {
            let db = db.clone();
            writes.spawn(async move { append(&db, number).await });
        }
        // Nothing can finish before the blocker but what is turned away.
        let first = writes.join_next().await.expect("two").expect("no panic");
        assert!(matches!(first, Err(Error::Busy)), "{first:?}");
        blocker.finish().await;
        writes.join_all().await;
        append(&db, 3).await.expect("there is room again");
    });
}

#[test]
fn closing_answers_what_is_queued_and_refuses_what_comes_later() {
    on_each_backend(async |database| {
        let db = database.open();
        let blocker = Blocker::start(&db).await;
        let mut writes: Vec<_> = (1..=20)
            .map(|number| Box::pin(append(&db, number)))
            .collect();
        // A write takes its place in the queue when it is first polled.
        std::future::poll_fn(|context| {
            for write in &mut writes {
                assert!(write.as_mut().poll(context).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        // So does closing take effect.
        let mut closing = Box::pin(db.clone().close());
        std::future::poll_fn(|context| {
            assert!(closing.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        let late = append(&db, 21).await;
        assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
        blocker.finish().await;
        for write in writes {
            write.await.expect("was queued before the end");
        }
        closing.await;
        assert_eq!(db.read(stored).await.expect("reads"), 20);
    });
}

#[test]
fn a_failed_commit_is_answered_to_the_whole_group_and_nothing_of_it_stays() {
    let database = Database::sqlite();
    on_runtime(async {
        let db = database.open();
        db.write(|conn| {
            Ok::<_, Error>(conn.batch_execute(
                "CREATE TABLE parents (id INTEGER PRIMARY KEY);
                 CREATE TABLE children (parent INTEGER REFERENCES parents (id)
                     DEFERRABLE INITIALLY DEFERRED);",
            )?)
        })
        .await
        .expect("prepares");

        let blocker = Blocker::start(&db).await;
        let orphan = db.write(|conn| {
            Ok::<_, Error>(conn.batch_execute("INSERT INTO children (parent) VALUES (7)")?)
        });
        let (orphan, innocent, ()) = tokio::join!(orphan, append(&db, 1), blocker.finish());
        assert!(matches!(orphan, Err(Error::Unavailable(_))), "{orphan:?}");
        assert!(
            matches!(innocent, Err(Error::Unavailable(_))),
            "{innocent:?}"
        );
        assert_eq!(db.read(stored).await.expect("reads"), 0);

        append(&db, 2).await.expect("the next group commits");
        assert_eq!(numbers(&db).await, [2]);
    });
}

#[test]
fn a_reader_cannot_write() {
    let database = Database::sqlite();
    on_runtime(async {
        let result = database
            .open()
            .read(|conn| events::append(conn, &event(1, 1)))
            .await;
        let error = result.expect_err("refused").to_string();
        assert!(error.contains("readonly"), "{error}");
    });
}

#[test]
fn a_database_held_by_another_process_answers_busy_after_the_time_limit() {
    let database = Database::sqlite();
    let mut other = database.connect();
    on_runtime(async {
        let db = database.open_with(|options| options.busy_timeout = Duration::from_millis(20));
        other
            .batch_execute("BEGIN IMMEDIATE")
            .expect("takes the lock");
        let result = append(&db, 1).await;
        assert!(matches!(result, Err(Error::Busy)), "{result:?}");
        other.batch_execute("ROLLBACK").expect("gives it back");
        append(&db, 2).await.expect("writes again");
        assert_eq!(numbers(&db).await, [2]);
    });
}

#[cfg(feature = "postgres")]
#[test]
fn a_row_held_by_another_transaction_answers_busy_after_the_time_limit() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let mut other = database.connect();
    on_runtime(async {
        let db = database.open_with(|options| options.busy_timeout = Duration::from_millis(20));
        append(&db, 1).await.expect("writes");
        other
            .batch_execute("BEGIN; SELECT * FROM log_head FOR UPDATE")
            .expect("locks");
        let result = db.seal_pending().await;
        assert!(matches!(result, Err(Error::Busy)), "{result:?}");
        other.batch_execute("ROLLBACK").expect("unlocks");
        assert_eq!(numbers(&db).await, [1]);
    });
}

#[cfg(feature = "postgres")]
#[test]
fn lost_connections_cost_one_failure_and_are_replaced() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let mut other = database.connect();
    on_runtime(async {
        let db = database.open();
        // Two connections at least: the blocker's and the reader's.
        let blocker = Blocker::start(&db).await;
        db.read(stored).await.expect("reads");
        blocker.finish().await;

        other
            .batch_execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .expect("terminates");
        let lost = append(&db, 1).await;
        assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
        append(&db, 2).await.expect("a new connection");
        db.read(stored)
            .await
            .expect("the other old one is not handed out");
        assert_eq!(numbers(&db).await, [2]);
    });
}
