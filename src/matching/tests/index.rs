//! The index against the reference: the same lists, scores and accounts, over
//! random corpora, rules, updates and filters. `--nocapture` prints how much
//! was compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::corpus::{Dice, TAGS, random_mandate, random_pair, random_startup};
use super::*;
use crate::domain::ids::{OrganizationId, StartupProfileId};
use crate::domain::revealed::{Likeness, Memory, Observation, ObservedFact, Revealed, Signal};
use crate::domain::scoring::{Reason, ReasonKey, WHOLE};
use crate::matching::index::{Cleared, Index, MandateEntry, Snapshot, StartupEntry};
use crate::matching::past::Past;
use crate::matching::reference::{Filter, mandates_for, startups_for};
use crate::matching::rules::validate;

/// How much was compared.
#[derive(Debug, Default)]
struct Count {
    corpora: u64,
    updates: u64,
    questions: u64,
    answers: u64,
    bytes: usize,
}

/// What some of the investors did, by lot.
#[derive(Debug)]
struct Acts {
    seed: u128,
    /// One of so many did something.
    one_in: u128,
}

impl Acts {
    fn mixed(&self, startup: u128, investor: u128) -> u128 {
        (startup * 31 + investor * 17 + self.seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 7
    }
}

impl Past for Acts {
    fn knows(&self, investor: OrganizationId) -> bool {
        self.mixed(0, investor.uuid().as_u128())
            .is_multiple_of(self.one_in)
    }

    fn value(&self, startup: StartupProfileId, investor: OrganizationId) -> Option<i64> {
        let mixed = self.mixed(startup.uuid().as_u128(), investor.uuid().as_u128());
        let value = i64::try_from(mixed % 10_001).expect("few");
        (self.knows(investor) && !mixed.is_multiple_of(7)).then_some(value)
    }

    fn observation(&self, startup: StartupProfileId, of: OrganizationId) -> Option<Observation> {
        let facts = vec![ObservedFact {
            signal: Signal::Pace,
            statistic: self.value(startup, of),
            reason: Reason::plain(ReasonKey::RevealedUntold),
        }];
        self.knows(of).then_some(Observation { as_of: 7, facts })
    }
}

/// Both sides by number, with what is known of each number's pairs.
#[derive(Clone)]
struct Records {
    startups: BTreeMap<usize, Arc<StartupEntry>>,
    mandates: BTreeMap<usize, Arc<MandateEntry>>,
    known: Vec<PairFacts>,
    /// Numbers are below this.
    most: usize,
}

const MOST: usize = 90;

impl Records {
    fn random(dice: &mut Dice) -> Self {
        let [startups, mandates] = [(); 2].map(|()| dice.below(MOST));
        Self::numbered(dice, startups, mandates, MOST)
    }

    /// So many of each, less those that aren't admitted.
    fn numbered(dice: &mut Dice, startups: usize, mandates: usize, most: usize) -> Self {
        let mut records = Self {
            startups: BTreeMap::new(),
            mandates: BTreeMap::new(),
            known: (0..MOST).map(|_| random_pair(dice)).collect(),
            most,
        };
        for n in 0..startups {
            records
                .startups
                .extend(startup(dice, n).map(|entry| (n, entry)));
        }
        for n in 0..mandates {
            records
                .mandates
                .extend(mandate(dice, n).map(|entry| (n, entry)));
        }
        records
    }

    fn known(&self, startup: Uuid, mandate: Uuid) -> PairFacts {
        let place = (startup.as_u128() * 7 + mandate.as_u128() * 13) % MOST as u128;
        let place = usize::try_from(place).expect("few");
        *self.known.get(place).expect("in range")
    }

