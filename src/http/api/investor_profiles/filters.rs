//! What lists of investor profiles are narrowed down by.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::investor::{AccreditationStatus, AssetsBand};
use crate::domain::profile::ProfileStatus;
use crate::domain::search::{Order, Query};
use crate::domain::tag::{Facet, Taxonomy};
use crate::domain::text::Slug;
use crate::http::api::exchange::{query_code, query_id};
use crate::http::api::finding::{
    Asked, Wrong, order_of, query_country, query_day, query_language, query_several, query_time,
    tag, value,
};
use crate::http::problem::Problem;
use crate::services::investors::Filter;

/// Which profiles.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvestorProfileFilters {
    /// Of that firm.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// In one of these states, with commas between.
    #[param(
        max_length = 300,
        pattern = "^[a-z_]+(,[a-z_]+)*$",
        example = "published,paused"
    )]
    status: Option<String>,
    /// Of that sort: a value of the facet `investor_type`, by its slug or a label.
    #[serde(rename = "type")]
    #[param(max_length = 80, example = "family_office")]
    kind: Option<String>,
    /// Resident there: ISO 3166-1 alpha-2.
    #[param(max_length = 2, pattern = "^[A-Z]{2}$", example = "AZ")]
    residence: Option<String>,
    /// With so much under management.
    #[param(max_length = 20, example = "10m_50m")]
    assets: Option<String>,
    /// `none`, `claimed` or `verified`.
    #[param(max_length = 20, example = "verified")]
    accreditation: Option<String>,
    /// Whether somebody of the firm stands behind it.
    claimed: Option<bool>,
    /// That speaks that language, whatever its region or script: BCP 47.
    #[param(max_length = 35, example = "az")]
    language: Option<String>,
    /// That holds a firm with that tag or one under it: a slug, a label or an
    /// alias.
    #[param(max_length = 100, example = "water")]
    tag: Option<String>,
    /// To be confirmed on that day or before.
    #[param(format = Date, max_length = 10, example = "2026-12-14")]
    reconfirm_by: Option<String>,
    /// Made then or later: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    created_since: Option<String>,
    /// Changed then or later: RFC 3339.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    updated_since: Option<String>,
    /// With all of these words in the firm's names, in whatever script they are
    /// written; the last word may be the beginning of one. No character has a
    /// meaning of its own.
    #[param(min_length = 1, max_length = 200, example = "khaz")]
    q: Option<String>,
    /// In what order: `created_at`, `-created_at`, `updated_at`,
    /// `-updated_at` or `reconfirm_by`, the soonest first.
    #[param(
        max_length = 20,
        pattern = "^(reconfirm_by|-?(created|updated)_at)$",
        default = "created_at"
    )]
    sort: Option<String>,
    /// Whether to say how many there are over all pages, up to 1000.
    count: Option<bool>,
}

impl InvestorProfileFilters {
    /// Whether to count.
    pub fn counts(&self) -> bool {
        self.count == Some(true)
    }

    /// What they mean.
    ///
    /// # Errors
    /// 400, naming every parameter that is wrong.
    pub fn read(&self, taxonomy: &Taxonomy) -> Result<(Filter, Order), Problem> {
        let mut wrong = Wrong::default();
        let kind = self.kind.as_deref();
        let kind = kind.map(|word| value("type", Facet::InvestorType, word, taxonomy));
        let named = self.tag.as_deref().map(|word| tag(word, taxonomy));
        let named = wrong.take(named.transpose());
        let within = |slug: Slug| {
            let within = taxonomy.all_within([&slug]).into_iter().cloned();
            within.chain([slug.clone()]).collect()
        };
        let accreditation = query_code(
            "accreditation",
            self.accreditation.as_deref(),
            AccreditationStatus::from_code,
        );
        let assets = query_code("assets", self.assets.as_deref(), AssetsBand::from_code);
        let status = query_several("status", self.status.as_deref(), ProfileStatus::from_code);
        let organization = query_id("organization", self.organization.as_deref());
        let created_since = query_time("created_since", self.created_since.as_deref());
        let updated_since = query_time("updated_since", self.updated_since.as_deref());
        let reconfirm_by = query_day("reconfirm_by", self.reconfirm_by.as_deref());
        let asked = Asked {
            words: self.q.as_deref(),
            ..Asked::default()
        };
        let query = asked.read(taxonomy, &mut wrong);
        // Words are looked for in names alone, so none comes by relevance.
        let order = order_of(self.sort.as_deref(), &Query::default(), &mut wrong);
        let filter = Filter {
            organization: wrong.take(organization),
            statuses: wrong.take(status),
            kind: wrong.take(kind.transpose()),
            residence: wrong.take(query_country("residence", self.residence.as_deref())),
            assets: wrong.take(assets),
            accreditation: wrong.take(accreditation),
            claimed: self.claimed,
            language: wrong.take(query_language("language", self.language.as_deref())),
            tags: named.map(within),
            reconfirm_by: wrong.take(reconfirm_by),
            created_since: wrong.take(created_since),
            updated_since: wrong.take(updated_since),
            query,
        };
        wrong.or((filter, order))
    }
}
