//! Finds the tables of likeness, with the curves as they are.
//!
//! The score of a rival is what all other factors give, and the curve of the
//! logarithm of Σ e^(sum of its deal's entries). The smooth NDCG rises with an
//! entry by how it pulls at the rival, times the slope of the curve there, times
//! the share of the sum that comes of deals with that entry. What is nearer
//! never counts less than what is farther: after each step entries that are out
//! of order are put at their mean (isotonic regression, Barlow and others, 1972).

use std::collections::BTreeMap;

use super::super::backtest::measures::count;
use super::super::crew::share_out;
use super::super::deals::FUNDED;
use super::super::observed::Likened;
use super::learn::{Climb, SOFTNESS, ideal, smooth};
use super::pieces::{Piece, float, nearest};
use crate::domain::revealed::{Age, Likeness, PlaceTie, SizeTie, StageTie, TagTie};

/// How many steps are taken.
pub(super) const ROUNDS: usize = 30;

/// Entries lie within this, in milli-nats.
const FARTHEST: i64 = 8_000;

/// Where each table begins in the list of all entries.
const TAGS: usize = PlaceTie::ALL.len();
const STAGE: usize = TAGS + TagTie::ALL.len();
const SIZE: usize = STAGE + StageTie::ALL.len();
const FIRST: usize = SIZE + SizeTie::ALL.len();
const LATER: usize = FIRST + Age::ALL.len();
const ENTRIES: usize = LATER + Age::ALL.len();

/// What must not fall, from the farthest to the nearest.
const PLACES: [PlaceTie; 4] = [
    PlaceTie::Elsewhere,
    PlaceTie::Country,
    PlaceTie::Region,
    PlaceTie::City,
];
const STAGES: [StageTie; 4] = [StageTie::Far, StageTie::Two, StageTie::Near, StageTie::Same];
const SIZES: [SizeTie; 9] = [
    SizeTie::Far,
    SizeTie::Times12,
    SizeTie::Times6,
    SizeTie::Times3,
    SizeTie::Times2,
    SizeTie::Within65,
    SizeTie::Within28,
    SizeTie::Within10,
    SizeTie::Same,
];
const OVERLAPS: [TagTie; 6] = [
    TagTie::None,
    TagTie::Tenth,
    TagTie::Quarter,
    TagTie::Half,
    TagTie::Most,
    TagTie::Same,
];

/// One rival's deals: the places of their entries, and what they count.
type Deals = Vec<([usize; 5], f64)>;

/// One startup and its rivals.
#[derive(Debug)]
pub(super) struct Example {
    /// What all other factors give a rival, in points of 10⁸.
    fixed: Vec<f64>,
    deals: Vec<Deals>,
    real: Vec<bool>,
    ideal: f64,
    /// How far the record is trusted, a share.
    trust: f64,
    /// What is added before the logarithm.
    floor: f64,
}

impl Example {
    pub(super) fn new(
        fixed: Vec<f64>,
        deals: &[Vec<Likened>],
        real: Vec<bool>,
        trust: i64,
        floor: i64,
    ) -> Self {
        Self {
            fixed,
            deals: deals.iter().map(|deals| gathered(deals)).collect(),
            ideal: ideal(&real),
            real,
            trust: float(trust) / 10_000.0,
            floor: float(floor) / 100_000.0,
        }
    }

    /// By how much the smooth NDCG rises with each entry.
    fn rises(&self, entries: &[f64], curve: &Scaled) -> Vec<f64> {
        let powers: Vec<f64> = entries
            .iter()
            .map(|entry| (self.trust * entry).exp())
            .collect();
        let counts = |(places, worth): &([usize; 5], f64)| -> f64 {
            let of = |place: &usize| powers.get(*place).copied().unwrap_or(1.0);
            worth * places.iter().map(of).product::<f64>()
        };
        let parts: Vec<Vec<f64>> = self
            .deals
            .iter()
            .map(|deals| deals.iter().map(counts).collect())
            .collect();
        let sums: Vec<f64> = parts
            .iter()
            .map(|parts| parts.iter().sum::<f64>().max(0.0) + self.floor)
            .collect();
        let scores: Vec<f64> = sums
            .iter()
            .zip(&self.fixed)
            .map(|(sum, fixed)| fixed * curve.scale + curve.value(sum.ln()))
            .collect();
        let (_, pulls) = smooth(&scores, &self.real, SOFTNESS);
        let mut rises = vec![0.0; ENTRIES];
        let rivals = self.deals.iter().zip(&parts).zip(&sums).zip(&pulls);
        for (((deals, parts), sum), pull) in rivals {
            let steep = pull * curve.slope(sum.ln()) * self.trust / (sum * self.ideal.max(1.0));
            if steep.abs() < 1e-7 {
                continue;
            }
            for ((places, _), part) in deals.iter().zip(parts) {
                for place in places {
                    if let Some(rise) = rises.get_mut(*place) {
                        *rise += steep * part;
                    }
                }
            }
        }
        rises
    }
}

