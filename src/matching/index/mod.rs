//! The exact best `k` at once, both ways, over records held in process.
//!
//! | module | what |
//! |---|---|
//! | `store` | blocks of 64 slots, shared between the writer and its readers |
//! | `slab` | the records, each once |
//! | `vocabulary` | words as small numbers, and the dictionaries of columns |
//! | `mandates`, `startups` | each side's columns, and the other's question to them |
//! | `values` | what both directions have in common |
//! | `table` | a question compiled: what each code of a column is worth |
//! | `search` | the walk from the highest bound down |
//!
//! Every column holds codes of a dictionary: distinct cheques, sets of
//! markets, terms and so on are few, however many records there are. A
//! question asks each distinct key once, with the gates and factors of the
//! reference, and then only adds up. What depends on the pair alone (blocks,
//! cool-downs, releases) is asked for the few records that would enter the
//! list, through a closure. What a column has no room for is scored by the
//! reference itself, so nothing is ever approximate.
//!
//! A further factor is one more column on either side (its key, and what a key
//! is worth to a question), and one more line in the `Plan`.
//!
//! The rule set must be valid ([`super::rules::validate`]): sums are kept in 32
//! bits, which weights of a whole and values of a whole fit.

mod mandates;
mod past;
mod search;
mod slab;
mod startups;
mod store;
mod table;
mod values;
mod vocabulary;

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};

pub use self::mandates::MandateEntry;
use self::search::{Doubt, Hit, Judge};
pub use self::startups::StartupEntry;
use self::store::{Record, Shelf, Stock};
use self::table::Worth;
pub use self::values::Cleared;
use self::vocabulary::Vocabulary;
use super::facts::{MandateFacts, Pair, PairFacts, Setting, StartupFacts};
use super::own::Own;
use super::reference::Filter;
use super::score::{Numbers, explain, explain_pair, judge};
use crate::domain::ids::{MandateId, StartupProfileId};
use crate::domain::mandate::{Mandate, MandateStatus};
use crate::domain::profile::{ProfileStatus, StartupProfile};
use crate::domain::scoring::{Explanation, Outcome, RuleSet, WHOLE};
use crate::domain::tag::Taxonomy;

/// Keys that a column's dictionary has room for.
const ROOM: u16 = 60_000;

/// Replaced records after which putting everything in order again pays, as a
/// share of the live ones (one in so many), and at least.
const WORN_SHARE: usize = 8;
const WORN_LEAST: usize = 4_096;

fn is_live_startup(profile: &StartupProfile) -> bool {
    profile.status == ProfileStatus::Published
}

/// The index of one programme, as its one writer has it.
#[derive(Debug)]
pub struct Index {
    taxonomy: Arc<Taxonomy>,
    room: u16,
    words: Vocabulary,
    of_mandates: mandates::Columns,
    of_startups: startups::Columns,
    mandates: Shelf<{ mandates::SCORED }, { mandates::MASKS }, { mandates::GATES }, MandateEntry>,
    startups: Shelf<{ startups::SCORED }, { startups::MASKS }, { startups::GATES }, StartupEntry>,
}

impl Index {
    /// An index of what a programme has admitted. `progress` is told how many
    /// records are done.
    pub fn build(
        taxonomy: Arc<Taxonomy>,
        startups: Vec<Arc<StartupEntry>>,
        mandates: Vec<Arc<MandateEntry>>,
        progress: impl FnMut(usize),
    ) -> Self {
        Self::with_room(taxonomy, startups, mandates, ROOM, progress)
    }

    /// The same with room for so many keys in each dictionary.
    pub(super) fn with_room(
        taxonomy: Arc<Taxonomy>,
        startups: Vec<Arc<StartupEntry>>,
        mandates: Vec<Arc<MandateEntry>>,
        room: u16,
        mut progress: impl FnMut(usize),
    ) -> Self {
        const STEP: usize = 8_192;
        let mut words = Vocabulary::new(&taxonomy);
        let mut of_mandates = mandates::Columns::new(room);
        let mut of_startups = startups::Columns::new(room);
        let mut done = 0;
        let mut step = || {
            done += 1;
            if done % STEP == 0 {
                progress(done);
            }
        };
        let mandates = mandates
            .into_iter()
            .inspect(|_| step())
            .filter(|entry| entry.mandate.status == MandateStatus::Published)
            .map(|entry| (of_mandates.encode(&mut words, &entry), entry))
            .collect();
        let startups = startups
            .into_iter()
            .inspect(|_| step())
            .filter(|entry| is_live_startup(&entry.profile))
            .map(|entry| (of_startups.encode(&mut words, &taxonomy, &entry), entry))
            .collect();
        Self {
            mandates: Shelf::new(mandates),
            startups: Shelf::new(startups),
            words,
            taxonomy,
            room,
            of_mandates,
            of_startups,
        }
    }

