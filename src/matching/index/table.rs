//! A question compiled: what each code of each column is worth to it.

use super::vocabulary::{BEYOND, Words};
use crate::domain::scoring::{Factor, GateVerdict, RuleSet, WHOLE};

/// Points of what a gate rules out: no sum of real points outweighs it, and no
/// number of columns overflows it.
pub(super) const OUT: i32 = -150_000_000;

/// What one code is worth.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Worth {
    /// Weight × value; [`OUT`] when a gate fails.
    pub(super) points: i32,
    /// The weight of what is known.
    pub(super) known: i32,
    /// A gate is unknown.
    pub(super) doubt: bool,
    /// It is sensitive, and a release would have to be found.
    pub(super) sensitive: bool,
}

impl Worth {
    /// What a gate rules out.
    pub(super) const OUT: Self = Self {
        points: OUT,
        known: 0,
        doubt: false,
        sensitive: false,
    };

    /// A factor's part of the sum.
    pub(super) fn of(weight: i32, value: Option<i64>) -> Self {
        value.map_or_else(Self::default, |value| Self {
            points: weight * i32::try_from(value).unwrap_or(0),
            known: weight,
            ..Self::default()
        })
    }

    /// The same behind a gate.
    pub(super) fn behind(self, verdict: GateVerdict) -> Self {
        match verdict {
            GateVerdict::Fail => Self::OUT,
            GateVerdict::Unknown => Self {
                doubt: true,
                ..self
            },
            GateVerdict::Pass | GateVerdict::NotApplicable => self,
        }
    }

    /// Both together; they are known apart, so nothing is rounded.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            points: self.points + other.points,
            known: self.known + other.known,
            doubt: self.doubt || other.doubt,
            sensitive: self.sensitive || other.sensitive,
        }
    }
}

/// The weight of a factor, in bp.
pub(super) fn weight(rules: &RuleSet, factor: Factor) -> i32 {
    let weight = rules.weights.get(&factor).copied().unwrap_or(0);
    i32::try_from(weight).unwrap_or(0)
}

/// The most a factor can give.
pub(super) fn most(weight: i32) -> i32 {
    weight * i32::try_from(WHOLE).unwrap_or(0)
}

/// What each code of one column is worth.
#[derive(Debug, Default)]
pub(super) struct Table {
    points: Vec<i32>,
    rest: Vec<Worth>,
    /// What a code beyond the dictionary may give.
    pub(super) most: i32,
    reach: i32,
}

impl Table {
    /// A table of all keys. Where doubt is not wanted it rules out.
    pub(super) fn new<K>(
        words: &Words<K>,
        most: i32,
        doubt_wanted: bool,
        mut worth: impl FnMut(&K) -> Worth,
    ) -> Self {
        let mut points = Vec::with_capacity(words.keys.len());
        let mut rest = Vec::with_capacity(words.keys.len());
        for key in words.keys.iter() {
            let mut worth = worth(key);
            if worth.doubt && !doubt_wanted {
                worth = Worth::OUT;
            }
            points.push(worth.points);
            rest.push(worth);
        }
        let greatest = points.iter().copied().max().unwrap_or(0);
        Self {
            points,
            rest,
            most,
            reach: if words.beyond { most } else { greatest },
        }
    }

    /// The most that any code can give.
    pub(super) const fn reach(&self) -> i32 {
        self.reach
    }

    /// The most that one of these codes gives.
    #[inline]
    pub(super) fn most_of(&self, codes: &[u16]) -> i32 {
        let points = codes.iter().map(|code| self.points(*code));
        points.max().unwrap_or(OUT)
    }

    /// The points of a code; as many as there can be for one beyond the
    /// dictionary, so that no bound is too low.
    #[inline]
    pub(super) fn points(&self, code: u16) -> i32 {
        match self.points.get(usize::from(code)) {
            Some(points) => *points,
            None => self.most,
        }
    }

    /// All that a code is worth; `None` beyond the dictionary.
    pub(super) fn worth(&self, code: u16) -> Option<Worth> {
        self.rest.get(usize::from(code)).copied()
    }

    /// Adds the points of every code of a block.
    #[inline]
    pub(super) fn add_to(&self, sums: &mut [i32], codes: &[u16]) {
        for (sum, code) in sums.iter_mut().zip(codes) {
            *sum += self.points(*code);
        }
    }
}

/// Whether a code stands for what is beyond its dictionary.
pub(super) const fn is_beyond(code: u16) -> bool {
    code == BEYOND
}
