//! Investor profiles: what investors say of themselves.

mod document;
mod filters;
mod versions;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};

use super::exchange::{created, intent, moved, path_id};
use super::own_organization;
use super::startup_profiles::{CommentView, NewProfileTransition};
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::InvestorProfileId;
use crate::domain::investor::InvestorContent;
use crate::domain::values::OrganizationKind;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{ListQuery, MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::counts;
use crate::services::investors;
use crate::services::{Context, Error};

pub use document::InvestorProfileDocument;
pub use filters::InvestorProfileFilters;
pub use view::InvestorProfileView;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_investor_profile)
        .service(list_investor_profiles)
        .service(get_investor_profile)
        .service(change_investor_profile)
        .service(list_investor_profile_transitions)
        .service(move_investor_profile)
        .service(list_investor_profile_comments)
        .service(agree_to_investor_profile)
        .service(versions::list_investor_profile_versions)
        .service(versions::get_investor_profile_version)
        .service(versions::list_investor_profile_changes)
        .service(list_investor_profile_events);
}

/// Starts a draft, for the caller's investor or, by a curator, for any; an
/// investor has one profile.
#[utoipa::path(
    operation_id = "create_investor_profile",
    tag = "investor profiles",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = InvestorProfileDocument,
    responses((status = 201, description = "A draft.", body = InvestorProfileView,
        headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/investor-profiles")]
async fn create_investor_profile(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<InvestorProfileDocument>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/investor-profiles", &request, &key, body.bytes());
    let taxonomy = context.taxonomy();
    let (named, content) =
        body.read(|document: InvestorProfileDocument| document.read(&taxonomy))?;
    let firm = own_organization(&caller, named, OrganizationKind::Investor, "/organization")?;
    let profile = investors::create(&context, &caller, intent, firm, content).await?;
    let view = InvestorProfileView::on(context.now().date_naive(), &profile);
    Ok(created(view.location(), view.version, &view))
}

/// Investor profiles: one's own, or all for the operator's people.
#[utoipa::path(
    operation_id = "list_investor_profiles",
    tag = "investor profiles",
    params(InvestorProfileFilters, PageQuery),
    responses(
        (status = 200, description = "A page.", body = PageView<InvestorProfileView>),
        (status = 404, description = "Of a firm that is not the caller's."),
    )
)]
#[get("/v1/investor-profiles")]
async fn list_investor_profiles(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    query: MeantQuery<InvestorProfileFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, asked, (filter, order)) = query.read(|it| it.read(&context.taxonomy()))?;
    let count = if asked.counts() {
        Some(counts::investors(&context, &caller, filter.clone()).await?)
    } else {
        None
    };
    let page = investors::list(&context, &caller, filter, order, page.into()).await?;
    let today = context.now().date_naive();
    let view = |profile| InvestorProfileView::on(today, &profile);
    Ok(PageView::of(page, view).counted(count).respond(&request))
}

/// One investor profile.
#[utoipa::path(
    operation_id = "get_investor_profile",
    tag = "investor profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The profile.", body = InvestorProfileView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/investor-profiles/{id}")]
async fn get_investor_profile(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let profile = investors::find(&context, &caller, path_id(&id)?).await?;
    let view = InvestorProfileView::on(context.now().date_naive(), &profile);
    Ok(versioned(&request, view.version, &view))
}

/// Changes what an investor profile says.
///
/// A merge patch (RFC 7396): null removes, absent keeps, a list is replaced as
/// a whole.
#[utoipa::path(
    operation_id = "change_investor_profile",
    tag = "investor profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    request_body(content = InvestorProfileDocument, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "Changed.", body = InvestorProfileView, headers(("ETag" = String))),
        (status = 409, description = "It can't be changed so in its state."),
    )
)]
#[patch("/v1/investor-profiles/{id}")]
async fn change_investor_profile(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id: InvestorProfileId = path_id(&id)?;
    let found = investors::find(&context, &caller, id).await?;
    let expected = if_match.version()?;
    let (owner, taxonomy) = (found.organization, context.taxonomy());
    let revise = move |before: &InvestorContent| -> Result<InvestorContent, Error> {
        let current = InvestorProfileDocument::of(owner, before);
        patch.revise(&current, |document| {
            document.revised(owner, before, &taxonomy)
        })
    };
    let profile = investors::edit(&context, &caller, id, expected, revise).await?;
    let view = InvestorProfileView::on(context.now().date_naive(), &profile);
    Ok(moved(view.version, &view))
}

/// What can be done with an investor profile now.
#[utoipa::path(
    operation_id = "list_investor_profile_transitions",
    tag = "investor profiles",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/investor-profiles/{id}/transitions")]
async fn list_investor_profile_transitions(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (actions, agreement) = investors::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions).agreeing(agreement, &["submit"])))
}

/// Moves an investor profile.
#[utoipa::path(
    operation_id = "move_investor_profile",
    tag = "investor profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewProfileTransition,
    responses((status = 200, description = "Moved.", body = InvestorProfileView, headers(("ETag" = String))))
)]
#[post("/v1/investor-profiles/{id}/transitions")]
async fn move_investor_profile(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewProfileTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/investor-profiles/{id}/transitions";
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(investors::find(&context, &caller, id))
        .await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let (action, details) = body.read(|it| it.read::<InvestorProfileDocument>())?;
    let profile =
        investors::transition(&context, &caller, intent, id, expected, action, details).await?;
    let view = InvestorProfileView::on(context.now().date_naive(), &profile);
    Ok(moved(view.version, &view))
}

/// What reviewers said about an investor profile.
///
/// A page at a time: `next_cursor` and the `Link` header lead to the rest.
#[utoipa::path(
    operation_id = "list_investor_profile_comments",
    tag = "investor profiles",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "Oldest first.", body = PageView<CommentView>))
)]
#[get("/v1/investor-profiles/{id}/comments")]
async fn list_investor_profile_comments(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    (id, query): (web::Path<String>, ListQuery),
) -> Result<HttpResponse, Problem> {
    let page = query.page.into();
    let found = investors::some_comments(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(found, CommentView::from).respond(&request))
}

/// Compliance agrees to what an investor profile says at this version.
#[utoipa::path(
    operation_id = "agree_to_investor_profile",
    tag = "investor profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    responses((status = 200, description = "Agreed; a curator can approve it.", body = InvestorProfileView,
        headers(("ETag" = String))))
)]
#[post("/v1/investor-profiles/{id}/compliance-agreement")]
async fn agree_to_investor_profile(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/investor-profiles/{id}/compliance-agreement";
    let intent = intent(ROUTE, &request, &key, &[]);
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(investors::find(&context, &caller, id))
        .await?;
    let profile = investors::agree(&context, &caller, intent, id, expected).await?;
    let view = InvestorProfileView::on(context.now().date_naive(), &profile);
    Ok(moved(view.version, &view))
}

/// What happened to an investor profile.
#[utoipa::path(
    operation_id = "list_investor_profile_events",
    tag = "investor profiles",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/investor-profiles/{id}/events")]
async fn list_investor_profile_events(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = investors::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::InvestorProfile, found.id);
    let view = if caller.reads_all_of(&[found.organization]) {
        timeline::read(&context, subject, &query.0).await?.whole()
    } else {
        timeline::read_for_side(&context, &caller, subject, &query.0, &timeline::RECORD).await?
    };
    Ok(HttpResponse::Ok().json(view))
}
