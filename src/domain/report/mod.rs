//! Reports on a programme as tables of whole numbers, told by its log: the
//! same fold as the scorecard's, so that any day of the past reads as it did.
//!
//! | module | holds |
//! |---|---|
//! | here | the table, medians, shares |
//! | [`course`] | what the log says of introductions and deals |
//! | [`small`] | how small numbers are kept from being read or worked out |

pub mod course;
pub mod small;

use chrono::{Datelike, NaiveDate};

use super::values::codes;

codes! {
    /// Which report.
    ReportKind {
        /// From the asking to the money, by the period of the asking.
        Funnel = "funnel",
        /// Who was asked, what they said and how soon.
        Introductions = "introductions",
        /// Deals by stage and currency.
        Pipeline = "pipeline",
        /// How deals went through their pipelines' own stages, by the period in
        /// which they were opened.
        Stages = "stages",
        /// How few firms make up most of it.
        Concentration = "concentration",
    }
}

codes! {
    /// How long a cohort's period is.
    Period {
        /// A calendar month.
        Month = "month",
        /// A calendar quarter.
        Quarter = "quarter",
    }
}

impl Period {
    /// The name of the period that a day lies in; names sort as days do.
    pub fn name(self, day: NaiveDate) -> String {
        match self {
            Self::Month => format!("{}-{:02}", day.year(), day.month()),
            Self::Quarter => format!("{}-Q{}", day.year(), day.month0() / 3 + 1),
        }
    }
}

/// The first day of the quarter that a day lies in.
pub fn quarter_start(day: NaiveDate) -> NaiveDate {
    let month = day.month0() / 3 * 3 + 1;
    NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap_or(day)
}

codes! {
    /// What a column's numbers are.
    Unit {
        /// A number of records.
        Count = "count",
        /// A share in basis points.
        Share = "bp",
        /// Calendar days.
        Days = "days",
        /// Working days of whoever was asked.
        WorkingDays = "working_days",
        /// Minor units of the row's currency.
        Minor = "minor",
        /// Minor units of the report's currency.
        Compared = "minor_compared",
    }
}

/// One column of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in data.
    pub key: &'static str,
    /// What its numbers are.
    pub unit: Unit,
    /// The columns of counts that it says something about: where one of them
    /// is too small to show, so is this.
    pub of: &'static [usize],
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is about, one value for each dimension.
    pub keys: Vec<String>,
    /// Whether it sums up the others.
    pub total: bool,
    /// Its numbers; none where there is nothing to tell.
    pub cells: Vec<Option<i64>>,
    /// Which of them are too small to show.
    pub hidden: Vec<bool>,
}

impl Row {
    /// A row with nothing hidden.
    pub fn new(keys: Vec<String>, total: bool, cells: Vec<Option<i64>>) -> Self {
        Self {
            hidden: vec![false; cells.len()],
            keys,
            total,
            cells,
        }
    }
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Which.
    pub kind: ReportKind,
    /// What its rows are told apart by.
    pub dimensions: &'static [&'static str],
    /// Its columns.
    pub columns: &'static [Column],
    /// Columns whose counts make up another one's: (whole, parts).
    pub parts: Option<(usize, &'static [usize])>,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A share in basis points; none of nothing.
pub fn share_bp(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| {
        let bp = i128::from(part) * 10_000 / i128::from(whole);
        i64::try_from(bp).unwrap_or(i64::MAX)
    })
}

/// The value that `percent` of the others don't exceed (nearest rank); none of
/// nothing.
pub fn percentile(values: &mut [i64], percent: usize) -> Option<i64> {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied()
}

/// The share of the three largest, in bp; none of nothing.
pub fn top_three_bp(values: &[i64]) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let whole: i64 = sorted.iter().fold(0, |sum, it| sum.saturating_add(*it));
    let top = sorted.iter().take(3).sum::<i64>();
    share_bp(top, whole)
}

/// The Gini coefficient in bp: 0 where all have the same, near 10 000 where one
/// has everything; none of nothing.
pub fn gini_bp(values: &[i64]) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let count = i128::try_from(sorted.len()).unwrap_or(i128::MAX);
    let whole: i128 = sorted.iter().map(|it| i128::from(*it)).sum();
    if whole <= 0 {
        return None;
    }
    let ranked = (1_i128..)
        .zip(&sorted)
        .map(|(rank, it)| rank * i128::from(*it));
    let twice: i128 = 2 * ranked.sum::<i128>();
    let bp = (twice - (count + 1) * whole) * 10_000 / (count * whole);
    i64::try_from(bp).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_and_ranks() {
        assert_eq!(percentile(&mut [5, 1, 9, 3], 50), Some(3));
        assert_eq!(percentile(&mut [5, 1, 9, 3], 90), Some(9));
        assert_eq!(percentile(&mut [], 50), None);
        assert_eq!(gini_bp(&[5, 5, 5, 5]), Some(0));
        assert_eq!(gini_bp(&[0, 0, 0, 9]), Some(7_500));
        assert_eq!(gini_bp(&[]), None);
        assert_eq!(top_three_bp(&[1, 1, 1, 7]), Some(9_000));
        let day = NaiveDate::from_ymd_opt(2026, 11, 24).expect("a day");
        assert_eq!(Period::Quarter.name(day), "2026-Q4");
        assert_eq!(Period::Month.name(day), "2026-11");
        assert_eq!(quarter_start(day).to_string(), "2026-10-01");
    }

    proptest! {
        #[test]
        fn a_gini_lies_between_none_and_all(values in prop::collection::vec(0_i64..1_000_000_000_000, 1..40)) {
            if let Some(gini) = gini_bp(&values) {
                prop_assert!((0..10_000).contains(&gini), "{}", gini);
            }
        }
    }
}
