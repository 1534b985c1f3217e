//! How two rounds compare: by place, stage, size and tags.

use super::super::deals::{Place, Question, Round, Word};
use super::logarithm::{ONE, exp};
use crate::domain::revealed::{Age, PlaceTie, SizeTie, StageTie, TagTie};

/// How the place of a question compares with a startup's.
pub fn place(asked: &Question, theirs: Place) -> PlaceTie {
    let (ours, hidden) = (asked.place, asked.hidden);
    if hidden.country && hidden.region && hidden.city {
        return PlaceTie::Hidden;
    }
    let same = |a: Word, b: Word| a != 0 && a == b;
    let same_city = same(ours.city, theirs.city);
    if ours.country == 0 || theirs.country == 0 {
        // A region or city says as much as the country that is not told.
        return if hidden.country && same(ours.region, theirs.region) {
            if same_city {
                PlaceTie::City
            } else {
                PlaceTie::Region
            }
        } else if hidden.country {
            PlaceTie::Elsewhere
        } else if ours.country == theirs.country {
            PlaceTie::BothUnstated
        } else {
            PlaceTie::OneUnstated
        };
    }
    if ours.country != theirs.country {
        return PlaceTie::Elsewhere;
    }
    if ours.region == 0 || theirs.region == 0 {
        return if same_city {
            PlaceTie::CityNoRegion
        } else if hidden.region {
            PlaceTie::Country
        } else if ours.region == theirs.region {
            PlaceTie::CountryNoRegion
        } else {
            PlaceTie::CountryOneRegion
        };
    }
    if ours.region != theirs.region {
        PlaceTie::Country
    } else if same_city {
        PlaceTie::City
    } else if ours.city == 0 || theirs.city == 0 {
        PlaceTie::RegionNoCity
    } else {
        PlaceTie::Region
    }
}

/// Whether both are of one country, or neither states one.
pub const fn one_country(tie: PlaceTie) -> bool {
    !matches!(
        tie,
        PlaceTie::Elsewhere | PlaceTie::OneUnstated | PlaceTie::Hidden
    )
}

/// Whether both are of one region, or neither states one.
pub const fn one_region(tie: PlaceTie) -> bool {
    matches!(
        tie,
        PlaceTie::Region
            | PlaceTie::City
            | PlaceTie::RegionNoCity
            | PlaceTie::CityNoRegion
            | PlaceTie::CountryNoRegion
            | PlaceTie::BothUnstated
    )
}

/// Whether both are of one city.
pub const fn one_city(tie: PlaceTie) -> bool {
    matches!(tie, PlaceTie::City | PlaceTie::CityNoRegion)
}

/// How stages compare.
pub fn stage(asked: &Question, theirs: Round) -> StageTie {
    let ours = asked.round;
    if asked.hidden.stage {
        return StageTie::Hidden;
    }
    match (ours, theirs) {
        (Round::Unstated, Round::Unstated) => return StageTie::BothUnstated,
        (Round::Unstated, _) | (_, Round::Unstated) => return StageTie::OneUnstated,
        _ if ours == theirs => return StageTie::Same,
        _ => {}
    }
    match (ours.order(), theirs.order()) {
        (Some(a), Some(b)) => match (a - b).abs() {
            1 => StageTie::Near,
            2 => StageTie::Two,
            _ => StageTie::Far,
        },
        _ => StageTie::Other,
    }
}

/// How sizes compare, given as logarithms in milli-nats, and how much a deal
/// of that size counts as one of about this size, in units of [`ONE`].
pub fn size(
    asked: &Question,
    ours: Option<i64>,
    theirs: Option<i64>,
    width: i64,
) -> (SizeTie, u64) {
    if asked.hidden.amount {
        return (SizeTie::Hidden, 0);
    }
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        return if ours == theirs {
            (SizeTie::BothUnstated, ONE)
        } else {
            (SizeTie::OneUnstated, 0)
        };
    };
    let apart = (ours - theirs).abs();
    let tie = match apart {
        ..=10 => SizeTie::Same,
        11..100 => SizeTie::Within10,
        100..250 => SizeTie::Within28,
        250..500 => SizeTie::Within65,
        500..800 => SizeTie::Times2,
        800..1_200 => SizeTie::Times3,
        1_200..1_800 => SizeTie::Times6,
        1_800..2_500 => SizeTie::Times12,
        _ => SizeTie::Far,
    };
    let width = width.max(1);
    // A bell over the logarithm; beyond four widths it is nothing.
    let near = if apart > 4 * width {
        0
    } else {
        exp(-(apart * apart * 1_000) / (2 * width * width))
    };
    (tie, near)
}

/// How much of two lists of tags is common: their weighted overlap, in units
/// of [`ONE`], `None` where a list is empty.
pub fn overlap(ours: &[(Word, u64)], theirs: &[(Word, u64)]) -> Option<u64> {
    if ours.is_empty() || theirs.is_empty() {
        return None;
    }
    let sum = |list: &[(Word, u64)]| list.iter().map(|(_, rarity)| rarity).sum::<u64>();
    let common: u64 = theirs
        .iter()
        .filter(|(tag, _)| ours.iter().any(|(other, _)| other == tag))
        .map(|(_, rarity)| rarity)
        .sum();
    let all = sum(ours) + sum(theirs) - common;
    Some(common * ONE / all.max(1))
}

/// The word for an overlap of tags.
pub const fn tags(overlap: u64) -> TagTie {
    match overlap * 100 / ONE {
        _ if overlap == 0 => TagTie::None,
        0..10 => TagTie::Tenth,
        10..25 => TagTie::Quarter,
        25..50 => TagTie::Half,
        50..95 => TagTie::Most,
        _ => TagTie::Same,
    }
}

/// How long ago a day is.
pub const fn age(days: i64) -> Age {
    match days {
        ..31 => Age::Month,
        31..92 => Age::Quarter,
        92..183 => Age::HalfYear,
        183..366 => Age::Year,
        366..548 => Age::Year18,
        548..731 => Age::Years2,
        731..1_096 => Age::Years3,
        1_096..1_827 => Age::Years5,
        1_827..2_922 => Age::Years8,
        _ => Age::Older,
    }
}
