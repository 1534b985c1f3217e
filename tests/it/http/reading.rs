//! Bodies, patches, queries and preconditions.

use serde_json::{Value, json};

use super::server::{TestServer, problem};

async fn post(server: &TestServer, body: &Value) -> Value {
    let request = server.request("POST", "/v1/things").json(body);
    problem(request.send().await.unwrap()).await
}

fn pointers(problem: &Value) -> Vec<(&str, &str)> {
    let faults = problem["errors"].as_array().unwrap().iter();
    let mut pointers: Vec<_> = faults
        .map(|f| (f["pointer"].as_str().unwrap(), f["code"].as_str().unwrap()))
        .collect();
    pointers.sort_unstable();
    pointers
}

#[tokio::test]
async fn all_faults_of_shape_are_named_at_once() {
    let server = TestServer::start();
    let body = post(
        &server,
        &json!({"name": 1, "size": 300, "owner": "me", "parts": [{"weight": 1}, {"weight": -1, "x/y": 2}]}),
    )
    .await;
    assert_eq!(body["status"], 422);
    assert_eq!(
        pointers(&body),
        [
            ("#/name", "wrong_type"),
            ("#/owner", "unknown_field"),
            ("#/parts/1/weight", "invalid_value"),
            ("#/parts/1/x~1y", "unknown_field"),
            ("#/size", "invalid_value"),
        ]
    );
    let text = body.to_string();
    assert!(
        text.contains("Expected a whole number from 0 to 255."),
        "{text}"
    );
    let body = post(&server, &json!({"name": "a", "size": 1, "parts": [7]})).await;
    assert_eq!(body["errors"][0]["detail"], "Expected an object.");
    let body = post(&server, &json!({"name": "a", "size": 1, "parts": 7})).await;
    assert_eq!(body["errors"][0]["detail"], "Expected a list.");
    let body = post(&server, &json!({})).await;
    assert_eq!(
        pointers(&body),
        [("#/name", "missing"), ("#/size", "missing")]
    );
    let body = post(&server, &json!([])).await;
    assert_eq!(body["status"], 422);
}

#[tokio::test]
async fn all_faults_of_meaning_are_named_at_once() {
    let server = TestServer::start();
    let body = post(&server, &json!({"name": "", "size": 101})).await;
    assert_eq!(
        pointers(&body),
        [("#/name", "empty"), ("#/size", "too_large")]
    );
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_400_and_another_type_a_415() {
    let server = TestServer::start();
    for (text, why) in [
        ("", "The body is empty"),
        ("{", "Line 1, column 1: EOF while parsing an object."),
        ("{\"name\":\"a\",\"size\":1} x", "trailing characters"),
        ("\u{feff}{}", "byte order mark"),
    ] {
        let request = server.request("POST", "/v1/things").body(text);
        let request = request.header("content-type", "application/json; charset=utf-8");
        let body = problem(request.send().await.unwrap()).await;
        assert_eq!(body["code"], "malformed_json", "{text}");
        assert!(body["detail"].as_str().unwrap().contains(why), "{body:#}");
    }
    for (bytes, why) in [
        (&b"{\"name\": \"\xe9\"}"[..], "byte 11"),
        (&b"\xff\xfe{\0}\0"[..], "UTF-16"),
        (&b"\x1f\x8b\x08"[..], "compressed"),
    ] {
        let request = server.request("POST", "/v1/things").body(bytes.to_vec());
        let request = request.header("content-type", "application/json; charset=\"UTF-8\"");
        let body = problem(request.send().await.unwrap()).await;
        assert_eq!(body["code"], "malformed_json");
        assert!(body["detail"].as_str().unwrap().contains(why), "{body:#}");
    }
    let request = server.request("POST", "/v1/things").body("{}");
    let request = request.header("content-type", "application/json");
    let request = request.header("content-encoding", "gzip");
    let body = problem(request.send().await.unwrap()).await;
    assert!(
        body["detail"]
            .as_str()
            .unwrap()
            .contains("Content-Encoding"),
        "{body:#}"
    );
    let request = server.request("POST", "/v1/things").body("{}");
    let request = request.header("content-type", "application/json; charset=windows-1255");
    let body = problem(request.send().await.unwrap()).await;
    assert_eq!(body["status"], 415);
    assert!(
        body["detail"].as_str().unwrap().contains("windows-1255"),
        "{body:#}"
    );
    let twice = r#"{"name":"a","name":"b","size":1}"#;
    let request = server.request("POST", "/v1/things").body(twice);
    let request = request.header("content-type", "application/json");
    let body = problem(request.send().await.unwrap()).await;
    assert_eq!(pointers(&body), [("#/name", "duplicate_field")]);
    for media_type in [
        "text/plain",
        "application/json; charset=latin1",
        "application/jsonx",
    ] {
        let request = server.request("POST", "/v1/things").body("{}");
        let response = request
            .header("content-type", media_type)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 415, "{media_type}");
        assert_eq!(response.headers()["accept"], "application/json");
        problem(response).await;
    }
}

