//! What is needed of a record to say which version of it there is, without
//! reading what it says.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::page::Cursor;
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
            Order::Created | Order::CreatedLast | Order::Due | Order::Relevance => created_at,
        };
        Self {
            id,
            organization,
            version,
            place: Cursor {
                created_at: time,
                id: id.into(),
            },
        }
    }
}

/// A record that has a [`Head`].
pub trait Headed {
    /// Its id's type.
    type Id: Copy + Ord + Into<Uuid>;

    /// Its head.
    fn head(&self) -> Head<Self::Id>;
}
