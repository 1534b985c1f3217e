//! Readiness, and going down without dropping anybody.

use std::sync::atomic::Ordering;
use std::time::Duration;

use corridor::http::ServerOptions;
use corridor::http::drain::StopSignal;
use tokio::sync::oneshot;

use super::server::{TestServer, options, problem};

#[tokio::test]
async fn readiness_follows_what_the_node_needs() {
    let server = TestServer::start();
    assert_eq!(server.get("/readyz").await.status(), 200);
    server.state.ready.store(false, Ordering::Release);
    let response = server.get("/readyz").await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    problem(response).await;
    assert_eq!(server.get("/livez").await.status(), 200);
}

/// Polls until `/readyz` says 503; the test's own time limit ends it.
async fn until_not_ready(server: &TestServer) {
    while server.get("/readyz").await.status() != 503 {
        tokio::task::yield_now().await;
    }
}

/// The signal goes to the test process itself, which is why the server's
/// handler must be in place first.
#[cfg(unix)]
#[tokio::test]
async fn on_sigterm_readiness_ends_at_once_and_running_requests_finish() {
    let (armed, is_armed) = oneshot::channel();
    let mut server = TestServer::start_until(&options(), async move {
        let stop = StopSignal::install().unwrap();
        armed.send(()).unwrap();
        stop.received().await;
    });
    is_armed.await.unwrap();
    let running = tokio::spawn(server.request("GET", "/v1/slow").send());
    server.state.begun.entered.acquire().await.unwrap().forget();

    let pid = std::process::id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status();
    assert!(killed.unwrap().success());

    until_not_ready(&server).await;
    assert!(!running.is_finished());
    let meanwhile = server.get("/livez").await;
    assert_eq!(meanwhile.headers()["connection"], "close");
    assert_eq!(meanwhile.text().await.unwrap(), "ok");
    server.state.begun.leave.add_permits(1);
    let answer = running.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.unwrap(), "done");
    server.join();
    assert!(std::net::TcpStream::connect(server.address).is_err());
}

#[tokio::test]
async fn draining_is_bounded() {
    let mut server = TestServer::start_with(&ServerOptions {
        drain: Duration::from_millis(200),
        ..options()
    });
    let running = tokio::spawn(server.request("GET", "/v1/slow").send());
    server.state.begun.entered.acquire().await.unwrap().forget();
    server.ask_to_stop();
    server.join();
    assert!(running.await.unwrap().is_err());
}
