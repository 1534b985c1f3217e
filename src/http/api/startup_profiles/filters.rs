//! What lists of profiles are narrowed down by.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::facets::Control;
use crate::domain::profile::ProfileStatus;
use crate::domain::search::{Order, Query};
use crate::domain::tag::{Facet, Taxonomy};
use crate::domain::values::Encumbrance;
use crate::http::api::exchange::{query_code, query_id};
use crate::http::api::finding::{
    Asked, Coin, Wrong, order_of, query_day, query_several, query_spans, range,
};
use crate::http::problem::Problem;
use crate::services::startups::{Figure, Filter};

/// Which profiles.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StartupProfileFilters {
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
    /// Whether a round is open: there is one, and its last day is not over.
    round_open: Option<bool>,
    /// With `true`: whose round seeks somebody to lead it.
    lead_wanted: Option<bool>,
    /// Whose round seeks at least so much, in minor units of `currency`.
    #[param(minimum = 0, example = 100_000_000)]
    target_from: Option<i64>,
    /// Whose round seeks at most so much, in minor units of `currency`.
    #[param(minimum = 0, example = 500_000_000)]
    target_to: Option<i64>,
    /// Whose round takes a cheque of this size or a larger one, in minor units
    /// of `currency`.
    #[param(minimum = 0, example = 5_000_000)]
    cheque_from: Option<i64>,
    /// Whose round takes a cheque of this size or a smaller one, in minor units
    /// of `currency`; with both, one between them.
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
    /// Whose round closes on that day or before.
    #[param(format = Date, max_length = 10, example = "2027-03-31")]
    closes_by: Option<String>,
    /// With at least so many people.
    #[param(minimum = 0, example = 5)]
    team_size_from: Option<i64>,
    /// With at most so many people.
    #[param(minimum = 0, example = 50)]
    team_size_to: Option<i64>,
    /// With at least so many paying customers.
    #[param(minimum = 0, example = 1)]
    customers_from: Option<i64>,
    /// With at most so many paying customers.
    #[param(minimum = 0, example = 100)]
    customers_to: Option<i64>,
    /// With at least so many pilots.
    #[param(minimum = 0, example = 1)]
    pilots_from: Option<i64>,
    /// With at most so many pilots.
    #[param(minimum = 0, example = 10)]
    pilots_to: Option<i64>,
    /// Whose revenue grew by at least so many percent.
    #[param(example = 20)]
    growth_from: Option<i64>,
    /// Whose revenue grew by at most so many percent.
    #[param(example = 300)]
    growth_to: Option<i64>,
    /// That earned at least so much in twelve months, in minor units of
    /// `currency`.
    #[param(minimum = 0, example = 10_000_000)]
    revenue_from: Option<i64>,
    /// That earned at most so much in twelve months, in minor units of
    /// `currency`.
    #[param(minimum = 0, example = 100_000_000)]
    revenue_to: Option<i64>,
    /// That names such a limit: `grant_know_how`, `university_ip`,
    /// `exclusivity`, or `none` for those that name none.
    #[param(max_length = 20, example = "university_ip")]
    encumbrance: Option<String>,
    /// That so answered what export control asks: yes to `defence_customers`,
    /// `dual_use`, `interception`, `intrusion` or `biometrics`, `none` for no to
    /// all, `unanswered`.
    #[param(max_length = 20, example = "dual_use")]
    control: Option<String>,
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
    /// With all of these words in the firm's name, the one-liner, the summary or the labels of its tags, in
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
    /// In that language, whatever its region or script: BCP 47.
    #[param(max_length = 35, example = "az")]
    language: Option<String>,
    /// Whose round is on that paper.
    #[param(max_length = 100, example = "safe")]
    instrument: Option<String>,
    /// With that transfer topic.
    #[param(max_length = 100, example = "tech_transfer_office")]
    transfer_topic: Option<String>,
    /// With that business model.
    #[param(max_length = 100, example = "saas_subscription")]
    business_model: Option<String>,
    /// With that sort of customer.
    #[param(max_length = 100, example = "enterprise")]
    customer_type: Option<String>,
    /// In what order: `created_at`, `-created_at`, `updated_at`, `-updated_at`,
    /// `name`, `-name`,
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