/// Deals that compare alike as one.
fn gathered(deals: &[Likened]) -> Deals {
    let mut by_places: BTreeMap<[usize; 5], f64> = BTreeMap::new();
    for deal in deals {
        let age = deal.age as usize;
        let places = [
            deal.place as usize,
            TAGS + deal.tags as usize,
            STAGE + deal.stage as usize,
            SIZE + deal.size as usize,
            age + if deal.first { FIRST } else { LATER },
        ];
        let worth = share(deal.worth, FUNDED);
        *by_places.entry(places).or_default() += if deal.against { -worth } else { worth };
    }
    by_places.into_iter().collect()
}

fn share(part: u64, whole: u64) -> f64 {
    let number = |of: u64| i64::try_from(of).map_or(0.0, float);
    number(part) / number(whole)
}

/// The curve of likeness, and what all points are multiplied by.
pub(super) struct Scaled {
    pub(super) pieces: Vec<(Piece, f64)>,
    pub(super) scale: f64,
}

impl Scaled {
    /// The points of a statistic in nats.
    fn value(&self, statistic: f64) -> f64 {
        self.pieces
            .iter()
            .map(|(piece, slope)| {
                let (from, to) = (float(piece.from) / 1_000.0, float(piece.to) / 1_000.0);
                slope * (statistic.clamp(from, to) - from)
            })
            .sum()
    }

    /// How steep the curve is there.
    fn slope(&self, statistic: f64) -> f64 {
        let here = self.pieces.iter().find(|(piece, _)| {
            (float(piece.from)..float(piece.to)).contains(&(statistic * 1_000.0))
        });
        here.map_or(0.0, |(_, slope)| *slope)
    }
}

/// Finds the entries from those of `start`, held to it by `strictness`.
pub(super) fn learn(
    examples: &[&Example],
    curve: &Scaled,
    start: &Likeness,
    strictness: f64,
    done: &(dyn Fn(usize) + Sync),
) -> Likeness {
    let climb = Climb {
        rounds: ROUNDS,
        unit: 1.0,
        strictness,
    };
    let all = count(examples.len()).max(1.0);
    let rises = |entries: &[f64]| {
        let told = share_out(
            examples.len(),
            |place| examples.get(place).map(|it| it.rises(entries, curve)),
            &|_| {},
        );
        let mut mean = vec![0.0; ENTRIES];
        for rises in told.into_iter().flatten() {
            for (mean, rise) in mean.iter_mut().zip(rises) {
                *mean += rise / all;
            }
        }
        // What is hidden is hidden of all deals, and tells none from another.
        for hidden in [
            PlaceTie::Hidden as usize,
            TAGS + TagTie::Hidden as usize,
            STAGE + StageTie::Hidden as usize,
            SIZE + SizeTie::Hidden as usize,
        ] {
            if let Some(rise) = mean.get_mut(hidden) {
                *rise = 0.0;
            }
        }
        mean
    };
    restored(&climb.from(&entries(start), rises, settle, done))
}

/// The tables one after another, in nats.
fn entries(likeness: &Likeness) -> Vec<f64> {
    fn table<'a, T: Copy + Ord>(
        all: &'a [T],
        listed: &'a BTreeMap<T, i64>,
    ) -> impl Iterator<Item = f64> + 'a {
        all.iter()
            .map(|value| float(listed.get(value).copied().unwrap_or(0)) / 1_000.0)
    }
    table(PlaceTie::ALL, &likeness.place)
        .chain(table(TagTie::ALL, &likeness.tags))
        .chain(table(StageTie::ALL, &likeness.stage))
        .chain(table(SizeTie::ALL, &likeness.size))
        .chain(table(Age::ALL, &likeness.first_round))
        .chain(table(Age::ALL, &likeness.later_round))
        .collect()
}

fn restored(entries: &[f64]) -> Likeness {
    fn table<T: Copy + Ord>(all: &[T], entries: &[f64]) -> BTreeMap<T, i64> {
        all.iter()
            .copied()
            .zip(entries.iter().map(|entry| milli(*entry)))
            .filter(|(_, entry)| *entry != 0)
            .collect()
    }
    let from = |start: usize| entries.get(start..).unwrap_or_default();
    Likeness {
        place: table(PlaceTie::ALL, entries),
        tags: table(TagTie::ALL, from(TAGS)),
        stage: table(StageTie::ALL, from(STAGE)),
        size: table(SizeTie::ALL, from(SIZE)),
        first_round: table(Age::ALL, from(FIRST)),
        later_round: table(Age::ALL, from(LATER)),
    }
}

fn milli(nats: f64) -> i64 {
    nearest(nats * 1_000.0, -FARTHEST, FARTHEST)
}

