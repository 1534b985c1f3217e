//! Numbers under which registers know a firm, as it states them.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{moved, path_id};
use crate::domain::fault::Faults;
use crate::domain::identifier::{Identifier, IdentifierScheme};
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::organizations;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(get_identifiers).service(put_identifiers);
}

/// Numbers by register.
pub type IdentifiersView = BTreeMap<String, String>;

/// The numbers that a document states; what is wrong with each is noted at its
/// place.
pub fn identifiers(
    faults: &mut Faults,
    pointer: &str,
    stated: &IdentifiersView,
) -> BTreeSet<Identifier> {
    let mut read = BTreeSet::new();
    for (register, number) in stated {
        let place = format!("{pointer}/{register}");
        let Some(scheme) = IdentifierScheme::from_code(register) else {
            let known = IdentifierScheme::ALL.iter();
            let known: Vec<&str> = known.map(|it| it.code()).collect();
            let detail = format!("Registers that are known: {}.", known.join(", "));
            faults.push(place, "unknown_register", detail);
            continue;
        };
        read.extend(faults.take(place, "bad_identifier", Identifier::new(scheme, number)));
    }
    read
}

/// What a firm states.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Identifiers)]
pub struct IdentifiersDocument {
    /// Its numbers by register: `il_company` (the Israeli register of
    /// companies, nine digits), `az_voen` (VÖEN, ten digits), `lei` (ISO
    /// 17442). Spaces and hyphens don't count.
    #[schema(value_type = BTreeMap<String, String>, example = json!({ "az_voen": "9900003871" }))]
    identifiers: IdentifiersView,
}

impl IdentifiersDocument {
    fn of(identifiers: &BTreeSet<Identifier>) -> Self {
        let stated = identifiers.iter();
        let stated = stated.map(|it| (it.scheme().code().to_owned(), it.value().to_owned()));
        Self {
            identifiers: stated.collect(),
        }
    }

    fn read(&self) -> Result<BTreeSet<Identifier>, Faults> {
        let mut faults = Faults::new();
        let read = identifiers(&mut faults, "/identifiers", &self.identifiers);
        faults.finish().map(|()| read)
    }
}

/// The numbers that a firm states, for its own people and the operator's. The
/// `ETag` is the firm's.
#[utoipa::path(
    operation_id = "get_identifiers",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "Its numbers.", body = IdentifiersDocument, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/organizations/{id}/identifiers")]
async fn get_identifiers(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (version, stated) = organizations::identifiers(&context, &caller, path_id(&id)?).await?;
    Ok(versioned(
        &request,
        version,
        &IdentifiersDocument::of(&stated),
    ))
}

/// States a firm's numbers, in the place of those that stood there: for its
/// owners and editors, and curators. What another firm states as well is taken
/// all the same, and tells nobody of that firm.
#[utoipa::path(
    operation_id = "put_identifiers",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    request_body = IdentifiersDocument,
    responses((status = 200, description = "Stated.", body = IdentifiersDocument, headers(("ETag" = String))))
)]
#[put("/v1/organizations/{id}/identifiers")]
async fn put_identifiers(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    body: DocumentBody<IdentifiersDocument>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let may = organizations::identifiers(&context, &caller, id);
    let expected = if_match.version_of(may).await?;
    let stated = body.read(|it| it.read())?;
    let (version, stated) =
        organizations::state_identifiers(&context, &caller, id, expected, stated).await?;
    Ok(moved(version, &IdentifiersDocument::of(&stated)))
}
