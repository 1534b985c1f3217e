//! The condition that starts a page after a cursor, for lists in the order of a
//! time or of a day.

use chrono::NaiveDate;
use diesel::backend::Backend;
use diesel::dsl::{AsExprOf, Desc, GtEq, Lt};
use diesel::expression::{
    AppearsOnTable, SelectableExpression, SqlLiteral, ValidGrouping, is_aggregate,
};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_dsl::methods::{FilterDsl, OrderDsl};
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, Date};

use super::page::Cursor;
use super::types::{Id, Timestamp, sql};
use crate::domain::search::Order;
use crate::domain::time_order::{TimeOrder, Within};

/// A query in that order, from a cursor on where there is one.
pub(super) fn sorted<Q, C, U, I>(
    query: Q,
    order: TimeOrder,
    (created_at, updated_at, id): (C, U, I),
    cursor: Option<Cursor>,
) -> Q
where
    C: Expression<SqlType = sql::UtcTimestamp> + Copy,
    U: Expression<SqlType = sql::UtcTimestamp> + Copy,
    I: Expression<SqlType = sql::Id> + Copy,
    Q: FilterDsl<Beyond<C, I>, Output = Q>
        + FilterDsl<Beyond<U, I>, Output = Q>
        + OrderDsl<(C, I), Output = Q>
        + OrderDsl<(Desc<C>, Desc<I>), Output = Q>
        + OrderDsl<(U, I), Output = Q>
        + OrderDsl<(Desc<U>, Desc<I>), Output = Q>,
{
    let query = match (order, cursor) {
        (_, None) => query,
        (TimeOrder::Created, Some(it)) => FilterDsl::filter(query, after(created_at, id, it)),
        (TimeOrder::CreatedLast, Some(it)) => FilterDsl::filter(query, before(created_at, id, it)),
        (TimeOrder::Updated, Some(it)) => FilterDsl::filter(query, after(updated_at, id, it)),
        (TimeOrder::UpdatedLast, Some(it)) => FilterDsl::filter(query, before(updated_at, id, it)),
    };
    match order {
        TimeOrder::Created => OrderDsl::order(query, (created_at, id)),
        TimeOrder::CreatedLast => OrderDsl::order(query, (created_at.desc(), id.desc())),
        TimeOrder::Updated => OrderDsl::order(query, (updated_at, id)),
        TimeOrder::UpdatedLast => OrderDsl::order(query, (updated_at.desc(), id.desc())),
    }
}

/// The order of time in which lists of profiles, mandates and firms are read.
/// What the index of words puts in order, or [`due`], is as it was made.
pub(super) const fn by_time(order: Order) -> TimeOrder {
    match order {
        Order::CreatedLast => TimeOrder::CreatedLast,
        Order::Updated => TimeOrder::Updated,
        Order::UpdatedLast => TimeOrder::UpdatedLast,
        Order::Created | Order::Due | Order::Name | Order::NameLast | Order::Relevance => {
            TimeOrder::Created
        }
    }
}

/// A part of a list in the order of the day of confirmation. What comes after a
/// cursor is two of them, each of which both back-ends seek an index by: SQLite
/// does so by no more than one expression that is not a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Due {
    /// All of it.
    All,
    /// What has the cursor's day, after the cursor.
    Same(Cursor),
    /// What has a later day.
    Later(Cursor),
}

/// A part of a list in the order of the day of confirmation of a table's rows,
/// those without one last.
pub(super) fn due<Q>(query: Q, table: &str, part: Due) -> Q
where
    Q: FilterDsl<OfDue, Output = Q> + OrderDsl<SqlLiteral<Date>, Output = Q>,
{
    // As [`page::due`](super::page::due) has it; indexes hold the same words.
    let day = format!("COALESCE({table}.reconfirm_by, '9999-12-31')");
    let id = format!("{table}.id");
    // Of one day they are in order by the id alone, which SQLite does not see.
    let order = match part {
        Due::Same(_) => id.clone(),
        Due::All | Due::Later(_) => format!("{day}, {id}"),
    };
    let bound = |cursor: Cursor| cursor.created_at.date_naive().into_sql::<Date>();
    let condition = match part {
        Due::All => None,
        Due::Same(cursor) => Some(OfDue {
            compared: format!("{day} = "),
            day: bound(cursor),
            beyond: Some((
                format!(" AND {id} > "),
                Id::of(cursor.id).into_sql::<sql::Id>(),
            )),
        }),
        Due::Later(cursor) => Some(OfDue {
            compared: format!("{day} > "),
            day: bound(cursor),
            beyond: None,
        }),
    };
    let query = match condition {
        Some(condition) => FilterDsl::filter(query, condition),
        None => query,
    };
    OrderDsl::order(query, diesel::dsl::sql::<Date>(&order))
}

