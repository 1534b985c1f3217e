//! Signing in beside raw argon2id on the same cores, and what others notice
//! of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use corridor::auth::password::{Hasher, NewPassword, Password};
use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{Script, request};
use crate::service::{PASSWORD, Service};
use crate::support::report::{Line, Report, Sample};
use crate::support::{rounds, slice, world};

/// People who sign in at the same time.
const PEOPLE: usize = 8;
/// Others who read meanwhile, each with this pause between.
const READERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(20);

/// Measures sign-ins, and reads with and without them.
pub async fn measure(report: &mut Report, service: &Service) {
    let (mut ours, mut raw) = (Sample::default(), Sample::default());
    let (mut meanwhile, mut quiet) = (Sample::default(), Sample::default());
    for _ in 0..rounds() {
        let (signed_in, read_by_others) = tokio::join!(sign_in(service), read(service));
        ours.add(signed_in);
        meanwhile.add(read_by_others);
        raw.add(verify(service));
        quiet.add(read(service).await);
    }
    let slower = meanwhile.percentile(990).zip(quiet.percentile(990));
    let line = Line::beside("sign in", "login", ours, raw);
    report.line(line.wants(0.80, 0.95));
    report.line(Line::beside(
        "paced reads meanwhile / without",
        "request",
        meanwhile,
        quiet,
    ));
    if let Some((with, without)) = slower {
        report.figure(
            "reads' p99 while others sign in, against without",
            with / without,
            "×",
            Some((2.0, 2.0)),
        );
    }
}

async fn sign_in(service: &Service) -> Sample {
    let body = json!({"email": "dana@mail.example", "password": PASSWORD}).to_string();
    let sign_in = request("POST", "/v1/sessions", "", "", &body);
    play(service, vec![Script::new(vec![sign_in], 201); PEOPLE], None).await
}

async fn read(service: &Service) -> Sample {
    let path = format!("/v1/startup-profiles/{}", world::numbered(2, 1));
    let get = request("GET", &path, &service.curator, "", "");
    play(
        service,
        vec![Script::new(vec![get], 200); READERS],
        Some(PAUSE),
    )
    .await
}

async fn play(service: &Service, scripts: Vec<Script>, pause: Option<Duration>) -> Sample {
    let begun = Instant::now();
    let address = service.address;
    let mut playing = JoinSet::new();
    for mut script in scripts {
        playing.spawn(async move { script.play(address, slice(), pause).await });
    }
    let latencies = playing.join_all().await.concat();
    Sample {
        elapsed: begun.elapsed(),
        count: latencies.len() as u64,
        latencies,
    }
}

/// Nothing but the hash, on every core.
fn verify(service: &Service) -> Sample {
    let hasher = Hasher::new(service.cost).expect("a hasher");
    let password = NewPassword::choose(PASSWORD, "dana@mail.example").expect("a password");
    let stored = hasher.hash(&password).expect("a hash");
    let over = AtomicBool::new(false);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    let counts: Vec<u64> = std::thread::scope(|scope| {
        let verify = || {
            let mut count = 0;
            while !over.load(Ordering::Relaxed) {
                let verdict = hasher.verify(&Password::typed(PASSWORD), Some(&stored));
                verdict.expect("a verdict");
                count += 1;
            }
            count
        };
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(verify)).collect();
        std::thread::sleep(slice());
        over.store(true, Ordering::Relaxed);
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a count"))
            .collect()
    });
    Sample::of(counts.iter().sum(), begun.elapsed())
}
