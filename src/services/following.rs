//! How far those have come who look at records again: in the log, where it says
//! that something changed, or by the day, since terms run out without anybody
//! doing anything. It is on record, so that any node goes on where one stopped.

use chrono::NaiveDate;

use crate::db::events::{self, SealedEvent};
use crate::db::{Conn, consumers};

use super::{Context, Error};

/// Of a follower: from where it has come to where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    name: &'static str,
    from: i64,
    to: i64,
}

/// The next events for a follower of the log, at most so many, and its turn once
/// they are seen to; none when it has seen all. One that begins passes over what
/// was before.
pub(super) async fn news(
    context: &Context,
    name: &'static str,
    limit: usize,
) -> Result<Option<(Vec<SealedEvent>, Turn)>, Error> {
    let read = move |conn: &mut Conn| {
        let from = consumers::position(conn, name)?;
        let begin = if from == 0 {
            events::head(conn)?.position
        } else {
            from
        };
        let some = events::page(conn, begin, limit)?;
        let to = some.last().map_or(begin, |last| last.position);
        Ok::<_, Error>((some, Turn { name, from, to }))
    };
    let (some, turn) = context.db.read(read).await?;
    Ok((turn.to != turn.from).then_some((some, turn)))
}

/// The turn of a daily round, whose position is the number of the day; none when
/// today's is done.
pub(super) async fn daily(context: &Context, name: &'static str) -> Result<Option<Turn>, Error> {
    let day = context.now().date_naive();
    let to = day.signed_duration_since(NaiveDate::default()).num_days();
    let read = move |conn: &mut Conn| consumers::position(conn, name);
    let from = context.db.read(read).await?;
    Ok((from < to).then_some(Turn { name, from, to }))
}

/// Notes that a turn is done. Another node may have come further meanwhile;
/// looking twice does no harm.
pub(super) async fn done(context: &Context, turn: Turn) -> Result<(), Error> {
    let Turn { name, from, to } = turn;
    let write = move |conn: &mut Conn| consumers::advance(conn, name, from, to).map(drop);
    Ok(context.db.write(write).await?)
}
