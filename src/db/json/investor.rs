//! What an investor says of itself, one document per revision.

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use super::part::{Localized, Money};
use crate::db::Result;
use crate::domain::investor::{
    Accreditation, AccreditationStatus, AssetsBand, Holding, InvestorContent,
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    kind: Option<String>,
    residence: Option<String>,
    about: Localized,
    assets: Option<String>,
    portfolio: Vec<StoredHolding>,
    languages: Vec<String>,
    accreditation: StoredAccreditation,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHolding {
    name: String,
    tags: Vec<String>,
    date: Option<String>,
    amount: Option<Money>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAccreditation {
    status: String,
    basis: Option<String>,
    valid_to: Option<String>,
}

/// The canonical text of a profile's content.
pub(in crate::db) fn encode(content: &InvestorContent) -> Result<String> {
    let InvestorContent {
        kind,
        residence,
        about,
        assets,
        portfolio,
        languages,
        accreditation,
    } = content;
    let holding = |holding: &Holding| StoredHolding {
        name: holding.name.to_string(),
        tags: form::texts(&holding.tags),
        date: holding.date.map(|day| day.to_string()),
        amount: holding.amount.map(Money::of),
    };
    form::write(&Stored {
        schema: One,
        kind: kind.as_ref().map(ToString::to_string),
        residence: residence.map(|country| country.to_string()),
        about: Localized::of(about),
        assets: assets.map(|band| band.code().to_owned()),
        portfolio: portfolio.iter().map(holding).collect(),
        languages: form::texts(languages),
        accreditation: StoredAccreditation {
            status: accreditation.status.code().to_owned(),
            basis: accreditation.basis.clone(),
            valid_to: accreditation.valid_to.map(|day| day.to_string()),
        },
    })
}

/// The content of that text.
pub(in crate::db) fn decode(text: &str) -> Result<InvestorContent> {
    let Stored {
        schema: One,
        kind,
        residence,
        about,
        assets,
        portfolio,
        languages,
        accreditation,
    } = form::read("an investor profile", text)?;
    let holding = |held: StoredHolding| {
        Ok(Holding {
            name: form::name(&held.name)?,
            tags: form::parse_all(&held.tags)?,
            date: held.date.as_deref().map(form::day).transpose()?,
            amount: held.amount.as_ref().map(Money::restore).transpose()?,
        })
    };
    let code = |text: &String| form::code(text, AssetsBand::from_code);
    Ok(InvestorContent {
        kind: kind.as_deref().map(form::parse).transpose()?,
        residence: residence.as_deref().map(form::parse).transpose()?,
        about: about.restore()?,
        assets: assets.as_ref().map(code).transpose()?,
        portfolio: portfolio.into_iter().map(holding).collect::<Result<_>>()?,
        languages: form::parse_all(&languages)?,
        accreditation: Accreditation {
            status: form::code(&accreditation.status, AccreditationStatus::from_code)?,
            basis: accreditation.basis,
            valid_to: accreditation
                .valid_to
                .as_deref()
                .map(form::day)
                .transpose()?,
        },
    })
}
