//! The API's document (OpenAPI 3.1), built from the registered routes.
//! Endpoints describe what is theirs; what every endpoint shares (problems by
//! method, body, parameters and security) is added here.

mod codes;
mod contract;
mod examples;
mod links;
mod plain;
mod scopes;

use std::sync::OnceLock;

use actix_web::{App, HttpResponse, get, web};
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ComponentsBuilder, Content, InfoBuilder, License, OpenApi, OpenApiBuilder, Ref,
    RefOr, Response, ResponseBuilder, Server,
};
use utoipa::{PartialSchema, ToSchema};

use super::docs;
use super::problem::{FaultView, Kind, PROBLEM_JSON, Problem, ProblemView};
use super::routes::RouteTable;
use crate::http::registry::ServiceConfig;
use crate::services::Error;

/// What the operations are about, in the order in which a reader meets them.
const TAGS: [(&str, &str); 24] = [
    (
        "accounts",
        "Registering, signing in, sessions, passwords, second factors, API keys.",
    ),
    ("worklist", "Everything that waits for the caller."),
    ("saved views", "Lists with their parameters, under names."),
    (
        "organizations",
        "Firms, their people, and what the ledger says was shown of them.",
    ),
    (
        "clients",
        "Programs of partner firms: OAuth 2.0 client credentials.",
    ),
    (
        "taxonomy",
        "The tags and facets that profiles and mandates are described by.",
    ),
    (
        "programmes",
        "The agreements under which firms are brought together.",
    ),
    (
        "startup profiles",
        "What startups say of themselves, and its review.",
    ),
    (
        "investor profiles",
        "What investors say of themselves, and its review.",
    ),
    (
        "documents",
        "Decks, figures and papers of startups: who may open them, and who did.",
    ),
    ("mandates", "What investors look for."),
    (
        "imports",
        "Files of firms, checked row by row and put on record.",
    ),
    ("exports", "Files of what one may read, made to be fetched."),
    (
        "rule sets",
        "How matches are scored: drafted, tried and published as data.",
    ),
    ("matches", "Who fits whom, each score explained."),
    ("introductions", "Both sides asked, then connected."),
    ("deals", "What comes of introductions, stage by stage."),
    ("practices", "What firms show each other."),
    ("compliance", "Clearances, freezes, blocks and decisions."),
    ("messages", "The queue of mail."),
    (
        "log",
        "Everything that happened, in an order that nobody can change.",
    ),
    ("pages", "What mailed links open, for people."),
    ("operations", "Whether the service lives."),
    ("reference", "This document, and what problems mean."),
];

/// Registers routes; the composition root passes the business ones.
pub type Routes = fn(&mut ServiceConfig);

/// The document of `routes` and of the service's own.
pub fn document(routes: Routes) -> OpenApi {
    let mut document = base();
    App::new().configure(|server| {
        let mut described = ServiceConfig::describing(server, &mut document);
        super::all_routes(&mut described, routes);
    });
    for (path, item) in &mut document.paths.paths {
        finish_path(path, item);
    }
    document
}

fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Corridor")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Matches startups with investors inside a programme, introduces them by double \
             opt-in and tracks what comes of it.\n\nEvery error is `application/problem+json` \
             (RFC 9457). Lists are paged by cursor. What can change has an `ETag`; changes need \
             `If-Match`. A POST takes an `Idempotency-Key`.\n\nEvery record that has states \
             has the same sub-resources: `GET …/transitions` tells what the caller can do now \
             and everything that stands in the way, `POST …/transitions` does it, \
             `GET …/events` is its timeline. What is only there or not has none and is \
             ended by `DELETE`: saved views, suppressions, agreements to merge, sessions, \
             who belongs to a firm.\n\nThe service calls nobody: there \
             are no webhooks. What became of a record is read from its `…/events`.",
        ))
        .license(Some(License::new("Apache-2.0")));
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .components(Some(components()))
        .security(Some([bearer()]))
        .tags(Some(TAGS.map(|(name, description)| {
            TagBuilder::new()
                .name(name)
                .description(Some(description))
                .build()
        })))
        .build()
}

