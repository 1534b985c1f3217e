//! What an explanation was computed from beside its revisions.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::explanation::{StoredReason, restore_reason, store_reason};
use super::form::{self, One};
use crate::db::{Error, Result};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::grounds::{Grounds, Standing, TaxonomyHash, Terms};
use crate::domain::mandate::MandateStatus;
use crate::domain::money::Currency;
use crate::domain::profile::ProfileStatus;
use crate::domain::programme::{Corridor, ProgrammeStatus};
use crate::domain::revealed::{Observation, ObservedFact, Signal};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    programme: StoredTerms,
    startup: StoredStanding,
    mandate: StoredStanding,
    conflict: bool,
    suppressed_until: Option<String>,
    sensitivity_released: bool,
    rates: Option<StoredRates>,
    taxonomy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    observed: Option<StoredObservation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredObservation {
    as_of: i64,
    facts: Vec<StoredFact>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFact {
    signal: String,
    statistic: Option<i64>,
    reason: StoredReason,
}

impl StoredObservation {
    fn of(observation: &Observation) -> Self {
        let Observation { as_of, facts } = observation;
        let facts = facts.iter().map(|fact| StoredFact {
            signal: fact.signal.to_string(),
            statistic: fact.statistic,
            reason: store_reason(&fact.reason),
        });
        Self {
            as_of: *as_of,
            facts: facts.collect(),
        }
    }

    fn restore(self) -> Result<Observation> {
        let facts = self.facts.into_iter().map(|fact| {
            Ok(ObservedFact {
                signal: form::code(&fact.signal, Signal::from_code)?,
                statistic: fact.statistic,
                reason: restore_reason(fact.reason)?,
            })
        });
        Ok(Observation {
            as_of: self.as_of,
            facts: facts.collect::<Result<_>>()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTerms {
    status: String,
    corridors: Vec<(String, String)>,
    scope_tags: Vec<String>,
    starts_on: String,
    ends_on: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredStanding {
    country: Option<String>,
    status: String,
    reconfirm_by: Option<String>,
    clearance: String,
    frozen: bool,
    admitted: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRates {
    date: String,
    usd_micros: BTreeMap<String, i64>,
    /// Billionths beside the millionths, where there are any; grounds from
    /// before they were kept have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    usd_nanos_beside: BTreeMap<String, i64>,
}

impl StoredStanding {
    fn of<S: Copy>(standing: &Standing<S>, code: impl Fn(S) -> &'static str) -> Self {
        let Standing {
            country,
            status,
            reconfirm_by,
            clearance,
            frozen,
            admitted,
        } = standing;
        Self {
            country: country.map(|country| country.to_string()),
            status: code(*status).to_owned(),
            reconfirm_by: reconfirm_by.map(|day| day.to_string()),
            clearance: clearance.code().to_owned(),
            frozen: *frozen,
            admitted: *admitted,
        }
    }

    fn restore<S>(self, status: impl Fn(&str) -> Option<S>) -> Result<Standing<S>> {
        Ok(Standing {
            country: self.country.as_deref().map(form::parse).transpose()?,
            status: form::code(&self.status, status)?,
            reconfirm_by: self.reconfirm_by.as_deref().map(form::day).transpose()?,
            clearance: form::code(&self.clearance, ClearanceVerdict::from_code)?,
            frozen: self.frozen,
            admitted: self.admitted,
        })
    }
}

impl StoredTerms {
    fn of(terms: &Terms) -> Self {
        let corridors = terms.corridors.iter();
        Self {
            status: terms.status.code().to_owned(),
            corridors: corridors
                .map(|it| (it.startup.to_string(), it.investor.to_string()))
                .collect(),
            scope_tags: form::texts(&terms.scope_tags),
            starts_on: terms.starts_on.to_string(),
            ends_on: terms.ends_on.to_string(),
        }
    }

    fn restore(self) -> Result<Terms> {
        let corridors = self.corridors.iter().map(|(startup, investor)| {
            Ok(Corridor {
                startup: form::parse(startup)?,
                investor: form::parse(investor)?,
            })
        });
        Ok(Terms {
            status: form::code(&self.status, ProgrammeStatus::from_code)?,
            corridors: corridors.collect::<Result<_>>()?,
            scope_tags: form::parse_all(&self.scope_tags)?,
            starts_on: form::day(&self.starts_on)?,
            ends_on: form::day(&self.ends_on)?,
        })
    }
}

impl StoredRates {
    fn restore(self) -> Result<(chrono::NaiveDate, Vec<(Currency, i64)>)> {
        let beside = self.usd_nanos_beside;
        let quotes = self.usd_micros.into_iter().map(|(currency, micros)| {
            let beside = beside.get(&currency).copied().unwrap_or_default();
            let nanos = micros.saturating_mul(1_000).saturating_add(beside);
            Ok((form::parse(&currency)?, nanos))
        });
        Ok((form::day(&self.date)?, quotes.collect::<Result<_>>()?))
    }
}

/// The canonical text of the grounds.
pub(in crate::db) fn encode(grounds: &Grounds) -> Result<String> {
    let Grounds {
        programme,
        startup,
        mandate,
        conflict,
        suppressed_until,
        sensitivity_released,
        rates,
        taxonomy,
        observed,
    } = grounds;
    form::write(&Stored {
        schema: One,
        programme: StoredTerms::of(programme),
        startup: StoredStanding::of(startup, ProfileStatus::code),
        mandate: StoredStanding::of(mandate, MandateStatus::code),
        conflict: *conflict,
        suppressed_until: suppressed_until.map(|day| day.to_string()),
        sensitivity_released: *sensitivity_released,
        rates: rates.as_ref().map(|(date, quotes)| StoredRates {
            date: date.to_string(),
            usd_micros: quotes
                .iter()
                .map(|(currency, nanos)| (currency.to_string(), nanos / 1_000))
                .collect(),
            usd_nanos_beside: quotes
                .iter()
                .filter(|(_, nanos)| nanos % 1_000 != 0)
                .map(|(currency, nanos)| (currency.to_string(), nanos % 1_000))
                .collect(),
        }),
        taxonomy: hex(taxonomy),
        observed: observed.as_ref().map(StoredObservation::of),
    })
}

/// The grounds of that text.
pub(in crate::db) fn decode(text: &str) -> Result<Grounds> {
    let Stored {
        schema: One,
        programme,
        startup,
        mandate,
        conflict,
        suppressed_until,
        sensitivity_released,
        rates,
        taxonomy,
        observed,
    } = form::read("the grounds of a match", text)?;
    Ok(Grounds {
        programme: programme.restore()?,
        startup: startup.restore(ProfileStatus::from_code)?,
        mandate: mandate.restore(MandateStatus::from_code)?,
        conflict,
        suppressed_until: suppressed_until.as_deref().map(form::day).transpose()?,
        sensitivity_released,
        rates: rates.map(StoredRates::restore).transpose()?,
        taxonomy: hash(&taxonomy)?,
        observed: observed.map(StoredObservation::restore).transpose()?,
    })
}

fn hex(hash: &TaxonomyHash) -> String {
    hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hash(text: &str) -> Result<TaxonomyHash> {
    let damaged = || Error::Corrupt(format!("stored hash \"{text}\""));
    let bytes = (0..text.len()).step_by(2).map(|at| {
        let pair = text.get(at..at + 2).ok_or_else(damaged)?;
        u8::from_str_radix(pair, 16).map_err(|_| damaged())
    });
    let bytes: Vec<u8> = bytes.collect::<Result<_>>()?;
    bytes.try_into().map_err(|_| damaged())
}
