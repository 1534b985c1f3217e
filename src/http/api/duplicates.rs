//! Records that may be of one firm: what was found, and what curators make of
//! it.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{
    body_id, check_fields, created, intent, moved, path_id, query_code, query_id,
};
use super::finding::Wrong;
use super::organizations::OrganizationView;
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::{code, time};
use crate::domain::duplicate::{Duplicate, DuplicateAction, DuplicateState, Reason};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::text::bounded;
use crate::domain::values::OrganizationKind;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::duplicates::{self, Compared, Filter, Firm, Move};

/// Most characters of a reason.
const MOST: usize = 2_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_duplicates)
        .service(create_duplicate)
        .service(get_duplicate)
        .service(list_duplicate_transitions)
        .service(move_duplicate)
        .service(list_duplicate_events);
}

/// Two records that may be of one firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Duplicate)]
pub struct DuplicateView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Both firms.
    #[schema(min_items = 2, max_items = 2)]
    organizations: [String; 2],
    /// What they both are: `startup` or `investor`.
    #[schema(max_length = 20, example = "startup")]
    kind: &'static str,
    /// How likely it is, in basis points.
    #[schema(minimum = 0, maximum = 10_000, example = 9_850)]
    score: u32,
    /// What speaks for it, most first.
    #[schema(max_items = 20)]
    reasons: Vec<ReasonView>,
    /// `open`, `dismissed` or `merged`.
    #[schema(max_length = 20, example = "open")]
    state: &'static str,
    /// Why it was judged so, or put down, in the words of who did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// Who judged last, or put it down.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    judged_by: Option<String>,
    /// Once merged, the one of the two that is kept; the other one's id leads
    /// there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    kept: Option<String>,
    /// Its version; also the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was found.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

/// One thing that speaks for it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DuplicateReason)]
pub struct ReasonView {
    /// `same_identifier`, `same_domain`, `same_name` (but for case, marks, the
    /// order of words and the form of the company), `alike_name` (sounds the
    /// same, in whatever script) or `reported` (a curator says so).
    #[schema(max_length = 40, example = "alike_name")]
    ground: &'static str,
    /// What the first firm says.
    #[schema(max_length = 300, example = "Xəzər Kapital MMC")]
    one: String,
    /// What the second firm says.
    #[schema(max_length = 300, example = "Хазар Капитал")]
    other: String,
    /// How much it says by itself, in basis points.
    #[schema(minimum = 0, maximum = 10_000, example = 7_000)]
    points: u32,
}

impl From<Reason> for ReasonView {
    fn from(reason: Reason) -> Self {
        Self {
            ground: reason.ground.code(),
            one: reason.one,
            other: reason.other,
            points: reason.points,
        }
    }
}

impl From<Duplicate> for DuplicateView {
    fn from(duplicate: Duplicate) -> Self {
        let (lower, upper) = duplicate.organizations;
        Self {
            id: duplicate.id.to_string(),
            organizations: [lower.to_string(), upper.to_string()],
            kind: duplicate.kind.code(),
            score: duplicate.score,
            reasons: duplicate.reasons.into_iter().map(Into::into).collect(),
            state: duplicate.state.code(),
            note: duplicate.note,
            judged_by: duplicate.judged_by.map(|it| it.to_string()),
            kept: duplicate.kept.map(|it| it.to_string()),
            version: duplicate.version,
            created_at: time(duplicate.created_at),
            updated_at: time(duplicate.updated_at),
        }
    }
}

/// A duplicate with what there is to compare.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparedDuplicate)]
pub struct ComparedView {
    /// The duplicate.
    #[serde(flatten)]
    duplicate: DuplicateView,
    /// Both firms, in its order.
    #[schema(min_items = 2, max_items = 2)]
    firms: [ComparedFirmView; 2],
}

/// One of the two.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparedFirm)]
pub struct ComparedFirmView {
    /// The firm.
    organization: OrganizationView,
    /// Whether people stand behind it.
    claimed: bool,
    /// The firm that it became one with, by this or another duplicate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    merged_into: Option<String>,
}

