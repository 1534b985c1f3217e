//! In what order lists come that are in order by a time, and of which span of
//! time they are.

use chrono::{DateTime, Utc};

use super::values::codes;

codes! {
    /// By which time a list is in order, and from which end. What came or changed
    /// at the same time is in the order of ids.
    TimeOrder {
        /// The oldest first.
        Created = "created_at",
        /// The newest first.
        CreatedLast = "-created_at",
        /// The longest unchanged first.
        Updated = "updated_at",
        /// The last changed first.
        UpdatedLast = "-updated_at",
    }
}

impl Default for TimeOrder {
    /// The oldest first.
    fn default() -> Self {
        Self::Created
    }
}

impl TimeOrder {
    /// Whether it is by when something last changed.
    pub const fn is_by_change(self) -> bool {
        matches!(self, Self::Updated | Self::UpdatedLast)
    }
}

/// A span of time in which something was made or changed; what is absent bounds
/// nothing. Two spans that meet have nothing in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Within {
    /// Then or later.
    pub since: Option<DateTime<Utc>>,
    /// Before then.
    pub until: Option<DateTime<Utc>>,
}
