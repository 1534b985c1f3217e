//! Learns the weights and curves of the revealed factors from past deals.
//!
//! Every factor is a curve of straight pieces over one statistic; what is
//! learned are the slopes of the pieces, none below nought, so that more of a
//! statistic never counts less. Fitted is what is measured: a smooth NDCG
//! (Qin, Liu and Li, *A general approximation framework for direct
//! optimization of information retrieval measures*, 2010) over startups of
//! earlier windows, each ranked by what was known before its window. The slopes
//! are held near those of the rules that one starts from, the nearer the less
//! there is to learn from. How strictly is chosen on a window that was not
//! fitted to, which also tells how much the fit helps.
//!
//! Before the slopes the tables of likeness are learned, with the curves as they
//! are; they are only changed where that helps on the same unseen window. Last
//! comes how far small records are trusted, on the corpus' countries one by one.
//!
//! The same deals give the same rules: the steps are counted, not timed, and
//! sums are taken in a fixed order.

mod learn;
mod likeness;
mod pieces;
mod trust;

use chrono::{Days, NaiveDate};

use self::learn::{Lesson, learn};
use self::likeness::{Example, Scaled};
use self::pieces::{Piece, Pieces};
pub use self::trust::Trusted;
use super::backtest::measures::{Dice, Estimate, Measures};
use super::backtest::{Setup, Split};
use super::crew::share_out;
use super::deals::{Corpus, Hidden, Question};
use super::observed::{SIGNALS, Scorer};
use crate::domain::revealed::{Likeness, Revealed, Signal};

/// Length of a window, in days.
const WINDOW_DAYS: u64 = 365;

/// The best of the starting rules are what is told apart, besides the real
/// investors and some others drawn by lot.
const RIVALS: usize = 100;
const DRAWN: usize = 20;

/// How strictly slopes are held to the start: what is tried, strictest first.
const STRICTNESS: [f64; 3] = [1.0, 0.1, 0.01];

/// Only a gain like this justifies being less strict.
const REAL_GAIN: f64 = 0.0005;

/// About so many startups of a window teach the tables of likeness, which are
/// few numbers.
const EXAMPLES: usize = 300;

/// Fewer startups teach nothing.
pub const LEAST_STARTUPS: usize = 50;

/// Fields that are hidden in turn, so that the rules also hold where a
/// startup tells less.
const TRACKS: [&[&str]; 5] = [&[], &[], &["amount"], &["stage"], &["amount", "stage"]];

/// Why nothing can be learned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotFit {
    /// Too few deals.
    #[error(
        "{startups} startups of the {windows} years before {until} were funded by investors known before; \
         it takes {LEAST_STARTUPS}, two years with some at least"
    )]
    TooLittle {
        /// How many there were.
        startups: usize,
        /// In how many windows.
        windows: usize,
        /// Before which day.
        until: NaiveDate,
    },
}

/// A year that is learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first day: what was known before it ranks its startups.
    pub from: NaiveDate,
    /// The day after its last.
    pub until: NaiveDate,
    /// Startups that taught something.
    pub startups: usize,
}

/// What was learned.
#[derive(Debug)]
pub struct Fitted {
    /// The rules, learned from all windows.
    pub revealed: Revealed,
    /// The windows, the earliest first.
    pub windows: Vec<Window>,
    /// How strictly the slopes were held to the start.
    pub strictness: f64,
    /// How strictly the tables of likeness were; `None` where they were kept.
    pub likeness_strictness: Option<f64>,
    /// How far small records are trusted; `None` where there are none to try.
    pub trust: Option<Trusted>,
    /// On the last window, which the rules tested there were not fitted to:
    /// the start, the fit without that window, and what it is better by.
    pub start: Estimate,
    /// See [`Self::start`].
    pub unseen: Estimate,
    /// See [`Self::start`].
    pub gain: Estimate,
}

/// Learns from the `years` years before `until`, starting from `start`.
/// `done` hears of steps, of which [`steps`] says how many there are.
///
/// # Errors
/// There is too little to learn from.
pub fn fit(
    corpus: &Corpus,
    until: NaiveDate,
    years: usize,
    start: &Revealed,
    done: &(dyn Fn(usize) + Sync),
) -> Result<Fitted, CannotFit> {
    let school = School {
        corpus,
        pieces: Pieces::new(start),
        done,
    };
    let mut windows = windows_before(until, years);
    let mut taught = school.teach_all(&windows, start);
    for (window, taught) in windows.iter_mut().zip(&taught) {
        window.startups = taught.startups();
    }
    let teaches = |startups: usize| startups > 0;
    taught.retain(|taught| teaches(taught.startups()));
    windows.retain(|window| teaches(window.startups));
    let startups = windows.iter().map(|window| window.startups).sum();
    let Some(last) = windows
        .last()
        .filter(|_| windows.len() > 1 && startups >= LEAST_STARTUPS)
    else {
        return Err(CannotFit::TooLittle {
            startups,
            windows: years,
            until,
        });
    };

    let (last, work) = (*last, Work::new(school, start, &taught));

    // What the last window says is asked of what was learned from the others.
    let before = measure_last(&taught, &work.begin);
    let tables = work.choose_tables(&taught, last, Measures::mean(&before).ndcg_20);
    let mut rules = start.clone();
    if let Some((strictness, tried)) = &tables {
        rules = work.tables(&taught, *strictness);
        taught.clear();
        taught = work.school.teach_all(&windows, tried);
    }
    let (strictness, after) = work.choose_slopes(&taught);
    if tables.is_some() {
        taught.clear();
        taught = work.school.teach_all(&windows, &rules);
    }

    // What is handed out is learned from all of them.
    let slopes = learn(&lessons_of(&taught), &work.begin, strictness, done);
    let mut revealed = work.school.pieces.rules(&rules, &slopes);
    let trust = trust::learn(corpus, &windows, &revealed, done);
    if let Some(trust) = trust {
        revealed.memory.half_trust_deals = trust.half_trust_deals;
    }
    Ok(Fitted {
        revealed,
        windows,
        strictness,
        likeness_strictness: tables.map(|(strictness, _)| strictness),
        trust,
        start: Estimate::of(&before),
        unseen: Estimate::of(&after),
        gain: Estimate::of_difference(&after, &before),
    })
}

