//! Which counterparts somebody asks for.

use crate::domain::country::Country;
use crate::domain::facets::{mandate_facets, profile_facets};
use crate::domain::mandate::Mandate;
use crate::domain::profile::StartupProfile;
use crate::domain::search::Query;
use crate::domain::tag::Taxonomy;
use crate::domain::text::Slug;
use crate::domain::values::Stage;

/// Which counterparts a ranking is limited to; what is absent doesn't matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counterparts {
    /// With that tag, or one under it.
    pub tag: Option<Slug>,
    /// At that stage, or investing in it.
    pub stage: Option<Stage>,
    /// There.
    pub country: Option<Country>,
    /// With these values of what lists of profiles and mandates are filtered
    /// by; words are not looked for.
    pub facets: Query,
}

impl Counterparts {
    /// Whether a mandate is one of them.
    pub fn fits_mandate(&self, taxonomy: &Taxonomy, mandate: &Mandate) -> bool {
        let stages = &mandate.content.stages;
        self.fits_tags(taxonomy, mandate.content.tags.keys())
            && self
                .stage
                .is_none_or(|stage| stages.is_empty() || stages.contains(&stage))
            && self.is_there(mandate.country)
            && (self.facets.is_empty() || self.facets.takes(&mandate_facets(&mandate.content)))
    }

    /// Whether a startup is one of them.
    pub fn fits_startup(&self, taxonomy: &Taxonomy, profile: &StartupProfile) -> bool {
        let content = &profile.content;
        self.fits_tags(taxonomy, content.all_tags())
            && self.stage.is_none_or(|stage| content.stage == Some(stage))
            && self.is_there(profile.country)
            && (self.facets.is_empty() || self.facets.takes(&profile_facets(content)))
    }

    fn fits_tags<'a>(&self, taxonomy: &Taxonomy, mut tags: impl Iterator<Item = &'a Slug>) -> bool {
        let Some(wanted) = &self.tag else {
            return true;
        };
        tags.any(|tag| taxonomy.is_within(tag, wanted))
    }

    fn is_there(&self, country: Option<Country>) -> bool {
        self.country.is_none_or(|wanted| country == Some(wanted))
    }
}
