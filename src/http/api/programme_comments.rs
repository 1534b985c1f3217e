//! What parties and curators say about a programme.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{intent, path_id};
use super::values::time;
use crate::domain::fault::Faults;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::JsonBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::paging::PageRequest;
use crate::services::programme_comments::{self, Comment};

/// Most characters of a comment.
const WORDS_MAX: usize = 2_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_programme_comments)
        .service(comment_on_programme);
}

/// What a party has to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgrammeComment {
    /// The words.
    #[schema(min_length = 1, max_length = 2000)]
    comment: String,
}

/// What somebody said about a programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProgrammeComment)]
pub struct CommentView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// For which party; absent for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// The words.
    #[schema(max_length = 2000)]
    comment: String,
    /// When, or since when others read it, where compliance read it first.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl From<&Comment> for CommentView {
    fn from(said: &Comment) -> Self {
        Self {
            id: said.id.to_string(),
            organization: said.organization.map(|firm| firm.to_string()),
            comment: said.comment.clone(),
            created_at: time(said.created_at),
        }
    }
}

/// Lists what parties and curators said about a programme, oldest first.
#[utoipa::path(
    operation_id = "list_programme_comments",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<CommentView>))
)]
#[get("/v1/programmes/{id}/comments")]
async fn list_programme_comments(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let page = programme_comments::comments(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(page, |said| CommentView::from(&said)).respond(&request))
}

/// Says something about a programme, for its parties and curators.
///
/// Words that name something restricted or prohibited wait for compliance: they
/// stand in `waiting` of `GET /v1/programmes/{id}/agreement`, for who said them,
/// and among the comments once two people let them through. One firm has at most 20
/// texts waiting under a programme (`too_many_waiting`).
#[utoipa::path(
    operation_id = "comment_on_programme",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewProgrammeComment,
    responses((status = 201, description = "Said.", body = CommentView))
)]
#[post("/v1/programmes/{id}/comments")]
async fn comment_on_programme(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: JsonBody<NewProgrammeComment>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/comments";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let mut faults = Faults::new();
    let said = bounded(&body.into_inner().comment, WORDS_MAX, true);
    let said = faults
        .take("/comment", "invalid_text", said)
        .ok_or(faults)?;
    let said = programme_comments::comment(&context, &caller, intent, id, said).await?;
    Ok(HttpResponse::Created().json(CommentView::from(&said)))
}
