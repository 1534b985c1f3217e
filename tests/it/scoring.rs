//! A golden account: one Israeli startup against one Azerbaijani mandate under
//! the shipped rules, taxonomy and sentences. Whoever changes a value, a rule
//! or a sentence sees here what people will see.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use corridor::config;
use corridor::domain::compliance::ClearanceVerdict;
use corridor::domain::mandate::{Cheque, Mandate, MandateContent, MandateStatus};
use corridor::domain::money::{Currency, Rates};
use corridor::domain::profile::{
    ControlAnswers, ProfileStatus, Round, StartupContent, StartupProfile, Traction,
};
use corridor::domain::programme::{Corridor, Programme, ProgrammeDetails, ProgrammeStatus};
use corridor::domain::scoring::{Explanation, Factor, RuleSet};
use corridor::domain::tag::Taxonomy;
use corridor::domain::text::{Language, Slug};
use corridor::domain::values::{InvestorRole, Stage};
use corridor::domain::wording::{LANGUAGES, Wording};
use corridor::matching::facts::{MandateFacts, PairFacts, Setting, StartupFacts};
use corridor::matching::rules::validate;
use corridor::matching::score::explain;

fn read<T: FromStr>(text: &str) -> T {
    text.parse().ok().expect(text)
}

fn set<T: FromStr + Ord>(words: &[&str]) -> BTreeSet<T> {
    words.iter().map(|word| read(word)).collect()
}

fn today() -> NaiveDate {
    read("2026-11-24")
}

fn morning() -> DateTime<Utc> {
    read("2026-11-01T08:00:00Z")
}

fn taxonomy() -> Taxonomy {
    config::taxonomy::parse(config::taxonomy::DEFAULT).expect("the shipped taxonomy")
}

fn rules() -> RuleSet {
    config::scoring::parse(config::scoring::DEFAULT, Uuid::from_u128(1).into())
        .expect("the shipped rules")
}

fn wording() -> Wording {
    config::reasons::parse(config::reasons::DEFAULT).expect("the shipped sentences")
}

fn programme() -> Programme {
    Programme {
        id: Uuid::from_u128(2).into(),
        details: ProgrammeDetails {
            slug: read("il-az"),
            title: read("Israel–Azerbaijan corridor"),
            corridors: vec![Corridor {
                startup: read("IL"),
                investor: read("AZ"),
            }],
            scope_tags: vec![read("agri_food"), read("water")],
            parties: Vec::new(),
            starts_on: read("2026-01-01"),
            ends_on: read("2028-12-31"),
        },
        rule_set: Uuid::from_u128(1).into(),
        status: ProgrammeStatus::Active,
        version: 1,
        created_at: morning(),
        updated_at: morning(),
    }
}

/// Irrigation by sensors, seed stage, raising USD 1.5 m.
fn startup() -> StartupProfile {
    let content = StartupContent {
        primary_tags: set(&["irrigation_agri"]),
        tags: set(&["water_loss", "farm_analytics"]),
        technologies: set(&["iot_sensors"]),
        business_models: set(&["hardware_sales", "saas_subscription"]),
        customer_types: set(&["farmer_coop", "state_owned_enterprise"]),
        stage: Some(Stage::Seed),
        markets_now: set(&["IL", "CY"]),
        markets_wanted: set(&["AZ", "KZ"]),
        languages: set(&["he", "en", "ru"]),
        deal_intents: set(&["equity_abroad", "pilot_poc"]),
        round: Some(Round {
            currency: Currency::USD,
            min: Some(50_000_000),
            target: 150_000_000,
            max: Some(200_000_000),
            min_cheque: Some(10_000_000),
            instruments: set(&["safe", "preferred_equity"]),
            lead_wanted: true,
            close_by: None,
        }),
        traction: Traction {
            customers: Some(14),
            pilots: Some(3),
            growth_pct: Some(80),
            revenue_12m: None,
        },
        transfer_topics: set(&["farm_practice", "water_management"]),
        controls: Some(ControlAnswers {
            defence_customers: false,
            dual_use: false,
            interception: false,
            intrusion: false,
            biometrics: false,
            licences: Vec::new(),
            signed_by: read("דנה לוי"),
            signed_on: read("2026-11-01"),
        }),
        ..StartupContent::default()
    };
    StartupProfile {
        id: Uuid::from_u128(10).into(),
        organization: Uuid::from_u128(11).into(),
        country: Some(read("IL")),
        content,
        status: ProfileStatus::Published,
        claimed: true,
        revision: 2,
        version: 4,
        published_at: Some(morning()),
        reconfirm_by: Some(read("2027-01-30")),
        rejected_at: None,
        created_at: morning(),
        updated_at: morning(),
    }
}

