//! Every gate, case by case: pass, fail, unknown, not applicable.

use super::*;
use crate::domain::scoring::{Gate, GateTrace, GateVerdict as Verdict, Place, Reason, Var};
use crate::domain::scoring::{Outcome, ReasonKey as Key};

fn ask(gate: Gate, change: impl FnOnce(&mut World)) -> GateTrace {
    let explanation = World::with(change).explain();
    explanation
        .gates
        .into_iter()
        .find(|trace| trace.gate == gate)
        .expect("every gate is asked")
}

/// What the gate says in the world so changed, and why.
fn case(gate: Gate, change: impl FnOnce(&mut World)) -> (Verdict, Key) {
    let trace = ask(gate, change);
    (trace.verdict, trace.reason.key)
}

fn reason(gate: Gate, change: impl FnOnce(&mut World)) -> Reason {
    ask(gate, change).reason
}

#[test]
fn a_good_pair_passes_every_gate_in_order() {
    let explanation = World::with(|_| ()).explain();
    let gates: Vec<Gate> = explanation.gates.iter().map(|trace| trace.gate).collect();
    assert_eq!(gates, Gate::ALL);
    assert_eq!(explanation.outcome(), Outcome::Eligible);
}

#[test]
fn live_wants_both_published_confirmed_and_within_their_term() {
    let live = |change: fn(&mut World)| case(Gate::Live, change);
    assert_eq!(live(|_| ()), (Verdict::Pass, Key::LivePass));
    assert_eq!(
        live(|w| w.profile.status = ProfileStatus::Paused),
        (Verdict::Fail, Key::LiveStartupStatus)
    );
    assert_eq!(
        live(|w| w.mandate.status = MandateStatus::Suspended),
        (Verdict::Fail, Key::LiveMandateStatus)
    );
    // The last day of a confirmation still counts.
    assert_eq!(
        live(|w| w.profile.reconfirm_by = Some(today())),
        (Verdict::Pass, Key::LivePass)
    );
    assert_eq!(
        live(|w| w.profile.reconfirm_by = Some(days_from_today(-1))),
        (Verdict::Fail, Key::LiveStartupStale)
    );
    assert_eq!(
        live(|w| w.mandate.reconfirm_by = Some(days_from_today(-1))),
        (Verdict::Fail, Key::LiveMandateStale)
    );
    assert_eq!(
        live(|w| w.mandate.reconfirm_by = None),
        (Verdict::Unknown, Key::LiveUnconfirmed)
    );
    assert_eq!(
        live(|w| {
            w.mandate.content.active_from = Some(today());
            w.mandate.content.active_to = Some(today());
        }),
        (Verdict::Pass, Key::LivePass)
    );
    assert_eq!(
        live(|w| w.mandate.content.active_from = Some(days_from_today(1))),
        (Verdict::Fail, Key::LiveMandateEarly)
    );
    assert_eq!(
        live(|w| w.mandate.content.active_to = Some(days_from_today(-1))),
        (Verdict::Fail, Key::LiveMandateOver)
    );
    // What is certain goes before what is unknown.
    assert_eq!(
        live(|w| {
            w.profile.reconfirm_by = None;
            w.mandate.content.active_to = Some(days_from_today(-1));
        }),
        (Verdict::Fail, Key::LiveMandateOver)
    );
}

#[test]
fn scope_is_the_programmes_term_countries_members_and_tags() {
    let scope = |change: fn(&mut World)| case(Gate::Scope, change);
    assert_eq!(scope(|_| ()), (Verdict::Pass, Key::ScopePass));
    assert_eq!(
        scope(|w| w.programme.status = ProgrammeStatus::Suspended),
        (Verdict::Fail, Key::ScopeNotInForce)
    );
    assert_eq!(
        scope(|w| w.programme.details.ends_on = days_from_today(-1)),
        (Verdict::Fail, Key::ScopeNotInForce)
    );
    // A corridor has a direction.
    assert_eq!(
        scope(|w| {
            w.profile.country = Some(country("AZ"));
            w.mandate.country = Some(country("IL"));
        }),
        (Verdict::Fail, Key::ScopeCountries)
    );
    assert_eq!(
        scope(|w| w.admitted.0 = false),
        (Verdict::Fail, Key::ScopeStartup)
    );
    assert_eq!(
        scope(|w| w.admitted.1 = false),
        (Verdict::Fail, Key::ScopeMandate)
    );
    for (tag, verdict) in [
        ("drip", Verdict::Pass),
        ("water", Verdict::Pass),
        ("pivot", Verdict::Fail),
        ("reuse", Verdict::Fail),
    ] {
        let asked = case(Gate::Scope, |w| {
            w.programme.details.scope_tags = vec![slug(tag)];
        });
        assert_eq!(asked.0, verdict, "{tag}");
    }
}

