//! A thin client of the JSON API that checks what all answers have in common.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use corridor::http::problem::{Kind, codes};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Somebody who talks to the API.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// A page that came back.
#[derive(Debug)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// The HTML.
    pub html: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null if there was none.
    pub body: Value,
}

/// A request to be sent.
pub struct Call(RequestBuilder);

impl Client {
    /// Somebody without a token.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
            base: format!("http://{address}"),
            token: None,
        }
    }

    /// The same with a token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// Its token.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The same after signing in.
    pub async fn signed_in(&self, email: &str, password: &str) -> Self {
        let body = serde_json::json!({ "email": email, "password": password });
        let session = self.post("/v1/sessions", &body).await.expect(201);
        self.with_token(session.text("access_token"))
    }

    /// A request without a body.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        Call(request)
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send().await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path).json(body).send().await
    }

    /// A merge patch of what has the version named by `etag`.
    pub async fn patch(&self, path: &str, etag: &str, body: &Value) -> Answer {
        let call = self.call("PATCH", path).merge_patch(body);
        call.header("If-Match", etag).send().await
    }

    /// Opens a page as a browser does.
    pub async fn open(&self, path: &str) -> Page {
        let request = self.http.get(format!("{}{path}", self.base));
        Page::of(request.send().await.expect("an answer")).await
    }

    /// Sends a page's form as a browser does, and follows it to the next page.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = self.http.post(format!("{}{path}", self.base));
        let request = request.header("Sec-Fetch-Site", "same-origin").form(fields);
        Page::of(request.send().await.expect("an answer")).await
    }

    /// A form of OAuth, with HTTP Basic credentials where they are given.
    pub async fn oauth(
        &self,
        path: &str,
        basic: Option<(&str, &str)>,
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.http.post(format!("{}{path}", self.base)).form(fields);
        if let Some((id, secret)) = basic {
            request = request.basic_auth(id, Some(secret));
        }
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// A transition of what has the version named by `etag`.
    pub async fn act(&self, path: &str, etag: &str, body: &Value) -> Answer {
        let call = self.call("POST", &format!("{path}/transitions"));
        call.json(body).header("If-Match", etag).send().await
    }
}

impl Call {
    /// Adds a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Adds a JSON body.
    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// Adds a merge patch.
    pub fn merge_patch(self, body: &Value) -> Self {
        let call = self
            .0
            .header("Content-Type", "application/merge-patch+json");
        Self(call.body(body.to_string()))
    }

    /// Adds a body that is a file.
    pub fn file(self, media_type: &str, content: impl Into<Vec<u8>>) -> Self {
        let call = self.0.header("Content-Type", media_type);
        Self(call.body(content.into()))
    }

    /// Sends it and takes what comes as a file: its headers and its text.
    pub async fn fetch(self) -> (HeaderMap, String) {
        let response = self.0.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        (headers, response.text().await.expect("text"))
    }

    /// Sends it to a server that may die meanwhile.
    pub async fn try_send(self) -> Option<Answer> {
        let response = self.0.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.ok()?;
        Some(Answer {
            status,
            headers,
            body: serde_json::from_slice(&bytes).ok()?,
        })
    }

    /// Sends it; every "no" is checked to be a problem.
    pub async fn send(self) -> Answer {
        let answer = Answer::of(self.0.send().await.expect("an answer")).await;
        if answer.status >= 400 {
            let (headers, body) = (&answer.headers, &answer.body);
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(body["status"], answer.status, "{body}");
            let faults = body["errors"].as_array().into_iter().flatten();
            for code in faults.map(|fault| &fault["code"]).chain([&body["code"]]) {
                let code = code.as_str().expect("a code");
                assert!(has_page(code), "/problems/{code} says nothing");
            }
        }
        answer
    }
}

/// Every time that is told is one of RFC 3339 in UTC, with a Z.
fn times_in_one_form(body: &Value) {
    match body {
        Value::Array(items) => items.iter().for_each(times_in_one_form),
        Value::Object(fields) => fields.values().for_each(times_in_one_form),
        Value::String(text) => {
            let is_time = text.get(10..11) == Some("T") && text.parse::<DateTime<Utc>>().is_ok();
            assert!(!is_time || text.ends_with('Z'), "{text}");
        }
        _ => {}
    }
}

/// Whether it is explained what a code means.
fn has_page(code: &str) -> bool {
    let mut kinds = Kind::ALL.iter();
    kinds.any(|kind| kind.code() == code) || codes::meaning(code).is_some()
}

impl Page {
    async fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            html: response.text().await.expect("a page"),
        }
    }

    /// Itself, having checked the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.html);
        self
    }

    /// Itself, having checked that it says that.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.html.contains(text), "{text} is not in {}", self.html);
        self
    }
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.bytes().await.expect("a body");
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).expect("JSON")
        };
        times_in_one_form(&body);
        Self {
            status,
            headers,
            body,
        }
    }

    /// Itself, having checked the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#}", self.body);
        self
    }

    /// A "no" with that status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{:#}",
            self.body
        );
        self
    }

    /// A header that must be there.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self
            .headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name}"));
        value.to_str().expect("ASCII")
    }

    /// The tag of its version.
    #[track_caller]
    pub fn etag(&self) -> &str {
        self.header("etag")
    }

    /// A text of its body that must be there.
    #[track_caller]
    pub fn text(&self, field: &str) -> &str {
        let value = self.body[field].as_str();
        value.unwrap_or_else(|| panic!("no {field} in {:#}", self.body))
    }

    /// What is wrong, as `pointer code`.
    pub fn faults(&self) -> Vec<String> {
        let faults = self.body["errors"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        faults
            .map(|fault| format!("{} {}", text(&fault["pointer"]), text(&fault["code"])))
            .collect()
    }
}
