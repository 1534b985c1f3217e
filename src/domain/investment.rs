//! A part that an investor took in a round before, as an imported file says.

use chrono::NaiveDate;

use super::country::Country;
use super::money::Money;
use super::text::Slug;
use super::values::Stage;

/// One part in one round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Investment {
    /// The startup, by its id in the files.
    pub startup: String,
    /// Where it is, if known.
    pub country: Option<Country>,
    /// What it is.
    pub tags: Vec<Slug>,
    /// The stage of the round, if known.
    pub stage: Option<Stage>,
    /// The whole round, if known.
    pub round: Option<Money>,
    /// When.
    pub invested_on: NaiveDate,
}
