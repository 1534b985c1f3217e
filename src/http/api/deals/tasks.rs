//! What is to be done about a deal.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::deal_work::{Camp, DealTask, TaskAction, TaskDetails, TaskStatus, Visibility};
use crate::domain::fault::Faults;
use crate::domain::ids::{DealId, DealTaskId};
use crate::domain::text::bounded;
use crate::http::api::exchange::{body_id, created, intent, moved, path_id, query_code};
use crate::http::api::finding::Wrong;
use crate::http::api::transitions::TransitionsView;
use crate::http::api::values::{code, day, time};
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, JsonBody};
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::deals::tasks::{self, Filter};
use crate::services::paging::PageRequest;
use crate::services::{Caller, Context, Error};

/// Most characters of a title.
const TITLE_MAX: usize = 300;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_deal_tasks)
        .service(make_deal_task)
        .service(get_deal_task)
        .service(change_deal_task)
        .service(list_deal_task_transitions)
        .service(move_deal_task);
}

/// What a task says.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DealTaskDocument)]
pub struct TaskDocument {
    /// What is to be done.
    #[schema(
        min_length = 1,
        max_length = 300,
        example = "Send the audited accounts"
    )]
    title: String,
    /// The last day for it.
    #[schema(format = "date", max_length = 10, example = "2027-01-15")]
    due: String,
    /// Whose people are to do it: `startup`, `investor` or `operator`.
    #[schema(max_length = 10, example = "startup")]
    assignee: String,
    /// Which of them, if it is somebody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    person: Option<String>,
    /// Who learns of it: `private` (the writer), `team` (the writer's people)
    /// or `both` (both sides and the operator's people). Said once.
    #[schema(max_length = 10, example = "both")]
    visibility: String,
}

impl TaskDocument {
    fn of(details: &TaskDetails) -> Self {
        Self {
            title: details.title.clone(),
            due: details.due.to_string(),
            assignee: details.assignee.code().to_owned(),
            person: details.person.map(|person| person.to_string()),
            visibility: details.visibility.code().to_owned(),
        }
    }

    fn read(&self) -> Result<TaskDetails, Faults> {
        let mut faults = Faults::new();
        let title = bounded(&self.title, TITLE_MAX, true);
        let title = faults.take("/title", "invalid_text", title);
        let due = day(&mut faults, "/due", &self.due);
        let assignee = code(&mut faults, "/assignee", &self.assignee, Camp::ALL);
        let person = self.person.as_deref();
        let person = person.and_then(|person| body_id(&mut faults, "/person", person));
        let visibility = code(
            &mut faults,
            "/visibility",
            &self.visibility,
            Visibility::ALL,
        );
        match (title, due, assignee, visibility) {
            (Some(title), Some(due), Some(assignee), Some(visibility)) if faults.is_empty() => {
                Ok(TaskDetails {
                    title,
                    due,
                    assignee,
                    person,
                    visibility,
                })
            }
            _ => Err(faults),
        }
    }
}

/// A task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealTask)]
pub struct TaskView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// About which deal.
    #[schema(format = "uuid", max_length = 36)]
    deal: String,
    /// What it says; whom it is for by name only for their own people and the
    /// operator's.
    #[serde(flatten)]
    document: TaskDocument,
    /// Whose people asked for it.
    #[schema(max_length = 10, example = "investor")]
    camp: &'static str,
    /// `open`, `done` or `dropped`.
    #[schema(max_length = 10, example = "open")]
    status: &'static str,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was made.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl TaskView {
    /// What a caller reads of it.
    pub fn of(task: &DealTask, caller: &Caller) -> Self {
        let mut document = TaskDocument::of(&task.details);
        let own = task.details.person == Some(caller.id())
            || task.author == caller.id()
            || task.details.visibility != Visibility::Both
            || caller.reads_everything();
        document.person = document.person.filter(|_| own);
        Self {
            id: task.id.to_string(),
            deal: task.deal.to_string(),
            document,
            camp: task.camp.code(),
            status: task.status.code(),
            version: task.version,
            created_at: time(task.created_at),
            updated_at: time(task.updated_at),
        }
    }
}

/// Which tasks.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TaskFilters {
    /// That stand so.
    #[param(max_length = 10, example = "open")]
    status: Option<String>,
    /// To be done by those people.
    #[param(max_length = 10, example = "startup")]
    assignee: Option<String>,
}