/// The condition of a part that is not all.
pub(super) struct OfDue {
    compared: String,
    day: AsExprOf<NaiveDate, Date>,
    beyond: Option<(String, AsExprOf<Id, sql::Id>)>,
}

impl Expression for OfDue {
    type SqlType = Bool;
}

impl<By> ValidGrouping<By> for OfDue {
    type IsAggregate = is_aggregate::No;
}

impl QueryId for OfDue {
    type QueryId = ();
    // The table is not of the type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB> QueryFragment<DB> for OfDue
where
    DB: Backend,
    AsExprOf<NaiveDate, Date>: QueryFragment<DB>,
    AsExprOf<Id, sql::Id>: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql("(");
        pass.push_sql(&self.compared);
        self.day.walk_ast(pass.reborrow())?;
        if let Some((compared, id)) = &self.beyond {
            pass.push_sql(compared);
            id.walk_ast(pass.reborrow())?;
        }
        pass.push_sql(")");
        Ok(())
    }
}

impl<Tables> AppearsOnTable<Tables> for OfDue {}

impl<Tables> SelectableExpression<Tables> for OfDue {}

/// Those of a query whose time is within a span.
pub(super) fn within<Q, C>(query: Q, time: C, span: Within) -> Q
where
    C: Expression<SqlType = sql::UtcTimestamp> + Copy,
    Q: FilterDsl<GtEq<C, Timestamp>, Output = Q> + FilterDsl<Lt<C, Timestamp>, Output = Q>,
{
    let query = match span.since {
        Some(since) => FilterDsl::filter(query, time.ge(Timestamp(since))),
        None => query,
    };
    match span.until {
        Some(until) => FilterDsl::filter(query, time.lt(Timestamp(until))),
        None => query,
    }
}

/// Rows made after the cursor's; of those made in the same microsecond, the
/// ones with a greater id.
pub(super) fn after<C, I>(created_at: C, id: I, cursor: Cursor) -> After<C, I>
where
    C: Expression<SqlType = sql::UtcTimestamp> + Copy,
    I: Expression<SqlType = sql::Id>,
{
    Beyond::of((created_at, id), ") > (", cursor)
}

/// [`after`] for a list that begins with the newest.
pub(super) fn before<C, I>(time: C, id: I, cursor: Cursor) -> Before<C, I>
where
    C: Expression<SqlType = sql::UtcTimestamp> + Copy,
    I: Expression<SqlType = sql::Id>,
{
    Beyond::of((time, id), ") < (", cursor)
}

type Before<C, I> = Beyond<C, I>;

type After<C, I> = Beyond<C, I>;

/// That a time and an id, as one, are beyond a cursor's. Both back-ends seek an
/// index by it. In `and` and `or` it would say the same, and PostgreSQL would
/// spend more on the ways to do that, each time anew, than on doing it.
pub(super) struct Beyond<C, I> {
    columns: (C, I),
    sign: &'static str,
    at: AsExprOf<Timestamp, sql::UtcTimestamp>,
    id: AsExprOf<Id, sql::Id>,
}

impl<C, I> Beyond<C, I> {
    fn of(columns: (C, I), sign: &'static str, cursor: Cursor) -> Self {
        Self {
            columns,
            sign,
            at: Timestamp(cursor.created_at).into_sql::<sql::UtcTimestamp>(),
            id: Id::of(cursor.id).into_sql::<sql::Id>(),
        }
    }
}

impl<C, I> Expression for Beyond<C, I> {
    type SqlType = Bool;
}

impl<C, I, By> ValidGrouping<By> for Beyond<C, I> {
    type IsAggregate = is_aggregate::No;
}

impl<C, I> QueryId for Beyond<C, I> {
    type QueryId = ();
    // The sign is not of the type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C, I, DB> QueryFragment<DB> for Beyond<C, I>
where
    DB: Backend,
    C: QueryFragment<DB>,
    I: QueryFragment<DB>,
    AsExprOf<Timestamp, sql::UtcTimestamp>: QueryFragment<DB>,
    AsExprOf<Id, sql::Id>: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let (time, id) = &self.columns;
        pass.push_sql("((");
        time.walk_ast(pass.reborrow())?;
        pass.push_sql(", ");
        id.walk_ast(pass.reborrow())?;
        pass.push_sql(self.sign);
        self.at.walk_ast(pass.reborrow())?;
        pass.push_sql(", ");
        self.id.walk_ast(pass.reborrow())?;
        pass.push_sql("))");
        Ok(())
    }
}

impl<C, I, Tables> AppearsOnTable<Tables> for Beyond<C, I>
where
    C: AppearsOnTable<Tables>,
    I: AppearsOnTable<Tables>,
{
}

impl<C, I, Tables> SelectableExpression<Tables> for Beyond<C, I>
where
    C: SelectableExpression<Tables>,
    I: SelectableExpression<Tables>,
{
}
