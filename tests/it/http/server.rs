//! A real server on a free port, with one route for each thing to be tested.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use corridor::domain::fault::Faults;
use corridor::http::fields::JsonBody;
use corridor::http::idempotency::IdempotencyKey;
use corridor::http::limits::Limits;
use corridor::http::merge_patch::MergePatch;
use corridor::http::paging::{ListQuery, PageView};
use corridor::http::preconditions::{IfMatch, versioned};
use corridor::http::problem::Problem;
use corridor::http::registry::ServiceConfig;
use corridor::http::{Listeners, ServerOptions, Service, serve};
use corridor::services::{AuthFault, Error};
use corridor::telemetry::Metrics;
use reqwest::{Method, RequestBuilder, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, oneshot};

/// One recorder for the process, as in the program.
static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics::install().unwrap());

/// The state behind the routes.
#[derive(Default)]
pub(super) struct State {
    /// `/v1/slow` says that it has begun, and waits until it may end.
    pub(super) begun: Begun,
    pub(super) ready: Arc<AtomicBool>,
}

pub(super) struct Begun {
    pub(super) entered: Semaphore,
    pub(super) leave: Semaphore,
}

impl Default for Begun {
    fn default() -> Self {
        Self {
            entered: Semaphore::new(0),
            leave: Semaphore::new(0),
        }
    }
}

pub(super) struct TestServer {
    pub(super) address: SocketAddr,
    pub(super) metrics: SocketAddr,
    pub(super) state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    client: reqwest::Client,
}

pub(super) fn options() -> ServerOptions {
    ServerOptions {
        workers: 1,
        keep_alive: Duration::from_secs(5),
        drain: Duration::from_secs(30),
        limits: Limits {
            max_body_bytes: 2048,
            ..Limits::default()
        },
    }
}

impl TestServer {
    pub(super) fn start() -> Self {
        Self::start_with(&options())
    }

    pub(super) fn start_with(options: &ServerOptions) -> Self {
        let (stop, stopped) = oneshot::channel();
        let mut server = Self::start_until(options, async move {
            let _ = stopped.await;
        });
        server.stop = Some(stop);
        server
    }

    pub(super) fn start_until(
        options: &ServerOptions,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        LazyLock::force(&METRICS);
        let options = *options;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let metrics_listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = metrics_listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        state.ready.store(true, Ordering::Release);
        let ready = Arc::clone(&state.ready);
        let service = Service {
            state: Arc::clone(&state),
            routes,
            readiness: Arc::new(move || {
                let ready = ready.load(Ordering::Acquire);
                Box::pin(async move { ready })
            }),
        };
        let listeners = Listeners {
            api: listener,
            metrics: Some((
                metrics_listener,
                Arc::new(|| Box::pin(async { METRICS.render() })),
            )),
        };
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new()
                .block_on(serve(listeners, options, service, stop))
                .unwrap();
        });
        Self {
            address,
            metrics,
            state,
            stop: None,
            thread: Some(thread),
            client: reqwest::Client::builder()
                .no_proxy()
                .no_gzip()
                .build()
                .unwrap(),
        }
    }

    pub(super) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client
            .request(method, format!("http://{}{path}", self.address))
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().await.unwrap()
    }

    /// Asks the server to stop; it drains first.
    pub(super) fn ask_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).unwrap();
        }
    }

    /// Waits until the server has ended.
    pub(super) fn join(&mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.ask_to_stop();
    }
}

/// The problem in `response`, checked for what all problems have in common.
pub(super) async fn problem(response: Response) -> serde_json::Value {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/problem+json");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cache-control"), "no-store");
    let id = header("x-request-id");
    let path = response.url().path().to_owned();
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(body["instance"], path, "{body}");
    assert_eq!(body["request_id"], id, "{body}");
    assert!(body["title"].is_string() && body["code"].is_string());
    body
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewThing {
    name: String,
    size: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parts: Option<Vec<Part>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    weight: u8,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Filters {
    stage: Option<u8>,
}

fn routes(config: &mut ServiceConfig) {
    config
        .service(create_thing)
        .service(get_thing)
        .service(change_thing)
        .service(list_things)
        .service(panics)
        .service(breaks)
        .service(denied)
        .service(slow)
        .service(post_form)
        .service(framework_query);
}

#[utoipa::path]
#[post("/v1/things")]
async fn create_thing(
    body: JsonBody<NewThing>,
    key: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    let mut faults = Faults::new();
    if new.name.is_empty() {
        faults.push("/name", "empty", "A name has at least one letter.");
    }
    if new.size > 100 {
        faults.push("/size", "too_large", "At most 100.");
    }
    faults.finish()?;
    Ok(HttpResponse::Created()
        .insert_header(("location", "/v1/things/1"))
        .json(serde_json::json!({ "name": new.name, "key": key.get() })))
}

#[utoipa::path(params(("id" = u32, Path)))]
#[get("/v1/things/{id}")]
async fn get_thing(request: HttpRequest, _id: web::Path<u32>) -> HttpResponse {
    versioned(&request, 3, &"x".repeat(5000))
}

#[utoipa::path(params(("id" = u32, Path), ("If-Match" = String, Header)))]
#[patch("/v1/things/{id}")]
async fn change_thing(
    _id: web::Path<u32>,
    expected: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    if expected.version()?.is_some_and(|version| version != 3) {
        return Err(Error::StaleVersion.into());
    }
    let current = NewThing {
        name: "A".to_owned(),
        size: 1,
        parts: None,
    };
    Ok(HttpResponse::Ok().json(patch.apply_to::<NewThing>(&current)?))
}

#[utoipa::path]
#[get("/v1/things")]
async fn list_things(request: HttpRequest, query: ListQuery<Filters>) -> HttpResponse {
    let last = query.page.cursor.is_some();
    PageView {
        items: vec![query.filters.stage],
        next_cursor: (!last).then(|| "next".to_owned()),
        count: None,
    }
    .respond(&request)
}

#[utoipa::path]
#[get("/v1/panics")]
async fn panics() -> HttpResponse {
    panic!("the secret cause")
}

#[utoipa::path]
#[get("/v1/breaks")]
async fn breaks() -> Result<HttpResponse, Problem> {
    Err(Error::internal("the secret cause").into())
}

#[utoipa::path]
#[get("/v1/denied/{how}")]
async fn denied(how: web::Path<String>) -> Result<HttpResponse, Problem> {
    Err(match how.as_str() {
        "missing" => Error::Unauthenticated(AuthFault::Missing),
        "invalid" => Error::Unauthenticated(AuthFault::Invalid),
        "busy" => Error::Busy { retry_after_s: 7 },
        _ => Error::Forbidden,
    }
    .into())
}

#[utoipa::path]
#[get("/v1/slow")]
async fn slow(state: web::Data<State>) -> &'static str {
    state.begun.entered.add_permits(1);
    let _leave = state.begun.leave.acquire().await.unwrap();
    "done"
}

#[utoipa::path]
#[post("/v1/forms")]
async fn post_form(form: web::Form<Filters>) -> String {
    format!("{:?}", form.stage)
}

#[utoipa::path]
#[get("/v1/framework-query")]
async fn framework_query(query: web::Query<Filters>) -> String {
    format!("{:?}", query.stage)
}
