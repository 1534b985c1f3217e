//! Matches, as their readers may see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::explanation::ExplanationView;
use crate::domain::ids::ProgrammeId;
use crate::domain::review::{Audience, Curation, Match};
use crate::domain::scoring::Reason;
use crate::domain::tag::Taxonomy;
use crate::domain::text::{Language, Slug};
use crate::domain::values::Side;
use crate::domain::wording::Wording;
use crate::http::api::values::{ReadableView, time};
use crate::http::preconditions::EntityTag;
use crate::http::problem::Problem;
use crate::services::matches::{CuratedPair, MatchNote, Ranked};
use crate::services::teasers::{Party, Reader, Shown, Teaser};
use crate::services::{Caller, Context};

/// How a reader is spoken to.
#[derive(Clone, Copy)]
pub struct Voice<'a> {
    pub(super) language: &'a Language,
    pub(super) wording: &'a Wording,
    taxonomy: &'a Taxonomy,
}

impl<'a> Voice<'a> {
    /// In the caller's language, with the labels of these tags.
    pub fn of(context: &'a Context, caller: &'a Caller, taxonomy: &'a Taxonomy) -> Self {
        Self {
            language: &caller.user.language,
            wording: &context.wording,
            taxonomy,
        }
    }

    pub(super) fn sentence(self, reason: &Reason) -> String {
        self.wording.sentence(reason, self.language, self.taxonomy)
    }

    fn tag(self, slug: &Slug) -> TagView {
        let tag = self.taxonomy.tag(slug);
        TagView {
            slug: slug.to_string(),
            label: tag.map_or_else(
                || slug.to_string(),
                |tag| tag.labels.for_reader(self.language).to_owned(),
            ),
        }
    }
}

/// A startup profile against a mandate.
///
/// The operator's people see both firms, every gate and every reason. A side
/// sees the score and what it is made of, and of the other side a teaser
/// without a name, an id or a figure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Match)]
pub struct MatchView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    pub id: String,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    pub programme: String,
    /// Where it stands.
    #[schema(max_length = 40, example = "released")]
    pub status: &'static str,
    /// To whom it was released; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, example = "both")]
    pub released_to: Option<&'static str>,
    /// The startup profile; for the operator's people and the startup.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub startup_profile: Option<String>,
    /// The mandate; for the operator's people and the investor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub mandate: Option<String>,
    /// The startup; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup: Option<PartyView>,
    /// The investor; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub investor: Option<PartyView>,
    /// The other side as a teaser; for a side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterpart: Option<TeaserView>,
    /// What the startup said; for the operator's people and the startup.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "interested")]
    pub startup_response: Option<&'static str>,
    /// What the investor said; for the operator's people and the investor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "none")]
    pub investor_response: Option<&'static str>,
    /// Whether it was released since the reader's last visit; for a side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<bool>,
    /// When it was released to the reader; for a side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    pub shown_at: Option<String>,
    /// Until when it is put off: for the operator's people whatever side did,
    /// for a side its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    pub snoozed_until: Option<String>,
    /// What the curators say of the pair, `pinned` or `vetoed`; for the
    /// operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, example = "pinned")]
    pub curation: Option<&'static str>,
    /// What was said of it in words, oldest first; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 100)]
    pub notes: Option<Vec<MatchNoteView>>,
    /// The account of the score, as of the day it was computed.
    pub explanation: ExplanationView,
    /// Counts changes, for a side those that it sees. The `ETag` is made of it and
    /// all that is told here.
    #[schema(minimum = 1, example = 3)]
    pub version: i64,
    /// When it was computed.
    #[schema(format = "date-time", max_length = 35)]
    pub created_at: String,
    /// When it last changed, for a side what it sees of it.
    #[schema(format = "date-time", max_length = 35)]
    pub updated_at: String,
}

impl MatchView {
    /// Its `ETag`: the version, and all that its reader is told.
    pub fn tag(&self) -> Result<EntityTag, Problem> {
        EntityTag::of_view(self.version, self)
    }

