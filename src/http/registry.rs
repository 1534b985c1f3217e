//! Where nouns register their routes: with the server, and with the API's
//! document when that is being made. The workers don't make it, each its own,
//! only to drop it: it is several times as large as all else they hold. What
//! they have to know of it is noted route by route: which take no query.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{Components, OpenApi, RefOr};
use utoipa_actix_web::OpenApiFactory;

use super::openapi::Routes;

/// Takes routes.
pub struct ServiceConfig<'a> {
    server: &'a mut web::ServiceConfig,
    beside: Beside<'a>,
}

/// What is made of the routes' descriptions.
enum Beside<'a> {
    Nothing,
    Document(&'a mut OpenApi),
    Plain(&'a mut BTreeSet<String>),
}

/// The routes that take no query: method and template. They are found when
/// somebody sends one: all descriptions are gone through for it.
#[derive(Debug)]
pub struct PlainRoutes {
    routes: Routes,
    find: fn(Routes) -> BTreeSet<String>,
    found: OnceLock<BTreeSet<String>>,
}

impl PlainRoutes {
    /// Those that `find` finds among these.
    pub(super) const fn new(routes: Routes, find: fn(Routes) -> BTreeSet<String>) -> Self {
        Self {
            routes,
            find,
            found: OnceLock::new(),
        }
    }

    /// Whether that route is one of them.
    pub fn have(&self, route: &str) -> bool {
        let found = self.found.get_or_init(|| (self.find)(self.routes));
        found.contains(route)
    }
}

fn note(plain: &mut BTreeSet<String>, path: &str, item: &PathItem) {
    let methods = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    for (method, operation) in methods {
        if operation.as_ref().is_some_and(|it| !takes_query(it)) {
            plain.insert(format!("{method} {path}"));
        }
    }
}

fn takes_query(operation: &Operation) -> bool {
    let parameters = operation.parameters.iter().flatten();
    let mut places = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(&parameter.parameter_in),
        RefOr::Ref(_) => None,
    });
    places.any(|place| *place == ParameterIn::Query)
}

impl<'a> ServiceConfig<'a> {
    /// Routes for a server that serves.
    pub fn serving(server: &'a mut web::ServiceConfig) -> Self {
        Self {
            server,
            beside: Beside::Nothing,
        }
    }

    /// Routes that `document` describes.
    pub fn describing(server: &'a mut web::ServiceConfig, document: &'a mut OpenApi) -> Self {
        Self {
            server,
            beside: Beside::Document(document),
        }
    }

    /// Routes of which those that take no query are noted.
    pub fn noting(server: &'a mut web::ServiceConfig, plain: &'a mut BTreeSet<String>) -> Self {
        Self {
            server,
            beside: Beside::Plain(plain),
        }
    }

    /// Adds the routes of one noun.
    pub fn configure(&mut self, routes: impl FnOnce(&mut ServiceConfig)) -> &mut Self {
        routes(self);
        self
    }

    /// Adds a route with its description.
    pub fn service(
        &mut self,
        route: impl HttpServiceFactory + OpenApiFactory + 'static,
    ) -> &mut Self {
        match &mut self.beside {
            Beside::Nothing => {}
            Beside::Plain(plain) => {
                for (path, item) in &route.paths().paths {
                    note(plain, path, item);
                }
            }
            Beside::Document(document) => {
                document.paths.merge(route.paths());
                let mut schemas = Vec::new();
                route.schemas(&mut schemas);
                let components = document.components.get_or_insert_with(Components::new);
                for (name, schema) in schemas {
                    let other = components.schemas.insert(name.clone(), schema);
                    // The later would stand for both in the whole document.
                    debug_assert!(
                        other.is_none_or(|it| components.schemas.get(&name) == Some(&it)),
                        "two schemas are named {name}"
                    );
                }
            }
        }
        self.server.service(route);
        self
    }

    /// Adds what the document doesn't describe: pages and their style.
    pub fn undocumented(&mut self, route: impl HttpServiceFactory + 'static) -> &mut Self {
        self.server.service(route);
        self
    }
}
