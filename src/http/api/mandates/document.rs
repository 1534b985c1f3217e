//! What an investor looks for, as callers write and read it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::country::Country;
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::mandate::{Capacity, Cheque, MandateContent, note_contradiction, ruled_out_by};
use crate::domain::tag::{Facet, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::values::{InvestorRole, Stage};
use crate::http::api::check_owner;
use crate::http::api::exchange::body_id;
use crate::http::api::values::{amount, code, day, each, parsed, texts, within};
use crate::http::api::vocabulary::Vocabulary;

/// What an investor looks for: the body of a POST, what a PATCH is laid over,
/// and a part of what is read. An empty list says “no preference”.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MandateDocument {
    /// Whose it is; the caller's own investor when absent. It never changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub organization: Option<String>,
    /// What the investor calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Water and food, seed")]
    pub title: Option<String>,
    /// Wanted tags with their weight, 1 to 3.
    #[serde(default)]
    #[schema(example = json!({"water": 3, "agri_food": 1}))]
    pub tags: BTreeMap<String, u8>,
    /// Tags that rule a startup out, with all that is under them.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub excluded_tags: Vec<String>,
    /// Stages invested in.
    #[serde(default)]
    #[schema(max_items = 7, example = json!(["seed"]))]
    pub stages: Vec<String>,
    /// Cheque size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cheque: Option<ChequeDocument>,
    /// Countries startups must be in: ISO 3166-1 alpha-2.
    #[serde(default)]
    #[schema(max_items = 250, example = json!(["IL"]))]
    pub startup_countries: Vec<String>,
    /// Countries startups must not be in.
    #[serde(default)]
    #[schema(max_items = 250)]
    pub excluded_countries: Vec<String>,
    /// Markets the investor opens; its own country when empty.
    #[serde(default)]
    #[schema(max_items = 250)]
    pub markets: Vec<String>,
    /// Paper accepted: values of the facet `instrument`.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub instruments: Vec<String>,
    /// Part taken in a round: `lead`, `co`, `follow` or `any`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, pattern = "^(lead|co|follow|any)$")]
    pub role: Option<String>,
    /// Kinds of deal wanted: values of the facet `deal_intent`.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["pilot_poc"]))]
    pub deal_intents: Vec<String>,
    /// Practices wanted to learn: values of the facet `transfer_topic`.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub transfer_topics: Vec<String>,
    /// Business models preferred: values of the facet `business_model`.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub business_models: Vec<String>,
    /// Customers preferred: values of the facet `customer_type`.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub customer_types: Vec<String>,
    /// Working languages: language tags.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["en", "az"]))]
    pub languages: Vec<String>,
    /// How much can be taken on.
    #[serde(default)]
    pub capacity: CapacityDocument,
    /// First day it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10)]
    pub active_from: Option<String>,
    /// Last day it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10)]
    pub active_to: Option<String>,
}

/// What the investor writes per deal. Amounts are minor units of `currency`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Cheque)]
pub struct ChequeDocument {
    /// ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
    currency: String,
    /// The least.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 10_000_000)]
    min: i64,
    /// The most.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 50_000_000)]
    max: i64,
    /// Whether the bounds give way for the right startup.
    #[serde(default)]
    flexible: bool,
}

/// How much an investor can take on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = Capacity)]
pub struct CapacityDocument {
    /// Introductions open at a time.
    #[schema(minimum = 0, maximum = 1000, default = 10)]
    open_introductions: u32,
    /// New matches a week.
    #[schema(minimum = 0, maximum = 1000, default = 5)]
    new_per_week: u32,
}

impl Default for CapacityDocument {
    fn default() -> Self {
        Self::from(Capacity::default())
    }
}

impl From<Capacity> for CapacityDocument {
    fn from(capacity: Capacity) -> Self {
        Self {
            open_introductions: capacity.open_introductions,
            new_per_week: capacity.new_per_week,
        }
    }
}

/// Most wanted or excluded tags.
const TAGS: usize = 50;
/// There are fewer countries than this.
const COUNTRIES: usize = 250;

