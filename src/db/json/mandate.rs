//! What a mandate says, one document per revision.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use crate::db::Result;
use crate::domain::mandate::{Capacity, Cheque, MandateContent};
use crate::domain::values::{InvestorRole, Stage};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    title: Option<String>,
    tags: BTreeMap<String, u8>,
    excluded_tags: Vec<String>,
    source_tags: Vec<String>,
    stages: Vec<String>,
    cheque: Option<StoredCheque>,
    startup_countries: Vec<String>,
    excluded_countries: Vec<String>,
    markets: Vec<String>,
    instruments: Vec<String>,
    role: Option<String>,
    deal_intents: Vec<String>,
    transfer_topics: Vec<String>,
    business_models: Vec<String>,
    customer_types: Vec<String>,
    languages: Vec<String>,
    capacity: StoredCapacity,
    active_from: Option<String>,
    active_to: Option<String>,
    derived: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCheque {
    currency: String,
    min: i64,
    max: i64,
    flexible: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCapacity {
    open_introductions: u32,
    new_per_week: u32,
}

/// The canonical text of a mandate's content.
pub(in crate::db) fn encode(content: &MandateContent) -> Result<String> {
    let MandateContent {
        title,
        tags,
        excluded_tags,
        source_tags,
        stages,
        cheque,
        startup_countries,
        excluded_countries,
        markets,
        instruments,
        role,
        deal_intents,
        transfer_topics,
        business_models,
        customer_types,
        languages,
        capacity,
        active_from,
        active_to,
        derived,
    } = content;
    form::write(&Stored {
        schema: One,
        title: title.as_ref().map(ToString::to_string),
        tags: tags
            .iter()
            .map(|(tag, weight)| (tag.to_string(), *weight))
            .collect(),
        excluded_tags: form::texts(excluded_tags),
        source_tags: source_tags.clone(),
        stages: form::texts(stages),
        cheque: cheque.map(store_cheque),
        startup_countries: form::texts(startup_countries),
        excluded_countries: form::texts(excluded_countries),
        markets: form::texts(markets),
        instruments: form::texts(instruments),
        role: role.map(|role| role.to_string()),
        deal_intents: form::texts(deal_intents),
        transfer_topics: form::texts(transfer_topics),
        business_models: form::texts(business_models),
        customer_types: form::texts(customer_types),
        languages: form::texts(languages),
        capacity: store_capacity(*capacity),
        active_from: active_from.map(|day| day.to_string()),
        active_to: active_to.map(|day| day.to_string()),
        derived: *derived,
    })
}

/// The content of that text.
pub(in crate::db) fn decode(text: &str) -> Result<MandateContent> {
    let stored: Stored = form::read("a mandate", text)?;
    Ok(MandateContent {
        title: stored.title.as_deref().map(form::name).transpose()?,
        tags: stored
            .tags
            .iter()
            .map(|(tag, weight)| Ok((form::parse(tag)?, *weight)))
            .collect::<Result<_>>()?,
        excluded_tags: form::parse_all(&stored.excluded_tags)?,
        source_tags: stored.source_tags,
        stages: form::codes(&stored.stages, Stage::from_code)?,
        cheque: stored.cheque.map(restore_cheque).transpose()?,
        startup_countries: form::parse_all(&stored.startup_countries)?,
        excluded_countries: form::parse_all(&stored.excluded_countries)?,
        markets: form::parse_all(&stored.markets)?,
        instruments: form::parse_all(&stored.instruments)?,
        role: stored
            .role
            .map(|role| form::code(&role, InvestorRole::from_code))
            .transpose()?,
        deal_intents: form::parse_all(&stored.deal_intents)?,
        transfer_topics: form::parse_all(&stored.transfer_topics)?,
        business_models: form::parse_all(&stored.business_models)?,
        customer_types: form::parse_all(&stored.customer_types)?,
        languages: form::parse_all(&stored.languages)?,
        capacity: restore_capacity(stored.capacity),
        active_from: stored.active_from.as_deref().map(form::day).transpose()?,
        active_to: stored.active_to.as_deref().map(form::day).transpose()?,
        derived: stored.derived,
    })
}

fn store_cheque(cheque: Cheque) -> StoredCheque {
    let Cheque {
        currency,
        min,
        max,
        flexible,
    } = cheque;
    StoredCheque {
        currency: currency.to_string(),
        min,
        max,
        flexible,
    }
}

fn restore_cheque(stored: StoredCheque) -> Result<Cheque> {
    let StoredCheque {
        currency,
        min,
        max,
        flexible,
    } = stored;
    Ok(Cheque {
        currency: form::parse(&currency)?,
        min,
        max,
        flexible,
    })
}

fn store_capacity(capacity: Capacity) -> StoredCapacity {
    let Capacity {
        open_introductions,
        new_per_week,
    } = capacity;
    StoredCapacity {
        open_introductions,
        new_per_week,
    }
}

fn restore_capacity(stored: StoredCapacity) -> Capacity {
    let StoredCapacity {
        open_introductions,
        new_per_week,
    } = stored;
    Capacity {
        open_introductions,
        new_per_week,
    }
}
