//! What became of each row of an import: a page at a time, or as a file.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::export::ExportFormat;
use crate::domain::fault::Fault;
use crate::domain::ids::ImportId;
use crate::domain::import::{FileFormat, Import, ImportRow, RowOutcome};
use crate::http::api::exchange::{path_id, query_code};
use crate::http::api::finding::Wrong;
use crate::http::caller::Authenticated;
use crate::http::download::{self, Broken, Pieces};
use crate::http::files::{cells, columns};
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::query_string::ReadQuery;
use crate::services::Context;
use crate::services::import_jobs;

/// Rows of one piece of a file.
const PIECE: usize = 500;

/// What became of a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportRow)]
pub struct ImportRowView {
    /// Where it begins in the file, from 1; a header is a line too.
    #[schema(minimum = 1, example = 2)]
    line: i64,
    /// Its own id, as far as it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "crm-4711")]
    external_id: Option<String>,
    /// `created`, `updated`, `unchanged`, `kept` (people have taken the record
    /// over), `refused` (a rule says no) or `bad` (it can't be read); what
    /// would become of it while rows are only checked.
    #[schema(max_length = 20, example = "created")]
    outcome: &'static str,
    /// The referral, or for records the firm; absent for one that was not put
    /// on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    id: Option<String>,
    /// Everything that is wrong, or the rule that says no.
    #[schema(max_items = 100)]
    faults: Vec<RowFaultView>,
}

/// What is wrong with a row at one place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportRowFault)]
pub struct RowFaultView {
    /// Where: a JSON Pointer into the row as a document; empty for the whole.
    #[schema(max_length = 500, example = "/startup_profile/primary_tags/0")]
    pointer: String,
    /// The column of a CSV file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "startup_profile.primary_tags")]
    column: Option<String>,
    /// What, stable.
    #[schema(max_length = 100, example = "unknown_tag")]
    code: String,
    /// What, for people.
    #[schema(max_length = 2000)]
    detail: String,
    /// What may have been meant, the likeliest first; absent where nothing is
    /// near.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 3, example = json!(["water_loss"]))]
    suggestions: Vec<String>,
}

impl ImportRowView {
    fn of(import: &Import, row: ImportRow) -> Self {
        let csv = import.format == FileFormat::Csv;
        let fault = |fault: Fault| RowFaultView {
            column: csv.then(|| columns::of_pointer(&fault.pointer)).flatten(),
            pointer: fault.pointer,
            code: fault.code.into_owned(),
            detail: fault.detail,
            suggestions: fault.suggestions,
        };
        Self {
            line: row.line,
            external_id: row.external_id,
            outcome: row.outcome.code(),
            id: row.record.map(|id| id.to_string()),
            faults: row.faults.into_iter().map(fault).collect(),
        }
    }
}

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RowFilters {
    /// That came to this.
    #[param(max_length = 20, example = "bad")]
    outcome: Option<String>,
}

/// What became of the rows of a file, in its order.
#[utoipa::path(
    operation_id = "list_import_rows",
    tag = "imports",
    params(("id" = String, Path, format = "uuid", max_length = 36), RowFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ImportRowView>))
)]
#[get("/v1/imports/{id}/rows")]
pub(super) async fn list_import_rows(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    query: MeantQuery<RowFilters>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let (page, _, outcome) = query.read(|asked| outcome_of(asked.outcome.as_deref()))?;
    let import = import_jobs::find(&context, &caller, id).await?;
    let page = import_jobs::rows(&context, &caller, id, outcome, page.into()).await?;
    Ok(PageView::of(page, |row| ImportRowView::of(&import, row)).respond(&request))
}

/// How a report is written, and of which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// `csv`, a fault a line, or `ndjson`, a row a line.
    #[serde(default = "csv")]
    #[param(max_length = 10, pattern = "^(csv|ndjson)$", default = "csv")]
    format: String,
    /// Only rows that came to this.
    #[param(max_length = 20, example = "bad")]
    outcome: Option<String>,
}

fn csv() -> String {
    FileFormat::Csv.code().to_owned()
}

