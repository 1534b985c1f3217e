//! How much a tag counts for being rare: the inverse document frequency of
//! information retrieval (Spärck Jones, *A statistical interpretation of term
//! specificity*, 1972), smoothed by one, in integers.

use std::collections::BTreeMap;

use super::observed::logarithm::ln;
use super::rules::MOST_TIMES;
use crate::domain::scoring::WHOLE;
use crate::domain::text::Slug;

/// What each tag counts in bp of an ordinary one, from how many of `all`
/// profiles have it. The ordinary one is the mean over all that is held, so
/// that rarity moves points between tags and leaves their sum where it was.
pub fn rarity(holders: &BTreeMap<Slug, u64>, all: u64) -> BTreeMap<Slug, i64> {
    let worth = |count: u64| -> i64 { 1_000 + ln(all + 1) - ln(count.min(all) + 1) };
    let (mut sum, mut held) = (0_i64, 0_i64);
    for count in holders.values() {
        let times = i64::try_from(*count).unwrap_or(i64::MAX);
        sum = sum.saturating_add(worth(*count).saturating_mul(times));
        held = held.saturating_add(times);
    }
    let Some(ordinary) = sum.checked_div(held).filter(|ordinary| *ordinary > 0) else {
        return BTreeMap::new();
    };
    holders
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(tag, count)| {
            let share = worth(*count) * WHOLE / ordinary;
            (tag.clone(), share.clamp(1, MOST_TIMES * WHOLE))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &[(&str, u64)], all: u64) -> Vec<i64> {
        let holders = counts
            .iter()
            .map(|(tag, count)| (tag.parse().unwrap(), *count))
            .collect();
        rarity(&holders, all).into_values().collect()
    }

    #[test]
    fn the_rarer_counts_more_and_the_mean_stays_whole() {
        let shares = counted(&[("a", 100), ("b", 10), ("c", 1)], 100);
        assert!(shares.is_sorted(), "{shares:?}");
        let mean = (100 * shares[0] + 10 * shares[1] + shares[2]) / 111;
        assert!((mean - WHOLE).abs() <= 20, "{mean}");
    }

    #[test]
    fn equally_rare_tags_count_whole_and_nothing_gives_nothing() {
        assert_eq!(counted(&[("a", 7), ("b", 7)], 20), [WHOLE, WHOLE]);
        assert_eq!(counted(&[("a", 1)], 1), [WHOLE]);
        assert!(counted(&[], 0).is_empty());
        assert!(counted(&[("a", 0)], 0).is_empty());
    }
}
