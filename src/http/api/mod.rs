//! JSON under `/v1`, one file a noun: routes, what callers send and read, and
//! handlers that extract, ask a service, and show.

mod exchange;
pub mod registrations;
pub mod sessions;
pub mod timeline;
pub mod transitions;
pub mod values;
pub mod vocabulary;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every route under `/v1`.
pub fn routes(config: &mut ServiceConfig) {
    config
        // Who there is.
        .configure(registrations::routes)
        .configure(sessions::routes);
    // What comes of them: matches, introductions, deals, events, messages.
}
