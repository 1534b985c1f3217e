//! Firms.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::country::Country;
use super::ids::OrganizationId;
use super::text::{Language, Name, Website};
use super::values::OrganizationKind;

/// What a firm says of itself when it registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationDetails {
    /// Its part in Corridor.
    pub kind: OrganizationKind,
    /// As in the register of companies.
    pub legal_name: Name,
    /// As people call it; the legal name when absent.
    pub trade_name: Option<Name>,
    /// The name in other scripts, by language.
    pub names: BTreeMap<Language, Name>,
    /// Where it is registered; unknown only of a firm that was imported.
    pub country: Option<Country>,
    /// Its web site, whose host identifies it.
    pub website: Option<Website>,
}

impl OrganizationDetails {
    /// The name people know.
    pub fn display_name(&self) -> &Name {
        self.trade_name.as_ref().unwrap_or(&self.legal_name)
    }

    /// Every form of the name, for screening texts that must not carry it.
    pub fn all_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.legal_name)
            .chain(&self.trade_name)
            .chain(self.names.values())
            .map(Name::as_str)
    }
}

/// A firm on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// What it says of itself.
    pub details: OrganizationDetails,
    /// Its id in the files it was imported from, if it was.
    pub external_id: Option<String>,
    /// Counts its changes; the `ETag`.
    pub version: i64,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
