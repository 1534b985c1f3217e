//! Firms.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{created, intent, moved, path_id, query_code, query_id};
use super::finding::{Asked, Wrong, order_of, query_country, query_spans};
use super::registrations::{NewOrganization, names};
use super::values::{parsed, time};
use crate::domain::fault::Faults;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::search::Order;
use crate::domain::tag::Taxonomy;
use crate::domain::text::Website;
use crate::domain::values::OrganizationKind;
use crate::http::caller::Authenticated;
use crate::http::fields::JsonBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::counts;
use crate::services::organizations::{self, Filter, Found};
use crate::services::{Context, Error};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_organization)
        .service(list_organizations)
        .service(get_organization)
        .service(change_organization);
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
            created_at: time(organization.created_at),
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
    /// Made before then: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-12-01T00:00:00Z")]
    created_until: Option<String>,
    /// Changed then or later: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    updated_since: Option<String>,
    /// Changed before then, and not since: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-12-01T00:00:00Z")]
    updated_until: Option<String>,
    /// With all of these words in its names, in whatever script they are
    /// written; the last word may be the beginning of one. No character has a
    /// meaning of its own.
    #[param(min_length = 1, max_length = 200, example = "khaz")]
    q: Option<String>,
    /// In what order: `created_at`, `-created_at`, `updated_at`, `-updated_at`,
    /// `name`, `-name` or, with `q`, `relevance`, which is the order of a search
    /// that names none: all words in a name as they are written first, then in a
    /// name that sounds so; the oldest first among these.
    #[param(
        max_length = 20,
        pattern = "^(relevance|-?name|-?(created|updated)_at)$",
        default = "created_at"
    )]
    sort: Option<String>,
    /// Whether to say how many there are over all pages, up to 1000.
    count: Option<bool>,
}

impl OrganizationFilters {
    /// What they mean.
    ///
    /// # Errors
    /// 400, naming every parameter that is wrong.
    pub fn read(&self, taxonomy: &Taxonomy) -> Result<(Filter, Order), Problem> {
        let mut wrong = Wrong::default();
        let asked = Asked {
            words: self.q.as_deref(),
            ..Asked::default()
        };
        let query = asked.read(taxonomy, &mut wrong);
        let mut order = order_of(self.sort.as_deref(), &query, &mut wrong);
        if order == Order::Due {
            let detail = "Firms are not confirmed: `sort` is a time, a name or `relevance`.";
            wrong.note(Problem::parameter("sort", detail));
            order = Order::Created;
        }
        let kind = query_code("kind", self.kind.as_deref(), OrganizationKind::from_code);
        let identifier = self.identifier.as_deref().map(str::parse).transpose();
        let unknown = |_| {
            let detail = "`identifier` is no number of a register such as il_company:514714781.";
            Problem::parameter("identifier", detail)
        };
        let (created, updated) = query_spans(
            [self.created_since.as_deref(), self.created_until.as_deref()],
            [self.updated_since.as_deref(), self.updated_until.as_deref()],
            &mut wrong,
        );
        let filter = Filter {
            kind: wrong.take(kind),
            country: wrong.take(query_country("country", self.country.as_deref())),
            identifier: wrong.take(identifier.map_err(unknown)),
            programme: wrong.take(query_id("programme", self.programme.as_deref())),
            created,
            updated,
            query,
        };
        wrong.or((filter, order))
    }
}

/// Lists firms, the oldest first unless it says otherwise, for the operator's
/// people.
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
    query: MeantQuery<OrganizationFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, asked, (filter, order)) = query.read(|it| it.read(&context.taxonomy()))?;
    let count = match asked.count {
        Some(true) => Some(counts::organizations(&context, &caller, filter.clone()).await?),
        _ => None,
    };
    let page = organizations::list(&context, &caller, filter, order, page.into()).await?;
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