/// Farming and water for a state-linked holding, AZN 200 k to 700 k a deal.
fn mandate() -> Mandate {
    let tags: [(Slug, u8); 3] = [
        (read("agri_food"), 3),
        (read("wastewater"), 2),
        (read("water_loss"), 2),
    ];
    let content = MandateContent {
        title: Some(read("Su və kənd təsərrüfatı")),
        tags: BTreeMap::from(tags),
        excluded_tags: set(&["livestock_dairy"]),
        stages: [Stage::SeriesA, Stage::SeriesB].into(),
        cheque: Some(Cheque {
            currency: read("AZN"),
            min: 20_000_000,
            max: 70_000_000,
            flexible: false,
        }),
        instruments: set(&["ordinary_equity", "preferred_equity"]),
        role: Some(InvestorRole::Co),
        deal_intents: set(&["equity_abroad", "jv_in_investor_country"]),
        transfer_topics: set(&["water_management", "smart_village_planning"]),
        customer_types: set(&["farmer_coop"]),
        ..MandateContent::default()
    };
    Mandate {
        id: Uuid::from_u128(20).into(),
        organization: Uuid::from_u128(21).into(),
        country: Some(read("AZ")),
        content,
        status: MandateStatus::Published,
        claimed: true,
        revision: 1,
        version: 3,
        published_at: Some(morning()),
        reconfirm_by: Some(read("2027-04-30")),
        created_at: morning(),
        updated_at: morning(),
    }
}

fn account() -> Explanation {
    let (programme, rules, taxonomy) = (programme(), rules(), taxonomy());
    let (profile, mandate) = (startup(), mandate());
    let rates = Rates::new(read("2026-11-23"), [(read("AZN"), 588_235)]);
    let setting = Setting {
        programme: &programme,
        rules: &rules,
        taxonomy: &taxonomy,
        rates: Some(&rates),
        today: today(),
        past: None,
    };
    let startup = StartupFacts {
        profile: &profile,
        clearance: ClearanceVerdict::Clear,
        frozen: false,
        admitted: true,
        sensitivity_released: false,
    };
    let investor = MandateFacts {
        mandate: &mandate,
        clearance: ClearanceVerdict::ClearEnhanced,
        frozen: false,
        admitted: true,
    };
    explain(&setting, &startup, &investor, &PairFacts::default())
}

/// The account as a page would print it.
fn print(told: &Explanation, reader: &Language) -> String {
    let (wording, taxonomy) = (wording(), taxonomy());
    let names = |factors: &[Factor]| {
        if factors.is_empty() {
            return "none".to_owned();
        }
        let names: Vec<&str> = factors
            .iter()
            .map(|factor| wording.factor(*factor, reader))
            .collect();
        names.join(", ")
    };
    let mut page = String::new();
    let mut line = |text: String| writeln!(page, "{text}").expect("a string takes all");
    line(format!(
        "score {} ({}), confidence {}, exact {}, rates of {}",
        told.score,
        wording.band(told.band, reader),
        told.confidence,
        told.exact,
        told.rate_date.map_or("–".to_owned(), |day| day.to_string()),
    ));
    for trace in &told.gates {
        line(format!(
            "{} | {} | {}",
            wording.gate(trace.gate, reader),
            wording.verdict(trace.verdict, reader),
            wording.sentence(&trace.reason, reader, &taxonomy),
        ));
    }
    for trace in &told.factors {
        line(format!(
            "{} | {} × {} = {} | {}",
            wording.factor(trace.factor, reader),
            trace.weight,
            trace
                .value
                .map_or("?".to_owned(), |value| value.to_string()),
            trace.points,
            wording.sentence(&trace.reason, reader, &taxonomy),
        ));
    }
    line(format!("+ {}", names(&told.strengths)));
    line(format!("- {}", names(&told.risks)));
    line(format!("? {}", names(&told.missing)));
    page
}

#[test]
fn every_reader_gets_the_account_as_it_always_was() {
    let told = account();
    for code in LANGUAGES {
        insta::assert_snapshot!(format!("account_in_{code}"), print(&told, &read(code)));
    }
}

#[test]
fn the_shipped_rules_can_be_published() {
    assert_eq!(validate(&rules(), &taxonomy()), Ok(()));
}

#[test]
fn no_sentence_is_left_with_a_hole_or_a_bare_code() {
    let (wording, taxonomy, told) = (wording(), taxonomy(), account());
    let gates = told.gates.iter().map(|trace| &trace.reason);
    let factors = told.factors.iter().map(|trace| &trace.reason);
    for reason in gates.chain(factors) {
        for code in LANGUAGES {
            let sentence = wording.sentence(reason, &read(code), &taxonomy);
            assert!(
                !sentence.contains(['{', '}', '_']) && !sentence.contains(": –"),
                "{code}: {sentence}"
            );
        }
    }
}
