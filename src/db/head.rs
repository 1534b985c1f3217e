//! What is needed of a record to say which version of it there is, without
//! reading what it says.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::page::Cursor;
use crate::domain::ids::OrganizationId;

/// The head of a record that belongs to a firm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<I> {
    /// Its id.
    pub id: I,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Which version it is.
    pub version: i64,
    /// When it came.
    pub created_at: DateTime<Utc>,
}

impl<I> From<(I, OrganizationId, i64, DateTime<Utc>)> for Head<I> {
    fn from(
        (id, organization, version, created_at): (I, OrganizationId, i64, DateTime<Utc>),
    ) -> Self {
        Self {
            id,
            organization,
            version,
            created_at,
        }
    }
}

impl<I: Copy + Into<Uuid>> Head<I> {
    /// Its place in a list by age.
    pub fn place(&self) -> Cursor {
        Cursor {
            created_at: self.created_at,
            id: self.id.into(),
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
