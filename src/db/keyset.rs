//! The condition that starts a page after a cursor, for lists in the order of
//! creation.

use diesel::dsl;
use diesel::prelude::*;

use super::page::Cursor;
use super::types::{Id, Timestamp, sql};

/// Rows made after the cursor's; of those made in the same microsecond, the
/// ones with a greater id.
pub(super) fn after<C, I>(created_at: C, id: I, cursor: Cursor) -> After<C, I>
where
    C: Expression<SqlType = sql::UtcTimestamp> + Copy,
    I: Expression<SqlType = sql::Id>,
{
    let at = Timestamp(cursor.created_at);
    // The first half says nothing that the second doesn't, but it is what both
    // back-ends can seek an index by; from `or` alone they scan it from its start.
    created_at
        .ge(at)
        .and(created_at.gt(at).or(id.gt(Id::of(cursor.id))))
}

/// [`after`] for a list that begins with the newest.
pub(super) fn before<C, I>(time: C, id: I, cursor: Cursor) -> Before<C, I>
where
    C: Expression<SqlType = sql::UtcTimestamp> + Copy,
    I: Expression<SqlType = sql::Id>,
{
    let at = Timestamp(cursor.created_at);
    time.le(at).and(time.lt(at).or(id.lt(Id::of(cursor.id))))
}

type Before<C, I> =
    dsl::And<dsl::LtEq<C, Timestamp>, dsl::Or<dsl::Lt<C, Timestamp>, dsl::Lt<I, Id>>>;

type After<C, I> =
    dsl::And<dsl::GtEq<C, Timestamp>, dsl::Or<dsl::Gt<C, Timestamp>, dsl::Gt<I, Id>>>;
