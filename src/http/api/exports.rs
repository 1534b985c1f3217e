//! Exports: files of what the caller may read, made for them and fetched by
//! them.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::exchange::{body_id, created, intent, moved, path_id};
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::{code, time, within};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::export::{Export, ExportAction, ExportFormat, ExportKind, ExportState, Wanted};
use crate::domain::fault::Faults;
use crate::domain::ids::ExportId;
use crate::http::caller::Authenticated;
use crate::http::download;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, in_progress};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::export_jobs;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_export)
        .service(list_exports)
        .service(get_export)
        .service(get_export_file)
        .service(list_export_transitions)
        .service(move_export)
        .service(list_export_events);
}

/// A file that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewExport)]
pub struct NewExport {
    /// `organization` is everything of one firm: itself, its people, profiles
    /// or mandates with all their revisions, what is on record of its documents
    /// and, in a `zip`, their files, the matches released to it, its
    /// introductions, deals, consents and disclosures, each with its timeline.
    /// The others are lists, as their routes show them to the caller.
    #[schema(max_length = 40, example = "startup_profiles")]
    kind: String,
    /// `csv` or `ndjson`; everything of a firm comes as `ndjson`, each line
    /// with its `type`, or as `zip`: an archive of those lines
    /// (`records.ndjson`), the files of the documents that they name, each
    /// version under `documents/`, and a list of the files with their SHA-256
    /// (`files.ndjson`). Of a deal the firm's own papers are in it; what the
    /// other side keeps is named in the list with `left_out`
    /// (`on_its_own_route`) and `read_at`, the route that opens it while the
    /// gate does. Where the gate is closed to what the firm knows of, as while
    /// compliance decides, the file is made without it, and a line of the type
    /// `held_back` says so: of which `record`, what is `left_out` (`record`,
    /// `name` or `documents`), the open `rules` as far as the reader may know
    /// them (else `not_available`), `until` when (`decided`), and `read_at`, the
    /// route to ask again.
    #[schema(max_length = 10, example = "csv")]
    format: String,
    /// For `organization`: which firm.
    #[schema(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// For lists: the query parameters of the list's route, but `limit` and
    /// `cursor`.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"status": "published", "country": "IL"}))]
    filters: BTreeMap<String, Value>,
    /// For `organization`: whether the file is made only once compliance has
    /// decided about everything that it would leave out until then (`held_back`);
    /// after seven days it is made without what isn't decided.
    #[serde(default)]
    wait: bool,
}

/// Filters of a list.
const FILTERS: usize = 30;

impl NewExport {
    fn read(&self) -> Result<Wanted, Faults> {
        let mut faults = Faults::new();
        let kind = code(&mut faults, "/kind", &self.kind, ExportKind::ALL);
        let format = code(&mut faults, "/format", &self.format, ExportFormat::ALL);
        let organization = self.organization.as_deref();
        let organization = organization.and_then(|id| body_id(&mut faults, "/organization", id));
        within(&mut faults, "/filters", self.filters.len(), FILTERS);
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.filters {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                _ => {
                    let detail = "A filter is a text, a number, true or false.";
                    faults.push(format!("/filters/{name}"), "wrong_type", detail);
                    continue;
                }
            };
            query.append_pair(name, &text);
        }
        match (kind, format) {
            (Some(kind), Some(format)) if faults.is_empty() => Ok(Wanted {
                kind,
                organization,
                filters: query.finish(),
                format,
                wait: self.wait,
            }),
            _ => Err(faults),
        }
    }
}

/// A file that is made, or can be fetched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Export)]
pub struct ExportView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What it is made of.
    #[schema(max_length = 40, example = "startup_profiles")]
    kind: &'static str,
    /// Everything of which firm.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// Which records of a list.
    filters: BTreeMap<String, String>,
    /// `csv`, `ndjson` or `zip`.
    #[schema(max_length = 10, example = "csv")]
    format: &'static str,
    /// Whether it waits for compliance to decide about what it would leave out.
    wait: bool,
    /// `waiting` (also for compliance, where that was asked for), `running`,
    /// `ready`, then `expired`; or `failed`, `cancelled`.
    #[schema(max_length = 20, example = "ready")]
    state: &'static str,
    /// Records that it holds so far.
    #[schema(minimum = 0)]
    lines: i64,
    /// Its length, once it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    bytes: Option<i64>,
    /// Its SHA-256 in hexadecimal, once it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 64, max_length = 64)]
    sha256: Option<String>,
    /// Where it is fetched, once it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    file: Option<String>,
    /// Why it could not be made: `no_longer_allowed`, `not_readable` where
    /// something that it names is gone, or `broken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80)]
    failure: Option<String>,
    /// Its version, which progress raises too; also the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was asked for.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// When it last went on.
    #[schema(format = DateTime, max_length = 40)]
    updated_at: String,
    /// When its file is deleted; afterwards, when it is forgotten.
    #[schema(format = DateTime, max_length = 40)]
    expires_at: String,
}

