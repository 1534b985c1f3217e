//! Startup profiles: written by their startup, reviewed by a curator, shown
//! when published.

mod document;
mod filters;
mod readiness;
mod versions;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::exchange::{as_told, check_fields, created, intent, moved, path_id, telling};
use super::own_organization;
use super::rates::RatedPageView;
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::{code, within};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::StartupProfileId;
use crate::domain::profile::{ProfileAction, StartupContent, StartupProfile};
use crate::domain::text::{Slug, bounded};
use crate::domain::values::OrganizationKind;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{ListQuery, MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::http::renderings::{Renderings, Shown};
use crate::services::counts;
use crate::services::startups::{self, FieldComment, Move};
use crate::services::{Context, Error};

pub use document::{RoundDocument, StartupProfileDocument, TractionDocument};
pub use filters::StartupProfileFilters;
pub use view::{CommentView, CommentsView, StartupProfileView};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_startup_profile)
        .service(list_startup_profiles)
        .service(get_startup_profile)
        .service(change_startup_profile)
        .service(list_startup_profile_transitions)
        .service(move_startup_profile)
        .service(list_startup_profile_comments)
        .service(readiness::get_startup_profile_readiness)
        .service(agree_to_startup_profile)
        .service(versions::list_startup_profile_versions)
        .service(versions::get_startup_profile_version)
        .service(versions::list_startup_profile_changes)
        .service(list_startup_profile_events);
}

/// Starts a draft, for the caller's startup or, by a curator, for any.
#[utoipa::path(
    operation_id = "create_startup_profile",
    tag = "startup profiles",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = StartupProfileDocument,
    responses((status = 201, description = "A draft.", body = StartupProfileView,
        headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/startup-profiles")]
async fn create_startup_profile(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<StartupProfileDocument>,
) -> Result<HttpResponse, Problem> {
    let telling = telling::<StartupProfile, StartupProfileView>();
    let intent = intent("POST /v1/startup-profiles", &request, &key, body.bytes());
    let intent = intent.map(|intent| intent.told_by(&telling));
    let taxonomy = context.taxonomy();
    let (named, content) =
        body.read(|document: StartupProfileDocument| document.read(&taxonomy))?;
    let organization =
        own_organization(&caller, named, OrganizationKind::Startup, "/organization")?;
    let profile = startups::create(&context, &caller, intent, organization, content).await?;
    let view = StartupProfileView::from(profile);
    let answer = created(view.location(), view.version, &view);
    Ok(as_told(&telling, answer))
}

/// Profiles: one's own, or all for the operator's people; the oldest first,
/// unless something is looked for.
#[utoipa::path(
    operation_id = "list_startup_profiles",
    tag = "startup profiles",
    params(StartupProfileFilters, PageQuery),
    responses(
        (status = 200, description = "A page.", body = RatedPageView<StartupProfileView>),
        (status = 404, description = "Of a firm that is not the caller's."),
    )
)]
#[get("/v1/startup-profiles")]
async fn list_startup_profiles(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    renderings: web::Data<Renderings>,
    request: HttpRequest,
    query: MeantQuery<StartupProfileFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, asked, (filter, order)) = query.read(|it| it.read(&context.taxonomy()))?;
    let filter = startups::at_rates(&context, &caller, filter).await?;
    let (rates, on) = (filter.rates.clone(), filter.rates_on());
    let count = if asked.counts() {
        Some(counts::startups(&context, &caller, filter.clone()).await?)
    } else {
        None
    };
    // Every reader of it reads the same.
    let show = Shown::<StartupProfileView>::of(renderings.into_inner());
    let page = startups::list(&context, &caller, filter, order, page.into(), show).await?;
    let page = PageView::from(page).counted(count);
    Ok(RatedPageView::of(page, rates.as_ref(), on).respond(&request))
}

/// One profile.
#[utoipa::path(
    operation_id = "get_startup_profile",
    tag = "startup profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The profile.", body = StartupProfileView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/startup-profiles/{id}")]
async fn get_startup_profile(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    renderings: web::Data<Renderings>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    // Every reader of it reads the same.
    let show = Shown::<StartupProfileView>::of(renderings.into_inner());
    let profile = startups::look_at(&context, &caller, path_id(&id)?, show).await?;
    Ok(versioned(&request, profile.version, &profile))
}

