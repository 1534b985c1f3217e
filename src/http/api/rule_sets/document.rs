//! What a rule set says, as callers write and read it: the structure of
//! `config/scoring.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::revealed::RevealedDocument;
use crate::domain::fault::Faults;
use crate::domain::scoring::{Bands, Curve, Factor, RoleValues, RuleSet, TagValues};
use crate::domain::tag::Taxonomy;
use crate::domain::text::Slug;
use crate::services::rule_sets::check;

/// Points of a curve, ascending in `x`: straight between them, flat outside.
pub type Points = Vec<[i64; 2]>;

/// What a rule set says. Values and weights are basis points (bp, 10 000 =
/// whole).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Rules)]
pub struct RulesDocument {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200, example = "Water first")]
    name: String,
    /// The hard rules.
    gates: GatesDocument,
    /// Weight of every factor; they sum to 10 000.
    #[schema(example = json!({"tags": 2800, "stage": 1300}))]
    weights: BTreeMap<String, i64>,
    /// What tags are worth.
    tags: TagsDocument,
    /// Curves.
    curves: CurvesDocument,
    /// Single values.
    values: ValuesDocument,
    /// From which score a match is called what.
    bands: BandsDocument,
    /// What counts as a strength or a risk.
    summary: SummaryDocument,
    /// What is made of an investor's past deals; required where
    /// `weights.revealed_preference` is not 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    revealed: Option<RevealedDocument>,
}

/// The hard rules.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleGates)]
struct GatesDocument {
    /// Stages between the startup's and the nearest one the mandate names.
    #[schema(minimum = 0, maximum = 4, example = 1)]
    max_stage_distance: i64,
}

/// What tags are worth.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleTags)]
struct TagsDocument {
    /// The mandate names the very tag.
    #[schema(minimum = 0, maximum = 10_000)]
    same: i64,
    /// It names something wider.
    #[schema(minimum = 0, maximum = 10_000)]
    parent: i64,
    /// It names something narrower.
    #[schema(minimum = 0, maximum = 10_000)]
    child: i64,
    /// Both belong under one parent.
    #[schema(minimum = 0, maximum = 10_000)]
    sibling: i64,
    /// What a wanted tag of weight 1, 2 and 3 is worth.
    #[schema(value_type = Vec<i64>, min_items = 3, max_items = 3)]
    wanted: [i64; 3],
    /// So many times a primary tag counts a further one.
    #[schema(minimum = 1, maximum = 100)]
    primary_times: i64,
    /// Whether publishing counts how rare each tag is among the programme's
    /// published startups (inverse document frequency) and freezes that as
    /// `rarity`.
    #[serde(default)]
    idf: bool,
    /// How much a tag counts for being rare; one that isn't listed counts whole.
    #[serde(default)]
    rarity: BTreeMap<String, i64>,
}

/// Curves: `[x, value]`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleCurves)]
struct CurvesDocument {
    /// Stages between; never rising.
    #[schema(value_type = Vec<Vec<i64>>, min_items = 1, max_items = 100)]
    stage: Points,
    /// Greatest cheque as a share of the round's target; never falling.
    #[schema(value_type = Vec<Vec<i64>>, min_items = 1, max_items = 100)]
    cheque: Points,
    /// Days since the startup last confirmed its profile; never rising.
    #[schema(value_type = Vec<Vec<i64>>, min_items = 1, max_items = 100)]
    recency: Points,
}

/// Single values.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleValues)]
struct ValuesDocument {
    /// The cheque fits only because its bounds give way.
    #[schema(minimum = 0, maximum = 10_000)]
    cheque_flexible: i64,
    /// The investor opens a market that the startup wants.
    #[schema(minimum = 0, maximum = 10_000)]
    market_opened: i64,
    /// It opens only one that the startup is in.
    #[schema(minimum = 0, maximum = 10_000)]
    market_present: i64,
    /// A working language in common.
    #[schema(minimum = 0, maximum = 10_000)]
    language_common: i64,
    /// What the investor's part is worth to a round that seeks a lead.
    lead_wanted: RolesDocument,
    /// What it is worth to one that does not.
    lead_not_wanted: RolesDocument,
}

/// What the part an investor takes is worth.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleRoles)]
struct RolesDocument {
    /// Sets the terms.
    #[schema(minimum = 0, maximum = 10_000)]
    lead: i64,
    /// Takes a large share beside the lead.
    #[schema(minimum = 0, maximum = 10_000)]
    co: i64,
    /// Joins on others' terms.
    #[schema(minimum = 0, maximum = 10_000)]
    follow: i64,
    /// Any of these.
    #[schema(minimum = 0, maximum = 10_000)]
    any: i64,
}

/// From which score a match is called what.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleBands)]
struct BandsDocument {
    /// Strong from here.
    #[schema(minimum = 0, maximum = 10_000)]
    strong: i64,
    /// Good from here.
    #[schema(minimum = 0, maximum = 10_000)]
    good: i64,
    /// Possible from here.
    #[schema(minimum = 0, maximum = 10_000)]
    possible: i64,
}

/// What counts as a strength or a risk.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleSummary)]
struct SummaryDocument {
    /// Factors worth at least this are strengths.
    #[schema(minimum = 0, maximum = 10_000)]
    strength_from: i64,
    /// Factors worth at most this are risks.
    #[schema(minimum = 0, maximum = 10_000)]
    risk_to: i64,
}

impl From<RolesDocument> for RoleValues {
    fn from(roles: RolesDocument) -> Self {
        let RolesDocument {
            lead,
            co,
            follow,
            any,
        } = roles;
        Self {
            lead,
            co,
            follow,
            any,
        }
    }
}

