//! Imports: files of firms, what became of their rows, and how far they are.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{created, intent, moved, path_id, query_code, query_id};
use super::finding::{Wrong, time_order};
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::{code, time};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::{ImportId, OrganizationId};
use crate::domain::import::{Import, ImportAction, ImportOptions, ImportState, RowTally};
use crate::domain::time_order::TimeOrder;
use crate::domain::values::OrganizationKind;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, in_progress};
use crate::http::problem::Problem;
use crate::http::query_string::ReadQuery;
use crate::http::registry::ServiceConfig;
use crate::http::upload;
use crate::services::import_jobs::{self, Filter, NewImport};
use crate::services::{Caller, Context};

mod report;

pub use report::ImportRowView;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_import)
        .service(list_imports)
        .service(get_import)
        .service(report::list_import_rows)
        .service(report::get_import_report)
        .service(list_import_transitions)
        .service(move_import)
        .service(list_import_events);
}

/// How a file is imported.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// `referrals`: each row is a partner's referral, with all that holds for
    /// one. `records`: each row is a record of the operator's that nobody has
    /// claimed. When absent, referrals for a partner's people and programs,
    /// records for the operator's.
    #[param(
        max_length = 20,
        pattern = "^(referrals|records)$",
        example = "referrals"
    )]
    kind: Option<String>,
    /// For which partner; the caller's own when absent.
    #[param(format = "uuid", max_length = 36)]
    partner: Option<String>,
    /// For `records`: the programme that they are published in; drafts without.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// Check all rows and stop; `start` then puts them on record.
    #[serde(default)]
    #[param(default = false)]
    dry_run: bool,
    /// Put the good rows on record although others are bad or refused.
    #[serde(default)]
    #[param(default = false)]
    keep_good: bool,
    /// Whether contacts may be mailed the claim link, as after `POST /v1/referrals`.
    #[serde(default = "yes")]
    #[param(default = true)]
    ask_contacts: bool,
}

const fn yes() -> bool {
    true
}

impl ImportQuery {
    /// For which partner, if for one, and how.
    ///
    /// # Errors
    /// 400, naming every parameter that is wrong.
    fn read(&self, caller: &Caller) -> Result<(Option<OrganizationId>, ImportOptions), Problem> {
        let mut wrong = Wrong::default();
        let named = wrong.take(query_id("partner", self.partner.as_deref()));
        let programme = wrong.take(query_id("programme", self.programme.as_deref()));
        let unread = self.partner.is_some() && named.is_none();
        let own = || caller.organizations(OrganizationKind::Partner).next();
        let bad = Problem::parameter;
        let partner = match self.kind.as_deref() {
            Some("records") => {
                if named.is_some() {
                    wrong.note(bad("partner", "`partner` is not taken for `records`."));
                }
                None
            }
            Some("referrals") => {
                let partner = named.or_else(own);
                if partner.is_none() && !unread {
                    let detail = "`partner` is needed: name whose referrals they are.";
                    wrong.note(bad("partner", detail));
                }
                partner
            }
            None => named.or_else(|| own().filter(|_| !caller.is_of_operator())),
            Some(_) => {
                wrong.note(bad("kind", "`kind` is `referrals` or `records`."));
                None
            }
        };
        let referrals = partner.is_some() || self.kind.as_deref() == Some("referrals");
        if programme.is_some() && referrals {
            let detail = "`programme` is not taken for referrals; a curator admits them.";
            wrong.note(bad("programme", detail));
        }
        let options = ImportOptions {
            programme,
            dry_run: self.dry_run,
            keep_good: self.keep_good,
            ask_contacts: self.ask_contacts,
        };
        wrong.or((partner, options))
    }
}

/// A file that is imported.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Import)]
pub struct ImportView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// `referrals` or `records`.
    #[schema(max_length = 20, example = "referrals")]
    kind: &'static str,
    /// Whose referrals its rows are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    partner: Option<String>,
    /// The programme its records are published in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// `csv` or `ndjson`.
    #[schema(max_length = 10, example = "csv")]
    format: &'static str,
    /// Whether it stops after the check.
    dry_run: bool,
    /// Whether bad rows are left out.
    keep_good: bool,
    /// `checking`: rows are being tried, nothing is on record. `checked`: the
    /// answer of a dry run, or of a file with rows in the way; `start` may
    /// still put it on record. `applying`: rows are being put on record. Then
    /// `done`, `failed`, `cancelled` or `expired`.
    #[schema(max_length = 20, example = "applying")]
    state: &'static str,
    /// How far it is.
    progress: ImportProgress,
    /// Why the file can't be read any further.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<ImportFailureView>,
    /// The file's SHA-256, in hexadecimal.
    #[schema(min_length = 64, max_length = 64)]
    sha256: String,
    /// Its version, which progress raises too; also the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it came.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// When it last went on.
    #[schema(format = DateTime, max_length = 40)]
    updated_at: String,
    /// When it is deleted with its report; a checked one ends then.
    #[schema(format = DateTime, max_length = 40)]
    expires_at: String,
}

