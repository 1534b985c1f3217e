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
type Lanes = [u16; LANES];

/// Weights that a wanted tag may have: 1 to 3.
const WEIGHTS: usize = 3;

/// What wanted tags are worth to one startup: for each that is kin to some of
/// its tags a group of rows, one for each weight, with a lane for each of the
/// startup's tags.
pub(in crate::matching::index) struct WantedTags {
    /// The group of a tag, by its number; 0 for none.
    groups: Vec<u16>,
    /// Group by group, weight by weight, strip by strip.
    rows: Vec<Lanes>,
    /// Rows per tag and weight: one for every 16 of the startup's.
    strips: usize,
    weights: Vec<[u32; LANES]>,
    sum_of_weights: i64,
    weight: i32,
    /// At least the points of a group and weight.
    most: Vec<i32>,
    /// At least the points of all the startup's tags of a sector.
    sectors: Vec<(u64, i32)>,
    /// Those sectors, as bits.
    pub(super) asked: u64,
    /// The startup's tags with all above them, by number.
    expanded: Vec<bool>,
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
            groups: vec![0; words.tags()],
            rows: Vec::with_capacity(64 * WEIGHTS * strips),
            strips,
            weights: vec![[0; LANES]; strips],
            sum_of_weights: ours.iter().map(|(_, weight)| weight).sum(),
            weight: weight(rules, Factor::Tags),
            most: Vec::new(),
            sectors: Vec::new(),
            asked: 0,
            expanded: vec![false; words.tags()],
        };
        tags.add_group();
        let worths = Worths::of(rules);
        for (lane, (slug, weight)) in ours.iter().enumerate() {
            let strip = tags.weights.get_mut(lane / LANES);
            if let Some(place) = strip.and_then(|strip| strip.get_mut(lane % LANES)) {
                *place = u32::try_from(*weight).unwrap_or(u32::MAX);
            }
            let Some(node) = taxonomy.node(slug) else {
                if let Some(tag) = words.tag(slug) {
                    tags.set(&worths, tag, lane, Kinship::Same);
                    tags.count(&worths, words.sector(tag), *weight);
                }
                continue;
            };
            for (kin, kinship) in taxonomy.kin(node) {
                if let Some(tag) = Vocabulary::node(kin) {
                    tags.set(&worths, tag, lane, kinship);
                }
            }
            if let Some(tag) = Vocabulary::node(node) {
                tags.count(&worths, words.sector(tag), *weight);
            }
        }
        tags.bound();
        tags
    }

    /// Room for one more tag's rows.
    fn add_group(&mut self) {
        let rows = std::iter::repeat_n([0; LANES], WEIGHTS * self.strips);
        self.rows.extend(rows);
    }

    /// Notes what a tag of the startup can give at most, for its sector.
    fn count(&mut self, worths: &Worths, sector: u64, weight: i64) {
        let sum = weight * i64::from(worths.greatest);
        let points = points_up(self.weight, sum, self.sum_of_weights);
        self.asked |= sector;
        match self.sectors.iter_mut().find(|(known, _)| *known == sector) {
            Some((_, sum)) => *sum += points,
            None => self.sectors.push((sector, points)),
        }
    }

    /// Notes what each row can give at most.
    fn bound(&mut self) {
        let rows = self.rows.chunks_exact(self.strips);
        self.most = rows
            .map(|strips| {
                let sums = strips.iter().zip(&self.weights);
                let sum = sums.map(|(row, weights)| dot(row, weights)).sum();
                points_up(self.weight, sum, self.sum_of_weights)
            })
            .collect();
        // Of tags that are not kin nothing comes, not even by rounding up.
        self.most
            .iter_mut()
            .take(WEIGHTS)
            .for_each(|most| *most = 0);
    }

    /// Whether the startup has the tag, or one below it.
    pub(super) fn has(&self, tag: u16) -> bool {
        self.expanded.get(usize::from(tag)) == Some(&true)
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
        if matches!(wanted, [TAGS_BEYOND]) {
            return self.all();
        }
        let mut sum = 0;
        for tag in wanted {
            sum += match self.row_of(*tag).and_then(|row| self.most.get(row)) {
                Some(points) => *points,
                None => self.all(),
            };
        }
        sum.min(self.all())
    }

    /// Which of the rows a tag and weight as the column has them are about.
    #[inline]
    fn row_of(&self, tag: u16) -> Option<usize> {
        let group = self.groups.get(usize::from(tag >> WEIGHT_BITS))?;
        let weight = usize::from(tag & ((1 << WEIGHT_BITS) - 1)).saturating_sub(1);
        Some(usize::from(*group) * WEIGHTS + weight)
    }

    pub(super) fn worth(&self, wanted: &[u16]) -> Option<Worth> {
        if matches!(wanted, [TAGS_BEYOND]) {
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

    fn set(&mut self, worths: &Worths, tag: u16, lane: usize, kinship: Kinship) {
        let next = self.rows.len() / (WEIGHTS * self.strips);
        let tag = usize::from(tag);
        if matches!(kinship, Kinship::Same | Kinship::Parent)
            && let Some(has) = self.expanded.get_mut(tag)
        {
            *has = true;
        }
        let Some(place) = self.groups.get_mut(tag) else {
            return;
        };
        if *place == 0 {
            let Ok(next) = u16::try_from(next) else {
                return;
            };
            *place = next;
        }
        let group = usize::from(*place);
        if group == next {
            self.add_group();
        }
        let first = group * WEIGHTS * self.strips + lane / LANES;
        let rows = self.rows.iter_mut().skip(first).step_by(self.strips);
        for (row, worth) in rows.zip(worths.of_kin(kinship)) {
            if let Some(place) = row.get_mut(lane % LANES) {
                *place = (*place).max(worth);
            }
        }
    }

    /// The best of each lane of one strip, weighted and added up.
    #[inline]
    fn strip(&self, strip: usize, wanted: &[u16]) -> i64 {
        let mut best: Lanes = [0; LANES];
        for tag in wanted {
            let row = self.row_of(*tag).map_or(0, |row| row * self.strips + strip);
            if let Some(row) = self.rows.get(row) {
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

/// What a wanted tag is worth by its kinship and weight.
struct Worths {
    by_kinship: [(Kinship, [u16; WEIGHTS]); 4],
    greatest: u16,
}

impl Worths {
    fn of(rules: &RuleSet) -> Self {
        use Kinship::{Child, Parent, Same, Sibling};
        let by_kinship = [Same, Parent, Child, Sibling].map(|kinship| {
            let worths = [1, 2, 3].map(|weight| worth(rules, kinship, weight));
            (
                kinship,
                worths.map(|worth| u16::try_from(worth).unwrap_or(0)),
            )
        });
        let all = by_kinship.iter().flat_map(|(_, worths)| worths);
        Self {
            greatest: all.copied().max().unwrap_or(0),
            by_kinship,
        }
    }

    fn of_kin(&self, kinship: Kinship) -> [u16; WEIGHTS] {
        let mut all = self.by_kinship.iter();
        all.find(|(known, _)| *known == kinship)
            .map_or([0; WEIGHTS], |(_, worths)| *worths)
    }
}

/// Two numbers of 32 bits multiply at once, four pairs at a time.
#[inline]
fn dot(row: &Lanes, weights: &[u32; LANES]) -> i64 {
    let lanes = row.iter().zip(weights);
    let sum: u64 = lanes
        .map(|(worth, weight)| u64::from(u32::from(*worth)) * u64::from(*weight))
        .sum();
    i64::try_from(sum).unwrap_or(i64::MAX)
}

/// The points of a weighted sum, rounded up.
fn points_up(weight: i32, sum: i64, weights: i64) -> i32 {
    let points = (i64::from(weight) * sum).checked_div(weights).unwrap_or(0);
    i32::try_from(points + 1).unwrap_or(i32::MAX / 64)
}