impl TaskFilters {
    fn read(&self, deal: DealId) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let status = query_code("status", self.status.as_deref(), TaskStatus::from_code);
        let assignee = query_code("assignee", self.assignee.as_deref(), Camp::from_code);
        let filter = Filter {
            deal,
            status: wrong.take(status),
            assignee: wrong.take(assignee),
        };
        wrong.or(filter)
    }
}

/// Lists the tasks of a deal that the caller learns of, oldest first.
#[utoipa::path(
    operation_id = "list_deal_tasks",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), TaskFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<TaskView>))
)]
#[get("/v1/deals/{id}/tasks")]
async fn list_deal_tasks(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: MeantQuery<TaskFilters>,
) -> Result<HttpResponse, Problem> {
    let deal = path_id(&id)?;
    let (page, _, filter) = query.read(|asked| asked.read(deal))?;
    let page = tasks::list(&context, &caller, filter, PageRequest::from(page)).await?;
    Ok(PageView::of(page, |task| TaskView::of(&task, &caller)).respond(&request))
}

/// Makes a task.
///
/// What both sides are to read is refused where it names something restricted
/// or prohibited.
#[utoipa::path(
    operation_id = "make_deal_task",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = TaskDocument,
    responses((status = 201, description = "Made.", body = TaskView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/deals/{id}/tasks")]
async fn make_deal_task(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<TaskDocument>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/deals/{id}/tasks";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let details = body.read(|it| it.read())?;
    let task = tasks::make(&context, &caller, intent, id, details).await?;
    let location = format!("/v1/deal-tasks/{}", task.id);
    Ok(created(
        location,
        task.version,
        &TaskView::of(&task, &caller),
    ))
}

/// One task.
#[utoipa::path(
    operation_id = "get_deal_task",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The task.", body = TaskView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/deal-tasks/{id}")]
async fn get_deal_task(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let task = tasks::find(&context, &caller, path_id(&id)?).await?;
    Ok(versioned(
        &request,
        task.version,
        &TaskView::of(&task, &caller),
    ))
}

/// Changes what an open task says, for those who asked for it.
#[utoipa::path(
    operation_id = "change_deal_task",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-Match" = String, Header, max_length = 100, example = "\"v1\"")),
    request_body(content = TaskDocument, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Changed.", body = TaskView, headers(("ETag" = String))))
)]
#[patch("/v1/deal-tasks/{id}")]
async fn change_deal_task(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id: DealTaskId = path_id(&id)?;
    tasks::find(&context, &caller, id).await?;
    let expected = if_match.version()?;
    let revise = move |before: &TaskDetails| -> Result<TaskDetails, Error> {
        let document: TaskDocument = patch.apply_to(&TaskDocument::of(before))?;
        Ok(document.read()?)
    };
    let task = tasks::change(&context, &caller, id, expected, revise).await?;
    Ok(moved(task.version, &TaskView::of(&task, &caller)))
}

/// What can be done with a task now.
#[utoipa::path(
    operation_id = "list_deal_task_transitions",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/deal-tasks/{id}/transitions")]
async fn list_deal_task_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = tasks::transitions(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What to do with a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealTaskTransition {
    /// `complete`, `drop` or `reopen`.
    #[schema(max_length = 20, example = "complete")]
    action: String,
}

/// Says that a task is done, no longer wanted, or to be done after all.
///
/// Those who are to do it complete and reopen it, those who asked for it may
/// drop it as well.
#[utoipa::path(
    operation_id = "move_deal_task",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewDealTaskTransition,
    responses((status = 200, description = "Moved.", body = TaskView, headers(("ETag" = String))))
)]
#[post("/v1/deal-tasks/{id}/transitions")]
async fn move_deal_task(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, if_match): (web::Path<String>, IdempotencyKey, IfMatch),
    body: JsonBody<NewDealTaskTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/deal-tasks/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id: DealTaskId = path_id(&id)?;
    let found = tasks::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let mut faults = Faults::new();
    let action = code(
        &mut faults,
        "/action",
        &body.into_inner().action,
        TaskAction::ALL,
    );
    let action = action.ok_or(faults)?;
    let task = tasks::transition(&context, &caller, intent, id, expected, action).await?;
    Ok(moved(task.version, &TaskView::of(&task, &caller)))
}
