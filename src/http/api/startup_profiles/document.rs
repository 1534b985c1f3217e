//! What a startup says of itself, as callers write and read it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::country::Country;
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::profile::{ControlAnswers, Round, StartupContent, Traction};
use crate::domain::tag::{Facet, Taxonomy};
use crate::domain::text::bounded;
use crate::domain::values::{Encumbrance, Stage};
use crate::http::api::check_owner;
use crate::http::api::exchange::body_id;
use crate::http::api::values::{
    LocalTextView, MoneyView, amount, code, day, each, localized, localized_view, parsed, texts,
    within,
};
use crate::http::api::vocabulary::Vocabulary;

/// What a startup says of itself: the body of a POST, what a PATCH is laid
/// over, and a part of what is read. Every part but the firm may be missing
/// in a draft.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartupProfileDocument {
    /// Whose it is; the caller's own startup when absent. It never changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub organization: Option<String>,
    /// One sentence, at most 300 characters, by language tag.
    #[serde(default)]
    #[schema(example = json!({"en": {"text": "Drinking water from air.", "state": "original"}}))]
    pub one_liner: BTreeMap<String, LocalTextView>,
    /// A few paragraphs, at most 5000 characters, by language tag.
    #[serde(default)]
    pub summary: BTreeMap<String, LocalTextView>,
    /// One to three tags that say what it is.
    #[serde(default)]
    #[schema(max_items = 3, example = json!(["water"]))]
    pub primary_tags: Vec<String>,
    /// Further tags; with the primary ones at most ten.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub tags: Vec<String>,
    /// Technology tags.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub technologies: Vec<String>,
    /// How it earns: values of the facet `business_model`.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub business_models: Vec<String>,
    /// Who pays: values of the facet `customer_type`.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub customer_types: Vec<String>,
    /// Which round it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "seed")]
    pub stage: Option<String>,
    /// For a bridge: the round it bridges from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    pub stage_before: Option<String>,
    /// Where it sells: ISO 3166-1 alpha-2.
    #[serde(default)]
    #[schema(max_items = 250, example = json!(["IL"]))]
    pub markets_now: Vec<String>,
    /// Where it wants to sell.
    #[serde(default)]
    #[schema(max_items = 250, example = json!(["AZ", "KZ"]))]
    pub markets_wanted: Vec<String>,
    /// What its people work in: language tags.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["en", "he"]))]
    pub languages: Vec<String>,
    /// What kinds of deal it wants: values of the facet `deal_intent`.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["pilot_poc"]))]
    pub deal_intents: Vec<String>,
    /// The money it raises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<RoundDocument>,
    /// What it has achieved.
    #[serde(default)]
    pub traction: TractionDocument,
    /// People on the payroll.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub team_size: Option<u32>,
    /// What limits it: `grant_know_how`, `university_ip`, `exclusivity`.
    #[serde(default)]
    #[schema(max_items = 3)]
    pub encumbrances: Vec<String>,
    /// Practices it can teach: values of the facet `transfer_topic`.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub transfer_topics: Vec<String>,
    /// Export-control answers, needed before review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controls: Option<ControlAnswersDocument>,
}

/// The round a startup raises. Amounts are minor units of `currency`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Round)]
pub struct RoundDocument {
    /// ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
    currency: String,
    /// The least with which it closes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    min: Option<i64>,
    /// What is sought.
    #[schema(
        minimum = 0,
        maximum = 9_007_199_254_740_991_i64,
        example = 200_000_000
    )]
    target: i64,
    /// The most it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    max: Option<i64>,
    /// The smallest cheque accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    min_cheque: Option<i64>,
    /// The paper it is on: values of the facet `instrument`.
    #[serde(default)]
    #[schema(max_items = 50)]
    instruments: Vec<String>,
    /// Whether somebody is sought who sets the terms.
    #[serde(default)]
    lead_wanted: bool,
    /// The day it should close.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10, example = "2027-03-31")]
    close_by: Option<String>,
}

