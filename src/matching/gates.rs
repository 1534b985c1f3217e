//! The hard rules, one function each, in the order of [`Gate::ALL`]. Unknown
//! is an answer of its own: such a pair is ranked, and waits for a person.
//!
//! Whether people stand behind the two records is no gate here: unclaimed
//! records are ranked too, and it is disclosure that asks for the claim.

use chrono::NaiveDate;

use super::facts::{ChequeFit, Comparison, Overlap, Pair, StageFit};
use super::voice::{Answer, Voice};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::mandate::MandateStatus;
use crate::domain::profile::{ControlAnswers, ProfileStatus};
use crate::domain::scoring::{
    Gate, GateVerdict as Verdict, Place, Reason, ReasonKey as Key, RuleSet, Var,
};
use crate::domain::tag::Sensitivity as Level;
use crate::domain::text::Slug;

/// Asks one gate.
pub fn ask<V: Voice>(gate: Gate, pair: &Pair<'_>) -> Answer<V> {
    match gate {
        Gate::Live => live(pair),
        Gate::Scope => scope(pair),
        Gate::Clearance => clearance(pair),
        Gate::Sensitivity => sensitivity(pair),
        Gate::Freeze => freeze(pair),
        Gate::Conflict => conflict(pair),
        Gate::Exclusions => exclusions(pair),
        Gate::DealIntent => deal_intent(pair),
        Gate::Stage => stage(pair),
        Gate::Cheque => cheque(pair),
        Gate::CoolDown => cool_down(pair),
    }
}

fn answer<V: Voice>(verdict: Verdict, key: Key) -> Answer<V> {
    Answer::new(verdict, || Reason::plain(key))
}

fn on_day<V: Voice>(verdict: Verdict, key: Key, day: NaiveDate) -> Answer<V> {
    Answer::new(verdict, || {
        Reason::plain(key).with(Place::Date, Var::Date(day))
    })
}

/// Both published and confirmed in time, and the mandate within its term.
fn live<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    let profile = pair.startup.profile;
    let mandate = pair.mandate.mandate;
    let today = pair.setting.today;
    let status = |key, code: &str| {
        let code = Var::code(code);
        Reason::plain(key).with(Place::Status, code)
    };
    if profile.status != ProfileStatus::Published {
        return Answer::new(Verdict::Fail, || {
            status(Key::LiveStartupStatus, profile.status.code())
        });
    }
    if mandate.status != MandateStatus::Published {
        return Answer::new(Verdict::Fail, || {
            status(Key::LiveMandateStatus, mandate.status.code())
        });
    }
    let content = &mandate.content;
    match (profile.reconfirm_by, mandate.reconfirm_by) {
        (Some(day), _) if day < today => on_day(Verdict::Fail, Key::LiveStartupStale, day),
        (_, Some(day)) if day < today => on_day(Verdict::Fail, Key::LiveMandateStale, day),
        (confirmed, also_confirmed) => match (content.active_from, content.active_to) {
            (Some(day), _) if day > today => on_day(Verdict::Fail, Key::LiveMandateEarly, day),
            (_, Some(day)) if day < today => on_day(Verdict::Fail, Key::LiveMandateOver, day),
            _ if confirmed.is_none() || also_confirmed.is_none() => {
                answer(Verdict::Unknown, Key::LiveUnconfirmed)
            }
            _ => answer(Verdict::Pass, Key::LivePass),
        },
    }
}

/// The programme is in force, joins the two countries in this direction, has
/// admitted both, and is about one of the startup's tags.
fn scope<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    let programme = pair.setting.programme;
    let countries = pair
        .startup
        .profile
        .country
        .zip(pair.mandate.mandate.country);
    if !programme.in_force_on(pair.setting.today) {
        return answer(Verdict::Fail, Key::ScopeNotInForce);
    }
    if let Some((startup, investor)) = countries
        && !programme.joins(startup, investor)
    {
        return Answer::new(Verdict::Fail, || {
            Reason::plain(Key::ScopeCountries)
                .with(Place::StartupCountry, Var::code(startup))
                .with(Place::InvestorCountry, Var::code(investor))
        });
    }
    if !pair.startup.admitted {
        return answer(Verdict::Fail, Key::ScopeStartup);
    }
    if !pair.mandate.admitted {
        return answer(Verdict::Fail, Key::ScopeMandate);
    }
    let wanted = &programme.details.scope_tags;
    let mut tags = pair.startup.profile.content.all_tags();
    if !wanted.is_empty() && !tags.any(|tag| under(pair, tag, |above| wanted.contains(above))) {
        return Answer::new(Verdict::Fail, || {
            Reason::plain(Key::ScopeTags).with(Place::Wanted, Var::codes(wanted))
        });
    }
    if countries.is_none() {
        return answer(Verdict::Unknown, Key::ScopeCountryUnknown);
    }
    answer(Verdict::Pass, Key::ScopePass)
}

