//! What a startup could do for its matches: what each part that it leaves out
//! costs, and how many mandates one change would open.
//!
//! Only what the two sides say of themselves is looked at, as if the profile
//! were published, admitted and cleared, and nobody had blocked anybody: an
//! answer must not tell a founder what others decided about them.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::facts::{MandateFacts, Pair, PairFacts, Setting, StartupFacts};
use super::score::outcome;
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::profile::{FRESH_DAYS, ProfileStatus, StartupContent, StartupProfile};
use crate::domain::scoring::{Factor, Outcome, RuleSet};
use crate::domain::tag::Facet;
use crate::domain::text::Slug;
use crate::domain::values::Stage;

/// Fewer investors than this are not counted out: a founder could tell from
/// such a number what a single one wants.
pub const FEWEST: usize = 3;

/// The numbers that readiness tells: the last one that is not above the true
/// one. Between two answers to different profiles nobody can tell the wish of
/// one investor from the difference, which is mostly none.
const STEPS: [usize; 8] = [FEWEST, 5, 10, 20, 50, 100, 500, 1_000];

/// How a startup stands before the mandates of a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Investors with a mandate that nothing in what both say speaks against.
    pub open: Count,
    /// Investors with one that waits for something one side has not said.
    pub undecided: Count,
    /// What it leaves out, the costliest first.
    pub missing: Vec<Missing>,
    /// What it could change, the most opening first.
    pub changes: Vec<(Change, Count)>,
}

/// How many; none says fewer than [`FEWEST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(Option<usize>);

impl Count {
    /// That many.
    pub const fn of(count: usize) -> Self {
        Self(if count < FEWEST { None } else { Some(count) })
    }

    /// At least so many, in steps; see [`STEPS`].
    fn at_least(count: usize) -> Self {
        let steps = STEPS.into_iter();
        Self(steps.take_while(|step| *step <= count).last())
    }

    /// The number, if it may be told.
    pub const fn told(self) -> Option<usize> {
        self.0
    }
}

/// Something that a profile leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The fields, by their pointers. Any one of them makes a factor known;
    /// of evidence each adds its part.
    pub fields: Vec<&'static str>,
    /// The factors that can't be told without it.
    pub factors: Vec<Factor>,
    /// What that costs in confidence wherever the mandate has its part said,
    /// in bp.
    pub confidence: i64,
    /// The most that it can add to a score, in bp.
    pub score: i64,
}

/// One change that may open mandates that are closed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Wanting this kind of deal too.
    DealIntent(Slug),
    /// Taking cheques of any size.
    NoLeastCheque,
}

/// How a startup stands before these mandates.
pub fn readiness(
    setting: &Setting<'_>,
    profile: &StartupProfile,
    mandates: &[MandateFacts<'_>],
) -> Readiness {
    let shown = as_if_shown(setting, profile);
    let now = outcomes(setting, &shown, mandates);
    let count = |wanted| {
        let places = now.iter().zip(mandates);
        firms(places.filter_map(|(outcome, it)| (*outcome == wanted).then_some(it)))
    };
    let mut changes: Vec<(Change, Count)> = changes(setting, &profile.content)
        .into_iter()
        .map(|change| {
            let mut changed = shown.clone();
            apply(&change, &mut changed.content);
            let then = outcomes(setting, &changed, mandates);
            let both = now.iter().zip(&then).zip(mandates);
            let opened = both.filter_map(|((now, then), it)| {
                let opens = *now == Outcome::RuledOut && *then != Outcome::RuledOut;
                opens.then_some(it)
            });
            (change, firms(opened))
        })
        .collect();
    changes.sort_by(|(a, opens), (b, others)| others.cmp(opens).then_with(|| a.cmp(b)));
    Readiness {
        open: count(Outcome::Eligible),
        undecided: count(Outcome::NeedsReview),
        missing: missing(&profile.content, setting.rules),
        changes,
    }
}

/// How many investors these mandates are of: one with many would else be a
/// number on its own.
fn firms<'a, 'm: 'a>(mandates: impl Iterator<Item = &'a MandateFacts<'m>>) -> Count {
    let firms: BTreeSet<_> = mandates.map(|it| it.mandate.organization).collect();
    Count::at_least(firms.len())
}

/// The profile as it would be read if it were live today.
fn as_if_shown(setting: &Setting<'_>, profile: &StartupProfile) -> StartupProfile {
    StartupProfile {
        status: ProfileStatus::Published,
        reconfirm_by: Some(setting.today + TimeDelta::days(FRESH_DAYS)),
        ..profile.clone()
    }
}

