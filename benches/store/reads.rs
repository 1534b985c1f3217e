//! Reads: one record by its id, 20 in the middle of a long list.

use std::sync::Arc;
use std::time::Instant;

use corridor::db::page::Cursor;
use corridor::db::{self, Conn, Db, startup_profiles};
use corridor::domain::profile::StartupProfile;
use tokio::task::JoinSet;

use crate::bare;
#[cfg(feature = "postgres")]
use crate::database::Database;
use crate::support::report::{Line, Report, Sample};
use crate::support::{rounds, size, slice, world};

/// Callers at a time: more than there are connections.
const CALLERS: u32 = 16;
const PAGE: usize = 20;

/// What to read: the number of the record.
type Read = fn(&mut Conn, u32) -> db::Result<usize>;

fn by_id(conn: &mut Conn, n: u32) -> db::Result<usize> {
    let found = startup_profiles::find(conn, world::numbered(2, n).into())?;
    Ok(usize::from(found.is_some()))
}

fn page(conn: &mut Conn, n: u32) -> db::Result<usize> {
    let after = at(n);
    let cursor = Cursor::at(after.created_at, after.id);
    let filter = startup_profiles::Filter::default();
    Ok(startup_profiles::list(conn, &filter, Some(cursor), PAGE)?.len())
}

fn at(n: u32) -> StartupProfile {
    world::profile(world::numbered(1, 0).into(), n)
}

/// Through the pool and its threads, against a plain call in `spawn_blocking`
/// on a connection of the bare store's.
pub async fn beside_rusqlite(report: &mut Report, db: &Db) {
    let rows = size("BENCH_ROWS", 100_000);
    let filled = db.clone();
    tokio::task::spawn_blocking(move || world::fill(&filled, rows))
        .await
        .expect("filled");
    let home = tempfile::tempdir().expect("a folder");
    let records = (0..rows).map(bare::records::record);
    let store = bare::Store::create(&home.path().join("bare.db"), records);
    let store = Arc::new(store);

    let (mut ours, mut theirs) = (Sample::default(), Sample::default());
    for _ in 0..rounds() {
        ours.add(read(db, rows, by_id).await);
        let bare = |store: &bare::Store, n| {
            let id = world::numbered(2, n);
            store
                .read(|connection| bare::find(connection, id))
                .map(|_| 1)
        };
        theirs.add(read_bare(&store, rows, bare).await);
    }
    report.line(Line::beside("read by id", "read", ours, theirs).wants(0.50, 0.80));

    let (mut ours, mut theirs) = (Sample::default(), Sample::default());
    for _ in 0..rounds() {
        ours.add(read(db, rows - 100, page).await);
        let bare = |store: &bare::Store, n| {
            let after = at(n);
            let place = (after.created_at.timestamp_micros(), after.id.uuid());
            store
                .read(|connection| bare::page(connection, place, 20))
                .map(|page| page.len())
        };
        theirs.add(read_bare(&store, rows - 100, bare).await);
    }
    report.line(Line::beside("list 20", "page", ours, theirs).wants(0.85, 0.95));
}

async fn read(db: &Db, rows: u32, what: Read) -> Sample {
    let db = db.clone();
    repeat(rows, move |n| {
        let db = db.clone();
        async move {
            db.read(move |conn: &mut Conn| what(conn, n))
                .await
                .expect("read")
        }
    })
    .await
}

async fn read_bare(
    store: &Arc<bare::Store>,
    rows: u32,
    what: fn(&bare::Store, u32) -> rusqlite::Result<usize>,
) -> Sample {
    let store = Arc::clone(store);
    repeat(rows, move |n| {
        let store = Arc::clone(&store);
        async move {
            tokio::task::spawn_blocking(move || what(&store, n).expect("read"))
                .await
                .expect("read")
        }
    })
    .await
}

async fn repeat<F, R>(rows: u32, read: F) -> Sample
where
    F: Fn(u32) -> R + Clone + Send + 'static,
    R: Future<Output = usize> + Send,
{
    let begun = Instant::now();
    let mut reading = JoinSet::new();
    for caller in 0..CALLERS {
        let read = read.clone();
        reading.spawn(async move {
            let mut latencies = Vec::new();
            let mut n = caller * 6_007;
            while begun.elapsed() < slice() {
                n = (n + 7_919) % rows;
                let one = Instant::now();
                assert_ne!(read(n).await, 0, "record {n}");
                latencies.push(one.elapsed());
            }
            latencies
        });
    }
    let latencies = reading.join_all().await.concat();
    Sample {
        elapsed: begun.elapsed(),
        count: latencies.len() as u64,
        latencies,
    }
}

/// Through the pool, against plain calls on as many connections.
#[cfg(feature = "postgres")]
pub async fn beside_diesel(report: &mut Report, db: &Db, database: &Database) {
    let rows = size("BENCH_ROWS", 100_000) / 4;
    let filled = db.clone();
    tokio::task::spawn_blocking(move || world::fill(&filled, rows))
        .await
        .expect("filled");
    let reads: [(&str, Read); 2] = [("read by id", by_id), ("list 20", page)];
    for (name, what) in reads {
        let (mut ours, mut theirs) = (Sample::default(), Sample::default());
        for _ in 0..rounds() {
            ours.add(read(db, rows - 100, what).await);
            theirs.add(read_plain(database, rows - 100, what));
        }
        report.line(Line::beside(name, "read", ours, theirs).wants(0.85, 0.95));
    }
}

#[cfg(feature = "postgres")]
fn read_plain(database: &Database, rows: u32, what: Read) -> Sample {
    let begun = Instant::now();
    let read = |caller: u32| {
        let mut conn = database.connect();
        let mut latencies = Vec::new();
        let mut n = caller * 6_007;
        while begun.elapsed() < slice() {
            n = (n + 7_919) % rows;
            let one = Instant::now();
            assert_ne!(what(&mut conn, n).expect("read"), 0, "record {n}");
            latencies.push(one.elapsed());
        }
        latencies
    };
    let latencies: Vec<_> = std::thread::scope(|scope| {
        let read = &read;
        let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || read(n))).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("latencies"))
            .collect()
    });
    Sample {
        elapsed: begun.elapsed(),
        count: latencies.len() as u64,
        latencies,
    }
}