impl MandateDocument {
    /// The document that would make the mandate as it is.
    pub fn of(organization: OrganizationId, content: &MandateContent) -> Self {
        let tags = content.tags.iter();
        Self {
            organization: Some(organization.to_string()),
            title: content.title.as_ref().map(ToString::to_string),
            tags: tags
                .map(|(tag, weight)| (tag.to_string(), *weight))
                .collect(),
            excluded_tags: texts(&content.excluded_tags),
            stages: texts(&content.stages),
            cheque: content.cheque.map(ChequeDocument::from),
            startup_countries: texts(&content.startup_countries),
            excluded_countries: texts(&content.excluded_countries),
            markets: texts(&content.markets),
            instruments: texts(&content.instruments),
            role: content.role.map(|role| role.to_string()),
            deal_intents: texts(&content.deal_intents),
            transfer_topics: texts(&content.transfer_topics),
            business_models: texts(&content.business_models),
            customer_types: texts(&content.customer_types),
            languages: texts(&content.languages),
            capacity: CapacityDocument::from(content.capacity),
            active_from: content.active_from.map(|day| day.to_string()),
            active_to: content.active_to.map(|day| day.to_string()),
        }
    }

    /// Whose it is, if the document says so, and what it says.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(
        &self,
        taxonomy: &Taxonomy,
    ) -> Result<(Option<OrganizationId>, MandateContent), Faults> {
        self.read_by(Vocabulary::new(taxonomy), Some(&MandateContent::default()))
    }

    /// [`MandateDocument::read`] of what may be on record already, such as a row
    /// of a file that was exported: whoever stores it looks whether it contradicts
    /// itself more than it does there.
    ///
    /// # Errors
    /// Every other fault.
    pub fn read_as_known(
        &self,
        taxonomy: &Taxonomy,
    ) -> Result<(Option<OrganizationId>, MandateContent), Faults> {
        self.read_by(Vocabulary::new(taxonomy), None)
    }

    fn read_by(
        &self,
        words: Vocabulary<'_>,
        before: Option<&MandateContent>,
    ) -> Result<(Option<OrganizationId>, MandateContent), Faults> {
        let mut faults = Faults::new();
        let organization = self
            .organization
            .as_deref()
            .and_then(|text| body_id(&mut faults, "/organization", text));
        let content = self.content(&mut faults, words, before);
        faults.finish()?;
        Ok((organization, content))
    }

    /// What a mandate of `owner` says after the document has been changed to
    /// this one.
    ///
    /// # Errors
    /// Every fault; giving the mandate to another firm is one.
    pub fn revised(
        &self,
        owner: OrganizationId,
        before: &MandateContent,
        taxonomy: &Taxonomy,
    ) -> Result<MandateContent, Faults> {
        let held = before.tags.keys().chain(&before.excluded_tags);
        let held = held.cloned().collect();
        let words = Vocabulary::new(taxonomy).holding(&held);
        let (organization, content) = self.read_by(words, Some(before))?;
        check_owner(owner, organization)?;
        Ok(MandateContent {
            source_tags: before.source_tags.clone(),
            derived: before.derived,
            ..content
        })
    }

    fn content(
        &self,
        faults: &mut Faults,
        words: Vocabulary<'_>,
        before: Option<&MandateContent>,
    ) -> MandateContent {
        let (tags, excluded_tags) = self.tags(faults, words, before);
        let mut facet = |pointer: &str, values: &[String], facet: Facet| {
            words.facet(faults, pointer, values, facet)
        };
        let instruments = facet("/instruments", &self.instruments, Facet::Instrument);
        let deal_intents = facet("/deal_intents", &self.deal_intents, Facet::DealIntent);
        let transfer_topics = facet(
            "/transfer_topics",
            &self.transfer_topics,
            Facet::TransferTopic,
        );
        let business_models = facet(
            "/business_models",
            &self.business_models,
            Facet::BusinessModel,
        );
        let customer_types = facet("/customer_types", &self.customer_types, Facet::CustomerType);
        let (active_from, active_to) = self.term(faults);
        MandateContent {
            title: self
                .title
                .as_deref()
                .and_then(|title| parsed(faults, "/title", "bad_name", title)),
            tags,
            excluded_tags,
            source_tags: Vec::new(),
            stages: self.stages(faults),
            cheque: self.cheque.as_ref().and_then(|cheque| cheque.read(faults)),
            startup_countries: countries(faults, "/startup_countries", &self.startup_countries),
            excluded_countries: countries(faults, "/excluded_countries", &self.excluded_countries),
            markets: countries(faults, "/markets", &self.markets),
            instruments,
            role: self
                .role
                .as_deref()
                .and_then(|role| code(faults, "/role", role, InvestorRole::ALL)),
            deal_intents,
            transfer_topics,
            business_models,
            customer_types,
            languages: each(
                faults,
                "/languages",
                &self.languages,
                20,
                |faults, place, tag| parsed(faults, place, "unknown_language", tag),
            ),
            capacity: self.capacity.read(faults),
            active_from,
            active_to,
            derived: false,
        }
    }

    /// The wanted tags with their weights, and the excluded ones, which
    /// contradict each other no more than `before`; without one that is somebody
    /// else's to look at.
    fn tags(
        &self,
        faults: &mut Faults,
        words: Vocabulary<'_>,
        before: Option<&MandateContent>,
    ) -> (BTreeMap<Slug, u8>, BTreeSet<Slug>) {
        let wanted = self.weights(faults, words);
        let excluded = words.tags(faults, "/excluded_tags", &self.excluded_tags, TAGS);
        for (tag, (place, _)) in &wanted {
            let out =
                before.and_then(|before| ruled_out_by(tag, &excluded, before, words.taxonomy()));
            if let Some(out) = out {
                note_contradiction(faults, place, tag, out);
            }
        }
        let weights = wanted.into_iter().map(|(tag, (_, weight))| (tag, weight));
        (weights.collect(), excluded)
    }

    /// Each wanted tag with where it is named and its weight.
    fn weights(&self, faults: &mut Faults, words: Vocabulary<'_>) -> BTreeMap<Slug, (String, u8)> {
        let mut weights = BTreeMap::new();
        if !within(faults, "/tags", self.tags.len(), TAGS) {
            return weights;
        }
        for (word, weight) in &self.tags {
            let place = format!("/tags/{}", word.replace('~', "~0").replace('/', "~1"));
            if !(1..=3).contains(weight) {
                faults.push(place.as_str(), "out_of_range", "A weight is 1, 2 or 3.");
            }
            let tag = words.tag(faults, &place, word);
            weights.extend(tag.map(|tag| (tag, (place, *weight))));
        }
        weights
    }

    fn stages(&self, faults: &mut Faults) -> BTreeSet<Stage> {
        let most = Stage::ALL.len();
        each(
            faults,
            "/stages",
            &self.stages,
            most,
            |faults, place, text| code(faults, place, text, Stage::ALL),
        )
    }

    fn term(&self, faults: &mut Faults) -> (Option<chrono::NaiveDate>, Option<chrono::NaiveDate>) {
        let mut day_at =
            |pointer: &str, text: Option<&str>| text.and_then(|text| day(faults, pointer, text));
        let from = day_at("/active_from", self.active_from.as_deref());
        let to = day_at("/active_to", self.active_to.as_deref());
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            faults.push(
                "/active_to",
                "out_of_order",
                "The last day is before the first.",
            );
        }
        (from, to)
    }
}

