//! What an investor says of itself, as callers write and read it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::country::Country;
use crate::domain::fault::{Fault, Faults};
use crate::domain::ids::OrganizationId;
use crate::domain::investor::{
    Accreditation, AccreditationStatus, AssetsBand, Holding, InvestorContent,
};
use crate::domain::tag::{Facet, Taxonomy};
use crate::domain::text::{Language, Name, Slug, bounded};
use crate::http::api::check_owner;
use crate::http::api::exchange::body_id;
use crate::http::api::values::{
    LocalizedView, MoneyView, code, day, each, localized, localized_view, parsed, texts, within,
};
use crate::http::api::vocabulary::Vocabulary;

/// Most characters of the text about an investor.
const ABOUT: usize = 5_000;
/// Most firms of a portfolio.
const PORTFOLIO: usize = 200;
/// Most tags of one of them.
const TAGS: usize = 10;
/// Most languages.
const LANGUAGES: usize = 20;
/// Most characters of what an accreditation rests on.
const BASIS: usize = 500;

/// What an investor says of itself: the body of a POST, what a PATCH is laid
/// over, and a part of what is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvestorProfileDocument {
    /// Whose it is; the caller's own investor when absent. It never changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub organization: Option<String>,
    /// What sort of investor it is: a value of the facet `investor_type`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80, example = "family_office")]
    pub kind: Option<String>,
    /// Where it is resident: ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "AZ")]
    pub residence: Option<String>,
    /// A few paragraphs, by language; English is required to submit.
    #[serde(default)]
    pub about: LocalizedView,
    /// How much it has under management, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "10m_50m")]
    pub assets: Option<String>,
    /// What it has invested in.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub portfolio: Vec<HoldingDocument>,
    /// Working languages: BCP 47.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["az", "en"]))]
    pub languages: Vec<String>,
    /// As what it counts by law.
    #[serde(default)]
    pub accreditation: AccreditationDocument,
}

/// A firm that it has put money into.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PortfolioHolding)]
pub struct HoldingDocument {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, example = "Negev Sensors")]
    pub name: String,
    /// What it does.
    #[serde(default)]
    #[schema(max_items = 10, example = json!(["water"]))]
    pub tags: Vec<String>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10, example = "2023-05-01")]
    pub date: Option<String>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<MoneyView>,
}

/// As what it counts by law.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Accreditation)]
pub struct AccreditationDocument {
    /// `none`, `claimed` by the investor itself, or `verified`, which the
    /// operator's people alone say. What an investor changes of a verified one
    /// is claimed again.
    #[schema(max_length = 20, example = "claimed")]
    pub status: String,
    /// By which rule or document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "Securities Law 5728-1968, first schedule"
    )]
    pub basis: Option<String>,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10, example = "2027-12-31")]
    pub valid_to: Option<String>,
}

impl Default for AccreditationDocument {
    fn default() -> Self {
        Self::from(&Accreditation::default())
    }
}

impl From<&Accreditation> for AccreditationDocument {
    fn from(said: &Accreditation) -> Self {
        Self {
            status: said.status.to_string(),
            basis: said.basis.clone(),
            valid_to: said.valid_to.map(|day| day.to_string()),
        }
    }
}

impl AccreditationDocument {
    fn read(&self, faults: &mut Faults) -> Accreditation {
        let status = code(
            faults,
            "/accreditation/status",
            &self.status,
            AccreditationStatus::ALL,
        );
        let basis = self.basis.as_deref().map(|text| bounded(text, BASIS, true));
        let basis = basis.and_then(|text| faults.take("/accreditation/basis", "bad_text", text));
        let valid_to = self.valid_to.as_deref();
        Accreditation {
            status: status.unwrap_or(AccreditationStatus::None),
            basis,
            valid_to: valid_to.and_then(|text| day(faults, "/accreditation/valid_to", text)),
        }
    }
}

