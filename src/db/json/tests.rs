//! What the forms that are hashed and compared have to keep: the value, and
//! the bytes.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::{explanation, mandate, rule_set, startup};
use crate::domain::country::Country;
use crate::domain::mandate::{Capacity, Cheque, MandateContent};
use crate::domain::money::{Currency, Money};
use crate::domain::profile::{ControlAnswers, Round, StartupContent, Traction};
use crate::domain::revealed::{Revealed, RevealedTrace, Signal, SignalTrace};
use crate::domain::scoring::{
    Band, Bands, Curve, Explanation, Factor, FactorTrace, Gate, GateTrace, GateVerdict, Place,
    Reason, ReasonKey, RoleValues, RuleSet, TagValues, Var,
};
use crate::domain::text::{Language, LocalText, Localized, Name, Slug, TextState};
use crate::domain::values::{Encumbrance, InvestorRole, Stage};

fn slug() -> impl Strategy<Value = Slug> {
    "[a-z0-9_-]{1,12}".prop_map(|text| text.parse().expect("a slug"))
}

fn slugs() -> impl Strategy<Value = BTreeSet<Slug>> {
    btree_set(slug(), 0..4)
}

fn country() -> impl Strategy<Value = Country> {
    select(vec!["IL", "AZ", "GE", "TR", "DE"]).prop_map(|code| code.parse().expect("a country"))
}

fn countries() -> impl Strategy<Value = BTreeSet<Country>> {
    btree_set(country(), 0..4)
}

fn language() -> impl Strategy<Value = Language> {
    select(vec!["en", "he", "az-Latn", "ru"]).prop_map(|tag| tag.parse().expect("a language"))
}

fn currency() -> impl Strategy<Value = Currency> {
    select(vec!["USD", "AZN", "ILS", "JPY", "KWD"])
        .prop_map(|code| code.parse().expect("a currency"))
}

fn name() -> impl Strategy<Value = Name> {
    select(vec![
        "תמר זרימה",
        "Əliyev və oğulları",
        "ООО «Каспий»",
        "O'Neil \\ \"Sons\"",
    ])
    .prop_map(|name| name.parse().expect("a name"))
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..40_000).prop_map(|days| NaiveDate::default() + Days::new(days))
}

fn money() -> impl Strategy<Value = Money> {
    (any::<i64>(), currency()).prop_map(|(amount, currency)| Money::new(amount, currency))
}

fn localized() -> impl Strategy<Value = Localized> {
    let state = select(vec![
        TextState::Original,
        TextState::Machine,
        TextState::Human,
    ]);
    let text = (".{0,40}", state).prop_map(|(text, state)| LocalText { text, state });
    btree_map(language(), text, 0..4).prop_map(|texts| texts.into_iter().collect())
}

fn stage() -> impl Strategy<Value = Stage> {
    select(Stage::ALL)
}

prop_compose! {
    fn round()(
        currency in currency(),
        (min, target, max, min_cheque) in any::<(Option<i64>, i64, Option<i64>, Option<i64>)>(),
        instruments in slugs(),
        lead_wanted in any::<bool>(),
        close_by in option::of(day()),
    ) -> Round {
        Round { currency, min, target, max, min_cheque, instruments, lead_wanted, close_by }
    }
}

prop_compose! {
    fn controls()(
        answers in any::<[bool; 5]>(),
        licences in vec(".{0,10}", 0..3),
        signed_by in name(),
        signed_on in day(),
    ) -> ControlAnswers {
        let [defence_customers, dual_use, interception, intrusion, biometrics] = answers;
        ControlAnswers {
            defence_customers, dual_use, interception, intrusion, biometrics,
            licences, signed_by, signed_on,
        }
    }
}

prop_compose! {
    fn traction()(
        revenue_12m in option::of(money()),
        (growth_pct, customers, pilots) in any::<(Option<i32>, Option<u32>, Option<u32>)>(),
    ) -> Traction {
        Traction { revenue_12m, growth_pct, customers, pilots }
    }
}

prop_compose! {
    fn startup_content()(
        (one_liner, summary) in (localized(), localized()),
        [primary_tags, tags, technologies, business_models, customer_types] in
            [slugs(), slugs(), slugs(), slugs(), slugs()],
        (deal_intents, transfer_topics) in (slugs(), slugs()),
        source_tags in vec(".{0,10}", 0..3),
        (stage, stage_before) in (option::of(stage()), option::of(stage())),
        (markets_now, markets_wanted) in (countries(), countries()),
        languages in btree_set(language(), 0..4),
        (round, traction) in (option::of(round()), traction()),
        team_size in any::<Option<u32>>(),
        encumbrances in btree_set(select(Encumbrance::ALL), 0..3),
        controls in option::of(controls()),
    ) -> StartupContent {
        StartupContent {
            one_liner, summary, primary_tags, tags, technologies, source_tags, business_models,
            customer_types, stage, stage_before, markets_now, markets_wanted, languages,
            deal_intents, round, traction, team_size, encumbrances, transfer_topics, controls,
        }
    }
}

