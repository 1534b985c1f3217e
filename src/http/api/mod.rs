//! JSON under /v1.

pub mod deals;
pub mod events;
mod exchange;
pub mod introductions;
pub mod matches;
pub mod messages;
mod timeline;
mod transitions;
mod values;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every route under `/v1`, and the pages.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(matches::routes)
        .configure(introductions::routes)
        .configure(deals::routes)
        .configure(events::routes)
        .configure(messages::routes)
        .configure(super::pages::routes);
}
