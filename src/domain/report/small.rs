//! Small numbers: a count of one to four firms or deals could tell who they
//! are, so readers outside the operator don't get it, nor what it could be
//! worked out from. Sums are taken as known to them, since the scorecard gives
//! them: where something is hidden in what adds up to a sum, so much more is
//! hidden with it that the hidden ones together are no small number either, and
//! never one alone.

use super::{Table, Unit};

/// The smallest count above zero that is shown.
pub const FEWEST: i64 = 5;

/// A cell: row and column.
type Place = (usize, usize);

/// Hides what is too small to show, and what would give it away.
pub fn hide(table: &mut Table) {
    let counts: Vec<usize> = (0..)
        .zip(table.columns)
        .filter(|(_, column)| column.unit == Unit::Count)
        .map(|(place, _)| place)
        .collect();
    for row in 0..table.rows.len() {
        for column in &counts {
            let at = (row, *column);
            if (1..FEWEST).contains(&value(table, at)) {
                set(table, at);
            }
        }
    }
    let groups = groups(table, &counts);
    // Each pass hides at least one cell more, or is the last.
    while groups.iter().any(|group| cover(table, group)) {}
    hide_what_follows(table);
}

/// Hides everything where something is too small to show: for numbers of which
/// one follows from another in more ways than rows and columns say.
pub fn hide_whole(table: &mut Table) {
    let small = |row: &super::Row| {
        let cells = row.cells.iter().zip(table.columns);
        let mut counts = cells.filter(|(_, column)| column.unit == Unit::Count);
        counts.any(|(cell, _)| cell.is_some_and(|cell| (1..FEWEST).contains(&cell)))
    };
    if table.rows.iter().any(small) {
        table.rows.clear();
    }
}

/// The cells that add up to something that is known.
fn groups(table: &Table, counts: &[usize]) -> Vec<Vec<Place>> {
    let rows = || 0..table.rows.len();
    let mut groups: Vec<Vec<Place>> = counts
        .iter()
        .map(|column| {
            let single = rows().filter(|row| table.rows.get(*row).is_some_and(|it| !it.total));
            single.map(|row| (row, *column)).collect()
        })
        .collect();
    if let Some((_, parts)) = table.parts {
        groups.extend(rows().map(|row| parts.iter().map(|column| (row, *column)).collect()));
    }
    groups
}

/// Hides the smallest cell that is still shown of a group, if those that are
/// hidden can be worked out; answers whether it did.
fn cover(table: &mut Table, group: &[Place]) -> bool {
    let hidden: Vec<i64> = group
        .iter()
        .filter(|at| is_hidden(table, **at))
        .map(|at| value(table, *at))
        .collect();
    let safe = hidden.is_empty() || hidden.len() > 1 && hidden.iter().sum::<i64>() >= FEWEST;
    if safe {
        return false;
    }
    let shown = group.iter().filter(|at| !is_hidden(table, **at));
    let next = shown
        .filter(|at| value(table, **at) > 0)
        .min_by_key(|at| value(table, **at))
        // Nothing but zeroes is left: a zero is hidden with it.
        .or_else(|| group.iter().find(|at| !is_hidden(table, **at)))
        .copied();
    match next {
        Some(at) => {
            set(table, at);
            true
        }
        None => false,
    }
}

/// Shares, days and amounts of what is hidden or too few.
fn hide_what_follows(table: &mut Table) {
    let columns = table.columns;
    for row in &mut table.rows {
        for (place, column) in columns.iter().enumerate() {
            let tells = column.of.iter().any(|of| {
                let hidden = row.hidden.get(*of).copied().unwrap_or(false);
                let few = row.cells.get(*of).copied().flatten();
                hidden || few.is_some_and(|count| (1..FEWEST).contains(&count))
            });
            if let Some(hidden) = row.hidden.get_mut(place).filter(|_| tells) {
                *hidden = true;
            }
        }
    }
}

