//! How deals went through the stages of their pipelines: how many went on from
//! each, and how long that took, by the period in which they were opened.

use std::collections::BTreeMap;

use crate::domain::deal_course::{DealCourse, StayEnd};
use crate::domain::report::course::Courses;
use crate::domain::report::{Column, Period, ReportKind, Row, Table, Unit, percentile, share_bp};

use super::reports::{Query, TOTAL, column, count};

/// How many came to a stage, and what became of them there.
const STAGES: &[Column] = &[
    count("entered"),
    count("went_on"),
    count("closed"),
    count("others"),
    column("went_on_bp", Unit::Share, &[0, 1]),
    column("days_median", Unit::Days, &[1]),
    column("days_p90", Unit::Days, &[1]),
];

/// What became of one deal at one stage, however often it stood there.
#[derive(Default)]
struct Passage {
    /// Calendar days from its first coming to its first going on.
    days: Option<i64>,
    /// Whether it was closed there and never went on.
    closed: bool,
}

/// A stage: its pipeline, its place there and its name.
type Place = (String, usize, String);

/// The stages of pipelines in their order, by the pipelines' names.
type Orders = BTreeMap<String, Vec<String>>;

pub(super) fn stages(orders: &Orders, courses: &Courses, query: &Query, by: Period) -> Table {
    let mut places: BTreeMap<Place, BTreeMap<String, Vec<Passage>>> = BTreeMap::new();
    for deal in courses.deals.values() {
        let Some(opened) = deal.opened_at().filter(|at| query.takes(*at)) else {
            continue;
        };
        let cohort = by.name(opened.date_naive());
        for ((pipeline, stage), passage) in passages(deal) {
            // Last where no version has it.
            let order = orders.get(pipeline);
            let order = order.and_then(|it| it.iter().position(|it| it == stage));
            let order = order.unwrap_or(usize::MAX);
            let place = (pipeline.to_owned(), order, stage.to_owned());
            let cohorts = places.entry(place).or_default();
            cohorts.entry(cohort.clone()).or_default().push(passage);
        }
    }
    let mut rows = Vec::new();
    for ((pipeline, _, stage), cohorts) in places {
        let keys = |cohort: String| vec![pipeline.clone(), stage.clone(), cohort];
        let all: Vec<&Passage> = cohorts.values().flatten().collect();
        let total = Row::new(keys(TOTAL.to_owned()), true, cells(&all));
        for (cohort, passages) in &cohorts {
            let passages: Vec<&Passage> = passages.iter().collect();
            rows.push(Row::new(keys(cohort.clone()), false, cells(&passages)));
        }
        rows.push(total);
    }
    Table {
        kind: ReportKind::Stages,
        dimensions: &["pipeline", "stage", "cohort"],
        columns: STAGES,
        parts: Some((0, &[1, 2, 3])),
        rows,
    }
}

/// What became of a deal at each stage to which it came.
fn passages(deal: &DealCourse) -> BTreeMap<(&str, &str), Passage> {
    let mut came = BTreeMap::new();
    let mut passages: BTreeMap<(&str, &str), Passage> = BTreeMap::new();
    for stay in deal.stays() {
        let place = (stay.pipeline.as_str(), stay.stage.as_str());
        let first = *came.entry(place).or_insert(stay.entered_at);
        let passage = passages.entry(place).or_default();
        match stay.end {
            Some((StayEnd::WentOn, at)) => {
                let days = (at - first).num_days().max(0);
                passage.days = passage.days.or(Some(days));
                passage.closed = false;
            }
            Some((StayEnd::Closed, _)) => passage.closed = passage.days.is_none(),
            // Taken up again, it isn't closed.
            _ => passage.closed = false,
        }
    }
    passages
}

fn cells(passages: &[&Passage]) -> Vec<Option<i64>> {
    let number = |of: &dyn Fn(&Passage) -> bool| {
        let found = passages.iter().filter(|it| of(it)).count();
        i64::try_from(found).unwrap_or(i64::MAX)
    };
    let entered = number(&|_| true);
    let went_on = number(&|it| it.days.is_some());
    let closed = number(&|it| it.closed);
    let mut days: Vec<i64> = passages.iter().filter_map(|it| it.days).collect();
    vec![
        Some(entered),
        Some(went_on),
        Some(closed),
        Some(entered - went_on - closed),
        share_bp(went_on, entered),
        percentile(&mut days, 50),
        percentile(&mut days, 90),
    ]
}