impl InvestorProfileDocument {
    /// What a profile of `organization` says.
    pub fn of(organization: OrganizationId, content: &InvestorContent) -> Self {
        let holding = |held: &Holding| HoldingDocument {
            name: held.name.to_string(),
            tags: texts(&held.tags),
            date: held.date.map(|day| day.to_string()),
            amount: held.amount.map(MoneyView::from),
        };
        Self {
            organization: Some(organization.to_string()),
            kind: content.kind.as_ref().map(ToString::to_string),
            residence: content.residence.map(|country| country.to_string()),
            about: localized_view(&content.about),
            assets: content.assets.map(|band| band.to_string()),
            portfolio: content.portfolio.iter().map(holding).collect(),
            languages: texts(&content.languages),
            accreditation: AccreditationDocument::from(&content.accreditation),
        }
    }

    /// Whose it is, if the document says so, and what it says.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(
        &self,
        taxonomy: &Taxonomy,
    ) -> Result<(Option<OrganizationId>, InvestorContent), Faults> {
        self.read_by(Vocabulary::new(taxonomy))
    }

    /// What a profile of `owner` says after the document has been changed to
    /// this one.
    ///
    /// # Errors
    /// Every fault; giving the profile to another firm is one.
    pub fn revised(
        &self,
        owner: OrganizationId,
        before: &InvestorContent,
        taxonomy: &Taxonomy,
    ) -> Result<InvestorContent, Faults> {
        let held = before.portfolio.iter().flat_map(|it| it.tags.iter());
        let held = held.cloned().collect();
        let (organization, content) = self.read_by(Vocabulary::new(taxonomy).holding(&held))?;
        check_owner(owner, organization)?;
        Ok(content)
    }

    fn read_by(
        &self,
        words: Vocabulary<'_>,
    ) -> Result<(Option<OrganizationId>, InvestorContent), Faults> {
        let mut faults = Faults::new();
        let organization = (self.organization.as_deref())
            .and_then(|text| body_id(&mut faults, "/organization", text));
        let kind: Vec<String> = self.kind.iter().cloned().collect();
        let mut part = Faults::new();
        let kind = words.facet(&mut part, "", &kind, Facet::InvestorType);
        for fault in part {
            faults.add(Fault {
                pointer: "/type".to_owned(),
                ..fault
            });
        }
        let country = |faults: &mut Faults, text: &str| {
            parsed::<Country>(faults, "/residence", "unknown_country", text)
        };
        let language = |faults: &mut Faults, place: &str, text: &str| {
            parsed::<Language>(faults, place, "unknown_language", text)
        };
        let (residence, assets) = (self.residence.as_deref(), self.assets.as_deref());
        let content = InvestorContent {
            kind: kind.into_iter().next(),
            residence: residence.and_then(|text| country(&mut faults, text)),
            about: localized(&mut faults, "/about", &self.about, ABOUT),
            assets: assets.and_then(|text| code(&mut faults, "/assets", text, AssetsBand::ALL)),
            portfolio: self.holdings(&mut faults, words),
            languages: each(
                &mut faults,
                "/languages",
                &self.languages,
                LANGUAGES,
                language,
            ),
            accreditation: self.accreditation.read(&mut faults),
        };
        faults.finish()?;
        Ok((organization, content))
    }

    fn holdings(&self, faults: &mut Faults, words: Vocabulary<'_>) -> Vec<Holding> {
        if !within(faults, "/portfolio", self.portfolio.len(), PORTFOLIO) {
            return Vec::new();
        }
        let held = self.portfolio.iter().enumerate();
        held.filter_map(|(place, held)| held.read(faults, &format!("/portfolio/{place}"), words))
            .collect()
    }
}

impl HoldingDocument {
    fn read(&self, faults: &mut Faults, at: &str, words: Vocabulary<'_>) -> Option<Holding> {
        let name: Option<Name> = parsed(faults, &format!("{at}/name"), "bad_text", &self.name);
        let tags: BTreeSet<Slug> = words.tags(faults, &format!("{at}/tags"), &self.tags, TAGS);
        let date = self.date.as_deref();
        let date = date.and_then(|text| day(faults, &format!("{at}/date"), text));
        let amount = self.amount.as_ref();
        let amount = amount.and_then(|money| money.read(faults, &format!("{at}/amount")));
        Some(Holding {
            name: name?,
            tags,
            date,
            amount,
        })
    }
}
