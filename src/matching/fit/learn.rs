//! Finds the slopes: projected gradient steps on a smooth NDCG.

use super::super::backtest::measures::{Measures, count};
use super::super::crew::share_out;
use super::super::observed::SIGNALS;
use super::pieces::Pieces;

/// How many steps are taken.
pub(super) const ROUNDS: usize = 60;

/// How soft a rank is: a rival half as far away counts as half before.
pub(super) const SOFTNESS: f64 = 0.7;

/// Lengths of the first and the last step, as shares of a typical slope.
const FIRST_STEP: f64 = 0.15;
const LAST_STEP: f64 = 0.01;

/// Makes strictness 1 one part in a thousand of the gain.
const HOLD: f64 = 1e-3;

/// One startup: its rivals' statistics piece by piece, and who was real.
#[derive(Debug)]
pub(super) struct Lesson {
    /// Whether its whole profile was told.
    pub(super) plain: bool,
    /// One row a rival, one number a piece.
    rows: Vec<f32>,
    real: Vec<bool>,
    width: usize,
    /// The best that can be gained.
    ideal: f64,
}

impl Lesson {
    pub(super) fn new(
        plain: bool,
        rows: &[(&[i64; SIGNALS], bool)],
        known: &[bool; SIGNALS],
        pieces: &Pieces,
    ) -> Self {
        let real: Vec<bool> = rows.iter().map(|(_, real)| *real).collect();
        Self {
            plain,
            rows: rows
                .iter()
                .flat_map(|(row, _)| pieces.reach(row, known))
                .collect(),
            ideal: ideal(&real),
            real,
            width: pieces.all.len(),
        }
    }

    fn scores(&self, slopes: &[f64]) -> Vec<f64> {
        self.rows
            .chunks_exact(self.width)
            .map(|row| {
                row.iter()
                    .zip(slopes)
                    .map(|(reach, slope)| f64::from(*reach) * slope)
                    .sum()
            })
            .collect()
    }

    /// The real measures under these slopes.
    pub(super) fn measure(&self, slopes: &[f64]) -> Measures {
        let scores = self.scores(slopes);
        let mut order: Vec<usize> = (0..scores.len()).collect();
        let score = |place: &usize| scores.get(*place).copied().unwrap_or(0.0);
        order.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.cmp(b)));
        let real: Vec<usize> = self
            .real
            .iter()
            .enumerate()
            .filter_map(|(place, real)| real.then_some(place))
            .collect();
        Measures::of(&order, &real)
    }

    /// The smooth NDCG, and by how much it rises with each slope.
    fn gain(&self, slopes: &[f64], softness: f64) -> (f64, Vec<f64>) {
        let (gain, pulls) = smooth(&self.scores(slopes), &self.real, softness);
        let mut rise = vec![0.0; self.width];
        for (row, pull) in self.rows.chunks_exact(self.width).zip(&pulls) {
            if pull.abs() > 1e-7 {
                for (rise, reach) in rise.iter_mut().zip(row) {
                    *rise += pull * f64::from(*reach) / self.ideal;
                }
            }
        }
        (gain / self.ideal, rise)
    }
}

/// The smooth gain of these scores, and how it pulls at each of them.
pub(super) fn smooth(scores: &[f64], real: &[bool], softness: f64) -> (f64, Vec<f64>) {
    let mut gain = 0.0;
    let mut pulls = vec![0.0; scores.len()];
    for (place, own) in real
        .iter()
        .zip(scores)
        .enumerate()
        .filter_map(|(place, (real, own))| real.then_some((place, *own)))
    {
        // A rival is before by the logistic curve of the difference; the
        // place itself counts a half, which is taken off again.
        let before: Vec<f64> = scores
            .iter()
            .map(|rival| 1.0 / (1.0 + ((own - rival) / softness).exp()))
            .collect();
        let rank = 0.5 + before.iter().sum::<f64>();
        let discount = (1.0 + rank).log2();
        gain += 1.0 / discount;
        let fall = 1.0 / (discount * discount * (1.0 + rank) * std::f64::consts::LN_2);
        let mut total = 0.0;
        for (pull, before) in pulls.iter_mut().zip(&before) {
            let push = fall * before * (1.0 - before) / softness;
            *pull -= push;
            total += push;
        }
        if let Some(pull) = pulls.get_mut(place) {
            *pull += total;
        }
    }
    (gain, pulls)
}

/// The best that can be gained with so many real investors.
pub(super) fn ideal(real: &[bool]) -> f64 {
    let found = real.iter().filter(|real| **real).count();
    (0..found.min(20))
        .map(|place| 1.0 / (count(place) + 2.0).log2())
        .sum()
}

