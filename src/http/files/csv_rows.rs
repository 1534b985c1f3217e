//! Rows of CSV (RFC 4180) in UTF-8, with a header.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::columns::{self, Column, NEEDED};
use super::records::{Broken, Record, Records};
use super::rows::{illegible, row};
use super::{cells, failure};
use crate::domain::fault::{Fault, Faults};
use crate::domain::import::Place;
use crate::domain::tag::Taxonomy;
use crate::http::fields::from_document;
use crate::services::import_jobs::rows::{Batch, FileRow, RowReader, Unreadable};

/// The rows of a file.
pub struct CsvRows {
    records: Records<File>,
    columns: Vec<Column>,
    record: Record,
    taxonomy: Arc<Taxonomy>,
}

impl CsvRows {
    /// The rows from `place` on; the header is read in any case.
    pub fn open(file: File, place: Place, taxonomy: Arc<Taxonomy>) -> Result<Self, Unreadable> {
        let mut records = Records::of(file)?;
        let mut record = Record::default();
        loop {
            match records.read(&mut record)? {
                Ok(true) if record.is_blank() => {}
                Ok(true) => break,
                Ok(false) => return Err(failure("empty", "The file has no rows.")),
                Err(broken) => return Err(broken_header(&broken)),
            }
        }
        let columns = header_of(&record)?;
        if place.byte > 0 {
            let at = |number: i64| u64::try_from(number).unwrap_or(0);
            records.go_on_at(at(place.byte), at(place.line))?;
        }
        Ok(Self {
            records,
            columns,
            record,
            taxonomy,
        })
    }

    fn place(&self) -> Place {
        Place {
            byte: number(self.records.byte()),
            line: number(self.records.line()),
        }
    }

    /// The next row; none after the last.
    fn row(&mut self) -> Result<Option<FileRow>, Unreadable> {
        loop {
            match self.records.read(&mut self.record)? {
                Ok(false) => return Ok(None),
                Ok(true) if self.record.is_blank() => {}
                Ok(true) => return Ok(Some(self.read())),
                Err(broken) => return Ok(Some(self.broken(&broken))),
            }
        }
    }

    /// A row that a quotation mark breaks, as far as it can be told whose it
    /// is.
    fn broken(&self, broken: &Broken) -> FileRow {
        let column = self.columns.get(broken.cell);
        let called = match column {
            Some(column) => format!("the cell of {}", column.name),
            None => format!("cell {}", broken.cell + 1),
        };
        let id = self.columns.iter().position(|it| it.name == "external_id");
        let id = id.filter(|place| *place < broken.cell);
        let id = id.and_then(|place| std::str::from_utf8(self.record.get(place)?).ok());
        let place = column.map_or(String::new(), |it| format!("/{}", it.path.join("/")));
        FileRow {
            line: number(broken.line),
            external_id: id.and_then(super::rows::external_id),
            firm: Err(vec![Fault::new(place, broken.code(), broken.said(&called))]),
        }
    }

    fn read(&self) -> FileRow {
        let line = number(self.record.line);
        let (have, wanted) = (self.record.width(), self.columns.len());
        if have != wanted {
            let detail = format!("The row has {have} cells where the header has {wanted}.");
            return illegible(line, "wrong_width", detail);
        }
        match self.document() {
            Ok(document) => {
                let read = from_document(document.clone());
                row(line, document, read, &self.taxonomy)
            }
            Err(column) => {
                let detail = format!("The cell of {column} is not in UTF-8.");
                illegible(line, "not_utf8", detail)
            }
        }
    }

    /// The document that the row spells; an error names a column that is not
    /// in UTF-8.
    fn document(&self) -> Result<Value, &str> {
        let mut document = Value::Object(Map::new());
        for (column, cell) in self.columns.iter().zip(self.record.iter()) {
            let text = std::str::from_utf8(cell).map_err(|_| column.name.as_str())?;
            let value = cells::read(column.cell, text);
            // That a number's cell is empty says something.
            let value = value.or_else(|| column.is_number().then(|| Value::from("")));
            if let Some(value) = value {
                put(&mut document, &column.path, value);
            }
        }
        // A startup of which nothing is said has a profile all the same.
        let kind = document
            .pointer("/organization/kind")
            .and_then(Value::as_str);
        if kind == Some("startup") && document.get("startup_profile").is_none() {
            put(
                &mut document,
                &["startup_profile".to_owned()],
                Value::Object(Map::new()),
            );
        }
        Ok(document)
    }
}

fn put(document: &mut Value, path: &[String], value: Value) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let mut place = document;
    for parent in parents {
        let Some(fields) = place.as_object_mut() else {
            return;
        };
        place = fields
            .entry(parent.as_str())
            .or_insert_with(|| Value::Object(Map::new()));
    }
    if let Some(fields) = place.as_object_mut() {
        fields.insert(last.clone(), value);
    }
}