/// What the rows came to so far. While rows are only checked, the counts say
/// what would have become of them; putting them on record begins at 0.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportProgress {
    /// Bytes of the file.
    #[schema(minimum = 0)]
    bytes: i64,
    /// Bytes of the file that were read in this pass.
    #[schema(minimum = 0)]
    bytes_read: i64,
    /// Rows looked at in this pass.
    #[schema(minimum = 0)]
    rows_read: i64,
    /// Rows that can be read.
    #[schema(minimum = 0)]
    good: i64,
    /// Rows that can't.
    #[schema(minimum = 0)]
    bad: i64,
    /// Good rows of firms that are new.
    #[schema(minimum = 0)]
    created: i64,
    /// Good rows that changed something.
    #[schema(minimum = 0)]
    updated: i64,
    /// Good rows that say what was on record.
    #[schema(minimum = 0)]
    unchanged: i64,
    /// Good rows of records that people have taken over, left as they are.
    #[schema(minimum = 0)]
    kept: i64,
    /// Good rows that a rule refuses.
    #[schema(minimum = 0)]
    refused: i64,
}

/// Why a file can't be read any further.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportFailure)]
pub struct ImportFailureView {
    /// Stable.
    #[schema(max_length = 80, example = "row_too_long")]
    code: String,
    /// For people.
    #[schema(max_length = 500)]
    detail: String,
}

impl ImportProgress {
    const fn of(import: &Import) -> Self {
        let RowTally {
            read,
            bad,
            created,
            updated,
            unchanged,
            kept,
            refused,
        } = import.tally;
        Self {
            bytes: import.bytes,
            bytes_read: import.place.byte,
            rows_read: read,
            good: import.tally.good(),
            bad,
            created,
            updated,
            unchanged,
            kept,
            refused,
        }
    }
}

impl From<&Import> for ImportView {
    fn from(import: &Import) -> Self {
        let failure = import.failure.as_ref().map(|failure| ImportFailureView {
            code: failure.code.clone(),
            detail: failure.detail.clone(),
        });
        Self {
            id: import.id.to_string(),
            kind: if import.partner.is_some() {
                "referrals"
            } else {
                "records"
            },
            partner: import.partner.map(|id| id.to_string()),
            programme: import.options.programme.map(|id| id.to_string()),
            format: import.format.code(),
            dry_run: import.options.dry_run,
            keep_good: import.options.keep_good,
            state: import.state.code(),
            progress: ImportProgress::of(import),
            failure,
            sha256: timeline::hex(&import.digest),
            version: import.version,
            created_at: time(import.created_at),
            updated_at: time(import.updated_at),
            expires_at: time(import.expires_at),
        }
    }
}

/// Hands in a file of firms to be imported.
///
/// The body is the file: CSV in UTF-8 with a header (`text/csv`), or a JSON
/// object a line (`application/x-ndjson`); a row is what `POST /v1/referrals`
/// takes, and a CSV column the path of a field with dots between, such as
/// `organization.legal_name`, `startup_profile.one_liner.en` or `mandate.tags`
/// (lists with `|` between). It is not bound by the limit of JSON bodies. A
/// header that can't be meant is 422, every column named; everything else is
/// told row by row at `…/rows`. Two files of a partner, or of one of the
/// operator's people, may come at a time (429 otherwise). At most 10 imports of a partner, or of the
/// operator, run at a time; one that is `checked` has its answer, doesn't count,
/// and can be started until it expires or 20 newer ones are checked. All rows are tried before the first is put on
/// record, and one that is bad or refused keeps all back, unless `keep_good`.
/// The same file again changes nothing.
#[utoipa::path(
    operation_id = "create_import",
    tag = "imports",
    params(ImportQuery, ("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body(
        description = "The file.",
        content(
            (String = "text/csv", example = "external_id,organization.kind,organization.legal_name,organization.country,contact.email,startup_profile.one_liner.en,startup_profile.primary_tags\ncrm-4711,startup,Negev Sun Ltd,IL,dana@negev.example,Drinking water from desert air.,water\n"),
            (String = "application/x-ndjson", example = "{\"external_id\": \"crm-4711\", \"organization\": {\"kind\": \"startup\", \"legal_name\": \"Negev Sun Ltd\", \"country\": \"IL\"}, \"contact\": {\"email\": \"dana@negev.example\"}, \"startup_profile\": {}}\n"),
        )
    ),
    responses(
        (status = 201, description = "Taken; a worker goes on.", body = ImportView,
            headers(("Location" = String), ("ETag" = String))),
        (status = 408, description = "The file didn't come in time."),
        (status = 409, description = "Ten imports run already (`too_many_imports`); asked before the file is read."),
        (status = 413, description = "The file is too large."),
        (status = 415, description = "The body is neither CSV nor NDJSON, or compressed."),
        (status = 422, description = "The header can't be meant: everything that is wrong with it."),
    )
)]
#[post("/v1/imports")]
async fn create_import(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    query: ReadQuery<ImportQuery>,
    key: IdempotencyKey,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/imports";
    let (_, (partner, options)) = query.meaning(|it| it.read(&caller))?;
    import_jobs::may_write(&caller, partner)?;
    let new = NewImport {
        partner,
        options,
        format: upload::format_of(&request)?,
    };
    let again = key.get().map(|key| (ROUTE, key));
    import_jobs::may_begin(&context, &caller, new.partner, again).await?;
    let who = (new.partner).map_or_else(|| caller.id().uuid(), OrganizationId::uuid);
    let received = upload::receive(&request, &context, who, body).await?;
    let said = [request.query_string().as_bytes(), &received.digest].concat();
    let intent = intent(ROUTE, &request, &key, &said);
    let import = import_jobs::create(&context, &caller, intent, new, received).await?;
    let location = format!("/v1/imports/{}", import.id);
    Ok(created(
        location,
        import.version,
        &ImportView::from(&import),
    ))
}

