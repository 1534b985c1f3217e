//! A rule set against a programme's own history.

mod plot;

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::api::exchange::{path_id, query_id};
use crate::http::api::finding::{Wrong, query_day};
use crate::http::caller::Authenticated;
use crate::http::problem::Problem;
use crate::http::query_string::ReadQuery;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::backtest::{self, Bin, ENOUGH, Estimate, Measures, Report, Split, Way};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(backtest_rule_set)
        .service(plot_rule_set_calibration);
}

/// Which history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BacktestQuery {
    /// Of which programme; the rule set's own when absent.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// What was known before this day ranks; when absent, the day by which two
    /// thirds of what was taken up had come.
    #[param(format = "date", max_length = 10)]
    train_until: Option<String>,
    /// What came before this day is measured; so far when absent.
    #[param(format = "date", max_length = 10)]
    test_until: Option<String>,
}

impl BacktestQuery {
    fn read(&self) -> Result<Split, Problem> {
        let mut wrong = Wrong::default();
        let train_until = query_day("train_until", self.train_until.as_deref());
        let test_until = query_day("test_until", self.test_until.as_deref());
        let split = Split {
            programme: wrong.take(query_id("programme", self.programme.as_deref())),
            train_until: wrong.take(train_until),
            test_until: wrong.take(test_until),
        };
        let both = split.train_until.zip(split.test_until);
        if both.is_some_and(|(train, test)| test <= train) {
            let detail = "`test_until` comes after `train_until`.";
            wrong.note(Problem::parameter("test_until", detail));
        }
        wrong.or(split)
    }
}

/// A rule set against a programme's own history: ranked by what was known on a
/// day, measured by who took startups up afterwards.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Backtest)]
struct BacktestView {
    /// By which rules.
    #[schema(format = "uuid", max_length = 36)]
    rule_set: String,
    /// Of which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// What was known before this day ranked.
    #[schema(format = "date", max_length = 10)]
    train_until: String,
    /// What came before this day was measured.
    #[schema(format = "date", max_length = 10)]
    test_until: String,
    /// Investors that were ranked.
    #[schema(minimum = 0)]
    candidates: usize,
    /// Pairs of the programme that were ever taken up: agreed to, met, dealt.
    #[schema(minimum = 0)]
    taken_up: usize,
    /// Startups that were taken up in the window: what is measured.
    #[schema(minimum = 0)]
    measured: usize,
    /// What to make of it, where the numbers are small.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500, example = "Too few outcomes: 7. …")]
    caution: Option<String>,
    /// The rules beside popularity and chance; empty when there is nothing to
    /// measure.
    #[schema(max_items = 10)]
    systems: Vec<SystemView>,
    /// What scores were worth, in ten bins of one width.
    calibration: CalibrationView,
}

/// One way to rank.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BacktestSystem)]
struct SystemView {
    /// `rules`, `popularity`, `popularity_12_months` or `random`.
    #[schema(max_length = 30, example = "rules")]
    system: &'static str,
    /// What was measured.
    measures: EstimatesView,
    /// By how much the rules are better, startup by startup; absent of the
    /// rules themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules_better_by: Option<EstimatesView>,
}

/// Means over startups.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BacktestMeasures)]
struct EstimatesView {
    /// Share of those who took it up among the first 20.
    recall_20: EstimateView,
    /// The same of the first 50.
    recall_50: EstimateView,
    /// Discounted gain of the first 20.
    ndcg_20: EstimateView,
    /// One over the place of the first of them.
    mrr: EstimateView,
}

/// A mean with its 95 % interval, by bootstrap over startups.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BacktestEstimate)]
struct EstimateView {
    /// The mean.
    mean: f64,
    /// The lower end.
    low: f64,
    /// The upper end.
    high: f64,
}

impl From<&Estimate> for EstimatesView {
    fn from(estimate: &Estimate) -> Self {
        let of = |value: fn(&Measures) -> f64| EstimateView {
            mean: rounded(value(&estimate.mean)),
            low: rounded(value(&estimate.low)),
            high: rounded(value(&estimate.high)),
        };
        Self {
            recall_20: of(|measures| measures.recall_20),
            recall_50: of(|measures| measures.recall_50),
            ndcg_20: of(|measures| measures.ndcg_20),
            mrr: of(|measures| measures.mrr),
        }
    }
}

