//! The demo corridor as its file says it (`config/demo.toml`, described at its
//! head), turned into the domain's values.

mod investors;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::domain::account::Role;
use crate::domain::money::{Currency, Money};
use crate::domain::organization::OrganizationDetails;
use crate::domain::profile::{ControlAnswers, Round, StartupContent, Traction};
use crate::domain::text::{Language, LocalText, Localized, TextState};
use crate::domain::values::{OrganizationKind, Stage};
use crate::services::accounts::NewUser;

pub use investors::{InvestorEntry, MandateEntry};

/// The shipped demo corridor, compiled in.
pub const DEFAULT: &str = include_str!("../../../../config/demo.toml");

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// The programme.
    pub programme: ProgrammeEntry,
    /// Its partner organizations.
    pub parties: Vec<Firm>,
    /// Exchange rates of a day.
    pub rates: RatesEntry,
    /// The operator's people.
    pub users: Vec<UserEntry>,
    /// Startups with their profiles.
    pub startups: Vec<StartupEntry>,
    /// Investors with their mandates.
    pub investors: Vec<InvestorEntry>,
}

/// The programme.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeEntry {
    /// Its slug.
    pub slug: String,
    /// Its title.
    pub title: String,
    #[serde(rename = "countries")]
    _countries: Vec<String>,
    /// The directions it joins.
    pub corridors: Vec<CorridorEntry>,
    /// First day in force.
    pub starts_on: String,
    /// Last day in force.
    pub ends_on: String,
}

/// One direction.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorridorEntry {
    /// Country of the startups.
    pub startup: String,
    /// Country of the investors.
    pub investor: String,
}

/// Exchange rates of a day.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatesEntry {
    /// The day.
    pub date: String,
    /// Millionths of a US dollar for one unit.
    pub usd_micros: BTreeMap<String, i64>,
}

/// One of the operator's people.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEntry {
    name: String,
    /// The address to sign in with.
    pub email: String,
    role: String,
    language: String,
    zone: String,
}

/// A partner organization.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firm {
    legal_name: String,
    trade_name: Option<String>,
    #[serde(default)]
    names: BTreeMap<String, String>,
    country: String,
    #[serde(rename = "city", default)]
    _city: Option<String>,
    website: Option<String>,
    contact: Contact,
    #[serde(rename = "role", default)]
    _role: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contact {
    name: String,
    email: String,
    language: String,
    zone: String,
}

