//! The taxonomy: what profiles and mandates choose their words from, as
//! everybody reads it and as curators keep it.

mod document;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{created, intent, moved, path_id, query_code};
use super::finding::{Wrong, query_language};
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::time;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::tag::keeping::{LabelsState, TagDecision, Wanted};
use crate::domain::tag::{Facet, Sensitivity, TagKind, Taxonomy};
use crate::domain::text::Slug;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::NoFilters;
use crate::http::preconditions::{IfMatch, digested, versioned};
use crate::http::problem::Problem;
use crate::http::query_string::ReadQuery;
use crate::http::registry::ServiceConfig;
use crate::services::tags::{self, TagContent};
use crate::services::{Caller, Context, Error};

use document::{NewTagDocument, NewTagTransition, TagDocument};
use view::{FacetValueView, FacetsView, TagView, TagsView};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_tags)
        .service(create_tag)
        .service(get_tag)
        .service(change_tag)
        .service(list_tag_transitions)
        .service(move_tag)
        .service(list_tag_decisions)
        .service(list_tag_events)
        .service(list_facets);
}

/// Which tags; what is absent doesn't matter.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TagFilters {
    /// Of that kind.
    #[param(max_length = 20, example = "sector")]
    kind: Option<String>,
    /// That tag, by a word for it, and all below it.
    #[param(max_length = 120, example = "agri_food")]
    under: Option<String>,
    /// Handled at least so carefully: `review`, `restricted` or `prohibited`.
    #[param(max_length = 20, example = "review")]
    sensitivity: Option<String>,
    /// Only those that can be chosen today, or only the others.
    offered: Option<bool>,
    /// With a label in that language that no person has reviewed.
    #[param(max_length = 35, example = "he")]
    unreviewed: Option<String>,
    /// `missing` for those that lack a label in English, Hebrew, Azerbaijani or
    /// Russian, `machine` for those with one that no person has reviewed,
    /// `complete` for the others: what a curator has to do.
    #[param(max_length = 10, example = "missing")]
    labels: Option<String>,
    /// With a word in a label, alias or slug that begins so.
    #[param(max_length = 80, example = "irrig")]
    q: Option<String>,
}

impl TagFilters {
    fn read(&self, taxonomy: &Taxonomy) -> Result<Wanted, Problem> {
        let mut wrong = Wrong::default();
        let under = self.under.as_deref().map(|word| {
            let tag = taxonomy.resolve(word).map(|tag| tag.slug.clone());
            tag.ok_or_else(|| Problem::parameter("under", "`under` is no tag."))
        });
        let sensitivity = self.sensitivity.as_deref();
        let sensitivity = query_code("sensitivity", sensitivity, Sensitivity::from_code);
        let labels = query_code("labels", self.labels.as_deref(), LabelsState::from_code);
        let wanted = Wanted {
            kind: wrong.take(query_code("kind", self.kind.as_deref(), TagKind::from_code)),
            under: wrong.take(under.transpose()),
            sensitivity: wrong.take(sensitivity),
            offered: self.offered,
            unreviewed: wrong.take(query_language("unreviewed", self.unreviewed.as_deref())),
            labels: wrong.take(labels),
            word: self.q.clone().filter(|word| !word.trim().is_empty()),
        };
        wrong.or(wanted)
    }
}

/// Lists tags, all in one answer.
#[utoipa::path(
    operation_id = "list_tags",
    tag = "taxonomy",
    params(TagFilters),
    responses((status = 200, description = "The tags.", body = TagsView, headers(("ETag" = String))))
)]
#[get("/v1/tags")]
async fn list_tags(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: ReadQuery<TagFilters>,
) -> Result<HttpResponse, Problem> {
    let (held, taxonomy) = tags::held(&context, &caller)?;
    let (_, wanted) = query.meaning(|asked| asked.read(&taxonomy))?;
    let those = held
        .tags
        .values()
        .filter(|kept| wanted.takes(&taxonomy, &kept.tag));
    let view = TagsView {
        version: taxonomy.version().to_owned(),
        items: those.map(|kept| TagView::of(&taxonomy, kept)).collect(),
    };
    digested(&request, &view)
}

/// Lists the choices of all closed lists, in one answer.
#[utoipa::path(
    operation_id = "list_facets",
    tag = "taxonomy",
    responses((status = 200, description = "The choices.", body = FacetsView, headers(("ETag" = String))))
)]
#[get("/v1/facets")]
async fn list_facets(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    _: Query<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let (_, taxonomy) = tags::held(&context, &caller)?;
    let values = Facet::ALL.iter().flat_map(|facet| taxonomy.facet(*facet));
    let view = FacetsView {
        version: taxonomy.version().to_owned(),
        items: values.map(FacetValueView::from).collect(),
    };
    digested(&request, &view)
}