/// Whether a tag, or one above it, is among those meant.
fn under(pair: &Pair<'_>, tag: &Slug, meant: impl Fn(&Slug) -> bool) -> bool {
    meant(tag) || pair.setting.taxonomy.ancestors(tag).any(meant)
}

/// Both firms are cleared on the day.
fn clearance<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    use ClearanceVerdict::{Blocked, Review};
    match (pair.startup.clearance, pair.mandate.clearance) {
        (Blocked, _) => answer(Verdict::Fail, Key::ClearanceStartupBlocked),
        (_, Blocked) => answer(Verdict::Fail, Key::ClearanceInvestorBlocked),
        (Review, Review) => answer(Verdict::Unknown, Key::ClearanceBothWait),
        (Review, _) => answer(Verdict::Unknown, Key::ClearanceStartupWaits),
        (_, Review) => answer(Verdict::Unknown, Key::ClearanceInvestorWaits),
        _ => answer(Verdict::Pass, Key::ClearancePass),
    }
}

/// Nothing prohibited; what is sensitive has been released.
fn sensitivity<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    let content = &pair.startup.profile.content;
    let taxonomy = pair.setting.taxonomy;
    let highest = pair.sensitivity();
    let tags = |key, from: Level| {
        let sensitive = content
            .all_tags()
            .filter(|tag| taxonomy.sensitivity(tag) >= from);
        Reason::plain(key).with(Place::Tags, Var::codes(sensitive))
    };
    let answers = content.controls.as_ref();
    if highest == Level::Prohibited {
        return Answer::new(Verdict::Fail, || {
            tags(Key::SensitivityProhibited, Level::Prohibited)
        });
    }
    if highest == Level::None && !answers.is_some_and(ControlAnswers::needs_review) {
        answer(Verdict::Pass, Key::SensitivityPass)
    } else if pair.startup.sensitivity_released || pair.known.sensitivity_released {
        answer(Verdict::Pass, Key::SensitivityReleased)
    } else if highest == Level::None {
        answer(Verdict::Unknown, Key::SensitivityAnswers)
    } else {
        Answer::new(Verdict::Unknown, || {
            tags(Key::SensitivityTags, Level::Review)
        })
    }
}

/// No freeze covers either.
fn freeze<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    match (pair.startup.frozen, pair.mandate.frozen) {
        (true, _) => answer(Verdict::Fail, Key::FreezeStartup),
        (_, true) => answer(Verdict::Fail, Key::FreezeInvestor),
        _ => answer(Verdict::Pass, Key::FreezePass),
    }
}

/// Neither blocked the other, and no conflict of interest is known.
fn conflict<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    if pair.known.conflict {
        answer(Verdict::Fail, Key::ConflictFound)
    } else {
        answer(Verdict::Pass, Key::ConflictPass)
    }
}

/// The mandate excludes neither the startup's country nor one of its tags.
fn exclusions<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    let content = &pair.mandate.mandate.content;
    let country = pair.startup.profile.country;
    let (wanted, unwanted) = (&content.startup_countries, &content.excluded_countries);
    if let Some(country) = country.filter(|country| unwanted.contains(country)) {
        return Answer::new(Verdict::Fail, || {
            Reason::plain(Key::ExclusionsCountry).with(Place::StartupCountry, Var::code(country))
        });
    }
    if !wanted.is_empty() && country.is_some_and(|country| !wanted.contains(&country)) {
        return Answer::new(Verdict::Fail, || {
            Reason::plain(Key::ExclusionsOtherCountries).with(Place::Countries, Var::codes(wanted))
        });
    }
    let excluded = |tag: &&Slug| under(pair, tag, |above| content.excluded_tags.contains(above));
    let tags = || pair.startup.profile.content.all_tags();
    if !content.excluded_tags.is_empty() && tags().any(|tag| excluded(&tag)) {
        return Answer::new(Verdict::Fail, || {
            Reason::plain(Key::ExclusionsTags)
                .with(Place::Tags, Var::codes(tags().filter(excluded)))
        });
    }
    if country.is_none() && !(wanted.is_empty() && unwanted.is_empty()) {
        return answer(Verdict::Unknown, Key::ExclusionsCountryUnknown);
    }
    answer(Verdict::Pass, Key::ExclusionsPass)
}

