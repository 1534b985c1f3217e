//! Keeping compiled statements that diesel would compile anew at each use.
//!
//! diesel keeps no UPDATE among its prepared statements, since a changeset may
//! skip columns and so give another text each time. Here every changeset is a
//! fixed list, and compiling it costs more than running it. Nor does it keep
//! what asks for one of several values, which has another text for each number
//! of them: whoever asks often asks for few different numbers.
//!
//! The mark has to be kept out of the walk itself: a connection asks for it
//! through references, on which a wrapper's own answer is lost
//! (`QueryFragment for &T` has diesel's).

use std::cell::Cell;

use diesel::backend::Backend;
use diesel::internal::derives::multiconnection::AstPassHelper;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// Most values for which [`of_few_lengths`] pays: of more, each statement would
/// be kept and hardly any asked again.
pub(super) const FEW: usize = 128;

/// A statement whose text is the same at each use, but for its bound values.
pub(super) struct Prepared<T>(T);

/// Marks a statement as [`Prepared`].
pub(super) trait Prepare: Sized {
    /// The statement is compiled once on each connection.
    fn prepared(self) -> Prepared<Self> {
        Prepared(self)
    }
}

impl<T> Prepare for T {}

/// The same values, the last of them repeated up to the next power of two, so
/// that what asks for one of several has few different texts to be kept.
pub(super) fn of_few_lengths<T: Copy>(values: &[T]) -> Vec<T> {
    let mut padded = values.to_vec();
    if let Some(last) = values.last() {
        padded.resize(values.len().next_power_of_two(), *last);
    }
    padded
}

impl<T> QueryId for Prepared<T> {
    type QueryId = ();
    // It is found again by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend, T: QueryFragment<DB>> QueryFragment<DB> for Prepared<T> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // A walk that neither writes the text nor gathers values only asks
        // whether the statement may be kept.
        let of_use = Cell::new(false);
        let mut pass = pass.cast_database::<DB>(
            |collector| {
                of_use.set(true);
                collector
            },
            |builder| {
                of_use.set(true);
                builder
            },
            |backend| backend,
            |lookup| lookup,
        );
        if of_use.get() || pass.debug_binds().is_some() {
            self.0.walk_ast(pass)
        } else {
            Ok(())
        }
    }
}

impl<T: Query> Query for Prepared<T> {
    type SqlType = T::SqlType;
}

impl<T, C> diesel::RunQueryDsl<C> for Prepared<T> {}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
    use diesel::prelude::*;

    use super::Prepare;
    use crate::db::{Conn, sqlite};

    diesel::table! {
        counted (id) {
            id -> BigInt,
            times -> BigInt,
        }
    }

    /// The statements that a connection kept.
    fn kept(conn: &mut Conn) -> Arc<Mutex<Vec<String>>> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&kept);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::CacheQuery { sql, .. } = event {
                into.lock().expect("no panic").push(sql.to_owned());
            }
        });
        kept
    }

    #[test]
    fn an_update_is_compiled_once_and_does_its_work_each_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("prepared.db");
        let mut conn = sqlite::writer(&path, Duration::from_secs(1)).expect("a connection");
        conn.batch_execute(
            "CREATE TABLE counted (id INTEGER PRIMARY KEY, times INTEGER NOT NULL) STRICT;
             INSERT INTO counted VALUES (7, 0);",
        )
        .expect("a table");
        let kept = kept(&mut conn);
        let plain =
            diesel::update(counted::table.find(7_i64)).set(counted::times.eq(counted::times + 1));
        plain.execute(&mut conn).expect("it runs");
        assert!(
            kept.lock().expect("no panic").is_empty(),
            "diesel keeps none"
        );
        for by in [10_i64, 100] {
            let update = diesel::update(counted::table.find(7_i64))
                .set(counted::times.eq(counted::times + by));
            let changed = update.prepared().execute(&mut conn).expect("it runs");
            assert_eq!(changed, 1);
        }
        let kept = kept.lock().expect("no panic").clone();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert!(kept.iter().all(|sql| sql.starts_with("UPDATE")), "{kept:?}");
        let times: i64 = counted::table
            .select(counted::times)
            .first(&mut conn)
            .expect("the row");
        assert_eq!(times, 111);
    }
}
