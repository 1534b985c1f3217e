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
//! The same deals give the same rules: the steps are counted, not timed, and
//! sums are taken in a fixed order.

mod learn;
mod pieces;

use chrono::{Days, NaiveDate};

use self::learn::{Lesson, learn};
use self::pieces::Pieces;
use super::backtest::measures::{Dice, Estimate, Measures};
use super::backtest::{Empty, Setup, Split};
use super::crew::share_out;
use super::deals::{Corpus, Hidden};
use super::observed::{SIGNALS, Scorer};
use crate::domain::revealed::Revealed;

/// Length of a window, in days.
const WINDOW_DAYS: u64 = 365;

/// The best of the starting rules are what is told apart, besides the real
/// investors and some others drawn by lot.
const RIVALS: usize = 100;
const DRAWN: usize = 20;

/// How strictly slopes are held to the start: what is tried, strictest first.
const STRICTNESS: [f64; 3] = [1.0, 0.1, 0.01];

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
    let pieces = Pieces::new(start);
    let mut windows = Vec::new();
    let mut lessons: Vec<Vec<Lesson>> = Vec::new();
    for (window, taught) in taught(corpus, until, years, start, &pieces, done) {
        windows.push(window);
        lessons.push(taught);
    }
    let startups = windows.iter().map(|window| window.startups).sum();
    let Some((last, earlier)) = lessons
        .split_last()
        .filter(|(_, earlier)| !earlier.is_empty())
    else {
        return Err(CannotFit::TooLittle {
            startups,
            windows: years,
            until,
        });
    };
    if startups < LEAST_STARTUPS {
        return Err(CannotFit::TooLittle {
            startups,
            windows: years,
            until,
        });
    }

    let earlier: Vec<&Lesson> = earlier.iter().flatten().collect();
    let all: Vec<&Lesson> = earlier.iter().copied().chain(last).collect();
    let scale = learn::scale(&all, &pieces.start);
    let begin: Vec<f64> = pieces.start.iter().map(|slope| slope * scale).collect();
    let measure = |slopes: &[f64]| -> Vec<Measures> {
        last.iter()
            .filter(|lesson| lesson.plain)
            .map(|lesson| lesson.measure(slopes))
            .collect()
    };
    let before = measure(&begin);
    let mut best: Option<(f64, f64, Vec<Measures>)> = None;
    for strictness in STRICTNESS {
        let slopes = learn(&earlier, &begin, strictness, done);
        let measured = measure(&slopes);
        let ndcg = Measures::mean(&measured).ndcg_20;
        // Only a real gain justifies being less strict.
        if best
            .as_ref()
            .is_none_or(|(_, so_far, _)| ndcg > so_far + 0.0005)
        {
            best = Some((strictness, ndcg, measured));
        }
    }
    let (strictness, _, after) = best.unwrap_or((1.0, 0.0, before.clone()));
    let slopes = learn(&all, &begin, strictness, done);
    Ok(Fitted {
        revealed: pieces.rules(start, &slopes),
        windows,
        strictness,
        start: Estimate::of(&before),
        unseen: Estimate::of(&after),
        gain: Estimate::of_difference(&after, &before),
    })
}

/// How many steps a fit of so many years takes.
pub const fn steps(years: usize) -> usize {
    years + (STRICTNESS.len() + 1) * learn::ROUNDS
}

/// The windows that teach something, with their lessons, the earliest first.
fn taught(
    corpus: &Corpus,
    until: NaiveDate,
    years: usize,
    start: &Revealed,
    pieces: &Pieces,
    done: &(dyn Fn(usize) + Sync),
) -> Vec<(Window, Vec<Lesson>)> {
    let mut taught = Vec::new();
    let mut end = until;
    for _ in 0..years {
        let Some(from) = end.checked_sub_days(Days::new(WINDOW_DAYS)) else {
            break;
        };
        let lessons = lessons(corpus, from, end, start, pieces).unwrap_or_default();
        let startups = lessons.iter().filter(|lesson| lesson.plain).count();
        if startups > 0 {
            let window = Window {
                from,
                until: end,
                startups,
            };
            taught.push((window, lessons));
        }
        done(1);
        end = from;
    }
    taught.reverse();
    taught
}

/// What the startups of a window teach.
fn lessons(
    corpus: &Corpus,
    from: NaiveDate,
    until: NaiveDate,
    start: &Revealed,
    pieces: &Pieces,
) -> Result<Vec<Lesson>, Empty> {
    let split = Split {
        train_until: from,
        test_until: until,
        hidden: Hidden::default(),
        without_head: 0,
    };
    let setup = Setup::new(corpus, &split, start)?;
    let scorer = Scorer::new(start);
    let lessons = share_out(
        setup.cases.len(),
        |place| {
            let mut lessons = Vec::new();
            let Some(case) = setup
                .cases
                .get(place)
                .filter(|case| !case.investors.is_empty())
            else {
                return lessons;
            };
            let Some(startup) = corpus.startups.get(case.startup) else {
                return lessons;
            };
            // Each startup as it is, and once with something hidden.
            let track = TRACKS
                .get(place % TRACKS.len())
                .copied()
                .unwrap_or_default();
            let mut hidden = Hidden::default();
            for field in track {
                hidden.hide(field);
            }
            let mut asked = vec![(true, case.question.clone())];
            if hidden != Hidden::default() {
                asked.push((false, super::deals::Question::of(startup, hidden)));
            }
            for (plain, question) in asked {
                let statistics = setup.observed.statistics(&question);
                let points: Vec<i64> = scorer
                    .all(&statistics)
                    .iter()
                    .map(|parts| parts.iter().sum())
                    .collect();
                let mut chosen = setup.best(&points, RIVALS);
                let mut dice = Dice::new(u64::try_from(place).unwrap_or(0));
                chosen.extend((0..DRAWN).map(|_| dice.below(points.len())));
                chosen.extend(&case.investors);
                chosen.sort_unstable();
                chosen.dedup();
                let rows: Vec<(&[i64; SIGNALS], bool)> = chosen
                    .iter()
                    .filter_map(|place| {
                        let real = case.investors.binary_search(place).is_ok();
                        Some((statistics.rows.get(*place)?, real))
                    })
                    .collect();
                lessons.push(Lesson::new(plain, &rows, &statistics.known, pieces));
            }
            lessons
        },
        &|_| {},
    );
    Ok(lessons.into_iter().flatten().collect())
}
