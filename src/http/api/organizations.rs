//! Firms.

use std::collections::BTreeMap;

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{path_id, query_code, query_id};
use super::finding::{Wrong, query_country, query_time};
use crate::domain::organization::Organization;
use crate::domain::values::OrganizationKind;
use crate::http::caller::Authenticated;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::versioned;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::counts;
use crate::services::organizations::{self, Filter, Found};
use crate::services::paging::PageRequest;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_organizations).service(get_organization);
}

/// A firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub struct OrganizationView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// `startup`, `investor`, `partner` or `operator`.
    #[schema(max_length = 20, example = "startup")]
    kind: &'static str,
    /// As in the register of companies.
    #[schema(max_length = 200)]
    legal_name: String,
    /// As people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    trade_name: Option<String>,
    /// The name in other scripts, by language.
    names: BTreeMap<String, String>,
    /// Where it is registered, ISO 3166 alpha-2; absent when an imported file
    /// did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2, example = "IL")]
    country: Option<String>,
    /// Its web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    website: Option<String>,
    /// Its version; also the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it came.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl From<&Organization> for OrganizationView {
    fn from(organization: &Organization) -> Self {
        let details = &organization.details;
        Self {
            id: organization.id.to_string(),
            kind: details.kind.code(),
            legal_name: details.legal_name.to_string(),
            trade_name: details.trade_name.as_ref().map(ToString::to_string),
            names: details
                .names
                .iter()
                .map(|(language, name)| (language.to_string(), name.to_string()))
                .collect(),
            country: details.country.map(|country| country.to_string()),
            website: details.website.as_ref().map(ToString::to_string),
            version: organization.version,
            created_at: organization.created_at.to_rfc3339(),
        }
    }
}

/// Which firms.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrganizationFilters {
    /// Of that kind.
    #[param(max_length = 20, example = "startup")]
    kind: Option<String>,
    /// In that country, ISO 3166 alpha-2.
    #[param(min_length = 2, max_length = 2, example = "IL")]
    country: Option<String>,
    /// Known by that number of a register, confirmed or stated: its scheme, a
    /// colon and the number.
    #[param(max_length = 100, example = "il_company:514714781")]
    identifier: Option<String>,
    /// With a profile or a mandate that is admitted to that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// Made then or later: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    created_since: Option<String>,
    /// Changed then or later: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    updated_since: Option<String>,
    /// Whether to say how many there are over all pages, up to 1000.
    count: Option<bool>,
}

impl OrganizationFilters {
    /// What they mean.
    ///
    /// # Errors
    /// 400, naming every parameter that is wrong.
    pub fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let kind = query_code("kind", self.kind.as_deref(), OrganizationKind::from_code);
        let identifier = self.identifier.as_deref().map(str::parse).transpose();
        let unknown = |_| {
            let detail = "`identifier` is no number of a register such as il_company:514714781.";
            Problem::parameter("identifier", detail)
        };
        let created_since = query_time("created_since", self.created_since.as_deref());
        let updated_since = query_time("updated_since", self.updated_since.as_deref());
        let filter = Filter {
            kind: wrong.take(kind),
            country: wrong.take(query_country("country", self.country.as_deref())),
            identifier: wrong.take(identifier.map_err(unknown)),
            programme: wrong.take(query_id("programme", self.programme.as_deref())),
            created_since: wrong.take(created_since),
            updated_since: wrong.take(updated_since),
        };
        wrong.or(filter)
    }
}

/// Lists firms, oldest first, for the operator's people.
#[utoipa::path(
    operation_id = "list_organizations",
    tag = "organizations",
    params(OrganizationFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<OrganizationView>))
)]
#[get("/v1/organizations")]
async fn list_organizations(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: ListQuery<OrganizationFilters>,
) -> Result<HttpResponse, Problem> {
    let filter = query.filters.read()?;
    let count = match query.filters.count {
        Some(true) => Some(counts::organizations(&context, &caller, filter.clone()).await?),
        _ => None,
    };
    let page =
        organizations::list(&context, &caller, filter, PageRequest::from(query.page)).await?;
    let items = page.items.iter().map(OrganizationView::from).collect();
    let page = PageView {
        items,
        next_cursor: page.next,
        count: None,
    };
    Ok(page.counted(count).respond(&request))
}

/// One firm, for its own people and the operator's.
#[utoipa::path(
    operation_id = "get_organization",
    tag = "organizations",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses(
        (status = 200, description = "The firm.", body = OrganizationView, headers(("ETag" = String))),
        (status = 308, description = "It became one with the firm at `Location`.", headers(("Location" = String))),
    )
)]
#[get("/v1/organizations/{id}")]
async fn get_organization(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(
        match organizations::find(&context, &caller, path_id(&id)?).await? {
            Found::Here(found) => {
                let view = OrganizationView::from(&found);
                versioned(&request, found.version, &view)
            }
            Found::Moved(id) => HttpResponse::PermanentRedirect()
                .insert_header((LOCATION, format!("/v1/organizations/{id}")))
                .finish(),
        },
    )
}
