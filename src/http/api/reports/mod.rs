//! Reports on a programme: as JSON, as a table for spreadsheets, as a chart.

mod chart;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, get, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{path_id, query_code};
use super::finding::{Wrong, query_currency, query_day};
use crate::domain::report::{Period, ReportKind, Row};
use crate::domain::values::codes;
use crate::http::caller::Authenticated;
use crate::http::files::cells::guarded;
use crate::http::problem::{Kind, Problem};
use crate::http::query_string::ReadQuery;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::reports::{self, Report};

/// Registers the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(get_report);
}

/// What is asked of a report.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Only what was asked for on that day or later, in UTC; for the operator's
    /// people.
    #[param(format = "date", max_length = 10, example = "2026-11-01")]
    from: Option<String>,
    /// Only what was asked for on that day or earlier; for the operator's
    /// people.
    #[param(format = "date", max_length = 10, example = "2027-06-30")]
    to: Option<String>,
    /// As it stood at the end of that day; today where none is named. Outside
    /// the operator the last day of a quarter, of the last one that is over
    /// where none is named.
    #[param(format = "date", max_length = 10, example = "2026-11-20")]
    as_of: Option<String>,
    /// How long a cohort's period is: `quarter` (the default) or, for the
    /// operator's people, `month`.
    #[param(max_length = 10, example = "quarter")]
    by: Option<String>,
    /// ISO 4217: in which currency amounts are summed.
    #[serde(default = "dollar")]
    #[param(
        max_length = 3,
        pattern = "^[A-Z]{3}$",
        default = "USD",
        example = "USD"
    )]
    currency: String,
    /// `json`, `csv` or `svg`.
    #[serde(default = "json")]
    #[param(max_length = 10, default = "json", example = "csv")]
    format: String,
}

fn dollar() -> String {
    "USD".to_owned()
}

fn json() -> String {
    "json".to_owned()
}

impl ReportQuery {
    fn read(&self, kind: ReportKind, today: NaiveDate) -> Result<(reports::Query, Form), Problem> {
        let mut wrong = Wrong::default();
        let from = wrong.take(query_day("from", self.from.as_deref()));
        let to = wrong.take(query_day("to", self.to.as_deref()));
        let as_of = wrong.take(query_day("as_of", self.as_of.as_deref()));
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            wrong.note(Problem::parameter("to", "`to` is before `from`."));
        }
        if as_of.is_some_and(|day| day > today) {
            let detail = "`as_of` is a day that has come.";
            wrong.note(Problem::parameter("as_of", detail));
        }
        let by = wrong.take(query_code("by", self.by.as_deref(), Period::from_code));
        let form = wrong.take(query_code("format", Some(&self.format), Form::from_code));
        let currency = wrong.take(query_currency("currency", &self.currency));
        wrong.or(())?;
        let currency = currency.ok_or_else(|| Problem::new(Kind::BadQuery))?;
        let query = reports::Query {
            kind,
            from,
            to,
            as_of,
            by,
            currency,
        };
        Ok((query, form.unwrap_or(Form::Json)))
    }
}

codes! {
    /// How a report is written.
    Form {
        /// As an object.
        Json = "json",
        /// As a table.
        Csv = "csv",
        /// As a chart.
        Svg = "svg",
    }
}

/// A report: rows of whole numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub struct ReportView {
    /// Which.
    #[schema(max_length = 20, example = "funnel")]
    report: &'static str,
    /// About which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// As of the end of that day.
    #[schema(format = "date", max_length = 10)]
    as_of: String,
    /// By which periods.
    #[schema(max_length = 10, example = "quarter")]
    by: &'static str,
    /// In which currency amounts are summed.
    #[schema(max_length = 3, example = "USD")]
    currency: String,
    /// Whether counts from one to four, and what would give them away, are left
    /// out: they are null then, and named in `hidden`.
    small_numbers_hidden: bool,
    /// What rows are told apart by.
    #[schema(max_items = 5)]
    dimensions: Vec<&'static str>,
    /// What the numbers are.
    #[schema(max_items = 50)]
    columns: Vec<ReportColumnView>,
    /// The rows; one that sums up the others comes last.
    #[schema(max_items = 10000)]
    rows: Vec<ReportRowView>,
}

/// One column of a report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportColumn)]
pub struct ReportColumnView {
    /// Its name.
    #[schema(max_length = 40, example = "requested")]
    key: &'static str,
    /// `count`, `bp` (a share in basis points), `days`, `working_days`, `minor`
    /// (minor units of the row's currency) or `minor_compared` (of the
    /// report's).
    #[schema(max_length = 20, example = "count")]
    unit: &'static str,
}

/// One row of a report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportRow)]
pub struct ReportRowView {
    /// What it is about, by dimension.
    #[schema(value_type = Object)]
    keys: Map<String, Value>,
    /// Its numbers, by column; null where there is nothing to tell.
    #[schema(value_type = Object)]
    values: Map<String, Value>,
    /// The columns of which it doesn't tell its number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    hidden: Vec<&'static str>,
}

