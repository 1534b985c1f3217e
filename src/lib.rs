//! Corridor matches startups with investors inside a programme, introduces
//! them by double opt-in and tracks what comes of it.
//!
//! The layers, from the pure core outwards; no arrow points back
//! (`tests/it/architecture.rs` holds the code to this):
//!
//! | layer | does | may use |
//! |---|---|---|
//! | [`domain`] | values, rules, state machines | – |
//! | [`matching`] | gates, factors, scores, explanations | domain |
//! | [`auth`] | passwords, tokens, signed links | domain |
//! | [`db`] | the store on SQLite and PostgreSQL, log, outbox | domain |
//! | [`mail`] | messages, templates, transports | domain |
//! | [`services`] | use cases, one transaction each | domain, matching, auth, db |
//! | [`jobs`] | outbox, sealer, clock | domain, matching, services, db, mail |
//! | [`http`] | JSON under `/v1`, pages, problems | domain, services (auth in `caller.rs`) |
//! | [`config`], [`telemetry`] | settings, logs and metrics | domain |
//! | [`cli`], [`startup`] | commands, composition root | everything |

pub mod auth;
pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod matching;
pub mod services;
pub mod startup;
pub mod telemetry;
