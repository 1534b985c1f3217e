//! The outbox: queueing, and claiming and settling as a worker does.

use std::time::Instant;

use chrono::{TimeDelta, Utc};
use corridor::db::outbox::{self, NewMessage};
use corridor::db::{Conn, Db, Error};
use corridor::domain::event::{Subject, SubjectKind};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::report::{Line, Report, Sample};
use crate::support::size;

/// Messages claimed at once, as the worker's default.
const BATCH: usize = 16;

/// Queues messages in one transaction, then works them off.
pub async fn measure(report: &mut Report, db: &Db) {
    let count = size("BENCH_MESSAGES", 4_000);
    let begun = Instant::now();
    db.write(move |conn: &mut Conn| (0..count).try_for_each(|n| enqueue(conn, n)))
        .await
        .expect("queued");
    let queued = Sample::of(count.into(), begun.elapsed());
    report.line(Line::alone(
        "outbox: queue in one transaction",
        "message",
        queued,
    ));

    let begun = Instant::now();
    let mut done = 0;
    loop {
        let settled = work_off(db).await;
        if settled == 0 {
            break;
        }
        done += settled;
    }
    assert_eq!(done, u64::from(count));
    let worked = Sample::of(done, begun.elapsed());
    let name = format!("outbox: claim {BATCH}, settle each");
    report.line(Line::alone(name, "message", worked));
}

fn enqueue(conn: &mut Conn, n: u32) -> Result<(), Error> {
    let message = NewMessage {
        id: Uuid::now_v7().into(),
        intent_key: &format!("bench:{n}"),
        kind: "mail",
        subject: Subject::new(SubjectKind::Deal, Uuid::nil()),
        payload: r#"{"notice":"deal_moved","deal":"0197"}"#.to_owned(),
        message_id: Some(format!("<{n}@bench.example>")),
        available_at: Utc::now(),
    };
    outbox::enqueue(conn, &message, Utc::now()).map(drop)
}

/// Claims a batch and notes each message as sent, in a transaction of its own.
async fn work_off(db: &Db) -> u64 {
    let holder = Uuid::now_v7();
    let claim = move |conn: &mut Conn| {
        outbox::claim(conn, holder, Utc::now(), TimeDelta::minutes(2), BATCH)
    };
    let claimed = db.write(claim).await.expect("claimed");
    let mut settling = JoinSet::new();
    for message in claimed {
        let db = db.clone();
        settling.spawn(async move {
            let done = move |conn: &mut Conn| outbox::done(conn, message.id, holder, Utc::now());
            db.write(done).await.expect("settled")
        });
    }
    let settled = settling.join_all().await.into_iter();
    settled.map(u64::from).sum()
}
