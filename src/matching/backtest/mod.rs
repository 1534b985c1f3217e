//! Backtest: would these rules have found the investors that startups really
//! found? See `README.md` beside this file for the method and what it can't do.
//!
//! Investors with a deal before a day are ranked for every startup that is
//! first funded in the window after it, from the startup's profile alone.

pub mod history;
pub mod measures;
pub mod plain;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use self::measures::{DEPTH, Dice, Estimate, Measures};
use self::plain::Plain;
use super::crew::share_out;
use super::deals::{Corpus, Hidden, Question, Sign};
use super::observed::{Candidate, Observed, SIGNALS, Scorer};
use crate::domain::revealed::{Revealed, Signal};
use crate::domain::scoring::{Factor, RuleSet};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Split {
    /// Deals before this day are known.
    pub train_until: NaiveDate,
    /// Startups first funded from that day to before this one are asked about.
    pub test_until: NaiveDate,
    /// What is left out of their profiles.
    pub hidden: Hidden,
    /// How many of the most active investors are left out of the answers.
    pub without_head: usize,
}

/// Why nothing can be measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Empty {
    /// There is nobody to rank.
    #[error("no investor has a deal before {0}")]
    NoCandidates(NaiveDate),
    /// Every candidate was left out.
    #[error("leaving out {left_out} of {all} investors leaves nobody to rank")]
    NobodyLeft {
        /// How many were to be left out.
        left_out: usize,
        /// How many there were.
        all: usize,
    },
    /// There is nobody to ask about.
    #[error("no startup is first funded from {0} to before {1}")]
    NoStartups(NaiveDate, NaiveDate),
    /// There is nothing to compare answers with.
    #[error("none of the {0} startups of the window was funded by an investor that is ranked")]
    NoAnswers(usize),
}

/// A startup that is asked about.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its place in the corpus.
    pub startup: usize,
    /// What is told of it.
    pub question: Question,
    /// Who really invested, among the candidates, in order. May be empty: then
    /// it is answered, but not measured.
    pub investors: Vec<usize>,
}

/// What is ranked for whom.
#[derive(Debug)]
pub struct Setup<'a> {
    /// The deals before the day.
    pub observed: Observed<'a>,
    /// Which candidates are ranked.
    pub ranked: Vec<bool>,
    /// How many of them there are.
    pub ranked_count: usize,
    /// The startups of the window, in the order of the corpus.
    pub cases: Vec<Case>,
    /// How far up every candidate stands among equals; `None` of those that
    /// aren't ranked.
    standing: Vec<Option<i64>>,
    /// The candidates by their standing, the lowest first.
    by_standing: Vec<usize>,
}

impl<'a> Setup<'a> {
    /// Takes the corpus apart at a day.
    ///
    /// # Errors
    /// There is nobody to rank or nobody to ask about.
    pub fn new(corpus: &'a Corpus, split: &Split, rules: &'a Revealed) -> Result<Self, Empty> {
        let observed = Observed::new(corpus, split.train_until, rules);
        let all = observed.candidates.len();
        if all == 0 {
            return Err(Empty::NoCandidates(split.train_until));
        }
        let mut ranked = vec![true; all];
        for head in by_popularity(&observed.candidates)
            .into_iter()
            .take(split.without_head)
        {
            if let Some(flag) = ranked.get_mut(head) {
                *flag = false;
            }
        }
        let ranked_count = ranked.iter().filter(|flag| **flag).count();
        if ranked_count == 0 {
            return Err(Empty::NobodyLeft {
                left_out: split.without_head,
                all,
            });
        }
        let cases = cases(corpus, split, &observed, &ranked);
        if cases.is_empty() {
            return Err(Empty::NoStartups(split.train_until, split.test_until));
        }
        let mut by_standing = by_popularity(&observed.candidates);
        by_standing.reverse();
        let mut standing = vec![None; all];
        for (place, number) in by_standing.iter().zip(0_i64..) {
            let is_ranked = ranked.get(*place).copied().unwrap_or(false);
            if let Some(cell) = standing.get_mut(*place).filter(|_| is_ranked) {
                *cell = Some(number);
            }
        }
        Ok(Self {
            observed,
            ranked,
            ranked_count,
            cases,
            standing,
            by_standing,
        })
    }

    /// The first of the ranked candidates by these points; among equals the
    /// one with more startups, then the earlier in the corpus.
    pub fn best(&self, points: &[i64], depth: usize) -> Vec<usize> {
        // Points and standing in one number, so that numbers are compared.
        let mut keys: Vec<i64> = points
            .iter()
            .zip(&self.standing)
            .filter_map(|(points, standing)| Some((points << STANDING_BITS) | (*standing)?))
            .collect();
        if depth < keys.len() {
            keys.select_nth_unstable_by_key(depth, |key| Reverse(*key));
            keys.truncate(depth);
        }
        keys.sort_unstable_by_key(|key| Reverse(*key));
        keys.into_iter()
            .filter_map(|key| {
                let standing = usize::try_from(key & ((1 << STANDING_BITS) - 1)).ok()?;
                self.by_standing.get(standing).copied()
            })
            .collect()
    }
}

