//! The scored rules, one function each, in the order of [`Factor::ALL`]. A
//! value is 0 to 10 000 bp, every division rounds down, and what can't be told
//! is unknown rather than nought: a mandate that names no language says
//! nothing about languages.

pub mod tags;

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};

use super::facts::{ChequeFit, Comparison, Overlap, Pair, StageFit};
use super::past;
use super::voice::{Value, Voice};
use crate::domain::country::Country;
use crate::domain::profile::{FRESH_DAYS, Traction};
use crate::domain::scoring::{Factor, Place, Reason, ReasonKey as Key, RuleSet, Var, WHOLE};
use crate::domain::text::{Language, Slug};

/// How many traction facts a profile can give.
const TRACTION_FACTS: i64 = 4;

/// Asks one factor.
pub fn value<V: Voice>(factor: Factor, pair: &Pair<'_>) -> Value<V> {
    match factor {
        Factor::Tags => tags::value(pair),
        Factor::Stage => stage(pair),
        Factor::Cheque => cheque(pair),
        Factor::DealIntent => deal_intent(pair),
        Factor::Market => market(pair),
        Factor::BusinessModel => business_model(pair),
        Factor::TransferTopics => transfer_topics(pair),
        Factor::InstrumentRole => instrument_role(pair),
        Factor::Evidence => evidence(pair),
        Factor::Language => language(pair),
        Factor::RevealedPreference => revealed_preference(pair),
    }
}

fn unknown<V: Voice>(key: Key) -> Value<V> {
    Value::unknown(|| Reason::plain(key))
}

/// How few stages lie between the startup's and the nearest one wanted.
fn stage<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let both = |key| {
        Reason::plain(key)
            .with(Place::Stage, Var::codes(pair.startup.profile.content.stage))
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
) -> Value<V> {
    match fit {
        StageFit::NotEquity => unknown(Key::StageFactorNotEquity),
        StageFit::NoPreference => unknown(Key::StageFactorNoPreference),
        StageFit::Unstated => unknown(Key::StageFactorUnstated),
        StageFit::Incomparable => Value::known(0, || both(Key::StageApart)),
        StageFit::Apart(distance) => Value::known(rules.stage.at(distance), || match distance {
            0 => both(Key::StageSame),
            _ => both(Key::StageNear).with(Place::Distance, Var::Int(distance)),
        }),
    }
}

/// How much of the round the greatest cheque covers.
fn cheque<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    fitting_cheque(pair.setting.rules, pair.cheques())
}

pub(super) fn fitting_cheque<V: Voice>(rules: &RuleSet, fit: ChequeFit) -> Value<V> {
    match fit {
        ChequeFit::NotEquity => unknown(Key::ChequeFactorNotEquity),
        ChequeFit::NoPreference => unknown(Key::ChequeFactorNoPreference),
        ChequeFit::Unstated => unknown(Key::ChequeFactorUnstated),
        ChequeFit::NoRate(_) => unknown(Key::ChequeFactorNoRate),
        ChequeFit::Compared(comparison) => compared_cheque(rules, comparison),
    }
}

fn compared_cheque<V: Voice>(rules: &RuleSet, comparison: Comparison) -> Value<V> {
    let (value, key) = match comparison.overlap {
        Overlap::Meets => (rules.cheque.at(comparison.share), Key::ChequeShare),
        _ if comparison.flexible => (rules.cheque_flexible, Key::ChequeFactorFlexible),
        _ => (0, Key::ChequeApart),
    };
    Value::known(value, || {
        let amounts = comparison.amounts;
        Reason::plain(key)
            .with(Place::ChequeMax, Var::Money(amounts.cheque_max()))
            .with(Place::Target, Var::Money(amounts.target()))
            .with(Place::Share, Var::Int(comparison.share))
    })
}

/// Kinds of deal in common, as a share of the shorter list.
fn deal_intent<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let offered = &pair.startup.profile.content.deal_intents;
    let wanted = &pair.mandate.mandate.content.deal_intents;
    match overlap(offered, wanted) {
        None => unknown(Key::IntentUnstated),
        Some(0) => Value::known(0, || {
            Reason::plain(Key::IntentFactorApart).with(Place::Intents, Var::codes(wanted))
        }),
        Some(share) => Value::known(share, || {
            Reason::plain(Key::IntentCommon).with(Place::Intents, Var::codes(pair.common_intents()))
        }),
    }
}