    /// A match for its reader.
    pub fn of(voice: Voice<'_>, shown: &Shown) -> Self {
        let matched = &shown.matched;
        let side = match &shown.reader {
            Reader::Operator { .. } => None,
            Reader::Side { side, .. } => Some(*side),
        };
        let sees = |of: Side| side.is_none_or(|side| side == of);
        let (startup, investor, counterpart) = match &shown.reader {
            Reader::Operator {
                startup, investor, ..
            } => (Some(startup.into()), Some(investor.into()), None),
            Reader::Side { counterpart, .. } => {
                (None, None, Some(TeaserView::of(voice, counterpart)))
            }
        };
        let released_to = matched.released_to.filter(|_| side.is_none());
        Self {
            id: matched.id.to_string(),
            programme: matched.programme.to_string(),
            status: side.map_or(matched.status.code(), |side| matched.status_for(side)),
            released_to: released_to.map(Audience::code),
            startup_profile: sees(Side::Startup).then(|| matched.startup_profile.to_string()),
            mandate: sees(Side::Investor).then(|| matched.mandate.to_string()),
            startup,
            investor,
            counterpart,
            startup_response: sees(Side::Startup)
                .then(|| matched.response_of(Side::Startup).code()),
            investor_response: sees(Side::Investor)
                .then(|| matched.response_of(Side::Investor).code()),
            new: match &shown.reader {
                Reader::Operator { .. } => None,
                Reader::Side { new, .. } => Some(*new),
            },
            shown_at: side.and_then(|side| matched.shown_at.of(side)).map(time),
            snoozed_until: put_off(matched, side).map(time),
            curation: matched
                .curation
                .filter(|_| side.is_none())
                .map(Curation::code),
            notes: match &shown.reader {
                Reader::Operator { notes, .. } => {
                    Some(notes.iter().map(MatchNoteView::from).collect())
                }
                Reader::Side { .. } => None,
            },
            explanation: ExplanationView::of(voice, &matched.explanation, side),
            version: matched.version_for(side),
            created_at: time(matched.created_at),
            updated_at: time(matched.updated_for(side)),
        }
    }
}

/// What somebody said of a match.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchNote)]
pub struct MatchNoteView {
    /// With which action.
    #[schema(max_length = 40, example = "pass")]
    pub action: String,
    /// The words.
    #[schema(max_length = 1000, example = "We took a stake in a competitor.")]
    pub note: String,
    /// Who said so.
    #[schema(format = "uuid", max_length = 36)]
    pub author: String,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    pub at: String,
}

impl From<&MatchNote> for MatchNoteView {
    fn from(note: &MatchNote) -> Self {
        Self {
            action: note.action.clone(),
            note: note.note.clone(),
            author: note.author.to_string(),
            at: time(note.created_at),
        }
    }
}

/// Until when a match is put off, as far as its reader may know.
fn put_off(matched: &Match, side: Option<Side>) -> Option<DateTime<Utc>> {
    let by = |side| {
        matched
            .snoozed
            .of(side)
            .filter(|_| matched.is_put_off_by(side))
    };
    match side {
        Some(side) => by(side),
        None => by(Side::Startup).max(by(Side::Investor)),
    }
}

/// A firm by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Party)]
pub struct PartyView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    pub organization: String,
    /// Its name.
    #[schema(max_length = 200, example = "Tamar Flow")]
    pub name: String,
}

impl From<&Party> for PartyView {
    fn from(party: &Party) -> Self {
        Self {
            organization: party.id.to_string(),
            name: party.name.clone(),
        }
    }
}

/// What a side may know of the other before an introduction (level 0).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Teaser)]
pub struct TeaserView {
    /// The side that it is about.
    #[schema(max_length = 10, example = "startup")]
    pub side: &'static str,
    /// One sentence in the startup's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_liner: Option<ReadableView>,
    /// Where it is, ISO 3166-1, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 2, max_length = 2, example = "IL")]
    pub country: Option<String>,
    /// The startup's round, or the rounds that the investor joins.
    #[schema(max_items = 10)]
    pub stages: Vec<&'static str>,
    /// What the startup is, or what the investor looks for.
    #[schema(max_items = 100)]
    pub tags: Vec<TagView>,
}

