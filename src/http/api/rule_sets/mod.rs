//! Rule sets: by what a programme matches. Drafted and simulated over the API,
//! published by a person.

mod backtest;
mod document;
mod revealed;
mod simulation;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{body_id, created, intent, moved, path_id, query_code, query_id};
use super::finding::Wrong;
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::code;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::ProgrammeId;
use crate::domain::rule_set::{RuleSetAction, RuleSetStatus};
use crate::domain::scoring::RuleSet;
use crate::domain::tag::Taxonomy;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::rule_sets::{self, Filter};
use crate::services::{Context, Error};

use document::RulesDocument;
use view::RuleSetView;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_rule_sets)
        .service(create_rule_set)
        .service(get_rule_set)
        .service(change_rule_set)
        .service(list_rule_set_transitions)
        .service(move_rule_set)
        .service(list_rule_set_events)
        .configure(simulation::routes)
        .configure(backtest::routes);
}

/// A rule set to draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRuleSet {
    /// For which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// What it says, in the structure of a rule-set file; a copy of what the
    /// programme matches by now when absent.
    #[serde(default)]
    rules: Option<RulesDocument>,
}

impl NewRuleSet {
    fn read(self, taxonomy: &Taxonomy) -> Result<(ProgrammeId, Option<RuleSet>), Faults> {
        let mut faults = Faults::new();
        let programme = body_id(&mut faults, "/programme", &self.programme);
        let rules = self.rules.map(|rules| rules.read(taxonomy));
        let rules = rules.and_then(|rules| faults.nest("/rules", rules));
        match programme {
            Some(programme) if faults.is_empty() => Ok((programme, rules)),
            _ => Err(faults),
        }
    }
}

/// What a draft says: what a PATCH is laid over.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSetChanges {
    /// What it says.
    rules: RulesDocument,
}

impl RuleSetChanges {
    fn read(self, taxonomy: &Taxonomy) -> Result<RuleSet, Faults> {
        let mut faults = Faults::new();
        let rules = faults.nest("/rules", self.rules.read(taxonomy));
        rules.ok_or(faults)
    }
}

/// Which rule sets.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RuleSetFilters {
    /// Of that programme; without it those of the service are there as well.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// In that state.
    #[param(max_length = 20, example = "published")]
    status: Option<String>,
}

impl RuleSetFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let status = query_code("status", self.status.as_deref(), RuleSetStatus::from_code);
        let filter = Filter {
            programme: wrong.take(query_id("programme", self.programme.as_deref())),
            status: wrong.take(status),
        };
        wrong.or(filter)
    }
}

/// Rule sets, oldest first, for the operator's people.
#[utoipa::path(
    operation_id = "list_rule_sets",
    tag = "rule sets",
    params(RuleSetFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<RuleSetView>))
)]
#[get("/v1/rule-sets")]
async fn list_rule_sets(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<RuleSetFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(RuleSetFilters::read)?;
    let page = rule_sets::list(&context, &caller, filter, page.into()).await?;
    Ok(PageView::of(page, RuleSetView::from).respond(&request))
}

/// Drafts a rule set, for curators.
///
/// Everything that is wrong with it is named at once.
#[utoipa::path(
    operation_id = "create_rule_set",
    tag = "rule sets",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewRuleSet,
    responses((status = 201, description = "A draft.", body = RuleSetView,
        headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/rule-sets")]
async fn create_rule_set(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewRuleSet>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/rule-sets", &request, &key, body.bytes());
    let (programme, rules) = body.read(|it| it.read(&context.taxonomy()))?;
    let kept = rule_sets::create(&context, &caller, intent, programme, rules).await?;
    let view = RuleSetView::from(kept);
    Ok(created(view.location(), view.version, &view))
}

/// One rule set, for the operator's people.
#[utoipa::path(
    operation_id = "get_rule_set",
    tag = "rule sets",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The rule set.", body = RuleSetView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/rule-sets/{id}")]
async fn get_rule_set(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = RuleSetView::from(rule_sets::find(&context, &caller, path_id(&id)?).await?);
    Ok(versioned(&request, view.version, &view))
}

/// Changes what a draft says, for curators.
///
/// A merge patch (RFC 7396): null removes, absent keeps, a list is replaced as
/// a whole. What was simulated before has to be simulated again.
#[utoipa::path(
    operation_id = "change_rule_set",
    tag = "rule sets",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    request_body(content = RuleSetChanges, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "Changed.", body = RuleSetView, headers(("ETag" = String))),
        (status = 409, description = "It is no draft any more."),
    )
)]
#[patch("/v1/rule-sets/{id}")]
async fn change_rule_set(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(rule_sets::find(&context, &caller, id))
        .await?;
    let taxonomy = context.taxonomy();
    let revise = move |before: &RuleSet| -> Result<RuleSet, Error> {
        let current = RuleSetChanges {
            rules: RulesDocument::from(before),
        };
        let document: RuleSetChanges = patch.apply_to(&current)?;
        Ok(document.read(&taxonomy)?)
    };
    let kept = rule_sets::edit(&context, &caller, id, expected, revise).await?;
    let view = RuleSetView::from(kept);
    Ok(moved(view.version, &view))
}

/// What can be done with a rule set now.
#[utoipa::path(
    operation_id = "list_rule_set_transitions",
    tag = "rule sets",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/rule-sets/{id}/transitions")]
async fn list_rule_set_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = rule_sets::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// A move of a rule set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRuleSetTransition {
    /// `publish` or `retire`.
    #[schema(max_length = 50, example = "publish")]
    action: String,
}

impl NewRuleSetTransition {
    fn read(&self) -> Result<RuleSetAction, Faults> {
        let mut faults = Faults::new();
        code(&mut faults, "/action", &self.action, RuleSetAction::ALL).ok_or(faults)
    }
}

/// Publishes or retires a rule set: a curator in a session, no program.
///
/// Publishing needs a simulation of this very version beside what the programme
/// matches by now, and retires what the programme published before. Retiring
/// what is published has the programme match by the service's own rules again.
#[utoipa::path(
    operation_id = "move_rule_set",
    tag = "rule sets",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewRuleSetTransition,
    responses((status = 200, description = "Moved.", body = RuleSetView, headers(("ETag" = String))))
)]
#[post("/v1/rule-sets/{id}/transitions")]
async fn move_rule_set(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewRuleSetTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/rule-sets/{id}/transitions";
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(rule_sets::find(&context, &caller, id))
        .await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let action = body.read(|it| it.read())?;
    let kept = rule_sets::transition(&context, &caller, intent, id, expected, action).await?;
    let view = RuleSetView::from(kept);
    Ok(moved(view.version, &view))
}

/// What happened to a rule set.
#[utoipa::path(
    operation_id = "list_rule_set_events",
    tag = "rule sets",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/rule-sets/{id}/events")]
async fn list_rule_set_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = rule_sets::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::RuleSet, found.id);
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}
