//! What other rules would change: the best of each list side by side, and who
//! gains and loses exposure.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{MandateId, OrganizationId, StartupProfileId};
use crate::domain::rule_set::{Concentration, Exposure, Shift, Standing, Tally};
use crate::domain::scoring::WHOLE;

/// One line of a startup's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Which mandate.
    pub mandate: MandateId,
    /// Whose it is.
    pub investor: OrganizationId,
    /// The score, in bp.
    pub score: i64,
}

/// A startup's list by the present rules and by others, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    /// Whose.
    pub startup: StartupProfileId,
    /// By the present rules.
    pub before: Vec<Line>,
    /// By the others.
    pub after: Vec<Line>,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How many pairs changed how.
    pub tally: Tally,
    /// By the present rules.
    pub before: Concentration,
    /// By the others.
    pub after: Concentration,
    /// Of every investor, who gains most first.
    pub exposure: Vec<Exposure>,
    /// What appears, vanishes or moves: list by list, by the best place it has.
    pub shifts: Vec<Shift>,
}

/// Compares lists; `investors` is everybody who could be in one.
pub fn compare(lists: &[Lists], investors: &BTreeSet<OrganizationId>) -> Difference {
    let mut tally = Tally::default();
    let mut shifts = Vec::new();
    let mut exposed: BTreeMap<OrganizationId, (i64, i64)> = investors
        .iter()
        .map(|investor| (*investor, (0, 0)))
        .collect();
    for list in lists {
        for investor in in_list(&list.before) {
            exposed.entry(investor).or_default().0 += 1;
        }
        for investor in in_list(&list.after) {
            exposed.entry(investor).or_default().1 += 1;
        }
        let mut pairs: BTreeMap<MandateId, [Option<Standing>; 2]> = BTreeMap::new();
        for (mandate, standing) in standings(&list.before) {
            pairs.insert(mandate, [Some(standing), None]);
        }
        for (mandate, standing) in standings(&list.after) {
            let before = pairs.get(&mandate).and_then(|[before, _]| *before);
            pairs.insert(mandate, [before, Some(standing)]);
        }
        let mut changed = Vec::new();
        for (mandate, [before, after]) in pairs {
            let count = match (before, after) {
                (None, _) => &mut tally.appears,
                (_, None) => &mut tally.vanishes,
                (Some(before), Some(after)) if before.place != after.place => &mut tally.moves,
                _ => {
                    tally.stays += 1;
                    continue;
                }
            };
            *count += 1;
            changed.push(Shift {
                startup: list.startup,
                mandate,
                before,
                after,
            });
        }
        changed.sort_by_key(|shift| {
            let place = |standing: Option<Standing>| standing.map_or(i64::MAX, |at| at.place);
            (place(shift.after), place(shift.before), shift.mandate)
        });
        shifts.extend(changed);
    }
    let mut exposure: Vec<Exposure> = exposed
        .into_iter()
        .map(|(investor, (before, after))| Exposure {
            investor,
            before,
            after,
        })
        .collect();
    exposure.sort_by_key(|one| (one.before - one.after, one.investor));
    Difference {
        tally,
        before: concentration(exposure.iter().map(|one| one.before).collect()),
        after: concentration(exposure.iter().map(|one| one.after).collect()),
        exposure,
        shifts,
    }
}

/// Whose mandates are in a list: each once, however many it has there.
fn in_list(list: &[Line]) -> BTreeSet<OrganizationId> {
    list.iter().map(|line| line.investor).collect()
}

fn standings(list: &[Line]) -> impl Iterator<Item = (MandateId, Standing)> {
    list.iter().zip(1_i64..).map(|(line, place)| {
        let standing = Standing {
            place,
            score: line.score,
        };
        (line.mandate, standing)
    })
}

/// The share of the three greatest and Gini's coefficient (*Variabilità e
/// mutabilità*, 1912), both 0 when nobody has anything.
pub fn concentration(mut counts: Vec<i64>) -> Concentration {
    counts.sort_unstable();
    let all: i64 = counts.iter().sum();
    let number = i64::try_from(counts.len()).unwrap_or(i64::MAX);
    if all == 0 {
        return Concentration {
            top_three: 0,
            gini: 0,
        };
    }
    let three: i64 = counts.iter().rev().take(3).sum();
    // Σ (2·rank − number − 1)·count ÷ (number · Σ count), ranks from 1 upwards.
    let weighted: i64 = counts
        .iter()
        .zip(1_i64..)
        .map(|(count, rank)| (2 * rank - number - 1) * count)
        .sum();
    Concentration {
        top_three: three * WHOLE / all,
        gini: weighted * WHOLE / (number * all),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn line(mandate: u128, investor: u128, score: i64) -> Line {
        Line {
            mandate: Uuid::from_u128(mandate).into(),
            investor: Uuid::from_u128(investor).into(),
            score,
        }
    }

    #[test]
    fn what_appears_vanishes_moves_and_stays_is_told_apart() {
        let lists = [Lists {
            startup: Uuid::from_u128(9).into(),
            before: vec![line(1, 11, 9_000), line(2, 12, 8_000), line(3, 13, 7_000)],
            after: vec![line(1, 11, 8_500), line(3, 13, 8_000), line(4, 13, 100)],
        }];
        let investors = [11, 12, 13, 14].map(|id| Uuid::from_u128(id).into());
        let difference = compare(&lists, &investors.into());
        let expected = Tally {
            appears: 1,
            vanishes: 1,
            moves: 1,
            stays: 1,
        };
        assert_eq!(difference.tally, expected);
        let places: Vec<_> = difference
            .shifts
            .iter()
            .map(|shift| {
                let place = |at: Option<Standing>| at.map(|at| at.place);
                (place(shift.before), place(shift.after))
            })
            .collect();
        assert_eq!(
            places,
            [(Some(3), Some(2)), (None, Some(3)), (Some(2), None)]
        );
        // Two mandates of one investor in a list expose it once.
        let counts: Vec<_> = difference
            .exposure
            .iter()
            .map(|one| (one.before, one.after))
            .collect();
        assert_eq!(counts, [(1, 1), (1, 1), (0, 0), (1, 0)]);
    }

    #[test]
    fn concentration_is_nought_for_equals_and_near_one_for_a_monopoly() {
        assert_eq!(
            concentration(vec![5; 4]),
            Concentration {
                top_three: 7_500,
                gini: 0
            }
        );
        assert_eq!(
            concentration(vec![0, 0, 0, 8]),
            Concentration {
                top_three: 10_000,
                gini: 7_500
            }
        );
        assert_eq!(concentration(vec![0; 3]).gini, 0);
        assert_eq!(concentration(Vec::new()).top_three, 0);
    }
}