/// Adds a tag: curators, compliance and admins, in a session.
#[utoipa::path(
    operation_id = "create_tag",
    tag = "taxonomy",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewTagDocument,
    responses((status = 201, description = "The tag.", body = TagView,
        headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/tags")]
async fn create_tag(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewTagDocument>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/tags", &request, &key, body.bytes());
    let new = body.read(NewTagDocument::read)?;
    let kept = tags::create(&context, &caller, intent, new).await?;
    let view = TagView::of(&context.taxonomy(), &kept);
    Ok(created(view.location(), view.version, &view))
}

/// One tag, also one that redirects.
#[utoipa::path(
    operation_id = "get_tag",
    tag = "taxonomy",
    params(
        ("slug" = String, Path, max_length = 80, example = "water"),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The tag.", body = TagView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/tags/{slug}")]
async fn get_tag(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    slug: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let kept = tags::find(&context, &caller, &path_id::<Slug>(&slug)?)?;
    let view = TagView::of(&context.taxonomy(), &kept);
    Ok(versioned(&request, view.version, &view))
}

/// Changes what a tag says: labels, aliases, its place and when it can be
/// chosen.
///
/// A merge patch (RFC 7396): null removes, absent keeps, a list is replaced as
/// a whole. A change by which something would be handled less carefully, or
/// would leave a freeze in force, is refused; words of what is restricted are
/// taken away by compliance only.
#[utoipa::path(
    operation_id = "change_tag",
    tag = "taxonomy",
    params(
        ("slug" = String, Path, max_length = 80, example = "water"),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    request_body(content = TagDocument, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "Changed.", body = TagView, headers(("ETag" = String))),
        (status = 409, description = "It would weaken what is sensitive or frozen."),
    )
)]
#[patch("/v1/tags/{slug}")]
async fn change_tag(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    slug: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let found = writable(&context, &caller, &slug)?;
    let expected = if_match.version()?;
    let revise = move |before: &TagContent| -> Result<TagContent, Error> {
        let document: TagDocument = patch.apply_to(&TagDocument::from(before))?;
        Ok(document.read()?)
    };
    let kept = tags::edit(&context, &caller, found.id, expected, revise).await?;
    let view = TagView::of(&context.taxonomy(), &kept);
    Ok(moved(view.version, &view))
}

/// A tag that the caller may change.
fn writable(
    context: &Context,
    caller: &Caller,
    slug: &str,
) -> Result<crate::domain::tag::keeping::KeptTag, Problem> {
    tags::check_writer(caller)?;
    Ok(tags::find(context, caller, &path_id::<Slug>(slug)?)?)
}

/// What the caller can do with a tag now.
#[utoipa::path(
    operation_id = "list_tag_transitions",
    tag = "taxonomy",
    params(("slug" = String, Path, max_length = 80, example = "water")),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/tags/{slug}/transitions")]
async fn list_tag_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    slug: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = tags::transitions(&context, &caller, &path_id::<Slug>(&slug)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// Reviews labels, grades, redirects, merges or restores a tag.
///
/// `grade` raises how carefully a tag is handled at once; lowering is
/// compliance's, and takes two of them where something restricted or
/// prohibited falls: the first is noted, the second does it. `redirect` has
/// the tag's words name another one while those who hold it keep it; `merge`
/// moves them too, as new versions of what they say, in a job that begins at
/// once. Matches on record stay as they are.
#[utoipa::path(
    operation_id = "move_tag",
    tag = "taxonomy",
    params(
        ("slug" = String, Path, max_length = 80, example = "water"),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewTagTransition,
    responses((status = 200, description = "Done, or noted for a second person.",
        body = TagView, headers(("ETag" = String))))
)]
#[post("/v1/tags/{slug}/transitions")]
async fn move_tag(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    slug: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewTagTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/tags/{slug}/transitions";
    let found = writable(&context, &caller, &slug)?;
    let expected = if_match.version()?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let wanted = body.read(|it| it.read())?;
    let kept = tags::transition(&context, &caller, intent, found.id, expected, wanted).await?;
    let view = TagView::of(&context.taxonomy(), &kept);
    Ok(moved(view.version, &view))
}

/// What somebody decided about a tag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagDecision)]
pub struct DecisionView {
    /// What was to be done: the action with what it comes to.
    #[schema(max_length = 200, example = "grade restricted none")]
    matter: String,
    /// Why.
    #[schema(max_length = 2000)]
    reason: String,
    /// Who.
    #[schema(format = "uuid", max_length = 36)]
    person: String,
    /// Whether it was done or overtaken; else it waits for a second person.
    settled: bool,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl From<TagDecision> for DecisionView {
    fn from(made: TagDecision) -> Self {
        let TagDecision {
            matter,
            reason,
            person,
            settled,
            created_at,
        } = made;
        Self {
            matter,
            reason,
            person: person.to_string(),
            settled,
            created_at: time(created_at),
        }
    }
}

/// Decisions about a tag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagDecisions)]
pub struct DecisionsView {
    /// The newest first.
    #[schema(max_items = 100)]
    items: Vec<DecisionView>,
}

/// Who decided what about how a tag is handled, and why; for the operator's
/// people.
#[utoipa::path(
    operation_id = "list_tag_decisions",
    tag = "taxonomy",
    params(("slug" = String, Path, max_length = 80, example = "water")),
    responses((status = 200, description = "The last 100.", body = DecisionsView))
)]
#[get("/v1/tags/{slug}/decisions")]
async fn list_tag_decisions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    slug: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let made = tags::decisions(&context, &caller, &path_id::<Slug>(&slug)?).await?;
    let items = made.into_iter().map(DecisionView::from).collect();
    Ok(HttpResponse::Ok().json(DecisionsView { items }))
}

/// What happened to a tag.
#[utoipa::path(
    operation_id = "list_tag_events",
    tag = "taxonomy",
    params(("slug" = String, Path, max_length = 80, example = "water"), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/tags/{slug}/events")]
async fn list_tag_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    slug: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = tags::find(&context, &caller, &path_id::<Slug>(&slug)?)?;
    let subject = Subject::new(SubjectKind::Tag, found.id);
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}
