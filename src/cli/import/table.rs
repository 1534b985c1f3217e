//! A CSV file (RFC 4180) with a header: its rows by field, with exact line
//! numbers, one at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::import_mapping::Columns;
use crate::http::files::records::{Broken, Record, Records};

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
    records: Records<File>,
    header: Vec<String>,
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
    cells: Vec<String>,
    places: Arc<BTreeMap<F, usize>>,
}

impl<F: Ord> Cells<F> {
    /// A cell without surrounding white space; `None` when it is empty or its
    /// column is not mapped.
    pub fn get(&self, field: F) -> Option<&str> {
        self.said(field).filter(|cell| !cell.is_empty())
    }

    /// The same; an empty one too, and `None` only when its column is not
    /// mapped.
    pub fn said(&self, field: F) -> Option<&str> {
        let place = self.places.get(&field)?;
        self.cells.get(*place).map(|cell| cell.trim())
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
        let mut file = File::open(path).map_err(unreadable)?;
        check_encoding(&start_of(&mut file).map_err(unreadable)?).map_err(wrong)?;
        let mut records = Records::of(file).map_err(unreadable)?;
        let mut record = Record::default();
        loop {
            match records.read(&mut record).map_err(unreadable)? {
                Ok(true) if record.is_blank() => {}
                Ok(_) => break,
                Err(broken) => {
                    let called = format!("column {}", broken.cell + 1);
                    return Err(wrong(broken.said(&called)));
                }
            }
        }
        let header = header_of(&record).map_err(wrong)?;
        let places = places(&header, columns).map_err(wrong)?;
        let mapped = |place: &usize| places.values().any(|used| used == place);
        let unused = (0..header.len())
            .filter(|place| !mapped(place))
            .filter_map(|place| header.get(place).cloned())
            .collect();
        Ok(Self {
            path: path.to_owned(),
            records,
            header,
            places: Arc::new(places),
            unused,
        })
    }

    /// The columns that no field is given.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    fn line(&self, record: &Record) -> Line<F> {
        Line {
            number: record.line,
            cells: self.cells(record),
        }
    }

    fn cells(&self, record: &Record) -> Result<Cells<F>, String> {
        let (have, wanted) = (record.width(), self.header.len());
        if have != wanted {
            return Err(format!("has {have} cells where the header has {wanted}"));
        }
        let mut cells = Vec::with_capacity(have);
        for (place, cell) in record.iter().enumerate() {
            let text = std::str::from_utf8(cell).map_err(|_| {
                format!(
                    "is not in UTF-8 (cell {}); save the file as UTF-8",
                    place + 1
                )
            })?;
            cells.push(text.to_owned());
        }
        Ok(Cells {
            cells,
            places: Arc::clone(&self.places),
        })
    }

    fn broken(&self, broken: &Broken) -> Line<F> {
        let column = self.header.get(broken.cell);
        let called = match column {
            Some(name) => format!("the cell of {name}"),
            None => format!("cell {}", broken.cell + 1),
        };
        Line {
            number: broken.line,
            cells: Err(broken.said(&called)),
        }
    }
}

impl<F: Ord + Copy> Iterator for Table<F> {
    type Item = Result<Line<F>, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = Record::default();
        loop {
            match self.records.read(&mut record) {
                Ok(Ok(false)) => return None,
                Ok(Ok(true)) if record.is_blank() && self.header.len() > 1 => {}
                Ok(Ok(true)) => return Some(Ok(self.line(&record))),
                Ok(Err(broken)) => return Some(Ok(self.broken(&broken))),
                Err(source) => {
                    let path = self.path.clone();
                    return Some(Err(TableError::Read { path, source }));
                }
            }
        }
    }
}

/// Bytes at the beginning of a file, which is as it was then.
fn start_of(file: &mut File) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    Read::by_ref(file).take(4096).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(start)
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

fn header_of(record: &Record) -> Result<Vec<String>, String> {
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