/// What two lists have in common, as a share of the shorter one, in bp;
/// `None` when a side states nothing.
fn overlap(a: &BTreeSet<Slug>, b: &BTreeSet<Slug>) -> Option<i64> {
    share(a.intersection(b).count(), a.len().min(b.len()))
}

/// A share in bp; `None` of nothing.
pub(super) fn share(part: usize, whole: usize) -> Option<i64> {
    let part = i64::try_from(part).ok()?;
    let whole = i64::try_from(whole).ok()?;
    let part = part * WHOLE;
    // Lists are short, and dividing by what is known beforehand is cheap.
    match whole {
        0 => None,
        1 => Some(part),
        2 => Some(part / 2),
        3 => Some(part / 3),
        4 => Some(part / 4),
        _ => Some(part / whole),
    }
}

/// Whether the investor opens a market that the startup wants.
fn market<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let content = &pair.startup.profile.content;
    let rules = pair.setting.rules;
    let opens = |country: &&Country| {
        let markets = &pair.mandate.mandate.content.markets;
        if markets.is_empty() {
            Some(**country) == pair.mandate.mandate.country
        } else {
            markets.contains(country)
        }
    };
    if content.markets_wanted.is_empty() && content.markets_now.is_empty() {
        return unknown(Key::MarketUnstated);
    }
    let mandate = pair.mandate.mandate;
    if mandate.content.markets.is_empty() && mandate.country.is_none() {
        return unknown(Key::MarketInvestorUnstated);
    }
    let (value, key, named) = if content.markets_wanted.iter().any(|c| opens(&c)) {
        (
            rules.market_opened,
            Key::MarketOpens,
            &content.markets_wanted,
        )
    } else if content.markets_now.iter().any(|c| opens(&c)) {
        (
            rules.market_present,
            Key::MarketPresent,
            &content.markets_now,
        )
    } else {
        let apart = || {
            Reason::plain(Key::MarketApart)
                .with(Place::Countries, Var::codes(&content.markets_wanted))
        };
        return Value::known(0, apart);
    };
    Value::known(value, || {
        Reason::plain(key).with(Place::Countries, Var::codes(named.iter().filter(opens)))
    })
}

/// Business models and customers in common: the mean of what is known.
fn business_model<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let startup = &pair.startup.profile.content;
    let mandate = &pair.mandate.mandate.content;
    let models = overlap(&startup.business_models, &mandate.business_models);
    let customers = overlap(&startup.customer_types, &mandate.customer_types);
    let key = match (models, customers) {
        (Some(_), Some(_)) => Key::BusinessBoth,
        (Some(_), None) => Key::BusinessModels,
        (None, Some(_)) => Key::BusinessCustomers,
        (None, None) => return unknown(Key::BusinessUnstated),
    };
    Value::known(mean([models, customers]), || {
        let mut reason = Reason::plain(key);
        if models.is_some() {
            let common = startup
                .business_models
                .intersection(&mandate.business_models);
            reason = reason.with(Place::Models, Var::codes(common));
        }
        if customers.is_some() {
            let common = startup.customer_types.intersection(&mandate.customer_types);
            reason = reason.with(Place::Customers, Var::codes(common));
        }
        reason
    })
}

/// The mean of the parts that are known; 0 when none is.
pub(super) fn mean<const N: usize>(parts: [Option<i64>; N]) -> i64 {
    let (sum, count) = parts
        .into_iter()
        .flatten()
        .fold((0, 0), |(sum, count), part| (sum + part, count + 1));
    match count {
        0 | 1 => sum,
        2 => sum / 2,
        _ => sum / count,
    }
}

/// How many of the practices wanted the startup can teach.
fn transfer_topics<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let taught = &pair.startup.profile.content.transfer_topics;
    let wanted = &pair.mandate.mandate.content.transfer_topics;
    if taught.is_empty() && !wanted.is_empty() {
        return unknown(Key::TransferStartupUnstated);
    }
    match share(taught.intersection(wanted).count(), wanted.len()) {
        None => unknown(Key::TransferNoPreference),
        Some(0) => Value::known(0, || {
            Reason::plain(Key::TransferApart).with(Place::Topics, Var::codes(wanted))
        }),
        Some(share) => Value::known(share, || {
            Reason::plain(Key::TransferCommon)
                .with(Place::Topics, Var::codes(taught.intersection(wanted)))
        }),
    }
}

