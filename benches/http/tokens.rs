//! What it costs to know who asks: the check of a token (its signature, its
//! session, the person and their parts) beside reading one record, and as a
//! share of the whole request over HTTP.

use std::time::{Duration, Instant};

use corridor::services::{Context, accounts, startups};
use tokio::runtime::Runtime;

use crate::client::{Script, request};
use crate::service::{Backend, Service, alone};
use crate::support::report::{Line, Report, Sample};
use crate::support::{rounds, slice, world};

/// Records of the store in this process.
const ROWS: u32 = 10_000;

/// Measures reading with the check and without, in turns. The store in this
/// process is on SQLite, so the figures are told for that back-end only.
pub fn measure(report: &mut Report, runtime: &Runtime, service: &Service, backend: &Backend) {
    if !matches!(backend, Backend::Sqlite) {
        return;
    }
    let (context, token, _home) = alone(runtime, ROWS);
    let (mut with, mut without, mut whole) =
        (Sample::default(), Sample::default(), Sample::default());
    for _ in 0..rounds() {
        with.add(runtime.block_on(read(&context, &token, true)));
        without.add(runtime.block_on(read(&context, &token, false)));
        whole.add(runtime.block_on(over_http(service)));
    }
    let check = with.percentile(500).zip(without.percentile(500));
    let request = whole.percentile(500);
    report.line(Line::beside(
        "read with the check / without",
        "read",
        with,
        without,
    ));
    report.line(Line::alone("authorized GET", "request", whole));
    if let Some(((with, without), request)) = check.zip(request) {
        let check = with - without;
        report.figure("the check, median", check * 1_000.0, "µs", None);
        report.figure("of an authorized GET", check / request * 100.0, "%", None);
    }
}

/// One record after the other, as a handler reads them.
async fn read(context: &Context, token: &str, checked: bool) -> Sample {
    let first = accounts::authenticate(context, token, None).await;
    let mut caller = first.expect("a caller").caller;
    let begun = Instant::now();
    let mut latencies = Vec::new();
    let mut n = 0_u32;
    while begun.elapsed() < slice() {
        n = (n + 7_919) % ROWS;
        let id = world::numbered(2, n).into();
        let asked = Instant::now();
        if checked {
            let known = accounts::authenticate(context, token, None).await;
            caller = known.expect("a caller").caller;
        }
        startups::find(context, &caller, id)
            .await
            .expect("a profile");
        latencies.push(asked.elapsed());
    }
    sample(begun.elapsed(), latencies)
}

async fn over_http(service: &Service) -> Sample {
    let records = (0..64).map(|n| {
        let id = world::numbered(2, n * 7_919 % service.rows);
        let path = format!("/v1/startup-profiles/{id}");
        request("GET", &path, &service.curator, "", "")
    });
    let mut script = Script::new(records.collect(), 200);
    let begun = Instant::now();
    let latencies = script.play(service.address, slice(), None).await;
    sample(begun.elapsed(), latencies)
}

fn sample(elapsed: Duration, latencies: Vec<Duration>) -> Sample {
    Sample {
        elapsed,
        count: latencies.len() as u64,
        latencies,
    }
}
