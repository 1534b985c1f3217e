//! Mandates: what investors look for.

mod document;
mod filters;
mod versions;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::exchange::{as_told, check_fields, created, intent, moved, path_id, telling};
use super::own_organization;
use super::rates::RatedPageView;
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::code;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::MandateId;
use crate::domain::mandate::{Mandate, MandateAction, MandateContent};
use crate::domain::text::bounded;
use crate::domain::values::OrganizationKind;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::http::renderings::{Renderings, Shown};
use crate::services::counts;
use crate::services::mandates;
use crate::services::{Context, Error};

pub use document::MandateDocument;
pub use filters::MandateFilters;
pub use view::MandateView;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_mandate)
        .service(list_mandates)
        .service(get_mandate)
        .service(change_mandate)
        .service(list_mandate_transitions)
        .service(move_mandate)
        .service(versions::list_mandate_versions)
        .service(versions::get_mandate_version)
        .service(versions::list_mandate_changes)
        .service(list_mandate_events);
}

/// Starts a draft, for the caller's investor or, by a curator, for any.
#[utoipa::path(
    operation_id = "create_mandate",
    tag = "mandates",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = MandateDocument,
    responses((status = 201, description = "A draft.", body = MandateView,
        headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/mandates")]
async fn create_mandate(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<MandateDocument>,
) -> Result<HttpResponse, Problem> {
    let telling = telling::<Mandate, MandateView>();
    let intent = intent("POST /v1/mandates", &request, &key, body.bytes());
    let intent = intent.map(|intent| intent.told_by(&telling));
    let taxonomy = context.taxonomy();
    let (named, content) = body.read(|document: MandateDocument| document.read(&taxonomy))?;
    let organization =
        own_organization(&caller, named, OrganizationKind::Investor, "/organization")?;
    let mandate = mandates::create(&context, &caller, intent, organization, content).await?;
    let view = MandateView::from(mandate);
    let answer = created(view.location(), view.version, &view);
    Ok(as_told(&telling, answer))
}

/// Mandates: one's own, or all for the operator's people; the oldest first,
/// unless something is looked for.
#[utoipa::path(
    operation_id = "list_mandates",
    tag = "mandates",
    params(MandateFilters, PageQuery),
    responses(
        (status = 200, description = "A page.", body = RatedPageView<MandateView>),
        (status = 404, description = "Of a firm that is not the caller's."),
    )
)]
#[get("/v1/mandates")]
async fn list_mandates(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    renderings: web::Data<Renderings>,
    request: HttpRequest,
    query: MeantQuery<MandateFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, asked, (filter, order)) = query.read(|it| it.read(&context.taxonomy()))?;
    let filter = mandates::at_rates(&context, &caller, filter).await?;
    let (rates, on) = (filter.rates.clone(), filter.rates_on());
    let count = if asked.counts() {
        Some(counts::mandates(&context, &caller, filter.clone()).await?)
    } else {
        None
    };
    // Every reader of it reads the same.
    let show = Shown::<MandateView>::of(renderings.into_inner());
    let page = mandates::list(&context, &caller, filter, order, page.into(), show).await?;
    let page = PageView::from(page).counted(count);
    Ok(RatedPageView::of(page, rates.as_ref(), on).respond(&request))
}

/// One mandate.
#[utoipa::path(
    operation_id = "get_mandate",
    tag = "mandates",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The mandate.", body = MandateView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/mandates/{id}")]
async fn get_mandate(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    renderings: web::Data<Renderings>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    // Every reader of it reads the same.
    let show = Shown::<MandateView>::of(renderings.into_inner());
    let mandate = mandates::look_at(&context, &caller, path_id(&id)?, show).await?;
    Ok(versioned(&request, mandate.version, &mandate))
}

