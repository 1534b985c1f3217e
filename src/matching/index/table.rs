//! What the codes of a column are worth to one question.

use super::vocabulary::Words;
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

    /// Both together.
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

/// A number for each code, and one for those beyond the dictionary.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByCode<'a> {
    values: &'a [i32],
    beyond: i32,
}

impl ByCode<'_> {
    #[inline]
    pub(super) fn of(self, code: u16) -> i32 {
        match self.values.get(usize::from(code)) {
            Some(value) => *value,
            None => self.beyond,
        }
    }
}

/// What each code of one column is worth.
#[derive(Debug, Default)]
pub(super) struct Table {
    points: Vec<i32>,
    rest: Vec<Worth>,
    /// What a code beyond the dictionary may give.
    most: i32,
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
        let mut reach = if words.beyond { most } else { 0 };
        for key in words.keys.iter() {
            let mut worth = worth(key);
            if worth.doubt && !doubt_wanted {
                worth = Worth::OUT;
            }
            reach = reach.max(worth.points);
            points.push(worth.points);
            rest.push(worth);
        }
        Self {
            points,
            rest,
            most,
            reach,
        }
    }

    /// The points by code, at hand for many.
    #[inline]
    pub(super) fn points_by_code(&self) -> ByCode<'_> {
        ByCode {
            values: &self.points,
            beyond: self.most,
        }
    }

    /// The points of every code.
    pub(super) fn all_points(&self) -> &[i32] {
        &self.points
    }

    /// The most that any code can give.
    pub(super) const fn reach(&self) -> i32 {
        self.reach
    }

    /// The most that one of these codes gives; of any, when they aren't named.
    pub(super) fn most_of(&self, codes: Option<&[u16]>) -> i32 {
        let Some(codes) = codes else {
            return self.reach;
        };
        let points = codes.iter().map(|code| self.points(*code));
        points.max().unwrap_or(OUT)
    }

    /// The points of a code; as many as there can be for one beyond the
    /// dictionary, so that no bound is too low.
    #[inline]
    pub(super) fn points(&self, code: u16) -> i32 {
        self.points_by_code().of(code)
    }

    /// All that a code is worth; `None` beyond the dictionary.
    pub(super) fn worth(&self, code: u16) -> Option<Worth> {
        self.rest.get(usize::from(code)).copied()
    }
}

/// Half of a factor that is the mean of what is known of two lists: the value
/// of each code, with a flag where it is known.
#[derive(Debug, Default)]
pub(super) struct Half {
    values: Vec<i32>,
    reach: i32,
}

/// Lies above every value; two of them tell that both halves are known.
const KNOWN: i32 = 1 << 20;

impl Half {
    pub(super) fn new<K>(words: &Words<K>, value: impl FnMut(&K) -> Option<i64>) -> Self {
        let values: Vec<i32> = (words.keys.iter().map(value))
            .map(|value| value.map_or(0, |value| KNOWN + i32::try_from(value).unwrap_or(0)))
            .collect();
        let whole = KNOWN + i32::try_from(WHOLE).unwrap_or(0);
        let greatest = values.iter().copied().max().unwrap_or(0);
        Self {
            values,
            reach: if words.beyond { whole } else { greatest },
        }
    }

    /// The values by code, for [`Self::mean_of`] two of them. Beyond the
    /// dictionary a whole makes a mean no less than what stands beside it.
    #[inline]
    pub(super) fn by_code(&self) -> ByCode<'_> {
        ByCode {
            values: &self.values,
            beyond: self.reach,
        }
    }

    /// The mean of what is known of two, from their sum; 0 of nothing.
    #[inline]
    pub(super) const fn mean_of(sum: i32) -> i32 {
        (sum & (KNOWN - 1)) >> (sum / (2 * KNOWN))
    }

    /// The most that a mean can be.
    pub(super) fn reach(&self, other: &Self) -> i32 {
        (self.reach & (KNOWN - 1)).max(other.reach & (KNOWN - 1))
    }

    /// The mean, if anything is known; `None` beyond a dictionary.
    pub(super) fn worth(
        &self,
        code: u16,
        other: &Self,
        of_other: u16,
        weight: i32,
    ) -> Option<Worth> {
        let sum = self.values.get(usize::from(code))? + other.values.get(usize::from(of_other))?;
        let mean = i64::from(Self::mean_of(sum));
        Some(Worth::of(weight, (sum >= KNOWN).then_some(mean)))
    }
}
