//! Investors of the demo with their mandates.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::mandate::{Capacity, Cheque, MandateContent};
use crate::domain::money::Currency;
use crate::domain::organization::OrganizationDetails;
use crate::domain::values::{InvestorRole, OrganizationKind};
use crate::services::accounts::NewUser;

use super::{Contact, details, minor, set, stage, value};

/// An investor with its mandates.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvestorEntry {
    legal_name: String,
    trade_name: Option<String>,
    #[serde(default)]
    names: BTreeMap<String, String>,
    pub(super) country: String,
    website: Option<String>,
    contact: Contact,
    /// What sort of investor; state money is cleared with enhanced scrutiny.
    pub investor_type: String,
    #[serde(rename = "languages")]
    _languages: Vec<String>,
    /// Its mandates.
    pub mandates: Vec<MandateEntry>,
}

/// One mandate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MandateEntry {
    title: String,
    tags: Vec<WantedTag>,
    #[serde(default)]
    excluded_tags: Vec<String>,
    #[serde(default)]
    stages: Vec<String>,
    cheque: Option<ChequeEntry>,
    #[serde(default)]
    flexible_cheque: bool,
    #[serde(default)]
    startup_countries: Vec<String>,
    #[serde(default)]
    excluded_countries: Vec<String>,
    #[serde(default)]
    markets: Vec<String>,
    #[serde(default)]
    instruments: Vec<String>,
    role: Option<String>,
    deal_intents: Vec<String>,
    #[serde(default)]
    transfer_topics: Vec<String>,
    #[serde(default)]
    business_models: Vec<String>,
    #[serde(default)]
    customer_types: Vec<String>,
    #[serde(default)]
    languages: Vec<String>,
    capacity: Option<CapacityEntry>,
    /// How far the demo takes it: `draft`, `published` or `paused`.
    pub status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedTag {
    slug: String,
    weight: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChequeEntry {
    min: i64,
    max: i64,
    currency: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityEntry {
    open_introductions: u32,
    new_per_week: u32,
}

impl InvestorEntry {
    /// The organization and its first person.
    pub fn registration(&self, password: &str) -> Result<(OrganizationDetails, NewUser), String> {
        let details = details(
            OrganizationKind::Investor,
            &self.legal_name,
            self.trade_name.as_ref(),
            &self.names,
            &self.country,
            self.website.as_ref(),
        )?;
        Ok((details, self.contact.user(password)?))
    }
}

impl MandateEntry {
    /// What the mandate says.
    pub fn content(&self) -> Result<MandateContent, String> {
        Ok(MandateContent {
            title: Some(value(&self.title)?),
            tags: self
                .tags
                .iter()
                .map(|tag| Ok((value(&tag.slug)?, tag.weight)))
                .collect::<Result<_, String>>()?,
            excluded_tags: set(&self.excluded_tags)?,
            source_tags: vec![],
            stages: self
                .stages
                .iter()
                .map(|text| stage(text))
                .collect::<Result<_, _>>()?,
            cheque: self
                .cheque
                .as_ref()
                .map(|entry| self.cheque(entry))
                .transpose()?,
            startup_countries: set(&self.startup_countries)?,
            excluded_countries: set(&self.excluded_countries)?,
            markets: set(&self.markets)?,
            instruments: set(&self.instruments)?,
            role: self
                .role
                .as_deref()
                .map(|text| {
                    InvestorRole::from_code(text).ok_or_else(|| format!("{text:?} is no role"))
                })
                .transpose()?,
            deal_intents: set(&self.deal_intents)?,
            transfer_topics: set(&self.transfer_topics)?,
            business_models: set(&self.business_models)?,
            customer_types: set(&self.customer_types)?,
            languages: set(&self.languages)?,
            capacity: self
                .capacity
                .as_ref()
                .map_or_else(Capacity::default, |entry| Capacity {
                    open_introductions: entry.open_introductions,
                    new_per_week: entry.new_per_week,
                }),
            active_from: None,
            active_to: None,
            derived: false,
        })
    }

    fn cheque(&self, entry: &ChequeEntry) -> Result<Cheque, String> {
        let currency: Currency = value(&entry.currency)?;
        Ok(Cheque {
            currency,
            min: minor(entry.min, currency),
            max: minor(entry.max, currency),
            flexible: self.flexible_cheque,
        })
    }
}
