//! What lists of profiles and mandates are narrowed down by, and in what order
//! they come.

use chrono::{DateTime, SubsecRound, Utc};

use super::exchange::query_code;
use crate::domain::country::Country;
use crate::domain::search::{Order, Query};
use crate::domain::tag::{Facet, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::values::Stage;
use crate::http::problem::{Kind, Problem};

/// What is looked for, as it was written.
pub(super) struct Asked<'a> {
    /// Words.
    pub(super) words: Option<&'a str>,
    /// A tag.
    pub(super) tag: Option<&'a str>,
    /// A stage.
    pub(super) stage: Option<&'a str>,
    /// A deal intent.
    pub(super) deal_intent: Option<&'a str>,
    /// A country.
    pub(super) market: Option<&'a str>,
}

impl Asked<'_> {
    /// What it means.
    ///
    /// # Errors
    /// 400, naming the parameter.
    pub(super) fn read(&self, taxonomy: &Taxonomy) -> Result<Query, Problem> {
        let words = self.words.map(|text| Query::parse(text, taxonomy));
        let words = words.transpose();
        let mut query = words
            .map_err(|fault| bad(format!("`q` {fault}.")))?
            .unwrap_or_default();
        if let Some(word) = self.tag {
            query.with_tag(&tag(word, taxonomy)?, taxonomy);
        }
        if let Some(stage) = query_code("stage", self.stage, Stage::from_code)? {
            query.with_stage(stage);
        }
        if let Some(word) = self.deal_intent {
            let mut known = taxonomy.facet(Facet::DealIntent);
            let intent = known.find(|value| value.slug.as_str() == word);
            let unknown = || bad("`deal_intent` is none of its values.".to_owned());
            query.with_deal_intent(&intent.ok_or_else(unknown)?.slug);
        }
        if let Some(country) = query_country("market", self.market)? {
            query.with_market(country);
        }
        Ok(query)
    }
}

fn tag(word: &str, taxonomy: &Taxonomy) -> Result<Slug, Problem> {
    if let Some(tag) = taxonomy.resolve(word) {
        return Ok(tag.slug.clone());
    }
    let near = taxonomy.suggest(word).into_iter().map(Slug::as_str);
    let near: Vec<&str> = near.collect();
    Err(bad(if near.is_empty() {
        "`tag` is no tag; GET /v1/tags lists what there is.".to_owned()
    } else {
        format!("`tag` is no tag. Did you mean {}?", near.join(", "))
    }))
}

/// In what order the list comes: as it says, else by fit where words are
/// looked for, else the oldest first.
///
/// # Errors
/// 400 for an order that there is not, or that needs words.
pub(super) fn order(text: Option<&str>, query: &Query) -> Result<Order, Problem> {
    match query_code("sort", text, Order::from_code)? {
        Some(Order::Relevance) if !query.has_words() => {
            Err(bad("`sort=relevance` needs `q`.".to_owned()))
        }
        Some(order) => Ok(order),
        None if query.has_words() => Ok(Order::Relevance),
        None => Ok(Order::Created),
    }
}

/// The country in a query.
///
/// # Errors
/// 400, naming the parameter.
pub(super) fn query_country(name: &str, text: Option<&str>) -> Result<Option<Country>, Problem> {
    query_code(name, text, |text| text.parse().ok())
}

/// The time in a query, to the microsecond.
///
/// # Errors
/// 400, naming the parameter.
pub(super) fn query_time(name: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, Problem> {
    let wrong = |_| bad(format!("`{name}` is no time such as 2026-11-01T00:00:00Z."));
    text.map(DateTime::parse_from_rfc3339)
        .transpose()
        .map(|at| at.map(|at| at.to_utc().trunc_subsecs(6)))
        .map_err(wrong)
}

fn bad(detail: String) -> Problem {
    Problem::new(Kind::BadQuery).detail(detail)
}
