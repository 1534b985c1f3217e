//! The values of matching: rule sets, gate traces and explanations. What computes them is [`crate::matching`].
//!
//! Everything is an integer; shares and values are basis points (bp, 10 000 =
//! whole), so that a score recomputed from stored versions is the same to the
//! bit on any machine.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::ids::{MandateId, RuleSetId, StartupProfileId};
pub use super::reason::{Place, Reason, ReasonKey, Var};
use super::revealed::{Revealed, RevealedTrace};
use super::text::Slug;
use super::values::{InvestorRole, codes};

/// A whole, in basis points.
pub const WHOLE: i64 = 10_000;

codes! {
    /// The hard rules, in the order in which they are asked.
    Gate {
        /// Both are published, active and confirmed in time.
        Live = "live",
        /// Both are admitted to the programme, it is active, and it joins
        /// their countries in this direction.
        Scope = "scope",
        /// Both firms have been cleared.
        Clearance = "clearance",
        /// Nothing in the tags or control answers is prohibited or waits for
        /// a decision.
        Sensitivity = "sensitivity",
        /// No freeze covers either.
        Freeze = "freeze",
        /// Neither has blocked the other, and no conflict of interest is known.
        Conflict = "conflict",
        /// The mandate does not exclude the startup's tags or country.
        Exclusions = "exclusions",
        /// They want at least one kind of deal in common.
        DealIntent = "deal_intent",
        /// The stages are at most one apart (equity only).
        Stage = "stage",
        /// The cheque fits the round, or is flexible (equity only).
        Cheque = "cheque",
        /// No earlier pass or declined introduction is still in force.
        CoolDown = "cool_down",
    }
}

codes! {
    /// A gate's answer. Unknown never passes silently: it goes to review.
    GateVerdict {
        /// Fine.
        Pass = "pass",
        /// Ruled out.
        Fail = "fail",
        /// Somebody has to decide.
        Unknown = "unknown",
        /// The rule does not concern this kind of deal.
        NotApplicable = "not_applicable",
    }
}

codes! {
    /// The scored rules, in the order in which an explanation lists them.
    Factor {
        /// How close the tags are.
        Tags = "tags",
        /// How close the stages are.
        Stage = "stage",
        /// How well the cheque fits the round.
        Cheque = "cheque",
        /// How much the kinds of deal agree.
        DealIntent = "deal_intent",
        /// Whether the investor opens a market the startup wants.
        Market = "market",
        /// Business model and customer.
        BusinessModel = "business_model",
        /// Practices one can teach and the other wants.
        TransferTopics = "transfer_topics",
        /// Paper and part taken in the round.
        InstrumentRole = "instrument_role",
        /// How much the profile proves, and how recently.
        Evidence = "evidence",
        /// A working language in common.
        Language = "language",
        /// What the investor's past deals say beside its mandate.
        RevealedPreference = "revealed_preference",
    }
}

/// A curve of straight pieces through points `(x, y)`, ascending in `x`; flat
/// before the first and after the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve(Vec<(i64, i64)>);

impl Curve {
    /// A curve through these points; `None` when there is none or the `x` do
    /// not ascend.
    pub fn new(points: Vec<(i64, i64)>) -> Option<Self> {
        let ascending = points.is_sorted_by(|a, b| a.0 < b.0);
        (!points.is_empty() && ascending).then_some(Self(points))
    }

    /// A curve of the same height everywhere.
    pub fn flat(height: i64) -> Self {
        Self(vec![(0, height)])
    }

    /// The height at `x`, rounded towards the lower end of the piece.
    pub fn at(&self, x: i64) -> i64 {
        let mut before: Option<(i64, i64)> = None;
        for &(px, py) in &self.0 {
            if x <= px {
                return match before {
                    Some((bx, by)) if x < px => by + (py - by) * (x - bx) / (px - bx),
                    _ => py,
                };
            }
            before = Some((px, py));
        }
        before.map_or(0, |(_, y)| y)
    }

    /// The points.
    pub fn points(&self) -> &[(i64, i64)] {
        &self.0
    }
}

/// What a tag of the startup is worth, by its kinship to a wanted one, in bp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagValues {
    /// The same tag.
    pub same: i64,
    /// The mandate names its parent.
    pub parent: i64,
    /// The mandate names a child of it.
    pub child: i64,
    /// Both have one parent.
    pub sibling: i64,
}

/// From which score a match is called what, in bp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bands {
    /// Strong from here.
    pub strong: i64,
    /// Good from here.
    pub good: i64,
    /// Possible from here.
    pub possible: i64,
}

codes! {
    /// The word for a score.
    Band {
        /// Worth a call.
        Strong = "strong",
        /// Worth a look.
        Good = "good",
        /// Worth a thought.
        Possible = "possible",
        /// Below that.
        Weak = "weak",
    }
}

impl Bands {
    /// The least score of a band, in bp.
    pub const fn least(&self, band: Band) -> i64 {
        match band {
            Band::Strong => self.strong,
            Band::Good => self.good,
            Band::Possible => self.possible,
            Band::Weak => 0,
        }
    }

    /// The band of a score.
    pub const fn of(&self, score: i64) -> Band {
        if score >= self.strong {
            Band::Strong
        } else if score >= self.good {
            Band::Good
        } else if score >= self.possible {
            Band::Possible
        } else {
            Band::Weak
        }
    }
}

/// What the part an investor takes in a round is worth, in bp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleValues {
    /// Sets the terms.
    pub lead: i64,
    /// Takes a large share beside the lead.
    pub co: i64,
    /// Joins on others' terms.
    pub follow: i64,
    /// Any of these.
    pub any: i64,
}