/// Four digits: more than the numbers can bear.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// What scores were worth.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Calibration)]
struct CalibrationView {
    /// Pairs that somebody answered.
    #[schema(minimum = 0)]
    answered: usize,
    /// By score.
    #[schema(max_items = 10)]
    bins: Vec<BinView>,
}

/// Pairs of about one score. Scores and shares are basis points.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalibrationBin)]
struct BinView {
    /// From this score.
    #[schema(minimum = 0, maximum = 10_000)]
    from: i64,
    /// To below this one.
    #[schema(minimum = 0, maximum = 10_000)]
    to: i64,
    /// Pairs that were answered.
    #[schema(minimum = 0)]
    pairs: i64,
    /// Those of them that were taken up rather than passed on.
    #[schema(minimum = 0)]
    taken_up: i64,
    /// Their share; null of no pairs.
    #[schema(minimum = 0, maximum = 10_000)]
    share: Option<i64>,
    /// The lower end of its 95 % interval (Wilson).
    #[schema(minimum = 0, maximum = 10_000)]
    low: Option<i64>,
    /// The upper end.
    #[schema(minimum = 0, maximum = 10_000)]
    high: Option<i64>,
}

impl From<&Bin> for BinView {
    fn from(bin: &Bin) -> Self {
        Self {
            from: bin.from,
            to: bin.to,
            pairs: bin.pairs,
            taken_up: bin.taken_up,
            share: bin.share.map(|[share, _, _]| share),
            low: bin.share.map(|[_, low, _]| low),
            high: bin.share.map(|[_, _, high]| high),
        }
    }
}

impl From<&Report> for BacktestView {
    fn from(report: &Report) -> Self {
        let systems = report.measures.iter().flat_map(|measured| {
            Way::ALL.into_iter().filter_map(|way| {
                Some(SystemView {
                    system: way.code(),
                    measures: measured.ways.get(&way)?.into(),
                    rules_better_by: measured.better.get(&way).map(EstimatesView::from),
                })
            })
        });
        Self {
            rule_set: report.rule_set.to_string(),
            programme: report.programme.to_string(),
            train_until: report.train_until.to_string(),
            test_until: report.test_until.to_string(),
            candidates: report.candidates,
            taken_up: report.taken_up,
            measured: report.measured,
            caution: report.too_few.then(|| {
                format!(
                    "Too few outcomes: {}. With fewer than {ENOUGH} startups taken up in the \
                     window the figures say little; look at the intervals before the means.",
                    report.measured
                )
            }),
            systems: systems.collect(),
            calibration: CalibrationView {
                answered: report.answered,
                bins: report.calibration.iter().map(BinView::from).collect(),
            },
        }
    }
}

/// Would this rule set have found the investors who took startups up?
///
/// Ranked is by what was known before `train_until`, over every investor of
/// the programme; measured is what came from then to before `test_until`,
/// beside popularity and chance. The same question gets the same figures.
#[utoipa::path(
    operation_id = "backtest_rule_set",
    tag = "rule sets",
    params(("id" = String, Path, format = "uuid", max_length = 36), BacktestQuery),
    responses(
        (status = 200, description = "The figures.", body = BacktestView),
        (status = 409, description = "It is of no programme, and none was named."),
    )
)]
#[get("/v1/rule-sets/{id}/backtest")]
async fn backtest_rule_set(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: ReadQuery<BacktestQuery>,
) -> Result<HttpResponse, Problem> {
    let (_, split) = query.meaning(BacktestQuery::read)?;
    let report = backtest::run(&context, &caller, path_id(&id)?, split).await?;
    Ok(HttpResponse::Ok().json(BacktestView::from(&report)))
}

/// The calibration of a rule set as a picture.
#[utoipa::path(
    operation_id = "plot_rule_set_calibration",
    tag = "rule sets",
    params(("id" = String, Path, format = "uuid", max_length = 36), BacktestQuery),
    responses(
        (status = 200, description = "Score against outcome.", content_type = "image/svg+xml", body = String),
        (status = 409, description = "It is of no programme, and none was named."),
    )
)]
#[get("/v1/rule-sets/{id}/backtest/calibration.svg")]
async fn plot_rule_set_calibration(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: ReadQuery<BacktestQuery>,
) -> Result<HttpResponse, Problem> {
    let (_, split) = query.meaning(BacktestQuery::read)?;
    let report = backtest::run(&context, &caller, path_id(&id)?, split).await?;
    let svg = plot::draw(&report.calibration, report.answered);
    Ok(HttpResponse::Ok().content_type("image/svg+xml").body(svg))
}