#[tokio::test]
async fn patch_takes_merge_patches_of_a_known_version_only() {
    let server = TestServer::start();
    let patch = |content: &str, tag: Option<&str>, body: Value| {
        let mut request = server
            .request("PATCH", "/v1/things/1")
            .header("content-type", content)
            .body(body.to_string());
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        async { request.send().await.unwrap() }
    };
    let merge = "application/merge-patch+json";
    let response = patch("application/json", Some("*"), json!({})).await;
    assert_eq!(response.status(), 415);
    assert_eq!(response.headers()["accept-patch"], merge);
    problem(response).await;
    for (tag, status) in [
        (None, 428),
        (Some("\"v2\""), 412),
        (Some("W/\"v3\""), 412),
        (Some("v3"), 400),
    ] {
        let body = problem(patch(merge, tag, json!({})).await).await;
        assert_eq!(body["status"], status, "{tag:?}");
    }
    let changed = patch(merge, Some("\"v3\""), json!({"size": 2})).await;
    assert_eq!(
        changed.json::<Value>().await.unwrap(),
        json!({"name": "A", "size": 2})
    );
    let body = problem(patch(merge, Some("*"), json!({"name": null})).await).await;
    assert_eq!(pointers(&body), [("#/name", "missing")]);
}

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let server = TestServer::start();
    let request = server.request("GET", "/v1/things/1");
    let response = request
        .header("if-none-match", "W/\"v3\"")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 304);
    assert_eq!(response.headers()["etag"], "\"v3\"");
    assert!(response.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn lists_link_to_their_next_page_with_all_filters() {
    let server = TestServer::start();
    let response = server.get("/v1/things?stage=2&limit=5").await;
    assert_eq!(
        response.headers()["link"],
        "</v1/things?stage=2&limit=5&cursor=next>; rel=\"next\""
    );
    let last = server.get("/v1/things?cursor=next").await;
    assert!(!last.headers().contains_key("link"));
    for (query, name) in [
        ("limit=0", "limit"),
        ("stage=x", "stage"),
        ("colour=1", "colour"),
    ] {
        let body = problem(server.get(&format!("/v1/things?{query}")).await).await;
        assert_eq!(body["code"], "bad_query");
        assert!(body["detail"].as_str().unwrap().contains(name), "{body}");
    }
}

#[tokio::test]
async fn a_bad_idempotency_key_is_refused() {
    let server = TestServer::start();
    let post = |key: &'static str| {
        let request = server.request("POST", "/v1/things");
        let request = request.json(&json!({"name": "a", "size": 1}));
        async move { request.header("idempotency-key", key).send().await.unwrap() }
    };
    let body: Value = post("\"12345678\"").await.json().await.unwrap();
    assert_eq!(body["key"], "12345678");
    assert_eq!(problem(post("short").await).await["code"], "bad_header");
}
