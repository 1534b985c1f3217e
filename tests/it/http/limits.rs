//! What a request may cost, and what every answer carries.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use corridor::http::ServerOptions;
use corridor::http::limits::Limits;

use super::server::{TestServer, options, problem};

/// Sends `bytes` as they are and reads until the server closes or is silent.
fn raw(server: &TestServer, bytes: &str) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut chunk) {
        answer.extend_from_slice(&chunk[..read]);
        if answer.ends_with(b"}") {
            break;
        }
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_announced_or_not() {
    let server = TestServer::start();
    let large = serde_json::json!({"name": "n".repeat(3000), "size": 1});
    let request = server.request("POST", "/v1/things").json(&large);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(problem(response).await["code"], "too_large");
    let chunk = format!("bb8\r\n{}\r\n0\r\n\r\n", "n".repeat(0xbb8));
    let answer = raw(
        &server,
        &format!(
            "POST /v1/things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{chunk}"
        ),
    );
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("\"code\":\"too_large\""), "{answer}");
}

#[tokio::test]
async fn a_body_that_nests_too_deep_is_refused_before_it_is_read() {
    let server = TestServer::start();
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    let request = server.request("POST", "/v1/things").body(deep);
    let request = request.header("content-type", "application/json");
    let body = problem(request.send().await.unwrap()).await;
    assert_eq!(
        (&body["status"], &body["code"]),
        (&400.into(), &"too_deep".into())
    );
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_given_up() {
    let server = TestServer::start_with(&ServerOptions {
        limits: Limits {
            body_timeout: Duration::from_millis(200),
            ..Limits::default()
        },
        ..options()
    });
    let answer = raw(
        &server,
        "POST /v1/things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"na",
    );
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"code\":\"body_timeout\""), "{answer}");
}

#[tokio::test]
async fn headers_that_come_too_slowly_are_given_up() {
    let server = TestServer::start_with(&ServerOptions {
        limits: Limits {
            header_timeout: Duration::from_millis(200),
            ..Limits::default()
        },
        ..options()
    });
    let answer = raw(&server, "GET /livez HTTP/1.1\r\nhost: x\r\nx-sl");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let server = TestServer::start_with(&ServerOptions {
        limits: Limits {
            request_timeout: Duration::from_millis(200),
            ..Limits::default()
        },
        ..options()
    });
    let response = server.get("/v1/slow").await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(problem(response).await["code"], "timed_out");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_its_own_id() {
    let server = TestServer::start();
    let mut ids = Vec::new();
    for path in ["/livez", "/v1/things/1", "/nowhere", "/v1/panics"] {
        let request = server.request("GET", path).header("x-request-id", "forged");
        let response = request.send().await.unwrap();
        let headers = response.headers();
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("referrer-policy", "no-referrer"),
            (
                "strict-transport-security",
                "max-age=63072000; includeSubDomains",
            ),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
        assert!(!headers.contains_key("server"), "{path}");
        ids.push(headers["x-request-id"].to_str().unwrap().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert!(ids.iter().all(|id| uuid::Uuid::try_parse(id).is_ok()));
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_want_it() {
    let server = TestServer::start();
    let request = server.request("GET", "/v1/things/1");
    let request = request.header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.headers()["vary"], "accept-encoding");
    assert_eq!(response.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
}

#[tokio::test]
async fn metrics_are_served_on_their_own_listener_only() {
    let server = TestServer::start();
    problem(server.get("/metrics").await).await;
    let page = reqwest::get(format!("http://{}/metrics", server.metrics));
    let page = page.await.unwrap();
    assert_eq!(
        page.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = page.text().await.unwrap();
    assert!(text.contains("# TYPE http_server_request_duration_seconds histogram"));
}

#[tokio::test]
async fn metrics_name_routes_by_template_and_count_panics() {
    let server = TestServer::start();
    server.get("/v1/things/4711").await;
    server.get("/v1/panics").await;
    server
        .request("BREW", "/nowhere/4712")
        .send()
        .await
        .unwrap();
    let page = reqwest::get(format!("http://{}/metrics", server.metrics));
    let text = page.await.unwrap().text().await.unwrap();
    for line in [
        "http_request_method=\"GET\",http_route=\"/v1/things/{id}\",http_response_status_code=\"200\",le=\"0.005\"",
        "http_request_method=\"_OTHER\",http_route=\"unrouted\",http_response_status_code=\"404\"",
        "http_server_panics_total ",
        "http_server_active_requests ",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains("4711") && !text.contains("4712"));
}
