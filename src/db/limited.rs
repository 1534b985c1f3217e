//! How many rows a statement answers at most, in its text.
//!
//! Bound as a value it would be unknown to PostgreSQL when it makes a plan for
//! any values, which then is one for a tenth of the table and never taken: each
//! page would be planned anew, at more than it costs to read. Pages have a
//! hundred lengths at most, so there are few texts.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// A query of so many rows at most.
pub(super) struct Limited<Q> {
    query: Q,
    most: i64,
}

/// Limits a query that has no limit yet.
pub(super) trait Limit: Sized {
    /// At most so many rows.
    fn limited(self, most: i64) -> Limited<Self> {
        Limited { query: self, most }
    }
}

impl<Q> Limit for Q {}

impl<Q> QueryId for Limited<Q> {
    type QueryId = ();
    // It is found again by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for Limited<Q> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.query.walk_ast(pass.reborrow())?;
        pass.push_sql(" LIMIT ");
        pass.push_sql(&self.most.to_string());
        Ok(())
    }
}

impl<Q: Query> Query for Limited<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> diesel::RunQueryDsl<C> for Limited<Q> {}
