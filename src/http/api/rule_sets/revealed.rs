//! The part of a rule set that says what is made of past deals, as callers
//! write and read it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::document::{Points, curve, list, listed, points};
use crate::domain::fault::Faults;
use crate::domain::revealed::{
    Age, Likeness, Memory, PlaceTie, Revealed, Signal, SizeTie, StageTie, TagTie,
};

/// What is made of an investor's past deals.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevealedRules)]
pub struct RevealedDocument {
    /// Weight of each revealed factor; they sum to 10 000.
    weights: BTreeMap<String, i64>,
    /// Statistic in milli-nats → value in bp, never falling.
    #[schema(value_type = BTreeMap<String, Vec<Vec<i64>>>)]
    curves: BTreeMap<String, Points>,
    /// How past deals are counted.
    memory: MemoryDocument,
    /// How alike two deals are, in milli-nats.
    likeness: LikenessDocument,
}

/// How past deals are counted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevealedMemory)]
struct MemoryDocument {
    /// Days after which a deal counts half.
    #[schema(minimum = 1, maximum = 36_500)]
    half_life_days: i64,
    /// The same of a first round for `pace`.
    #[schema(minimum = 1, maximum = 36_500)]
    pace_half_life_days: i64,
    /// The same of any round for `activity`.
    #[schema(minimum = 1, maximum = 36_500)]
    activity_half_life_days: i64,
    /// What a later round counts beside a first one, in bp.
    #[schema(minimum = 1, maximum = 10_000)]
    later_round: i64,
    /// Deals of the crowd mixed into everybody's own, in hundredths.
    #[schema(minimum = 1, maximum = 100_000)]
    crowd_deals: i64,
    /// Deals added before the logarithm of a count, in hundredths.
    #[schema(minimum = 1, maximum = 10_000)]
    count_floor: i64,
    /// The same for alike deals, in hundred-thousandths.
    #[schema(minimum = 1, maximum = 1_000_000)]
    alike_floor: i64,
    /// By how much sizes may differ and count as about equal, in milli-nats.
    #[schema(minimum = 1, maximum = 20_000)]
    size_width: i64,
    /// Deals the whole record must hold to be trusted half; 0 trusts any.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000)]
    half_trust_deals: i64,
}

/// How alike two deals are: one entry of each list is added up.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevealedLikeness)]
struct LikenessDocument {
    /// By place.
    place: BTreeMap<String, i64>,
    /// By stage.
    stage: BTreeMap<String, i64>,
    /// By size.
    size: BTreeMap<String, i64>,
    /// By tags.
    tags: BTreeMap<String, i64>,
    /// By the age of a first round.
    first_round: BTreeMap<String, i64>,
    /// By the age of a later one.
    later_round: BTreeMap<String, i64>,
}

impl RevealedDocument {
    /// What it describes; codes and curves that are none are faults.
    pub(super) fn read(self, faults: &mut Faults) -> Revealed {
        let Self {
            weights,
            curves,
            memory,
            likeness,
        } = self;
        let MemoryDocument {
            half_life_days,
            pace_half_life_days,
            activity_half_life_days,
            later_round,
            crowd_deals,
            count_floor,
            alike_floor,
            size_width,
            half_trust_deals,
        } = memory;
        let mut read_curves = BTreeMap::new();
        for (code, points) in curves {
            let pointer = format!("/revealed/curves/{code}");
            let curve = curve(faults, &pointer, points);
            match Signal::from_code(&code) {
                Some(signal) => {
                    read_curves.insert(signal, curve);
                }
                None => faults.push(pointer, "unknown_code", "There is nothing of this name."),
            }
        }
        let at = |name: &str| format!("/revealed/likeness/{name}");
        Revealed {
            weights: listed(faults, "/revealed/weights", weights, Signal::from_code),
            curves: read_curves,
            memory: Memory {
                half_life_days,
                pace_half_life_days,
                activity_half_life_days,
                later_round,
                crowd_deals,
                count_floor,
                alike_floor,
                size_width,
                half_trust_deals,
            },
            likeness: Likeness {
                place: listed(faults, &at("place"), likeness.place, PlaceTie::from_code),
                stage: listed(faults, &at("stage"), likeness.stage, StageTie::from_code),
                size: listed(faults, &at("size"), likeness.size, SizeTie::from_code),
                tags: listed(faults, &at("tags"), likeness.tags, TagTie::from_code),
                first_round: listed(
                    faults,
                    &at("first_round"),
                    likeness.first_round,
                    Age::from_code,
                ),
                later_round: listed(
                    faults,
                    &at("later_round"),
                    likeness.later_round,
                    Age::from_code,
                ),
            },
        }
    }
}

impl From<&Revealed> for RevealedDocument {
    fn from(revealed: &Revealed) -> Self {
        let Revealed {
            weights,
            curves,
            memory,
            likeness,
        } = revealed;
        let Memory {
            half_life_days,
            pace_half_life_days,
            activity_half_life_days,
            later_round,
            crowd_deals,
            count_floor,
            alike_floor,
            size_width,
            half_trust_deals,
        } = *memory;
        let Likeness {
            place,
            stage,
            size,
            tags,
            first_round,
            later_round: later_rounds,
        } = likeness;
        Self {
            weights: list(weights),
            curves: curves
                .iter()
                .map(|(signal, curve)| (signal.to_string(), points(curve)))
                .collect(),
            memory: MemoryDocument {
                half_life_days,
                pace_half_life_days,
                activity_half_life_days,
                later_round,
                crowd_deals,
                count_floor,
                alike_floor,
                size_width,
                half_trust_deals,
            },
            likeness: LikenessDocument {
                place: list(place),
                stage: list(stage),
                size: list(size),
                tags: list(tags),
                first_round: list(first_round),
                later_round: list(later_rounds),
            },
        }
    }
}
