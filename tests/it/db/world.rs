//! Records for the tests of the aggregates, with texts in the scripts of the
//! people who will write them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{Days, NaiveDate};
use corridor::config::scoring;
use corridor::db::{
    Conn, Db, Result, mandates, matches, organizations, programmes, rule_sets, startup_profiles,
    users,
};
use corridor::domain::account::User;
use corridor::domain::ids::IntroductionId;
use corridor::domain::introduction::{Introduction, IntroductionStatus, Requester};
use corridor::domain::mandate::{Mandate, MandateContent, MandateStatus};
use corridor::domain::money::{Currency, Money};
use corridor::domain::organization::{Organization, OrganizationDetails};
use corridor::domain::pipeline::{Deal, DealStatus, Funding, Origin};
use corridor::domain::profile::{ProfileStatus, StartupContent, StartupProfile};
use corridor::domain::programme::{
    Corridor, Party, PartyRole, Programme, ProgrammeDetails, ProgrammeStatus,
};
use corridor::domain::review::{Match, MatchStatus, PerSide, Response, Told};
use corridor::domain::scoring::{
    Band, Explanation, Gate, GateTrace, GateVerdict, Place, Reason, ReasonKey, RuleSet, Var,
};
use corridor::domain::text::{LocalText, Localized, TextState};
use corridor::domain::values::{OrganizationKind, Side};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::noon;
use crate::support::database::on_each_backend;

/// An id that no other record of this run has.
pub fn fresh<T: From<Uuid>>() -> T {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into()).into()
}

/// A value of the domain, from a text that is known to be good.
pub fn of<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("valid")
}

/// The day of every test.
pub fn today() -> NaiveDate {
    noon(0).date_naive()
}

pub fn in_three_scripts() -> Localized {
    [
        ("he", "מים נקיים"),
        ("az", "Təmiz su, işıq və ə"),
        ("ru", "Чистая вода, ещё"),
    ]
    .into_iter()
    .map(|(language, text)| {
        let text = LocalText {
            text: text.to_owned(),
            state: TextState::Original,
        };
        (of(language), text)
    })
    .collect()
}

pub fn organization(kind: OrganizationKind, country: &str, second: i64) -> Organization {
    Organization {
        id: fresh(),
        details: OrganizationDetails {
            kind,
            legal_name: of("תמר זרימה בע״מ"),
            trade_name: Some(of("Tamar")),
            names: BTreeMap::from([
                (of("az"), of("Əliyev və oğulları")),
                (of("ru"), of("ООО «Каспий»")),
            ]),
            country: Some(of(country)),
            website: Some(of("https://www.tamar.example/")),
        },
        external_id: None,
        version: 1,
        created_at: noon(second),
        updated_at: noon(second),
    }
}

pub fn user(email: &str) -> User {
    User {
        id: fresh(),
        email: of(email),
        name: of("Gülnarə Həsənova"),
        language: of("az"),
        zone: chrono_tz::Asia::Baku,
        version: 1,
        created_at: noon(0),
    }
}

pub fn profile(organization: &Organization) -> StartupProfile {
    StartupProfile {
        id: fresh(),
        organization: organization.id,
        country: organization.details.country,
        content: StartupContent {
            one_liner: in_three_scripts(),
            primary_tags: BTreeSet::from([of("water")]),
            ..StartupContent::default()
        },
        status: ProfileStatus::Published,
        claimed: true,
        revision: 1,
        version: 1,
        published_at: Some(noon(1)),
        reconfirm_by: Some(today()),
        rejected_at: None,
        created_at: noon(0),
        updated_at: noon(0),
    }
}

pub fn mandate(organization: &Organization) -> Mandate {
    Mandate {
        id: fresh(),
        organization: organization.id,
        country: organization.details.country,
        content: MandateContent {
            title: Some(of("Təmiz su")),
            tags: BTreeMap::from([(of("water"), 3)]),
            ..MandateContent::default()
        },
        status: MandateStatus::Published,
        claimed: true,
        revision: 1,
        version: 1,
        published_at: Some(noon(1)),
        reconfirm_by: Some(today()),
        created_at: noon(0),
        updated_at: noon(0),
    }
}

pub fn rules() -> RuleSet {
    scoring::parse(include_str!("../../../config/scoring.toml"), fresh()).expect("valid rules")
}

/// What an introduction needs to exist, all of it stored.
#[derive(Clone)]
pub struct World {
    pub startup: Organization,
    pub investor: Organization,
    pub person: User,
    pub other_person: User,
    pub profile: StartupProfile,
    pub mandate: Mandate,
    pub programme: Programme,
    pub matched: Match,
}

impl World {
    pub fn insert(conn: &mut Conn) -> Result<Self> {
        let startup = organization(OrganizationKind::Startup, "IL", 0);
        let investor = organization(OrganizationKind::Investor, "AZ", 1);
        let [person, other_person] = ["dana@tamar.example", "gul@khazar.example"].map(user);
        let profile = profile(&startup);
        let mandate = mandate(&investor);
        organizations::insert(conn, &startup)?;
        organizations::insert(conn, &investor)?;
        assert!(users::insert(conn, &person, "hash")?);
        assert!(users::insert(conn, &other_person, "hash")?);
        startup_profiles::insert(conn, &profile)?;
        mandates::insert(conn, &mandate)?;
        let rules = rules();
        rule_sets::insert_if_new(conn, &rules, noon(0))?;
        let programme = programme(&rules, &investor);
        programmes::insert(conn, &programme)?;
        assert!(programmes::admit_startup(
            conn,
            programme.id,
            profile.id,
            noon(0)
        )?);
        assert!(programmes::admit_mandate(
            conn,
            programme.id,
            mandate.id,
            noon(0)
        )?);
        let matched = matched(&programme, &profile, &mandate);
        let outcome = matches::insert(conn, &matched)?;
        assert_eq!(outcome, matches::InsertOutcome::Inserted);
        Ok(Self {
            startup,
            investor,
            person,
            other_person,
            profile,
            mandate,
            programme,
            matched,
        })
    }

