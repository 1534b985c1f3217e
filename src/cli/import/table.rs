//! A CSV file (RFC 4180) with a header: its rows by field, with exact line
//! numbers, one at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder, StringRecord, Terminator};

use crate::config::import_mapping::Columns;

/// Bytes that a row may have; an unclosed quotation mark makes one of the
/// rest of a file.
const LONGEST_ROW: usize = 1 << 20;

/// Why a whole file can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It can't be opened or read.
    #[error("{}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not such a file.
    #[error("{}: {what}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
}

/// The rows of a file. Iterating gives every row, good or not, until the file
/// can't be read any further.
pub struct Table<F> {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read + Send>>,
    width: usize,
    places: Arc<BTreeMap<F, usize>>,
    unused: Vec<String>,
}

/// One row.
#[derive(Debug)]
pub struct Line<F> {
    /// Where it begins, from 1; the header is a line too.
    pub number: u64,
    /// Its cells, or why they can't be told apart.
    pub cells: Result<Cells<F>, String>,
}

/// The cells of a row by field.
#[derive(Debug)]
pub struct Cells<F> {
    record: StringRecord,
    places: Arc<BTreeMap<F, usize>>,
}

impl<F: Ord> Cells<F> {
    /// A cell without surrounding white space; `None` when it is empty or its
    /// column is not mapped.
    pub fn get(&self, field: F) -> Option<&str> {
        let place = self.places.get(&field)?;
        let cell = self.record.get(*place)?.trim();
        (!cell.is_empty()).then_some(cell)
    }
}

impl<F: Ord + Copy> Table<F> {
    /// Opens a file and finds the mapped columns in its header.
    ///
    /// # Errors
    /// It can't be read, is empty, is not in UTF-8, or lacks columns.
    pub fn open(path: &Path, columns: &Columns<F>) -> Result<Self, TableError> {
        let unreadable = |source| TableError::Read {
            path: path.to_owned(),
            source,
        };
        let wrong = |what: String| TableError::Form {
            path: path.to_owned(),
            what,
        };
        let file = File::open(path).map_err(unreadable)?;
        let mut file = BufReader::new(file);
        check_encoding(file.fill_buf().map_err(unreadable)?).map_err(wrong)?;
        // Every row then ends with a line feed, so that lines can be counted
        // from the end of a row: its beginning is unknown after blank lines.
        let rows: Box<dyn Read + Send> = Box::new(file.chain(&b"\n"[..]));
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(rows);
        let header = reader
            .byte_headers()
            .map_err(|error| wrong(error.to_string()))?;
        let header = header_of(header).map_err(wrong)?;
        let places = places(&header, columns).map_err(wrong)?;
        let mapped = |place: &usize| places.values().any(|used| used == place);
        let unused = (0..header.len())
            .filter(|place| !mapped(place))
            .filter_map(|place| header.get(place).cloned())
            .collect();
        Ok(Self {
            path: path.to_owned(),
            reader,
            width: header.len(),
            places: Arc::new(places),
            unused,
        })
    }

    /// The columns that no field is given.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    fn line(&self, record: &ByteRecord) -> Line<F> {
        let breaks = record
            .iter()
            .flatten()
            .filter(|byte| **byte == b'\n')
            .count();
        let end = self.reader.position().line();
        let number = end.saturating_sub(u64::try_from(breaks).unwrap_or(0) + 1);
        Line {
            number,
            cells: self.cells(record),
        }
    }

    fn cells(&self, record: &ByteRecord) -> Result<Cells<F>, String> {
        if record.len() != self.width {
            return Err(format!(
                "has {} cells where the header has {}",
                record.len(),
                self.width
            ));
        }
        if record.as_slice().len() > LONGEST_ROW {
            return Err("is longer than 1 MiB; is a quotation mark not closed?".to_owned());
        }
        let record = StringRecord::from_byte_record(record.clone()).map_err(|error| {
            let cell = error.utf8_error().field() + 1;
            format!("is not in UTF-8 (cell {cell}); save the file as UTF-8")
        })?;
        Ok(Cells {
            record,
            places: Arc::clone(&self.places),
        })
    }
}

impl<F: Ord + Copy> Iterator for Table<F> {
    type Item = Result<Line<F>, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = ByteRecord::new();
        loop {
            match self.reader.read_byte_record(&mut record) {
                Ok(false) => return None,
                Ok(true) if is_blank(&record) && self.width > 1 => {}
                Ok(true) => return Some(Ok(self.line(&record))),
                Err(error) => {
                    let source = io::Error::other(error);
                    let path = self.path.clone();
                    return Some(Err(TableError::Read { path, source }));
                }
            }
        }
    }
}

/// A blank line that ends with CR LF.
fn is_blank(record: &ByteRecord) -> bool {
    record.len() == 1 && record.iter().flatten().all(|byte| *byte == b'\r')
}

fn check_encoding(start: &[u8]) -> Result<(), String> {
    let text = start.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(start);
    if text.iter().all(u8::is_ascii_whitespace) && text.len() < 4096 {
        return Err("is empty; a header line was expected".to_owned());
    }
    if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) || text.contains(&0) {
        return Err("is not in UTF-8 but, it seems, in UTF-16; save the file as UTF-8".to_owned());
    }
    Ok(())
}

fn header_of(record: &ByteRecord) -> Result<Vec<String>, String> {
    record
        .iter()
        .map(|name| {
            std::str::from_utf8(name)
                .map(|name| name.trim().to_owned())
                .map_err(|_| "the header is not in UTF-8; save the file as UTF-8".to_owned())
        })
        .collect()
}

/// Where each field stands.
fn places<F: Ord + Copy>(
    header: &[String],
    columns: &Columns<F>,
) -> Result<BTreeMap<F, usize>, String> {
    let mut places = BTreeMap::new();
    let mut missing = Vec::new();
    for (field, column) in columns {
        let mut found = header
            .iter()
            .enumerate()
            .filter(|(_, name)| *name == column);
        match (found.next(), found.next()) {
            (Some((place, _)), None) => _ = places.insert(*field, place),
            (None, _) => missing.push(column.as_str()),
            (Some(_), Some(_)) => return Err(format!("has two columns named {column:?}")),
        }
    }
    if missing.is_empty() {
        Ok(places)
    } else {
        missing.sort_unstable();
        Err(format!(
            "the header lacks {}; found: {}{}",
            missing.join(", "),
            header.join(", "),
            other_separator(header)
        ))
    }
}

/// Spreadsheets of many countries write semicolons or tabs between columns.
fn other_separator(header: &[String]) -> &'static str {
    match header {
        [only] if only.contains(';') => {
            ". Its columns seem to be separated by semicolons: save the file with commas"
        }
        [only] if only.contains('\t') => {
            ". Its columns seem to be separated by tabs: save the file with commas"
        }
        _ => "",
    }
}
