//! The other side's profile by name, to who is asked and after both agreed.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::investor::InvestorContent;
use crate::domain::mandate::MandateContent;
use crate::domain::profile::StartupContent;
use crate::domain::values::Side;
use crate::http::api::exchange::path_id;
use crate::http::api::startup_profiles::{RoundDocument, TractionDocument};
use crate::http::api::values::{LocalizedView, localized_view, texts};
use crate::http::caller::Authenticated;
use crate::http::problem::Problem;
use crate::services::Context;
use crate::services::introductions::{self, Counterpart, Says};

/// The counterpart of an introduction, once it has agreed to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CounterpartProfile)]
pub struct CounterpartView {
    /// By which introduction.
    #[schema(format = "uuid", max_length = 36)]
    introduction: String,
    /// On which side the counterpart stands.
    #[schema(max_length = 10, example = "startup")]
    side: &'static str,
    /// The name that people know.
    #[schema(max_length = 200, example = "Tamar Flow")]
    name: String,
    /// As in the register of companies.
    #[schema(max_length = 200, example = "Tamar Flow Ltd")]
    legal_name: String,
    /// The name in other scripts, by language.
    names: BTreeMap<String, String>,
    /// Where it is registered, ISO 3166 alpha-2, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2, example = "IL")]
    country: Option<String>,
    /// Its web site, once both have agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    website: Option<String>,
    /// What a startup says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    startup: Option<NamedStartupView>,
    /// What an investor says of itself and looks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    investor: Option<NamedInvestorView>,
}

impl From<Counterpart> for CounterpartView {
    fn from(found: Counterpart) -> Self {
        let (startup, investor) = match &found.says {
            Says::Startup(content) => (Some(NamedStartupView::from(&**content)), None),
            Says::Investor { mandate, profile } => {
                let view = NamedInvestorView::of(mandate, profile.as_deref());
                (None, Some(view))
            }
        };
        let side = if startup.is_some() {
            Side::Startup
        } else {
            Side::Investor
        };
        let names = found.firm.names.iter();
        Self {
            introduction: found.introduction.to_string(),
            side: side.code(),
            name: found.name,
            legal_name: found.firm.legal_name.to_string(),
            names: names
                .map(|(language, name)| (language.to_string(), name.to_string()))
                .collect(),
            country: found.firm.country.map(|country| country.to_string()),
            website: found.firm.website.map(|website| website.to_string()),
            startup,
            investor,
        }
    }
}

/// A startup to an investor that it agreed to meet. Its answers to export
/// control and what limits it stay with the operator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamedStartup)]
pub struct NamedStartupView {
    /// One sentence, by language tag.
    one_liner: LocalizedView,
    /// A few paragraphs, by language tag.
    summary: LocalizedView,
    /// Which round it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "seed")]
    stage: Option<String>,
    /// The money it raises.
    #[serde(skip_serializing_if = "Option::is_none")]
    round: Option<RoundDocument>,
    /// What it has achieved.
    traction: TractionDocument,
    /// People on the payroll.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000)]
    team_size: Option<u32>,
    /// Tags that say what it is.
    #[schema(max_items = 3, example = json!(["water"]))]
    primary_tags: Vec<String>,
    /// Further tags.
    #[schema(max_items = 10)]
    tags: Vec<String>,
    /// Technology tags.
    #[schema(max_items = 10)]
    technologies: Vec<String>,
    /// How it earns.
    #[schema(max_items = 50)]
    business_models: Vec<String>,
    /// Who pays.
    #[schema(max_items = 50)]
    customer_types: Vec<String>,
    /// Where it sells: ISO 3166-1 alpha-2.
    #[schema(max_items = 250, example = json!(["IL"]))]
    markets_now: Vec<String>,
    /// Where it wants to sell.
    #[schema(max_items = 250, example = json!(["AZ"]))]
    markets_wanted: Vec<String>,
    /// What its people work in: language tags.
    #[schema(max_items = 20, example = json!(["en", "he"]))]
    languages: Vec<String>,
    /// What kinds of deal it wants.
    #[schema(max_items = 50, example = json!(["pilot_poc"]))]
    deal_intents: Vec<String>,
}

