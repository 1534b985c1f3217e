//! Documents of startups' profiles: sent as forms, kept by their hashes, and
//! opened by those to whom their startup granted it.

pub(super) mod file;
mod grants;
pub(super) mod requests;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

pub use self::grants::GrantView;
pub use self::view::{DocumentOpeningView, DocumentVersionsView, DocumentView};

use self::requests::{
    DocumentChanges, NewDocumentForm, NewDocumentTransition, NewVersionForm, new_document,
    new_version,
};
use super::exchange::{created, intent, moved, path_id, query_code, query_id};
use super::finding::{Wrong, time_order};
use super::screening::MarkedView;
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use crate::domain::document::{DocumentClass, DocumentState};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::DocumentId;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::multipart;
use crate::http::paging::{ListQuery, MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::query_string::within;
use crate::http::registry::ServiceConfig;
use crate::services::documents::{self, Filter, door, uploads};
use crate::services::{Context, Error};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_document)
        .service(list_documents)
        .service(get_document)
        .service(change_document)
        .service(file::get_document_file)
        .service(list_document_versions)
        .service(create_document_version)
        .service(file::get_document_version_file)
        .service(list_document_views)
        .service(list_document_transitions)
        .service(move_document)
        .service(screen_document)
        .service(list_document_events)
        .service(list_introduction_documents)
        .service(grants::list_document_grants)
        .service(grants::grant_documents)
        .service(grants::revoke_document_grant);
}

/// Uploads a document of a profile, for its startup's owners and editors.
///
/// The form holds the file and what it is. PDF, docx, xlsx and pptx without
/// macros, PNG, JPEG, text and CSV in UTF-8 are taken; what the bytes are, how
/// the file's name ends and what the form calls its type must agree. Nobody
/// but the startup's people and the operator's sees the document before the
/// startup grants its level and an introduction connects the two. A title or
/// a file name with words that name something restricted or prohibited keeps
/// it back until compliance has looked at it.
#[utoipa::path(
    operation_id = "create_document",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body(content = NewDocumentForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Kept.", body = DocumentView,
            headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "There is no room: `quota_exceeded`, `too_many_documents`."),
        (status = 413, description = "The document is too large."),
        (status = 415, description = "The body is no form, or compressed."),
        (status = 422, description = "Everything that is wrong with the form and the file."),
    )
)]
#[post("/v1/startup-profiles/{id}/documents")]
async fn create_document(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/startup-profiles/{id}/documents";
    let profile = path_id(&id)?;
    uploads::may_create(&context, &caller, profile).await?;
    let form = multipart::read(&request, (&context, caller.id()), body, &requests::FIELDS).await?;
    let (said, what, upload) = new_document(form).await?;
    let intent = intent(ROUTE, &request, &key, &said);
    let made = uploads::create(&context, &caller, intent, profile, what, upload).await?;
    let location = format!("/v1/documents/{}", made.id);
    Ok(created(location, made.version, &DocumentView::whole(&made)))
}

/// Which documents.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DocumentFilters {
    /// Of that firm.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// Of that profile.
    #[param(format = "uuid", max_length = 36)]
    startup_profile: Option<String>,
    /// Of that class.
    #[param(max_length = 40, example = "deck")]
    class: Option<String>,
    /// That stand there; `in_review` is what waits for compliance.
    #[param(max_length = 20, example = "open")]
    state: Option<String>,
    /// In what order: `created_at`, `-created_at`, `updated_at` or `-updated_at`.
    #[param(
        max_length = 20,
        pattern = "^-?(created|updated)_at$",
        default = "created_at"
    )]
    sort: Option<String>,
}

impl DocumentFilters {
    /// What they mean.
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let profile = query_id("startup_profile", self.startup_profile.as_deref());
        let class = query_code("class", self.class.as_deref(), DocumentClass::from_code);
        let state = query_code("state", self.state.as_deref(), DocumentState::from_code);
        let filter = Filter {
            organization: wrong.take(query_id("organization", self.organization.as_deref())),
            startup_profile: wrong.take(profile),
            class: wrong.take(class),
            state: wrong.take(state),
            up_to: None,
            sort: time_order(self.sort.as_deref(), &mut wrong).unwrap_or_default(),
        };
        wrong.or(filter)
    }
}

/// Documents, the oldest first unless it says otherwise: all for the operator's people, a startup's own for
/// its people.
#[utoipa::path(
    operation_id = "list_documents",
    tag = "documents",
    params(DocumentFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<DocumentView>))
)]
#[get("/v1/documents")]
async fn list_documents(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<DocumentFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(DocumentFilters::read)?;
    let page = documents::list(&context, &caller, filter, page.into()).await?;
    Ok(PageView::of(page, |it| DocumentView::whole(&it)).respond(&request))
}

/// One document, for its startup's people and the operator's, and for a
/// counterpart to which it is open now.
#[utoipa::path(
    operation_id = "get_document",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The document.", body = DocumentView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/documents/{id}")]
async fn get_document(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = door::find(&context, &caller, path_id(&id)?).await?;
    let view = DocumentView::for_caller(&found, &caller);
    Ok(versioned(&request, found.version, &view))
}

/// Changes what a document says of itself, for its startup's owners and
/// editors.
#[utoipa::path(
    operation_id = "change_document",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
    ),
    request_body(content = DocumentChanges, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "Changed.", body = DocumentView, headers(("ETag" = String))),
        (status = 409, description = "It is erased."),
    )
)]
#[patch("/v1/documents/{id}")]
async fn change_document(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id: DocumentId = path_id(&id)?;
    let found = documents::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let revise = move |before: &_| -> Result<_, Error> {
        let changed: DocumentChanges = patch.apply_to(&DocumentChanges::of(before))?;
        Ok(changed.read(before.class)?)
    };
    let after = documents::change(&context, &caller, id, expected, revise).await?;
    Ok(moved(after.version, &DocumentView::whole(&after)))
}

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DocumentVersionsQuery {
    /// Before that one.
    #[param(minimum = 1)]
    before: Option<i64>,
    /// How many at most.
    #[serde(default = "most", deserialize_with = "within::<_, _, 1, 100>")]
    #[param(minimum = 1, maximum = 100, default = 100)]
    limit: usize,
}