/// Which imports.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportFilters {
    /// Of that partner.
    #[param(format = "uuid", max_length = 36)]
    partner: Option<String>,
    /// Standing there.
    #[param(max_length = 20, example = "applying")]
    state: Option<String>,
    /// In what order: `created_at`, `-created_at`, `updated_at` or `-updated_at`.
    #[param(
        max_length = 20,
        pattern = "^-?(created|updated)_at$",
        default = "-created_at"
    )]
    sort: Option<String>,
}

impl ImportFilters {
    /// What they mean.
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let state = query_code("state", self.state.as_deref(), ImportState::from_code);
        let sort = time_order(self.sort.as_deref(), &mut wrong);
        let filter = Filter {
            partner: wrong.take(query_id("partner", self.partner.as_deref())),
            state: wrong.take(state),
            sort: sort.unwrap_or(TimeOrder::CreatedLast),
        };
        wrong.or(filter)
    }
}

/// Imports, the newest first unless it says otherwise: a partner's own, or all for the operator's
/// people.
#[utoipa::path(
    operation_id = "list_imports",
    tag = "imports",
    params(ImportFilters, PageQuery),
    responses(
        (status = 200, description = "A page.", body = PageView<ImportView>),
        (status = 404, description = "Of a partner that is not the caller's."),
    )
)]
#[get("/v1/imports")]
async fn list_imports(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    query: MeantQuery<ImportFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(ImportFilters::read)?;
    let page = import_jobs::list(&context, &caller, filter, page.into()).await?;
    Ok(PageView::of(page, |import| ImportView::from(&import)).respond(&request))
}

/// One import and how far it is.
///
/// While it runs, `Retry-After` says when it is worth asking again.
#[utoipa::path(
    operation_id = "get_import",
    tag = "imports",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The import.", body = ImportView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/imports/{id}")]
async fn get_import(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let import = import_jobs::find(&context, &caller, path_id(&id)?).await?;
    let (running, view) = (import.state.is_running(), ImportView::from(&import));
    Ok(in_progress(&request, import.version, running, &view))
}

/// What can be done with an import now.
#[utoipa::path(
    operation_id = "list_import_transitions",
    tag = "imports",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/imports/{id}/transitions")]
async fn list_import_transitions(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = import_jobs::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// A move of an import.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewImportTransition {
    /// `start` puts the rows of a checked file on record, `cancel` ends an
    /// import; what is on record by then stays.
    #[schema(max_length = 20, example = "start")]
    action: String,
    /// For `start`: leave out rows that are bad or refused.
    #[serde(default)]
    keep_good: bool,
}

impl NewImportTransition {
    fn read(&self) -> Result<(ImportAction, bool), Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, ImportAction::ALL);
        if self.keep_good && action == Some(ImportAction::Cancel) {
            let detail = "“cancel” takes no “keep_good”.";
            faults.push("/keep_good", "not_taken", detail);
        }
        match action {
            Some(action) if faults.is_empty() => Ok((action, self.keep_good)),
            _ => Err(faults),
        }
    }
}

/// Starts or cancels an import.
///
/// The version of one that runs rises with every batch of rows; to cancel it
/// whatever it has come to, send `If-Match: *`.
#[utoipa::path(
    operation_id = "move_import",
    tag = "imports",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewImportTransition,
    responses(
        (status = 200, description = "Moved.", body = ImportView, headers(("ETag" = String))),
        (status = 409, description = "Not possible now, or rows are not good (`rows_not_good`)."),
    )
)]
#[post("/v1/imports/{id}/transitions")]
async fn move_import(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewImportTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/imports/{id}/transitions";
    let id: ImportId = path_id(&id)?;
    let find = import_jobs::find(&context, &caller, id);
    let expected = if_match.version_of(find).await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let (action, keep_good) = body.read(|it| it.read())?;
    let moved_to =
        import_jobs::transition(&context, &caller, intent, id, expected, action, keep_good).await?;
    Ok(moved(moved_to.version, &ImportView::from(&moved_to)))
}

/// An import's timeline.
#[utoipa::path(
    operation_id = "list_import_events",
    tag = "imports",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/imports/{id}/events")]
async fn list_import_events(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let import = import_jobs::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::Import, import.id);
    let events = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(events.for_caller(&caller)))
}
