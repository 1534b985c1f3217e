//! The pipelines that a programme's deals go through, in versions: drafted over
//! the API, published by a person.

mod document;

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{body_id, created, intent, moved, path_id, query_code, query_id};
use super::finding::Wrong;
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::{code, texts};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::ProgrammeId;
use crate::domain::pipeline_set::{PipelineSet, PipelineSetAction, PipelineSetStatus};
use crate::domain::values::CloseCode;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::pipelines::{self, Filter};
use crate::services::{Context, Error};

use document::{PipelineDocument, PipelineSetView, read, written};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_pipeline_sets)
        .service(create_pipeline_set)
        .service(get_pipeline_set)
        .service(change_pipeline_set)
        .service(list_pipeline_set_transitions)
        .service(move_pipeline_set)
        .service(list_pipeline_set_events);
}

/// Pipelines to draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPipelineSet {
    /// For which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// The pipelines; a copy of all that the programme's deals are opened under
    /// now when absent.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 20)]
    pipelines: Option<Vec<PipelineDocument>>,
    /// With which codes a deal can be lost; with pipelines, all that there are
    /// when absent.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 30, example = json!(["valuation", "other"]))]
    close_codes: Option<Vec<String>>,
}

impl NewPipelineSet {
    fn read(&self) -> Result<(ProgrammeId, Option<PipelineSet>), Faults> {
        let mut faults = Faults::new();
        let programme = body_id(&mut faults, "/programme", &self.programme);
        let set = match (&self.pipelines, &self.close_codes) {
            (Some(pipelines), codes) => {
                let all = || texts(CloseCode::ALL);
                let codes = codes.clone().unwrap_or_else(all);
                faults.nest("", read(pipelines, &codes))
            }
            (None, Some(_)) => {
                let detail = "Close codes come with the pipelines that they are for.";
                faults.push("/pipelines", "required", detail);
                None
            }
            (None, None) => None,
        };
        match programme {
            Some(programme) if faults.is_empty() => Ok((programme, set)),
            _ => Err(faults),
        }
    }
}

/// What a draft says: what a PATCH is laid over.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineSetChanges {
    /// The pipelines.
    #[schema(min_items = 1, max_items = 20)]
    pipelines: Vec<PipelineDocument>,
    /// With which codes a deal can be lost.
    #[schema(min_items = 1, max_items = 30, example = json!(["valuation", "other"]))]
    close_codes: Vec<String>,
}

/// Which sets of pipelines.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PipelineSetFilters {
    /// Of that programme; without it those of the service are there as well.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// In that state.
    #[param(max_length = 20, example = "published")]
    status: Option<String>,
}

impl PipelineSetFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let status = self.status.as_deref();
        let status = query_code("status", status, PipelineSetStatus::from_code);
        let filter = Filter {
            programme: wrong.take(query_id("programme", self.programme.as_deref())),
            status: wrong.take(status),
        };
        wrong.or(filter)
    }
}

/// Sets of pipelines, oldest first, for the operator's people.
#[utoipa::path(
    operation_id = "list_pipeline_sets",
    tag = "deals",
    params(PipelineSetFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<PipelineSetView>))
)]
#[get("/v1/pipeline-sets")]
async fn list_pipeline_sets(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<PipelineSetFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(PipelineSetFilters::read)?;
    let page = pipelines::list(&context, &caller, filter, page.into()).await?;
    Ok(PageView::of(page, PipelineSetView::from).respond(&request))
}

/// Drafts a version of a programme's pipelines, for curators.
///
/// Everything that is wrong with it is named at once. Deals are opened under it
/// once it is published.
#[utoipa::path(
    operation_id = "create_pipeline_set",
    tag = "deals",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewPipelineSet,
    responses((status = 201, description = "A draft.", body = PipelineSetView,
        headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/pipeline-sets")]
async fn create_pipeline_set(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewPipelineSet>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/pipeline-sets", &request, &key, body.bytes());
    let (programme, set) = body.read(|it| it.read())?;
    let kept = pipelines::create(&context, &caller, intent, programme, set).await?;
    let view = PipelineSetView::from(kept);
    Ok(created(view.location(), view.version, &view))
}

/// One version of pipelines, for the operator's people.
#[utoipa::path(
    operation_id = "get_pipeline_set",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The pipelines.", body = PipelineSetView,
            headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/pipeline-sets/{id}")]
async fn get_pipeline_set(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = pipelines::find(&context, &caller, path_id(&id)?).await?;
    let view = PipelineSetView::from(found);
    Ok(versioned(&request, view.version, &view))
}

/// Changes what a draft says, for curators.
///
/// A merge patch (RFC 7396): a list is replaced as a whole.
#[utoipa::path(
    operation_id = "change_pipeline_set",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    request_body(content = PipelineSetChanges, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "Changed.", body = PipelineSetView,
            headers(("ETag" = String))),
        (status = 409, description = "It is no draft any more."),
    )
)]
#[patch("/v1/pipeline-sets/{id}")]
async fn change_pipeline_set(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(pipelines::find(&context, &caller, id))
        .await?;
    let revise = move |before: &PipelineSet| -> Result<PipelineSet, Error> {
        let (pipelines, close_codes) = written(before);
        let current = PipelineSetChanges {
            pipelines,
            close_codes,
        };
        let after: PipelineSetChanges = patch.apply_to(&current)?;
        Ok(read(&after.pipelines, &after.close_codes)?)
    };
    let kept = pipelines::edit(&context, &caller, id, expected, revise).await?;
    let view = PipelineSetView::from(kept);
    Ok(moved(view.version, &view))
}

/// What can be done with a version of pipelines now.
#[utoipa::path(
    operation_id = "list_pipeline_set_transitions",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/pipeline-sets/{id}/transitions")]
async fn list_pipeline_set_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = pipelines::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// A move of a version of pipelines.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPipelineSetTransition {
    /// `publish` or `retire`.
    #[schema(max_length = 50, example = "publish")]
    action: String,
}

impl NewPipelineSetTransition {
    fn read(&self) -> Result<PipelineSetAction, Faults> {
        let mut faults = Faults::new();
        code(&mut faults, "/action", &self.action, PipelineSetAction::ALL).ok_or(faults)
    }
}

/// Publishes or retires a version of pipelines: a curator in a session, no
/// program.
///
/// New deals of the programme are opened under what is published, and what was
/// published before is retired; deals under way keep the version they were
/// opened under. Retiring what is published has deals opened under the service's
/// own pipelines again.
#[utoipa::path(
    operation_id = "move_pipeline_set",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewPipelineSetTransition,
    responses((status = 200, description = "Moved.", body = PipelineSetView,
        headers(("ETag" = String))))
)]
#[post("/v1/pipeline-sets/{id}/transitions")]
async fn move_pipeline_set(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewPipelineSetTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/pipeline-sets/{id}/transitions";
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(pipelines::find(&context, &caller, id))
        .await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let action = body.read(|it| it.read())?;
    let kept = pipelines::transition(&context, &caller, intent, id, expected, action).await?;
    let view = PipelineSetView::from(kept);
    Ok(moved(view.version, &view))
}

/// What happened to a version of pipelines.
#[utoipa::path(
    operation_id = "list_pipeline_set_events",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/pipeline-sets/{id}/events")]
async fn list_pipeline_set_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = pipelines::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::PipelineSet, found.id);
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}
