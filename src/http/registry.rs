//! Where nouns register their routes: with the server, and with the API's
//! document when that is being made. The workers don't make it, each its own,
//! only to drop it: it is several times as large as all else they hold.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa::openapi::{Components, OpenApi};
use utoipa_actix_web::OpenApiFactory;

/// Takes routes.
pub struct ServiceConfig<'a> {
    server: &'a mut web::ServiceConfig,
    document: Option<&'a mut OpenApi>,
}

impl<'a> ServiceConfig<'a> {
    /// Routes for a server that serves.
    pub fn serving(server: &'a mut web::ServiceConfig) -> Self {
        Self {
            server,
            document: None,
        }
    }

    /// Routes that `document` describes.
    pub fn describing(server: &'a mut web::ServiceConfig, document: &'a mut OpenApi) -> Self {
        Self {
            server,
            document: Some(document),
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
        if let Some(document) = &mut self.document {
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
        self.server.service(route);
        self
    }

    /// Adds what the document doesn't describe: pages and their style.
    pub fn undocumented(&mut self, route: impl HttpServiceFactory + 'static) -> &mut Self {
        self.server.service(route);
        self
    }
}
