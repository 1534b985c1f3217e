//! The log: appending and sealing, and verifying the chain.

use std::time::Instant;

use chrono::Utc;
use corridor::db::{Conn, Db, Error, chain, events};
use corridor::domain::event::{Actor, Event, Subject, SubjectKind, Value};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::report::{Line, Report, Sample};
use crate::support::slice;

const CALLERS: u32 = 64;
/// Events of one transaction, where many come together.
const MANY: u32 = 100;
const BATCH: usize = 1_000;

/// One event a transaction by many callers, many a transaction by one, then
/// the whole chain.
pub async fn measure(report: &mut Report, db: &Db) {
    let one_each = append(db, CALLERS, 1).await;
    let name = format!("append and seal, {CALLERS} callers");
    report.line(Line::alone(name, "event", one_each));
    let together = append(db, 1, MANY).await;
    let name = format!("append and seal, {MANY} at once");
    report.line(Line::alone(name, "event", together));

    let begun = Instant::now();
    let verify = |conn: &mut Conn| chain::verify(conn, BATCH, |_| ());
    let found = db.read(verify).await.expect("verified");
    assert_eq!(found.first_bad, None);
    let sample = Sample::of(found.verified, begun.elapsed());
    report.line(Line::alone("verify the chain", "event", sample));
}

async fn append(db: &Db, callers: u32, events: u32) -> Sample {
    let begun = Instant::now();
    let mut appending = JoinSet::new();
    for _ in 0..callers {
        let db = db.clone();
        appending.spawn(async move {
            let mut count = 0;
            while begun.elapsed() < slice() {
                db.write(move |conn: &mut Conn| {
                    (0..events).try_for_each(|_| events::append(conn, &event()))
                })
                .await
                .map_err(|error: Error| error)
                .expect("appended");
                count += u64::from(events);
            }
            count
        });
    }
    let count = appending.join_all().await.into_iter().sum();
    // SQLite seals with each group; on PostgreSQL the sealer would.
    db.seal_pending().await.expect("sealed");
    Sample::of(count, begun.elapsed())
}

fn event() -> Event {
    Event {
        id: Uuid::now_v7().into(),
        at: Utc::now(),
        kind: "deal.moved",
        subject: Subject::new(SubjectKind::Deal, Uuid::nil()),
        actor: Actor::System,
        payload: vec![
            ("from", Value::Code("screening".to_owned())),
            ("to", Value::Code("due_diligence".to_owned())),
        ],
    }
}