fn value(table: &Table, (row, column): Place) -> i64 {
    let row = table.rows.get(row);
    let cell = row.and_then(|row| row.cells.get(column).copied().flatten());
    cell.unwrap_or(0)
}

fn is_hidden(table: &Table, (row, column): Place) -> bool {
    let row = table.rows.get(row);
    row.is_some_and(|row| row.hidden.get(column).copied().unwrap_or(false))
}

fn set(table: &mut Table, (row, column): Place) {
    let row = table.rows.get_mut(row);
    if let Some(hidden) = row.and_then(|row| row.hidden.get_mut(column)) {
        *hidden = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Column, ReportKind, Row};
    use super::*;
    use proptest::prelude::*;

    const COLUMNS: &[Column] = &[
        Column {
            key: "asked",
            unit: Unit::Count,
            of: &[],
        },
        Column {
            key: "accepted",
            unit: Unit::Count,
            of: &[],
        },
        Column {
            key: "others",
            unit: Unit::Count,
            of: &[],
        },
        Column {
            key: "accepted_bp",
            unit: Unit::Share,
            of: &[0, 1],
        },
    ];

    fn table(rows: &[(i64, i64)]) -> Table {
        let row = |name: String, total, accepted: i64, others: i64| {
            let asked = accepted + others;
            let cells = [asked, accepted, others, 0].map(Some).to_vec();
            Row::new(vec![name], total, cells)
        };
        let single = rows.iter().enumerate();
        let mut made: Vec<Row> = single
            .map(|(place, (a, o))| row(place.to_string(), false, *a, *o))
            .collect();
        let sum = |pick: fn(&(i64, i64)) -> i64| rows.iter().map(pick).sum();
        made.push(row(
            "total".to_owned(),
            true,
            sum(|it| it.0),
            sum(|it| it.1),
        ));
        Table {
            kind: ReportKind::Introductions,
            dimensions: &["cohort"],
            columns: COLUMNS,
            parts: Some((0, &[1, 2])),
            rows: made,
        }
    }

    #[test]
    fn one_small_number_takes_another_with_it() {
        let mut table = table(&[(3, 20), (9, 30), (50, 60)]);
        hide(&mut table);
        let hidden: Vec<_> = table.rows.iter().map(|row| row.hidden.clone()).collect();
        // The 3 and, so that neither its column nor its row gives it away, the
        // 9 and both rows' other parts.
        assert_eq!(hidden[0], [false, true, true, true]);
        assert_eq!(hidden[1], [false, true, true, true]);
        assert_eq!(hidden[2], [false; 4]);
        assert_eq!(hidden[3], [false; 4]);
    }

    #[test]
    fn what_is_no_small_number_is_shown() {
        let mut table = table(&[(0, 20), (9, 30)]);
        hide(&mut table);
        assert!(table.rows.iter().all(|row| row.hidden.iter().all(|it| !it)));
    }

    proptest! {
        /// Whoever knows every sum can't work out a hidden small number: in
        /// whatever adds up, the hidden ones are several and together many, or
        /// everything is hidden.
        #[test]
        fn nothing_small_can_be_worked_out(rows in prop::collection::vec((0_i64..12, 0_i64..12), 1..12)) {
            let mut table = table(&rows);
            hide(&mut table);
            for row in &table.rows {
                for (cell, hidden) in row.cells.iter().take(3).zip(&row.hidden) {
                    prop_assert!(*hidden || !(1..FEWEST).contains(&cell.unwrap_or(0)));
                }
            }
            let counts = [0, 1, 2];
            for group in groups(&table, &counts) {
                let hidden: Vec<_> = group.iter().filter(|at| is_hidden(&table, **at)).collect();
                let sum: i64 = hidden.iter().map(|at| value(&table, **at)).sum();
                let all = hidden.len() == group.len();
                prop_assert!(hidden.is_empty() || all || hidden.len() > 1 && sum >= FEWEST);
            }
        }
    }
}
