//! Free texts with the words marked that somebody has to look at.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::exchange::path_id;
use crate::domain::terms::Marked;
use crate::http::caller::Authenticated;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::{Context, screening};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(screen_startup_profile)
        .service(screen_mandate)
        .service(screen_investor_profile)
        .service(screen_introduction);
}

/// A marked place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarkedTerm)]
pub struct MarkedView {
    /// In which text, as a JSON pointer.
    #[schema(max_length = 100, example = "/summary/en")]
    pointer: String,
    /// Where it begins, in characters.
    #[schema(minimum = 0)]
    start: usize,
    /// The first character after it.
    #[schema(minimum = 0)]
    end: usize,
    /// The words as they stand there.
    #[schema(max_length = 500, example = "counter-drone")]
    words: String,
    /// The tag that they name.
    #[schema(max_length = 80, example = "counter_uas")]
    tag: String,
    /// `restricted` or `prohibited`.
    #[schema(max_length = 20, example = "restricted")]
    sensitivity: String,
}

impl From<(String, Marked)> for MarkedView {
    fn from((pointer, hit): (String, Marked)) -> Self {
        Self {
            pointer,
            start: hit.start,
            end: hit.end,
            words: hit.words,
            tag: hit.tag.to_string(),
            sensitivity: hit.sensitivity.to_string(),
        }
    }
}

/// The words of a profile's texts that name something restricted or
/// prohibited, for the operator's people.
///
/// A profile with such words is approved only after compliance has agreed.
#[utoipa::path(
    operation_id = "screen_startup_profile",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page, text by text, in their order; nothing where nothing is found.", body = PageView<MarkedView>))
)]
#[get("/v1/startup-profiles/{id}/screening")]
async fn screen_startup_profile(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, query): (web::Path<String>, ListQuery),
) -> Result<HttpResponse, Problem> {
    let page = query.page.into();
    let found = screening::of_profile(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(found, MarkedView::from).respond(&request))
}

/// The words of a mandate's title that name something restricted or
/// prohibited, for the operator's people.
///
/// A mandate with such words is published by a curator, not by its firm.
#[utoipa::path(
    operation_id = "screen_mandate",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page, text by text, in their order; nothing where nothing is found.", body = PageView<MarkedView>))
)]
#[get("/v1/mandates/{id}/screening")]
async fn screen_mandate(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, query): (web::Path<String>, ListQuery),
) -> Result<HttpResponse, Problem> {
    let page = query.page.into();
    let found = screening::of_mandate(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(found, MarkedView::from).respond(&request))
}

/// The words of what an investor says of itself that name something restricted
/// or prohibited, for the operator's people.
///
/// An edit that names more of the kind is reviewed again.
#[utoipa::path(
    operation_id = "screen_investor_profile",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page, text by text, in their order; nothing where nothing is found.", body = PageView<MarkedView>))
)]
#[get("/v1/investor-profiles/{id}/screening")]
async fn screen_investor_profile(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, query): (web::Path<String>, ListQuery),
) -> Result<HttpResponse, Problem> {
    let page = query.page.into();
    let found = screening::of_investor(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(found, MarkedView::from).respond(&request))
}

/// The words of a blurb that name something restricted or prohibited, for the
/// operator's people.
///
/// An introduction that is asked for in such words is held until compliance
/// has decided.
#[utoipa::path(
    operation_id = "screen_introduction",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page, text by text, in their order; nothing where nothing is found.", body = PageView<MarkedView>))
)]
#[get("/v1/introductions/{id}/screening")]
async fn screen_introduction(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, query): (web::Path<String>, ListQuery),
) -> Result<HttpResponse, Problem> {
    let page = query.page.into();
    let found = screening::of_introduction(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(found, MarkedView::from).respond(&request))
}
