//! Rows of CSV (RFC 4180) in UTF-8, with a header.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use csv::{ByteRecord, ErrorKind, Position, Reader, ReaderBuilder, Terminator};
use serde_json::{Map, Value};

use super::columns::{self, Column, NEEDED};
use super::rows::{illegible, row};
use super::{LONGEST_ROW, cells, failure, too_long};
use crate::domain::fault::Faults;
use crate::domain::import::Place;
use crate::domain::tag::Taxonomy;
use crate::http::fields::from_document;
use crate::services::import_jobs::rows::{Batch, FileRow, RowReader, Unreadable};

/// The rows of a file.
pub struct CsvRows {
    reader: Reader<Metered>,
    columns: Vec<Column>,
    record: ByteRecord,
    taxonomy: Arc<Taxonomy>,
}

impl CsvRows {
    /// The rows from `place` on; the header is read in any case.
    pub fn open(file: File, place: Place, taxonomy: Arc<Taxonomy>) -> Result<Self, Unreadable> {
        // Every row ends with a line feed then, so that lines can be counted
        // from the end of a row: its beginning is unknown after blank lines.
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(Metered::of(file));
        let header = reader.byte_headers().map_err(|error| trouble(error, 1))?;
        let columns = header_of(header)?;
        if place.byte > 0 {
            let mut position = Position::new();
            position
                .set_byte(u64::try_from(place.byte).unwrap_or(0))
                .set_line(u64::try_from(place.line + 1).unwrap_or(1))
                .set_record(1);
            reader
                .seek(position)
                .map_err(|error| trouble(error, place.line + 1))?;
        }
        Ok(Self {
            reader,
            columns,
            record: ByteRecord::new(),
            taxonomy,
        })
    }

    fn place(&self) -> Place {
        let position = self.reader.position();
        Place {
            byte: i64::try_from(position.byte()).unwrap_or(i64::MAX),
            line: i64::try_from(position.line()).unwrap_or(i64::MAX) - 1,
        }
    }

    /// The next row; none after the last.
    fn row(&mut self) -> Result<Option<FileRow>, Unreadable> {
        loop {
            let begins = self.place().line + 1;
            self.reader.get_mut().reset();
            let more = self
                .reader
                .read_byte_record(&mut self.record)
                .map_err(|error| trouble(error, begins))?;
            if !more {
                return Ok(None);
            }
            if !is_blank(&self.record) {
                return Ok(Some(self.read()));
            }
        }
    }

    fn read(&self) -> FileRow {
        let breaks = self.record.iter().flatten();
        let breaks = breaks.filter(|byte| **byte == b'\n').count();
        let line = self.place().line - i64::try_from(breaks).unwrap_or(0);
        let (have, wanted) = (self.record.len(), self.columns.len());
        if have != wanted {
            let detail = format!("The row has {have} cells where the header has {wanted}.");
            return illegible(line, "wrong_width", detail);
        }
        if self.record.as_slice().len() > LONGEST_ROW {
            return illegible(line, "row_too_long", too_long(line));
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
        for (place, (column, cell)) in self.columns.iter().zip(&self.record).enumerate() {
            // Of a line that ends with CR LF.
            let last = place + 1 == self.columns.len();
            let cell = if last {
                cell.strip_suffix(b"\r").unwrap_or(cell)
            } else {
                cell
            };
            let text = std::str::from_utf8(cell).map_err(|_| column.name.as_str())?;
            if let Some(value) = cells::read(column.cell, text) {
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

/// A line with nothing on it.
fn is_blank(record: &ByteRecord) -> bool {
    record.len() == 1 && record.iter().flatten().all(|byte| *byte == b'\r')
}

fn trouble(error: csv::Error, line: i64) -> Unreadable {
    match error.into_kind() {
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            failure("row_too_long", too_long(line))
        }
        ErrorKind::Io(error) => Unreadable::Disk(error),
        other => Unreadable::Disk(io::Error::other(format!("{other:?}"))),
    }
}

/// The columns of a header, or everything that is wrong with it.
fn header_of(header: &ByteRecord) -> Result<Vec<Column>, Unreadable> {
    let mut names = Vec::with_capacity(header.len());
    for name in header {
        let name = std::str::from_utf8(name).map_err(|_| {
            failure(
                "not_utf8",
                "The header is not in UTF-8; save the file as UTF-8.",
            )
        })?;
        names.push(name.trim().trim_start_matches('\u{FEFF}').to_owned());
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

fn columns_of(faults: &mut Faults, names: &[String]) -> Vec<Column> {
    let mut columns = Vec::with_capacity(names.len());
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = 0;
    for (place, name) in names.iter().enumerate() {
        let pointer = format!("/columns/{place}");
        let (code, detail) = if let Some(first) = seen.get(name.as_str()) {
            let detail = format!("{} is column {} too.", quoted(name), first + 1);
            ("duplicate_column", detail)
        } else if let Some(column) = columns::known(name) {
            seen.insert(name, place);
            columns.push(column);
            continue;
        } else {
            let nearest = columns::nearest(name);
            let hint = nearest.map_or(String::new(), |known| format!(" Is it {known}?"));
            let detail = format!("{} is not known here.{hint}", quoted(name));
            ("unknown_column", detail)
        };
        wrong += 1;
        if wrong <= MOST_NAMED {
            faults.push(pointer, code, detail);
        }
    }
    columns
}

/// A name as it may be told, however long somebody made it.
fn quoted(name: &str) -> String {
    let short: String = name.chars().take(60).collect();
    format!("{short:?}")
}

/// A file that gives no more than a row at a time may have, and ends with a
/// line feed.
struct Metered {
    file: File,
    left: usize,
    ended: bool,
}

/// What a reader may fetch beyond a row, to fill its buffer.
const AHEAD: usize = 64 << 10;

impl Metered {
    const fn of(file: File) -> Self {
        Self {
            file,
            left: LONGEST_ROW + AHEAD,
            ended: false,
        }
    }

    /// A row begins.
    const fn reset(&mut self) {
        self.left = LONGEST_ROW + AHEAD;
    }
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = buffer.len().min(self.left);
        let Some(part) = buffer.get_mut(..most) else {
            return Ok(0);
        };
        let mut read = self.file.read(part)?;
        if read == 0 && !self.ended {
            self.ended = true;
            if let Some(first) = part.first_mut() {
                *first = b'\n';
                read = 1;
            }
        }
        self.left = self.left.saturating_sub(read);
        Ok(read)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.ended = false;
        self.reset();
        self.file.seek(to)
    }
}
