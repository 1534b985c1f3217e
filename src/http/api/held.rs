//! What a decision of compliance covers, and what of a practice waits for one, as
//! it is read in the queue and named in the decision.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::values::{parsed, within};
use crate::domain::fault::Faults;
use crate::domain::release::Sensitive;
use crate::domain::tag::Sensitivity;
use crate::services::practice_decisions::Held;
use crate::services::reviews::Scope;

/// Most that an entry of the queue shows, and a decision names.
pub const HELD_MOST: usize = 50;
/// Most matters of one of them.
const MATTERS_MOST: usize = 200;

/// What a decision covers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReviewScope)]
pub struct ScopeView {
    /// Which startup's profile.
    #[schema(format = "uuid", max_length = 36)]
    startup_profile: String,
    /// At which revision; a decision doesn't hold for another one.
    #[schema(minimum = 1, example = 3)]
    revision: i64,
    /// In which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// Towards firms of which country, ISO 3166 alpha-2; absent where the
    /// investor's isn't known, and then nothing can be released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 2, max_length = 2, example = "AZ")]
    country: Option<String>,
}

impl From<&Scope> for ScopeView {
    fn from(scope: &Scope) -> Self {
        Self {
            startup_profile: scope.profile.to_string(),
            revision: scope.revision,
            programme: scope.programme.to_string(),
            country: scope.country.map(|country| country.to_string()),
        }
    }
}

impl ScopeView {
    /// What it names, with its faults noted below `at`.
    pub(super) fn read(&self, faults: &mut Faults, at: &str) -> Option<Scope> {
        let profile = parsed(
            faults,
            &format!("{at}/startup_profile"),
            "not_an_id",
            &self.startup_profile,
        );
        let programme = parsed(
            faults,
            &format!("{at}/programme"),
            "not_an_id",
            &self.programme,
        );
        let country = match &self.country {
            Some(code) => Some(parsed(
                faults,
                &format!("{at}/country"),
                "unknown_country",
                code,
            )?),
            None => None,
        };
        Some(Scope {
            profile: profile?,
            revision: self.revision,
            programme: programme?,
            country,
        })
    }
}

/// What in a profile waits for a release towards firms of a country.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HeldMatters)]
pub struct HeldView {
    /// What a release covers.
    scope: ScopeView,
    /// What is sensitive there and not released by enough people.
    #[schema(min_items = 1, max_items = 200)]
    matters: Vec<MatterView>,
}

/// What somebody of compliance looks at before it is shown.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SensitiveMatter)]
pub struct MatterView {
    /// A tag, or `+control_answers` for what the firm answered to export control.
    #[schema(max_length = 80, example = "counter_uas")]
    matter: String,
    /// How gravely it is graded: `review`, `restricted` or `prohibited`.
    #[schema(max_length = 20, example = "restricted")]
    sensitivity: String,
}

impl From<&Held> for HeldView {
    fn from(held: &Held) -> Self {
        let matters = held.matters.iter().map(|it| MatterView {
            matter: it.matter.to_string(),
            sensitivity: it.sensitivity.to_string(),
        });
        Self {
            scope: ScopeView::from(&held.scope),
            matters: matters.collect(),
        }
    }
}

impl HeldView {
    /// What is named, with its faults noted below `at`.
    pub(super) fn read(&self, faults: &mut Faults, at: &str) -> Option<Held> {
        let scope = self.scope.read(faults, &format!("{at}/scope"));
        let place = format!("{at}/matters");
        if self.matters.is_empty() {
            faults.push(place, "required", "Name at least one.");
            return None;
        }
        if !within(faults, &place, self.matters.len(), MATTERS_MOST) {
            return None;
        }
        let mut matters = Vec::with_capacity(self.matters.len());
        for (number, one) in self.matters.iter().enumerate() {
            let matter = parsed(
                faults,
                &format!("{place}/{number}/matter"),
                "invalid_text",
                &one.matter,
            );
            let sensitivity = Sensitivity::from_code(&one.sensitivity);
            if sensitivity.is_none() {
                let at = format!("{place}/{number}/sensitivity");
                faults.push(at, "unknown_code", "Is no grade.");
            }
            if let (Some(matter), Some(sensitivity)) = (matter, sensitivity) {
                matters.push(Sensitive {
                    matter,
                    sensitivity,
                });
            }
        }
        let whole = matters.len() == self.matters.len();
        scope.filter(|_| whole).map(|scope| Held { scope, matters })
    }
}
