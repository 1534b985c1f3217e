//! What compliance records: clearances, freezes, blocks.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::exchange::{body_id, path_id};
use super::values::{code, day, parsed, time};
use super::vocabulary::Vocabulary;
use crate::domain::compliance::{Clearance, ClearanceVerdict, Freeze, FreezeScope};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::tag::Taxonomy;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::JsonBody;
use crate::http::problem::Problem;
use crate::services::Context;
use crate::services::compliance;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_clearance)
        .service(list_clearances)
        .service(create_freeze)
        .service(list_freezes)
        .service(move_freeze)
        .service(create_block);
}

/// Characters of a ground or a reason.
const WORDS: usize = 1_000;

/// A check somebody made of a firm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClearance {
    /// Whom it is about.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// `clear`, `clear_enhanced`, `review` or `blocked`.
    #[schema(max_length = 20, example = "clear")]
    verdict: String,
    /// On what ground: a list, a registry, a report.
    #[schema(
        min_length = 1,
        max_length = 1000,
        example = "EU consolidated list of 2026-11-01"
    )]
    basis: String,
    /// Last day on which it holds.
    #[schema(format = Date, max_length = 10, example = "2027-11-01")]
    valid_to: String,
}

impl TryFrom<NewClearance> for compliance::NewClearance {
    type Error = Faults;

    fn try_from(new: NewClearance) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        let organization = body_id(&mut faults, "/organization", &new.organization);
        let verdict = code(&mut faults, "/verdict", &new.verdict, ClearanceVerdict::ALL);
        let basis = bounded(&new.basis, WORDS, true);
        let basis = faults.take("/basis", "bad_text", basis);
        let valid_to = day(&mut faults, "/valid_to", &new.valid_to);
        match (organization, verdict, basis, valid_to) {
            (Some(organization), Some(verdict), Some(basis), Some(valid_to)) => Ok(Self {
                organization,
                verdict,
                basis,
                valid_to,
            }),
            _ => Err(faults),
        }
    }
}

/// A recorded check of a firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Clearance)]
pub struct ClearanceView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Whom it is about.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// What came out.
    #[schema(max_length = 20, example = "clear")]
    verdict: String,
    /// On what ground.
    #[schema(max_length = 1000)]
    basis: String,
    /// Last day on which it holds.
    #[schema(format = Date, max_length = 10)]
    valid_to: String,
    /// When it was recorded.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
}

impl From<Clearance> for ClearanceView {
    fn from(clearance: Clearance) -> Self {
        Self {
            id: clearance.id.to_string(),
            organization: clearance.organization.to_string(),
            verdict: clearance.verdict.to_string(),
            basis: clearance.basis,
            valid_to: clearance.valid_to.to_string(),
            created_at: time(clearance.created_at),
        }
    }
}

/// The checks of a firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Clearances)]
pub struct ClearancesView {
    /// Oldest first; the last one counts.
    #[schema(max_items = 10_000)]
    items: Vec<ClearanceView>,
}

/// Records a check of a firm; the newest one counts.
#[utoipa::path(
    operation_id = "create_clearance",
    tag = "compliance",
    request_body = NewClearance,
    responses(
        (status = 201, description = "Recorded.", body = ClearanceView, headers(("Location" = String))),
        (status = 404, description = "There is no such firm."),
    )
)]
#[post("/v1/clearances")]
async fn create_clearance(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    body: JsonBody<NewClearance>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner().try_into()?;
    let clearance = compliance::record_clearance(&context, &caller, new).await?;
    let view = ClearanceView::from(clearance);
    let location = format!("/v1/organizations/{}/clearances", view.organization);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, location))
        .json(view))
}

/// The checks of a firm.
#[utoipa::path(
    operation_id = "list_clearances",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "Oldest first.", body = ClearancesView))
)]
#[get("/v1/organizations/{id}/clearances")]
async fn list_clearances(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = compliance::clearances(&context, &caller, path_id(&id)?).await?;
    let items = found.into_iter().map(ClearanceView::from).collect();
    Ok(HttpResponse::Ok().json(ClearancesView { items }))
}

/// What a freeze covers.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FreezeScope)]
pub struct FreezeScopeView {
    /// `country`, `tag`, `organization` or `programme`.
    #[schema(
        max_length = 20,
        pattern = "^(country|tag|organization|programme)$",
        example = "country"
    )]
    kind: String,
    /// Which one: its code, slug or id.
    #[schema(min_length = 1, max_length = 80, example = "IL")]
    value: String,
}

/// An order that nothing more is shown or sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFreeze {
    /// What it covers.
    scope: FreezeScopeView,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl NewFreeze {
    fn read(&self, taxonomy: &Taxonomy) -> Result<(FreezeScope, String), Faults> {
        let mut faults = Faults::new();
        let scope = self.scope.read(&mut faults, taxonomy);
        let reason = bounded(&self.reason, WORDS, true);
        let reason = faults.take("/reason", "bad_text", reason);
        scope.zip(reason).ok_or(faults)
    }
}

impl FreezeScopeView {
    fn read(&self, faults: &mut Faults, taxonomy: &Taxonomy) -> Option<FreezeScope> {
        const VALUE: &str = "/scope/value";
        let value = &self.value;
        match self.kind.as_str() {
            "country" => parsed(faults, VALUE, "unknown_country", value).map(FreezeScope::Country),
            "tag" => Vocabulary(taxonomy)
                .tag(faults, VALUE, value)
                .map(FreezeScope::Tag),
            "organization" => body_id(faults, VALUE, value).map(FreezeScope::Organization),
            "programme" => body_id(faults, VALUE, value).map(FreezeScope::Programme),
            _ => {
                let detail = "Must be one of country, tag, organization, programme.";
                faults.push("/scope/kind", "unknown_code", detail);
                None
            }
        }
    }
}