#[test]
fn scope_waits_for_a_country_that_is_unknown() {
    let nowhere: [fn(&mut World); 3] = [
        |w| w.profile.country = None,
        |w| w.mandate.country = None,
        |w| {
            w.profile.country = None;
            w.mandate.country = None;
        },
    ];
    for lose in nowhere {
        assert_eq!(
            case(Gate::Scope, lose),
            (Verdict::Unknown, Key::ScopeCountryUnknown)
        );
        // What is certain goes before what is unknown.
        for (certain, key) in [
            (
                (|w| w.programme.status = ProgrammeStatus::Suspended) as fn(&mut World),
                Key::ScopeNotInForce,
            ),
            (|w| w.admitted.0 = false, Key::ScopeStartup),
            (|w| w.admitted.1 = false, Key::ScopeMandate),
            (
                |w| w.programme.details.scope_tags = vec![slug("reuse")],
                Key::ScopeTags,
            ),
        ] {
            let asked = case(Gate::Scope, |w| {
                lose(w);
                certain(w);
            });
            assert_eq!(asked, (Verdict::Fail, key));
        }
        assert_eq!(World::with(lose).explain().outcome(), Outcome::NeedsReview);
    }
}

#[test]
fn a_firm_that_is_not_cleared_waits_and_a_blocked_one_is_out() {
    use ClearanceVerdict::{Blocked, Clear, ClearEnhanced, Review};
    for (startup, investor, verdict, key) in [
        (Clear, ClearEnhanced, Verdict::Pass, Key::ClearancePass),
        (Review, Clear, Verdict::Unknown, Key::ClearanceStartupWaits),
        (Clear, Review, Verdict::Unknown, Key::ClearanceInvestorWaits),
        (Review, Review, Verdict::Unknown, Key::ClearanceBothWait),
        (Blocked, Review, Verdict::Fail, Key::ClearanceStartupBlocked),
        (
            Review,
            Blocked,
            Verdict::Fail,
            Key::ClearanceInvestorBlocked,
        ),
    ] {
        let asked = case(Gate::Clearance, |w| {
            w.startup_clearance = startup;
            w.investor_clearance = investor;
        });
        assert_eq!(asked, (verdict, key), "{startup} {investor}");
    }
}

#[test]
fn what_is_sensitive_waits_for_a_release_and_what_is_prohibited_gets_none() {
    let sensitivity = |change: fn(&mut World)| case(Gate::Sensitivity, change);
    let tag = |w: &mut World, tag| w.profile.content.tags = set(&[tag]);
    assert_eq!(sensitivity(|_| ()), (Verdict::Pass, Key::SensitivityPass));
    let labs = reason(Gate::Sensitivity, |w| tag(w, "labs"));
    assert_eq!(
        labs,
        Reason::plain(Key::SensitivityTags).with(Place::Tags, Var::codes(["labs"]))
    );
    assert_eq!(
        case(Gate::Sensitivity, |w| {
            tag(w, "labs");
            w.released = true;
        }),
        (Verdict::Pass, Key::SensitivityReleased)
    );
    assert_eq!(
        case(Gate::Sensitivity, |w| {
            tag(w, "labs");
            w.known.sensitivity_released = true;
        }),
        (Verdict::Pass, Key::SensitivityReleased)
    );
    // A child is as sensitive as its parent, and no release helps.
    assert_eq!(
        case(Gate::Sensitivity, |w| {
            tag(w, "drones");
            w.released = true;
        }),
        (Verdict::Fail, Key::SensitivityProhibited)
    );
    assert_eq!(
        sensitivity(|w| w.profile.content.controls = Some(answers(true))),
        (Verdict::Unknown, Key::SensitivityAnswers)
    );
}

#[test]
fn freezes_and_conflicts_rule_out() {
    assert_eq!(
        case(Gate::Freeze, |w| w.frozen = (true, false)),
        (Verdict::Fail, Key::FreezeStartup)
    );
    assert_eq!(
        case(Gate::Freeze, |w| w.frozen = (false, true)),
        (Verdict::Fail, Key::FreezeInvestor)
    );
    assert_eq!(
        case(Gate::Conflict, |w| w.known.conflict = true),
        (Verdict::Fail, Key::ConflictFound)
    );
}

#[test]
fn an_excluded_tag_takes_all_below_it_along() {
    for (tag, verdict) in [
        ("drip", Verdict::Fail),
        ("irrigation", Verdict::Fail),
        ("water", Verdict::Fail),
        ("ai", Verdict::Fail),
        ("pivot", Verdict::Pass),
        ("reuse", Verdict::Pass),
    ] {
        let asked = case(Gate::Exclusions, |w| {
            w.mandate.content.excluded_tags = set(&[tag]);
        });
        assert_eq!(asked.0, verdict, "{tag}");
    }
    assert_eq!(
        reason(Gate::Exclusions, |w| w.mandate.content.excluded_tags =
            set(&["water"])),
        Reason::plain(Key::ExclusionsTags).with(Place::Tags, Var::codes(["drip"]))
    );
}

