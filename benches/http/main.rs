//! The service over HTTP beside a small bare server (`benches/bare`), both in
//! this process and in turns, so that only the ratios mean something: what
//! else the machine does hits both.
//!
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

use support::report::Report;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    // Before anything else fills this machine's caches and memory.
    let mut process = Report::default();
    runtime.block_on(process::measure(&mut process));

    let service = service::Service::start();
    let mut main_routes = Report::default();
    runtime.block_on(routes::measure(&mut main_routes, &service));
    let mut sign_in = Report::default();
    runtime.block_on(logins::measure(&mut sign_in, &service));
    let mut letters = Report::default();
    runtime.block_on(mail::measure(&mut letters));

    main_routes.print("Main routes, beside a bare server on rusqlite");
    sign_in.print("Signing in, beside raw argon2id on the same cores");
    letters.print("Mail on one connection, beside lettre with TCP_NODELAY");
    process.print("The process");
}
