//! The measurement itself.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use cpu_time::{ProcessTime, ThreadTime};
use uuid::Uuid;

use super::naive::Naive;
use super::past::Acts;
use super::report::{Figures, micros, percentile};
use super::{Failure, MatchingArgs};
use crate::config::scoring;
use crate::domain::mandate::Mandate;
use crate::domain::money::Rates;
use crate::domain::profile::StartupProfile;
use crate::domain::programme::Programme;
use crate::domain::scoring::{Factor, RuleSet};
use crate::domain::tag::Taxonomy;
use crate::matching::facts::{PairFacts, Setting};
use crate::matching::index::{Desk, Index, MandateEntry, Snapshot, StartupEntry};
use crate::matching::reference::{self, Filter};
use crate::matching::synthetic::{self, Market};

/// Numbers of the startups that ask lie above those in the market, so that no
/// tuning has seen them.
const ASKING: u64 = 1 << 40;
/// Mandates of the lists that are held to the reference, which is slow.
const REFERENCE_PAIRS: u64 = 2_000_000;
/// Changes that are measured.
const UPDATES: u64 = 2_000;
/// Questions by rules that count what investors did before.
const PAST_QUESTIONS: usize = 50;
/// What that weighs, in bp, at the cost of the tags.
const PAST_WEIGHT: i64 = 1_000;
/// How long all cores answer.
const RUSH: Duration = Duration::from_secs(2);

pub(super) struct Bench {
    args: MatchingArgs,
    market: Market,
    today: NaiveDate,
    taxonomy: Arc<Taxonomy>,
    rules: RuleSet,
    programme: Programme,
    rates: Rates,
}

