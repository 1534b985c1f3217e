//! How long requests take and how many run, and the page on which Prometheus
//! reads it and what else the node measures, on a listener of its own: what is
//! measured is not the public's business.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const REQUEST_SECONDS: &str = "http_server_request_duration_seconds";
const ACTIVE_REQUESTS: &str = "http_server_active_requests";
const PANICS: &str = "http_server_panics_total";

/// Renders all metrics of the node in the text exposition format 0.0.4.
pub type RenderMetrics =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;

/// Tells the recorder what the names mean.
pub(super) fn describe() {
    describe_histogram!(
        REQUEST_SECONDS,
        Unit::Seconds,
        "Time from a request's arrival to its answer"
    );
    describe_gauge!(ACTIVE_REQUESTS, "Requests being worked on now");
    describe_counter!(PANICS, "Handlers that panicked");
}

/// Counts a request as running until it is dropped.
pub(super) struct Active;

impl Active {
    pub(super) fn enter() -> Self {
        gauge!(ACTIVE_REQUESTS).increment(1.0);
        Self
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        gauge!(ACTIVE_REQUESTS).decrement(1.0);
    }
}

/// Notes that a handler panicked.
pub(super) fn count_panic() {
    counter!(PANICS).increment(1);
}

/// Notes an answered request. Labels are small sets: the method, the route's
/// template, the status.
pub(super) fn record(method: &Method, route: &str, status: StatusCode, elapsed: Duration) {
    histogram!(
        REQUEST_SECONDS,
        "http_request_method" => method_label(method),
        "http_route" => route.to_owned(),
        "http_response_status_code" => status.as_str().to_owned(),
    )
    .record(elapsed.as_secs_f64());
}

/// Callers may invent methods; labels may not grow with them.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}

/// The routes of the metrics listener.
pub(super) fn configure(config: &mut web::ServiceConfig, render: RenderMetrics) {
    config
        .app_data(web::Data::new(render))
        .route("/metrics", web::get().to(page));
}

async fn page(_: HttpRequest, render: web::Data<RenderMetrics>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(render().await)
}
