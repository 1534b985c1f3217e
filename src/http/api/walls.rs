//! Walls between competitors, as firms declare and compliance raises them.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::exchange::{created, intent, moved, path_id, query_code, query_id};
use super::finding::Wrong;
use super::transitions::TransitionsView;
use super::values::{code, parsed, time};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::text::bounded;
use crate::domain::wall::{Wall, WallAction, WallReach, WallStatus};
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, MeantQuery, NoFilters, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::paging::PageRequest;
use crate::services::walls::{self, Filter, NewWall as Wanted};

/// Most characters of a reason.
const MOST: usize = 2_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(declare_wall)
        .service(list_walls_of_organization)
        .service(list_walls)
        .service(get_wall)
        .service(list_wall_transitions)
        .service(move_wall);
}

/// Whom a firm must never be shown to, or shown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWall {
    /// What the other firm is called, in whatever script; it need not be on
    /// record.
    #[schema(min_length = 1, max_length = 200, example = "Khazar Capital")]
    name: String,
    /// Its web site, by which it is known as well.
    #[schema(max_length = 300, example = "https://khazar.example")]
    website: Option<String>,
    /// `firm` stands before that firm, `portfolio` also before every investor
    /// that has it in the portfolio.
    #[schema(max_length = 20, example = "portfolio")]
    reach: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "They compete with us.")]
    reason: String,
}

impl NewWall {
    fn read(&self) -> Result<Wanted, Faults> {
        let mut faults = Faults::new();
        let name = parsed(&mut faults, "/name", "bad_name", &self.name);
        let website = self
            .website
            .as_deref()
            .and_then(|text| parsed(&mut faults, "/website", "bad_website", text));
        let reach = code(&mut faults, "/reach", &self.reach, WallReach::ALL);
        let reason = faults.take("/reason", "invalid_text", bounded(&self.reason, MOST, true));
        match (name, reach, reason) {
            (Some(name), Some(reach), Some(reason)) if faults.is_empty() => Ok(Wanted {
                name,
                website,
                reach,
                reason,
            }),
            _ => Err(faults),
        }
    }
}

/// A wall.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Wall)]
pub struct WallView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Whose it is.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// What the other firm is called.
    #[schema(max_length = 200)]
    name: String,
    /// Its web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    website: Option<String>,
    /// `firm` or `portfolio`.
    #[schema(max_length = 20, example = "portfolio")]
    reach: &'static str,
    /// Why.
    #[schema(max_length = 2000)]
    reason: String,
    /// `declared`, `in_force`, `refused` or `lifted`.
    #[schema(max_length = 20, example = "in_force")]
    status: &'static str,
    /// Whether compliance declared it.
    by_operator: bool,
    /// Why it was refused or lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// Before which firms on record it stands, for the operator's people, where
    /// one wall is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10000)]
    stands_before: Option<Vec<String>>,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was declared.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl WallView {
    /// What callers see of it; `others` are before whom it stands.
    pub fn of(wall: &Wall, others: Option<&[OrganizationId]>) -> Self {
        Self {
            id: wall.id.to_string(),
            organization: wall.organization.to_string(),
            name: wall.name.to_string(),
            website: wall.website.as_ref().map(ToString::to_string),
            reach: wall.reach.code(),
            reason: wall.reason.clone(),
            status: wall.status.code(),
            by_operator: wall.by_operator,
            note: wall.note.clone(),
            stands_before: others.map(|all| all.iter().map(ToString::to_string).collect()),
            version: wall.version,
            created_at: time(wall.created_at),
            updated_at: time(wall.updated_at),
        }
    }
}

