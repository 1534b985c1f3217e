//! Every factor, case by case, with the values of the default rules.

use super::*;
use crate::domain::scoring::{FactorTrace, Place, Reason, ReasonKey as Key, Var};

fn ask(factor: Factor, change: impl FnOnce(&mut World)) -> FactorTrace {
    let explanation = World::with(change).explain();
    explanation
        .factors
        .into_iter()
        .find(|trace| trace.factor == factor)
        .expect("every factor is asked")
}

/// The factor's value in the world so changed.
fn value(factor: Factor, change: impl FnOnce(&mut World)) -> Option<i64> {
    ask(factor, change).value
}

fn key(factor: Factor, change: impl FnOnce(&mut World)) -> Key {
    ask(factor, change).reason.key
}

/// The startup has these primary and further tags, the mandate wants those.
fn tagged(w: &mut World, primary: &[&str], further: &[&str], wanted: &[(&str, u8)]) {
    w.profile.content.primary_tags = set(primary);
    w.profile.content.tags = set(further);
    w.profile.content.technologies = BTreeSet::new();
    w.mandate.content.tags = wanted
        .iter()
        .map(|(tag, weight)| (slug(tag), *weight))
        .collect();
}

#[test]
fn a_tag_is_worth_its_kinship_to_the_nearest_wanted_one() {
    for (tag, wanted, worth) in [
        ("drip", &[("drip", 3)][..], 10_000),
        ("drip", &[("irrigation", 3)], 8_500),
        // A wider tag is a parent however far up it stands.
        ("drip", &[("water", 3)], 8_500),
        ("irrigation", &[("drip", 3)], 6_000),
        ("drip", &[("pivot", 3)], 3_500),
        ("drip", &[("reuse", 3)], 0),
        ("drip", &[("protein", 3)], 0),
        // A tag wanted less is worth less.
        ("drip", &[("drip", 2)], 8_500),
        ("drip", &[("drip", 1)], 7_000),
        ("drip", &[("irrigation", 2)], 7_225),
        // The best counts: the parent at 8 500, not the tag itself at 7 000.
        ("drip", &[("drip", 1), ("water", 3)], 8_500),
    ] {
        let told = value(Factor::Tags, |w| tagged(w, &[tag], &[], wanted));
        assert_eq!(told, Some(worth), "{tag} {wanted:?}");
    }
}

#[test]
fn tags_are_averaged_and_primary_ones_count_twice() {
    let told = |primary: &[&str], further: &[&str]| {
        value(Factor::Tags, |w| {
            tagged(w, primary, further, &[("drip", 3)]);
        })
    };
    assert_eq!(told(&["drip"], &["protein"]), Some(6_666));
    assert_eq!(told(&["protein"], &["drip"]), Some(3_333));
    assert_eq!(told(&[], &["drip", "protein"]), Some(5_000));
}

#[test]
fn rare_tags_count_more() {
    let told = value(Factor::Tags, |w| {
        tagged(w, &[], &["drip", "protein"], &[("drip", 3)]);
        w.rules.rarity = BTreeMap::from([(slug("drip"), 30_000)]);
    });
    assert_eq!(told, Some(7_500));
}

#[test]
fn no_tags_on_a_side_say_nothing() {
    let drip = [("drip", 3)];
    assert_eq!(
        key(Factor::Tags, |w| tagged(w, &[], &[], &drip)),
        Key::TagsStartupUnstated
    );
    let silent = |w: &mut World| tagged(w, &["drip"], &[], &[]);
    assert_eq!(value(Factor::Tags, silent), None);
    assert_eq!(key(Factor::Tags, silent), Key::TagsNoPreference);
}

#[test]
fn tags_in_common_and_nearby_are_named() {
    let told = |primary: &[&str], wanted: &[(&str, u8)]| {
        ask(Factor::Tags, |w| tagged(w, primary, &[], wanted)).reason
    };
    assert_eq!(
        told(&["drip", "pivot"], &[("drip", 3)]),
        Reason::plain(Key::TagsCommonRelated)
            .with(Place::Tags, Var::codes(["drip"]))
            .with(Place::Related, Var::codes(["pivot"]))
    );
    assert_eq!(
        told(&["drip"], &[("water", 3), ("food", 3)]),
        Reason::plain(Key::TagsRelated)
            .with(Place::Related, Var::codes(["drip"]))
            .with(Place::Wanted, Var::codes(["water"]))
    );
    assert_eq!(told(&["drip"], &[("drip", 1)]).key, Key::TagsCommon);
    assert_eq!(told(&["drip"], &[("food", 1)]).key, Key::TagsApart);
}

