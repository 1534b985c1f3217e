//! Tests, on a small world: a taxonomy, rules, one startup and one mandate that
//! fit each other well; and, in [`corpus`], many of both by chance.

mod corpus;
mod factors;
mod gates;
mod index;
mod ranking;
mod readiness;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::facts::{MandateFacts, PairFacts, Setting, StartupFacts};
use super::score::explain;
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::country::Country;
use crate::domain::mandate::{Cheque, Mandate, MandateContent, MandateStatus};
use crate::domain::money::{Currency, Rates};
use crate::domain::profile::{
    ControlAnswers, ProfileStatus, Round, StartupContent, StartupProfile, Traction,
};
use crate::domain::programme::{Corridor, Programme, ProgrammeDetails, ProgrammeStatus};
use crate::domain::scoring::{Bands, Curve, Explanation, Factor, RoleValues, RuleSet, TagValues};
use crate::domain::tag::{Facet, FacetValue, Labels, Sensitivity, Tag, TagKind, Taxonomy, Term};
use crate::domain::text::{Language, Slug};
use crate::domain::values::{InvestorRole, Stage};

/// Values of any kind from a list of words.
pub(super) fn set<T: std::str::FromStr + Ord>(words: &[&str]) -> BTreeSet<T> {
    words.iter().filter_map(|word| word.parse().ok()).collect()
}

pub(super) fn slug(word: &str) -> Slug {
    word.parse().expect("a slug")
}

pub(super) fn country(code: &str) -> Country {
    code.parse().expect("a country")
}

pub(super) fn currency(code: &str) -> Currency {
    code.parse().expect("a currency")
}

pub(super) fn today() -> NaiveDate {
    "2026-11-24".parse().expect("a day")
}

pub(super) fn days_from_today(days: i64) -> NaiveDate {
    today() + TimeDelta::days(days)
}

fn noon() -> DateTime<Utc> {
    today().and_hms_opt(12, 0, 0).expect("a time").and_utc()
}

/// `water > irrigation > drip | pivot`, `water > reuse`, `food > protein`,
/// `arms` (prohibited) `> drones`, `labs` (review), `ai`.
pub(super) fn taxonomy() -> Taxonomy {
    let tag = |name: &str, parent: Option<&str>, sensitivity| Tag {
        slug: slug(name),
        kind: if parent.is_some() {
            TagKind::Tag
        } else {
            TagKind::Sector
        },
        parent: parent.map(slug),
        labels: labels(name),
        aliases: Vec::new(),
        sensitivity,
        term: Term::default(),
    };
    let none = Sensitivity::None;
    let tags = vec![
        tag("water", None, none),
        tag("irrigation", Some("water"), none),
        tag("drip", Some("irrigation"), none),
        tag("pivot", Some("irrigation"), none),
        tag("reuse", Some("water"), none),
        tag("food", None, none),
        tag("protein", Some("food"), none),
        tag("arms", None, Sensitivity::Prohibited),
        tag("drones", Some("arms"), none),
        tag("labs", None, Sensitivity::Review),
        tag("ai", None, none),
    ];
    let facet = |facet, name: &str, equity| FacetValue {
        facet,
        slug: slug(name),
        labels: labels(name),
        equity,
    };
    let facets = vec![
        facet(Facet::DealIntent, "equity", true),
        facet(Facet::DealIntent, "pilot", false),
        facet(Facet::DealIntent, "licence", false),
    ];
    Taxonomy::new("test".into(), tags, facets).expect("a sound taxonomy")
}

fn labels(name: &str) -> Labels {
    Labels {
        texts: BTreeMap::from([(Language::english(), name.to_owned())]),
        machine: Vec::new(),
        human: Vec::new(),
    }
}

fn curve(points: &[(i64, i64)]) -> Curve {
    Curve::new(points.to_vec()).expect("a curve")
}

