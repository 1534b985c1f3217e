//! JSON under /v1.

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every route under `/v1`.
pub fn routes(config: &mut ServiceConfig) {
    let _ = config;
}
