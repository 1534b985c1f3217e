//! What records are filtered by, as words of the index of the search. Each
//! carries a prefix that no folded word can have: `t_` a tag, `s_` a stage, `d_`
//! a deal intent, `m_` a market, `g_` a language, `i_` an instrument, `x_` a
//! transfer topic, `b_` a business model, `c_` a sort of customer, `v_` a sort
//! of investor, `e_` what limits a startup, `q_` what it answered to export
//! control, `w_` whom its round seeks, `r_` an investor's part, `y_` a country
//! that a mandate takes startups from and `n_` one that it does not.

use std::collections::BTreeSet;

use super::country::Country;
use super::investor::InvestorContent;
use super::mandate::MandateContent;
use super::profile::{ControlAnswers, StartupContent};
use super::text::{Language, Slug};
use super::values::{Encumbrance, InvestorRole, Stage, codes};

/// What a startup's profile is filtered by.
pub fn profile_facets(content: &StartupContent) -> BTreeSet<String> {
    let mut facets: BTreeSet<String> = content.all_tags().map(tag).collect();
    facets.extend(content.stage.map(stage));
    facets.extend(content.deal_intents.iter().map(deal_intent));
    let markets = content.markets_now.iter().chain(&content.markets_wanted);
    facets.extend(markets.copied().map(market));
    facets.extend(content.languages.iter().map(language));
    facets.extend(content.business_models.iter().map(business_model));
    facets.extend(content.customer_types.iter().map(customer_type));
    facets.extend(content.transfer_topics.iter().map(transfer_topic));
    let instruments = content.round.iter().flat_map(|round| &round.instruments);
    facets.extend(instruments.map(instrument));
    let limits = content.encumbrances.iter().copied().map(Some);
    facets.extend(limits.map(encumbrance));
    if content.encumbrances.is_empty() {
        facets.insert(encumbrance(None));
    }
    facets.extend(Control::given(content.controls.as_ref()).map(control));
    if content.round.as_ref().is_some_and(|it| it.lead_wanted) {
        facets.insert(LEAD_WANTED.to_owned());
    }
    facets
}

/// What a mandate is filtered by.
pub fn mandate_facets(content: &MandateContent) -> BTreeSet<String> {
    let mut facets: BTreeSet<String> = content.tags.keys().map(tag).collect();
    facets.extend(content.stages.iter().copied().map(stage));
    facets.extend(content.deal_intents.iter().map(deal_intent));
    facets.extend(content.markets.iter().copied().map(market));
    facets.extend(content.languages.iter().map(language));
    facets.extend(content.business_models.iter().map(business_model));
    facets.extend(content.customer_types.iter().map(customer_type));
    facets.extend(content.transfer_topics.iter().map(transfer_topic));
    facets.extend(content.instruments.iter().map(instrument));
    facets.extend(content.role.map(role));
    facets.extend(content.excluded_countries.iter().copied().map(excluded));
    facets.extend(countries_taken(content));
    facets
}

/// What an investor's profile is filtered by.
pub fn investor_facets(content: &InvestorContent) -> BTreeSet<String> {
    let held = content.portfolio.iter().flat_map(|it| &it.tags);
    let mut facets: BTreeSet<String> = held.map(tag).collect();
    facets.extend(content.languages.iter().map(language));
    facets.extend(content.kind.iter().map(investor_type));
    facets
}

pub(super) fn tag(slug: &Slug) -> String {
    format!("t_{slug}")
}

pub(super) fn stage(stage: Stage) -> String {
    format!("s_{stage}")
}

pub(super) fn deal_intent(slug: &Slug) -> String {
    format!("d_{slug}")
}

pub(super) fn instrument(slug: &Slug) -> String {
    format!("i_{slug}")
}

pub(super) fn transfer_topic(slug: &Slug) -> String {
    format!("x_{slug}")
}

pub(super) fn business_model(slug: &Slug) -> String {
    format!("b_{slug}")
}

pub(super) fn customer_type(slug: &Slug) -> String {
    format!("c_{slug}")
}

pub(super) fn investor_type(slug: &Slug) -> String {
    format!("v_{slug}")
}

/// Languages are compared by their primary subtags.
pub(super) fn language(language: &Language) -> String {
    format!("g_{}", language.primary().to_ascii_lowercase())
}

pub(super) fn role(role: InvestorRole) -> String {
    format!("r_{role}")
}

pub(super) fn excluded(country: Country) -> String {
    format!("n_{}", country.code().to_ascii_lowercase())
}

pub(super) fn taken(country: Country) -> String {
    format!("y_{}", country.code().to_ascii_lowercase())
}

/// From any country.
pub(super) const TAKEN_ANYWHERE: &str = "y_any";

/// From where a mandate takes startups, so that one word of it answers: a
/// mandate that names no country takes all but those that it excludes.
fn countries_taken(content: &MandateContent) -> Vec<String> {
    let out = &content.excluded_countries;
    let named = &content.startup_countries;
    if named.is_empty() && out.is_empty() {
        return vec![TAKEN_ANYWHERE.to_owned()];
    }
    let wanted = |country: &Country| named.is_empty() || named.contains(country);
    let all = Country::all().filter(|it| wanted(it) && !out.contains(it));
    all.map(taken).collect()
}

pub(super) fn market(country: Country) -> String {
    format!("m_{}", country.code().to_ascii_lowercase())
}

/// None stands for those that name no limit.
pub(super) fn encumbrance(by: Option<Encumbrance>) -> String {
    by.map_or_else(|| "e_none".to_owned(), |by| format!("e_{by}"))
}

pub(super) fn control(control: Control) -> String {
    format!("q_{control}")
}

/// A round that seeks somebody to lead it.
pub(super) const LEAD_WANTED: &str = "w_lead";

codes! {
    /// An answer that export control asks for.
    Control {
        /// Customers in defence or security.
        DefenceCustomers = "defence_customers",
        /// Could serve military ends.
        DualUse = "dual_use",
        /// Intercepts communications.
        Interception = "interception",
        /// Breaks into devices or networks.
        Intrusion = "intrusion",
        /// Identifies people by their bodies.
        Biometrics = "biometrics",
        /// All of them answered with no.
        None = "none",
        /// Not answered.
        Unanswered = "unanswered",
    }
}

impl Control {
    /// What a startup's answers say: each yes, or that there is none.
    fn given(answers: Option<&ControlAnswers>) -> impl Iterator<Item = Self> {
        let said = match answers {
            None => vec![Self::Unanswered],
            Some(answers) if !answers.needs_review() => vec![Self::None],
            Some(answers) => [
                (answers.defence_customers, Self::DefenceCustomers),
                (answers.dual_use, Self::DualUse),
                (answers.interception, Self::Interception),
                (answers.intrusion, Self::Intrusion),
                (answers.biometrics, Self::Biometrics),
            ]
            .into_iter()
            .filter_map(|(yes, question)| yes.then_some(question))
            .collect(),
        };
        said.into_iter()
    }
}