    /// Takes in a mandate as it is now. One that isn't published can't match
    /// anything, so it is taken out instead.
    pub fn put_mandate(&mut self, entry: Arc<MandateEntry>) {
        self.remove_mandate(entry.mandate.id);
        if entry.mandate.status == MandateStatus::Published {
            let encoded = self.of_mandates.encode(&mut self.words, &entry);
            self.mandates.put(&encoded, entry);
        }
    }

    /// Takes in a startup as it is now, or out when it isn't published.
    pub fn put_startup(&mut self, entry: Arc<StartupEntry>) {
        self.remove_startup(entry.profile.id);
        if is_live_startup(&entry.profile) {
            let encoded = (self.of_startups).encode(&mut self.words, &self.taxonomy, &entry);
            self.startups.put(&encoded, entry);
        }
    }

    /// Takes a mandate out; false when it isn't here.
    pub fn remove_mandate(&mut self, id: MandateId) -> bool {
        let Some(entry) = self.mandates.get(id.uuid()) else {
            return false;
        };
        // The same record is encoded to the same codes: words only come in.
        let encoded = self.of_mandates.encode(&mut self.words, entry);
        self.mandates.remove(id.uuid(), &encoded);
        true
    }

    /// Takes a startup out; false when it isn't here.
    pub fn remove_startup(&mut self, id: StartupProfileId) -> bool {
        let Some(entry) = self.startups.get(id.uuid()) else {
            return false;
        };
        let encoded = (self.of_startups).encode(&mut self.words, &self.taxonomy, entry);
        self.startups.remove(id.uuid(), &encoded);
        true
    }

    /// A mandate that is here.
    pub fn mandate(&self, id: MandateId) -> Option<&Arc<MandateEntry>> {
        self.mandates.get(id.uuid())
    }

    /// A startup that is here.
    pub fn startup(&self, id: StartupProfileId) -> Option<&Arc<StartupEntry>> {
        self.startups.get(id.uuid())
    }

    /// Every mandate.
    pub fn mandates(&self) -> impl Iterator<Item = &Arc<MandateEntry>> {
        self.mandates.iter()
    }

    /// Every startup.
    pub fn startups(&self) -> impl Iterator<Item = &Arc<StartupEntry>> {
        self.startups.iter()
    }

    /// Whether so much has changed that putting everything in order again
    /// pays. Answers are exact either way.
    pub fn wants_rebuild(&self) -> bool {
        let worn = |worn: usize, len: usize| worn > WORN_LEAST.max(len / WORN_SHARE);
        worn(self.mandates.worn(), self.mandates.len())
            || worn(self.startups.worn(), self.startups.len())
    }

    /// Everything put in order again, which forgets what was replaced.
    #[must_use]
    pub fn rebuilt(&self) -> Self {
        Self::with_room(
            Arc::clone(&self.taxonomy),
            self.startups().cloned().collect(),
            self.mandates().cloned().collect(),
            self.room,
            |_| (),
        )
    }

    /// What readers see from now on. It never changes.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            words: self.words.clone(),
            mandates: self.mandates.stock(),
            mandate_keys: self.of_mandates.keys(),
            startups: self.startups.stock(),
            startup_keys: self.of_startups.keys(),
        }
    }

    /// Mandates and startups that are here.
    pub fn len(&self) -> (usize, usize) {
        (self.mandates.len(), self.startups.len())
    }

    /// Whether nothing is here.
    pub fn is_empty(&self) -> bool {
        self.len() == (0, 0)
    }

    /// Bytes that the index takes beside the records, for mandates and for
    /// startups.
    pub fn bytes(&self) -> (usize, usize) {
        (self.mandates.bytes(), self.startups.bytes())
    }
}

/// The index as of one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    words: Vocabulary,
    mandates: Stock<{ mandates::SCORED }, { mandates::MASKS }, { mandates::GATES }, MandateEntry>,
    mandate_keys: mandates::Keys,
    startups: Stock<{ startups::SCORED }, { startups::MASKS }, { startups::GATES }, StartupEntry>,
    startup_keys: startups::Keys,
}

/// One line of a ranking, without the account of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked<R> {
    /// The record.
    pub record: Arc<R>,
    /// What the order goes by.
    pub exact: i64,
}

