//! A rule set on record: whose it is, where it stands, and what publishing it
//! would change. What it says is a [`RuleSet`].

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ids::{MandateId, OrganizationId, ProgrammeId, RuleSetId, StartupProfileId};
use super::permission::Hat;
use super::refusal::Refusal;
use super::scoring::RuleSet;
use super::values::codes;

codes! {
    /// Where a rule set stands.
    RuleSetStatus {
        /// Being written; nothing is matched by it.
        Draft = "draft",
        /// Its programme matches by it, and it never changes.
        Published = "published",
        /// Nothing new is matched by it; older explanations name it.
        Retired = "retired",
    }
}

codes! {
    /// What can be done with a rule set.
    RuleSetAction {
        /// Have the programme match by it, in place of what it matched by.
        Publish = "publish",
        /// Give up a draft, or have the programme match by the service's own
        /// rules again.
        Retire = "retire",
    }
}

/// A rule set on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRuleSet {
    /// Its id.
    pub id: RuleSetId,
    /// Whose it is; none for one that came with the service.
    pub programme: Option<ProgrammeId>,
    /// What it says.
    pub rules: RuleSet,
    /// Where it stands.
    pub status: RuleSetStatus,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The machine. `simulated` says whether somebody has looked at what publishing
/// this very version would change, beside the rules the programme matches by
/// now. Returns the state after `action`, or why it can't be.
pub fn step(
    kept: &KeptRuleSet,
    action: RuleSetAction,
    who: Hat,
    simulated: bool,
) -> Result<RuleSetStatus, Refusal> {
    use RuleSetAction as A;
    use RuleSetStatus as S;

    let next = match (kept.programme, kept.status, action) {
        (Some(_), S::Draft, A::Publish) => S::Published,
        (Some(_), S::Draft | S::Published, A::Retire) => S::Retired,
        (_, _, action) => return Err(Refusal::no_transition(action.code())),
    };
    if who != Hat::Curator {
        return Err(Refusal::not_yours(action.code()));
    }
    if next == S::Published && !simulated {
        return Err(Refusal::new(
            "not_simulated",
            "Simulate this version beside the programme's present rules first: \
             nobody has seen yet what it changes.",
        ));
    }
    Ok(next)
}

/// Whether what a rule set says may still change.
///
/// # Errors
/// It is no draft.
pub fn check_edit(kept: &KeptRuleSet) -> Result<(), Refusal> {
    if kept.programme.is_some() && kept.status == RuleSetStatus::Draft {
        Ok(())
    } else {
        Err(Refusal::new(
            "not_a_draft",
            "Only a draft can be changed. Draft another rule set from this one.",
        ))
    }
}

/// How a pair stands in a startup's list before and after; a place counts from
/// 1, and none is not among the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Whose list.
    pub startup: StartupProfileId,
    /// Which mandate.
    pub mandate: MandateId,
    /// Place and score by the present rules.
    pub before: Option<Standing>,
    /// Place and score by the rules that were simulated.
    pub after: Option<Standing>,
}

/// A place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// From 1 for the best.
    pub place: i64,
    /// The score, in bp.
    pub score: i64,
}

/// In how many startups' lists an investor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// Which investor.
    pub investor: OrganizationId,
    /// By the present rules.
    pub before: i64,
    /// By the rules that were simulated.
    pub after: i64,
}

/// How unequally the places in the lists are shared among investors, in bp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concentration {
    /// The share of the three with most places.
    pub top_three: i64,
    /// Gini's coefficient over everybody with a mandate in the programme: 0
    /// when all have the same.
    pub gini: i64,
}

/// How many pairs changed how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// New among the best.
    pub appears: i64,
    /// No longer among them.
    pub vanishes: i64,
    /// At another place.
    pub moves: i64,
    /// Where they were.
    pub stays: i64,
}

/// What publishing a rule set would change, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// Its id.
    pub id: Uuid,
    /// What was simulated.
    pub rule_set: RuleSetId,
    /// In which version.
    pub version: i64,
    /// Beside which rules.
    pub against: RuleSetId,
    /// How many of the best mandates of each startup were looked at.
    pub top: i64,
    /// Startups whose lists were made.
    pub startups: i64,
    /// Startups of the programme, of which the first published ones are taken.
    pub of: i64,
    /// How many pairs changed how.
    pub tally: Tally,
    /// By the present rules.
    pub before: Concentration,
    /// By the simulated ones.
    pub after: Concentration,
    /// Everybody with a mandate in the programme, who gains most first.
    pub exposure: Vec<Exposure>,
    /// What appears, vanishes or moves: list by list, best first.
    pub shifts: Vec<Shift>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}
