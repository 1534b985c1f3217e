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
//! | [`types`], `schema`, [`migrate`] | columns, tables, their history |

pub mod chain;
mod conn;
pub mod consumers;
mod error;
pub mod events;
pub mod idempotency;
pub mod json;
pub mod leases;
pub mod migrate;
pub mod outbox;
pub mod page;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod schema;
pub mod secrets;
mod sql;
mod sqlite;
mod store;
mod transaction;
pub mod types;
mod url;
mod writer;

pub use conn::Conn;
pub use error::{Error, OpenError, Result};
pub use store::{Db, Options};
pub use transaction::transaction;
pub use url::{InvalidUrl, Url};