#[test]
fn a_mandate_may_want_or_exclude_countries() {
    assert_eq!(
        case(Gate::Exclusions, |w| w.mandate.content.startup_countries =
            set(&["IL", "GE"]))
        .0,
        Verdict::Pass
    );
    assert_eq!(
        case(Gate::Exclusions, |w| w.mandate.content.startup_countries =
            set(&["GE"])),
        (Verdict::Fail, Key::ExclusionsOtherCountries)
    );
    assert_eq!(
        case(Gate::Exclusions, |w| w.mandate.content.excluded_countries =
            set(&["IL"])),
        (Verdict::Fail, Key::ExclusionsCountry)
    );
}

#[test]
fn a_country_that_is_unknown_waits_where_the_mandate_limits_countries() {
    for (wanted, excluded, tags, verdict, key) in [
        (
            &[][..],
            &[][..],
            &[][..],
            Verdict::Pass,
            Key::ExclusionsPass,
        ),
        (
            &["IL"],
            &[],
            &[],
            Verdict::Unknown,
            Key::ExclusionsCountryUnknown,
        ),
        (
            &[],
            &["GE"],
            &[],
            Verdict::Unknown,
            Key::ExclusionsCountryUnknown,
        ),
        (&["IL"], &[], &["drip"], Verdict::Fail, Key::ExclusionsTags),
    ] {
        let asked = case(Gate::Exclusions, |w| {
            w.profile.country = None;
            w.mandate.content.startup_countries = set(wanted);
            w.mandate.content.excluded_countries = set(excluded);
            w.mandate.content.excluded_tags = set(tags);
        });
        assert_eq!(asked, (verdict, key), "{wanted:?} {excluded:?} {tags:?}");
    }
}

#[test]
fn one_kind_of_deal_in_common_is_enough_and_silence_is_unknown() {
    for (startup, mandate, verdict) in [
        (&["equity", "pilot"][..], &["pilot"][..], Verdict::Pass),
        (&["equity"], &["licence"], Verdict::Fail),
        (&[], &["licence"], Verdict::Unknown),
        (&["equity"], &[], Verdict::Unknown),
    ] {
        let asked = case(Gate::DealIntent, |w| {
            w.profile.content.deal_intents = set(startup);
            w.mandate.content.deal_intents = set(mandate);
        });
        assert_eq!(asked.0, verdict, "{startup:?} {mandate:?}");
    }
}

/// The stage gate for a startup's stage (and the one a bridge came from)
/// against the mandate's.
fn stage_gate(stage: Option<Stage>, before: Option<Stage>, wanted: &[Stage]) -> Verdict {
    case(Gate::Stage, |w| {
        w.profile.content.stage = stage;
        w.profile.content.stage_before = before;
        w.mandate.content.stages = wanted.iter().copied().collect();
    })
    .0
}

#[test]
fn stages_may_be_one_apart_from_the_nearest_wanted() {
    use Stage::{Bridge, Growth, NonDilutive, PreSeed, Seed, SeriesA, SeriesB};
    for (stage, before, wanted, verdict) in [
        (Some(Seed), None, &[Seed][..], Verdict::Pass),
        (Some(Seed), None, &[SeriesA], Verdict::Pass),
        (Some(Seed), None, &[SeriesB], Verdict::Fail),
        (Some(PreSeed), None, &[Seed, Growth], Verdict::Pass),
        (Some(Growth), None, &[PreSeed, SeriesA], Verdict::Fail),
        (Some(Seed), None, &[], Verdict::Pass),
        (None, None, &[Seed], Verdict::Unknown),
        (None, None, &[], Verdict::Pass),
        // A bridge counts as the stage before it, and as itself.
        (Some(Bridge), Some(Seed), &[SeriesA], Verdict::Pass),
        (Some(Bridge), Some(Seed), &[SeriesB], Verdict::Fail),
        (Some(Bridge), None, &[Seed], Verdict::Unknown),
        (Some(Bridge), None, &[Bridge], Verdict::Pass),
        (Some(Seed), None, &[Bridge], Verdict::Fail),
        // Money without shares only equals itself.
        (Some(NonDilutive), None, &[NonDilutive], Verdict::Pass),
        (Some(NonDilutive), None, &[PreSeed], Verdict::Fail),
        (Some(PreSeed), None, &[NonDilutive], Verdict::Fail),
    ] {
        let told = stage_gate(stage, before, wanted);
        assert_eq!(told, verdict, "{stage:?} {before:?} {wanted:?}");
    }
}

