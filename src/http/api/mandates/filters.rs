//! What lists of mandates are narrowed down by.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::mandate::MandateStatus;
use crate::domain::search::{Order, Query};
use crate::domain::tag::{Facet, Taxonomy};
use crate::domain::values::InvestorRole;
use crate::http::api::exchange::{query_code, query_id};
use crate::http::api::finding::{
    Asked, Coin, Wrong, order_of, query_country, query_day, query_several, query_spans,
};
use crate::http::problem::Problem;
use crate::services::mandates::Filter;

/// Which mandates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MandateFilters {
    /// Of that firm.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// In one of these states, with commas between.
    #[param(
        max_length = 300,
        pattern = "^[a-z_]+(,[a-z_]+)*$",
        example = "published,paused"
    )]
    status: Option<String>,
    /// Of a firm in one of these countries, with commas between: ISO 3166-1
    /// alpha-2.
    #[param(max_length = 59, pattern = "^[A-Z]{2}(,[A-Z]{2})*$", example = "IL,AZ")]
    country: Option<String>,
    /// Admitted to that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// Whether somebody of the firm stands behind it.
    claimed: Option<bool>,
    /// Whose cheque may be of this size or larger, in minor units of `currency`.
    #[param(minimum = 0, example = 5_000_000)]
    cheque_from: Option<i64>,
    /// Whose cheque may be of this size or smaller, in minor units of `currency`;
    /// with both, between them. A flexible cheque counts as it is said.
    #[param(minimum = 0, example = 25_000_000)]
    cheque_to: Option<i64>,
    /// In what money amounts of the query are: ISO 4217; needed with any.
    /// Amounts in other money are compared at the rates of a day; where no
    /// rate joins the two, they are not found.
    #[param(max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
    currency: Option<String>,
    /// The rates' day: the last ones up to and with it; today's without it.
    #[param(format = Date, max_length = 10, example = "2026-11-27")]
    rates_on: Option<String>,
    /// By its own dates, `active_from` and `active_to`, in force on that day; one
    /// that names none is so always.
    #[param(format = Date, max_length = 10, example = "2026-12-01")]
    active_on: Option<String>,
    /// To be confirmed on that day or before.
    #[param(format = Date, max_length = 10, example = "2026-12-14")]
    reconfirm_by: Option<String>,
    /// Made then or later: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    created_since: Option<String>,
    /// Made before then: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-12-01T00:00:00Z")]
    created_until: Option<String>,
    /// Changed then or later: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    updated_since: Option<String>,
    /// Changed before then, and not since: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-12-01T00:00:00Z")]
    updated_until: Option<String>,
    /// With all of these words in the firm's name, the title or the labels of its tags, in
    /// whatever script a name is written; the last word may be the beginning of
    /// one. No character has a meaning of its own.
    #[param(min_length = 1, max_length = 200, example = "su itk")]
    q: Option<String>,
    /// With that tag or one under it: a slug, a label or an alias.
    #[param(max_length = 100, example = "water")]
    tag: Option<String>,
    /// At that stage.
    #[param(max_length = 20, example = "seed")]
    stage: Option<String>,
    /// With that deal intent.
    #[param(max_length = 100, example = "pilot_poc")]
    deal_intent: Option<String>,
    /// For that market: ISO 3166-1 alpha-2.
    #[param(max_length = 2, pattern = "^[A-Z]{2}$", example = "AZ")]
    market: Option<String>,
    /// That takes startups from there, be it by name or because it names no
    /// country: ISO 3166-1 alpha-2.
    #[param(max_length = 2, pattern = "^[A-Z]{2}$", example = "IL")]
    startup_country: Option<String>,
    /// That excludes startups from there by name: ISO 3166-1 alpha-2.
    #[param(max_length = 2, pattern = "^[A-Z]{2}$", example = "IR")]
    excluded_country: Option<String>,
    /// In that language, whatever its region or script: BCP 47.
    #[param(max_length = 35, example = "az")]
    language: Option<String>,
    /// That takes that paper.
    #[param(max_length = 100, example = "safe")]
    instrument: Option<String>,
    /// That plays that part in a round, or any: `lead`, `co`, `follow`, `any`.
    #[param(max_length = 10, example = "lead")]
    role: Option<String>,
    /// That wants that transfer topic.
    #[param(max_length = 100, example = "tech_transfer_office")]
    transfer_topic: Option<String>,
    /// For that business model.
    #[param(max_length = 100, example = "saas_subscription")]
    business_model: Option<String>,
    /// For that sort of customer.
    #[param(max_length = 100, example = "enterprise")]
    customer_type: Option<String>,
    /// In what order: `created_at`, `-created_at`, `updated_at`, `-updated_at`,
    /// `name` and `-name`, by title, else by the firm's name,
    /// `reconfirm_by`, the soonest first, or, with `q`, `relevance`, which is the order of a search that names
    /// none: all words in the name first, then in a name that sounds so, then
    /// in name, headline and tags, then anywhere; the oldest first among these.
    #[param(
        max_length = 20,
        pattern = "^(relevance|reconfirm_by|-?name|-?(created|updated)_at)$",
        default = "created_at"
    )]
    sort: Option<String>,
    /// Whether to say how many there are over all pages, up to 1000.
    count: Option<bool>,
}