fn bearer() -> SecurityRequirement {
    SecurityRequirement::new("bearer", Vec::<String>::new())
}

fn components() -> Components {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.bearer_format = Some("JWT".to_owned());
    scheme.description =
        Some("A short-lived access token of a session or a program (RFC 9068), verified as RFC 8725 asks, or an API key.".to_owned());
    let mut components = ComponentsBuilder::new()
        .schema(ProblemView::name(), ProblemView::schema())
        .schema(FaultView::name(), FaultView::schema())
        .security_scheme("bearer", SecurityScheme::Http(scheme))
        .security_scheme(scopes::SCHEME, scopes::scheme());
    for status in statuses() {
        components = components.response(response_name(status), problem_response(status));
    }
    components.build()
}

/// Every status of the problem table, once.
fn statuses() -> Vec<u16> {
    let mut statuses: Vec<_> = Kind::ALL
        .iter()
        .map(|kind| kind.status().as_u16())
        .collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn response_name(status: u16) -> String {
    format!("Problem{status}")
}

fn problem_response(status: u16) -> Response {
    let kinds = Kind::ALL
        .iter()
        .filter(|kind| kind.status().as_u16() == status);
    let lines = kinds.map(|kind| format!("`{}`: {}.", kind.code(), kind.title()));
    ResponseBuilder::new()
        .description(lines.collect::<Vec<_>>().join(" "))
        .content(PROBLEM_JSON, problem_content())
        .build()
}

fn problem_content() -> Content {
    Content::new(Some(Ref::from_schema_name(ProblemView::name())))
}

fn finish_path(path: &str, item: &mut PathItem) {
    let methods = [
        ("GET", &mut item.get),
        ("DELETE", &mut item.delete),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("PATCH", &mut item.patch),
    ];
    for (method, operation) in methods {
        if let Some(operation) = operation {
            finish_operation(operation, method == "PATCH");
            scopes::state(method, path, operation);
        }
    }
}

/// Adds the problems that the endpoint did not describe itself, and the form
/// of those that it did.
fn finish_operation(operation: &mut Operation, is_patch: bool) {
    for status in shared_problems(operation, is_patch) {
        let shared = Ref::new(format!("#/components/responses/{}", response_name(status)));
        operation
            .responses
            .responses
            .entry(status.to_string())
            .or_insert(RefOr::Ref(shared));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            response
                .content
                .insert(PROBLEM_JSON.to_owned(), problem_content().into());
        }
    }
}

/// The statuses that follow from what an operation takes.
fn shared_problems(operation: &Operation, is_patch: bool) -> Vec<u16> {
    let takes = Takes::of(operation);
    let sets: [(bool, &[u16]); 7] = [
        (true, &[500, 503]),
        (takes.token, &[401, 403, 429]),
        // What is named may be unknown, or not the caller's; what isn't theirs
        // at all is not there.
        (takes.path || takes.token, &[404]),
        // A header or a path that can't be read.
        (
            takes.query || takes.header || takes.path || takes.token,
            &[400],
        ),
        (takes.body, &[400, 408, 413, 415, 422]),
        (takes.version || is_patch, &[412, 428]),
        (takes.key, &[409, 422]),
    ];
    let apt = sets.iter().filter(|(apt, _)| *apt);
    apt.flat_map(|(_, statuses)| statuses.iter().copied())
        .collect()
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether an operation takes one thing; they don't exclude one another"
)]
struct Takes {
    token: bool,
    path: bool,
    query: bool,
    header: bool,
    body: bool,
    version: bool,
    key: bool,
}