/// A snapshot under one setting: what is the same for every question is made
/// once.
#[derive(Debug)]
pub struct Desk<'a> {
    snapshot: &'a Snapshot,
    setting: &'a Setting<'a>,
    rarity: Vec<i64>,
    cheques: Vec<Option<[i64; 2]>>,
    rounds: Vec<Option<[i64; 3]>>,
    /// The mandates of investors who did something before, once asked for:
    /// the same for every startup.
    acted: OnceLock<Vec<&'a Arc<MandateEntry>>>,
}

impl Snapshot {
    /// Every startup that is here.
    pub fn startups(&self) -> impl Iterator<Item = &StartupProfile> {
        past::here(&self.startups).map(|entry| &entry.profile)
    }

    /// Every mandate that is here.
    pub fn mandates(&self) -> impl Iterator<Item = &MandateEntry> {
        past::here(&self.mandates).map(AsRef::as_ref)
    }

    /// Opens the snapshot for questions in a setting.
    pub fn desk<'a>(&'a self, setting: &'a Setting<'a>) -> Desk<'a> {
        Desk {
            snapshot: self,
            setting,
            rarity: rarity(&self.words, setting.rules),
            cheques: self.mandate_keys.cents(setting.rates),
            rounds: self.startup_keys.cents(setting.rates),
            acted: OnceLock::new(),
        }
    }
}

/// How much each tag counts for being rare, by its number.
fn rarity(words: &Vocabulary, rules: &RuleSet) -> Vec<i64> {
    let mut rarity = vec![WHOLE; words.tags()];
    for (slug, share) in &rules.rarity {
        let number = words.tag(slug).map(usize::from);
        if let Some(place) = number.and_then(|number| rarity.get_mut(number)) {
            *place = *share;
        }
    }
    rarity
}

impl<'a> Desk<'a> {
    /// The `k` best mandates for a startup, best first: what
    /// [`super::reference::mandates_for`] gives over the same records. `known`
    /// says what is known of the startup and a mandate together.
    pub fn mandates_for(
        &self,
        startup: &StartupFacts<'_>,
        known: impl Fn(&Mandate) -> PairFacts,
        k: usize,
        filter: &Filter,
    ) -> Vec<Explanation> {
        let own = Own::new(self.setting, startup.profile);
        self.rank_mandates(startup, &known, k, filter)
            .into_iter()
            .map(|Ranked { record, .. }| {
                let facts = record.facts(self.setting.today);
                let known = known(&record.mandate);
                explain_pair(&Pair::with_own(
                    self.setting,
                    (startup, &own),
                    &facts,
                    &known,
                ))
            })
            .collect()
    }

    /// The same without the accounts.
    pub fn rank_mandates(
        &self,
        startup: &StartupFacts<'_>,
        known: impl Fn(&Mandate) -> PairFacts,
        k: usize,
        filter: &Filter,
    ) -> Vec<Ranked<MandateEntry>> {
        let Snapshot {
            words,
            mandates,
            mandate_keys,
            ..
        } = self.snapshot;
        let question = mandates::Question {
            setting: self.setting,
            startup,
            words,
            keys: mandate_keys,
            cents: &self.cheques,
            doubt_wanted: filter.undecided,
        };
        let Some(plan) = question.plan() else {
            return Vec::new();
        };
        let acted = self.setting.past;
        let own = OnceCell::new();
        let judge = Deciding {
            setting: self.setting,
            filter,
            known: |record: &MandateEntry| known(&record.mandate),
            reference: |record: &MandateEntry, known: &PairFacts| {
                let own = own.get_or_init(|| Own::new(self.setting, startup.profile));
                let facts = record.facts(self.setting.today);
                judge(&Pair::with_own(self.setting, (startup, own), &facts, known))
            },
            apart: |record: &MandateEntry| {
                acted.is_some_and(|past| past.knows(record.mandate.organization))
            },
        };
        let hits = search::best(mandates, &plan, &question.ask(), k, &judge);
        let by_columns = ranked(mandates, hits);
        if acted.is_none() {
            return by_columns;
        }
        judge.with_apart(by_columns, self.acted().iter().copied(), k)
    }

    fn acted(&self) -> &[&'a Arc<MandateEntry>] {
        self.acted.get_or_init(|| {
            let Some(past) = self.setting.past else {
                return Vec::new();
            };
            past::here(&self.snapshot.mandates)
                .filter(|entry| past.knows(entry.mandate.organization))
                .collect()
        })
    }

