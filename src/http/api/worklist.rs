//! What waits for the caller.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{query_code, query_id};
use super::finding::{Wrong, query_day};
use super::values::time;
use crate::domain::worklist::{RecordKind, WorkKind, end_of};
use crate::http::caller::Authenticated;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::paging::PageRequest;
use crate::services::worklist::{self, Filter, Seen};

/// Registers the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_work);
}

/// Which things to do.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkFilters {
    /// Of that kind.
    #[param(max_length = 40, example = "decide_introduction")]
    kind: Option<String>,
    /// About that kind of record.
    #[param(max_length = 40, example = "deal")]
    record: Option<String>,
    /// Under that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// Only what should have been done by now (`true`) or only what should not
    /// yet (`false`).
    overdue: Option<bool>,
    /// Due until the end of that day, in UTC.
    #[param(format = "date", max_length = 10, example = "2026-12-01")]
    due_until: Option<String>,
}

impl WorkFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let record = query_code("record", self.record.as_deref(), RecordKind::from_code);
        let due_until = wrong.take(query_day("due_until", self.due_until.as_deref()));
        let filter = Filter {
            kind: wrong.take(query_code(
                "kind",
                self.kind.as_deref(),
                WorkKind::from_code,
            )),
            record: wrong.take(record),
            programme: wrong.take(query_id("programme", self.programme.as_deref())),
            overdue: self.overdue,
            due_until: due_until.map(end_of),
        };
        wrong.or(filter)
    }
}

/// One thing to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkItem)]
pub struct WorkView {
    /// Its name, the same as long as it waits.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What is to be done.
    #[schema(max_length = 40, example = "answer_introduction")]
    kind: &'static str,
    /// About which record.
    record: WorkRecordView,
    /// The firms that it is about, or the title of a programme, of what it
    /// promises or of a task, as far as the caller may know them.
    #[schema(max_items = 2)]
    about: Vec<String>,
    /// The programme it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// Since when it waits.
    #[schema(format = "date-time", max_length = 35)]
    since: String,
    /// By when it should be done; absent where nothing presses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    due: Option<String>,
    /// Whether it should have been done by now.
    overdue: bool,
    /// How many records it stands for, where it is one thing for several, such as
    /// all tags that lack labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, example = 12)]
    count: Option<usize>,
    /// What the caller can do about the record now.
    #[schema(max_items = 50)]
    actions: Vec<&'static str>,
    /// Where to.
    links: WorkLinksView,
}

/// The record that something is to be done about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkRecord)]
pub struct WorkRecordView {
    /// What kind of record.
    #[schema(max_length = 40, example = "introduction")]
    kind: &'static str,
    /// Its id; zeros for the taxonomy, which is one.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
}

/// Where a record is read and moved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkLinks)]
pub struct WorkLinksView {
    /// Where the record is read; absent where it has no address of its own.
    #[serde(rename = "self", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    own: Option<String>,
    /// Where its actions are posted; of tags that lack labels, what is to be
    /// patched of each.
    #[schema(max_length = 200)]
    act: String,
}

impl WorkLinksView {
    fn of(work: WorkKind, kind: RecordKind, id: &str, closing: Option<i64>) -> Self {
        let in_round = |act: String| Self {
            own: Some(format!("/v1/deals/{id}/syndicate")),
            act,
        };
        let noun = match kind {
            // Who joined a deal reads its round, and not the deal.
            RecordKind::Deal if work == WorkKind::ConfirmPayment => {
                return in_round(format!("/v1/deals/{id}/participants"));
            }
            RecordKind::Deal if work == WorkKind::ConfirmClosing && closing.is_some() => {
                let number = closing.unwrap_or_default();
                return in_round(format!("/v1/deals/{id}/closings/{number}/transitions"));
            }
            RecordKind::Introduction if work == WorkKind::DecideAbuse => {
                return Self {
                    own: Some(format!("/v1/introductions/{id}")),
                    act: format!("/v1/introductions/{id}/abuse-decisions"),
                };
            }
            RecordKind::Organization if work == WorkKind::ChaseConsent => {
                return Self {
                    own: Some(format!("/v1/organizations/{id}")),
                    act: format!("/v1/organizations/{id}/members"),
                };
            }
            RecordKind::Organization if work == WorkKind::GiveConsent => {
                return Self {
                    own: Some(format!("/v1/organizations/{id}")),
                    act: "/v1/me/consents".to_owned(),
                };
            }
            RecordKind::Organization => {
                return Self {
                    own: Some(format!("/v1/organizations/{id}/clearances")),
                    act: "/v1/clearances".to_owned(),
                };
            }
            RecordKind::Referral => {
                return Self {
                    own: Some(format!("/v1/referrals/{id}")),
                    act: "/v1/referrals".to_owned(),
                };
            }
            RecordKind::DealNote => {
                return Self {
                    own: None,
                    act: format!("/v1/deal-notes/{id}/decisions"),
                };
            }
            RecordKind::Freeze => {
                return Self {
                    own: None,
                    act: format!("/v1/freezes/{id}/transitions"),
                };
            }
            RecordKind::Taxonomy => {
                return Self {
                    own: Some("/v1/tags?labels=missing&offered=true".to_owned()),
                    act: "/v1/tags/{slug}".to_owned(),
                };
            }
            RecordKind::HeldText => "held-texts",
            RecordKind::Block => "blocks",
            RecordKind::Licence => "licences",
            RecordKind::Duplicate => "duplicates",
            RecordKind::Document => "documents",
            RecordKind::Wall => "walls",
            RecordKind::StartupProfile => "startup-profiles",
            RecordKind::InvestorProfile => "investor-profiles",
            RecordKind::Mandate => "mandates",
            RecordKind::Programme => "programmes",
            RecordKind::Commitment => "commitments",
            RecordKind::Match => "matches",
            RecordKind::Introduction => "introductions",
            RecordKind::Deal => "deals",
            RecordKind::DealTask => "deal-tasks",
            RecordKind::Practice => "practices",
            RecordKind::Message => "messages",
        };
        Self {
            own: Some(format!("/v1/{noun}/{id}")),
            act: format!("/v1/{noun}/{id}/transitions"),
        }
    }
}

impl From<Seen> for WorkView {
    fn from(seen: Seen) -> Self {
        let item = &seen.item;
        let record = item.record_id.to_string();
        Self {
            id: item.id().to_string(),
            kind: item.kind.code(),
            links: WorkLinksView::of(item.kind, item.record, &record, seen.closing),
            record: WorkRecordView {
                kind: item.record.code(),
                id: record,
            },
            programme: item.programme.map(|programme| programme.to_string()),
            since: time(item.since),
            due: item.due.map(time),
            overdue: seen.overdue,
            about: seen.about,
            count: seen.count,
            actions: seen.actions,
        }
    }
}

/// Lists everything that waits for the caller, by due date.
///
/// Reviews, decisions, answers, confirmations, deals, checks that run out,
/// mail that failed: computed from the records at the moment of asking, for
/// the parts that the caller plays. All of it is reached page by page, however
/// much waits. A page may be shorter than `limit`.
#[utoipa::path(
    operation_id = "list_work",
    tag = "worklist",
    params(WorkFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<WorkView>))
)]
#[get("/v1/worklist")]
async fn list_work(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<WorkFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(WorkFilters::read)?;
    let page = PageRequest::from(page);
    let seen = worklist::list(&context, &caller, filter, page).await?;
    Ok(PageView::of(seen, WorkView::from).respond(&request))
}