/// Puts in order what must not fall.
fn settle(entries: &mut [f64]) {
    let ages = |start: usize| Age::ALL.iter().rev().map(move |age| start + *age as usize);
    rise(entries, &PLACES.map(|tie| tie as usize));
    rise(entries, &OVERLAPS.map(|tie| TAGS + tie as usize));
    rise(entries, &STAGES.map(|tie| STAGE + tie as usize));
    rise(entries, &SIZES.map(|tie| SIZE + tie as usize));
    rise(entries, &ages(FIRST).collect::<Vec<_>>());
    rise(entries, &ages(LATER).collect::<Vec<_>>());
}

/// Makes the entries at these places rise: neighbours that fall become their
/// mean.
fn rise(entries: &mut [f64], places: &[usize]) {
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for place in places {
        let mut block = (entries.get(*place).copied().unwrap_or(0.0), 1);
        while let Some((mean, number)) = blocks.pop_if(|(mean, _)| *mean > block.0) {
            let both = number + block.1;
            block = (
                (mean * count(number) + block.0 * count(block.1)) / count(both),
                both,
            );
        }
        blocks.push(block);
    }
    let levels = blocks
        .into_iter()
        .flat_map(|(mean, number)| std::iter::repeat_n(mean, number));
    for (place, level) in places.iter().zip(levels) {
        if let Some(entry) = entries.get_mut(*place) {
            *entry = level;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likened(place: PlaceTie, tags: TagTie) -> Likened {
        Likened {
            place,
            tags,
            stage: StageTie::Same,
            size: SizeTie::Hidden,
            first: true,
            age: Age::Year,
            against: false,
            worth: FUNDED,
        }
    }

    #[test]
    fn entries_that_fall_become_their_mean() {
        let mut entries = [3.0, 1.0, 2.0, 5.0, 4.0];
        rise(&mut entries, &[0, 1, 2, 3, 4]);
        let are = |entries: &[f64], wanted: &[f64]| {
            let mut pairs = entries.iter().zip(wanted);
            assert!(pairs.all(|(is, wanted)| (is - wanted).abs() < 1e-9));
        };
        are(&entries, &[2.0, 2.0, 2.0, 4.5, 4.5]);
        rise(&mut entries, &[4, 0]);
        are(&entries, &[3.25, 2.0, 2.0, 4.5, 3.25]);
    }

    #[test]
    fn tables_come_back_as_they_were() {
        let mut likeness = Likeness::default();
        likeness.place.insert(PlaceTie::City, 575);
        likeness.size.insert(SizeTie::Far, -3_229);
        likeness.later_round.insert(Age::Older, -3_700);
        assert_eq!(restored(&entries(&likeness)), likeness);
    }

    #[test]
    fn what_tells_the_real_investor_apart_is_learned() {
        let here = vec![likened(PlaceTie::City, TagTie::None)];
        let there = vec![likened(PlaceTie::Elsewhere, TagTie::Same)];
        let example = Example::new(
            vec![0.0; 3],
            &[there.clone(), here, there],
            vec![false, true, false],
            10_000,
            4_000,
        );
        let piece = Piece {
            signal: 0,
            from: -3_500,
            to: 5_000,
        };
        let curve = Scaled {
            pieces: vec![(piece, 1.0)],
            scale: 1.0,
        };
        // The rises are those of the smooth gain itself.
        let start = entries(&Likeness::default());
        let gain = |entries: &[f64]| {
            let scores: Vec<f64> = example
                .deals
                .iter()
                .map(|deals| {
                    let power = |at: &[usize; 5]| -> f64 {
                        at.iter().map(|place| entries[*place]).sum::<f64>().exp()
                    };
                    let sum: f64 = deals.iter().map(|(at, worth)| worth * power(at)).sum();
                    curve.value((sum + example.floor).ln())
                })
                .collect();
            smooth(&scores, &example.real, SOFTNESS).0 / example.ideal
        };
        for (place, rise) in example.rises(&start, &curve).iter().enumerate() {
            let (mut more, mut less) = (start.clone(), start.clone());
            more[place] += 1e-5;
            less[place] -= 1e-5;
            let slope = (gain(&more) - gain(&less)) / 2e-5;
            assert!((rise - slope).abs() < 1e-6, "{place}: {rise} {slope}");
        }
        let learned = learn(&[&example], &curve, &Likeness::default(), 0.1, &|_| {});
        let of = |tie| learned.place.get(&tie).copied().unwrap_or(0);
        assert!(
            of(PlaceTie::City) > 500 && of(PlaceTie::Elsewhere) < -500,
            "{learned:?}"
        );
        // Common tags speak against it here, but never count less than none.
        let of = |tie| learned.tags.get(&tie).copied().unwrap_or(0);
        assert!(of(TagTie::Same) >= of(TagTie::None), "{learned:?}");
        let again = learn(&[&example], &curve, &Likeness::default(), 0.1, &|_| {});
        assert_eq!(learned, again);
    }
}
