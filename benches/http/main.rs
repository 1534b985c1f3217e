//! The built program over HTTP beside a small bare server (`benches/bare`),
//! each a process, in turns, so that only the ratios mean something: what else
//! the machine does hits both.
//!
//! `cargo bench --bench http -- get list` measures only what begins so; other
//! words are `livez`, `create`, `status`, `tokens`, `logins`, `mail` and
//! `process`.
//! Sizes: `BENCH_ROWS` records stored (100 000), `BENCH_ROUNDS` turns (3) of
//! `BENCH_SLICE_MS` (1 000) for each side. With `--features postgres` the same
//! on a private PostgreSQL server, where one is installed, as durable as by
//! default; `BENCH_PIPELINED=1` for the bare server that pipelines there.

#[path = "../bare/mod.rs"]
mod bare;
mod client;
#[cfg(feature = "postgres")]
#[path = "../../tests/it/support/database.rs"]
#[expect(dead_code, reason = "only a database on PostgreSQL is wanted")]
mod database;
mod logins;
mod mail;
mod process;
mod routes;
mod service;
#[path = "../support/mod.rs"]
mod support;
mod tokens;

use service::{Backend, Service};
use support::report::Report;
use support::wanted;

fn main() {
    service::serve_bare_if_asked();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    // First, while nothing else of ours is in memory.
    if wanted("process") {
        let mut report = Report::default();
        runtime.block_on(process::measure(&mut report));
        report.print("The process");
    }
    if wanted("mail") {
        let mut report = Report::default();
        runtime.block_on(mail::measure(&mut report));
        report.print("Mail on one connection, beside lettre with TCP_NODELAY");
    }
    if ![
        "livez", "get", "list", "create", "status", "tokens", "logins",
    ]
    .into_iter()
    .any(wanted)
    {
        return;
    }
    let backend = Backend::Sqlite;
    measure(
        &runtime,
        &backend,
        "Main routes, beside a bare server on rusqlite",
    );
    #[cfg(feature = "postgres")]
    if let Some(database) = database::Database::postgres() {
        let backend = Backend::Postgres(database.address());
        let title = "Main routes on PostgreSQL, beside a bare server on tokio-postgres";
        measure(&runtime, &backend, title);
    }
}

/// Measures the routes and sign-ins on one back-end.
fn measure(runtime: &tokio::runtime::Runtime, backend: &Backend, title: &str) {
    let service = Service::start(backend);
    let mut report = Report::default();
    runtime.block_on(routes::measure(&mut report, &service, backend));
    report.print(title);
    if wanted("tokens") {
        let mut report = Report::default();
        tokens::measure(&mut report, runtime, &service, backend);
        report.print("Knowing who asks");
    }
    if wanted("logins") {
        let mut report = Report::default();
        runtime.block_on(logins::measure(&mut report, &service));
        report.print("Signing in, beside raw argon2id on the same cores");
    }
}