/// Makes a firm, for a curator: one that has no people yet, to write of it what
/// it says.
///
/// The kind is `startup`, `investor` or `partner`. Numbers in registers are
/// stated at `PUT /v1/organizations/{id}/identifiers` afterwards.
#[utoipa::path(
    operation_id = "create_organization",
    tag = "organizations",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewOrganization,
    responses((status = 201, description = "On record.", body = OrganizationView,
        headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/organizations")]
async fn create_organization(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: JsonBody<NewOrganization>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/organizations", &request, &key, body.bytes());
    let details = OrganizationDetails::try_from(body.into_inner())?;
    let made = organizations::create(&context, &caller, intent, details).await?;
    let view = OrganizationView::from(&made);
    let location = format!("/v1/organizations/{}", made.id);
    Ok(created(location, made.version, &view))
}

/// What a firm says of itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationDocument {
    /// As in the register of companies.
    #[schema(min_length = 1, max_length = 200, example = "Tamar Water Ltd")]
    legal_name: Option<String>,
    /// As people call it, if otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Tamar")]
    trade_name: Option<String>,
    /// The name in other scripts, by language tag.
    #[serde(default)]
    #[schema(example = json!({"he": "תמר"}))]
    names: BTreeMap<String, String>,
    /// Where it is registered: ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "IL")]
    country: Option<String>,
    /// Its web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri", max_length = 300, example = "https://tamar.example")]
    website: Option<String>,
}

impl OrganizationDocument {
    fn of(details: &OrganizationDetails) -> Self {
        let names = details.names.iter();
        Self {
            legal_name: Some(details.legal_name.to_string()),
            trade_name: details.trade_name.as_ref().map(ToString::to_string),
            names: names
                .map(|(language, name)| (language.to_string(), name.to_string()))
                .collect(),
            country: details.country.map(|country| country.to_string()),
            website: details.website.as_ref().map(ToString::to_string),
        }
    }

    fn revised(self, before: &OrganizationDetails) -> Result<OrganizationDetails, Faults> {
        let mut faults = Faults::new();
        let mut required = |there: bool, pointer: &str| {
            if !there {
                faults.push(pointer, "required", "This field is required.");
            }
        };
        required(self.legal_name.is_some(), "/legal_name");
        // Unknown only of a firm of whom nobody ever said it.
        required(
            self.country.is_some() || before.country.is_none(),
            "/country",
        );
        let mut take = Reading(&mut faults);
        let legal_name = take.of("/legal_name", "bad_name", self.legal_name.as_deref());
        let trade_name = take.of("/trade_name", "bad_name", self.trade_name.as_deref());
        let country = take.of("/country", "unknown_country", self.country.as_deref());
        // More is asked of web sites by and by; one that was there stays.
        let there = before.website.as_ref().map(Website::as_str);
        let website = if self.website.as_deref() == there {
            before.website.clone()
        } else {
            take.of("/website", "bad_address", self.website.as_deref())
        };
        let names = names(&mut faults, &self.names);
        match legal_name {
            Some(legal_name) if faults.is_empty() => Ok(OrganizationDetails {
                kind: before.kind,
                legal_name,
                trade_name,
                names,
                country,
                website,
            }),
            _ => Err(faults),
        }
    }
}

/// Reads fields that may be absent.
struct Reading<'a>(&'a mut Faults);

impl Reading<'_> {
    fn of<T>(&mut self, pointer: &str, code: &'static str, text: Option<&str>) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        parsed(self.0, pointer, code, text?)
    }
}

/// Changes what a firm says of itself, for its owners and editors, and for
/// curators.
///
/// A merge patch (RFC 7396): null removes, absent keeps, the names in other
/// scripts are merged by language. The kind stays what it is. Another legal
/// name or country, or a name unlike all before it, has compliance look at the
/// firm again before anything new of it is shown.
#[utoipa::path(
    operation_id = "change_organization",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    request_body(content = OrganizationDocument, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "Changed.", body = OrganizationView, headers(("ETag" = String))),
        (status = 409, description = "It became one with another firm."),
    )
)]
#[patch("/v1/organizations/{id}")]
async fn change_organization(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    organizations::check_change(&caller, id)?;
    let expected = if_match.version()?;
    let revise = move |before: &OrganizationDetails| -> Result<OrganizationDetails, Error> {
        let document: OrganizationDocument = patch.apply_to(&OrganizationDocument::of(before))?;
        Ok(document.revised(before)?)
    };
    let firm = organizations::change(&context, &caller, id, expected, revise).await?;
    Ok(moved(firm.version, &OrganizationView::from(&firm)))
}
