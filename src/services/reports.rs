//! Reports on a programme, rebuilt from the log: the operator's people read
//! every number, the programme's parties none that is so small that it could
//! tell who is meant.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::db::{self, Conn};
use crate::domain::commitment::after_day;
use crate::domain::country::Country;
use crate::domain::deal_money::Worth;
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::money::Currency;
use crate::domain::programme::Programme;
use crate::domain::report::course::{Courses, Said};
use crate::domain::report::{
    Column, Period, ReportKind, Row, Table, Unit, gini_bp, percentile, quarter_start, share_bp,
    small, top_three_bp,
};
use crate::domain::scorecard::Line;
use crate::domain::values::Side;

use super::locked::LockedBook;
use super::pipelines::{signed_stages, stages_in_order};
use super::stage_report::stages;
use super::{Caller, Context, Error, commitments, notices};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// Which report.
    pub kind: ReportKind,
    /// Only what was asked for or opened on that day or later.
    pub from: Option<NaiveDate>,
    /// Only what was asked for or opened on that day or earlier.
    pub to: Option<NaiveDate>,
    /// As it stood at the end of that day.
    pub as_of: Option<NaiveDate>,
    /// The cohorts' periods; quarters where none is named.
    pub by: Option<Period>,
    /// The one currency of its sums.
    pub currency: Currency,
}

/// A report with what it was made of.
#[derive(Debug, Clone)]
pub struct Report {
    /// About which programme.
    pub programme: Programme,
    /// The numbers.
    pub table: Table,
    /// As of the end of which day.
    pub as_of: NaiveDate,
    /// By which periods.
    pub by: Period,
    /// In which currency its sums are.
    pub currency: Currency,
    /// Whether small numbers are left out.
    pub suppressed: bool,
}

/// The name of the row that sums up the others.
pub(super) const TOTAL: &str = "total";

/// Makes a report, for the programme's parties and the operator's people. The
/// parties choose neither days nor shorter periods: from two reports that
/// differ by a day, what is left out of both could be worked out.
pub async fn read(
    context: &Context,
    caller: &Caller,
    id: ProgrammeId,
    query: Query,
) -> Result<Report, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let programme = commitments::readable(conn, &caller, id)?;
            let today = context_in.now().date_naive();
            let operator = caller.reads_everything();
            let as_of = match (operator, query.as_of) {
                (true, day) => day.unwrap_or(today),
                (false, _) => whole_quarters(&query, today)?,
            };
            let courses = courses(&context_in, conn, id, after_day(as_of))?;
            let by = query.by.unwrap_or(Period::Quarter);
            let mut table = match query.kind {
                ReportKind::Funnel => funnel(&courses, &query, by),
                ReportKind::Introductions => {
                    introductions(&context_in, conn, id, &courses, &query, by)?
                }
                ReportKind::Pipeline => pipeline(&context_in, conn, id, &courses, &query)?,
                ReportKind::Stages => {
                    let order = stages_in_order(&context_in, conn, id)?;
                    stages(&order, &courses, &query, by)
                }
                ReportKind::Concentration => concentration(conn, id, &courses, &query)?,
            };
            match query.kind {
                _ if operator => {}
                // What goes on from one stage comes to the next.
                ReportKind::Stages => small::hide_whole(&mut table),
                _ => small::hide(&mut table),
            }
            Ok(Report {
                programme,
                table,
                as_of,
                by,
                currency: query.currency,
                suppressed: !operator,
            })
        })
        .await
}

/// The last day of a quarter that is over: the last one, or the one asked for.
fn whole_quarters(query: &Query, today: NaiveDate) -> Result<NaiveDate, Error> {
    let last = quarter_start(today).pred_opt().unwrap_or(today);
    let day = query.as_of.unwrap_or(last);
    let next = day.succ_opt().unwrap_or(day);
    let whole = quarter_start(next) == next && day <= last;
    let days = query.from.is_some() || query.to.is_some();
    if !whole || days || query.by == Some(Period::Month) {
        return Err(Error::refused(
            "whole_quarters_only",
            "Outside the operator a report is of whole quarters, as of the last day of one that is over.",
        ));
    }
    Ok(day)
}

