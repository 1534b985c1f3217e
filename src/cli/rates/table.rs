//! The CSV of the European Central Bank: a column a currency, a row a day, the
//! daily file with one row and the day in words.

use std::io::Read;

use chrono::NaiveDate;
use csv::{ReaderBuilder, StringRecord, StringRecordsIntoIter, Trim};

use super::{Said, quotation};
use crate::domain::rates::Source;

/// The quotations of a table, row by row.
pub(super) struct Csv<R> {
    currencies: Vec<String>,
    rows: StringRecordsIntoIter<R>,
    /// Of the row at hand, backwards.
    waiting: Vec<Said>,
}

impl<R: Read> Csv<R> {
    /// Reads the header.
    pub(super) fn new(reader: R) -> Result<Self, String> {
        let mut reader = ReaderBuilder::new()
            .trim(Trim::All)
            .flexible(true)
            .from_reader(reader);
        let header = reader.headers().map_err(|error| error.to_string())?;
        let currencies: Vec<String> = header.iter().skip(1).map(str::to_owned).collect();
        let is_date = header
            .get(0)
            .is_some_and(|it| it.trim_start_matches('\u{feff}') == "Date");
        if !is_date || currencies.iter().all(String::is_empty) {
            return Err("is no table of rates: its first column is not Date".to_owned());
        }
        Ok(Self {
            currencies,
            rows: reader.into_records(),
            waiting: Vec::new(),
        })
    }

    fn row(&self, row: &StringRecord) -> Vec<Said> {
        let line = row.position().map_or(0, csv::Position::line);
        let place = format!("line {line}");
        let text = row.get(0).unwrap_or_default();
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .or_else(|_| NaiveDate::parse_from_str(text, "%d %B %Y"));
        let Ok(day) = day else {
            return vec![Said::Bad(format!("{place}: \"{text}\" is no day"))];
        };
        let cells = self.currencies.iter().enumerate();
        let said = cells.filter_map(|(column, currency)| {
            // Behind each row stands a comma, and so a column without a name.
            let cell = row.get(column + 1).unwrap_or_default();
            if currency.is_empty() || cell.is_empty() || cell == "N/A" {
                return None;
            }
            let pair = ("EUR", currency.as_str());
            Some(quotation(&place, Source::Ecb, pair, day, "1", cell))
        });
        said.collect()
    }
}

impl<R: Read> Iterator for Csv<R> {
    type Item = Said;

    fn next(&mut self) -> Option<Said> {
        loop {
            if let Some(said) = self.waiting.pop() {
                return Some(said);
            }
            match self.rows.next()? {
                Ok(row) => {
                    self.waiting = self.row(&row);
                    self.waiting.reverse();
                }
                Err(error) => return Some(Said::Bad(error.to_string())),
            }
        }
    }
}