/// What is fitted, and where it begins.
struct Work<'a> {
    school: School<'a>,
    start: &'a Revealed,
    begin: Vec<f64>,
    curve: Scaled,
}

impl<'a> Work<'a> {
    fn new(school: School<'a>, start: &'a Revealed, taught: &[Taught]) -> Self {
        let scale = learn::scale(&lessons_of(taught), &school.pieces.start);
        let begin: Vec<f64> = school.pieces.start.iter().map(|it| it * scale).collect();
        let curve = Scaled {
            pieces: school.pieces.of(Signal::Alike, &begin),
            scale,
        };
        Self {
            school,
            start,
            begin,
            curve,
        }
    }

    /// The start with tables of likeness that these windows teach.
    fn tables(&self, taught: &[Taught], strictness: f64) -> Revealed {
        let examples: Vec<&Example> = taught.iter().flat_map(|it| &it.examples).collect();
        let (likeness, done) = (&self.start.likeness, self.school.done);
        let learned = likeness::learn(&examples, &self.curve, likeness, strictness, done);
        with_likeness(self.start, learned)
    }

    /// The tables, learned from all windows but the last, by which that is
    /// ranked best; none where the start ranks it as well.
    fn choose_tables(
        &self,
        taught: &[Taught],
        last: Window,
        start: f64,
    ) -> Option<(f64, Revealed)> {
        let (_, earlier) = taught.split_last()?;
        let (mut best, mut reached) = (None, start);
        for strictness in STRICTNESS {
            let tried = self.tables(earlier, strictness);
            let told = self.school.teach_all(&[last], &tried);
            let ndcg = Measures::mean(&measure_last(&told, &self.begin)).ndcg_20;
            if ndcg > reached + REAL_GAIN {
                (best, reached) = (Some((strictness, tried)), ndcg);
            }
        }
        best
    }

    /// How strictly slopes are best held to the start, by the last window, and
    /// how that is ranked by slopes which the others taught.
    fn choose_slopes(&self, taught: &[Taught]) -> (f64, Vec<Measures>) {
        let earlier = taught.split_last().map_or(taught, |(_, earlier)| earlier);
        let mut best: Option<(f64, f64, Vec<Measures>)> = None;
        for strictness in STRICTNESS {
            let lessons = lessons_of(earlier);
            let slopes = learn(&lessons, &self.begin, strictness, self.school.done);
            let measured = measure_last(taught, &slopes);
            let ndcg = Measures::mean(&measured).ndcg_20;
            let least = best.as_ref().map(|(_, reached, _)| reached + REAL_GAIN);
            if least.is_none_or(|least| ndcg > least) {
                best = Some((strictness, ndcg, measured));
            }
        }
        best.map_or_else(
            || (1.0, measure_last(taught, &self.begin)),
            |(strictness, _, measured)| (strictness, measured),
        )
    }
}

/// How many steps a fit of so many years takes at most.
pub const fn steps(years: usize) -> usize {
    let tables = STRICTNESS.len() * (likeness::ROUNDS + 1) + likeness::ROUNDS;
    3 * years + tables + trust::TRIED.len() + 1 + (STRICTNESS.len() + 1) * learn::ROUNDS
}

/// Rules that know nothing yet: every factor counts the same, its curve is a
/// straight line, and all deals are equally alike. How deals are counted is
/// that of `rules`.
#[must_use]
pub fn afresh(rules: &Revealed) -> Revealed {
    let pieces = Pieces::new(rules);
    let slopes: Vec<f64> = pieces.all.iter().map(Piece::even).collect();
    with_likeness(&pieces.rules(rules, &slopes), Likeness::default())
}

fn with_likeness(rules: &Revealed, likeness: Likeness) -> Revealed {
    Revealed {
        likeness,
        ..rules.clone()
    }
}

fn lessons_of(taught: &[Taught]) -> Vec<&Lesson> {
    taught.iter().flat_map(|taught| &taught.lessons).collect()
}

