//! What a startup says of itself, one document per revision.

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use super::part::{Localized, Money};
use crate::db::Result;
use crate::domain::profile::{ControlAnswers, Round, StartupContent, Traction};
use crate::domain::values::{Encumbrance, Stage};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    one_liner: Localized,
    summary: Localized,
    primary_tags: Vec<String>,
    tags: Vec<String>,
    technologies: Vec<String>,
    source_tags: Vec<String>,
    business_models: Vec<String>,
    customer_types: Vec<String>,
    stage: Option<String>,
    stage_before: Option<String>,
    markets_now: Vec<String>,
    markets_wanted: Vec<String>,
    languages: Vec<String>,
    deal_intents: Vec<String>,
    round: Option<StoredRound>,
    traction: StoredTraction,
    team_size: Option<u32>,
    encumbrances: Vec<String>,
    transfer_topics: Vec<String>,
    controls: Option<StoredControls>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRound {
    currency: String,
    min: Option<i64>,
    target: i64,
    max: Option<i64>,
    min_cheque: Option<i64>,
    instruments: Vec<String>,
    lead_wanted: bool,
    close_by: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTraction {
    revenue_12m: Option<Money>,
    growth_pct: Option<i32>,
    customers: Option<u32>,
    pilots: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one answer per question of the form"
)]
struct StoredControls {
    defence_customers: bool,
    dual_use: bool,
    interception: bool,
    intrusion: bool,
    biometrics: bool,
    licences: Vec<String>,
    signed_by: String,
    signed_on: String,
}

/// The canonical text of a profile's content.
pub(in crate::db) fn encode(content: &StartupContent) -> Result<String> {
    let StartupContent {
        one_liner,
        summary,
        primary_tags,
        tags,
        technologies,
        source_tags,
        business_models,
        customer_types,
        stage,
        stage_before,
        markets_now,
        markets_wanted,
        languages,
        deal_intents,
        round,
        traction,
        team_size,
        encumbrances,
        transfer_topics,
        controls,
    } = content;
    form::write(&Stored {
        schema: One,
        one_liner: Localized::of(one_liner),
        summary: Localized::of(summary),
        primary_tags: form::texts(primary_tags),
        tags: form::texts(tags),
        technologies: form::texts(technologies),
        source_tags: source_tags.clone(),
        business_models: form::texts(business_models),
        customer_types: form::texts(customer_types),
        stage: stage.map(|stage| stage.to_string()),
        stage_before: stage_before.map(|stage| stage.to_string()),
        markets_now: form::texts(markets_now),
        markets_wanted: form::texts(markets_wanted),
        languages: form::texts(languages),
        deal_intents: form::texts(deal_intents),
        round: round.as_ref().map(store_round),
        traction: store_traction(traction),
        team_size: *team_size,
        encumbrances: form::texts(encumbrances),
        transfer_topics: form::texts(transfer_topics),
        controls: controls.as_ref().map(store_controls),
    })
}

/// The content of that text.
pub(in crate::db) fn decode(text: &str) -> Result<StartupContent> {
    let stored: Stored = form::read("a startup profile", text)?;
    let stage = |code: Option<String>| {
        code.map(|code| form::code(&code, Stage::from_code))
            .transpose()
    };
    Ok(StartupContent {
        one_liner: stored.one_liner.restore()?,
        summary: stored.summary.restore()?,
        primary_tags: form::parse_all(&stored.primary_tags)?,
        tags: form::parse_all(&stored.tags)?,
        technologies: form::parse_all(&stored.technologies)?,
        source_tags: stored.source_tags,
        business_models: form::parse_all(&stored.business_models)?,
        customer_types: form::parse_all(&stored.customer_types)?,
        stage: stage(stored.stage)?,
        stage_before: stage(stored.stage_before)?,
        markets_now: form::parse_all(&stored.markets_now)?,
        markets_wanted: form::parse_all(&stored.markets_wanted)?,
        languages: form::parse_all(&stored.languages)?,
        deal_intents: form::parse_all(&stored.deal_intents)?,
        round: stored.round.as_ref().map(restore_round).transpose()?,
        traction: restore_traction(&stored.traction)?,
        team_size: stored.team_size,
        encumbrances: form::codes(&stored.encumbrances, Encumbrance::from_code)?,
        transfer_topics: form::parse_all(&stored.transfer_topics)?,
        controls: stored.controls.map(restore_controls).transpose()?,
    })
}

fn store_round(round: &Round) -> StoredRound {
    let Round {
        currency,
        min,
        target,
        max,
        min_cheque,
        instruments,
        lead_wanted,
        close_by,
    } = round;
    StoredRound {
        currency: currency.to_string(),
        min: *min,
        target: *target,
        max: *max,
        min_cheque: *min_cheque,
        instruments: form::texts(instruments),
        lead_wanted: *lead_wanted,
        close_by: close_by.map(|day| day.to_string()),
    }
}

fn restore_round(stored: &StoredRound) -> Result<Round> {
    Ok(Round {
        currency: form::parse(&stored.currency)?,
        min: stored.min,
        target: stored.target,
        max: stored.max,
        min_cheque: stored.min_cheque,
        instruments: form::parse_all(&stored.instruments)?,
        lead_wanted: stored.lead_wanted,
        close_by: stored.close_by.as_deref().map(form::day).transpose()?,
    })
}

fn store_traction(traction: &Traction) -> StoredTraction {
    let Traction {
        revenue_12m,
        growth_pct,
        customers,
        pilots,
    } = traction;
    StoredTraction {
        revenue_12m: revenue_12m.map(Money::of),
        growth_pct: *growth_pct,
        customers: *customers,
        pilots: *pilots,
    }
}

fn restore_traction(stored: &StoredTraction) -> Result<Traction> {
    Ok(Traction {
        revenue_12m: stored
            .revenue_12m
            .as_ref()
            .map(Money::restore)
            .transpose()?,
        growth_pct: stored.growth_pct,
        customers: stored.customers,
        pilots: stored.pilots,
    })
}

fn store_controls(controls: &ControlAnswers) -> StoredControls {
    let ControlAnswers {
        defence_customers,
        dual_use,
        interception,
        intrusion,
        biometrics,
        licences,
        signed_by,
        signed_on,
    } = controls;
    StoredControls {
        defence_customers: *defence_customers,
        dual_use: *dual_use,
        interception: *interception,
        intrusion: *intrusion,
        biometrics: *biometrics,
        licences: licences.clone(),
        signed_by: signed_by.to_string(),
        signed_on: signed_on.to_string(),
    }
}

fn restore_controls(stored: StoredControls) -> Result<ControlAnswers> {
    Ok(ControlAnswers {
        defence_customers: stored.defence_customers,
        dual_use: stored.dual_use,
        interception: stored.interception,
        intrusion: stored.intrusion,
        biometrics: stored.biometrics,
        licences: stored.licences,
        signed_by: form::parse(&stored.signed_by)?,
        signed_on: form::day(&stored.signed_on)?,
    })
}
