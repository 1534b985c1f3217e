//! What an explanation was computed from beside the two revisions and the rule
//! set that it names: states, dates, decisions and rates as they were then.
//! Kept with the match, so that the same bytes can be computed again whatever
//! has become of its records.

use chrono::NaiveDate;

use super::compliance::ClearanceVerdict;
use super::country::Country;
use super::mandate::MandateStatus;
use super::money::Currency;
use super::profile::ProfileStatus;
use super::programme::{Corridor, ProgrammeStatus};
use super::revealed::Observation;
use super::text::Slug;

/// The SHA-256 of the tags of a taxonomy as they are stored.
pub type TaxonomyHash = [u8; 32];

/// One record of the pair as it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<S> {
    /// The firm's country, if known.
    pub country: Option<Country>,
    /// Where the record stood.
    pub status: S,
    /// Until when it was confirmed.
    pub reconfirm_by: Option<NaiveDate>,
    /// The firm's clearance on the day.
    pub clearance: ClearanceVerdict,
    /// Whether a freeze covered it.
    pub frozen: bool,
    /// Whether it was admitted to the programme.
    pub admitted: bool,
}

/// The programme as it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Where it stood.
    pub status: ProgrammeStatus,
    /// The directions it joined.
    pub corridors: Vec<Corridor>,
    /// Tags it was limited to.
    pub scope_tags: Vec<Slug>,
    /// First day in force.
    pub starts_on: NaiveDate,
    /// Last day in force.
    pub ends_on: NaiveDate,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounds {
    /// The programme.
    pub programme: Terms,
    /// The startup's profile.
    pub startup: Standing<ProfileStatus>,
    /// The mandate.
    pub mandate: Standing<MandateStatus>,
    /// Whether the two were kept apart.
    pub conflict: bool,
    /// The day from which an earlier pass no longer counted.
    pub suppressed_until: Option<NaiveDate>,
    /// Whether what is sensitive was released to this counterpart.
    pub sensitivity_released: bool,
    /// The rates at hand: their day, and billionths of a dollar by currency.
    pub rates: Option<(NaiveDate, Vec<(Currency, i64)>)>,
    /// The tags.
    pub taxonomy: TaxonomyHash,
    /// What was observed of the investor, where the rules counted it.
    pub observed: Option<Observation>,
}