    fn index(&self, taxonomy: Taxonomy, room: u16) -> Index {
        Index::with_room(
            Arc::new(taxonomy),
            self.startups.values().cloned().collect(),
            self.mandates.values().cloned().collect(),
            room,
            |_| (),
        )
    }
}

fn cleared(verdict: ClearanceVerdict, dice: &mut Dice) -> Option<Cleared> {
    let valid_to = days_from_today(if dice.one_in(8) { -1 } else { 30 });
    (!dice.one_in(9)).then_some(Cleared { verdict, valid_to })
}

/// None when it isn't admitted: such a record is no candidate.
fn startup(dice: &mut Dice, n: usize) -> Option<Arc<StartupEntry>> {
    let mut world = random_startup(dice, n);
    if dice.one_in(10) {
        // Words that no mandate and no taxonomy knows.
        world.profile.content.technologies = set(&["forgotten", "drip"]);
        world.profile.content.deal_intents.insert(slug("barter"));
    }
    Some(Arc::new(StartupEntry {
        cleared: cleared(world.startup_clearance, dice),
        frozen: world.frozen.0,
        released: world.released,
        profile: world.profile,
    }))
    .filter(|_| world.admitted.0)
}

fn mandate(dice: &mut Dice, n: usize) -> Option<Arc<MandateEntry>> {
    let mut world = random_mandate(dice, n);
    if dice.one_in(10) {
        world.mandate.content.tags.insert(slug("forgotten"), 2);
        world.mandate.content.excluded_tags = set(&["lost"]);
    }
    Some(Arc::new(MandateEntry {
        cleared: cleared(world.investor_clearance, dice),
        frozen: world.frozen.1,
        mandate: world.mandate,
    }))
    .filter(|_| world.admitted.1)
}

/// A whole cut into weights, some of them nought.
fn weights(dice: &mut Dice) -> BTreeMap<Factor, i64> {
    let shares: Vec<i64> = Factor::ALL
        .iter()
        .map(|_| if dice.one_in(5) { 0 } else { bp(dice) })
        .collect();
    let sum: i64 = shares.iter().sum::<i64>().max(1);
    let mut weights: BTreeMap<Factor, i64> = Factor::ALL
        .iter()
        .zip(shares)
        .map(|(factor, share)| (*factor, share * WHOLE / sum))
        .collect();
    let rest = WHOLE - weights.values().sum::<i64>();
    *weights.entry(Factor::Tags).or_default() += rest;
    weights
}

fn bp(dice: &mut Dice) -> i64 {
    i64::try_from(dice.below(10_001)).expect("few")
}

fn sorted<const N: usize>(dice: &mut Dice) -> [i64; N] {
    let mut values = [0; N].map(|_: i64| bp(dice));
    values.sort_unstable();
    values
}

fn random_curve(dice: &mut Dice, xs: [i64; 4], up: bool) -> Curve {
    let mut ys: [i64; 4] = sorted(dice);
    if !up {
        ys.reverse();
    }
    Curve::new(xs.into_iter().zip(ys).collect()).expect("ascending")
}

fn random_roles(dice: &mut Dice) -> RoleValues {
    let [lead, co, follow, any] = [0; 4].map(|_: i64| bp(dice));
    RoleValues {
        lead,
        co,
        follow,
        any,
    }
}

/// The least that a rule set which counts past deals must say of them.
fn revealed() -> Revealed {
    let curve = Curve::new(vec![(0, 0), (1_000, WHOLE)]).expect("ascending");
    Revealed {
        weights: [(Signal::Pace, WHOLE)].into_iter().collect(),
        curves: [(Signal::Pace, curve)].into_iter().collect(),
        memory: Memory {
            half_life_days: 730,
            pace_half_life_days: 180,
            activity_half_life_days: 365,
            later_round: 5_000,
            crowd_deals: 100,
            count_floor: 100,
            alike_floor: 100,
            size_width: 700,
            half_trust_deals: 0,
        },
        likeness: Likeness::default(),
    }
}

fn random_rules(dice: &mut Dice) -> RuleSet {
    let [sibling, child, parent, same] = sorted(dice);
    let [market_present, market_opened] = sorted(dice);
    let rarity: BTreeSet<Slug> = dice.some(TAGS, 6);
    RuleSet {
        weights: weights(dice),
        max_stage_distance: i64::try_from(dice.below(5)).expect("few"),
        tag_values: TagValues {
            same,
            parent,
            child,
            sibling,
        },
        tag_weights: sorted(dice),
        primary_times: 1 + i64::try_from(dice.below(9)).expect("few"),
        rarity: rarity
            .into_iter()
            .map(|tag| (tag, 1 + 7 * bp(dice)))
            .collect(),
        stage: random_curve(dice, [0, 1, 2, 4], false),
        cheque: random_curve(dice, [0, 1_000, 2_500, 9_000], true),
        cheque_flexible: bp(dice),
        market_opened,
        market_present,
        lead_wanted: random_roles(dice),
        lead_not_wanted: random_roles(dice),
        language_common: bp(dice),
        recency: random_curve(dice, [0, 20, 80, 200], false),
        revealed: Some(revealed()),
        ..rules()
    }
}

/// The setting of one corpus.
fn random_base(dice: &mut Dice) -> World {
    World::with(|world| {
        world.rates = (!dice.one_in(4)).then(corpus::rates);
        if !dice.one_in(4) {
            world.rules = random_rules(dice);
        }
        if dice.one_in(4) {
            let scope: BTreeSet<Slug> = dice.some(TAGS, 3);
            world.programme.details.scope_tags = scope.into_iter().collect();
        }
        if dice.one_in(4) {
            world.programme.details.corridors.push(Corridor {
                startup: country("GE"),
                investor: country("GE"),
            });
        }
        if dice.one_in(30) {
            world.programme.status = ProgrammeStatus::Suspended;
        }
    })
}

fn random_filter(dice: &mut Dice) -> Filter {
    Filter {
        undecided: !dice.one_in(3),
        eligible: !dice.one_in(4),
        min_score: if dice.one_in(4) { bp(dice) } else { 0 },
        min_confidence: if dice.one_in(4) { bp(dice) } else { 0 },
    }
}

/// Asks both for every startup and every mandate.
fn compare(
    dice: &mut Dice,
    base: &World,
    records: &Records,
    snapshot: &Snapshot,
    count: &mut Count,
) -> Result<(), TestCaseError> {
    compare_some(dice, base, records, (snapshot, usize::MAX), count)
}

/// Asks both for so many startups and mandates.
fn compare_some(
    dice: &mut Dice,
    base: &World,
    records: &Records,
    (snapshot, asking): (&Snapshot, usize),
    count: &mut Count,
) -> Result<(), TestCaseError> {
    let acts = Acts {
        seed: dice.below(1_000) as u128,
        one_in: dice.pick(&[1, 2, 5, 20]),
    };
    let mut setting = base.setting();
    if dice.one_in(3) {
        setting.past = Some(&acts);
    }
    let desk = snapshot.desk(&setting);
    let day = today();
    for entry in records.startups.values().take(asking) {
        let (k, filter) = (dice.below(25), random_filter(dice));
        let facts = entry.facts(day);
        let pair = |mandate: &Mandate| records.known(entry.profile.id.uuid(), mandate.id.uuid());
        let candidates: Vec<_> = records
            .mandates
            .values()
            .map(|other| (other.facts(day), pair(&other.mandate)))
            .collect();
        let expected = mandates_for(&setting, &facts, &candidates, k, &filter);
        same(
            &desk.mandates_for(&facts, pair, k, &filter),
            &expected,
            count,
        )?;
    }
    for entry in records.mandates.values().take(asking) {
        let (k, filter) = (dice.below(25), random_filter(dice));
        let facts = entry.facts(day);
        let pair =
            |profile: &StartupProfile| records.known(profile.id.uuid(), entry.mandate.id.uuid());
        let candidates: Vec<_> = records
            .startups
            .values()
            .map(|other| (other.facts(day), pair(&other.profile)))
            .collect();
        let expected = startups_for(&setting, &facts, &candidates, k, &filter);
        same(
            &desk.startups_for(&facts, pair, k, &filter),
            &expected,
            count,
        )?;
    }
    Ok(())
}

fn same(
    found: &[Explanation],
    expected: &[Explanation],
    count: &mut Count,
) -> Result<(), TestCaseError> {
    let bytes = format!("{found:?}").into_bytes();
    prop_assert_eq!(found, expected);
    prop_assert_eq!(&bytes, &format!("{expected:?}").into_bytes());
    count.questions += 1;
    count.answers += found.len() as u64;
    count.bytes += bytes.len();
    Ok(())
}

/// One change of the records, in both.
fn change(dice: &mut Dice, records: &mut Records, index: &mut Index) {
    let n = dice.below(records.most);
    let gone = dice.one_in(4);
    if dice.one_in(2) {
        if let Some(entry) = startup(dice, n).filter(|_| !gone) {
            records.startups.insert(n, Arc::clone(&entry));
            index.put_startup(entry);
        } else {
            let id = Uuid::from_u128(1_000 + n as u128).into();
            let was = records.startups.remove(&n);
            let live = was.is_some_and(|was| was.profile.status == ProfileStatus::Published);
            assert_eq!(index.remove_startup(id), live);
        }
    } else if let Some(entry) = mandate(dice, n).filter(|_| !gone) {
        records.mandates.insert(n, Arc::clone(&entry));
        index.put_mandate(entry);
    } else {
        let id = Uuid::from_u128(2_000 + n as u128).into();
        let was = records.mandates.remove(&n);
        let live = was.is_some_and(|was| was.mandate.status == MandateStatus::Published);
        assert_eq!(index.remove_mandate(id), live);
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    })
}