/// The values of `config/scoring.toml`, where a test counts on them.
pub(super) fn rules() -> RuleSet {
    RuleSet {
        id: Uuid::from_u128(1).into(),
        name: "Test".into(),
        weights: BTreeMap::from([
            (Factor::Tags, 2_800),
            (Factor::Stage, 1_300),
            (Factor::Cheque, 1_300),
            (Factor::DealIntent, 1_200),
            (Factor::Market, 900),
            (Factor::BusinessModel, 800),
            (Factor::TransferTopics, 600),
            (Factor::InstrumentRole, 500),
            (Factor::Evidence, 400),
            (Factor::Language, 200),
            (Factor::RevealedPreference, 0),
        ]),
        max_stage_distance: 1,
        tag_values: TagValues {
            same: 10_000,
            parent: 8_500,
            child: 6_000,
            sibling: 3_500,
        },
        tag_weights: [7_000, 8_500, 10_000],
        primary_times: 2,
        idf: false,
        rarity: BTreeMap::new(),
        stage: curve(&[(0, 10_000), (1, 5_000), (2, 2_000), (4, 0)]),
        cheque: curve(&[(0, 0), (1_000, 4_000), (2_500, 7_500), (5_000, 10_000)]),
        cheque_flexible: 4_000,
        market_opened: 10_000,
        market_present: 4_000,
        lead_wanted: RoleValues {
            lead: 10_000,
            co: 5_000,
            follow: 2_000,
            any: 10_000,
        },
        lead_not_wanted: RoleValues {
            lead: 7_000,
            co: 10_000,
            follow: 10_000,
            any: 10_000,
        },
        language_common: 10_000,
        recency: curve(&[(0, 10_000), (30, 9_000), (90, 5_000), (180, 0)]),
        bands: Bands {
            strong: 7_500,
            good: 6_000,
            possible: 4_500,
        },
        strength_from: 7_000,
        risk_to: 3_500,
        revealed: None,
    }
}

pub(super) fn programme() -> Programme {
    Programme {
        id: Uuid::from_u128(2).into(),
        details: ProgrammeDetails {
            slug: slug("corridor"),
            title: "Corridor".parse().expect("a title"),
            corridors: vec![Corridor {
                startup: country("IL"),
                investor: country("AZ"),
            }],
            scope_tags: Vec::new(),
            parties: Vec::new(),
            starts_on: days_from_today(-100),
            ends_on: days_from_today(100),
        },
        rule_set: Uuid::from_u128(1).into(),
        status: ProgrammeStatus::Active,
        version: 1,
        created_at: noon(),
        updated_at: noon(),
    }
}

/// A round of USD 1 m that seeks a lead and takes cheques from USD 100 k.
pub(super) fn round() -> Round {
    Round {
        currency: Currency::USD,
        min: None,
        target: 100_000_000,
        max: None,
        min_cheque: Some(10_000_000),
        instruments: set(&["safe", "ordinary_equity"]),
        lead_wanted: true,
        close_by: None,
    }
}

/// An Israeli seed-stage firm for drip irrigation, confirmed today.
pub(super) fn profile() -> StartupProfile {
    StartupProfile {
        id: Uuid::from_u128(10).into(),
        organization: Uuid::from_u128(11).into(),
        country: Some(country("IL")),
        content: StartupContent {
            primary_tags: set(&["drip"]),
            tags: set(&["protein"]),
            technologies: set(&["ai"]),
            business_models: set(&["saas"]),
            customer_types: set(&["farmers", "state"]),
            stage: Some(Stage::Seed),
            markets_now: set(&["IL"]),
            markets_wanted: set(&["AZ", "GE"]),
            languages: set(&["en", "he"]),
            deal_intents: set(&["equity", "pilot"]),
            round: Some(round()),
            traction: Traction {
                customers: Some(3),
                pilots: Some(2),
                ..Traction::default()
            },
            transfer_topics: set(&["farm_practice", "water_management"]),
            controls: Some(answers(false)),
            ..StartupContent::default()
        },
        status: ProfileStatus::Published,
        claimed: true,
        revision: 3,
        version: 7,
        published_at: Some(noon()),
        reconfirm_by: Some(days_from_today(90)),
        rejected_at: None,
        created_at: noon(),
        updated_at: noon(),
    }
}

