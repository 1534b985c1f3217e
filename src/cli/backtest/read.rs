//! Reads a folder of deals: `startups.csv`, `investors.csv` and
//! `investments.csv`, columns by their names in the header.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use chrono::NaiveDate;
use csv::StringRecord;

use crate::cli::import::cells::minor_units;
use crate::domain::money::Currency;
use crate::matching::deals::{Corpus, Deal, FUNDED, Investor, Place, Round, Sign, Startup};

/// As many faults are shown; the rest is counted.
const SHOWN: usize = 20;

/// What was read, and what had to be left out.
#[derive(Debug)]
pub struct Read {
    /// The deals with everything that belongs to them.
    pub corpus: Corpus,
    /// Deals of startups or investors that no file describes.
    pub dangling: usize,
}

/// Reads the folder.
///
/// # Errors
/// Every fault of every file, one to a line.
pub fn folder(data: &Path) -> Result<Read, String> {
    let mut faults = Faults::default();
    if !data.is_dir() {
        return Err(format!("{}: there is no such folder", data.display()));
    }
    let startups = Sheet::open(
        data,
        "startups.csv",
        &["id", "first_funding"],
        &[
            "name",
            "tags",
            "country",
            "region",
            "city",
            "first_stage",
            "amount",
        ],
        &mut faults,
    );
    let investors = Sheet::open(
        data,
        "investors.csv",
        &["id"],
        &["name", "country", "region", "city"],
        &mut faults,
    );
    let deals = Sheet::open(
        data,
        "investments.csv",
        &["startup_id", "investor_id", "date"],
        &["round", "stage", "amount"],
        &mut faults,
    );
    let (Some(startups), Some(investors), Some(deals)) = (startups, investors, deals) else {
        return Err(faults.told());
    };

    let mut corpus = Corpus::default();
    let dates = first_dates(&deals);
    for row in startups.rows() {
        if let Some(startup) = startup(&row, &mut corpus, &dates, &mut faults) {
            corpus.startups.push(startup);
        }
    }
    for row in investors.rows() {
        let office = place(&row, &mut corpus);
        corpus.investors.push(Investor {
            id: row.get("id").to_owned(),
            name: row.get("name").to_owned(),
            office,
        });
        if row.get("id").is_empty() {
            faults.row(&row, "id is empty".to_owned());
        }
    }
    corpus.startups.sort_by(|a, b| a.id.cmp(&b.id));
    corpus.investors.sort_by(|a, b| a.id.cmp(&b.id));
    twins(
        "startups.csv",
        corpus.startups.iter().map(|s| &s.id),
        &mut faults,
    );
    twins(
        "investors.csv",
        corpus.investors.iter().map(|i| &i.id),
        &mut faults,
    );

    let dangling = read_deals(&deals, &mut corpus, &mut faults);
    if faults.lines.is_empty() {
        Ok(Read { corpus, dangling })
    } else {
        Err(faults.told())
    }
}

fn startup(
    row: &Row<'_>,
    corpus: &mut Corpus,
    dates: &BTreeMap<String, NaiveDate>,
    faults: &mut Faults,
) -> Option<Startup> {
    let id = row.get("id");
    if id.is_empty() {
        faults.row(row, "id is empty".to_owned());
        return None;
    }
    let first_funding = match row.get("first_funding") {
        // A startup that nobody funded is nobody's deal and no question.
        "" => *dates.get(id)?,
        text => match day(text) {
            Ok(day) => day,
            Err(why) => {
                faults.row(row, format!("first_funding {why}"));
                return None;
            }
        },
    };
    let tags = row
        .get("tags")
        .split(';')
        .map(|tag| corpus.tags.number(tag))
        .filter(|tag| *tag != 0)
        .collect();
    Some(Startup {
        id: id.to_owned(),
        name: row.get("name").to_owned(),
        tags,
        place: place(row, corpus),
        round: Round::of(row.get("first_stage")),
        amount: amount(row, faults),
        first_funding,
    })
}

fn place(row: &Row<'_>, corpus: &mut Corpus) -> Place {
    Place {
        country: corpus.countries.number(row.get("country")),
        region: corpus.regions.number(row.get("region")),
        city: corpus.cities.number(row.get("city")),
    }
}

fn amount(row: &Row<'_>, faults: &mut Faults) -> Option<u64> {
    let text = row.get("amount");
    match cents(text) {
        Ok(amount) => amount,
        Err(why) => {
            faults.row(row, format!("amount {text:?} {why}"));
            None
        }
    }
}

/// Cents of a dollar; nothing and nought are not stated.
fn cents(text: &str) -> Result<Option<u64>, &'static str> {
    if text.is_empty() || text.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        return Ok(None);
    }
    // Other programs write large numbers as 1.5e7, and fractions of a cent.
    let rounded = match text.parse::<f64>() {
        Ok(number) if number.is_finite() => format!("{number:.2}"),
        _ => text.to_owned(),
    };
    minor_units(&rounded, Currency::USD).map(|cents| u64::try_from(cents).ok())
}

fn day(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| format!("{text:?} is no date such as 2012-03-31"))
}

