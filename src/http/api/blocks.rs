//! Pairs of firms that are kept apart, as compliance reads and lifts them.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::exchange::{intent, path_id, query_id};
use super::finding::Wrong;
use super::transitions::TransitionsView;
use super::values::time;
use crate::domain::fault::Faults;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::blocks::{self, BlockRecord, Filter};
use crate::services::paging::PageRequest;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_blocks)
        .service(get_block)
        .service(list_block_transitions)
        .service(move_block);
}

/// Two firms that are kept apart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Block)]
pub struct BlockView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Both firms.
    #[schema(min_items = 2, max_items = 2)]
    organizations: Vec<String>,
    /// Why.
    #[schema(max_length = 2000)]
    reason: String,
    /// Who was the first to ask for an end to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    first_lifted_by: Option<String>,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// Since when.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl From<&BlockRecord> for BlockView {
    fn from(block: &BlockRecord) -> Self {
        Self {
            id: block.id.to_string(),
            organizations: block
                .organizations
                .iter()
                .map(ToString::to_string)
                .collect(),
            reason: block.reason.clone(),
            first_lifted_by: block.first_lifted_by.map(|user| user.to_string()),
            version: block.version,
            created_at: time(block.created_at),
        }
    }
}

/// Which blocks.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BlockFilters {
    /// Of that firm.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// Whether somebody has asked for an end to it.
    lifting: Option<bool>,
}

impl BlockFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let organization = query_id("organization", self.organization.as_deref());
        let filter = Filter {
            organization: wrong.take(organization),
            lifting: self.lifting,
            ..Filter::default()
        };
        wrong.or(filter)
    }
}

/// Lists the pairs of firms that are kept apart, oldest first, for the
/// operator's people.
#[utoipa::path(
    operation_id = "list_blocks",
    tag = "compliance",
    params(BlockFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<BlockView>))
)]
#[get("/v1/blocks")]
async fn list_blocks(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<BlockFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(BlockFilters::read)?;
    let page = blocks::list(&context, &caller, filter, PageRequest::from(page)).await?;
    let items: Vec<BlockView> = page.items.iter().map(BlockView::from).collect();
    let page = PageView {
        items,
        next_cursor: page.next,
        count: None,
    };
    Ok(page.respond(&request))
}

/// One block in force.
#[utoipa::path(
    operation_id = "get_block",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The block.", body = BlockView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/blocks/{id}")]
async fn get_block(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = blocks::find(&context, &caller, path_id(&id)?).await?;
    Ok(versioned(&request, found.version, &BlockView::from(&found)))
}

/// What can be done with a block now, for compliance.
#[utoipa::path(
    operation_id = "list_block_transitions",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/blocks/{id}/transitions")]
async fn list_block_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let verdict = blocks::lift_verdict(&context, &caller, path_id(&id)?).await?;
    let actions = verdict.map(|verdict| ("lift", verdict.err()));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What to do with a block.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBlockTransition {
    /// `lift`.
    #[schema(max_length = 20, example = "lift")]
    action: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

impl NewBlockTransition {
    fn read(&self) -> Result<String, Faults> {
        let mut faults = Faults::new();
        if self.action != "lift" {
            faults.push("/action", "unknown_action", "A block can only be lifted.");
        }
        let reason = bounded(&self.reason, 2_000, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        reason.filter(|_| faults.is_empty()).ok_or(faults)
    }
}

/// Where a block stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlockLifting)]
pub struct BlockLiftingView {
    /// Whether it is lifted now; false after the first of two people.
    lifted: bool,
}

/// Lifts a block, for compliance. It takes two people; deals that it stopped
/// stay stopped until two people unblock each.
#[utoipa::path(
    operation_id = "move_block",
    tag = "compliance",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewBlockTransition,
    responses((status = 200, description = "Noted.", body = BlockLiftingView))
)]
#[post("/v1/blocks/{id}/transitions")]
async fn move_block(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewBlockTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/blocks/{id}/transitions";
    let id: Uuid = path_id(&id)?;
    let expected = if_match
        .version_of(blocks::find(&context, &caller, id))
        .await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let reason = body.read(|it| it.read())?;
    let lifted = blocks::lift(&context, &caller, intent, id, expected, reason).await?;
    Ok(HttpResponse::Ok().json(BlockLiftingView { lifted }))
}
