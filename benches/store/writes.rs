//! Durable writes of one record each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use corridor::db::{self, Conn, Db};
use corridor::domain::ids::OrganizationId;
use corridor::domain::organization::Organization;
use corridor::domain::values::OrganizationKind;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::bare;
#[cfg(feature = "postgres")]
use crate::database::Database;
use crate::support::report::{Line, Report, Sample};
use crate::support::{rounds, slice, world};

const CALLERS: [usize; 3] = [1, 16, 64];
static NEXT: AtomicU32 = AtomicU32::new(100);

/// A store of the bare server's, beside ours on the same disk.
pub struct Bare {
    pub store: Arc<bare::Store>,
    _home: TempDir,
}

/// An empty one.
pub fn bare() -> Bare {
    let home = tempfile::tempdir().expect("a folder");
    let store = bare::Store::create(&home.path().join("bare.db"), std::iter::empty());
    Bare {
        store: Arc::new(store),
        _home: home,
    }
}

/// Group commit against one commit each; the bare side's callers share the
/// one connection that writes, which is faster than one each.
pub async fn beside_rusqlite(report: &mut Report, db: &Db, bare: &Bare) {
    for callers in CALLERS {
        let (mut ours, mut theirs) = (Sample::default(), Sample::default());
        for _ in 0..rounds() {
            ours.add(write(db, callers).await);
            theirs.add(commit_each(bare, callers));
        }
        let line = Line::beside(format!("write, {callers} callers"), "commit", ours, theirs);
        report.line(match callers {
            1 => line,
            _ => line.wants(0.80, 3.0),
        });
    }
}

async fn write(db: &Db, callers: usize) -> Sample {
    let begun = Instant::now();
    let mut writing = JoinSet::new();
    for _ in 0..callers {
        let db = db.clone();
        writing.spawn(async move {
            let mut latencies = Vec::new();
            while begun.elapsed() < slice() {
                let one = Instant::now();
                let firm = organization();
                db.write(move |conn: &mut Conn| db::organizations::insert(conn, &firm))
                    .await
                    .expect("written");
                latencies.push(one.elapsed());
            }
            latencies
        });
    }
    sample(begun, writing.join_all().await.concat())
}

fn commit_each(bare: &Bare, callers: usize) -> Sample {
    let begun = Instant::now();
    let latencies = std::thread::scope(|scope| {
        let write = || {
            let mut latencies = Vec::new();
            while begun.elapsed() < slice() {
                let one = Instant::now();
                let record = record();
                bare.store
                    .write(|connection| bare::insert(connection, &record))
                    .expect("written");
                latencies.push(one.elapsed());
            }
            latencies
        };
        let threads: Vec<_> = (0..callers).map(|_| scope.spawn(write)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("latencies"))
            .collect()
    });
    sample(begun, latencies)
}

/// One connection a caller, as many as the pool has.
#[cfg(feature = "postgres")]
pub async fn beside_diesel(report: &mut Report, db: &Db, database: &Database) {
    use diesel::Connection as _;
    for callers in [1, 4] {
        let (mut ours, mut theirs) = (Sample::default(), Sample::default());
        for _ in 0..rounds() {
            ours.add(write(db, callers).await);
            let begun = Instant::now();
            let write = || {
                let mut connection = database.connect();
                let mut latencies = Vec::new();
                while begun.elapsed() < slice() {
                    let one = Instant::now();
                    let firm = organization();
                    connection
                        .transaction(|conn| {
                            db::organizations::insert(conn, &firm)
                                .map_err(|_| diesel::result::Error::RollbackTransaction)
                        })
                        .expect("written");
                    latencies.push(one.elapsed());
                }
                latencies
            };
            let latencies = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..callers).map(|_| scope.spawn(write)).collect();
                threads
                    .into_iter()
                    .flat_map(|thread| thread.join().expect("latencies"))
                    .collect()
            });
            theirs.add(sample(begun, latencies));
        }
        let line = Line::beside(format!("write, {callers} callers"), "commit", ours, theirs);
        report.line(line.wants(0.50, 0.80));
    }
}

fn sample(begun: Instant, latencies: Vec<std::time::Duration>) -> Sample {
    Sample {
        elapsed: begun.elapsed(),
        count: latencies.len() as u64,
        latencies,
    }
}

fn organization() -> Organization {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let id = OrganizationId::from(world::numbered(1, n));
    world::organization(id, OrganizationKind::Startup, "Tamar Flow")
}

/// About as long as what [`organization`] stores.
fn record() -> bare::Profile {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    bare::Profile {
        id: world::numbered(1, n),
        organization_id: world::numbered(1, n),
        country: "IL".to_owned(),
        status: "draft".to_owned(),
        one_liner: "Tamar Flow Ltd".to_owned(),
        summary: String::new(),
        tags: String::new(),
        stage: "seed".to_owned(),
        target: 0,
        version: 1,
        created_at: n.into(),
        updated_at: n.into(),
    }
}
