//! The store, on SQLite and PostgreSQL behind one query layer.
//!
//! A use case opens [`Db::write`] once and calls functions of the aggregates'
//! modules with the connection it is given; rows are private to those
//! modules. What has to differ between the back-ends is in `sql.rs`.
//!
//! | module | holds |
//! |---|---|
//! | [`events`], [`chain`] | the log: append, seal, read, verify |
//! | [`consumers`], [`leases`] | who has read how far; who does what alone |
//! | [`outbox`] | what has to be sent |
//! | [`idempotency`] | what a repeated request is answered |
//! | [`secrets`] | sealed keys that all nodes share |
//! | [`page`] | keyset cursors |
//! | [`organizations`], [`users`] | firms, people, memberships |
//! | [`sessions`], [`second_factors`] | who is signed in where, and how that was proved |
//! | [`clients`], [`api_keys`] | programs of partners and of people |
//! | [`tickets`], [`consents`] | mailed permissions, and what people agreed to |
//! | [`startup_profiles`], [`mandates`] | what the sides say, revision by revision |
//! | [`referrals`] | what partners handed in |
//! | [`search`] | what profiles and mandates are found by |
//! | [`programmes`], [`rule_sets`], [`rates`] | what matching goes by |
//! | [`clearances`], [`freezes`], [`blocks`], [`disclosures`] | compliance, and the ledger of what was shown |
//! | [`mod@matches`], [`introductions`], [`deals`] | what comes of it |
//! | [`types`], `schema`, [`migrate`] | columns, tables, their history |

pub mod api_keys;
pub mod blocks;
pub mod chain;
pub mod clearances;
pub mod clients;
mod conn;
pub mod consents;
pub mod consumers;
pub mod contacts;
pub mod deals;
pub mod decisions;
mod directory_schema;
pub mod disclosures;
mod error;
pub mod events;
pub mod freezes;
pub mod gather;
pub mod head;
pub mod idempotency;
mod identity_schema;
pub mod introductions;
pub mod investments;
pub mod json;
mod keyset;
pub mod leases;
mod mail_schema;
pub mod mandates;
pub mod matches;
pub mod migrate;
pub mod organizations;
pub mod outbox;
pub mod page;
mod pair;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod prepared;
pub mod programmes;
pub mod rates;
pub mod referrals;
pub mod review_comments;
mod rule_schema;
pub mod rule_sets;
mod schema;
pub mod search;
pub mod second_factors;
pub mod secrets;
pub mod sessions;
mod sql;
mod sqlite;
pub mod startup_profiles;
mod store;
mod stored;
pub mod suppressions;
pub mod taxonomies;
pub mod tickets;
mod transaction;
pub mod types;
mod url;
pub mod users;
mod writer;

pub use conn::Conn;
pub use error::{Error, OpenError, Result};
pub use store::{Db, Options};
pub use transaction::transaction;
pub use url::{InvalidUrl, Url};