/// What the startup has achieved; anything may be unknown.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Traction)]
pub struct TractionDocument {
    /// Revenue of the last twelve months.
    #[serde(skip_serializing_if = "Option::is_none")]
    revenue_12m: Option<MoneyView>,
    /// Growth of that over the twelve months before, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = -100, maximum = 1_000_000)]
    growth_pct: Option<i32>,
    /// Paying customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 4_294_967_295_i64)]
    customers: Option<u32>,
    /// Pilots under way or done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 4_294_967_295_i64)]
    pilots: Option<u32>,
}

/// The answers that export control asks for, signed by a person.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own; they don't exclude one another"
)]
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ControlAnswers)]
pub struct ControlAnswersDocument {
    /// Has customers in defence or security.
    defence_customers: bool,
    /// Could serve military ends.
    dual_use: bool,
    /// Intercepts communications.
    interception: bool,
    /// Breaks into devices or networks.
    intrusion: bool,
    /// Identifies people by their bodies.
    biometrics: bool,
    /// Export licences held, by number.
    #[serde(default)]
    #[schema(max_items = 20)]
    licences: Vec<String>,
    /// Who answers for this.
    #[schema(min_length = 1, max_length = 200, example = "Dana Levi")]
    signed_by: String,
    /// Since when.
    #[schema(format = Date, max_length = 10, example = "2026-11-01")]
    signed_on: String,
}

/// Characters of a one-liner.
const ONE_LINER: usize = 300;
/// Characters of a summary.
const SUMMARY: usize = 5_000;
/// Primary and further tags together.
const TAGS: usize = 10;
/// There are fewer countries than this.
const COUNTRIES: usize = 250;

impl StartupProfileDocument {
    /// The document that would make the profile as it is.
    pub fn of(organization: OrganizationId, content: &StartupContent) -> Self {
        Self {
            organization: Some(organization.to_string()),
            one_liner: localized_view(&content.one_liner),
            summary: localized_view(&content.summary),
            primary_tags: texts(&content.primary_tags),
            tags: texts(&content.tags),
            technologies: texts(&content.technologies),
            business_models: texts(&content.business_models),
            customer_types: texts(&content.customer_types),
            stage: content.stage.map(|stage| stage.to_string()),
            stage_before: content.stage_before.map(|stage| stage.to_string()),
            markets_now: texts(&content.markets_now),
            markets_wanted: texts(&content.markets_wanted),
            languages: texts(&content.languages),
            deal_intents: texts(&content.deal_intents),
            round: content.round.as_ref().map(RoundDocument::from),
            traction: TractionDocument::from(&content.traction),
            team_size: content.team_size,
            encumbrances: texts(&content.encumbrances),
            transfer_topics: texts(&content.transfer_topics),
            controls: content.controls.as_ref().map(ControlAnswersDocument::from),
        }
    }