impl RoleValues {
    /// The value of a part.
    pub const fn of(&self, role: InvestorRole) -> i64 {
        match role {
            InvestorRole::Lead => self.lead,
            InvestorRole::Co => self.co,
            InvestorRole::Follow => self.follow,
            InvestorRole::Any => self.any,
        }
    }
}

/// The rules by which a programme matches, as data. Once published a rule set
/// never changes; a match names the one it was computed under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// Its id in the store.
    pub id: RuleSetId,
    /// What people call it.
    pub name: String,
    /// Weight of each factor in bp; they sum to 10 000.
    pub weights: BTreeMap<Factor, i64>,
    /// The greatest distance of stages that the gate lets pass.
    pub max_stage_distance: i64,
    /// What tags are worth.
    pub tag_values: TagValues,
    /// What a wanted tag of weight 1, 2 and 3 is worth, in bp.
    pub tag_weights: [i64; 3],
    /// How much more a primary tag counts than a further one (times).
    pub primary_times: i64,
    /// Whether publishing counts how rare each tag is among the programme's
    /// startups, and puts that in the place of [`Self::rarity`].
    pub idf: bool,
    /// How much a tag counts for being rare, in bp of an ordinary one, frozen
    /// when the rule set was published; a tag not listed counts whole.
    pub rarity: BTreeMap<Slug, i64>,
    /// Distance of stages → value.
    pub stage: Curve,
    /// Greatest cheque as a share of the round's target (bp) → value.
    pub cheque: Curve,
    /// Value where only flexibility lets the cheque fit.
    pub cheque_flexible: i64,
    /// Value where the investor opens a market the startup wants.
    pub market_opened: i64,
    /// Value where the investor opens a market the startup is already in but
    /// none that it wants.
    pub market_present: i64,
    /// Value of the investor's part where a lead is sought.
    pub lead_wanted: RoleValues,
    /// Value of the investor's part where none is sought.
    pub lead_not_wanted: RoleValues,
    /// Value of a working language in common.
    pub language_common: i64,
    /// Days since the profile was last confirmed → value.
    pub recency: Curve,
    /// From which score a match is called what.
    pub bands: Bands,
    /// Factors worth at least this are strengths.
    pub strength_from: i64,
    /// Known factors worth at most this are risks.
    pub risk_to: i64,
    /// What past deals say; without it nothing is made of them.
    pub revealed: Option<Revealed>,
}

/// What one gate said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateTrace {
    /// Which gate.
    pub gate: Gate,
    /// Its answer.
    pub verdict: GateVerdict,
    /// Why.
    pub reason: Reason,
}

/// What one factor gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorTrace {
    /// Which factor.
    pub factor: Factor,
    /// Its weight in bp.
    pub weight: i64,
    /// Its value in bp; `None` when a fact is missing.
    pub value: Option<i64>,
    /// Weight × value, the part of the exact sum; 0 when unknown.
    pub points: i64,
    /// Why.
    pub reason: Reason,
}

/// How a gate decision ends for the pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every gate passes.
    Eligible,
    /// No gate fails, at least one is unknown.
    NeedsReview,
    /// A gate fails.
    RuledOut,
}

/// The whole account of one score. Its stored bytes are recomputed from the
/// stored versions it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Under which rules.
    pub rule_set: RuleSetId,
    /// Which startup profile, at which revision.
    pub startup: (StartupProfileId, i64),
    /// Which mandate, at which revision.
    pub mandate: (MandateId, i64),
    /// The day it was computed for.
    pub as_of: NaiveDate,
    /// The day of the exchange rates, when any were used.
    pub rate_date: Option<NaiveDate>,
    /// Every gate, in order.
    pub gates: Vec<GateTrace>,
    /// Every factor, in order.
    pub factors: Vec<FactorTrace>,
    /// What the factor [`Factor::RevealedPreference`] is made of, where the
    /// rules count it and something was observed.
    pub revealed: Option<RevealedTrace>,
    /// Σ weight × value over the known factors: what the order goes by.
    pub exact: i64,
    /// That ÷ Σ weight known, rounded half up once, in bp.
    pub score: i64,
    /// Σ weight known ÷ Σ weight, in bp.
    pub confidence: i64,
    /// The word for the score.
    pub band: Band,
    /// What speaks for it, greatest points first.
    pub strengths: Vec<Factor>,
    /// What speaks against it, heaviest first.
    pub risks: Vec<Factor>,
    /// What is not known, heaviest first.
    pub missing: Vec<Factor>,
}

impl Explanation {
    /// What the gates come to.
    pub fn outcome(&self) -> Outcome {
        let any = |verdict| self.gates.iter().any(|gate| gate.verdict == verdict);
        if any(GateVerdict::Fail) {
            Outcome::RuledOut
        } else if any(GateVerdict::Unknown) {
            Outcome::NeedsReview
        } else {
            Outcome::Eligible
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_straight_between_its_points_and_flat_outside() {
        let curve = Curve::new(vec![(0, 10_000), (1, 5_000), (5, 1_000)]);
        let at = |x| curve.as_ref().map(|c| c.at(x));
        assert_eq!(at(-3), Some(10_000));
        assert_eq!(at(1), Some(5_000));
        assert_eq!(at(3), Some(3_000));
        assert_eq!(at(9), Some(1_000));
        assert_eq!(Curve::new(vec![(1, 0), (1, 2)]), None);
        assert_eq!(Curve::new(vec![]), None);
    }
}