fn countries(faults: &mut Faults, pointer: &str, codes: &[String]) -> BTreeSet<Country> {
    each(faults, pointer, codes, COUNTRIES, |faults, place, code| {
        parsed(faults, place, "unknown_country", code)
    })
}

impl ChequeDocument {
    fn read(&self, faults: &mut Faults) -> Option<Cheque> {
        let min = amount(faults, "/cheque/min", self.min);
        let max = amount(faults, "/cheque/max", self.max);
        if self.min > self.max {
            faults.push(
                "/cheque/max",
                "out_of_order",
                "The most is below the least.",
            );
        }
        let currency = parsed(
            faults,
            "/cheque/currency",
            "unknown_currency",
            &self.currency,
        );
        Some(Cheque {
            currency: currency?,
            min: min?,
            max: max?,
            flexible: self.flexible,
        })
    }
}

impl From<Cheque> for ChequeDocument {
    fn from(cheque: Cheque) -> Self {
        Self {
            currency: cheque.currency.to_string(),
            min: cheque.min,
            max: cheque.max,
            flexible: cheque.flexible,
        }
    }
}

impl CapacityDocument {
    fn read(&self, faults: &mut Faults) -> Capacity {
        let counts = [
            ("open_introductions", self.open_introductions),
            ("new_per_week", self.new_per_week),
        ];
        for (place, count) in counts {
            if count > 1_000 {
                let detail = "A capacity is 0 to 1000.";
                faults.push(format!("/capacity/{place}"), "out_of_range", detail);
            }
        }
        Capacity {
            open_introductions: self.open_introductions,
            new_per_week: self.new_per_week,
        }
    }
}