impl Bench {
    pub(super) fn new(args: &MatchingArgs) -> Result<Self, Failure> {
        let today = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap_or_default();
        let taxonomy = synthetic::taxonomy();
        let rules = scoring::parse(scoring::DEFAULT, Uuid::nil().into())
            .map_err(|error| Failure::new(format!("scoring.toml: {error}")))?;
        let rules = synthetic::with_rarity(rules, &taxonomy);
        let programme = synthetic::programme(&rules, today)
            .ok_or_else(|| Failure::new("the invented programme is damaged"))?;
        Ok(Self {
            args: args.clone(),
            market: Market::new(args.seed, today),
            today,
            taxonomy: Arc::new(taxonomy),
            rules,
            programme,
            rates: synthetic::rates(today),
        })
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            programme: &self.programme,
            rules: &self.rules,
            taxonomy: &self.taxonomy,
            rates: Some(&self.rates),
            today: self.today,
            past: None,
        }
    }

    fn top(&self) -> usize {
        usize::try_from(self.args.top).unwrap_or(20)
    }

    fn known_to(&self, startup: &StartupEntry) -> impl Fn(&Mandate) -> PairFacts {
        let startup = startup.profile.organization.uuid();
        move |mandate| self.market.known(startup, mandate.organization.uuid())
    }

    fn known_of(&self, mandate: &MandateEntry) -> impl Fn(&StartupProfile) -> PairFacts {
        let investor = mandate.mandate.organization.uuid();
        move |profile| self.market.known(profile.organization.uuid(), investor)
    }

    pub(super) fn run(&self) -> Figures {
        let count = self.args.mandates;
        let mandates: Vec<Arc<MandateEntry>> = (0..count)
            .map(|n| Arc::new(self.market.mandate(n, 0)))
            .collect();
        // The other direction is measured on as many startups, a tenth at
        // most when nobody asked for everything.
        let startups = if self.args.cross { count } else { count / 10 };
        let startups: Vec<Arc<StartupEntry>> = (0..startups)
            .map(|n| Arc::new(self.market.startup(n, 0)))
            .collect();
        let asking: Vec<StartupEntry> = (0..self.args.queries)
            .map(|n| self.market.startup(ASKING + n, 0))
            .collect();

        let mut figures = Figures {
            mandates: count,
            queries: self.args.queries,
            top: self.args.top,
            seed: self.args.seed,
            naive_bytes_per_mandate: Naive::bytes_per_mandate() as u64,
            ..Figures::default()
        };
        let begin = Instant::now();
        let mut index = Index::build(
            Arc::clone(&self.taxonomy),
            Vec::new(),
            mandates.clone(),
            |_| (),
        );
        figures.build_s = begin.elapsed().as_secs_f64();
        for startup in &startups {
            index.put_startup(Arc::clone(startup));
        }
        let index = index.rebuilt();
        let (of_mandates, of_startups) = index.bytes();
        let (many, others) = index.len();
        figures.bytes_per_mandate = ratio(of_mandates, many);
        figures.bytes_per_startup = ratio(of_startups, others);

        let setting = self.setting();
        let snapshot = index.snapshot();
        let desk = snapshot.desk(&setting);
        self.one_by_one(&mut figures, &setting, &desk, &mandates, &asking);
        self.backwards(&mut figures, &desk);
        self.revealed(&mut figures, &snapshot, &mandates, &asking);
        self.rush(&mut figures, &desk, &asking);
        if self.args.cross {
            self.cross(&mut figures, &desk, &startups, &mandates);
        }
        drop(snapshot);
        self.updates(&mut figures, index);
        figures
    }

    /// The scan and the index, in turn about the same startups.
    fn one_by_one(
        &self,
        figures: &mut Figures,
        setting: &Setting<'_>,
        desk: &Desk<'_>,
        mandates: &[Arc<MandateEntry>],
        asking: &[StartupEntry],
    ) {
        let (k, filter) = (self.top(), Filter::default());
        let mut naive = Naive::new(setting, mandates);
        let [mut scan, mut ranking, mut explaining] = [(); 3].map(|()| Vec::new());
        let checked = (REFERENCE_PAIRS / self.args.mandates).max(2);
        for (number, entry) in (0..).zip(asking) {
            let startup = entry.facts(self.today);
            let known = self.known_to(entry);
            let firm = entry.profile.organization.uuid();
            let pair = |investor| self.market.known(firm, investor);
            let (plain, time) = timed(|| naive.best(setting, &startup, pair, k));
            scan.push(time);
            let (ranked, time) = timed(|| desk.rank_mandates(&startup, &known, k, &filter));
            ranking.push(time);
            let (explained, time) = timed(|| desk.mandates_for(&startup, &known, k, &filter));
            explaining.push(time);

            let scanned = plain.iter().map(|answer| (answer.id, answer.exact.0));
            let found = ranked
                .iter()
                .map(|one| (one.record.mandate.id.uuid(), one.exact));
            let told = explained
                .iter()
                .map(|one| (one.mandate.0.uuid(), one.exact));
            figures.compared += plain.len() as u64;
            if !scanned.clone().eq(found) || !scanned.eq(told) {
                figures.mismatches += 1;
            }
            if number < checked {
                let candidates: Vec<_> = mandates
                    .iter()
                    .map(|entry| (entry.facts(self.today), known(&entry.mandate)))
                    .collect();
                let specified = reference::mandates_for(setting, &startup, &candidates, k, &filter);
                figures.compared_with_reference += 1;
                if specified != explained {
                    figures.mismatches += 1;
                }
            }
        }
        let all = [&scan, &ranking, &explaining];
        figures.cpu_s = all.into_iter().flatten().sum::<Duration>().as_secs_f64();
        figures.naive_p50_us = micros(percentile(&mut scan, 50));
        figures.naive_p99_us = micros(percentile(&mut scan, 99));
        figures.index_p50_us = micros(percentile(&mut ranking, 50));
        figures.index_p99_us = micros(percentile(&mut ranking, 99));
        figures.explained_p50_us = micros(percentile(&mut explaining, 50));
        figures.explained_p99_us = micros(percentile(&mut explaining, 99));
        figures.ratio = figures.naive_p50_us / figures.index_p50_us;
        figures.explained_ratio = figures.naive_p50_us / figures.explained_p50_us;
    }

    /// The best mandates by rules that also count what investors did before,
    /// of which some did something.
    fn revealed(
        &self,
        figures: &mut Figures,
        snapshot: &Snapshot,
        mandates: &[Arc<MandateEntry>],
        asking: &[StartupEntry],
    ) {
        let acts = Acts::of_one_in(self.args.acted);
        let rules = counting_the_past(&self.rules);
        let setting = Setting {
            rules: &rules,
            past: Some(&acts),
            ..self.setting()
        };
        let desk = snapshot.desk(&setting);
        let (k, filter) = (self.top(), Filter::default());
        let checked = (REFERENCE_PAIRS / self.args.mandates).clamp(2, 20);
        let mut ranking = Vec::new();
        // Slower than the rest, and no less telling on fewer questions.
        let few = asking.iter().take(PAST_QUESTIONS);
        for (number, entry) in (0..).zip(few) {
            let startup = entry.facts(self.today);
            let known = self.known_to(entry);
            let (ranked, time) = timed(|| desk.rank_mandates(&startup, &known, k, &filter));
            ranking.push(time);
            if number < checked {
                let candidates: Vec<_> = mandates
                    .iter()
                    .map(|entry| (entry.facts(self.today), known(&entry.mandate)))
                    .collect();
                let specified =
                    reference::mandates_for(&setting, &startup, &candidates, k, &filter);
                let found = ranked.iter().map(|one| (one.record.mandate.id, one.exact));
                let specified = specified.iter().map(|one| (one.mandate.0, one.exact));
                figures.compared_with_reference += 1;
                if !found.eq(specified) {
                    figures.mismatches += 1;
                }
            }
        }
        figures.revealed_p50_us = micros(percentile(&mut ranking, 50));
        figures.revealed_p99_us = micros(percentile(&mut ranking, 99));
        figures.revealed_one_in = self.args.acted;
    }

    /// The best startups for mandates that are not in the market.
    fn backwards(&self, figures: &mut Figures, desk: &Desk<'_>) {
        let (k, filter) = (self.top(), Filter::default());
        let [mut ranking, mut explaining] = [(); 2].map(|()| Vec::new());
        for n in 0..self.args.queries {
            let entry = self.market.mandate(ASKING + n, 0);
            let mandate = entry.facts(self.today);
            let known = self.known_of(&entry);
            let (_, time) = timed(|| desk.rank_startups(&mandate, &known, k, &filter));
            ranking.push(time);
            let (_, time) = timed(|| desk.startups_for(&mandate, &known, k, &filter));
            explaining.push(time);
        }
        figures.reverse_p50_us = micros(percentile(&mut ranking, 50));
        figures.reverse_explained_p50_us = micros(percentile(&mut explaining, 50));
    }

    /// Explained answers on all cores for a while.
    fn rush(&self, figures: &mut Figures, desk: &Desk<'_>, asking: &[StartupEntry]) {
        let (k, filter) = (self.top(), Filter::default());
        let cores = cores();
        let begin = Instant::now();
        let answered: u64 = thread::scope(|scope| {
            let workers: Vec<_> = (0..cores)
                .map(|core| {
                    scope.spawn(move || {
                        let mut answered = 0;
                        for entry in asking.iter().cycle().skip(core * 7) {
                            if begin.elapsed() > RUSH {
                                break;
                            }
                            let startup = entry.facts(self.today);
                            black_box(desk.mandates_for(
                                &startup,
                                self.known_to(entry),
                                k,
                                &filter,
                            ));
                            answered += 1;
                        }
                        answered
                    })
                })
                .collect();
            let joined = workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or(0_u64));
            joined.sum()
        });
        figures.cores = cores as u64;
        figures.queries_per_s = ratio_of(answered, begin.elapsed());
    }

    /// Everything with everything, both ways.
    fn cross(
        &self,
        figures: &mut Figures,
        desk: &Desk<'_>,
        startups: &[Arc<StartupEntry>],
        mandates: &[Arc<MandateEntry>],
    ) {
        let (k, filter) = (self.top(), Filter::default());
        let (begin, cpu) = (Instant::now(), ProcessTime::now());
        on_all_cores(startups, |entry| {
            let startup = entry.facts(self.today);
            black_box(desk.rank_mandates(&startup, self.known_to(entry), k, &filter));
        });
        figures.cross_s = Some(begin.elapsed().as_secs_f64());
        figures.cross_cpu_s = Some(cpu.elapsed().as_secs_f64());
        let begin = Instant::now();
        on_all_cores(mandates, |entry| {
            let mandate = entry.facts(self.today);
            black_box(desk.rank_startups(&mandate, self.known_of(entry), k, &filter));
        });
        figures.cross_reverse_s = Some(begin.elapsed().as_secs_f64());
    }

    /// Mandates that change, beside a reader that holds the last state.
    fn updates(&self, figures: &mut Figures, mut index: Index) {
        let mut times = Vec::new();
        let mut visible: Snapshot = index.snapshot();
        for n in 0..UPDATES {
            let number = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) % self.args.mandates;
            let entry = Arc::new(self.market.mandate(number, 1));
            let (next, time) = timed(|| {
                index.put_mandate(entry);
                index.snapshot()
            });
            times.push(time);
            visible = next;
        }
        drop(visible);
        figures.update_p50_us = micros(percentile(&mut times, 50));
        figures.update_p99_us = micros(percentile(&mut times, 99));
    }
}

/// The same rules, some of the tags' weight given to past deals.
fn counting_the_past(rules: &RuleSet) -> RuleSet {
    let mut rules = rules.clone();
    *rules.weights.entry(Factor::Tags).or_default() -= PAST_WEIGHT;
    *rules.weights.entry(Factor::RevealedPreference).or_default() += PAST_WEIGHT;
    rules
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = ThreadTime::now();
    let done = black_box(work());
    (done, begin.elapsed())
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Does the work for every item, the cores taking pieces in turn.
fn on_all_cores<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    const PIECE: usize = 64;
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(PIECE, Ordering::Relaxed);
                    let to = (from + PIECE).min(items.len());
                    let Some(piece) = items.get(from..to).filter(|piece| !piece.is_empty()) else {
                        return;
                    };
                    piece.iter().for_each(&work);
                }
            });
        }
    });
}

fn ratio(part: usize, whole: usize) -> f64 {
    let (part, whole) = (u32::try_from(part / 16), u32::try_from(whole));
    f64::from(part.unwrap_or(0)) * 16.0 / f64::from(whole.unwrap_or(1).max(1))
}

fn ratio_of(count: u64, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}