#[test]
fn the_index_gives_what_the_reference_gives() {
    let count = std::cell::RefCell::new(Count::default());
    let checked = runner(60).run(&any::<u64>(), |seed| {
        let mut count = count.borrow_mut();
        let mut dice = Dice::new(seed);
        let base = random_base(&mut dice);
        prop_assert_eq!(validate(&base.rules, &base.taxonomy), Ok(()));
        let records = Records::random(&mut dice);
        // Dictionaries without room leave the record to the reference.
        let room = dice.pick(&[60_000, 60_000, 4, 0]);
        let index = records.index(taxonomy(), room);
        compare(&mut dice, &base, &records, &index.snapshot(), &mut count)?;
        count.corpora += 1;
        Ok(())
    });
    println!("built: {:?}", count.into_inner());
    checked.expect("the index differs from the reference");
}

#[test]
fn changes_reach_the_index_and_leave_snapshots_alone() {
    let count = std::cell::RefCell::new(Count::default());
    let checked = runner(40).run(&any::<u64>(), |seed| {
        let mut count = count.borrow_mut();
        let mut dice = Dice::new(seed);
        let base = random_base(&mut dice);
        let mut records = Records::random(&mut dice);
        let mut index = records.index(taxonomy(), dice.pick(&[60_000, 5]));
        let (before, snapshot) = (records.clone(), index.snapshot());
        for _ in 0..dice.below(120) {
            change(&mut dice, &mut records, &mut index);
            // Each change is made beside a reader, as in a server.
            drop(index.snapshot());
            count.updates += 1;
        }
        if dice.one_in(3) {
            index = index.rebuilt();
        }
        compare(&mut dice, &base, &records, &index.snapshot(), &mut count)?;
        compare(&mut dice, &base, &before, &snapshot, &mut count)?;
        count.corpora += 1;
        Ok(())
    });
    println!("changed: {:?}", count.into_inner());
    checked.expect("the index differs from the reference");
}

/// Windows of 4 096 slots, several of them: some are made at once, some grow
/// out of others. Few startups ask, because the reference looks at everything.
#[test]
fn the_index_gives_what_the_reference_gives_over_several_windows() {
    let count = std::cell::RefCell::new(Count::default());
    let checked = runner(2).run(&any::<u64>(), |seed| {
        let mut count = count.borrow_mut();
        let mut dice = Dice::new(seed);
        let base = random_base(&mut dice);
        let (startups, mandates) = (4_500 + dice.below(500), 6_000 + dice.below(4_000));
        let mut records = Records::numbered(&mut dice, startups, mandates, mandates);
        let mut index = records.index(taxonomy(), dice.pick(&[60_000, 60_000, 40]));
        for _ in 0..900 {
            change(&mut dice, &mut records, &mut index);
            count.updates += 1;
        }
        let snapshot = index.snapshot();
        compare_some(&mut dice, &base, &records, (&snapshot, 6), &mut count)?;
        let again = index.rebuilt().snapshot();
        compare_some(&mut dice, &base, &records, (&again, 3), &mut count)?;
        count.corpora += 1;
        Ok(())
    });
    println!("several windows: {:?}", count.into_inner());
    checked.expect("the index differs from the reference");
}