    /// The `k` best startups for a mandate, best first: what
    /// [`super::reference::startups_for`] gives over the same records.
    pub fn startups_for(
        &self,
        mandate: &MandateFacts<'_>,
        known: impl Fn(&StartupProfile) -> PairFacts,
        k: usize,
        filter: &Filter,
    ) -> Vec<Explanation> {
        self.rank_startups(mandate, &known, k, filter)
            .into_iter()
            .map(|Ranked { record, .. }| {
                let facts = record.facts(self.setting.today);
                explain(self.setting, &facts, mandate, &known(&record.profile))
            })
            .collect()
    }

    /// The same without the accounts.
    pub fn rank_startups(
        &self,
        mandate: &MandateFacts<'_>,
        known: impl Fn(&StartupProfile) -> PairFacts,
        k: usize,
        filter: &Filter,
    ) -> Vec<Ranked<StartupEntry>> {
        let Snapshot {
            words,
            startups,
            startup_keys,
            ..
        } = self.snapshot;
        let question = startups::Question {
            setting: self.setting,
            mandate,
            words,
            keys: startup_keys,
            cents: &self.rounds,
            rarity: &self.rarity,
            doubt_wanted: filter.undecided,
        };
        let Some(plan) = question.plan() else {
            return Vec::new();
        };
        let investor = mandate.mandate.organization;
        let acted = (self.setting.past).is_some_and(|past| past.knows(investor));
        let judge = Deciding {
            setting: self.setting,
            filter,
            known: |record: &StartupEntry| known(&record.profile),
            reference: |record: &StartupEntry, known: &PairFacts| {
                let facts = record.facts(self.setting.today);
                judge(&Pair::new(self.setting, &facts, mandate, known))
            },
            apart: |_: &StartupEntry| acted,
        };
        if acted {
            return judge.with_apart(Vec::new(), past::here(startups), k);
        }
        let hits = search::best(startups, &plan, &question.ask(), k, &judge);
        ranked(startups, hits)
    }
}

/// What the columns don't know: the filter, and the pair.
struct Deciding<'a, K, F, A> {
    setting: &'a Setting<'a>,
    filter: &'a Filter,
    known: K,
    reference: F,
    /// Whether what an investor did before counts for a record, which no
    /// column knows.
    apart: A,
}

impl<K, F, A> Deciding<'_, K, F, A> {
    /// What the columns gave, and the records that they don't know.
    fn with_apart<'r, R: Record + 'r>(
        &self,
        by_columns: Vec<Ranked<R>>,
        left: impl Iterator<Item = &'r Arc<R>>,
        k: usize,
    ) -> Vec<Ranked<R>>
    where
        K: Fn(&R) -> PairFacts,
        F: Fn(&R, &PairFacts) -> Option<(Outcome, Numbers)>,
    {
        let judge = |record: &R| (self.reference)(record, &(self.known)(record));
        past::merge(by_columns, left, judge, self.filter, k)
    }
}

impl<R, K, F, A> Judge<R> for Deciding<'_, K, F, A>
where
    K: Fn(&R) -> PairFacts,
    F: Fn(&R, &PairFacts) -> Option<(Outcome, Numbers)>,
    A: Fn(&R) -> bool,
{
    fn wants(&self, sum: &Worth) -> bool {
        // What may be released for the counterpart may turn out either way.
        let outcome = if sum.doubt || sum.sensitive && !self.filter.eligible {
            Outcome::NeedsReview
        } else {
            Outcome::Eligible
        };
        let all = self.setting.rules.weights.values().sum();
        let numbers = Numbers::from_sums(i64::from(sum.points), i64::from(sum.known), all);
        self.filter.wants(outcome, &numbers)
    }

    fn refer(&self, record: &R) -> Option<i64> {
        if (self.apart)(record) {
            return None;
        }
        let (outcome, numbers) = (self.reference)(record, &(self.known)(record))?;
        (self.filter.wants(outcome, &numbers)).then_some(numbers.exact)
    }

    fn admits(&self, record: &R, doubt: Doubt) -> bool {
        let known = (self.known)(record);
        let today = self.setting.today;
        let suppressed = known.suppressed_until.is_some_and(|day| today < day);
        let waits = doubt.waits || doubt.sensitive && !known.sensitivity_released;
        let wanted = if waits {
            self.filter.undecided
        } else {
            self.filter.eligible
        };
        wanted && !known.conflict && !suppressed && !(self.apart)(record)
    }
}

fn ranked<const C: usize, const M: usize, const G: usize, R: Record>(
    stock: &Stock<C, M, G, R>,
    hits: Vec<Hit>,
) -> Vec<Ranked<R>> {
    hits.into_iter()
        .filter_map(|hit| {
            Some(Ranked {
                record: Arc::clone(&stock.records.get(hit.handle)?.record),
                exact: hit.exact.0,
            })
        })
        .collect()
}
