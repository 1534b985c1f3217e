//! What a startup says of itself.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::domain::country::Country;
use crate::domain::money::{Currency, Money};
use crate::domain::tag::{Sensitivity, Taxonomy};
use crate::domain::text::{Language, Localized, Name, Slug};
use crate::domain::values::{Encumbrance, Stage};

/// The round a startup raises now. Amounts are minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// In what money.
    pub currency: Currency,
    /// The least with which it closes.
    pub min: Option<i64>,
    /// What is sought.
    pub target: i64,
    /// The most it takes.
    pub max: Option<i64>,
    /// The smallest cheque accepted.
    pub min_cheque: Option<i64>,
    /// The paper it is on.
    pub instruments: BTreeSet<Slug>,
    /// Whether somebody is sought who sets the terms.
    pub lead_wanted: bool,
    /// The day it should close.
    pub close_by: Option<NaiveDate>,
}

/// What the startup has achieved so far; anything may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traction {
    /// Revenue of the last twelve months.
    pub revenue_12m: Option<Money>,
    /// Growth of that over the twelve months before, in percent.
    pub growth_pct: Option<i32>,
    /// Paying customers.
    pub customers: Option<u32>,
    /// Pilots under way or done.
    pub pilots: Option<u32>,
}

/// The answers that export control asks for, signed by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlAnswers {
    /// Has customers in defence or security.
    pub defence_customers: bool,
    /// Could serve military ends.
    pub dual_use: bool,
    /// Intercepts communications.
    pub interception: bool,
    /// Breaks into devices or networks.
    pub intrusion: bool,
    /// Identifies people by their bodies.
    pub biometrics: bool,
    /// Export licences held, by number.
    pub licences: Vec<String>,
    /// Who answers for this.
    pub signed_by: Name,
    /// Since when.
    pub signed_on: NaiveDate,
}

impl ControlAnswers {
    /// Whether an answer asks for a look by compliance.
    pub const fn needs_review(&self) -> bool {
        self.defence_customers
            || self.dual_use
            || self.interception
            || self.intrusion
            || self.biometrics
    }
}

/// What a startup says of itself. Every part may be missing in a draft;
/// [`super::missing_to_submit`] names what review needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartupContent {
    /// One sentence.
    pub one_liner: Localized,
    /// A few paragraphs.
    pub summary: Localized,
    /// One to three tags that say what it is.
    pub primary_tags: BTreeSet<Slug>,
    /// Further tags; with the primary ones at most ten.
    pub tags: BTreeSet<Slug>,
    /// Technology tags.
    pub technologies: BTreeSet<Slug>,
    /// Words of an imported file that no tag is known for.
    pub source_tags: Vec<String>,
    /// How it earns.
    pub business_models: BTreeSet<Slug>,
    /// Who pays.
    pub customer_types: BTreeSet<Slug>,
    /// Which round it is in.
    pub stage: Option<Stage>,
    /// For a bridge: the round it bridges from.
    pub stage_before: Option<Stage>,
    /// Where it sells.
    pub markets_now: BTreeSet<Country>,
    /// Where it wants to sell.
    pub markets_wanted: BTreeSet<Country>,
    /// What its people work in.
    pub languages: BTreeSet<Language>,
    /// What kinds of deal it wants.
    pub deal_intents: BTreeSet<Slug>,
    /// The money it raises.
    pub round: Option<Round>,
    /// What it has achieved.
    pub traction: Traction,
    /// People on the payroll.
    pub team_size: Option<u32>,
    /// What limits it.
    pub encumbrances: BTreeSet<Encumbrance>,
    /// Practices it can teach.
    pub transfer_topics: BTreeSet<Slug>,
    /// Export-control answers.
    pub controls: Option<ControlAnswers>,
}

impl StartupContent {
    /// Primary, further and technology tags together.
    pub fn all_tags(&self) -> impl Iterator<Item = &Slug> {
        self.primary_tags
            .iter()
            .chain(&self.tags)
            .chain(&self.technologies)
    }

    /// The stage that stands for it in the order of rounds: a bridge counts as
    /// the stage before it, and as none when that isn't said.
    pub const fn effective_stage(&self) -> Option<Stage> {
        match self.stage {
            Some(Stage::Bridge) => self.stage_before,
            other => other,
        }
    }

    /// The highest sensitivity of its tags.
    pub fn sensitivity(&self, taxonomy: &Taxonomy) -> Sensitivity {
        self.all_tags()
            .map(|slug| taxonomy.sensitivity(slug))
            .max()
            .unwrap_or(Sensitivity::None)
    }
}