    /// A new introduction of the pair, not stored.
    pub fn introduction(&self) -> Introduction {
        Introduction {
            id: fresh(),
            programme: self.programme.id,
            matched: self.matched.id,
            startup_profile: self.profile.id,
            startup: self.startup.id,
            mandate: self.mandate.id,
            investor: self.investor.id,
            requester: Requester::Startup,
            requested_by: self.person.id,
            blurb: "Təmiz su: давно ищем партнёра, מחכים".to_owned(),
            status: IntroductionStatus::Requested,
            startup_accepted: true,
            investor_accepted: false,
            extended: false,
            convert_reported_by: None,
            partner: None,
            frozen_from: None,
            version: 1,
            created_at: noon(0),
            updated_at: noon(0),
        }
    }
}

pub fn programme(rules: &RuleSet, party: &Organization) -> Programme {
    let corridor = |startup, investor| Corridor {
        startup: of(startup),
        investor: of(investor),
    };
    Programme {
        id: fresh(),
        details: ProgrammeDetails {
            slug: of("il-az"),
            title: of("İsrail – Azərbaycan"),
            corridors: vec![corridor("AZ", "IL"), corridor("IL", "AZ")],
            scope_tags: vec![of("water"), of("energy")],
            parties: vec![Party {
                organization: party.id,
                role: PartyRole::TradeOffice,
            }],
            starts_on: today(),
            ends_on: today() + Days::new(365),
        },
        rule_set: rules.id,
        status: ProgrammeStatus::Active,
        version: 1,
        created_at: noon(0),
        updated_at: noon(0),
    }
}

pub fn matched(programme: &Programme, profile: &StartupProfile, mandate: &Mandate) -> Match {
    Match {
        id: fresh(),
        programme: programme.id,
        startup_profile: profile.id,
        startup: profile.organization,
        mandate: mandate.id,
        investor: mandate.organization,
        explanation: Explanation {
            rule_set: programme.rule_set,
            startup: (profile.id, profile.revision),
            mandate: (mandate.id, mandate.revision),
            as_of: today(),
            rate_date: None,
            gates: vec![GateTrace {
                gate: Gate::Exclusions,
                verdict: GateVerdict::Pass,
                reason: Reason::plain(ReasonKey::ExclusionsPass)
                    .with(Place::Tags, Var::codes(["water"])),
            }],
            revealed: None,
            factors: vec![],
            exact: 0,
            score: 8_150,
            confidence: 10_000,
            band: Band::Strong,
            strengths: vec![],
            risks: vec![],
            missing: vec![],
        },
        status: MatchStatus::Candidate,
        released_to: None,
        startup_response: Response::None,
        investor_response: Response::None,
        snoozed: PerSide::default(),
        wakes_at: None,
        shown_at: PerSide::default(),
        curation: None,
        told: Told::first(noon(0)),
        version: 1,
        created_at: noon(0),
        updated_at: noon(0),
    }
}

/// Runs a test in one transaction on each back-end.
pub fn in_transaction(test: fn(&mut Conn) -> Result<()>) {
    on_each_backend(async |database| {
        let db = database.open();
        db.write(test).await.expect("commits");
    });
}

/// How many of 20 writes at once answer true.
pub async fn winners_of_twenty<F>(db: &Db, attempt: impl Fn() -> F) -> usize
where
    F: FnOnce(&mut Conn) -> Result<bool> + Send + 'static,
{
    let mut writes = JoinSet::new();
    for _ in 0..20 {
        let (db, job) = (db.clone(), attempt());
        writes.spawn(async move { db.write(job).await });
    }
    let results = writes.join_all().await;
    assert_eq!(results.len(), 20);
    results
        .into_iter()
        .filter(|result| *result.as_ref().expect("no write fails"))
        .count()
}

pub fn deal(world: &World, introduction: IntroductionId) -> Deal {
    Deal {
        id: fresh(),
        programme: world.programme.id,
        origin: Origin::Introduction {
            matched: world.matched.id,
            introduction,
        },
        startup_profile: world.profile.id,
        startup: world.startup.id,
        mandate: world.mandate.id,
        investor: world.investor.id,
        pipeline_set: None,
        pipeline: of("investment"),
        stage: of("screening"),
        stage_entered_at: noon(0),
        status: DealStatus::OnHold,
        resume_on: Some(today()),
        close_code: None,
        reported_by: Some(Side::Investor),
        facts: BTreeMap::from([(of("term_sheet"), "מזכר הבנות, ещё не подписан".to_owned())]),
        startup_funding: Some(Funding {
            amount: Money::new(125_000_000, of::<Currency>("AZN")),
            value_date: today(),
        }),
        investor_funding: None,
        version: 1,
        created_at: noon(0),
        updated_at: noon(0),
    }
}
