//! The taxonomy: the tags and facets that documents choose from.

use std::collections::BTreeMap;

use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::exchange::query_code;
use super::values::texts;
use crate::domain::permission::Operation;
use crate::domain::tag::{Facet, FacetValue, Labels, Tag, TagKind, Taxonomy};
use crate::http::caller::Authenticated;
use crate::http::fields::Query;
use crate::http::problem::Problem;
use crate::services::Context;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_tags).service(list_facets);
}

/// Which tags.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TagFilters {
    /// Of that kind: `sector`, `tag` or `technology`.
    #[param(max_length = 20, pattern = "^(sector|tag|technology)$")]
    kind: Option<String>,
}

/// The tags of the taxonomy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tags)]
pub struct TagsView {
    /// The version of the taxonomy.
    #[schema(max_length = 50)]
    version: String,
    /// The tags by slug.
    #[schema(max_items = 5000)]
    items: Vec<TagView>,
}

/// One tag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tag)]
pub struct TagView {
    /// Its name in documents and addresses.
    #[schema(max_length = 80, pattern = "^[a-z0-9_-]+$", example = "water")]
    slug: String,
    /// `sector`, `tag` or `technology`.
    #[schema(max_length = 20, example = "sector")]
    kind: String,
    /// What it belongs under.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80, pattern = "^[a-z0-9_-]+$")]
    parent: Option<String>,
    /// What people read.
    labels: LabelsView,
    /// Other words for it, in any language; a document may use them.
    #[schema(max_items = 100)]
    aliases: Vec<String>,
    /// How carefully it is handled, its ancestors' care included.
    #[schema(max_length = 20, example = "none")]
    sensitivity: String,
}

/// A label in several languages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Labels)]
pub struct LabelsView {
    /// The label by language tag.
    #[schema(example = json!({"en": "Water", "he": "מים"}))]
    texts: BTreeMap<String, String>,
    /// Languages whose label a machine made and nobody has reviewed.
    #[schema(max_items = 20)]
    machine: Vec<String>,
}

/// The facets: closed lists that documents choose from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facets)]
pub struct FacetsView {
    /// The version of the taxonomy.
    #[schema(max_length = 50)]
    version: String,
    /// The facets in their order.
    #[schema(max_items = 20)]
    items: Vec<FacetView>,
}

/// One facet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facet)]
pub struct FacetView {
    /// Its name.
    #[schema(max_length = 40, example = "deal_intent")]
    facet: String,
    /// Its values by slug.
    #[schema(max_items = 100)]
    values: Vec<FacetValueView>,
}

/// One choice of a facet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FacetValue)]
pub struct FacetValueView {
    /// Its name in documents.
    #[schema(max_length = 80, pattern = "^[a-z0-9_-]+$", example = "pilot_poc")]
    slug: String,
    /// What people read.
    labels: LabelsView,
    /// Of a deal intent: whether shares change hands.
    equity: bool,
}

impl TagView {
    fn of(taxonomy: &Taxonomy, tag: &Tag) -> Self {
        Self {
            slug: tag.slug.to_string(),
            kind: tag.kind.to_string(),
            parent: tag.parent.as_ref().map(ToString::to_string),
            labels: LabelsView::from(&tag.labels),
            aliases: tag.aliases.clone(),
            sensitivity: taxonomy.sensitivity(&tag.slug).to_string(),
        }
    }
}

impl From<&Labels> for LabelsView {
    fn from(labels: &Labels) -> Self {
        let by_language = labels.texts.iter();
        Self {
            texts: by_language
                .map(|(language, text)| (language.to_string(), text.clone()))
                .collect(),
            machine: texts(&labels.machine),
        }
    }
}

impl FacetView {
    fn of(taxonomy: &Taxonomy, facet: Facet) -> Self {
        Self {
            facet: facet.to_string(),
            values: taxonomy.facet(facet).map(FacetValueView::from).collect(),
        }
    }
}

impl From<&FacetValue> for FacetValueView {
    fn from(value: &FacetValue) -> Self {
        Self {
            slug: value.slug.to_string(),
            labels: LabelsView::from(&value.labels),
            equity: value.equity,
        }
    }
}

/// The tags, with their labels in every language.
#[utoipa::path(
    operation_id = "list_tags",
    tag = "taxonomy",
    params(TagFilters, ("If-None-Match" = Option<String>, Header, max_length = 200)),
    responses(
        (status = 200, description = "All at once, by slug.", body = TagsView,
            headers(("ETag" = String, description = "The taxonomy's version."))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/tags")]
async fn list_tags(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    query: Query<TagFilters>,
) -> Result<HttpResponse, Problem> {
    caller.may(Operation::ReadTaxonomy, &[])?;
    let kind = query_code("kind", query.0.kind.as_deref(), TagKind::from_code)?;
    let taxonomy = &context.taxonomy;
    let wanted = |tag: &&Tag| kind.is_none_or(|kind| tag.kind == kind);
    let tags = taxonomy.tags().filter(wanted);
    let view = TagsView {
        version: taxonomy.version().to_owned(),
        items: tags.map(|tag| TagView::of(taxonomy, tag)).collect(),
    };
    Ok(of_version(&request, taxonomy, &view))
}

/// The facets, with the labels of their values in every language.
#[utoipa::path(
    operation_id = "list_facets",
    tag = "taxonomy",
    params(("If-None-Match" = Option<String>, Header, max_length = 200)),
    responses(
        (status = 200, description = "All at once.", body = FacetsView,
            headers(("ETag" = String, description = "The taxonomy's version."))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/facets")]
async fn list_facets(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    caller.may(Operation::ReadTaxonomy, &[])?;
    let taxonomy = &context.taxonomy;
    let facets = Facet::ALL.iter();
    let view = FacetsView {
        version: taxonomy.version().to_owned(),
        items: facets
            .map(|facet| FacetView::of(taxonomy, *facet))
            .collect(),
    };
    Ok(of_version(&request, taxonomy, &view))
}

/// What the taxonomy says, or 304 when the caller has its version. The tag is
/// weak: representations of one version differ by filter.
fn of_version(request: &HttpRequest, taxonomy: &Taxonomy, view: &impl Serialize) -> HttpResponse {
    let tag = format!("W/\"taxonomy-{}\"", taxonomy.version());
    let has = |value: &str| {
        let tags = value.split(',').map(str::trim);
        value.trim() == "*" || tags.into_iter().any(|one| one == tag)
    };
    let asked = request.headers().get_all(IF_NONE_MATCH);
    if asked.filter_map(|value| value.to_str().ok()).any(has) {
        return HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .finish();
    }
    HttpResponse::Ok().insert_header((ETAG, tag)).json(view)
}