fn courses(
    context: &Context,
    conn: &mut Conn,
    id: ProgrammeId,
    until: DateTime<Utc>,
) -> Result<Courses, Error> {
    let signed = signed_stages(context, conn, Some(id))?;
    let mut courses = Courses::default();
    db::events::each_of_programme(conn, id, until, |event| {
        let line = Line {
            at: event.at,
            kind: &event.kind,
            subject: event.subject,
            payload: &event.payload,
        };
        courses.read(&line, &signed);
    })?;
    Ok(courses)
}

impl Query {
    pub(super) fn takes(&self, at: DateTime<Utc>) -> bool {
        self.covers(at.date_naive())
    }

    fn covers(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| day >= from) && self.to.is_none_or(|to| day <= to)
    }
}

pub(super) const fn count(key: &'static str) -> Column {
    column(key, Unit::Count, &[])
}

pub(super) const fn column(key: &'static str, unit: Unit, of: &'static [usize]) -> Column {
    Column { key, unit, of }
}

/// Six steps, the share of each of the step before, and the median of the days
/// between.
const FUNNEL: &[Column] = &[
    count("requested"),
    count("sent"),
    count("met"),
    count("deals"),
    count("signed"),
    count("funded"),
    column("sent_bp", Unit::Share, &[0, 1]),
    column("met_bp", Unit::Share, &[1, 2]),
    column("deals_bp", Unit::Share, &[2, 3]),
    column("signed_bp", Unit::Share, &[3, 4]),
    column("funded_bp", Unit::Share, &[4, 5]),
    column("days_to_sent", Unit::Days, &[1]),
    column("days_to_met", Unit::Days, &[2]),
    column("days_to_deal", Unit::Days, &[3]),
    column("days_to_signed", Unit::Days, &[4]),
    column("days_to_funded", Unit::Days, &[5]),
];

fn funnel(courses: &Courses, query: &Query, by: Period) -> Table {
    type Steps = [Option<DateTime<Utc>>; 6];
    let mut cohorts: BTreeMap<String, Vec<Steps>> = BTreeMap::new();
    let mut all = Vec::new();
    for way in courses.ways.values() {
        let asked = way.requested.filter(|at| query.takes(*at));
        if let Some(asked) = asked {
            let name = by.name(asked.date_naive());
            cohorts.entry(name).or_default().push(way.steps());
            all.push(way.steps());
        }
    }
    let row = |name: String, total, ways: &[Steps]| {
        let mut counts = [0_i64; 6];
        let mut days: [Vec<i64>; 5] = Default::default();
        for steps in ways {
            for (count, step) in counts.iter_mut().zip(steps) {
                *count += i64::from(step.is_some());
            }
            for (days, pair) in days.iter_mut().zip(steps.windows(2)) {
                if let [Some(before), Some(after)] = pair {
                    days.push((*after - *before).num_days().max(0));
                }
            }
        }
        let mut cells: Vec<Option<i64>> = counts.iter().copied().map(Some).collect();
        let pairs = counts.windows(2);
        cells.extend(pairs.map(|pair| match pair {
            [before, after] => share_bp(*after, *before),
            _ => None,
        }));
        cells.extend(days.iter_mut().map(|days| percentile(days, 50)));
        Row::new(vec![name], total, cells)
    };
    let mut rows: Vec<Row> = cohorts
        .into_iter()
        .map(|(name, ways)| row(name, false, &ways))
        .collect();
    rows.push(row(TOTAL.to_owned(), true, &all));
    Table {
        kind: ReportKind::Funnel,
        dimensions: &["cohort"],
        columns: FUNNEL,
        parts: None,
        rows,
    }
}

const INTRODUCTIONS: &[Column] = &[
    count("asked"),
    count("accepted"),
    count("declined"),
    count("unanswered"),
    count("others"),
    column("accepted_bp", Unit::Share, &[1, 2, 3]),
    column("response_median", Unit::WorkingDays, &[1, 2]),
    column("response_p90", Unit::WorkingDays, &[1, 2]),
];

/// The zones of firms that were looked up already.
#[derive(Default)]
struct Zones(BTreeMap<OrganizationId, Tz>);

impl Zones {
    fn of(&mut self, conn: &mut Conn, firm: OrganizationId) -> Result<Tz, Error> {
        if let Some(zone) = self.0.get(&firm) {
            return Ok(*zone);
        }
        let zone = notices::zone_of(conn, firm)?;
        self.0.insert(firm, zone);
        Ok(zone)
    }
}

