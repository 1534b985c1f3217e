//! A registration that waits for its address to be shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::form::{One, code, parse, read, write};
use crate::db::Result;
use crate::db::stored::{name, name_some, parse_some, website_some};
use crate::domain::organization::OrganizationDetails;
use crate::domain::ticket::PendingPerson;
use crate::domain::values::OrganizationKind;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    kind: String,
    legal_name: String,
    trade_name: Option<String>,
    names: BTreeMap<String, String>,
    country: Option<String>,
    website: Option<String>,
    person_name: String,
    language: String,
    zone: String,
    password_hash: String,
}

/// Writes a registration.
pub(in crate::db) fn encode(
    details: &OrganizationDetails,
    person: &PendingPerson,
) -> Result<String> {
    let OrganizationDetails {
        kind,
        legal_name,
        trade_name,
        names,
        country,
        website,
    } = details;
    let PendingPerson {
        name,
        language,
        zone,
        password_hash,
    } = person;
    write(&Stored {
        schema: One,
        kind: kind.code().to_owned(),
        legal_name: legal_name.to_string(),
        trade_name: trade_name.as_ref().map(ToString::to_string),
        names: names
            .iter()
            .map(|(language, name)| (language.to_string(), name.to_string()))
            .collect(),
        country: country.as_ref().map(ToString::to_string),
        website: website.as_ref().map(|website| website.as_str().to_owned()),
        person_name: name.to_string(),
        language: language.to_string(),
        zone: zone.name().to_owned(),
        password_hash: password_hash.clone(),
    })
}

/// Reads a registration.
pub(in crate::db) fn decode(text: &str) -> Result<(OrganizationDetails, PendingPerson)> {
    let Stored {
        schema: One,
        kind,
        legal_name,
        trade_name,
        names,
        country,
        website,
        person_name,
        language,
        zone,
        password_hash,
    } = read("a registration", text)?;
    let details = OrganizationDetails {
        kind: code(&kind, OrganizationKind::from_code)?,
        legal_name: name(&legal_name)?,
        trade_name: name_some(trade_name.as_deref())?,
        names: names
            .iter()
            .map(|(language, text)| Ok((parse(language)?, name(text)?)))
            .collect::<Result<_>>()?,
        country: parse_some(country.as_deref())?,
        website: website_some(website.as_deref())?,
    };
    let person = PendingPerson {
        name: name(&person_name)?,
        language: parse(&language)?,
        zone: parse(&zone)?,
        password_hash,
    };
    Ok((details, person))
}
