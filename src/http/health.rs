//! Whether the process lives, and whether it wants traffic. Neither says why
//! not: that is in the log.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, get, web};

use super::drain::Drain;
use super::problem::{Kind, Problem};
use crate::http::registry::ServiceConfig;

/// Asks everything a request needs (store, migrations, the queue of writes)
/// whether it is there; given by the composition root, which also logs what is missing.
pub type Readiness = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// Longer than this and the node counts as not ready.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Registers the routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(livez).service(readyz);
}

/// Does the process live?
///
/// Asks nothing but the process itself, so that a broken store doesn't make
/// the orchestrator restart every node.
#[utoipa::path(
    operation_id = "get_livez",
    tag = "operations",
    security(()),
    responses((status = 200, description = "It lives.", content_type = "text/plain", body = String, example = "ok"))
)]
#[get("/livez")]
async fn livez() -> &'static str {
    "ok"
}

/// Does the node want traffic?
///
/// 503 while the store can't be read, lacks a migration or doesn't take what is
/// written, and, from the stop signal on, while running requests end. Which of
/// these it is stands in the log.
#[utoipa::path(
    operation_id = "get_readyz",
    tag = "operations",
    security(()),
    responses((status = 200, description = "It does.", content_type = "text/plain", body = String, example = "ok"))
)]
#[get("/readyz")]
async fn readyz(
    readiness: web::Data<Readiness>,
    drain: web::Data<Drain>,
) -> Result<HttpResponse, Problem> {
    let ready = !drain.is_draining()
        && tokio::time::timeout(READY_WITHIN, readiness())
            .await
            .unwrap_or(false);
    if ready {
        Ok(HttpResponse::Ok().content_type("text/plain").body("ok"))
    } else {
        Err(Problem::new(Kind::Busy).header(RETRY_AFTER, "5"))
    }
}