/// At least one kind of deal in common.
fn deal_intent<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    if pair.startup.profile.content.deal_intents.is_empty() {
        answer(Verdict::Unknown, Key::IntentStartupUnstated)
    } else if pair.mandate.mandate.content.deal_intents.is_empty() {
        answer(Verdict::Unknown, Key::IntentMandateUnstated)
    } else if pair.common_intents().next().is_none() {
        answer(Verdict::Fail, Key::IntentApart)
    } else {
        Answer::new(Verdict::Pass, || {
            Reason::plain(Key::IntentPass).with(Place::Intents, Var::codes(pair.common_intents()))
        })
    }
}

/// Near enough to a stage that the mandate names.
fn stage<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    let both = |key| {
        let stage = pair.startup.profile.content.stage;
        Reason::plain(key)
            .with(Place::Stage, Var::codes(stage))
            .with(
                Place::Stages,
                Var::codes(&pair.mandate.mandate.content.stages),
            )
    };
    fitting_stage(pair.setting.rules, pair.stages(), both)
}

pub(super) fn fitting_stage<V: Voice>(
    rules: &RuleSet,
    fit: StageFit,
    both: impl Fn(Key) -> Reason,
) -> Answer<V> {
    match fit {
        StageFit::NotEquity => answer(Verdict::NotApplicable, Key::StageNotEquity),
        StageFit::NoPreference => answer(Verdict::Pass, Key::StageNoPreference),
        StageFit::Unstated => answer(Verdict::Unknown, Key::StageUnstated),
        StageFit::Apart(distance) if distance <= rules.max_stage_distance => {
            Answer::new(Verdict::Pass, || both(Key::StagePass))
        }
        StageFit::Apart(_) | StageFit::Incomparable => {
            Answer::new(Verdict::Fail, || both(Key::StageTooFar))
        }
    }
}

/// A cheque of the mandate fits the round, or gives way.
fn cheque<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    fitting_cheque(pair.cheques())
}

pub(super) fn fitting_cheque<V: Voice>(fit: ChequeFit) -> Answer<V> {
    match fit {
        ChequeFit::NotEquity => answer(Verdict::NotApplicable, Key::ChequeNotEquity),
        ChequeFit::NoPreference => answer(Verdict::Pass, Key::ChequeNoPreference),
        ChequeFit::Unstated => answer(Verdict::Unknown, Key::ChequeUnstated),
        ChequeFit::NoRate(amounts) => Answer::new(Verdict::Unknown, || {
            let currencies = [amounts.cheque_max(), amounts.target()].map(|money| money.currency);
            Reason::plain(Key::ChequeNoRate).with(Place::Currencies, Var::codes(currencies))
        }),
        ChequeFit::Compared(comparison) => compared_cheque(comparison),
    }
}

fn compared_cheque<V: Voice>(comparison: Comparison) -> Answer<V> {
    let (verdict, key) = match comparison.overlap {
        Overlap::Meets => (Verdict::Pass, Key::ChequePass),
        _ if comparison.flexible => (Verdict::Pass, Key::ChequeFlexible),
        Overlap::TooSmall => (Verdict::Fail, Key::ChequeTooSmall),
        Overlap::TooLarge => (Verdict::Fail, Key::ChequeTooLarge),
    };
    Answer::new(verdict, || {
        let amounts = comparison.amounts;
        Reason::plain(key)
            .with(Place::ChequeMin, Var::Money(amounts.cheque_min()))
            .with(Place::ChequeMax, Var::Money(amounts.cheque_max()))
            .with(Place::AcceptedMin, Var::Money(amounts.accepted_min()))
            .with(Place::AcceptedMax, Var::Money(amounts.accepted_max()))
    })
}

/// No earlier pass or declined introduction is still in force.
fn cool_down<V: Voice>(pair: &Pair<'_>) -> Answer<V> {
    match pair.known.suppressed_until {
        Some(day) if pair.setting.today < day => on_day(Verdict::Fail, Key::CoolDownUntil, day),
        _ => answer(Verdict::Pass, Key::CoolDownPass),
    }
}
