//! The curves of all factors as a list of slopes.

use std::collections::BTreeMap;

use super::super::observed::SIGNALS;
use crate::domain::revealed::{Revealed, Signal};
use crate::domain::scoring::{Curve, WHOLE};

/// Where curves may bend, in milli-nats.
const COUNTS: &[i64] = &[-1_700, -300, 800, 2_000, 3_500, 5_500];
const SHARES: &[i64] = &[-3_500, -1_500, -400, 400, 1_400, 3_000, 6_000];
const OFFICE: &[i64] = &[0, 1_000, 2_000, 3_000, 4_000];
const ALIKE: &[i64] = &[-3_500, -2_500, -1_200, 0, 1_500, 5_000];

/// One straight piece of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Whose curve, by its place in [`Signal::ALL`].
    pub(super) signal: usize,
    /// Where it begins.
    pub(super) from: i64,
    /// Where it ends.
    pub(super) to: i64,
}

impl Piece {
    /// A slope that makes every curve rise by the same, in a straight line.
    pub(super) fn even(&self) -> f64 {
        let signal = Signal::ALL.get(self.signal);
        let bends = signal.map_or(&[][..], |signal| bends(*signal));
        let ends = bends.first().zip(bends.last());
        ends.map_or(0.0, |(from, to)| 1_000.0 / float(to - from))
    }
}

/// All pieces, curve by curve in ascending order.
#[derive(Debug)]
pub(super) struct Pieces {
    pub(super) all: Vec<Piece>,
    /// The slope of each under the rules that one starts from, in points of
    /// 10⁸ for a whole nat.
    pub(super) start: Vec<f64>,
}

/// What a curve may bend at.
fn bends(signal: Signal) -> &'static [i64] {
    match signal {
        Signal::Pace | Signal::Activity | Signal::Record => COUNTS,
        Signal::Office => OFFICE,
        Signal::Alike => ALIKE,
        Signal::Country
        | Signal::Region
        | Signal::City
        | Signal::Stage
        | Signal::Size
        | Signal::Ticket
        | Signal::Tags => SHARES,
    }
}

/// A whole number that is far from where precision is lost.
pub(super) fn float(number: i64) -> f64 {
    i32::try_from(number).map_or(0.0, f64::from)
}

impl Pieces {
    pub(super) fn new(start: &Revealed) -> Self {
        let mut all = Vec::new();
        let mut slopes = Vec::new();
        for (place, signal) in Signal::ALL.iter().enumerate() {
            for pair in bends(*signal).windows(2) {
                let [from, to] = *pair else { continue };
                all.push(Piece {
                    signal: place,
                    from,
                    to,
                });
                let rise = start.value(*signal, to) - start.value(*signal, from);
                let points = float(rise * start.weight(*signal)) / 1e8;
                slopes.push(points * 1_000.0 / float(to - from));
            }
        }
        Self { all, start: slopes }
    }

    /// How far a row reaches into each piece, in nats; nothing of what is
    /// unknown.
    pub(super) fn reach(&self, row: &[i64; SIGNALS], known: &[bool; SIGNALS]) -> Vec<f32> {
        self.all
            .iter()
            .map(|piece| {
                let statistic = match (row.get(piece.signal), known.get(piece.signal)) {
                    (Some(statistic), Some(true)) => *statistic,
                    _ => return 0.0,
                };
                let reach = (statistic.clamp(piece.from, piece.to)) - piece.from;
                i16::try_from(reach).map_or(0.0, f32::from) / 1_000.0
            })
            .collect()
    }

    /// The curve of a signal with these slopes.
    pub(super) fn of(&self, signal: Signal, slopes: &[f64]) -> Vec<(Piece, f64)> {
        let all = self.all.iter().copied().zip(slopes.iter().copied());
        all.filter(|(piece, _)| Signal::ALL.get(piece.signal) == Some(&signal))
            .collect()
    }

    /// The rules with these slopes: how far a curve rises is its weight.
    pub(super) fn rules(&self, start: &Revealed, slopes: &[f64]) -> Revealed {
        let mut rises = [0.0; SIGNALS];
        for (piece, slope) in self.all.iter().zip(slopes) {
            if let Some(rise) = rises.get_mut(piece.signal) {
                *rise += slope * float(piece.to - piece.from) / 1_000.0;
            }
        }
        let weights = apportion(&rises);
        let mut revealed = start.clone();
        revealed.weights = Signal::ALL.iter().copied().zip(weights).collect();
        revealed.curves = Signal::ALL
            .iter()
            .zip(rises)
            .enumerate()
            .filter_map(|(place, (signal, rise))| Some((*signal, self.curve(place, rise, slopes)?)))
            .collect::<BTreeMap<_, _>>();
        revealed
    }

    fn curve(&self, signal: usize, rise: f64, slopes: &[f64]) -> Option<Curve> {
        let mut points = Vec::new();
        let mut height = 0.0;
        for (piece, slope) in self.all.iter().zip(slopes) {
            if piece.signal != signal {
                continue;
            }
            if points.is_empty() {
                points.push((piece.from, 0));
            }
            height += slope * float(piece.to - piece.from) / 1_000.0;
            let share = if rise > 0.0 { height / rise } else { 0.0 };
            points.push((piece.to, whole(share * float(WHOLE)).min(WHOLE)));
        }
        Curve::new(points)
    }
}

/// Shares of a whole in bp that sum to 10 000; what is lost by rounding goes
/// to the greatest.
fn apportion(parts: &[f64; SIGNALS]) -> [i64; SIGNALS] {
    let sum: f64 = parts.iter().sum();
    let mut shares = [0; SIGNALS];
    if sum <= 0.0 {
        return shares;
    }
    for (share, part) in shares.iter_mut().zip(parts) {
        *share = whole(part / sum * float(WHOLE));
    }
    let rest = WHOLE - shares.iter().sum::<i64>();
    if let Some(greatest) = shares.iter_mut().max() {
        *greatest += rest;
    }
    shares
}

/// The nearest whole number between 0 and 10 000.
fn whole(number: f64) -> i64 {
    nearest(number, 0, WHOLE)
}

/// The nearest whole number between two.
pub(super) fn nearest(number: f64, mut low: i64, mut high: i64) -> i64 {
    while low < high {
        let middle = low + (high - low).div_euclid(2);
        if float(middle) + 0.5 > number {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_the_whole() {
        let mut parts = [1.0; SIGNALS];
        parts[3] = 5.5;
        assert_eq!(apportion(&parts).iter().sum::<i64>(), WHOLE);
        assert_eq!(apportion(&[0.0; SIGNALS]), [0; SIGNALS]);
        for (number, nearest) in [(-1.0, 0), (0.49, 0), (0.51, 1), (77.2, 77), (2e9, WHOLE)] {
            assert_eq!(whole(number), nearest);
        }
    }
}