/// The paper both accept, and whether the investor takes the part that the
/// round needs: the mean of what is known.
fn instrument_role<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let mandate = &pair.mandate.mandate.content;
    let Some(round) = &pair.startup.profile.content.round else {
        return unknown(Key::InstrumentUnstated);
    };
    let instruments = overlap(&round.instruments, &mandate.instruments);
    let values = if round.lead_wanted {
        &pair.setting.rules.lead_wanted
    } else {
        &pair.setting.rules.lead_not_wanted
    };
    let role = mandate.role.map(|role| values.of(role));
    let key = match (instruments, role) {
        (Some(_), Some(_)) => Key::InstrumentBoth,
        (Some(_), None) => Key::InstrumentOnly,
        (None, Some(_)) => Key::RoleOnly,
        (None, None) => return unknown(Key::InstrumentUnstated),
    };
    Value::known(mean([instruments, role]), || {
        let mut reason = Reason::plain(key);
        if instruments.is_some() {
            let common = round.instruments.intersection(&mandate.instruments);
            reason = reason.with(Place::Instruments, Var::codes(common));
        }
        if let Some(role) = mandate.role {
            reason = reason.with(Place::Role, Var::code(role));
        }
        reason
    })
}

/// How much of its traction the startup states, and how recently it confirmed
/// its profile: the mean of the two.
fn evidence<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let profile = pair.startup.profile;
    let facts = traction_facts(&profile.content.traction);
    let days = profile
        .reconfirm_by
        .map(|until| days_since_confirmed(until, pair.setting.today));
    Value::known(evidence_value(pair.setting.rules, facts, days), || {
        let key = if days.is_some() {
            Key::EvidenceFacts
        } else {
            Key::EvidenceUnconfirmed
        };
        let reason = Reason::plain(key)
            .with(Place::Facts, Var::Int(facts))
            .with(Place::Of, Var::Int(TRACTION_FACTS));
        match days {
            Some(days) => reason.with(Place::Days, Var::Int(days)),
            None => reason,
        }
    })
}

/// Days since a profile was confirmed. A confirmation holds for a fixed time,
/// so its end tells its day.
pub(super) fn days_since_confirmed(until: NaiveDate, today: NaiveDate) -> i64 {
    let confirmed = until - TimeDelta::days(FRESH_DAYS);
    (today - confirmed).num_days().max(0)
}

/// The value of so many facts, confirmed so many days ago.
pub(super) fn evidence_value(rules: &RuleSet, facts: i64, days: Option<i64>) -> i64 {
    let given = Some(facts * WHOLE / TRACTION_FACTS);
    mean([given, days.map(|days| rules.recency.at(days))])
}

/// How many of the traction facts a profile gives.
pub(super) fn traction_facts(traction: &Traction) -> i64 {
    let Traction {
        revenue_12m,
        growth_pct,
        customers,
        pilots,
    } = traction;
    [
        revenue_12m.is_some(),
        growth_pct.is_some(),
        customers.is_some(),
        pilots.is_some(),
    ]
    .into_iter()
    .map(i64::from)
    .sum()
}

/// A working language in common, whatever its region or script.
fn language<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let ours = &pair.startup.profile.content.languages;
    let theirs = &pair.mandate.mandate.content.languages;
    if ours.is_empty() || theirs.is_empty() {
        return unknown(Key::LanguageUnstated);
    }
    let shared = |ours: &&str| theirs.iter().any(|other| other.primary() == *ours);
    if ours.iter().any(|language| shared(&language.primary())) {
        Value::known(pair.setting.rules.language_common, || {
            // They come in order, those of one primary subtag together.
            let mut last = "";
            let ours = ours.iter().map(Language::primary);
            let ours = ours.filter(|primary| std::mem::replace(&mut last, *primary) != *primary);
            Reason::plain(Key::LanguageCommon)
                .with(Place::Languages, Var::codes(ours.filter(shared)))
        })
    } else {
        Value::known(0, || {
            Reason::plain(Key::LanguageApart).with(Place::Languages, Var::codes(theirs))
        })
    }
}

/// What the investor did before. Of one that nothing was observed of nothing
/// can be said.
fn revealed_preference<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let (startup, investor) = (pair.startup.profile.id, pair.mandate.mandate.organization);
    let past = pair.setting.past;
    match past.and_then(|past| past.value(startup, investor)) {
        None => unknown(Key::RevealedNone),
        Some(value) => Value::known(value, || {
            let observed = pair.observation();
            observed.map_or_else(
                || Reason::plain(Key::RevealedNone),
                |observed| past::reason(&observed),
            )
        }),
    }
}
