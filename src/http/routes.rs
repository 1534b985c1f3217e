//! What the router leaves over: paths that nobody serves (404) and methods
//! that a path doesn't know (405 with `Allow`). The framework answers both
//! with 404, because every method is a route of its own; the API's document
//! knows all paths and methods, so it is asked.

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;

use super::problem::{Kind, Problem};

/// The methods of every path.
pub(super) struct RouteTable(Vec<(ResourceDef, String)>);

impl RouteTable {
    /// Reads the paths and methods of the API's document.
    pub(super) fn of(document: &OpenApi) -> Self {
        let routes = document.paths.paths.iter();
        Self(
            routes
                .map(|(path, item)| (ResourceDef::new(path.as_str()), allow(item)))
                .collect(),
        )
    }

    /// The methods that `path` knows, as an `Allow` header says it. Several
    /// templates may fit (`/x/{id}` and `/x/mine`): the first wins.
    fn methods_of(&self, path: &str) -> Option<&str> {
        let fits = |(route, _): &&(ResourceDef, String)| route.is_match(path);
        self.0
            .iter()
            .find(fits)
            .map(|(_, methods)| methods.as_str())
    }
}

/// The methods of a path; GET brings HEAD, and OPTIONS is always answered.
fn allow(item: &PathItem) -> String {
    let methods = [
        (item.get.is_some(), "GET, HEAD"),
        (item.post.is_some(), "POST"),
        (item.put.is_some(), "PUT"),
        (item.patch.is_some(), "PATCH"),
        (item.delete.is_some(), "DELETE"),
        (true, "OPTIONS"),
    ];
    let known = methods.iter().filter(|(known, _)| *known);
    known.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

/// Answers what no route took.
pub(super) async fn unrouted(
    request: HttpRequest,
    table: web::Data<RouteTable>,
) -> Result<HttpResponse, Problem> {
    match table.methods_of(request.path()) {
        None => Err(Problem::new(Kind::NotFound)),
        Some(methods) if request.method() == Method::OPTIONS => Ok(HttpResponse::NoContent()
            .insert_header((ALLOW, methods))
            .finish()),
        Some(methods) => Err(Problem::method_not_allowed(methods)),
    }
}
