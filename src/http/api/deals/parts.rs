//! The parts that an investor has in deals, its own and others'.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::api::exchange::query_id;
use crate::http::api::values::MoneyView;
use crate::http::caller::Authenticated;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::services::Context;
use crate::services::paging::PageRequest;
use crate::services::participants::{self, Part};

/// Whose parts.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartFilters {
    /// Of that investor; by default the caller's own.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
}

/// A part that an investor has in a deal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealParticipation)]
pub struct PartView {
    /// Which deal; its round is at `/v1/deals/{id}/syndicate`.
    #[schema(format = "uuid", max_length = 36)]
    deal: String,
    /// Where the deal stands.
    #[schema(max_length = 20, example = "open")]
    status: &'static str,
    /// Whose deal it is; absent while something keeps the two apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    startup_name: Option<String>,
    /// Whether it leads the round.
    lead: bool,
    /// How far it is.
    #[schema(max_length = 20, example = "committed")]
    interest: &'static str,
    /// How surely the amount is promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10)]
    firmness: Option<&'static str>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<MoneyView>,
    /// For which closing of the round.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    closing: Option<i64>,
    /// What it got once that was closed, in the round's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    allocated: Option<i64>,
}

impl From<&Part> for PartView {
    fn from(part: &Part) -> Self {
        let participant = &part.participant;
        let pledge = participant.pledge.as_ref();
        Self {
            deal: part.deal.to_string(),
            status: part.status.code(),
            startup_name: part.startup_name.clone(),
            lead: participant.lead,
            interest: participant.interest.code(),
            firmness: pledge.map(|it| it.firmness.code()),
            amount: pledge.map(|it| it.amount.into()),
            closing: participant.closing,
            allocated: participant.allocated,
        }
    }
}

/// The parts that an investor has in deals, its own and those that it joined,
/// by when these were opened.
#[utoipa::path(
    operation_id = "list_deal_participations",
    tag = "deals",
    params(PartFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<PartView>))
)]
#[get("/v1/deal-participations")]
pub(super) async fn list_deal_participations(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<PartFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, investor) =
        query.read(|asked| query_id("organization", asked.organization.as_deref()))?;
    let page = PageRequest::from(page);
    let page = participants::list(&context, &caller, investor, page).await?;
    let view = PageView {
        items: page.items.iter().map(PartView::from).collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(view.respond(&request))
}