    /// Whose it is, if the document says so, and what it says.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(
        &self,
        taxonomy: &Taxonomy,
    ) -> Result<(Option<OrganizationId>, StartupContent), Faults> {
        let read = self.read_by(Vocabulary::new(taxonomy))?;
        check_repeated(&read.1)?;
        Ok(read)
    }

    fn read_by(
        &self,
        words: Vocabulary<'_>,
    ) -> Result<(Option<OrganizationId>, StartupContent), Faults> {
        let mut faults = Faults::new();
        let organization = self
            .organization
            .as_deref()
            .and_then(|text| body_id(&mut faults, "/organization", text));
        let content = self.content(&mut faults, words);
        faults.finish()?;
        Ok((organization, content))
    }

    /// What a profile of `owner` says after the document has been changed to
    /// this one.
    ///
    /// # Errors
    /// Every fault; giving the profile to another firm is one.
    pub fn revised(
        &self,
        owner: OrganizationId,
        before: &StartupContent,
        taxonomy: &Taxonomy,
    ) -> Result<StartupContent, Faults> {
        let held = before.all_tags().cloned().collect();
        let (organization, content) = self.read_by(Vocabulary::new(taxonomy).holding(&held))?;
        check_owner(owner, organization)?;
        let repeated = before.primary_tags.intersection(&before.tags).count();
        // What was so before this edit, by a merge of tags say, is not its fault.
        if content.primary_tags.intersection(&content.tags).count() > repeated {
            check_repeated(&content)?;
        }
        Ok(StartupContent {
            source_tags: before.source_tags.clone(),
            ..content
        })
    }

    fn content(&self, faults: &mut Faults, words: Vocabulary<'_>) -> StartupContent {
        let countries = |faults: &mut Faults, pointer: &str, codes: &[String]| {
            each(faults, pointer, codes, COUNTRIES, |faults, place, code| {
                parsed::<Country>(faults, place, "unknown_country", code)
            })
        };
        let room = TAGS.saturating_sub(self.primary_tags.len());
        StartupContent {
            one_liner: localized(faults, "/one_liner", &self.one_liner, ONE_LINER),
            summary: localized(faults, "/summary", &self.summary, SUMMARY),
            primary_tags: words.tags(faults, "/primary_tags", &self.primary_tags, 3),
            tags: words.tags(faults, "/tags", &self.tags, room),
            technologies: words.tags(faults, "/technologies", &self.technologies, TAGS),
            source_tags: Vec::new(),
            business_models: words.facet(
                faults,
                "/business_models",
                &self.business_models,
                Facet::BusinessModel,
            ),
            customer_types: words.facet(
                faults,
                "/customer_types",
                &self.customer_types,
                Facet::CustomerType,
            ),
            stage: stage(faults, "/stage", self.stage.as_deref()),
            stage_before: stage(faults, "/stage_before", self.stage_before.as_deref()),
            markets_now: countries(faults, "/markets_now", &self.markets_now),
            markets_wanted: countries(faults, "/markets_wanted", &self.markets_wanted),
            languages: each(
                faults,
                "/languages",
                &self.languages,
                20,
                |faults, place, tag| parsed(faults, place, "unknown_language", tag),
            ),
            deal_intents: words.facet(
                faults,
                "/deal_intents",
                &self.deal_intents,
                Facet::DealIntent,
            ),
            round: self
                .round
                .as_ref()
                .and_then(|round| round.read(faults, words)),
            traction: self.traction.read(faults),
            team_size: self.team_size.filter(|size| {
                within(
                    faults,
                    "/team_size",
                    usize::try_from(*size).unwrap_or(usize::MAX),
                    1_000_000,
                )
            }),
            encumbrances: each(
                faults,
                "/encumbrances",
                &self.encumbrances,
                3,
                |faults, place, text| code(faults, place, text, Encumbrance::ALL),
            ),
            transfer_topics: words.facet(
                faults,
                "/transfer_topics",
                &self.transfer_topics,
                Facet::TransferTopic,
            ),
            controls: self
                .controls
                .as_ref()
                .and_then(|controls| controls.read(faults, words.latest_day())),
        }
    }
}

/// A tag that is said twice takes the place of another.
fn check_repeated(content: &StartupContent) -> Result<(), Faults> {
    let mut faults = Faults::new();
    for tag in content.tags.intersection(&content.primary_tags) {
        let detail = format!("“{tag}” stands among the primary tags.");
        faults.push("/tags", "repeated", detail);
    }
    faults.finish()
}

fn stage(faults: &mut Faults, pointer: &str, text: Option<&str>) -> Option<Stage> {
    code(faults, pointer, text?, Stage::ALL)
}

