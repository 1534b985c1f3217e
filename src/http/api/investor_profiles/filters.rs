//! What lists of investor profiles are narrowed down by.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::investor::{AccreditationStatus, AssetsBand};
use crate::domain::profile::ProfileStatus;
use crate::domain::search::Order;
use crate::domain::tag::{Facet, Taxonomy};
use crate::http::api::exchange::query_id;
use crate::http::api::finding::{Asked, Wrong, order_of, query_day, query_several, query_spans};
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
    /// Of one of these sorts, with commas between: values of the facet
    /// `investor_type`, by their slugs or labels.
    #[serde(rename = "type")]
    #[param(max_length = 400, example = "family_office,cvc")]
    kind: Option<String>,
    /// Resident in one of these countries, with commas between: ISO 3166-1
    /// alpha-2.
    #[param(max_length = 59, pattern = "^[A-Z]{2}(,[A-Z]{2})*$", example = "AZ,TR")]
    residence: Option<String>,
    /// Of a firm in one of these countries, with commas between: ISO 3166-1
    /// alpha-2.
    #[param(max_length = 59, pattern = "^[A-Z]{2}(,[A-Z]{2})*$", example = "AZ")]
    country: Option<String>,
    /// Of a firm with a mandate that is admitted to that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// With one of these bands under management, with commas between.
    #[param(max_length = 120, example = "10m_50m,50m_250m")]
    assets: Option<String>,
    /// `none`, `claimed` or `verified`; several with commas between.
    #[param(max_length = 60, example = "claimed,verified")]
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
    /// That holds a firm so called: all of these words in the name of one that
    /// its portfolio names.
    #[param(min_length = 1, max_length = 200, example = "tamar flow")]
    holding: Option<String>,
    /// To be confirmed on that day or before.
    #[param(format = Date, max_length = 10, example = "2026-12-14")]
    reconfirm_by: Option<String>,
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
    /// With all of these words in the firm's names, what it says about itself,
    /// the names of the firms that it holds, the labels of their tags or of its
    /// type, in whatever script a name is written; the last word may be the
    /// beginning of one. No character has a meaning of its own.
    #[param(min_length = 1, max_length = 200, example = "khaz")]
    q: Option<String>,
    /// In what order: `created_at`, `-created_at`, `updated_at`, `-updated_at`,
    /// `name`, `-name`, `reconfirm_by`, the soonest first, or, with `q`,
    /// `relevance`, which is the order of a search that names none: all words in
    /// the firm's name first, then in a name that sounds so, then in the names
    /// of what it holds and in tags, then anywhere; the oldest first among these.
    #[param(
        max_length = 20,
        pattern = "^(relevance|reconfirm_by|-?name|-?(created|updated)_at)$",
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
        let kind = |word: &str| taxonomy.facet_named(Facet::InvestorType, word);
        let kinds = query_several("type", self.kind.as_deref(), |word| {
            kind(word).map(|value| value.slug.clone())
        });
        let country = |code: &str| code.parse().ok();
        let accreditations = query_several(
            "accreditation",
            self.accreditation.as_deref(),
            AccreditationStatus::from_code,
        );
        let residences = query_several("residence", self.residence.as_deref(), country);
        let countries = query_several("country", self.country.as_deref(), country);
        let programme = query_id("programme", self.programme.as_deref());
        let assets = query_several("assets", self.assets.as_deref(), AssetsBand::from_code);
        let status = query_several("status", self.status.as_deref(), ProfileStatus::from_code);
        let organization = query_id("organization", self.organization.as_deref());
        let (created, updated) = query_spans(
            [self.created_since.as_deref(), self.created_until.as_deref()],
            [self.updated_since.as_deref(), self.updated_until.as_deref()],
            &mut wrong,
        );
        let reconfirm_by = query_day("reconfirm_by", self.reconfirm_by.as_deref());
        let asked = Asked {
            words: self.q.as_deref(),
            tag: self.tag.as_deref(),
            language: self.language.as_deref(),
            ..Asked::default()
        };
        let mut query = asked.read(taxonomy, &mut wrong);
        if let Some(name) = self.holding.as_deref()
            && let Err(fault) = query.with_held(name, taxonomy)
        {
            wrong.note(Problem::parameter("holding", format!("`holding` {fault}.")));
        }
        let order = order_of(self.sort.as_deref(), &query, &mut wrong);
        let filter = Filter {
            organization: wrong.take(organization),
            statuses: wrong.take(status),
            kinds: wrong.take(kinds),
            residences: wrong.take(residences),
            countries: wrong.take(countries),
            programme: wrong.take(programme),
            assets: wrong.take(assets),
            accreditations: wrong.take(accreditations),
            claimed: self.claimed,
            reconfirm_by: wrong.take(reconfirm_by),
            created,
            updated,
            query,
        };
        wrong.or((filter, order))
    }
}
