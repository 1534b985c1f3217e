//! The store beside bare rusqlite on the same disk, in turns: durable writes
//! by 1, 16 and 64 callers (group commit against one commit each), reads, search,
//! files imported and exported, and what the log and the outbox do per second. With `--features postgres` the
//! same on a private PostgreSQL server, where one is installed, beside bare
//! diesel; that server is as durable as by default.
//!
//! `cargo bench --bench store -- search` (or `exchange`) measures that alone.
//!
//! Sizes: `BENCH_ROWS` (100 000), `BENCH_ROUNDS` (3), `BENCH_SLICE_MS` (1 000).

#[path = "../bare/mod.rs"]
#[expect(dead_code, reason = "the HTTP half is for the other benchmark")]
mod bare;
#[path = "../../tests/it/support/database.rs"]
#[expect(dead_code, reason = "tests use the rest")]
mod database;
mod exchange;
mod log;
mod outbox;
mod reads;
mod search;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod support;
mod writes;

use corridor::config::taxonomy;
use corridor::db::{Db, Options};
use database::Database;
use support::report::Report;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let only = std::env::args().nth(1).filter(|it| !it.starts_with('-'));
    if let Some(part) = only {
        return one_part(&runtime, &part);
    }
    let sqlite = Database::sqlite();
    let db = open(&sqlite);
    let mut report = Report::default();
    let bare = writes::bare();
    runtime.block_on(writes::beside_rusqlite(&mut report, &db, &bare));
    runtime.block_on(reads::beside_rusqlite(&mut report, &db));
    runtime.block_on(log::measure(&mut report, &db));
    runtime.block_on(outbox::measure(&mut report, &db));
    let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("the shipped one");
    search::beside_rusqlite(&mut report, &taxonomy);
    runtime.block_on(exchange::measure(&mut report, || Some(Database::sqlite())));
    report.print("The store on SQLite, beside bare rusqlite");
    #[cfg(feature = "postgres")]
    on_postgres(&runtime);
}

/// One of the parts that need no store of the others.
fn one_part(runtime: &tokio::runtime::Runtime, part: &str) {
    let mut report = Report::default();
    match part {
        "search" => {
            let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("the shipped one");
            search::beside_rusqlite(&mut report, &taxonomy);
        }
        "exchange" => {
            runtime.block_on(exchange::measure(&mut report, || Some(Database::sqlite())));
        }
        other => panic!("no part {other} stands alone: search, exchange"),
    }
    report.print("The store on SQLite, beside bare rusqlite");
    #[cfg(feature = "postgres")]
    one_part_on_postgres(runtime, part);
}

/// The same on PostgreSQL.
#[cfg(feature = "postgres")]
fn one_part_on_postgres(runtime: &tokio::runtime::Runtime, part: &str) {
    let mut report = Report::default();
    if part == "search" {
        // Says aloud when there is no server.
        let Some(postgres) = Database::postgres() else {
            return;
        };
        let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("the shipped one");
        search::beside_diesel(&mut report, &taxonomy, &postgres);
    } else {
        runtime.block_on(exchange::measure(&mut report, Database::postgres));
    }
    report.print("The store on PostgreSQL, beside bare diesel");
}

#[cfg(feature = "postgres")]
fn on_postgres(runtime: &tokio::runtime::Runtime) {
    // Says aloud when there is no server.
    let Some(postgres) = Database::postgres() else {
        return;
    };
    let db = open(&postgres);
    let mut report = Report::default();
    runtime.block_on(writes::beside_diesel(&mut report, &db, &postgres));
    runtime.block_on(reads::beside_diesel(&mut report, &db, &postgres));
    runtime.block_on(log::measure(&mut report, &db));
    runtime.block_on(outbox::measure(&mut report, &db));
    if let Some(another) = Database::postgres() {
        let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("the shipped one");
        search::beside_diesel(&mut report, &taxonomy, &another);
    }
    runtime.block_on(exchange::measure(&mut report, Database::postgres));
    report.print("The store on PostgreSQL, beside bare diesel");
}

fn open(database: &Database) -> Db {
    Db::open(Options::new(database.url().clone())).expect("the store")
}
