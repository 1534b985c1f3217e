//! The revealed factors of a rule set as a part of its document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::form;
use crate::db::{Error, Result};
use crate::domain::revealed::{
    Age, Likeness, Memory, PlaceTie, Revealed, Signal, SizeTie, StageTie, TagTie,
};
use crate::domain::scoring::Curve;

type Listed = BTreeMap<String, i64>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredRevealed {
    weights: Listed,
    curves: BTreeMap<String, Vec<(i64, i64)>>,
    memory: StoredMemory,
    likeness: StoredLikeness,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredMemory {
    half_life_days: i64,
    pace_half_life_days: i64,
    activity_half_life_days: i64,
    later_round: i64,
    crowd_deals: i64,
    count_floor: i64,
    alike_floor: i64,
    size_width: i64,
    /// Rule sets from before this was there trust any record.
    #[serde(default)]
    half_trust_deals: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredLikeness {
    place: Listed,
    stage: Listed,
    size: Listed,
    tags: Listed,
    first_round: Listed,
    later_round: Listed,
}

pub(super) fn store(revealed: &Revealed) -> StoredRevealed {
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
    StoredRevealed {
        weights: list(weights),
        curves: curves
            .iter()
            .map(|(signal, curve)| (signal.to_string(), curve.points().to_vec()))
            .collect(),
        memory: StoredMemory {
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
        likeness: StoredLikeness {
            place: list(&likeness.place),
            stage: list(&likeness.stage),
            size: list(&likeness.size),
            tags: list(&likeness.tags),
            first_round: list(&likeness.first_round),
            later_round: list(&likeness.later_round),
        },
    }
}

pub(super) fn restore(stored: StoredRevealed) -> Result<Revealed> {
    let StoredMemory {
        half_life_days,
        pace_half_life_days,
        activity_half_life_days,
        later_round,
        crowd_deals,
        count_floor,
        alike_floor,
        size_width,
        half_trust_deals,
    } = stored.memory;
    Ok(Revealed {
        weights: unlist(&stored.weights, Signal::from_code)?,
        curves: stored
            .curves
            .into_iter()
            .map(|(code, points)| {
                let curve = Curve::new(points).ok_or_else(|| {
                    Error::Corrupt("a rule set with a curve that does not ascend".into())
                })?;
                Ok((form::code(&code, Signal::from_code)?, curve))
            })
            .collect::<Result<_>>()?,
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
            place: unlist(&stored.likeness.place, PlaceTie::from_code)?,
            stage: unlist(&stored.likeness.stage, StageTie::from_code)?,
            size: unlist(&stored.likeness.size, SizeTie::from_code)?,
            tags: unlist(&stored.likeness.tags, TagTie::from_code)?,
            first_round: unlist(&stored.likeness.first_round, Age::from_code)?,
            later_round: unlist(&stored.likeness.later_round, Age::from_code)?,
        },
    })
}

fn list<T: ToString>(entries: &BTreeMap<T, i64>) -> Listed {
    entries
        .iter()
        .map(|(key, number)| (key.to_string(), *number))
        .collect()
}

fn unlist<T: Ord>(list: &Listed, parse: fn(&str) -> Option<T>) -> Result<BTreeMap<T, i64>> {
    list.iter()
        .map(|(code, number)| Ok((form::code(code, parse)?, *number)))
        .collect()
}
