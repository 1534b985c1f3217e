//! The taxonomy: what profiles and mandates choose their words from.

use std::collections::BTreeMap;

use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::query_code;
use crate::domain::tag::{Facet, FacetValue, Labels, Tag, TagKind, Taxonomy};
use crate::http::caller::Authenticated;
use crate::http::fields::Query;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_tags).service(list_facets);
}

/// A tag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tag)]
pub struct TagView {
    /// Its name in data.
    #[schema(max_length = 80, example = "irrigation_agri")]
    slug: String,
    /// `sector`, `tag` or `technology`.
    #[schema(max_length = 20, example = "tag")]
    kind: &'static str,
    /// What it belongs under.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80, example = "agri_food")]
    parent: Option<String>,
    /// What people read, by language.
    labels: BTreeMap<String, String>,
    /// Languages whose label no person has reviewed yet.
    #[schema(max_items = 20)]
    machine: Vec<String>,
    /// Other words for it, in any language.
    #[schema(max_items = 200)]
    aliases: Vec<String>,
    /// The higher of its own and its parents': `none`, `review`, `restricted`
    /// or `prohibited`.
    #[schema(max_length = 20, example = "none")]
    sensitivity: &'static str,
}

impl TagView {
    fn of(taxonomy: &Taxonomy, tag: &Tag) -> Self {
        let (labels, machine) = words(&tag.labels);
        Self {
            slug: tag.slug.to_string(),
            kind: tag.kind.code(),
            parent: tag.parent.as_ref().map(ToString::to_string),
            labels,
            machine,
            aliases: tag.aliases.clone(),
            sensitivity: taxonomy.sensitivity(&tag.slug).code(),
        }
    }
}

fn words(labels: &Labels) -> (BTreeMap<String, String>, Vec<String>) {
    let texts = labels.texts.iter();
    (
        texts
            .map(|(language, text)| (language.to_string(), text.clone()))
            .collect(),
        labels.machine.iter().map(ToString::to_string).collect(),
    )
}

/// All tags.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tags)]
pub struct TagsView {
    /// The version of the taxonomy; also the `ETag`.
    #[schema(max_length = 80)]
    version: String,
    /// By slug.
    #[schema(max_items = 10000)]
    items: Vec<TagView>,
}

/// Which tags.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TagFilters {
    /// Of that kind.
    #[param(max_length = 20, example = "sector")]
    kind: Option<String>,
}

/// Lists the tags, all in one answer.
#[utoipa::path(
    operation_id = "list_tags",
    tag = "taxonomy",
    params(TagFilters),
    responses((status = 200, description = "The tags.", body = TagsView, headers(("ETag" = String))))
)]
#[get("/v1/tags")]
async fn list_tags(
    context: web::Data<Context>,
    Authenticated(_caller): Authenticated,
    request: HttpRequest,
    Query(filters): Query<TagFilters>,
) -> Result<HttpResponse, Problem> {
    let kind = query_code("kind", filters.kind.as_deref(), TagKind::from_code)?;
    let taxonomy = &context.taxonomy;
    let wanted = |tag: &&Tag| kind.is_none_or(|kind| tag.kind == kind);
    let view = TagsView {
        version: taxonomy.version().to_owned(),
        items: taxonomy
            .tags()
            .filter(wanted)
            .map(|tag| TagView::of(taxonomy, tag))
            .collect(),
    };
    Ok(unless_known(&request, taxonomy, &view))
}

/// A choice of a closed list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FacetValue)]
pub struct FacetValueView {
    /// Of which list: `business_model`, `customer_type`, `deal_intent`,
    /// `transfer_topic`, `instrument` or `investor_type`.
    #[schema(max_length = 40, example = "deal_intent")]
    facet: &'static str,
    /// Its name in data.
    #[schema(max_length = 80, example = "pilot_poc")]
    slug: String,
    /// What people read, by language.
    labels: BTreeMap<String, String>,
    /// Languages whose label no person has reviewed yet.
    #[schema(max_items = 20)]
    machine: Vec<String>,
    /// For a deal intent: whether shares change hands.
    equity: bool,
}

impl From<&FacetValue> for FacetValueView {
    fn from(value: &FacetValue) -> Self {
        let (labels, machine) = words(&value.labels);
        Self {
            facet: value.facet.code(),
            slug: value.slug.to_string(),
            labels,
            machine,
            equity: value.equity,
        }
    }
}

/// All choices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facets)]
pub struct FacetsView {
    /// The version of the taxonomy; also the `ETag`.
    #[schema(max_length = 80)]
    version: String,
    /// By list and slug.
    #[schema(max_items = 1000)]
    items: Vec<FacetValueView>,
}

/// Lists the choices of all closed lists, in one answer.
#[utoipa::path(
    operation_id = "list_facets",
    tag = "taxonomy",
    responses((status = 200, description = "The choices.", body = FacetsView, headers(("ETag" = String))))
)]
#[get("/v1/facets")]
async fn list_facets(
    context: web::Data<Context>,
    Authenticated(_caller): Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let taxonomy = &context.taxonomy;
    let values = Facet::ALL.iter().flat_map(|facet| taxonomy.facet(*facet));
    let view = FacetsView {
        version: taxonomy.version().to_owned(),
        items: values.map(FacetValueView::from).collect(),
    };
    Ok(unless_known(&request, taxonomy, &view))
}

/// 304 for whoever has this version of the taxonomy.
fn unless_known(request: &HttpRequest, taxonomy: &Taxonomy, view: &impl Serialize) -> HttpResponse {
    let tag = format!("\"{}\"", taxonomy.version());
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag));
    if known {
        return HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .finish();
    }
    HttpResponse::Ok().insert_header((ETAG, tag)).json(view)
}
