//! Tags as everybody reads them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::tag::keeping::KeptTag;
use crate::domain::tag::{FacetValue, Labels, Taxonomy};
use crate::domain::text::Localized;
use crate::http::api::values::{LocalizedView, localized_view, time};

/// A tag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tag)]
pub struct TagView {
    /// Its name in data.
    #[schema(max_length = 80, example = "irrigation_agri")]
    pub slug: String,
    /// Its id, by which events name it.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// `sector`, `tag` or `technology`.
    #[schema(max_length = 20, example = "tag")]
    kind: &'static str,
    /// What it belongs under.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80, example = "agri_food")]
    parent: Option<String>,
    /// What people read, by language; `machine` is what no person has
    /// reviewed yet.
    labels: LocalizedView,
    /// The languages of the service that have no label yet: their readers see
    /// the English. `GET /v1/tags?labels=missing` lists the tags with some.
    #[schema(max_items = 4, example = json!(["az"]))]
    labels_missing: Vec<&'static str>,
    /// Other words for it, in any language.
    #[schema(max_items = 200)]
    aliases: Vec<String>,
    /// The higher of its own and its parents': `none`, `review`, `restricted`
    /// or `prohibited`.
    #[schema(max_length = 20, example = "none")]
    sensitivity: &'static str,
    /// Its own.
    #[schema(max_length = 20, example = "none")]
    own_sensitivity: &'static str,
    /// The first day on which it can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10)]
    valid_from: Option<String>,
    /// The last day on which it can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10)]
    valid_to: Option<String>,
    /// The tag that its words name instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80, example = "water")]
    redirect: Option<String>,
    /// Whether those who held it came, or come, to hold the other one.
    merged: bool,
    /// Whether it can be chosen today. Who holds it keeps it.
    offered: bool,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1, example = 1)]
    pub version: i64,
    /// When it came.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl TagView {
    /// A tag of a taxonomy.
    pub fn of(taxonomy: &Taxonomy, kept: &KeptTag) -> Self {
        let tag = &kept.tag;
        let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string());
        Self {
            slug: tag.slug.to_string(),
            id: kept.id.to_string(),
            kind: tag.kind.code(),
            parent: tag.parent.as_ref().map(ToString::to_string),
            labels: labels(&tag.labels),
            labels_missing: tag.labels.missing().collect(),
            aliases: tag.aliases.clone(),
            sensitivity: taxonomy.sensitivity(&tag.slug).code(),
            own_sensitivity: tag.sensitivity.code(),
            valid_from: day(tag.term.valid_from),
            valid_to: day(tag.term.valid_to),
            redirect: tag.term.redirect.as_ref().map(ToString::to_string),
            merged: kept.merged,
            offered: taxonomy.offers(tag),
            version: kept.version,
            created_at: time(kept.created_at),
            updated_at: time(kept.updated_at),
        }
    }

    /// Where it is.
    pub fn location(&self) -> String {
        format!("/v1/tags/{}", self.slug)
    }
}

/// All texts of a label.
pub fn labels(labels: &Labels) -> LocalizedView {
    localized_view(&Localized::from(labels))
}

/// Tags.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tags)]
pub struct TagsView {
    /// The version of the taxonomy.
    #[schema(max_length = 80)]
    pub version: String,
    /// By slug.
    #[schema(max_items = 5000)]
    pub items: Vec<TagView>,
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
    /// What people read, by language; `machine` is what no person has
    /// reviewed yet.
    labels: LocalizedView,
    /// For a deal intent: whether shares change hands.
    equity: bool,
}

impl From<&FacetValue> for FacetValueView {
    fn from(value: &FacetValue) -> Self {
        Self {
            facet: value.facet.code(),
            slug: value.slug.to_string(),
            labels: labels(&value.labels),
            equity: value.equity,
        }
    }
}

/// All choices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facets)]
pub struct FacetsView {
    /// The version of the taxonomy.
    #[schema(max_length = 80)]
    pub version: String,
    /// By list and slug.
    #[schema(max_items = 1000)]
    pub items: Vec<FacetValueView>,
}
