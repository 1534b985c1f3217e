//! The built program as a process: how soon it answers, how much memory it
//! holds when idle.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::{Connection, request};
use crate::support::report::Report;

/// Starts whose median counts.
const STARTS: usize = 5;

/// Starts it on an empty folder, then again and again on what that left.
pub async fn measure(report: &mut Report) {
    let home = tempfile::tempdir().expect("a folder");
    let (first, _) = start(home.path()).await;
    report.figure(
        "first start, with migrations",
        first.as_secs_f64() * 1e3,
        "ms",
        None,
    );
    let mut times = Vec::new();
    let mut memory = 0.0;
    for _ in 0..STARTS {
        let (time, running) = start(home.path()).await;
        times.push(time);
        tokio::time::sleep(Duration::from_millis(500)).await;
        memory = resident(running.0.id());
    }
    times.sort_unstable();
    let median = times.get(STARTS / 2).copied().unwrap_or_default();
    report.figure(
        "cold start to the first answer",
        median.as_secs_f64() * 1e3,
        "ms",
        Some((100.0, 50.0)),
    );
    report.figure("idle memory (VmRSS)", memory, "MB", Some((20.0, 10.0)));
}

/// A server as a process; ended when this is dropped.
pub struct Running(Child);

impl Running {
    /// Starts a server that prints its address in its first line.
    pub fn start(command: &mut Command) -> (Self, SocketAddr) {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program");
        let mut line = String::new();
        let output = child.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit_once("http://").expect("an address").1;
        (Self(child), address.parse().expect("an address"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn start(data: &Path) -> (Duration, Running) {
    let begun = Instant::now();
    let mut program = Command::new(env!("CARGO_BIN_EXE_corridor"));
    program
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data);
    let (running, address) = Running::start(&mut program);
    let mut connection = Connection::open(address).await;
    let status = connection
        .exchange(&request("GET", "/livez", "", "", ""))
        .await
        .status;
    assert_eq!(status, 200);
    (begun.elapsed(), running)
}

/// What the process holds in memory, in MB.
fn resident(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB"));
    let kib: f64 = kib.and_then(|it| it.trim().parse().ok()).expect("its size");
    kib / 1_024.0
}