impl RowReader for CsvRows {
    fn next(&mut self, limit: usize) -> Result<Batch, Unreadable> {
        let mut rows = Vec::with_capacity(limit);
        let mut is_last = false;
        while rows.len() < limit && !is_last {
            match self.row()? {
                Some(row) => rows.push(row),
                None => is_last = true,
            }
        }
        Ok(Batch {
            rows,
            place: self.place(),
            is_last,
        })
    }
}

fn number(counted: u64) -> i64 {
    i64::try_from(counted).unwrap_or(i64::MAX)
}

fn broken_header(broken: &Broken) -> Unreadable {
    let mut faults = Faults::new();
    let place = format!("/columns/{}", broken.cell);
    let called = format!("column {}", broken.cell + 1);
    faults.push(place, broken.code(), broken.said(&called));
    Unreadable::Header(faults.into_vec())
}

/// The columns of a header, or everything that is wrong with it.
fn header_of(header: &Record) -> Result<Vec<Column>, Unreadable> {
    let mut names = Vec::with_capacity(header.width());
    for name in header.iter() {
        let name = std::str::from_utf8(name).map_err(|_| {
            failure(
                "not_utf8",
                "The header is not in UTF-8; save the file as UTF-8.",
            )
        })?;
        names.push(name.trim().to_owned());
    }
    let mut faults = Faults::new();
    if let [only] = names.as_slice()
        && only.contains([';', '\t'])
    {
        let detail =
            "The columns seem to be separated by semicolons or tabs: save the file with commas.";
        faults.push("/columns/0", "other_separator", detail);
        return Err(Unreadable::Header(faults.into_vec()));
    }
    if names.len() > MOST_COLUMNS {
        let count = names.len();
        let detail = format!("The header has {count} columns; at most {MOST_COLUMNS} are taken.");
        faults.push("/columns", "too_many_columns", detail);
        return Err(Unreadable::Header(faults.into_vec()));
    }
    let columns = columns_of(&mut faults, &names);
    for needed in NEEDED {
        if !names.iter().any(|name| name == needed) {
            let detail = format!("The column {needed} is needed.");
            faults.push("/columns", "missing_column", detail);
        }
    }
    match faults.finish() {
        Ok(()) => Ok(columns),
        Err(faults) => Err(Unreadable::Header(faults.into_vec())),
    }
}

/// Faults of a header that are named.
const MOST_NAMED: usize = 100;
/// Columns of a file: several times those that are known in ten languages.
const MOST_COLUMNS: usize = 500;
/// Characters of a column's name: more than any known one has.
const LONGEST_NAME: usize = 200;

fn columns_of(faults: &mut Faults, names: &[String]) -> Vec<Column> {
    let mut columns = Vec::with_capacity(names.len());
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = 0;
    for (place, name) in names.iter().enumerate() {
        let (code, detail) = if name.chars().nth(LONGEST_NAME).is_some() {
            let detail = format!(
                "{} goes on: a column's name has at most {LONGEST_NAME} characters.",
                quoted(name)
            );
            ("column_too_long", detail)
        } else if let Some(first) = seen.get(name.as_str()) {
            let detail = format!("{} is column {} too.", quoted(name), first + 1);
            ("duplicate_column", detail)
        } else if let Some(column) = columns::known(name) {
            seen.insert(name, place);
            columns.push(column);
            continue;
        } else if wrong >= MOST_NAMED {
            // What isn't told needs no hint, which costs time.
            continue;
        } else {
            let nearest = columns::nearest(name);
            let hint = nearest.map_or(String::new(), |known| format!(" Is it {known}?"));
            let detail = format!("{} is not known here.{hint}", quoted(name));
            ("unknown_column", detail)
        };
        wrong += 1;
        if wrong <= MOST_NAMED {
            faults.push(format!("/columns/{place}"), code, detail);
        }
    }
    columns
}

/// A name as it may be told, however long somebody made it.
fn quoted(name: &str) -> String {
    let short: String = name.chars().take(60).collect();
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(names: &[String]) -> Vec<Fault> {
        let mut faults = Faults::new();
        columns_of(&mut faults, names);
        faults.into_vec()
    }

    #[test]
    fn a_hundred_wrong_columns_are_named_and_no_more_are_looked_at() {
        let names: Vec<String> = (0..400).map(|number| format!("x{number}")).collect();
        let faults = faults_of(&names);
        assert_eq!(faults.len(), MOST_NAMED);
        assert!(faults.iter().all(|it| it.code == "unknown_column"));
    }

    #[test]
    fn a_name_that_never_ends_is_not_compared() {
        let faults = faults_of(&["a ".repeat(300_000), "mail".to_owned()]);
        let codes: Vec<&str> = faults.iter().map(|it| it.code.as_ref()).collect();
        assert_eq!(codes, ["column_too_long", "unknown_column"]);
        assert!(faults.iter().all(|it| it.detail.len() < 300));
    }
}
