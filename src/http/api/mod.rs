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
pub mod registrations;
pub mod sessions;
pub mod tags;
pub mod timeline;
pub mod transitions;
pub mod values;
pub mod vocabulary;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every route under `/v1`, and the pages.
pub fn routes(config: &mut ServiceConfig) {
    config
        // Who there is.
        .configure(registrations::routes)
        .configure(sessions::routes)
        .configure(organizations::routes)
        // Where and by which words they meet.
        .configure(tags::routes)
        .configure(programmes::routes)
        .configure(compliance::routes)
        // What comes of them.
        .configure(matches::routes)
        .configure(introductions::routes)
        .configure(super::pages::routes)
        .configure(deals::routes)
        // What happened, and what is on its way.
        .configure(events::routes)
        .configure(messages::routes);
}
