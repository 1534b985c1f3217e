//! The rules of matching as a document. The id stands outside it, so that the
//! same rules have the same bytes wherever they are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use super::revealed::{self, StoredRevealed};
use crate::db::{Error, Result};
use crate::domain::ids::RuleSetId;
use crate::domain::scoring::{Bands, Curve, Factor, RoleValues, RuleSet, TagValues};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    name: String,
    weights: BTreeMap<String, i64>,
    max_stage_distance: i64,
    tag_values: StoredTagValues,
    tag_weights: [i64; 3],
    primary_times: i64,
    /// Absent in rules from before it was known, whose bytes stay as they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    idf: bool,
    rarity: BTreeMap<String, i64>,
    stage: Vec<(i64, i64)>,
    cheque: Vec<(i64, i64)>,
    cheque_flexible: i64,
    market_opened: i64,
    market_present: i64,
    lead_wanted: StoredRoleValues,
    lead_not_wanted: StoredRoleValues,
    language_common: i64,
    recency: Vec<(i64, i64)>,
    bands: StoredBands,
    strength_from: i64,
    risk_to: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revealed: Option<StoredRevealed>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTagValues {
    same: i64,
    parent: i64,
    child: i64,
    sibling: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRoleValues {
    lead: i64,
    co: i64,
    follow: i64,
    any: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredBands {
    strong: i64,
    good: i64,
    possible: i64,
}

/// The canonical text of a rule set, its id left out.
pub(in crate::db) fn encode(rules: &RuleSet) -> Result<String> {
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
    form::write(&Stored {
        schema: One,
        name: name.clone(),
        weights: weights
            .iter()
            .map(|(factor, weight)| (factor.to_string(), *weight))
            .collect(),
        max_stage_distance: *max_stage_distance,
        tag_values: store_tag_values(*tag_values),
        tag_weights: *tag_weights,
        primary_times: *primary_times,
        idf: *idf,
        rarity: rarity
            .iter()
            .map(|(tag, rarity)| (tag.to_string(), *rarity))
            .collect(),
        stage: stage.points().to_vec(),
        cheque: cheque.points().to_vec(),
        cheque_flexible: *cheque_flexible,
        market_opened: *market_opened,
        market_present: *market_present,
        lead_wanted: store_role_values(*lead_wanted),
        lead_not_wanted: store_role_values(*lead_not_wanted),
        language_common: *language_common,
        recency: recency.points().to_vec(),
        bands: store_bands(*bands),
        strength_from: *strength_from,
        risk_to: *risk_to,
        revealed: revealed.as_ref().map(revealed::store),
    })
}

/// The rule set of that text, under the id it is stored under.
pub(in crate::db) fn decode(id: RuleSetId, text: &str) -> Result<RuleSet> {
    let stored: Stored = form::read("a rule set", text)?;
    Ok(RuleSet {
        id,
        name: stored.name,
        weights: stored
            .weights
            .iter()
            .map(|(factor, weight)| Ok((form::code(factor, Factor::from_code)?, *weight)))
            .collect::<Result<_>>()?,
        max_stage_distance: stored.max_stage_distance,
        tag_values: restore_tag_values(stored.tag_values),
        tag_weights: stored.tag_weights,
        primary_times: stored.primary_times,
        idf: stored.idf,
        rarity: stored
            .rarity
            .iter()
            .map(|(tag, rarity)| Ok((form::parse(tag)?, *rarity)))
            .collect::<Result<_>>()?,
        stage: curve(stored.stage)?,
        cheque: curve(stored.cheque)?,
        cheque_flexible: stored.cheque_flexible,
        market_opened: stored.market_opened,
        market_present: stored.market_present,
        lead_wanted: restore_role_values(stored.lead_wanted),
        lead_not_wanted: restore_role_values(stored.lead_not_wanted),
        language_common: stored.language_common,
        recency: curve(stored.recency)?,
        bands: restore_bands(stored.bands),
        strength_from: stored.strength_from,
        risk_to: stored.risk_to,
        revealed: stored.revealed.map(revealed::restore).transpose()?,
    })
}

fn curve(points: Vec<(i64, i64)>) -> Result<Curve> {
    Curve::new(points)
        .ok_or_else(|| Error::Corrupt("a rule set with a curve that does not ascend".into()))
}

fn store_tag_values(values: TagValues) -> StoredTagValues {
    let TagValues {
        same,
        parent,
        child,
        sibling,
    } = values;
    StoredTagValues {
        same,
        parent,
        child,
        sibling,
    }
}

fn restore_tag_values(stored: StoredTagValues) -> TagValues {
    let StoredTagValues {
        same,
        parent,
        child,
        sibling,
    } = stored;
    TagValues {
        same,
        parent,
        child,
        sibling,
    }
}

fn store_role_values(values: RoleValues) -> StoredRoleValues {
    let RoleValues {
        lead,
        co,
        follow,
        any,
    } = values;
    StoredRoleValues {
        lead,
        co,
        follow,
        any,
    }
}

fn restore_role_values(stored: StoredRoleValues) -> RoleValues {
    let StoredRoleValues {
        lead,
        co,
        follow,
        any,
    } = stored;
    RoleValues {
        lead,
        co,
        follow,
        any,
    }
}

fn store_bands(bands: Bands) -> StoredBands {
    let Bands {
        strong,
        good,
        possible,
    } = bands;
    StoredBands {
        strong,
        good,
        possible,
    }
}

fn restore_bands(stored: StoredBands) -> Bands {
    let StoredBands {
        strong,
        good,
        possible,
    } = stored;
    Bands {
        strong,
        good,
        possible,
    }
}