/// Bits of a standing: room for a million candidates beside points of up to
/// 10¹².
const STANDING_BITS: u32 = 20;

/// Everybody, the one with most startups first.
fn by_popularity(candidates: &[Candidate]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    places.sort_by_key(|place| Reverse(candidates.get(*place).map(|candidate| candidate.startups)));
    places
}

/// Everybody, the one with most deals of the last year first.
fn by_recent_popularity(candidates: &[Candidate]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    places.sort_by_key(|place| {
        Reverse(
            candidates
                .get(*place)
                .map(|candidate| (candidate.last_year, candidate.startups)),
        )
    });
    places
}

fn cases(corpus: &Corpus, split: &Split, observed: &Observed<'_>, ranked: &[bool]) -> Vec<Case> {
    let window = split.train_until..split.test_until;
    let places: BTreeMap<usize, usize> = observed
        .candidates
        .iter()
        .enumerate()
        .filter(|(place, _)| ranked.get(*place).copied().unwrap_or(false))
        .map(|(place, candidate)| (candidate.investor, place))
        .collect();
    let mut investors: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for deal in corpus
        .deals
        .iter()
        .filter(|deal| window.contains(&deal.date) && deal.sign != Sign::Passed)
    {
        if let Some(place) = places.get(&deal.investor) {
            investors.entry(deal.startup).or_default().insert(*place);
        }
    }
    corpus
        .startups
        .iter()
        .enumerate()
        .filter(|(_, startup)| window.contains(&startup.first_funding))
        .map(|(place, startup)| Case {
            startup: place,
            question: Question::of(startup, split.hidden),
            investors: investors
                .get(&place)
                .map(|found| found.iter().copied().collect())
                .unwrap_or_default(),
        })
        .collect()
}

/// A way to rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// The rules that are tested.
    Rules,
    /// The default rules on mandates derived from past deals.
    Plain,
    /// Most deals in the last twelve months first.
    RecentPopularity,
    /// Most startups ever first.
    Popularity,
    /// By lot.
    Random,
    /// The tested rules without one of their factors.
    Without(Signal),
}

impl System {
    /// What it is called.
    pub fn name(self) -> String {
        match self {
            Self::Rules => "rules".to_owned(),
            Self::Plain => "plain_rules".to_owned(),
            Self::RecentPopularity => "popularity_12_months".to_owned(),
            Self::Popularity => "popularity".to_owned(),
            Self::Random => "random".to_owned(),
            Self::Without(signal) => format!("without_{signal}"),
        }
    }

    /// What the rules are held against.
    pub const BASELINES: [Self; 4] = [
        Self::Random,
        Self::Popularity,
        Self::RecentPopularity,
        Self::Plain,
    ];
}

/// What came of a backtest.
#[derive(Debug)]
pub struct Outcome {
    /// Who was ranked how often: candidates, startups asked about, startups
    /// measured.
    pub candidates: usize,
    /// Startups of the window.
    pub startups: usize,
    /// Those of them that a ranked investor funded.
    pub measured: usize,
    /// Their investors, counted once a startup.
    pub investments: usize,
    /// The measures of each way to rank, startup by startup.
    pub systems: BTreeMap<System, Vec<Measures>>,
    /// For every startup of the window its id and the best candidates' ids.
    pub predictions: Vec<(usize, Vec<usize>)>,
}

impl Outcome {
    /// A system's estimate.
    pub fn estimate(&self, system: System) -> Estimate {
        self.systems
            .get(&system)
            .map_or_else(Estimate::default, |measured| Estimate::of(measured))
    }

    /// By how much one system is better than another.
    pub fn difference(&self, ours: System, theirs: System) -> Estimate {
        match (self.systems.get(&ours), self.systems.get(&theirs)) {
            (Some(ours), Some(theirs)) => Estimate::of_difference(ours, theirs),
            _ => Estimate::default(),
        }
    }

    /// The best of the baselines, by NDCG@20.
    pub fn best_baseline(&self) -> System {
        let ndcg = |system: &System| {
            self.systems
                .get(system)
                .map_or(0.0, |measured| Measures::mean(measured).ndcg_20)
        };
        System::BASELINES
            .into_iter()
            .max_by(|a, b| ndcg(a).total_cmp(&ndcg(b)))
            .unwrap_or(System::Random)
    }
}

/// What one startup's rankings came to.
struct Answer {
    prediction: Vec<usize>,
    measured: Vec<(System, Measures)>,
}