impl RoundDocument {
    fn read(&self, faults: &mut Faults, words: Vocabulary<'_>) -> Option<Round> {
        let mut amount_at = |place: &str, minor: Option<i64>| {
            minor.and_then(|minor| amount(faults, &format!("/round/{place}"), minor))
        };
        let (min, max) = (amount_at("min", self.min), amount_at("max", self.max));
        let target = amount_at("target", Some(self.target));
        let min_cheque = amount_at("min_cheque", self.min_cheque);
        for (place, low, high) in [
            ("min", min, target),
            ("target", target, max),
            ("min_cheque", min_cheque, max.or(target)),
        ] {
            if low.zip(high).is_some_and(|(low, high)| low > high) {
                let detail = "The amounts must rise: min, target, max; a cheque is within them.";
                faults.push(format!("/round/{place}"), "out_of_order", detail);
            }
        }
        let currency = parsed(
            faults,
            "/round/currency",
            "unknown_currency",
            &self.currency,
        );
        let instruments = words.facet(
            faults,
            "/round/instruments",
            &self.instruments,
            Facet::Instrument,
        );
        let close_by = self
            .close_by
            .as_deref()
            .and_then(|text| day(faults, "/round/close_by", text));
        Some(Round {
            currency: currency?,
            min,
            target: target?,
            max,
            min_cheque,
            instruments,
            lead_wanted: self.lead_wanted,
            close_by,
        })
    }
}

impl TractionDocument {
    fn read(&self, faults: &mut Faults) -> Traction {
        if self
            .growth_pct
            .is_some_and(|pct| !(-100..=1_000_000).contains(&pct))
        {
            let detail = "Growth is -100 to 1000000 percent.";
            faults.push("/traction/growth_pct", "out_of_range", detail);
        }
        let revenue = self.revenue_12m.as_ref();
        Traction {
            revenue_12m: revenue.and_then(|money| money.read(faults, "/traction/revenue_12m")),
            growth_pct: self.growth_pct,
            customers: self.customers,
            pilots: self.pilots,
        }
    }
}

impl ControlAnswersDocument {
    fn read(&self, faults: &mut Faults, latest: Option<NaiveDate>) -> Option<ControlAnswers> {
        let licences = each(
            faults,
            "/controls/licences",
            &self.licences,
            20,
            |faults, place, text| faults.take(place, "bad_text", bounded(text, 100, false)),
        );
        let signed_by = parsed(faults, "/controls/signed_by", "bad_name", &self.signed_by);
        let signed_on = day(faults, "/controls/signed_on", &self.signed_on);
        if signed_on
            .zip(latest)
            .is_some_and(|(day, latest)| day > latest)
        {
            let detail = "That day has not come anywhere yet.";
            faults.push("/controls/signed_on", "in_the_future", detail);
        }
        Some(ControlAnswers {
            defence_customers: self.defence_customers,
            dual_use: self.dual_use,
            interception: self.interception,
            intrusion: self.intrusion,
            biometrics: self.biometrics,
            licences,
            signed_by: signed_by?,
            signed_on: signed_on?,
        })
    }
}

impl From<&Round> for RoundDocument {
    fn from(round: &Round) -> Self {
        Self {
            currency: round.currency.to_string(),
            min: round.min,
            target: round.target,
            max: round.max,
            min_cheque: round.min_cheque,
            instruments: texts(&round.instruments),
            lead_wanted: round.lead_wanted,
            close_by: round.close_by.map(|day| day.to_string()),
        }
    }
}

impl From<&Traction> for TractionDocument {
    fn from(traction: &Traction) -> Self {
        Self {
            revenue_12m: traction.revenue_12m.map(MoneyView::from),
            growth_pct: traction.growth_pct,
            customers: traction.customers,
            pilots: traction.pilots,
        }
    }
}

impl From<&ControlAnswers> for ControlAnswersDocument {
    fn from(answers: &ControlAnswers) -> Self {
        Self {
            defence_customers: answers.defence_customers,
            dual_use: answers.dual_use,
            interception: answers.interception,
            intrusion: answers.intrusion,
            biometrics: answers.biometrics,
            licences: answers.licences.clone(),
            signed_by: answers.signed_by.to_string(),
            signed_on: answers.signed_on.to_string(),
        }
    }
}