#[test]
fn a_rule_set_may_let_stages_be_further_apart() {
    let asked = case(Gate::Stage, |w| {
        w.rules.max_stage_distance = 2;
        w.mandate.content.stages = [Stage::SeriesB].into();
    });
    assert_eq!(asked.0, Verdict::Pass);
}

#[test]
fn stage_and_cheque_do_not_matter_without_shares() {
    let pilot = |w: &mut World| {
        w.mandate.content.deal_intents = set(&["pilot"]);
        w.mandate.content.stages = [Stage::Growth].into();
        w.mandate.content.cheque = Some(cheque(1, 2));
    };
    assert_eq!(
        case(Gate::Stage, pilot),
        (Verdict::NotApplicable, Key::StageNotEquity)
    );
    assert_eq!(
        case(Gate::Cheque, pilot),
        (Verdict::NotApplicable, Key::ChequeNotEquity)
    );
    // One kind of deal with shares among those in common is enough.
    let both = |w: &mut World| {
        pilot(w);
        w.mandate.content.deal_intents = set(&["pilot", "equity"]);
    };
    assert_eq!(case(Gate::Stage, both).0, Verdict::Fail);
}

#[test]
fn a_cheque_overlaps_what_the_round_accepts() {
    // The round takes USD 100 k (its smallest cheque) to 1 m (its target).
    for (min, max, flexible, verdict, key) in [
        (
            10_000_000,
            10_000_000,
            false,
            Verdict::Pass,
            Key::ChequePass,
        ),
        (1, 9_999_999, false, Verdict::Fail, Key::ChequeTooSmall),
        (1, 9_999_999, true, Verdict::Pass, Key::ChequeFlexible),
        (
            100_000_000,
            900_000_000,
            false,
            Verdict::Pass,
            Key::ChequePass,
        ),
        (
            100_000_001,
            900_000_000,
            false,
            Verdict::Fail,
            Key::ChequeTooLarge,
        ),
    ] {
        let asked = case(Gate::Cheque, |w| {
            w.mandate.content.cheque = Some(Cheque {
                flexible,
                ..cheque(min, max)
            });
        });
        assert_eq!(asked, (verdict, key), "{min}–{max}");
    }
    assert_eq!(
        case(Gate::Cheque, |w| {
            w.profile.content.round = Some(Round {
                max: Some(200_000_000),
                min_cheque: None,
                ..round()
            });
            w.mandate.content.cheque = Some(cheque(200_000_000, 300_000_000));
        })
        .0,
        Verdict::Pass
    );
}

#[test]
fn no_cheque_is_no_preference_and_no_round_is_unknown() {
    assert_eq!(
        case(Gate::Cheque, |w| w.mandate.content.cheque = None),
        (Verdict::Pass, Key::ChequeNoPreference)
    );
    assert_eq!(
        case(Gate::Cheque, |w| w.profile.content.round = None),
        (Verdict::Unknown, Key::ChequeUnstated)
    );
}

#[test]
fn currencies_are_compared_by_the_rates_of_a_day() {
    let shekels = |w: &mut World| {
        // ILS 300–400 k is USD 81–108 k at 0.27.
        w.mandate.content.cheque = Some(Cheque {
            currency: currency("ILS"),
            ..cheque(30_000_000, 40_000_000)
        });
    };
    let world = World::with(shekels);
    let told = world.explain();
    assert_eq!(told.rate_date, None);
    assert_eq!(
        case(Gate::Cheque, shekels),
        (Verdict::Unknown, Key::ChequeNoRate)
    );
    let with_rates = World::with(|w| {
        shekels(w);
        w.rates = Some(corpus::rates());
    })
    .explain();
    assert_eq!(with_rates.rate_date, Some(days_from_today(-1)));
    assert_eq!(
        case(Gate::Cheque, |w| {
            shekels(w);
            w.rates = Some(corpus::rates());
        }),
        (Verdict::Pass, Key::ChequePass)
    );
    // One currency needs no rate, and the explanation names none.
    let same = World::with(|w| w.rates = Some(corpus::rates())).explain();
    assert_eq!(same.rate_date, None);
}

#[test]
fn an_earlier_pass_holds_until_its_day() {
    assert_eq!(
        case(Gate::CoolDown, |w| w.known.suppressed_until =
            Some(days_from_today(1))),
        (Verdict::Fail, Key::CoolDownUntil)
    );
    assert_eq!(
        case(Gate::CoolDown, |w| w.known.suppressed_until = Some(today())),
        (Verdict::Pass, Key::CoolDownPass)
    );
}

#[test]
fn unclaimed_records_are_ranked() {
    let world = World::with(|w| {
        w.profile.claimed = false;
        w.mandate.claimed = false;
    });
    assert_eq!(world.explain().outcome(), Outcome::Eligible);
}
