//! Free texts with the words marked that somebody has to look at.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::exchange::path_id;
use crate::domain::terms::Marked;
use crate::http::caller::Authenticated;
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

/// What is marked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Screening)]
pub struct ScreeningView {
    /// Text by text, in their order; nothing where nothing is found.
    #[schema(max_items = 10_000)]
    items: Vec<MarkedView>,
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

impl ScreeningView {
    /// What a service found.
    pub fn of(found: Vec<(String, Marked)>) -> Self {
        let view = |(pointer, hit): (String, Marked)| MarkedView {
            pointer,
            start: hit.start,
            end: hit.end,
            words: hit.words,
            tag: hit.tag.to_string(),
            sensitivity: hit.sensitivity.to_string(),
        };
        Self {
            items: found.into_iter().map(view).collect(),
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
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "What is marked.", body = ScreeningView))
)]
#[get("/v1/startup-profiles/{id}/screening")]
async fn screen_startup_profile(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = screening::of_profile(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(ScreeningView::of(found)))
}

/// The words of a mandate's title that name something restricted or
/// prohibited, for the operator's people.
///
/// A mandate with such words is published by a curator, not by its firm.
#[utoipa::path(
    operation_id = "screen_mandate",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "What is marked.", body = ScreeningView))
)]
#[get("/v1/mandates/{id}/screening")]
async fn screen_mandate(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = screening::of_mandate(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(ScreeningView::of(found)))
}

/// The words of what an investor says of itself that name something restricted
/// or prohibited, for the operator's people.
///
/// An edit that names more of the kind is reviewed again.
#[utoipa::path(
    operation_id = "screen_investor_profile",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "What is marked.", body = ScreeningView))
)]
#[get("/v1/investor-profiles/{id}/screening")]
async fn screen_investor_profile(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = screening::of_investor(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(ScreeningView::of(found)))
}

/// The words of a blurb that name something restricted or prohibited, for the
/// operator's people.
///
/// An introduction that is asked for in such words is held until compliance
/// has decided.
#[utoipa::path(
    operation_id = "screen_introduction",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "What is marked.", body = ScreeningView))
)]
#[get("/v1/introductions/{id}/screening")]
async fn screen_introduction(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = screening::of_introduction(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(ScreeningView::of(found)))
}
