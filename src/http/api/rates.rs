//! What money is worth.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::intent;
use super::finding::{Wrong, query_currency, query_day};
use super::values::{day, parsed, time, within};
use crate::domain::amounts::Rates;
use crate::domain::calendar::latest_day;
use crate::domain::fault::Faults;
use crate::domain::money::Currency;
use crate::domain::rates::{Batch, Cross, Quotation, Source, Step};
use crate::http::caller::Authenticated;
use crate::http::fields::JsonBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::PageView;
use crate::http::preconditions::digested;
use crate::http::problem::{Kind, Problem};
use crate::http::query_string::ReadQuery;
use crate::http::registry::ServiceConfig;
use crate::services::{Context, rates};

/// Most quotations of one request.
const MOST: usize = 100;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(get_rate).service(create_rates);
}

/// Which rate.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RateQuery {
    /// Of what money: ISO 4217.
    #[param(
        min_length = 3,
        max_length = 3,
        pattern = "^[A-Z]{3}$",
        example = "ILS"
    )]
    base: String,
    /// In what money: ISO 4217.
    #[param(
        min_length = 3,
        max_length = 3,
        pattern = "^[A-Z]{3}$",
        example = "AZN"
    )]
    quote: String,
    /// By the last quotations up to and with that day; today if it is absent.
    #[param(format = Date, max_length = 10, example = "2026-11-27")]
    on: Option<String>,
}

impl RateQuery {
    fn read(&self, today: NaiveDate) -> Result<(Currency, Currency, NaiveDate), Problem> {
        let mut wrong = Wrong::default();
        let base = wrong.take(query_currency("base", &self.base));
        let quote = wrong.take(query_currency("quote", &self.quote));
        let on = wrong.take(query_day("on", self.on.as_deref()));
        wrong.or(())?;
        let pair = base.zip(quote).ok_or_else(|| Problem::new(Kind::BadQuery));
        pair.map(|(base, quote)| (base, quote, on.unwrap_or(today)))
    }
}

/// A rate, and what it follows from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rate)]
pub struct RateView {
    /// Of what money.
    #[schema(max_length = 3, example = "ILS")]
    base: String,
    /// In what money.
    #[schema(max_length = 3, example = "AZN")]
    quote: String,
    /// Asked for that day.
    #[schema(format = "date", max_length = 10)]
    on: String,
    /// The day of the oldest quotation in it; absent for a currency in itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10)]
    quoted_on: Option<String>,
    /// Units of `quote` for one of `base`, as a decimal number.
    #[schema(max_length = 60, example = "0.461513380653")]
    rate: String,
    /// Whether `rate` is all of it; else it is rounded to twelve significant
    /// digits, to the nearest, a half to the even digit.
    exact: bool,
    /// The same as a fraction in lowest terms, in digits: above the line.
    #[schema(max_length = 39, pattern = "^[0-9]+$", example = "18401")]
    numerator: String,
    /// Below the line.
    #[schema(max_length = 39, pattern = "^[0-9]+$", example = "39871")]
    denominator: String,
    /// The quotations that it is made of, from `base` to `quote`; none for a
    /// currency in itself.
    #[schema(max_items = 3)]
    steps: Vec<RateStepView>,
}

/// A quotation as it was published: `nominal` units of `base` were worth
/// `value` of `quote`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RateStep)]
pub struct RateStepView {
    /// Who says so: `ecb`, `cbar` or `operator`.
    #[schema(max_length = 8, example = "ecb")]
    source: &'static str,
    /// Of what money.
    #[schema(max_length = 3, example = "EUR")]
    base: String,
    /// In what money.
    #[schema(max_length = 3, example = "ILS")]
    quote: String,
    /// On what day.
    #[schema(format = "date", max_length = 10)]
    on: String,
    /// How many units of the base.
    #[schema(minimum = 1, maximum = 1_000_000)]
    nominal: i64,
    /// How much of the quote.
    #[schema(max_length = 20, example = "3.9871")]
    value: String,
    /// Whether the rate goes from its quote to its base.
    inverse: bool,
}

impl From<&Step> for RateStepView {
    fn from(step: &Step) -> Self {
        let Quotation {
            source,
            base,
            quote,
            on,
            nominal,
            value,
        } = step.quotation;
        Self {
            source: source.code(),
            base: base.to_string(),
            quote: quote.to_string(),
            on: on.to_string(),
            nominal,
            value: value.to_string(),
            inverse: step.inverse,
        }
    }
}

impl RateView {
    fn of(cross: &Cross, on: NaiveDate) -> Self {
        let (rate, exact) = cross.ratio.decimal();
        Self {
            base: cross.base.to_string(),
            quote: cross.quote.to_string(),
            on: on.to_string(),
            quoted_on: cross.oldest().map(|day| day.to_string()),
            rate,
            exact,
            numerator: cross.ratio.numerator().to_string(),
            denominator: cross.ratio.denominator().to_string(),
            steps: cross.steps.iter().map(RateStepView::from).collect(),
        }
    }
}

/// One page of a list whose query may compare amounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatedPageView<T> {
    /// The page.
    #[serde(flatten)]
    page: PageView<T>,
    /// The rates at which amounts in other money than the query's were compared;
    /// there where the query asks of amounts and some are in other money.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 200)]
    rates: Vec<RateView>,
}

impl<T: Serialize> RatedPageView<T> {
    /// A page of what was compared at these rates, which are of that day.
    pub fn of(page: PageView<T>, rates: Option<&Rates>, on: NaiveDate) -> Self {
        let rates = rates.map(Rates::between).unwrap_or_default().into_iter();
        Self {
            page,
            rates: rates.map(|cross| RateView::of(cross, on)).collect(),
        }
    }

