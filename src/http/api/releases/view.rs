//! Releases of many matches, as the operator's people read them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::releasing::{BulkRelease, Outcome, ReleaseLine, SkipReason};
use crate::domain::review::Match;
use crate::http::api::matches::PartyView;
use crate::http::api::values::time;
use crate::services::releases::Told;
use crate::services::teasers::Party;

/// A release without its lines.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReleaseSummary)]
pub struct ReleaseSummaryView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Of which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// To whom.
    #[schema(max_length = 10, example = "both")]
    to: &'static str,
    /// Where it stands.
    #[schema(max_length = 20, example = "previewed")]
    status: &'static str,
    /// Who asked for it.
    #[schema(format = "uuid", max_length = 36)]
    by: String,
    /// Until when it can be confirmed.
    #[schema(format = "date-time", max_length = 35)]
    expires_at: String,
    /// Its version; also the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was looked at.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl From<&BulkRelease> for ReleaseSummaryView {
    fn from(release: &BulkRelease) -> Self {
        Self {
            id: release.id.to_string(),
            programme: release.programme.to_string(),
            to: release.to.code(),
            status: release.status.code(),
            by: release.by.to_string(),
            expires_at: time(release.expires_at()),
            version: release.version,
            created_at: time(release.created_at),
            updated_at: time(release.updated_at),
        }
    }
}

/// A release with every match that was looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Release)]
pub struct ReleaseView {
    /// The release.
    #[serde(flatten)]
    summary: ReleaseSummaryView,
    /// How many lines come to what.
    tally: ReleaseTallyView,
    /// The matches, in the order in which they go out.
    #[schema(max_items = 200)]
    lines: Vec<ReleaseLineView>,
}

/// How many lines come to what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReleaseTally)]
pub struct ReleaseTallyView {
    /// Would go out, or wait to go out.
    #[schema(minimum = 0)]
    to_release: usize,
    /// Are left out, or were in the end.
    #[schema(minimum = 0)]
    skipped: usize,
    /// Went out.
    #[schema(minimum = 0)]
    released: usize,
}

/// One match of a release.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReleaseLine)]
pub struct ReleaseLineView {
    /// Its place.
    #[schema(minimum = 1, maximum = 200)]
    place: i64,
    /// The match.
    #[schema(rename = "match", format = "uuid", max_length = 36)]
    #[serde(rename = "match")]
    matched: String,
    /// The startup.
    startup: PartyView,
    /// The investor.
    investor: PartyView,
    /// Its score.
    #[schema(minimum = 0, maximum = 10000)]
    score: i64,
    /// The word for the score.
    #[schema(max_length = 20, example = "strong")]
    band: &'static str,
    /// `release` or `skip`: what would happen, as it was looked at.
    #[schema(max_length = 10, example = "release")]
    verdict: &'static str,
    /// Why it is skipped: `gate`, `vetoed`, `state`, `shown`, `capacity` or
    /// `exposure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "capacity")]
    reason: Option<&'static str>,
    /// The rules of the gate that say no.
    #[schema(max_items = 20)]
    rules: Vec<String>,
    /// What came of it: `released` or `skipped`; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, example = "released")]
    outcome: Option<&'static str>,
    /// Why it was skipped in the end; `changed` when it did since it was
    /// looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "changed")]
    outcome_reason: Option<&'static str>,
}

impl ReleaseView {
    /// Its version.
    pub const fn version(&self) -> i64 {
        self.summary.version
    }
}

impl From<&Told> for ReleaseView {
    fn from(told: &Told) -> Self {
        let Told { release, lines } = told;
        let views = release.lines.iter().zip(lines);
        let views: Vec<ReleaseLineView> = views
            .map(|(line, about)| ReleaseLineView::of(line, about))
            .collect();
        let counted =
            |of: fn(&ReleaseLine) -> bool| release.lines.iter().filter(|it| of(it)).count();
        Self {
            summary: ReleaseSummaryView::from(release),
            tally: ReleaseTallyView {
                to_release: counted(|line| line.skip.is_none() && line.outcome.is_none()),
                skipped: counted(|line| {
                    line.skip.is_some() || matches!(line.outcome, Some(Outcome::Skipped(_)))
                }),
                released: counted(|line| line.outcome == Some(Outcome::Released)),
            },
            lines: views,
        }
    }
}

impl ReleaseLineView {
    fn of(line: &ReleaseLine, (matched, startup, investor): &(Match, Party, Party)) -> Self {
        let (outcome, outcome_reason) = match line.outcome {
            None => (None, None),
            Some(Outcome::Released) => (Some("released"), None),
            Some(Outcome::Skipped(reason)) => (Some("skipped"), Some(reason.code())),
        };
        Self {
            place: line.place,
            matched: line.matched.to_string(),
            startup: startup.into(),
            investor: investor.into(),
            score: matched.explanation.score,
            band: matched.explanation.band.code(),
            verdict: line.skip.map_or("release", |_| "skip"),
            reason: line.skip.map(SkipReason::code),
            rules: line.rules.clone(),
            outcome,
            outcome_reason,
        }
    }
}