/// The first deal of every startup, where a date can be read.
fn first_dates(deals: &Sheet) -> BTreeMap<String, NaiveDate> {
    let mut dates = BTreeMap::new();
    for row in deals.rows() {
        if let Ok(date) = day(row.get("date")) {
            let first = dates
                .entry(row.get("startup_id").to_owned())
                .or_insert(date);
            *first = date.min(*first);
        }
    }
    dates
}

fn read_deals(deals: &Sheet, corpus: &mut Corpus, faults: &mut Faults) -> usize {
    let places = |ids: Vec<&String>| -> BTreeMap<String, usize> {
        ids.into_iter().cloned().zip(0..).collect()
    };
    let startups = places(corpus.startups.iter().map(|s| &s.id).collect());
    let investors = places(corpus.investors.iter().map(|i| &i.id).collect());
    let mut dangling = 0;
    for row in deals.rows() {
        let date = match day(row.get("date")) {
            Ok(date) => date,
            Err(why) => {
                faults.row(&row, format!("date {why}"));
                continue;
            }
        };
        let amount = amount(&row, faults);
        let (Some(startup), Some(investor)) = (
            startups.get(row.get("startup_id")),
            investors.get(row.get("investor_id")),
        ) else {
            dangling += 1;
            continue;
        };
        let first = match row.get("round") {
            "" => corpus
                .startups
                .get(*startup)
                .is_some_and(|startup| startup.first_funding == date),
            round => matches!(round, "1" | "1.0"),
        };
        corpus.deals.push(Deal {
            startup: *startup,
            investor: *investor,
            date,
            first,
            round: Round::of(row.get("stage")),
            amount,
            sign: Sign::Funded,
            worth: FUNDED,
        });
    }
    dangling
}

fn twins<'a>(file: &str, ids: impl Iterator<Item = &'a String>, faults: &mut Faults) {
    let mut before: Option<&String> = None;
    for id in ids {
        if before == Some(id) {
            faults.push(format!("{file}: the id {id:?} is there twice"));
        }
        before = Some(id);
    }
}

#[derive(Default)]
struct Faults {
    lines: Vec<String>,
    more: usize,
}

impl Faults {
    fn push(&mut self, fault: String) {
        if self.lines.len() < SHOWN {
            self.lines.push(fault);
        } else {
            self.more += 1;
        }
    }

    fn row(&mut self, row: &Row<'_>, fault: String) {
        self.push(format!("{}, line {}: {fault}", row.sheet.file, row.line));
    }

    fn told(mut self) -> String {
        if self.more > 0 {
            self.lines.push(format!("… and {} more", self.more));
        }
        self.lines.join("\n")
    }
}

/// A whole file.
struct Sheet {
    file: &'static str,
    columns: BTreeMap<String, usize>,
    records: Vec<StringRecord>,
}

/// One of its rows.
struct Row<'a> {
    sheet: &'a Sheet,
    record: &'a StringRecord,
    line: u64,
}

impl Row<'_> {
    /// A cell without white space around it; empty where there is none.
    fn get(&self, column: &str) -> &str {
        self.sheet
            .columns
            .get(column)
            .and_then(|place| self.record.get(*place))
            .map_or("", str::trim)
    }
}

impl Sheet {
    /// Reads a file; `None` when it can't be used, which is then noted.
    fn open(
        data: &Path,
        file: &'static str,
        required: &[&str],
        optional: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let source = match File::open(data.join(file)) {
            Ok(source) => source,
            Err(error) => {
                faults.push(format!("{}: {error}", data.join(file).display()));
                return None;
            }
        };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                faults.push(format!("{file}: {error}"));
                return None;
            }
        };
        let columns: BTreeMap<String, usize> = header
            .iter()
            .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned())
            .zip(0..)
            .collect();
        let missing: Vec<&str> = required
            .iter()
            .copied()
            .filter(|name| !columns.contains_key(*name))
            .collect();
        if !missing.is_empty() {
            faults.push(format!(
                "{file}: lacks the column{} {} (it needs {}; it may have {})",
                if missing.len() == 1 { "" } else { "s" },
                missing.join(", "),
                required.join(", "),
                optional.join(", "),
            ));
        }
        let mut records = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => records.push(record),
                Err(error) => faults.push(format!("{file}: {error}")),
            }
        }
        missing.is_empty().then_some(Self {
            file,
            columns,
            records,
        })
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.records.iter().map(|record| Row {
            sheet: self,
            record,
            line: record.position().map_or(0, csv::Position::line),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_other_programs_write_them() {
        assert_eq!(cents(""), Ok(None));
        assert_eq!(cents("0.0"), Ok(None));
        assert_eq!(cents("2000000.0"), Ok(Some(200_000_000)));
        assert_eq!(cents("1.5e7"), Ok(Some(1_500_000_000)));
        assert_eq!(cents("10.004"), Ok(Some(1_000)));
        for odd in ["-5", "NaN", "inf", "a lot"] {
            assert!(cents(odd).is_err(), "{odd}");
        }
    }
}