#[test]
fn the_stage_falls_with_its_distance() {
    let told = |stages: &[Stage]| {
        value(Factor::Stage, |w| {
            w.mandate.content.stages = stages.iter().copied().collect();
        })
    };
    assert_eq!(told(&[Stage::Seed, Stage::Growth]), Some(10_000));
    assert_eq!(told(&[Stage::PreSeed]), Some(5_000));
    assert_eq!(told(&[Stage::SeriesB]), Some(2_000));
    assert_eq!(told(&[Stage::Growth]), Some(1_000));
    assert_eq!(told(&[Stage::NonDilutive]), Some(0));
    assert_eq!(told(&[]), None);
    assert_eq!(
        value(Factor::Stage, |w| w.profile.content.stage = None),
        None
    );
    let pilot = |w: &mut World| w.mandate.content.deal_intents = set(&["pilot"]);
    assert_eq!(value(Factor::Stage, pilot), None);
    assert_eq!(key(Factor::Stage, pilot), Key::StageFactorNotEquity);
}

#[test]
fn the_cheque_counts_by_its_share_of_the_target() {
    let told = |max: i64, flexible: bool| {
        ask(Factor::Cheque, |w| {
            w.mandate.content.cheque = Some(Cheque {
                flexible,
                ..cheque(1, max)
            });
        })
    };
    // Half of the round and more is all that can be wished for.
    assert_eq!(told(50_000_000, false).value, Some(10_000));
    assert_eq!(told(500_000_000, false).value, Some(10_000));
    assert_eq!(told(25_000_000, false).value, Some(7_500));
    assert_eq!(told(10_000_000, true).value, Some(4_000));
    let too_small = told(5_000_000, true);
    assert_eq!(too_small.value, Some(4_000));
    assert_eq!(too_small.reason.key, Key::ChequeFactorFlexible);
    assert_eq!(told(5_000_000, false).value, Some(0));
    assert_eq!(
        value(Factor::Cheque, |w| w.profile.content.round = None),
        None
    );
    assert_eq!(
        value(Factor::Cheque, |w| w.mandate.content.cheque = None),
        None
    );
}

#[test]
fn amounts_may_be_as_large_as_they_can() {
    let told = value(Factor::Cheque, |w| {
        w.mandate.content.cheque = Some(cheque(0, i64::MAX));
        w.profile.content.round = Some(Round {
            target: 1,
            max: Some(i64::MAX),
            min_cheque: None,
            ..round()
        });
    });
    assert_eq!(told, Some(10_000));
}

#[test]
fn intents_count_by_what_the_shorter_list_finds() {
    for (startup, mandate, worth) in [
        (&["equity", "pilot"][..], &["equity"][..], Some(10_000)),
        (&["equity", "pilot"], &["equity", "licence"], Some(5_000)),
        (&["pilot"], &["equity"], Some(0)),
        (&[], &["equity"], None),
        (&["pilot"], &[], None),
    ] {
        let told = value(Factor::DealIntent, |w| {
            w.profile.content.deal_intents = set(startup);
            w.mandate.content.deal_intents = set(mandate);
        });
        assert_eq!(told, worth, "{startup:?} {mandate:?}");
    }
}

#[test]
fn a_wanted_market_counts_whole_and_a_present_one_less() {
    for (wanted, now, opened, worth) in [
        (&["AZ"][..], &["IL"][..], &["AZ", "GE"][..], Some(10_000)),
        // Without markets of its own the investor opens its country, AZ.
        (&["AZ"], &["IL"], &[], Some(10_000)),
        (&["GE"], &["AZ"], &["AZ"], Some(4_000)),
        (&[], &["AZ"], &["AZ"], Some(4_000)),
        (&["GE"], &["IL"], &["AZ"], Some(0)),
        (&[], &[], &["AZ"], None),
    ] {
        let told = value(Factor::Market, |w| {
            w.profile.content.markets_wanted = set(wanted);
            w.profile.content.markets_now = set(now);
            w.mandate.content.markets = set(opened);
        });
        assert_eq!(told, worth, "{wanted:?} {now:?} {opened:?}");
    }
}

#[test]
fn an_investor_with_neither_market_nor_country_says_nothing_of_markets() {
    for (wanted, opened, worth, said) in [
        (&["AZ"][..], &[][..], None, Key::MarketInvestorUnstated),
        (&["AZ"], &["AZ"], Some(10_000), Key::MarketOpens),
        (&["GE"], &["AZ"], Some(0), Key::MarketApart),
    ] {
        let told = ask(Factor::Market, |w| {
            w.mandate.country = None;
            w.profile.content.markets_wanted = set(wanted);
            w.mandate.content.markets = set(opened);
        });
        assert_eq!((told.value, told.reason.key), (worth, said), "{opened:?}");
    }
}