    /// The answer: the page, and a link to the next one, if there is one.
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        self.page.respond_with(request, self)
    }
}

/// What one currency is worth in another.
///
/// By the last quotations up to and with the day, in exact fractions. A pair
/// that nobody quotes is derived through euro, dollar and manat: of the chains
/// whose oldest quotation is within a week of the freshest chain's, the
/// shortest, then the freshest. 404 where no chain joins the two.
#[utoipa::path(
    operation_id = "get_rate",
    tag = "rates",
    params(RateQuery, ("If-None-Match" = Option<String>, Header, max_length = 200)),
    responses(
        (status = 200, description = "The rate.", body = RateView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this answer."),
    )
)]
#[get("/v1/rates")]
async fn get_rate(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    query: ReadQuery<RateQuery>,
) -> Result<HttpResponse, Problem> {
    let today = context.now().date_naive();
    let (_, (base, quote, on)) = query.meaning(|asked| asked.read(today))?;
    let cross = rates::look_up(&context, &caller, base, quote, on).await?;
    digested(&request, &RateView::of(&cross, on))
}

/// What money was worth on a day, as somebody of the operator's says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRates {
    /// On what day; not after today.
    #[schema(format = "date", max_length = 10, example = "2026-11-27")]
    on: String,
    /// The quotations.
    #[schema(min_items = 1, max_items = 100)]
    quotes: Vec<NewRate>,
    /// Puts right what was said before of the same pair and day.
    #[serde(default)]
    replace: bool,
}

/// A quotation: `nominal` units of `base` are worth `value` of `quote`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRate {
    /// Of what money: ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "KZT")]
    base: String,
    /// In what money: ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "AZN")]
    quote: String,
    /// How many units of the base: a power of ten.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1, example = 100)]
    nominal: i64,
    /// How much of the quote: a decimal number of at most ten significant
    /// digits.
    #[schema(max_length = 40, pattern = "^[0-9]+([.][0-9]+)?$", example = "0.3271")]
    value: String,
}

const fn one() -> i64 {
    1
}

impl NewRates {
    fn read(&self, today: NaiveDate) -> Result<Vec<Quotation>, Faults> {
        let mut faults = Faults::new();
        let on = day(&mut faults, "/on", &self.on);
        if on.is_some_and(|on| on > today) {
            faults.push(
                "/on",
                "in_the_future",
                "Nobody knows a rate of that day yet.",
            );
        }
        if self.quotes.is_empty() {
            faults.push("/quotes", "too_few", "At least one is needed.");
        }
        within(&mut faults, "/quotes", self.quotes.len(), MOST);
        let mut read: Vec<Quotation> = Vec::new();
        for (place, quote) in self.quotes.iter().enumerate().take(MOST) {
            let at = format!("/quotes/{place}");
            let quotation = faults.nest(&at, quote.read(on.unwrap_or(today)));
            let Some(quotation) = quotation else { continue };
            let pair = |it: &Quotation| (it.base, it.quote);
            if read.iter().any(|it| pair(it) == pair(&quotation)) {
                faults.push(at, "twice", "This pair comes twice.");
            }
            read.push(quotation);
        }
        faults.finish().map(|()| read)
    }
}

impl NewRate {
    fn read(&self, on: NaiveDate) -> Result<Quotation, Faults> {
        let mut faults = Faults::new();
        let base = parsed(&mut faults, "/base", "unknown_currency", &self.base);
        let quote = parsed(&mut faults, "/quote", "unknown_currency", &self.quote);
        let value = parsed(&mut faults, "/value", "not_a_rate", &self.value);
        let (Some(base), Some(quote), Some(value)) = (base, quote, value) else {
            return Err(faults);
        };
        let quotation = Quotation {
            source: Source::Operator,
            base,
            quote,
            on,
            nominal: self.nominal,
            value,
        };
        faults.take("", "not_a_quotation", quotation.check());
        faults.finish().map(|()| quotation)
    }
}

/// Quotations that came together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RateBatch)]
pub struct RateBatchView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Who quotes.
    #[schema(max_length = 8, example = "operator")]
    source: &'static str,
    /// How many were new or put right.
    #[schema(minimum = 0, maximum = 100)]
    quotes: i64,
    /// The day.
    #[schema(format = "date", max_length = 10)]
    on: String,
    /// When they came.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl From<&Batch> for RateBatchView {
    fn from(batch: &Batch) -> Self {
        Self {
            id: batch.id.to_string(),
            source: batch.source.code(),
            quotes: batch.quotes,
            on: batch.first_day.to_string(),
            created_at: time(batch.created_at),
        }
    }
}

/// Says what money was worth on a day.
///
/// For the operator's people, where no bank quotes a pair. The same again
/// changes nothing; another value for a pair and day on record is refused (409
/// `rate_conflict`) unless `replace` puts it right. What was computed before
/// keeps the rates it was computed with.
#[utoipa::path(
    operation_id = "create_rates",
    tag = "rates",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewRates,
    responses((status = 201, description = "On record.", body = RateBatchView,
        headers(("Location" = String))))
)]
#[post("/v1/rates")]
async fn create_rates(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    key: IdempotencyKey,
    body: JsonBody<NewRates>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/rates", &request, &key, body.bytes());
    let body = body.into_inner();
    let quotations = body.read(latest_day(context.now()))?;
    let first = quotations.first().map(|it| (it.base, it.quote, it.on));
    let batch = rates::record(&context, &caller, intent, quotations, body.replace).await?;
    let mut response = HttpResponse::Created();
    if let Some((base, quote, on)) = first {
        let place = format!("/v1/rates?base={base}&quote={quote}&on={on}");
        response.insert_header((LOCATION, place));
    }
    Ok(response.json(RateBatchView::from(&batch)))
}
