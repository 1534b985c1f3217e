//! How good a ranking is, and how sure one can be of it.
//!
//! Recall@k is the share of the real investors among the first k, NDCG@20 the
//! discounted gain 1 ÷ log₂(rank + 1) over the best that was possible
//! (Järvelin and Kekäläinen, 2002), MRR one over the rank of the first real
//! investor, 0 beyond the first 200. All are means over startups. Intervals are
//! percentiles of a bootstrap over startups (Efron, 1979); differences are
//! taken startup by startup, so that what makes a startup hard cancels out.

/// As many of each ranking are looked at.
pub const DEPTH: usize = 200;

/// How often the bootstrap draws.
const DRAWS: usize = 1_000;

/// The measures of one ranking, or their means.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measures {
    /// Share of the real investors among the first 20.
    pub recall_20: f64,
    /// The same of the first 50.
    pub recall_50: f64,
    /// Discounted gain of the first 20.
    pub ndcg_20: f64,
    /// One over the rank of the first real investor.
    pub mrr: f64,
}

/// The names of the measures, in the order of [`Measures::all`].
pub const NAMES: [&str; 4] = ["recall_20", "recall_50", "ndcg_20", "mrr"];

impl Measures {
    /// Every measure.
    pub const fn all(&self) -> [f64; 4] {
        [self.recall_20, self.recall_50, self.ndcg_20, self.mrr]
    }

    const fn from_all([recall_20, recall_50, ndcg_20, mrr]: [f64; 4]) -> Self {
        Self {
            recall_20,
            recall_50,
            ndcg_20,
            mrr,
        }
    }

    /// Measures a ranking, best first, by the real investors.
    pub fn of(ranking: &[usize], relevant: &[usize]) -> Self {
        let hits = || {
            ranking
                .iter()
                .take(DEPTH)
                .enumerate()
                .filter(|(_, candidate)| relevant.contains(candidate))
                .map(|(place, _)| place)
        };
        let all = count(relevant.len()).max(1.0);
        let within = |depth: usize| count(hits().filter(|place| *place < depth).count()) / all;
        let gain: f64 = hits().filter(|place| *place < 20).map(discount).sum();
        let best: f64 = (0..relevant.len().min(20)).map(discount).sum();
        Self {
            recall_20: within(20),
            recall_50: within(50),
            ndcg_20: if best > 0.0 { gain / best } else { 0.0 },
            mrr: hits()
                .next()
                .map_or(0.0, |place| 1.0 / (count(place) + 1.0)),
        }
    }

    /// The mean of many.
    pub fn mean<'a>(many: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sums = [0.0; 4];
        let mut number = 0;
        for one in many {
            number += 1;
            for (sum, value) in sums.iter_mut().zip(one.all()) {
                *sum += value;
            }
        }
        Self::from_all(sums.map(|sum| sum / count(number).max(1.0)))
    }

    /// What one has more than another.
    #[must_use]
    pub fn less(&self, other: &Self) -> Self {
        let mut values = self.all();
        for (value, other) in values.iter_mut().zip(other.all()) {
            *value -= other;
        }
        Self::from_all(values)
    }
}

/// A number of things; there are never so many that precision is lost.
pub fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// What a hit at a place is worth.
fn discount(place: usize) -> f64 {
    1.0 / (count(place) + 2.0).log2()
}

/// A mean with its 95 % interval.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: Measures,
    /// The lower end of each interval.
    pub low: Measures,
    /// The upper end of each interval.
    pub high: Measures,
}

impl Estimate {
    /// Estimates the mean of what was measured startup by startup. The same
    /// measures give the same interval.
    pub fn of(measured: &[Measures]) -> Self {
        let mut dice = Dice::new(20_130_101);
        let mut draws: [Vec<f64>; 4] = Default::default();
        for _ in 0..DRAWS {
            let drawn =
                (0..measured.len()).filter_map(|_| measured.get(dice.below(measured.len())));
            let mean = Measures::mean(drawn);
            for (values, value) in draws.iter_mut().zip(mean.all()) {
                values.push(value);
            }
        }
        let mut low = [0.0; 4];
        let mut high = [0.0; 4];
        for ((values, low), high) in draws.iter_mut().zip(&mut low).zip(&mut high) {
            values.sort_by(f64::total_cmp);
            *low = values.get(DRAWS / 40).copied().unwrap_or(0.0);
            *high = values.get(DRAWS - 1 - DRAWS / 40).copied().unwrap_or(0.0);
        }
        Self {
            mean: Measures::mean(measured),
            low: Measures::from_all(low),
            high: Measures::from_all(high),
        }
    }

    /// Estimates by how much one ranking is better than another, startup by
    /// startup.
    pub fn of_difference(ours: &[Measures], theirs: &[Measures]) -> Self {
        let differences: Vec<Measures> = ours
            .iter()
            .zip(theirs)
            .map(|(ours, theirs)| ours.less(theirs))
            .collect();
        Self::of(&differences)
    }
}

/// Numbers that look random and are the same every time (`SplitMix64`, Steele
/// and others, 2014).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Starts anew from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let wide = u128::from(self.next()) * u128::try_from(end).unwrap_or(0);
        usize::try_from(wide >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_measures_are_those_of_the_books() {
        let first = Measures::of(&[7, 1, 2], &[7]);
        assert!(first.all().into_iter().all(|value| near(value, 1.0)));

        let third = Measures::of(&[1, 2, 7], &[7, 9]);
        assert!(near(third.recall_20, 0.5));
        assert!(near(third.mrr, 1.0 / 3.0));
        assert!(near(third.ndcg_20, 0.5 / (1.0 + 1.0 / 3.0_f64.log2())));

        let ranking: Vec<usize> = (0..300).collect();
        let late = Measures::of(&ranking, &[30]);
        assert!(near(late.recall_20, 0.0) && near(late.recall_50, 1.0));
        assert!(near(Measures::of(&ranking, &[250]).mrr, 0.0));
        assert!(near(Measures::of(&ranking, &[]).ndcg_20, 0.0));
    }

    #[test]
    fn an_interval_holds_the_mean_and_is_the_same_twice() {
        let measured: Vec<Measures> = (0..400)
            .map(|n| Measures::from_all([f64::from(n % 5) / 4.0; 4]))
            .collect();
        let estimate = Estimate::of(&measured);
        assert!(near(estimate.mean.ndcg_20, 0.5));
        assert!(estimate.low.ndcg_20 < 0.5 && 0.5 < estimate.high.ndcg_20);
        // The standard error is about 0.354 ÷ 20.
        let width = estimate.high.ndcg_20 - estimate.low.ndcg_20;
        assert!((0.055..0.085).contains(&width), "{width}");
        assert_eq!(Estimate::of(&measured), estimate);
        let none = Estimate::of_difference(&measured, &measured);
        assert!(near(none.low.mrr, 0.0) && near(none.high.mrr, 0.0));
    }
}
