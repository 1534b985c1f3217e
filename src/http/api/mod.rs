//! JSON under `/v1`, one file a noun: routes, what callers send and read, and
//! handlers that extract, ask a service, and show.

pub mod compliance;
pub mod deals;
pub mod events;
mod exchange;
pub mod introductions;
pub mod matches;
pub mod messages;
pub mod organizations;
pub mod programmes;
mod side_timeline;
pub mod tags;
pub mod timeline;
pub mod transitions;
pub mod values;
pub mod vocabulary;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every route under `/v1`, and the pages.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(tags::routes)
        .configure(organizations::routes)
        .configure(programmes::routes)
        .configure(compliance::routes)
        // What comes of them.
        .configure(matches::routes)
        .configure(introductions::routes)
        .configure(deals::routes)
        .configure(events::routes)
        .configure(messages::routes)
        .configure(super::pages::routes);
}