impl From<&StartupContent> for NamedStartupView {
    fn from(content: &StartupContent) -> Self {
        Self {
            one_liner: localized_view(&content.one_liner),
            summary: localized_view(&content.summary),
            stage: content.stage.map(|stage| stage.to_string()),
            round: content.round.as_ref().map(RoundDocument::from),
            traction: TractionDocument::from(&content.traction),
            team_size: content.team_size,
            primary_tags: texts(&content.primary_tags),
            tags: texts(&content.tags),
            technologies: texts(&content.technologies),
            business_models: texts(&content.business_models),
            customer_types: texts(&content.customer_types),
            markets_now: texts(&content.markets_now),
            markets_wanted: texts(&content.markets_wanted),
            languages: texts(&content.languages),
            deal_intents: texts(&content.deal_intents),
        }
    }
}

/// An investor to a startup that it agreed to meet. What it excludes, how it
/// weighs what it wants, how much it can take on and what it has under
/// management stay its own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamedInvestor)]
pub struct NamedInvestorView {
    /// What sort of investor it is, where it published its profile.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80, example = "family_office")]
    kind: Option<String>,
    /// A few paragraphs, by language tag; empty without a published profile.
    about: LocalizedView,
    /// In how many firms it has money, where it published its profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 200, example = 12)]
    portfolio_size: Option<usize>,
    /// What it calls the mandate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Water and food, seed")]
    title: Option<String>,
    /// Tags that it looks for.
    #[schema(max_items = 50, example = json!(["water"]))]
    tags: Vec<String>,
    /// Stages that it invests in.
    #[schema(max_items = 7, example = json!(["seed"]))]
    stages: Vec<String>,
    /// Markets that it opens: ISO 3166-1 alpha-2.
    #[schema(max_items = 250, example = json!(["AZ"]))]
    markets: Vec<String>,
    /// Kinds of deal that it wants.
    #[schema(max_items = 50, example = json!(["pilot_poc"]))]
    deal_intents: Vec<String>,
    /// Practices that it wants to learn.
    #[schema(max_items = 50)]
    transfer_topics: Vec<String>,
    /// Working languages: language tags.
    #[schema(max_items = 20, example = json!(["az", "en"]))]
    languages: Vec<String>,
}

impl NamedInvestorView {
    fn of(mandate: &MandateContent, profile: Option<&InvestorContent>) -> Self {
        Self {
            kind: profile
                .and_then(|it| it.kind.as_ref())
                .map(ToString::to_string),
            about: profile
                .map(|it| localized_view(&it.about))
                .unwrap_or_default(),
            portfolio_size: profile.map(|it| it.portfolio.len()),
            title: mandate.title.as_ref().map(ToString::to_string),
            tags: texts(mandate.tags.keys()),
            stages: texts(&mandate.stages),
            markets: texts(&mandate.markets),
            deal_intents: texts(&mandate.deal_intents),
            transfer_topics: texts(&mandate.transfer_topics),
            languages: texts(&mandate.languages),
        }
    }
}

/// The other side by name: to a side that is asked, where the other has agreed
/// by asking or by its yes; and to each, once both have.
///
/// Before both have agreed texts that hold an address, a number, a link or a
/// person's name are left out. The first reading of each side stands in the ledger of who was shown. While
/// the two may not be shown to each other, in a freeze say, it is not found.
#[utoipa::path(
    operation_id = "get_introduction_profile",
    tag = "introductions",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The counterpart.", body = CounterpartView))
)]
#[get("/v1/introductions/{id}/profile")]
pub(super) async fn read_counterpart(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = introductions::counterpart(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(CounterpartView::from(found)))
}