/// A cell as its reader gets it.
fn shown(row: &Row, place: usize) -> Option<i64> {
    let hidden = row.hidden.get(place).copied().unwrap_or(false);
    let cell = row.cells.get(place).copied().flatten();
    cell.filter(|_| !hidden)
}

impl From<&Report> for ReportView {
    fn from(report: &Report) -> Self {
        let table = &report.table;
        let row = |row: &Row| {
            let keys = table.dimensions.iter().zip(&row.keys);
            let columns = || table.columns.iter().enumerate();
            let hidden = columns().filter(|(place, _)| row.hidden.get(*place) == Some(&true));
            ReportRowView {
                keys: keys
                    .map(|(name, key)| ((*name).to_owned(), Value::from(key.as_str())))
                    .collect(),
                values: columns()
                    .map(|(place, column)| (column.key.to_owned(), Value::from(shown(row, place))))
                    .collect(),
                hidden: hidden.map(|(_, column)| column.key).collect(),
            }
        };
        Self {
            report: table.kind.code(),
            programme: report.programme.id.to_string(),
            as_of: report.as_of.to_string(),
            by: report.by.code(),
            currency: report.currency.to_string(),
            small_numbers_hidden: report.suppressed,
            dimensions: table.dimensions.to_vec(),
            columns: table
                .columns
                .iter()
                .map(|column| ReportColumnView {
                    key: column.key,
                    unit: column.unit.code(),
                })
                .collect(),
            rows: table.rows.iter().map(row).collect(),
        }
    }
}

/// The report as a table for spreadsheets; an empty cell has nothing to tell,
/// `hidden` a number that is too small.
fn csv(report: &Report) -> Result<Vec<u8>, Problem> {
    let table = &report.table;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let heads = table.dimensions.iter().copied();
    let heads = heads.chain(table.columns.iter().map(|column| column.key));
    let failed = |_| Problem::new(Kind::Internal);
    writer.write_record(heads).map_err(failed)?;
    for row in &table.rows {
        let keys = row.keys.iter().map(|key| guarded(key.clone()));
        let cells = (0..table.columns.len()).map(|place| {
            if row.hidden.get(place) == Some(&true) {
                return "hidden".to_owned();
            }
            shown(row, place).map_or(String::new(), |it| it.to_string())
        });
        writer.write_record(keys.chain(cells)).map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|_| Problem::new(Kind::Internal))
}

fn file(report: &Report, kind: &'static str, ending: &str, content: Vec<u8>) -> HttpResponse {
    let name = format!("{}-{}", report.table.kind, report.as_of);
    let disposition = format!("attachment; filename=\"{name}.{ending}\"");
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_DISPOSITION, disposition))
        .body(content)
}

/// A report on a programme, for its parties and the operator's people.
///
/// `funnel`: introductions by the period in which they were asked for, how many
/// came how far, what share of the step before, and the median of the days
/// between. `introductions`: what the asked said and how soon, in their working
/// days. `pipeline`: deals by stage and currency, worth what arrived, else what
/// is promised, summed in one currency at the rates that were locked then; a
/// deal counts in each of its currencies. `stages`: deals by the period in which
/// they were opened, how many came to each stage of their pipeline, went on or
/// were closed there, and the calendar days until they went on. `concentration`:
/// the share of the three largest, and the Gini coefficient (0 for equal, near
/// 10 000 where one has everything). All is rebuilt from the log as of a day.
/// Parties read whole quarters, without counts from one to four and what would
/// give them away; `stages` only where no count is so small.
#[utoipa::path(
    operation_id = "get_report",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("report" = String, Path, max_length = 20, example = "funnel"),
        ReportQuery,
    ),
    responses((
        status = 200,
        description = "The report.",
        content(
            (ReportView = "application/json"),
            (String = "text/csv"),
            (String = "image/svg+xml"),
        )
    ))
)]
#[get("/v1/programmes/{id}/reports/{report}")]
async fn get_report(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
    query: ReadQuery<ReportQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, report) = path.into_inner();
    let kind = ReportKind::from_code(&report).ok_or_else(|| Problem::new(Kind::NotFound))?;
    let today = context.now().date_naive();
    let (_, (asked, form)) = query.meaning(|asked| asked.read(kind, today))?;
    let report = reports::read(&context, &caller, path_id(&id)?, asked).await?;
    Ok(match form {
        Form::Csv => {
            let kind = "text/csv; charset=utf-8; header=present";
            file(&report, kind, "csv", csv(&report)?)
        }
        Form::Svg => file(
            &report,
            "image/svg+xml",
            "svg",
            chart::draw(&report).into_bytes(),
        ),
        Form::Json => HttpResponse::Ok().json(ReportView::from(&report)),
    })
}