const fn most() -> usize {
    100
}

/// The files of a document, the newest first, for its startup's people and the
/// operator's.
#[utoipa::path(
    operation_id = "list_document_versions",
    tag = "documents",
    params(("id" = String, Path, format = "uuid", max_length = 36), DocumentVersionsQuery),
    responses((status = 200, description = "Its versions.", body = DocumentVersionsView))
)]
#[get("/v1/documents/{id}/versions")]
async fn list_document_versions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<DocumentVersionsQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = query.0.limit;
    let (id, before) = (path_id(&id)?, query.0.before);
    let (files, more) = documents::versions(&context, &caller, id, before, limit).await?;
    Ok(HttpResponse::Ok().json(DocumentVersionsView::of(&files, more)))
}

/// Puts another file in the place of a document's, for its startup's owners
/// and editors. Earlier ones stay, for the startup alone.
#[utoipa::path(
    operation_id = "create_document_version",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body(content = NewVersionForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Kept.", body = DocumentView,
            headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "There is no room (`quota_exceeded`, `too_many_versions`), or the document is erased."),
        (status = 413, description = "The document is too large."),
        (status = 415, description = "The body is no form, or compressed."),
        (status = 422, description = "Everything that is wrong with the form and the file."),
    )
)]
#[post("/v1/documents/{id}/versions")]
async fn create_document_version(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, if_match): (web::Path<String>, IdempotencyKey, IfMatch),
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/documents/{id}/versions";
    let id: DocumentId = path_id(&id)?;
    uploads::may_replace(&context, &caller, id).await?;
    let expected = if_match.version()?;
    let form = multipart::read(&request, (&context, caller.id()), body, &[]).await?;
    let (said, upload) = new_version(form).await?;
    let intent = intent(ROUTE, &request, &key, &said);
    let after = uploads::replace(&context, &caller, intent, id, expected, upload).await?;
    let location = format!("/v1/documents/{id}/versions/{}/file", after.current.number);
    Ok(created(
        location,
        after.version,
        &DocumentView::whole(&after),
    ))
}

/// Who opened a document, the newest first, for its startup's people: which
/// version, and by way of which introduction.
#[utoipa::path(
    operation_id = "list_document_views",
    tag = "documents",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<DocumentOpeningView>))
)]
#[get("/v1/documents/{id}/views")]
async fn list_document_views(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = door::views(&context, &caller, path_id(&id)?, query.page.into()).await?;
    Ok(PageView::of(page, |it| DocumentOpeningView::from(&it)).respond(&request))
}

/// What can be done with a document now.
#[utoipa::path(
    operation_id = "list_document_transitions",
    tag = "documents",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/documents/{id}/transitions")]
async fn list_document_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = documents::transitions(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// Withdraws, restores or erases a document, for its startup's owners and
/// editors; clears or refuses it, for compliance.
///
/// `withdraw` closes it to everybody else and `restore` opens it again, after
/// another look at its words. `erase` deletes the bytes of all its versions
/// for good, unless another document has the same; their hashes stay.
#[utoipa::path(
    operation_id = "move_document",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewDocumentTransition,
    responses((status = 200, description = "Moved.", body = DocumentView, headers(("ETag" = String))))
)]
#[post("/v1/documents/{id}/transitions")]
async fn move_document(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, if_match): (web::Path<String>, IdempotencyKey, IfMatch),
    body: DocumentBody<NewDocumentTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/documents/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id: DocumentId = path_id(&id)?;
    let found = documents::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let (action, reason) = body.read(|it| it.read())?;
    let after =
        documents::transition(&context, &caller, intent, id, expected, action, reason).await?;
    Ok(moved(after.version, &DocumentView::whole(&after)))
}

/// The words of a document's title and file name that name something
/// restricted or prohibited, for the operator's people.
#[utoipa::path(
    operation_id = "screen_document",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page, in the order of the words.", body = PageView<MarkedView>))
)]
#[get("/v1/documents/{id}/screening")]
async fn screen_document(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, query): (web::Path<String>, ListQuery),
) -> Result<HttpResponse, Problem> {
    let page = query.page.into();
    let found = documents::screening(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(found, MarkedView::from).respond(&request))
}

/// What happened to a document, oldest first, for its startup's people and the
/// operator's.
#[utoipa::path(
    operation_id = "list_document_events",
    tag = "documents",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "A part of the timeline.", body = TimelineView))
)]
#[get("/v1/documents/{id}/events")]
async fn list_document_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = documents::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::Document, found.id);
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}

/// The documents that the counterpart of an introduction can open now, for
/// both sides and the operator's people: the startup sees what the other sees.
#[utoipa::path(
    operation_id = "list_introduction_documents",
    tag = "documents",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "At most 100, oldest first.", body = PageView<DocumentView>))
)]
#[get("/v1/introductions/{id}/documents")]
async fn list_introduction_documents(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = door::of_introduction(&context, &caller, path_id(&id)?).await?;
    let view = |document| DocumentView::for_caller(document, &caller);
    Ok(HttpResponse::Ok().json(PageView {
        items: found.iter().map(view).collect(),
        next_cursor: None,
        count: None,
    }))
}
