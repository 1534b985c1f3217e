//! What the tags that mandates want are worth to one startup.

use super::super::store::ANY_SECTOR;
use super::super::table::{Worth, most, weight};
use super::super::values::TAGS_BEYOND;
use super::super::vocabulary::Vocabulary;
use super::WEIGHT_BITS;
use crate::domain::scoring::{Factor, RuleSet};
use crate::domain::tag::{Kinship, Taxonomy};
use crate::domain::text::Slug;
use crate::matching::factors::tags::worth;

/// Tags of the startup that one row holds.
const LANES: usize = 16;
type Lanes = [i16; LANES];

/// What wanted tags are worth to one startup: a row for each that is kin to
/// some of its tags, a lane for each of these.
pub(in crate::matching::index) struct WantedTags {
    /// The first row of a tag and weight as the column has them; 0 for none.
    rows_of: Vec<u32>,
    rows: Vec<Lanes>,
    /// Rows per tag: one for every 16 of the startup's.
    strips: usize,
    weights: Vec<[i64; LANES]>,
    sum_of_weights: i64,
    weight: i32,
    /// At least the points of a tag and weight as the column has them.
    most: Vec<i32>,
    /// At least the points of all the startup's tags of a sector.
    sectors: Vec<(u64, i32)>,
    /// Those sectors, as bits.
    pub(super) asked: u64,
}

impl WantedTags {
    pub(super) fn new(
        rules: &RuleSet,
        taxonomy: &Taxonomy,
        words: &Vocabulary,
        ours: &[(&Slug, i64)],
    ) -> Self {
        let strips = ours.len().div_ceil(LANES).max(1);
        let mut tags = Self {
            rows_of: vec![0; words.tags() << WEIGHT_BITS],
            rows: vec![[0; LANES]; strips],
            strips,
            weights: vec![[0; LANES]; strips],
            sum_of_weights: ours.iter().map(|(_, weight)| weight).sum(),
            weight: weight(rules, Factor::Tags),
            most: vec![0; words.tags() << WEIGHT_BITS],
            sectors: Vec::new(),
            asked: 0,
        };
        for (lane, (slug, weight)) in ours.iter().enumerate() {
            let strip = tags.weights.get_mut(lane / LANES);
            if let Some(place) = strip.and_then(|strip| strip.get_mut(lane % LANES)) {
                *place = *weight;
            }
            let Some(node) = taxonomy.node(slug) else {
                if let Some(tag) = words.tag(slug) {
                    tags.set(rules, tag, lane, Kinship::Same);
                }
                continue;
            };
            for (kin, kinship) in taxonomy.kin(node) {
                if let Some(tag) = Vocabulary::node(kin) {
                    tags.set(rules, tag, lane, kinship);
                }
            }
        }
        tags.bound(rules, words, ours);
        tags
    }

    /// Notes what each row and each sector can give at most.
    fn bound(&mut self, rules: &RuleSet, words: &Vocabulary, ours: &[(&Slug, i64)]) {
        for (most, first) in self.most.iter_mut().zip(&self.rows_of) {
            let first = as_index(*first);
            if first == 0 {
                continue;
            }
            let rows = self.rows.iter().skip(first).take(self.strips);
            let sums = rows
                .zip(&self.weights)
                .map(|(row, weights)| dot(row, weights));
            *most = points_up(self.weight, sums.sum(), self.sum_of_weights);
        }
        let greatest = worth(rules, Kinship::Same, 3);
        for (slug, weight) in ours {
            let Some(tag) = words.tag(slug) else {
                continue;
            };
            let points = points_up(self.weight, weight * greatest, self.sum_of_weights);
            let sector = words.sector(tag);
            self.asked |= sector;
            match self.sectors.iter_mut().find(|(known, _)| *known == sector) {
                Some((_, sum)) => *sum += points,
                None => self.sectors.push((sector, points)),
            }
        }
    }

    fn all(&self) -> i32 {
        most(self.weight)
    }

    pub(super) fn most_of_sectors(&self, homes: u64, sectors: u64) -> i32 {
        if homes & ANY_SECTOR != 0 {
            return self.all();
        }
        // Elsewhere only what shares no sector counts.
        if homes & self.asked == 0 {
            return 0;
        }
        let met = self
            .sectors
            .iter()
            .filter(|(sector, _)| sector & sectors != 0);
        met.map(|(_, points)| points).sum::<i32>().min(self.all())
    }

    #[inline]
    pub(super) fn most_of(&self, wanted: &[u16]) -> i32 {
        let mut sum = 0;
        for tag in wanted {
            sum += match self.most.get(usize::from(*tag)) {
                Some(points) => *points,
                None => self.all(),
            };
        }
        sum.min(self.all())
    }

    pub(super) fn worth(&self, wanted: &[u16]) -> Option<Worth> {
        if wanted == [TAGS_BEYOND] {
            return None;
        }
        if wanted.is_empty() || self.sum_of_weights == 0 {
            return Some(Worth::default());
        }
        let sum: i64 = (0..self.strips)
            .map(|strip| self.strip(strip, wanted))
            .sum();
        Some(Worth::of(self.weight, Some(sum / self.sum_of_weights)))
    }

    fn set(&mut self, rules: &RuleSet, tag: u16, lane: usize, kinship: Kinship) {
        for weight in 1..=3 {
            let worth = i16::try_from(worth(rules, kinship, weight)).unwrap_or(0);
            let at = usize::from(tag) << WEIGHT_BITS | usize::from(weight);
            let Some(first) = self.rows_of.get_mut(at) else {
                return;
            };
            if *first == 0 {
                let Ok(next) = u32::try_from(self.rows.len()) else {
                    return;
                };
                *first = next;
                self.rows
                    .extend(std::iter::repeat_n([0; LANES], self.strips));
            }
            let row = as_index(*first) + lane / LANES;
            let row = self.rows.get_mut(row);
            if let Some(place) = row.and_then(|row| row.get_mut(lane % LANES)) {
                *place = (*place).max(worth);
            }
        }
    }

    /// The best of each lane of one strip, weighted and added up.
    fn strip(&self, strip: usize, wanted: &[u16]) -> i64 {
        let mut best: Lanes = [0; LANES];
        for tag in wanted {
            let first = self
                .rows_of
                .get(usize::from(*tag))
                .map_or(0, |row| as_index(*row));
            if first == 0 {
                continue;
            }
            if let Some(row) = self.rows.get(first + strip) {
                for (best, worth) in best.iter_mut().zip(row) {
                    *best = (*best).max(*worth);
                }
            }
        }
        self.weights
            .get(strip)
            .map_or(0, |weights| dot(&best, weights))
    }
}

fn dot(row: &Lanes, weights: &[i64; LANES]) -> i64 {
    let lanes = row.iter().zip(weights);
    lanes
        .map(|(worth, weight)| weight * i64::from(*worth))
        .sum()
}

/// The points of a weighted sum, rounded up.
fn points_up(weight: i32, sum: i64, weights: i64) -> i32 {
    let points = (i64::from(weight) * sum).checked_div(weights).unwrap_or(0);
    i32::try_from(points + 1).unwrap_or(i32::MAX / 64)
}

fn as_index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