/// How the startups whose whole profile was told are ranked by these slopes.
fn measure(taught: &Taught, slopes: &[f64]) -> Vec<Measures> {
    let lessons = taught.lessons.iter();
    lessons
        .filter(|lesson| lesson.plain)
        .map(|lesson| lesson.measure(slopes))
        .collect()
}

/// How those of the last window are.
fn measure_last(taught: &[Taught], slopes: &[f64]) -> Vec<Measures> {
    taught
        .last()
        .map_or_else(Vec::new, |last| measure(last, slopes))
}

/// The years before a day, the earliest first.
fn windows_before(until: NaiveDate, years: usize) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut end = until;
    for _ in 0..years {
        let Some(from) = end.checked_sub_days(Days::new(WINDOW_DAYS)) else {
            break;
        };
        windows.push(Window {
            from,
            until: end,
            startups: 0,
        });
        end = from;
    }
    windows.reverse();
    windows
}

/// What a window teaches.
#[derive(Debug, Default)]
struct Taught {
    /// About slopes.
    lessons: Vec<Lesson>,
    /// About likeness.
    examples: Vec<Example>,
}

impl Taught {
    /// How many startups taught something.
    fn startups(&self) -> usize {
        let plain = self.lessons.iter().filter(|lesson| lesson.plain);
        plain.count()
    }
}

/// Where windows are taught.
struct School<'a> {
    corpus: &'a Corpus,
    pieces: Pieces,
    done: &'a (dyn Fn(usize) + Sync),
}

impl School<'_> {
    fn teach_all(&self, windows: &[Window], rules: &Revealed) -> Vec<Taught> {
        let all = windows.iter();
        all.map(|window| self.teach(*window, rules)).collect()
    }

    /// What the startups of a window teach, ranked by these rules.
    fn teach(&self, window: Window, rules: &Revealed) -> Taught {
        let split = Split {
            train_until: window.from,
            test_until: window.until,
            hidden: Hidden::default(),
            without_head: 0,
        };
        let mut taught = Taught::default();
        if let Ok(setup) = Setup::new(self.corpus, &split, rules) {
            let scorer = Scorer::new(rules);
            let told = share_out(
                setup.cases.len(),
                |place| self.startup(&setup, &scorer, rules, place),
                &|_| {},
            );
            for (lessons, examples) in told {
                taught.lessons.extend(lessons);
                taught.examples.extend(examples);
            }
        }
        (self.done)(1);
        taught
    }

    /// What one startup teaches: as it is, and once with something hidden.
    fn startup(
        &self,
        setup: &Setup<'_>,
        scorer: &Scorer,
        rules: &Revealed,
        place: usize,
    ) -> (Vec<Lesson>, Vec<Example>) {
        let (mut lessons, mut examples) = (Vec::new(), Vec::new());
        let case = setup.cases.get(place);
        let Some(case) = case.filter(|case| !case.investors.is_empty()) else {
            return (lessons, examples);
        };
        let Some(startup) = self.corpus.startups.get(case.startup) else {
            return (lessons, examples);
        };
        let mut dice = Dice::new(u64::try_from(place).unwrap_or(0));
        let is_example = dice.clone().below(setup.cases.len()) < EXAMPLES;
        let track = TRACKS.get(place % TRACKS.len());
        let mut hidden = Hidden::default();
        for field in track.copied().unwrap_or_default() {
            hidden.hide(field);
        }
        let mut asked = vec![(true, case.question.clone())];
        if hidden != Hidden::default() {
            asked.push((false, Question::of(startup, hidden)));
        }
        let alike = Signal::Alike as usize;
        for (plain, question) in asked {
            let statistics = setup.observed.statistics(&question);
            let parts = scorer.all(&statistics);
            let points: Vec<i64> = parts.iter().map(|parts| parts.iter().sum()).collect();
            let mut chosen = setup.best(&points, RIVALS);
            chosen.extend((0..DRAWN).map(|_| dice.below(points.len())));
            chosen.extend(&case.investors);
            chosen.sort_unstable();
            chosen.dedup();
            let real: Vec<bool> = chosen
                .iter()
                .map(|place| case.investors.binary_search(place).is_ok())
                .collect();
            let rows: Vec<(&[i64; SIGNALS], bool)> = chosen
                .iter()
                .zip(&real)
                .filter_map(|(place, real)| Some((statistics.rows.get(*place)?, *real)))
                .collect();
            lessons.push(Lesson::new(plain, &rows, &statistics.known, &self.pieces));
            if is_example {
                let others = |place: &usize| {
                    let all = points.get(*place).copied().unwrap_or(0);
                    let own = parts.get(*place).and_then(|parts| parts.get(alike));
                    pieces::float(all - own.copied().unwrap_or(0)) / 1e8
                };
                examples.push(Example::new(
                    chosen.iter().map(others).collect(),
                    &setup.observed.likened(&question, &chosen),
                    real,
                    setup.observed.trust().bp(),
                    rules.memory.alike_floor,
                ));
            }
        }
        (lessons, examples)
    }
}