impl ReportQuery {
    fn read(&self) -> Result<(FileFormat, Option<RowOutcome>), Problem> {
        let mut wrong = Wrong::default();
        let format = query_code("format", Some(&self.format), FileFormat::from_code);
        let format = wrong.take(format).unwrap_or(FileFormat::Csv);
        let outcome = wrong.take(outcome_of(self.outcome.as_deref()));
        wrong.or((format, outcome))
    }
}

/// The outcome by which rows are chosen.
fn outcome_of(text: Option<&str>) -> Result<Option<RowOutcome>, Problem> {
    query_code("outcome", text, RowOutcome::from_code)
}

/// The whole report as a file.
#[utoipa::path(
    operation_id = "get_import_report",
    tag = "imports",
    params(("id" = String, Path, format = "uuid", max_length = 36), ReportQuery),
    responses(
        (status = 200, description = "The file.",
            content((String = "text/csv"), (String = "application/x-ndjson")),
            headers(("Content-Disposition" = String)))
    )
)]
#[get("/v1/imports/{id}/report")]
pub(super) async fn get_import_report(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    query: ReadQuery<ReportQuery>,
) -> Result<HttpResponse, Problem> {
    let id: ImportId = path_id(&id)?;
    let (_, (format, outcome)) = query.meaning(ReportQuery::read)?;
    let import = import_jobs::find(&context, &caller, id).await?;
    let context = Context::clone(&context);
    let written = match format {
        FileFormat::Csv => ExportFormat::Csv,
        FileFormat::Ndjson => ExportFormat::Ndjson,
    };
    Ok(download::file(
        written,
        &format!("import-{id}"),
        move |to| send(context, import, outcome, format, to),
    ))
}

/// Sends the report, as long as somebody takes it.
async fn send(
    context: Context,
    import: Import,
    outcome: Option<RowOutcome>,
    format: FileFormat,
    to: Pieces,
) {
    let mut after = 0;
    if format == FileFormat::Csv {
        let header = [
            "line",
            "external_id",
            "outcome",
            "id",
            "column",
            "pointer",
            "code",
            "detail",
            "suggestions",
        ];
        let header = header.map(str::to_owned);
        if to.send(lines(&[header.to_vec()])).await.is_err() {
            return;
        }
    }
    loop {
        let rows = import_jobs::rows_after(&context, import.id, outcome, after, PIECE).await;
        let mut rows = match rows {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, "a report broke off");
                drop(to.send(Err(Broken::other(error))).await);
                return;
            }
        };
        let more = rows.len() > PIECE;
        rows.truncate(PIECE);
        let Some(last) = rows.last() else { return };
        after = last.line;
        let views = rows.into_iter().map(|row| ImportRowView::of(&import, row));
        if to.send(written(views, format)).await.is_err() || !more {
            return;
        }
    }
}

fn written(
    views: impl Iterator<Item = ImportRowView>,
    format: FileFormat,
) -> Result<Bytes, Broken> {
    match format {
        FileFormat::Csv => lines(&views.flat_map(cells_of).collect::<Vec<_>>()),
        FileFormat::Ndjson => {
            let mut text = Vec::new();
            for view in views {
                serde_json::to_writer(&mut text, &view)?;
                text.push(b'\n');
            }
            Ok(text.into())
        }
    }
}

/// A line for each fault of a row, or one where nothing is wrong.
fn cells_of(view: ImportRowView) -> Vec<Vec<String>> {
    let head = [
        view.line.to_string(),
        cells::guarded(view.external_id.unwrap_or_default()),
        view.outcome.to_owned(),
        view.id.unwrap_or_default(),
    ];
    let line = |fault: Option<RowFaultView>| {
        let told = fault.map_or_else(Default::default, |fault| {
            let column = fault.column.unwrap_or_default();
            let suggestions = fault.suggestions.join(" ");
            [column, fault.pointer, fault.code, fault.detail, suggestions]
        });
        let tail = told.map(cells::guarded);
        head.iter().cloned().chain(tail).collect()
    };
    if view.faults.is_empty() {
        return vec![line(None)];
    }
    view.faults
        .into_iter()
        .map(|fault| line(Some(fault)))
        .collect()
}

fn lines(rows: &[Vec<String>]) -> Result<Bytes, Broken> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(writer.into_inner().map_err(Broken::other)?.into())
}
