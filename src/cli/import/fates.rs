//! `--report` of files of another system: what became of every row, or would
//! have become of it, one JSON object a line as for files of Corridor's own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::config::import_mapping::Columns;
use crate::domain::fault::Fault;
use crate::services::imports::Fate;

use super::own::said;
use super::rows::RowFault;

/// A file's own words for the fields of the mapping, by pointer.
#[derive(Debug, Clone, Default)]
pub struct Places(BTreeMap<String, String>);

impl Places {
    /// Of columns.
    pub fn of<F: Serialize>(columns: &Columns<F>) -> Self {
        let pointer = |field: &F| match serde_json::to_value(field) {
            Ok(Value::String(name)) => Some(format!("/{name}")),
            _ => None,
        };
        let columns = columns.iter();
        Self(
            columns
                .filter_map(|(field, column)| Some((pointer(field)?, column.clone())))
                .collect(),
        )
    }

    /// Where people look for a fault.
    fn place<'a>(&'a self, fault: &'a Fault) -> &'a str {
        self.0.get(&fault.pointer).unwrap_or(&fault.pointer)
    }
}

/// Writes the report, if one is wanted.
pub struct Fates {
    to: Option<BufWriter<File>>,
    /// Whether rows can be taken back: not from a pipe.
    rewinds: bool,
    failed: Option<io::Error>,
}

impl Fates {
    /// An empty report.
    ///
    /// # Errors
    /// The file can't be made.
    pub fn new(file: Option<&Path>) -> io::Result<Self> {
        let mut file = file.map(File::create).transpose()?;
        let rewinds = file.as_mut().is_some_and(|it| it.stream_position().is_ok());
        Ok(Self {
            to: file.map(BufWriter::new),
            rewinds,
            failed: None,
        })
    }

    /// Whether one is wanted.
    pub const fn is_wanted(&self) -> bool {
        self.to.is_some()
    }

    /// Writes down a row of a file.
    pub fn push(&mut self, file: &str, places: &Places, fate: &Fate) {
        self.write(|| {
            json!({
                "file": file,
                "line": fate.line,
                "external_id": fate.external_id,
                "outcome": fate.outcome.code(),
                "id": fate.firm.map(|id| id.to_string()),
                "faults": faults(places, &fate.faults),
            })
        });
    }

    /// Writes down a past deal. It is no record of its own: a good one counts
    /// for its investor.
    pub fn push_deal(&mut self, file: &str, places: &Places, line: u64, bad: &[RowFault]) {
        self.write(|| {
            let bad: Vec<Fault> = bad.iter().cloned().map(RowFault::into_fault).collect();
            json!({
                "file": file,
                "line": line,
                "external_id": null,
                "outcome": if bad.is_empty() { "counted" } else { "bad" },
                "id": null,
                "faults": faults(places, &bad),
            })
        });
    }

    fn write(&mut self, row: impl FnOnce() -> Value) {
        if let (Some(to), None) = (&mut self.to, &self.failed) {
            self.failed = writeln!(to, "{}", row()).err();
        }
    }

    /// Where the next row will stand; none where rows can't be taken back.
    pub fn mark(&mut self) -> Option<u64> {
        if !self.rewinds {
            return None;
        }
        self.in_file(File::stream_position)
    }

    /// Takes the rows from a mark on back.
    pub fn rewind(&mut self, mark: u64) {
        self.in_file(|file| {
            file.set_len(mark)?;
            file.seek(SeekFrom::Start(mark))
        });
    }

    fn in_file<T>(&mut self, job: impl FnOnce(&mut File) -> io::Result<T>) -> Option<T> {
        let (Some(to), None) = (&mut self.to, &self.failed) else {
            return None;
        };
        let done = to.flush().and_then(|()| job(to.get_mut()));
        done.map_err(|error| self.failed = Some(error)).ok()
    }

    /// Writes out the rest.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn finish(self) -> io::Result<()> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.to.map_or(Ok(()), |mut to| to.flush())
    }
}

fn faults(places: &Places, faults: &[Fault]) -> Vec<Value> {
    let faults = faults.iter();
    faults
        .map(|fault| said(places.place(fault).to_owned(), fault))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::import::RowOutcome;

    #[test]
    fn what_becomes_of_rows_goes_before_what_would_have() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.ndjson");
        let mut fates = Fates::new(Some(&path)).unwrap();
        let places = Places::default();
        let fate = |line, outcome| Fate {
            line,
            external_id: None,
            outcome,
            firm: None,
            faults: Vec::new(),
        };
        fates.push("a.csv", &places, &fate(2, RowOutcome::Created));
        let mark = fates.mark().unwrap();
        fates.push("b.csv", &places, &fate(2, RowOutcome::Created));
        fates.push("b.csv", &places, &fate(3, RowOutcome::Created));
        fates.rewind(mark);
        fates.push("b.csv", &places, &fate(2, RowOutcome::Kept));
        fates.finish().unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        let said: Vec<(String, String)> = written
            .lines()
            .map(|line| {
                let row: Value = serde_json::from_str(line).unwrap();
                let text = |field: &str| row[field].as_str().unwrap().to_owned();
                (text("file"), text("outcome"))
            })
            .collect();
        let row = |file: &str, outcome: &str| (file.to_owned(), outcome.to_owned());
        assert_eq!(said, [row("a.csv", "created"), row("b.csv", "kept")]);
    }
}
