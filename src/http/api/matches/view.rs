//! Matches and accounts of their scores, as their readers may see them.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::ProgrammeId;
use crate::domain::review::{Audience, Match};
use crate::domain::scoring::{Explanation, Factor, FactorTrace, GateTrace, Outcome, Reason, Var};
use crate::domain::tag::Taxonomy;
use crate::domain::text::{Language, Slug};
use crate::domain::values::Side;
use crate::domain::wording::Wording;
use crate::http::api::values::{MoneyView, ReadableView};
use crate::services::matches::Ranked;
use crate::services::teasers::{Party, Reader, Shown, Teaser, tells_figures};
use crate::services::{Caller, Context};

/// How a reader is spoken to.
#[derive(Clone, Copy)]
pub struct Voice<'a> {
    language: &'a Language,
    wording: &'a Wording,
    taxonomy: &'a Taxonomy,
}

impl<'a> Voice<'a> {
    /// In the caller's language.
    pub fn of(context: &'a Context, caller: &'a Caller) -> Self {
        Self {
            language: &caller.user.language,
            wording: &context.wording,
            taxonomy: &context.taxonomy,
        }
    }

    fn sentence(self, reason: &Reason) -> String {
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
    /// The account of the score, as of the day it was computed.
    pub explanation: ExplanationView,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1, example = 3)]
    pub version: i64,
    /// When it was computed.
    #[schema(format = "date-time", max_length = 35)]
    pub created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    pub updated_at: String,
}

impl MatchView {
    /// A match for its reader.
    pub fn of(voice: Voice<'_>, shown: &Shown) -> Self {
        let matched = &shown.matched;
        let side = match &shown.reader {
            Reader::Operator { .. } => None,
            Reader::Side { side, .. } => Some(*side),
        };
        let sees = |of: Side| side.is_none_or(|side| side == of);
        let (startup, investor, counterpart) = match &shown.reader {
            Reader::Operator { startup, investor } => {
                (Some(startup.into()), Some(investor.into()), None)
            }
            Reader::Side { counterpart, .. } => {
                (None, None, Some(TeaserView::of(voice, counterpart)))
            }
        };
        let released_to = matched.released_to.filter(|_| side.is_none());
        Self {
            id: matched.id.to_string(),
            programme: matched.programme.to_string(),
            status: super::status_for(matched, side),
            released_to: released_to.map(Audience::code),
            startup_profile: sees(Side::Startup).then(|| matched.startup_profile.to_string()),
            mandate: sees(Side::Investor).then(|| matched.mandate.to_string()),
            startup,
            investor,
            counterpart,
            startup_response: sees(Side::Startup).then(|| matched.startup_response.code()),
            investor_response: sees(Side::Investor).then(|| matched.investor_response.code()),
            explanation: ExplanationView::of(voice, &matched.explanation, side),
            version: matched.version,
            created_at: matched.created_at.to_rfc3339(),
            updated_at: matched.updated_at.to_rfc3339(),
        }
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
    fn of(voice: Voice<'_>, teaser: &Teaser) -> Self {
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

/// The whole account of one score. Shares and values are basis points.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationView {
    /// The rules it was computed by; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub rule_set: Option<String>,
    /// The revision of the startup profile; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub startup_revision: Option<i64>,
    /// The revision of the mandate; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub mandate_revision: Option<i64>,
    /// The day it was computed for.
    #[schema(format = "date", max_length = 10)]
    pub as_of: String,
    /// The day of the exchange rates; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10)]
    pub rate_date: Option<String>,
    /// What the gates come to: `eligible`, `needs_review` or `ruled_out`; for
    /// the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "eligible")]
    pub outcome: Option<&'static str>,
    /// Every gate, in order; for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub gates: Option<Vec<GateView>>,
    /// The score, over what is known.
    #[schema(minimum = 0, maximum = 10000, example = 7421)]
    pub score: i64,
    /// How much of it is known.
    #[schema(minimum = 0, maximum = 10000, example = 9300)]
    pub confidence: i64,
    /// The word for the score.
    #[schema(max_length = 20, example = "strong")]
    pub band: &'static str,
    /// The word in the reader's language.
    #[schema(max_length = 100, example = "Strong match")]
    pub band_label: String,
    /// Every factor, in order.
    #[schema(max_items = 20)]
    pub factors: Vec<FactorView>,
    /// What speaks for it, greatest points first.
    #[schema(max_items = 20)]
    pub strengths: Vec<NoteView>,
    /// What speaks against it, heaviest first.
    #[schema(max_items = 20)]
    pub risks: Vec<NoteView>,
    /// What is not known, heaviest first.
    #[schema(max_items = 20)]
    pub missing: Vec<NoteView>,
}

impl ExplanationView {
    /// An account for a side, or for the operator's people.
    pub fn of(voice: Voice<'_>, explanation: &Explanation, side: Option<Side>) -> Self {
        let operator = side.is_none();
        let notes = |factors: &[Factor]| {
            factors
                .iter()
                .map(|factor| NoteView::of(voice, explanation, *factor, side))
                .collect()
        };
        let gates = explanation.gates.iter();
        let factors = explanation.factors.iter();
        Self {
            rule_set: operator.then(|| explanation.rule_set.to_string()),
            startup_revision: operator.then_some(explanation.startup.1),
            mandate_revision: operator.then_some(explanation.mandate.1),
            as_of: explanation.as_of.to_string(),
            rate_date: explanation
                .rate_date
                .filter(|_| operator)
                .map(|day| day.to_string()),
            outcome: operator.then(|| outcome_code(explanation.outcome())),
            gates: operator.then(|| gates.map(|gate| GateView::of(voice, gate)).collect()),
            score: explanation.score,
            confidence: explanation.confidence,
            band: explanation.band.code(),
            band_label: voice
                .wording
                .band(explanation.band, voice.language)
                .to_owned(),
            factors: factors
                .map(|factor| FactorView::of(voice, factor, side))
                .collect(),
            strengths: notes(&explanation.strengths),
            risks: notes(&explanation.risks),
            missing: notes(&explanation.missing),
        }
    }
}

const fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Eligible => "eligible",
        Outcome::NeedsReview => "needs_review",
        Outcome::RuledOut => "ruled_out",
    }
}