/// A startup with its profile.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartupEntry {
    legal_name: String,
    trade_name: Option<String>,
    #[serde(default)]
    names: BTreeMap<String, String>,
    country: String,
    website: Option<String>,
    contact: Contact,
    one_liner: BTreeMap<String, String>,
    summary: BTreeMap<String, String>,
    primary_tags: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    technologies: Vec<String>,
    #[serde(default)]
    business_models: Vec<String>,
    #[serde(default)]
    customer_types: Vec<String>,
    stage: String,
    stage_before: Option<String>,
    #[serde(default)]
    markets_now: Vec<String>,
    #[serde(default)]
    markets_wanted: Vec<String>,
    languages: Vec<String>,
    deal_intents: Vec<String>,
    round: Option<RoundEntry>,
    traction: Option<TractionEntry>,
    team_size: Option<u32>,
    #[serde(default)]
    transfer_topics: Vec<String>,
    controls: Option<ControlsEntry>,
    /// How far the demo takes it: `draft`, `submitted` or `published`.
    pub status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoundEntry {
    min: Option<i64>,
    target: i64,
    max: Option<i64>,
    currency: String,
    min_cheque: Option<i64>,
    instruments: Vec<String>,
    lead_wanted: bool,
    close_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TractionEntry {
    revenue_12m: Option<i64>,
    currency: Option<String>,
    growth_pct: Option<i32>,
    customers: Option<u32>,
    pilots: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ControlsEntry {
    defence_customers: bool,
    dual_use: bool,
    interception: bool,
    intrusion: bool,
    biometrics: bool,
    licences: Vec<String>,
    signed_by: String,
    signed_on: String,
}

/// Reads the demo's file.
///
/// # Errors
/// What can't be read, with its place.
pub fn parse(text: &str) -> Result<Demo, String> {
    toml::from_str(text).map_err(|error| format!("demo.toml: {error}"))
}

/// Reads one value, naming it when it is none.
pub fn value<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{text:?}: {error}"))
}

fn set<T: FromStr<Err: Display> + Ord>(texts: &[String]) -> Result<BTreeSet<T>, String> {
    texts.iter().map(|text| value(text)).collect()
}

fn some<T: FromStr<Err: Display>>(text: Option<&String>) -> Result<Option<T>, String> {
    text.map(|text| value(text)).transpose()
}

fn stage(text: &str) -> Result<Stage, String> {
    Stage::from_code(text).ok_or_else(|| format!("{text:?} is no stage"))
}

/// A day written `2026-11-20`.
pub fn day(text: &str) -> Result<NaiveDate, String> {
    value(text)
}

fn minor(major: i64, currency: Currency) -> i64 {
    major.saturating_mul(currency.minor_per_major())
}

fn localized(texts: &BTreeMap<String, String>) -> Result<Localized, String> {
    texts
        .iter()
        .map(|(language, text)| {
            let local = LocalText {
                text: text.clone(),
                state: TextState::Original,
            };
            Ok((value::<Language>(language)?, local))
        })
        .collect()
}

fn details(
    kind: OrganizationKind,
    legal_name: &str,
    trade_name: Option<&String>,
    names: &BTreeMap<String, String>,
    country: &str,
    website: Option<&String>,
) -> Result<OrganizationDetails, String> {
    Ok(OrganizationDetails {
        kind,
        legal_name: value(legal_name)?,
        trade_name: some(trade_name)?,
        names: names
            .iter()
            .map(|(language, name)| Ok((value(language)?, value(name)?)))
            .collect::<Result<_, String>>()?,
        country: Some(value(country)?),
        website: some(website)?,
    })
}

impl Contact {
    fn user(&self, password: &str) -> Result<NewUser, String> {
        Ok(NewUser {
            email: value(&self.email)?,
            name: value(&self.name)?,
            language: value(&self.language)?,
            zone: value(&self.zone)?,
            password: password.to_owned(),
        })
    }
}

impl UserEntry {
    /// The account and its role.
    pub fn user(&self, password: &str) -> Result<(NewUser, Role), String> {
        let role =
            Role::from_code(&self.role).ok_or_else(|| format!("{:?} is no role", self.role))?;
        let contact = Contact {
            name: self.name.clone(),
            email: self.email.clone(),
            language: self.language.clone(),
            zone: self.zone.clone(),
        };
        Ok((contact.user(password)?, role))
    }

    /// One line about them: address, role, name.
    pub fn described(&self) -> String {
        format!("{:<32} {:<11} {}", self.email, self.role, self.name)
    }

    /// Whether they play that part.
    pub fn is(&self, role: Role) -> bool {
        self.role == role.code()
    }
}

impl Firm {
    /// The organization and its first person.
    pub fn registration(&self, password: &str) -> Result<(OrganizationDetails, NewUser), String> {
        let details = details(
            OrganizationKind::Partner,
            &self.legal_name,
            self.trade_name.as_ref(),
            &self.names,
            &self.country,
            self.website.as_ref(),
        )?;
        Ok((details, self.contact.user(password)?))
    }
}

impl StartupEntry {
    /// The organization and its first person.
    pub fn registration(&self, password: &str) -> Result<(OrganizationDetails, NewUser), String> {
        let details = details(
            OrganizationKind::Startup,
            &self.legal_name,
            self.trade_name.as_ref(),
            &self.names,
            &self.country,
            self.website.as_ref(),
        )?;
        Ok((details, self.contact.user(password)?))
    }

    /// What the profile says.
    pub fn content(&self) -> Result<StartupContent, String> {
        Ok(StartupContent {
            one_liner: localized(&self.one_liner)?,
            summary: localized(&self.summary)?,
            primary_tags: set(&self.primary_tags)?,
            tags: set(&self.tags)?,
            technologies: set(&self.technologies)?,
            source_tags: vec![],
            business_models: set(&self.business_models)?,
            customer_types: set(&self.customer_types)?,
            stage: Some(stage(&self.stage)?),
            stage_before: self.stage_before.as_deref().map(stage).transpose()?,
            markets_now: set(&self.markets_now)?,
            markets_wanted: set(&self.markets_wanted)?,
            languages: set(&self.languages)?,
            deal_intents: set(&self.deal_intents)?,
            round: self.round.as_ref().map(RoundEntry::round).transpose()?,
            traction: self
                .traction
                .as_ref()
                .map(TractionEntry::traction)
                .transpose()?
                .unwrap_or_default(),
            team_size: self.team_size,
            encumbrances: BTreeSet::new(),
            transfer_topics: set(&self.transfer_topics)?,
            controls: self
                .controls
                .as_ref()
                .map(ControlsEntry::answers)
                .transpose()?,
        })
    }
}

impl RoundEntry {
    fn round(&self) -> Result<Round, String> {
        let currency: Currency = value(&self.currency)?;
        Ok(Round {
            currency,
            min: self.min.map(|major| minor(major, currency)),
            target: minor(self.target, currency),
            max: self.max.map(|major| minor(major, currency)),
            min_cheque: self.min_cheque.map(|major| minor(major, currency)),
            instruments: set(&self.instruments)?,
            lead_wanted: self.lead_wanted,
            close_by: self.close_by.as_deref().map(day).transpose()?,
        })
    }
}

impl TractionEntry {
    fn traction(&self) -> Result<Traction, String> {
        let revenue_12m = match (self.revenue_12m, &self.currency) {
            (Some(major), Some(currency)) => {
                let currency = value(currency)?;
                Some(Money::new(minor(major, currency), currency))
            }
            _ => None,
        };
        Ok(Traction {
            revenue_12m,
            growth_pct: self.growth_pct,
            customers: self.customers,
            pilots: self.pilots,
        })
    }
}

impl ControlsEntry {
    fn answers(&self) -> Result<ControlAnswers, String> {
        Ok(ControlAnswers {
            defence_customers: self.defence_customers,
            dual_use: self.dual_use,
            interception: self.interception,
            intrusion: self.intrusion,
            biometrics: self.biometrics,
            licences: self.licences.clone(),
            signed_by: value(&self.signed_by)?,
            signed_on: day(&self.signed_on)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::taxonomy;
    use crate::domain::screening::findings;
    use crate::domain::tag::Facet;

    #[test]
    fn the_shipped_demo_is_whole_and_speaks_only_known_tags() {
        let demo = parse(DEFAULT).unwrap();
        let taxonomy = taxonomy::parse(taxonomy::DEFAULT).unwrap();
        let in_israel = demo.startups.iter().filter(|s| s.country == "IL").count();
        assert!(in_israel >= 40 && demo.startups.len() - in_israel >= 5);
        assert!(demo.investors.iter().filter(|i| i.country == "AZ").count() >= 25);
        for startup in &demo.startups {
            let content = startup.content().unwrap();
            let (firm, _) = startup.registration("x").unwrap();
            for tag in content.all_tags() {
                assert!(taxonomy.tag(tag).is_some(), "{tag}");
            }
            for intent in &content.deal_intents {
                assert!(
                    taxonomy.facet_value(Facet::DealIntent, intent).is_some(),
                    "{intent}"
                );
            }
            for (_, text) in content.one_liner.iter().chain(content.summary.iter()) {
                assert_eq!(findings(&text.text, firm.all_names()), [], "{}", text.text);
            }
        }
        for mandate in demo
            .investors
            .iter()
            .flat_map(|investor| &investor.mandates)
        {
            for tag in mandate.content().unwrap().tags.keys() {
                assert!(taxonomy.tag(tag).is_some(), "{tag}");
            }
        }
    }
}
