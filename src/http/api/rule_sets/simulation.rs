//! What publishing a rule set would change.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{ShiftView, SimulationView};
use crate::domain::fault::Faults;
use crate::http::api::exchange::{intent, path_id};
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::paging::PageRequest;
use crate::services::simulation;

/// Most of the best mandates of a startup that are looked at.
const MOST: i64 = 50;
/// Shifts that come with the summary.
const FIRST_SHIFTS: usize = 20;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(simulate_rule_set)
        .service(get_rule_set_simulation)
        .service(list_rule_set_shifts);
}

/// How to simulate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSimulation {
    /// So many of the best mandates of each startup are looked at.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 50, default = 10)]
    top: i64,
}

const fn ten() -> i64 {
    10
}

impl NewSimulation {
    fn read(&self) -> Result<usize, Faults> {
        let mut faults = Faults::new();
        if !(1..=MOST).contains(&self.top) {
            faults.push("/top", "out_of_range", format!("`top` is 1 to {MOST}."));
        }
        faults.finish()?;
        Ok(usize::try_from(self.top).unwrap_or(1))
    }
}

fn first_page() -> PageRequest {
    PageRequest {
        cursor: None,
        limit: FIRST_SHIFTS,
    }
}

/// Simulates a rule set beside what its programme matches by, on what there is
/// now, and keeps the report.
///
/// Nothing changes for anybody. Of a programme with more than 1 000 published
/// startups those published first are looked at.
#[utoipa::path(
    operation_id = "simulate_rule_set",
    tag = "rule sets",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewSimulation,
    responses((status = 200, description = "What would change.", body = SimulationView))
)]
#[post("/v1/rule-sets/{id}/simulate")]
async fn simulate_rule_set(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    key: IdempotencyKey,
    body: DocumentBody<NewSimulation>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/rule-sets/{id}/simulate";
    let id = path_id(&id)?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let top = body.read(|it| it.read())?;
    let made = simulation::simulate(&context, &caller, intent, id, top).await?;
    let report = simulation::report(&context, made, first_page()).await?;
    Ok(HttpResponse::Ok().json(SimulationView::from(report)))
}

/// The latest simulation of a rule set.
#[utoipa::path(
    operation_id = "get_rule_set_simulation",
    tag = "rule sets",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "What would change.", body = SimulationView))
)]
#[get("/v1/rule-sets/{id}/simulation")]
async fn get_rule_set_simulation(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let report = simulation::latest(&context, &caller, path_id(&id)?, first_page()).await?;
    Ok(HttpResponse::Ok().json(SimulationView::from(report)))
}

/// What appears, vanishes or moves by the latest simulation of a rule set.
///
/// A cursor holds for the simulation it came with; after another one the list
/// begins anew.
#[utoipa::path(
    operation_id = "list_rule_set_shifts",
    tag = "rule sets",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ShiftView>))
)]
#[get("/v1/rule-sets/{id}/simulation/shifts")]
async fn list_rule_set_shifts(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let report = simulation::latest(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(report.shifts, ShiftView::from).respond(&request))
}
