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

use super::openapi::Published;
use super::problem::{Kind, Problem};

/// The methods of every path.
#[derive(Debug)]
pub(super) struct RouteTable(Vec<(ResourceDef, Methods)>);

/// Whether a path knows each of [`METHODS`].
type Methods = [bool; METHODS.len()];

/// As `Allow` names them: GET brings HEAD, and OPTIONS is always answered.
const METHODS: [&str; 6] = ["GET, HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl RouteTable {
    /// Reads the paths and methods of the API's document.
    pub(super) fn of(document: &OpenApi) -> Self {
        let routes = document.paths.paths.iter();
        Self(
            routes
                .map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item)))
                .collect(),
        )
    }

    /// What `Allow` says for `path`: the methods of all templates that fit it
    /// (`/x/{id}` and `/x/mine`), as the router tries them all.
    fn allow(&self, path: &str) -> Option<String> {
        let fitting = self.0.iter().filter(|(route, _)| route.is_match(path));
        let fitting: Vec<_> = fitting.map(|(_, methods)| methods).collect();
        let is_known = |place| {
            fitting
                .iter()
                .any(|methods| methods.get(place) == Some(&true))
        };
        let known = METHODS
            .iter()
            .enumerate()
            .filter(|(place, _)| is_known(*place));
        let known: Vec<_> = known.map(|(_, name)| *name).collect();
        (!known.is_empty()).then(|| known.join(", "))
    }
}

fn methods(item: &PathItem) -> Methods {
    [
        item.get.is_some(),
        item.post.is_some(),
        item.put.is_some(),
        item.patch.is_some(),
        item.delete.is_some(),
        true,
    ]
}

/// Answers what no route took.
pub(super) async fn unrouted(
    request: HttpRequest,
    published: web::Data<Published>,
) -> Result<HttpResponse, Problem> {
    match published.forms()?.table.allow(request.path()) {
        None => Err(Problem::new(Kind::NotFound)),
        Some(methods) if request.method() == Method::OPTIONS => Ok(HttpResponse::NoContent()
            .insert_header((ALLOW, methods))
            .finish()),
        Some(methods) => Err(Problem::method_not_allowed(&methods)),
    }
}