impl From<&Export> for ExportView {
    fn from(export: &Export) -> Self {
        let ready = export.state == ExportState::Ready;
        let wanted = &export.wanted;
        let filters = form_urlencoded::parse(wanted.filters.as_bytes());
        Self {
            id: export.id.to_string(),
            kind: wanted.kind.code(),
            organization: wanted.organization.map(|id| id.to_string()),
            filters: filters.into_owned().collect(),
            format: wanted.format.code(),
            wait: wanted.wait,
            state: export.state.code(),
            lines: export.lines,
            bytes: ready.then_some(export.bytes),
            sha256: export.digest.filter(|_| ready).map(|it| timeline::hex(&it)),
            file: ready.then(|| format!("/v1/exports/{}/file", export.id)),
            failure: export.failure.clone(),
            version: export.version,
            created_at: time(export.created_at),
            updated_at: time(export.updated_at),
            expires_at: time(export.expires_at),
        }
    }
}

/// Asks for a file.
///
/// It is made by a worker as the caller reads the same on other routes at that
/// time, and can be fetched by the caller alone, for a time. Startups and
/// mandates or what they say of themselves come in the form that `POST /v1/imports` takes. In CSV a text that
/// a spreadsheet would run begins with an apostrophe, which importing takes
/// away again.
#[utoipa::path(
    operation_id = "create_export",
    tag = "exports",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewExport,
    responses(
        (status = 201, description = "Taken; a worker makes it.", body = ExportView,
            headers(("Location" = String), ("ETag" = String))),
        (status = 404, description = "Of a firm or a record that is not the caller's to read."),
        (status = 409, description = "Too many files are there already."),
    )
)]
#[post("/v1/exports")]
async fn create_export(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewExport>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/exports", &request, &key, body.bytes());
    let wanted = body.read(|it| it.read())?;
    let export = export_jobs::create(&context, &caller, intent, wanted).await?;
    let location = format!("/v1/exports/{}", export.id);
    Ok(created(
        location,
        export.version,
        &ExportView::from(&export),
    ))
}

/// The caller's exports, the newest first.
#[utoipa::path(
    operation_id = "list_exports",
    tag = "exports",
    params(PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ExportView>))
)]
#[get("/v1/exports")]
async fn list_exports(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = export_jobs::list(&context, &caller, query.page.into()).await?;
    Ok(PageView::of(page, |export| ExportView::from(&export)).respond(&request))
}

/// One export and how far it is.
///
/// While it is being made, `Retry-After` says when it is worth asking again.
#[utoipa::path(
    operation_id = "get_export",
    tag = "exports",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The export.", body = ExportView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/exports/{id}")]
async fn get_export(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let export = export_jobs::find(&context, &caller, path_id(&id)?).await?;
    let (running, view) = (export.state.is_running(), ExportView::from(&export));
    Ok(in_progress(&request, export.version, running, &view))
}

/// The file.
#[utoipa::path(
    operation_id = "get_export_file",
    tag = "exports",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses(
        (status = 200, description = "The file.",
            content((String = "text/csv"), (String = "application/x-ndjson"), (String = "application/zip")),
            headers(("Content-Disposition" = String))),
        (status = 409, description = "It is being made (`export_not_ready`), gone (`export_gone`), or could not be made (`export_failed`)."),
    )
)]
#[get("/v1/exports/{id}/file")]
async fn get_export_file(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (export, file) = export_jobs::file(&context, &caller, path_id(&id)?).await?;
    let wanted = &export.wanted;
    let day = export.updated_at.date_naive();
    let name = format!("corridor-{}-{day}", wanted.kind.code().replace('_', "-"));
    let length = u64::try_from(export.bytes).unwrap_or(0);
    Ok(download::file(wanted.format, &name, move |to| {
        download::send(file, length, to)
    }))
}

/// What can be done with an export now.
#[utoipa::path(
    operation_id = "list_export_transitions",
    tag = "exports",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/exports/{id}/transitions")]
async fn list_export_transitions(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = export_jobs::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// A move of an export.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExportTransition {
    /// `cancel` ends it; a file that is there is deleted.
    #[schema(max_length = 20, example = "cancel")]
    action: String,
}

impl NewExportTransition {
    fn read(&self) -> Result<ExportAction, Faults> {
        let mut faults = Faults::new();
        code(&mut faults, "/action", &self.action, ExportAction::ALL).ok_or(faults)
    }
}

/// Cancels an export.
///
/// The version of one that is being made rises as it grows; to cancel it
/// whatever it has come to, send `If-Match: *`.
#[utoipa::path(
    operation_id = "move_export",
    tag = "exports",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewExportTransition,
    responses((status = 200, description = "Moved.", body = ExportView, headers(("ETag" = String))))
)]
#[post("/v1/exports/{id}/transitions")]
async fn move_export(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewExportTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/exports/{id}/transitions";
    let id: ExportId = path_id(&id)?;
    let find = export_jobs::find(&context, &caller, id);
    let expected = if_match.version_of(find).await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let action = body.read(|it| it.read())?;
    let export = export_jobs::transition(&context, &caller, intent, id, expected, action).await?;
    Ok(moved(export.version, &ExportView::from(&export)))
}

/// An export's timeline.
#[utoipa::path(
    operation_id = "list_export_events",
    tag = "exports",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/exports/{id}/events")]
async fn list_export_events(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let export = export_jobs::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::Export, export.id);
    let events = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(events.for_caller(&caller)))
}
