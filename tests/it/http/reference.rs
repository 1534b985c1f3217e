//! The API's document and the reference page.

use super::server::TestServer;

#[tokio::test]
async fn the_document_is_served_as_yaml() {
    let server = TestServer::start();
    let response = server.get("/v1/openapi.yaml").await;
    assert_eq!(response.headers()["content-type"], "application/yaml");
    let text = response.text().await.unwrap();
    assert!(text.starts_with("openapi: 3.1.0"), "{text}");
    assert!(text.contains("/v1/things/{id}:"));
    assert!(text.contains("application/problem+json"));
}

#[tokio::test]
async fn the_reference_needs_nothing_from_elsewhere() {
    let server = TestServer::start();
    let response = server.get("/v1/docs").await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/html; charset=utf-8"
    );
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("style-src 'self'"));
    let page = response.text().await.unwrap();
    for foreign in ["http:", "https:", "//", "<script", "@import"] {
        let outside_doctype = page.replace("<!doctype html>", "");
        assert!(!outside_doctype.contains(foreign), "{foreign}");
    }
    for part in [
        "/v1/things/{id}",
        "id=\"get_livez\"",
        "#schema-Problem",
        "If-Match",
        "<code>application/problem+json</code> (RFC 9457)",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let style = server.get("/v1/docs.css").await;
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    let style = style.text().await.unwrap();
    assert!(!style.contains("url(") && !style.contains("@import"));
}