/// One answer of a cohort.
struct Answered {
    said: Said,
    days: Option<i64>,
}

fn introductions(
    context: &Context,
    conn: &mut Conn,
    id: ProgrammeId,
    courses: &Courses,
    query: &Query,
    by: Period,
) -> Result<Table, Error> {
    let sides = db::reports::introduction_sides(conn, id)?;
    let countries = countries(conn, sides.values().flat_map(|(a, b)| [*a, *b]))?;
    let mut zones = Zones::default();
    let mut cohorts: BTreeMap<String, Vec<Answered>> = BTreeMap::new();
    for question in courses.questions.iter().filter(|it| query.takes(it.put)) {
        let firm = sides.get(&question.introduction).zip(question.side);
        let firm = firm.map(|((startup, investor), side)| match side {
            Side::Startup => *startup,
            Side::Investor => *investor,
        });
        let country = firm
            .and_then(|firm| countries.get(&firm).copied())
            .flatten();
        let calendar = context.calendars.of(country);
        let answered = matches!(question.said, Said::Yes | Said::No);
        // By the clock of whoever answered, as they were reminded.
        let zone = match firm {
            Some(firm) => zones.of(conn, firm)?,
            None => Tz::UTC,
        };
        let days = question.at.filter(|_| answered).map(|at| {
            let [put, at] = [question.put, at].map(|at| at.with_timezone(&zone).date_naive());
            i64::from(calendar.working_days(put, at))
        });
        let name = by.name(question.put.date_naive());
        cohorts.entry(name).or_default().push(Answered {
            said: question.said,
            days,
        });
    }
    let row = |name: String, total, answers: &[&Answered]| {
        let of = |said: &[Said]| {
            let found = answers.iter().filter(|it| said.contains(&it.said)).count();
            i64::try_from(found).unwrap_or(i64::MAX)
        };
        let (yes, no, late) = (of(&[Said::Yes]), of(&[Said::No]), of(&[Said::TooLate]));
        let others = of(&[Said::Nothing, Said::Stopped]);
        let mut days: Vec<i64> = answers.iter().filter_map(|it| it.days).collect();
        let cells = vec![
            Some(yes + no + late + others),
            Some(yes),
            Some(no),
            Some(late),
            Some(others),
            share_bp(yes, yes + no + late),
            percentile(&mut days, 50),
            percentile(&mut days, 90),
        ];
        Row::new(vec![name], total, cells)
    };
    let all: Vec<&Answered> = cohorts.values().flatten().collect();
    let total = row(TOTAL.to_owned(), true, &all);
    let mut rows: Vec<Row> = cohorts
        .iter()
        .map(|(name, answers)| row(name.clone(), false, &answers.iter().collect::<Vec<_>>()))
        .collect();
    rows.push(total);
    Ok(Table {
        kind: ReportKind::Introductions,
        dimensions: &["cohort"],
        columns: INTRODUCTIONS,
        parts: Some((0, &[1, 2, 3, 4])),
        rows,
    })
}

fn countries(
    conn: &mut Conn,
    firms: impl Iterator<Item = OrganizationId>,
) -> Result<BTreeMap<OrganizationId, Option<Country>>, Error> {
    // A statement takes a limited number of values.
    const AT_ONCE: usize = 10_000;
    let firms: Vec<_> = firms.collect::<BTreeSet<_>>().into_iter().collect();
    let mut countries = BTreeMap::new();
    for some in firms.chunks(AT_ONCE) {
        for firm in db::organizations::find_many(conn, some)? {
            countries.insert(firm.id, firm.details.country);
        }
    }
    Ok(countries)
}

const PIPELINE: &[Column] = &[
    count("open"),
    count("on_hold"),
    count("won"),
    column("amount", Unit::Minor, &[0, 1, 2]),
    column("compared", Unit::Compared, &[0, 1, 2]),
];

/// A row of the pipeline while it is filled.
#[derive(Default)]
struct Stand {
    counts: [i64; 3],
    amount: i64,
    compared: i64,
}

