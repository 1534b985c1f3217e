//! Freezes: ordered, read and lifted.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::exchange::{intent, path_id};
use super::keys::instant;
use super::values::{parsed, time};
use crate::domain::compliance::FreezeScope;
use crate::domain::fault::Faults;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, etag, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::freezes::{self, FreezeRecord, NewFreeze as Order};
use crate::services::paging::PageRequest;

/// Most characters of a reason.
const MOST: usize = 2_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_freeze)
        .service(list_freezes)
        .service(get_freeze)
        .service(lift_freeze);
}

/// An order that nothing more is shown or sent within a scope.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFreeze {
    /// `all`, `country`, `tag`, `organization` or `programme`.
    #[schema(max_length = 20, example = "tag")]
    scope: String,
    /// Which one: a country's code, a tag's slug, an id; absent where the scope
    /// is `all`.
    #[schema(min_length = 1, max_length = 80, example = "ot_sec")]
    value: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
    /// From when on, at most a year ahead; now where it is absent.
    #[schema(
        format = "date-time",
        max_length = 35,
        example = "2026-12-31T12:00:00Z"
    )]
    from: Option<String>,
    /// When it ends by itself; where it is absent it lasts until two people lift
    /// it.
    #[schema(
        format = "date-time",
        max_length = 35,
        example = "2027-01-31T12:00:00Z"
    )]
    to: Option<String>,
}

impl NewFreeze {
    fn read(&self, context: &Context) -> Result<Order, Faults> {
        let mut faults = Faults::new();
        let scope = self.scope(context, &mut faults);
        let reason = bounded(&self.reason, MOST, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        let mut at = |pointer: &str, text: &Option<String>| -> Option<DateTime<Utc>> {
            text.as_deref()
                .and_then(|text| instant(&mut faults, pointer, text))
        };
        let (from, to) = (at("/from", &self.from), at("/to", &self.to));
        match (scope, reason) {
            (Some(scope), Some(reason)) if faults.is_empty() => Ok(Order {
                scope,
                reason,
                from,
                to,
            }),
            _ => Err(faults),
        }
    }

    fn scope(&self, context: &Context, faults: &mut Faults) -> Option<FreezeScope> {
        let scope = self.scope.as_str();
        let value = match (scope, self.value.as_deref()) {
            ("all", None) => return Some(FreezeScope::All),
            ("all", Some(_)) => {
                faults.push("/value", "not_allowed", "What covers all has no value.");
                return None;
            }
            ("country" | "tag" | "organization" | "programme", None) => {
                faults.push("/value", "required", "Say which one it covers.");
                return None;
            }
            (_, value) => value.unwrap_or_default(),
        };
        match scope {
            "country" => {
                parsed(faults, "/value", "unknown_country", value).map(FreezeScope::Country)
            }
            "tag" => super::vocabulary::Vocabulary::new(&context.taxonomy())
                .known(faults, "/value", value)
                .map(|tag| FreezeScope::Tag(tag.slug.clone())),
            "organization" => {
                parsed(faults, "/value", "not_an_id", value).map(FreezeScope::Organization)
            }
            "programme" => parsed(faults, "/value", "not_an_id", value).map(FreezeScope::Programme),
            _ => {
                let detail =
                    "A freeze covers all, a country, a tag, an organization or a programme.";
                faults.push("/scope", "unknown_code", detail);
                None
            }
        }
    }
}

/// A freeze with who ordered and who lifted it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Freeze)]
pub struct FreezeView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What it covers.
    #[schema(max_length = 20, example = "tag")]
    scope: &'static str,
    /// Which one; absent where it covers all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80)]
    value: Option<String>,
    /// Why.
    #[schema(max_length = 2000)]
    reason: String,
    /// `planned`, `in_force`, `ended` by itself or `lifted`.
    #[schema(max_length = 20, example = "in_force")]
    state: &'static str,
    /// From when on.
    #[schema(format = "date-time", max_length = 35)]
    from: String,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    to: Option<String>,
    /// Who ordered it.
    #[schema(format = "uuid", max_length = 36)]
    ordered_by: String,
    /// Who was the first to ask for an end to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    first_lifted_by: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    first_lift_reason: Option<String>,
    /// Who then lifted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    lifted_by: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    lift_reason: Option<String>,
    /// When it was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    lifted_at: Option<String>,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was ordered.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl FreezeView {
    fn of(found: &FreezeRecord, now: DateTime<Utc>) -> Self {
        let freeze = &found.freeze;
        let (scope, value) = match &freeze.scope {
            FreezeScope::All => ("all", None),
            FreezeScope::Country(country) => ("country", Some(country.to_string())),
            FreezeScope::Tag(slug) => ("tag", Some(slug.to_string())),
            FreezeScope::Organization(id) => ("organization", Some(id.to_string())),
            FreezeScope::Programme(id) => ("programme", Some(id.to_string())),
        };
        Self {
            id: freeze.id.to_string(),
            scope,
            value,
            reason: freeze.reason.clone(),
            state: found.state(now).code(),
            from: time(freeze.starts_at),
            to: freeze.ends_at.map(time),
            ordered_by: found.ordered_by.to_string(),
            first_lifted_by: found.first_lifted_by.map(|user| user.to_string()),
            first_lift_reason: found.first_lift_reason.clone(),
            lifted_by: found.lifted_by.map(|user| user.to_string()),
            lift_reason: found.lift_reason.clone(),
            lifted_at: found.lifted_at.map(time),
            version: found.version,
            created_at: time(freeze.created_at),
        }
    }
}

