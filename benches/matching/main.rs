//! The reference scorer: the twenty best mandates for a startup, explained,
//! out of a thousand and ten thousand. The time is this thread's own on a
//! processor, so that a busy machine doesn't show. It is what an index is
//! held against later.

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Days, NaiveDate, Utc};
use corridor::config::{scoring, taxonomy};
use corridor::domain::compliance::ClearanceVerdict;
use corridor::domain::mandate::{Cheque, Mandate, MandateContent, MandateStatus};
use corridor::domain::profile::StartupProfile;
use corridor::domain::programme::{Corridor, Programme, ProgrammeDetails, ProgrammeStatus};
use corridor::domain::scoring::RuleSet;
use corridor::domain::text::Slug;
use corridor::domain::values::Stage;
use corridor::matching::facts::{MandateFacts, PairFacts, Setting, StartupFacts};
use corridor::matching::reference::{Filter, mandates_for};
use support::report::{Line, Report, Sample};
use support::{of, rounds, slice, world};
use uuid::Uuid;

/// Best mandates that are explained.
const BEST: usize = 20;

fn main() {
    let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("the taxonomy");
    let rules = scoring::parse(scoring::DEFAULT, Uuid::nil().into()).expect("the rules");
    let programme = programme(&rules);
    let setting = Setting {
        programme: &programme,
        rules: &rules,
        taxonomy: &taxonomy,
        rates: None,
        today: today(),
    };
    let tags: Vec<Slug> = taxonomy.tags().map(|tag| tag.slug.clone()).collect();
    let profile = world::profile(Uuid::from_u128(1).into(), 0);
    let mut report = Report::default();
    for count in [1_000, 10_000] {
        let mandates: Vec<Mandate> = (0..count).map(|n| mandate(&tags, n)).collect();
        let (found, sample) = rank(&setting, &profile, &mandates);
        let name = format!("best {BEST} of {count}, explained ({found} found)");
        report.line(Line::alone(name, "ranking", sample));
    }
    report.print("Matching by brute force, CPU time");
}

fn today() -> NaiveDate {
    of("2026-11-24")
}

/// Ranks until the time is over.
fn rank(setting: &Setting<'_>, profile: &StartupProfile, mandates: &[Mandate]) -> (usize, Sample) {
    let startup = StartupFacts {
        profile,
        clearance: ClearanceVerdict::Clear,
        frozen: false,
        admitted: true,
        sensitivity_released: false,
    };
    let candidates: Vec<_> = mandates
        .iter()
        .map(|mandate| (facts(mandate), PairFacts::default()))
        .collect();
    let mut sample = Sample::default();
    let mut found = 0;
    let end = Instant::now() + slice() * rounds();
    while Instant::now() < end {
        let before = on_processor();
        let best = mandates_for(setting, &startup, &candidates, BEST, &Filter::default());
        let took = on_processor().saturating_sub(before);
        found = std::hint::black_box(best).len();
        sample.latencies.push(took);
        sample.elapsed += took;
        sample.count += 1;
    }
    (found, sample)
}

/// What this thread has spent on a processor; where the system doesn't tell,
/// the time of day.
fn on_processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    nanos.map_or_else(
        || Duration::from_micros(Utc::now().timestamp_micros().unsigned_abs()),
        Duration::from_nanos,
    )
}

const fn facts(mandate: &Mandate) -> MandateFacts<'_> {
    MandateFacts {
        mandate,
        clearance: ClearanceVerdict::Clear,
        frozen: false,
        admitted: true,
    }
}

fn programme(rules: &RuleSet) -> Programme {
    Programme {
        id: Uuid::from_u128(3).into(),
        details: ProgrammeDetails {
            slug: of("il-az"),
            title: of("Water bridge"),
            corridors: vec![Corridor {
                startup: of("IL"),
                investor: of("AZ"),
            }],
            scope_tags: vec![],
            parties: vec![],
            starts_on: today(),
            ends_on: today() + Days::new(365),
        },
        rule_set: rules.id,
        status: ProgrammeStatus::Active,
        version: 1,
        created_at: world::beginning(),
        updated_at: world::beginning(),
    }
}

/// Mandates that differ in what matters.
fn mandate(tags: &[Slug], n: u32) -> Mandate {
    let created_at: DateTime<Utc> = world::beginning() + Days::new(u64::from(n % 90));
    Mandate {
        id: world::numbered(4, n).into(),
        organization: world::numbered(5, n).into(),
        country: Some(of("AZ")),
        content: content(tags, n),
        status: MandateStatus::Published,
        claimed: true,
        revision: 1,
        version: 1,
        published_at: Some(created_at),
        reconfirm_by: Some(today() + Days::new(90)),
        created_at,
        updated_at: created_at,
    }
}

fn content(tags: &[Slug], n: u32) -> MandateContent {
    let stages = [Stage::PreSeed, Stage::Seed, Stage::SeriesA];
    MandateContent {
        tags: BTreeMap::from([(pick(tags, n), 3), (pick(tags, n / 7 + 11), 1)]),
        stages: BTreeSet::from([pick(&stages, n)]),
        cheque: Some(Cheque {
            currency: of("USD"),
            min: 5_000_000 * i64::from(n % 7 + 1),
            max: 100_000_000 * i64::from(n % 5 + 1),
            flexible: n.is_multiple_of(2),
        }),
        deal_intents: BTreeSet::from([of(pick(&["pilot_poc", "equity_abroad"], n / 3))]),
        languages: BTreeSet::from([of(pick(&["en", "az", "ru"], n / 2))]),
        markets: BTreeSet::from([of("AZ")]),
        ..MandateContent::default()
    }
}

fn pick<T: Clone>(from: &[T], n: u32) -> T {
    let place = n as usize % from.len();
    from.get(place).cloned().expect("in range")
}
