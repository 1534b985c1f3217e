//! Everything of a programme matched again: jobs, how far they are.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{created, intent, moved, path_id};
use super::values::{code, time};
use crate::domain::fault::Faults;
use crate::domain::ids::{ProgrammeId, RematchId};
use crate::domain::rematch::{MOST_TOP, Rematch};
use crate::domain::scoring::Band;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, JsonBody};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::paging::PageRequest;
use crate::services::rematch::{self, Wanted};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_rematch)
        .service(list_rematches)
        .service(get_rematch)
        .service(move_rematch);
}

/// What to put on record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRematch {
    /// So many of the best mandates of each startup.
    #[serde(default = "twenty")]
    #[schema(minimum = 1, maximum = 100, default = 20)]
    top: i64,
    /// Only from that band upwards; `possible` when nothing is said.
    #[schema(max_length = 10, example = "good")]
    min_band: Option<String>,
}

const fn twenty() -> i64 {
    20
}

impl NewRematch {
    fn read(&self) -> Result<Wanted, Faults> {
        let mut faults = Faults::new();
        if !(1..=MOST_TOP).contains(&self.top) {
            faults.push("/top", "out_of_range", format!("`top` is 1 to {MOST_TOP}."));
        }
        let band = self.min_band.as_deref().unwrap_or(Band::Possible.code());
        let min_band = code(&mut faults, "/min_band", band, Band::ALL);
        match min_band {
            Some(min_band) if faults.is_empty() => Ok(Wanted {
                top: self.top,
                min_band,
            }),
            _ => Err(faults),
        }
    }
}

/// A job that matches everything of a programme again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rematch)]
pub struct RematchView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Of which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// So many of the best mandates of each startup are put on record.
    #[schema(minimum = 1, maximum = 100)]
    top: i64,
    /// Only from that band upwards.
    #[schema(max_length = 10, example = "possible")]
    min_band: &'static str,
    /// The rules that held when it began.
    #[schema(format = "uuid", max_length = 36)]
    rule_set: String,
    /// Where it stands: `running`, `done` or `cancelled`.
    #[schema(max_length = 20, example = "running")]
    status: &'static str,
    /// How many startups there were when it began.
    #[schema(minimum = 0, example = 60)]
    startups: i64,
    /// How many it has gone through.
    #[schema(minimum = 0, example = 48)]
    done: i64,
    /// Pairs that were put on record.
    #[schema(minimum = 0)]
    added: i64,
    /// Candidates that were replaced by a newer account.
    #[schema(minimum = 0)]
    replaced: i64,
    /// Matches that ended, since a gate fails by now.
    #[schema(minimum = 0)]
    ended: i64,
    /// Matches that nothing was written for.
    #[schema(minimum = 0)]
    unchanged: i64,
    /// Who began it; absent for a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    by: Option<String>,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it began.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last went on.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl From<&Rematch> for RematchView {
    fn from(job: &Rematch) -> Self {
        Self {
            id: job.id.to_string(),
            programme: job.programme.to_string(),
            top: job.top,
            min_band: job.min_band.code(),
            rule_set: job.rule_set.to_string(),
            status: job.status.code(),
            startups: job.startups,
            done: job.done,
            added: job.tally.added,
            replaced: job.tally.replaced,
            ended: job.tally.ended,
            unchanged: job.tally.unchanged,
            by: job.by.map(|by| by.to_string()),
            version: job.version,
            created_at: time(job.created_at),
            updated_at: time(job.updated_at),
        }
    }
}

/// Matches everything of a programme again, after a change of rules.
///
/// The best mandates of each startup are put on record; what is on record and
/// not shown yet gets a newer account where that differs, and ends where a gate
/// fails by now. What was shown stays as it was shown. The job runs beside the
/// service, on all cores, writes only what changed, and goes on after a crash
/// where it was. One runs per programme.
#[utoipa::path(
    operation_id = "create_rematch",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewRematch,
    responses((status = 201, description = "It runs.", body = RematchView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/programmes/{id}/rematches")]
async fn create_rematch(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewRematch>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/rematches";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let programme: ProgrammeId = path_id(&id)?;
    let wanted = body.read(|it| it.read())?;
    let job = rematch::start(&context, &caller, intent, programme, wanted).await?;
    let place = format!("/v1/programmes/{programme}/rematches/{}", job.id);
    Ok(created(place, job.version, &RematchView::from(&job)))
}

/// Lists a programme's jobs, oldest first.
#[utoipa::path(
    operation_id = "list_rematches",
    tag = "matches",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<RematchView>))
)]
#[get("/v1/programmes/{id}/rematches")]
async fn list_rematches(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let page = rematch::list(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(page, |job| RematchView::from(&job)).respond(&request))
}

/// One job, and how far it is.
#[utoipa::path(
    operation_id = "get_rematch",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("rematch" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 1000),
    ),
    responses((status = 200, description = "The job.", body = RematchView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/programmes/{id}/rematches/{rematch}")]
async fn get_rematch(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (programme, id) = (path_id(&path.0)?, path_id(&path.1)?);
    let job = rematch::find(&context, &caller, programme, id).await?;
    Ok(versioned(&request, job.version, &RematchView::from(&job)))
}

/// What to do with a job.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRematchTransition {
    /// `cancel`.
    #[schema(max_length = 40, example = "cancel")]
    action: String,
}

/// Gives a job up; what it wrote stays.
#[utoipa::path(
    operation_id = "move_rematch",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("rematch" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewRematchTransition,
    responses((status = 200, description = "Given up.", body = RematchView, headers(("ETag" = String))))
)]
#[post("/v1/programmes/{id}/rematches/{rematch}/transitions")]
async fn move_rematch(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (path, key, if_match): (web::Path<(String, String)>, IdempotencyKey, IfMatch),
    body: JsonBody<NewRematchTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/rematches/{rematch}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let ids: (ProgrammeId, RematchId) = (path_id(&path.0)?, path_id(&path.1)?);
    let found = rematch::find(&context, &caller, ids.0, ids.1);
    let expected = if_match.version_of(found).await?;
    if body.into_inner().action != "cancel" {
        let mut faults = Faults::new();
        faults.push("/action", "unknown_action", "A job can only be cancelled.");
        return Err(faults.into());
    }
    let job = rematch::cancel(&context, &caller, intent, ids, expected).await?;
    Ok(moved(job.version, &RematchView::from(&job)))
}