/// Changes what a profile says.
///
/// A merge patch (RFC 7396): null removes, absent keeps, a list is replaced as
/// a whole. A live profile whose tags or control answers become graver goes
/// back to review and is hidden meanwhile.
#[utoipa::path(
    operation_id = "change_startup_profile",
    tag = "startup profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    request_body(content = StartupProfileDocument, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "Changed.", body = StartupProfileView, headers(("ETag" = String))),
        (status = 409, description = "It can't be changed so in its state."),
    )
)]
#[patch("/v1/startup-profiles/{id}")]
async fn change_startup_profile(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id: StartupProfileId = path_id(&id)?;
    let found = startups::find(&context, &caller, id).await?;
    let expected = if_match.version()?;
    let (owner, taxonomy) = (found.organization, context.taxonomy());
    let revise = move |before: &StartupContent| -> Result<StartupContent, Error> {
        let current = StartupProfileDocument::of(owner, before);
        patch.revise(&current, |document| {
            document.revised(owner, before, &taxonomy)
        })
    };
    let profile = startups::edit(&context, &caller, id, expected, revise).await?;
    let view = StartupProfileView::from(profile);
    Ok(moved(view.version, &view))
}

/// What can be done with a profile now.
#[utoipa::path(
    operation_id = "list_startup_profile_transitions",
    tag = "startup profiles",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/startup-profiles/{id}/transitions")]
async fn list_startup_profile_transitions(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (actions, agreement) = startups::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok()
        .json(TransitionsView::of(actions).agreeing(agreement, &["submit", "publish"])))
}

/// A move of a profile.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProfileTransition {
    /// `submit` (who submits for their own firm agrees with it to have the firm
    /// proposed for introductions: the operator keeps the profile and their
    /// name, address and part; its people read all of it, firms of the
    /// programmes first a description without names; for two years, or until
    /// it is taken back at `/v1/me/consents`, where the receipt stands; the text
    /// is the `agreement` of `GET …/transitions`), `claim`,
    /// `request_changes`, `reject`, `approve`, `publish`, `reconfirm` (what is
    /// published is still true), `pause`, `suspend`,
    /// `restore` (two people), `withdraw` or, by compliance as the privacy
    /// officer, `erase`: what it says is deleted for good, in every version.
    /// `freshness_due` and `archive` are the clock's.
    #[schema(max_length = 50, example = "submit")]
    action: String,
    /// For `request_changes`: what should change, at least one.
    #[serde(default)]
    #[schema(max_items = 50)]
    comments: Vec<NewComment>,
    /// For `reject`: why, a stable code.
    #[schema(max_length = 80, pattern = "^[a-z0-9_-]+$", example = "out_of_scope")]
    reason: Option<String>,
    /// For `suspend` and `restore`: why, in words for the operator's people.
    #[schema(min_length = 1, max_length = 2000)]
    note: Option<String>,
}

/// A comment on one field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComment {
    /// Where: a JSON Pointer (RFC 6901) into the profile.
    #[schema(max_length = 300, pattern = "^(/.*)?$", example = "/summary/en")]
    pointer: String,
    /// What should change.
    #[schema(min_length = 1, max_length = 2000)]
    comment: String,
}

impl NewProfileTransition {
    /// The action with what it takes, for a record that `D` is the document of.
    ///
    /// # Errors
    /// Every fault.
    pub fn read<D: PartialSchema>(&self) -> Result<(ProfileAction, Move), Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, ProfileAction::ALL);
        let taken: &[&str] = match action {
            Some(ProfileAction::RequestChanges) => &["comments"],
            Some(ProfileAction::Reject) => &["reason"],
            Some(ProfileAction::Suspend | ProfileAction::Restore) => &["note"],
            _ => &[],
        };
        let came = [
            ("comments", !self.comments.is_empty()),
            ("reason", self.reason.is_some()),
            ("note", self.note.is_some()),
        ];
        check_fields(&mut faults, &self.action, &came, taken, &[]);
        within(&mut faults, "/comments", self.comments.len(), 50);
        let comments = self.comments.iter().enumerate();
        let comments = comments
            .filter_map(|(place, new)| faults.nest(&format!("/comments/{place}"), new.read::<D>()))
            .collect();
        let reason = self.reason.as_deref();
        let reason =
            reason.and_then(|text| faults.take("/reason", "bad_code", text.parse::<Slug>()));
        let note = self.note.as_deref().and_then(|text| {
            let text = bounded(text, 2_000, true);
            faults.take("/note", "bad_text", text)
        });
        match action {
            Some(action) if faults.is_empty() => {
                let details = Move {
                    comments,
                    reason: reason.map(|code| code.to_string()),
                    note,
                };
                Ok((action, details))
            }
            _ => Err(faults),
        }
    }
}

