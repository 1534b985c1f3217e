//! What of a firm was shown to whom.

use crate::http::registry::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::path_id;
use super::values::time;
use crate::domain::disclosure::Opener;
use crate::http::caller::Authenticated;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::services::Context;
use crate::services::ledger::{self, Line};
use crate::services::paging::PageRequest;

/// Registers the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_disclosures);
}

/// One line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Disclosure)]
pub struct DisclosureView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    pub id: String,
    /// How much was shown: `l0` a teaser without a name, `l1` the named
    /// profile, `l2` the deck, `l3` the data room.
    #[schema(max_length = 2, example = "l0")]
    pub level: &'static str,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    pub programme: String,
    /// By way of what: `match`, `introduction` or `practice`.
    #[schema(max_length = 20, example = "match")]
    pub by: &'static str,
    /// By which answer of the gate; absent on lines of before that was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub decision: Option<String>,
    /// What that answer rests on, for the operator's people: each rule that was
    /// asked, with what let it pass after a colon.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20, example = json!(["programme_in_force", "sensitivity:released"]))]
    pub rules: Option<Vec<String>>,
    /// Which revision was opened; absent for what was shown unopened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub revision: Option<i64>,
    /// Whether it was opened by a link that was mailed to the firm, by whoever
    /// followed it: mail scanners do, too, so that it says nothing of a person.
    pub by_link: bool,
    /// Who was shown it, by name; absent while the other firm has not been
    /// named to this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Khazar Capital")]
    pub shown_to: Option<String>,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    pub at: String,
}

impl From<&Line> for DisclosureView {
    fn from(line: &Line) -> Self {
        let disclosure = &line.disclosure;
        Self {
            id: disclosure.id.to_string(),
            level: disclosure.level.code(),
            programme: disclosure.programme.to_string(),
            by: disclosure.subject.kind.code(),
            decision: disclosure
                .gate
                .as_ref()
                .map(|gate| gate.decision.to_string()),
            rules: line
                .rules_told
                .then(|| disclosure.gate.as_ref().map(|gate| gate.rules.clone()))
                .flatten(),
            revision: disclosure.revision,
            by_link: disclosure.opened_by == Some(Opener::Link),
            shown_to: line.shown_to.clone(),
            at: time(disclosure.at),
        }
    }
}

/// No filters.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilters {}

/// Lists what was shown of a firm, oldest first, for its own people and the
/// operator's.
///
/// Every teaser that was released is a line, and every opening beyond it, once a
/// day for each reader and revision, by a mailed link for each firm, also where a mail may have arrived without anybody's word for it.
#[utoipa::path(
    operation_id = "list_disclosures",
    tag = "organizations",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<DisclosureView>))
)]
#[get("/v1/organizations/{id}/disclosures")]
async fn list_disclosures(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let page = ledger::list(&context, &caller, path_id(&id)?, page).await?;
    let view = PageView {
        items: page.items.iter().map(DisclosureView::from).collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(view.respond(&request))
}