prop_compose! {
    fn cheque()(
        currency in currency(),
        (min, max, flexible) in any::<(i64, i64, bool)>(),
    ) -> Cheque {
        Cheque { currency, min, max, flexible }
    }
}

prop_compose! {
    fn mandate_content()(
        title in option::of(name()),
        tags in btree_map(slug(), 1_u8..=3, 0..4),
        [excluded_tags, instruments, deal_intents, transfer_topics, business_models] in
            [slugs(), slugs(), slugs(), slugs(), slugs()],
        customer_types in slugs(),
        source_tags in vec(".{0,10}", 0..3),
        stages in btree_set(stage(), 0..4),
        cheque in option::of(cheque()),
        [startup_countries, excluded_countries, markets] in
            [countries(), countries(), countries()],
        role in option::of(select(InvestorRole::ALL)),
        languages in btree_set(language(), 0..4),
        (open_introductions, new_per_week, derived) in any::<(u32, u32, bool)>(),
        (active_from, active_to) in (option::of(day()), option::of(day())),
    ) -> MandateContent {
        MandateContent {
            title, tags, excluded_tags, source_tags, stages, cheque, startup_countries,
            excluded_countries, markets, instruments, role, deal_intents, transfer_topics,
            business_models, customer_types, languages,
            capacity: Capacity { open_introductions, new_per_week },
            active_from, active_to, derived,
        }
    }
}

fn var() -> impl Strategy<Value = Var> {
    prop_oneof![
        any::<i64>().prop_map(Var::Int),
        ".{0,10}".prop_map(|code| Var::code(code.as_str())),
        vec(".{0,10}", 0..3)
            .prop_map(|codes: Vec<String>| Var::codes(codes.iter().map(String::as_str))),
        day().prop_map(Var::Date),
        money().prop_map(Var::Money),
    ]
}

prop_compose! {
    fn reason()(
        key in select(ReasonKey::ALL),
        vars in vec((select(Place::ALL), var()), 0..4),
    ) -> Reason {
        Reason { key, vars: vars.into() }
    }
}

prop_compose! {
    fn gate()(
        gate in select(Gate::ALL),
        verdict in select(GateVerdict::ALL),
        reason in reason(),
    ) -> GateTrace {
        GateTrace { gate, verdict, reason }
    }
}

prop_compose! {
    fn factor()(
        factor in select(Factor::ALL),
        (weight, value, points) in any::<(i64, Option<i64>, i64)>(),
        reason in reason(),
    ) -> FactorTrace {
        FactorTrace { factor, weight, value, points, reason }
    }
}

prop_compose! {
    fn revealed_trace()(
        as_of in any::<i64>(),
        signals in vec(
            (
                select(Signal::ALL),
                any::<[i64; 2]>(),
                option::of(any::<i64>()),
                option::of(any::<i64>()),
                reason(),
            ),
            0..4,
        ),
    ) -> RevealedTrace {
        let signals = signals.into_iter();
        let signals = signals.map(|(signal, [weight, points], statistic, value, reason)| {
            SignalTrace { signal, weight, statistic, value, points, reason }
        });
        RevealedTrace { as_of, signals: signals.collect() }
    }
}

prop_compose! {
    fn an_explanation()(
        ids in any::<[u128; 3]>(),
        [exact, score, confidence, startup_revision, mandate_revision] in any::<[i64; 5]>(),
        (as_of, rate_date) in (day(), option::of(day())),
        gates in vec(gate(), 0..4),
        factors in vec(factor(), 0..4),
        band in select(Band::ALL),
        revealed in option::of(revealed_trace()),
        [strengths, risks, missing] in
            std::array::from_fn::<_, 3, _>(|_| vec(select(Factor::ALL), 0..4)),
    ) -> Explanation {
        let [rule_set, startup, mandate] = ids.map(Uuid::from_u128);
        Explanation {
            rule_set: rule_set.into(),
            startup: (startup.into(), startup_revision),
            mandate: (mandate.into(), mandate_revision),
            as_of, rate_date, gates, factors, revealed, exact, score, confidence, band,
            strengths, risks, missing,
        }
    }
}

prop_compose! {
    fn curve()(points in btree_map(any::<i64>(), any::<i64>(), 1..5)) -> Curve {
        Curve::new(points.into_iter().collect()).expect("ascends")
    }
}

