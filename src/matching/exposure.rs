//! Who goes out when many are released: the best first, within what each
//! mandate takes and how often a startup may be shown, with a share of each
//! list for startups that were shown little.

use std::collections::BTreeMap;

use crate::domain::ids::{MandateId, OrganizationId};
use crate::domain::releasing::{Fairness, SkipReason};
use crate::domain::scoring::WHOLE;

/// A match that could go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Whose profile it shows.
    pub startup: OrganizationId,
    /// Whose list it is in.
    pub mandate: MandateId,
}

/// How much room there is.
#[derive(Debug, Clone, Default)]
pub struct Room {
    /// What each mandate still takes; one that is not named takes everything.
    pub mandates: BTreeMap<MandateId, u32>,
    /// How often each startup was shown within the window.
    pub shown: BTreeMap<OrganizationId, i64>,
}

/// One list's places.
#[derive(Debug, Clone, Copy)]
struct Places {
    /// For anybody.
    open: u32,
    /// For those who were shown little.
    kept: u32,
}

impl Places {
    fn of(room: u32, fairness: Option<&Fairness>) -> Self {
        let share = fairness.map_or(0, |fairness| fairness.share.clamp(0, WHOLE));
        // Rounded to the nearest: of five places and a fifth, one.
        let kept = (i64::from(room) * share + WHOLE / 2) / WHOLE;
        let kept = u32::try_from(kept).unwrap_or(0).min(room);
        Self {
            open: room - kept,
            kept,
        }
    }
}

/// Chooses among offers that stand best first: for each, why it doesn't go
/// out, or none if it does.
pub fn choose(
    offers: &[Offer],
    mut room: Room,
    fairness: Option<&Fairness>,
) -> Vec<Option<SkipReason>> {
    let mut places: BTreeMap<MandateId, Places> = BTreeMap::new();
    for offer in offers {
        let takes = room.mandates.get(&offer.mandate).copied();
        places
            .entry(offer.mandate)
            .or_insert_with(|| Places::of(takes.unwrap_or(u32::MAX), fairness));
    }
    // What was shown before this release says who was shown little.
    let before = room.shown.clone();
    let is_little = |startup: &OrganizationId| {
        let shown = before.get(startup).copied().unwrap_or(0);
        fairness.is_some_and(|fairness| shown <= fairness.little)
    };
    let mut chosen: Vec<Option<SkipReason>> = vec![Some(SkipReason::Capacity); offers.len()];
    // Once through with the places as they are kept, once more with what
    // nobody took of those.
    for round in 0..2 {
        for (offer, choice) in offers.iter().zip(&mut chosen) {
            if choice.is_none() {
                continue;
            }
            let Some(list) = places.get_mut(&offer.mandate) else {
                continue;
            };
            let shown = room.shown.entry(offer.startup).or_insert(0);
            if fairness.is_some_and(|fairness| *shown >= fairness.cap) {
                *choice = Some(SkipReason::Exposure);
                continue;
            }
            let place = if list.kept > 0 && (round == 1 || is_little(&offer.startup)) {
                &mut list.kept
            } else {
                &mut list.open
            };
            if *place > 0 {
                *place -= 1;
                *shown += 1;
                *choice = None;
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn offer(startup: u128, mandate: u128) -> Offer {
        Offer {
            startup: Uuid::from_u128(startup).into(),
            mandate: Uuid::from_u128(mandate).into(),
        }
    }

    fn room(mandates: &[(u128, u32)], shown: &[(u128, i64)]) -> Room {
        Room {
            mandates: mandates
                .iter()
                .map(|(id, room)| (Uuid::from_u128(*id).into(), *room))
                .collect(),
            shown: shown
                .iter()
                .map(|(id, count)| (Uuid::from_u128(*id).into(), *count))
                .collect(),
        }
    }

    const FAIR: Fairness = Fairness {
        cap: 3,
        window_days: 30,
        share: 2_000,
        little: 0,
    };

    #[test]
    fn a_place_in_five_is_kept_for_one_that_was_shown_little() {
        let offers: Vec<Offer> = (1..=7).map(|startup| offer(startup, 1)).collect();
        let often: Vec<(u128, i64)> = (1..=6).map(|startup| (startup, 1)).collect();
        let plain = choose(&offers, room(&[(1, 5)], &often), None);
        let released = |choices: &[Option<SkipReason>]| -> Vec<usize> {
            let places = choices.iter().enumerate();
            places
                .filter(|(_, skip)| skip.is_none())
                .map(|(place, _)| place + 1)
                .collect()
        };
        assert_eq!(released(&plain), [1, 2, 3, 4, 5]);
        let fair = choose(&offers, room(&[(1, 5)], &often), Some(&FAIR));
        assert_eq!(released(&fair), [1, 2, 3, 4, 7]);
        assert_eq!(fair[4], Some(SkipReason::Capacity));
        // Nobody was shown little, so nobody's place is lost.
        let all = choose(&offers[..6], room(&[(1, 5)], &often), Some(&FAIR));
        assert_eq!(released(&all), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_startup_is_shown_so_often_and_no_more() {
        let offers: Vec<Offer> = (1..=4).map(|mandate| offer(9, mandate)).collect();
        let fair = choose(&offers, room(&[], &[(9, 1)]), Some(&FAIR));
        let capped = Some(SkipReason::Exposure);
        assert_eq!(fair, [None, None, capped, capped]);
        assert_eq!(choose(&offers, room(&[], &[(9, 1)]), None), [None; 4]);
    }

    proptest! {
        #[test]
        fn neither_room_nor_cap_is_ever_exceeded_and_no_place_is_left_for_want_of_order(
            pairs in prop::collection::vec((1..6_u128, 1..4_u128), 0..40),
            rooms in prop::collection::vec(0..6_u32, 3),
            shown in prop::collection::vec(0..4_i64, 5),
        ) {
            let offers: Vec<Offer> = pairs.iter().map(|(s, m)| offer(*s, *m)).collect();
            let mandates: Vec<_> = (1..).zip(rooms).collect();
            let before: Vec<_> = (1..).zip(shown).collect();
            let chosen = choose(&offers, room(&mandates, &before), Some(&FAIR));
            let out = |of: &dyn Fn(&Offer) -> bool| {
                let both = offers.iter().zip(&chosen);
                both.filter(|(offer, skip)| skip.is_none() && of(offer)).count()
            };
            for (mandate, takes) in mandates {
                let mandate = Uuid::from_u128(mandate).into();
                let taken = out(&|offer| offer.mandate == mandate);
                prop_assert!(taken <= usize::try_from(takes).unwrap());
                let wait = offers.iter().zip(&chosen);
                let wait = wait.filter(|(offer, skip)| {
                    offer.mandate == mandate && **skip == Some(SkipReason::Capacity)
                });
                if wait.count() > 0 {
                    prop_assert_eq!(taken, usize::try_from(takes).unwrap());
                }
            }
            for (startup, count) in before {
                let startup = Uuid::from_u128(startup).into();
                let taken = i64::try_from(out(&|offer| offer.startup == startup)).unwrap();
                prop_assert!(count + taken <= FAIR.cap.max(count));
            }
        }
    }
}