impl From<RoleValues> for RolesDocument {
    fn from(roles: RoleValues) -> Self {
        let RoleValues {
            lead,
            co,
            follow,
            any,
        } = roles;
        Self {
            lead,
            co,
            follow,
            any,
        }
    }
}

impl RulesDocument {
    /// The rule set it describes, without an id of its own.
    ///
    /// # Errors
    /// Every fault, by its pointer into this document.
    pub(super) fn read(self, taxonomy: &Taxonomy) -> Result<RuleSet, Faults> {
        let Self {
            name,
            gates,
            weights,
            tags,
            curves,
            values,
            bands,
            summary,
            revealed,
        } = self;
        let mut faults = Faults::new();
        let rules = RuleSet {
            id: Uuid::nil().into(),
            name: name.trim().to_owned(),
            weights: listed(&mut faults, "/weights", weights, Factor::from_code),
            max_stage_distance: gates.max_stage_distance,
            tag_values: TagValues {
                same: tags.same,
                parent: tags.parent,
                child: tags.child,
                sibling: tags.sibling,
            },
            tag_weights: tags.wanted,
            primary_times: tags.primary_times,
            idf: tags.idf,
            rarity: listed(&mut faults, "/tags/rarity", tags.rarity, |text| {
                text.parse::<Slug>().ok()
            }),
            stage: curve(&mut faults, "/curves/stage", curves.stage),
            cheque: curve(&mut faults, "/curves/cheque", curves.cheque),
            cheque_flexible: values.cheque_flexible,
            market_opened: values.market_opened,
            market_present: values.market_present,
            lead_wanted: values.lead_wanted.into(),
            lead_not_wanted: values.lead_not_wanted.into(),
            language_common: values.language_common,
            recency: curve(&mut faults, "/curves/recency", curves.recency),
            bands: Bands {
                strong: bands.strong,
                good: bands.good,
                possible: bands.possible,
            },
            strength_from: summary.strength_from,
            risk_to: summary.risk_to,
            revealed: revealed.map(|part| part.read(&mut faults)),
        };
        if rules.name.chars().count() > 200 {
            faults.push("/name", "too_long", "At most 200 characters.");
        }
        // What could be read is checked all the same, so that every fault is
        // named at once.
        if let Err(further) = check(&rules, taxonomy) {
            faults.absorb("", further);
        }
        faults.finish().map(|()| rules)
    }
}

impl From<&RuleSet> for RulesDocument {
    fn from(rules: &RuleSet) -> Self {
        let RuleSet {
            id: _,
            name,
            weights,
            max_stage_distance,
            tag_values,
            tag_weights,
            primary_times,
            idf,
            rarity,
            stage,
            cheque,
            cheque_flexible,
            market_opened,
            market_present,
            lead_wanted,
            lead_not_wanted,
            language_common,
            recency,
            bands,
            strength_from,
            risk_to,
            revealed,
        } = rules;
        Self {
            name: name.clone(),
            gates: GatesDocument {
                max_stage_distance: *max_stage_distance,
            },
            weights: list(weights),
            tags: TagsDocument {
                same: tag_values.same,
                parent: tag_values.parent,
                child: tag_values.child,
                sibling: tag_values.sibling,
                wanted: *tag_weights,
                primary_times: *primary_times,
                idf: *idf,
                rarity: list(rarity),
            },
            curves: CurvesDocument {
                stage: points(stage),
                cheque: points(cheque),
                recency: points(recency),
            },
            values: ValuesDocument {
                cheque_flexible: *cheque_flexible,
                market_opened: *market_opened,
                market_present: *market_present,
                language_common: *language_common,
                lead_wanted: (*lead_wanted).into(),
                lead_not_wanted: (*lead_not_wanted).into(),
            },
            bands: BandsDocument {
                strong: bands.strong,
                good: bands.good,
                possible: bands.possible,
            },
            summary: SummaryDocument {
                strength_from: *strength_from,
                risk_to: *risk_to,
            },
            revealed: revealed.as_ref().map(RevealedDocument::from),
        }
    }
}

/// Numbers by code; a code that doesn't exist is a fault.
pub(super) fn listed<T: Ord>(
    faults: &mut Faults,
    pointer: &str,
    list: BTreeMap<String, i64>,
    parse: impl Fn(&str) -> Option<T>,
) -> BTreeMap<T, i64> {
    let mut read = BTreeMap::new();
    for (code, number) in list {
        if let Some(key) = parse(&code) {
            read.insert(key, number);
        } else {
            faults.push(
                format!("{pointer}/{code}"),
                "unknown_code",
                "There is nothing of this name.",
            );
        }
    }
    read
}

/// Numbers by code as callers read them.
pub(super) fn list<T: ToString>(entries: &BTreeMap<T, i64>) -> BTreeMap<String, i64> {
    entries
        .iter()
        .map(|(key, number)| (key.to_string(), *number))
        .collect()
}

/// A curve. Where there is none a flat one stands in, so that the rest can be
/// checked.
pub(super) fn curve(faults: &mut Faults, pointer: &str, points: Points) -> Curve {
    let read = Curve::new(points.into_iter().map(|[x, y]| (x, y)).collect());
    read.unwrap_or_else(|| {
        faults.push(
            pointer,
            "not_a_curve",
            "A curve has at least one point, and its points ascend in x.",
        );
        Curve::flat(0)
    })
}

/// The points of a curve.
pub(super) fn points(curve: &Curve) -> Points {
    curve.points().iter().map(|(x, y)| [*x, *y]).collect()
}