impl MandateFilters {
    /// Whether to count.
    pub fn counts(&self) -> bool {
        self.count == Some(true)
    }

    /// What they mean.
    ///
    /// # Errors
    /// 400, naming every parameter that is wrong.
    pub fn read(&self, taxonomy: &Taxonomy) -> Result<(Filter, Order), Problem> {
        let mut wrong = Wrong::default();
        let query = self.query(taxonomy, &mut wrong);
        let order = order_of(self.sort.as_deref(), &query, &mut wrong);
        let amounts = self.cheque_from.or(self.cheque_to).is_some();
        let (currency, on) = (self.currency.as_deref(), self.rates_on.as_deref());
        let coin = Coin::read(currency, on, amounts, &mut wrong);
        let (from, to) = (
            ("cheque_from", self.cheque_from),
            ("cheque_to", self.cheque_to),
        );
        let status = self.status.as_deref();
        let organization = query_id("organization", self.organization.as_deref());
        let (created, updated) = query_spans(
            [self.created_since.as_deref(), self.created_until.as_deref()],
            [self.updated_since.as_deref(), self.updated_until.as_deref()],
            &mut wrong,
        );
        let reconfirm_by = query_day("reconfirm_by", self.reconfirm_by.as_deref());
        let filter = Filter {
            organization: wrong.take(organization),
            statuses: wrong.take(query_several("status", status, MandateStatus::from_code)),
            countries: wrong.take(query_several("country", self.country.as_deref(), |code| {
                code.parse().ok()
            })),
            programme: wrong.take(query_id("programme", self.programme.as_deref())),
            claimed: self.claimed,
            cheque: coin.range(from, to, &mut wrong),
            active_on: wrong.take(query_day("active_on", self.active_on.as_deref())),
            reconfirm_by: wrong.take(reconfirm_by),
            created,
            updated,
            query,
            ..Filter::default()
        };
        wrong.or((filter, order))
    }

    fn query(&self, taxonomy: &Taxonomy, wrong: &mut Wrong) -> Query {
        let facets = [
            (
                "deal_intent",
                Facet::DealIntent,
                self.deal_intent.as_deref(),
            ),
            ("instrument", Facet::Instrument, self.instrument.as_deref()),
            (
                "transfer_topic",
                Facet::TransferTopic,
                self.transfer_topic.as_deref(),
            ),
            (
                "business_model",
                Facet::BusinessModel,
                self.business_model.as_deref(),
            ),
            (
                "customer_type",
                Facet::CustomerType,
                self.customer_type.as_deref(),
            ),
        ];
        let asked = Asked {
            words: self.q.as_deref(),
            tag: self.tag.as_deref(),
            stage: self.stage.as_deref(),
            market: self.market.as_deref(),
            language: self.language.as_deref(),
            facets: &facets,
        };
        let mut query = asked.read(taxonomy, wrong);
        let role = query_code("role", self.role.as_deref(), InvestorRole::from_code);
        if let Some(role) = wrong.take(role) {
            query.with_role(role);
        }
        let taken = query_country("startup_country", self.startup_country.as_deref());
        if let Some(country) = wrong.take(taken) {
            query.with_startups_from(country);
        }
        let excluded = query_country("excluded_country", self.excluded_country.as_deref());
        if let Some(country) = wrong.take(excluded) {
            query.with_excluded(country);
        }
        query
    }
}