/// The mean gain of all lessons, and its rise.
fn gain(lessons: &[&Lesson], slopes: &[f64]) -> (f64, Vec<f64>) {
    let told = share_out(
        lessons.len(),
        |place| {
            lessons
                .get(place)
                .map(|lesson| lesson.gain(slopes, SOFTNESS))
        },
        &|_| {},
    );
    let all = count(lessons.len()).max(1.0);
    let mut mean = 0.0;
    let mut rises = vec![0.0; slopes.len()];
    for (gain, rise) in told.into_iter().flatten() {
        mean += gain / all;
        for (sum, rise) in rises.iter_mut().zip(rise) {
            *sum += rise / all;
        }
    }
    (mean, rises)
}

/// By what to multiply the starting slopes, which are right but for their
/// unit: the factor with the greatest gain.
pub(super) fn scale(lessons: &[&Lesson], slopes: &[f64]) -> f64 {
    let mut best = (f64::MIN, 1.0);
    let mut scale = 4.0;
    for _ in 0..14 {
        let scaled: Vec<f64> = slopes.iter().map(|slope| slope * scale).collect();
        let (gain, _) = gain(lessons, &scaled);
        if gain > best.0 {
            best = (gain, scale);
        }
        scale *= 1.3;
    }
    best.1
}

/// Finds the slopes, from `start` and held back to it by `strictness`; none
/// falls below nought.
pub(super) fn learn(
    lessons: &[&Lesson],
    start: &[f64],
    strictness: f64,
    done: &(dyn Fn(usize) + Sync),
) -> Vec<f64> {
    let typical = start.iter().sum::<f64>() / count(start.len()).max(1.0);
    let climb = Climb {
        rounds: ROUNDS,
        unit: if typical > 0.0 { typical } else { 1.0 },
        strictness,
    };
    climb.from(
        start,
        |slopes| gain(lessons, slopes).1,
        |slopes| slopes.iter_mut().for_each(|slope| *slope = slope.max(0.0)),
        done,
    )
}

/// A walk uphill of a counted number of steps.
pub(super) struct Climb {
    /// How many steps.
    pub(super) rounds: usize,
    /// What a step is measured in.
    pub(super) unit: f64,
    /// How strictly the walk is held back to its start.
    pub(super) strictness: f64,
}

impl Climb {
    /// Walks from `start` to where the `rises` point; after every step `settle`
    /// puts right what must not be. The step of each number is evened out by
    /// how much its rises have varied (Adam, Kingma and Ba, 2015).
    pub(super) fn from(
        &self,
        start: &[f64],
        rises: impl Fn(&[f64]) -> Vec<f64>,
        settle: impl Fn(&mut [f64]),
        done: &(dyn Fn(usize) + Sync),
    ) -> Vec<f64> {
        let mut numbers = start.to_vec();
        let mut first = vec![0.0; start.len()];
        let mut second = vec![0.0; start.len()];
        let (mut first_left, mut second_left) = (1.0, 1.0);
        for round in 0..self.rounds {
            let rises = rises(&numbers);
            first_left *= 0.9;
            second_left *= 0.98;
            let share = count(round) / count(self.rounds - 1).max(1.0);
            let step = self.unit * (FIRST_STEP * (1.0 - share) + LAST_STEP * share);
            let states = numbers
                .iter_mut()
                .zip(start)
                .zip(&mut first)
                .zip(&mut second)
                .zip(rises);
            for ((((number, start), first), second), rise) in states {
                let held = rise - 2.0 * self.strictness * HOLD * (*number - start);
                *first = 0.9 * *first + 0.1 * held;
                *second = 0.98 * *second + 0.02 * held * held;
                let mean = *first / (1.0 - first_left);
                let spread = (*second / (1.0 - second_left)).sqrt() + 1e-6;
                *number += step * mean / spread;
            }
            settle(&mut numbers);
            done(1);
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::revealed::Signal;

    #[test]
    fn a_gain_rises_as_its_slopes_say() {
        let pieces = Pieces {
            all: vec![],
            start: vec![],
        };
        let mut lesson = Lesson::new(true, &[], &[true; SIGNALS], &pieces);
        assert_eq!(Signal::ALL.len(), SIGNALS);
        lesson.width = 2;
        lesson.rows = vec![1.0, 0.2, 0.3, 0.9, 0.8, 0.8, 0.1, 0.4];
        lesson.real = vec![false, true, false, true];
        lesson.ideal = 1.0 + 1.0 / 3.0_f64.log2();
        let at = [0.7, 0.4];
        let (_, rises) = lesson.gain(&at, SOFTNESS);
        for (place, rise) in rises.iter().enumerate() {
            let mut more = at;
            more[place] += 1e-5;
            let mut less = at;
            less[place] -= 1e-5;
            let slope = (lesson.gain(&more, SOFTNESS).0 - lesson.gain(&less, SOFTNESS).0) / 2e-5;
            assert!((rise - slope).abs() < 1e-6, "{rise} {slope}");
        }
    }
}
