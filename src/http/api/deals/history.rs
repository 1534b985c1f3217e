//! How long a deal stood at which stage.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::exchange::path_id;
use crate::http::api::values::time;
use crate::http::caller::Authenticated;
use crate::http::problem::Problem;
use crate::services::Context;
use crate::services::deal_history::{self, Stay};

/// Every stay of a deal at a stage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealHistory)]
pub struct HistoryView {
    /// The first first; a stage that was come back to stands again.
    #[schema(max_items = 1000)]
    items: Vec<StayView>,
    /// How long it was at all of them, in seconds: all its time but that for
    /// which it was closed.
    #[schema(minimum = 0)]
    total_s: i64,
}

/// One stay at a stage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealStay)]
pub struct StayView {
    /// At which stage.
    #[schema(max_length = 80, example = "screening")]
    stage: String,
    /// Since when.
    #[schema(format = "date-time", max_length = 35)]
    entered_at: String,
    /// Until when; absent while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    left_at: Option<String>,
    /// How long, in seconds.
    #[schema(minimum = 0)]
    lasted_s: i64,
    /// How much of it the deal was on hold, in seconds; for the operator's
    /// people also what compliance stopped it for.
    #[schema(minimum = 0)]
    held_s: i64,
    /// Working days that it took, of whoever had to act: both sides, the one for
    /// which the other waited, or a curator.
    #[schema(minimum = 0)]
    working_days: u32,
    /// Working days that it should take at most.
    #[schema(minimum = 0)]
    allowed_days: u32,
}

impl From<&Stay> for StayView {
    fn from(stay: &Stay) -> Self {
        Self {
            stage: stay.visit.stage.clone(),
            entered_at: time(stay.visit.entered_at),
            left_at: stay.visit.left_at.map(time),
            lasted_s: stay.lasted.num_seconds(),
            held_s: stay.visit.held.num_seconds(),
            working_days: stay.working_days,
            allowed_days: stay.allowed_days,
        }
    }
}

/// How long a deal stood at which stage, told by the log; for its sides and
/// the operator's people.
#[utoipa::path(
    operation_id = "get_deal_history",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The stays.", body = HistoryView))
)]
#[get("/v1/deals/{id}/history")]
pub(super) async fn get_deal_history(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let stays = deal_history::read(&context, &caller, path_id(&id)?).await?;
    let items: Vec<_> = stays.iter().map(StayView::from).collect();
    let total_s = items.iter().map(|stay| stay.lasted_s).sum();
    Ok(HttpResponse::Ok().json(HistoryView { items, total_s }))
}