impl Takes {
    fn of(operation: &Operation) -> Self {
        let parameters: Vec<_> = operation
            .parameters
            .iter()
            .flatten()
            .filter_map(|parameter| match parameter {
                RefOr::T(parameter) => {
                    Some((parameter.parameter_in.clone(), parameter.name.as_str()))
                }
                RefOr::Ref(_) => None,
            })
            .collect();
        let any_in = |place: ParameterIn| parameters.iter().any(|(at, _)| *at == place);
        let header = |wanted: &str| {
            let same = |name: &str| name.eq_ignore_ascii_case(wanted);
            parameters
                .iter()
                .any(|(at, name)| *at == ParameterIn::Header && same(name))
        };
        let open = SecurityRequirement::default();
        let security = operation.security.as_ref();
        Self {
            token: !security.is_some_and(|all| all.iter().all(|one| *one == open)),
            path: any_in(ParameterIn::Path),
            query: any_in(ParameterIn::Query),
            header: any_in(ParameterIn::Header),
            body: operation.request_body.is_some(),
            version: header("If-Match"),
            key: header("Idempotency-Key"),
        }
    }
}

/// The document as it is served and kept in the repository.
///
/// # Errors
/// It can't be written as YAML, which the tests rule out.
pub fn to_yaml(document: &OpenApi) -> std::io::Result<String> {
    let mut document = yaml_serde::to_value(document).map_err(std::io::Error::other)?;
    contract::finish(&mut document);
    let text = yaml_serde::to_string(&document).map_err(std::io::Error::other)?;
    Ok(plain::quoted(&text))
}

/// The document as the service publishes it. It is made when it is first
/// asked for: most nodes never are, and it is the largest thing in memory
/// while it is made.
#[derive(Debug)]
pub(super) struct Published {
    routes: Routes,
    made: OnceLock<Forms>,
}

/// What is made of the document.
#[derive(Debug)]
pub(super) struct Forms {
    /// For programs.
    pub(super) yaml: String,
    /// For people.
    pub(super) page: String,
    /// For the router.
    pub(super) table: RouteTable,
}

impl Published {
    /// The document of `routes`.
    pub(super) fn of(routes: Routes) -> Self {
        Self {
            routes,
            made: OnceLock::new(),
        }
    }

    /// Its forms.
    ///
    /// # Errors
    /// It can't be written, which the tests rule out.
    pub(super) fn forms(&self) -> Result<&Forms, Error> {
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        let document = document(self.routes);
        let made = Forms {
            yaml: to_yaml(&document).map_err(Error::internal)?,
            page: docs::render(&document).map_err(Error::internal)?,
            table: RouteTable::of(&document),
        };
        Ok(self.made.get_or_init(|| made))
    }
}

/// The API's description.
#[utoipa::path(
    operation_id = "get_openapi",
    tag = "reference",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/yaml", body = String))
)]
#[get("/v1/openapi.yaml")]
pub(super) async fn openapi_yaml(published: web::Data<Published>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok()
        .content_type("application/yaml")
        .body(published.forms()?.yaml.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::patch;

    #[test]
    fn operations_get_the_problems_that_fit_them() {
        #[utoipa::path(
            params(("id" = String, Path), ("If-Match" = String, Header)),
            request_body = ProblemView,
            responses((status = 200), (status = 404, description = "No such thing."))
        )]
        #[patch("/v1/things/{id}")]
        async fn change() -> &'static str {
            ""
        }
        let document = document(|config| {
            config.service(change);
        });
        let item = document.paths.paths.get("/v1/things/{id}").unwrap();
        let responses = &item.patch.as_ref().unwrap().responses.responses;
        let statuses: Vec<_> = responses.keys().map(String::as_str).collect();
        assert_eq!(
            statuses,
            [
                "200", "400", "401", "403", "404", "408", "412", "413", "415", "422", "428", "429",
                "500", "503"
            ]
        );
        let RefOr::T(own) = &responses["404"] else {
            panic!("the endpoint's own 404 was replaced")
        };
        assert_eq!(own.description, "No such thing.");
        assert!(own.content.contains_key(PROBLEM_JSON));
        let livez = document.paths.paths.get("/livez").unwrap();
        let open = &livez.get.as_ref().unwrap().responses.responses;
        assert!(!open.contains_key("401"));
        assert!(to_yaml(&document).unwrap().contains("openapi: 3.1.0"));
    }
}
