//! Reads and writes the `[revealed]` part of a rule-set file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::domain::revealed::{
    Age, Likeness, Memory, PlaceTie, Revealed, Signal, SizeTie, StageTie, TagTie,
};
use crate::domain::scoring::Curve;

type Points = Vec<(i64, i64)>;
type Listed = BTreeMap<String, i64>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevealedPart {
    weights: Listed,
    curves: BTreeMap<String, Points>,
    memory: MemoryPart,
    likeness: LikenessPart,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemoryPart {
    half_life_days: i64,
    pace_half_life_days: i64,
    activity_half_life_days: i64,
    later_round: i64,
    crowd_deals: i64,
    count_floor: i64,
    alike_floor: i64,
    size_width: i64,
    #[serde(default)]
    half_trust_deals: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LikenessPart {
    place: Listed,
    stage: Listed,
    size: Listed,
    tags: Listed,
    first_round: Listed,
    later_round: Listed,
}

/// The revealed factors of a file.
///
/// # Errors
/// Every code that does not exist and every curve that is none, one to a line.
pub(super) fn read(part: RevealedPart) -> Result<Revealed, String> {
    let mut faults = Vec::new();
    let mut curves = BTreeMap::new();
    for (code, points) in part.curves {
        match (Signal::from_code(&code), Curve::new(points)) {
            (None, _) => faults.push(format!("revealed.curves.{code}: there is no such factor")),
            (_, None) => faults.push(format!(
                "revealed.curves.{code}: needs at least one point, and ascending x"
            )),
            (Some(signal), Some(curve)) => {
                curves.insert(signal, curve);
            }
        }
    }
    let MemoryPart {
        half_life_days,
        pace_half_life_days,
        activity_half_life_days,
        later_round,
        crowd_deals,
        count_floor,
        alike_floor,
        size_width,
        half_trust_deals,
    } = part.memory;
    let LikenessPart {
        place,
        stage,
        size,
        tags,
        first_round,
        later_round: later_rounds,
    } = part.likeness;
    let mut listed = Lists(&mut faults);
    let revealed = Revealed {
        weights: listed.read("weights", part.weights, Signal::from_code),
        curves,
        memory: Memory {
            half_life_days,
            pace_half_life_days,
            activity_half_life_days,
            later_round,
            crowd_deals,
            count_floor,
            alike_floor,
            size_width,
            half_trust_deals,
        },
        likeness: Likeness {
            place: listed.read("likeness.place", place, PlaceTie::from_code),
            stage: listed.read("likeness.stage", stage, StageTie::from_code),
            size: listed.read("likeness.size", size, SizeTie::from_code),
            tags: listed.read("likeness.tags", tags, TagTie::from_code),
            first_round: listed.read("likeness.first_round", first_round, Age::from_code),
            later_round: listed.read("likeness.later_round", later_rounds, Age::from_code),
        },
    };
    if faults.is_empty() {
        Ok(revealed)
    } else {
        Err(faults.join("\n"))
    }
}

struct Lists<'a>(&'a mut Vec<String>);

impl Lists<'_> {
    fn read<T: Ord>(
        &mut self,
        name: &str,
        list: Listed,
        parse: fn(&str) -> Option<T>,
    ) -> BTreeMap<T, i64> {
        let mut read = BTreeMap::new();
        for (code, number) in list {
            match parse(&code) {
                Some(key) => {
                    read.insert(key, number);
                }
                None => self
                    .0
                    .push(format!("revealed.{name}.{code}: there is no such entry")),
            }
        }
        read
    }
}

/// Writes the part as [`read`] reads it.
pub(super) fn write(out: &mut String, revealed: &Revealed) {
    let mut table = |title: &str, comment: &str, lines: Vec<String>| {
        // Writing to a string cannot fail.
        let _ = write!(out, "\n{comment}[revealed.{title}]\n");
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
    };
    table(
        "weights",
        "# ── What past deals say ──────────────────────────────────────────────────────\n\
         # Weights of the revealed factors; they sum to 10 000. How each is computed:\n\
         # src/matching/backtest/README.md.\n",
        Signal::ALL
            .iter()
            .map(|signal| format!("{signal} = {}", revealed.weight(*signal)))
            .collect(),
    );
    table(
        "curves",
        "# [statistic in milli-nats, value in bp]: 693 is twice as often as the crowd,\n\
         # −693 half as often. Straight between the points, flat outside, never falling.\n",
        revealed
            .curves
            .iter()
            .map(|(signal, curve)| format!("{signal} = {}", points(curve)))
            .collect(),
    );
    let Memory {
        half_life_days,
        pace_half_life_days,
        activity_half_life_days,
        later_round,
        crowd_deals,
        count_floor,
        alike_floor,
        size_width,
        half_trust_deals,
    } = revealed.memory;
    table(
        "memory",
        "",
        vec![
            format!("half_life_days = {half_life_days} # a deal counts half after these"),
            format!("pace_half_life_days = {pace_half_life_days} # the same for the pace"),
            format!("activity_half_life_days = {activity_half_life_days} # and for the activity"),
            format!("later_round = {later_round} # what a later round counts beside a first, bp"),
            format!("crowd_deals = {crowd_deals} # deals of the crowd mixed in, hundredths"),
            format!("count_floor = {count_floor} # added before a count's logarithm, hundredths"),
            format!("alike_floor = {alike_floor} # the same for alike deals, 1/100 000"),
            format!("size_width = {size_width} # how far sizes count as about equal, milli-nats"),
            format!(
                "half_trust_deals = {half_trust_deals} # a record of so many deals is trusted half; 0: any whole"
            ),
        ],
    );
    let likeness = &revealed.likeness;
    table(
        "likeness.place",
        "# How alike a past deal is: the sum of one entry of each table is the logarithm\n\
         # of what it counts, in milli-nats. What is not listed is 0.\n",
        list(&likeness.place),
    );
    table("likeness.stage", "", list(&likeness.stage));
    table("likeness.size", "", list(&likeness.size));
    table("likeness.tags", "", list(&likeness.tags));
    table("likeness.first_round", "", list(&likeness.first_round));
    table("likeness.later_round", "", list(&likeness.later_round));
}

fn list<T: std::fmt::Display>(entries: &BTreeMap<T, i64>) -> Vec<String> {
    entries
        .iter()
        .map(|(key, number)| format!("{key} = {number}"))
        .collect()
}

/// A curve as TOML.
pub(super) fn points(curve: &Curve) -> String {
    let points: Vec<String> = curve
        .points()
        .iter()
        .map(|(x, y)| format!("[{x}, {y}]"))
        .collect();
    format!("[{}]", points.join(", "))
}
