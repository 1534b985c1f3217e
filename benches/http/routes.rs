//! The main routes: get one record, list 20 of many, create one durably, move
//! one on. Sixteen connections that are kept.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::bare;
use crate::client::{Connection, Script, request};
use crate::service::{Backend, Service};
use crate::support::report::{Line, Report, Sample};
use crate::support::{rounds, slice, wanted, world};

/// Connections at a time.
const CONNECTIONS: u32 = 16;
/// Items of a page.
const PAGE: usize = 20;
/// Records that one connection asks for in turn.
const RECORDS: u32 = 64;

/// Floor and aim of each route's ratio.
struct Goals {
    get: (f64, f64),
    list: (f64, f64),
    create: (f64, f64),
    status: (f64, f64),
}

impl Goals {
    const fn of(backend: &Backend) -> Self {
        match backend {
            Backend::Sqlite => Self {
                get: (0.50, 0.80),
                list: (0.85, 0.95),
                create: (0.80, 3.0),
                status: (0.65, 2.0),
            },
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => Self {
                get: (0.85, 0.95),
                list: (0.85, 0.95),
                create: (0.50, 0.80),
                status: (0.50, 0.80),
            },
        }
    }
}

/// Measures every route on both sides.
pub async fn measure(report: &mut Report, service: &Service, backend: &Backend) {
    let goals = Goals::of(backend);
    let (founder, curator) = (service.founder.clone(), service.curator.clone());
    if wanted("livez") {
        let live = request("GET", "/livez", "", "", "");
        let live = vec![Script::new(vec![live], 200); CONNECTIONS as usize];
        let alone = turn(service.address, live, slice()).await.0;
        report.line(Line::alone("livez", "request", alone));
    }
    if wanted("get") {
        let ours = gets(service, "/v1/startup-profiles", &curator);
        let theirs = gets(service, "/profiles", bare::TOKEN);
        let line = beside("get", service, ours, theirs).await;
        report.line(line.wants(goals.get.0, goals.get.1));
    }
    if wanted("list") {
        let ours = pages(service, &curator).await;
        let theirs = records(service.rows, |n| bare_page(service, n));
        let line = beside("list 20", service, ours, theirs).await;
        report.line(line.wants(goals.list.0, goals.list.1));
    }
    if wanted("create") {
        let ours = creations("/v1/startup-profiles", &founder, &our_document());
        let theirs = creations("/profiles", bare::TOKEN, &their_document());
        let line = beside("create", service, ours, theirs).await;
        report.line(line.wants(goals.create.0, goals.create.1));
    }
    if wanted("status") {
        let ours = moves("/v1/startup-profiles", &founder);
        let theirs = moves("/profiles", bare::TOKEN);
        let line = beside("status change", service, ours, theirs).await;
        report.line(line.wants(goals.status.0, goals.status.1));
    }
}

fn gets(service: &Service, path: &str, token: &str) -> Vec<Script> {
    records(service.rows, |n| {
        let id = world::numbered(2, n);
        request("GET", &format!("{path}/{id}"), token, "", "")
    })
}

/// Both sides in turns.
async fn beside(
    name: &str,
    service: &Service,
    mut ours: Vec<Script>,
    mut theirs: Vec<Script>,
) -> Line {
    let (mut our_sample, mut their_sample) = (Sample::default(), Sample::default());
    for round in 0..=rounds() {
        // The first round warms both up.
        let time = if round == 0 { slice() / 4 } else { slice() };
        let (our_turn, scripts) = turn(service.address, ours, time).await;
        ours = scripts;
        let (their_turn, scripts) = turn(service.bare, theirs, time).await;
        theirs = scripts;
        if round > 0 {
            our_sample.add(our_turn);
            their_sample.add(their_turn);
        }
    }
    Line::beside(name, "request", our_sample, their_sample)
}

