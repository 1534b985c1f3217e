//! Firms.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::exchange::{path_id, query_code};
use super::values::time;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::values::OrganizationKind;
use crate::http::caller::Authenticated;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::versioned;
use crate::http::problem::Problem;
use crate::services::Context;
use crate::services::organizations::{self, Filter};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_organizations).service(get_organization);
}

/// Which firms.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrganizationFilters {
    /// Of that kind: `startup`, `investor`, `partner` or `operator`.
    #[param(max_length = 20, example = "startup")]
    kind: Option<String>,
    /// Registered there: ISO 3166-1 alpha-2.
    #[param(max_length = 2, pattern = "^[A-Z]{2}$", example = "IL")]
    country: Option<String>,
}

impl OrganizationFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let country = |text: &str| text.parse().ok();
        Ok(Filter {
            kind: query_code("kind", self.kind.as_deref(), OrganizationKind::from_code)?,
            country: query_code("country", self.country.as_deref(), country)?,
        })
    }
}

/// A firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub struct OrganizationView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What it is in Corridor.
    #[schema(max_length = 20, example = "startup")]
    kind: String,
    /// As in the register of companies.
    #[schema(max_length = 200, example = "Tamar Water Ltd")]
    legal_name: String,
    /// As people call it, if otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Tamar")]
    trade_name: Option<String>,
    /// The name in other scripts, by language tag.
    #[schema(example = json!({"he": "תמר"}))]
    names: BTreeMap<String, String>,
    /// Where it is registered.
    #[schema(max_length = 2, example = "IL")]
    country: String,
    /// Its web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri", max_length = 300)]
    website: Option<String>,
    /// Its id in the file it was imported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    external_id: Option<String>,
    /// Counts its changes.
    #[schema(minimum = 1)]
    version: i64,
    /// When it came.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, max_length = 40)]
    updated_at: String,
}

impl From<Organization> for OrganizationView {
    fn from(organization: Organization) -> Self {
        let Organization {
            id,
            details,
            external_id,
            version,
            created_at,
            updated_at,
        } = organization;
        let OrganizationDetails {
            kind,
            legal_name,
            trade_name,
            names,
            country,
            website,
        } = details;
        let names = names.into_iter();
        Self {
            id: id.to_string(),
            kind: kind.to_string(),
            legal_name: legal_name.to_string(),
            trade_name: trade_name.map(|name| name.to_string()),
            names: names
                .map(|(language, name)| (language.to_string(), name.to_string()))
                .collect(),
            country: country.to_string(),
            website: website.map(|address| address.to_string()),
            external_id,
            version,
            created_at: time(created_at),
            updated_at: time(updated_at),
        }
    }
}

/// All firms, oldest first, for the operator's people.
#[utoipa::path(
    operation_id = "list_organizations",
    tag = "organizations",
    params(OrganizationFilters, PageQuery),
    responses(
        (status = 200, description = "A page.", body = PageView<OrganizationView>),
        (status = 404, description = "Not for this caller."),
    )
)]
#[get("/v1/organizations")]
async fn list_organizations(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery<OrganizationFilters>,
) -> Result<HttpResponse, Problem> {
    let filter = query.filters.read()?;
    let page = organizations::list(&context, &caller, filter, query.page.into()).await?;
    Ok(PageView::of(page, OrganizationView::from).respond(&request))
}

/// One firm: one's own, or any for the operator's people.
#[utoipa::path(
    operation_id = "get_organization",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The firm.", body = OrganizationView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/organizations/{id}")]
async fn get_organization(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = organizations::find(&context, &caller, path_id(&id)?).await?;
    let view = OrganizationView::from(found);
    Ok(versioned(&request, view.version, &view))
}