/// Changes what a mandate says.
///
/// A merge patch (RFC 7396): null removes, absent keeps, a list is replaced as
/// a whole.
#[utoipa::path(
    operation_id = "change_mandate",
    tag = "mandates",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    request_body(content = MandateDocument, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "Changed.", body = MandateView, headers(("ETag" = String))),
        (status = 409, description = "It can't be changed so in its state."),
    )
)]
#[patch("/v1/mandates/{id}")]
async fn change_mandate(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id: MandateId = path_id(&id)?;
    let found = mandates::find(&context, &caller, id).await?;
    let expected = if_match.version()?;
    let (owner, taxonomy) = (found.organization, context.taxonomy());
    let revise = move |before: &MandateContent| -> Result<MandateContent, Error> {
        let current = MandateDocument::of(owner, before);
        patch.revise(&current, |document| {
            document.revised(owner, before, &taxonomy)
        })
    };
    let mandate = mandates::edit(&context, &caller, id, expected, revise).await?;
    let view = MandateView::from(mandate);
    Ok(moved(view.version, &view))
}

/// What can be done with a mandate now.
#[utoipa::path(
    operation_id = "list_mandate_transitions",
    tag = "mandates",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/mandates/{id}/transitions")]
async fn list_mandate_transitions(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (actions, agreement) = mandates::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions).agreeing(agreement, &["publish"])))
}

/// A move of a mandate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMandateTransition {
    /// `publish`, `reconfirm` (what is published still holds), `pause`,
    /// `suspend`, `restore` (two people), `withdraw` or, by compliance as the
    /// privacy officer, `erase`: what it says is deleted for good, in every
    /// version. `freshness_due` and `archive` are the clock's.
    #[schema(max_length = 50, example = "publish")]
    action: String,
    /// For `suspend` and `restore`: why, in words for the operator's people.
    #[schema(min_length = 1, max_length = 2000)]
    note: Option<String>,
}

impl NewMandateTransition {
    fn read(&self) -> Result<(MandateAction, Option<String>), Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, MandateAction::ALL);
        let taken: &[&str] = match action {
            Some(MandateAction::Suspend | MandateAction::Restore) => &["note"],
            _ => &[],
        };
        let came = [("note", self.note.is_some())];
        check_fields(&mut faults, &self.action, &came, taken, &[]);
        let note = self.note.as_deref().and_then(|text| {
            let text = bounded(text, 2_000, true);
            faults.take("/note", "bad_text", text)
        });
        match action {
            Some(action) if faults.is_empty() => Ok((action, note)),
            _ => Err(faults),
        }
    }
}

/// Moves a mandate.
///
/// Whoever publishes one of their own firm, whose people have not agreed yet that it
/// is proposed to others, agrees to that with the words of
/// `GET /v1/me/consents/words`.
#[utoipa::path(
    operation_id = "move_mandate",
    tag = "mandates",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewMandateTransition,
    responses((status = 200, description = "Moved.", body = MandateView, headers(("ETag" = String))))
)]
#[post("/v1/mandates/{id}/transitions")]
async fn move_mandate(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewMandateTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/mandates/{id}/transitions";
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(mandates::find(&context, &caller, id))
        .await?;
    let telling = telling::<Mandate, MandateView>();
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let intent = intent.map(|intent| intent.told_by(&telling));
    let (action, note) = body.read(|it| it.read())?;
    let mandate =
        mandates::transition(&context, &caller, intent, id, expected, action, note).await?;
    let view = MandateView::from(mandate);
    Ok(as_told(&telling, moved(view.version, &view)))
}

/// What happened to a mandate.
#[utoipa::path(
    operation_id = "list_mandate_events",
    tag = "mandates",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/mandates/{id}/events")]
async fn list_mandate_events(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = mandates::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::Mandate, found.id);
    let view = if caller.reads_all_of(&[found.organization]) {
        timeline::read(&context, subject, &query.0).await?.whole()
    } else {
        timeline::read_for_side(&context, &caller, subject, &query.0, &timeline::RECORD).await?
    };
    Ok(HttpResponse::Ok().json(view))
}