/// All connections at once, for so long; the scripts come back where they stand.
async fn turn(address: SocketAddr, scripts: Vec<Script>, time: Duration) -> (Sample, Vec<Script>) {
    let begun = Instant::now();
    let mut playing = JoinSet::new();
    for mut script in scripts {
        playing.spawn(async move {
            let latencies = script.play(address, time, None).await;
            (latencies, script)
        });
    }
    let mut latencies = Vec::new();
    let mut scripts = Vec::new();
    for (of_one, script) in playing.join_all().await {
        latencies.extend(of_one);
        scripts.push(script);
    }
    let sample = Sample {
        elapsed: begun.elapsed(),
        count: latencies.len() as u64,
        latencies,
    };
    (sample, scripts)
}

/// One script a connection, over records spread through the whole store.
fn records(rows: u32, request: impl Fn(u32) -> Vec<u8>) -> Vec<Script> {
    let script = |connection: u32| {
        let numbers = (0..RECORDS).map(|turn| (connection * RECORDS + turn) * 7_919 % rows);
        Script::new(numbers.map(&request).collect(), 200)
    };
    (0..CONNECTIONS).map(script).collect()
}

/// Pages that follow one another from the start, by the cursors that come.
async fn pages(service: &Service, token: &str) -> Vec<Script> {
    let mut connection = Connection::open(service.address).await;
    let mut path = format!("/v1/startup-profiles?limit={PAGE}");
    let mut requests = Vec::new();
    for _ in 0..RECORDS {
        let page = request("GET", &path, token, "", "");
        let answer = connection.exchange(&page).await;
        let body: Value = serde_json::from_slice(answer.body).expect("JSON");
        assert_eq!(
            body.get("items").and_then(|it| it.as_array()).map(Vec::len),
            Some(PAGE),
            "{body}"
        );
        let cursor = body
            .get("next_cursor")
            .and_then(|it| it.as_str())
            .expect("a cursor");
        path = format!("/v1/startup-profiles?limit={PAGE}&cursor={cursor}");
        requests.push(page);
    }
    vec![Script::new(requests, 200); CONNECTIONS as usize]
}

fn bare_page(service: &Service, n: u32) -> Vec<u8> {
    let n = n.min(service.rows.saturating_sub(100));
    let after = world::profile(world::numbered(1, 0).into(), n);
    let at = after.created_at.timestamp_micros();
    let path = format!("/profiles?at={at}&id={}&limit={PAGE}", after.id);
    request("GET", &path, bare::TOKEN, "", "")
}

fn creations(path: &str, token: &str, document: &Value) -> Vec<Script> {
    let create = request("POST", path, token, "", &document.to_string());
    vec![Script::new(vec![create], 201); CONNECTIONS as usize]
}

/// Each connection takes its own record out and in again.
fn moves(path: &str, token: &str) -> Vec<Script> {
    let script = |n| {
        let path = format!("{path}/{}/transitions", world::numbered(2, n));
        let act = |action: &str| {
            let body = json!({"action": action}).to_string();
            request("POST", &path, token, "If-Match: *\r\n", &body)
        };
        Script::new(vec![act("pause"), act("publish")], 200)
    };
    (0..CONNECTIONS).map(script).collect()
}

fn our_document() -> Value {
    let english = |text: &str| json!({"en": {"text": text, "state": "original"}});
    json!({
        "one_liner": english(world::ONE_LINER),
        "summary": english(world::SUMMARY),
        "primary_tags": ["water_loss"],
        "stage": "seed",
        "markets_now": ["IL"],
        "markets_wanted": ["AZ", "GE"],
        "languages": ["en", "he"],
        "deal_intents": ["equity_abroad", "pilot_poc"],
        "round": {"currency": "USD", "target": 250_000_000, "min_cheque": 10_000_000},
        "team_size": 14,
    })
}

fn their_document() -> Value {
    json!({
        "country": "IL",
        "status": "draft",
        "one_liner": world::ONE_LINER,
        "summary": world::SUMMARY,
        "tags": "water_loss",
        "stage": "seed",
        "target": 250_000_000,
    })
}