impl From<&Firm> for ComparedFirmView {
    fn from(firm: &Firm) -> Self {
        Self {
            organization: OrganizationView::from(&firm.organization),
            claimed: firm.claimed,
            merged_into: firm.merged_into.map(|it| it.to_string()),
        }
    }
}

impl From<Compared> for ComparedView {
    fn from(compared: Compared) -> Self {
        Self {
            firms: compared.firms.each_ref().map(ComparedFirmView::from),
            duplicate: compared.duplicate.into(),
        }
    }
}

/// Which duplicates.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DuplicateFilters {
    /// In that state.
    #[param(max_length = 20, example = "open")]
    state: Option<String>,
    /// Of firms of that kind.
    #[param(max_length = 20, example = "startup")]
    kind: Option<String>,
    /// Of that firm with another one.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// At least so likely, in basis points.
    #[param(minimum = 0, maximum = 10_000, example = 7_000)]
    min_score: Option<u32>,
}

impl DuplicateFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let state = query_code("state", self.state.as_deref(), DuplicateState::from_code);
        let kind = query_code("kind", self.kind.as_deref(), OrganizationKind::from_code);
        let filter = Filter {
            state: wrong.take(state),
            kind: wrong.take(kind),
            organization: wrong.take(query_id("organization", self.organization.as_deref())),
            min_score: self.min_score,
        };
        if self.min_score.is_some_and(|score| score > 10_000) {
            let detail = "`min_score` is 0 to 10000 basis points.";
            wrong.note(Problem::parameter("min_score", detail));
        }
        wrong.or(filter)
    }
}

/// Records that may be of one firm, oldest first, for the operator's people.
///
/// They are found when a firm is registered, imported or referred, and when it
/// changes its name, web site or numbers: by numbers of registers, by the web
/// site, and by names within a country, in whatever script. No firm and no
/// partner learns of it.
#[utoipa::path(
    operation_id = "list_duplicates",
    tag = "duplicates",
    params(DuplicateFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<DuplicateView>))
)]
#[get("/v1/duplicates")]
async fn list_duplicates(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<DuplicateFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(DuplicateFilters::read)?;
    let page = duplicates::list(&context, &caller, filter, page.into()).await?;
    Ok(PageView::of(page, DuplicateView::from).respond(&request))
}

/// Two firms that a curator takes for one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDuplicate {
    /// Both, in any order.
    #[schema(min_items = 2, max_items = 2)]
    organizations: Vec<String>,
    /// Why they may be one.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

impl NewDuplicate {
    fn read(&self) -> Result<((OrganizationId, OrganizationId), String), Faults> {
        let mut faults = Faults::new();
        let mut ids: Vec<OrganizationId> = Vec::new();
        for (place, text) in self.organizations.iter().take(2).enumerate() {
            let pointer = format!("/organizations/{place}");
            ids.extend(body_id::<OrganizationId>(&mut faults, &pointer, text));
        }
        let distinct = ids.first() != ids.last();
        if self.organizations.len() != 2 || (ids.len() == 2 && !distinct) {
            let detail = "Name two different organizations.";
            faults.push("/organizations", "two_needed", detail);
        }
        let reason = faults.take("/reason", "bad_text", bounded(&self.reason, MOST, true));
        match (ids.as_slice(), reason) {
            ([a, b], Some(reason)) if faults.is_empty() => Ok(((*a, *b), reason)),
            _ => Err(faults),
        }
    }
}

/// Puts two firms down as one that nothing found to be alike, for curators.
#[utoipa::path(
    operation_id = "create_duplicate",
    tag = "duplicates",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewDuplicate,
    responses(
        (status = 201, description = "Put down.", body = DuplicateView, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "They are on record already."),
    )
)]
#[post("/v1/duplicates")]
async fn create_duplicate(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewDuplicate>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/duplicates", &request, &key, body.bytes());
    let (firms, reason) = body.read(|it| it.read())?;
    let made = duplicates::report(&context, &caller, intent, firms, reason).await?;
    let view = DuplicateView::from(made);
    let location = format!("/v1/duplicates/{}", view.id);
    Ok(created(location, view.version, &view))
}

