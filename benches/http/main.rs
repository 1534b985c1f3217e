//! The service over HTTP beside a small bare server (`benches/bare`), both in
//! this process and in turns, so that only the ratios mean something: what
//! else the machine does hits both.
//!
//! `cargo bench --bench http -- get list` measures only what begins so; other
//! words are `livez`, `create`, `status`, `tokens`, `logins`, `mail` and
//! `process`.
//! Sizes: `BENCH_ROWS` records stored (100 000), `BENCH_ROUNDS` turns (3) of
//! `BENCH_SLICE_MS` (1 000) for each side.

#[path = "../bare/mod.rs"]
mod bare;
mod client;
mod logins;
mod mail;
mod process;
mod routes;
mod service;
#[path = "../support/mod.rs"]
mod support;
mod tokens;

use support::report::Report;
use support::wanted;

fn main() {
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
    let service = service::Service::start();
    let mut report = Report::default();
    runtime.block_on(routes::measure(&mut report, &service));
    report.print("Main routes, beside a bare server on rusqlite");
    if wanted("tokens") {
        let mut report = Report::default();
        runtime.block_on(tokens::measure(&mut report, &service));
        report.print("Knowing who asks");
    }
    if wanted("logins") {
        let mut report = Report::default();
        runtime.block_on(logins::measure(&mut report, &service));
        report.print("Signing in, beside raw argon2id on the same cores");
    }
}