/// Orders a freeze, for compliance: of everything or of a part, now or from a
/// later time on, until two people lift it or a time that is set.
#[utoipa::path(
    operation_id = "create_freeze",
    tag = "compliance",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewFreeze,
    responses((status = 201, description = "Ordered.", body = FreezeView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/freezes")]
async fn create_freeze(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewFreeze>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/freezes", &request, &key, body.bytes());
    let order = body.read(|it| it.read(&context))?;
    let made = freezes::order(&context, &caller, intent, order).await?;
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/v1/freezes/{}", made.freeze.id)))
        .insert_header(("ETag", etag(made.version)))
        .json(FreezeView::of(&made, context.now())))
}

/// Which freezes.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FreezeFilters {
    /// Those that are over, lifted or by themselves; without it those in force
    /// and those that begin later.
    lifted: Option<bool>,
}

/// Lists freezes, oldest first, for the operator's people.
#[utoipa::path(
    operation_id = "list_freezes",
    tag = "compliance",
    params(FreezeFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<FreezeView>))
)]
#[get("/v1/freezes")]
async fn list_freezes(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: ListQuery<FreezeFilters>,
) -> Result<HttpResponse, Problem> {
    let over = query.filters.lifted.unwrap_or(false);
    let page = freezes::list(&context, &caller, over, PageRequest::from(query.page)).await?;
    let now = context.now();
    Ok(PageView::of(page, |found| FreezeView::of(&found, now)).respond(&request))
}

/// One freeze, planned, in force or over, for the operator's people.
#[utoipa::path(
    operation_id = "get_freeze",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The freeze.", body = FreezeView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/freezes/{id}")]
async fn get_freeze(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = freezes::find(&context, &caller, path_id(&id)?).await?;
    let view = FreezeView::of(&found, context.now());
    Ok(versioned(&request, found.version, &view))
}

/// What to do with a freeze.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFreezeTransition {
    /// `lift`.
    #[schema(max_length = 20, example = "lift")]
    action: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

impl NewFreezeTransition {
    fn read(&self) -> Result<String, Faults> {
        let mut faults = Faults::new();
        if self.action != "lift" {
            faults.push("/action", "unknown_action", "A freeze can only be lifted.");
        }
        let reason = bounded(&self.reason, MOST, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        reason.filter(|_| faults.is_empty()).ok_or(faults)
    }
}

/// Where a freeze stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FreezeLifting)]
pub struct LiftingView {
    /// Whether it is lifted now; false after the first of two people.
    lifted: bool,
}

/// Lifts a freeze, for compliance. It takes two people, each with a reason.
#[utoipa::path(
    operation_id = "lift_freeze",
    tag = "compliance",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewFreezeTransition,
    responses((status = 200, description = "Noted.", body = LiftingView))
)]
#[post("/v1/freezes/{id}/transitions")]
async fn lift_freeze(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewFreezeTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/freezes/{id}/transitions";
    let id: Uuid = path_id(&id)?;
    let expected = if_match
        .version_of(freezes::find(&context, &caller, id))
        .await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let reason = body.read(|it| it.read())?;
    let lifted = freezes::lift(&context, &caller, intent, id, expected, reason).await?;
    Ok(HttpResponse::Ok().json(LiftingView { lifted }))
}