prop_compose! {
    fn role_values()([lead, co, follow, any] in any::<[i64; 4]>()) -> RoleValues {
        RoleValues { lead, co, follow, any }
    }
}

/// The revealed factors that are shipped.
fn market() -> Revealed {
    let text = crate::config::scoring::MARKET;
    let rules = crate::config::scoring::parse(text, Uuid::nil().into()).expect("sound");
    rules.revealed.expect("the market rules count past deals")
}

prop_compose! {
    fn rules()(
        id in any::<u128>(),
        name in ".{0,20}",
        weights in btree_map(select(Factor::ALL), any::<i64>(), 0..11),
        numbers in any::<[i64; 8]>(),
        [same, parent, child, sibling, strong, good, possible] in any::<[i64; 7]>(),
        tag_weights in any::<[i64; 3]>(),
        rarity in btree_map(slug(), any::<i64>(), 0..4),
        [stage, cheque, recency] in [curve(), curve(), curve()],
        [lead_wanted, lead_not_wanted] in [role_values(), role_values()],
        revealed in proptest::option::of(Just(market())),
    ) -> RuleSet {
        let [
            max_stage_distance, primary_times, cheque_flexible, market_opened, market_present,
            language_common, strength_from, risk_to,
        ] = numbers;
        RuleSet {
            id: Uuid::from_u128(id).into(),
            name, weights, max_stage_distance,
            tag_values: TagValues { same, parent, child, sibling },
            tag_weights, primary_times, idf: primary_times % 2 == 0, rarity, stage, cheque,
            cheque_flexible, market_opened,
            market_present, lead_wanted, lead_not_wanted, language_common, recency,
            bands: Bands { strong, good, possible },
            strength_from, risk_to, revealed,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_startups_content_survives_storage(content in startup_content()) {
        let text = startup::encode(&content).expect("encodes");
        let read = startup::decode(&text).expect("decodes");
        prop_assert_eq!(&read, &content);
        prop_assert_eq!(startup::encode(&read).expect("encodes"), text);
    }

    #[test]
    fn a_mandates_content_survives_storage(content in mandate_content()) {
        let text = mandate::encode(&content).expect("encodes");
        let read = mandate::decode(&text).expect("decodes");
        prop_assert_eq!(&read, &content);
        prop_assert_eq!(mandate::encode(&read).expect("encodes"), text);
    }

    #[test]
    fn an_explanation_survives_storage(account in an_explanation()) {
        let text = explanation::encode(&account).expect("encodes");
        let read = explanation::decode(&text).expect("decodes");
        prop_assert_eq!(&read, &account);
        prop_assert_eq!(explanation::encode(&read).expect("encodes"), text);
    }

    #[test]
    fn a_rule_set_survives_storage_under_any_id(rules in rules()) {
        let text = rule_set::encode(&rules).expect("encodes");
        let read = rule_set::decode(rules.id, &text).expect("decodes");
        prop_assert_eq!(&read, &rules);
        let renamed = RuleSet { id: Uuid::nil().into(), ..read };
        prop_assert_eq!(rule_set::encode(&renamed).expect("encodes"), text);
    }
}

#[test]
fn every_form_begins_with_its_schema_number() {
    for text in [
        startup::encode(&StartupContent::default()),
        mandate::encode(&MandateContent::default()),
    ] {
        let text = text.expect("encodes");
        assert!(text.starts_with(r#"{"schema":1,"#), "{text}");
        let newer = text.replacen(r#""schema":1"#, r#""schema":2"#, 1);
        assert!(startup::decode(&newer).is_err() && mandate::decode(&newer).is_err());
    }
}

#[test]
fn a_value_that_the_domain_refuses_is_damage() {
    let text = startup::encode(&StartupContent::default()).expect("encodes");
    for (whole, damaged) in [
        (r#""stage":null"#, r#""stage":"series_z""#),
        (r#""tags":[]"#, r#""tags":["Not A Slug"]"#),
        (r#""markets_now":[]"#, r#""markets_now":["XX"]"#),
        (r#""team_size":null"#, r#""team_size":1.5"#),
        (r#""controls":null"#, r#""controls":null,"more":1"#),
    ] {
        let damaged = text.replacen(whole, damaged, 1);
        assert_ne!(damaged, text);
        assert!(
            matches!(startup::decode(&damaged), Err(crate::db::Error::Corrupt(_))),
            "{damaged}"
        );
    }
}

#[test]
fn the_shipped_pipelines_survive_storage() {
    let text = crate::config::pipeline::DEFAULT;
    let shipped = crate::config::pipeline::parse(text).expect("sound");
    let text = super::pipeline_set::encode(&shipped).expect("encodes");
    assert_eq!(
        super::pipeline_set::decode(&text).expect("decodes"),
        shipped
    );
}