impl StartupProfileFilters {
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
        let mut query = asked.read(taxonomy, &mut wrong);
        self.of_answers(&mut query, &mut wrong);
        let order = order_of(self.sort.as_deref(), &query, &mut wrong);
        let mut filter = self.of_rounds(&mut wrong);
        let status = self.status.as_deref();
        let organization = query_id("organization", self.organization.as_deref());
        filter.organization = wrong.take(organization);
        filter.statuses = wrong.take(query_several("status", status, ProfileStatus::from_code));
        let country = |code: &str| code.parse().ok();
        filter.countries = wrong.take(query_several("country", self.country.as_deref(), country));
        self.of_figures(&mut filter, &mut wrong);
        filter.programme = wrong.take(query_id("programme", self.programme.as_deref()));
        filter.claimed = self.claimed;
        let reconfirm_by = query_day("reconfirm_by", self.reconfirm_by.as_deref());
        filter.reconfirm_by = wrong.take(reconfirm_by);
        (filter.created, filter.updated) = query_spans(
            [self.created_since.as_deref(), self.created_until.as_deref()],
            [self.updated_since.as_deref(), self.updated_until.as_deref()],
            &mut wrong,
        );
        filter.query = query;
        wrong.or((filter, order))
    }

    fn of_figures(&self, filter: &mut Filter, wrong: &mut Wrong) {
        use Figure as F;
        let figures = [
            (
                F::TeamSize,
                ("team_size_from", self.team_size_from),
                ("team_size_to", self.team_size_to),
            ),
            (
                F::Customers,
                ("customers_from", self.customers_from),
                ("customers_to", self.customers_to),
            ),
            (
                F::Pilots,
                ("pilots_from", self.pilots_from),
                ("pilots_to", self.pilots_to),
            ),
            (
                F::Growth,
                ("growth_from", self.growth_from),
                ("growth_to", self.growth_to),
            ),
        ];
        for (figure, from, to) in figures {
            let range = range(from, to, wrong);
            filter.figures.extend(range.map(|range| (figure, range)));
        }
    }

    fn of_answers(&self, query: &mut Query, wrong: &mut Wrong) {
        let limit = |code: &str| match code {
            "none" => Some(None),
            code => Encumbrance::from_code(code).map(Some),
        };
        let encumbrance = query_code("encumbrance", self.encumbrance.as_deref(), limit);
        if let Some(by) = wrong.take(encumbrance) {
            query.with_encumbrance(by);
        }
        let control = query_code("control", self.control.as_deref(), Control::from_code);
        if let Some(given) = wrong.take(control) {
            query.with_control(given);
        }
        if self.lead_wanted == Some(true) {
            query.with_lead_wanted();
        }
    }

    fn of_rounds(&self, wrong: &mut Wrong) -> Filter {
        let amounts = [
            self.target_from,
            self.target_to,
            self.cheque_from,
            self.cheque_to,
            self.revenue_from,
            self.revenue_to,
        ];
        let there = amounts.iter().any(Option::is_some);
        let coin = Coin::read(
            self.currency.as_deref(),
            self.rates_on.as_deref(),
            there,
            wrong,
        );
        let target = (
            ("target_from", self.target_from),
            ("target_to", self.target_to),
        );
        let cheque = (
            ("cheque_from", self.cheque_from),
            ("cheque_to", self.cheque_to),
        );
        let revenue = (
            ("revenue_from", self.revenue_from),
            ("revenue_to", self.revenue_to),
        );
        Filter {
            revenue: coin.range(revenue.0, revenue.1, wrong),
            round_open: self.round_open,
            target: coin.range(target.0, target.1, wrong),
            cheque: coin.range(cheque.0, cheque.1, wrong),
            closes_by: wrong.take(query_day("closes_by", self.closes_by.as_deref())),
            ..Filter::default()
        }
    }
}