/// Declares whom a firm must never be shown to, or shown: its people do, and
/// compliance, which raises what they declare; its own walls stand at once.
/// Nobody but the operator's people learns whether that firm is on record.
#[utoipa::path(
    operation_id = "declare_wall",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewWall,
    responses((status = 201, description = "Declared.", body = WallView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/organizations/{id}/walls")]
async fn declare_wall(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    key: IdempotencyKey,
    body: DocumentBody<NewWall>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/organizations/{id}/walls";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let wanted = body.read(|it| it.read())?;
    let made = walls::declare(&context, &caller, intent, id, wanted).await?;
    let location = format!("/v1/walls/{}", made.id);
    Ok(created(location, made.version, &WallView::of(&made, None)))
}

/// Lists the walls of a firm, oldest first: its people read those that they
/// declared, the operator's people all.
#[utoipa::path(
    operation_id = "list_walls_of_organization",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<WallView>))
)]
#[get("/v1/organizations/{id}/walls")]
async fn list_walls_of_organization(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let page = walls::list_of(&context, &caller, id, PageRequest::from(query.page)).await?;
    Ok(PageView::of(page, |wall| WallView::of(&wall, None)).respond(&request))
}

/// Which walls.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WallFilters {
    /// Of that firm.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// `declared`, `in_force`, `refused` or `lifted`.
    #[param(max_length = 20, example = "declared")]
    status: Option<String>,
}

impl WallFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let organization = query_id("organization", self.organization.as_deref());
        let status = query_code("status", self.status.as_deref(), WallStatus::from_code);
        let filter = Filter {
            organization: wrong.take(organization),
            status: wrong.take(status),
            ..Filter::default()
        };
        wrong.or(filter)
    }
}

/// Lists walls of all firms, oldest first, for the operator's people; those that
/// wait for compliance by `status=declared`.
#[utoipa::path(
    operation_id = "list_walls",
    tag = "compliance",
    params(WallFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<WallView>))
)]
#[get("/v1/walls")]
async fn list_walls(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<WallFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(WallFilters::read)?;
    let page = walls::list(&context, &caller, filter, PageRequest::from(page)).await?;
    Ok(PageView::of(page, |wall| WallView::of(&wall, None)).respond(&request))
}

/// One wall.
#[utoipa::path(
    operation_id = "get_wall",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The wall.", body = WallView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/walls/{id}")]
async fn get_wall(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (found, others) = walls::find(&context, &caller, path_id(&id)?).await?;
    let view = WallView::of(&found, others.as_deref());
    Ok(versioned(&request, found.version, &view))
}

/// What can be done with a wall now.
#[utoipa::path(
    operation_id = "list_wall_transitions",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/walls/{id}/transitions")]
async fn list_wall_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = walls::transitions(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What is done with a wall.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWallTransition {
    /// `raise` has it keep firms apart, `refuse` doesn't agree, `lift` ends it.
    #[schema(max_length = 20, example = "raise")]
    action: String,
    /// Why; for `refuse` and `lift`.
    #[schema(min_length = 1, max_length = 2000)]
    reason: Option<String>,
}

impl NewWallTransition {
    fn read(&self) -> Result<(WallAction, Option<String>), Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, WallAction::ALL);
        let reason = self
            .reason
            .as_deref()
            .and_then(|text| faults.take("/reason", "invalid_text", bounded(text, MOST, true)));
        match action {
            Some(action) if faults.is_empty() => Ok((action, reason)),
            _ => Err(faults),
        }
    }
}

/// Moves a wall: compliance raises or refuses what a firm declared, the firm
/// lifts its own, and compliance any; what somebody of compliance declared
/// somebody else lifts.
#[utoipa::path(
    operation_id = "move_wall",
    tag = "compliance",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewWallTransition,
    responses((status = 200, description = "Moved.", body = WallView, headers(("ETag" = String))))
)]
#[post("/v1/walls/{id}/transitions")]
async fn move_wall(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewWallTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/walls/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id: Uuid = path_id(&id)?;
    let expected = if_match
        .version_of(walls::find(&context, &caller, id))
        .await?;
    let step = body.read(|it| it.read())?;
    let after = walls::transition(&context, &caller, intent, id, expected, step).await?;
    Ok(moved(after.version, &WallView::of(&after, None)))
}
