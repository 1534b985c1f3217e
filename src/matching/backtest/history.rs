//! A programme's own history: would these rules have put those investors first
//! who took a startup up? Beside it what a score was worth.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::measures::{DEPTH, Dice, Estimate, Measures, count};
use crate::domain::scoring::WHOLE;

/// Fewer startups with an outcome say little.
pub const ENOUGH: usize = 30;

/// A startup of the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What the order goes by, candidate by candidate.
    pub points: Vec<i64>,
    /// Who took it up, among the candidates, in order.
    pub took_up: Vec<usize>,
}

/// What was known before the window, and what came in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Startups that each candidate had taken up before.
    pub popularity: Vec<i64>,
    /// Those of the last twelve months.
    pub recent: Vec<i64>,
    /// The startups of the window that somebody took up.
    pub cases: Vec<Case>,
}

/// A way to rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The rules.
    Rules,
    /// Most startups ever first.
    Popularity,
    /// Most startups of the last twelve months first.
    RecentPopularity,
    /// By lot.
    Random,
}

impl Way {
    /// Every way.
    pub const ALL: [Self; 4] = [
        Self::Rules,
        Self::Popularity,
        Self::RecentPopularity,
        Self::Random,
    ];

    /// What it is called.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Popularity => "popularity",
            Self::RecentPopularity => "popularity_12_months",
            Self::Random => "random",
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Each way to rank.
    pub ways: BTreeMap<Way, Estimate>,
    /// By how much the rules are better than each other way.
    pub better: BTreeMap<Way, Estimate>,
}

/// Measures every way to rank; `None` when there is nothing to measure.
pub fn measure(history: &History) -> Option<Measured> {
    if history.cases.is_empty() {
        return None;
    }
    let mut of_way: BTreeMap<Way, Vec<Measures>> = BTreeMap::new();
    for (number, case) in history.cases.iter().enumerate() {
        for way in Way::ALL {
            let ranking = match way {
                Way::Rules => ranked(&case.points),
                Way::Popularity => ranked(&history.popularity),
                Way::RecentPopularity => ranked(&history.recent),
                Way::Random => by_lot(number, case.points.len()),
            };
            let measures = Measures::of(&ranking, &case.took_up);
            of_way.entry(way).or_default().push(measures);
        }
    }
    let rules = of_way.get(&Way::Rules).cloned().unwrap_or_default();
    Some(Measured {
        better: of_way
            .iter()
            .filter(|(way, _)| **way != Way::Rules)
            .map(|(way, theirs)| (*way, Estimate::of_difference(&rules, theirs)))
            .collect(),
        ways: of_way
            .iter()
            .map(|(way, measured)| (*way, Estimate::of(measured)))
            .collect(),
    })
}

/// The candidates with most points first; equals in their order.
fn ranked(points: &[i64]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..points.len()).collect();
    places.sort_by_key(|place| Reverse(points.get(*place).copied()));
    places.truncate(DEPTH);
    places
}

/// Draws candidates by lot, the same ones for a case every time.
fn by_lot(case: usize, candidates: usize) -> Vec<usize> {
    let seed = u64::try_from(case).unwrap_or(0);
    let mut dice = Dice::new(seed.wrapping_mul(0x9E37_79B9) ^ 8);
    let mut drawn = BTreeSet::new();
    let mut ranking = Vec::new();
    while ranking.len() < candidates.min(DEPTH) {
        let place = dice.below(candidates);
        if drawn.insert(place) {
            ranking.push(place);
        }
    }
    ranking
}

/// Pairs of about one score, and how many of them were taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bin {
    /// From this score, in bp.
    pub from: i64,
    /// To below this one; the last holds a whole as well.
    pub to: i64,
    /// Pairs that were answered.
    pub pairs: i64,
    /// Those of them that were taken up.
    pub taken_up: i64,
    /// Their share in bp, with its 95 % interval (Wilson, 1927); `None` of
    /// nothing.
    pub share: Option<[i64; 3]>,
}

/// What scores were worth: `answered` are pairs with their score and whether
/// they were taken up. Ten bins of one width.
pub fn calibrate(answered: &[(i64, bool)]) -> Vec<Bin> {
    const WIDTH: i64 = WHOLE / 10;
    (0..10)
        .map(|place| {
            let here = |score: i64| (score / WIDTH).clamp(0, 9) == place;
            let some = answered.iter().filter(|(score, _)| here(*score));
            let pairs = some.clone().count();
            let taken_up = some.filter(|(_, yes)| *yes).count();
            Bin {
                from: place * WIDTH,
                to: (place + 1) * WIDTH,
                pairs: i64::try_from(pairs).unwrap_or(i64::MAX),
                taken_up: i64::try_from(taken_up).unwrap_or(i64::MAX),
                share: (pairs > 0).then(|| wilson(taken_up, pairs)),
            }
        })
        .collect()
}

/// A share with the interval in which it lies 19 times in 20, in bp.
fn wilson(part: usize, whole: usize) -> [i64; 3] {
    const Z: f64 = 1.959_964;
    let n = count(whole);
    let share = count(part) / n;
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    [share, middle - half, middle + half].map(bp)
}

/// Basis points of a share.
fn bp(share: f64) -> i64 {
    let rounded = (share.clamp(0.0, 1.0) * 10_000.0).round();
    // Whole and small: the steps up to it are as many as it says.
    (0..=WHOLE)
        .rev()
        .find(|bp| u32::try_from(*bp).is_ok_and(|bp| f64::from(bp) <= rounded))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_know_are_measured_above_those_that_do_not() {
        let case = |taken: usize| Case {
            points: (0..40).map(|place| i64::from(place == taken)).collect(),
            took_up: vec![taken],
        };
        let history = History {
            popularity: (0..40).collect(),
            recent: vec![0; 40],
            cases: (0..20).map(case).collect(),
        };
        let measured = measure(&history).expect("there are cases");
        let ndcg = |way| measured.ways.get(&way).map(|it| it.mean.ndcg_20);
        assert!(ndcg(Way::Rules) > Some(0.999));
        assert!(ndcg(Way::Popularity) < Some(0.5));
        assert!(ndcg(Way::Random) < Some(0.5));
        let better = measured.better.get(&Way::Random).expect("measured");
        assert!(better.low.ndcg_20 > 0.0);
        assert_eq!(measure(&History::default()), None);
        assert_eq!(measure(&history), Some(measured));
    }

    #[test]
    fn scores_are_held_against_what_came_of_them() {
        let answered = [(500, false), (999, false), (1_000, true), (10_000, true)];
        let bins = calibrate(&answered);
        let counts: Vec<_> = bins.iter().map(|bin| (bin.pairs, bin.taken_up)).collect();
        assert_eq!(counts[..3], [(2, 0), (1, 1), (0, 0)]);
        assert_eq!(counts[9], (1, 1));
        assert_eq!(bins[2].share, None);
        // Wilson's own example of small numbers: the interval is never empty.
        let [share, low, high] = bins[0].share.expect("two pairs");
        assert_eq!((share, low), (0, 0));
        assert!((6_000..7_000).contains(&high), "{high}");
        assert_eq!(wilson(5, 10), [5_000, 2_366, 7_634]);
    }
}