fn outcomes(
    setting: &Setting<'_>,
    profile: &StartupProfile,
    mandates: &[MandateFacts<'_>],
) -> Vec<Outcome> {
    let startup = StartupFacts {
        profile,
        clearance: ClearanceVerdict::Clear,
        frozen: false,
        admitted: true,
        sensitivity_released: true,
    };
    let known = PairFacts::default();
    mandates
        .iter()
        .map(|mandate| {
            let mandate = MandateFacts {
                clearance: ClearanceVerdict::Clear,
                frozen: false,
                ..*mandate
            };
            outcome(&Pair::new(setting, &startup, &mandate, &known))
        })
        .collect()
}

fn changes(setting: &Setting<'_>, content: &StartupContent) -> Vec<Change> {
    let mut changes = Vec::new();
    // What is left out altogether is named as missing.
    if !content.deal_intents.is_empty() {
        let others = setting.taxonomy.facet(Facet::DealIntent);
        changes.extend(
            others
                .filter(|intent| !content.deal_intents.contains(&intent.slug))
                .map(|intent| Change::DealIntent(intent.slug.clone())),
        );
    }
    let round = content.round.as_ref();
    if round.is_some_and(|round| round.min_cheque.is_some_and(|least| least > 0)) {
        changes.push(Change::NoLeastCheque);
    }
    changes
}

fn apply(change: &Change, content: &mut StartupContent) {
    match change {
        Change::DealIntent(intent) => {
            content.deal_intents.insert(intent.clone());
        }
        Change::NoLeastCheque => {
            if let Some(round) = &mut content.round {
                round.min_cheque = None;
            }
        }
    }
}

/// What a profile leaves out, the costliest first.
fn missing(content: &StartupContent, rules: &RuleSet) -> Vec<Missing> {
    let weight = |factor: &Factor| rules.weights.get(factor).copied().unwrap_or(0);
    let unknown = |fields: &[&'static str], factors: &[Factor]| {
        let weights = factors.iter().map(weight).sum();
        Missing {
            fields: fields.to_vec(),
            factors: factors.to_vec(),
            confidence: weights,
            score: weights,
        }
    };
    let mut missing = Vec::new();
    let mut note = |left_out: bool, fields: &[&'static str], factors: &[Factor]| {
        if left_out {
            missing.push(unknown(fields, factors));
        }
    };
    note(
        content.all_tags().next().is_none(),
        &["/primary_tags"],
        &[Factor::Tags],
    );
    note(content.stage.is_none(), &["/stage"], &[Factor::Stage]);
    note(
        content.stage == Some(Stage::Bridge) && content.stage_before.is_none(),
        &["/stage_before"],
        &[Factor::Stage],
    );
    note(
        content.round.is_none(),
        &["/round"],
        &[Factor::Cheque, Factor::InstrumentRole],
    );
    note(
        content.deal_intents.is_empty(),
        &["/deal_intents"],
        &[Factor::DealIntent],
    );
    note(
        content.markets_wanted.is_empty() && content.markets_now.is_empty(),
        &["/markets_wanted", "/markets_now"],
        &[Factor::Market],
    );
    note(
        content.business_models.is_empty() && content.customer_types.is_empty(),
        &["/business_models", "/customer_types"],
        &[Factor::BusinessModel],
    );
    note(
        content.transfer_topics.is_empty(),
        &["/transfer_topics"],
        &[Factor::TransferTopics],
    );
    note(
        content.languages.is_empty(),
        &["/languages"],
        &[Factor::Language],
    );
    missing.extend(missing_evidence(content, weight(&Factor::Evidence)));
    missing.sort_by_key(|part| std::cmp::Reverse((part.confidence, part.score)));
    missing
}

/// Facts of traction that are not stated. Evidence is always known, so they
/// cost nothing in confidence; each is a share of half the factor, the other
/// half being how fresh the profile is.
fn missing_evidence(content: &StartupContent, weight: i64) -> Option<Missing> {
    let traction = &content.traction;
    let facts = [
        (traction.revenue_12m.is_none(), "/traction/revenue_12m"),
        (traction.growth_pct.is_none(), "/traction/growth_pct"),
        (traction.customers.is_none(), "/traction/customers"),
        (traction.pilots.is_none(), "/traction/pilots"),
    ];
    let all = i64::try_from(facts.len()).unwrap_or(i64::MAX);
    let fields: BTreeSet<&'static str> = facts
        .into_iter()
        .filter_map(|(left_out, field)| left_out.then_some(field))
        .collect();
    let count = i64::try_from(fields.len()).unwrap_or(i64::MAX);
    (count > 0).then(|| Missing {
        fields: fields.into_iter().collect(),
        factors: vec![Factor::Evidence],
        confidence: 0,
        score: weight * count / (2 * all),
    })
}
