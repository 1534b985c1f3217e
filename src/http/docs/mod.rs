//! The reference page: the API's document as plain HTML, made once.
//! No script, nothing from elsewhere; the text can be searched, printed and
//! read aloud.

mod page;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, get, web};

use super::openapi::{Published, openapi_yaml};
use super::problem::{Kind, Problem, codes};
use crate::http::registry::ServiceConfig;

pub(super) use page::render;

const STYLE: &str = include_str!("../assets/docs.css");

/// Registers the page, its style, the document and the pages of problems.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(openapi_yaml)
        .service(reference)
        .service(explain_problem)
        .undocumented(web::resource("/v1/docs.css").route(web::get().to(style)));
}

/// The reference, for people.
#[utoipa::path(
    operation_id = "get_docs",
    tag = "reference",
    security(()),
    responses((status = 200, description = "This page.", content_type = "text/html", body = String))
)]
#[get("/v1/docs")]
async fn reference(published: web::Data<Published>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ))
        .body(published.forms()?.page.clone()))
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(STYLE)
}

/// What a kind of problem, or a code, means.
///
/// The `type` of every problem leads here; the `code` of a refusal and of each
/// fault in `errors` has a page, too.
#[utoipa::path(
    operation_id = "get_problem",
    tag = "reference",
    security(()),
    params(("code" = String, Path, description = "The last part of the problem's `type`, or a code.", max_length = 100, example = "invalid")),
    responses((status = 200, description = "Its explanation.", content_type = "text/plain", body = String))
)]
#[get("/problems/{code}")]
async fn explain_problem(code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.code() == *code);
    let text = kind.map(page_of_kind).or_else(|| page_of_code(&code));
    let text = text.ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(text))
}

fn page_of_kind(kind: Kind) -> String {
    let mut text = format!(
        "{}\n\nStatus: {}\nCode: {}\n\n{}\n",
        kind.title(),
        kind.status(),
        kind.code(),
        kind.explanation()
    );
    if matches!(kind, Kind::Refused | Kind::Invalid) {
        text += "\nCodes, each with a page of its own at /problems/CODE:\n";
        text.extend(codes::all().map(|(code, meaning)| format!("\n{code}: {meaning}")));
        text.push('\n');
    }
    text
}

fn page_of_code(code: &str) -> Option<String> {
    let meaning = codes::meaning(code)?;
    Some(format!(
        "{meaning}\n\nCode: {code}\n\nIt stands as the `code` of a problem of the kind /problems/refused (409), or of one of the\nfaults in `errors`, with a `pointer` to its place and a `detail` that says more.\n"
    ))
}
