//! How many statements the store was asked: what a use case costs that a clock
//! can't tell the same way twice. Beginnings and ends of transactions count as
//! well: on PostgreSQL each statement is a trip to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::Connection;
use diesel::connection::InstrumentationEvent;

use super::Conn;

/// The count of a store, over all its connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Statements(Arc<AtomicU64>);

impl Statements {
    /// So many until now.
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The same connection, whose statements count from now on.
    pub(super) fn of(&self, mut conn: Conn) -> Conn {
        let count = Arc::clone(&self.0);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        conn
    }
}