#[test]
fn business_model_and_customer_average_what_is_known() {
    for (models, customers, worth, said) in [
        (
            &["saas"][..],
            &["state"][..],
            Some(10_000),
            Key::BusinessBoth,
        ),
        (&["hardware"], &["state"], Some(5_000), Key::BusinessBoth),
        (&["saas"], &[], Some(10_000), Key::BusinessModels),
        (&[], &["smb"], Some(0), Key::BusinessCustomers),
        (&[], &[], None, Key::BusinessUnstated),
    ] {
        let told = ask(Factor::BusinessModel, |w| {
            w.mandate.content.business_models = set(models);
            w.mandate.content.customer_types = set(customers);
        });
        assert_eq!((told.value, told.reason.key), (worth, said), "{models:?}");
    }
}

#[test]
fn transfer_topics_count_by_what_is_wanted() {
    for (taught, wanted, worth) in [
        (&["farm_practice"][..], &["farm_practice"][..], Some(10_000)),
        (
            &["farm_practice"],
            &["farm_practice", "coaching"],
            Some(5_000),
        ),
        (&["farm_practice"], &["coaching"], Some(0)),
        (&[], &["coaching"], None),
        (&["farm_practice"], &[], None),
    ] {
        let told = value(Factor::TransferTopics, |w| {
            w.profile.content.transfer_topics = set(taught);
            w.mandate.content.transfer_topics = set(wanted);
        });
        assert_eq!(told, worth, "{taught:?} {wanted:?}");
    }
}

#[test]
fn the_part_an_investor_takes_is_worth_what_the_round_needs() {
    use InvestorRole::{Any, Co, Follow, Lead};
    for (lead_wanted, role, worth) in [
        (true, Lead, 10_000),
        (true, Any, 10_000),
        (true, Co, 5_000),
        (true, Follow, 2_000),
        (false, Lead, 7_000),
        (false, Follow, 10_000),
    ] {
        let told = value(Factor::InstrumentRole, |w| {
            w.profile.content.round = Some(Round {
                lead_wanted,
                ..round()
            });
            w.mandate.content.role = Some(role);
            w.mandate.content.instruments = BTreeSet::new();
        });
        assert_eq!(told, Some(worth), "{lead_wanted} {role}");
    }
}

#[test]
fn instrument_and_role_average_what_is_known() {
    let instruments = |w: &mut World, names: &[&str]| w.mandate.content.instruments = set(names);
    assert_eq!(
        value(Factor::InstrumentRole, |w| instruments(w, &["grant"])),
        Some(5_000)
    );
    assert_eq!(
        ask(Factor::InstrumentRole, |w| {
            instruments(w, &["grant"]);
            w.mandate.content.role = None;
        })
        .value,
        Some(0)
    );
    assert_eq!(
        value(Factor::InstrumentRole, |w| {
            instruments(w, &[]);
            w.mandate.content.role = None;
        }),
        None
    );
    assert_eq!(
        value(Factor::InstrumentRole, |w| w.profile.content.round = None),
        None
    );
}

#[test]
fn evidence_is_what_is_given_and_how_fresh_it_is() {
    // Two facts of four, confirmed today, 30 and 90 days ago.
    for (confirmed_ago, worth) in [(0, 7_500), (30, 7_000), (90, 5_000)] {
        let told = value(Factor::Evidence, |w| {
            w.profile.reconfirm_by = Some(days_from_today(90 - confirmed_ago));
        });
        assert_eq!(told, Some(worth), "{confirmed_ago} days ago");
    }
    assert_eq!(
        value(Factor::Evidence, |w| w.profile.reconfirm_by = None),
        Some(5_000)
    );
    assert_eq!(
        value(Factor::Evidence, |w| {
            w.profile.content.traction = Traction::default();
        }),
        Some(5_000)
    );
}

#[test]
fn a_language_is_common_whatever_its_region() {
    for (startup, mandate, worth) in [
        (&["en-GB"][..], &["en-US", "az"][..], Some(10_000)),
        (&["he"], &["az"], Some(0)),
        (&[], &["az"], None),
        (&["he"], &[], None),
    ] {
        let told = value(Factor::Language, |w| {
            w.profile.content.languages = set(startup);
            w.mandate.content.languages = set(mandate);
        });
        assert_eq!(told, worth, "{startup:?} {mandate:?}");
    }
}

#[test]
fn past_deals_say_nothing_without_statistics() {
    let told = ask(Factor::RevealedPreference, |_| ());
    assert_eq!((told.weight, told.value, told.points), (0, None, 0));
    assert_eq!(told.reason.key, Key::RevealedNone);
}
