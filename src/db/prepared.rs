//! Keeping compiled statements that diesel would compile anew at each use.
//!
//! diesel keeps no UPDATE among its prepared statements, since a changeset may
//! skip columns and so give another text each time. Here every changeset is a
//! fixed list, and compiling it costs more than running it.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

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

impl<T> QueryId for Prepared<T> {
    type QueryId = ();
    // It is found again by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend, T: QueryFragment<DB>> QueryFragment<DB> for Prepared<T> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<T, C> diesel::RunQueryDsl<C> for Prepared<T> {}