pub(super) fn answers(dual_use: bool) -> ControlAnswers {
    ControlAnswers {
        defence_customers: false,
        dual_use,
        interception: false,
        intrusion: false,
        biometrics: false,
        licences: Vec::new(),
        signed_by: "Dana Levi".parse().expect("a name"),
        signed_on: today(),
    }
}

/// An Azerbaijani mandate for drip irrigation at seed with USD 100–500 k.
pub(super) fn mandate() -> Mandate {
    Mandate {
        id: Uuid::from_u128(20).into(),
        organization: Uuid::from_u128(21).into(),
        country: Some(country("AZ")),
        content: MandateContent {
            tags: BTreeMap::from([(slug("drip"), 3)]),
            stages: BTreeSet::from([Stage::Seed]),
            cheque: Some(cheque(10_000_000, 50_000_000)),
            instruments: set(&["safe"]),
            role: Some(InvestorRole::Lead),
            deal_intents: set(&["equity"]),
            transfer_topics: set(&["farm_practice"]),
            business_models: set(&["saas"]),
            customer_types: set(&["state"]),
            languages: set(&["en", "az"]),
            ..MandateContent::default()
        },
        status: MandateStatus::Published,
        claimed: true,
        revision: 5,
        version: 9,
        published_at: Some(noon()),
        reconfirm_by: Some(days_from_today(180)),
        created_at: noon(),
        updated_at: noon(),
    }
}

/// A firm cheque in US cents.
pub(super) fn cheque(min: i64, max: i64) -> Cheque {
    Cheque {
        currency: Currency::USD,
        min,
        max,
        flexible: false,
    }
}

/// Everything a pair is judged by, to be bent before it is asked.
pub(super) struct World {
    pub(super) programme: Programme,
    pub(super) rules: RuleSet,
    pub(super) taxonomy: Taxonomy,
    pub(super) rates: Option<Rates>,
    pub(super) profile: StartupProfile,
    pub(super) mandate: Mandate,
    pub(super) startup_clearance: ClearanceVerdict,
    pub(super) investor_clearance: ClearanceVerdict,
    pub(super) frozen: (bool, bool),
    pub(super) admitted: (bool, bool),
    pub(super) released: bool,
    pub(super) known: PairFacts,
}

impl World {
    /// One in which every gate passes, changed.
    pub(super) fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut world = Self {
            programme: programme(),
            rules: rules(),
            taxonomy: taxonomy(),
            rates: None,
            profile: profile(),
            mandate: mandate(),
            startup_clearance: ClearanceVerdict::Clear,
            investor_clearance: ClearanceVerdict::ClearEnhanced,
            frozen: (false, false),
            admitted: (true, true),
            released: false,
            known: PairFacts::default(),
        };
        change(&mut world);
        world
    }

    pub(super) fn setting(&self) -> Setting<'_> {
        Setting {
            programme: &self.programme,
            rules: &self.rules,
            taxonomy: &self.taxonomy,
            rates: self.rates.as_ref(),
            today: today(),
            past: None,
        }
    }

    pub(super) fn startup(&self) -> StartupFacts<'_> {
        StartupFacts {
            profile: &self.profile,
            clearance: self.startup_clearance,
            frozen: self.frozen.0,
            admitted: self.admitted.0,
            sensitivity_released: self.released,
        }
    }

    pub(super) fn investor(&self) -> MandateFacts<'_> {
        MandateFacts {
            mandate: &self.mandate,
            clearance: self.investor_clearance,
            frozen: self.frozen.1,
            admitted: self.admitted.1,
        }
    }

    pub(super) fn explain(&self) -> Explanation {
        explain(
            &self.setting(),
            &self.startup(),
            &self.investor(),
            &self.known,
        )
    }
}