/// Whether a pointer leads into a field that documents of that kind have; the
/// empty one is the whole document.
fn leads_somewhere<D: PartialSchema>(pointer: &str) -> bool {
    let mut parts = pointer.split('/').skip(1);
    match (parts.next(), D::schema()) {
        (None, _) => true,
        (Some(field), RefOr::T(Schema::Object(document))) => {
            document.properties.contains_key(field)
        }
        _ => false,
    }
}

impl NewComment {
    fn read<D: PartialSchema>(&self) -> Result<FieldComment, Faults> {
        let mut faults = Faults::new();
        if !(self.pointer.is_empty() || self.pointer.starts_with('/')) || self.pointer.len() > 300 {
            faults.push(
                "/pointer",
                "bad_pointer",
                "A pointer is such as /summary/en.",
            );
        } else if !leads_somewhere::<D>(&self.pointer) {
            let detail = "The profile has no such field.";
            faults.push("/pointer", "unknown_field", detail);
        }
        let comment = bounded(&self.comment, 2_000, true);
        let comment = faults.take("/comment", "bad_text", comment);
        match comment {
            Some(comment) if faults.is_empty() => Ok(FieldComment {
                pointer: self.pointer.clone(),
                comment,
            }),
            _ => Err(faults),
        }
    }
}

/// Moves a profile.
///
/// Whoever submits or publishes one of their own firm, whose people have not agreed
/// yet that it is proposed to others, agrees to that with the words of
/// `GET /v1/me/consents/words`.
#[utoipa::path(
    operation_id = "move_startup_profile",
    tag = "startup profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewProfileTransition,
    responses((status = 200, description = "Moved.", body = StartupProfileView, headers(("ETag" = String))))
)]
#[post("/v1/startup-profiles/{id}/transitions")]
async fn move_startup_profile(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: DocumentBody<NewProfileTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/startup-profiles/{id}/transitions";
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(startups::find(&context, &caller, id))
        .await?;
    let telling = telling::<StartupProfile, StartupProfileView>();
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let intent = intent.map(|intent| intent.told_by(&telling));
    let (action, details) = body.read(|it| it.read::<StartupProfileDocument>())?;
    let profile =
        startups::transition(&context, &caller, intent, id, expected, action, details).await?;
    let view = StartupProfileView::from(profile);
    Ok(as_told(&telling, moved(view.version, &view)))
}

/// What reviewers said about a profile.
///
/// A page at a time: `next_cursor` and the `Link` header lead to the rest.
#[utoipa::path(
    operation_id = "list_startup_profile_comments",
    tag = "startup profiles",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "Oldest first.", body = PageView<CommentView>))
)]
#[get("/v1/startup-profiles/{id}/comments")]
async fn list_startup_profile_comments(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    (id, query): (web::Path<String>, ListQuery),
) -> Result<HttpResponse, Problem> {
    let page = query.page.into();
    let found = startups::some_comments(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(found, CommentView::from).respond(&request))
}

/// Compliance agrees to what a profile says at this version.
#[utoipa::path(
    operation_id = "agree_to_startup_profile",
    tag = "startup profiles",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    responses((status = 200, description = "Agreed; a curator can approve it.", body = StartupProfileView,
        headers(("ETag" = String))))
)]
#[post("/v1/startup-profiles/{id}/compliance-agreement")]
async fn agree_to_startup_profile(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/startup-profiles/{id}/compliance-agreement";
    let intent = intent(ROUTE, &request, &key, &[]);
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(startups::find(&context, &caller, id))
        .await?;
    let profile = startups::agree(&context, &caller, intent, id, expected).await?;
    let view = StartupProfileView::from(profile);
    Ok(moved(view.version, &view))
}

/// What happened to a profile.
#[utoipa::path(
    operation_id = "list_startup_profile_events",
    tag = "startup profiles",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/startup-profiles/{id}/events")]
async fn list_startup_profile_events(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = startups::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::StartupProfile, found.id);
    let view = if caller.reads_all_of(&[found.organization]) {
        timeline::read(&context, subject, &query.0).await?.whole()
    } else {
        timeline::read_for_side(&context, &caller, subject, &query.0, &timeline::RECORD).await?
    };
    Ok(HttpResponse::Ok().json(view))
}