impl TeaserView {
    pub(super) fn of(voice: Voice<'_>, teaser: &Teaser) -> Self {
        let tags = |slugs: &[Slug]| slugs.iter().map(|slug| voice.tag(slug)).collect();
        match teaser {
            Teaser::Startup {
                one_liner,
                country,
                stage,
                tags: slugs,
            } => Self {
                side: Side::Startup.code(),
                one_liner: ReadableView::for_reader(one_liner, voice.language),
                country: country.map(|country| country.to_string()),
                stages: stage.iter().map(|stage| stage.code()).collect(),
                tags: tags(slugs),
            },
            Teaser::Investor {
                country,
                stages,
                tags: slugs,
            } => Self {
                side: Side::Investor.code(),
                one_liner: None,
                country: country.map(|country| country.to_string()),
                stages: stages.iter().map(|stage| stage.code()).collect(),
                tags: tags(slugs),
            },
        }
    }
}

/// A tag with its label in the reader's language.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LabelledTag)]
pub struct TagView {
    /// Its name in data.
    #[schema(max_length = 80, example = "leak_detection")]
    pub slug: String,
    /// What people read.
    #[schema(max_length = 200, example = "Leak detection")]
    pub label: String,
}

/// The live ranking of a record within a programme, best first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ranking)]
pub struct RankingView {
    /// Within which programme.
    #[schema(format = "uuid", max_length = 36)]
    pub programme: String,
    /// The pairs that no gate rules out, best first.
    #[schema(max_items = 100)]
    pub items: Vec<RankedView>,
    /// Of a walk: the cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub next_cursor: Option<String>,
}

impl RankingView {
    /// A ranking for the operator's people.
    pub fn of(
        voice: Voice<'_>,
        programme: ProgrammeId,
        ranked: &[Ranked],
        next_cursor: Option<String>,
    ) -> Self {
        Self {
            programme: programme.to_string(),
            items: ranked
                .iter()
                .map(|ranked| RankedView::of(voice, ranked))
                .collect(),
            next_cursor,
        }
    }
}

/// One pair of a ranking, as of now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ranked)]
pub struct RankedView {
    /// The startup.
    pub startup: PartyView,
    /// The investor.
    pub investor: PartyView,
    /// The startup profile.
    #[schema(format = "uuid", max_length = 36)]
    pub startup_profile: String,
    /// The mandate.
    #[schema(format = "uuid", max_length = 36)]
    pub mandate: String,
    /// The account of the score, as of now.
    pub explanation: ExplanationView,
    /// The live match on record, if there is one.
    pub on_record: Option<OnRecordView>,
    /// What the curators say of the pair, if anything.
    pub curated: Option<CuratedView>,
}

/// What the curators say of a pair.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CuratedPair)]
pub struct CuratedView {
    /// `pinned` or `vetoed`.
    #[schema(max_length = 10, example = "pinned")]
    pub curation: &'static str,
    /// Why.
    #[schema(max_length = 1000, example = "The fund asked for exactly this.")]
    pub reason: String,
    /// Who says so.
    #[schema(format = "uuid", max_length = 36)]
    pub by: String,
    /// Since when.
    #[schema(format = "date-time", max_length = 35)]
    pub since: String,
}

impl From<&CuratedPair> for CuratedView {
    fn from(curated: &CuratedPair) -> Self {
        Self {
            curation: curated.curation.code(),
            reason: curated.reason.clone(),
            by: curated.author.to_string(),
            since: time(curated.created_at),
        }
    }
}

impl RankedView {
    fn of(voice: Voice<'_>, ranked: &Ranked) -> Self {
        Self {
            startup: PartyView::from(&ranked.startup),
            investor: PartyView::from(&ranked.investor),
            startup_profile: ranked.explanation.startup.0.to_string(),
            mandate: ranked.explanation.mandate.0.to_string(),
            explanation: ExplanationView::of(voice, &ranked.explanation, None),
            on_record: ranked.stored.as_ref().map(OnRecordView::from),
            curated: ranked.curated.as_ref().map(CuratedView::from),
        }
    }
}

/// A match on record, in brief.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchOnRecord)]
pub struct OnRecordView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    pub id: String,
    /// Where it stands.
    #[schema(max_length = 40, example = "candidate")]
    pub status: &'static str,
    /// Its version.
    #[schema(minimum = 1)]
    pub version: i64,
}

impl From<&Match> for OnRecordView {
    fn from(matched: &Match) -> Self {
        Self {
            id: matched.id.to_string(),
            status: matched.status.code(),
            version: matched.version,
        }
    }
}