/// One duplicate with both of its firms, for the operator's people.
#[utoipa::path(
    operation_id = "get_duplicate",
    tag = "duplicates",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The duplicate.", body = ComparedView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/duplicates/{id}")]
async fn get_duplicate(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = duplicates::find(&context, &caller, path_id(&id)?).await?;
    let view = ComparedView::from(found);
    Ok(versioned(&request, view.duplicate.version, &view))
}

/// What can be done with a duplicate now, with everything that stands in the
/// way: of a merge in the direction in which less does, of undoing it all that
/// was built upon it.
#[utoipa::path(
    operation_id = "list_duplicate_transitions",
    tag = "duplicates",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/duplicates/{id}/transitions")]
async fn list_duplicate_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = duplicates::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// A judgement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDuplicateTransition {
    /// `merge` (needs `keep` and `reason`), `dismiss` (needs `reason`),
    /// `reopen` or `undo` (take a `reason`).
    #[schema(max_length = 50, example = "merge")]
    action: String,
    /// For `merge`: the one of the two that is kept.
    #[schema(format = "uuid", max_length = 36)]
    keep: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: Option<String>,
}

impl NewDuplicateTransition {
    fn read(&self) -> Result<(DuplicateAction, Move), Faults> {
        use DuplicateAction as A;
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, DuplicateAction::ALL);
        let keep = self.keep.as_deref();
        let keep = keep.and_then(|text| body_id(&mut faults, "/keep", text));
        let reason = self.reason.as_deref();
        let reason =
            reason.and_then(|text| faults.take("/reason", "bad_text", bounded(text, MOST, true)));
        if let Some(action) = action {
            let (needs, takes): (&[&str], &[&str]) = match action {
                A::Merge => (&["keep", "reason"], &[]),
                A::Dismiss => (&["reason"], &[]),
                A::Reopen | A::Undo => (&[], &["reason"]),
            };
            let came = [
                ("keep", self.keep.is_some()),
                ("reason", self.reason.is_some()),
            ];
            check_fields(&mut faults, action.code(), &came, needs, takes);
        }
        match action {
            Some(action) if faults.is_empty() => Ok((action, Move { keep, reason })),
            _ => Err(faults),
        }
    }
}

/// Judges a duplicate: a curator in a session, no program.
///
/// `merge` gives everything of one firm to the other, which is kept: profiles,
/// mandates, matches, introductions, deals, the ledger of what was shown, past
/// investments, web site and numbers. What protects somebody holds on: the
/// stricter check of the two, freezes, blocks, pauses, a no of a contact; links
/// that were mailed for the firm that went end. Where the kept firm has records
/// of its own, those of the other one are withdrawn. The id of the firm that
/// went leads to the kept one. Two firms that people stand behind are not
/// merged; where people stand behind one, that one is kept.
///
/// `undo` gives everything back as it was, unless something was built upon it
/// since. `dismiss` holds until something else speaks for it.
#[utoipa::path(
    operation_id = "move_duplicate",
    tag = "duplicates",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewDuplicateTransition,
    responses(
        (status = 200, description = "Judged.", body = DuplicateView, headers(("ETag" = String))),
        (status = 409, description = "Something is in the way; all of it is named."),
    )
)]
#[post("/v1/duplicates/{id}/transitions")]
async fn move_duplicate(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, if_match): (web::Path<String>, IfMatch),
    key: IdempotencyKey,
    body: DocumentBody<NewDuplicateTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/duplicates/{id}/transitions";
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(duplicates::find(&context, &caller, id))
        .await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let (action, how) = body.read(|it| it.read())?;
    let made = duplicates::transition(&context, &caller, intent, id, expected, action, how).await?;
    let view = DuplicateView::from(made);
    Ok(moved(view.version, &view))
}

/// What happened to a duplicate.
#[utoipa::path(
    operation_id = "list_duplicate_events",
    tag = "duplicates",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/duplicates/{id}/events")]
async fn list_duplicate_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = duplicates::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::Duplicate, found.duplicate.id);
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}
