//! Many who sign in at once: memory is held, and others are answered.

use corridor::config::OperatorTotp;
use corridor::http::rate_limit::Rates;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::app::App;
use crate::support::builders::{PASSWORD, address, firm};
use crate::support::database::on_each_backend;
use crate::support::program::{Running, corridor};

#[test]
fn a_storm_of_sign_ins_leaves_everybody_else_alone() {
    on_each_backend(async |database| {
        let app = App::start_with(database, OperatorTotp::Off, Rates::unlimited()).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let mut storm = JoinSet::new();
        for n in 0..60 {
            let client = app.stranger();
            let body = json!({ "email": address(&format!("Nobody {n}")), "password": "x" });
            storm.spawn(async move { client.post("/v1/sessions", &body).await.status });
        }
        let mut read = 0;
        while !storm.is_empty() {
            tamar.owner.get("/v1/me").await.expect(200);
            app.stranger().open("/livez").await.expect(200);
            read += 1;
            while let Some(ended) = storm.try_join_next() {
                let status = ended.unwrap();
                assert!(matches!(status, 401 | 503), "{status}");
            }
        }
        assert!(read > 0);
        app.stranger().signed_in(&address("Tamar"), PASSWORD).await;
    });
}

/// The most memory that a process ever had, in KiB.
#[cfg(target_os = "linux")]
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A hash takes 19 MiB; forty at once would take 760. The program computes as
/// many at once as it was told to, whoever waits.
#[cfg(target_os = "linux")]
#[test]
fn the_memory_of_hashing_is_held() {
    let data = tempfile::tempdir().unwrap();
    let mut command = corridor(data.path());
    command.args(["--listen", "127.0.0.1:0"]);
    command.env("CORRIDOR__AUTH__LOGIN_CONCURRENCY", "2");
    command.env("CORRIDOR__LIMITS__SIGN_IN_PER_MINUTE", "0");
    let server = Running::start(&mut command);
    let address = server.address();
    let before = peak_kib(server.pid());
    crate::support::database::on_runtime(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut storm = JoinSet::new();
        for n in 0..40 {
            let body = json!({ "email": format!("nobody{n}@x.example"), "password": "x" });
            let request = client
                .post(format!("http://{address}/v1/sessions"))
                .json(&body);
            storm.spawn(async move { request.send().await.unwrap().status().as_u16() });
        }
        while let Some(status) = storm.join_next().await {
            let status = status.unwrap();
            assert!(matches!(status, 401 | 503), "{status}");
        }
    });
    let grown = (peak_kib(server.pid()) - before) / 1024;
    assert!(grown < 200, "{grown} MiB");
}