fn pipeline(
    context: &Context,
    conn: &mut Conn,
    id: ProgrammeId,
    courses: &Courses,
    query: &Query,
) -> Result<Table, Error> {
    let stages = stages_in_order(context, conn, id)?;
    let mut rates = LockedBook::default();
    let mut stands: BTreeMap<(String, usize, String, String), Stand> = BTreeMap::new();
    for deal in courses.deals.values() {
        let Some(place) = ["open", "on_hold", "won"]
            .iter()
            .position(|it| *it == deal.status)
        else {
            continue;
        };
        let mut by_currency: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for Worth { amount, lock, .. } in deal.worth() {
            let sums = by_currency.entry(amount.currency.to_string()).or_default();
            sums.0 = sums.0.saturating_add(amount.amount_minor);
            let compared = rates.convert(conn, amount, &lock, query.currency)?;
            sums.1 = sums.1.saturating_add(compared.unwrap_or(0));
        }
        if by_currency.is_empty() {
            by_currency.insert(String::new(), (0, 0));
        }
        // Last where no version has it.
        let stages = stages.get(&deal.pipeline);
        let order = stages.and_then(|it| it.iter().position(|it| *it == deal.stage));
        let order = order.unwrap_or(usize::MAX);
        for (currency, (amount, compared)) in by_currency {
            let key = (deal.pipeline.clone(), order, deal.stage.clone(), currency);
            let stand = stands.entry(key).or_default();
            if let Some(count) = stand.counts.get_mut(place) {
                *count += 1;
            }
            stand.amount = stand.amount.saturating_add(amount);
            stand.compared = stand.compared.saturating_add(compared);
        }
    }
    let row =
        |((pipeline, _, stage, currency), stand): ((String, usize, String, String), Stand)| {
            let some = !currency.is_empty();
            let mut cells: Vec<Option<i64>> = stand.counts.iter().copied().map(Some).collect();
            cells.push(some.then_some(stand.amount));
            cells.push(some.then_some(stand.compared));
            Row::new(vec![pipeline, stage, currency], false, cells)
        };
    Ok(Table {
        kind: ReportKind::Pipeline,
        dimensions: &["pipeline", "stage", "currency"],
        columns: PIPELINE,
        parts: None,
        rows: stands.into_iter().map(row).collect(),
    })
}

const CONCENTRATION: &[Column] = &[
    count("firms"),
    column("top_three_bp", Unit::Share, &[0]),
    column("gini_bp", Unit::Share, &[0]),
];

fn concentration(
    conn: &mut Conn,
    id: ProgrammeId,
    courses: &Courses,
    query: &Query,
) -> Result<Table, Error> {
    let introduced = db::reports::introduction_sides(conn, id)?;
    let dealt = db::reports::deal_sides(conn, id)?;
    let mut rates = LockedBook::default();
    let mut sums: BTreeMap<(&str, &str), BTreeMap<OrganizationId, i64>> = BTreeMap::new();
    let mut add = |(startup, investor): (OrganizationId, OrganizationId), what, by: i64| {
        for (side, firm) in [("startup", startup), ("investor", investor)] {
            let sum = sums.entry((side, what)).or_default();
            let sum = sum.entry(firm).or_default();
            *sum = sum.saturating_add(by);
        }
    };
    for (id, way) in &courses.ways {
        let sent = way.sent.is_some_and(|at| query.takes(at));
        if let Some(sides) = introduced.get(id).filter(|_| sent) {
            add(*sides, "introductions_sent", 1);
        }
    }
    for (id, deal) in &courses.deals {
        let Some((startup, investor)) = dealt.get(id) else {
            continue;
        };
        for worth in deal.worth() {
            let funded = worth.funded();
            if let Some(funded) = funded.filter(|it| query.covers(it.value_date)) {
                let value = rates.convert(conn, funded.amount, &funded.lock, query.currency)?;
                // Whoever paid, not only whose introduction began it.
                let payer = worth.firm.unwrap_or(*investor);
                add((*startup, payer), "money_funded", value.unwrap_or(0));
            }
        }
    }
    let row = |((side, what), firms): ((&str, &str), BTreeMap<OrganizationId, i64>)| {
        let values: Vec<i64> = firms.into_values().collect();
        let cells = vec![
            i64::try_from(values.len()).ok(),
            top_three_bp(&values),
            gini_bp(&values),
        ];
        Row::new(vec![side.to_owned(), what.to_owned()], false, cells)
    };
    Ok(Table {
        kind: ReportKind::Concentration,
        dimensions: &["side", "measure"],
        columns: CONCENTRATION,
        parts: None,
        rows: sums.into_iter().map(row).collect(),
    })
}
