//! The ranking by brute force: every candidate is judged, the best are
//! sorted out and explained. It is what the specification says and nothing
//! else, and whatever ranks faster is held against it.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::facts::{MandateFacts, Pair, PairFacts, Setting, StartupFacts};
use super::score::{Numbers, explain, judge};
use crate::domain::scoring::{Explanation, Outcome};

/// Which of the pairs that no gate rules out are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// Whether those that wait for a decision are wanted.
    pub undecided: bool,
    /// Whether those that every gate lets pass are wanted.
    pub eligible: bool,
    /// The least score, in bp.
    pub min_score: i64,
    /// The least confidence, in bp.
    pub min_confidence: i64,
}

impl Default for Filter {
    /// Everything that is not ruled out.
    fn default() -> Self {
        Self {
            undecided: true,
            eligible: true,
            min_score: 0,
            min_confidence: 0,
        }
    }
}

impl Filter {
    /// Whether a pair with these numbers is wanted.
    pub fn wants(&self, outcome: Outcome, numbers: &Numbers) -> bool {
        let wanted = match outcome {
            Outcome::Eligible => self.eligible,
            Outcome::NeedsReview => self.undecided,
            Outcome::RuledOut => false,
        };
        wanted && numbers.score >= self.min_score && numbers.confidence >= self.min_confidence
    }

    /// Whether a pair with this account is wanted.
    pub fn wants_told(&self, told: &Explanation) -> bool {
        let numbers = Numbers {
            exact: told.exact,
            score: told.score,
            confidence: told.confidence,
        };
        self.wants(told.outcome(), &numbers)
    }
}

/// The `k` best mandates for a startup, best first.
pub fn mandates_for(
    setting: &Setting<'_>,
    startup: &StartupFacts<'_>,
    candidates: &[(MandateFacts<'_>, PairFacts)],
    k: usize,
    filter: &Filter,
) -> Vec<Explanation> {
    let places = candidates.iter().filter_map(|(mandate, known)| {
        let pair = Pair::new(setting, startup, mandate, known);
        let record = mandate.mandate;
        place(&pair, filter, record.published_at, record.id.uuid())
            .map(|place| (place, (mandate, known)))
    });
    best(places, k)
        .map(|(mandate, known)| explain(setting, startup, mandate, known))
        .collect()
}

/// The `k` best startups for a mandate, best first.
pub fn startups_for(
    setting: &Setting<'_>,
    mandate: &MandateFacts<'_>,
    candidates: &[(StartupFacts<'_>, PairFacts)],
    k: usize,
    filter: &Filter,
) -> Vec<Explanation> {
    let places = candidates.iter().filter_map(|(startup, known)| {
        let pair = Pair::new(setting, startup, mandate, known);
        let record = startup.profile;
        place(&pair, filter, record.published_at, record.id.uuid())
            .map(|place| (place, (startup, known)))
    });
    best(places, k)
        .map(|(startup, known)| explain(setting, startup, mandate, known))
        .collect()
}

/// Where a candidate stands: by the exact sum, then the earlier publication
/// (none is latest), then the id. The least comes first.
type Place = (Reverse<i64>, bool, Option<DateTime<Utc>>, Uuid);

fn place(
    pair: &Pair<'_>,
    filter: &Filter,
    published: Option<DateTime<Utc>>,
    id: Uuid,
) -> Option<Place> {
    let (outcome, numbers) = judge(pair)?;
    filter
        .wants(outcome, &numbers)
        .then(|| (Reverse(numbers.exact), published.is_none(), published, id))
}

fn best<T>(candidates: impl Iterator<Item = (Place, T)>, k: usize) -> impl Iterator<Item = T> {
    let mut all: Vec<(Place, T)> = candidates.collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().take(k).map(|(_, candidate)| candidate)
}
