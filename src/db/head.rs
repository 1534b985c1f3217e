//! What is needed of a record to say which version of it there is, without
//! reading what it says.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::keyset::Due;
use super::page::{self, Cursor};
use super::{Conn, Result};
use crate::domain::ids::OrganizationId;
use crate::domain::search::Order;

/// The head of a record that belongs to a firm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<I> {
    /// Its id.
    pub id: I,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Which version it is.
    pub version: i64,
    /// Its place in the list that it is of.
    pub place: Cursor,
}

/// A head as it is read: id, firm, version, when it came and when it changed.
pub(super) type HeadRow<I> = (I, OrganizationId, i64, DateTime<Utc>, DateTime<Utc>);

impl<I: Copy + Into<Uuid>> Head<I> {
    /// The head in a list of that order.
    pub(super) fn of(row: HeadRow<I>, order: Order) -> Self {
        let (id, organization, version, created_at, updated_at) = row;
        let time = match order {
            Order::Updated | Order::UpdatedLast => updated_at,
            Order::Created
            | Order::CreatedLast
            | Order::Due
            | Order::Name
            | Order::NameLast
            | Order::Relevance => created_at,
        };
        Self {
            id,
            organization,
            version,
            place: Cursor::at(time, id),
        }
    }
}

/// A head with the day by which it is to be confirmed.
pub(super) type DueRow<I> = (HeadRow<I>, Option<NaiveDate>);

/// The heads in the order of that day; one more than `limit` when there are more.
/// `read` reads so many of a part.
pub(super) fn by_due<I: Copy + Into<Uuid>>(
    conn: &mut Conn,
    after: Option<Cursor>,
    limit: usize,
    read: impl Fn(&mut Conn, Due, i64) -> Result<Vec<DueRow<I>>>,
) -> Result<Vec<Head<I>>> {
    let most = page::fetch(limit);
    let rows = match after {
        None => read(conn, Due::All, most)?,
        Some(cursor) => {
            let mut rows = read(conn, Due::Same(cursor), most)?;
            let left = most - i64::try_from(rows.len()).unwrap_or(most);
            if left > 0 {
                rows.extend(read(conn, Due::Later(cursor), left)?);
            }
            rows
        }
    };
    let placed = rows.into_iter().map(|(row, day)| {
        let mut head = Head::of(row, Order::Due);
        head.place.created_at = page::due(day);
        head
    });
    Ok(placed.collect())
}

/// A record that has a [`Head`].
pub trait Headed {
    /// Its id's type.
    type Id: Copy + Ord + Into<Uuid>;

    /// Its head.
    fn head(&self) -> Head<Self::Id>;
}