impl From<FreezeScope> for FreezeScopeView {
    fn from(scope: FreezeScope) -> Self {
        let (kind, value) = match scope {
            FreezeScope::Country(country) => ("country", country.to_string()),
            FreezeScope::Tag(slug) => ("tag", slug.to_string()),
            FreezeScope::Organization(id) => ("organization", id.to_string()),
            FreezeScope::Programme(id) => ("programme", id.to_string()),
        };
        Self {
            kind: kind.to_owned(),
            value,
        }
    }
}

/// A standing order that nothing more is shown or sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Freeze)]
pub struct FreezeView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What it covers.
    scope: FreezeScopeView,
    /// Why.
    #[schema(max_length = 1000)]
    reason: String,
    /// Since when.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
}

impl From<Freeze> for FreezeView {
    fn from(freeze: Freeze) -> Self {
        Self {
            id: freeze.id.to_string(),
            scope: FreezeScopeView::from(freeze.scope),
            reason: freeze.reason,
            created_at: time(freeze.created_at),
        }
    }
}

/// The freezes in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Freezes)]
pub struct FreezesView {
    /// Oldest first.
    #[schema(max_items = 10_000)]
    items: Vec<FreezeView>,
}

/// Orders a freeze.
#[utoipa::path(
    operation_id = "create_freeze",
    tag = "compliance",
    request_body = NewFreeze,
    responses((status = 201, description = "In force.", body = FreezeView, headers(("Location" = String))))
)]
#[post("/v1/freezes")]
async fn create_freeze(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    body: JsonBody<NewFreeze>,
) -> Result<HttpResponse, Problem> {
    let (scope, reason) = body.into_inner().read(&context.taxonomy)?;
    let freeze = compliance::order_freeze(&context, &caller, scope, reason).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, "/v1/freezes"))
        .json(FreezeView::from(freeze)))
}

/// The freezes in force.
#[utoipa::path(
    operation_id = "list_freezes",
    tag = "compliance",
    responses((status = 200, description = "Oldest first.", body = FreezesView))
)]
#[get("/v1/freezes")]
async fn list_freezes(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
) -> Result<HttpResponse, Problem> {
    let found = compliance::freezes(&context, &caller).await?;
    let items = found.into_iter().map(FreezeView::from).collect();
    Ok(HttpResponse::Ok().json(FreezesView { items }))
}

/// A move of a freeze.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFreezeTransition {
    /// `lift`.
    #[schema(max_length = 10, pattern = "^lift$", example = "lift")]
    action: String,
}

impl NewFreezeTransition {
    fn check(&self) -> Result<(), Faults> {
        let mut faults = Faults::new();
        if self.action != "lift" {
            faults.push("/action", "unknown_code", "Must be lift.");
        }
        faults.finish()
    }
}

/// What came of asking to lift a freeze.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FreezeLift)]
pub struct FreezeLiftView {
    /// Whether it is lifted now; if not, a second person has to agree.
    lifted: bool,
}

/// Lifts a freeze; it takes two people, each by this request.
#[utoipa::path(
    operation_id = "move_freeze",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    request_body = NewFreezeTransition,
    responses(
        (status = 200, description = "Lifted, or waiting for a second person.", body = FreezeLiftView),
        (status = 409, description = "Lifted already, or the same person again."),
    )
)]
#[post("/v1/freezes/{id}/transitions")]
async fn move_freeze(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    body: JsonBody<NewFreezeTransition>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    body.into_inner().check()?;
    let lifted = compliance::lift_freeze(&context, &caller, id).await?;
    Ok(HttpResponse::Ok().json(FreezeLiftView { lifted }))
}

/// Two firms that are not to meet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBlock {
    /// The two firms, in either order.
    #[schema(min_items = 2, max_items = 2)]
    organizations: Vec<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl NewBlock {
    fn read(&self) -> Result<(OrganizationId, OrganizationId, String), Faults> {
        let mut faults = Faults::new();
        let pair = match self.organizations.as_slice() {
            [a, b] if a != b => {
                let a = body_id(&mut faults, "/organizations/0", a);
                let b = body_id(&mut faults, "/organizations/1", b);
                a.zip(b)
            }
            _ => {
                faults.push("/organizations", "not_a_pair", "Name two different firms.");
                None
            }
        };
        let reason = bounded(&self.reason, WORDS, true);
        let reason = faults.take("/reason", "bad_text", reason);
        match (pair, reason) {
            (Some((a, b)), Some(reason)) => Ok((a, b, reason)),
            _ => Err(faults),
        }
    }
}

/// Keeps two firms apart, in both directions.
///
/// Blocking them again changes nothing, so no key is needed to repeat it.
#[utoipa::path(
    operation_id = "create_block",
    tag = "compliance",
    request_body = NewBlock,
    responses(
        (status = 204, description = "They are kept apart."),
        (status = 404, description = "There is no such firm."),
    )
)]
#[post("/v1/blocks")]
async fn create_block(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    body: JsonBody<NewBlock>,
) -> Result<HttpResponse, Problem> {
    let (a, b, reason) = body.into_inner().read()?;
    compliance::block(&context, &caller, a, b, reason).await?;
    Ok(HttpResponse::NoContent().finish())
}