/// What one hard rule said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GateTrace)]
pub struct GateView {
    /// Which.
    #[schema(max_length = 40, example = "clearance")]
    pub gate: &'static str,
    /// Its name in the reader's language.
    #[schema(max_length = 200, example = "Clearance")]
    pub label: String,
    /// `pass`, `fail`, `unknown` or `not_applicable`.
    #[schema(max_length = 20, example = "pass")]
    pub verdict: &'static str,
    /// Why.
    pub reason: ReasonView,
}

impl GateView {
    fn of(voice: Voice<'_>, trace: &GateTrace) -> Self {
        Self {
            gate: trace.gate.code(),
            label: voice.wording.gate(trace.gate, voice.language).to_owned(),
            verdict: trace.verdict.code(),
            reason: ReasonView::of(voice, &trace.reason),
        }
    }
}

/// What one scored rule gave.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FactorTrace)]
pub struct FactorView {
    /// Which.
    #[schema(max_length = 40, example = "tags")]
    pub factor: &'static str,
    /// Its name in the reader's language.
    #[schema(max_length = 200, example = "Sector and technology")]
    pub label: String,
    /// Its weight.
    #[schema(minimum = 0, maximum = 10000, example = 3000)]
    pub weight: i64,
    /// Its value; null when a fact is missing, and to a side where it would
    /// tell the other's figures.
    #[schema(minimum = 0, maximum = 10000, example = 10000)]
    pub value: Option<i64>,
    /// Weight × value, its part of the sum; null to a side where it would tell
    /// the other's figures.
    #[schema(minimum = 0, maximum = 100_000_000, example = 30_000_000)]
    pub points: Option<i64>,
    /// Why; absent where it would tell a side the other's figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonView>,
}

impl FactorView {
    fn of(voice: Voice<'_>, trace: &FactorTrace, side: Option<Side>) -> Self {
        Self {
            factor: trace.factor.code(),
            label: voice
                .wording
                .factor(trace.factor, voice.language)
                .to_owned(),
            weight: trace.weight,
            value: trace.value.filter(|_| may_say(trace.factor, side)),
            points: may_say(trace.factor, side).then_some(trace.points),
            reason: may_say(trace.factor, side).then(|| ReasonView::of(voice, &trace.reason)),
        }
    }
}

const fn may_say(factor: Factor, side: Option<Side>) -> bool {
    side.is_none() || !tells_figures(factor)
}

/// A factor that stands out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FactorNote)]
pub struct NoteView {
    /// Which.
    #[schema(max_length = 40, example = "market")]
    pub factor: &'static str,
    /// Its name in the reader's language.
    #[schema(max_length = 200, example = "Market")]
    pub label: String,
    /// What it says; absent where it would tell a side the other's figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        max_length = 2000,
        example = "The investor opens AZ, which the startup wants."
    )]
    pub sentence: Option<String>,
}

impl NoteView {
    fn of(voice: Voice<'_>, explanation: &Explanation, factor: Factor, side: Option<Side>) -> Self {
        let trace = explanation
            .factors
            .iter()
            .find(|trace| trace.factor == factor && may_say(factor, side));
        Self {
            factor: factor.code(),
            label: voice.wording.factor(factor, voice.language).to_owned(),
            sentence: trace.map(|trace| voice.sentence(&trace.reason)),
        }
    }
}

/// Why: a sentence for people, a key with variables for programs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reason)]
pub struct ReasonView {
    /// Stable, for programs.
    #[schema(max_length = 80, example = "factor.tags.common")]
    pub key: &'static str,
    /// In the reader's language.
    #[schema(max_length = 2000, example = "Both name leak detection.")]
    pub sentence: String,
    /// What the sentence speaks of, by place: numbers, codes, lists of codes,
    /// days and amounts.
    #[schema(value_type = Object)]
    pub vars: BTreeMap<&'static str, VarView>,
}

impl ReasonView {
    fn of(voice: Voice<'_>, reason: &Reason) -> Self {
        Self {
            key: reason.key.code(),
            sentence: voice.sentence(reason),
            vars: reason
                .vars
                .iter()
                .map(|(place, var)| (place.code(), VarView::from(var)))
                .collect(),
        }
    }
}

/// One variable of a reason.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum VarView {
    /// A number.
    Int(i64),
    /// A code or a day.
    Text(String),
    /// Several codes.
    Texts(Vec<String>),
    /// An amount.
    Money(MoneyView),
}

impl From<&Var> for VarView {
    fn from(var: &Var) -> Self {
        match var {
            Var::Int(number) => Self::Int(*number),
            Var::Code(code) => Self::Text(code.clone()),
            Var::Codes(codes) => Self::Texts(codes.clone()),
            Var::Date(day) => Self::Text(day.to_string()),
            Var::Money(money) => Self::Money(MoneyView::from(*money)),
        }
    }
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
}

impl RankingView {
    /// A ranking for the operator's people.
    pub fn of(voice: Voice<'_>, programme: ProgrammeId, ranked: &[Ranked]) -> Self {
        Self {
            programme: programme.to_string(),
            items: ranked
                .iter()
                .map(|ranked| RankedView::of(voice, ranked))
                .collect(),
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
