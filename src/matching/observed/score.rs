//! The revealed score: Σ weight × curve(statistic), one table look-up a part.

use super::{SIGNALS, Statistics};
use crate::domain::revealed::{Revealed, Signal};

/// The statistics that are told apart; what lies beyond counts as the end.
const LOWEST: i64 = -10_000;
const HIGHEST: i64 = 14_000;

/// A rule set's revealed factors, ready to be asked for many pairs.
#[derive(Debug)]
pub struct Scorer {
    /// By signal: points of each statistic; empty without weight.
    tables: Vec<Vec<i64>>,
}

impl Scorer {
    /// Tables of these rules.
    pub fn new(rules: &Revealed) -> Self {
        let tables = Signal::ALL
            .iter()
            .map(|signal| match rules.weight(*signal) {
                0 => Vec::new(),
                weight => (LOWEST..=HIGHEST)
                    .map(|statistic| weight * rules.value(*signal, statistic))
                    .collect(),
            })
            .collect();
        Self { tables }
    }

    /// The points of every part of a candidate's score; 0 of what is unknown.
    pub fn points(&self, known: &[bool; SIGNALS], row: &[i64; SIGNALS]) -> [i64; SIGNALS] {
        let mut points = [0; SIGNALS];
        for (((cell, table), known), statistic) in
            points.iter_mut().zip(&self.tables).zip(known).zip(row)
        {
            if *known {
                let place = statistic.clamp(&LOWEST, &HIGHEST) - LOWEST;
                let place = usize::try_from(place).unwrap_or(0);
                *cell = table.get(place).copied().unwrap_or(0);
            }
        }
        points
    }

    /// The points of every candidate, part by part.
    pub fn all(&self, statistics: &Statistics) -> Vec<[i64; SIGNALS]> {
        statistics
            .rows
            .iter()
            .map(|row| self.points(&statistics.known, row))
            .collect()
    }
}
