//! The gap map of a programme: tags that find no counterpart.

use std::cmp::Reverse;

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{path_id, query_code};
use crate::domain::tag::Taxonomy;
use crate::domain::text::Language;
use crate::domain::values::codes;
use crate::http::caller::Authenticated;
use crate::http::problem::Problem;
use crate::http::query_string::{ReadQuery, within};
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::gaps::{self, TagBalance};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_programme_gaps);
}

codes! {
    /// Whose tags find nobody.
    Side {
        /// What mandates want.
        Mandates = "mandates",
        /// What startups have.
        Startups = "startups",
    }
}

impl Side {
    /// How many on this side use the tag, and how many on the other answer it.
    const fn counts(self, balance: &TagBalance) -> (usize, usize) {
        match self {
            Self::Mandates => (balance.wanted, balance.supplied),
            Self::Startups => (balance.offered, balance.sought),
        }
    }
}

/// Which gaps.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GapQuery {
    /// `mandates`: what mandates want and no startup has. `startups`: what
    /// startups have and no mandate wants.
    #[param(max_length = 10, example = "mandates")]
    side: Option<String>,
    /// Also tags with so many counterparts.
    #[serde(default, deserialize_with = "within::<_, _, 0, 1_000_000>")]
    #[param(minimum = 0, maximum = 1_000_000, default = 0, example = 0)]
    at_most: usize,
}

/// A tag with who uses it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagGap)]
pub struct TagGapView {
    /// The tag.
    #[schema(max_length = 80, example = "desalination")]
    tag: String,
    /// What the reader calls it.
    #[schema(max_length = 200, example = "Desalination")]
    label: String,
    /// Live mandates that name it.
    #[schema(minimum = 0)]
    wanted: usize,
    /// Live startups that carry it or something under it: what such a mandate
    /// means.
    #[schema(minimum = 0)]
    supplied: usize,
    /// Live startups that carry it.
    #[schema(minimum = 0)]
    offered: usize,
    /// Live mandates that name it or something above it.
    #[schema(minimum = 0)]
    sought: usize,
}

/// Tags that find no counterpart, the most asked for first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Gaps)]
pub struct GapsView {
    /// The tags.
    #[schema(max_items = 2_000)]
    items: Vec<TagGapView>,
}

impl TagGapView {
    fn of(taxonomy: &Taxonomy, reader: &Language, balance: TagBalance) -> Self {
        let TagBalance {
            tag,
            wanted,
            supplied,
            offered,
            sought,
        } = balance;
        let named = taxonomy.tag(&tag);
        Self {
            label: named.map_or_else(
                || tag.to_string(),
                |named| named.labels.for_reader(reader).to_owned(),
            ),
            tag: tag.to_string(),
            wanted,
            supplied,
            offered,
            sought,
        }
    }
}

/// Which tags find no counterpart.
///
/// Over what is live in the programme: tags that mandates name and no startup
/// answers, or the reverse. For the operator's people, who know where to look
/// for firms next.
#[utoipa::path(
    operation_id = "list_programme_gaps",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), GapQuery),
    responses((status = 200, description = "The tags.", body = GapsView))
)]
#[get("/v1/programmes/{id}/gaps")]
async fn list_programme_gaps(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    query: ReadQuery<GapQuery>,
) -> Result<HttpResponse, Problem> {
    let (asked, side) =
        query.meaning(|asked| query_code("side", asked.side.as_deref(), Side::from_code))?;
    let (side, at_most) = (side.unwrap_or(Side::Mandates), asked.at_most);
    let mut found = gaps::of_programme(&context, &caller, path_id(&id)?).await?;
    found.retain(|balance| {
        let (used, answered) = side.counts(balance);
        used > 0 && answered <= at_most
    });
    found.sort_by(|a, b| {
        let key = |balance: &TagBalance| Reverse(side.counts(balance).0);
        key(a).cmp(&key(b)).then_with(|| a.tag.cmp(&b.tag))
    });
    let language = &caller.user.language;
    let items = found.into_iter();
    Ok(HttpResponse::Ok().json(GapsView {
        items: items
            .map(|balance| TagGapView::of(&context.taxonomy(), language, balance))
            .collect(),
    }))
}
