//! Every "no", the framework's own included, is a problem.

use super::server::{TestServer, problem};

#[tokio::test]
async fn an_unknown_route_is_not_found() {
    let server = TestServer::start();
    for path in ["/nowhere", "/v1/nowhere", "/v1/things/1/nothing"] {
        let body = problem(server.get(path).await).await;
        assert_eq!(body["code"], "not_found");
        assert_eq!(body["type"], "/problems/not_found");
        assert!(body["detail"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn an_unknown_method_is_refused_with_the_known_ones() {
    let server = TestServer::start();
    for method in ["DELETE", "TRACE", "BREW", "POST"] {
        let response = server.request(method, "/v1/things/1").send().await.unwrap();
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], "GET, HEAD, PATCH, OPTIONS");
        let body = problem(response).await;
        assert_eq!(body["code"], "method_not_allowed");
        assert_eq!(body["detail"], "This path knows GET, HEAD, PATCH, OPTIONS.");
    }
    let response = server.request("POST", "/v1/docs.css").send().await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "GET");
    problem(response).await;
    let options = server.request("OPTIONS", "/v1/things");
    let options = options.send().await.unwrap();
    assert_eq!(options.status(), 204);
    assert_eq!(options.headers()["allow"], "GET, HEAD, POST, OPTIONS");
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let server = TestServer::start();
    let head = server.request("HEAD", "/v1/things/1").send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["etag"], "\"v3\"");
    assert_eq!(head.headers()["content-length"], "5002");
    assert!(head.bytes().await.unwrap().is_empty());
    let missing = server.request("HEAD", "/nowhere").send().await.unwrap();
    assert_eq!(missing.status(), 404);
    assert!(missing.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_panic_is_a_500_without_its_cause_and_the_server_lives_on() {
    let server = TestServer::start();
    for path in ["/v1/panics", "/v1/breaks"] {
        let response = server.get(path).await;
        assert_eq!(response.status(), 500);
        let body = problem(response).await;
        assert_eq!(body["code"], "internal");
        assert!(!body.to_string().contains("secret"), "{body}");
    }
    assert_eq!(server.get("/livez").await.text().await.unwrap(), "ok");
}

#[tokio::test]
async fn denials_say_how_to_come_back() {
    let server = TestServer::start();
    for (path, status, header, value) in [
        (
            "missing",
            401,
            "www-authenticate",
            "Bearer realm=\"corridor\"",
        ),
        (
            "invalid",
            401,
            "www-authenticate",
            "Bearer realm=\"corridor\", error=\"invalid_token\"",
        ),
        ("busy", 503, "retry-after", "7"),
    ] {
        let response = server.get(&format!("/v1/denied/{path}")).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()[header], value);
        problem(response).await;
    }
    let body = problem(server.get("/v1/denied/other").await).await;
    assert_eq!(
        (&body["status"], &body["code"]),
        (&403.into(), &"forbidden".into())
    );
}

#[tokio::test]
async fn the_frameworks_own_extractors_answer_with_problems() {
    let server = TestServer::start();
    let bad_id = problem(server.get("/v1/things/not-a-number").await).await;
    assert_eq!(bad_id["status"], 404);
    let bad_query = problem(server.get("/v1/framework-query?stage=x").await).await;
    assert_eq!(bad_query["code"], "bad_query");
    let wrong_type = server.request("POST", "/v1/forms").json(&1);
    let wrong_type = problem(wrong_type.send().await.unwrap()).await;
    assert_eq!(wrong_type["code"], "unsupported_media_type");
    let bad_form = server.request("POST", "/v1/forms").form(&[("stage", "x")]);
    let bad_form = problem(bad_form.send().await.unwrap()).await;
    assert_eq!(bad_form["status"], 400);
    let encoding = server
        .request("GET", "/livez")
        .header("accept-encoding", "identity;q=0, *;q=0");
    let encoding = problem(encoding.send().await.unwrap()).await;
    assert_eq!(encoding["code"], "not_acceptable");
}

#[tokio::test]
async fn every_kind_of_problem_is_explained_where_its_type_points() {
    let server = TestServer::start();
    let body = problem(server.get("/nowhere").await).await;
    let page = server.get(body["type"].as_str().unwrap()).await;
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("404"));
    // And what a code means that a rule or a fault bears.
    for (code, says) in [
        ("too_many_imports", "wait until one is over"),
        ("contradicts", "Another row says otherwise"),
        ("refused", "\ntoo_many_imports: "),
    ] {
        let page = server.get(&format!("/problems/{code}")).await;
        assert_eq!(page.status(), 200, "{code}");
        let text = page.text().await.unwrap();
        assert!(text.contains(says), "{code}: {text}");
    }
    let unknown = server.get("/problems/made_up").await;
    assert_eq!(problem(unknown).await["status"], 404);
}