/// Runs a backtest of `rules` beside the baselines, of which the plain rules
/// are `plain`. `done` hears how many startups were finished.
///
/// # Errors
/// There is nothing to measure.
pub fn run(
    corpus: &Corpus,
    split: &Split,
    rules: &RuleSet,
    plain: &RuleSet,
    revealed: &Revealed,
    done: &(dyn Fn(usize) + Sync),
) -> Result<Outcome, Empty> {
    let setup = Setup::new(corpus, split, revealed)?;
    if setup.cases.iter().all(|case| case.investors.is_empty()) {
        return Err(Empty::NoAnswers(setup.cases.len()));
    }
    let bench = Bench {
        popularity: setup.listed(by_popularity(&setup.observed.candidates)),
        recent: setup.listed(by_recent_popularity(&setup.observed.candidates)),
        scorer: Scorer::new(revealed),
        stated: Plain::new(&setup.observed, rules),
        plain: Plain::new(&setup.observed, plain),
        states: rules
            .weights
            .iter()
            .any(|(factor, weight)| *factor != Factor::RevealedPreference && *weight > 0),
        revealed_weight: rules
            .weights
            .get(&Factor::RevealedPreference)
            .copied()
            .unwrap_or(0),
        revealed,
        setup: &setup,
    };
    let answers = share_out(
        setup.cases.len(),
        |place| setup.cases.get(place).map(|case| bench.answer(case)),
        done,
    );

    let mut systems: BTreeMap<System, Vec<Measures>> = BTreeMap::new();
    let mut predictions = Vec::new();
    for (case, answer) in setup.cases.iter().zip(answers) {
        let Some(answer) = answer else { continue };
        predictions.push((
            case.startup,
            answer
                .prediction
                .iter()
                .filter_map(|place| setup.observed.candidates.get(*place))
                .map(|candidate| candidate.investor)
                .collect(),
        ));
        for (system, measures) in answer.measured {
            systems.entry(system).or_default().push(measures);
        }
    }
    let measured = setup.cases.iter().filter(|case| !case.investors.is_empty());
    Ok(Outcome {
        candidates: setup.ranked_count,
        startups: setup.cases.len(),
        measured: measured.clone().count(),
        investments: measured.map(|case| case.investors.len()).sum(),
        systems,
        predictions,
    })
}

impl Setup<'_> {
    /// The first of a list that are ranked.
    fn listed(&self, places: Vec<usize>) -> Vec<usize> {
        places
            .into_iter()
            .filter(|place| self.ranked.get(*place).copied().unwrap_or(false))
            .take(DEPTH)
            .collect()
    }
}

/// Everything that answers need.
struct Bench<'a> {
    setup: &'a Setup<'a>,
    popularity: Vec<usize>,
    recent: Vec<usize>,
    scorer: Scorer,
    stated: Plain<'a>,
    plain: Plain<'a>,
    /// Whether the tested rules count anything that is stated.
    states: bool,
    revealed_weight: i64,
    revealed: &'a Revealed,
}

impl Bench<'_> {
    fn answer(&self, case: &Case) -> Answer {
        let statistics = self.setup.observed.statistics(&case.question);
        let parts = self.scorer.all(&statistics);
        // One scale for both: stated points are bp × bp, revealed ones that
        // times the weight of the whole.
        let mut points: Vec<i64> = parts
            .iter()
            .map(|parts| self.revealed_weight * parts.iter().sum::<i64>())
            .collect();
        if self.states {
            for (points, stated) in points.iter_mut().zip(self.stated.points(&case.question)) {
                *points += stated * crate::domain::scoring::WHOLE;
            }
        }
        let prediction = self.setup.best(&points, DEPTH);
        let mut measured = Vec::new();
        if !case.investors.is_empty() {
            let mut measure = |system, ranking: &[usize]| {
                measured.push((system, Measures::of(ranking, &case.investors)));
            };
            measure(System::Rules, &prediction);
            measure(System::Popularity, &self.popularity);
            measure(System::RecentPopularity, &self.recent);
            measure(System::Random, &self.by_lot(case));
            let plain = self.plain.points(&case.question);
            measure(System::Plain, &self.setup.best(&plain, DEPTH));
            for (place, signal) in Signal::ALL.iter().enumerate() {
                if self.revealed_weight * self.revealed.weight(*signal) > 0 {
                    let without = self.without(&points, &parts, place);
                    measure(System::Without(*signal), &self.setup.best(&without, DEPTH));
                }
            }
        }
        Answer {
            prediction,
            measured,
        }
    }

    /// The points less those of one part.
    fn without(&self, points: &[i64], parts: &[[i64; SIGNALS]], part: usize) -> Vec<i64> {
        points
            .iter()
            .zip(parts)
            .map(|(points, parts)| {
                points - self.revealed_weight * parts.get(part).copied().unwrap_or(0)
            })
            .collect()
    }

    /// Draws candidates by lot, the same ones for a startup every time.
    fn by_lot(&self, case: &Case) -> Vec<usize> {
        let seed = u64::try_from(case.startup).unwrap_or(0);
        let mut dice = Dice::new(seed.wrapping_mul(0x9E37_79B9) ^ 8);
        let mut drawn = BTreeSet::new();
        let mut ranking = Vec::new();
        let wanted = DEPTH.min(self.setup.ranked_count);
        while ranking.len() < wanted {
            let place = dice.below(self.setup.ranked.len());
            let ranked = self.setup.ranked.get(place).copied().unwrap_or(false);
            if ranked && drawn.insert(place) {
                ranking.push(place);
            }
        }
        ranking
    }
}
