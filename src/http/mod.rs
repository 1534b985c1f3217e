//! The HTTP face: routes in, problems out, and the server around them. What
//! a request meets, from the outside in: `edge` (id, span, times, headers,
//! problems), gzip, `guard` (limits, panics, HEAD), `rate_limit` (how often),
//! the routes.

pub mod access;
pub mod answer;
pub mod api;
pub mod caller;
mod docs;
pub mod download;
pub mod drain;
mod edge;
pub mod export;
pub mod fields;
pub mod files;
pub mod health;
pub mod idempotency;
mod json_text;
pub mod limits;
pub mod merge_patch;
pub mod metrics;
mod multipart;
pub mod openapi;
pub mod origin;
pub mod pages;
pub mod paging;
pub mod preconditions;
pub mod problem;
mod query_string;
pub mod rate_limit;
pub mod registry;
pub mod renderings;
pub mod request_id;
mod routes;
mod security_headers;
mod slots;
pub mod upload;

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use tracing::{info, warn};

use drain::Drain;
use health::Readiness;
use limits::Limits;
use metrics::RenderMetrics;
use openapi::{Published, Routes};
use problem::{Kind, Problem};
use rate_limit::RateLimiter;
use registry::{PlainRoutes, ServiceConfig};
use renderings::Renderings;

/// How the server works.
#[derive(Debug, Clone, Copy)]
pub struct ServerOptions {
    /// Threads that serve requests.
    pub workers: usize,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long running requests may take to end after the stop signal.
    pub drain: Duration,
    /// What one request may cost.
    pub limits: Limits,
}

/// What the server serves.
pub struct Service<S> {
    /// The business state; handlers take it as `web::Data<S>`.
    pub state: Arc<S>,
    /// The business routes.
    pub routes: Routes,
    /// Whether the node can work.
    pub readiness: Readiness,
}

/// Where the server listens; bound by the caller, who then knows the ports.
pub struct Listeners {
    /// The API and the pages.
    pub api: TcpListener,
    /// `/metrics`, if it is wanted.
    pub metrics: Option<(TcpListener, RenderMetrics)>,
}

/// Serves until `stop` ends, then lets running requests end, at most for
/// `options.drain`; [`drain`] says how.
///
/// # Errors
/// A listener that can't be used.
pub async fn serve<S: Send + Sync + 'static>(
    listeners: Listeners,
    options: ServerOptions,
    service: Service<S>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    metrics::describe();
    let drain = Drain::default();
    let api = api_server(listeners.api, &options, service, drain.clone())?;
    let metrics = match listeners.metrics {
        Some((listener, render)) => Some(metrics_server(listener, render)?),
        None => None,
    };
    let handles: Vec<_> = std::iter::once(api.handle())
        .chain(metrics.as_ref().map(Server::handle))
        .collect();
    let stopping = async {
        stop.await;
        go_down(&drain, options.drain, &handles).await;
        Ok(())
    };
    let metrics = async {
        match metrics {
            Some(server) => server.await,
            None => Ok(()),
        }
    };
    let (api, metrics, _): (_, _, io::Result<()>) = tokio::join!(api, metrics, stopping);
    api.and(metrics)
}

async fn go_down(drain: &Drain, limit: Duration, handles: &[ServerHandle]) {
    info!("stopping: waiting for running requests");
    drain.begin();
    if !drain.wait(limit).await {
        warn!("requests still run after the time to drain; they are cut off");
    }
    for handle in handles {
        handle.stop(true).await;
    }
}

fn api_server<S: Send + Sync + 'static>(
    listener: TcpListener,
    options: &ServerOptions,
    service: Service<S>,
    drain: Drain,
) -> io::Result<Server> {
    let published = web::Data::new(Published::of(service.routes));
    let plain = web::Data::new(PlainRoutes::new(service.routes, plain_routes));
    let renderings = web::Data::new(Renderings::default());
    let limits = options.limits;
    let limiter = web::Data::new(RateLimiter::new(limits.rates));
    let server = HttpServer::new(move || {
        let (guard_limits, edge_drain) = (limits, drain.clone());
        App::new()
            .configure(|config| all_routes(&mut ServiceConfig::serving(config), service.routes))
            .configure(|config| framework_errors(config, limits))
            .app_data(web::Data::from(Arc::clone(&service.state)))
            .app_data(web::Data::new(service.readiness.clone()))
            .app_data(web::Data::new(drain.clone()))
            .app_data(web::Data::new(limits))
            .app_data(limiter.clone())
            .app_data(published.clone())
            .app_data(plain.clone())
            .app_data(renderings.clone())
            .default_service(web::to(routes::unrouted))
            .wrap(from_fn(rate_limit::meter))
            .wrap(from_fn(move |request, next| {
                edge::guard(request, next, guard_limits)
            }))
            .wrap(Compress::default())
            .wrap(from_fn(move |request, next| {
                edge::edge(request, next, edge_drain.clone())
            }))
    });
    let server = server
        .workers(options.workers)
        .keep_alive(options.keep_alive)
        .client_request_timeout(limits.header_timeout)
        // What still runs after draining had its time.
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

fn metrics_server(listener: TcpListener, render: RenderMetrics) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new().configure(|config| metrics::configure(config, render.clone()))
    });
    let server = server
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// The routes that take no query.
fn plain_routes(routes: Routes) -> BTreeSet<String> {
    let mut plain = BTreeSet::new();
    App::new().configure(|server| {
        all_routes(&mut ServiceConfig::noting(server, &mut plain), routes);
    });
    plain
}

/// The service's own routes and the business ones.
fn all_routes(config: &mut ServiceConfig, routes: Routes) {
    config
        .configure(routes)
        .configure(health::routes)
        .configure(docs::routes);
}

/// The framework's own extractors answer with problems too.
fn framework_errors(config: &mut web::ServiceConfig, limits: Limits) {
    let not_found =
        web::PathConfig::default().error_handler(|_, _| Problem::new(Kind::NotFound).into());
    let bad_query = web::QueryConfig::default().error_handler(|error, _| {
        Problem::new(Kind::BadQuery)
            .detail(error.to_string())
            .into()
    });
    let bad_form = web::FormConfig::default()
        .limit(limits.max_body_bytes)
        .error_handler(move |error, _| form_problem(&error, limits).into());
    config
        .app_data(not_found)
        .app_data(bad_query)
        .app_data(bad_form)
        .app_data(web::PayloadConfig::new(limits.max_body_bytes));
}

fn form_problem(error: &actix_web::error::UrlencodedError, limits: Limits) -> Problem {
    use actix_web::error::UrlencodedError as Fault;
    match error {
        Fault::Payload(error) => limits::body_problem(error, limits),
        Fault::Overflow { .. } => {
            limits::body_problem(&actix_web::error::PayloadError::Overflow, limits)
        }
        Fault::ContentType => Problem::unsupported_media_type("application/x-www-form-urlencoded"),
        _ => Problem::new(Kind::BadRequest).detail("The form can't be read."),
    }
}
