//! Saved views: a list with its parameters, under a name.

use chrono::{DateTime, Utc};

use super::ids::{OrganizationId, SavedViewId, UserId};
use super::text::Name;
use super::values::codes;

/// Most views of one person.
pub const MOST: usize = 50;
/// Most characters of a query string.
pub const LONGEST_QUERY: usize = 2_000;

codes! {
    /// Which list.
    ListKind {
        /// Startup profiles.
        StartupProfiles = "startup-profiles",
        /// Investor profiles.
        InvestorProfiles = "investor-profiles",
        /// Mandates.
        Mandates = "mandates",
        /// Matches.
        Matches = "matches",
        /// Introductions.
        Introductions = "introductions",
        /// Deals.
        Deals = "deals",
        /// Referrals.
        Referrals = "referrals",
        /// Organizations.
        Organizations = "organizations",
    }
}

/// A saved view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// Its id.
    pub id: SavedViewId,
    /// Who saved it, and may change it.
    pub owner: UserId,
    /// With whose people it is shared; none for its owner alone.
    pub organization: Option<OrganizationId>,
    /// What it is called.
    pub name: Name,
    /// Of which list.
    pub list: ListKind,
    /// The list's parameters, as a query string.
    pub query: String,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
